//! Sessions: what a token is worth, which there are, and their end.

use super::{App, secrets};
use crate::{
    domain::{SessionId, UserId, session::Session},
    error::Error,
    store::{
        grants,
        sessions::{self, Presented},
        users,
    },
};
use secrecy::{ExposeSecret as _, SecretString};
use std::time::Duration;
use xinqiao_kit::{
    audit,
    authz::{AccessError, Target},
    ctx::{self, Ctx, Principal},
    page::Page,
    time::Ts,
};

/// How long services accept an internal token: a role that was taken back works for so long at most.
const INTERNAL_TOKEN_LIFETIME: Duration = Duration::from_secs(30);

/// What a session token is worth now.
#[derive(Debug, Clone)]
pub struct Exchanged {
    /// The internal token.
    pub internal_token: SecretString,
    /// Until when services accept it.
    pub expire_time: Ts,
    /// Who asks.
    pub user: UserId,
    /// The session.
    pub session: SessionId,
    /// The session token to use from now on, if there is another.
    pub replacement: Option<SecretString>,
}

/// One of the own sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// The one that asks.
    Current,
    /// The one of that id.
    Id(SessionId),
}

impl App {
    /// Turns a session token into an internal one.
    ///
    /// # Errors
    /// [`Error::SessionEnded`] whatever ended it.
    pub async fn exchange(&self, ctx: &Ctx, token: SecretString) -> Result<Exchanged, Error> {
        let (db, keys) = (&self.deps.db, &self.deps.keys);
        self.deps.authz.require(ctx, &Target::new("session"))?;
        let now = ctx.now();
        let hash = sessions::token_hash(keys, token.expose_secret());
        let lifetimes = self.lifetimes();
        let found = sessions::presented(db, &hash).await?;
        let found = found.filter(|found| found.session.is_live(now, lifetimes) && !found.disabled);
        let Some(found) = found else { return Err(Error::SessionEnded) };
        let replacement = self.rotate(&found, &hash, &token).await?;
        let Session { id, user, .. } = found.session;
        if found.session.is_use_noted(now) {
            sessions::note_use(db, id, now).await?;
        }
        let grants = if found.must_change_password {
            // Somebody else knows the password: until it is changed the session can do nothing but change it.
            Vec::new()
        } else {
            grants::live_of_user(db, user, now).await?
        };
        let principal = Principal {
            session: Some(id.into()),
            ..Principal::user(user.into(), grants.iter().map(token_grant).collect())
        };
        let lifetime = chrono::Duration::from_std(INTERNAL_TOKEN_LIFETIME).unwrap_or_default();
        Ok(Exchanged {
            internal_token: self.deps.signer.issue(&principal, INTERNAL_TOKEN_LIFETIME)?.into(),
            expire_time: now + lifetime,
            user,
            session: id,
            replacement,
        })
    }

    /// A token that was made before the person's privileges changed is replaced. The old one works until the new one is used,
    /// since the answer that carries it may get lost.
    async fn rotate(
        &self,
        found: &Presented,
        hash: &[u8],
        token: &SecretString,
    ) -> Result<Option<SecretString>, Error> {
        let db = &self.deps.db;
        if found.next_token_hash.as_deref() == Some(hash) {
            sessions::adopt(db, found.session.id, hash, found.privileges_version).await?;
            return Ok(None);
        }
        if found.session.privileges_version == found.privileges_version {
            return Ok(None);
        }
        let next = secrets::next_session_token(&self.deps.keys, token.expose_secret());
        let next_hash = sessions::token_hash(&self.deps.keys, &next);
        if found.next_token_hash.as_deref() != Some(next_hash.as_slice()) {
            sessions::offer(db, found.session.id, &next_hash).await?;
        }
        Ok(Some(next.into()))
    }

    /// The own sessions that count, newest first, and the token of the next page.
    ///
    /// # Errors
    /// Access, database.
    pub async fn list_sessions(&self, ctx: &Ctx, page: Page) -> Result<(Vec<Session>, String), Error> {
        let user = UserId(ctx.user()?);
        self.deps.authz.require(ctx, &Target::new("session").owner(user))?;
        let now = ctx.now();
        let before = page.after.is_some().then(|| page.after_id(0));
        let used_since = now - self.lifetimes().idle;
        let mut found =
            sessions::list(&self.deps.db, &self.deps.keys, user, used_since, now, before, page.fetch())
                .await?;
        let next = page.cut(&mut found, |session| vec![session.id.to_string()]);
        Ok((found, next))
    }

    /// Ends one of the own sessions. Ending one that has ended changes nothing.
    ///
    /// # Errors
    /// NOT_FOUND for a session of somebody else.
    pub async fn end_session(&self, ctx: &Ctx, which: Which) -> Result<(), Error> {
        let user = UserId(ctx.user()?);
        let id = match which {
            Which::Id(id) => id,
            Which::Current => SessionId(ctx.principal.session.ok_or(AccessError::NotFound)?),
        };
        let target = Target::new("session").id(id).owner(user);
        self.deps.authz.require(ctx, &target)?;
        let mut tx = self.deps.db.begin().await?;
        if !sessions::belongs(&mut tx, user, id).await? {
            return Err(AccessError::NotFound.into());
        }
        if sessions::end(&mut tx, user, id, ctx.now()).await? {
            audit::record(&mut tx, ctx, audit::Entry::write(&target).note("logged out")).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Ends what a person is logged in with, and notes that the privileges have changed.
    pub(super) async fn end_sessions_of(
        &self,
        tx: &mut xinqiao_kit::db::Tx,
        user: UserId,
        now: Ts,
    ) -> Result<(), Error> {
        sessions::end_all(tx, user, None, now).await?;
        users::privileges_changed(tx, user).await
    }
}

fn token_grant(grant: &crate::domain::grant::Grant) -> ctx::Grant {
    ctx::Grant { role: grant.role.name().to_owned(), scope: grant.scope }
}
