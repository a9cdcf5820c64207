//! Budgets of accounts and addresses.

use crate::{
    GatewayConfig, PeerAddress, Rate, Rates,
    testing::{Door, request},
};
use std::net::IpAddr;

fn tight() -> Door {
    let one = Rate { per_second: 0.01, burst: 1.0 };
    let rates = Rates { read: one, write: one, heavy: one, login: one, ..Rates::default() };
    Door::with(GatewayConfig { rates, ..GatewayConfig::default() })
}

#[tokio::test]
async fn an_account_that_calls_too_often_is_told_when_to_come_back() {
    let door = tight();
    let book = "/v1/shelves/s/books/b";
    assert_eq!(door.get(book).await.status, 200);
    let answer = door.get(book).await;
    assert_eq!((answer.status.as_u16(), answer.reason().as_str()), (429, "RATE_LIMITED"));
    let after: u32 = answer.header("retry-after").parse().unwrap();
    assert!((90..=100).contains(&after), "{after}");
    // Other accounts and other classes have budgets of their own.
    assert_eq!(door.call("GET", book, &[("authorization", "Bearer other")], "").await.status, 200);
    assert_eq!(door.call("PATCH", book, &[], "{}").await.status, 200);
    assert_eq!(door.call("PATCH", book, &[], "{}").await.status, 429);
}

#[tokio::test]
async fn alerts_pass_however_many_there_are() {
    let door = Door::with(GatewayConfig {
        max_in_flight: 0,
        rates: tight().gateway.shared().config.rates,
        ..GatewayConfig::default()
    });
    for _ in 0..20 {
        assert_eq!(door.call("PUT", "/v1/alarms/a", &[], "{}").await.status, 200);
    }
    let answer = door.get("/v1/shelves/s/books/b").await;
    assert_eq!((answer.status.as_u16(), answer.reason().as_str()), (503, "OVERLOADED"));
    assert_eq!(answer.header("retry-after"), "1");
}

#[tokio::test]
async fn log_ins_are_counted_by_address() {
    let door = tight();
    let login = async |address: &str| {
        let mut request = request("POST", "/v1/logins", &[("authorization", "")], "{}");
        request.extensions_mut().insert(PeerAddress(address.parse::<IpAddr>().unwrap()));
        door.send(request).await.status.as_u16()
    };
    assert_eq!(login("192.0.2.1").await, 200);
    assert_eq!(login("192.0.2.1").await, 429);
    assert_eq!(login("2001:db8::1").await, 200);
}

#[tokio::test]
async fn guessing_tokens_is_limited_by_address_and_harms_no_known_session() {
    let few = Rate { per_second: 0.01, burst: 3.0 };
    let rates = Rates { bad_tokens: few, ..Rates::default() };
    let door = Door::with(GatewayConfig { rates, ..GatewayConfig::default() });
    let book = "/v1/shelves/s/books/b";
    assert_eq!(door.get(book).await.status, 200);
    let mut statuses = Vec::new();
    for guess in 0..5 {
        let token = format!("Bearer guess{guess}");
        statuses.push(door.call("GET", book, &[("authorization", &token)], "").await.status.as_u16());
    }
    assert_eq!(statuses, [401, 401, 401, 429, 429]);
    // A whole school behind one address that logs in properly is no guessing.
    assert_eq!(door.identity.exchanges.load(std::sync::atomic::Ordering::SeqCst), 4);
    assert_eq!(door.get(book).await.status, 200);
}
