//! Claims about the core of escalation, one by one. Whole schedules are in `model.rs`.

use super::*;
use uuid::Uuid;
use xinqiao_seeds::Settings;

fn policies() -> Policies {
    Policies::from_settings(&Settings::from_toml("").unwrap().crisis).unwrap()
}

/// A Tuesday, ten in the morning in Shanghai.
fn start() -> Ts {
    "2026-11-24T10:00:00+08:00".parse().unwrap()
}

fn user(n: u128) -> UserId {
    Uuid::from_u128(n).into()
}

const TOLD: [Level; 7] = [
    Level::Class,
    Level::Grade,
    Level::Psychologist,
    Level::Principal,
    Level::Deputy,
    Level::LeadingGroup,
    Level::CountyDuty,
];

/// One person at each level: the homeroom teacher is 1, the grade leader 2, ...
fn everybody() -> Reach {
    TOLD.iter().zip(1..).fold(Reach::default(), |reach, (level, n)| reach.with(*level, user(n)))
}

fn only(levels: &[Level]) -> Reach {
    let numbered = TOLD.iter().zip(1..).filter(|(level, _)| levels.contains(level));
    numbered.fold(Reach::default(), |reach, (level, n)| reach.with(*level, user(n)))
}

struct Run {
    escalation: Escalation,
    policies: Policies,
    now: Ts,
    reach: Reach,
    receipts: bool,
}

impl Run {
    fn of(severity: Severity) -> Self {
        let now = start();
        let escalation = Escalation::open(severity, now);
        Self { escalation, policies: policies(), now, reach: everybody(), receipts: true }
    }

    fn with(mut self, reach: Reach) -> Self {
        self.reach = reach;
        self
    }

    fn tick(&mut self) -> Vec<Effect> {
        let event = Event::Due { reach: &self.reach, receipts: self.receipts };
        let (next, effects) = self.escalation.apply(event, &self.policies, self.now).unwrap();
        self.escalation = next;
        effects
    }

    fn after(&mut self, wait: Duration) -> Vec<Effect> {
        self.now = self.now + wait;
        self.tick()
    }

    fn event(&mut self, event: Event<'_>) -> Result<Vec<Effect>, Refused> {
        let (next, effects) = self.escalation.apply(event, &self.policies, self.now)?;
        self.escalation = next;
        Ok(effects)
    }

    /// (minute, round, step, levels told) of every step within so many minutes, looking every ten seconds.
    fn steps_within(&mut self, minutes: i64) -> Vec<(i64, u32, u32, Vec<Level>)> {
        let (begin, end) = (self.now, self.now + Duration::minutes(minutes));
        let mut found: Vec<(i64, u32, u32, Vec<Level>)> = Vec::new();
        while self.now <= end {
            for effect in self.tick() {
                match effect {
                    Effect::StepStarted { round, step } => {
                        found.push(((self.now - begin).num_minutes(), round, step, vec![]));
                    }
                    Effect::Tell { level, .. } => found.last_mut().unwrap().3.push(level),
                    _ => {}
                }
            }
            self.now = self.now + Duration::seconds(10);
        }
        found
    }
}

#[test]
fn red_goes_to_the_class_level_then_the_leading_group_then_the_county_and_round_again() {
    let steps = Run::of(Severity::Red).steps_within(36);
    assert_eq!(
        steps,
        [
            (0, 0, 0, vec![Level::Class, Level::Psychologist, Level::Principal]),
            (5, 0, 1, vec![Level::LeadingGroup, Level::Deputy]),
            (15, 0, 2, vec![Level::CountyDuty]),
            (30, 1, 0, vec![Level::Class, Level::Psychologist, Level::Principal]),
            (35, 1, 1, vec![Level::LeadingGroup, Level::Deputy]),
        ]
    );
}

#[test]
fn r6_after_three_rounds_the_last_step_and_the_county_are_repeated_without_end() {
    let mut run = Run::of(Severity::Orange);
    let steps = run.steps_within(9 * 24 * 60);
    let last: Vec<_> = steps.iter().rev().take(50).map(|(_, _, _, told)| told.clone()).collect();
    assert!(last.iter().all(|told| told == &[Level::CountyDuty]), "{last:?}");
    assert!(steps.iter().any(|(_, round, _, told)| *round == 3 && told.contains(&Level::CountyDuty)));
    assert!(run.escalation.county && run.escalation.due().is_some());
}

#[test]
fn r7_an_empty_step_hands_over_at_once_and_leaves_a_gap() {
    let mut run = Run::of(Severity::Red).with(only(&[Level::LeadingGroup]));
    let effects = run.tick();
    let gaps: Vec<_> = effects
        .iter()
        .filter_map(|e| if let Effect::Gap { step, level, .. } = e { Some((*step, *level)) } else { None })
        .collect();
    assert_eq!(
        gaps,
        [(0, Level::Class), (0, Level::Psychologist), (0, Level::Principal), (1, Level::Deputy)]
    );
    assert!(effects.contains(&Effect::Tell { round: 0, step: 1, level: Level::LeadingGroup, user: user(6) }));
    assert_eq!(run.escalation.next_step, 2);
}

