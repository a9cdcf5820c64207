//! All SQL of the service, one file a resource. What people write is sealed here and opened here: under the pupil's key where it
//! concerns one pupil, under the service's own where it concerns none.

pub mod committees;
pub mod consents;
pub mod facts;
pub mod family_events;
pub mod figures;
pub mod guidance;
pub mod messages;
pub mod parent_schools;
pub mod partners;
pub mod visits;

#[cfg(test)]
mod tests;

use chrono::NaiveDate;
use std::collections::HashMap;
use uuid::Uuid;
use xinqiao_kit::{
    db::{Db, DbError, Query, Sql, Tx},
    keys::{KeyError, SubjectKey},
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

/// The keys of the pupils on a page. A pupil without one has been erased: rows about them stay closed and are left out.
type PupilKeys = HashMap<Uuid, SubjectKey>;

/// A position in a list that goes from the newest day to the oldest: below everything at the start.
fn before(page: &Page) -> (NaiveDate, Uuid) {
    let day = page.after.as_ref().and_then(|parts| parts.first()?.parse().ok());
    match day {
        Some(day) => (day, page.after_id(1)),
        None => (LAST_DAY, Uuid::max()),
    }
}

/// A position in a list that goes from the newest row to the oldest.
fn before_id(page: &Page) -> Uuid {
    if page.after.is_some() { page.after_id(0) } else { Uuid::max() }
}

const LAST_DAY: NaiveDate = match NaiveDate::from_ymd_opt(9999, 12, 31) {
    Some(day) => day,
    None => NaiveDate::MAX,
};

fn known<T>(value: Option<T>, (table, column): (&'static str, &'static str)) -> Result<T, StoreError> {
    value.ok_or(StoreError::Word { table, column })
}
