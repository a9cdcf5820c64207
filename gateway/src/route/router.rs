//! Finds the route of a path: a tree of segments in which a literal goes before `*`, and `*` before `**`.

use super::{
    percent,
    template::{Segment, Template},
};
use http::Method;
use std::collections::HashMap;

/// Segments of a path that are looked at; a longer one has no route.
const MAX_SEGMENTS: usize = 32;

/// Routes by path.
#[derive(Debug, Default)]
pub(crate) struct Router {
    nodes: Vec<Node>,
}

#[derive(Debug, Default)]
struct Node {
    literals: HashMap<String, usize>,
    one: Option<usize>,
    /// Routes that end here.
    here: Vec<Leaf>,
    /// Routes that take all the rest from here on.
    rest: Vec<Leaf>,
}

#[derive(Debug, Clone)]
struct Leaf {
    verb: Option<String>,
    method: Method,
    route: usize,
}

/// What a path leads to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// The route, and the decoded segments of the path without its verb.
    Route { route: usize, segments: Vec<String> },
    /// The path is known, the method is not.
    OtherMethods(Vec<Method>),
    /// No such path.
    Nothing,
}

impl Router {
    pub(crate) fn new() -> Self {
        Self { nodes: vec![Node::default()] }
    }

    /// Adds a route; gives back the one that has the same method and path already.
    pub(crate) fn insert(&mut self, template: &Template, method: Method, route: usize) -> Result<(), usize> {
        let mut at = 0;
        let mut rest = false;
        for segment in &template.segments {
            let next = self.nodes.len();
            let Some(node) = self.nodes.get_mut(at) else { return Ok(()) };
            at = match segment {
                Segment::Literal(literal) => *node.literals.entry(literal.clone()).or_insert(next),
                Segment::One => *node.one.get_or_insert(next),
                Segment::Rest => {
                    rest = true;
                    break;
                }
            };
            if at == next {
                self.nodes.push(Node::default());
            }
        }
        let Some(node) = self.nodes.get_mut(at) else { return Ok(()) };
        let leaves = if rest { &mut node.rest } else { &mut node.here };
        let same = |leaf: &&Leaf| leaf.method == method && leaf.verb == template.verb;
        if let Some(leaf) = leaves.iter().find(same) {
            return Err(leaf.route);
        }
        leaves.push(Leaf { verb: template.verb.clone(), method, route });
        Ok(())
    }

    /// Looks up a path as it stands in the request, percent-encoding and all.
    pub(crate) fn find(&self, path: &str, method: &Method) -> Found {
        let Some(path) = path.strip_prefix('/') else { return Found::Nothing };
        let raw: Vec<&str> = path.split('/').take(MAX_SEGMENTS + 1).collect();
        if raw.len() > MAX_SEGMENTS {
            return Found::Nothing;
        }
        let mut allowed = Vec::new();
        for (raw, verb) in readings(raw) {
            let Some(segments) =
                raw.iter().map(|segment| percent::decode(segment)).collect::<Option<Vec<_>>>()
            else {
                return Found::Nothing;
            };
            let mut leaves = Vec::new();
            self.walk(0, &segments, verb, &mut leaves);
            if let Some(leaf) = leaves.iter().find(|leaf| leaf.method == *method) {
                return Found::Route { route: leaf.route, segments };
            }
            allowed.extend(leaves.into_iter().map(|leaf| leaf.method.clone()));
        }
        if allowed.is_empty() {
            return Found::Nothing;
        }
        allowed.sort_by(|a, b| a.as_str().cmp(b.as_str()));
        allowed.dedup();
        Found::OtherMethods(allowed)
    }

    /// Collects the leaves that match, best first.
    fn walk<'a>(&'a self, at: usize, segments: &[String], verb: Option<&str>, leaves: &mut Vec<&'a Leaf>) {
        let Some(node) = self.nodes.get(at) else { return };
        let of_verb = |leaf: &&Leaf| leaf.verb.as_deref() == verb;
        match segments.split_first() {
            None => leaves.extend(node.here.iter().filter(of_verb)),
            Some((first, others)) => {
                if let Some(next) = node.literals.get(first) {
                    self.walk(*next, others, verb, leaves);
                }
                if let Some(next) = node.one
                    && !first.is_empty()
                {
                    self.walk(next, others, verb, leaves);
                }
            }
        }
        if !segments.iter().any(String::is_empty) {
            leaves.extend(node.rest.iter().filter(of_verb));
        }
    }
}

/// A path can be read with the text behind its last colon as a verb, or with the colon as part of its last segment.
fn readings(raw: Vec<&str>) -> Vec<(Vec<&str>, Option<&str>)> {
    let mut readings = Vec::with_capacity(2);
    if let Some((last, before)) = raw.split_last()
        && let Some((stem, verb)) = last.rsplit_once(':')
    {
        let mut segments = before.to_vec();
        segments.push(stem);
        readings.push((segments, Some(verb)));
    }
    readings.push((raw, None));
    readings
}

