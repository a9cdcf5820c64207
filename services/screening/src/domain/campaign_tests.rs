use super::{
    campaign::*,
    entry::{NoEntry, may_enter},
    finding::{Finding, Meeting, Sign, Source, alert_of_interview, findings_of_meeting},
    ids::*,
    instrument::Severity,
    level::Level,
    target::*,
};
use chrono::{Duration, NaiveDate};
use uuid::Uuid;
use xinqiao_kit::time::Ts;

fn id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

fn at(hours: i64) -> Ts {
    "2026-11-02T00:00:00Z".parse::<Ts>().unwrap() + Duration::hours(hours)
}

fn plan() -> Plan {
    Plan {
        title: "秋季普查".to_owned(),
        school: Some(SchoolId(id(1))),
        purposes: vec![Purpose::Support],
        scope: Scope { schools: vec![SchoolId(id(1))], ..Scope::default() },
        instrument: "phq-9".to_owned(),
        start: at(0),
        end: at(48),
        consent: ConsentRule::Notice,
    }
}

fn campaign(state: CampaignState) -> Campaign {
    Campaign {
        id: CampaignId(id(9)),
        version: 1,
        plan: plan(),
        instrument_version: 1,
        state,
        target_count: 0,
        creator: UserId(id(8)),
        create_time: at(-24),
        open_time: None,
        close_time: None,
    }
}

fn target(state: TargetState) -> Target {
    Target {
        id: TargetId(id(2)),
        campaign: CampaignId(id(9)),
        student: StudentId(id(3)),
        school: SchoolId(id(1)),
        class: ClassId(id(4)),
        state,
        needs_consent: false,
        consent_time: None,
        attempts: 0,
        submit_time: None,
    }
}

#[test]
fn a_plan_needs_a_window_and_a_scope_of_its_own_school() {
    assert!(plan().faults().is_empty());
    let mut wrong = plan();
    wrong.end = wrong.start;
    wrong.scope = Scope {
        schools: vec![SchoolId(id(1)), SchoolId(id(7))],
        grades: vec![Grade { school: SchoolId(id(7)), stage: "junior".to_owned(), entry_year: 2025 }],
        classes: vec![(SchoolId(id(1)), ClassId(id(4))), (SchoolId(id(6)), ClassId(id(5)))],
    };
    let faults: Vec<(String, &str)> =
        wrong.faults().into_iter().map(|fault| (fault.field, fault.reason)).collect();
    let outside = "SCOPE_OUTSIDE_SCHOOL";
    let expected = [
        ("end_time", "WINDOW_INVALID"),
        ("scope.schools[1]", outside),
        ("scope.grades[0]", outside),
        ("scope.classes[1]", outside),
    ];
    assert_eq!(faults, expected.map(|(field, reason)| (field.to_owned(), reason)));
    wrong.school = None;
    assert_eq!(wrong.faults().len(), 1, "the county may ask everybody");
    wrong.scope = Scope::default();
    assert_eq!(wrong.faults()[1].field, "scope");
}

#[test]
fn answers_are_taken_within_the_window_and_late_ones_for_a_while() {
    let open = campaign(CampaignState::Open);
    assert_eq!(open.takes(at(1), at(1), 72), Ok(Late(false)));
    assert_eq!(open.takes(at(47), at(49), 72), Ok(Late(true)), "from an offline queue");
    assert_eq!(open.takes(at(49), at(49), 72), Err(NotTaken::OutsideWindow));
    assert_eq!(open.takes(at(47), at(121), 72), Err(NotTaken::CampaignOver));
    assert_eq!(open.takes(at(-1), at(-1), 72), Err(NotTaken::CampaignNotOpen), "not begun");
    assert_eq!(campaign(CampaignState::Draft).takes(at(1), at(1), 72), Err(NotTaken::CampaignNotOpen));
    assert_eq!(campaign(CampaignState::Opening).takes(at(1), at(1), 72), Err(NotTaken::CampaignNotOpen));
    let mut closed = campaign(CampaignState::Closed);
    closed.close_time = Some(at(10));
    assert_eq!(closed.takes(at(9), at(11), 72), Ok(Late(true)));
    assert_eq!(closed.takes(at(11), at(11), 72), Err(NotTaken::OutsideWindow));
    assert_eq!(open.state_at(at(48)), CampaignState::Closed, "an open campaign is over when its window is");
}

#[test]
fn consent_is_needed_of_pupils_who_may_be_under_14() {
    let mut campaign = campaign(CampaignState::Open);
    campaign.plan.consent = ConsentRule::GuardianUnder14;
    assert!(
        campaign.needs_consent(Some(8)) && !campaign.needs_consent(Some(9)) && campaign.needs_consent(None)
    );
    let mut target = target(TargetState::Pending);
    target.needs_consent = true;
    assert_eq!(target.takes(), Err(NotTaken::ConsentMissing));
    target.consent_time = Some(at(0));
    assert_eq!(target.takes(), Ok(()));
}

