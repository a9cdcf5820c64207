//! Changing the own password.

use super::{App, login::violation_of, secrets, user_target};
use crate::{
    domain::{SessionId, UserId, password::Weakness, user::User},
    error::Error,
    store::{activations, attempts, sessions, users},
};
use secrecy::{ExposeSecret as _, SecretString};
use xinqiao_kit::{
    audit,
    authz::{AccessError, Target},
    ctx::Ctx,
    validate::Violations,
};

/// Somebody who wants another password.
#[derive(Debug, Clone)]
pub struct ChangePassword {
    /// The password up to now.
    pub old: SecretString,
    /// The password from now on.
    pub new: SecretString,
    /// Where the call comes from, as the gateway says.
    pub address: String,
}

/// The password is changed.
#[derive(Debug, Clone)]
pub struct Changed {
    /// The account.
    pub user: User,
    /// The token of this session from now on.
    pub token: SecretString,
}

impl App {
    /// Changes the own password, ends the other sessions and gives this one another token.
    ///
    /// # Errors
    /// [`Error::LoginFailed`] for a wrong old password, slowed down as log-ins are; violations of the password's rules.
    pub async fn change_password(&self, ctx: &Ctx, request: ChangePassword) -> Result<Changed, Error> {
        let (db, keys) = (&self.deps.db, &self.deps.keys);
        let id = UserId(ctx.user()?);
        let session = SessionId(ctx.principal.session.ok_or(Error::SessionEnded)?);
        let target = Target::new("user").id(id).owner(id);
        self.deps.authz.require(ctx, &target)?;
        let user = users::by_id(db, keys, id).await?.ok_or(AccessError::NotFound)?;
        let mut v = Violations::new();
        v.require("old_password", request.old.expose_secret());
        self.check_password(&mut v, "new_password", &request.new, user.person.kind(), &user.login_name);
        if request.old.expose_secret() == request.new.expose_secret() {
            v.push(violation_of("new_password", Weakness::Unchanged));
        }
        v.into_result()?;

        let subject = attempts::subject(keys, user.login_name.as_str(), &request.address);
        self.count_attempt(ctx, &subject).await?;
        let old_hash = users::password(db, keys, id).await?;
        if !self.hasher.verify(request.old, old_hash.clone()).await? {
            let mut tx = db.begin().await?;
            audit::record(&mut tx, ctx, audit::Entry::write(&target).note("wrong old password")).await?;
            tx.commit().await?;
            return Err(Error::LoginFailed);
        }
        let new_hash = self.hasher.hash(request.new).await?;

        let now = ctx.now();
        let mut tx = db.begin().await?;
        let login = users::login_locked(&mut tx, keys, id).await?.ok_or(AccessError::NotFound)?;
        if login.password != old_hash || login.disabled {
            return Err(Error::LoginFailed);
        }
        let credentials = users::Credentials { password: Some(new_hash), must_change: false };
        users::set_password(&mut tx, keys, id, &credentials, now).await?;
        activations::revoke(&mut tx, Some(id)).await?;
        sessions::end_all(&mut tx, id, Some(session), now).await?;
        let token = secrets::session_token()?;
        let version = users::privileges_version(&mut tx, id).await?;
        if !sessions::replace_token(&mut tx, keys, session, &token, version).await? {
            return Err(Error::SessionEnded);
        }
        attempts::clear(&mut tx, &subject).await?;
        let user = users::by_id_locked(&mut tx, keys, id).await?.ok_or(AccessError::NotFound)?;
        audit::record(&mut tx, ctx, audit::Entry::write(&user_target(&user)).note("password changed"))
            .await?;
        tx.commit().await?;
        Ok(Changed { user, token: token.into() })
    }
}
