//! What every service needs and that knows nothing of the trade.
//!
//! A service is built from [`deps::Deps`], stands behind [`service::front`], answers through [`rpc::handle`], decides with
//! [`authz::Authorizer`], keeps facts with [`db`] and secrets with [`keys`].

pub mod audit;
pub mod authz;
pub mod catalogue;
pub mod config;
pub mod ctx;
pub mod db;
pub mod deps;
pub mod etag;
pub mod ids;
pub mod inbox;
pub mod keys;
pub mod lifecycle;
pub mod names;
pub mod outbox;
pub mod page;
pub mod peers;
pub mod requests;
pub mod role;
pub mod rpc;
pub mod service;
pub mod status;
pub mod telemetry;
#[cfg(feature = "testing")]
pub mod testing;
pub mod tidy;
pub mod time;
pub mod token;
pub mod validate;

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
