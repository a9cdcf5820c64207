//! Making accounts, one or a class at a time.

use super::{App, secrets, user_target};
use crate::{
    domain::{
        GrantId, SchoolId, StudentId, UserId,
        grant::{Grant, Role, Scope, Source, State},
        secret::fold_code,
        user::{Kind, NewUser, Person, User},
    },
    error::Error,
    store::{activations, grants, users},
};
use futures::future::try_join_all;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, HashMap};
use uuid::Uuid;
use xinqiao_kit::{
    audit,
    authz::Target,
    ctx::{Ctx, RequestKey},
    db::Tx,
    keys::SubjectKey,
    requests,
    status::Violation,
    time::Ts,
    validate::Violations,
};

/// What an account is opened with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum CredentialKind {
    /// A code that is redeemed once for a password.
    ActivationCode,
    /// A password that must be changed at the first log-in.
    InitialPassword,
}

/// The secret that opens an account.
#[derive(Clone, Serialize, Deserialize)]
pub struct Credential {
    /// What kind.
    pub kind: CredentialKind,
    /// The secret.
    pub secret: String,
    /// Until when it can be used.
    pub expire_time: Option<Ts>,
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Credential({:?})", self.kind)
    }
}

impl Credential {
    /// An activation code.
    pub fn activation_code(code: String, expire_time: Ts) -> Self {
        Self { kind: CredentialKind::ActivationCode, secret: code, expire_time: Some(expire_time) }
    }
}

/// Accounts to make: each as it was understood, or everything that is wrong with it.
#[derive(Debug, Clone)]
pub struct NewUsers {
    /// The accounts, in the order of the request.
    pub items: Vec<Item>,
    /// What opens them.
    pub credential_kind: CredentialKind,
    /// The caller's key for this call.
    pub request: Option<RequestKey>,
}

/// One account to make.
#[derive(Debug, Clone)]
pub struct Item {
    /// Path of the account in the request, such as `users[3]`.
    pub field: String,
    /// The account, or what is wrong with it.
    pub user: Result<NewUser, Vec<Violation>>,
}

/// A violation as it is kept with the answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// Path of the field.
    pub field: String,
    /// The reason.
    pub reason: String,
    /// Parameters of its text.
    pub params: Vec<(String, String)>,
}

impl From<Violation> for Fault {
    fn from(violation: Violation) -> Self {
        let params = violation.params.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Self { field: violation.field, reason: violation.reason.to_owned(), params }
    }
}

/// An account that was made, and what opens it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Created {
    /// The account.
    pub user: User,
    /// What opens it.
    pub credential: Credential,
}

/// What became of each item of a batch.
pub type Outcomes = Vec<Result<Created, Vec<Fault>>>;

type Checked = Vec<Result<NewUser, Vec<Violation>>>;

impl App {
    /// Makes one account.
    ///
    /// # Errors
    /// Every violation.
    pub async fn create_user(&self, ctx: &Ctx, request: NewUsers) -> Result<Created, Error> {
        let key = request.request.clone();
        let prepared = self.prepare(ctx, request).await?;
        let mut tx = self.deps.db.begin().await?;
        if let Some(answer) = requests::begin(&mut tx, ctx, &key, &self.deps.keys).await? {
            return Ok(answer);
        }
        let created = match self.make(&mut tx, ctx, prepared).await?.pop() {
            Some(Ok(created)) => created,
            Some(Err(violations)) => return Err(invalid(violations)),
            None => return Err(Violation::new("user", "REQUIRED").into()),
        };
        requests::finish(&mut tx, ctx, &key, &created, &self.deps.keys).await?;
        tx.commit().await?;
        Ok(created)
    }

