//! From path to RPC, by the google.api.http annotations alone.

pub(crate) mod percent;
pub(crate) mod router;
pub(crate) mod rules;
pub(crate) mod template;
