//! Looking after accounts that there are.

use super::{App, create::Credential, secrets, user_target};
use crate::{
    domain::{
        SchoolId, UserId,
        grant::{Grant, Role},
        secret::fold_code,
        user::{Kind, Person, User},
    },
    error::Error,
    store::{activations, grants, users},
};
use serde::{Deserialize, Serialize};
use xinqiao_kit::{
    audit,
    authz::{AccessError, Target},
    ctx::{Ctx, RequestKey},
    db::Tx,
    etag,
    page::Page,
    requests,
    time::Ts,
};

/// A change to one account.
#[derive(Debug, Clone)]
pub struct Change {
    /// The account.
    pub user: UserId,
    /// The version that the caller read; empty: any.
    pub etag: String,
    /// The caller's key for this change.
    pub request: Option<RequestKey>,
}

/// Which accounts to list.
#[derive(Debug, Clone)]
pub struct ListUsers {
    /// Those of a school; of the county without.
    pub school: Option<SchoolId>,
    /// Only of this kind.
    pub kind: Option<Kind>,
    /// Which part of the list.
    pub page: Page,
}

/// An account whose password was taken away, and the code for a new one.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Reset {
    /// The account.
    pub user: User,
    /// The code.
    pub credential: Credential,
}

/// The own account and what it may do.
#[derive(Debug, Clone)]
pub struct Me {
    /// The account.
    pub user: User,
    /// Its grants that count.
    pub grants: Vec<Grant>,
}

impl App {
    /// One account, with a guardian's children.
    ///
    /// # Errors
    /// Access.
    pub async fn get_user(&self, ctx: &Ctx, id: UserId) -> Result<User, Error> {
        let found = users::by_id(&self.deps.db, &self.deps.keys, id).await?;
        let user = self.deps.authz.require_found(ctx, found, user_target)?;
        self.with_children(user, ctx.now()).await
    }

    pub(super) async fn with_children(&self, mut user: User, now: Ts) -> Result<User, Error> {
        if let Person::Guardian { children, .. } = &mut user.person {
            *children = grants::children(&self.deps.db, user.id, now).await?;
        }
        Ok(user)
    }

    /// A page of accounts, only of the kinds that the caller may read, and the token of the next page.
    ///
    /// # Errors
    /// Access, where there is no kind that the caller may read.
    pub async fn list_users(&self, ctx: &Ctx, request: ListUsers) -> Result<(Vec<User>, String), Error> {
        let target = |kind: Kind| {
            let mut target = Target::new("user").state(kind.name());
            target.school = request.school.map(Into::into);
            target
        };
        let asked: Vec<Kind> = match (request.kind, request.school) {
            (Some(kind), _) => vec![kind],
            (None, Some(_)) => vec![Kind::Staff, Kind::Pupil, Kind::Guardian],
            (None, None) => vec![Kind::County],
        };
        let action = &ctx.method.policy.action;
        let permits = |kind: &Kind| self.deps.authz.permits(&ctx.principal, action, &target(*kind));
        let kinds: Vec<Kind> = asked.iter().copied().filter(permits).collect();
        if let (true, Some(kind)) = (kinds.is_empty(), asked.first()) {
            self.deps.authz.require(ctx, &target(*kind))?;
        }
        let (db, keys, page) = (&self.deps.db, &self.deps.keys, &request.page);
        let mut found = users::list(db, keys, request.school, &kinds, page.after_id(0), page.fetch()).await?;
        let next = page.cut(&mut found, |user| vec![user.id.to_string()]);
        let mut tx = db.begin().await?;
        let mut read = Target::new("users");
        read.school = request.school.map(Into::into);
        audit::record(&mut tx, ctx, audit::Entry::read(&read)).await?;
        tx.commit().await?;
        Ok((found, next))
    }

    /// The account that a change is about, locked: the caller may change it, and nobody else has since it was read.
    async fn to_change(&self, tx: &mut Tx, ctx: &Ctx, change: &Change) -> Result<User, Error> {
        let found = users::by_id_locked(tx, &self.deps.keys, change.user).await?;
        let user = self.deps.authz.require_found(ctx, found, user_target)?;
        if ctx.user()? == user.id.uuid() {
            return Err(Error::SelfNotAllowed);
        }
        Ok(user)
    }

