//! The gateway's own pages, and web pages of other origins.

use crate::{
    Gateway, GatewayConfig, Options,
    testing::{Answer, Door, catalogue, pool, request},
};
use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};
use xinqiao_proto::{policy::Methods, transport::Transport};

async fn get(gateway: &Gateway, path: &str) -> Answer {
    Answer::read(gateway.answer(request("GET", path, &[("authorization", "")], "")).await).await
}

#[tokio::test]
async fn readiness_is_what_the_probe_says_and_metrics_are_shown_where_there_are_some() {
    let ready = Arc::new(AtomicBool::new(false));
    let told = ready.clone();
    let options = Options {
        ready: Some(Arc::new(move || {
            let ready = told.load(Ordering::SeqCst);
            Box::pin(
                async move { if ready { Ok(()) } else { Err("crisis: its database is away".to_owned()) } },
            )
        })),
        metrics: Some(Arc::new(|| "gateway_requests_total 1\n".to_owned())),
        ..Options::default()
    };
    let nobody = Transport::pending().0;
    let methods = Methods::of(pool());
    let gateway = Gateway::of_pool(
        pool(),
        &methods,
        GatewayConfig::default(),
        HashMap::new(),
        nobody,
        catalogue(),
        options,
    )
    .unwrap();
    let answer = get(&gateway, "/readyz").await;
    assert_eq!((answer.status.as_u16(), answer.text().as_str()), (503, "crisis: its database is away"));
    assert_eq!(get(&gateway, "/livez").await.status, 200);
    ready.store(true, Ordering::SeqCst);
    assert_eq!(get(&gateway, "/readyz").await.status, 200);
    assert_eq!(get(&gateway, "/metrics").await.text(), "gateway_requests_total 1\n");
    assert_eq!(get(&Door::new().gateway, "/metrics").await.status, 404);
    assert_eq!(get(&gateway, "/").await.json()["openapi"], "/openapi.json");
}

#[tokio::test]
async fn pages_of_other_origins_may_call_only_where_that_is_configured() {
    let preflight = [
        ("origin", "https://portal.example"),
        ("access-control-request-method", "PATCH"),
        ("access-control-request-headers", "authorization,if-match"),
        ("authorization", ""),
    ];
    let door = Door::new();
    let closed = door.call("OPTIONS", "/v1/books/x", &preflight, "").await;
    assert_eq!(closed.header("access-control-allow-origin"), "");
    let cors_origins = vec!["https://portal.example".to_owned()];
    let door = Door::with(GatewayConfig { cors_origins, ..GatewayConfig::default() });
    let open = door.call("OPTIONS", "/v1/books/x", &preflight, "").await;
    assert_eq!(open.header("access-control-allow-origin"), "https://portal.example");
    assert!(open.header("access-control-allow-headers").contains("if-match"));
    let call = door.call("GET", "/v1/books/x", &[("origin", "https://portal.example")], "").await;
    assert!(call.header("access-control-expose-headers").contains("etag"));
    assert_eq!(call.header("access-control-allow-credentials"), "");
    let other = door.call("GET", "/v1/books/x", &[("origin", "https://evil.example")], "").await;
    assert_eq!(other.header("access-control-allow-origin"), "");
}
