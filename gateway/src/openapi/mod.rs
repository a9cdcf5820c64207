//! The OpenAPI 3.1 document, made from the descriptors: every route with its comments, parameters, bodies, errors and
//! limits. The same descriptors give the same document, byte for byte.

mod comments;
mod operation;
mod schemas;

use crate::api::Api;
use comments::Comments;
use operation::Operations;
use schemas::Schemas;
use serde_json::{Map, Value, json};

const INTRODUCTION: &str = "\
Every method is also there as native gRPC on the same port.

**JSON** is that of protobuf. Names are lowerCamelCase; names as in the .proto are read too. 64-bit integers are strings, \
bytes are base64, times are RFC 3339 in UTC with `Z`, enum values are names. Fields with a zero value are written; fields \
that are absent (messages, `optional`, members of a oneof) are left out. What comes in is read strictly: unknown fields, \
a field twice, wrong types, numbers out of range and two members of a oneof are refused with 400, and every violation \
is named at once.

**PATCH** changes the fields that its body names, unless `updateMask` says otherwise; `null` clears a field.

**Versions.** An answer with an `etag` has it as `ETag` too. `If-None-Match` saves reading the same again; `If-Match` refuses a \
change of what has changed meanwhile (412).

**Sending again.** `Idempotency-Key` (a UUID) is the `requestId` of the request: the same key gives the same answer.

**Files.** Where a request carries `content`, the file may be the body as it is, under its own `Content-Type`, and the other \
fields are query parameters. Where an answer carries `content`, `?alt=media` gives the bare file.

**Streams** are server-sent events. `id:` is the `resumeToken`: `Last-Event-ID` goes on behind it. A comment every few seconds \
shows that the stream lives; `event: end` and `event: error` end it. With `Accept: application/x-ndjson` each line is \
`{\"message\": ...}`, `{\"end\": ...}`, `{\"error\": ...}` or empty.

**Errors** are google.rpc.Status; with `Accept: application/problem+json` RFC 9457. `Accept-Language` chooses zh-CN or en. Every answer \
has an `X-Request-Id`.

**Time.** `X-Timeout-Ms` asks for a deadline other than the default, up to the method's limit.

**Sessions.** Log in with `SessionService_CreateSession` and send the token as `Authorization: Bearer`. Browsers send \
`X-Session-Cookie: 1` with the log-in and get a cookie instead; what changes something then needs any `X-CSRF-Token`.";

/// Makes the document.
pub(crate) fn document(api: &Api) -> Value {
    let comments = Comments::new(&api.pool);
    let mut schemas = Schemas::new(&comments);
    let mut operations = Operations::new(api, &comments);
    let mut paths: std::collections::BTreeMap<String, Map<String, Value>> = std::collections::BTreeMap::new();
    for route in &api.routes {
        if let Some((path, operation)) = operations.of(route, &mut schemas) {
            let verb = route.rule.method.as_str().to_ascii_lowercase();
            paths.entry(path).or_default().insert(verb, operation);
        }
    }
    let tags = operations.tags();
    let mut components = schemas.finish();
    components.insert("Error".to_owned(), error_schema());
    components.insert("Problem".to_owned(), problem_schema());
    json!({
        "openapi": "3.1.0",
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "info": {
            "title": "Xinqiao (心桥)",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "The mental-health platform that one county runs for its schools.",
            "description": INTRODUCTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": tags,
        "paths": paths,
        "components": {
            "schemas": components,
            "parameters": parameters(),
            "responses": responses(),
            "securitySchemes": {
                "session": {"type": "http", "scheme": "bearer", "description": "The session token."},
                "cookie": {"type": "apiKey", "in": "cookie", "name": crate::session::COOKIE},
            },
        },
    })
}

fn parameters() -> Value {
    let header = |name: &str, description: &str, schema: Value| json!({"name": name, "in": "header", "required": false, "description": description, "schema": schema});
    let text = json!({"type": "string"});
    json!({
        "IdempotencyKey": header(
            "Idempotency-Key",
            "Makes it safe to send the request again: the same key gives the same answer.",
            json!({"type": "string", "format": "uuid"}),
        ),
        "IfMatch": header("If-Match", "Refuses the change (412) unless this is still the version.", text.clone()),
        "IfNoneMatch": header("If-None-Match", "Answers 304 if this is still the version.", text.clone()),
        "LastEventId": header("Last-Event-ID", "Goes on behind this event.", text.clone()),
        "TimeoutMs": header(
            "X-Timeout-Ms",
            "Deadline in milliseconds, up to the method's limit.",
            json!({"type": "integer", "minimum": 1}),
        ),
        "AcceptLanguage": header("Accept-Language", "Language of messages: `zh-CN` (default) or `en`.", text),
    })
}

/// Statuses of errors and what they mean; each operation refers to those that it can answer with.
const ERRORS: &[(&str, &str)] = &[
    ("400", "The request is not well formed, or what it asks for is not possible in the present state."),
    ("401", "There is no session, or it has ended."),
    ("403", "The account may not do this."),
    ("404", "There is no such thing, or the account may not know of it."),
    ("409", "Somebody else has changed it, or it is there already."),
    ("412", "It is not the version that If-Match names."),
    ("413", "The body is larger than the method allows."),
    ("415", "Bodies of this type are not taken."),
    ("429", "Too many calls. Retry-After says when to try again."),
    ("500", "Something broke inside. X-Request-Id names the call in the log."),
    ("503", "The service cannot be reached, or there is too much to do."),
    ("504", "The deadline passed."),
];

fn responses() -> Value {
    let content = json!({
        "application/json": {"schema": {"$ref": "#/components/schemas/Error"}},
        "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}},
    });
    let all = ERRORS.iter().map(|(status, text)| {
        let mut response = json!({
            "description": text,
            "headers": {"X-Request-Id": {"schema": {"type": "string", "format": "uuid"}}},
            "content": content,
        });
        if matches!(*status, "429" | "503") {
            schemas::put(&mut response, "headers", json!({"Retry-After": {"schema": {"type": "integer"}}}));
        }
        (format!("Error{status}"), response)
    });
    Value::Object(all.collect())
}

fn error_schema() -> Value {
    json!({
        "type": "object",
        "description": "google.rpc.Status.",
        "required": ["error"],
        "properties": {"error": {
            "type": "object",
            "required": ["code", "status", "message", "details"],
            "properties": {
                "code": {"type": "integer", "description": "The HTTP status."},
                "status": {"type": "string", "description": "Name of the google.rpc.Code."},
                "message": {"type": "string", "description": "A sentence in the reader's language."},
                "details": {
                    "type": "array",
                    "description": "ErrorInfo with the reason, BadRequest with every violation, and others of google.rpc.",
                    "items": {"type": "object", "required": ["@type"], "properties": {"@type": {"type": "string"}}},
                },
            },
        }},
    })
}

fn problem_schema() -> Value {
    json!({
        "type": "object",
        "description": "RFC 9457.",
        "required": ["type", "title", "status", "detail", "instance"],
        "properties": {
            "type": {"type": "string", "format": "uri", "description": "`urn:xinqiao:error:` and the reason."},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string"},
            "instance": {"type": "string", "format": "uri"},
            "code": {"type": "string"},
            "details": {"type": "array", "items": {"type": "object"}},
        },
    })
}
