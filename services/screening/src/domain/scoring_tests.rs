use super::{
    answers::{AnswerFault, Answers, Expect},
    instrument::{Instrument, Severity},
    level::Level,
    scoring::{RULE_VERSION, Scored, Trust, Validity, VoidReason, critical, score},
};

fn instrument(id: &str) -> Instrument {
    let (_, text) = xinqiao_seeds::instruments::FILES.iter().find(|(name, _)| *name == id).unwrap();
    Instrument::parse(text).unwrap()
}

const CALM: Trust = Trust { seconds: None, min_seconds_per_item: 1.0, straight_line_items: 0 };

/// A full sheet: `usual` everywhere but for what is given.
fn sheet(instrument: &Instrument, usual: i32, but: &[(u32, i32)]) -> Answers {
    let value = |number: u32| but.iter().find(|(item, _)| *item == number).map_or(usual, |(_, value)| *value);
    let given: Vec<(String, i32)> =
        (1u32..).take(instrument.items.len()).map(|n| (n.to_string(), value(n))).collect();
    Answers::check(instrument, &given, Expect::All).unwrap()
}

fn scored(id: &str, usual: i32, but: &[(u32, i32)]) -> Scored {
    let instrument = instrument(id);
    score(&instrument, &sheet(&instrument, usual, but), &CALM)
}

fn of(scored: &Scored, scale: &str) -> (f64, String, Level) {
    let found = scored.scores.iter().find(|score| score.scale == scale).unwrap();
    (found.score.unwrap(), found.band.clone().unwrap(), found.level)
}

fn total(scored: &Scored) -> (f64, String, Level) {
    of(scored, "total")
}

fn is(score: f64, band: &str, level: Level) -> (f64, String, Level) {
    (score, band.to_owned(), level)
}

#[test]
fn phq_9_adds_nine_answers() {
    assert_eq!(total(&scored("phq-9", 0, &[])), is(0.0, "minimal", Level::None));
    assert_eq!(total(&scored("phq-9", 1, &[])), is(9.0, "mild", Level::Watch));
    assert_eq!(total(&scored("phq-9", 1, &[(1, 2)])), is(10.0, "mild", Level::Watch));
    assert_eq!(total(&scored("phq-9", 1, &[(1, 3)])), is(11.0, "moderate", Level::Attention));
    assert_eq!(total(&scored("phq-9", 2, &[])), is(18.0, "moderately_severe", Level::Attention));
    assert_eq!(total(&scored("phq-9", 3, &[])), is(27.0, "severe", Level::Urgent));
}

#[test]
fn any_answer_above_none_to_phq_9_item_9_is_critical_whatever_the_total() {
    let hit = |value: i32| scored("phq-9", 0, &[(9, value)]);
    assert!(hit(0).critical.is_empty());
    for (value, severity) in [(1, Severity::Orange), (2, Severity::Orange), (3, Severity::Red)] {
        let scored = hit(value);
        assert_eq!(scored.level, Level::None);
        assert_eq!(scored.critical.len(), 1);
        assert_eq!((scored.critical[0].item.as_str(), scored.critical[0].severity), ("9", severity));
    }
}

#[test]
fn gad_7_adds_seven_answers() {
    assert_eq!(total(&scored("gad-7", 0, &[(1, 3), (2, 1)])), is(4.0, "minimal", Level::None));
    assert_eq!(total(&scored("gad-7", 1, &[])), is(7.0, "mild", Level::Watch));
    assert_eq!(total(&scored("gad-7", 1, &[(7, 3), (6, 2)])), is(10.0, "moderate", Level::Attention));
    assert_eq!(total(&scored("gad-7", 3, &[])), is(21.0, "severe", Level::Attention));
}

