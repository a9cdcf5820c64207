//! Escalation policies: whom each step tells and when, by severity. Figures are county settings (the policy text gives none).

use super::{Level, Severity, calendar::Calendar};
use chrono::Duration;
use xinqiao_seeds::settings::Crisis;

/// Steps that a policy has at most.
const STEPS_MAX: usize = 20;
/// The longest wait that a setting may ask for, in minutes: a year.
const MINUTES_MAX: f64 = 525_600.0;

/// One step: whom it tells, and how long after the opening it starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Levels told at once.
    pub levels: Vec<Level>,
    /// From the opening of the round until this step.
    pub after: Duration,
}

/// The steps of one severity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    steps: Vec<Step>,
    last_resort: [Step; 1],
    /// From the last step of a round to the next round.
    pub round_every: Duration,
    /// Rounds of all steps before only the last resort is repeated.
    pub rounds: u32,
    /// A step of which no device took a notification for so long is over (R7).
    pub receipt_within: Duration,
    /// Whether steps start in school hours only.
    pub school_hours_only: bool,
}

impl Policy {
    /// The steps of the round with this number within its run. After [`Policy::rounds`] the last step is repeated together with
    /// the county's duty roster (R6).
    pub fn steps(&self, round_of_run: u32) -> &[Step] {
        if round_of_run < self.rounds { &self.steps } else { &self.last_resort }
    }
}

/// What the core of escalation goes by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policies {
    red: Policy,
    orange: Policy,
    yellow: Policy,
    /// From an acknowledgement to the first recorded action (R14).
    pub action_within: Duration,
    /// Days and hours of school.
    pub calendar: Calendar,
}

/// A setting that makes no sense. The service does not start with it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("settings [crisis] {key}: {what}")]
pub struct BadSetting {
    /// The key.
    pub key: &'static str,
    /// What is wrong with it.
    pub what: String,
}

impl Policies {
    /// The policies of the county's settings.
    ///
    /// # Errors
    /// The first setting that makes no sense.
    pub fn from_settings(settings: &Crisis) -> Result<Self, BadSetting> {
        let calendar = Calendar::new(&settings.school_days, settings.school_hours)
            .map_err(|cause| BadSetting { key: "school_days", what: cause.to_string() })?;
        let round_every = minutes("round_minutes", settings.round_minutes)?;
        let receipt_within = minutes("receipt_seconds", settings.receipt_seconds / 60.0)?;
        if round_every <= Duration::zero() || receipt_within <= Duration::zero() {
            return Err(BadSetting {
                key: "round_minutes",
                what: "and receipt_seconds must be above 0".to_owned(),
            });
        }
        let policy = |key, levels: &[Vec<String>], after: &[f64], school_hours_only| {
            let steps = steps(key, levels, after)?;
            Ok(Policy {
                last_resort: [last_resort(&steps)],
                steps,
                round_every,
                rounds: settings.rounds.max(1),
                receipt_within,
                school_hours_only,
            })
        };
        Ok(Self {
            red: policy("red_step_levels", &settings.red_step_levels, &settings.red_step_minutes, false)?,
            orange: policy(
                "orange_step_levels",
                &settings.orange_step_levels,
                &settings.orange_step_minutes,
                false,
            )?,
            yellow: policy(
                "yellow_step_levels",
                &settings.yellow_step_levels,
                &settings.yellow_step_minutes,
                true,
            )?,
            action_within: minutes("action_due_minutes", settings.action_due_minutes)?,
            calendar,
        })
    }

    /// The policy of a severity.
    pub fn of(&self, severity: Severity) -> &Policy {
        match severity {
            Severity::Red => &self.red,
            Severity::Orange => &self.orange,
            Severity::Yellow => &self.yellow,
        }
    }
}

fn last_resort(steps: &[Step]) -> Step {
    let mut levels = steps.last().map(|step| step.levels.clone()).unwrap_or_default();
    if !levels.contains(&Level::CountyDuty) {
        levels.push(Level::CountyDuty);
    }
    Step { levels, after: Duration::zero() }
}

