//! Giving roles and taking them back.

use super::{App, grant_target};
use crate::{
    domain::{
        ClassId, GrantId, SchoolId, StudentId, UserId,
        grant::{Grant, NewGrant, Reach, Role, Scope, Source, State, reach_of, school_of},
    },
    error::Error,
    store::{
        grants::{self, Of},
        users,
    },
};
use xinqiao_kit::{
    audit,
    authz::Target,
    ctx::{Ctx, RequestKey},
    db::Tx,
    etag,
    page::Page,
    requests,
    status::Violation,
    validate::{Invalid, Violations},
};

/// A role to give.
#[derive(Debug, Clone)]
pub struct CreateGrant {
    /// Which, to whom.
    pub grant: NewGrant,
    /// The caller's key for this call.
    pub request: Option<RequestKey>,
}

/// A proposal to confirm.
#[derive(Debug, Clone)]
pub struct ConfirmGrant {
    /// Which.
    pub grant: GrantId,
    /// The version that the caller read; empty: any.
    pub etag: String,
    /// The caller's key for this call.
    pub request: Option<RequestKey>,
}

/// A grant to take back.
#[derive(Debug, Clone)]
pub struct DeleteGrant {
    /// Which.
    pub grant: GrantId,
    /// The version that the caller read; empty: any.
    pub etag: String,
}

/// Whose grants to list.
pub use crate::store::grants::Of as ListOf;

/// Which grants to list.
#[derive(Debug, Clone)]
pub struct ListGrants {
    /// Whose.
    pub of: ListOf,
    /// In which states.
    pub states: Vec<State>,
    /// Which part of the list.
    pub page: Page,
}

/// What a grant gives away about somebody else, as access policies know it: that somebody supports a pupil says that the pupil is not green; what
/// concerns a pupil says who belongs to whom.
pub(super) const fn sight_of(role: Role) -> &'static str {
    match (role, role.reach()) {
        (Role::Support, _) => "support",
        (_, Reach::Student) => "student",
        (_, Reach::County) => "county",
        (_, Reach::School | Reach::Class) => "place",
    }
}

impl App {
    /// Gives a role. At the county it waits for a second person.
    ///
    /// # Errors
    /// Violations; [`Error::SelfNotAllowed`].
    pub async fn create_grant(&self, ctx: &Ctx, request: CreateGrant) -> Result<Grant, Error> {
        let (new, now) = (request.grant, ctx.now());
        let caller = UserId(ctx.user()?);
        let school = match new.scope {
            Scope::Student(student) => self.school_of_student(StudentId(student)).await?,
            _ => school_of(&new.scope),
        };
        let mut target = Target::new("grant").state(sight_of(new.role));
        target.school = school.map(Into::into);
        self.deps.authz.require(ctx, &target)?;
        let two_people = new.role.needs_two_people();
        self.check_new_grant(ctx, &new, school).await?;
        if new.user == caller {
            return Err(Error::SelfNotAllowed);
        }
        let grant = Grant {
            id: self.deps.ids.make(),
            user: new.user,
            role: new.role,
            scope: new.scope,
            school,
            source: Source::Manual,
            state: if two_people { State::Pending } else { State::Active },
            proposer: Some(caller),
            confirmer: None,
            create_time: now,
            expire_time: new.expire_time,
            end_time: None,
            version: 1,
        };
        let mut tx = self.deps.db.begin().await?;
        if let Some(answer) = requests::begin(&mut tx, ctx, &request.request, &self.deps.keys).await? {
            return Ok(answer);
        }
        self.check_holder(&mut tx, &grant).await?;
        if !grants::insert(&mut tx, &grant).await? {
            return Err(Violation::new("grant.role", "TAKEN").into());
        }
        if !two_people {
            users::privileges_changed(&mut tx, grant.user).await?;
        }
        let note = if two_people { "role proposed" } else { "role given" };
        audit::record(&mut tx, ctx, audit::Entry::write(&grant_target(&grant)).note(note)).await?;
        requests::finish(&mut tx, ctx, &request.request, &grant, &self.deps.keys).await?;
        tx.commit().await?;
        Ok(grant)
    }

    async fn check_new_grant(
        &self,
        ctx: &Ctx,
        new: &NewGrant,
        school: Option<SchoolId>,
    ) -> Result<(), Error> {
        let mut v = Violations::new();
        if !new.role.given_by_hand() {
            v.push(Violation::new("grant.role", "ROLE_FOLLOWS_FROM_FACTS"));
        }
        if new.role.reach() != reach_of(&new.scope) {
            v.push(Violation::new("grant.scope", "ROLE_SCOPE_MISMATCH"));
        }
        if new.expire_time.is_some_and(|time| time <= ctx.now()) {
            v.push(Violation::new("grant.expire_time", "NOT_IN_FUTURE"));
        }
        let found = match new.scope {
            Scope::Class { school, class } => self.is_class_of(ClassId(class), SchoolId(school)).await?,
            Scope::Student(_) => school.is_some(),
            Scope::School(_) | Scope::County => true,
        };
        if !found {
            v.push(Violation::new("grant.scope", "NOT_OF_SCHOOL"));
        }
        Ok(v.into_result()?)
    }

