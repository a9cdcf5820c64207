//! Pupils that a file names more than once.

use super::entry::Entry;
use crate::domain::identifiers::{IdNumber, StudentNumber};
use std::collections::HashMap;

/// Remembers which row named a pupil first.
#[derive(Debug, Default)]
pub struct Repeats {
    by_id: HashMap<IdNumber, u32>,
    by_student_number: HashMap<StudentNumber, u32>,
}

impl Repeats {
    /// Notes that the row at `index` names this pupil.
    ///
    /// # Errors
    /// The index of the row that named the pupil before; nothing is noted then.
    pub fn meet(&mut self, entry: &Entry, index: u32) -> Result<(), u32> {
        let id = entry.id_to_match();
        let earlier = [
            id.and_then(|id| self.by_id.get(&id)),
            entry.student_number.and_then(|number| self.by_student_number.get(&number)),
        ];
        if let Some(earlier) = earlier.into_iter().flatten().min() {
            return Err(*earlier);
        }
        if let Some(id) = id {
            self.by_id.insert(id, index);
        }
        if let Some(number) = entry.student_number {
            self.by_student_number.insert(number, index);
        }
        Ok(())
    }
}
