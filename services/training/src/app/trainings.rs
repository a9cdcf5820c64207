//! Trainings and who attended them (P2.4, P4.3).

use super::{App, Error, person, school_year};
use crate::{
    domain::{
        ids::{SchoolId, TrainingId},
        staff_training::{Attendance, AttendanceForm, Training, TrainingForm, TrainingState},
    },
    store,
};
use xinqiao_kit::{
    authz::Target,
    ctx::{Ctx, RequestKey},
    db::IdList,
    etag,
    page::Page,
    requests,
    status::Violation,
    time::SchoolYear,
    validate::Violations,
};

/// A training to enter.
pub struct CreateTraining {
    /// Who holds it; none for the county.
    pub organiser: Option<SchoolId>,
    /// What is said of it.
    pub form: TrainingForm,
    /// What could not be read.
    pub wrong: Violations,
    /// For the same request again.
    pub key: Option<RequestKey>,
}

/// A training to change.
pub struct UpdateTraining {
    /// Which.
    pub id: TrainingId,
    /// What is to be changed.
    pub form: TrainingForm,
    /// What the caller read.
    pub etag: String,
    /// What could not be read.
    pub wrong: Violations,
}

/// Attendance to record.
pub struct RecordAttendance {
    /// Of which training.
    pub id: TrainingId,
    /// Who attended for how long.
    pub given: Vec<AttendanceForm>,
    /// What could not be read.
    pub wrong: Violations,
    /// For the same request again.
    pub key: Option<RequestKey>,
}

impl App {
    /// Enters a training.
    pub async fn create_training(&self, ctx: &Ctx, command: CreateTraining) -> Result<Training, Error> {
        let CreateTraining { organiser, form, mut wrong, key } = command;
        self.deps.authz.require(ctx, &place(Target::new("training"), organiser))?;
        let mut tx = self.deps.db.begin().await?;
        if let Some(answer) = requests::begin(&mut tx, ctx, &key, &self.deps.keys).await? {
            return Ok(answer);
        }
        if let Some(school) = organiser
            && store::facts::school(&mut tx, school).await?.is_none_or(|school| !school.active)
        {
            wrong.push(Violation::new("training.organiser", "SCHOOL_UNKNOWN"));
        }
        form.check(&mut wrong, self.dates(ctx), 0);
        let now = ctx.now();
        let training = || {
            Some(Training {
                id: self.deps.ids.make(),
                organiser,
                topic: form.topic?,
                date: form.date?,
                minutes: form.minutes?,
                groups: form.groups?,
                trainer: form.trainer?,
                attachment: form.attachment?,
                state: TrainingState::Planned,
                attendees: 0,
                version: 1,
                created_at: now,
                updated_at: now,
            })
        };
        let training = wrong.finish(training())?;
        store::trainings::insert(&mut tx, &self.deps.keys, &training).await?;
        self.commit(tx, ctx, (&key, &target(&training)), training).await
    }

    /// Changes a training.
    pub async fn update_training(&self, ctx: &Ctx, command: UpdateTraining) -> Result<Training, Error> {
        let UpdateTraining { id, form, etag, mut wrong } = command;
        let mut tx = self.deps.db.begin().await?;
        let found = store::trainings::find(&mut tx, &self.deps.keys, id).await?;
        let mut training = self.deps.authz.require_found(ctx, found, target)?;
        let (_, longest) = store::trainings::attended(&mut tx, id).await?;
        form.check(&mut wrong, self.dates(ctx), longest);
        wrong.into_result()?;
        etag::check(&etag, training.version)?;
        training.change(form, ctx.now())?;
        if !store::trainings::update(&mut tx, &self.deps.keys, &training).await? {
            return Err(etag::Stale.into());
        }
        self.commit(tx, ctx, (&None, &target(&training)), training).await
    }

