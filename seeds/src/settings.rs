//! County settings: the figures that the policy leaves open, each a local default that a county may change.

use serde::{Deserialize, Serialize};

/// The defaults, as shipped.
pub const DEFAULTS: &str = include_str!("../settings.toml");

/// All county settings. Unknown keys are refused.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Logging in.
    pub identity: Identity,
    /// Records, teams, referrals.
    pub profiles: Profiles,
    /// Screening.
    pub screening: Screening,
    /// Alerts and their escalation.
    pub crisis: Crisis,
    /// Lessons and staff training.
    pub training: Training,
    /// Home and school.
    pub collaboration: Collaboration,
}

/// Logging in (P3.7).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// Minutes without use after which a session ends.
    pub session_idle_minutes: u32,
    /// Hours after which a session ends in any case.
    pub session_hours: u32,
    /// Hours in which an activation code can be redeemed.
    pub activation_hours: u32,
    /// Hours in which the link of the first start can be redeemed.
    pub bootstrap_hours: u32,
}

/// Records, teams, referrals (P5.*).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profiles {
    /// Hours until an incomplete support team is overdue.
    pub team_vacancy_hours: u32,
    /// Days between follow-ups of a yellow pupil.
    pub yellow_follow_up_days: u32,
    /// Days between follow-ups of an orange pupil.
    pub orange_follow_up_days: u32,
    /// Hours until the parents of an orange pupil must have been contacted.
    pub orange_parent_contact_hours: u32,
    /// Hours until an urgent orange needs its second signature.
    pub urgent_second_signature_hours: u32,
    /// Pupils that one member of staff supports at most.
    pub support_load_limit: u32,
    /// Hours until the receiving school should have answered a transfer.
    pub transfer_answer_hours: u32,
    /// Days after the end of a roster import until its file and the details of its rows are erased.
    pub import_retention_days: u32,
}

/// Screening (P3.*).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Screening {
    /// Seconds an item below which a result is void.
    pub min_seconds_per_item: f64,
    /// Equal answers in a row that void a result; 0 never does.
    pub straight_line_items: u32,
    /// Hours until an interview is due.
    pub interview_due_hours: u32,
    /// Hours until an interview is due that follows from a critical item.
    pub critical_interview_due_hours: u32,
    /// Hours after a window in which late answers are taken.
    pub late_answer_hours: u32,
}

/// Alerts and their escalation (P4.*).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Crisis {
    /// Seconds between looks for what is due.
    pub poll_seconds: f64,
    /// Minutes from acknowledgement to the first recorded action.
    pub action_due_minutes: f64,
    /// Minutes from opening to each step of a red alert.
    pub red_step_minutes: Vec<f64>,
    /// The same for orange.
    pub orange_step_minutes: Vec<f64>,
    /// The same for yellow.
    pub yellow_step_minutes: Vec<f64>,
    /// Levels that each step of a red alert tells.
    pub red_step_levels: Vec<Vec<String>>,
    /// The same for orange.
    pub orange_step_levels: Vec<Vec<String>>,
    /// The same for yellow.
    pub yellow_step_levels: Vec<Vec<String>>,
    /// Minutes from the last step to the next round.
    pub round_minutes: f64,
    /// Rounds after which only the last step and the county's duty roster are repeated.
    pub rounds: u32,
    /// Seconds in which a device must have taken a notification of a step.
    pub receipt_seconds: f64,
    /// Days of school, 1 is Monday.
    pub school_days: Vec<u32>,
    /// First hour of school and the hour at which it ends, Shanghai time.
    pub school_hours: [u32; 2],
    /// Seconds between signs of life on a stream.
    pub heartbeat_seconds: f64,
    /// Seconds after which an escalation that stands still is an alarm.
    pub alive_seconds: f64,
}

/// Lessons and staff training (P1.*, P2.*).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Training {
    /// Minutes of a primary lesson.
    pub primary_lesson_minutes: u32,
    /// Minutes of a junior or senior lesson.
    pub secondary_lesson_minutes: u32,
    /// Teaching weeks of a school year.
    pub teaching_weeks: u32,
    /// First day of the second term's teaching.
    pub second_term_start: MonthDay,
    /// Days after 1 September in which the last school year may still be completed.
    pub late_entry_days: u32,
    /// Hours of training that each member of staff is to attend in a school year.
    pub training_hours_per_year: u32,
}

/// A day of every year.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MonthDay {
    /// Month, from 1.
    pub month: u32,
    /// Day of the month, from 1.
    pub day: u32,
}

/// Home and school (P6.*).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Collaboration {
    /// Parent sessions a school year.
    pub parent_sessions_per_year: u32,
    /// Parent lessons a school year.
    pub parent_lessons_per_year: u32,
    /// Open days a school year.
    pub open_days_per_year: u32,
    /// Activities with partners a school year.
    pub partner_activities_per_year: u32,
    /// Messages with guidance a school year.
    pub guidance_messages_per_year: u32,
    /// Members in office that a parents' committee needs.
    pub committee_members: u32,
    /// Days after 1 September in which the last school year may still be completed.
    pub late_entry_days: u32,
}

impl Settings {
    /// The settings of a county file laid over the defaults.
    ///
    /// # Errors
    /// What is wrong with the text, with its line: syntax, an unknown key, a wrong type.
    pub fn from_toml(county: &str) -> Result<Self, toml::de::Error> {
        let mut all: toml::Table = toml::from_str(DEFAULTS)?;
        overlay(&mut all, toml::from_str(county)?);
        all.try_into()
    }
}

fn overlay(under: &mut toml::Table, over: toml::Table) {
    for (key, value) in over {
        match (under.get_mut(&key), value) {
            (Some(toml::Value::Table(below)), toml::Value::Table(above)) => overlay(below, above),
            (_, value) => {
                under.insert(key, value);
            }
        }
    }
}
