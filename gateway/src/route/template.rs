//! Path templates of google.api.http: `/v1/{name=shelves/*/books/*}:sign`.

/// A template, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Template {
    pub(crate) segments: Vec<Segment>,
    /// What follows the colon.
    pub(crate) verb: Option<String>,
    pub(crate) variables: Vec<Variable>,
}

/// One segment of a path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Segment {
    Literal(String),
    /// `*`: exactly one segment.
    One,
    /// `**`: the rest of the path, even none. Last only.
    Rest,
}

/// A variable and the segments that it takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Variable {
    /// The field, such as `book.name`.
    pub(crate) path: String,
    /// Its first segment.
    pub(crate) start: usize,
    /// The segment behind its last; with `**` it reaches to the end of the path instead.
    pub(crate) end: usize,
}

/// Why a template is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{template}`: {what}")]
pub(crate) struct BadTemplate {
    template: String,
    what: &'static str,
}

impl Template {
    pub(crate) fn parse(template: &str) -> Result<Self, BadTemplate> {
        let bad = |what| BadTemplate { template: template.to_owned(), what };
        let rest = template.strip_prefix('/').ok_or_else(|| bad("a template begins with a slash"))?;
        // A colon inside of a variable would belong to the variable; ours have none.
        let (path, verb) = match rest.rsplit_once(':') {
            Some((path, verb)) if !verb.contains(['/', '}']) => (path, Some(verb.to_owned())),
            _ => (rest, None),
        };
        if verb.as_deref() == Some("") {
            return Err(bad("a verb follows the colon"));
        }
        let mut parsed = Self { segments: Vec::new(), verb, variables: Vec::new() };
        let mut rest = path;
        loop {
            rest = match rest.strip_prefix('{') {
                Some(variable) => {
                    let (inner, after) =
                        variable.split_once('}').ok_or_else(|| bad("a brace is not closed"))?;
                    let (path, pattern) = inner.split_once('=').unwrap_or((inner, "*"));
                    let start = parsed.segments.len();
                    for segment in pattern.split('/') {
                        parsed.segments.push(Segment::parse(segment).map_err(bad)?);
                    }
                    if path.is_empty() {
                        return Err(bad("a variable names a field"));
                    }
                    let end = parsed.segments.len();
                    parsed.variables.push(Variable { path: path.to_owned(), start, end });
                    after
                }
                None => {
                    let end = rest.find('/').unwrap_or(rest.len());
                    let (segment, after) = rest.split_at(end);
                    parsed.segments.push(Segment::parse(segment).map_err(bad)?);
                    after
                }
            };
            if rest.is_empty() {
                break;
            }
            rest = rest.strip_prefix('/').ok_or_else(|| bad("a slash parts two segments"))?;
        }
        let before_last = parsed.segments.split_last().map_or(&[][..], |(_, before)| before);
        if before_last.contains(&Segment::Rest) {
            return Err(bad("** comes last"));
        }
        Ok(parsed)
    }
}

impl Segment {
    fn parse(segment: &str) -> Result<Self, &'static str> {
        match segment {
            "" => Err("a segment is empty"),
            "*" => Ok(Self::One),
            "**" => Ok(Self::Rest),
            literal if literal.contains(['*', '{', '}', '=']) => Err("a segment is not well formed"),
            literal => Ok(Self::Literal(literal.to_owned())),
        }
    }
}
