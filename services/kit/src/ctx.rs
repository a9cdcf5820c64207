//! Who asks, for what, in which language: what every use-case is given.

use crate::{
    authz::AccessError,
    catalogue::{Catalogue, Locale},
    role::Role,
    status::Violation,
    time::{Clock, Ts},
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use uuid::Uuid;
use xinqiao_proto::policy::Method;

/// Who makes a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Actor {
    /// Somebody without a session.
    Anybody,
    /// A person with an account.
    User(Uuid),
    /// Another service.
    Service(Role),
}

/// Where a role holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// The whole county.
    County,
    /// One school.
    School(Uuid),
    /// One class and the school that it belongs to.
    Class {
        /// The class's school.
        school: Uuid,
        /// The class.
        class: Uuid,
    },
    /// One pupil.
    Student(Uuid),
}

/// A role at a scope.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Grant {
    /// `homeroom`, `psychologist`, `county_centre`, ...: the roles of seeds/access.
    pub role: String,
    /// Where it holds.
    pub scope: Scope,
}

/// Who makes a call and what they hold, as the internal token says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Principal {
    /// Who it is.
    pub actor: Actor,
    /// What they hold. Empty for services and for nobody.
    pub grants: Vec<Grant>,
    /// The session that a person came with, for listing and ending it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<Uuid>,
}

impl Principal {
    /// Somebody without a session.
    pub fn anybody() -> Self {
        Self { actor: Actor::Anybody, grants: Vec::new(), session: None }
    }

    /// A service of the deployment.
    pub fn service(role: Role) -> Self {
        Self { actor: Actor::Service(role), grants: Vec::new(), session: None }
    }

    /// A person with these grants.
    pub fn user(id: Uuid, grants: Vec<Grant>) -> Self {
        Self { actor: Actor::User(id), grants, session: None }
    }

    /// Text for audit rows and logs: `user:<uuid>`, `service:screening`, `anybody`.
    pub fn label(&self) -> String {
        match self.actor {
            Actor::Anybody => "anybody".to_owned(),
            Actor::User(id) => format!("user:{id}"),
            Actor::Service(role) => format!("service:{role}"),
        }
    }

    /// Whether the person holds `role` anywhere.
    pub fn holds(&self, role: &str) -> bool {
        self.grants.iter().any(|grant| grant.role == role)
    }
}

/// A client's key for one write: the same id with the same content gets the same answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestKey {
    /// The id that the client made.
    pub id: Uuid,
    /// SHA-256 over method and request, to refuse one id for two requests.
    pub digest: [u8; 32],
}

/// One call as a use-case sees it. Cheap to clone.
#[derive(Clone)]
pub struct Ctx {
    /// Who asks.
    pub principal: Arc<Principal>,
    /// Id of this call, also in the log and in the answer to an INTERNAL error.
    pub call_id: Uuid,
    /// The reader's language.
    pub locale: Locale,
    /// The method and its policy.
    pub method: Arc<Method>,
    /// The texts.
    pub catalogue: Arc<Catalogue>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
}

impl Ctx {
    /// The time now, by the injected clock.
    pub fn now(&self) -> Ts {
        self.clock.now()
    }

    /// The person who asks.
    ///
    /// # Errors
    /// [`AccessError::Denied`] when it is no person.
    pub fn user(&self) -> Result<Uuid, AccessError> {
        match self.principal.actor {
            Actor::User(id) => Ok(id),
            Actor::Anybody | Actor::Service(_) => Err(AccessError::Denied),
        }
    }

    /// The key of a write whose client sent a `request_id`; `None` if it sent none.
    ///
    /// # Errors
    /// A violation if the id is no UUID.
    pub fn request_key<M: prost::Message>(
        &self,
        request_id: &str,
        message: &M,
    ) -> Result<Option<RequestKey>, Violation> {
        if request_id.is_empty() {
            return Ok(None);
        }
        let id = Uuid::try_parse(request_id).map_err(|_| Violation::new("request_id", "INVALID_UUID"))?;
        let mut content = self.method.path.clone().into_bytes();
        content.extend(message.encode_to_vec());
        Ok(Some(RequestKey { id, digest: crate::keys::sha256(&content) }))
    }
}

impl std::fmt::Debug for Ctx {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ctx")
            .field("call_id", &self.call_id)
            .field("method", &self.method.path)
            .finish_non_exhaustive()
    }
}
