//! What the stores promise, on both engines.

use super::{
    activations, attempts,
    grants::{self, Of},
    sessions, users,
};
use crate::{
    MIGRATIONS,
    domain::{
        GrantId, SchoolId, SessionId, StudentId, UserId,
        grant::{Grant, Role, Scope, Source, State},
        session::Session,
        throttle::Attempts,
        user::{Kind, LoginName, Person, User},
    },
};
use chrono::Duration;
use std::future::Future;
use uuid::Uuid;
use xinqiao_kit::{
    db::{Db, Tx},
    keys::Keys,
    role::Role as Service,
    testing::TestDb,
    time::Ts,
};

fn id(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

fn start() -> Ts {
    "2026-09-01T08:00:00Z".parse().unwrap()
}

fn keys() -> Keys {
    Keys::from_bytes([1; 32], &[2; 32], Service::Identity).unwrap()
}

async fn on_both<F, Fut>(test: F)
where
    F: Fn(Db) -> Fut,
    Fut: Future<Output = ()> + Send + 'static,
{
    TestDb::each_migrated(MIGRATIONS, test).await;
}

fn user(n: u128, person: Person) -> User {
    User {
        id: UserId(id(n)),
        login_name: LoginName::parse(&format!("user-{n}")).unwrap(),
        display_name: format!("Name {n}"),
        person,
        disabled: false,
        must_change_password: true,
        activated: true,
        create_time: start(),
        update_time: start(),
        version: 1,
    }
}

fn teacher(n: u128) -> User {
    user(n, Person::Staff { school: SchoolId(id(1)) })
}

async fn save(tx: &mut Tx, user: &User) -> bool {
    let key = match user.person.student() {
        Some(student) => keys().subject(tx, student.uuid()).await.unwrap(),
        None => keys().service_subject(),
    };
    let credentials = users::Credentials { password: Some("hash".into()), must_change: true };
    users::insert(tx, &keys(), user, &key, &credentials).await.unwrap()
}

async fn saved(db: &Db, all: &[User]) {
    let mut tx = db.begin().await.unwrap();
    for user in all {
        assert!(save(&mut tx, user).await);
    }
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn an_account_comes_back_as_it_was_written() {
    on_both(|db| async move {
        let child = Person::Pupil { school: SchoolId(id(1)), student: StudentId(id(100)) };
        let all = [teacher(1), user(2, child), user(3, Person::County)];
        saved(&db, &all).await;
        for user in &all {
            assert_eq!(users::by_id(&db, &keys(), user.id).await.unwrap().as_ref(), Some(user));
            let mut tx = db.begin().await.unwrap();
            assert_eq!(users::by_id_locked(&mut tx, &keys(), user.id).await.unwrap().as_ref(), Some(user));
        }
        assert_eq!(users::by_id(&db, &keys(), UserId(id(9))).await.unwrap(), None);
        let login = users::login(&db, &keys(), " USER-1").await.unwrap().unwrap();
        assert_eq!((login.id, login.password.as_deref()), (UserId(id(1)), Some("hash")));
        assert!(users::login(&db, &keys(), "user-9").await.unwrap().is_none());
    })
    .await;
}

#[tokio::test]
async fn a_login_name_and_a_pupil_are_taken_once() {
    on_both(|db| async move {
        let child = || Person::Pupil { school: SchoolId(id(1)), student: StudentId(id(100)) };
        saved(&db, &[teacher(1), user(2, child())]).await;
        let mut tx = db.begin().await.unwrap();
        let same_name = User { id: UserId(id(7)), ..teacher(1) };
        assert!(!save(&mut tx, &same_name).await);
        assert!(users::login_exists(&mut tx, &keys(), &same_name.login_name).await.unwrap());
        assert!(!save(&mut tx, &user(3, child())).await);
        // Accounts without a pupil are not in each other's way.
        assert!(save(&mut tx, &teacher(4)).await);
        tx.commit().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_pupil_whose_key_is_gone_has_no_name_any_more() {
    on_both(|db| async move {
        let child = Person::Pupil { school: SchoolId(id(1)), student: StudentId(id(100)) };
        saved(&db, &[user(2, child)]).await;
        let mut tx = db.begin().await.unwrap();
        keys().destroy(&mut tx, id(100)).await.unwrap();
        tx.commit().await.unwrap();
        let erased = users::by_id(&db, &keys(), UserId(id(2))).await.unwrap().unwrap();
        assert_eq!((erased.login_name.as_str(), erased.display_name.as_str()), ("", ""));
    })
    .await;
}

#[tokio::test]
async fn accounts_are_listed_by_school_and_kind_in_order() {
    on_both(|db| async move {
        let at = |n, school| user(n, Person::Staff { school: SchoolId(id(school)) });
        let child = Person::Pupil { school: SchoolId(id(1)), student: StudentId(id(100)) };
        saved(&db, &[at(5, 1), at(3, 1), at(4, 2), user(6, child), user(7, Person::County)]).await;
        let list = |school: Option<u128>, kinds: &'static [Kind], after: u128, limit| {
            let db = db.clone();
            async move {
                let school = school.map(|n| SchoolId(id(n)));
                let found = users::list(&db, &keys(), school, kinds, id(after), limit).await.unwrap();
                found.iter().map(|user| user.id.uuid().as_u128()).collect::<Vec<_>>()
            }
        };
        assert_eq!(list(Some(1), &Kind::ALL, 0, 9).await, [3, 5, 6]);
        assert_eq!(list(Some(1), &[Kind::Staff], 0, 9).await, [3, 5]);
        assert_eq!(list(Some(1), &Kind::ALL, 3, 1).await, [5]);
        assert_eq!(list(None, &Kind::ALL, 0, 9).await, [7]);
        assert_eq!(list(None, &[Kind::Staff], 0, 9).await, [0; 0]);
    })
    .await;
}

fn session(n: u128, user: u128) -> Session {
    Session {
        id: SessionId(id(n)),
        user: UserId(id(user)),
        client: format!("client {n}"),
        privileges_version: 1,
        create_time: start(),
        last_use_time: start(),
        expire_time: start() + Duration::hours(8),
        end_time: None,
    }
}

#[tokio::test]
async fn a_session_is_found_by_either_of_its_tokens() {
    on_both(|db| async move {
        saved(&db, &[teacher(1)]).await;
        let mut tx = db.begin().await.unwrap();
        sessions::insert(&mut tx, &keys(), &session(10, 1), "one").await.unwrap();
        tx.commit().await.unwrap();
        let hash = |token: &str| sessions::token_hash(&keys(), token);
        let found = sessions::presented(&db, &hash("one")).await.unwrap().unwrap();
        assert_eq!(found.session, Session { client: String::new(), ..session(10, 1) });
        assert!(found.must_change_password && !found.disabled);
        assert!(sessions::presented(&db, &hash("two")).await.unwrap().is_none());
        sessions::offer(&db, SessionId(id(10)), &hash("two")).await.unwrap();
        assert!(sessions::presented(&db, &hash("two")).await.unwrap().is_some());
        sessions::adopt(&db, SessionId(id(10)), &hash("two"), 5).await.unwrap();
        sessions::adopt(&db, SessionId(id(10)), &hash("two"), 6).await.unwrap();
        let found = sessions::presented(&db, &hash("two")).await.unwrap().unwrap();
        assert_eq!((found.session.privileges_version, found.next_token_hash), (5, None));
        assert!(sessions::presented(&db, &hash("one")).await.unwrap().is_none());
    })
    .await;
}

#[tokio::test]
async fn sessions_are_ended_by_their_owner_and_listed_while_they_may_count() {
    on_both(|db| async move {
        saved(&db, &[teacher(1), teacher(2)]).await;
        let mut tx = db.begin().await.unwrap();
        for (n, user) in [(10, 1), (11, 1), (12, 1), (13, 2)] {
            sessions::insert(&mut tx, &keys(), &session(n, user), &n.to_string()).await.unwrap();
        }
        let (one, now) = (UserId(id(1)), start());
        assert!(!sessions::end(&mut tx, one, SessionId(id(13)), now).await.unwrap());
        assert!(sessions::belongs(&mut tx, one, SessionId(id(10))).await.unwrap());
        assert!(!sessions::belongs(&mut tx, one, SessionId(id(13))).await.unwrap());
        assert!(sessions::end(&mut tx, one, SessionId(id(10)), now).await.unwrap());
        assert!(!sessions::end(&mut tx, one, SessionId(id(10)), now).await.unwrap());
        tx.commit().await.unwrap();
        let idle = now - Duration::minutes(30);
        let listed = sessions::list(&db, &keys(), one, idle, now, None, 9).await.unwrap();
        assert_eq!(listed, [session(12, 1), session(11, 1)]);
        let listed = sessions::list(&db, &keys(), one, idle, now, Some(id(12)), 9).await.unwrap();
        assert_eq!(listed, [session(11, 1)]);
        assert!(sessions::list(&db, &keys(), one, now, now, None, 9).await.unwrap().is_empty());
        let mut tx = db.begin().await.unwrap();
        assert_eq!(sessions::end_all(&mut tx, one, Some(SessionId(id(11))), now).await.unwrap(), 1);
        assert!(!sessions::replace_token(&mut tx, &keys(), SessionId(id(12)), "x", 2).await.unwrap());
        assert!(sessions::replace_token(&mut tx, &keys(), SessionId(id(11)), "x", 2).await.unwrap());
        tx.commit().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_code_is_redeemed_once_in_time_and_replaced_by_a_newer_one() {
    on_both(|db| async move {
        saved(&db, &[teacher(1)]).await;
        let now = start();
        let code = |n, user: Option<u128>, code| activations::Activation {
            id: id(n),
            user: user.map(|n| UserId(id(n))),
            code,
            create_time: now,
            expire_time: now + Duration::hours(1),
        };
        let mut tx = db.begin().await.unwrap();
        for (n, user, text) in
            [(20, Some(1), "old"), (21, Some(1), "new"), (22, None, "first"), (23, None, "first again")]
        {
            activations::replace(&mut tx, &keys(), &code(n, user, text)).await.unwrap();
        }
        tx.commit().await.unwrap();
        let peek = |code: &'static str, at| {
            let db = db.clone();
            async move { activations::peek(&db, &keys(), code, at).await.unwrap() }
        };
        assert_eq!(peek("old", now).await, None);
        assert_eq!(peek("first", now).await, None);
        assert_eq!(peek("new", now).await, Some(Some(UserId(id(1)))));
        assert_eq!(peek("first again", now).await, Some(None));
        assert_eq!(peek("new", now + Duration::hours(1)).await, None);
        let mut tx = db.begin().await.unwrap();
        assert!(!activations::redeem(&mut tx, &keys(), "new", now + Duration::hours(1)).await.unwrap());
        assert!(activations::redeem(&mut tx, &keys(), "new", now).await.unwrap());
        assert!(!activations::redeem(&mut tx, &keys(), "new", now).await.unwrap());
        tx.commit().await.unwrap();
        assert_eq!(peek("new", now).await, None);
    })
    .await;
}

#[tokio::test]
async fn attempts_are_counted_apart_for_each_name_and_address() {
    on_both(|db| async move {
        let now = start();
        let subject = |name, address| attempts::subject(&keys(), name, address);
        let (here, there) = (subject("zhang", "10.0.0.1"), subject("zhang", "10.0.0.2"));
        let counted = Attempts { count: 3, next_time: now + Duration::seconds(4), last_time: now };
        let mut tx = db.begin().await.unwrap();
        assert_eq!(attempts::locked(&mut tx, &here, now).await.unwrap().count, 0);
        attempts::put(&mut tx, &here, counted).await.unwrap();
        assert_eq!(attempts::locked(&mut tx, &here, now).await.unwrap(), counted);
        assert_eq!(attempts::locked(&mut tx, &there, now).await.unwrap().count, 0);
        attempts::clear(&mut tx, &here).await.unwrap();
        assert_eq!(attempts::locked(&mut tx, &here, now).await.unwrap().count, 0);
        tx.commit().await.unwrap();
        assert_eq!(attempts::forget(&db, now).await.unwrap(), 0);
        assert_eq!(attempts::forget(&db, now + Duration::seconds(1)).await.unwrap(), 2);
    })
    .await;
}

fn grant(n: u128, user: u128, role: Role, scope: Scope) -> Grant {
    Grant {
        id: GrantId(id(n)),
        user: UserId(id(user)),
        role,
        scope,
        school: crate::domain::grant::school_of(&scope),
        source: Source::Manual,
        state: State::Active,
        proposer: Some(UserId(id(2))),
        confirmer: None,
        create_time: start(),
        expire_time: None,
        end_time: None,
        version: 1,
    }
}

#[tokio::test]
async fn a_grant_comes_back_as_it_was_written_and_exists_once_while_it_counts() {
    on_both(|db| async move {
        saved(&db, &[teacher(1)]).await;
        let now = start();
        let deputy = grant(30, 1, Role::Deputy, Scope::School(id(1)));
        let team = Grant {
            source: Source::Team(StudentId(id(100))),
            school: Some(SchoolId(id(1))),
            expire_time: Some(now + Duration::hours(1)),
            ..grant(31, 1, Role::Support, Scope::Student(id(100)))
        };
        let mut tx = db.begin().await.unwrap();
        for grant in [&deputy, &team] {
            assert!(grants::insert(&mut tx, grant).await.unwrap());
            assert_eq!(grants::by_id_locked(&mut tx, grant.id).await.unwrap().as_ref(), Some(grant));
        }
        let again = Grant { id: GrantId(id(32)), ..deputy.clone() };
        assert!(!grants::insert(&mut tx, &again).await.unwrap());
        let by_fact = Grant { source: Source::Staff(id(50)), ..again.clone() };
        assert!(grants::insert(&mut tx, &by_fact).await.unwrap());
        let later = Grant { id: GrantId(id(33)), create_time: now + Duration::hours(2), ..team.clone() };
        assert!(grants::insert(&mut tx, &later).await.unwrap());
        let over = grants::by_id_locked(&mut tx, team.id).await.unwrap().unwrap();
        assert_eq!((over.state, over.end_time), (State::Ended, team.expire_time));
        let ended = deputy.clone().ended(now);
        grants::update(&mut tx, &ended).await.unwrap();
        assert_eq!(grants::by_id_locked(&mut tx, deputy.id).await.unwrap(), Some(ended));
        assert!(grants::insert(&mut tx, &Grant { id: GrantId(id(34)), ..deputy }).await.unwrap());
        tx.commit().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn grants_are_found_by_holder_place_pupil_source_and_time() {
    on_both(|db| async move {
        saved(&db, &[teacher(1), teacher(2)]).await;
        let now = start();
        let all = [
            grant(30, 1, Role::Deputy, Scope::School(id(1))),
            grant(31, 1, Role::Homeroom, Scope::Class { school: id(1), class: id(11) }),
            Grant { school: Some(SchoolId(id(1))), ..grant(32, 1, Role::Assigned, Scope::Student(id(100))) },
            Grant { expire_time: Some(now), ..grant(33, 1, Role::Deputy, Scope::School(id(2))) },
            Grant { state: State::Pending, ..grant(34, 2, Role::CountyIt, Scope::County) },
            Grant { source: Source::Bootstrap, ..grant(35, 1, Role::CountyIt, Scope::County) },
        ];
        let mut tx = db.begin().await.unwrap();
        for grant in &all {
            assert!(grants::insert(&mut tx, grant).await.unwrap());
        }
        let numbers =
            |grants: Vec<Grant>| grants.iter().map(|grant| grant.id.uuid().as_u128()).collect::<Vec<_>>();
        let (one, two, school) = (UserId(id(1)), UserId(id(2)), SchoolId(id(1)));
        assert_eq!(numbers(grants::at_school(&mut tx, one, school).await.unwrap()), [30, 31, 32]);
        assert_eq!(numbers(grants::of_student(&mut tx, StudentId(id(100))).await.unwrap()), [32]);
        assert_eq!(numbers(grants::of_source(&mut tx, &Source::Bootstrap).await.unwrap()), [35]);
        assert_eq!(numbers(grants::of_role(&mut tx, one, Role::Deputy).await.unwrap()), [30, 33]);
        assert!(grants::is_bootstrap(&mut tx, one).await.unwrap());
        assert!(!grants::is_bootstrap(&mut tx, two).await.unwrap());
        assert_eq!(grants::others_at_county(&mut tx, one, &Role::CONFIRMERS, now).await.unwrap(), 0);
        assert_eq!(grants::others_at_county(&mut tx, two, &Role::CONFIRMERS, now).await.unwrap(), 1);
        assert_eq!(grants::other_administrators(&mut tx, two, now).await.unwrap(), 1);
        grants::move_student(&mut tx, StudentId(id(100)), SchoolId(id(2))).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(numbers(grants::live_of_user(&db, one, now).await.unwrap()), [30, 31, 32, 35]);
        let list = |of, roles: &'static [Role], states: &'static [State], after: u128, limit| {
            let db = db.clone();
            async move { numbers(grants::list(&db, of, roles, states, now, id(after), limit).await.unwrap()) }
        };
        const WAITING_OR_ACTIVE: &[State] = &[State::Pending, State::Active];
        assert_eq!(list(Of::User(one), &Role::ALL, WAITING_OR_ACTIVE, 0, 9).await, [30, 31, 32, 35]);
        assert_eq!(list(Of::User(one), &Role::ALL, &[State::Ended], 0, 9).await, [33]);
        assert_eq!(list(Of::User(one), &[Role::Deputy], WAITING_OR_ACTIVE, 0, 9).await, [30]);
        assert_eq!(list(Of::User(one), &Role::ALL, WAITING_OR_ACTIVE, 30, 2).await, [31, 32]);
        assert_eq!(list(Of::School(school), &Role::ALL, WAITING_OR_ACTIVE, 0, 9).await, [30, 31]);
        assert_eq!(list(Of::County, &Role::ALL, WAITING_OR_ACTIVE, 0, 9).await, [34, 35]);
        assert_eq!(list(Of::County, &Role::ALL, &[State::Pending], 0, 9).await, [34]);
    })
    .await;
}
