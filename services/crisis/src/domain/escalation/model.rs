//! Whole schedules of events, at random, against a model that knows three things: which (round, step) must come next, whether the
//! alert escalates at all, and how long nothing may happen.
//!
//! 50,000 events by default; `XINQIAO_ESCALATION_STEPS=1000000` runs a million. A failure prints the shortest schedule that fails.

use super::*;
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use std::rc::Rc;
use uuid::Uuid;
use xinqiao_seeds::Settings;

const EVENTS_A_SCHEDULE: usize = 250;
const DEFAULT_EVENTS: usize = 50_000;
/// How often the worker looks.
const LOOK_SECONDS: i64 = 10;

#[derive(Debug, Clone)]
enum Op {
    /// Time passes; the worker looks every ten seconds.
    Pass {
        looks: u8,
    },
    /// The clock is set, by so many hours.
    SetClock {
        hours: i8,
    },
    /// Other people are reachable, one bit a level.
    Reachable(u8),
    /// Devices take notifications, or do not.
    Receipts(bool),
    Signal(Severity),
    StepFailed,
    Moved,
    Acknowledge,
    TakeInHand,
    Act,
    Resolve,
    CloseUnfounded,
    Reopen,
}

fn op() -> impl Strategy<Value = Op> {
    let severity = prop::sample::select(Severity::ALL);
    prop_oneof![
        12 => (1_u8..60).prop_map(|looks| Op::Pass { looks }),
        1 => prop::sample::select(vec![-24_i8, 24, -1, 1]).prop_map(|hours| Op::SetClock { hours }),
        2 => any::<u8>().prop_map(Op::Reachable),
        2 => any::<bool>().prop_map(Op::Receipts),
        1 => severity.prop_map(Op::Signal),
        1 => Just(Op::StepFailed),
        1 => Just(Op::Moved),
        1 => Just(Op::Acknowledge),
        1 => Just(Op::TakeInHand),
        1 => Just(Op::Act),
        1 => Just(Op::Resolve),
        1 => Just(Op::CloseUnfounded),
        2 => Just(Op::Reopen),
    ]
}

fn reach(bits: u8) -> Reach {
    const LEVELS: [Level; 8] = [
        Level::Class,
        Level::Grade,
        Level::Psychologist,
        Level::Principal,
        Level::Deputy,
        Level::LeadingGroup,
        Level::CountyDuty,
        Level::School,
    ];
    let reachable = LEVELS.iter().enumerate().filter(|(bit, _)| bits & (1 << bit) != 0);
    reachable
        .fold(Reach::default(), |reach, (n, level)| reach.with(*level, Uuid::from_u128(n as u128).into()))
}

/// What must hold, told without looking at how it is done.
struct Model {
    /// The step that came last; none before the first.
    last: Option<(u32, u32)>,
    /// A new run has begun since: the next step is the first of a round.
    fresh: bool,
    /// Whether the alert escalates.
    escalates: bool,
    /// Since when, in true time, nothing has started, been armed, or set the clock.
    quiet_since: i64,
}

impl Model {
    /// The next step is the one after the last, or the first of the next round once the last round may be over.
    fn takes(&mut self, round: u32, step: u32, steps_of_round: usize) {
        let expected: Vec<(u32, u32)> = match self.last {
            None => vec![(0, 0)],
            Some((last_round, _)) if self.fresh => vec![(last_round + 1, 0)],
            Some((last_round, last_step)) if last_step as usize + 1 < steps_of_round => {
                vec![(last_round, last_step + 1)]
            }
            // The last step of the round, or the county's extra one after it.
            Some((last_round, last_step)) => vec![(last_round, last_step + 1), (last_round + 1, 0)],
        };
        assert!(
            expected.contains(&(round, step)),
            "step {round}.{step} after {:?}, expected {expected:?}",
            self.last
        );
        assert!(self.escalates, "step {round}.{step} although somebody takes care or it is closed");
        (self.last, self.fresh) = (Some((round, step)), false);
    }
}

struct World {
    escalation: Escalation,
    policies: Rc<Policies>,
    now: Ts,
    /// Seconds that have truly passed.
    elapsed: i64,
    reach: Reach,
    receipts: bool,
    model: Model,
    started: usize,
}

impl World {
    fn new(severity: Severity, policies: &Rc<Policies>) -> Self {
        let now = "2026-11-24T10:00:00+08:00".parse().unwrap();
        Self {
            escalation: Escalation::open(severity, now),
            policies: policies.clone(),
            now,
            elapsed: 0,
            reach: reach(0xff),
            receipts: true,
            model: Model { last: None, fresh: true, escalates: true, quiet_since: 0 },
            started: 0,
        }
    }

