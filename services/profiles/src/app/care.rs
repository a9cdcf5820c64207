//! What is done for a pupil: follow-ups, parent contacts, the joint plan, care notes (P5.4, P5.6, P7.4).

use super::{App, Key, ListAnswer, access::target};
use crate::{
    domain::{
        care::{Care, Deed, DeedKind, JointPlan, PlanStep, follow_up_due},
        colour::Colour,
        ids::{CareId, GuardianId, StudentId, UserId},
    },
    error::Error,
    store::{care, guardians, placements, placements::Place, plans, records},
};
use xinqiao_kit::{
    authz::{AccessError, Target},
    ctx::Ctx,
    db::Tx,
    etag,
    page::Page,
    requests,
    status::Violation,
    time::Ts,
};

/// Something to write down.
#[derive(Debug, Clone)]
pub struct NewDeed {
    /// The pupil.
    pub student: StudentId,
    /// When it took place; now if not said.
    pub happened_at: Option<Ts>,
    /// What was done.
    pub deed: Deed,
}

/// A version of a joint plan to write.
#[derive(Debug, Clone)]
pub struct NewPlan {
    /// The pupil.
    pub student: StudentId,
    /// What is to be reached.
    pub goals: String,
    /// The steps.
    pub steps: Vec<PlanStep>,
    /// The guardian who agreed.
    pub agreed_by: Option<GuardianId>,
    /// The etag that the caller holds.
    pub etag: String,
}

/// A page of follow-ups, and when the next one is due.
#[derive(Debug, Clone)]
pub struct FollowUpList {
    /// The page.
    pub list: ListAnswer<Care>,
    /// When the next one is due; `None` for green.
    pub due: Option<Ts>,
}

impl DeedKind {
    /// Field of the request that says when it took place.
    const fn time_field(self) -> &'static str {
        match self {
            Self::FollowUp => "follow_up.meet_time",
            Self::ParentContact => "parent_contact.contact_time",
            Self::CareNote => "care_note.notice_time",
        }
    }
}

impl App {
    /// Writes down what was done for a pupil. A follow-up or a contact that reached somebody sets the clock of the record.
    ///
    /// # Errors
    /// Access; a time in the future; a guardian who is none of the pupil's; a green record, but for care notes.
    pub async fn add_care(&self, ctx: &Ctx, new: NewDeed, key: &Key) -> Result<Care, Error> {
        let author = UserId(ctx.user()?);
        let (now, kind) = (ctx.now(), new.deed.kind());
        let mut tx = self.deps.db.begin().await?;
        let place = self.locked_place(&mut tx, ctx, new.student, kind.word()).await?;
        if let Some(answer) = requests::begin(&mut tx, ctx, key, &self.deps.keys).await? {
            return Ok(answer);
        }
        let happened_at = new.happened_at.unwrap_or(now);
        if happened_at > now {
            return Err(Violation::new(kind.time_field(), "IN_FUTURE").into());
        }
        if kind != DeedKind::CareNote && place.colour == Colour::Green {
            return Err(Error::RecordGreen);
        }
        if let Deed::ParentContact { guardian: Some(guardian), .. } = &new.deed {
            self.check_guardian(&mut tx, new.student, *guardian, "parent_contact.guardian").await?;
        }
        let id = CareId(self.deps.ids.new_id());
        let done = Care { id, student: new.student, author, happened_at, created_at: now, deed: new.deed };
        care::insert(&mut tx, &self.deps.keys, &done).await?;
        self.set_clock(&mut tx, &done).await?;
        self.written(tx, ctx, key, &target(&place, kind.word()), done).await
    }

    async fn set_clock(&self, tx: &mut Tx, done: &Care) -> Result<(), Error> {
        let mut record = records::get(tx, done.student).await?.ok_or(AccessError::NotFound)?;
        let clock = match done.deed {
            Deed::FollowUp { .. } => &mut record.followed_up_at,
            Deed::ParentContact { reached: true, .. } => &mut record.parents_reached_at,
            Deed::ParentContact { .. } | Deed::CareNote { .. } => return Ok(()),
        };
        *clock = (*clock).max(Some(done.happened_at));
        records::update(tx, record).await?;
        Ok(())
    }

    pub(super) async fn check_guardian(
        &self,
        tx: &mut Tx,
        student: StudentId,
        guardian: GuardianId,
        field: &'static str,
    ) -> Result<(), Error> {
        let known = guardians::is_guardian(tx, student, guardian).await?;
        if known { Ok(()) } else { Err(Violation::new(field, "REFERENCE_UNKNOWN").into()) }
    }

    async fn care_page(
        &self,
        tx: &mut Tx,
        student: StudentId,
        kind: DeedKind,
        author: Option<UserId>,
        page: &Page,
    ) -> Result<ListAnswer<Care>, Error> {
        let at =
            page.after.as_ref().and_then(|parts| parts.first()?.parse::<i64>().ok()).map(Ts::from_micros);
        let before = at.map(|at| (at, CareId(page.after_id(1))));
        let mut rows = care::list(tx, &self.deps.keys, student, kind, author, before, page.fetch()).await?;
        let key = |row: &Care| vec![row.happened_at.micros().to_string(), row.id.to_string()];
        let next_page_token = page.cut(&mut rows, key);
        Ok(ListAnswer { rows, next_page_token })
    }

