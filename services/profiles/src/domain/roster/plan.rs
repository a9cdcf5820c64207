//! What a row changes of a pupil who is known. Never wipes what is known with an empty cell, and never changes the numbers by which a
//! pupil is known: that is no clerk's typing any more but another person, or a correction for the pupil's page.

use super::{
    columns::{Column, GUARDIANS},
    entry::{Entry, GROUPS, GuardianEntry},
    reason::{Finding, Reason},
};
use crate::domain::{
    identifiers::{IdNumber, StudentNumber},
    ids::{ClassId, GuardianId, SchoolId},
    student::{
        GUARDIANS_MAX, GroupKind, Guardian, Person, PersonFault, SpecialGroup, Step, Student, StudentState,
        YearMonth, step,
    },
    words::words,
};
use chrono::{Datelike as _, NaiveDate};
use std::collections::HashMap;
use uuid::Uuid;

/// What says so, of the special groups that an import tags.
pub const SOURCE: &str = "roster";
/// The relation of a guardian whose cell is empty.
const SOME_GUARDIAN: &str = "监护人";

/// The special groups in the order of [`Entry::groups`].
const KINDS: [GroupKind; GROUPS] = [
    GroupKind::LeftBehind,
    GroupKind::SingleParent,
    GroupKind::OnlyChild,
    GroupKind::Migrant,
    GroupKind::LearningDifficulty,
];

words! {
    /// What an import changed of a pupil, in the words of the API.
    pub enum Change {
        /// The name.
        Name = "displayName",
        /// The sex.
        Sex = "sex",
        /// The date of birth.
        BirthDate = "birthDate",
        /// The ID number, which was not known.
        IdNumber = "idNumber",
        /// The student number, which was not known.
        StudentNumber = "studentNumber",
        /// The month of enrolment.
        EnrolMonth = "enrolMonth",
        /// The class, or that the pupil is back.
        Class = "class",
        /// The special groups.
        Groups = "specialGroups",
        /// The guardians.
        Guardians = "guardians",
    }
}

/// Where a row puts a pupil.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seat {
    /// The school.
    pub school: SchoolId,
    /// The class; it may be one that is only about to be opened.
    pub class: ClassId,
}

/// What must be known besides the row and the pupil.
#[derive(Debug, Clone, Copy)]
pub struct Situation {
    /// The date in the county when the import was accepted.
    pub today: NaiveDate,
    /// Whether the importer may take the pupil away from the school where the pupil is now.
    pub may_take: bool,
    /// Whether the record is green: only then a pupil changes schools without the two schools' handing over.
    pub green: bool,
}

/// A pupil after a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// The pupil as the row wants it.
    pub student: Student,
    /// What is different; nothing if the row says nothing new.
    pub changes: Vec<Change>,
    /// Warnings.
    pub warnings: Vec<Finding>,
}

/// A pupil whom nobody knew.
pub fn newcomer(
    entry: &Entry,
    seat: Seat,
    id: Uuid,
    mut fresh: impl FnMut() -> Uuid,
    blank: Blank,
) -> Student {
    let mut student = Student {
        id: id.into(),
        school: seat.school,
        class: seat.class,
        state: StudentState::Enrolled,
        person: Person {
            name: entry.name.clone(),
            sex: entry.sex,
            birth_date: entry.birth_date,
            id_number: entry.id_number,
            student_number: entry.student_number,
            enrol_month: enrol_month(entry),
        },
        groups: Vec::new(),
        guardians: Vec::new(),
        transfer_to: None,
        created_at: blank.now,
        updated_at: blank.now,
        version: 1,
    };
    student.groups = groups_after(&student.groups, entry, blank.today);
    student.guardians = entry.guardians.iter().map(|guardian| new_guardian(guardian, fresh())).collect();
    student
}

/// The times of a pupil who is entered now.
#[derive(Debug, Clone, Copy)]
pub struct Blank {
    /// Now.
    pub now: xinqiao_kit::time::Ts,
    /// The date in the county when the import was accepted.
    pub today: NaiveDate,
}

