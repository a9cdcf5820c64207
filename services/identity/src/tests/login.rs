//! Logging in, being slowed down, codes that are redeemed once.

use super::support::{County, PASSWORD, county, files_hold, pairs, pupil, refusal, staff, violations};
use crate::{MIGRATIONS, bootstrap};
use chrono::Duration;
use std::time::Instant;
use tonic::{Code, Status};
use xinqiao_kit::{db::DbConfig, status::details, testing::TestDb};
use xinqiao_proto::identity::v1 as pb;

async fn log_in(county: &County, login: &str, password: &str) -> Result<pb::CreateSessionResponse, Status> {
    log_in_at(county, "10.0.0.1", login, password).await
}

async fn log_in_at(
    county: &County,
    address: &str,
    login: &str,
    password: &str,
) -> Result<pb::CreateSessionResponse, Status> {
    let request = pb::CreateSessionRequest {
        login_name: login.to_owned(),
        password: password.to_owned(),
        client: "test".to_owned(),
    };
    Ok(county.anybody_at(address).create_session(request).await?.into_inner())
}

const FAILED: (Code, &str) = (Code::Unauthenticated, "LOGIN_FAILED");

fn pair((code, reason): (Code, &str)) -> (Code, String) {
    (code, reason.to_owned())
}

#[tokio::test]
async fn the_code_of_the_first_start_makes_the_first_administrator_once() {
    County::each(|county| async move {
        let replaced = bootstrap(&county.deps).await.unwrap().unwrap();
        let mut first = county.administrator().await;
        assert_eq!(first.roles(), ["county_it"]);
        let me = first.me().await.unwrap();
        assert_eq!(me.user.unwrap().login_name, "county-it-1");
        assert_eq!(me.grants[0].source, "bootstrap");
        assert_eq!(bootstrap(&county.deps).await.unwrap(), None);
        let refused = pair((Code::Unauthenticated, "ACTIVATION_FAILED"));
        assert_eq!(refusal(county.redeem(&replaced).await), refused);
        assert!(county.audit_notes().await.contains(&"first administrator".to_owned()));
    })
    .await;
}

#[tokio::test]
async fn the_code_of_the_first_start_lives_for_a_day() {
    let county = County::start().await;
    let code = bootstrap(&county.deps).await.unwrap().unwrap();
    county.later(Duration::hours(24));
    assert_eq!(refusal(county.redeem(&code).await), pair((Code::Unauthenticated, "ACTIVATION_FAILED")));
}

#[tokio::test]
async fn the_first_administrator_hears_everything_that_is_wrong_and_the_code_stays_good() {
    let county = County::start().await;
    let code = bootstrap(&county.deps).await.unwrap().unwrap();
    let request = pb::RedeemActivationRequest {
        activation_code: code.clone(),
        login_name: "county-it".into(),
        password: "county-it-2026".into(),
        ..Default::default()
    };
    assert_eq!(
        violations(county.anybody().redeem_activation(request).await),
        pairs(&[("display_name", "REQUIRED"), ("password", "PASSWORD_LIKE_LOGIN_NAME")])
    );
    let typed = code.to_lowercase().replace('-', " ");
    let request = pb::RedeemActivationRequest {
        activation_code: typed,
        login_name: "county-it".into(),
        display_name: "Li".into(),
        password: PASSWORD.into(),
        ..Default::default()
    };
    assert!(county.anybody().redeem_activation(request).await.is_ok());
}

#[tokio::test]
async fn a_login_name_is_read_however_it_is_typed() {
    let county = County::start().await;
    county.administrator().await;
    for login in ["county-it-1", " County-IT-1 ", "ｃｏｕｎｔｙ－ｉｔ－１"] {
        assert!(log_in(&county, login, PASSWORD).await.is_ok(), "{login}");
    }
}

#[tokio::test]
async fn unknown_wrong_disabled_and_not_activated_look_the_same() {
    let county = County::start().await;
    let mut first = county.administrator().await;
    first.create(staff("not-yet", 1)).await.unwrap();
    let gone = county.join(&mut first, staff("gone", 1)).await;
    first.disable(&gone.user).await.unwrap();
    let messages: Vec<_> = {
        let mut all = Vec::new();
        for (login, password) in [
            ("county-it-1", "wrong"),
            ("nobody", PASSWORD),
            ("not-yet", PASSWORD),
            ("gone", PASSWORD),
            ("\u{0}?", "x"),
        ] {
            let status = log_in(&county, login, password).await.unwrap_err();
            assert_eq!((status.code(), details(&status).reason.as_str()), FAILED, "{login}");
            all.push(details(&status).message);
        }
        all
    };
    assert!(messages.windows(2).all(|pair| pair[0] == pair[1]));
    assert_eq!(county.audit_notes().await.iter().filter(|note| *note == "log-in failed").count(), 5);
}

#[tokio::test]
async fn an_unknown_name_takes_as_long_as_a_wrong_password() {
    let county = County::start().await;
    county.administrator().await;
    let mut seen = Vec::new();
    // What else the machine does blurs a single look; an answer that did not hash at all would be early in every one.
    for round in 0..8 {
        let mut times = [std::time::Duration::MAX; 2];
        for address in 0..4 {
            for (time, login) in times.iter_mut().zip(["county-it-1", "nobody"]) {
                let begun = Instant::now();
                assert!(
                    log_in_at(&county, &format!("10.{round}.{address}.1"), login, "wrong").await.is_err()
                );
                *time = begun.elapsed().min(*time);
            }
        }
        let [known, unknown] = times;
        if unknown * 2 > known {
            return;
        }
        seen.push((known, unknown));
    }
    panic!("known and unknown: {seen:?}");
}

