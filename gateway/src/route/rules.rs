//! Reads google.api.http from the options of a method.

use http::Method;
use prost_reflect::{DynamicMessage, MethodDescriptor};

/// One HTTP binding of an RPC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rule {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) body: BodyRule,
    /// Field of the response that is the HTTP body; empty for the whole response.
    pub(crate) response_body: String,
}

/// Where the HTTP body goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum BodyRule {
    /// There is none: what is not in the path is in the query.
    None,
    /// `*`: everything that is not in the path.
    Whole,
    /// One field of the request; the others are in the query.
    Field(String),
}

/// The bindings of an RPC, the main one first; none for internal RPCs.
pub(crate) fn rules(method: &MethodDescriptor) -> Vec<Rule> {
    let Some(extension) = method.parent_pool().get_extension_by_name("google.api.http") else {
        return Vec::new();
    };
    let options = method.options();
    if !options.has_extension(&extension) {
        return Vec::new();
    }
    let value = options.get_extension(&extension);
    let Some(main) = value.as_message() else { return Vec::new() };
    let additional = main.get_field_by_name("additional_bindings");
    let additional = additional.as_ref().and_then(|value| value.as_list()).unwrap_or_default();
    let additional = additional.iter().filter_map(|value| value.as_message());
    std::iter::once(main).chain(additional).filter_map(rule).collect()
}

fn text(message: &DynamicMessage, field: &str) -> String {
    let value = message.get_field_by_name(field);
    value.and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

fn rule(message: &DynamicMessage) -> Option<Rule> {
    let standard = ["get", "put", "post", "delete", "patch"];
    let found = standard.into_iter().find(|verb| message.has_field_by_name(verb));
    let (method, path) = match found {
        Some(verb) => (Method::from_bytes(verb.to_ascii_uppercase().as_bytes()).ok()?, text(message, verb)),
        None => {
            let custom = message.get_field_by_name("custom")?;
            let custom = custom.as_message()?;
            (Method::from_bytes(text(custom, "kind").as_bytes()).ok()?, text(custom, "path"))
        }
    };
    let body = match text(message, "body").as_str() {
        "" => BodyRule::None,
        "*" => BodyRule::Whole,
        field => BodyRule::Field(field.to_owned()),
    };
    Some(Rule { method, path, body, response_body: text(message, "response_body") })
}
