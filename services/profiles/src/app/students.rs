//! Pupils: entering, reading, changing.

use super::{
    App, Key, ListAnswer,
    access::{part, target},
};
use crate::{
    domain::{
        identifiers::{IdNumber, PersonName, Sex, StudentNumber},
        ids::{ClassId, EntryId, SchoolId, StudentId, UserId},
        record::{Entry, Record},
        student::{
            Guardian, Person, PersonFault, SpecialGroup, Step, Student, StudentState, YearMonth, step,
        },
    },
    error::{Error, Thing},
    store::{placements, placements::Place, records, schools, students},
};
use chrono::NaiveDate;
use std::collections::HashMap;
use xinqiao_kit::{
    audit,
    authz::Target,
    ctx::{Actor, Ctx},
    db::Tx,
    etag,
    page::Page,
    requests,
    status::Violation,
    validate::Violations,
};

/// The action that a view FULL needs besides that of the call.
const FULL: &str = "profiles.getStudentFull";
/// The action that changing a pupil's class needs besides: a homeroom teacher keeps data, the school moves pupils.
const MOVE: &str = "profiles.transferStudent";

/// How much of a pupil is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    /// All but ID number, student number and phones.
    Basic,
    /// Everything.
    Full,
}

/// A pupil to enter.
#[derive(Debug, Clone)]
pub struct NewStudent {
    /// The school.
    pub school: SchoolId,
    /// The class.
    pub class: ClassId,
    /// Who it is.
    pub person: Person,
    /// Special groups.
    pub groups: Vec<SpecialGroup>,
    /// Guardians.
    pub guardians: Vec<Guardian>,
}

/// What is changed of a pupil; `None` stays as it is.
#[derive(Debug, Clone, Default)]
pub struct StudentPatch {
    /// The name.
    pub name: Option<PersonName>,
    /// The sex.
    pub sex: Option<Sex>,
    /// The date of birth.
    pub birth_date: Option<NaiveDate>,
    /// The class, with the school that its name gives.
    pub class: Option<(SchoolId, ClassId)>,
    /// The ID number.
    pub id_number: Option<Option<IdNumber>>,
    /// The student number.
    pub student_number: Option<Option<StudentNumber>>,
    /// The month of enrolment.
    pub enrol_month: Option<Option<YearMonth>>,
    /// All special groups.
    pub groups: Option<Vec<SpecialGroup>>,
    /// All guardians.
    pub guardians: Option<Vec<Guardian>>,
    /// The etag that the caller holds.
    pub etag: String,
}

pub(super) fn student_target(student: &Student) -> Target {
    Target::new("student").id(student.id).student(student.id).school(student.school).class(student.class)
}

fn person_violation(fault: PersonFault) -> Violation {
    match fault {
        PersonFault::NoNumber => Violation::new("student.id_number", "STUDENT_NUMBER_NEEDED"),
        PersonFault::BirthDate => Violation::new("student.birth_date", "STUDENT_BIRTH_DATE_MISMATCH"),
        PersonFault::Sex => Violation::new("student.sex", "STUDENT_SEX_MISMATCH"),
        PersonFault::Age => Violation::new("student.birth_date", "STUDENT_BIRTH_DATE_IMPLAUSIBLE"),
    }
}

fn check_person(ctx: &Ctx, person: &Person) -> Result<(), Error> {
    let mut v = Violations::new();
    for fault in person.faults(ctx.now().shanghai_date()) {
        v.push(person_violation(fault));
    }
    Ok(v.into_result()?)
}

/// A guardian without a phone who is named again keeps the id: nothing else would say that it is the same person.
fn keep_ids(before: &[Guardian], after: &mut [Guardian]) {
    for guardian in after.iter_mut().filter(|guardian| guardian.phone.is_none()) {
        let same = before.iter().find(|known| known.phone.is_none() && known.name == guardian.name);
        if let Some(same) = same {
            guardian.id = same.id;
        }
    }
}

