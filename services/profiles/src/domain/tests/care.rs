use super::{noon, pupil};
use crate::domain::{
    alarm::{AlarmKind, Watched},
    care::follow_up_due,
    colour::Colour,
    ids::{ClassId, SchoolId, StaffId},
    record::Record,
    team::{Member, Standing, Team, standing},
};
use chrono::Duration;
use uuid::Uuid;
use xinqiao_kit::time::Ts;
use xinqiao_seeds::settings::Profiles as Limits;

fn limits() -> Limits {
    xinqiao_seeds::Settings::from_toml("").unwrap().profiles
}

fn record(colour: Colour) -> Record {
    Record::open(pupil(), noon()).coloured(colour, None, noon())
}

fn watched(record: Record) -> Watched {
    let (school, class) = (SchoolId(Uuid::nil()), ClassId(Uuid::nil()));
    Watched { school, class, record, team_vacant_since: None, transfer: None }
}

fn kinds(watched: &Watched, now: Ts) -> Vec<(AlarmKind, bool)> {
    watched.alarms(&limits(), now).iter().map(|alarm| (alarm.kind, alarm.is_overdue(now))).collect()
}

#[test]
fn yellow_is_followed_up_every_14_days_and_orange_every_7() {
    for (colour, days) in [(Colour::Green, None), (Colour::Yellow, Some(14)), (Colour::Orange, Some(7))] {
        let due = days.map(|days| noon() + Duration::days(days));
        assert_eq!(follow_up_due(&record(colour), &limits()), due);
    }
    let met = Record { followed_up_at: Some(noon() + Duration::days(3)), ..record(Colour::Yellow) };
    assert_eq!(follow_up_due(&met, &limits()), Some(noon() + Duration::days(17)));
    let before = Record { followed_up_at: Some(noon() - Duration::days(3)), ..record(Colour::Yellow) };
    assert_eq!(follow_up_due(&before, &limits()), Some(noon() + Duration::days(14)));
}

#[test]
fn a_new_orange_lacks_contact_and_plan_until_both_are_there() {
    let hours = |hours| noon() + Duration::hours(hours);
    let orange = record(Colour::Orange);
    let missing = watched(orange.clone());
    let (contact, plan) = (AlarmKind::ParentContactMissing, AlarmKind::JointPlanMissing);
    assert_eq!(kinds(&missing, hours(1)), [(contact, false), (plan, false)]);
    assert_eq!(kinds(&missing, hours(25)), [(contact, true), (plan, false)]);
    let reached = watched(Record { parents_reached_at: Some(hours(2)), ..orange.clone() });
    assert_eq!(kinds(&reached, hours(25)), [(plan, false)]);
    let planned =
        watched(Record { parents_reached_at: Some(hours(2)), planned_at: Some(hours(3)), ..orange.clone() });
    assert_eq!(kinds(&planned, hours(25)), []);
    let earlier = watched(Record { parents_reached_at: Some(hours(-2)), ..orange });
    assert_eq!(kinds(&earlier, hours(1)), [(contact, false), (plan, false)]);
}

#[test]
fn late_follow_ups_transfers_and_second_signatures_are_alarms() {
    let days = |days| noon() + Duration::days(days);
    assert_eq!(kinds(&watched(record(Colour::Yellow)), days(14)), []);
    assert_eq!(kinds(&watched(record(Colour::Yellow)), days(15)), [(AlarmKind::FollowUpOverdue, true)]);
    assert_eq!(kinds(&watched(record(Colour::Green)), days(99)), []);
    let moving = Watched { transfer: Some((noon(), days(3))), ..watched(record(Colour::Green)) };
    assert_eq!(kinds(&moving, days(2)), []);
    assert_eq!(kinds(&moving, days(4)), [(AlarmKind::TransferUnanswered, true)]);
    let urgent = Record { second_due_at: Some(days(1)), ..record(Colour::Yellow) };
    assert_eq!(kinds(&watched(urgent.clone()), noon()), [(AlarmKind::SecondSignatureMissing, false)]);
    assert_eq!(kinds(&watched(urgent), days(2)), [(AlarmKind::SecondSignatureMissing, true)]);
}

fn team(colour: Colour, standings: &[Standing]) -> Team {
    let member = |(number, standing): (usize, &Standing)| Member {
        staff: StaffId(Uuid::from_u128(number as u128)),
        user: None,
        name: String::new(),
        joined_at: noon(),
        standing: *standing,
    };
    let members = standings.iter().enumerate().map(member).collect();
    Team { members, ..Team::empty(pupil(), colour) }
}

#[test]
fn yellow_needs_two_and_orange_three_who_count() {
    use Standing::{Active, OnLeave, Overloaded};
    for (colour, standings, missing) in [
        (Colour::Green, &[][..], 0),
        (Colour::Yellow, &[], 2),
        (Colour::Yellow, &[Active, Active], 0),
        (Colour::Yellow, &[Active, OnLeave], 1),
        (Colour::Orange, &[Active, Active], 1),
        (Colour::Orange, &[Active, Active, Overloaded], 1),
        (Colour::Orange, &[Active, Active, Active, OnLeave], 0),
    ] {
        assert_eq!(team(colour, standings).missing(), missing, "{colour:?} {standings:?}");
    }
    assert_eq!(standing(false, 8, 8), Active);
    assert_eq!(standing(false, 9, 8), Overloaded);
    assert_eq!(standing(true, 1, 8), OnLeave);
}

#[test]
fn the_vacancy_clock_starts_once_and_stops_when_the_team_is_whole() {
    let later = noon() + Duration::hours(5);
    let short = team(Colour::Yellow, &[Standing::Active]);
    assert_eq!(short.vacancy_clock(later), Some(later));
    let running = Team { vacant_since: Some(noon()), ..short };
    assert_eq!(running.vacancy_clock(later), Some(noon()));
    let whole = Team { vacant_since: Some(noon()), ..team(Colour::Yellow, &[Standing::Active; 2]) };
    assert_eq!(whole.vacancy_clock(later), None);
}
