//! The core of escalation: state + event + now -> state + effects. No clock, no database, no network; millions of schedules run
//! against a small model in the tests.
//!
//! An open alert always has a due time: the type allows no other (R6). When it is due, the next step starts. A step that reaches
//! nobody, or of which no device takes a notification in time, hands over at once to the next one (R7). After the last step the round
//! begins again; after some rounds the last step is repeated together with the county's duty roster. An acknowledgement ends all
//! that (R8), but only for as long as an action may take to be recorded (R14).

mod phase;

pub use phase::{Due, MicroDuration, Phase, Waiting};

use super::{
    AlertState, Level, Severity, UserId,
    grid::Reach,
    policy::{Policies, Policy, Step},
};
use chrono::Duration;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use xinqiao_kit::time::Ts;

/// The escalation of one alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Escalation {
    /// The highest severity of its signals.
    pub severity: Severity,
    /// Where it stands.
    pub phase: Phase,
    /// Round, from 0, counted over the life of the alert. (round, step) never comes twice (R4).
    pub round: u32,
    /// Round in which the present run began: it begins anew when severity rises, an acknowledgement lapses, the pupil moves.
    pub run_start: u32,
    /// The step that starts next in this round.
    pub next_step: u32,
    /// Whether the county has been told.
    pub county: bool,
}

/// What happens to an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event<'a> {
    /// Time has passed. Nothing comes of it before the due time.
    Due {
        /// Who can be reached now.
        reach: &'a Reach,
        /// Whether a device has taken a notification of the last step.
        receipts: bool,
    },
    /// A later signal.
    Signal(Severity),
    /// No notification of this step can be delivered (R7).
    StepFailed {
        /// Round of the step.
        round: u32,
        /// The step.
        step: u32,
    },
    /// The pupil's school or class became known or changed: other people are to be told.
    Moved,
    /// Somebody takes care.
    Acknowledge,
    /// Somebody takes it in hand.
    TakeInHand,
    /// Something was done.
    Act,
    /// The danger is over.
    Resolve,
    /// There was no danger.
    CloseUnfounded,
    /// It was closed too early.
    Reopen,
}

/// What must be done because of an event, in the same transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// A step starts: its row must be new (R4).
    StepStarted {
        /// Round.
        round: u32,
        /// Step.
        step: u32,
    },
    /// Tell a person.
    Tell {
        /// Round.
        round: u32,
        /// Step.
        step: u32,
        /// The level at which the person is told.
        level: Level,
        /// The person.
        user: UserId,
    },
    /// Nobody fills a level that the step should have told.
    Gap {
        /// Round.
        round: u32,
        /// Step.
        step: u32,
        /// The level.
        level: Level,
    },
    /// No device took a notification of a step in time.
    NoReceipt {
        /// Round.
        round: u32,
        /// Step.
        step: u32,
    },
    /// The county is told for the first time.
    CountyTold,
    /// Nobody at all could be told, not even the county's duty roster: an alarm.
    NobodyReachable,
    /// The severity rose.
    SeverityRaised,
    /// An acknowledgement without an action has lapsed (R14).
    Lapsed,
    /// Whoever takes care of the alert must hear that a signal joined.
    TellHandler,
    /// Those who had been told must hear that somebody takes care.
    TellAcknowledged,
}

/// An event that an alert cannot take where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Its state does not allow it.
    #[error("the alert's state does not allow it")]
    WrongState,
    /// Nothing was done yet: an alert is not resolved by words.
    #[error("no action is recorded")]
    NeedsAction,
}

/// What an event makes of an escalation.
pub type Outcome = Result<(Escalation, Vec<Effect>), Refused>;

impl Escalation {
    /// A new alert: its first step is due at once.
    pub fn open(severity: Severity, now: Ts) -> Self {
        let phase = Phase::Open { due: Due::after(now, Duration::zero()), waiting: Waiting::Step };
        Self { severity, phase, round: 0, run_start: 0, next_step: 0, county: false }
    }

    /// Where it stands.
    pub fn state(&self) -> AlertState {
        match self.phase {
            Phase::Open { .. } => AlertState::Open,
            Phase::Acknowledged { .. } => AlertState::Acknowledged,
            Phase::InHand { .. } => AlertState::InHand,
            Phase::Resolved => AlertState::Resolved,
            Phase::Unfounded => AlertState::Unfounded,
        }
    }