/// What a row makes of a pupil who is known.
///
/// # Errors
/// Everything that is against it.
pub fn revise(
    known: &Student,
    entry: &Entry,
    seat: Seat,
    situation: Situation,
    fresh: impl FnMut() -> Uuid,
) -> Result<Planned, Vec<Finding>> {
    let mut against = Vec::new();
    let mut warnings = Vec::new();
    let mut student = known.clone();
    student.person = person_after(&known.person, entry, &mut against);
    if known.person.name != entry.name {
        warnings.push(Finding::of(Column::Name, Reason::NameChanged));
    }
    for fault in student.person.faults(situation.today) {
        against.extend(misfit(fault));
    }
    student.groups = groups_after(&known.groups, entry, situation.today);
    match guardians_after(&known.guardians, &entry.guardians, fresh) {
        Ok(guardians) => student.guardians = guardians,
        Err(finding) => against.push(finding),
    }
    match seat_after(known, seat, situation) {
        Ok(state) => {
            (student.school, student.class, student.state) = (seat.school, seat.class, state);
        }
        Err(finding) => against.push(finding),
    }
    let changes = changes(known, &student);
    if known.state == StudentState::Transferring && !changes.is_empty() {
        against.push(Finding::of(Column::Class, Reason::Transferring));
    }
    against.dedup();
    if against.is_empty() { Ok(Planned { student, changes, warnings }) } else { Err(against) }
}

fn enrol_month(entry: &Entry) -> Option<YearMonth> {
    entry.entry_month.and_then(|month| YearMonth::new(month.year(), month.month()))
}

fn person_after(known: &Person, entry: &Entry, against: &mut Vec<Finding>) -> Person {
    if let (Some(before), Some(now)) = (known.id_number, entry.id_number)
        && before != now
    {
        against.push(Finding::of(Column::IdNumber, Reason::IdConflict));
    }
    if let (Some(before), Some(now)) = (known.student_number, entry.student_number)
        && before != now
    {
        against.push(Finding::of(Column::StudentNumber, Reason::StudentNumberConflict));
    }
    Person {
        name: entry.name.clone(),
        sex: entry.sex,
        birth_date: entry.birth_date,
        id_number: known.id_number.or(entry.id_number),
        student_number: known.student_number.or(entry.student_number),
        enrol_month: enrol_month(entry).or(known.enrol_month),
    }
}

/// What does not go with what is known already. What does not go together in the row itself was said before.
fn misfit(fault: PersonFault) -> Option<Finding> {
    match fault {
        PersonFault::NoNumber => None,
        PersonFault::BirthDate => Some(Finding::of(Column::BirthDate, Reason::BirthDateMismatch)),
        PersonFault::Sex => Some(Finding::of(Column::Sex, Reason::SexMismatch)),
        PersonFault::Age => Some(Finding::of(Column::BirthDate, Reason::BirthDateImplausible)),
    }
}

/// Tags groups that the row says yes to and are not tagged, and ends those that an earlier roster tagged and this one says no to. What
/// somebody else has said of a pupil is not the roster's to end.
fn groups_after(known: &[SpecialGroup], entry: &Entry, today: NaiveDate) -> Vec<SpecialGroup> {
    let mut groups = known.to_vec();
    for (kind, answer) in KINDS.into_iter().zip(entry.groups) {
        let holds =
            |group: &SpecialGroup| group.kind == kind && group.until.is_none_or(|until| until >= today);
        match answer {
            Some(true) if !groups.iter().any(holds) => {
                groups.retain(|group| !(group.kind == kind && group.since == today));
                groups.push(SpecialGroup { kind, since: today, until: None, source: SOURCE.to_owned() });
            }
            Some(false) => {
                groups.retain(|group| !(holds(group) && group.source == SOURCE && group.since >= today));
                for group in groups.iter_mut().filter(|group| holds(group) && group.source == SOURCE) {
                    group.until = today.pred_opt();
                }
            }
            _ => {}
        }
    }
    groups
}

fn new_guardian(entry: &GuardianEntry, id: Uuid) -> Guardian {
    Guardian {
        id: GuardianId(id),
        name: entry.name.clone(),
        relation: entry.relation.as_deref().unwrap_or(SOME_GUARDIAN).to_owned(),
        phone: entry.phone,
    }
}

/// The guardians that are known, with what the row says of them, and those that it adds. Nobody is left out.
fn guardians_after(
    known: &[Guardian],
    entries: &[GuardianEntry],
    mut fresh: impl FnMut() -> Uuid,
) -> Result<Vec<Guardian>, Finding> {
    let mut guardians = known.to_vec();
    let mut met = vec![false; known.len()];
    for entry in entries {
        match same_person(&guardians, &met, entry) {
            Some(at) => {
                if let Some(met) = met.get_mut(at) {
                    *met = true;
                }
                if let Some(guardian) = guardians.get_mut(at) {
                    let phone = entry.phone.or(guardian.phone);
                    if (&guardian.name, guardian.phone) != (&entry.name, phone) {
                        // Name and phone make the person whom siblings share: with others it is not the same row.
                        *guardian = Guardian {
                            id: GuardianId(fresh()),
                            name: entry.name.clone(),
                            phone,
                            ..guardian.clone()
                        };
                    }
                    if let Some(relation) = &entry.relation {
                        guardian.relation = relation.to_string();
                    }
                }
            }
            None => guardians.push(new_guardian(entry, fresh())),
        }
    }
    if guardians.len() > GUARDIANS_MAX {
        let [[name, ..], _] = GUARDIANS;
        return Err(Finding::of(name, Reason::TooManyGuardians).with(GUARDIANS_MAX.to_string()));
    }
    Ok(guardians)
}

