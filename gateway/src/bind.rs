//! From an HTTP request to the request message: body, path, query and headers, each written as wire behind the other.
//! Protobuf merges what is joined, so nothing has to be merged here.

use crate::{
    api::{Api, Body, FieldPath, Route, Step},
    codec::{self, Fault, Label, Limits, last_bytes, put_bytes, put_tag},
    route::{percent, router::join},
};
use http::{HeaderMap, header};
use std::collections::HashSet;
use xinqiao_kit::status::Violation;

/// Parameters in one query string.
const MAX_PARAMETERS: usize = 200;

/// The parts of a request that its message is made of.
#[derive(Debug)]
pub(crate) struct Parts<'a> {
    /// Decoded segments of the path.
    pub(crate) segments: &'a [String],
    pub(crate) query: &'a str,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) content: Content<'a>,
}

/// The body.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Content<'a> {
    None,
    Json(&'a [u8]),
    /// A file as it is.
    Raw {
        bytes: &'a [u8],
        content_type: &'a str,
    },
}

/// Writes the request message of a route.
///
/// # Errors
/// Every violation: of the body, the path, the query and the headers.
pub(crate) fn request(api: &Api, route: &Route, parts: &Parts<'_>) -> Result<Vec<u8>, Vec<Violation>> {
    let mut binder = Binder { api, route, wire: Vec::new(), violations: Vec::new() };
    let mask = binder.body(parts);
    binder.path(parts.segments);
    let given = binder.query(parts.query, matches!(parts.content, Content::Raw { .. }));
    binder.headers(parts.headers);
    if let (Some(step), Some(mask)) = (route.update_mask, mask)
        && !given.contains("update_mask")
    {
        binder.mask(step, &mask);
    }
    if let Content::Raw { content_type, .. } = parts.content
        && let Some(number) = route.upload.and_then(|upload| upload.content_type)
        && !given.contains("content_type")
    {
        put_bytes(&mut binder.wire, number, content_type.as_bytes());
    }
    if binder.violations.is_empty() { Ok(binder.wire) } else { Err(binder.violations) }
}

/// Whether a query asks for the bare file: `alt=media`.
pub(crate) fn wants_media(query: &str) -> bool {
    query.split('&').any(|pair| pair == "alt=media")
}

struct Binder<'a> {
    api: &'a Api,
    route: &'a Route,
    wire: Vec<u8>,
    violations: Vec<Violation>,
}