/// The value of a variable that takes these segments: joined, with a slash inside of a segment still encoded.
pub(crate) fn join(segments: &[String]) -> String {
    match segments {
        [one] => one.clone(),
        _ => segments.iter().map(|segment| segment.replace('/', "%2F")).collect::<Vec<_>>().join("/"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn router(routes: &[(&str, &str)]) -> Router {
        let mut router = Router::new();
        for (at, (method, path)) in routes.iter().enumerate() {
            let template = Template::parse(path).unwrap();
            router.insert(&template, method.parse().unwrap(), at).unwrap();
        }
        router
    }

    fn find(router: &Router, method: Method, path: &str) -> Option<(usize, String)> {
        match router.find(path, &method) {
            Found::Route { route, segments } => Some((route, segments.join("|"))),
            _ => None,
        }
    }

    #[test]
    fn literals_go_before_stars_and_verbs_are_not_part_of_names() {
        let router = router(&[
            ("GET", "/v1/{name=books/*}"),
            ("GET", "/v1/books/all"),
            ("POST", "/v1/{name=books/*}:sign"),
            ("GET", "/v1/{name=files/**}"),
            ("GET", "/v1/{name=shelves/*}/books"),
        ]);
        assert_eq!(find(&router, Method::GET, "/v1/books/a"), Some((0, "v1|books|a".into())));
        assert_eq!(find(&router, Method::GET, "/v1/books/all"), Some((1, "v1|books|all".into())));
        assert_eq!(find(&router, Method::POST, "/v1/books/a:sign"), Some((2, "v1|books|a".into())));
        // A colon that leads to no verb is part of the name; an encoded one always is.
        assert_eq!(find(&router, Method::GET, "/v1/books/a:b"), Some((0, "v1|books|a:b".into())));
        assert_eq!(find(&router, Method::GET, "/v1/books/a%3Asign"), Some((0, "v1|books|a:sign".into())));
        assert_eq!(find(&router, Method::GET, "/v1/files"), Some((3, "v1|files".into())));
        assert_eq!(find(&router, Method::GET, "/v1/files/x/y"), Some((3, "v1|files|x|y".into())));
        assert_eq!(
            find(&router, Method::GET, "/v1/%73helves/%E4%B8%AD/books"),
            Some((4, "v1|shelves|中|books".into()))
        );
    }

    #[test]
    fn unknown_paths_and_known_paths_with_other_methods_differ() {
        let router = router(&[
            ("GET", "/v1/{name=books/*}"),
            ("PATCH", "/v1/{book.name=books/*}"),
            ("DELETE", "/v1/{x=*}/{y=*}"),
        ]);
        let others = |path| router.find(path, &Method::PUT);
        assert_eq!(
            others("/v1/books/a"),
            Found::OtherMethods(vec![Method::DELETE, Method::GET, Method::PATCH])
        );
        for path in [
            "/",
            "",
            "/v1",
            "/v1/books/",
            "/v1//a",
            "/v1/books/a/",
            "/v1/books/a%2",
            "/v1/books/%ff",
            "/v2/books/a/b",
        ] {
            assert_eq!(others(path), Found::Nothing, "{path}");
        }
        assert_eq!(others(&"/x".repeat(40)), Found::Nothing);
    }

    #[test]
    fn the_same_route_twice_is_noticed() {
        let mut router = router(&[("GET", "/v1/{name=books/*}")]);
        let again = Template::parse("/v1/{other=books/*}").unwrap();
        assert_eq!(router.insert(&again, Method::GET, 7), Err(0));
        assert_eq!(router.insert(&again, Method::PUT, 7), Ok(()));
    }

    #[test]
    fn a_slash_inside_of_a_segment_stays_apart_from_those_between() {
        assert_eq!(join(&["a/b".into()]), "a/b");
        assert_eq!(join(&["books".into(), "a/b".into()]), "books/a%2Fb");
    }

    #[test]
    fn templates_that_are_none_are_refused() {
        for template in
            ["", "v1", "/", "/v1/", "/{name", "/{=a}", "/v1/**/x", "/{a=**}/x", "/v1/a*b", "/v1:", "/{a=b}x"]
        {
            assert!(Template::parse(template).is_err(), "{template}");
        }
        let template = Template::parse("/v1/{a.b=x/*}/y/{c}:do").unwrap();
        assert_eq!((template.segments.len(), template.verb.as_deref()), (5, Some("do")));
        assert_eq!(template.variables[1], Variable { path: "c".into(), start: 4, end: 5 });
    }

    use super::super::template::Variable;
}
