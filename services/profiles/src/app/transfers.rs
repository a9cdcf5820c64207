//! A pupil goes to another school of the county: the sending school seals, the receiving school accepts.

use super::{
    App, Key, ListAnswer,
    access::{part, target},
    students::{list_target, student_target},
};
use crate::{
    domain::{
        ids::{ClassId, EntryId, SchoolId, StudentId, TransferId, UserId},
        record::{Entry, EntryKind},
        school::Running,
        student::{Step, Student, Transfer, TransferState, step},
    },
    error::{Error, Thing},
    store::{placements, placements::Place, records, schools, staff, students, transfers},
};
use chrono::Duration;
use xinqiao_kit::{authz::Target, ctx::Ctx, db::Tx, etag, page::Page, requests, status::Violation};

impl App {
    /// Sends a pupil to another school; the record is sealed until that school accepts.
    ///
    /// # Errors
    /// Access; a stale etag; a pupil who is not at school; an unknown, closed or the same school.
    pub async fn transfer_student(
        &self,
        ctx: &Ctx,
        id: StudentId,
        to_school: SchoolId,
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
        let receiving = schools::get(&mut tx, to_school).await?;
        match receiving {
            None => return Err(Violation::new("to_school", "REFERENCE_UNKNOWN").into()),
            Some(school) if school.state == Running::Closed => {
                return Err(Violation::new("to_school", "SCHOOL_CLOSED").into());
            }
            Some(school) if school.id == student.school => {
                return Err(Violation::new("to_school", "TRANSFER_SAME_SCHOOL").into());
            }
            Some(_) => {}
        }
        let state = step(student.state, Step::Transfer).ok_or(Error::WrongState(student.state))?;
        let within = Duration::hours(self.deps.settings.profiles.transfer_answer_hours.into());
        let transfer = Transfer {
            id: TransferId(self.deps.ids.new_id()),
            student: id,
            from_school: student.school,
            to_school,
            state: TransferState::Open,
            created_at: ctx.now(),
            due_at: ctx.now() + within,
            ended_at: None,
        };
        transfers::insert(&mut tx, &transfer).await?;
        let student = Student { state, transfer_to: Some(to_school), ..student };
        let student = self.save(&mut tx, ctx, student).await?;
        self.written(tx, ctx, key, &target(&place, "student"), student).await
    }

    /// Takes a pupil into a class of the receiving school.
    ///
    /// # Errors
    /// Access at the receiving school; no open transfer; a class that is not its own or closed.
    pub async fn accept_transfer(
        &self,
        ctx: &Ctx,
        id: StudentId,
        class: (SchoolId, ClassId),
        key: &Key,
    ) -> Result<Student, Error> {
        let mut tx = self.deps.db.begin().await?;
        let place = placements::lock(&mut tx, id).await?;
        // The receiving school decides; to anybody else, and for a pupil who is not on the way, there is nothing to accept.
        let to = |place: &Place| place.transfer_to.unwrap_or(place.school);
        let at = |place: &Place| Target::new("student").id(id).student(id).school(to(place));
        let place = self.deps.authz.require_found(ctx, place, at)?;
        if let Some(answer) = requests::begin(&mut tx, ctx, key, &self.deps.keys).await? {
            return Ok(answer);
        }
        let transfer = transfers::open_of(&mut tx, id).await?.ok_or(Error::WrongState(place.state))?;
        let state = step(place.state, Step::Accept).ok_or(Error::WrongState(place.state))?;
        if class.0 != transfer.to_school {
            return Err(Violation::new("class", "STUDENT_CLASS_OF_OTHER_SCHOOL").into());
        }
        self.running_class(&mut tx, "class", class.0, class.1).await?;
        let student =
            students::get(&mut tx, &self.deps.keys, id).await?.ok_or(Error::Closed(Thing::Student))?;
        transfers::end(&mut tx, transfer.id, TransferState::Accepted, ctx.now()).await?;
        let student = Student { school: class.0, class: class.1, state, transfer_to: None, ..student };
        let student = self.save(&mut tx, ctx, student).await?;
        let place = self.place_now(&mut tx, id).await?;
        self.new_school(&mut tx, ctx, &place).await?;
        self.written(tx, ctx, key, &student_target(&student), student).await
    }