fn steps(key: &'static str, levels: &[Vec<String>], after: &[f64]) -> Result<Vec<Step>, BadSetting> {
    let bad = |what: String| BadSetting { key, what };
    if levels.is_empty() || levels.len() > STEPS_MAX || levels.len() != after.len() {
        return Err(bad(format!("needs 1 to {STEPS_MAX} steps, as many as there are minutes")));
    }
    let mut found: Vec<Step> = Vec::with_capacity(levels.len());
    for (codes, after) in levels.iter().zip(after) {
        let level = |code: &String| {
            let level = Level::from_code(code).filter(|level| level.is_told());
            level.ok_or_else(|| bad(format!("no level that can be told is called {code:?}")))
        };
        let step =
            Step { levels: codes.iter().map(level).collect::<Result<_, _>>()?, after: minutes(key, *after)? };
        if step.levels.is_empty() || found.last().is_some_and(|before| before.after > step.after) {
            return Err(bad("a step tells nobody, or minutes fall".to_owned()));
        }
        found.push(step);
    }
    Ok(found)
}

/// Minutes, of which fractions are allowed so that a drill can run in seconds.
fn minutes(key: &'static str, minutes: f64) -> Result<Duration, BadSetting> {
    if (0.0..=MINUTES_MAX).contains(&minutes) {
        Ok(Duration::microseconds((minutes * 60_000_000.0).round() as i64))
    } else {
        Err(BadSetting { key, what: format!("{minutes} does not lie between 0 and a year") })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use xinqiao_seeds::Settings;

    fn defaults() -> Crisis {
        Settings::from_toml("").unwrap().crisis
    }

    #[test]
    fn red_tells_class_psychologist_and_principal_at_once_then_the_leading_group_then_the_county() {
        let policies = Policies::from_settings(&defaults()).unwrap();
        let red = policies.of(Severity::Red);
        let steps: Vec<_> = red.steps(0).iter().map(|s| (s.after.num_minutes(), s.levels.clone())).collect();
        assert_eq!(
            steps,
            [
                (0, vec![Level::Class, Level::Psychologist, Level::Principal]),
                (5, vec![Level::LeadingGroup, Level::Deputy]),
                (15, vec![Level::CountyDuty]),
            ]
        );
        assert!(!red.school_hours_only);
        assert!(policies.of(Severity::Yellow).school_hours_only);
    }

    #[test]
    fn after_the_rounds_the_last_step_is_repeated_with_the_county() {
        let policies = Policies::from_settings(&defaults()).unwrap();
        let yellow = policies.of(Severity::Yellow);
        assert_eq!(yellow.steps(2).len(), 2);
        let [last] = yellow.steps(3) else { panic!("one step") };
        assert_eq!(last.levels, [Level::Grade, Level::Deputy, Level::CountyDuty]);
    }

    #[test]
    fn settings_that_make_no_sense_are_refused() {
        type Change = fn(&mut Crisis);
        let wrong: [(&str, Change); 7] = [
            ("fewer minutes than steps", |s| s.red_step_minutes = vec![0.0]),
            ("no steps", |s| (s.red_step_levels, s.red_step_minutes) = (vec![], vec![])),
            ("falling minutes", |s| s.orange_step_minutes = vec![0.0, 9.0, 3.0, 10.0]),
            ("an unknown level", |s| {
                s.yellow_step_levels = vec![vec!["janitor".into()], vec!["grade".into()]]
            }),
            ("telling peers", |s| s.yellow_step_levels = vec![vec!["peer".into()], vec!["grade".into()]]),
            ("no time between rounds", |s| s.round_minutes = 0.0),
            ("not a number", |s| s.action_due_minutes = f64::NAN),
        ];
        for (what, change) in wrong {
            let mut settings = defaults();
            change(&mut settings);
            assert!(Policies::from_settings(&settings).is_err(), "{what}");
        }
    }
}