    fn run(&mut self, op: &Op) {
        match op {
            Op::Pass { looks } => (0..*looks).for_each(|_| self.look()),
            Op::SetClock { hours } => {
                self.now = self.now + Duration::hours(i64::from(*hours));
                self.model.quiet_since = self.elapsed;
            }
            Op::Reachable(bits) => self.reach = reach(*bits),
            Op::Receipts(receipts) => self.receipts = *receipts,
            Op::Signal(severity) => {
                let raises = *severity > self.escalation.severity && self.escalation.state().gathers();
                self.apply(Event::Signal(*severity), raises);
            }
            Op::StepFailed => {
                let (round, step) = self.model.last.unwrap_or_default();
                self.apply(Event::StepFailed { round, step }, false);
            }
            Op::Moved => self.apply(Event::Moved, self.escalation.state() == AlertState::Open),
            Op::Acknowledge => self.take_care(Event::Acknowledge),
            Op::TakeInHand => self.take_care(Event::TakeInHand),
            Op::Act => self.take_care(Event::Act),
            Op::Resolve => self.apply(Event::Resolve, false),
            Op::CloseUnfounded => self.apply(Event::CloseUnfounded, false),
            Op::Reopen => self.apply(Event::Reopen, !self.escalation.state().gathers()),
        }
        self.check();
    }

    fn take_care(&mut self, event: Event<'_>) {
        self.apply(event, false);
        self.model.escalates = false;
    }

    fn look(&mut self) {
        self.now = self.now + Duration::seconds(LOOK_SECONDS);
        self.elapsed += LOOK_SECONDS;
        let reach = self.reach.clone();
        let before = self.escalation;
        self.apply(Event::Due { reach: &reach, receipts: self.receipts }, false);
        let due = self.escalation.due();
        // What has just been looked at is not overdue any more.
        assert!(due.is_none_or(|due| due.at > self.now || self.escalation != before), "stuck");
        // R11: whatever the clock did, nothing is further away than the longest wait that the policy knows.
        if self.escalation.state() == AlertState::Open {
            let left = due.unwrap().at - self.now;
            assert!(left <= longest_wait(self.escalation.severity), "{left:?} are left to wait");
        }
    }

    fn apply(&mut self, event: Event<'_>, begins_anew: bool) {
        let Ok((next, effects)) = self.escalation.apply(event, &self.policies, self.now) else {
            return;
        };
        let policies = self.policies.clone();
        let steps = |round: u32| policies.of(next.severity).steps(round - next.run_start).len();
        for effect in &effects {
            match *effect {
                Effect::StepStarted { round, step } => {
                    // The model's own count of the round that the last step belonged to.
                    let of_last = self.model.last.map_or(0, |(round, _)| steps(round.max(next.run_start)));
                    self.model.takes(round, step, of_last);
                    self.model.quiet_since = self.elapsed;
                    self.started += 1;
                }
                Effect::Lapsed => self.begin_anew(),
                _ => {}
            }
        }
        if begins_anew {
            self.begin_anew();
        }
        if next.due().map(|due| due.armed) != self.escalation.due().map(|due| due.armed) {
            self.model.quiet_since = self.elapsed;
        }
        self.escalation = next;
    }

    fn begin_anew(&mut self) {
        (self.model.fresh, self.model.escalates) = (true, true);
        self.model.quiet_since = self.elapsed;
    }

    fn check(&self) {
        let open = self.escalation.state() == AlertState::Open;
        assert_eq!(open, self.model.escalates, "who escalates is open, and only who is open escalates");
        assert!(!open || self.escalation.due().is_some(), "R6: open without a due time");
        if open {
            let quiet = Duration::seconds(self.elapsed - self.model.quiet_since);
            let longest = longest_wait(self.escalation.severity) + Duration::seconds(LOOK_SECONDS);
            assert!(quiet <= longest, "nothing has happened for {quiet:?}");
        }
    }
}

/// The longest time between two steps by the default settings; for yellow, from a Friday evening to a Monday morning.
fn longest_wait(severity: Severity) -> Duration {
    match severity {
        Severity::Red => Duration::minutes(15),
        Severity::Orange => Duration::hours(22),
        Severity::Yellow => Duration::hours(62),
    }
}

fn events() -> usize {
    let asked = std::env::var("XINQIAO_ESCALATION_STEPS").ok().and_then(|text| text.parse().ok());
    asked.unwrap_or(DEFAULT_EVENTS)
}

#[test]
fn no_schedule_skips_or_repeats_a_step_or_loses_an_open_alert() {
    let cases = u32::try_from((events() / EVENTS_A_SCHEDULE).max(1)).unwrap();
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 20_000, ..Config::default() };
    let schedule = (prop::sample::select(Severity::ALL), prop::collection::vec(op(), EVENTS_A_SCHEDULE));
    let policies = Rc::new(Policies::from_settings(&Settings::from_toml("").unwrap().crisis).unwrap());
    let started = std::cell::Cell::new(0);
    TestRunner::new(config)
        .run(&schedule, |(severity, ops)| {
            let mut world = World::new(severity, &policies);
            ops.iter().for_each(|op| world.run(op));
            started.set(started.get() + world.started);
            Ok(())
        })
        .unwrap();
    assert!(started.get() > usize::try_from(cases).unwrap(), "the schedules must have escalated something");
}
