//! One operation of the document: parameters, body, answers, limits.

use super::{
    comments::Comments,
    schemas::{Schemas, put},
};
use crate::{
    api::{Api, Body, Endpoint, Route},
    codec::Behavior,
    route::template::Segment,
};
use http::Method;
use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashSet};
use xinqiao_proto::api::v1::{Caller, MethodPolicy};

/// Query parameters reach into messages this deep.
const MAX_QUERY_DEPTH: usize = 3;

pub(super) struct Operations<'a> {
    api: &'a Api,
    comments: &'a Comments,
    ids: HashSet<String>,
    tags: BTreeMap<String, String>,
}

impl<'a> Operations<'a> {
    pub(super) fn new(api: &'a Api, comments: &'a Comments) -> Self {
        Self { api, comments, ids: HashSet::new(), tags: BTreeMap::new() }
    }

    /// The services that were met, with their comments.
    pub(super) fn tags(self) -> Vec<Value> {
        self.tags.into_iter().map(|(name, text)| json!({"name": name, "description": text})).collect()
    }

    /// Path and operation of a route.
    pub(super) fn of(&mut self, route: &Route, schemas: &mut Schemas<'_>) -> Option<(String, Value)> {
        let endpoint = self.api.endpoints.get(route.endpoint)?;
        let service = endpoint.descriptor.parent_service();
        let service_text = self.comments.at(&service.parent_file(), service.path());
        self.tags.insert(service.name().to_owned(), service_text.to_owned());
        let (path, variables) = self.path(route);
        let policy = &endpoint.method.policy;
        let text = self.comments.at(&service.parent_file(), endpoint.descriptor.path());
        let mut parameters = variables;
        self.query(route, endpoint, schemas, &mut parameters);
        parameters.extend(headers(route, endpoint));
        let mut operation = json!({
            "operationId": self.id(endpoint),
            "tags": [service.name()],
            "summary": summary(text),
            "description": text,
            "parameters": parameters,
            "responses": responses(route, endpoint, schemas),
            "x-xinqiao": limits(policy),
        });
        if let Some(body) = body(self.api, route, endpoint, schemas) {
            put(&mut operation, "requestBody", body);
        }
        let security = if policy.caller() == Caller::Anybody {
            json!([])
        } else {
            json!([{"session": []}, {"cookie": []}])
        };
        put(&mut operation, "security", security);
        Some((path, operation))
    }

    /// `BookService_GetBook`; further bindings of a method, and services of one name, get what tells them apart.
    fn id(&mut self, endpoint: &Endpoint) -> String {
        let base = format!("{}_{}", endpoint.descriptor.parent_service().name(), endpoint.descriptor.name());
        let mut id = base.clone();
        let mut number = 1;
        while !self.ids.insert(id.clone()) {
            number += 1;
            id = format!("{base}_{number}");
        }
        id
    }

    /// `/v1/shelves/{shelf}/books/{book}:sign`, and its parameters.
    fn path(&self, route: &Route) -> (String, Vec<Value>) {
        let mut path = String::new();
        let mut parameters = Vec::new();
        let mut names = HashSet::new();
        let mut before = "id";
        for (at, segment) in route.template.segments.iter().enumerate() {
            path.push('/');
            if let Segment::Literal(literal) = segment {
                path.push_str(literal);
                before = literal;
                continue;
            }
            let mut name = singular(before);
            while !names.insert(name.clone()) {
                name.push('_');
            }
            path.push_str(&format!("{{{name}}}"));
            let variable = route.template.variables.iter().zip(&route.variables);
            let field = variable
                .filter(|(variable, _)| (variable.start..variable.end).contains(&at))
                .map(|(_, field)| field);
            let field = field.map(|field| self.api.dotted(field)).next().unwrap_or_default();
            let slashes = if *segment == Segment::Rest { " May hold slashes." } else { "" };
            parameters.push(json!({
                "name": name, "in": "path", "required": true, "schema": {"type": "string", "minLength": 1},
                "description": format!("Part of `{field}`.{slashes}"),
            }));
        }
        if let Some(verb) = &route.template.verb {
            path.push(':');
            path.push_str(verb);
        }
        (path, parameters)
    }

