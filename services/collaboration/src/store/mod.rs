//! All SQL of the service, one file a resource. What people write is sealed here and opened here.

pub mod facts;

use xinqiao_kit::{
    db::{Db, DbError, Query, Sql, Tx},
    keys::KeyError,
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
