//! What the rules promise.

use super::{
    GrantId, SchoolId, SessionId, StudentId, UserId,
    facts::StaffFact,
    grant::{ConfirmError, Grant, Reach, Role, Scope, Source, State, parse_scope, reach_of, scope_name},
    password::{Common, Weakness, check},
    secret::{activation_code, first_password, fold_code},
    session::{Lifetimes, Session},
    throttle::{Attempts, FREE_ATTEMPTS, MAX_DELAY_SECONDS, attempt},
    user::{Kind, LoginName},
};
use chrono::Duration;
use proptest::prelude::*;
use uuid::Uuid;
use xinqiao_kit::time::Ts;

fn id(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

fn start() -> Ts {
    "2026-09-01T08:00:00Z".parse().unwrap()
}

#[test]
fn a_login_name_has_one_spelling() {
    for (typed, name) in [
        ("Zhang.Wei", "zhang.wei"),
        ("  zw-01 ", "zw-01"),
        ("ＺＷ０１", "zw01"),
        ("zw@school.cn", "zw@school.cn"),
    ] {
        assert_eq!(LoginName::parse(typed).unwrap().as_str(), name);
    }
    for (typed, reason) in
        [("zw", "TOO_SHORT"), ("", "TOO_SHORT"), ("张伟老师", "INVALID_FORMAT"), ("a b c", "INVALID_FORMAT")]
    {
        assert_eq!(LoginName::parse(typed), Err(reason), "{typed}");
    }
    assert_eq!(LoginName::parse(&"a".repeat(65)), Err("TOO_LONG"));
}

#[test]
fn a_password_is_long_enough_for_who_uses_it_and_not_what_everybody_tries() {
    let common = Common::new(xinqiao_seeds::passwords::COMMON);
    let login = LoginName::parse("zhangwei").unwrap();
    let verdict = |password: &str, kind| check(password, kind, &login, &common);
    assert_eq!(verdict("kite under bridge", Kind::Staff), Ok(()));
    assert_eq!(verdict("风筝在桥下面飞过", Kind::Guardian), Ok(()));
    assert_eq!(verdict("kite42", Kind::Pupil), Ok(()));
    assert_eq!(verdict("kite42", Kind::Staff), Err(Weakness::TooShort { min: 10 }));
    assert_eq!(verdict("kite4", Kind::Pupil), Err(Weakness::TooShort { min: 6 }));
    assert_eq!(verdict(&"k1".repeat(65), Kind::Staff), Err(Weakness::TooLong { max: 128 }));
    assert_eq!(verdict("my-ZhangWei-2026", Kind::Staff), Err(Weakness::LikeLoginName));
    for bad in
        ["123456", "password", "Password", "woaini1314", "aaaaaa", "7777777", "234567", "890123", "fedcba"]
    {
        assert_eq!(verdict(bad, Kind::Pupil), Err(Weakness::TooCommon), "{bad}");
    }
    for bad in ["password2026", "woaini13142026", "Qwertyuiop!!", "1111111111", "0987654321"] {
        assert_eq!(verdict(bad, Kind::Staff), Err(Weakness::TooCommon), "{bad}");
    }
}

proptest! {
    #[test]
    fn codes_are_readable_and_survive_being_typed(random: [u8; 32], more: [u8; 32], short: [u8; 48]) {
        let mut bytes = [0; 64];
        bytes[..32].copy_from_slice(&random);
        bytes[32..].copy_from_slice(&more);
        let code = activation_code(&bytes);
        prop_assert_eq!(code.len(), 19);
        prop_assert!(code.chars().all(|c| c == '-' || "ABCDEFGHJKMNPQRSTVWXYZ23456789".contains(c)));
        prop_assert_eq!(fold_code(&code.to_lowercase().replace('-', " ")), fold_code(&code));
        let password = first_password(&short);
        prop_assert_eq!(password.len(), 12);
    }
}

#[test]
fn guessing_is_slowed_down_more_and_more_and_never_stopped() {
    let mut now = start();
    let mut attempts = Attempts { count: 0, next_time: now, last_time: now };
    let mut waits = Vec::new();
    for _ in 0..FREE_ATTEMPTS + 10 {
        attempts = match attempt(attempts, now) {
            Ok(counted) => counted,
            Err(early) => {
                waits.push(early.wait.num_seconds());
                now = now + early.wait;
                attempt(attempts, now).unwrap()
            }
        };
    }
    assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60, 60, 60]);
}

