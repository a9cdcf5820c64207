//! Notifications: one message to one person over one channel. A number, a colour, a link; never a name or a text about a pupil.

use super::{AlertId, Level, NotificationId, Severity, UserId, codes::codes};
use chrono::Duration;
use xinqiao_kit::time::Ts;

codes! {
    /// Why somebody is told.
    NotificationKind {
        /// An alert escalates.
        Escalation = "escalation",
        /// A later signal joined an alert that the recipient takes care of.
        SignalJoined = "signal_joined",
        /// Somebody acknowledged an alert that the recipient had been told of.
        Acknowledged = "acknowledged",
        /// A task is the recipient's.
        Task = "task",
        /// Something is wrong with the platform or the grid.
        Alarm = "alarm",
    }
}

codes! {
    /// How far a notification has come.
    NotificationState {
        /// Not yet given to its channel.
        Queued = "queued",
        /// The channel accepted it.
        Sent = "sent",
        /// The recipient's device took it or confirmed it.
        Seen = "seen",
        /// It could not be delivered.
        Failed = "failed",
    }
}

codes! {
    /// What an alarm is about. Its text stands in the message catalogue under the reason.
    Alarm {
        /// Nobody at all could be told of an alert.
        NobodyReachable = "nobody_reachable",
        /// The escalation of an alert keeps failing.
        AlertSetAside = "alert_set_aside",
        /// Escalation stands still.
        EscalationStalled = "escalation_stalled",
        /// The grid of a school has gaps.
        GridGaps = "grid_gaps",
    }
}

impl Alarm {
    /// The reason of its text in the catalogue.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::NobodyReachable => "ALARM_NOBODY_REACHABLE",
            Self::AlertSetAside => "ALARM_ALERT_SET_ASIDE",
            Self::EscalationStalled => "ALARM_ESCALATION_STALLED",
            Self::GridGaps => "ALARM_GRID_GAPS",
        }
    }
}

/// A notification as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// Its id.
    pub id: NotificationId,
    /// Who is told.
    pub recipient: UserId,
    /// Position among the recipient's notifications, from 1, in the order of commits.
    pub sequence: i64,
    /// Why.
    pub kind: NotificationKind,
    /// The alert; none for an alarm that concerns no alert.
    pub alert: Option<AlertId>,
    /// Number of the alert.
    pub number: String,
    /// How urgent.
    pub severity: Severity,
    /// Whether this is a drill.
    pub drill: bool,
    /// The level at which the recipient is told.
    pub level: Option<Level>,
    /// Round of the escalation.
    pub round: i32,
    /// Step of the round.
    pub step: i32,
    /// What an alarm is about.
    pub alarm: Option<Alarm>,
    /// The channel.
    pub channel: String,
    /// How far it has come.
    pub state: NotificationState,
    /// When it was written.
    pub created_at: Ts,
    /// When a device took or confirmed it.
    pub receipt_at: Option<Ts>,
}

/// Attempts to give a notification to its channel before it counts as failed.
pub const ATTEMPTS_MAX: i32 = 10;
/// The longest pause between two attempts.
const PAUSE_MAX_SECONDS: i64 = 60;

/// The pause after so many failed attempts: doubling from a second, at most a minute.
pub fn pause_after(attempts: i32) -> Duration {
    let doublings = u32::try_from(attempts.saturating_sub(1)).unwrap_or_default().min(6);
    Duration::seconds((1_i64 << doublings).min(PAUSE_MAX_SECONDS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_minute() {
        let pauses: Vec<_> = (1..=8).map(|attempts| pause_after(attempts).num_seconds()).collect();
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 60, 60]);
    }
}