#[test]
fn phq_4_has_two_halves_and_their_sum() {
    let scored = scored("phq-4", 0, &[(1, 2), (2, 1), (3, 3), (4, 0)]);
    assert_eq!(of(&scored, "anxiety"), is(3.0, "raised", Level::Watch));
    assert_eq!(of(&scored, "depression"), is(3.0, "raised", Level::Watch));
    assert_eq!(total(&scored), is(6.0, "moderate", Level::Attention));
    assert_eq!(scored.level, Level::Attention);
}

#[test]
fn who_5_is_poor_when_it_is_low() {
    assert_eq!(total(&scored("who-5", 5, &[])), is(25.0, "good", Level::None));
    assert_eq!(total(&scored("who-5", 2, &[(1, 5)])), is(13.0, "good", Level::None));
    assert_eq!(total(&scored("who-5", 2, &[(1, 4)])), is(12.0, "low", Level::Attention));
    assert_eq!(total(&scored("who-5", 0, &[])), is(0.0, "low", Level::Attention));
}

#[test]
fn dsrs_c_reverses_its_ten_cheerful_items() {
    // Ten cheerful items at 0 count 2 each, eight gloomy ones at 0 count 0.
    assert_eq!(total(&scored("dsrs-c", 0, &[])), is(20.0, "raised", Level::Attention));
    // All at 2: cheerful ones count 0, eight gloomy ones 2 each.
    assert_eq!(total(&scored("dsrs-c", 2, &[])).0, 16.0);
    // All at the middle: each counts 1.
    assert_eq!(total(&scored("dsrs-c", 1, &[])).0, 18.0);
    // A happy child: cheerful 2, gloomy 0.
    let cheerful: Vec<(u32, i32)> = [1, 2, 4, 7, 8, 9, 11, 12, 13, 16].map(|item| (item, 2)).to_vec();
    assert_eq!(total(&scored("dsrs-c", 0, &cheerful)), is(0.0, "low", Level::None));
    let mut mixed = cheerful.clone();
    mixed[0] = (1, 0);
    mixed.extend([(3, 2), (5, 2), (6, 2), (14, 2), (15, 2), (17, 2)]);
    assert_eq!(total(&scored("dsrs-c", 0, &mixed)), is(14.0, "borderline", Level::Watch));
    assert_eq!(scored("dsrs-c", 0, &[(10, 1)]).critical[0].severity, Severity::Orange);
}

#[test]
fn ces_dc_reverses_its_four_cheerful_items() {
    // Sixteen at 0 and four reversed at 0, which count 3 each.
    assert_eq!(total(&scored("ces-dc", 0, &[])), is(12.0, "low", Level::None));
    assert_eq!(total(&scored("ces-dc", 0, &[(4, 3), (8, 3), (12, 3), (16, 3)])).0, 0.0);
    assert_eq!(total(&scored("ces-dc", 0, &[(1, 3)])), is(15.0, "raised", Level::Attention));
    assert_eq!(total(&scored("ces-dc", 3, &[])).0, 48.0);
}

#[test]
fn asq_is_positive_after_any_yes_and_red_when_it_is_now() {
    assert_eq!(total(&scored("asq", 0, &[])), is(0.0, "negative", Level::None));
    let past = scored("asq", 0, &[(4, 1)]);
    assert_eq!(total(&past), is(1.0, "positive", Level::Urgent));
    assert_eq!(past.critical[0].severity, Severity::Orange);
    let now = scored("asq", 1, &[]);
    assert_eq!(total(&now).0, 4.0, "the question about now is not scored");
    assert_eq!(now.critical.iter().map(|hit| hit.severity).max(), Some(Severity::Red));
}

#[test]
fn asq_asks_about_now_only_after_a_yes() {
    let asq = instrument("asq");
    let given = |yes: i32| -> Vec<(String, i32)> {
        (1..=4).map(|n: i32| (n.to_string(), if n == 2 { yes } else { 0 })).collect()
    };
    assert!(Answers::check(&asq, &given(0), Expect::All).is_ok());
    assert_eq!(
        Answers::check(&asq, &given(1), Expect::All),
        Err(vec![AnswerFault::Missing { link_id: "5".to_owned() }])
    );
    let mut grave = given(0);
    grave.push(("5".to_owned(), 1));
    let answers = Answers::check(&asq, &grave, Expect::All).unwrap();
    assert_eq!(
        critical(&asq, &answers)[0].severity,
        Severity::Red,
        "what was not asked is heard all the same"
    );
}