#[test]
fn attempts_are_forgotten_after_an_hour_and_a_clock_set_back_locks_nobody_out() {
    let now = start();
    let slowed = Attempts { count: 30, next_time: now + Duration::seconds(60), last_time: now };
    assert!(attempt(slowed, now).is_err());
    assert_eq!(attempt(slowed, now + Duration::minutes(61)).unwrap().count, 1);
    assert!(attempt(slowed, now - Duration::days(1)).is_ok());
}

proptest! {
    #[test]
    fn nobody_ever_waits_longer_than_a_minute(count in 0..i32::MAX, back in -100_000_i64..100_000) {
        let now = start();
        let before = Attempts { count, next_time: now + Duration::seconds(back), last_time: now };
        if let Err(early) = attempt(before, now) {
            prop_assert!(early.wait <= Duration::seconds(MAX_DELAY_SECONDS));
        }
    }
}

#[test]
fn a_session_ends_without_use_and_in_any_case() {
    let lifetimes = Lifetimes { idle: Duration::minutes(30), absolute: Duration::hours(8) };
    let now = start();
    let mut session = Session {
        id: SessionId(id(1)),
        user: UserId(id(2)),
        client: String::new(),
        privileges_version: 1,
        create_time: now,
        last_use_time: now,
        expire_time: now + lifetimes.absolute,
        end_time: None,
    };
    assert!(session.is_live(now + Duration::minutes(29), lifetimes));
    assert!(!session.is_live(now + Duration::minutes(30), lifetimes));
    session.last_use_time = now + Duration::minutes(470);
    assert!(session.is_live(now + Duration::minutes(479), lifetimes));
    assert!(!session.is_live(now + Duration::minutes(480), lifetimes));
    session.end_time = Some(now);
    assert!(!session.is_live(now, lifetimes));
}

#[test]
fn scopes_roles_and_sources_have_names_that_come_back() {
    let class = Scope::Class { school: id(1), class: id(2) };
    for scope in [Scope::County, Scope::School(id(1)), class, Scope::Student(id(3))] {
        assert_eq!(parse_scope(&scope_name(&scope)), Some(scope));
    }
    for name in ["", "counties", "schools/1", "classes/00000000-0000-0000-0000-000000000001"] {
        assert_eq!(parse_scope(name), None, "{name}");
    }
    for role in Role::ALL {
        assert_eq!(Role::from_name(role.name()), Some(role));
    }
    for source in [
        Source::Manual,
        Source::Bootstrap,
        Source::Account,
        Source::Staff(id(4)),
        Source::Team(StudentId(id(5))),
    ] {
        assert_eq!(Source::from_name(&source.name()), Some(source));
    }
    assert_eq!(reach_of(&class), Reach::Class);
}

#[test]
fn every_role_above_school_level_needs_two_people_and_no_other() {
    for role in Role::ALL {
        assert_eq!(role.needs_two_people(), role.reach() == Reach::County, "{role:?}");
        assert_eq!(role.given_by_hand(), !matches!(role, Role::Support | Role::Pupil), "{role:?}");
    }
}

