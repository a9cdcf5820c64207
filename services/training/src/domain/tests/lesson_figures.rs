//! Every grade against its target.

use super::*;
use crate::domain::{
    calendar::TeachingTime,
    hours::Hours,
    lesson_figure::{GradeFigure, Held, Outlook, all_reached, grades},
};
use proptest::prelude::*;
use xinqiao_kit::time::SchoolYear;

const YEAR: SchoolYear = SchoolYear(2026);

fn held(minutes: i64) -> Held {
    Held { lessons: minutes / 40, minutes, universal_minutes: minutes }
}

fn figures(classes: &[(Class, i64)], today: &str) -> Vec<GradeFigure> {
    let with_held = classes.iter().map(|(class, minutes)| (class.clone(), held(*minutes)));
    grades(YEAR, with_held, lengths(), calendar().time(YEAR, day(today)))
}

#[test]
fn twelve_hours_in_primary_and_fourteen_above() {
    for (stage, entry, length, target) in
        [(Stage::Primary, 2024, 40, 12), (Stage::Junior, 2025, 45, 14), (Stage::Senior, 2026, 45, 14)]
    {
        let short = figures(&[(class(1, stage, entry), target * length - 1)], "2027-05-01");
        let full = figures(&[(class(1, stage, entry), target * length)], "2027-05-01");
        assert!(!short[0].reached(), "{stage:?}");
        assert!(full[0].reached() && full[0].hours.as_f64() == target as f64, "{stage:?}");
    }
}

#[test]
fn a_grade_stands_where_its_lowest_class_stands() {
    let classes = [
        (class(1, Stage::Primary, 2024), 600),
        (class(2, Stage::Primary, 2024), 120),
        (class(3, Stage::Primary, 2024), 480),
    ];
    let grade = &figures(&classes, "2027-03-01")[0];
    assert_eq!(grade.grade.number(), 3);
    assert_eq!((grade.hours, grade.missing), (Hours::of(120, 40), Hours::of(360, 40)));
    assert_eq!(grade.classes.iter().map(|c| c.class.number).collect::<Vec<_>>(), [2, 3, 1]);
}

#[test]
fn a_class_without_a_lesson_counts_nothing() {
    let classes = [(class(1, Stage::Primary, 2024), 600), (class(2, Stage::Primary, 2024), 0)];
    let grade = &figures(&classes, "2027-03-01")[0];
    assert_eq!((grade.hours.as_f64(), grade.outlook), (0.0, Outlook::Behind));
}

#[test]
fn the_outlook_compares_what_is_done_with_what_is_gone() {
    for (minutes, today, outlook) in [
        (0, "2026-09-01", Outlook::OnTrack),
        (0, "2026-09-02", Outlook::Behind),
        (240, "2027-01-19", Outlook::OnTrack),
        (239, "2027-01-19", Outlook::Behind),
        (240, "2027-02-16", Outlook::OnTrack),
        (479, "2027-07-05", Outlook::OnTrack),
        (478, "2027-07-05", Outlook::Behind),
        (479, "2027-07-06", Outlook::Missed),
        (480, "2027-07-06", Outlook::Reached),
        (0, "2025-12-01", Outlook::OnTrack),
        (0, "2028-01-01", Outlook::Missed),
    ] {
        let grade = &figures(&[(class(1, Stage::Primary, 2024), minutes)], today)[0];
        assert_eq!(grade.outlook, outlook, "{minutes} minutes on {today}");
    }
}

#[test]
fn what_is_needed_a_week_fits_the_weeks_left() {
    let grade = &figures(&[(class(1, Stage::Primary, 2024), 240)], "2027-02-16")[0];
    assert!((grade.needed_per_week - 6.0 / 20.0).abs() < 1e-9, "{}", grade.needed_per_week);
    let done = &figures(&[(class(1, Stage::Primary, 2024), 480)], "2027-02-16")[0];
    assert!(done.needed_per_week == 0.0);
}

