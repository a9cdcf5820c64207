//! What the gateway itself answers with, before or instead of a service.

use http::{Method, StatusCode};
use std::time::Duration;
use tonic::Code;
use xinqiao_kit::status::{ApiError, Violation};

/// Why the gateway does not pass a call on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("no such path")]
    RouteNotFound,
    #[error("the path has other methods")]
    MethodNotAllowed(Vec<Method>),
    #[error("the request is not well formed")]
    Invalid(Vec<Violation>),
    #[error("bodies of type {0} are not taken here")]
    MediaType(String),
    #[error("the body is larger than {0} bytes")]
    BodyTooLarge(i32),
    #[error("the body did not come in time")]
    BodyTooSlow,
    #[error("the body broke off")]
    BodyCutOff,
    #[error("the address is longer than {0} bytes")]
    UriTooLong(usize),
    #[error("no session")]
    NoSession,
    #[error("a cookie without X-CSRF-Token")]
    CsrfTokenMissing,
    #[error("a cookie from another site")]
    CrossSite,
    #[error("too many calls")]
    RateLimited(Duration),
    #[error("too many streams")]
    TooManyStreams,
    #[error("too much to do")]
    Overloaded,
    #[error("the deadline passed")]
    DeadlineExceeded,
    #[error("the service cannot be reached")]
    Unavailable,
    #[error("no such method")]
    UnknownMethod,
    #[error("something broke inside")]
    Internal,
}

impl Refusal {
    /// The HTTP status where the code alone does not say it.
    pub(crate) fn http(&self) -> Option<StatusCode> {
        Some(match self {
            Self::MethodNotAllowed(_) => StatusCode::METHOD_NOT_ALLOWED,
            Self::MediaType(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::BodyTooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::BodyTooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::UriTooLong(_) => StatusCode::URI_TOO_LONG,
            _ => return None,
        })
    }

    /// All reasons, for the tests that compare them with texts and pages.
    #[cfg(test)]
    pub(crate) fn all() -> Vec<Self> {
        vec![
            Self::RouteNotFound,
            Self::MethodNotAllowed(vec![Method::GET]),
            Self::Invalid(Vec::new()),
            Self::MediaType("text/plain".to_owned()),
            Self::BodyTooLarge(1),
            Self::BodyTooSlow,
            Self::BodyCutOff,
            Self::UriTooLong(1),
            Self::NoSession,
            Self::CsrfTokenMissing,
            Self::CrossSite,
            Self::RateLimited(Duration::from_secs(1)),
            Self::TooManyStreams,
            Self::Overloaded,
            Self::DeadlineExceeded,
            Self::Unavailable,
            Self::UnknownMethod,
            Self::Internal,
        ]
    }
}

impl ApiError for Refusal {
    fn code(&self) -> Code {
        match self {
            Self::RouteNotFound => Code::NotFound,
            Self::MethodNotAllowed(_) | Self::UnknownMethod => Code::Unimplemented,
            Self::Invalid(_) | Self::MediaType(_) | Self::BodyCutOff | Self::UriTooLong(_) => {
                Code::InvalidArgument
            }
            Self::BodyTooLarge(_) | Self::RateLimited(_) | Self::TooManyStreams => Code::ResourceExhausted,
            Self::BodyTooSlow | Self::DeadlineExceeded => Code::DeadlineExceeded,
            Self::NoSession => Code::Unauthenticated,
            Self::CsrfTokenMissing | Self::CrossSite => Code::PermissionDenied,
            Self::Overloaded | Self::Unavailable => Code::Unavailable,
            Self::Internal => Code::Internal,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::RouteNotFound => "ROUTE_NOT_FOUND",
            Self::MethodNotAllowed(_) => "METHOD_NOT_ALLOWED",
            Self::Invalid(_) => "INVALID_ARGUMENT",
            Self::MediaType(_) => "MEDIA_TYPE_NOT_SUPPORTED",
            Self::BodyTooLarge(_) => "BODY_TOO_LARGE",
            Self::BodyTooSlow => "BODY_TOO_SLOW",
            Self::BodyCutOff => "BODY_CUT_OFF",
            Self::UriTooLong(_) => "URI_TOO_LONG",
            Self::NoSession => "UNAUTHENTICATED",
            Self::CsrfTokenMissing => "CSRF_TOKEN_MISSING",
            Self::CrossSite => "CROSS_SITE",
            Self::RateLimited(_) => "RATE_LIMITED",
            Self::TooManyStreams => "TOO_MANY_STREAMS",
            Self::Overloaded => "OVERLOADED",
            Self::DeadlineExceeded => "DEADLINE_EXCEEDED",
            Self::Unavailable => "UNAVAILABLE",
            Self::UnknownMethod => "UNKNOWN_METHOD",
            Self::Internal => "INTERNAL",
        }
    }

    fn params(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::MethodNotAllowed(methods) => {
                let methods: Vec<&str> = methods.iter().map(Method::as_str).collect();
                vec![("methods", methods.join(", "))]
            }
            Self::MediaType(given) => vec![("given", given.clone())],
            Self::BodyTooLarge(max) => vec![("max_bytes", max.to_string())],
            Self::UriTooLong(max) => vec![("max_bytes", max.to_string())],
            _ => Vec::new(),
        }
    }

    fn violations(&self) -> &[Violation] {
        match self {
            Self::Invalid(violations) => violations,
            _ => &[],
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::RateLimited(after) => Some(*after),
            Self::Overloaded => Some(Duration::from_secs(1)),
            _ => None,
        }
    }
}
