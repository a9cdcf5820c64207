//! Native gRPC, with tonic's own client.

use crate::{
    GatewayConfig,
    testing::{Door, Reply, wire_of},
};
use futures::{StreamExt as _, stream};
use serde_json::json;
use std::{sync::atomic::Ordering, time::Duration};
use tonic::{Code, Request, Status, client::Grpc, codegen::http::uri::PathAndQuery};
use tower::ServiceExt as _;
use xinqiao_kit::status::details;
use xinqiao_proto::transport::Transport;

/// Messages as bytes: what goes over the wire is all that matters here.
#[derive(Default, Clone, Copy)]
struct Bytes;
impl tonic::codec::Codec for Bytes {
    type Encode = Vec<u8>;
    type Decode = Vec<u8>;
    type Encoder = Self;
    type Decoder = Self;
    fn encoder(&mut self) -> Self {
        Self
    }
    fn decoder(&mut self) -> Self {
        Self
    }
}
impl tonic::codec::Encoder for Bytes {
    type Item = Vec<u8>;
    type Error = Status;
    fn encode(&mut self, item: Vec<u8>, out: &mut tonic::codec::EncodeBuf<'_>) -> Result<(), Status> {
        bytes::BufMut::put_slice(out, &item);
        Ok(())
    }
}
impl tonic::codec::Decoder for Bytes {
    type Item = Vec<u8>;
    type Error = Status;
    fn decode(&mut self, bytes: &mut tonic::codec::DecodeBuf<'_>) -> Result<Option<Vec<u8>>, Status> {
        let length = bytes::Buf::remaining(bytes);
        Ok(Some(bytes::Buf::copy_to_bytes(bytes, length).to_vec()))
    }
}

fn client(door: &Door) -> Grpc<Transport> {
    let gateway = door.gateway.clone();
    let service =
        gateway.map_request(|request: http::Request<tonic::body::Body>| request.map(axum::body::Body::new));
    Grpc::new(Transport::new(service))
}

fn ask(token: &str, message: Vec<u8>) -> Request<Vec<u8>> {
    let mut request = Request::new(message);
    if !token.is_empty() {
        request.metadata_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
    }
    request
}

async fn call(door: &Door, method: &str, token: &str) -> Result<Vec<u8>, Status> {
    let mut client = client(door);
    client.ready().await.unwrap();
    let message = wire_of("xinqiao.sample.v1.GetBookRequest", &json!({"name": "books/x"}));
    let path = PathAndQuery::try_from(format!("/xinqiao.sample.v1.BookService/{method}")).unwrap();
    client.unary(ask(token, message), path, Bytes).await.map(tonic::Response::into_inner)
}

#[tokio::test]
async fn a_call_passes_through_with_the_internal_token() {
    let door = Door::new();
    door.service.replies(json!({"displayName": "a"}));
    let answer = call(&door, "GetBook", "good").await.unwrap();
    assert_eq!(answer, wire_of("xinqiao.sample.v1.Book", &json!({"displayName": "a"})));
    let asked = door.service.last();
    assert_eq!(asked.message, json!({"name": "books/x"}));
    assert_eq!(asked.headers["authorization"], "Bearer internal-good");
}

#[tokio::test]
async fn what_only_services_may_call_does_not_exist() {
    let door = Door::new();
    for method in ["Internal", "Nowhere"] {
        let status = call(&door, method, "good").await.unwrap_err();
        assert_eq!(
            (status.code(), details(&status).reason.as_str()),
            (Code::Unimplemented, "UNKNOWN_METHOD")
        );
    }
    let path = PathAndQuery::from_static("/xinqiao.identity.v1.SessionService/ExchangeSession");
    let mut client = client(&door);
    client.ready().await.unwrap();
    assert_eq!(client.unary(ask("good", vec![]), path, Bytes).await.unwrap_err().code(), Code::Unimplemented);
    assert_eq!(door.service.count(), 0);
}

#[tokio::test]
async fn errors_keep_their_code_message_and_details() {
    let door = Door::new();
    let status = call(&door, "GetBook", "").await.unwrap_err();
    assert_eq!((status.code(), status.message()), (Code::Unauthenticated, "请先登录。"));
    let status = call(&door, "GetBook", "ended").await.unwrap_err();
    assert_eq!((status.code(), details(&status).reason.as_str()), (Code::Unauthenticated, "SESSION_ENDED"));
    door.service.fails(Status::not_found("没有"));
    let status = call(&door, "GetBook", "good").await.unwrap_err();
    assert_eq!((status.code(), status.message()), (Code::NotFound, "没有"));
}

#[tokio::test]
async fn a_stream_passes_through_and_ends_with_its_session() {
    let config = GatewayConfig {
        heartbeat: Duration::from_millis(20),
        session_cache: Duration::ZERO,
        ..GatewayConfig::default()
    };
    let door = Door::with(config);
    door.service.on(|_| {
        let first = stream::iter([Ok(json!({"resumeToken": "t1"}))]);
        Reply::Stream(first.chain(stream::pending()).boxed())
    });
    let mut client = client(&door);
    client.ready().await.unwrap();
    let path = PathAndQuery::from_static("/xinqiao.sample.v1.BookService/WatchBooks");
    let mut messages = client.server_streaming(ask("good", vec![]), path, Bytes).await.unwrap().into_inner();
    assert_eq!(messages.message().await.unwrap().unwrap(), b"\x12\x02t1");
    door.identity.revoked.store(true, Ordering::SeqCst);
    assert_eq!(messages.message().await.unwrap_err().code(), Code::Unauthenticated);
}

#[tokio::test]
async fn a_deadline_of_a_client_is_kept() {
    let door = Door::new();
    door.service.on(|_| Reply::Silence);
    let mut client = client(&door);
    client.ready().await.unwrap();
    let mut request = ask("good", vec![]);
    request.metadata_mut().insert("grpc-timeout", "20m".parse().unwrap());
    let path = PathAndQuery::from_static("/xinqiao.sample.v1.BookService/GetBook");
    let status = client.unary(request, path, Bytes).await.unwrap_err();
    assert_eq!(
        (status.code(), details(&status).reason.as_str()),
        (Code::DeadlineExceeded, "DEADLINE_EXCEEDED")
    );
}

#[tokio::test]
async fn a_client_over_the_network_gets_messages_and_trailers() {
    let door = Door::new();
    door.service.on(|_| Reply::Stream(stream::iter([Ok(json!({"resumeToken": "t1"}))]).boxed()));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(door.gateway.clone().serve(listener, tokio_util::sync::CancellationToken::new()));
    let channel =
        tonic::transport::Channel::from_shared(format!("http://{address}")).unwrap().connect().await.unwrap();
    let mut client = Grpc::new(channel);
    client.ready().await.unwrap();
    let path = PathAndQuery::from_static("/xinqiao.sample.v1.BookService/WatchBooks");
    let mut messages =
        client.server_streaming(ask("good", vec![]), path.clone(), Bytes).await.unwrap().into_inner();
    assert_eq!(messages.message().await.unwrap().unwrap(), b"\x12\x02t1");
    assert!(messages.message().await.unwrap().is_none());
    client.ready().await.unwrap();
    let refused = client.unary(ask("", vec![]), path, Bytes).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unauthenticated);
}
