//! How an error leaves a service: a code, a reason that programs can act on, every violation at once, and a sentence in
//! the reader's language. What went wrong inside goes to the log, never to the caller.

use crate::catalogue::{Catalogue, Locale};
use prost::{Message as _, Name as _};
use std::time::Duration;
use tonic::{Code, Status};
use xinqiao_proto::google::rpc;

/// The `domain` of every ErrorInfo of ours.
pub const DOMAIN: &str = "xinqiao";

/// What is wrong with one field of a request.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Violation {
    /// Path of the field in the request, such as `student.guardians[1].phone`.
    pub field: String,
    /// Reason, UPPER_SNAKE; its text stands in the catalogue.
    pub reason: &'static str,
    /// Parameters of the text. Never what the user typed where that may be personal.
    pub params: Vec<(&'static str, String)>,
}

impl Violation {
    /// A violation of `field` for `reason`.
    pub fn new(field: impl Into<String>, reason: &'static str) -> Self {
        Self { field: field.into(), reason, params: Vec::new() }
    }

    /// Adds a parameter of the text.
    #[must_use]
    pub fn param(mut self, name: &'static str, value: impl ToString) -> Self {
        self.params.push((name, value.to_string()));
        self
    }
}

/// An error that a caller may see. One enum a service implements it with one exhaustive match.
pub trait ApiError: std::error::Error + Send + Sync + 'static {
    /// The gRPC code.
    fn code(&self) -> Code;
    /// The reason, UPPER_SNAKE: it has a page in docs/errors and a text in the catalogue.
    fn reason(&self) -> &'static str;
    /// Parameters of the text, also given as ErrorInfo metadata.
    fn params(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }
    /// Every field that is wrong, for INVALID_ARGUMENT.
    fn violations(&self) -> &[Violation] {
        &[]
    }
    /// What must hold first, for FAILED_PRECONDITION: the kind of thing that is in the wrong state.
    fn precondition(&self) -> Option<&'static str> {
        None
    }
    /// When it makes sense to try again.
    fn retry_after(&self) -> Option<Duration> {
        None
    }
    /// Whether the whole unit of work may simply be run again (serialisation failures, a busy database).
    fn retryable(&self) -> bool {
        false
    }
}

fn any<M: prost::Name>(message: &M) -> prost_types::Any {
    prost_types::Any {
        type_url: format!("type.googleapis.com/{}", M::full_name()),
        value: message.encode_to_vec(),
    }
}

/// The gRPC status of an error, in the reader's language.
///
/// INTERNAL and UNKNOWN carry fixed text: their cause may hold anything.
pub fn to_status(error: &dyn ApiError, catalogue: &Catalogue, locale: Locale) -> Status {
    let params = error.params();
    let message = catalogue.text(locale, error.reason(), &params);
    let mut details = vec![any(&rpc::ErrorInfo {
        reason: error.reason().to_owned(),
        domain: DOMAIN.to_owned(),
        metadata: params.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
    })];
    let violations = error.violations();
    if !violations.is_empty() {
        let fields =
            violations.iter().map(|violation| field_violation(violation, catalogue, locale)).collect();
        details.push(any(&rpc::BadRequest { field_violations: fields }));
    }
    if let Some(kind) = error.precondition() {
        details.push(any(&rpc::PreconditionFailure {
            violations: vec![rpc::precondition_failure::Violation {
                r#type: error.reason().to_owned(),
                subject: kind.to_owned(),
                description: message.clone(),
            }],
        }));
    }
    if let Some(after) = error.retry_after() {
        details.push(any(&rpc::RetryInfo { retry_delay: prost_types::Duration::try_from(after).ok() }));
    }
    details.push(any(&rpc::LocalizedMessage { locale: locale.tag().to_owned(), message: message.clone() }));
    let status = rpc::Status { code: error.code() as i32, message: message.clone(), details };
    Status::with_details(error.code(), message, status.encode_to_vec().into())
}

fn field_violation(
    violation: &Violation,
    catalogue: &Catalogue,
    locale: Locale,
) -> rpc::bad_request::FieldViolation {
    let text = catalogue.text(locale, violation.reason, &violation.params);
    rpc::bad_request::FieldViolation {
        field: violation.field.clone(),
        description: text.clone(),
        reason: violation.reason.to_owned(),
        localized_message: Some(rpc::LocalizedMessage { locale: locale.tag().to_owned(), message: text }),
    }
}

/// The details of a status, decoded: what tests and clients look at.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Details {
    /// Reason of the ErrorInfo; empty if there is none.
    pub reason: String,
    /// Its metadata.
    pub metadata: std::collections::HashMap<String, String>,
    /// (field, reason) of every violation.
    pub violations: Vec<(String, String)>,
    /// When to try again.
    pub retry_after: Option<Duration>,
    /// The sentence for the reader.
    pub message: String,
}