    /// Calls a training off.
    pub async fn cancel_training(
        &self,
        ctx: &Ctx,
        id: TrainingId,
        etag: &str,
        key: Option<RequestKey>,
    ) -> Result<Training, Error> {
        let mut tx = self.deps.db.begin().await?;
        let found = store::trainings::find(&mut tx, &self.deps.keys, id).await?;
        let mut training = self.deps.authz.require_found(ctx, found, target)?;
        if let Some(answer) = requests::begin(&mut tx, ctx, &key, &self.deps.keys).await? {
            return Ok(answer);
        }
        etag::check(etag, training.version)?;
        let before = training.version;
        training.cancel(ctx.now());
        if training.version != before
            && !store::trainings::update(&mut tx, &self.deps.keys, &training).await?
        {
            return Err(etag::Stale.into());
        }
        self.commit(tx, ctx, (&key, &target(&training)), training).await
    }

    /// Records who attended.
    pub async fn record_attendance(&self, ctx: &Ctx, command: RecordAttendance) -> Result<Training, Error> {
        let RecordAttendance { id, given, mut wrong, key } = command;
        let mut tx = self.deps.db.begin().await?;
        let found = store::trainings::find(&mut tx, &self.deps.keys, id).await?;
        let mut training = self.deps.authz.require_found(ctx, found, target)?;
        if let Some(answer) = requests::begin(&mut tx, ctx, &key, &self.deps.keys).await? {
            return Ok(answer);
        }
        let named: IdList = given.iter().filter_map(|one| one.staff).collect();
        let staff = store::facts::staff_by_id(&mut tx, named).await?;
        training.check_attendances(&mut wrong, &given, &staff);
        wrong.into_result()?;
        let (recorder, now) = (person(ctx)?, ctx.now());
        training.attendable(now.shanghai_date())?;
        let attendance = |one: &AttendanceForm| {
            Some(Attendance { staff: one.staff?, minutes: one.minutes, recorded_at: now, recorder })
        };
        let attendances: Vec<Attendance> = given.iter().filter_map(attendance).collect();
        store::trainings::record(&mut tx, &self.deps.ids, id, &attendances).await?;
        let (attendees, _) = store::trainings::attended(&mut tx, id).await?;
        training.attended(attendees, now);
        if !store::trainings::update(&mut tx, &self.deps.keys, &training).await? {
            return Err(etag::Stale.into());
        }
        self.commit(tx, ctx, (&key, &target(&training)), training).await
    }

    /// One training. Those of the county are for everybody who may see any.
    pub async fn get_training(&self, ctx: &Ctx, id: TrainingId) -> Result<Training, Error> {
        let found = store::trainings::find(&self.deps.db, &self.deps.keys, id).await?;
        if found.as_ref().is_some_and(|training| training.organiser.is_none()) {
            self.deps.authz.visibility(ctx)?;
            return found.ok_or(xinqiao_kit::authz::AccessError::NotFound.into());
        }
        Ok(self.deps.authz.require_found(ctx, found, target)?)
    }

    /// A page of the trainings that the caller may see and the token of the next.
    pub async fn list_trainings(
        &self,
        ctx: &Ctx,
        organiser: Option<SchoolId>,
        year: Option<SchoolYear>,
        page: &Page,
    ) -> Result<(Vec<Training>, String), Error> {
        let see = self.deps.authz.visibility(ctx)?;
        let filter = (organiser, school_year(ctx, year));
        let mut trainings = store::trainings::list(&self.deps.db, &self.deps.keys, see, filter, page).await?;
        let token = page.cut(&mut trainings, |last| vec![last.date.to_string(), last.id.to_string()]);
        Ok((trainings, token))
    }

    /// A page of who attended a training and the token of the next.
    pub async fn list_attendances(
        &self,
        ctx: &Ctx,
        training: TrainingId,
        page: &Page,
    ) -> Result<(Vec<Attendance>, String), Error> {
        let found = store::trainings::find(&self.deps.db, &self.deps.keys, training).await?;
        self.deps.authz.require_found(ctx, found, target)?;
        let mut attendances = store::trainings::attendances(&self.deps.db, training, page).await?;
        let token = page.cut(&mut attendances, |last| vec![last.staff.to_string()]);
        Ok((attendances, token))
    }
}

fn place(target: Target, organiser: Option<SchoolId>) -> Target {
    match organiser {
        Some(school) => target.school(school),
        None => target,
    }
}

fn target(training: &Training) -> Target {
    place(Target::new("training").id(training.id), training.organiser)
}