#[tokio::test]
async fn guesses_are_slowed_down_and_the_right_password_still_gets_in() {
    County::each(|county| async move {
        county.administrator().await;
        for _ in 0..5 {
            assert_eq!(refusal(log_in(&county, "county-it-1", "wrong").await), pair(FAILED));
        }
        let status = log_in(&county, "county-it-1", PASSWORD).await.unwrap_err();
        let told = details(&status);
        assert_eq!((status.code(), told.reason.as_str()), (Code::ResourceExhausted, "LOGIN_SLOWED"));
        assert_eq!(told.metadata["seconds"], "1");
        assert_eq!(told.retry_after, Some(std::time::Duration::from_secs(1)));
        // Others, and the same person elsewhere, are not affected.
        assert!(log_in_at(&county, "10.0.0.2", "county-it-1", PASSWORD).await.is_ok());
        county.later(Duration::seconds(1));
        assert!(log_in(&county, "county-it-1", PASSWORD).await.is_ok());
        // Who got in starts afresh.
        assert_eq!(refusal(log_in(&county, "county-it-1", "wrong").await), pair(FAILED));
        assert!(log_in(&county, "county-it-1", PASSWORD).await.is_ok());
    })
    .await;
}

#[tokio::test]
async fn guesses_that_arrive_together_are_no_cheaper() {
    County::each(|county| async move {
        county.administrator().await;
        let guesses = (0..12).map(|_| log_in(&county, "county-it-1", "wrong"));
        let outcomes = futures::future::join_all(guesses).await;
        let tried = outcomes
            .into_iter()
            .filter(|outcome| outcome.as_ref().is_err_and(|status| status.code() == Code::Unauthenticated));
        assert_eq!(tried.count(), 5);
    })
    .await;
}

#[tokio::test]
async fn a_class_logs_in_at_once() {
    let county = County::start().await;
    let mut first = county.administrator().await;
    let users = (0..30).map(|n| pupil(&format!("pupil-{n}"), 1, 100 + n)).collect();
    let request = pb::BatchCreateUsersRequest { users, ..Default::default() };
    let made = first.accounts.batch_create_users(request).await.unwrap().into_inner();
    let codes = made.results.into_iter().map(|result| result.credential.unwrap().secret);
    let county = &county;
    let redeemed =
        futures::future::join_all(codes.map(|code| async move { county.redeem(&code).await })).await;
    assert!(redeemed.iter().all(Result::is_ok));
}

#[tokio::test]
async fn an_activation_code_works_once_and_names_are_only_for_the_first_start() {
    let county = County::start().await;
    let mut first = county.administrator().await;
    let created = first.create(staff("zhang", 1)).await.unwrap();
    let code = created.credential.unwrap().secret;
    let request = pb::RedeemActivationRequest {
        activation_code: code.clone(),
        login_name: "other".into(),
        password: "short".into(),
        ..Default::default()
    };
    assert_eq!(
        violations(county.anybody().redeem_activation(request).await),
        pairs(&[("login_name", "NOT_ALLOWED"), ("password", "TOO_SHORT")])
    );
    assert_eq!(county.redeem(&code).await.unwrap().user.unwrap().login_name, "zhang");
    assert_eq!(refusal(county.redeem(&code).await), pair((Code::Unauthenticated, "ACTIVATION_FAILED")));
    assert!(log_in(&county, "zhang", PASSWORD).await.is_ok());
}

#[tokio::test]
async fn a_code_of_a_disabled_account_is_worth_nothing() {
    let county = County::start().await;
    let mut first = county.administrator().await;
    let created = first.create(staff("zhang", 1)).await.unwrap();
    first.disable(&created.user.unwrap().name).await.unwrap();
    let code = created.credential.unwrap().secret;
    assert_eq!(refusal(county.redeem(&code).await), pair((Code::Unauthenticated, "ACTIVATION_FAILED")));
}

#[tokio::test]
async fn requests_that_make_no_sense_hear_why() {
    let county = County::start().await;
    let empty = county.anybody().create_session(pb::CreateSessionRequest::default()).await;
    assert_eq!(violations(empty), pairs(&[("login_name", "REQUIRED"), ("password", "REQUIRED")]));
    let long = log_in(&county, &"a".repeat(300), &"b".repeat(129)).await;
    assert_eq!(violations(long), pairs(&[("login_name", "TOO_LONG"), ("password", "TOO_LONG")]));
}

#[tokio::test]
async fn the_files_hold_no_name_no_password_and_no_token() {
    let database = TestDb::sqlite().await;
    database.db().migrate(MIGRATIONS).await.unwrap();
    let running = County::over(database.db()).await;
    let mut first = running.administrator().await;
    let made = first.create(pupil("xiaoming-2013", 1, 101)).await.unwrap();
    let code = made.credential.unwrap().secret;
    let token = running.redeem(&code).await.unwrap().session_token;
    first.create(county("liu-county")).await.unwrap();
    let DbConfig::Sqlite(file) = database.config() else { panic!("SQLite") };
    let folder = file.parent().unwrap();
    assert!(files_hold(folder, "CREATE TABLE users"), "the right folder is searched");
    for secret in [
        "First Administrator",
        "county-it-1",
        "xiaoming-2013",
        "Teacher xiaoming",
        "liu-county",
        PASSWORD,
        "$argon2id",
        &code,
        &code.replace('-', ""),
        &token,
    ] {
        assert!(!files_hold(folder, secret), "{secret}");
    }
}
