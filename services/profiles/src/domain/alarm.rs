//! What is not as the policy asks and must be visible upward (P5.3-P5.6, P7.2). Alarms are computed, never stored.

use super::{
    care::{follow_up_due, joint_plan_due, parent_contact_due},
    ids::{ClassId, SchoolId, StudentId},
    record::Record,
    staff::Vacancy,
    words::words,
};
use chrono::Duration;
use xinqiao_kit::time::Ts;
use xinqiao_seeds::settings::Profiles as Limits;

words! {
    /// Kinds of alarm.
    pub enum AlarmKind {
        /// A support team lacks members.
        TeamVacancy = "team_vacancy",
        /// A follow-up is overdue.
        FollowUpOverdue = "follow_up_overdue",
        /// An urgent orange lacks its second signature.
        SecondSignatureMissing = "second_signature_missing",
        /// The parents of an orange pupil have not been reached.
        ParentContactMissing = "parent_contact_missing",
        /// An orange pupil has no joint plan.
        JointPlanMissing = "joint_plan_missing",
        /// Nobody accepts a transferred pupil.
        TransferUnanswered = "transfer_unanswered",
        /// Nobody holds a post.
        PostVacant = "post_vacant",
    }
}

/// What an alarm is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// A pupil.
    Student(StudentId),
    /// A post of a school or class.
    Post(Vacancy),
}

/// An alarm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Alarm {
    /// What is wrong.
    pub kind: AlarmKind,
    /// What it is about.
    pub subject: Subject,
    /// The school.
    pub school: SchoolId,
    /// Since when.
    pub since: Option<Ts>,
    /// Until when it had to be put right.
    pub due: Option<Ts>,
}

impl Alarm {
    /// Whether that time has passed.
    pub fn is_overdue(&self, now: Ts) -> bool {
        self.due.is_some_and(|due| due < now)
    }
}

/// What an alarm may arise from, for one pupil who has a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watched {
    /// The pupil's school.
    pub school: SchoolId,
    /// The pupil's class.
    pub class: ClassId,
    /// The record.
    pub record: Record,
    /// Since when the team lacks members.
    pub team_vacant_since: Option<Ts>,
    /// An open transfer: when it was sealed, and until when it should be answered.
    pub transfer: Option<(Ts, Ts)>,
}

impl Watched {
    /// The alarms about this pupil. A vacancy, a missing signature, contact or plan shows from the first moment, so that it can be put right
    /// in time; a follow-up and a transfer only when they are late.
    pub fn alarms(&self, limits: &Limits, now: Ts) -> Vec<Alarm> {
        let since = self.record.since;
        let vacancy = self.team_vacant_since.map(|since| {
            (AlarmKind::TeamVacancy, since, since + Duration::hours(limits.team_vacancy_hours.into()))
        });
        let follow_up = follow_up_due(&self.record, limits)
            .filter(|due| *due < now)
            .map(|due| (AlarmKind::FollowUpOverdue, due, due));
        let second = self.record.second_due_at.map(|due| (AlarmKind::SecondSignatureMissing, since, due));
        let contact =
            parent_contact_due(&self.record, limits).map(|due| (AlarmKind::ParentContactMissing, since, due));
        let plan = joint_plan_due(&self.record, limits).map(|due| (AlarmKind::JointPlanMissing, since, due));
        let transfer = self
            .transfer
            .filter(|(_, due)| *due < now)
            .map(|(sealed, due)| (AlarmKind::TransferUnanswered, sealed, due));
        [vacancy, follow_up, second, contact, plan, transfer]
            .into_iter()
            .flatten()
            .map(|(kind, since, due)| Alarm {
                kind,
                subject: Subject::Student(self.record.student),
                school: self.school,
                since: Some(since),
                due: Some(due),
            })
            .collect()
    }
}
