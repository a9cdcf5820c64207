//! Over real connections.

use crate::{
    GatewayConfig,
    testing::{Door, Reply},
};
use http_body_util::{BodyExt as _, Empty};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

type Server = JoinHandle<Result<(), xinqiao_kit::lifecycle::TaskError>>;

async fn start(door: &Door) -> (SocketAddr, CancellationToken, Server) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    let server = tokio::spawn(door.gateway.clone().serve(listener, stop.clone()));
    (address, stop, server)
}

/// Sends bytes and reads what comes back until the connection closes.
async fn raw(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

fn client(http2: bool) -> Client<HttpConnector, Empty<bytes::Bytes>> {
    Client::builder(TokioExecutor::new()).http2_only(http2).build_http()
}

#[tokio::test]
async fn both_versions_of_http_are_spoken_on_one_port() {
    let door = Door::new();
    let (address, _stop, _server) = start(&door).await;
    for http2 in [false, true] {
        let response = client(http2).get(format!("http://{address}/livez").parse().unwrap()).await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.into_body().collect().await.unwrap().to_bytes().as_ref(), b"ok");
    }
}

#[tokio::test]
async fn services_learn_the_address_of_the_connection() {
    let door = Door::new();
    let (address, _stop, _server) = start(&door).await;
    client(false).get(format!("http://{address}/v1/kinds").parse().unwrap()).await.unwrap();
    assert_eq!(door.service.last().headers["x-client-address"], "127.0.0.1");
}

#[tokio::test]
async fn headers_that_are_too_large_or_too_slow_are_refused() {
    let config = GatewayConfig { header_timeout: Duration::from_millis(50), ..GatewayConfig::default() };
    let door = Door::with(config);
    let (address, _stop, _server) = start(&door).await;
    let large = format!("GET /livez HTTP/1.1\r\nhost: x\r\nx: {}\r\n\r\n", "x".repeat(64 * 1024));
    let answer = raw(address, &large).await;
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
    let slow = raw(address, "GET /livez HTTP/1.1\r\nhost:").await;
    assert!(slow.is_empty() || slow.starts_with("HTTP/1.1 408"), "{slow}");
    let junk = raw(address, "no http at all\r\n\r\n").await;
    assert!(junk.starts_with("HTTP/1.1 400"), "{junk}");
}

#[tokio::test]
async fn a_body_that_is_longer_than_it_may_be_is_refused_over_the_wire() {
    let door = Door::new();
    let (address, _stop, _server) = start(&door).await;
    let head = "POST /v1/shelves/s/books HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer good\r\ncontent-type: application/json";
    let answer = raw(address, &format!("{head}\r\ncontent-length: 999999\r\n\r\n{{")).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    let chunk = "x".repeat(3000);
    let answer =
        raw(address, &format!("{head}\r\ntransfer-encoding: chunked\r\n\r\nbb8\r\n{chunk}\r\n0\r\n\r\n"))
            .await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
}

#[tokio::test]
async fn open_calls_finish_when_the_gateway_stops() {
    let door = Door::new();
    let gate = std::sync::Arc::new(tokio::sync::Notify::new());
    let (opened, wait) = (gate.clone(), gate.clone());
    door.service.on(move |_| {
        let wait = wait.clone();
        opened.notify_one();
        Reply::Stream(Box::pin(futures::stream::once(async move {
            wait.notified().await;
            Ok(serde_json::json!({}))
        })))
    });
    let (address, stop, server) = start(&door).await;
    let call = tokio::spawn(client(false).get(format!("http://{address}/v1/kinds").parse().unwrap()));
    gate.notified().await;
    stop.cancel();
    gate.notify_one();
    assert_eq!(call.await.unwrap().unwrap().status(), 200);
    server.await.unwrap().unwrap();
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn a_call_that_never_finishes_does_not_hold_up_the_end() {
    let door = Door::with(GatewayConfig { drain: Duration::from_millis(50), ..GatewayConfig::default() });
    let (asked, mut heard) = tokio::sync::mpsc::unbounded_channel();
    door.service.on(move |_| {
        let _ = asked.send(());
        Reply::Silence
    });
    let (address, stop, server) = start(&door).await;
    let _call = tokio::spawn(client(false).get(format!("http://{address}/v1/kinds").parse().unwrap()));
    heard.recv().await.unwrap();
    let started = Instant::now();
    stop.cancel();
    server.await.unwrap().unwrap();
    assert!(started.elapsed() < Duration::from_secs(5));
}
