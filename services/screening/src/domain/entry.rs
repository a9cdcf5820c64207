//! The list (清单): dated stays of pupils, with the reasons of entry and exit (P3.4). Nobody enters on questionnaires alone.

use super::{
    finding::{Finding, Source},
    ids::{EntryId, FindingId, Place, StudentId, UserId},
    words::words,
};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use xinqiao_kit::time::Ts;

/// Findings that one entry names at most.
pub const MAX_FINDINGS: usize = 20;

words! {
    /// Why a pupil enters the list.
    EntryReason {
        /// Low mood.
        Mood = "mood",
        /// Anxiety.
        Anxiety = "anxiety",
        /// Trouble with others, bullying.
        Relations = "relations",
        /// Trouble with learning or attendance.
        Learning = "learning",
        /// Conduct.
        Conduct = "conduct",
        /// Family, loss, a shock.
        Family = "family",
        /// Danger to self or others.
        Danger = "danger",
    }
}

words! {
    /// Why a pupil leaves the list.
    ExitReason {
        /// Well again.
        Recovered = "recovered",
        /// Entered by mistake.
        Mistake = "mistake",
        /// Moved to another school, which was told.
        Transferred = "transferred",
        /// Left or graduated.
        Left = "left",
    }
}

/// A stay on the list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Id.
    pub id: EntryId,
    /// Version of the row.
    pub version: i64,
    /// The pupil.
    pub student: StudentId,
    /// Where the pupil is.
    pub place: Place,
    /// Day of entry.
    pub enter_day: NaiveDate,
    /// Day of exit.
    pub exit_day: Option<NaiveDate>,
    /// What it says.
    pub content: EntryContent,
    /// When it was recorded.
    pub create_time: Ts,
}

/// The part of an entry that is sealed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EntryContent {
    /// Findings that it rests on.
    pub findings: Vec<FindingId>,
    /// Reasons of entry.
    pub reasons: Vec<EntryReason>,
    /// In words.
    pub notes: String,
    /// Who made it.
    pub creator: UserId,
    /// The exit.
    pub exit: Option<Exit>,
}

/// How a stay ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Exit {
    /// Why.
    pub reason: ExitReason,
    /// In words.
    pub notes: String,
    /// Who said so; nobody when the pupil left the schools.
    pub by: Option<UserId>,
}

/// Why a pupil cannot enter the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoEntry {
    /// A finding that is named does not exist, or is about somebody else.
    #[error("a finding is not about this pupil")]
    FindingUnknown,
    /// Only questionnaires speak for it.
    #[error("nobody enters the list on questionnaires alone")]
    QuestionnaireOnly,
}

/// Whether these findings put a pupil on the list: all are about the pupil, and one is of an interview, a class meeting, an observation
/// or an assessment.
///
/// # Errors
/// Why not.
pub fn may_enter(student: StudentId, named: &[FindingId], found: &[Finding]) -> Result<(), NoEntry> {
    let about = |id: &FindingId| found.iter().any(|finding| finding.id == *id && finding.student == student);
    if !named.iter().all(about) {
        return Err(NoEntry::FindingUnknown);
    }
    if found.iter().all(|finding| finding.source == Source::Questionnaire) {
        return Err(NoEntry::QuestionnaireOnly);
    }
    Ok(())
}