#[test]
fn r7_a_step_that_no_device_takes_is_over_after_a_minute() {
    let mut run = Run::of(Severity::Red);
    run.receipts = false;
    assert!(run.tick().contains(&Effect::StepStarted { round: 0, step: 0 }));
    assert_eq!(run.after(Duration::seconds(59)), []);
    let effects = run.after(Duration::seconds(1));
    assert_eq!(
        effects[..2],
        [Effect::NoReceipt { round: 0, step: 0 }, Effect::StepStarted { round: 0, step: 1 }]
    );
}

#[test]
fn r7_a_step_whose_deliveries_all_failed_is_over_at_once() {
    let mut run = Run::of(Severity::Red);
    run.tick();
    assert_eq!(run.event(Event::StepFailed { round: 0, step: 0 }), Ok(vec![]));
    assert!(run.tick().contains(&Effect::StepStarted { round: 0, step: 1 }));
    // A late word about a step that is over hurries nothing.
    run.event(Event::StepFailed { round: 0, step: 0 }).unwrap();
    assert_eq!(run.tick(), []);
}

#[test]
fn nobody_in_the_school_means_the_county_at_once() {
    for severity in Severity::ALL {
        let mut run = Run::of(*severity).with(only(&[Level::CountyDuty]));
        let effects = run.tick();
        let told =
            effects.iter().filter(|e| matches!(e, Effect::Tell { level: Level::CountyDuty, .. })).count();
        assert_eq!(told, 1, "{severity:?} {effects:?}");
        assert!(effects.contains(&Effect::CountyTold) && !effects.contains(&Effect::NobodyReachable));
    }
}

#[test]
fn nobody_at_all_is_an_alarm_and_is_tried_again_within_a_minute() {
    let mut run = Run::of(Severity::Red).with(Reach::default());
    assert!(run.tick().contains(&Effect::NobodyReachable));
    assert_eq!(run.after(Duration::seconds(59)), []);
    assert!(run.after(Duration::seconds(1)).contains(&Effect::StepStarted { round: 1, step: 0 }));
}

#[test]
fn a_pupil_of_an_unknown_school_is_told_to_the_county_from_the_first_step_on() {
    let mut reach = everybody();
    reach.unplaced = true;
    let mut run = Run::of(Severity::Orange).with(reach);
    let effects = run.tick();
    assert!(effects.contains(&Effect::Tell { round: 0, step: 0, level: Level::CountyDuty, user: user(7) }));
    assert!(effects.contains(&Effect::Tell { round: 0, step: 0, level: Level::Psychologist, user: user(3) }));
}

#[test]
fn somebody_with_two_posts_is_told_once_a_step() {
    let reach = everybody().with(Level::Psychologist, user(1)).with(Level::Principal, user(1));
    let effects = Run::of(Severity::Red).with(reach).tick();
    let told = effects.iter().filter(|e| matches!(e, Effect::Tell { user: u, .. } if *u == user(1))).count();
    assert_eq!(told, 1);
}

#[test]
fn r8_nothing_starts_after_an_acknowledgement_and_a_second_one_changes_nothing() {
    let mut run = Run::of(Severity::Red);
    run.tick();
    assert_eq!(run.event(Event::Acknowledge), Ok(vec![Effect::TellAcknowledged]));
    let acknowledged = run.escalation;
    run.now = run.now + Duration::minutes(29);
    assert_eq!(run.event(Event::Acknowledge), Ok(vec![]));
    assert_eq!(run.escalation, acknowledged);
    assert_eq!(run.tick(), []);
}

#[test]
fn r14_an_acknowledgement_without_an_action_lapses_and_the_escalation_begins_anew() {
    let mut run = Run::of(Severity::Red);
    run.tick();
    run.event(Event::Acknowledge).unwrap();
    assert_eq!(run.after(Duration::minutes(30)), [Effect::Lapsed]);
    assert_eq!(run.escalation.state(), AlertState::Open);
    assert!(run.tick().contains(&Effect::StepStarted { round: 1, step: 0 }));
}

#[test]
fn r14_taking_in_hand_is_no_action_but_a_recorded_action_ends_the_clock() {
    let mut run = Run::of(Severity::Red);
    run.tick();
    run.event(Event::TakeInHand).unwrap();
    assert!(run.escalation.due().is_some());
    run.event(Event::Act).unwrap();
    assert_eq!((run.escalation.state(), run.escalation.due()), (AlertState::InHand, None));
    assert_eq!(run.after(Duration::days(3)), []);
}

