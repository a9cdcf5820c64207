//! What other services tell, and the grants that follow.

use super::{App, grant_target};
use crate::{
    domain::{
        ClassId, GrantId, SchoolId, StudentId, UserId,
        facts::StaffFact,
        grant::{Grant, Role, Scope, Source, State},
    },
    error::Error,
    store::{grants, sessions, users},
};
use std::collections::BTreeSet;
use uuid::Uuid;
use xinqiao_kit::{audit, authz::Target, ctx::Ctx, db::Tx, inbox};

/// What became true elsewhere and concerns identity.
#[derive(Debug, Clone)]
pub enum Fact {
    /// A staff record, as it is now.
    Staff(StaffFact),
    /// A pupil's support team, as it is now.
    Team {
        /// The pupil.
        student: StudentId,
        /// The pupil's school.
        school: SchoolId,
        /// The accounts of the members.
        members: Vec<UserId>,
    },
    /// A pupil is somewhere else now.
    Moved {
        /// The pupil.
        student: StudentId,
        /// Where; none if the pupil has left.
        place: Option<(SchoolId, ClassId)>,
    },
    /// Something that changes nothing here.
    Other,
}

/// A role that follows from a fact.
#[derive(PartialEq)]
struct Wanted {
    user: UserId,
    role: Role,
    scope: Scope,
    school: Option<SchoolId>,
}

impl App {
    /// Takes a fact, once.
    ///
    /// # Errors
    /// Access, database.
    pub async fn take(&self, ctx: &Ctx, event: Uuid, fact: Fact) -> Result<(), Error> {
        self.deps.authz.require(ctx, &Target::new("event").id(event))?;
        let mut tx = self.deps.db.begin().await?;
        if !inbox::first_time(&mut tx, event, ctx.now()).await? {
            return Ok(());
        }
        let mut changed = BTreeSet::new();
        match fact {
            Fact::Staff(fact) => self.staff_changed(&mut tx, ctx, &fact, &mut changed).await?,
            Fact::Team { student, school, members } => {
                let scope = Scope::Student(student.uuid());
                let wanted = members
                    .into_iter()
                    .map(|user| Wanted { user, role: Role::Support, scope, school: Some(school) })
                    .collect();
                self.replace(&mut tx, ctx, Source::Team(student), wanted, &mut changed).await?;
            }
            Fact::Moved { student, place } => {
                self.student_moved(&mut tx, ctx, student, place, &mut changed).await?
            }
            Fact::Other => {}
        }
        for user in changed {
            users::privileges_changed(&mut tx, user).await?;
        }
        Ok(tx.commit().await?)
    }

    async fn staff_changed(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        fact: &StaffFact,
        changed: &mut BTreeSet<UserId>,
    ) -> Result<(), Error> {
        let follow = |user: UserId| {
            let grants = fact.grants().into_iter();
            grants.map(move |(role, scope)| Wanted { user, role, scope, school: fact.school }).collect()
        };
        let wanted = fact.user.map(follow).unwrap_or_default();
        self.replace(tx, ctx, fact.source(), wanted, changed).await?;
        let (Some(user), false) = (fact.user, fact.active) else { return Ok(()) };
        // Who has left keeps nothing of the place, also nothing that was given by hand.
        let left = match fact.school {
            Some(school) => grants::at_school(tx, user, school).await?,
            None => {
                let mut left = grants::of_role(tx, user, Role::CountyCentre).await?;
                left.extend(grants::of_role(tx, user, Role::CountyDuty).await?);
                left
            }
        };
        let place = |grant: &Grant| grant.role != Role::Guardian;
        self.end(tx, ctx, left.into_iter().filter(place).collect(), changed).await
    }

