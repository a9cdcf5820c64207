//! Bodies that are no JSON: files up and down, and which form of an answer a client wants.

use crate::{api::Route, refusal::Refusal};
use http::{HeaderMap, HeaderValue, header};

/// What the body of a request is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expected<'a> {
    /// Without a type, and so without a body.
    Nothing,
    Json,
    /// A file of this type.
    Raw(&'a str),
}

/// What the headers say of the body.
///
/// # Errors
/// A type that the route does not take, or a content coding.
pub(crate) fn content<'a>(headers: &'a HeaderMap, route: &Route) -> Result<Expected<'a>, Refusal> {
    let text = |name| headers.get(name).map(|value: &HeaderValue| value.to_str().unwrap_or("?").trim());
    if let Some(coding) =
        text(header::CONTENT_ENCODING).filter(|coding| !coding.eq_ignore_ascii_case("identity"))
    {
        return Err(Refusal::MediaType(coding.chars().take(80).collect()));
    }
    let Some(given) = text(header::CONTENT_TYPE).filter(|given| !given.is_empty()) else {
        return Ok(Expected::Nothing);
    };
    let (kind, parameters) = given.split_once(';').unwrap_or((given, ""));
    let kind = kind.trim();
    let refused = || Refusal::MediaType(given.chars().take(80).collect());
    if kind.eq_ignore_ascii_case("application/json") {
        let charset = parameters.trim().to_ascii_lowercase();
        let utf8 =
            charset.strip_prefix("charset=").is_none_or(|charset| charset.trim_matches('"') == "utf-8");
        return if utf8 { Ok(Expected::Json) } else { Err(refused()) };
    }
    let form = kind.eq_ignore_ascii_case("multipart/form-data")
        || kind.eq_ignore_ascii_case("application/x-www-form-urlencoded");
    let well_formed = kind.split_once('/').is_some_and(|(a, b)| !a.is_empty() && !b.is_empty());
    if route.upload.is_some() && well_formed && !form { Ok(Expected::Raw(kind)) } else { Err(refused()) }
}

/// Whether a client wants the bare file of an answer that holds one: by `alt=media`, or because it takes no JSON.
pub(crate) fn wants_file(headers: &HeaderMap, query: &str) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or("*/*");
    let takes_json = accept.contains("json") || accept.contains("*/*") || accept.contains("application/*");
    crate::bind::wants_media(query) || !takes_json
}

/// The form of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StreamForm {
    /// Server-sent events.
    Events,
    /// One JSON object a line.
    Lines,
}

impl StreamForm {
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if accept.contains("application/x-ndjson") { Self::Lines } else { Self::Events }
    }

    pub(crate) fn content_type(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Events => "text/event-stream",
            Self::Lines => "application/x-ndjson",
        })
    }
}
