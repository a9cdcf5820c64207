//! The indicators.

use crate::domain::figure::{Evidence, Indicator, IndicatorKind, Targets, indicators};
use proptest::prelude::*;

const TARGETS: Targets = Targets {
    committee_members: 3,
    parent_lessons: 1,
    open_days: 1,
    parent_sessions: 1,
    guidance: 1,
    partner_activities: 1,
};

const FULL: Evidence = Evidence {
    committee_members: 3,
    committee_chair: true,
    syllabus: Some(true),
    parent_lessons: 1,
    classes: 4,
    visited_classes: 4,
    open_days: 1,
    parent_sessions: 1,
    guidance: 1,
    partner_activities: 1,
};

fn unmet(evidence: Evidence) -> Vec<IndicatorKind> {
    let unmet = |indicator: &Indicator| !indicator.met;
    indicators(&evidence, &TARGETS).into_iter().filter(unmet).map(|indicator| indicator.kind).collect()
}

#[test]
fn each_gap_shows_in_its_own_indicator() {
    for (evidence, kinds) in [
        (FULL, vec![]),
        (Evidence { committee_members: 2, ..FULL }, vec![IndicatorKind::Committee]),
        (Evidence { committee_chair: false, ..FULL }, vec![IndicatorKind::Committee]),
        (Evidence { parent_lessons: 0, ..FULL }, vec![IndicatorKind::ParentSchool]),
        (Evidence { syllabus: Some(false), ..FULL }, vec![IndicatorKind::Psychology]),
        (Evidence { syllabus: None, ..FULL }, vec![IndicatorKind::ParentSchool, IndicatorKind::Psychology]),
        (Evidence { visited_classes: 3, ..FULL }, vec![IndicatorKind::HomeVisits]),
        (Evidence { classes: 0, visited_classes: 0, ..FULL }, vec![IndicatorKind::HomeVisits]),
        (Evidence { open_days: 0, ..FULL }, vec![IndicatorKind::OpenDays]),
        (Evidence { parent_sessions: 0, ..FULL }, vec![IndicatorKind::ParentSessions]),
        (Evidence { guidance: 0, ..FULL }, vec![IndicatorKind::Guidance]),
        (Evidence { partner_activities: 0, ..FULL }, vec![IndicatorKind::Partners]),
    ] {
        assert_eq!(unmet(evidence), kinds, "{evidence:?}");
    }
}

#[test]
fn a_school_without_evidence_meets_nothing() {
    assert_eq!(unmet(Evidence::default()).len(), IndicatorKind::ALL.len());
}

#[test]
fn indicators_go_by_clause() {
    let clauses: Vec<_> = IndicatorKind::ALL.iter().map(|kind| kind.clause()).collect();
    assert_eq!(clauses, ["P6.1", "P6.2", "P6.3", "P6.4", "P6.5", "P6.6", "P6.7", "P6.8"]);
}

fn some_evidence() -> impl Strategy<Value = Evidence> {
    let counts = prop::collection::vec(0_i64..4, 8);
    (counts, any::<bool>(), prop::option::of(any::<bool>())).prop_map(|(n, committee_chair, syllabus)| {
        Evidence {
            committee_members: n[0],
            committee_chair,
            syllabus,
            parent_lessons: n[1],
            classes: n[2],
            visited_classes: n[3].min(n[2]),
            open_days: n[4],
            parent_sessions: n[5],
            guidance: n[6],
            partner_activities: n[7],
        }
    })
}

proptest! {
    #[test]
    fn more_evidence_never_lowers_an_indicator(evidence in some_evidence(), which in 0_usize..8) {
        let mut more = evidence;
        match which {
            0 => more.committee_members += 1,
            1 => more.parent_lessons += 1,
            2 => more.visited_classes = (more.visited_classes + 1).min(more.classes),
            3 => more.open_days += 1,
            4 => more.parent_sessions += 1,
            5 => more.guidance += 1,
            6 => more.partner_activities += 1,
            _ => more.syllabus = Some(true),
        }
        for (before, after) in indicators(&evidence, &TARGETS).iter().zip(indicators(&more, &TARGETS)) {
            prop_assert!(after.value >= before.value && after.met >= before.met, "{before:?} {after:?}");
        }
    }
}