#[test]
fn classes_count_in_the_years_of_their_stage_and_until_they_close() {
    let one = |class: Class| figures(&[(class, 0)], "2027-03-01").len();
    assert_eq!(one(class(1, Stage::Primary, 2020)), 0, "graduated before");
    assert_eq!(one(class(1, Stage::Primary, 2027)), 0, "not yet there");
    assert_eq!(
        one(Class { closed_on: Some(day("2027-04-01")), ..class(1, Stage::Primary, 2024) }),
        0,
        "dissolved"
    );
    assert_eq!(
        one(Class { closed_on: Some(day("2027-07-10")), ..class(1, Stage::Primary, 2021) }),
        1,
        "graduated with it"
    );
}

#[test]
fn a_school_without_classes_has_reached_nothing() {
    assert!(!all_reached(&[]));
}

#[test]
fn teaching_time_runs_in_two_halves() {
    for (today, left) in [
        ("2026-09-01", 280),
        ("2026-09-08", 273),
        ("2027-01-19", 140),
        ("2027-02-10", 140),
        ("2027-02-23", 133),
        ("2027-07-06", 0),
        ("2025-01-01", 280),
    ] {
        assert_eq!(
            calendar().time(YEAR, day(today)),
            TeachingTime { total_days: 280, left_days: left },
            "{today}"
        );
    }
}

#[test]
fn an_impossible_second_term_starts_with_february() {
    let calendar = TeachingCalendar::new(40, (2, 31));
    assert_eq!(calendar.time(YEAR, day("2027-02-08")).left_days, 133);
}

proptest! {
    #[test]
    fn a_figure_is_the_lowest_of_its_classes(minutes in prop::collection::vec(0_i64..2000, 1..12)) {
        let classes: Vec<_> =
            minutes.iter().enumerate().map(|(at, m)| (class(at as i32 + 1, Stage::Primary, 2024), *m)).collect();
        let grade = &figures(&classes, "2027-03-01")[0];
        let lowest = grade.classes.iter().map(|c| c.hours).min().unwrap();
        prop_assert_eq!(grade.hours, lowest);
        prop_assert_eq!(grade.hours, Hours::of(*minutes.iter().min().unwrap(), 40));
        prop_assert_eq!(grade.reached(), minutes.iter().all(|m| *m >= 480));
    }

    #[test]
    fn another_lesson_never_lowers_a_figure(
        minutes in prop::collection::vec(0_i64..900, 1..8), which in 0_usize..8, more in 10_i64..=180, days in 0_u64..365,
    ) {
        let today = YEAR.start() + chrono::Days::new(days);
        let build = |minutes: &[i64]| {
            let classes: Vec<_> =
                minutes.iter().enumerate().map(|(at, m)| (class(at as i32 + 1, Stage::Junior, 2025), *m)).collect();
            figures(&classes, &today.to_string()).remove(0)
        };
        let before = build(&minutes);
        let mut after = minutes.clone();
        let at = which % after.len();
        after[at] += more;
        let after = build(&after);
        prop_assert!(after.hours >= before.hours);
        prop_assert!(after.missing <= before.missing);
        prop_assert!(after.needed_per_week <= before.needed_per_week);
        prop_assert!(after.outlook <= before.outlook, "{:?} {:?}", after.outlook, before.outlook);
    }

    #[test]
    fn hours_are_never_rounded_up_to_a_target(minutes in 0_i64..5000, length in 1_i64..120) {
        let hours = Hours::of(minutes, length);
        prop_assert_eq!(hours >= Hours::of(12 * length, length), minutes >= 12 * length);
    }

    #[test]
    fn teaching_time_only_runs_down(days in 0_u64..400) {
        let today = YEAR.start() + chrono::Days::new(days);
        let (now, then) = (calendar().time(YEAR, today), calendar().time(YEAR, today.succ_opt().unwrap()));
        prop_assert!(now.left_days >= then.left_days && now.left_days - then.left_days <= 1);
        prop_assert_eq!(now.gone_days() + now.left_days, now.total_days);
    }
}