#[test]
fn mht_adds_its_scales_and_watches_its_total() {
    let quiet = scored("mht", 0, &[]);
    assert_eq!((quiet.validity, quiet.level), (Validity::Valid, Level::None));
    let study: Vec<(u32, i32)> = (1..=8).map(|item| (item, 1)).collect();
    let found = scored("mht", 0, &study);
    assert_eq!(of(&found, "study_anxiety"), is(8.0, "raised", Level::Attention));
    assert_eq!(total(&found), is(8.0, "usual", Level::None));
    assert_eq!(found.level, Level::Attention);
    let odd_of_impulsiveness: Vec<(u32, i32)> = (81..=99).step_by(2).map(|item| (item, 1)).collect();
    assert_eq!(of(&scored("mht", 0, &odd_of_impulsiveness), "impulsiveness").0, 10.0);
    // Seven in each of the eight scales: nothing by scale, 56 in total.
    let mut spread: Vec<(u32, i32)> = Vec::new();
    for first in [1, 16, 26, 36, 46, 56, 71] {
        spread.extend((first..first + 7).map(|item| (item, 1)));
    }
    spread.extend((0..7).map(|step| (81 + 2 * step, 1)));
    let found = scored("mht", 0, &spread);
    assert_eq!(total(&found), is(56.0, "raised", Level::Watch));
    assert_eq!(found.level, Level::Watch);
    let everything: Vec<(u32, i32)> = (82..=100).step_by(2).map(|item| (item, 0)).collect();
    assert_eq!(total(&scored("mht", 1, &everything)), is(90.0, "high", Level::Attention));
}

#[test]
fn mht_is_void_from_seven_on_its_validity_scale() {
    let implausible = |count: u32| -> Vec<(u32, i32)> {
        let mut answers: Vec<(u32, i32)> = (0..count).map(|step| (82 + 2 * step, 1)).collect();
        answers.extend((1..=15).map(|item| (item, 1)));
        answers
    };
    let six = scored("mht", 0, &implausible(6));
    assert_eq!((six.validity, six.level), (Validity::Valid, Level::Attention));
    let seven = scored("mht", 0, &implausible(7));
    assert_eq!(seven.validity, Validity::Void);
    assert_eq!(seven.void_reasons, [VoidReason::ValidityScale]);
    assert_eq!(seven.level, Level::None, "a void result proposes nothing");
}

#[test]
fn mht_items_85_and_97_make_a_person_review_the_sheet_even_a_void_one() {
    assert_eq!(scored("mht", 0, &[(85, 1)]).review, ["85"]);
    assert_eq!(scored("mht", 0, &[(97, 1), (85, 1)]).review, ["85", "97"]);
    assert!(scored("mht", 0, &[(83, 1)]).review.is_empty());
    let mut void: Vec<(u32, i32)> = (82..=100).step_by(2).map(|item| (item, 1)).collect();
    void.push((97, 1));
    let found = scored("mht", 0, &void);
    assert_eq!((found.validity, found.review), (Validity::Void, vec!["97".to_owned()]));
}

#[test]
fn mssmhs_means_each_factor() {
    assert_eq!(total(&scored("mssmhs", 1, &[])), is(1.0, "none", Level::None));
    // Obsession: 3, 10, 12, 22, 23, 48.
    let found = scored("mssmhs", 1, &[(3, 3), (10, 3), (12, 2), (22, 2), (23, 1), (48, 1)]);
    assert_eq!(of(&found, "obsession"), is(2.0, "mild", Level::Watch));
    // 54 items at 1 and 12 among 6: 66 / 60.
    assert_eq!(total(&found).0, 1.1);
    let depressed = scored("mssmhs", 1, &[(5, 4), (13, 4), (14, 4), (16, 4), (44, 4), (57, 4)]);
    assert_eq!(of(&depressed, "depression"), is(4.0, "severe", Level::Attention));
    assert_eq!(total(&scored("mssmhs", 5, &[])).0, 5.0);
}

