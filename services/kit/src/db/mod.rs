//! The database: one SQL text on PostgreSQL and on SQLite, and every guard that a write needs.
//!
//! Nothing outside this module knows which engine runs. SQL is a `&'static str` with `$1`, `$2`, ... in the subset
//! that both engines understand alike (ADR "storage"); [`sql!`](crate::sql) makes the few texts that differ.
//!
//! What is guarded, and where the regression test is:
//! 1. A caller that goes away leaves no transaction open and no lost write behind: `lease.rs`.
//! 2. A dead socket neither hangs a caller nor keeps its place in the pool: `lease.rs`.
//! 3. SQLite runs with WAL, full sync, foreign keys, one writer, BEGIN IMMEDIATE, readers that cannot write: `open.rs`.
//! 4. The number of arguments is the number of parameters: `sql.rs`.
//! 5. A failed statement is never followed by a commit that says OK: `tx.rs`.
//! 6. Conflicts that go away by themselves are told apart, so that the whole unit of work is run again: `error.rs`.

mod backup;
mod error;
mod group;
mod insert;
mod lease;
mod lists;
mod migrate;
mod open;
mod query;
mod retry;
mod sql;
#[cfg(test)]
mod tests;
mod tx;
mod value;

pub use error::{Constraint, DbError};
pub use group::{Group, GroupLimits};
#[doc(hidden)]
pub use insert::{InsertRow, Insertion};
pub use lists::{IdList, TextList};
pub use migrate::Migrations;
pub use open::{Db, DbConfig, Limits, PgConfig};
pub use query::Query;
pub use retry::{Retryable, retry};
pub use sql::Sql;
pub use sqlx::types::Json;
pub use tx::Tx;
pub use value::{Column, FromRow, Value};
