//! Errors, one by one, as clients see them.

use crate::{
    GatewayConfig,
    refusal::Refusal,
    testing::{Door, Reply, catalogue},
};
use serde_json::json;
use std::{path::Path, time::Duration};
use tonic::{Code, Status};
use xinqiao_kit::status::{ApiError, Violation, to_status};

const BOOK: &str = "/v1/shelves/s/books/b";

#[tokio::test]
async fn paths_methods_and_types_that_do_not_exist_have_their_own_status() {
    let door = Door::new();
    for path in ["/v1", "/v1/shelves/s/books/b/", "/v2/books/b", "/xinqiao.sample.v1.BookService/GetBook"] {
        let answer = door.call("GET", path, &[], "").await;
        assert_eq!((answer.status.as_u16(), answer.reason().as_str()), (404, "ROUTE_NOT_FOUND"), "{path}");
    }
    let answer = door.call("PUT", BOOK, &[], "").await;
    assert_eq!((answer.status.as_u16(), answer.reason().as_str()), (405, "METHOD_NOT_ALLOWED"));
    assert_eq!(answer.header("allow"), "DELETE, GET, PATCH, HEAD, OPTIONS");
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/json; charset=gbk",
        "multipart/form-data; boundary=x",
    ] {
        let answer = door.call("PATCH", BOOK, &[("content-type", kind)], "{}").await;
        assert_eq!(
            (answer.status.as_u16(), answer.reason().as_str()),
            (415, "MEDIA_TYPE_NOT_SUPPORTED"),
            "{kind}"
        );
    }
    let answer = door.call("PATCH", BOOK, &[("content-type", "")], "{}").await;
    assert_eq!(answer.status, 415);
    let answer = door.call("PATCH", BOOK, &[("content-encoding", "gzip")], "{}").await;
    assert_eq!(answer.status, 415);
    assert_eq!(door.service.count(), 0);
}