    /// What is due, if anything. An open alert always has something.
    pub fn due(&self) -> Option<Due> {
        match self.phase {
            Phase::Open { due, .. } => Some(due),
            Phase::Acknowledged { action_due } | Phase::InHand { action_due } => action_due,
            Phase::Resolved | Phase::Unfounded => None,
        }
    }

    /// The step that started last in this round.
    pub fn last_step(&self) -> Option<u32> {
        self.next_step.checked_sub(1)
    }

    /// What `event` makes of it at `now`.
    ///
    /// # Errors
    /// [`Refused`] for what people ask at the wrong time. Time, signals, failures and acknowledgements are never refused, except
    /// that a closed alert takes no signal.
    pub fn apply(mut self, event: Event<'_>, policies: &Policies, now: Ts) -> Outcome {
        let mut effects = Vec::new();
        match event {
            Event::Due { reach, receipts } => self.pass_time(reach, receipts, policies, now, &mut effects),
            Event::Signal(severity) => self.join(severity, now, &mut effects)?,
            Event::StepFailed { round, step } => self.hurry(round, step, policies, now),
            Event::Moved => {
                if self.state() == AlertState::Open {
                    self.restart(now);
                }
            }
            Event::Acknowledge => self.acknowledge(policies, now, &mut effects),
            Event::TakeInHand => {
                self.acknowledge(policies, now, &mut effects);
                self.phase = match self.phase {
                    Phase::Acknowledged { action_due } | Phase::InHand { action_due } => {
                        Phase::InHand { action_due }
                    }
                    _ => return Err(Refused::WrongState),
                };
            }
            Event::Act => {
                self.acknowledge(policies, now, &mut effects);
                self.phase = match self.phase {
                    Phase::Acknowledged { .. } => Phase::Acknowledged { action_due: None },
                    Phase::InHand { .. } => Phase::InHand { action_due: None },
                    _ => return Err(Refused::WrongState),
                };
            }
            Event::Resolve => match self.phase {
                Phase::Acknowledged { action_due: None } | Phase::InHand { action_due: None } => {
                    self.phase = Phase::Resolved;
                }
                Phase::Acknowledged { .. } | Phase::InHand { .. } => return Err(Refused::NeedsAction),
                _ => return Err(Refused::WrongState),
            },
            Event::CloseUnfounded => match self.phase {
                Phase::Acknowledged { .. } | Phase::InHand { .. } => self.phase = Phase::Unfounded,
                _ => return Err(Refused::WrongState),
            },
            Event::Reopen => match self.phase {
                Phase::Resolved | Phase::Unfounded => self.restart(now),
                _ => return Err(Refused::WrongState),
            },
        }
        Ok((self, effects))
    }

    /// Takes care of what is due, if it is.
    fn pass_time(
        &mut self,
        reach: &Reach,
        receipts: bool,
        policies: &Policies,
        now: Ts,
        effects: &mut Vec<Effect>,
    ) {
        match &mut self.phase {
            Phase::Open { due, waiting } => {
                *due = due.healed(now);
                if !due.is_reached(now) {
                    return;
                }
                if let Waiting::Receipt { rest } = *waiting {
                    if receipts {
                        // Counted from when it was due: a worker that comes late makes no step later.
                        (*due, *waiting) = (Due::after(now, due.at - now + rest.into()), Waiting::Step);
                        if !due.is_reached(now) {
                            return;
                        }
                    } else {
                        let step = self.next_step.saturating_sub(1);
                        effects.push(Effect::NoReceipt { round: self.round, step });
                    }
                }
                self.start_steps(reach, policies, now, effects);
            }
            Phase::Acknowledged { action_due: Some(due) } | Phase::InHand { action_due: Some(due) } => {
                *due = due.healed(now);
                if due.is_reached(now) {
                    effects.push(Effect::Lapsed);
                    self.restart(now);
                }
            }
            _ => {}
        }
    }