impl App {
    /// Enters pupils, each with a green record. Gives those whose number somebody else has: they were not entered.
    pub(crate) async fn enrol(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        pupils: &mut Vec<Student>,
    ) -> Result<Vec<StudentId>, Error> {
        let refused = students::insert(tx, &self.deps.keys, pupils).await?;
        pupils.retain(|pupil| !refused.contains(&pupil.id));
        let actor = match ctx.principal.actor {
            Actor::User(id) => Some(UserId(id)),
            Actor::Anybody | Actor::Service(_) => None,
        };
        let now = ctx.now();
        let opened: Vec<Record> = pupils.iter().map(|pupil| Record::open(pupil.id, now)).collect();
        let line = |pupil: &Student| Entry::opened(EntryId(self.deps.ids.new_id()), pupil.id, actor, now);
        let entries: Vec<Entry> = pupils.iter().map(line).collect();
        records::open(tx, &opened, &entries).await?;
        Ok(refused)
    }

    /// Enters a pupil.
    ///
    /// # Errors
    /// Access; an unknown or closed class; data that does not go together; a number that somebody else has.
    pub async fn create_student(&self, ctx: &Ctx, new: NewStudent, key: &Key) -> Result<Student, Error> {
        let mut tx = self.deps.db.begin().await?;
        let school = schools::get(&mut tx, new.school).await?;
        let at = |_: &_| Target::new("student").school(new.school).class(new.class);
        self.deps.authz.require_found(ctx, school, at)?;
        if let Some(answer) = requests::begin(&mut tx, ctx, key, &self.deps.keys).await? {
            return Ok(answer);
        }
        check_person(ctx, &new.person)?;
        self.running_class(&mut tx, "student.class", new.school, new.class).await?;
        let now = ctx.now();
        let mut pupils = vec![Student {
            id: StudentId(self.deps.ids.new_id()),
            school: new.school,
            class: new.class,
            state: StudentState::Enrolled,
            person: new.person,
            groups: new.groups,
            guardians: new.guardians,
            transfer_to: None,
            created_at: now,
            updated_at: now,
            version: 1,
        }];
        self.enrol(&mut tx, ctx, &mut pupils).await?;
        let student = pupils.pop().ok_or(Error::Exists(Thing::Student))?;
        self.written(tx, ctx, key, &student_target(&student), student).await
    }

    /// A pupil, and how much of it may be answered.
    ///
    /// # Errors
    /// Access; a view FULL that the caller may not have.
    pub async fn get_student(&self, ctx: &Ctx, id: StudentId, view: View) -> Result<Student, Error> {
        let mut tx = self.deps.db.begin().await?;
        let place = self.place(&mut tx, ctx, id, "student").await?;
        let target = target(&place, "student");
        if view == View::Full && !self.deps.authz.permits(&ctx.principal, FULL, &target) {
            return Err(xinqiao_kit::authz::AccessError::Denied.into());
        }
        let student = students::get(&mut tx, &self.deps.keys, id).await?;
        let student = self.deps.authz.require_found(ctx, student, |_| target.clone())?;
        let note = if view == View::Full { "full" } else { "basic" };
        audit::record(&mut tx, ctx, audit::Entry::read(&target).note(note)).await?;
        tx.commit().await?;
        Ok(student)
    }

    /// A pupil by ID number or student number.
    ///
    /// # Errors
    /// Access; nobody has it, or nobody whom the caller may see.
    pub async fn look_up_student(
        &self,
        ctx: &Ctx,
        id_number: Option<IdNumber>,
        student_number: Option<StudentNumber>,
    ) -> Result<Student, Error> {
        let keys = &self.deps.keys;
        let id = id_number.iter().map(|number| students::id_lookup(keys, number)).collect();
        let number = student_number.iter().map(|number| students::number_lookup(keys, number)).collect();
        let mut tx = self.deps.db.begin().await?;
        let found = students::by_lookups(&mut tx, keys, id, number).await?.into_iter().next();
        let student = self.deps.authz.require_found(ctx, found, student_target)?;
        self.shown(tx, ctx, &student_target(&student), student).await
    }

