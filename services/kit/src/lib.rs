//! What every service needs and that knows nothing of the trade.

pub mod db;
pub mod ids;
pub mod time;

/// What the macros of this crate name; not for use by hand.
#[doc(hidden)]
pub mod __private {
    pub use serde::{Deserialize, Deserializer, Serialize, Serializer};
    pub use sqlx::{
        self, Postgres, Sqlite,
        encode::IsNull,
        error::BoxDynError,
        postgres::{PgArgumentBuffer, PgHasArrayType, PgTypeInfo, PgValueRef},
        sqlite::{SqliteArgumentsBuffer, SqliteTypeInfo, SqliteValueRef},
    };
    pub use uuid::{Error as UuidError, Uuid};
}