#[test]
fn each_mssmhs_item_counts_in_the_factor_of_the_published_key() {
    let key: [(&str, [u32; 6]); 10] = [
        ("obsession", [3, 10, 12, 22, 23, 48]),
        ("paranoia", [11, 20, 24, 26, 47, 49]),
        ("hostility", [19, 21, 25, 50, 52, 58]),
        ("relations", [4, 17, 18, 45, 51, 59]),
        ("depression", [5, 13, 14, 16, 44, 57]),
        ("anxiety", [6, 15, 34, 43, 46, 56]),
        ("study_pressure", [31, 33, 36, 38, 40, 55]),
        ("maladjustment", [1, 8, 9, 29, 39, 41]),
        ("mood_swings", [2, 7, 27, 32, 35, 53]),
        ("imbalance", [28, 30, 37, 42, 54, 60]),
    ];
    for (factor, items) in key {
        for item in items {
            let found = scored("mssmhs", 1, &[(item, 4)]);
            assert_eq!(of(&found, factor).0, 1.5, "item {item}");
        }
    }
}

#[test]
fn observation_sheets_alert_on_their_danger_signs() {
    assert_eq!(total(&scored("teacher-observation", 1, &[(9, 0), (10, 0)])), is(8.0, "some", Level::Watch));
    assert_eq!(scored("teacher-observation", 0, &[(9, 1)]).critical[0].severity, Severity::Orange);
    assert_eq!(scored("teacher-observation", 0, &[(10, 3)]).critical[0].severity, Severity::Red);
    assert_eq!(total(&scored("peer-observation", 1, &[])), is(6.0, "marked", Level::Attention));
    assert_eq!(scored("peer-observation", 0, &[(6, 2)]).critical[0].severity, Severity::Red);
}

fn partial(id: &str, given: &[(u32, i32)]) -> Scored {
    let instrument = instrument(id);
    let given: Vec<(String, i32)> = given.iter().map(|(item, value)| (item.to_string(), *value)).collect();
    score(&instrument, &Answers::check(&instrument, &given, Expect::Some).unwrap(), &CALM)
}

#[test]
fn a_missing_answer_is_filled_only_where_the_passport_allows_it() {
    // PHQ-9 allows one: eight answers of 2 make 16, the mean 2 fills the ninth: 18.
    let eight: Vec<(u32, i32)> = (1..=8).map(|item| (item, 2)).collect();
    let found = partial("phq-9", &eight);
    assert_eq!(total(&found), is(18.0, "moderately_severe", Level::Attention));
    assert!(found.scores[0].prorated);
    assert_eq!((found.validity, found.missing), (Validity::Valid, vec!["9".to_owned()]));
    // Two are too many.
    let found = partial("phq-9", &eight[..7]);
    assert_eq!(found.scores[0].score, None);
    assert_eq!(found.validity, Validity::Incomplete);
    assert_eq!(found.missing, ["8", "9"]);
    // WHO-5 allows none.
    assert_eq!(partial("who-5", &[(1, 0), (2, 0), (3, 0), (4, 0)]).validity, Validity::Incomplete);
    // A sum is filled to a whole number: 7 of 6 items, 7 / 6 * 7 = 8.17.
    let six = [(1, 2), (2, 1), (3, 1), (4, 1), (5, 1), (6, 1)];
    assert_eq!(total(&partial("gad-7", &six)).0, 8.0);
}

#[test]
fn an_incomplete_sheet_still_scores_the_scales_that_are_whole() {
    let found = partial("phq-4", &[(1, 3), (2, 3), (3, 1)]);
    assert_eq!(of(&found, "anxiety"), is(6.0, "raised", Level::Watch));
    assert_eq!((found.validity, found.level), (Validity::Incomplete, Level::Watch));
}

