//! A chunk of rows: what the rows say, what that means for the pupils who are known, and writing it.

use super::{App, roster_rows::Said};
use crate::{
    domain::{
        ids::{ClassId, SchoolId, StudentId},
        roster::{
            columns::Column,
            entry::{ClassKey, Entry},
            import::{Outcome, RowResult},
            plan::{self, Blank, Change, KnownPupils, Planned, Seat, Situation},
            reason::{Finding, Reason},
            register::Register,
        },
        school::Running,
        student::{Student, StudentState},
    },
    error::{Error, RosterFault},
    store::{classes, placements, roster, students},
};
use chrono::NaiveDate;
use std::collections::{BTreeMap, HashMap, HashSet};
use uuid::Uuid;
use xinqiao_kit::{ctx::Ctx, db::Tx};

/// Does the chunks of one import.
pub(super) struct Clerk<'a> {
    /// The use-cases.
    pub(super) app: &'a App,
    /// On behalf of whom, and with which clock.
    pub(super) ctx: &'a Ctx,
    /// Schools that may be named.
    pub(super) register: &'a Register,
    /// Whether the importer may move pupils between all schools of the county.
    pub(super) whole_county: bool,
    /// The date in the county when the import was accepted.
    pub(super) today: NaiveDate,
}

/// Classes that rows name, known or to be opened.
pub(super) type Opened = HashMap<(SchoolId, ClassKey), ClassId>;

/// What is to be done about one row.
pub(super) enum Step {
    Settled(RowResult),
    Create { row: u32, student: Box<Student>, findings: Vec<Finding> },
    Change { row: u32, planned: Box<Planned>, before: Box<Student>, findings: Vec<Finding> },
}

/// What became of a chunk.
pub(super) struct Done {
    /// Its rows.
    pub(super) results: Vec<RowResult>,
    /// Classes that were opened, or would be.
    pub(super) opened: Opened,
}