    /// The follow-ups of a pupil, newest first.
    ///
    /// # Errors
    /// Access.
    pub async fn list_follow_ups(
        &self,
        ctx: &Ctx,
        student: StudentId,
        page: &Page,
    ) -> Result<FollowUpList, Error> {
        let mut tx = self.deps.db.begin().await?;
        let place = self.place(&mut tx, ctx, student, "follow_up").await?;
        let list = self.care_page(&mut tx, student, DeedKind::FollowUp, None, page).await?;
        let record = records::get(&mut tx, student).await?;
        let due = record.and_then(|record| follow_up_due(&record, &self.deps.settings.profiles));
        self.shown(tx, ctx, &target(&place, "follow_up"), FollowUpList { list, due }).await
    }

    /// The contacts with the guardians of a pupil, newest first.
    ///
    /// # Errors
    /// Access.
    pub async fn list_parent_contacts(
        &self,
        ctx: &Ctx,
        student: StudentId,
        page: &Page,
    ) -> Result<ListAnswer<Care>, Error> {
        let mut tx = self.deps.db.begin().await?;
        let place = self.place(&mut tx, ctx, student, "parent_contact").await?;
        let list = self.care_page(&mut tx, student, DeedKind::ParentContact, None, page).await?;
        self.shown(tx, ctx, &target(&place, "parent_contact"), list).await
    }

    /// Care notes of a pupil, newest first: all of them to the psychologist and the support team, the own ones to everybody else.
    ///
    /// # Errors
    /// Access.
    pub async fn list_care_notes(
        &self,
        ctx: &Ctx,
        student: StudentId,
        page: &Page,
    ) -> Result<ListAnswer<Care>, Error> {
        let mut tx = self.deps.db.begin().await?;
        let user = ctx.user()?;
        let found = placements::get(&mut tx, student).await?;
        let all = |place: &Place| target(place, "care_note");
        let permits =
            |target: &Target| self.deps.authz.permits(&ctx.principal, &ctx.method.policy.action, target);
        let author = match &found {
            Some(place) if permits(&all(place)) => None,
            // What one wrote is one's own, wherever the pupil is now; who wrote nothing gets nothing.
            _ => Some(UserId(user)),
        };
        if let Some(user) = author {
            self.deps.authz.require(ctx, &Target::new("care_note").owner(user))?;
        }
        let list = self.care_page(&mut tx, student, DeedKind::CareNote, author, page).await?;
        let shown = Target::new("care_note").id(student).student(student);
        self.shown(tx, ctx, &shown, list).await
    }

    /// The joint plan of a pupil.
    ///
    /// # Errors
    /// Access; there is none.
    pub async fn get_joint_plan(&self, ctx: &Ctx, student: StudentId) -> Result<JointPlan, Error> {
        let mut tx = self.deps.db.begin().await?;
        let place = self.place(&mut tx, ctx, student, "joint_plan").await?;
        let plan = plans::newest(&mut tx, &self.deps.keys, student).await?;
        let plan = self.deps.authz.require_found(ctx, plan, |_| target(&place, "joint_plan"))?;
        self.shown(tx, ctx, &target(&place, "joint_plan"), plan).await
    }

    /// Writes a new version of the joint plan.
    ///
    /// # Errors
    /// Access; a stale etag; a green record; a guardian who is none of the pupil's.
    pub async fn set_joint_plan(&self, ctx: &Ctx, new: NewPlan, key: &Key) -> Result<JointPlan, Error> {
        let author = UserId(ctx.user()?);
        let student = new.student;
        let mut tx = self.deps.db.begin().await?;
        let place = self.locked_place(&mut tx, ctx, student, "joint_plan").await?;
        if let Some(answer) = requests::begin(&mut tx, ctx, key, &self.deps.keys).await? {
            return Ok(answer);
        }
        if place.colour == Colour::Green {
            return Err(Error::RecordGreen);
        }
        if let Some(guardian) = new.agreed_by {
            self.check_guardian(&mut tx, student, guardian, "joint_plan.agreed_guardian").await?;
        }
        let version = plans::newest(&mut tx, &self.deps.keys, student).await?.map_or(0, |plan| plan.version);
        etag::check(&new.etag, version)?;
        let plan = JointPlan {
            student,
            goals: new.goals,
            steps: new.steps,
            agreed_by: new.agreed_by,
            author,
            written_at: ctx.now(),
            version: version + 1,
        };
        plans::insert(&mut tx, &self.deps.keys, &plan).await?;
        let mut record = records::get(&mut tx, student).await?.ok_or(AccessError::NotFound)?;
        record.planned_at = Some(ctx.now());
        records::update(&mut tx, record).await?;
        self.written(tx, ctx, key, &target(&place, "joint_plan"), plan).await
    }
}
