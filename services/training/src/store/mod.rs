//! All SQL of the service, one file a resource. Free text is sealed here and opened here.

pub mod activities;
pub mod certificates;
pub mod facts;
pub mod lessons;
pub mod plans;
pub mod trainings;

#[cfg(test)]
mod tests;

use chrono::NaiveDate;
use std::collections::BTreeSet;
use uuid::Uuid;
use xinqiao_kit::{
    db::{Db, DbError, Query, Sql, Tx},
    keys::KeyError,
    page::Page,
};

/// Why a row could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
    /// The encryption.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A row holds a word that this program does not know.
    #[error("{table}.{column} holds a word that is not known")]
    Word {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
    },
}

/// Where a store reads: the database, or a transaction that is under way.
pub trait Source: Send {
    /// A statement there.
    fn q(&mut self, sql: impl Into<Sql> + Send) -> Query<'_>;
}

impl Source for &Db {
    fn q(&mut self, sql: impl Into<Sql> + Send) -> Query<'_> {
        self.read(sql)
    }
}

impl Source for &mut Tx {
    fn q(&mut self, sql: impl Into<Sql> + Send) -> Query<'_> {
        Tx::q(self, sql)
    }
}

/// A position in a list that goes from the newest day to the oldest: below everything at the start.
pub fn before(page: &Page) -> (NaiveDate, Uuid) {
    let day = page.after.as_ref().and_then(|parts| parts.first()?.parse().ok());
    match day {
        Some(day) => (day, page.after_id(1)),
        None => (LAST_DAY, Uuid::max()),
    }
}

const LAST_DAY: NaiveDate = match NaiveDate::from_ymd_opt(9999, 12, 31) {
    Some(day) => day,
    None => NaiveDate::MAX,
};

/// Words with spaces between them.
fn joined<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    words.into_iter().collect::<Vec<_>>().join(" ")
}

/// What `word` makes of each of the words.
fn split<T: Ord>(
    text: &str,
    word: fn(&str) -> Option<T>,
    at: (&'static str, &'static str),
) -> Result<BTreeSet<T>, StoreError> {
    text.split_whitespace().map(|one| known(word(one), at)).collect()
}

fn known<T>(value: Option<T>, (table, column): (&'static str, &'static str)) -> Result<T, StoreError> {
    value.ok_or(StoreError::Word { table, column })
}