    fn query(
        &self,
        route: &Route,
        endpoint: &Endpoint,
        schemas: &mut Schemas<'_>,
        parameters: &mut Vec<Value>,
    ) {
        let upload = route.upload.is_some();
        if route.body == Body::Whole && !upload {
            return;
        }
        let in_path: HashSet<String> = route.variables.iter().map(|path| self.api.dotted(path)).collect();
        let body_field = match route.body {
            Body::Field(step, _) => self.api.field(step).map(|field| field.name.clone()),
            _ => None,
        };
        for field in endpoint.descriptor.input().fields() {
            let content = upload && field.name() == "content";
            if body_field.as_deref() == Some(field.name()) || content {
                continue;
            }
            // A JSON body may hold them just as well: none of these is needed in the query then.
            // The mask of a PATCH follows from its body.
            let mask = route.update_mask.and_then(|step| self.api.field(step));
            let optional = upload || mask.is_some_and(|mask| mask.number == field.number());
            let walk = Walk { in_path: &in_path, optional };
            walk.field(&field, field.json_name().to_owned(), field.name().to_owned(), 0, schemas, parameters);
        }
        if endpoint.download.is_some() {
            parameters.push(json!({
                "name": "alt", "in": "query", "required": false, "schema": {"type": "string", "enum": ["json", "media"]},
                "description": "`media`: the bare file.",
            }));
        }
    }
}

/// The first sentence, on one line.
fn summary(text: &str) -> String {
    let line = text.replace('\n', " ");
    line.split_inclusive(". ").next().unwrap_or_default().trim().to_owned()
}

struct Walk<'a> {
    in_path: &'a HashSet<String>,
    optional: bool,
}

impl Walk<'_> {
    fn field(
        &self,
        field: &FieldDescriptor,
        name: String,
        dotted: String,
        depth: usize,
        schemas: &mut Schemas<'_>,
        parameters: &mut Vec<Value>,
    ) {
        if self.in_path.contains(&dotted) || field.is_map() || Behavior::of(field).output_only {
            return;
        }
        if let Kind::Message(message) = field.kind()
            && !is_text(&message)
        {
            if field.is_list() || depth >= MAX_QUERY_DEPTH {
                return;
            }
            for inner in message.fields() {
                let name = format!("{name}.{}", inner.json_name());
                let dotted = format!("{dotted}.{}", inner.name());
                self.field(&inner, name, dotted, depth + 1, schemas, parameters);
            }
            return;
        }
        let mut schema = schemas.field(field);
        let description = schema.as_object_mut().and_then(|schema| schema.remove("description"));
        let required = Behavior::of(field).required && depth == 0 && !self.optional;
        let mut parameter = json!({
            "name": name, "in": "query", "required": required, "schema": schema,
            "description": description.unwrap_or_else(|| "".into()),
        });
        if field.is_list() {
            put(&mut parameter, "explode", true.into());
        }
        parameters.push(parameter);
    }
}

/// Messages that are one text in JSON, and so can be a parameter.
fn is_text(message: &MessageDescriptor) -> bool {
    let name = message.full_name().strip_prefix("google.protobuf.").unwrap_or_default();
    matches!(name, "Timestamp" | "Duration" | "FieldMask")
        || (name.len() > "Value".len() && name.ends_with("Value") && name != "ListValue")
}

/// `classes` to `class`, `diaries` to `diary`, `books` to `book`.
fn singular(plural: &str) -> String {
    let plural = plural.replace(|c: char| !c.is_ascii_alphanumeric(), "_");
    if let Some(stem) = plural.strip_suffix("ies") {
        return format!("{stem}y");
    }
    if let Some(stem) = plural.strip_suffix("es")
        && (stem.ends_with("ss") || stem.ends_with('x') || stem.ends_with("ch") || stem.ends_with("sh"))
    {
        return stem.to_owned();
    }
    match plural.strip_suffix("ves") {
        Some(stem) if stem.ends_with("el") => format!("{stem}f"),
        _ => plural
            .strip_suffix('s')
            .filter(|stem| !stem.ends_with('s') && !stem.is_empty())
            .unwrap_or(&plural)
            .to_owned(),
    }
}