impl Clerk<'_> {
    /// Plans a chunk and, if `write`, carries the plan out in the same transaction. `opened` are the classes that earlier chunks would have
    /// opened.
    pub(super) async fn take_chunk(
        &self,
        tx: &mut Tx,
        chunk: &[Said],
        opened: &Opened,
        write: bool,
    ) -> Result<Done, Error> {
        let (mut steps, mut new_classes) = self.plan_chunk(tx, chunk, opened, &[]).await?;
        if !write {
            let results = steps.into_iter().map(|step| result(step, false)).collect();
            return Ok(Done { results, opened: new_classes });
        }
        let touched: Vec<StudentId> = steps.iter().filter_map(changed_pupil).collect();
        if !touched.is_empty() {
            // They may have changed since they were read: from here on nobody else changes them.
            roster::lock_pupils(tx, &touched).await?;
            (steps, new_classes) = self.plan_chunk(tx, chunk, opened, &touched).await?;
        }
        self.open_classes(tx, &new_classes).await?;
        self.create_pupils(tx, &mut steps).await?;
        self.change_pupils(tx, &mut steps).await?;
        let results = steps.into_iter().map(|step| result(step, true)).collect();
        Ok(Done { results, opened: new_classes })
    }

    /// What is to be done about each row, and the classes that it takes. After pupils were locked nobody else may turn up who would have to
    /// be locked as well.
    async fn plan_chunk(
        &self,
        tx: &mut Tx,
        chunk: &[Said],
        opened: &Opened,
        locked: &[StudentId],
    ) -> Result<(Vec<Step>, Opened), Error> {
        let known = KnownPupils::of(self.known_pupils(tx, chunk).await?);
        let mut classes = self.classes_of(tx, chunk, opened).await?;
        let green = self.green_movers(tx, chunk, &known).await?;
        let mut steps = Vec::with_capacity(chunk.len());
        let mut needed = Opened::new();
        for said in chunk {
            let (row, entry, findings) = match said {
                Said::Settled(result) => {
                    steps.push(Step::Settled(result.clone()));
                    continue;
                }
                Said::Pupil { row, entry, findings } => (*row, entry.as_ref(), findings.clone()),
            };
            let school = self.register.school(entry.school).map(|school| SchoolId(school.id));
            let school = school.ok_or(RosterFault::Overtaken)?;
            let place = classes
                .entry((school, entry.class))
                .or_insert_with(|| Place::New(ClassId(self.app.deps.ids.new_id())));
            let (class, is_new) = match place {
                Place::Open(class) => (*class, false),
                Place::New(class) => (*class, true),
                Place::Closed => {
                    let finding = Finding::of(Column::Class, Reason::ClassClosed);
                    steps.push(reject(row, findings, vec![finding]));
                    continue;
                }
            };
            let step = self.plan_row(&known, &green, row, entry, Seat { school, class }, findings);
            if is_new && takes_seat(&step) {
                needed.insert((school, entry.class), class);
            }
            steps.push(step);
        }
        let mut touched = steps.iter().filter_map(changed_pupil);
        if !locked.is_empty() && touched.any(|student| !locked.contains(&student)) {
            return Err(RosterFault::Overtaken.into());
        }
        needed.retain(|key, _| !opened.contains_key(key));
        Ok((steps, needed))
    }

    fn plan_row(
        &self,
        known: &KnownPupils,
        green: &HashSet<StudentId>,
        row: u32,
        entry: &Entry,
        seat: Seat,
        mut findings: Vec<Finding>,
    ) -> Step {
        let fresh = || self.app.deps.ids.new_id();
        let before = match known.find(entry) {
            Err(finding) => return reject(row, findings, vec![finding]),
            Ok(None) => {
                let blank = Blank { now: self.ctx.now(), today: self.today };
                let student = plan::newcomer(entry, seat, fresh(), fresh, blank);
                return Step::Create { row, student: Box::new(student), findings };
            }
            Ok(Some(before)) => before,
        };
        let situation = Situation {
            today: self.today,
            may_take: self.whole_county || self.register.holds(before.school.uuid()),
            green: green.contains(&before.id),
        };
        match plan::revise(before, entry, seat, situation, fresh) {
            Err(against) => reject(row, findings, against),
            Ok(planned) => {
                findings.extend(planned.warnings.iter().cloned());
                Step::Change { row, planned: Box::new(planned), before: Box::new(before.clone()), findings }
            }
        }
    }

    async fn known_pupils(&self, tx: &mut Tx, chunk: &[Said]) -> Result<Vec<Student>, Error> {
        let keys = &self.app.deps.keys;
        let mut ids: Vec<Uuid> = Vec::with_capacity(chunk.len());
        let mut numbers: Vec<Uuid> = Vec::with_capacity(2 * chunk.len());
        for entry in chunk.iter().filter_map(entry_of) {
            ids.extend(entry.id_to_match().map(|id| students::id_lookup(keys, &id)));
            numbers.extend(
                entry.student_numbers_to_match().map(|number| students::number_lookup(keys, &number)),
            );
        }
        Ok(students::by_lookups(tx, keys, ids, numbers).await?)
    }

    /// The classes that the rows name, as far as they exist or would be opened by now.
    async fn classes_of(
        &self,
        tx: &mut Tx,
        chunk: &[Said],
        opened: &Opened,
    ) -> Result<BTreeMap<(SchoolId, ClassKey), Place>, Error> {
        let schools =
            chunk.iter().filter_map(entry_of).filter_map(|entry| self.register.school(entry.school));
        let mut schools: Vec<SchoolId> = schools.map(|school| SchoolId(school.id)).collect();
        schools.sort_unstable();
        schools.dedup();
        let mut found: BTreeMap<_, _> = opened.iter().map(|(key, id)| (*key, Place::New(*id))).collect();
        for class in classes::by_schools(tx, &schools).await? {
            let key = ClassKey { stage: class.stage, entry_year: class.entry_year, number: class.number };
            let place = match class.state {
                Running::Active => Place::Open(class.id),
                Running::Closed => Place::Closed,
            };
            found.insert((class.school, key), place);
        }
        Ok(found)
    }

    /// Of the pupils who would change schools: those whose record is green.
    async fn green_movers(
        &self,
        tx: &mut Tx,
        chunk: &[Said],
        known: &KnownPupils,
    ) -> Result<HashSet<StudentId>, Error> {
        let mut movers = Vec::new();
        for entry in chunk.iter().filter_map(entry_of) {
            let school = self.register.school(entry.school).map(|school| school.id);
            if let Ok(Some(student)) = known.find(entry)
                && Some(student.school.uuid()) != school
            {
                movers.push(student.id);
            }
        }
        if movers.is_empty() {
            return Ok(HashSet::new());
        }
        let places = placements::by_ids(tx, &movers).await?;
        let green = crate::domain::colour::Colour::Green;
        Ok(places.into_iter().filter(|place| place.colour == green).map(|place| place.student).collect())
    }
}

/// A class that rows name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Open(ClassId),
    New(ClassId),
    Closed,
}

fn entry_of(said: &Said) -> Option<&Entry> {
    match said {
        Said::Pupil { entry, .. } => Some(entry),
        Said::Settled(_) => None,
    }
}

pub(super) fn reject(row: u32, mut findings: Vec<Finding>, against: Vec<Finding>) -> Step {
    findings.extend(against);
    Step::Settled(RowResult::rejected(row, findings))
}

pub(super) fn changed_pupil(step: &Step) -> Option<StudentId> {
    match step {
        Step::Change { planned, before, .. } if !planned.changes.is_empty() => Some(before.id),
        _ => None,
    }
}

fn takes_seat(step: &Step) -> bool {
    match step {
        Step::Settled(_) => false,
        Step::Create { .. } => true,
        Step::Change { planned, .. } => {
            planned.changes.contains(&Change::Class) && planned.student.state != StudentState::Transferring
        }
    }
}

/// What became of a row; a pupil who was only planned has no name yet.
fn result(step: Step, written: bool) -> RowResult {
    match step {
        Step::Settled(result) => result,
        Step::Create { row, student, findings } => RowResult {
            row,
            outcome: Outcome::Created,
            student: written.then_some(student.id),
            findings,
            changes: Vec::new(),
        },
        Step::Change { row, planned, before, findings } => RowResult {
            row,
            outcome: Outcome::of_changes(&planned.changes),
            student: Some(before.id),
            findings,
            changes: planned.changes,
        },
    }
}
