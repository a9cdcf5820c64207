//! The three-colour record (三色档案) and its history, in which nothing is ever rewritten.

use super::{
    colour::Colour,
    ids::{EntryId, ProposalId, StudentId, UserId},
    words::words,
};
use serde::{Deserialize, Serialize};
use xinqiao_kit::time::Ts;

/// A pupil's record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The pupil.
    pub student: StudentId,
    /// Colour in force.
    pub colour: Colour,
    /// Since when.
    pub since: Ts,
    /// Until when an urgent orange needs its second signature.
    pub second_due_at: Option<Ts>,
    /// When the last follow-up took place.
    pub followed_up_at: Option<Ts>,
    /// When a guardian was last reached.
    pub parents_reached_at: Option<Ts>,
    /// When the joint plan was last written.
    pub planned_at: Option<Ts>,
    /// Version of the row.
    pub version: i64,
}

impl Record {
    /// The record of a pupil who is enrolled now: green.
    pub fn open(student: StudentId, now: Ts) -> Self {
        Self {
            student,
            colour: Colour::Green,
            since: now,
            second_due_at: None,
            followed_up_at: None,
            parents_reached_at: None,
            planned_at: None,
            version: 1,
        }
    }

    /// The record with another colour in force. Contacts and plans made for an earlier orange do not count for a new one.
    #[must_use]
    pub fn coloured(self, colour: Colour, second_due_at: Option<Ts>, now: Ts) -> Self {
        Self { colour, since: now, second_due_at, ..self }
    }
}

words! {
    /// What a line of the history says.
    pub enum EntryKind {
        /// The record was opened, green.
        Opened = "opened",
        /// A colour took force.
        Colour = "colour",
        /// An urgent orange got its second signature.
        SecondSignature = "second_signature",
        /// A proposal was rejected.
        Rejected = "rejected",
        /// The pupil came to another school.
        Transferred = "transferred",
        /// An earlier line is corrected.
        Correction = "correction",
    }
}

/// A line of a record's history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The id.
    pub id: EntryId,
    /// The pupil.
    pub student: StudentId,
    /// What happened.
    pub kind: EntryKind,
    /// Colour before.
    pub from: Colour,
    /// Colour after.
    pub to: Colour,
    /// The proposal that brought it about.
    pub proposal: Option<ProposalId>,
    /// Who did it; `None` for an import.
    pub actor: Option<UserId>,
    /// The line that is corrected.
    pub corrects: Option<EntryId>,
    /// What is right, for a correction.
    pub note: String,
    /// When.
    pub created_at: Ts,
}

impl Entry {
    /// The first line of every history.
    pub fn opened(id: EntryId, student: StudentId, actor: Option<UserId>, now: Ts) -> Self {
        Self {
            id,
            student,
            kind: EntryKind::Opened,
            from: Colour::Green,
            to: Colour::Green,
            proposal: None,
            actor,
            corrects: None,
            note: String::new(),
            created_at: now,
        }
    }
}
