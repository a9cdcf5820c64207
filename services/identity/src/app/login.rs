//! Logging in: with a password, or with a one-time code that is redeemed for one.

use super::{App, secrets};
use crate::{
    domain::{
        GrantId, SessionId, UserId,
        grant::{Grant, Role, Scope, Source, State},
        password,
        secret::fold_code,
        session::Session,
        throttle,
        user::{DISPLAY_NAME_MAX, Kind, LoginName, Person, User},
    },
    error::Error,
    store::{activations, attempts, grants, sessions, users},
};
use secrecy::{ExposeSecret as _, SecretString};
use xinqiao_kit::{
    audit,
    authz::Target,
    ctx::Ctx,
    db::Tx,
    status::Violation,
    time::Ts,
    validate::{Invalid, Violations},
};

/// Somebody who wants to log in.
#[derive(Debug, Clone)]
pub struct LogIn {
    /// The login name, as typed.
    pub login_name: String,
    /// The password, as typed.
    pub password: SecretString,
    /// What the client calls itself.
    pub client: String,
    /// Where the call comes from, as the gateway says.
    pub address: String,
}

/// Somebody who redeems a one-time code.
#[derive(Debug, Clone)]
pub struct Redeem {
    /// The code, as typed.
    pub code: SecretString,
    /// The password from now on.
    pub password: SecretString,
    /// Login name of the first administrator; empty with every other code.
    pub login_name: String,
    /// Name of the first administrator; empty with every other code.
    pub display_name: String,
    /// What the client calls itself.
    pub client: String,
}

/// Somebody is logged in.
#[derive(Debug, Clone)]
pub struct LoggedIn {
    /// The session.
    pub session: Session,
    /// Its token.
    pub token: SecretString,
    /// Who.
    pub user: User,
}

impl App {
    /// Logs in with login name and password.
    ///
    /// # Errors
    /// [`Error::LoginFailed`] whatever was wrong; [`Error::LoginSlowed`] after too many attempts.
    pub async fn log_in(&self, ctx: &Ctx, request: LogIn) -> Result<LoggedIn, Error> {
        let keys = &self.deps.keys;
        self.deps.authz.require(ctx, &Target::new("session"))?;
        let subject = attempts::subject(keys, &LoginName::fold(&request.login_name), &request.address);
        self.count_attempt(ctx, &subject).await?;
        let login = users::login(&self.deps.db, keys, &request.login_name).await?;
        let hash = login.as_ref().and_then(|login| login.password.clone());
        let right = self.hasher.verify(request.password, hash.clone()).await?;

        let now = ctx.now();
        let mut tx = self.deps.db.begin().await?;
        let account = match &login {
            Some(login) => users::login_locked(&mut tx, keys, login.id).await?,
            None => None,
        };
        // The account is looked at again: it may have been disabled, or its password changed, while we were hashing.
        let Some(account) = account.filter(|account| right && !account.disabled && account.password == hash)
        else {
            let mut target = Target::new("user");
            target.id = login.map(|login| login.id.into());
            audit::record(&mut tx, ctx, audit::Entry::write(&target).note("log-in failed")).await?;
            tx.commit().await?;
            return Err(Error::LoginFailed);
        };
        attempts::clear(&mut tx, &subject).await?;
        let logged_in = self.open_session(&mut tx, ctx, account.id, request.client, now).await?;
        tx.commit().await?;
        Ok(logged_in)
    }

    /// Counts an attempt before it is known how it ends: guesses that arrive together are no cheaper than one after the other.
    pub(super) async fn count_attempt(&self, ctx: &Ctx, subject: &[u8]) -> Result<(), Error> {
        let mut tx = self.deps.db.begin().await?;
        let now = ctx.now();
        let before = attempts::locked(&mut tx, subject, now).await?;
        let counted = throttle::attempt(before, now)
            .map_err(|early| Error::LoginSlowed { wait: early.wait.to_std().unwrap_or_default() })?;
        attempts::put(&mut tx, subject, counted).await?;
        Ok(tx.commit().await?)
    }

    async fn open_session(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        id: UserId,
        client: String,
        now: Ts,
    ) -> Result<LoggedIn, Error> {
        let keys = &self.deps.keys;
        let user = users::by_id_locked(tx, keys, id).await?.ok_or(Error::LoginFailed)?;
        let session = Session {
            id: self.deps.ids.make::<SessionId>(),
            user: id,
            client,
            privileges_version: users::privileges_version(tx, id).await?,
            create_time: now,
            last_use_time: now,
            expire_time: now + self.lifetimes().absolute,
            end_time: None,
        };
        let token = secrets::session_token()?;
        sessions::insert(tx, keys, &session, &token).await?;
        let target = Target::new("session").id(session.id).owner(id);
        audit::record(tx, ctx, audit::Entry::write(&target).note("logged in")).await?;
        Ok(LoggedIn { session, token: token.into(), user })
    }

    /// Redeems a one-time code for a password of the person's own choice, and logs in.
    ///
    /// # Errors
    /// [`Error::ActivationFailed`] whatever is wrong with the code; violations of the password's rules.
    pub async fn redeem(&self, ctx: &Ctx, request: Redeem) -> Result<LoggedIn, Error> {
        self.deps.authz.require(ctx, &Target::new("session"))?;
        let code = SecretString::from(fold_code(request.code.expose_secret()));
        let found =
            activations::peek(&self.deps.db, &self.deps.keys, code.expose_secret(), ctx.now()).await?;
        match found {
            None => self.refuse_code(ctx).await,
            Some(Some(user)) => self.activate(ctx, user, code, request).await,
            Some(None) => self.make_first_administrator(ctx, code, request).await,
        }
    }

