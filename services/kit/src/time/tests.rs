use super::*;

fn ts(text: &str) -> Ts {
    text.parse().unwrap()
}

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

#[test]
fn text_has_one_width_and_sorts_as_time_does() {
    let times = [
        Ts::from_micros(i64::MIN),
        ts("1969-12-31T23:59:59.999999Z"),
        ts("1970-01-01T00:00:00Z"),
        ts("2026-09-01T00:00:00.000001Z"),
        ts("2026-09-01T00:00:00.1Z"),
        ts("2026-09-01T08:00:01+08:00"),
        Ts::from_micros(i64::MAX),
    ];
    let texts: Vec<String> = times.iter().map(ToString::to_string).collect();
    assert!(texts.iter().all(|t| t.len() == 27), "{texts:?}");
    let mut sorted = texts.clone();
    sorted.sort();
    assert_eq!(texts, sorted);
    for (time, text) in times.iter().zip(&texts) {
        assert_eq!(ts(text), *time);
    }
}

#[test]
fn finer_than_a_microsecond_is_cut_off() {
    assert_eq!(ts("2026-09-01T00:00:00.123456999Z"), ts("2026-09-01T00:00:00.123456Z"));
}

#[test]
fn arithmetic_stays_in_range() {
    let t = ts("2026-09-01T00:00:00Z");
    assert_eq!(t + Duration::days(1) - t, Duration::days(1));
    assert_eq!(Ts::from_micros(i64::MAX) + Duration::days(1), Ts::from_micros(i64::MAX));
    assert_eq!(t - Duration::MAX, Ts::from_micros(i64::MIN));
    assert_eq!(t + Duration::MAX, Ts::from_micros(i64::MAX));
}

#[test]
fn the_countys_date_changes_at_four_in_the_afternoon_utc() {
    assert_eq!(ts("2026-08-31T15:59:59Z").shanghai_date(), date("2026-08-31"));
    assert_eq!(ts("2026-08-31T16:00:00Z").shanghai_date(), date("2026-09-01"));
    assert_eq!(Ts::start_of(date("2026-09-01")), ts("2026-08-31T16:00:00Z"));
}

#[test]
fn protobuf_and_json_give_back_the_same_instant() {
    for text in ["0001-01-01T00:00:00Z", "1969-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"] {
        let t = ts(text);
        assert_eq!(Ts::try_from(prost_types::Timestamp::from(t)), Ok(t));
        let json = serde_json::to_string(&t).unwrap();
        assert_eq!(serde_json::from_str::<Ts>(&json).unwrap(), t);
    }
    assert_eq!(Ts::try_from(prost_types::Timestamp { seconds: i64::MAX, nanos: 0 }), Err(OutOfRange));
    assert_eq!(Ts::try_from(prost_types::Timestamp { seconds: 0, nanos: -1 }), Err(OutOfRange));
    assert_eq!(Ts::try_from(prost_types::Timestamp { seconds: 253_402_300_800, nanos: 0 }), Err(OutOfRange));
}

#[test]
fn a_school_year_starts_on_the_first_of_september() {
    assert_eq!(school_year(date("2026-08-31")), SchoolYear(2025));
    assert_eq!(school_year(date("2026-09-01")), SchoolYear(2026));
    let year = SchoolYear(2026);
    assert_eq!((year.start(), year.end()), (date("2026-09-01"), date("2027-08-31")));
    assert_eq!(year.to_string(), "2026-2027");
}

#[test]
fn terms_meet_at_the_end_of_january() {
    let year = SchoolYear(2026);
    assert_eq!(year.term_end(Term::First), date("2027-01-31"));
    assert_eq!(year.term_start(Term::Second), date("2027-02-01"));
    for (day, term) in [
        ("2026-09-01", Term::First),
        ("2027-01-31", Term::First),
        ("2027-02-01", Term::Second),
        ("2027-08-31", Term::Second),
    ] {
        assert_eq!(Term::of(date(day)), term, "{day}");
        assert!(year.contains(date(day)));
    }
}

#[test]
fn a_manual_clock_moves_only_when_told() {
    let clock = ManualClock::at(ts("2026-09-01T00:00:00Z"));
    let same = clock.clone();
    clock.advance(Duration::minutes(5));
    assert_eq!(same.now(), ts("2026-09-01T00:05:00Z"));
    clock.set(ts("2020-01-01T00:00:00Z"));
    assert_eq!(same.now(), ts("2020-01-01T00:00:00Z"));
}