/// Which of the guardians a row means: the one of the same name, the one with the same phone before others of that name; else the one who
/// has that phone and the same relation, whose name was corrected.
fn same_person(guardians: &[Guardian], met: &[bool], entry: &GuardianEntry) -> Option<usize> {
    let free = || guardians.iter().zip(met).enumerate().filter(|(_, (_, met))| !**met);
    let phone = |guardian: &Guardian| entry.phone.is_some() && guardian.phone == entry.phone;
    let find = |matches: &dyn Fn(&Guardian) -> bool| {
        free().find(|(_, (guardian, _))| matches(guardian)).map(|(at, _)| at)
    };
    find(&|guardian| guardian.name == entry.name && phone(guardian))
        .or_else(|| find(&|guardian| guardian.name == entry.name))
        .or_else(|| {
            find(&|guardian| phone(guardian) && entry.relation.as_deref() == Some(&*guardian.relation))
        })
}

/// The state of a pupil who takes a seat.
fn seat_after(known: &Student, seat: Seat, situation: Situation) -> Result<StudentState, Finding> {
    let elsewhere = || Finding::of(Column::SchoolCode, Reason::EnrolledElsewhere);
    match known.state {
        StudentState::Left | StudentState::Graduated => step(known.state, Step::Return).ok_or_else(elsewhere),
        // Said once, whatever else the row changes.
        StudentState::Transferring => Ok(known.state),
        StudentState::Enrolled | StudentState::OnLeave if known.school == seat.school => Ok(known.state),
        StudentState::Enrolled if situation.may_take && situation.green => Ok(known.state),
        StudentState::Enrolled | StudentState::OnLeave => Err(elsewhere()),
    }
}

fn changes(before: &Student, after: &Student) -> Vec<Change> {
    let seat = |student: &Student| (student.school, student.class, student.state);
    let (old, new) = (&before.person, &after.person);
    [
        (Change::Name, old.name != new.name),
        (Change::Sex, old.sex != new.sex),
        (Change::BirthDate, old.birth_date != new.birth_date),
        (Change::IdNumber, old.id_number != new.id_number),
        (Change::StudentNumber, old.student_number != new.student_number),
        (Change::EnrolMonth, old.enrol_month != new.enrol_month),
        (Change::Class, seat(before) != seat(after)),
        (Change::Groups, before.groups != after.groups),
        (Change::Guardians, before.guardians != after.guardians),
    ]
    .into_iter()
    .filter_map(|(change, differs)| differs.then_some(change))
    .collect()
}

/// Pupils who are known, to be found by either number.
#[derive(Debug, Default)]
pub struct KnownPupils {
    students: Vec<Student>,
    by_id: HashMap<IdNumber, usize>,
    by_number: HashMap<StudentNumber, usize>,
}

impl KnownPupils {
    /// These pupils.
    pub fn of(students: Vec<Student>) -> Self {
        let mut known = Self::default();
        for (index, student) in students.iter().enumerate() {
            if let Some(id) = student.person.id_number {
                known.by_id.insert(id, index);
            }
            if let Some(number) = student.person.student_number {
                known.by_number.insert(number, index);
            }
        }
        known.students = students;
        known
    }

    /// The pupil whom a row means.
    ///
    /// # Errors
    /// The row's numbers belong to two pupils.
    pub fn find(&self, entry: &Entry) -> Result<Option<&Student>, Finding> {
        let by_id = entry.id_to_match().and_then(|id| self.by_id.get(&id));
        let by_number = entry.student_numbers_to_match().filter_map(|number| self.by_number.get(&number));
        let mut found: Vec<usize> = by_id.into_iter().chain(by_number).copied().collect();
        found.dedup();
        match found.as_slice() {
            [] => Ok(None),
            [one] => Ok(self.students.get(*one)),
            _ => Err(Finding::of(Column::StudentNumber, Reason::TwoPupils)),
        }
    }
}
