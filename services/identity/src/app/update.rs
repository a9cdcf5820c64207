//! Changing what an account says of its person.

use super::{App, user_target};
use crate::{
    domain::{SchoolId, UserId, user::User},
    error::Error,
    store::users,
};
use xinqiao_kit::{audit, ctx::Ctx, etag, status::Violation};

/// What to change of an account; what is not given stays.
#[derive(Debug, Clone)]
pub struct UpdateUser {
    /// The account.
    pub user: UserId,
    /// What the person is called from now on.
    pub display_name: Option<String>,
    /// The school that keeps the account from now on.
    pub school: Option<SchoolId>,
    /// The version that the caller read; empty: any.
    pub etag: String,
}

impl App {
    /// Changes what a person is called, or the school that keeps the account.
    ///
    /// # Errors
    /// Access, at both schools; a violation for an account that does not move by hand.
    pub async fn update_user(&self, ctx: &Ctx, update: UpdateUser) -> Result<User, Error> {
        let keys = &self.deps.keys;
        let mut tx = self.deps.db.begin().await?;
        let found = users::by_id_locked(&mut tx, keys, update.user).await?;
        let mut user = self.deps.authz.require_found(ctx, found, user_target)?;
        etag::check(&update.etag, user.version)?;
        if let Some(school) = update.school.filter(|school| user.person.school() != Some(*school)) {
            let moved = user.person.at(school);
            user.person = moved.ok_or_else(|| Violation::new("user.school", "NOT_ALLOWED"))?;
            self.deps.authz.require(ctx, &user_target(&user))?;
        }
        if let Some(display_name) = update.display_name {
            user.display_name = display_name;
        }
        user.version += 1;
        user.update_time = ctx.now();
        users::update_profile(&mut tx, keys, &user).await?;
        audit::record(&mut tx, ctx, audit::Entry::write(&user_target(&user)).note("account changed")).await?;
        tx.commit().await?;
        self.with_children(user, ctx.now()).await
    }
}
