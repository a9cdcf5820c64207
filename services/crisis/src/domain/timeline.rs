//! The timeline of an alert: who knew what when (P8.5). Entries are added, never changed.

use super::{EntryId, Level, UserId, codes::codes};
use xinqiao_kit::time::Ts;

codes! {
    /// What an entry says.
    EntryKind {
        /// The alert was opened.
        Opened = "opened",
        /// A later signal joined it.
        SignalJoined = "signal_joined",
        /// Its severity rose.
        SeverityRaised = "severity_raised",
        /// A step started.
        StepStarted = "step_started",
        /// Nobody fills a level that the step should have told.
        Gap = "gap",
        /// A notification was written for a recipient.
        Notified = "notified",
        /// A channel accepted a notification.
        Sent = "sent",
        /// A device took or confirmed a notification.
        Received = "received",
        /// A notification could not be delivered.
        DeliveryFailed = "delivery_failed",
        /// No device took a notification of the step in time.
        NoReceipt = "no_receipt",
        /// Somebody opened the alert.
        Viewed = "viewed",
        /// Somebody acknowledged it.
        Acknowledged = "acknowledged",
        /// An action was recorded.
        Action = "action",
        /// Somebody took it in hand.
        TakenInHand = "taken_in_hand",
        /// Acknowledged, but no action in time.
        Lapsed = "lapsed",
        /// The county has been told.
        EscalatedToCounty = "escalated_to_county",
        /// Nobody at all could be told.
        NobodyReachable = "nobody_reachable",
        /// Resolved.
        Resolved = "resolved",
        /// Closed as unfounded.
        ClosedUnfounded = "closed_unfounded",
        /// Reopened.
        Reopened = "reopened",
        /// School or class became known or changed.
        Placed = "placed",
        /// A plan was activated.
        PlanActivated = "plan_activated",
        /// A task was completed.
        TaskCompleted = "task_completed",
        /// The escalation failed on this alert and was set aside for a while.
        SetAside = "set_aside",
    }
}

codes! {
    /// What was done for the pupil.
    ActionKind {
        /// Somebody is with the pupil.
        WithPupil = "with_pupil",
        /// Spoke with the pupil.
        SpokeWithPupil = "spoke_with_pupil",
        /// Reached the parents.
        ParentContacted = "parent_contacted",
        /// Called 110, 119 or 120.
        EmergencyCalled = "emergency_called",
        /// Brought the pupil to a hospital or referred them.
        Referred = "referred",
        /// Took means or dangers away.
        MadeSafe = "made_safe",
        /// Something else.
        Other = "other",
    }
}

/// One entry. Fields that do not apply are none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its id; ids sort in the order in which entries were made.
    pub id: EntryId,
    /// When it happened.
    pub at: Ts,
    /// What it says.
    pub kind: EntryKind,
    /// Who did it, or whom it was told.
    pub user: Option<UserId>,
    /// Round of the escalation.
    pub round: i32,
    /// Step of the round.
    pub step: Option<i32>,
    /// Level concerned.
    pub level: Option<Level>,
    /// Channel.
    pub channel: Option<String>,
    /// What was done.
    pub action: Option<ActionKind>,
    /// The words of an action, a resolution or a reason.
    pub text: Option<String>,
}
