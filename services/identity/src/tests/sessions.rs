//! What a session token is worth, and until when.

use super::support::{County, PASSWORD, Person, refusal, staff};
use chrono::Duration;
use tonic::{Code, Status};
use xinqiao_kit::role::Role as Service;
use xinqiao_proto::identity::v1 as pb;

fn ended() -> (Code, String) {
    (Code::Unauthenticated, "SESSION_ENDED".to_owned())
}

async fn log_in(county: &County, login: &str) -> String {
    let request = pb::CreateSessionRequest {
        login_name: login.to_owned(),
        password: PASSWORD.into(),
        client: "phone".into(),
    };
    county.anybody().create_session(request).await.unwrap().into_inner().session_token
}

async fn list(person: &mut Person) -> Vec<pb::Session> {
    person.sessions.list_sessions(pb::ListSessionsRequest::default()).await.unwrap().into_inner().sessions
}

#[tokio::test]
async fn a_session_ends_after_half_an_hour_without_use() {
    County::each(|county| async move {
        let first = county.administrator().await;
        for _ in 0..3 {
            county.later(Duration::minutes(29));
            assert!(county.exchange(&first.session_token).await.is_ok());
        }
        county.later(Duration::minutes(30));
        assert_eq!(refusal(county.exchange(&first.session_token).await), ended());
    })
    .await;
}

#[tokio::test]
async fn a_session_ends_after_eight_hours_however_busy() {
    let county = County::start().await;
    let first = county.administrator().await;
    for _ in 0..24 {
        assert!(county.exchange(&first.session_token).await.is_ok());
        county.later(Duration::minutes(20));
    }
    assert_eq!(refusal(county.exchange(&first.session_token).await), ended());
}

#[tokio::test]
async fn the_internal_token_names_person_roles_and_session_for_half_a_minute() {
    let county = County::start().await;
    let first = county.administrator().await;
    let exchanged = county.exchange(&first.session_token).await.unwrap();
    let who = county.verifier.verify(&exchanged.internal_token).unwrap();
    assert_eq!(who.session.unwrap().to_string(), exchanged.session_id);
    assert_eq!(who.label(), format!("user:{}", exchanged.user_id));
    assert_eq!(who.grants.len(), 1);
    county.later(Duration::seconds(40));
    assert!(county.verifier.verify(&exchanged.internal_token).is_err());
}

#[tokio::test]
async fn only_the_gateway_exchanges_sessions() {
    let county = County::start().await;
    let first = county.administrator().await;
    for role in Service::SERVICES {
        let mut other = super::support::Sessions::new(county.service(role));
        let request = pb::ExchangeSessionRequest { session_token: first.session_token.clone() };
        let refused = refusal(other.exchange_session(request).await);
        assert_eq!(refused, (Code::PermissionDenied, "PERMISSION_DENIED".to_owned()), "{role}");
    }
    let request = pb::ExchangeSessionRequest { session_token: first.session_token.clone() };
    assert_eq!(refusal(county.anybody().exchange_session(request).await).0, Code::Unauthenticated);
    assert_eq!(refusal(county.exchange("made up").await), ended());
}

#[tokio::test]
async fn logging_out_ends_the_session_at_once_and_only_it() {
    County::each(|county| async move {
        let mut first = county.administrator().await;
        let phone = log_in(&county, "county-it-1").await;
        let request = pb::DeleteSessionRequest { name: "sessions/current".into() };
        first.sessions.delete_session(request).await.unwrap();
        assert_eq!(refusal(county.exchange(&first.session_token).await), ended());
        assert!(county.exchange(&phone).await.is_ok());
    })
    .await;
}

#[tokio::test]
async fn everybody_sees_and_ends_the_own_sessions_only() {
    let county = County::start().await;
    let mut first = county.administrator().await;
    county.later(Duration::seconds(5));
    let phone = log_in(&county, "county-it-1").await;
    let mut zhang = county.join(&mut first, staff("zhang", 1)).await;
    let mine = list(&mut first).await;
    let shown: Vec<_> = mine.iter().map(|session| (session.client.as_str(), session.current)).collect();
    assert_eq!(shown, [("phone", false), ("", true)]);
    let end = |name: &str| pb::DeleteSessionRequest { name: name.to_owned() };
    let refused: Result<_, Status> = zhang.sessions.delete_session(end(&mine[0].name)).await;
    assert_eq!(refusal(refused), (Code::NotFound, "NOT_FOUND".to_owned()));
    assert!(county.exchange(&phone).await.is_ok());
    first.sessions.delete_session(end(&mine[0].name)).await.unwrap();
    first.sessions.delete_session(end(&mine[0].name)).await.unwrap();
    assert_eq!(refusal(county.exchange(&phone).await), ended());
    assert_eq!(list(&mut first).await.len(), 1);
    assert_eq!(list(&mut zhang).await.len(), 1);
}

#[tokio::test]
async fn sessions_are_listed_page_by_page() {
    let county = County::start().await;
    let mut first = county.administrator().await;
    for _ in 0..4 {
        log_in(&county, "county-it-1").await;
    }
    let mut names = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = pb::ListSessionsRequest { page_size: 2, page_token };
        let page = first.sessions.list_sessions(request).await.unwrap().into_inner();
        names.extend(page.sessions.into_iter().map(|session| session.name));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    let all: Vec<_> = list(&mut first).await.into_iter().map(|session| session.name).collect();
    assert_eq!((names.len(), names), (5, all));
}

