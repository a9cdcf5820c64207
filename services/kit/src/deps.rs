//! What a service is given when it is built. There is no global state: clock, randomness, pools and keys all come from here.

use crate::{
    authz::Authorizer, catalogue::Catalogue, db::Db, ids::Ids, keys::Keys, lifecycle::Hint, peers::Peers,
    role::Role, time::Clock, token::TokenSigner,
};
use std::sync::Arc;
use xinqiao_seeds::Settings;

/// The surroundings of one service. Cheap to clone.
#[derive(Clone)]
pub struct Deps {
    /// Which service it is.
    pub role: Role,
    /// Its own database: nobody else's tables are in reach.
    pub db: Db,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Fresh ids.
    pub ids: Ids,
    /// Encryption.
    pub keys: Keys,
    /// Who may do what.
    pub authz: Arc<Authorizer>,
    /// The other services.
    pub peers: Peers,
    /// Tokens in the name of this service; identity's also in the name of people.
    pub signer: TokenSigner,
    /// Wakes the outbox pump after a commit.
    pub outbox_hint: Hint,
    /// County settings.
    pub settings: Arc<Settings>,
    /// Texts.
    pub catalogue: Arc<Catalogue>,
}

impl std::fmt::Debug for Deps {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Deps({})", self.role)
    }
}