#[tokio::test]
async fn every_violation_of_body_path_and_query_comes_at_once() {
    let door = Door::new();
    let uri = "/v1/shelves/s/books?pageSize=x&page_size=1&nope=1&filter.since=now&filter=1&parent=p&filter.words=%ff&alt=xml";
    let answer = door.get(uri).await;
    assert_eq!(answer.status, 400);
    assert_eq!(
        answer.violations(),
        [
            "page_size WRONG_TYPE",
            "page_size DUPLICATE",
            "nope UNKNOWN_PARAMETER",
            "filter.since WRONG_TYPE",
            "filter WRONG_TYPE",
            "parent NOT_ALLOWED",
            "filter.words BAD_ENCODING",
            "alt UNKNOWN_VALUE",
        ]
    );
    let answer = door
        .call(
            "PATCH",
            "/v1/shelves/s/books/b?book.pageCount=1",
            &[],
            r#"{"name": "shelves/x/books/b", "pageCount": "x"}"#,
        )
        .await;
    assert_eq!(answer.violations(), ["book.page_count WRONG_TYPE", "book.page_count NOT_ALLOWED"]);
    let answer = door.call("PATCH", BOOK, &[], r#"{"name": "shelves/x/books/b"}"#).await;
    assert_eq!(answer.violations(), ["book.name PATH_MISMATCH"]);
    let answer = door.call("DELETE", BOOK, &[], r#"{"etag": "x"}"#).await;
    assert_eq!(answer.violations(), [" BODY_NOT_ALLOWED"]);
    let answer = door.get("/v1/kinds?choiceText=a&choiceLong=1&words=x").await;
    assert_eq!(answer.violations(), ["choice_long SEVERAL_OF_ONEOF", "words NOT_ALLOWED"]);
    let answer = door.get(&format!("/v1/kinds?{}", "int=1&".repeat(201))).await;
    assert_eq!(answer.violations(), [" TOO_MANY"]);
    assert_eq!(door.service.count(), 0);
}

#[tokio::test]
async fn an_error_is_a_status_with_its_details_in_the_readers_language() {
    let door = Door::new();
    let chinese = door.call("POST", "/v1/shelves/s/books", &[], r#"{"displayNam": 1}"#).await.json();
    let error = &chinese["error"];
    assert_eq!((&error["code"], &error["status"]), (&json!(400), &json!("INVALID_ARGUMENT")));
    assert_eq!(error["message"], "请求内容有误，请按提示修改。");
    assert_eq!(error["details"][0]["@type"], "type.googleapis.com/google.rpc.ErrorInfo");
    assert_eq!(error["details"][0]["domain"], "xinqiao");
    assert_eq!(error["details"][1]["fieldViolations"][0]["description"], "没有这个字段。");
    let request_info = error["details"].as_array().unwrap().last().unwrap();
    assert_eq!(request_info["@type"], "type.googleapis.com/google.rpc.RequestInfo");
    let english =
        door.call("POST", "/v1/shelves/s/books", &[("accept-language", "en")], r#"{"displayNam": 1}"#).await;
    assert_eq!(english.header("content-language"), "en");
    assert_eq!(
        english.json()["error"]["details"][1]["fieldViolations"][0]["description"],
        "There is no such field."
    );
}

#[tokio::test]
async fn who_asks_for_rfc_9457_gets_it() {
    let door = Door::new();
    let answer = door
        .call("GET", "/v1/nowhere", &[("accept", "application/problem+json"), ("accept-language", "en")], "")
        .await;
    assert_eq!(answer.header("content-type"), "application/problem+json");
    let problem = answer.json();
    assert_eq!(problem["type"], "urn:xinqiao:error:ROUTE_NOT_FOUND");
    assert_eq!((&problem["title"], &problem["status"]), (&json!("Not Found"), &json!(404)));
    assert_eq!(problem["detail"], "There is no such path.");
    assert_eq!(problem["instance"], format!("urn:uuid:{}", answer.header("x-request-id")));
}

#[derive(Debug, thiserror::Error)]
#[error("x")]
struct Failure(Code, &'static str, Option<Duration>);
impl ApiError for Failure {
    fn code(&self) -> Code {
        self.0
    }
    fn reason(&self) -> &'static str {
        self.1
    }
    fn violations(&self) -> &[Violation] {
        &[]
    }
    fn retry_after(&self) -> Option<Duration> {
        self.2
    }
}

fn status(code: Code, reason: &'static str) -> Status {
    to_status(&Failure(code, reason, Some(Duration::from_millis(2500))), &catalogue(), Default::default())
}

#[tokio::test]
async fn codes_of_services_become_the_http_statuses_that_google_documents() {
    let door = Door::new();
    for (code, http) in [
        (Code::InvalidArgument, 400),
        (Code::FailedPrecondition, 400),
        (Code::Unauthenticated, 401),
        (Code::PermissionDenied, 403),
        (Code::NotFound, 404),
        (Code::AlreadyExists, 409),
        (Code::Aborted, 409),
        (Code::ResourceExhausted, 429),
        (Code::Cancelled, 499),
        (Code::Internal, 500),
        (Code::Unimplemented, 501),
        (Code::Unavailable, 503),
        (Code::DeadlineExceeded, 504),
    ] {
        door.service.fails(status(code, "STALE_ETAG"));
        let answer = door.get(BOOK).await;
        assert_eq!(answer.status.as_u16(), http, "{code:?}");
        assert_eq!((answer.reason().as_str(), answer.header("retry-after")), ("STALE_ETAG", "3"));
    }
    door.service.fails(status(Code::Aborted, "STALE_ETAG"));
    let answer = door.call("PATCH", BOOK, &[("if-match", "\"v0\"")], "{}").await;
    assert_eq!(answer.status, 412);
    door.service.fails(status(Code::ResourceExhausted, "BODY_TOO_LARGE"));
    assert_eq!(door.get(BOOK).await.status, 413);
    assert_eq!(door.get(BOOK).await.header("www-authenticate"), "");
}

#[tokio::test]
async fn what_a_service_says_by_accident_does_not_get_out() {
    let door = Door::new();
    door.service.fails(Status::internal("SELECT * FROM students: 张三"));
    let answer = door.get(BOOK).await;
    assert_eq!((answer.status.as_u16(), answer.reason().as_str()), (500, "INTERNAL"));
    assert!(!answer.text().contains("张三"));
    door.service.on(|_| Reply::Wire(b"\x0a\xff".to_vec()));
    assert_eq!(door.get(BOOK).await.status, 500);
    door.service.on(|_| Reply::Stream(Box::pin(futures::stream::empty())));
    assert_eq!(door.get(BOOK).await.status, 500);
}

#[tokio::test]
async fn bodies_that_are_too_large_are_not_even_read() {
    let door = Door::new();
    let large = format!(r#"{{"displayName": "{}"}}"#, "x".repeat(3000));
    let answer = door.call("POST", "/v1/shelves/s/books", &[], &large).await;
    assert_eq!((answer.status.as_u16(), answer.reason().as_str()), (413, "BODY_TOO_LARGE"));
    assert_eq!(answer.json()["error"]["details"][0]["metadata"]["max_bytes"], "2048");
    let answer = door.call("POST", "/v1/shelves/s/books", &[("content-length", "99999999")], "{}").await;
    assert_eq!(answer.status, 413);
    let answer = door.get(&format!("/v1/shelves/s/books?pageToken={}", "x".repeat(9000))).await;
    assert_eq!((answer.status.as_u16(), answer.reason().as_str()), (414, "URI_TOO_LONG"));
}

#[tokio::test]
async fn slow_bodies_and_slow_services_have_an_end() {
    let config = GatewayConfig { body_timeout: Duration::from_millis(20), ..GatewayConfig::default() };
    let door = Door::with(config);
    let never =
        axum::body::Body::from_stream(futures::stream::pending::<Result<bytes::Bytes, std::io::Error>>());
    let request =
        crate::testing::request("POST", "/v1/shelves/s/books", &[("content-type", "application/json")], "");
    let answer = door.send(request.map(|_| never)).await;
    assert_eq!((answer.status.as_u16(), answer.reason().as_str()), (408, "BODY_TOO_SLOW"));
    door.service.on(|_| Reply::Silence);
    let answer = door.call("GET", BOOK, &[("x-timeout-ms", "20")], "").await;
    assert_eq!((answer.status.as_u16(), answer.reason().as_str()), (504, "DEADLINE_EXCEEDED"));
    let answer = door.call("GET", BOOK, &[("x-timeout-ms", "soon")], "").await;
    assert_eq!(answer.violations(), ["X-Timeout-Ms OUT_OF_RANGE"]);
}

#[tokio::test]
async fn a_service_that_is_not_there_is_503() {
    let config = GatewayConfig::default();
    let methods = xinqiao_proto::policy::Methods::of(crate::testing::pool());
    let nobody = xinqiao_proto::transport::Transport::pending().0;
    let gateway = crate::Gateway::of_pool(
        crate::testing::pool(),
        &methods,
        config,
        [("sample".to_owned(), nobody.clone())].into(),
        nobody,
        catalogue(),
        crate::Options::default(),
    );
    let request = crate::testing::request("GET", "/v1/kinds", &[], "");
    let answer = crate::testing::Answer::read(gateway.unwrap().answer(request).await).await;
    assert_eq!((answer.status.as_u16(), answer.reason().as_str()), (503, "UNAVAILABLE"));
}

#[tokio::test]
async fn every_answer_says_how_it_may_be_used() {
    let door = Door::new();
    for answer in [door.get(BOOK).await, door.get("/v1/nowhere").await, door.get("/livez").await] {
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("x-frame-options"), "DENY");
        assert!(!answer.header("x-request-id").is_empty());
    }
}

#[test]
fn every_reason_has_a_text_in_both_languages_and_a_page() {
    let own = include_str!("../../../seeds/messages/gateway.toml");
    let pages = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/errors");
    let in_file = own.lines().filter_map(|line| line.strip_prefix('[')?.strip_suffix(']'));
    let refusals = Refusal::all();
    let of_fields = [
        "UNKNOWN_FIELD",
        "UNKNOWN_PARAMETER",
        "WRONG_TYPE",
        "MALFORMED_JSON",
        "NOT_UTF8",
        "SEVERAL_OF_ONEOF",
        "TOO_DEEP",
        "TOO_MANY_VIOLATIONS",
        "BAD_ENCODING",
        "PATH_MISMATCH",
        "HEADER_MISMATCH",
        "BODY_NOT_ALLOWED",
        "DUPLICATE",
        "TOO_MANY",
        "UNKNOWN_VALUE",
        "OUT_OF_RANGE",
        "INVALID_FORMAT",
        "NOT_ALLOWED",
    ];
    let reasons: Vec<&str> = refusals.iter().map(ApiError::reason).chain(of_fields).collect();
    for reason in &reasons {
        assert!(catalogue().has(reason), "{reason} has no text");
        assert!(pages.join(format!("{reason}.md")).exists(), "docs/errors/{reason}.md is missing");
    }
    for reason in in_file {
        assert!(reasons.contains(&reason), "nothing answers {reason}");
    }
}