    /// Stops an account from logging in and ends its sessions.
    ///
    /// # Errors
    /// [`Error::SelfNotAllowed`], [`Error::LastAdministrator`], [`Error::UserDisabled`].
    pub async fn disable_user(&self, ctx: &Ctx, change: Change) -> Result<User, Error> {
        let keys = &self.deps.keys;
        let mut tx = self.deps.db.begin().await?;
        grants::lock_administrators(&mut tx).await?;
        let mut user = self.to_change(&mut tx, ctx, &change).await?;
        if let Some(answer) = requests::begin(&mut tx, ctx, &change.request, keys).await? {
            return Ok(answer);
        }
        etag::check(&change.etag, user.version)?;
        if user.disabled {
            return Err(Error::UserDisabled);
        }
        let now = ctx.now();
        self.not_the_last_administrator(&mut tx, user.id, now).await?;
        user.disabled = true;
        user.version += 1;
        user.update_time = now;
        users::update(&mut tx, &user).await?;
        self.end_sessions_of(&mut tx, user.id, now).await?;
        audit::record(&mut tx, ctx, audit::Entry::write(&user_target(&user)).note("disabled")).await?;
        requests::finish(&mut tx, ctx, &change.request, &user, keys).await?;
        tx.commit().await?;
        Ok(user)
    }

    /// That somebody other than `user` can administer the county, if `user` does.
    pub(super) async fn not_the_last_administrator(
        &self,
        tx: &mut Tx,
        user: UserId,
        now: Ts,
    ) -> Result<(), Error> {
        let administrates = grants::of_role(tx, user, Role::CountyIt)
            .await?
            .iter()
            .any(|grant| grant.state_at(now) == crate::domain::grant::State::Active);
        if administrates && grants::other_administrators(tx, user, now).await? == 0 {
            return Err(Error::LastAdministrator);
        }
        Ok(())
    }

    /// Lets a disabled account log in again.
    ///
    /// # Errors
    /// [`Error::UserActive`].
    pub async fn enable_user(&self, ctx: &Ctx, change: Change) -> Result<User, Error> {
        let keys = &self.deps.keys;
        let mut tx = self.deps.db.begin().await?;
        let mut user = self.to_change(&mut tx, ctx, &change).await?;
        if let Some(answer) = requests::begin(&mut tx, ctx, &change.request, keys).await? {
            return Ok(answer);
        }
        etag::check(&change.etag, user.version)?;
        if !user.disabled {
            return Err(Error::UserActive);
        }
        user.disabled = false;
        user.version += 1;
        user.update_time = ctx.now();
        users::update(&mut tx, &user).await?;
        audit::record(&mut tx, ctx, audit::Entry::write(&user_target(&user)).note("enabled")).await?;
        requests::finish(&mut tx, ctx, &change.request, &user, keys).await?;
        tx.commit().await?;
        Ok(user)
    }

    /// Takes an account's password away, ends its sessions, and makes a code for a new one.
    ///
    /// # Errors
    /// [`Error::SelfNotAllowed`].
    pub async fn reset_password(&self, ctx: &Ctx, change: Change) -> Result<Reset, Error> {
        let keys = &self.deps.keys;
        let mut tx = self.deps.db.begin().await?;
        let user = self.to_change(&mut tx, ctx, &change).await?;
        if let Some(answer) = requests::begin(&mut tx, ctx, &change.request, keys).await? {
            return Ok(answer);
        }
        etag::check(&change.etag, user.version)?;
        let now = ctx.now();
        users::set_password(&mut tx, keys, user.id, &users::Credentials::default(), now).await?;
        self.end_sessions_of(&mut tx, user.id, now).await?;
        let code = secrets::activation_code()?;
        let expire_time = self.activation_expiry(now);
        let activation = activations::Activation {
            id: self.deps.ids.new_id(),
            user: Some(user.id),
            code: &fold_code(&code),
            create_time: now,
            expire_time,
        };
        activations::replace(&mut tx, keys, &activation).await?;
        let user = users::by_id_locked(&mut tx, keys, user.id).await?.ok_or(AccessError::NotFound)?;
        let reset = Reset { credential: Credential::activation_code(code, expire_time), user };
        audit::record(&mut tx, ctx, audit::Entry::write(&user_target(&reset.user)).note("password reset"))
            .await?;
        requests::finish(&mut tx, ctx, &change.request, &reset, keys).await?;
        tx.commit().await?;
        Ok(reset)
    }

    /// The own account and what it may do.
    ///
    /// # Errors
    /// Access.
    pub async fn me(&self, ctx: &Ctx) -> Result<Me, Error> {
        let id = UserId(ctx.user()?);
        let found = users::by_id(&self.deps.db, &self.deps.keys, id).await?;
        let user = self.deps.authz.require_found(ctx, found, user_target)?;
        let grants = grants::live_of_user(&self.deps.db, id, ctx.now()).await?;
        Ok(Me { user: self.with_children(user, ctx.now()).await?, grants })
    }
}