    /// Makes many accounts; each stands alone.
    ///
    /// # Errors
    /// Access: the caller must be permitted to make all of them.
    pub async fn create_users(&self, ctx: &Ctx, request: NewUsers) -> Result<Outcomes, Error> {
        let key = request.request.clone();
        let prepared = self.prepare(ctx, request).await?;
        let mut tx = self.deps.db.begin().await?;
        if let Some(answer) = requests::begin(&mut tx, ctx, &key, &self.deps.keys).await? {
            return Ok(answer);
        }
        let made = self.make(&mut tx, ctx, prepared).await?;
        let outcomes: Outcomes = made
            .into_iter()
            .map(|item| item.map_err(|faults| faults.into_iter().map(Fault::from).collect()))
            .collect();
        requests::finish(&mut tx, ctx, &key, &outcomes, &self.deps.keys).await?;
        tx.commit().await?;
        Ok(outcomes)
    }

    /// Everything that is done outside the transaction: authorise, ask profiles, hash.
    async fn prepare(&self, ctx: &Ctx, request: NewUsers) -> Result<Prepared, Error> {
        let places: BTreeSet<(Option<SchoolId>, Kind)> = request
            .items
            .iter()
            .filter_map(|item| item.user.as_ref().ok())
            .map(|user| (user.person.school(), user.person.kind()))
            .collect();
        for (school, kind) in &places {
            let mut target = Target::new("user").state(kind.name());
            target.school = school.map(Into::into);
            self.deps.authz.require(ctx, &target)?;
        }
        if places.is_empty() {
            // Nothing was understood; who may do this nowhere is not told what was wrong.
            self.deps.authz.visibility(ctx)?;
        }
        let fields: Vec<String> = request.items.iter().map(|item| item.field.clone()).collect();
        let checked = self.check_placements(request.items).await?;
        let good = checked.iter().filter(|item| item.is_ok()).count();
        let secrets = self.make_secrets(request.credential_kind, good).await?;
        Ok(Prepared { fields, checked, secrets })
    }

    /// A pupil's account belongs to a pupil of that school, and a guardian's children are there: profiles knows.
    async fn check_placements(&self, items: Vec<Item>) -> Result<Checked, Error> {
        let wanted: Vec<(StudentId, SchoolId)> = items
            .iter()
            .filter_map(|item| item.user.as_ref().ok())
            .filter_map(|user| user.person.school().map(|school| (school, user.person.students())))
            .flat_map(|(school, students)| students.iter().map(move |student| (*student, school)))
            .collect();
        let placed = self.placed_at(&wanted).await?;
        let check = |item: Item| {
            let user = item.user?;
            let Some(school) = user.person.school() else { return Ok(user) };
            let mut v = Violations::new();
            for (index, student) in user.person.students().iter().enumerate() {
                if !placed.contains(&(*student, school)) {
                    let field = match user.person {
                        Person::Pupil { .. } => format!("{}.student", item.field),
                        _ => format!("{}.children[{index}]", item.field),
                    };
                    v.push(Violation::new(field, "NOT_OF_SCHOOL"));
                }
            }
            v.into_result().map(|()| user).map_err(xinqiao_kit::validate::Invalid::into_violations)
        };
        Ok(items.into_iter().map(check).collect())
    }

    async fn make_secrets(&self, kind: CredentialKind, count: usize) -> Result<Vec<Secret>, Error> {
        match kind {
            CredentialKind::ActivationCode => (0..count)
                .map(|_| Ok(Secret { kind, secret: secrets::activation_code()?, hash: None }))
                .collect(),
            CredentialKind::InitialPassword => {
                let one = || async {
                    let secret = secrets::first_password()?;
                    let hash = Some(self.hasher.hash(secret.clone().into()).await?);
                    Ok::<_, Error>(Secret { kind, secret, hash })
                };
                try_join_all((0..count).map(|_| one())).await
            }
        }
    }

