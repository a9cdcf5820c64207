//! Going through the rows of a roster: what each says, before anybody has looked who is known.

use crate::domain::roster::{
    check,
    columns::Column,
    entry::{self, Entry},
    import::{CHUNK_ROWS, Outcome, RowResult},
    reason::{Finding, Reason},
    register::Register,
    repeats::Repeats,
    sheet::Sheet,
};
use chrono::NaiveDate;
use std::sync::Arc;

/// What a row says, before anybody has looked who is known.
#[derive(Debug, Clone)]
pub(super) enum Said {
    /// Nothing more is to be done: it was rejected, or says what an earlier row said.
    Settled(RowResult),
    /// It names a pupil.
    Pupil {
        /// Its number in the sheet.
        row: u32,
        /// What it says.
        entry: Box<Entry>,
        /// Warnings.
        findings: Vec<Finding>,
    },
}

/// The rows of an import and how far they were gone through.
pub(super) struct Rows {
    sheet: Arc<Sheet>,
    /// Schools that may be named.
    pub(super) register: Register,
    /// The date in the county when the import was accepted.
    pub(super) today: NaiveDate,
    repeats: Repeats,
    next: usize,
}

impl Rows {
    /// The rows of a sheet, from the first.
    pub(super) fn of(sheet: Arc<Sheet>, register: Register, today: NaiveDate) -> Self {
        Self { sheet, register, today, repeats: Repeats::default(), next: 0 }
    }

    /// How many rows were gone through.
    pub(super) fn passed(&self) -> usize {
        self.next
    }

    /// Whether all were.
    pub(super) fn is_at_end(&self) -> bool {
        self.next >= self.sheet.len()
    }

    /// Goes back to the first row.
    pub(super) fn start_over(&mut self) {
        (self.repeats, self.next) = (Repeats::default(), 0);
    }

    /// What the rows of the next chunk say.
    pub(super) fn next_chunk(&mut self) -> Vec<Said> {
        let end = (self.next + CHUNK_ROWS).min(self.sheet.len());
        let said = (self.next..end).map(|index| self.go_through(index)).collect();
        self.next = end;
        said
    }

    fn go_through(&mut self, index: usize) -> Said {
        let row = self.sheet.row(index);
        let checked = self.check(index);
        let findings = checked.findings;
        let Some(entry) = checked.entry else {
            return Said::Settled(RowResult::rejected(row.number, findings));
        };
        match self.repeats.meet(&entry, u32::try_from(index).unwrap_or(u32::MAX)) {
            Ok(()) => Said::Pupil { row: row.number, entry: Box::new(entry), findings },
            Err(earlier) => Said::Settled(self.again(row.number, earlier as usize, &entry, findings)),
        }
    }

    fn check(&self, index: usize) -> check::Checked {
        let around = entry::Surroundings { register: &self.register, today: self.today };
        check::check(self.sheet.row(index), &around)
    }

    /// A pupil whom an earlier row has named: in the same words, or in others.
    fn again(&self, row: u32, earlier: usize, entry: &Entry, mut findings: Vec<Finding>) -> RowResult {
        if self.check(earlier).entry.as_ref() == Some(entry) {
            return RowResult {
                row,
                outcome: Outcome::Duplicate,
                student: None,
                findings,
                changes: Vec::new(),
            };
        }
        let column = if entry.id_number.is_some() { Column::IdNumber } else { Column::StudentNumber };
        let first = self.sheet.row(earlier).number.to_string();
        findings.push(Finding::of(column, Reason::PupilTwice).with(first));
        RowResult::rejected(row, findings)
    }
}