impl Binder<'_> {
    /// Writes the body. Gives back the update mask that it makes, if it was JSON.
    fn body(&mut self, parts: &Parts<'_>) -> Option<Vec<String>> {
        let endpoint = self.api.endpoints.get(self.route.endpoint)?;
        let tables = &self.api.tables;
        let json = match parts.content {
            Content::None => b"",
            Content::Json(json) => json.trim_ascii(),
            Content::Raw { bytes, .. } => {
                if let Some(upload) = self.route.upload {
                    put_bytes(&mut self.wire, upload.content, bytes);
                }
                return None;
            }
        };
        let (message, prefix) = match self.route.body {
            Body::None => {
                if !json.is_empty() && json != b"{}" {
                    self.violations.push(Violation::new("", "BODY_NOT_ALLOWED"));
                }
                return None;
            }
            _ if json.is_empty() => return None,
            Body::Whole => (endpoint.input, ""),
            Body::Field(step, message) => (message, self.api.field(step)?.name.as_str()),
        };
        match codec::read(tables, message, prefix, json, Limits::default()) {
            Ok(encoded) => {
                if let Body::Field(step, _) = self.route.body {
                    put_bytes(&mut self.wire, self.api.field(step)?.number, &encoded.wire);
                } else {
                    self.wire = encoded.wire;
                }
                Some(encoded.mask)
            }
            Err(violations) => {
                self.violations = violations;
                None
            }
        }
    }

    fn fault(&mut self, field: String, fault: Fault) {
        let mut violation = Violation::new(field, fault.reason);
        violation.params = fault.params;
        self.violations.push(violation);
    }

    /// The path decides. A body that names another resource is a mistake that must not pass.
    fn path(&mut self, segments: &[String]) {
        let route = self.route;
        for (variable, path) in route.template.variables.iter().zip(&route.variables) {
            let end =
                if variable.end == route.template.segments.len() { segments.len() } else { variable.end };
            let value = join(segments.get(variable.start..end).unwrap_or_default());
            let name = self.api.dotted(path);
            if let Some(other) = self.text_at(path)
                && !other.is_empty()
                && other != value
            {
                self.violations.push(Violation::new(name, "PATH_MISMATCH"));
                continue;
            }
            if let Err(fault) = put(self.api, path, &value, &mut self.wire) {
                self.fault(name, fault);
            }
        }
    }

    /// The text that the message has at a path so far.
    fn text_at(&self, path: &[Step]) -> Option<&str> {
        let mut wire = self.wire.as_slice();
        for step in path {
            wire = last_bytes(wire, self.api.field(*step)?.number)?;
        }
        std::str::from_utf8(wire).ok()
    }

    /// Writes the parameters. Gives back the names that were there.
    fn query(&mut self, query: &str, raw_body: bool) -> HashSet<String> {
        let mut given = HashSet::new();
        let mut oneofs = HashSet::new();
        let pairs: Vec<&str> = query.split('&').filter(|pair| !pair.is_empty()).collect();
        if pairs.len() > MAX_PARAMETERS {
            self.violations.push(Violation::new("", "TOO_MANY").param("max", MAX_PARAMETERS));
            return given;
        }
        for pair in pairs {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (Some(name), Some(value)) = (percent::decode_query(name), percent::decode_query(value))
            else {
                self.violations.push(Violation::new(name, "BAD_ENCODING"));
                continue;
            };
            self.parameter(&name, &value, raw_body, &mut given, &mut oneofs);
        }
        given
    }

    fn parameter(
        &mut self,
        name: &str,
        value: &str,
        raw_body: bool,
        given: &mut HashSet<String>,
        oneofs: &mut HashSet<(String, u16)>,
    ) {
        let Some(endpoint) = self.api.endpoints.get(self.route.endpoint) else { return };
        let Some(path) = self.api.path(endpoint.input, name) else {
            if name == "alt" {
                if value != "media" && value != "json" {
                    self.violations.push(Violation::new(name, "UNKNOWN_VALUE"));
                }
            } else {
                self.violations
                    .push(Violation::new(name.chars().take(80).collect::<String>(), "UNKNOWN_PARAMETER"));
            }
            return;
        };
        let dotted = self.api.dotted(&path);
        if !self.in_query(&path, raw_body) {
            self.violations.push(Violation::new(dotted, "NOT_ALLOWED"));
            return;
        }
        let Some(field) = self.api.leaf(&path) else { return };
        let repeated = matches!(field.label, Label::Repeated { .. });
        if field.label == Label::Map {
            self.violations.push(Violation::new(dotted, "NOT_ALLOWED"));
            return;
        }
        if !given.insert(dotted.clone()) && !repeated {
            self.violations.push(Violation::new(dotted, "DUPLICATE"));
            return;
        }
        if let (Some(oneof), Some((_, outer))) = (field.oneof, path.split_last())
            && !oneofs.insert((self.api.dotted(outer), oneof))
        {
            self.violations.push(Violation::new(dotted, "SEVERAL_OF_ONEOF"));
            return;
        }
        if let Err(fault) = put(self.api, &path, value, &mut self.wire) {
            self.fault(dotted, fault);
        }
    }

    /// Whether a field is one that the query may hold: neither in the path nor in the body.
    fn in_query(&self, path: &FieldPath, raw_body: bool) -> bool {
        let in_path = self.route.variables.contains(path);
        let in_body = match self.route.body {
            Body::None => false,
            Body::Whole if raw_body => {
                let content = self.route.upload.map(|upload| upload.content);
                self.api.leaf(path).map(|field| field.number) == content && path.len() == 1
            }
            Body::Whole => true,
            Body::Field(step, _) => path.first() == Some(&step),
        };
        !in_path && !in_body
    }

    fn headers(&mut self, headers: &HeaderMap) {
        let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or_default().trim());
        if let (Some(step), Some(key)) = (self.route.request_id, text("idempotency-key")) {
            self.header(&[step], unquote(key));
        }
        if let (Some(step), Some(id)) = (self.route.resume, text("last-event-id")) {
            self.header(&[step], id);
        }
        match (&self.route.if_match, text(header::IF_MATCH.as_str())) {
            (_, None | Some("*")) => {}
            (Some(path), Some(etag)) if !etag.contains(',') => {
                let path = path.clone();
                self.header(&path, unquote(etag.strip_prefix("W/").unwrap_or(etag)));
            }
            // Whoever sends a condition relies on it: passing over it would be worse than refusing.
            _ => self.violations.push(Violation::new("If-Match", "NOT_ALLOWED")),
        }
    }

    /// Fills a field from a header; a body that says something else is a mistake.
    fn header(&mut self, path: &[Step], value: &str) {
        let name = self.api.dotted(path);
        match self.text_at(path) {
            Some(other) if !other.is_empty() && other != value => {
                self.violations.push(Violation::new(name, "HEADER_MISMATCH"));
            }
            _ => {
                if let Err(fault) = put(self.api, path, value, &mut self.wire) {
                    self.fault(name, fault);
                }
            }
        }
    }

    fn mask(&mut self, step: Step, mask: &[String]) {
        // Paths that the URL decides are not what the client wants to change.
        let outer = |path: &str| match self.route.body {
            Body::Field(step, _) => self.api.field(step).map(|field| format!("{}.{path}", field.name)),
            _ => None,
        };
        let in_path: HashSet<String> =
            self.route.variables.iter().map(|path| self.api.dotted(path)).collect();
        let mut paths = Vec::new();
        for path in mask.iter().filter(|path| outer(path).is_none_or(|outer| !in_path.contains(&outer))) {
            put_bytes(&mut paths, 1, path.as_bytes());
        }
        if let Some(field) = self.api.field(step) {
            put_bytes(&mut self.wire, field.number, &paths);
        }
    }
}

fn unquote(text: &str) -> &str {
    text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text)
}

/// Writes a text as the field of a path, each message of the path around it.
fn put(api: &Api, path: &[Step], text: &str, out: &mut Vec<u8>) -> Result<(), Fault> {
    let Some((first, rest)) = path.split_first() else { return Ok(()) };
    let Some(field) = api.field(*first) else { return Ok(()) };
    if rest.is_empty() {
        return codec::read_bare(&api.tables, field, text, out);
    }
    let mut inner = Vec::new();
    put(api, rest, text, &mut inner)?;
    put_tag(out, field.number, field.kind.layout());
    codec::put_varint(out, inner.len() as u64);
    out.extend_from_slice(&inner);
    Ok(())
}
