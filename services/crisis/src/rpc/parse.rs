//! From protobuf to what use-cases take, with every violation at once.

use xinqiao_kit::{
    ctx::{Ctx, RequestKey},
    page::Page,
    validate::{Invalid, Violations},
};

/// Characters of a text that people write about an alert.
pub(super) const TEXT_MAX: usize = 2_000;

/// The page of a list, or its violation.
pub(super) fn page(v: &mut Violations, size: i32, token: &str, list: &str) -> Option<Page> {
    page_of(v, size, token, list, 50)
}

/// The same with another default.
pub(super) fn page_of(v: &mut Violations, size: i32, token: &str, list: &str, default: i32) -> Option<Page> {
    Page::parse(size, token, list, default, 500).map_err(|violation| v.push(violation)).ok()
}

/// The client's key, or its violation. `Some(None)` when it sent none.
pub(super) fn key<M: prost::Message>(
    v: &mut Violations,
    ctx: &Ctx,
    request_id: &str,
    message: &M,
) -> Option<Option<RequestKey>> {
    ctx.request_key(request_id, message).map_err(|violation| v.push(violation)).ok()
}

/// A name with one id.
pub(super) fn name<T: From<uuid::Uuid>>(field: &str, name: &str, pattern: &str) -> Result<T, Invalid> {
    let mut v = Violations::new();
    let id = v.id(field, name, pattern);
    v.finish(id)
}

/// A text that may be left out; one that is only blanks counts as left out.
pub(super) fn optional(v: &mut Violations, field: &str, text: &str, max: usize) -> Option<String> {
    let text = text.trim();
    v.len(field, text, 0, max);
    (!text.is_empty()).then(|| text.to_owned())
}

/// A text that must be there.
pub(super) fn required(v: &mut Violations, field: &str, text: &str, max: usize) -> Option<String> {
    let text = text.trim();
    v.len(field, text, 1, max).then(|| text.to_owned())
}
