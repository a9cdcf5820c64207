//! Home and school as indicators (P6.*, P8.2). Every figure is computed from evidence.

use super::words::words;

words! {
    /// What is measured.
    IndicatorKind {
        /// A parents' committee of the school is in office (P6.1).
        Committee = "committee",
        /// A parent school has a syllabus and held lessons (P6.2).
        ParentSchool = "parent_school",
        /// Classes with a home visit (P6.3).
        HomeVisits = "home_visits",
        /// Open days (P6.4).
        OpenDays = "open_days",
        /// The syllabus teaches psychology (P6.5).
        Psychology = "psychology",
        /// Mental-health sessions for parents (P6.6).
        ParentSessions = "parent_sessions",
        /// Messages with guidance (P6.7).
        Guidance = "guidance",
        /// Activities with partners (P6.8).
        Partners = "partners",
    }
}

/// What the evidence of one school and year adds up to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Evidence {
    /// Members in office of the school's committee.
    pub committee_members: i64,
    /// Whether one of them is its chair.
    pub committee_chair: bool,
    /// Whether there is a syllabus, and if so whether it teaches psychology.
    pub syllabus: Option<bool>,
    /// Parent lessons held.
    pub parent_lessons: i64,
    /// Classes of that year.
    pub classes: i64,
    /// Those of them in which there was a home visit.
    pub visited_classes: i64,
    /// Open days held.
    pub open_days: i64,
    /// Mental-health sessions held.
    pub parent_sessions: i64,
    /// Messages with guidance sent.
    pub guidance: i64,
    /// Activities with partners.
    pub partner_activities: i64,
}

/// What is asked for, where the policy gives no figure (county settings: local defaults); sessions are the policy's one a year.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Targets {
    /// Members without whom a committee cannot work.
    pub committee_members: i64,
    /// Parent lessons a year.
    pub parent_lessons: i64,
    /// Open days a year.
    pub open_days: i64,
    /// Mental-health sessions a year.
    pub parent_sessions: i64,
    /// Messages with guidance a year.
    pub guidance: i64,
    /// Activities with partners a year.
    pub partner_activities: i64,
}

/// One indicator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Indicator {
    /// What is measured.
    pub kind: IndicatorKind,
    /// What the evidence adds up to.
    pub value: i64,
    /// What is asked for.
    pub target: i64,
    /// Whether it is reached.
    pub met: bool,
}

impl IndicatorKind {
    /// The clause of the policy.
    pub fn clause(self) -> &'static str {
        match self {
            Self::Committee => "P6.1",
            Self::ParentSchool => "P6.2",
            Self::HomeVisits => "P6.3",
            Self::OpenDays => "P6.4",
            Self::Psychology => "P6.5",
            Self::ParentSessions => "P6.6",
            Self::Guidance => "P6.7",
            Self::Partners => "P6.8",
        }
    }

    /// Whether the policy leaves the figure open, so that the target is the county's own default.
    pub fn local_default(self) -> bool {
        !matches!(self, Self::Psychology | Self::ParentSessions)
    }
}

/// The indicators of a school, by clause.
pub fn indicators(evidence: &Evidence, targets: &Targets) -> Vec<Indicator> {
    IndicatorKind::ALL.iter().map(|kind| indicator(*kind, evidence, targets)).collect()
}

fn indicator(kind: IndicatorKind, evidence: &Evidence, targets: &Targets) -> Indicator {
    let (value, target) = match kind {
        IndicatorKind::Committee => {
            let enough = evidence.committee_members >= targets.committee_members;
            (i64::from(enough && evidence.committee_chair), 1)
        }
        IndicatorKind::ParentSchool => (evidence.parent_lessons, targets.parent_lessons),
        IndicatorKind::HomeVisits => (evidence.visited_classes, evidence.classes),
        IndicatorKind::OpenDays => (evidence.open_days, targets.open_days),
        IndicatorKind::Psychology => (i64::from(evidence.syllabus == Some(true)), 1),
        IndicatorKind::ParentSessions => (evidence.parent_sessions, targets.parent_sessions),
        IndicatorKind::Guidance => (evidence.guidance, targets.guidance),
        IndicatorKind::Partners => (evidence.partner_activities, targets.partner_activities),
    };
    let possible = match kind {
        IndicatorKind::HomeVisits => evidence.classes > 0,
        IndicatorKind::ParentSchool => evidence.syllabus.is_some(),
        _ => true,
    };
    Indicator { kind, value, target, met: possible && value >= target }
}