    /// What ends and begins with a new school: assigned teachers, the support team and its clock, a line in the history.
    pub(super) async fn new_school(&self, tx: &mut Tx, ctx: &Ctx, place: &Place) -> Result<(), Error> {
        staff::unassign_pupil(tx, place.student).await?;
        let entry = Entry {
            kind: EntryKind::Transferred,
            from: place.colour,
            to: place.colour,
            actor: Some(UserId(ctx.user()?)),
            ..Entry::opened(EntryId(self.deps.ids.new_id()), place.student, None, ctx.now())
        };
        records::add_entry(tx, &self.deps.keys, &entry).await?;
        self.tell_moved(tx, place).await?;
        self.refit_team(tx, ctx, place, true).await
    }

    /// Calls a transfer back.
    ///
    /// # Errors
    /// Access; no open transfer.
    pub async fn cancel_transfer(&self, ctx: &Ctx, id: StudentId, key: &Key) -> Result<Student, Error> {
        let mut tx = self.deps.db.begin().await?;
        let place = self.locked_place(&mut tx, ctx, id, "student").await?;
        if let Some(answer) = requests::begin(&mut tx, ctx, key, &self.deps.keys).await? {
            return Ok(answer);
        }
        let transfer = transfers::open_of(&mut tx, id).await?.ok_or(Error::WrongState(place.state))?;
        let student = self.pupil(&mut tx, ctx, &place).await?;
        let state = step(student.state, Step::CancelTransfer).ok_or(Error::WrongState(student.state))?;
        transfers::end(&mut tx, transfer.id, TransferState::Cancelled, ctx.now()).await?;
        let student = self.save(&mut tx, ctx, Student { state, transfer_to: None, ..student }).await?;
        self.written(tx, ctx, key, &target(&place, "student"), student).await
    }

    /// Open transfers from and to the caller's schools, with the names of the pupils.
    ///
    /// # Errors
    /// Access.
    pub async fn list_transfers(
        &self,
        ctx: &Ctx,
        school: Option<SchoolId>,
        page: &Page,
    ) -> Result<ListAnswer<(Transfer, String)>, Error> {
        let seen = self.deps.authz.visibility(ctx)?;
        let mut tx = self.deps.db.begin().await?;
        let rows = transfers::list_open(&mut tx, &seen, school, part(page)).await?;
        let ids: Vec<StudentId> = rows.iter().map(|transfer| transfer.student).collect();
        let names = self.names(&mut tx, &ids).await?;
        let named = |transfer: Transfer| {
            let name = names.get(&transfer.student).map(|name| name.as_str().to_owned()).unwrap_or_default();
            (transfer, name)
        };
        let rows: Vec<(Transfer, String)> = rows.into_iter().map(named).collect();
        let answer = ListAnswer::by_id(rows, page, |(transfer, _)| transfer.id.uuid());
        self.shown(tx, ctx, &list_target("transfers", school, None), answer).await
    }

    /// The pupil of a place that was locked.
    pub(super) async fn pupil(&self, tx: &mut Tx, ctx: &Ctx, place: &Place) -> Result<Student, Error> {
        let student = students::get(tx, &self.deps.keys, place.student).await?;
        Ok(self.deps.authz.require_found(ctx, student, |_| target(place, "student"))?)
    }

    /// Writes a pupil who was locked.
    pub(super) async fn save(&self, tx: &mut Tx, ctx: &Ctx, student: Student) -> Result<Student, Error> {
        let mut one = [student];
        let refused = students::update(tx, &self.deps.keys, &mut one, ctx.now()).await?;
        let [student] = one;
        if refused.is_empty() { Ok(student) } else { Err(Error::Exists(Thing::Student)) }
    }
}
