//! An import on its way: what was asked for, how far it has come, what became of the rows.

use super::{
    cell::Address,
    columns::{Column, Headings},
    plan::Change,
    reason::Finding,
};
use crate::domain::{
    ids::{SchoolId, StudentId, UserId},
    words::words,
};
use serde::{Deserialize, Serialize};
use xinqiao_kit::{time::Ts, typed_id};

typed_id!(
    /// An import of a roster.
    ImportId
);

/// Rows that are taken in one transaction.
pub const CHUNK_ROWS: usize = 500;
/// Imports of one account that may wait or run at a time.
pub const WAITING_MAX: i64 = 10;
/// Longest name of a file, in characters.
pub const FILENAME_MAX: usize = 200;
/// Attempts at one import without getting on before it is given up: enough for a database that is away for a quarter of an hour, and for a
/// machine that is switched off again and again.
pub const ATTEMPTS_MAX: i32 = 50;

words! {
    /// What becomes of the good rows of a file that also has bad ones.
    pub enum Policy {
        /// Nothing is taken unless every row is good.
        AllOrNothing = "all_or_nothing",
        /// The good rows are taken.
        GoodRows = "good_rows",
    }
}

words! {
    /// How far an import has come.
    pub enum ImportState {
        /// Waits for its turn.
        Pending = "pending",
        /// At work.
        Running = "running",
        /// Done.
        Succeeded = "succeeded",
        /// All or nothing was asked for, and there are bad rows.
        Refused = "refused",
        /// Given up.
        Failed = "failed",
    }
}

impl ImportState {
    /// Whether nothing more will happen.
    pub const fn is_last(self) -> bool {
        matches!(self, Self::Succeeded | Self::Refused | Self::Failed)
    }
}

words! {
    /// What became of a row, or would.
    pub enum Outcome {
        /// A pupil whom nobody knew.
        Created = "created",
        /// Something changed, but not the class.
        Updated = "updated",
        /// Nothing changed.
        Unchanged = "unchanged",
        /// Another class.
        Moved = "moved",
        /// Not taken.
        Rejected = "rejected",
        /// Word for word an earlier row.
        Duplicate = "duplicate",
    }
}

impl Outcome {
    /// The outcome of a row that changes a known pupil so.
    pub fn of_changes(changes: &[Change]) -> Self {
        match changes {
            [] => Self::Unchanged,
            changes if changes.contains(&Change::Class) => Self::Moved,
            _ => Self::Updated,
        }
    }
}

/// What became of one row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowResult {
    /// Its number in the sheet, from 1.
    pub row: u32,
    /// What became of it.
    pub outcome: Outcome,
    /// The pupil, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub student: Option<StudentId>,
    /// Everything that there is to say of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
    /// What changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Change>,
}

impl RowResult {
    /// A row that was not taken.
    pub fn rejected(row: u32, findings: Vec<Finding>) -> Self {
        Self { row, outcome: Outcome::Rejected, student: None, findings, changes: Vec::new() }
    }
}

/// Rows by what became of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Pupils whom nobody knew.
    pub created: i32,
    /// Pupils of whom something changed.
    pub updated: i32,
    /// Pupils of whom nothing changed.
    pub unchanged: i32,
    /// Pupils who came to another class.
    pub moved: i32,
    /// Rows that were not taken.
    pub rejected: i32,
    /// Rows that say what an earlier one said.
    pub duplicates: i32,
    /// Rows that were taken with a warning.
    pub with_warnings: i32,
    /// Classes that were opened.
    pub classes_created: i32,
}

impl Counts {
    /// Counts one more row.
    pub fn add(&mut self, row: &RowResult) {
        let count = match row.outcome {
            Outcome::Created => &mut self.created,
            Outcome::Updated => &mut self.updated,
            Outcome::Unchanged => &mut self.unchanged,
            Outcome::Moved => &mut self.moved,
            Outcome::Rejected => &mut self.rejected,
            Outcome::Duplicate => &mut self.duplicates,
        };
        *count += 1;
        if row.outcome != Outcome::Rejected && !row.findings.is_empty() {
            self.with_warnings += 1;
        }
    }

    /// Both together.
    #[must_use]
    pub fn plus(self, more: Self) -> Self {
        Self {
            created: self.created + more.created,
            updated: self.updated + more.updated,
            unchanged: self.unchanged + more.unchanged,
            moved: self.moved + more.moved,
            rejected: self.rejected + more.rejected,
            duplicates: self.duplicates + more.duplicates,
            with_warnings: self.with_warnings + more.with_warnings,
            classes_created: self.classes_created + more.classes_created,
        }
    }
}

/// What is known of the file once its headings were read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// Its name.
    pub filename: String,
    /// The sheet that is read; empty for text.
    pub sheet: String,
    /// Where the columns stand.
    pub headings: Headings,
    /// Other sheets that are not empty.
    pub other_sheets: Vec<String>,
    /// Whether days are counted from 1904 instead of 1900.
    pub from_1904: bool,
}

impl About {
    /// The address of what a finding is about: a cell, or the row.
    pub fn address(&self, row: u32, column: Option<Column>) -> String {
        let place = column.and_then(|column| self.headings.place(column));
        place.map_or_else(|| row.to_string(), |column| Address { column, row }.to_string())
    }
}

/// An import.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Import {
    /// The id.
    pub id: ImportId,
    /// Who handed it in.
    pub creator: UserId,
    /// The schools whose rows are taken; `None` for all of the county.
    pub schools: Option<Vec<SchoolId>>,
    /// The file.
    pub about: About,
    /// Its size, in bytes.
    pub size_bytes: i64,
    /// Whether nothing is to be changed.
    pub dry_run: bool,
    /// What becomes of the good rows of a file that also has bad ones.
    pub policy: Policy,
    /// How far it has come.
    pub state: ImportState,
    /// Why it failed; empty unless it did.
    pub failure: String,
    /// Rows that are not empty.
    pub rows_total: i32,
    /// Rows that were looked at.
    pub rows_checked: i32,
    /// Rows that were dealt with for good.
    pub rows_done: i32,
    /// What became of the rows.
    pub counts: Counts,
    /// When it was accepted.
    pub created_at: Ts,
    /// When it reached its last state.
    pub finished_at: Option<Ts>,
    /// When file and details are erased.
    pub erase_at: Option<Ts>,
    /// Whether they are.
    pub erased: bool,
}

impl Import {
    /// Whether rows are written while they are looked at, rather than only after all have been.
    pub fn writes_at_once(&self) -> bool {
        !self.dry_run && self.policy == Policy::GoodRows
    }
}