    async fn make(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        prepared: Prepared,
    ) -> Result<Vec<Result<Created, Vec<Violation>>>, Error> {
        let pupils: Vec<Uuid> = prepared
            .checked
            .iter()
            .filter_map(|item| item.as_ref().ok())
            .filter_map(|user| user.person.student())
            .map(StudentId::uuid)
            .collect();
        let keys =
            if pupils.is_empty() { HashMap::new() } else { self.deps.keys.subjects(tx, &pupils).await? };
        let mut secrets = prepared.secrets.into_iter();
        let mut made = Vec::with_capacity(prepared.checked.len());
        for (field, item) in prepared.fields.into_iter().zip(prepared.checked) {
            made.push(match item {
                Ok(new) => {
                    let secret = secrets.next().ok_or_else(|| Error::Hash("too few secrets".to_owned()))?;
                    self.make_one(tx, ctx, &field, new, secret, &keys).await?
                }
                Err(violations) => Err(violations),
            });
        }
        Ok(made)
    }

    async fn make_one(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        field: &str,
        new: NewUser,
        secret: Secret,
        pupil_keys: &HashMap<Uuid, SubjectKey>,
    ) -> Result<Result<Created, Vec<Violation>>, Error> {
        let (keys, now) = (&self.deps.keys, ctx.now());
        let initial = secret.kind == CredentialKind::InitialPassword;
        let user = User {
            id: self.deps.ids.make::<UserId>(),
            login_name: new.login_name,
            display_name: new.display_name,
            person: new.person,
            disabled: false,
            must_change_password: initial,
            activated: initial,
            create_time: now,
            update_time: now,
            version: 1,
        };
        let service = keys.service_subject();
        let key =
            user.person.student().and_then(|student| pupil_keys.get(&student.uuid())).unwrap_or(&service);
        let credentials = users::Credentials { password: secret.hash, must_change: initial };
        if !users::insert(tx, keys, &user, key, &credentials).await? {
            let taken = users::login_exists(tx, keys, &user.login_name).await?;
            let field = format!("{field}.{}", if taken { "login_name" } else { "student" });
            return Ok(Err(vec![Violation::new(field, "TAKEN")]));
        }
        let credential = if initial {
            Credential { kind: secret.kind, secret: secret.secret, expire_time: None }
        } else {
            let expire_time = self.activation_expiry(now);
            let code = fold_code(&secret.secret);
            let id = self.deps.ids.new_id();
            let activation = activations::Activation {
                id,
                user: Some(user.id),
                code: &code,
                create_time: now,
                expire_time,
            };
            activations::insert(tx, keys, &activation).await?;
            Credential::activation_code(secret.secret, expire_time)
        };
        self.grant_own_students(tx, ctx, &user).await?;
        audit::record(tx, ctx, audit::Entry::write(&user_target(&user)).note("account made")).await?;
        Ok(Ok(Created { user, credential }))
    }

    /// A pupil may see the own record, a guardian those of the children.
    async fn grant_own_students(&self, tx: &mut Tx, ctx: &Ctx, user: &User) -> Result<(), Error> {
        let (role, source, proposer) = match user.person.kind() {
            Kind::Pupil => (Role::Pupil, Source::Account, None),
            _ => (Role::Guardian, Source::Manual, Some(UserId(ctx.user()?))),
        };
        for student in user.person.students() {
            let grant = Grant {
                id: self.deps.ids.make::<GrantId>(),
                user: user.id,
                role,
                scope: Scope::Student(student.uuid()),
                school: user.person.school(),
                source,
                state: State::Active,
                proposer,
                confirmer: None,
                create_time: ctx.now(),
                expire_time: None,
                end_time: None,
                version: 1,
            };
            grants::insert(tx, &grant).await?;
        }
        Ok(())
    }
}

struct Secret {
    kind: CredentialKind,
    secret: String,
    hash: Option<String>,
}

struct Prepared {
    fields: Vec<String>,
    checked: Checked,
    secrets: Vec<Secret>,
}

fn invalid(violations: Vec<Violation>) -> Error {
    let mut v = Violations::new();
    violations.into_iter().for_each(|violation| v.push(violation));
    v.into_result().map_or_else(Error::from, |()| Violation::new("user", "REQUIRED").into())
}