#[test]
fn a_void_result_asks_again_but_not_for_ever() {
    let mut target = target(TargetState::Pending);
    assert_eq!(target.after_answers(false), TargetState::Submitted);
    assert_eq!(target.after_answers(true), TargetState::Retest);
    target.attempts = 1;
    assert_eq!(target.after_answers(true), TargetState::Retest);
    target.attempts = 2;
    assert_eq!(target.after_answers(true), TargetState::Submitted);
}

#[test]
fn who_has_answered_or_left_cannot_be_excused() {
    use TargetState::*;
    for from in TargetState::ALL {
        let target = target(*from);
        let excusable = !matches!(from, Submitted | Left);
        for to in [Leave, Exempt, Refused, Pending] {
            assert_eq!(target.can_be_excused(to), excusable, "{from:?} to {to:?}");
        }
        for to in [Submitted, Retest, Left] {
            assert!(!target.can_be_excused(to));
        }
        let taken = matches!(from, Pending | Retest | Leave);
        assert_eq!(target.takes().is_ok(), taken, "{from:?}");
    }
}

#[test]
fn completion_leaves_out_who_is_not_expected() {
    let progress =
        Progress { targets: 50, submitted: 40, leave: 3, exempt: 2, refused: 4, left: 1, retest: 0 };
    assert!((progress.completion() - 1.0).abs() < 1e-9);
    assert!(
        (Progress { targets: 40, submitted: 10, ..Progress::default() }.completion() - 0.25).abs() < 1e-9
    );
    assert!((Progress { targets: 2, leave: 2, ..Progress::default() }.completion() - 1.0).abs() < 1e-9);
}

fn finding(number: u128, student: u128, source: Source) -> Finding {
    Finding {
        id: FindingId(id(number)),
        student: StudentId(id(student)),
        place: Place { school: SchoolId(id(1)), class: ClassId(id(4)) },
        source,
        level: Level::Attention,
        day: NaiveDate::from_ymd_opt(2026, 11, 2).unwrap(),
        evidence: None,
        notes: None,
        creator: None,
        create_time: at(0),
    }
}

#[test]
fn nobody_enters_the_list_on_questionnaires_alone() {
    let student = StudentId(id(3));
    let (one, two) = (FindingId(id(1)), FindingId(id(2)));
    let questionnaires = [finding(1, 3, Source::Questionnaire), finding(2, 3, Source::Questionnaire)];
    assert_eq!(may_enter(student, &[one, two], &questionnaires), Err(NoEntry::QuestionnaireOnly));
    for source in [Source::Interview, Source::ClassMeeting, Source::Observation, Source::Assessment] {
        let found = [finding(1, 3, Source::Questionnaire), finding(2, 3, source)];
        assert_eq!(may_enter(student, &[one, two], &found), Ok(()));
    }
    let other = [finding(1, 3, Source::Interview), finding(2, 99, Source::Interview)];
    assert_eq!(may_enter(student, &[one, two], &other), Err(NoEntry::FindingUnknown));
    assert_eq!(may_enter(student, &[one, two], &other[..1]), Err(NoEntry::FindingUnknown));
    assert_eq!(may_enter(student, &[], &[]), Err(NoEntry::QuestionnaireOnly));
}

#[test]
fn a_plan_of_suicide_raises_red_whatever_the_interviewer_asks() {
    assert_eq!(alert_of_interview(None, &[Sign::LowMood]), None);
    assert_eq!(alert_of_interview(Some(Severity::Yellow), &[Sign::SuicidePlan]), Some(Severity::Red));
    assert_eq!(alert_of_interview(None, &[Sign::SuicidePlan]), Some(Severity::Red));
    assert_eq!(alert_of_interview(Some(Severity::Orange), &[]), Some(Severity::Orange));
}

#[test]
fn a_class_meeting_covers_those_who_were_there() {
    let student = |number| StudentId(id(number));
    let meeting = Meeting {
        id: MeetingId(id(1)),
        place: Place { school: SchoolId(id(1)), class: ClassId(id(4)) },
        day: NaiveDate::from_ymd_opt(2026, 11, 2).unwrap(),
        topic: "情绪".to_owned(),
        absent: vec![student(2)],
        noticed: vec![
            (student(3), Level::Watch, "话少".to_owned()),
            (student(2), Level::Watch, "x".to_owned()),
        ],
        covered: 0,
        create_time: at(0),
    };
    let class = [student(1), student(2), student(3)];
    let found: Vec<_> = findings_of_meeting(&meeting, &class).collect();
    assert_eq!(found, [(student(1), Level::None, None), (student(3), Level::Watch, Some("话少"))]);
}
