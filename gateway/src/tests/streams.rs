//! Server streams as events and as lines.

use crate::{
    GatewayConfig,
    testing::{Door, Reply, catalogue, request},
};
use futures::{StreamExt as _, stream};
use http_body_util::BodyExt as _;
use serde_json::json;
use std::{sync::atomic::Ordering, time::Duration};
use tokio_stream::wrappers::UnboundedReceiverStream;
use tonic::Status;
use xinqiao_kit::status::{FrontError, to_status};

const WATCH: &str = "/v1/shelves/s/books:watch";

fn quick() -> GatewayConfig {
    GatewayConfig {
        heartbeat: Duration::from_millis(20),
        stream_hold: Duration::from_millis(20),
        slow_reader: Duration::from_millis(50),
        ..GatewayConfig::default()
    }
}

fn news(number: u32) -> Result<serde_json::Value, Status> {
    Ok(json!({"book": {"pageCount": number}, "resumeToken": format!("t{number}")}))
}

/// A service that streams what the test sends.
fn feed(door: &Door) -> tokio::sync::mpsc::UnboundedSender<Result<serde_json::Value, Status>> {
    let (feed, items) = tokio::sync::mpsc::unbounded_channel();
    let items = std::sync::Mutex::new(Some(items));
    door.service.on(move |_| match items.lock().unwrap().take() {
        Some(items) => Reply::Stream(UnboundedReceiverStream::new(items).boxed()),
        None => Reply::Error(Status::unavailable("")),
    });
    feed
}

/// Reads a body until it holds `text`.
async fn until(body: &mut axum::body::Body, text: &str) -> String {
    let mut read = String::new();
    while !read.contains(text) {
        let frame = body.frame().await.unwrap_or_else(|| panic!("ended after {read:?}")).unwrap();
        read.push_str(std::str::from_utf8(frame.data_ref().unwrap()).unwrap());
    }
    read
}

#[tokio::test]
async fn events_carry_their_resume_token_and_the_end_is_said() {
    let door = Door::new();
    door.service.on(|_| Reply::Stream(stream::iter([news(1), news(2)]).boxed()));
    let answer = door.get(WATCH).await;
    assert_eq!(answer.header("content-type"), "text/event-stream");
    let text = answer.text();
    let events: Vec<&str> = text.split("\n\n").collect();
    assert_eq!(events[0], "retry: 2000");
    assert!(events[1].starts_with("id: t1\ndata: {\"book\":{"), "{text}");
    assert!(events[2].starts_with("id: t2\ndata: "));
    assert_eq!(events[3], "event: end\ndata: {\"reason\":\"complete\"}");
    door.call("GET", WATCH, &[("last-event-id", "t2")], "").await;
    assert_eq!(door.service.last().message, json!({"parent": "shelves/s", "resumeToken": "t2"}));
    door.get(&format!("{WATCH}?resumeToken=t1")).await;
    assert_eq!(door.service.last().message["resumeToken"], "t1");
}

#[tokio::test]
async fn lines_hold_messages_and_say_the_end_too() {
    let door = Door::new();
    door.service.on(|_| Reply::Stream(stream::iter([news(1)]).boxed()));
    let answer = door.call("GET", WATCH, &[("accept", "application/x-ndjson")], "").await;
    assert_eq!(answer.header("content-type"), "application/x-ndjson");
    let lines: Vec<serde_json::Value> =
        answer.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[0]["message"]["resumeToken"], "t1");
    assert_eq!(lines[1], json!({"end": {"reason": "complete"}}));
}

#[tokio::test]
async fn a_refusal_before_the_first_message_is_a_refusal_and_a_later_one_an_event() {
    let door = Door::new();
    let denied = to_status(&FrontError::WrongCaller, &catalogue(), Default::default());
    door.service.fails(denied.clone());
    assert_eq!(door.get(WATCH).await.status, 403);
    let late = denied.clone();
    door.service.on(move |_| Reply::Stream(stream::iter([Err(late.clone())]).boxed()));
    assert_eq!(door.get(WATCH).await.status, 403);
    door.service.on(move |_| Reply::Stream(stream::iter([news(1), Err(denied.clone())]).boxed()));
    let answer = door.get(WATCH).await;
    assert_eq!(answer.status, 200);
    let text = answer.text();
    let error = text.split("event: error\ndata: ").nth(1).unwrap().trim();
    let error: serde_json::Value = serde_json::from_str(error).unwrap();
    assert_eq!(error["error"]["status"], "PERMISSION_DENIED");
}

#[tokio::test]
async fn a_quiet_stream_opens_shows_life_and_ends_at_its_deadline() {
    let door = Door::with(quick());
    let feed = feed(&door);
    let response = door.gateway.answer(request("GET", WATCH, &[("x-timeout-ms", "400")], "")).await;
    assert_eq!(response.status(), 200);
    let mut body = response.into_body();
    until(&mut body, ": still here\n\n").await;
    feed.send(news(7)).unwrap();
    until(&mut body, "id: t7\n").await;
    until(&mut body, "event: end\ndata: {\"reason\":\"deadline\"}\n\n").await;
    assert!(body.frame().await.is_none());
}

#[tokio::test]
async fn a_stream_ends_with_its_session() {
    let door = Door::with(GatewayConfig { session_cache: Duration::ZERO, ..quick() });
    let _feed = feed(&door);
    let response = door.gateway.answer(request("GET", WATCH, &[], "")).await;
    let mut body = response.into_body();
    until(&mut body, ": still here").await;
    door.identity.revoked.store(true, Ordering::SeqCst);
    let text = until(&mut body, "event: error").await;
    assert!(
        text.contains("SESSION_ENDED") || until(&mut body, "SESSION_ENDED").await.contains("SESSION_ENDED")
    );
}

#[tokio::test]
async fn streams_end_when_the_gateway_stops() {
    let door = Door::with(quick());
    let _feed = feed(&door);
    let mut body = door.gateway.answer(request("GET", WATCH, &[], "")).await.into_body();
    until(&mut body, ": still here").await;
    door.gateway.shared().stop.cancel();
    until(&mut body, "{\"reason\":\"restart\"}").await;
    assert_eq!(door.get("/readyz").await.status, 503);
}

#[tokio::test]
async fn who_does_not_read_is_dropped_and_the_service_is_let_go() {
    let door = Door::with(quick());
    let feed = feed(&door);
    let body = door.gateway.answer(request("GET", WATCH, &[], "")).await.into_body();
    // Nobody reads: the queue fills up, the pump gives up, and what the service sends has nowhere to go.
    for number in 0..200 {
        let _ = feed.send(news(number));
    }
    feed.closed().await;
    drop(body);
}

#[tokio::test]
async fn a_client_that_goes_away_lets_the_service_go_and_frees_its_place() {
    let door = Door::with(GatewayConfig { max_streams_per_account: 1, ..quick() });
    let first = feed(&door);
    let body = door.gateway.answer(request("GET", WATCH, &[], "")).await.into_body();
    let _second = feed(&door);
    let answer = door.get(WATCH).await;
    assert_eq!((answer.status.as_u16(), answer.reason().as_str()), (429, "TOO_MANY_STREAMS"));
    drop(body);
    first.closed().await;
    let _third = feed(&door);
    let response = door.gateway.answer(request("GET", WATCH, &[("x-timeout-ms", "30")], "")).await;
    assert_eq!(response.status(), 200);
}

#[tokio::test]
async fn head_of_a_stream_is_refused() {
    let door = Door::new();
    assert_eq!(door.call("HEAD", WATCH, &[], "").await.status, 405);
}
