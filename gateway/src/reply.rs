//! Good answers to unary calls: JSON with its etag, files, session cookies; and the OpenAPI document.

use crate::{
    api::FileFields,
    codec::{self, last_bytes, last_text},
    front::{Exchange, Shared},
    media,
    refusal::Refusal,
    route::percent,
    session,
};
use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, header};
use std::borrow::Cow;

/// A client that sends this gets its session as a cookie instead of in the body.
const SESSION_COOKIE: HeaderName = HeaderName::from_static("x-session-cookie");

/// The answer to a unary call.
pub(crate) fn unary(exchange: &Exchange<'_>, answer: &Bytes) -> Result<Response<Body>, Refusal> {
    let (endpoint, request) = (exchange.endpoint, &exchange.parts.headers);
    if let Some(file) = endpoint.download
        && media::wants_file(request, exchange.parts.uri.query().unwrap_or_default())
    {
        return Ok(file_answer(file, answer));
    }
    let mut cookie = None;
    let mut wire = Cow::Borrowed(answer.as_ref());
    if let Some(number) = endpoint.session_token
        && request.contains_key(SESSION_COOKIE)
        && let Some(token) = last_text(&wire, number).filter(|token| !token.is_empty())
    {
        let secure = exchange.shared.config.cookie_secure;
        cookie = Some(session::cookie(token, secure).ok_or(Refusal::Internal)?);
        // Scripts of the page must not see it.
        wire = Cow::Owned(codec::without(&wire, number).map_err(|_| Refusal::Internal)?);
    }
    let etag = endpoint.etag.and_then(|number| last_text(&wire, number)).and_then(quoted);
    let mut response = match &etag {
        Some(etag) if is_read(&exchange.parts.method) && matches(request, etag) => {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            response
        }
        _ => {
            let mut response = Response::new(Body::from(json(exchange, &wire)?));
            let kind = HeaderValue::from_static("application/json");
            response.headers_mut().insert(header::CONTENT_TYPE, kind);
            response
        }
    };
    if let Some(etag) = etag {
        response.headers_mut().insert(header::ETAG, etag);
    }
    if let Some(cookie) = cookie {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

fn is_read(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}

fn json(exchange: &Exchange<'_>, wire: &[u8]) -> Result<Vec<u8>, Refusal> {
    let (api, endpoint) = (&exchange.shared.api, exchange.endpoint);
    let mut out = Vec::with_capacity(wire.len() * 2);
    let written = match exchange.route.response_body.and_then(|step| api.field(step)) {
        Some(field) => codec::write_field(&api.tables, field, wire, &mut out),
        None => codec::write(&api.tables, endpoint.output, wire, &mut out),
    };
    written.map_err(|cause| {
        tracing::error!(method = endpoint.method.path, %cause, "a service answered with what is no message of its method");
        Refusal::Internal
    })?;
    Ok(out)
}

/// An etag as a header has it; `None` if it cannot stand in one.
fn quoted(etag: &str) -> Option<HeaderValue> {
    let allowed = |byte: u8| byte == 0x21 || (0x23..=0x7e).contains(&byte);
    if etag.is_empty() || !etag.bytes().all(allowed) {
        return None;
    }
    HeaderValue::try_from(format!("\"{etag}\"")).ok()
}

/// Whether `If-None-Match` names the etag.
fn matches(headers: &HeaderMap, etag: &HeaderValue) -> bool {
    let values = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let mut tags = values.flat_map(|value| value.split(',')).map(str::trim);
    tags.any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag).as_bytes() == etag.as_bytes())
}

/// A file as it is, to be saved and never shown as a page.
fn file_answer(file: FileFields, wire: &Bytes) -> Response<Body> {
    let content = last_bytes(wire, file.content).unwrap_or_default();
    let text = |number: Option<u32>| number.and_then(|number| last_text(wire, number)).unwrap_or_default();
    let mut response = Response::new(Body::from(wire.slice_ref(content)));
    let headers = response.headers_mut();
    let kind = Some(text(file.content_type)).filter(|kind| kind.contains('/'));
    let kind = kind.and_then(|kind| HeaderValue::try_from(kind).ok());
    let octets = HeaderValue::from_static("application/octet-stream");
    headers.insert(header::CONTENT_TYPE, kind.unwrap_or(octets));
    let name = text(file.filename);
    let disposition = if name.is_empty() {
        "attachment".to_owned()
    } else {
        let ascii: String = name
            .chars()
            .map(|c| if c.is_ascii_graphic() && !"\"\\/%".contains(c) { c } else { '_' })
            .collect();
        format!("attachment; filename=\"{ascii}\"; filename*=UTF-8''{}", percent::encode(name))
    };
    if let Ok(disposition) = HeaderValue::try_from(disposition) {
        headers.insert(header::CONTENT_DISPOSITION, disposition);
    }
    response
}

/// What stands at `/`: where to go from here.
pub(crate) fn index() -> Response<Body> {
    let text = concat!(
        r#"{"name":"Xinqiao (心桥)","version":""#,
        env!("CARGO_PKG_VERSION"),
        r#"","openapi":"/openapi.json","login":"POST /v1/sessions","live":"/livez","ready":"/readyz"}"#
    );
    let mut response = Response::new(Body::from(text));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// `/openapi.json`.
pub(crate) fn openapi(shared: &Shared, request: &HeaderMap) -> Response<Body> {
    let etag = HeaderValue::try_from(format!("\"{}\"", shared.openapi_etag))
        .unwrap_or(HeaderValue::from_static("\"\""));
    let mut response = Response::new(Body::empty());
    if matches(request, &etag) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    } else {
        *response.body_mut() = Body::from(shared.openapi.clone());
        let kind = HeaderValue::from_static("application/json");
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
    }
    let headers = response.headers_mut();
    headers.insert(header::ETAG, etag);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}
