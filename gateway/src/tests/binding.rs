//! From HTTP to the request message, and from the answer to HTTP.

use crate::testing::Door;
use serde_json::json;

#[tokio::test]
async fn path_query_and_body_make_one_message() {
    let door = Door::new();
    door.get("/v1/shelves/s%201/books/b:1?filter.words=a&filter.words=b+c&filter.since=2026-01-01T00:00:00Z&filter.colors=COLOR_RED&filter.colors=2").await;
    let asked = door.service.last();
    assert_eq!(asked.method, "GetBook");
    assert_eq!(
        asked.message,
        json!({
            "name": "shelves/s 1/books/b:1",
            "filter": {"words": ["a", "b c"], "since": "2026-01-01T00:00:00Z", "colors": ["COLOR_RED", "COLOR_BLUE"]},
        })
    );
    door.get("/v1/books/x").await;
    assert_eq!(door.service.last().message, json!({"name": "books/x"}));
    door.get("/v1/shelves/s/books?page_size=7&pageToken=%E4%B8%AD").await;
    assert_eq!(door.service.last().message, json!({"parent": "shelves/s", "pageSize": 7, "pageToken": "中"}));
    let answer = door.call("POST", "/v1/shelves/s/books?requestId=r1", &[], r#"{"displayName": "a"}"#).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(
        door.service.last().message,
        json!({"parent": "shelves/s", "book": {"displayName": "a"}, "requestId": "r1"})
    );
    door.call("POST", "/v1/shelves/s/books/b:sign", &[], r#"{"note": "n", "etag": "e"}"#).await;
    let asked = door.service.last();
    assert_eq!(
        (asked.method.as_str(), asked.message),
        ("SignBook", json!({"name": "shelves/s/books/b", "note": "n", "etag": "e"}))
    );
    door.call("PUT", "/v1/alarms/a/b%2Fc", &[], "{}").await;
    assert_eq!(door.service.last().message, json!({"name": "alarms/a/b%2Fc"}));
    door.call("POST", "/v1/kinds/t/nested?int=3&maybeInt=0&longValue=9&mask=a,bC", &[], r#"{"label": "l"}"#)
        .await;
    assert_eq!(
        door.service.last().message,
        json!({"text": "t", "int": 3, "maybeInt": 0, "longValue": "9", "mask": "a,bC", "nested": {"label": "l"}})
    );
}

#[tokio::test]
async fn a_verb_with_a_body_may_come_without_one() {
    let door = Door::new();
    for (headers, body) in [(&[][..], ""), (&[("content-type", "application/json")][..], ""), (&[][..], "{}")]
    {
        let answer = door.call("POST", "/v1/shelves/s/books/b:sign", headers, body).await;
        assert_eq!(answer.status, 200);
        assert_eq!(door.service.last().message, json!({"name": "shelves/s/books/b"}));
    }
}

#[tokio::test]
async fn answers_are_json_with_zero_values_and_their_etag() {
    let door = Door::new();
    door.service.replies(json!({"name": "shelves/s/books/b", "etag": "v1", "state": "COLOR_RED"}));
    let answer = door.get("/v1/shelves/s/books/b").await;
    assert_eq!(
        answer.text(),
        r#"{"name":"shelves/s/books/b","displayName":"","pageCount":0,"state":"COLOR_RED","keywords":[],"etag":"v1"}"#
    );
    assert_eq!(answer.header("etag"), "\"v1\"");
    assert_eq!(answer.header("content-type"), "application/json");
    let again = door.call("GET", "/v1/shelves/s/books/b", &[("if-none-match", "\"v0\", W/\"v1\"")], "").await;
    assert_eq!((again.status.as_u16(), again.body.len()), (304, 0));
    let other = door.call("GET", "/v1/shelves/s/books/b", &[("if-none-match", "\"v0\"")], "").await;
    assert_eq!(other.status, 200);
}

#[tokio::test]
async fn a_patch_changes_what_its_body_names() {
    let door = Door::new();
    let patch = async |uri: &str, body: &str| {
        let answer = door.call("PATCH", uri, &[], body).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        door.service.last().message
    };
    let message = patch(
        "/v1/shelves/s/books/b",
        r#"{"name": "shelves/s/books/b", "pageCount": 0, "imprint": {"city": "x"}}"#,
    )
    .await;
    assert_eq!(
        message,
        json!({"book": {"name": "shelves/s/books/b", "imprint": {"city": "x"}}, "updateMask": "pageCount,imprint.city"})
    );
    let message =
        patch("/v1/shelves/s/books/b?updateMask=keywords", r#"{"pageCount": 3, "keywords": ["k"]}"#).await;
    assert_eq!(message["updateMask"], "keywords");
    let message = patch("/v1/shelves/s/books/b?update_mask=display_name", r#"{"displayName": null}"#).await;
    assert_eq!(message["updateMask"], "displayName");
    let message = patch("/v1/shelves/s/books/b", r#"{"imprint": null}"#).await;
    assert_eq!(message["updateMask"], "imprint");
}

#[tokio::test]
async fn headers_fill_the_fields_that_stand_for_them() {
    let door = Door::new();
    let sign = "/v1/shelves/s/books/b:sign";
    let headers = [("idempotency-key", "\"k1\""), ("if-match", "\"v1\"")];
    door.call("POST", sign, &headers, r#"{"note": "n"}"#).await;
    let message = json!({"name": "shelves/s/books/b", "etag": "v1", "requestId": "k1", "note": "n"});
    assert_eq!(door.service.last().message, message);
    door.call("POST", sign, &headers, r#"{"note": "n", "etag": "v1", "requestId": "k1"}"#).await;
    assert_eq!(door.service.last().message, message);
    let answer = door.call("POST", sign, &headers, r#"{"etag": "v2", "requestId": "k2"}"#).await;
    assert_eq!(answer.violations(), ["request_id HEADER_MISMATCH", "etag HEADER_MISMATCH"]);
    door.call("PATCH", "/v1/shelves/s/books/b", &[("if-match", "W/\"v1\"")], r#"{"pageCount": 1}"#).await;
    assert_eq!(door.service.last().message["book"]["etag"], "v1");
    assert_eq!(door.service.last().message["updateMask"], "pageCount");
    // Whoever relies on a condition must not be told that all is well.
    let answer = door.call("POST", "/v1/shelves/s/books", &[("if-match", "\"v1\"")], "{}").await;
    assert_eq!(answer.violations(), ["If-Match NOT_ALLOWED"]);
}

#[tokio::test]
async fn services_are_told_who_asks_in_which_language_and_how_long_they_have() {
    let door = Door::new();
    let id = "0190f3a2-7b1c-7def-8abc-0123456789ab";
    let headers = [
        ("accept-language", "en-GB"),
        ("x-request-id", id),
        ("x-timeout-ms", "700"),
        ("x-client-address", "1.2.3.4"),
        ("cookie", "a=b"),
    ];
    let answer = door.call("GET", "/v1/shelves/s/books/b", &headers, "").await;
    assert_eq!(answer.header("x-request-id"), id);
    let sent = door.service.last().headers;
    assert_eq!(sent["authorization"], "Bearer internal-good");
    assert_eq!(sent["accept-language"], "en");
    assert_eq!(sent["x-request-id"], id);
    assert_eq!(sent["x-client-address"], "127.0.0.1");
    assert_eq!(
        (&sent["content-type"], &sent["te"]),
        (&"application/grpc".parse().unwrap(), &"trailers".parse().unwrap())
    );
    assert!(sent["traceparent"].to_str().unwrap().starts_with("00-0190f3a27b1c7def8abc0123456789ab-"));
    let timeout = sent["grpc-timeout"].to_str().unwrap().trim_end_matches('m').parse::<u32>().unwrap();
    assert!((500..=700).contains(&timeout), "{timeout}");
    assert!(!sent.contains_key("cookie"));
}

#[tokio::test]
async fn head_is_get_without_its_body_and_options_names_the_methods() {
    let door = Door::new();
    door.service.replies(json!({"name": "n"}));
    let get = door.get("/v1/shelves/s/books/b").await;
    let head = door.call("HEAD", "/v1/shelves/s/books/b", &[], "").await;
    assert_eq!((head.status, head.body.len()), (get.status, 0));
    assert_eq!(head.header("content-length"), get.body.len().to_string());
    let options = door.call("OPTIONS", "/v1/shelves/s/books/b", &[("authorization", "")], "").await;
    assert_eq!(
        (options.status.as_u16(), options.header("allow")),
        (204, "DELETE, GET, PATCH, HEAD, OPTIONS")
    );
}

#[tokio::test]
async fn files_go_up_and_down_as_they_are() {
    let door = Door::new();
    let xlsx = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
    let uri = "/v1/shelves/s/scans?filename=%E5%90%8D%E5%86%8C.xlsx&dryRun=true";
    let answer = door.call("POST", uri, &[("content-type", xlsx)], "PK\u{3}\u{4}").await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let expected = json!({
        "parent": "shelves/s", "content": "UEsDBA==", "contentType": xlsx, "filename": "名册.xlsx", "dryRun": true,
    });
    assert_eq!(door.service.last().message, expected);
    // An empty file is still a file: the service says what is wrong with it, not with its name.
    let empty = door.call("POST", uri, &[("content-type", xlsx)], "").await;
    assert_eq!(empty.status, 200, "{}", empty.text());
    assert_eq!(door.service.last().message["filename"], "名册.xlsx");
    let json = r#"{"content": "UEsDBA==", "filename": "a"}"#;
    door.call("POST", "/v1/shelves/s/scans", &[], json).await;
    assert_eq!(door.service.last().message["filename"], "a");

    door.service.replies(json!({"content": "UEsDBA==", "contentType": xlsx, "filename": "错 误.xlsx"}));
    let file = door.get("/v1/shelves/s/scans/x:download?alt=media").await;
    assert_eq!(file.body.as_ref(), b"PK\x03\x04");
    assert_eq!(file.header("content-type"), xlsx);
    assert_eq!(
        file.header("content-disposition"),
        "attachment; filename=\"___.xlsx\"; filename*=UTF-8''%E9%94%99%20%E8%AF%AF.xlsx"
    );
    assert_eq!(door.get("/v1/shelves/s/scans/x:download").await.json()["content"], "UEsDBA==");
    let by_accept = door.call("GET", "/v1/shelves/s/scans/x:download", &[("accept", xlsx)], "").await;
    assert_eq!(by_accept.body.as_ref(), b"PK\x03\x04");
}

#[tokio::test]
async fn large_answers_are_compressed_for_who_can_read_them() {
    let door = Door::new();
    door.service.replies(json!({"displayName": "长".repeat(2000)}));
    let plain = door.get("/v1/shelves/s/books/b").await;
    let zipped = door.call("GET", "/v1/shelves/s/books/b", &[("accept-encoding", "gzip")], "").await;
    assert_eq!((plain.header("content-encoding"), zipped.header("content-encoding")), ("", "gzip"));
    assert!(zipped.body.len() * 10 < plain.body.len());
}
