//! All SQL of the service, one file a resource. Rows go in and come out as entities; sealing happens here and nowhere else.

pub mod care;
pub mod classes;
pub mod guardians;
pub mod placements;
pub mod plans;
pub mod proposals;
pub mod records;
pub mod referrals;
pub mod roster;
pub mod schools;
pub mod staff;
pub mod students;
pub mod teams;
pub mod transfers;
pub mod watch;

use std::{collections::HashMap, future::Future};
use uuid::Uuid;
use xinqiao_kit::{
    authz::Visibility,
    db::{Db, Query, Tx},
    keys::{KeyError, Keys, SubjectKey},
};

/// What a store may fail with: the database, a key, or a row that holds what no program of ours wrote.
pub type StoreError = KeyError;

/// Where a query runs: in a transaction, or by itself on a reading connection.
pub trait Source: Send {
    /// A query.
    fn query(&mut self, sql: &'static str) -> Query<'_>;

    /// The data keys that there are among these pupils.
    fn keys(
        &mut self,
        keys: &Keys,
        subjects: &[Uuid],
    ) -> impl Future<Output = Result<HashMap<Uuid, SubjectKey>, KeyError>> + Send;
}

impl Source for Tx {
    fn query(&mut self, sql: &'static str) -> Query<'_> {
        self.q(sql)
    }

    async fn keys(&mut self, keys: &Keys, subjects: &[Uuid]) -> Result<HashMap<Uuid, SubjectKey>, KeyError> {
        keys.existing_tx(self, subjects).await
    }
}

impl Source for Db {
    fn query(&mut self, sql: &'static str) -> Query<'_> {
        self.read(sql)
    }

    async fn keys(&mut self, keys: &Keys, subjects: &[Uuid]) -> Result<HashMap<Uuid, SubjectKey>, KeyError> {
        keys.existing(self, subjects).await
    }
}

/// Rows that a list may show: what the caller's grants allow, and to the county centre also those of orange pupils.
#[derive(Debug, Clone)]
pub struct Seen {
    /// By the caller's grants.
    pub grants: Visibility,
    /// Orange pupils of the whole county.
    pub orange: bool,
}

/// Which part of a list in the order of its ids.
#[derive(Debug, Clone, Copy)]
pub struct Part {
    /// The last id of the part before; nil at the start.
    pub after: Uuid,
    /// Rows at most.
    pub limit: i64,
}

/// A stored word that means something, or the complaint that it does not.
fn known<T>(table: &'static str, column: &'static str, value: Option<T>) -> Result<T, StoreError> {
    value.ok_or(KeyError::Content { table, column })
}

/// A keyed hash as it is stored: its first 128 bits.
pub fn lookup_id(keys: &Keys, label: &'static str, value: &str) -> Uuid {
    let hash = keys.lookup(label, value);
    let head = hash.first_chunk::<16>().copied().unwrap_or_default();
    Uuid::from_bytes(head)
}