#[test]
fn who_acts_on_an_open_alert_has_acknowledged_it() {
    let mut run = Run::of(Severity::Orange);
    assert_eq!(run.event(Event::Act), Ok(vec![Effect::TellAcknowledged]));
    assert_eq!((run.escalation.state(), run.escalation.due()), (AlertState::Acknowledged, None));
}

#[test]
fn an_alert_is_resolved_after_an_action_and_closed_after_an_acknowledgement() {
    let mut run = Run::of(Severity::Orange);
    assert_eq!(run.event(Event::Resolve), Err(Refused::WrongState));
    assert_eq!(run.event(Event::CloseUnfounded), Err(Refused::WrongState));
    run.event(Event::Acknowledge).unwrap();
    assert_eq!(run.event(Event::Resolve), Err(Refused::NeedsAction));
    run.event(Event::Act).unwrap();
    run.event(Event::Resolve).unwrap();
    for event in
        [Event::Resolve, Event::CloseUnfounded, Event::Act, Event::TakeInHand, Event::Signal(Severity::Red)]
    {
        assert_eq!(run.event(event), Err(Refused::WrongState), "{event:?}");
    }
    assert_eq!(run.event(Event::Acknowledge), Ok(vec![]), "acknowledging never fails");
    run.event(Event::Reopen).unwrap();
    assert!(run.tick().contains(&Effect::StepStarted { round: 0, step: 0 }));
}

#[test]
fn a_graver_signal_begins_anew_at_its_own_policy_even_when_somebody_had_acknowledged() {
    let mut run = Run::of(Severity::Orange);
    run.tick();
    run.event(Event::Act).unwrap();
    assert_eq!(run.event(Event::Signal(Severity::Red)), Ok(vec![Effect::SeverityRaised]));
    assert_eq!(run.escalation.state(), AlertState::Open);
    assert!(run.tick().contains(&Effect::StepStarted { round: 1, step: 0 }));
}

#[test]
fn a_signal_that_is_no_graver_is_told_to_who_takes_care_and_changes_nothing() {
    let mut run = Run::of(Severity::Orange);
    run.tick();
    assert_eq!(run.event(Event::Signal(Severity::Yellow)), Ok(vec![]));
    run.event(Event::Acknowledge).unwrap();
    let before = run.escalation;
    assert_eq!(run.event(Event::Signal(Severity::Orange)), Ok(vec![Effect::TellHandler]));
    assert_eq!(run.escalation, before);
}

#[test]
fn a_pupil_who_moves_is_told_to_the_new_school_from_the_first_step_on() {
    let mut run = Run::of(Severity::Red);
    run.tick();
    run.event(Event::Moved).unwrap();
    assert!(run.tick().contains(&Effect::StepStarted { round: 1, step: 0 }));
}

#[test]
fn yellow_waits_for_school_and_orange_does_not() {
    let friday_night = "2026-11-27T22:00:00+08:00".parse().unwrap();
    let mut run = Run::of(Severity::Yellow);
    (run.now, run.escalation) = (friday_night, Escalation::open(Severity::Yellow, friday_night));
    assert_eq!(run.tick(), []);
    assert_eq!(run.escalation.due().unwrap().at, "2026-11-30T08:00:00+08:00".parse().unwrap());
    let mut run = Run::of(Severity::Orange);
    (run.now, run.escalation) = (friday_night, Escalation::open(Severity::Orange, friday_night));
    assert!(run.tick().contains(&Effect::StepStarted { round: 0, step: 0 }));
}

#[test]
fn r11_a_clock_set_back_a_day_delays_nothing_beyond_the_steps_own_wait() {
    let mut run = Run::of(Severity::Red);
    run.tick();
    run.now = run.now - Duration::days(1);
    assert_eq!(run.tick(), []);
    assert_eq!(run.escalation.due().unwrap().at, run.now + Duration::minutes(1));
    run.after(Duration::minutes(1));
    assert!(run.after(Duration::minutes(4)).contains(&Effect::StepStarted { round: 0, step: 1 }));
}

#[test]
fn r11_a_clock_set_on_a_day_starts_the_next_step_once() {
    let mut run = Run::of(Severity::Red);
    run.tick();
    assert!(run.after(Duration::days(1)).contains(&Effect::StepStarted { round: 0, step: 1 }));
    assert_eq!(run.tick(), []);
}

#[test]
fn a_worker_that_comes_late_makes_the_next_step_no_later() {
    let mut run = Run::of(Severity::Red);
    run.tick();
    assert_eq!(run.after(Duration::minutes(3)), [], "it looks two minutes after the receipt was due");
    assert_eq!(run.after(Duration::seconds(119)), []);
    assert!(run.after(Duration::seconds(1)).contains(&Effect::StepStarted { round: 0, step: 1 }));
}