#[test]
fn a_pupil_is_nothing_but_a_pupil_and_a_guardian_nothing_but_a_guardian() {
    let may = |kind| Role::ALL.into_iter().filter(move |role| role.fits(kind)).collect::<Vec<_>>();
    assert_eq!(may(Kind::Pupil), [Role::Pupil, Role::Peer]);
    assert_eq!(may(Kind::Guardian), [Role::Guardian]);
    assert!(!may(Kind::Staff).contains(&Role::Pupil));
    assert!(may(Kind::Staff).contains(&Role::Guardian));
}

fn proposal() -> Grant {
    Grant {
        id: GrantId(id(9)),
        user: UserId(id(1)),
        role: Role::CountyCentre,
        scope: Scope::County,
        school: None,
        source: Source::Manual,
        state: State::Pending,
        proposer: Some(UserId(id(2))),
        confirmer: None,
        create_time: start(),
        expire_time: None,
        end_time: None,
        version: 1,
    }
}

#[test]
fn a_proposal_needs_another_than_proposer_and_holder() {
    let confirmed = proposal().confirmed(UserId(id(3)), false, start()).unwrap();
    assert_eq!((confirmed.state, confirmed.confirmer), (State::Active, Some(UserId(id(3)))));
    let by = |who, alone| proposal().confirmed(UserId(id(who)), alone, start()).unwrap_err();
    assert_eq!(by(2, false), ConfirmError::SecondPersonNeeded);
    assert_eq!(by(1, false), ConfirmError::Own);
    assert_eq!(by(1, true), ConfirmError::Own);
    assert_eq!(proposal().confirmed(UserId(id(2)), true, start()).unwrap().state, State::Active);
    assert_eq!(confirmed.confirmed(UserId(id(4)), false, start()).unwrap_err(), ConfirmError::NotPending);
    let late = Grant { expire_time: Some(start()), ..proposal() };
    assert_eq!(late.confirmed(UserId(id(3)), false, start()).unwrap_err(), ConfirmError::NotPending);
}

fn fact(posts: &[&str]) -> StaffFact {
    StaffFact {
        staff: id(7),
        user: Some(UserId(id(8))),
        school: Some(SchoolId(id(1))),
        posts: posts.iter().map(|post| (*post).to_owned()).collect(),
        homeroom_classes: Vec::new(),
        active: true,
    }
}

#[test]
fn posts_give_their_roles_and_everybody_is_a_teacher() {
    let school = Scope::School(id(1));
    for (posts, roles) in [
        (&["psychologist"][..], &[Role::Subject, Role::Psychologist][..]),
        (&["psychologist_part_time", "psychologist"], &[Role::Subject, Role::Psychologist]),
        (&["principal"], &[Role::Subject, Role::Principal]),
        (&["deputy", "leading_group"], &[Role::Subject, Role::Deputy]),
        (&["grade_leader"], &[Role::Subject, Role::GradeLeader]),
        (&["nurse", "dormitory", "subject", "new_teacher"], &[Role::Subject]),
        (&["county_centre", "county_duty"], &[Role::Subject]),
        (&[], &[Role::Subject]),
    ] {
        let expected: Vec<_> = roles.iter().map(|role| (*role, school)).collect();
        assert_eq!(fact(posts).grants(), expected, "{posts:?}");
    }
}

#[test]
fn homeroom_holds_at_each_class_and_only_with_the_post() {
    let mut teacher = fact(&["homeroom"]);
    teacher.homeroom_classes = vec![id(11), id(12), id(11)];
    let class = |n| (Role::Homeroom, Scope::Class { school: id(1), class: id(n) });
    assert_eq!(teacher.grants()[1..], [class(11), class(12)]);
    teacher.posts.clear();
    assert_eq!(teacher.grants().len(), 1);
}

#[test]
fn who_has_left_and_who_is_of_the_county_gets_nothing_from_a_record() {
    let mut gone = fact(&["principal", "homeroom"]);
    gone.active = false;
    assert!(gone.grants().is_empty());
    let mut county = fact(&["county_centre", "county_duty"]);
    county.school = None;
    assert!(county.grants().is_empty());
}
