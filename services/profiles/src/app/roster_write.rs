//! Carrying out the plan of a chunk: classes that are opened, pupils who come in, pupils who change.

use super::roster_chunk::{Clerk, Opened, Step, changed_pupil, reject};
use crate::{
    domain::{
        class::Class,
        ids::{SchoolId, StudentId},
        roster::{
            columns::Column,
            plan::Change,
            reason::{Finding, Reason},
        },
        student::Student,
    },
    error::{Error, RosterFault},
    store::{classes, placements, students},
};
use std::collections::HashMap;
use xinqiao_kit::db::Tx;

impl Clerk<'_> {
    pub(super) async fn open_classes(&self, tx: &mut Tx, new: &Opened) -> Result<(), Error> {
        let now = self.ctx.now();
        let mut opening: Vec<Class> = new
            .iter()
            .map(|((school, key), id)| Class::open(*id, *school, key.stage, key.entry_year, key.number, now))
            .collect();
        opening.sort_unstable_by_key(|class| class.id);
        if opening.is_empty() {
            return Ok(());
        }
        if classes::insert(tx, &opening).await? < opening.len() as u64 {
            return Err(RosterFault::Overtaken.into());
        }
        for class in &opening {
            self.app.tell_class(tx, class).await?;
        }
        Ok(())
    }

    pub(super) async fn create_pupils(&self, tx: &mut Tx, steps: &mut [Step]) -> Result<(), Error> {
        let new = steps.iter().filter(|step| matches!(step, Step::Create { .. })).filter_map(written_pupil);
        let mut pupils: Vec<Student> = new.cloned().collect();
        if pupils.is_empty() {
            return Ok(());
        }
        let refused = self.app.enrol(tx, self.ctx, &mut pupils).await?;
        self.refuse(tx, steps, &refused).await
    }

    /// Pupils who could not be written because somebody has one of their numbers. If that is somebody who came in between, the chunk is done
    /// again; else it is somebody who was erased and cannot be shown.
    async fn refuse(&self, tx: &mut Tx, steps: &mut [Step], refused: &[StudentId]) -> Result<(), Error> {
        if refused.is_empty() {
            return Ok(());
        }
        let keys = &self.app.deps.keys;
        let persons = steps.iter().filter_map(written_pupil).filter(|student| refused.contains(&student.id));
        let persons: Vec<_> = persons.map(|student| &student.person).collect();
        let ids =
            persons.iter().filter_map(|person| person.id_number).map(|id| students::id_lookup(keys, &id));
        let numbers = persons.iter().filter_map(|person| person.student_number);
        let numbers = numbers.map(|number| students::number_lookup(keys, &number)).collect();
        let holders = students::by_lookups(tx, keys, ids.collect(), numbers).await?;
        if holders.iter().any(|holder| !refused.contains(&holder.id)) {
            return Err(RosterFault::Overtaken.into());
        }
        for step in steps.iter_mut() {
            let taken = written_pupil(step).is_some_and(|student| refused.contains(&student.id));
            if let (true, Step::Create { row, findings, .. } | Step::Change { row, findings, .. }) =
                (taken, &mut *step)
            {
                let finding = Finding::of(Column::IdNumber, Reason::NumberTaken);
                *step = reject(*row, std::mem::take(findings), vec![finding]);
            }
        }
        Ok(())
    }

    pub(super) async fn change_pupils(&self, tx: &mut Tx, steps: &mut [Step]) -> Result<(), Error> {
        let changed = steps.iter().filter(|step| changed_pupil(step).is_some()).filter_map(written_pupil);
        let mut pupils: Vec<Student> = changed.cloned().collect();
        if pupils.is_empty() {
            return Ok(());
        }
        let refused = students::update(tx, &self.app.deps.keys, &mut pupils, self.ctx.now()).await?;
        self.refuse(tx, steps, &refused).await?;
        // Where those who have moved were before, and whether they had a place there.
        let moved: HashMap<StudentId, (SchoolId, bool)> = steps
            .iter()
            .filter_map(|step| match step {
                Step::Change { planned, before, .. } if planned.changes.contains(&Change::Class) => {
                    Some((before.id, (before.school, before.state.has_place())))
                }
                _ => None,
            })
            .collect();
        let ids: Vec<StudentId> = moved.keys().copied().collect();
        let mut places = placements::by_ids(tx, &ids).await?;
        places.sort_unstable_by_key(|place| place.student);
        for place in places {
            let Some((school, had_place)) = moved.get(&place.student) else { continue };
            if *school != place.school {
                self.app.new_school(tx, self.ctx, &place).await?;
                continue;
            }
            self.app.tell_moved(tx, &place).await?;
            if !had_place {
                self.app.refit_team(tx, self.ctx, &place, false).await?;
            }
        }
        Ok(())
    }
}

/// The pupil whom a step writes.
fn written_pupil(step: &Step) -> Option<&Student> {
    match step {
        Step::Create { student, .. } => Some(student),
        Step::Change { planned, .. } if !planned.changes.is_empty() => Some(&planned.student),
        _ => None,
    }
}