    /// A pupil who moves takes the account along; what the old school gave stays there. Who has left keeps nothing.
    async fn student_moved(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        student: StudentId,
        place: Option<(SchoolId, ClassId)>,
        changed: &mut BTreeSet<UserId>,
    ) -> Result<(), Error> {
        let now = ctx.now();
        let account = users::of_student(tx, student).await?;
        let concerning = grants::of_student(tx, student).await?;
        let peer = match account {
            Some(account) => grants::of_role(tx, account, Role::Peer).await?,
            None => Vec::new(),
        };
        let Some((school, class)) = place else {
            // The support team ends by its own event, so that it can close its file.
            let over =
                concerning.into_iter().filter(|grant| grant.role != Role::Support).chain(peer).collect();
            self.end(tx, ctx, over, changed).await?;
            if let Some(account) = account {
                sessions::end_all(tx, account, None, now).await?;
            }
            return Ok(());
        };
        let here = Scope::Class { school: school.uuid(), class: class.uuid() };
        let elsewhere = peer.into_iter().filter(|grant| grant.scope != here);
        let assigned = concerning.into_iter();
        let assigned = assigned.filter(|grant| grant.role == Role::Assigned && grant.school != Some(school));
        self.end(tx, ctx, elsewhere.chain(assigned).collect(), changed).await?;
        users::move_student(tx, student, school, now).await?;
        grants::move_student(tx, student, school).await?;
        if let Some(user) = account {
            // One who comes back has the own record again.
            let own = Wanted {
                user,
                role: Role::Pupil,
                scope: Scope::Student(student.uuid()),
                school: Some(school),
            };
            if self.give(tx, ctx, Source::Account, own).await? {
                changed.insert(user);
            }
        }
        Ok(())
    }

    /// Makes the grants that follow from a fact those that are wanted: the others end, the missing ones are made.
    async fn replace(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        source: Source,
        wanted: Vec<Wanted>,
        changed: &mut BTreeSet<UserId>,
    ) -> Result<(), Error> {
        let present = grants::of_source(tx, &source).await?;
        let same = |grant: &Grant, wanted: &Wanted| {
            (grant.user, grant.role, grant.scope) == (wanted.user, wanted.role, wanted.scope)
        };
        let over = present.iter().filter(|grant| !wanted.iter().any(|wanted| same(grant, wanted))).cloned();
        self.end(tx, ctx, over.collect(), changed).await?;
        for wanted in wanted {
            if present.iter().any(|grant| same(grant, &wanted)) {
                continue;
            }
            let user = wanted.user;
            let fits = users::kind(tx, user).await?.is_some_and(|kind| wanted.role.fits(kind));
            if !fits {
                tracing::warn!(%user, role = wanted.role.name(), source = source.name(), "a fact names an account that cannot hold its role");
                continue;
            }
            if self.give(tx, ctx, source, wanted).await? {
                changed.insert(user);
            }
        }
        Ok(())
    }

    async fn give(&self, tx: &mut Tx, ctx: &Ctx, source: Source, wanted: Wanted) -> Result<bool, Error> {
        let grant = Grant {
            id: self.deps.ids.make::<GrantId>(),
            user: wanted.user,
            role: wanted.role,
            scope: wanted.scope,
            school: wanted.school,
            source,
            state: State::Active,
            proposer: None,
            confirmer: None,
            create_time: ctx.now(),
            expire_time: None,
            end_time: None,
            version: 1,
        };
        let made = grants::insert(tx, &grant).await?;
        if made {
            audit::record(tx, ctx, audit::Entry::write(&grant_target(&grant)).note("role follows")).await?;
        }
        Ok(made)
    }

    async fn end(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        over: Vec<Grant>,
        changed: &mut BTreeSet<UserId>,
    ) -> Result<(), Error> {
        for grant in over {
            let grant = grant.ended(ctx.now());
            grants::update(tx, &grant).await?;
            audit::record(tx, ctx, audit::Entry::write(&grant_target(&grant)).note("role ends")).await?;
            changed.insert(grant.user);
        }
        Ok(())
    }
}
