//! What people do with accounts, sessions and grants: authorise, load, apply the rule, save, tell.

mod accounts;
mod bootstrap;
mod create;
mod events;
mod grants;
mod hasher;
mod login;
mod password;
mod placement;
mod secrets;
mod sessions;
mod tidy;
mod update;

pub use accounts::{Change, ListUsers, Me};
pub use bootstrap::bootstrap;
pub use create::{Created, Credential, CredentialKind, Fault, Item, NewUsers, Outcomes};
pub use events::Fact;
pub use grants::{ConfirmGrant, CreateGrant, DeleteGrant, ListGrants, ListOf};
pub use hasher::Hasher;
pub(crate) use login::check_login_name;
pub use login::{LogIn, LoggedIn, Redeem};
pub use password::{ChangePassword, Changed};
pub use sessions::{Exchanged, Which};
pub use tidy::tidy;
pub use update::UpdateUser;

use crate::{
    domain::{grant::Grant, password::Common, session::Lifetimes, user::User},
    error::Error,
};
use chrono::Duration;
use xinqiao_kit::{authz::Target, deps::Deps, time::Ts};

/// Identity's use-cases.
#[derive(Debug)]
pub struct App {
    deps: Deps,
    hasher: Hasher,
    common: Common,
}

impl App {
    /// The use-cases over `deps`.
    ///
    /// # Errors
    /// The hasher refuses its parameters.
    pub fn new(deps: Deps) -> Result<Self, Error> {
        Ok(Self { deps, hasher: Hasher::new()?, common: Common::new(xinqiao_seeds::passwords::COMMON) })
    }

    /// How long sessions last, by the county's settings.
    pub fn lifetimes(&self) -> Lifetimes {
        let settings = &self.deps.settings.identity;
        Lifetimes {
            idle: Duration::minutes(settings.session_idle_minutes.into()),
            absolute: Duration::hours(settings.session_hours.into()),
        }
    }

    /// Until when a code that is made `now` can be redeemed.
    fn activation_expiry(&self, now: Ts) -> Ts {
        now + Duration::hours(self.deps.settings.identity.activation_hours.into())
    }
}

/// What access to an account depends on.
fn user_target(user: &User) -> Target {
    let mut target = Target::new("user").id(user.id).owner(user.id).state(user.person.kind().name());
    target.school = user.person.school().map(Into::into);
    target.student = user.person.student().map(Into::into);
    target
}

/// What access to a grant depends on.
fn grant_target(grant: &Grant) -> Target {
    let mut target = Target::new("grant").id(grant.id).owner(grant.user).state(grants::sight_of(grant.role));
    target.school = grant.school.map(Into::into);
    target.student = crate::domain::grant::student_of(&grant.scope).map(Into::into);
    target
}