    async fn refuse_code(&self, ctx: &Ctx) -> Result<LoggedIn, Error> {
        let mut tx = self.deps.db.begin().await?;
        let target = Target::new("session");
        audit::record(&mut tx, ctx, audit::Entry::write(&target).note("activation failed")).await?;
        tx.commit().await?;
        Err(Error::ActivationFailed)
    }

    async fn activate(
        &self,
        ctx: &Ctx,
        id: UserId,
        code: SecretString,
        request: Redeem,
    ) -> Result<LoggedIn, Error> {
        let keys = &self.deps.keys;
        let user = users::by_id(&self.deps.db, keys, id).await?.ok_or(Error::ActivationFailed)?;
        let mut v = Violations::new();
        for (field, text) in [("login_name", &request.login_name), ("display_name", &request.display_name)] {
            if !text.is_empty() {
                v.push(Violation::new(field, "NOT_ALLOWED"));
            }
        }
        self.check_password(&mut v, "password", &request.password, user.person.kind(), &user.login_name);
        v.into_result()?;
        let hash = self.hasher.hash(request.password).await?;

        let now = ctx.now();
        let mut tx = self.deps.db.begin().await?;
        let disabled = users::by_id_locked(&mut tx, keys, id).await?.is_none_or(|user| user.disabled);
        if disabled || !activations::redeem(&mut tx, keys, code.expose_secret(), now).await? {
            drop(tx);
            return self.refuse_code(ctx).await;
        }
        let credentials = users::Credentials { password: Some(hash), must_change: false };
        users::set_password(&mut tx, keys, id, &credentials, now).await?;
        sessions::end_all(&mut tx, id, None, now).await?;
        let logged_in = self.open_session(&mut tx, ctx, id, request.client, now).await?;
        tx.commit().await?;
        Ok(logged_in)
    }

    async fn make_first_administrator(
        &self,
        ctx: &Ctx,
        code: SecretString,
        request: Redeem,
    ) -> Result<LoggedIn, Error> {
        let (login_name, display_name) = self.check_first_administrator(&request)?;
        let hash = self.hasher.hash(request.password).await?;
        let keys = &self.deps.keys;
        let now = ctx.now();
        let mut tx = self.deps.db.begin().await?;
        // The code dies with the first account, however that was made.
        if !activations::redeem(&mut tx, keys, code.expose_secret(), now).await?
            || users::any(&mut tx).await?
        {
            drop(tx);
            return self.refuse_code(ctx).await;
        }
        let user = User {
            id: self.deps.ids.make(),
            login_name,
            display_name,
            person: Person::County,
            disabled: false,
            must_change_password: false,
            activated: true,
            create_time: now,
            update_time: now,
            version: 1,
        };
        let credentials = users::Credentials { password: Some(hash), must_change: false };
        users::insert(&mut tx, keys, &user, &keys.service_subject(), &credentials).await?;
        let grant = Grant {
            id: self.deps.ids.make::<GrantId>(),
            user: user.id,
            role: Role::CountyIt,
            scope: Scope::County,
            school: None,
            source: Source::Bootstrap,
            state: State::Active,
            proposer: None,
            confirmer: None,
            create_time: now,
            expire_time: None,
            end_time: None,
            version: 1,
        };
        grants::insert(&mut tx, &grant).await?;
        let target = super::user_target(&user);
        audit::record(&mut tx, ctx, audit::Entry::write(&target).note("first administrator")).await?;
        let logged_in = self.open_session(&mut tx, ctx, user.id, request.client, now).await?;
        tx.commit().await?;
        tracing::info!(user = %user.id, "the first administrator has been made");
        Ok(logged_in)
    }

    fn check_first_administrator(&self, request: &Redeem) -> Result<(LoginName, String), Invalid> {
        let mut v = Violations::new();
        let login_name = check_login_name(&mut v, "login_name", &request.login_name);
        let display_name = request.display_name.trim().to_owned();
        v.len("display_name", &display_name, 1, DISPLAY_NAME_MAX);
        if let Some(login_name) = &login_name {
            self.check_password(&mut v, "password", &request.password, Kind::County, login_name);
        }
        v.finish(login_name.map(|login_name| (login_name, display_name)))
    }

    /// Notes what is wrong with a password.
    pub(super) fn check_password(
        &self,
        v: &mut Violations,
        field: &str,
        typed: &SecretString,
        kind: Kind,
        login_name: &LoginName,
    ) {
        if !v.require(field, typed.expose_secret()) {
            return;
        }
        if let Err(weakness) = password::check(typed.expose_secret(), kind, login_name, &self.common) {
            v.push(violation_of(field, weakness));
        }
    }
}

/// A weakness as a violation of `field`.
pub(super) fn violation_of(field: &str, weakness: password::Weakness) -> Violation {
    let violation = Violation::new(field, weakness.reason());
    match weakness {
        password::Weakness::TooShort { min } => violation.param("min", min),
        password::Weakness::TooLong { max } => violation.param("max", max),
        _ => violation,
    }
}

/// Reads a login name, noting what is wrong with it.
pub(crate) fn check_login_name(v: &mut Violations, field: &str, typed: &str) -> Option<LoginName> {
    use crate::domain::user::{LOGIN_NAME_MAX, LOGIN_NAME_MIN};
    if !v.require(field, typed) {
        return None;
    }
    LoginName::parse(typed)
        .map_err(|reason| {
            let violation = Violation::new(field, reason);
            v.push(violation.param("min", LOGIN_NAME_MIN).param("max", LOGIN_NAME_MAX));
        })
        .ok()
}
