//! Pages: a size with a default and a limit, and an opaque token that holds a key-set position and refuses another list.

use crate::status::Violation;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

/// Page size when the caller names none.
pub const DEFAULT_SIZE: i32 = 50;
/// The largest page unless a method says otherwise.
pub const MAX_SIZE: i32 = 500;

/// Parts of a position; more would not be ours.
const MAX_PARTS: usize = 8;

/// Which part of a list is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Rows to answer with. Ask the store for [`Page::fetch`] rows to learn whether there are more.
    pub limit: i64,
    /// Position after which to go on: the last row's sort key, part by part. `None` at the start.
    pub after: Option<Vec<String>>,
    fingerprint: u64,
}

impl Page {
    /// Reads a request's page. `fingerprint` names list, filter and order: a token of another list is refused.
    ///
    /// # Errors
    /// One violation: a negative size, or a token that is not of this list.
    pub fn parse(
        page_size: i32,
        page_token: &str,
        fingerprint: &str,
        default: i32,
        max: i32,
    ) -> Result<Self, Violation> {
        if page_size < 0 {
            return Err(Violation::new("page_size", "OUT_OF_RANGE").param("min", 0).param("max", max));
        }
        let size = if page_size == 0 { default } else { page_size.min(max) };
        let fingerprint = hash(fingerprint);
        let after = if page_token.is_empty() {
            None
        } else {
            let parts = decode(page_token, fingerprint);
            Some(parts.ok_or_else(|| Violation::new("page_token", "INVALID_PAGE_TOKEN"))?)
        };
        Ok(Self { limit: size.into(), after, fingerprint })
    }

    /// The common page: 50 rows, at most 500.
    ///
    /// # Errors
    /// As [`Page::parse`].
    pub fn of(page_size: i32, page_token: &str, fingerprint: &str) -> Result<Self, Violation> {
        Self::parse(page_size, page_token, fingerprint, DEFAULT_SIZE, MAX_SIZE)
    }

    /// How many rows to ask the store for: one more than the page holds.
    pub fn fetch(&self) -> i64 {
        self.limit + 1
    }

    /// The position's part `index` as a UUID, for lists in the order of their ids. Nil at the start.
    pub fn after_id(&self, index: usize) -> uuid::Uuid {
        let part = self.after.as_ref().and_then(|parts| parts.get(index));
        part.and_then(|part| uuid::Uuid::try_parse(part).ok()).unwrap_or_default()
    }

    /// Cuts the surplus row off and gives the token of the next page, empty at the end. `key` is a row's position.
    pub fn cut<T>(&self, rows: &mut Vec<T>, key: impl FnOnce(&T) -> Vec<String>) -> String {
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        if rows.len() <= limit {
            return String::new();
        }
        rows.truncate(limit);
        rows.last().map(|last| self.token(&key(last))).unwrap_or_default()
    }

    /// The token of the page after the row whose sort key is `parts`.
    pub fn token(&self, parts: &[String]) -> String {
        let mut bytes = self.fingerprint.to_be_bytes().to_vec();
        for part in parts {
            bytes.extend_from_slice(part.as_bytes());
            bytes.push(0x1f);
        }
        URL_SAFE_NO_PAD.encode(bytes)
    }
}

fn hash(text: &str) -> u64 {
    // The same across processes of one build; a token that outlives an upgrade is refused and the client starts over.
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

fn decode(token: &str, fingerprint: u64) -> Option<Vec<String>> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    let (head, rest) = bytes.split_first_chunk::<8>()?;
    if u64::from_be_bytes(*head) != fingerprint {
        return None;
    }
    let text = std::str::from_utf8(rest).ok()?;
    let parts: Vec<String> = text.split_terminator('\u{1f}').map(str::to_owned).collect();
    (!parts.is_empty() && parts.len() <= MAX_PARTS).then_some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_goes_on_where_the_page_ended_and_only_in_its_own_list() {
        let page = Page::of(2, "", "students?school=1").unwrap();
        let mut rows = vec!["a", "b", "c"];
        let token = page.cut(&mut rows, |row| vec![(*row).to_owned()]);
        assert_eq!(rows, ["a", "b"]);
        let next = Page::of(2, &token, "students?school=1").unwrap();
        assert_eq!(next.after, Some(vec!["b".to_owned()]));
        assert_eq!(Page::of(2, &token, "students?school=2").unwrap_err().reason, "INVALID_PAGE_TOKEN");
        assert_eq!(Page::of(2, "junk", "students?school=1").unwrap_err().reason, "INVALID_PAGE_TOKEN");
    }

    #[test]
    fn the_last_page_has_no_token_and_sizes_are_bounded() {
        let page = Page::of(9_999, "", "x").unwrap();
        assert_eq!(page.limit, 500);
        assert_eq!(page.cut(&mut vec![1, 2], |_| vec![]), "");
        assert!(Page::of(-1, "", "x").is_err());
    }
}
