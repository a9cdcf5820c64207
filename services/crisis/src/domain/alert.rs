//! An alert: one pupil needs people.

use super::{AlertId, ClassId, SchoolId, StudentId, UserId, codes::codes, escalation::Escalation};
use serde::{Deserialize, Serialize};
use xinqiao_kit::time::Ts;

codes! {
    /// How urgent an alert is. In order: a later one is more urgent.
    Severity {
        /// Needs attention.
        Yellow = "yellow",
        /// Serious.
        Orange = "orange",
        /// Danger to life, now.
        Red = "red",
    }
}

codes! {
    /// Where an alert stands.
    AlertState {
        /// Nobody has acknowledged it: it escalates.
        Open = "open",
        /// Somebody takes care; an action is awaited (R14).
        Acknowledged = "acknowledged",
        /// Being handled.
        InHand = "in_hand",
        /// The danger is over.
        Resolved = "resolved",
        /// There was no danger.
        Unfounded = "unfounded",
    }
}

impl AlertState {
    /// Whether the pupil's later signals join it.
    pub fn gathers(self) -> bool {
        !matches!(self, Self::Resolved | Self::Unfounded)
    }
}

/// An alert.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    /// Its id.
    pub id: AlertId,
    /// Number for people.
    pub number: String,
    /// The pupil.
    pub student: StudentId,
    /// The pupil's school; none while it is not known.
    pub school: Option<SchoolId>,
    /// The pupil's class; none while it is not known.
    pub class: Option<ClassId>,
    /// False while the platform still has to ask where the pupil is enrolled.
    pub placed: bool,
    /// Whether this is a drill.
    pub drill: bool,
    /// Severity, state, steps and due time.
    pub escalation: Escalation,
    /// Who acknowledged it last and when.
    pub acknowledged: Option<(UserId, Ts)>,
    /// First action after the last acknowledgement.
    pub action_at: Option<Ts>,
    /// When it was closed.
    pub closed_at: Option<Ts>,
    /// When it was opened.
    pub created_at: Ts,
    /// When it last changed.
    pub updated_at: Ts,
    /// Version of the row.
    pub version: i64,
}

impl Alert {
    /// Where it stands.
    pub fn state(&self) -> AlertState {
        self.escalation.state()
    }

    /// How urgent it is.
    pub fn severity(&self) -> Severity {
        self.escalation.severity
    }
}

/// The number of an alert for people: `A-2026-000123`, counted within a year of the county's calendar.
pub fn number(year: i32, count: i64) -> String {
    format!("A-{year}-{count:06}")
}