#[tokio::test]
async fn a_session_gets_another_token_when_its_privileges_change() {
    County::each(|county| async move {
        let mut first = county.administrator().await;
        let zhang = county.join(&mut first, staff("zhang", 1)).await;
        let old = zhang.session_token.clone();
        assert_eq!(county.exchange(&old).await.unwrap().replacement_token, "");
        first.give(&zhang.user, pb::Role::Psychologist, &super::support::school(1)).await.unwrap();
        // The answer may get lost, and calls may overlap: each is told the same, and the old token works meanwhile.
        let new = county.exchange(&old).await.unwrap().replacement_token;
        assert_ne!((new.as_str(), new.as_str()), ("", old.as_str()));
        assert_eq!(county.exchange(&old).await.unwrap().replacement_token, new);
        // Once the new one has been used, the old one is nothing.
        let exchanged = county.exchange(&new).await.unwrap();
        assert_eq!(exchanged.replacement_token, "");
        assert_eq!(county.verifier.verify(&exchanged.internal_token).unwrap().grants[0].role, "psychologist");
        assert_eq!(refusal(county.exchange(&old).await), ended());
        assert!(county.exchange(&new).await.is_ok());
    })
    .await;
}

#[tokio::test]
async fn changing_the_password_ends_the_other_sessions_and_the_old_token() {
    County::each(|county| async move {
        let mut first = county.administrator().await;
        let phone = log_in(&county, "county-it-1").await;
        let change = |old: &str, new: &str| pb::ChangePasswordRequest {
            old_password: old.to_owned(),
            new_password: new.to_owned(),
        };
        let failed = first.accounts.change_password(change("wrong", "another good password")).await;
        assert_eq!(refusal(failed), (Code::Unauthenticated, "LOGIN_FAILED".to_owned()));
        let same = first.accounts.change_password(change(PASSWORD, PASSWORD)).await;
        assert_eq!(
            super::support::violations(same),
            super::support::pairs(&[("new_password", "PASSWORD_UNCHANGED")])
        );
        let changed = first
            .accounts
            .change_password(change(PASSWORD, "another good password"))
            .await
            .unwrap()
            .into_inner();
        assert_eq!(refusal(county.exchange(&phone).await), ended());
        assert_eq!(refusal(county.exchange(&first.session_token).await), ended());
        let mut first = county.person(&changed.session_token).await;
        assert!(first.me().await.is_ok());
    })
    .await;
}

#[tokio::test]
async fn guessing_the_old_password_is_slowed_down_too() {
    let county = County::start().await;
    let mut first = county.administrator().await;
    let request = pb::ChangePasswordRequest {
        old_password: "wrong".into(),
        new_password: "another good password".into(),
    };
    for _ in 0..5 {
        assert_eq!(refusal(first.accounts.change_password(request.clone()).await).0, Code::Unauthenticated);
    }
    let slowed = refusal(first.accounts.change_password(request).await);
    assert_eq!(slowed, (Code::ResourceExhausted, "LOGIN_SLOWED".to_owned()));
}

#[tokio::test]
async fn disabling_an_account_ends_its_sessions_at_once_and_they_stay_ended() {
    let county = County::start().await;
    let mut first = county.administrator().await;
    let zhang = county.join(&mut first, staff("zhang", 1)).await;
    first.disable(&zhang.user).await.unwrap();
    assert_eq!(refusal(county.exchange(&zhang.session_token).await), ended());
    let request = pb::EnableUserRequest { name: zhang.user.clone(), ..Default::default() };
    first.accounts.enable_user(request).await.unwrap();
    assert_eq!(refusal(county.exchange(&zhang.session_token).await), ended());
    assert!(county.exchange(&log_in(&county, "zhang").await).await.is_ok());
}

#[tokio::test]
async fn a_password_that_others_have_seen_opens_nothing_but_its_change() {
    let county = County::start().await;
    let mut first = county.administrator().await;
    let request = pb::CreateUserRequest {
        user: Some(staff("zhang", 1)),
        credential_kind: pb::CredentialKind::InitialPassword as i32,
        ..Default::default()
    };
    let made = first.accounts.create_user(request).await.unwrap().into_inner();
    let (user, initial) = (made.user.unwrap(), made.credential.unwrap().secret);
    assert!(user.must_change_password);
    first.give(&user.name, pb::Role::Psychologist, &super::support::school(1)).await.unwrap();
    let login = pb::CreateSessionRequest {
        login_name: "zhang".into(),
        password: initial.clone(),
        ..Default::default()
    };
    let token = county.anybody().create_session(login).await.unwrap().into_inner().session_token;
    let mut zhang = county.person(&token).await;
    assert_eq!(zhang.roles(), [""; 0]);
    let change = pb::ChangePasswordRequest { old_password: initial, new_password: PASSWORD.into() };
    let changed = zhang.accounts.change_password(change).await.unwrap().into_inner();
    assert!(!changed.user.unwrap().must_change_password);
    assert_eq!(county.person(&changed.session_token).await.roles(), ["psychologist"]);
}

#[tokio::test]
async fn what_is_over_is_forgotten_after_a_month() {
    County::each(|county| async move {
        let first = county.administrator().await;
        log_in(&county, "county-it-1").await;
        let count = |county: &County| {
            let db = county.deps.db.clone();
            async move { db.read("SELECT COUNT(*) FROM sessions").get::<i64>().await.unwrap() }
        };
        county.later(Duration::days(29));
        crate::app::tidy(&county.deps).await.unwrap();
        assert_eq!(count(&county).await, 2);
        county.later(Duration::days(2));
        crate::app::tidy(&county.deps).await.unwrap();
        assert_eq!(count(&county).await, 0);
        assert_eq!(refusal(county.exchange(&first.session_token).await), ended());
    })
    .await;
}
