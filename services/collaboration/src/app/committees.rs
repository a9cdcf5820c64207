//! Keeping parents' committees (P6.1).

use super::{App, Error};
use crate::{
    domain::{
        committee::{Committee, CommitteeForm, Member, MemberForm},
        ids::{CommitteeId, MemberId, SchoolId},
    },
    store,
};
use chrono::NaiveDate;
use xinqiao_kit::{
    authz::{AccessError, Target},
    ctx::{Ctx, RequestKey},
    db::Tx,
    etag,
    page::Page,
    requests,
    status::Violation,
    validate::Violations,
};

/// A committee to enter.
pub struct CreateCommittee {
    /// Of which school.
    pub school: SchoolId,
    /// What is said of it.
    pub form: CommitteeForm,
    /// What could not be read.
    pub wrong: Violations,
    /// For the same request again.
    pub key: Option<RequestKey>,
}

/// A change of a committee's members.
pub struct ChangeMembers {
    /// Which committee.
    pub id: CommitteeId,
    /// What to do.
    pub change: Change,
    /// What the caller read.
    pub etag: String,
    /// What could not be read.
    pub wrong: Violations,
    /// For the same request again.
    pub key: Option<RequestKey>,
}

/// What can be done with members.
pub enum Change {
    /// Add one.
    Add(MemberForm),
    /// End a term; none when the day could not be read.
    End(MemberId, Option<NaiveDate>),
}

impl App {
    /// Enters a committee.
    pub async fn create_committee(&self, ctx: &Ctx, command: CreateCommittee) -> Result<Committee, Error> {
        let CreateCommittee { school, form, mut wrong, key } = command;
        let mut place = Target::new("committee").school(school);
        place.class = form.class.map(|class| class.uuid());
        self.deps.authz.require(ctx, &place)?;
        let mut tx = self.deps.db.begin().await?;
        if let Some(answer) = requests::begin(&mut tx, ctx, &key, &self.deps.keys).await? {
            return Ok(answer);
        }
        if store::facts::school(&mut tx, school).await?.is_none_or(|school| !school.active) {
            wrong.push(Violation::new("parent", "SCHOOL_UNKNOWN"));
        }
        let classes = store::facts::open_classes(&mut tx, school).await?;
        let now = ctx.now();
        form.check(&mut wrong, now.shanghai_date(), &classes);
        let founded_on = wrong.finish(form.founded_on)?;
        let committee = Committee {
            id: self.deps.ids.make(),
            school,
            class: form.class,
            founded_on,
            attachment: form.attachment,
            members: Vec::new(),
            version: 1,
            created_at: now,
        };
        if !store::committees::insert(&mut tx, &self.deps.keys, &committee).await? {
            return Err(Error::CommitteeThere);
        }
        self.commit(tx, ctx, (&key, &target(&committee)), committee).await
    }

    /// Adds a member or ends a term.
    pub async fn change_members(&self, ctx: &Ctx, command: ChangeMembers) -> Result<Committee, Error> {
        let ChangeMembers { id, change, etag, mut wrong, key } = command;
        let mut tx = self.deps.db.begin().await?;
        let found = store::committees::find(&mut tx, &self.deps.keys, id).await?;
        let mut committee = self.deps.authz.require_found(ctx, found, target)?;
        if let Some(answer) = requests::begin(&mut tx, ctx, &key, &self.deps.keys).await? {
            return Ok(answer);
        }
        etag::check(&etag, committee.version)?;
        let member = match change {
            Change::Add(form) => self.add(&mut committee, form, wrong)?,
            Change::End(member, last_day) => {
                if let Some(day) = last_day {
                    committee.end(&mut wrong, member, day).ok_or(AccessError::NotFound)?;
                }
                wrong.into_result()?;
                member
            }
        };
        self.save(&mut tx, &committee, member).await?;
        self.commit(tx, ctx, (&key, &target(&committee)), committee).await
    }

    fn add(
        &self,
        committee: &mut Committee,
        form: MemberForm,
        mut wrong: Violations,
    ) -> Result<MemberId, Error> {
        committee.check_member(&mut wrong, &form);
        let id = self.deps.ids.make();
        let member = || {
            Some(Member {
                id,
                display_name: form.display_name,
                role: form.role?,
                starts_on: form.starts_on?,
                ends_on: form.ends_on?,
            })
        };
        committee.add(wrong.finish(member())?);
        Ok(id)
    }

    async fn save(&self, tx: &mut Tx, committee: &Committee, changed: MemberId) -> Result<(), Error> {
        if !store::committees::touch(tx, committee).await? {
            return Err(etag::Stale.into());
        }
        if let Some(member) = committee.members.iter().find(|member| member.id == changed) {
            store::committees::put_member(tx, &self.deps.keys, committee.id, member).await?;
        }
        Ok(())
    }

    /// One committee with its members.
    pub async fn get_committee(&self, ctx: &Ctx, id: CommitteeId) -> Result<Committee, Error> {
        let found = store::committees::find(&self.deps.db, &self.deps.keys, id).await?;
        Ok(self.deps.authz.require_found(ctx, found, target)?)
    }

    /// A page of a school's committees and the token of the next.
    pub async fn list_committees(
        &self,
        ctx: &Ctx,
        school: SchoolId,
        page: &Page,
    ) -> Result<(Vec<Committee>, String), Error> {
        self.deps.authz.require(ctx, &Target::new("committee").school(school))?;
        let mut committees = store::committees::list(&self.deps.db, &self.deps.keys, school, page).await?;
        let position = |last: &Committee| vec![last.level().word().to_owned(), last.id.to_string()];
        let token = page.cut(&mut committees, position);
        Ok((committees, token))
    }
}

fn target(committee: &Committee) -> Target {
    let mut target = Target::new("committee").id(committee.id).school(committee.school);
    target.class = committee.class.map(|class| class.uuid());
    target
}