    /// Pupils whom the caller may see.
    ///
    /// # Errors
    /// Access.
    pub async fn list_students(
        &self,
        ctx: &Ctx,
        filter: &students::Filter,
        page: &Page,
    ) -> Result<ListAnswer<Student>, Error> {
        let seen = self.seen(ctx)?;
        let mut tx = self.deps.db.begin().await?;
        let rows = students::list(&mut tx, &self.deps.keys, &seen, filter, part(page)).await?;
        let answer = ListAnswer::by_id(rows, page, |student| student.id.uuid());
        self.shown(tx, ctx, &list_target("students", filter.school, filter.class), answer).await
    }

    /// Changes a pupil.
    ///
    /// # Errors
    /// Access; a stale etag; a sealed pupil; data that does not go together; a class of another school; a number that somebody else has.
    pub async fn update_student(
        &self,
        ctx: &Ctx,
        id: StudentId,
        patch: StudentPatch,
    ) -> Result<Student, Error> {
        let mut tx = self.deps.db.begin().await?;
        let place = self.locked_place(&mut tx, ctx, id, "student").await?;
        let student = students::get(&mut tx, &self.deps.keys, id).await?;
        let mut student = self.deps.authz.require_found(ctx, student, student_target)?;
        etag::check(&patch.etag, student.version)?;
        if student.state == StudentState::Transferring {
            return Err(Error::Sealed);
        }
        let person = &mut student.person;
        person.name = patch.name.unwrap_or_else(|| person.name.clone());
        person.sex = patch.sex.unwrap_or(person.sex);
        person.birth_date = patch.birth_date.unwrap_or(person.birth_date);
        person.id_number = patch.id_number.unwrap_or(person.id_number);
        person.student_number = patch.student_number.unwrap_or(person.student_number);
        person.enrol_month = patch.enrol_month.unwrap_or(person.enrol_month);
        check_person(ctx, person)?;
        student.groups = patch.groups.unwrap_or(student.groups);
        if let Some(mut guardians) = patch.guardians {
            keep_ids(&student.guardians, &mut guardians);
            student.guardians = guardians;
        }
        if let Some((school, class)) = patch.class
            && class != student.class
        {
            student = self.change_class(&mut tx, ctx, student, &place, school, class).await?;
        }
        let mut one = [student];
        if !students::update(&mut tx, &self.deps.keys, &mut one, ctx.now()).await?.is_empty() {
            return Err(Error::Exists(Thing::Student));
        }
        let [student] = one;
        self.written(tx, ctx, &None, &student_target(&student), student).await
    }

    async fn change_class(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        student: Student,
        place: &Place,
        school: SchoolId,
        class: ClassId,
    ) -> Result<Student, Error> {
        if !self.deps.authz.permits(&ctx.principal, MOVE, &target(place, "student")) {
            return Err(Violation::new("student.class", "NOT_ALLOWED").into());
        }
        if school != student.school {
            return Err(Violation::new("student.class", "STUDENT_CLASS_OF_OTHER_SCHOOL").into());
        }
        self.running_class(tx, "student.class", school, class).await?;
        let state = step(student.state, Step::ChangeClass).ok_or(Error::WrongState(student.state))?;
        self.tell_moved(tx, &Place { class, ..*place }).await?;
        Ok(Student { class, state, ..student })
    }

    /// The names of these pupils; who was erased has none.
    pub(super) async fn names(
        &self,
        tx: &mut Tx,
        ids: &[StudentId],
    ) -> Result<HashMap<StudentId, PersonName>, Error> {
        let pupils = students::by_ids(tx, &self.deps.keys, ids).await?;
        Ok(pupils.into_iter().map(|pupil| (pupil.id, pupil.person.name)).collect())
    }

    /// The place of a pupil whose row was changed in this transaction.
    pub(super) async fn place_now(&self, tx: &mut Tx, student: StudentId) -> Result<Place, Error> {
        placements::get(tx, student).await?.ok_or(Error::Closed(Thing::Student))
    }
}

/// What the audit log says of a list about pupils.
pub(super) fn list_target(kind: &'static str, school: Option<SchoolId>, class: Option<ClassId>) -> Target {
    let target = Target::new(kind);
    let target = match school {
        Some(school) => target.school(school),
        None => target,
    };
    match class {
        Some(class) => target.class(class),
        None => target,
    }
}