/// Reads the details of a status; what does not decode is left out.
pub fn details(status: &Status) -> Details {
    let mut found = Details::default();
    let Ok(status) = rpc::Status::decode(status.details()) else {
        return found;
    };
    for detail in status.details {
        let name = detail.type_url.rsplit('/').next().unwrap_or_default();
        if name == rpc::ErrorInfo::full_name() {
            if let Ok(info) = rpc::ErrorInfo::decode(detail.value.as_slice()) {
                found.reason = info.reason;
                found.metadata = info.metadata;
            }
        } else if name == rpc::BadRequest::full_name() {
            if let Ok(bad) = rpc::BadRequest::decode(detail.value.as_slice()) {
                found.violations = bad.field_violations.into_iter().map(|v| (v.field, v.reason)).collect();
            }
        } else if name == rpc::RetryInfo::full_name() {
            if let Ok(info) = rpc::RetryInfo::decode(detail.value.as_slice()) {
                found.retry_after = info.retry_delay.and_then(|delay| delay.try_into().ok());
            }
        } else if name == rpc::LocalizedMessage::full_name()
            && let Ok(text) = rpc::LocalizedMessage::decode(detail.value.as_slice())
        {
            found.message = text.message;
        }
    }
    found
}

/// Errors that the platform's own layers answer with, before a service is asked.
#[derive(Debug, thiserror::Error, Clone, Copy, PartialEq, Eq)]
pub enum FrontError {
    /// No such method.
    #[error("there is no such method")]
    UnknownMethod,
    /// No token, a bad one, or one that has run out.
    #[error("the call carries no valid token")]
    Unauthenticated,
    /// A person called what only services may call, or the other way round.
    #[error("this kind of caller may not call the method")]
    WrongCaller,
    /// The request is larger than its method allows.
    #[error("the request is larger than {max_bytes} bytes")]
    BodyTooLarge {
        /// The method's limit.
        max_bytes: i32,
    },
    /// The deadline passed before the answer.
    #[error("the deadline passed")]
    DeadlineExceeded,
    /// Something broke inside.
    #[error("something broke inside")]
    Internal,
}

impl ApiError for FrontError {
    fn code(&self) -> Code {
        match self {
            Self::UnknownMethod => Code::Unimplemented,
            Self::Unauthenticated => Code::Unauthenticated,
            Self::WrongCaller => Code::PermissionDenied,
            Self::BodyTooLarge { .. } => Code::ResourceExhausted,
            Self::DeadlineExceeded => Code::DeadlineExceeded,
            Self::Internal => Code::Internal,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::UnknownMethod => "UNKNOWN_METHOD",
            Self::Unauthenticated => "UNAUTHENTICATED",
            Self::WrongCaller => "PERMISSION_DENIED",
            Self::BodyTooLarge { .. } => "BODY_TOO_LARGE",
            Self::DeadlineExceeded => "DEADLINE_EXCEEDED",
            Self::Internal => "INTERNAL",
        }
    }

    fn params(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::BodyTooLarge { max_bytes } => vec![("max_bytes", max_bytes.to_string())],
            _ => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("bad")]
    struct Bad(Vec<Violation>);
    impl ApiError for Bad {
        fn code(&self) -> Code {
            Code::InvalidArgument
        }
        fn reason(&self) -> &'static str {
            "INVALID_ARGUMENT"
        }
        fn violations(&self) -> &[Violation] {
            &self.0
        }
        fn retry_after(&self) -> Option<Duration> {
            Some(Duration::from_secs(3))
        }
    }

    #[test]
    fn a_status_carries_every_violation_in_the_readers_language() {
        let catalogue =
            Catalogue::new(&[("a", "[TOO_LONG]\nzh = '最多 {max} 个字'\nen = 'at most {max} characters'\n")])
                .unwrap();
        let bad =
            Bad(vec![Violation::new("a", "REQUIRED"), Violation::new("b", "TOO_LONG").param("max", 40)]);
        let status = to_status(&bad, &catalogue, Locale::ZhCn);
        let details = details(&status);
        assert_eq!(status.code(), Code::InvalidArgument);
        assert_eq!(details.reason, "INVALID_ARGUMENT");
        assert_eq!(details.retry_after, Some(Duration::from_secs(3)));
        assert_eq!(
            details.violations,
            [("a".to_owned(), "REQUIRED".to_owned()), ("b".to_owned(), "TOO_LONG".to_owned())]
        );
        let raw = String::from_utf8_lossy(status.details()).into_owned();
        assert!(raw.contains("最多 40 个字"));
    }
}
