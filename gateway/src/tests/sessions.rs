//! Sessions: who may come in, how, and for how long.

use crate::{GatewayConfig, testing::Door};
use serde_json::json;
use std::sync::atomic::Ordering;

const BOOK: &str = "/v1/shelves/s/books/b";

#[tokio::test]
async fn without_a_session_only_what_is_for_anybody_can_be_called() {
    let door = Door::new();
    for header in ["", "Basic good", "Bearer", "Bearer  ", "Bearer a b", "good"] {
        let answer = door.call("GET", BOOK, &[("authorization", header)], "").await;
        assert_eq!((answer.status.as_u16(), answer.reason().as_str()), (401, "UNAUTHENTICATED"), "{header}");
        assert_eq!(answer.header("www-authenticate"), "Bearer");
    }
    assert_eq!((door.service.count(), door.identity.exchanges.load(Ordering::SeqCst)), (0, 0));
    let answer = door.call("GET", "/v1/kinds", &[("authorization", "Bearer ended")], "").await;
    assert_eq!(answer.status, 200);
    assert!(!door.service.last().headers.contains_key("authorization"));
}

#[tokio::test]
async fn a_session_that_has_ended_gets_identitys_own_words() {
    let door = Door::new();
    let answer = door.call("GET", BOOK, &[("authorization", "Bearer ended")], "").await;
    assert_eq!((answer.status.as_u16(), answer.reason().as_str()), (401, "SESSION_ENDED"));
    assert_eq!(door.service.count(), 0);
}

#[tokio::test]
async fn identity_is_asked_once_in_a_few_seconds_and_a_revoked_session_ends_within_them() {
    let door = Door::new();
    let calls = futures::future::join_all((0..20).map(|_| door.get(BOOK))).await;
    assert!(calls.iter().all(|answer| answer.status == 200));
    assert_eq!(door.identity.exchanges.load(Ordering::SeqCst), 1);
    door.identity.revoked.store(true, Ordering::SeqCst);
    assert_eq!(door.get(BOOK).await.status, 200);
    door.clock.advance(chrono::Duration::seconds(5));
    assert_eq!(door.get(BOOK).await.status, 401);
}

#[tokio::test]
async fn while_identity_is_down_a_token_counts_for_as_long_as_services_accept_it() {
    let door = Door::new();
    assert_eq!(door.get(BOOK).await.status, 200);
    door.identity.down.store(true, Ordering::SeqCst);
    door.clock.advance(chrono::Duration::seconds(6));
    assert_eq!(door.get(BOOK).await.status, 200);
    let other = door.call("GET", BOOK, &[("authorization", "Bearer other")], "").await;
    assert_eq!(other.status, 503);
    door.clock.advance(chrono::Duration::seconds(30));
    assert_eq!(door.get(BOOK).await.status, 503);
}

#[tokio::test]
async fn forgotten_sessions_are_asked_for_again() {
    let door = Door::new();
    door.get(BOOK).await;
    door.gateway.forget_sessions();
    door.get(BOOK).await;
    assert_eq!(door.identity.exchanges.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_cookie_needs_a_header_that_only_the_own_page_can_set() {
    let door = Door::new();
    let cookie = ("cookie", "theme=dark; xinqiao_session=good");
    let none = ("authorization", "");
    assert_eq!(door.call("GET", BOOK, &[none, cookie], "").await.status, 200);
    let answer = door.call("PATCH", BOOK, &[none, cookie], "{}").await;
    assert_eq!((answer.status.as_u16(), answer.reason().as_str()), (403, "CSRF_TOKEN_MISSING"));
    assert_eq!(door.call("PATCH", BOOK, &[none, cookie, ("x-csrf-token", "1")], "{}").await.status, 200);
    let answer = door.call("GET", BOOK, &[none, cookie, ("sec-fetch-site", "cross-site")], "").await;
    assert_eq!((answer.status.as_u16(), answer.reason().as_str()), (403, "CROSS_SITE"));
}

#[tokio::test]
async fn a_cookie_that_no_longer_counts_is_taken_back() {
    let door = Door::new();
    let answer =
        door.call("GET", BOOK, &[("authorization", ""), ("cookie", "xinqiao_session=ended")], "").await;
    assert_eq!(answer.status, 401);
    assert_eq!(answer.header("set-cookie"), "xinqiao_session=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0");
}

#[tokio::test]
async fn a_browser_gets_its_session_as_a_cookie_that_scripts_cannot_read() {
    let door = Door::new();
    door.service.replies(json!({"sessionToken": "s3cret", "expireTime": "2026-09-01T00:00:00Z"}));
    let answer = door.call("POST", "/v1/logins", &[], "{}").await;
    assert_eq!((answer.json()["sessionToken"].as_str(), answer.header("set-cookie")), (Some("s3cret"), ""));
    let answer = door.call("POST", "/v1/logins", &[("x-session-cookie", "1")], "{}").await;
    assert_eq!(
        answer.header("set-cookie"),
        "xinqiao_session=s3cret; Path=/; HttpOnly; SameSite=Strict; Secure"
    );
    assert_eq!(answer.json()["sessionToken"], "");
    assert_eq!(answer.json()["expireTime"], "2026-09-01T00:00:00Z");
    let plain = Door::with(GatewayConfig { cookie_secure: false, ..GatewayConfig::default() });
    plain.service.replies(json!({"sessionToken": "s3cret"}));
    let answer = plain.call("POST", "/v1/logins", &[("x-session-cookie", "1")], "{}").await;
    assert!(!answer.header("set-cookie").contains("Secure"));
}

#[tokio::test]
async fn a_cookie_follows_its_session_when_privileges_have_changed() {
    let door = Door::new();
    *door.identity.replacement.lock().unwrap() = "newer".to_owned();
    let answer =
        door.call("GET", BOOK, &[("authorization", ""), ("cookie", "xinqiao_session=good")], "").await;
    assert!(answer.header("set-cookie").starts_with("xinqiao_session=newer;"));
    assert_eq!(door.get(BOOK).await.header("set-cookie"), "");
}