    async fn check_holder(&self, tx: &mut Tx, grant: &Grant) -> Result<(), Error> {
        let kind = users::kind(tx, grant.user).await?;
        let kind = kind.ok_or_else(|| Invalid::one(Violation::new("grant.user", "NO_SUCH_USER")))?;
        if grant.role.fits(kind) {
            Ok(())
        } else {
            Err(Violation::new("grant.role", "ROLE_KIND_MISMATCH").into())
        }
    }

    async fn found(&self, tx: &mut Tx, ctx: &Ctx, id: GrantId) -> Result<Grant, Error> {
        let found = grants::by_id_locked(tx, id).await?;
        Ok(self.deps.authz.require_found(ctx, found, grant_target)?)
    }

    /// Confirms a role at the county that somebody else proposed.
    ///
    /// # Errors
    /// [`Error::GrantNotPending`], [`Error::SelfNotAllowed`], [`Error::SecondPersonNeeded`].
    pub async fn confirm_grant(&self, ctx: &Ctx, request: ConfirmGrant) -> Result<Grant, Error> {
        let (keys, now) = (&self.deps.keys, ctx.now());
        let caller = UserId(ctx.user()?);
        let mut tx = self.deps.db.begin().await?;
        grants::lock_administrators(&mut tx).await?;
        let proposal = self.found(&mut tx, ctx, request.grant).await?;
        if let Some(answer) = requests::begin(&mut tx, ctx, &request.request, keys).await? {
            return Ok(answer);
        }
        etag::check(&request.etag, proposal.version)?;
        // Until there is a second person, the first administrator is all the county has.
        let alone = proposal.proposer == Some(caller)
            && grants::is_bootstrap(&mut tx, caller).await?
            && grants::others_at_county(&mut tx, caller, &Role::CONFIRMERS, now).await? == 0;
        let grant = proposal.confirmed(caller, alone, now)?;
        grants::update(&mut tx, &grant).await?;
        users::privileges_changed(&mut tx, grant.user).await?;
        let note = if alone { "role confirmed by its proposer alone" } else { "role confirmed" };
        audit::record(&mut tx, ctx, audit::Entry::write(&grant_target(&grant)).note(note)).await?;
        requests::finish(&mut tx, ctx, &request.request, &grant, keys).await?;
        tx.commit().await?;
        if alone {
            tracing::warn!(grant = %grant.id, role = grant.role.name(), "a role at the county was confirmed by its proposer alone");
        }
        Ok(grant)
    }

    /// Takes a role back, or withdraws a proposal.
    ///
    /// # Errors
    /// [`Error::GrantDerived`], [`Error::GrantEnded`], [`Error::LastAdministrator`].
    pub async fn delete_grant(&self, ctx: &Ctx, request: DeleteGrant) -> Result<(), Error> {
        let now = ctx.now();
        let mut tx = self.deps.db.begin().await?;
        grants::lock_administrators(&mut tx).await?;
        let grant = self.found(&mut tx, ctx, request.grant).await?;
        etag::check(&request.etag, grant.version)?;
        if grant.source.is_derived() {
            return Err(Error::GrantDerived { origin: grant.source.name() });
        }
        if grant.state_at(now) == State::Ended {
            return Err(Error::GrantEnded);
        }
        if grant.role == Role::CountyIt && grant.state == State::Active {
            self.not_the_last_administrator(&mut tx, grant.user, now).await?;
        }
        let grant = grant.ended(now);
        grants::update(&mut tx, &grant).await?;
        users::privileges_changed(&mut tx, grant.user).await?;
        audit::record(&mut tx, ctx, audit::Entry::write(&grant_target(&grant)).note("role taken back"))
            .await?;
        Ok(tx.commit().await?)
    }

    /// A page of grants, only those that the caller may see, and the token of the next page.
    ///
    /// # Errors
    /// Access, where the caller may see none.
    pub async fn list_grants(&self, ctx: &Ctx, request: ListGrants) -> Result<(Vec<Grant>, String), Error> {
        let base = match request.of {
            Of::County => Target::new("grant"),
            Of::School(school) => Target::new("grant").school(school),
            Of::User(id) => self.account_of_grants(ctx, id).await?,
        };
        let action = &ctx.method.policy.action;
        let sees = |role: &Role| {
            self.deps.authz.permits(&ctx.principal, action, &base.clone().state(sight_of(*role)))
        };
        let roles: Vec<Role> = Role::ALL.into_iter().filter(sees).collect();
        if roles.is_empty() {
            self.deps.authz.require(ctx, &base.state("place"))?;
        }
        let page = &request.page;
        let db = &self.deps.db;
        let mut found =
            grants::list(db, request.of, &roles, &request.states, ctx.now(), page.after_id(0), page.fetch())
                .await?;
        let next = page.cut(&mut found, |grant| vec![grant.id.to_string()]);
        Ok((found, next))
    }

    async fn account_of_grants(&self, ctx: &Ctx, id: UserId) -> Result<Target, Error> {
        let user = users::by_id(&self.deps.db, &self.deps.keys, id).await?;
        // An account that does not exist is refused as one that the caller may not see.
        let user = match user {
            Some(user) => user,
            None => self.deps.authz.require_found(ctx, None, super::user_target)?,
        };
        let mut target = Target::new("grant").owner(user.id);
        target.school = user.person.school().map(Into::into);
        Ok(target)
    }
}