#[test]
fn a_critical_answer_counts_though_everything_else_is_missing() {
    let found = partial("phq-9", &[(9, 3)]);
    assert_eq!(found.validity, Validity::Incomplete);
    assert_eq!(found.critical[0].severity, Severity::Red);
}

#[test]
fn speeding_voids_a_result_but_not_its_alert() {
    let phq = instrument("phq-9");
    let answers = sheet(&phq, 2, &[(1, 1), (9, 1)]);
    let with = |seconds| score(&phq, &answers, &Trust { seconds, ..CALM });
    let fast = with(Some(8.9));
    assert_eq!((fast.validity, fast.level), (Validity::Void, Level::None));
    assert_eq!(fast.void_reasons, [VoidReason::Speeding]);
    assert_eq!(fast.critical.len(), 1);
    assert_eq!(with(Some(9.0)).validity, Validity::Valid);
    assert_eq!(with(None).validity, Validity::Valid, "nobody took the time of a sheet typed in by staff");
}

#[test]
fn straight_lining_voids_a_long_questionnaire() {
    let mssmhs = instrument("mssmhs");
    let trust = Trust { straight_line_items: 40, ..CALM };
    let broken = |at: u32| score(&mssmhs, &sheet(&mssmhs, 3, &[(at, 1)]), &trust);
    assert_eq!(broken(60).void_reasons, [VoidReason::StraightLining], "59 in a row");
    assert_eq!(broken(41).void_reasons, [VoidReason::StraightLining], "40 in a row");
    assert_eq!(broken(30).validity, Validity::Valid, "29 and 30 in a row");
    let mht = instrument("mht");
    assert_eq!(
        score(&mht, &sheet(&mht, 0, &[]), &trust).validity,
        Validity::Valid,
        "a calm pupil says no a hundred times"
    );
    let phq = instrument("phq-9");
    assert_eq!(score(&phq, &sheet(&phq, 0, &[]), &trust).validity, Validity::Valid, "nine are no long row");
}

#[test]
fn rules_have_a_version() {
    assert_eq!(RULE_VERSION, 1, "changed rules need another version: results are never silently recomputed");
}

#[test]
fn every_fault_of_a_sheet_is_told() {
    let gad = instrument("gad-7");
    let given = [("1", 0), ("2", 4), ("3", -1), ("1", 1), ("8", 0), ("", 0), ("4", 3)];
    let given: Vec<(String, i32)> = given.iter().map(|(item, value)| ((*item).to_owned(), *value)).collect();
    assert_eq!(
        Answers::check(&gad, &given, Expect::All).unwrap_err(),
        [
            AnswerFault::NotOffered { index: 1, low: 0, high: 3 },
            AnswerFault::NotOffered { index: 2, low: 0, high: 3 },
            AnswerFault::Twice { index: 3 },
            AnswerFault::UnknownItem { index: 4 },
            AnswerFault::UnknownItem { index: 5 },
            AnswerFault::Missing { link_id: "5".to_owned() },
            AnswerFault::Missing { link_id: "6".to_owned() },
            AnswerFault::Missing { link_id: "7".to_owned() },
        ]
    );
}

#[test]
fn later_answers_lie_over_a_draft() {
    let gad = instrument("gad-7");
    let some = |given: &[(&str, i32)]| {
        let given: Vec<(String, i32)> =
            given.iter().map(|(item, value)| ((*item).to_owned(), *value)).collect();
        Answers::check(&gad, &given, Expect::Some).unwrap()
    };
    let merged = some(&[("1", 1), ("2", 2)]).merged(&some(&[("2", 0), ("7", 3)]));
    assert_eq!(merged, some(&[("1", 1), ("2", 0), ("7", 3)]));
    let stored = merged.listed(&gad).into_iter().collect();
    assert_eq!(Answers::restore(&gad, &stored), merged);
}