fn headers(route: &Route, endpoint: &Endpoint) -> Vec<Value> {
    let read = route.rule.method == Method::GET;
    let mut names = Vec::new();
    let mut add = |wanted: bool, name: &str| {
        if wanted {
            names.push(json!({"$ref": format!("#/components/parameters/{name}")}));
        }
    };
    add(route.request_id.is_some() && !read, "IdempotencyKey");
    add(route.if_match.is_some() && !read, "IfMatch");
    add(endpoint.etag.is_some() && read, "IfNoneMatch");
    add(route.resume.is_some() && endpoint.method.server_streaming, "LastEventId");
    add(true, "TimeoutMs");
    add(true, "AcceptLanguage");
    names
}

fn body(api: &Api, route: &Route, endpoint: &Endpoint, schemas: &mut Schemas<'_>) -> Option<Value> {
    let input = endpoint.descriptor.input();
    let in_path: HashSet<String> = route.variables.iter().map(|path| api.dotted(path)).collect();
    let patch = route.rule.method == Method::PATCH;
    let schema = match route.body {
        Body::None => return None,
        Body::Whole => schemas.object(&input, |field| in_path.contains(field.name()), true),
        Body::Field(step, id) if patch => {
            let prefix = api.field(step)?.name.as_str();
            let message = &api.tables.message(id).descriptor;
            let skip = |field: &FieldDescriptor| in_path.contains(&format!("{prefix}.{}", field.name()));
            schemas.object(message, skip, false)
        }
        Body::Field(_, id) => schemas.message(&api.tables.message(id).descriptor),
    };
    let mut content = json!({"application/json": {"schema": schema}});
    if route.upload.is_some() {
        // Any other type is a file as well.
        put(
            &mut content,
            "application/octet-stream",
            json!({"schema": {"type": "string", "format": "binary"}}),
        );
    }
    let needed = input.fields().any(|field| {
        let named = matches!(route.body, Body::Field(step, _) if api.field(step).is_some_and(|f| f.name == field.name()));
        Behavior::of(&field).required && (route.body == Body::Whole || named) && !in_path.contains(field.name())
    });
    Some(json!({"required": needed, "content": content}))
}

fn responses(route: &Route, endpoint: &Endpoint, schemas: &mut Schemas<'_>) -> Value {
    let output = endpoint.descriptor.output();
    let schema = match route.rule.response_body.as_str() {
        "" => schemas.message(&output),
        name => output.get_field_by_name(name).map_or(json!({}), |field| schemas.field(&field)),
    };
    let mut content = if endpoint.method.server_streaming {
        json!({
            "text/event-stream": {"schema": schema},
            "application/x-ndjson": {"schema": {"type": "object", "properties": {"message": schema}}},
        })
    } else {
        json!({"application/json": {"schema": schema}})
    };
    if endpoint.download.is_some() {
        put(
            &mut content,
            "application/octet-stream",
            json!({"schema": {"type": "string", "format": "binary"}}),
        );
    }
    let mut good = json!({"description": "OK", "content": content});
    let read = route.rule.method == Method::GET;
    if endpoint.etag.is_some() {
        put(&mut good, "headers", json!({"ETag": {"schema": {"type": "string"}}}));
    }
    let mut responses = json!({"200": good});
    if endpoint.etag.is_some() && read {
        put(&mut responses, "304", json!({"description": "Still the version that If-None-Match names."}));
    }
    let person = endpoint.method.policy.caller() != Caller::Anybody;
    let has_body = route.body != Body::None;
    for (status, _) in super::ERRORS {
        let possible = match *status {
            "401" => person || endpoint.session_token.is_some(),
            "403" => person,
            "409" => !read,
            "412" => route.if_match.is_some() && !read,
            "413" | "415" => has_body,
            _ => true,
        };
        if possible {
            put(&mut responses, status, json!({"$ref": format!("#/components/responses/Error{status}")}));
        }
    }
    responses
}

fn limits(policy: &MethodPolicy) -> Value {
    let short = |name: &str, prefix: &str| name.strip_prefix(prefix).unwrap_or(name).to_ascii_lowercase();
    json!({
        "action": policy.action,
        "sensitivity": short(policy.sensitivity().as_str_name(), "SENSITIVITY_"),
        "audit": short(policy.audit().as_str_name(), "AUDIT_KIND_"),
        "rateClass": short(policy.rate_class().as_str_name(), "RATE_CLASS_"),
        "maxBodyBytes": policy.max_body_bytes,
        "defaultDeadlineMs": policy.default_deadline_ms,
        "maxDeadlineMs": policy.max_deadline_ms,
        "idempotent": policy.idempotent,
        "clauses": policy.clauses,
    })
}
