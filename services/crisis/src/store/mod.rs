//! All SQL of the service, one file a resource. Rows go in and come out as entities; sealing happens here and nowhere else.

pub mod alerts;
pub mod grid;
pub mod health;
pub mod notifications;
pub mod plans;
pub mod signals;
pub mod timeline;

use uuid::Uuid;
use xinqiao_kit::{
    authz::Visibility,
    db::{Db, Query, Tx},
    keys::{KeyError, Keys, SubjectKey},
};

/// What a store may fail with: the database, a key, or a row that holds what no program of ours wrote.
pub type StoreError = KeyError;

/// Where a query that only reads runs: in a transaction, or by itself on a reading connection.
pub trait Source: Send {
    /// A query.
    fn query(&mut self, sql: &'static str) -> Query<'_>;
}

impl Source for Tx {
    fn query(&mut self, sql: &'static str) -> Query<'_> {
        self.q(sql)
    }
}

impl Source for Db {
    fn query(&mut self, sql: &'static str) -> Query<'_> {
        self.read(sql)
    }
}

/// Rows of alerts that a list may show.
#[derive(Debug, Clone)]
pub struct Seen {
    /// By the caller's grants; `owner` stands for what the caller was told of.
    pub grants: Visibility,
    /// Also those that were escalated to the county.
    pub county: bool,
}

/// A stored code that means something, or the complaint that it does not.
fn known<T>(table: &'static str, column: &'static str, value: Option<T>) -> Result<T, StoreError> {
    value.ok_or(KeyError::Content { table, column })
}

/// A count as it is stored.
fn int(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

/// A count as it is used.
fn uint(table: &'static str, column: &'static str, number: i32) -> Result<u32, StoreError> {
    known(table, column, u32::try_from(number).ok())
}

/// A keyed hash as it is stored.
pub fn lookup(keys: &Keys, label: &'static str, parts: &[&str]) -> Vec<u8> {
    keys.lookup(label, &parts.join("\u{1f}"))
}

/// Opens a sealed text; none where nothing was written or the pupil has been erased.
fn open_text(
    key: Option<&SubjectKey>,
    column: (&'static str, &'static str),
    row: Uuid,
    sealed: Option<&[u8]>,
) -> Result<Option<String>, StoreError> {
    let (Some(key), Some(sealed)) = (key, sealed) else { return Ok(None) };
    key.open_text(column.0, column.1, row, sealed).map(Some)
}

#[cfg(test)]
mod tests;
