//! Leaving, coming back, graduating.

use super::{App, Key, access::target, students::student_target};
use crate::{
    domain::{
        class::Class,
        ids::{ClassId, SchoolId, StudentId},
        school::Running,
        student::{Step, Student, StudentState, step},
    },
    error::{Error, Thing},
    store::{classes, placements, placements::Place, proposals, records, schools, staff, students},
};
use xinqiao_kit::{authz::Target, ctx::Ctx, db::Tx, etag, requests};

/// How a pupil leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Departure {
    /// 休学
    OnLeave,
    /// Gone from the county's schools.
    Gone,
}

/// What a promotion found to be over.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Promotion {
    /// Classes that were closed, with their school.
    pub closed: Vec<(SchoolId, ClassId)>,
    /// Pupils who graduated.
    pub graduated: usize,
}

impl App {
    /// Records that a pupil is on leave or has left.
    ///
    /// # Errors
    /// Access; a stale etag; a pupil who cannot leave, being in transfer or gone.
    pub async fn leave_student(
        &self,
        ctx: &Ctx,
        id: StudentId,
        departure: Departure,
        etag: &str,
        key: &Key,
    ) -> Result<Student, Error> {
        let mut tx = self.deps.db.begin().await?;
        let place = self.locked_place(&mut tx, ctx, id, "student").await?;
        if let Some(answer) = requests::begin(&mut tx, ctx, key, &self.deps.keys).await? {
            return Ok(answer);
        }
        let student = self.pupil(&mut tx, ctx, &place).await?;
        etag::check(etag, student.version)?;
        let by = match departure {
            Departure::OnLeave => Step::TakeLeave,
            Departure::Gone => Step::Leave,
        };
        let state = step(student.state, by).ok_or(Error::WrongState(student.state))?;
        let student = self.save(&mut tx, ctx, Student { state, ..student }).await?;
        if !state.has_place() {
            self.gone(&mut tx, ctx, &Place { state, ..place }).await?;
        }
        self.written(tx, ctx, key, &target(&place, "student"), student).await
    }

    /// What ends when a pupil has left or graduated: assigned teachers, proposals, the clock of a second signature, the support team.
    async fn gone(&self, tx: &mut Tx, ctx: &Ctx, place: &Place) -> Result<(), Error> {
        staff::unassign_pupil(tx, place.student).await?;
        for live in proposals::live_of(tx, &self.deps.keys, place.student).await? {
            if let Some(over) = live.overtaken(ctx.now()) {
                proposals::update(tx, &self.deps.keys, over).await?;
            }
        }
        if let Some(mut record) = records::get(tx, place.student).await?
            && record.second_due_at.take().is_some()
        {
            records::update(tx, record).await?;
        }
        self.refit_team(tx, ctx, place, true).await?;
        self.tell_moved(tx, place).await
    }

    /// Records that a pupil is back from leave, from elsewhere, or in the next stage. The school of the class decides; without one, the last
    /// school.
    ///
    /// # Errors
    /// Access; a stale etag; a pupil who is not away; a closed class.
    pub async fn return_student(
        &self,
        ctx: &Ctx,
        id: StudentId,
        class: Option<(SchoolId, ClassId)>,
        etag: &str,
        key: &Key,
    ) -> Result<Student, Error> {
        let mut tx = self.deps.db.begin().await?;
        let found = placements::lock(&mut tx, id).await?;
        let school_of = |place: &Place| class.map_or(place.school, |(school, _)| school);
        // Who has a place at another school is none of this school's business.
        let found = found.filter(|place| place.school == school_of(place) || !place.state.has_place());
        let at = |place: &Place| Target::new("student").id(id).student(id).school(school_of(place));
        let place = self.deps.authz.require_found(ctx, found, at)?;
        if let Some(answer) = requests::begin(&mut tx, ctx, key, &self.deps.keys).await? {
            return Ok(answer);
        }
        let student =
            students::get(&mut tx, &self.deps.keys, id).await?.ok_or(Error::Closed(Thing::Student))?;
        etag::check(etag, student.version)?;
        let state = step(student.state, Step::Return).ok_or(Error::WrongState(student.state))?;
        let (school, class) = class.unwrap_or((student.school, student.class));
        self.running_class(&mut tx, "class", school, class).await?;
        let student = self.save(&mut tx, ctx, Student { school, class, state, ..student }).await?;
        let now = self.place_now(&mut tx, id).await?;
        if school != place.school {
            self.new_school(&mut tx, ctx, &now).await?;
        } else if (place.class, place.state.has_place()) != (class, true) {
            self.tell_moved(&mut tx, &now).await?;
            self.refit_team(&mut tx, ctx, &now, false).await?;
        }
        self.written(tx, ctx, key, &student_target(&student), student).await
    }

    /// Closes the classes of a school whose last year is over and graduates their pupils.
    ///
    /// # Errors
    /// Access.
    pub async fn promote_school(&self, ctx: &Ctx, school: SchoolId) -> Result<Promotion, Error> {
        let mut tx = self.deps.db.begin().await?;
        let found = schools::lock(&mut tx, school).await?;
        let all = Target::new("school").id(school).school(school);
        self.deps.authz.require_found(ctx, found, |_| all.clone())?;
        let today = ctx.now().shanghai_date();
        let mut over = classes::by_schools(&mut tx, &[school]).await?;
        over.retain(|class| class.state == Running::Active && class.is_over(today));
        let ids: Vec<ClassId> = over.iter().map(|class| class.id).collect();
        let pupils = placements::of_classes(&mut tx, &ids).await?;
        let mut promotion = Promotion { closed: Vec::new(), graduated: pupils.len() };
        let graduates: Vec<StudentId> = pupils.iter().map(|place| place.student).collect();
        let state = StudentState::Graduated;
        students::set_state(&mut tx, &graduates, state, ctx.now()).await?;
        for place in &pupils {
            self.gone(&mut tx, ctx, &Place { state, ..*place }).await?;
        }
        for class in over {
            let closed = Class { state: Running::Closed, ..class };
            if let Some(class) = classes::update(&mut tx, closed, ctx.now()).await? {
                self.tell_class(&mut tx, &class).await?;
                promotion.closed.push((school, class.id));
            }
        }
        // The answer follows from the date: again, there is nothing to do, so it needs no stored answer.
        xinqiao_kit::audit::record(&mut tx, ctx, xinqiao_kit::audit::Entry::write(&all)).await?;
        tx.commit().await?;
        Ok(promotion)
    }
}