    /// Starts the next step, and the ones after it for as long as they reach nobody.
    fn start_steps(&mut self, reach: &Reach, policies: &Policies, now: Ts, effects: &mut Vec<Effect>) {
        let policy = policies.of(self.severity);
        if policy.school_hours_only && !policies.calendar.is_open(now) {
            let due = Due::after(now, policies.calendar.next_open(now) - now);
            self.phase = Phase::Open { due, waiting: Waiting::Step };
            return;
        }
        let mut steps = policy.steps(self.round - self.run_start);
        if self.step_index() >= steps.len() {
            self.round += 1;
            self.next_step = 0;
            steps = policy.steps(self.round - self.run_start);
        }
        let mut county_asked = false;
        while let Some(step) = steps.get(self.step_index()) {
            let mut levels = step.levels.clone();
            if reach.unplaced && self.next_step == 0 && !levels.contains(&Level::CountyDuty) {
                levels.push(Level::CountyDuty);
            }
            county_asked |= levels.contains(&Level::CountyDuty);
            if self.start_step(&levels, reach, effects) {
                self.wait_after_step(steps, policy, now);
                return;
            }
        }
        // Nobody was reached up to the end of the round: the county's duty roster is told now, whatever the policy says.
        if !county_asked && self.start_step(&[Level::CountyDuty], reach, effects) {
            self.wait_after_step(steps, policy, now);
            return;
        }
        effects.push(Effect::NobodyReachable);
        let wait = policy.round_every.min(policy.receipt_within);
        self.phase = Phase::Open { due: Due::after(now, wait), waiting: Waiting::Step };
    }

    /// Starts one step and says whether it reaches anybody.
    fn start_step(&mut self, levels: &[Level], reach: &Reach, effects: &mut Vec<Effect>) -> bool {
        let (round, step) = (self.round, self.next_step);
        self.next_step += 1;
        effects.push(Effect::StepStarted { round, step });
        let mut told = BTreeSet::new();
        for &level in levels {
            let people = reach.at(level);
            if people.is_empty() {
                effects.push(Effect::Gap { round, step, level });
            }
            let fresh = people.into_iter().filter(|user| told.insert(*user));
            effects.extend(fresh.map(|user| Effect::Tell { round, step, level, user }));
        }
        if levels.contains(&Level::CountyDuty) && !self.county {
            self.county = true;
            effects.push(Effect::CountyTold);
        }
        !told.is_empty()
    }

    /// Arms the due time after a step that told somebody.
    fn wait_after_step(&mut self, steps: &[Step], policy: &Policy, now: Ts) {
        let index = self.step_index();
        let before = index.checked_sub(1).and_then(|last| steps.get(last));
        let (wait, waiting) = match (before, steps.get(index)) {
            (Some(before), Some(next)) => {
                let wait = next.after - before.after;
                if wait > policy.receipt_within {
                    (policy.receipt_within, Waiting::Receipt { rest: (wait - policy.receipt_within).into() })
                } else {
                    (wait, Waiting::Step)
                }
            }
            // The last step: there is nobody to hand over to, so the next round comes in its own time.
            _ => (policy.round_every, Waiting::Step),
        };
        self.phase = Phase::Open { due: Due::after(now, wait), waiting };
    }

    /// Begins the escalation anew, in a round whose steps are all still to come.
    fn restart(&mut self, now: Ts) {
        if self.next_step > 0 {
            self.round += 1;
            self.next_step = 0;
        }
        self.run_start = self.round;
        self.phase = Phase::Open { due: Due::after(now, Duration::zero()), waiting: Waiting::Step };
    }

    fn join(&mut self, severity: Severity, now: Ts, effects: &mut Vec<Effect>) -> Result<(), Refused> {
        if !self.state().gathers() {
            return Err(Refused::WrongState);
        }
        if severity > self.severity {
            self.severity = severity;
            effects.push(Effect::SeverityRaised);
            self.restart(now);
        } else if self.state() != AlertState::Open {
            effects.push(Effect::TellHandler);
        }
        Ok(())
    }

    /// The step that everybody waits for has failed: the next one is due now.
    fn hurry(&mut self, round: u32, step: u32, policies: &Policies, now: Ts) {
        let steps = policies.of(self.severity).steps(self.round - self.run_start).len();
        let is_last_started = self.round == round && self.last_step() == Some(step);
        if let Phase::Open { due, waiting } = &mut self.phase
            && is_last_started
            && usize::try_from(self.next_step).is_ok_and(|next| next < steps)
        {
            (*due, *waiting) = (Due::after(now, Duration::zero()), Waiting::Step);
        }
    }

    fn acknowledge(&mut self, policies: &Policies, now: Ts, effects: &mut Vec<Effect>) {
        if self.state() == AlertState::Open {
            self.phase = Phase::Acknowledged { action_due: Some(Due::after(now, policies.action_within)) };
            effects.push(Effect::TellAcknowledged);
        }
    }

    fn step_index(&self) -> usize {
        usize::try_from(self.next_step).unwrap_or(usize::MAX)
    }
}

#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;
