//! What the codec promises, case by case.

use super::super::{json::line_and_column, read::Encoded, wire::Malformed, *};
use std::sync::LazyLock;
use xinqiao_kit::status::Violation;

static TABLES: LazyLock<Tables> = LazyLock::new(|| Tables::new(crate::testing::pool()));

fn id(name: &str) -> MessageId {
    TABLES.id(&format!("xinqiao.sample.v1.{name}")).unwrap()
}

fn try_read(name: &str, text: &str) -> Result<Encoded, Vec<Violation>> {
    read(&TABLES, id(name), "", text.as_bytes(), Limits::default())
}

/// The violations of a text, as `field REASON`.
fn wrong(name: &str, text: &str) -> Vec<String> {
    let violations = try_read(name, text).expect_err(text);
    violations.iter().map(|violation| format!("{} {}", violation.field, violation.reason)).collect()
}

/// A text read and printed again.
fn again(name: &str, text: &str) -> serde_json::Value {
    let wire = try_read(name, text).unwrap_or_else(|violations| panic!("{text}: {violations:?}")).wire;
    let mut out = Vec::new();
    write(&TABLES, id(name), &wire, &mut out).unwrap();
    serde_json::from_slice(&out).unwrap()
}

#[test]
fn every_violation_is_told_at_once_with_its_path() {
    let text = r#"{
        "int": "abc", "uint": -1, "flag": "true", "colour": 1, "colors": ["COLOR_RED", "COLOR_GREEN", 7],
        "nested": {"depth": 1.5, "children": [{}, {"label": 5, "inner": {"x": [1, {}]}}]},
        "words": {"a": 1, "b": "x"}, "nestedByInt": {"01": {}, "2": []}, "time": "2026-13-01T00:00:00Z",
        "blob": "*", "texts": [null], "long": 9223372036854775808, "int": 1
    }"#;
    assert_eq!(
        wrong("Kinds", text),
        [
            "int WRONG_TYPE",
            "uint OUT_OF_RANGE",
            "flag WRONG_TYPE",
            "colour UNKNOWN_FIELD",
            "colors[1] UNKNOWN_VALUE",
            "colors[2] UNKNOWN_VALUE",
            "nested.depth WRONG_TYPE",
            "nested.children[1].label WRONG_TYPE",
            "nested.children[1].inner.x UNKNOWN_FIELD",
            "words[\"a\"] WRONG_TYPE",
            "nested_by_int[\"01\"] WRONG_TYPE",
            "nested_by_int[\"2\"] WRONG_TYPE",
            "time WRONG_TYPE",
            "blob WRONG_TYPE",
            "texts[0] WRONG_TYPE",
            "long OUT_OF_RANGE",
            "int DUPLICATE",
        ]
    );
}

#[test]
fn two_members_of_a_oneof_are_refused_and_null_is_absence() {
    assert_eq!(wrong("Kinds", r#"{"choiceText": "a", "choiceLong": 1}"#), ["choice_long SEVERAL_OF_ONEOF"]);
    assert_eq!(again("Kinds", r#"{"choiceText": null, "choiceLong": "1", "int": null}"#)["choiceLong"], "1");
    assert_eq!(wrong("Kinds", r#"{"display_name": null}"#), ["display_name UNKNOWN_FIELD"]);
}

#[test]
fn a_field_under_both_its_names_is_given_twice() {
    assert_eq!(wrong("Book", r#"{"pageCount": 1, "page_count": 1}"#), ["page_count DUPLICATE"]);
    assert_eq!(wrong("Kinds", r#"{"words": {"a": "x", "a": "y"}}"#), ["words[\"a\"] DUPLICATE"]);
}

#[test]
fn numbers_are_whole_and_in_range_however_they_are_written() {
    for text in ["7", "7.0", "0.7e1", "\"7\"", "70e-1", "\"7e0\""] {
        assert_eq!(again("Kinds", &format!(r#"{{"int": {text}, "ulong": {text}}}"#))["ulong"], "7", "{text}");
    }
    for text in ["\"07\"", "\" 7\"", "\"+7\"", "\"\"", "7.5", "true", "[]", "{}", "\"NaN\""] {
        assert_eq!(wrong("Kinds", &format!(r#"{{"int": {text}}}"#)), ["int WRONG_TYPE"], "{text}");
    }
    for (field, text) in [("int", "2147483648"), ("int", "-2147483649"), ("sint", "1e10"), ("ulong", "-1")] {
        assert_eq!(wrong("Kinds", &format!(r#"{{"{field}": {text}}}"#)), [format!("{field} OUT_OF_RANGE")]);
    }
    for (field, text) in [("single", "1e39"), ("real", "1e309"), ("long", "1e400"), ("fix", "-1")] {
        assert_eq!(wrong("Kinds", &format!(r#"{{"{field}": {text}}}"#)), [format!("{field} OUT_OF_RANGE")]);
    }
}

#[test]
fn text_that_is_no_json_says_where() {
    for (text, line, column) in [
        ("", 1, 1),
        ("{\"int\": 01}", 1, 9),
        ("{\n \"int\": 1,}", 2, 11),
        ("{\"text\": \"中\u{1}\"}", 1, 12),
        ("{} x", 1, 4),
        ("{\"text\": \"\\ud800x\"}", 1, 17),
        ("{\"flag\": tru}", 1, 10),
        ("[", 1, 2),
    ] {
        let violations = try_read("Kinds", text).expect_err(text);
        let last = violations.last().unwrap();
        assert_eq!(last.reason, "MALFORMED_JSON", "{text}");
        let param = |name| last.params.iter().find(|(key, _)| *key == name).unwrap().1.clone();
        assert_eq!((param("line"), param("column")), (line.to_string(), column.to_string()), "{text}");
    }
    let not_utf8 =
        read(&TABLES, id("Kinds"), "book", b"{\"text\": \"\xff\"}", Limits::default()).unwrap_err();
    assert_eq!((not_utf8[0].field.as_str(), not_utf8[0].reason), ("book", "NOT_UTF8"));
    assert_eq!(line_and_column("a", 99), (1, 2));
}

#[test]
fn text_with_a_zero_character_is_refused() {
    assert_eq!(
        wrong("Kinds", r#"{"text": "a\u0000b", "texts": ["\u0000"]}"#),
        ["text INVALID_FORMAT", "texts[0] INVALID_FORMAT"]
    );
}

#[test]
fn depth_values_and_violations_have_limits() {
    let limits = Limits { depth: 5, values: 50, violations: 3 };
    let read = |text: &str| read(&TABLES, id("Nested"), "", text.as_bytes(), limits).map(|_| ());
    let reasons = |text: &str| read(text).unwrap_err().iter().map(|v| v.reason).collect::<Vec<_>>();
    let nested = |depth: usize| format!("{}{{}}{}", r#"{"inner":"#.repeat(depth - 1), "}".repeat(depth - 1));
    assert_eq!(read(&nested(5)), Ok(()));
    assert_eq!(reasons(&nested(6)), ["TOO_DEEP"]);
    // Also inside what is passed over.
    assert_eq!(
        reasons(&format!(r#"{{"x": {}{}}}"#, "[".repeat(9), "]".repeat(9))),
        ["UNKNOWN_FIELD", "TOO_DEEP"]
    );
    assert_eq!(reasons(&format!(r#"{{"children": [{}{{}}]}}"#, "{},".repeat(60))), ["TOO_MANY"]);
    assert_eq!(
        reasons(r#"{"a": 1, "b": 1, "c": 1, "d": 1}"#),
        ["UNKNOWN_FIELD", "UNKNOWN_FIELD", "UNKNOWN_FIELD", "TOO_MANY_VIOLATIONS"]
    );
}

#[test]
fn the_update_mask_names_the_leaves_that_a_body_holds() {
    let mask = |text: &str| try_read("Book", text).unwrap().mask;
    assert_eq!(mask(r#"{"displayName": "a", "page_count": 0}"#), ["display_name", "page_count"]);
    assert_eq!(mask(r#"{"imprint": {"city": "x"}, "keywords": []}"#), ["imprint.city", "keywords"]);
    assert_eq!(mask(r#"{"imprint": {}}"#), ["imprint"]);
    assert_eq!(mask(r#"{"imprint": null}"#), ["imprint"]);
    // What only the server sets, the name and the etag are not what a client wants to change.
    let whole = r#"{"name": "n", "state": "COLOR_RED", "etag": "e", "createTime": "2026-01-01T00:00:00Z"}"#;
    assert!(mask(whole).is_empty());
    assert_eq!(
        try_read("Kinds", r#"{"many": [{"label": "x"}], "time": null, "words": {"k": "v"}}"#).unwrap().mask,
        ["many", "time", "words"]
    );
}

#[test]
fn zero_values_are_printed_unless_the_field_knows_absence() {
    let json = again("Nested", "{}");
    assert_eq!(json, serde_json::json!({"label": "", "depth": 0, "children": []}));
    assert_eq!(again("Nested", r#"{"sure": false}"#)["sure"], false);
    let book = again("Book", r#"{"createTime": "2026-03-01T08:00:00.5+08:00"}"#);
    assert_eq!(book["createTime"], "2026-03-01T00:00:00.500Z");
    assert_eq!(book["state"], "COLOR_UNSPECIFIED");
}

#[test]
fn times_and_durations_are_checked_to_the_letter() {
    for text in [
        "2026-02-29T00:00:00Z",
        "2026-01-01T24:00:00Z",
        "2026-01-01T00:00:60Z",
        "2026-01-01 00:00:00Z",
        "2026-01-01T00:00:00",
        "2026-01-01T00:00:00z",
        "2026-1-1T00:00:00Z",
        "2026-01-01T00:00:00.Z",
        "2026-01-01T00:00:00.1234567890Z",
        "0001-01-01T00:00:00+00:01",
        "2026-01-01T00:00:00+24:00",
        "+002026-01-01T00:00:00Z",
        "２０２６-01-01T00:00:00Z",
        "",
    ] {
        assert_eq!(wrong("Kinds", &format!(r#"{{"time": "{text}"}}"#)), ["time WRONG_TYPE"], "{text}");
    }
    for (text, printed) in [
        ("0s", "0s"),
        ("-0.5s", "-0.500s"),
        ("1.000000001s", "1.000000001s"),
        ("315576000000s", "315576000000s"),
    ] {
        assert_eq!(again("Kinds", &format!(r#"{{"duration": "{text}"}}"#))["duration"], printed);
    }
    for text in ["1", "s", "1.s", ".5s", "+1s", "1e3s", "315576000001s", "1.0000000001s", "--1s", "1 s"] {
        assert_eq!(
            wrong("Kinds", &format!(r#"{{"duration": "{text}"}}"#)),
            ["duration WRONG_TYPE"],
            "{text}"
        );
    }
}

#[test]
fn masks_are_read_in_either_spelling_and_free_values_keep_null() {
    assert_eq!(again("Kinds", r#"{"mask": "displayName,a.bC"}"#)["mask"], "displayName,a.bC");
    assert_eq!(again("Kinds", r#"{"mask": "display_name"}"#)["mask"], "displayName");
    assert_eq!(wrong("Kinds", r#"{"mask": "a b"}"#), ["mask WRONG_TYPE"]);
    assert_eq!(again("Kinds", r#"{"value": null}"#)["value"], serde_json::Value::Null);
    assert!(again("Kinds", r#"{"value": null}"#).as_object().unwrap().contains_key("value"));
    assert_eq!(wrong("Kinds", r#"{"any": {"@type": "x/nowhere.Type"}}"#), ["any INVALID_FORMAT"]);
}

#[test]
fn malformed_wire_is_an_error_and_never_json() {
    let write = |name: &str, wire: &[u8]| write(&TABLES, id(name), wire, &mut Vec::new());
    for wire in [
        &b"\x0a\x05ab"[..],
        b"\x0a",
        b"\x0a\x02\xff\xff",
        b"\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
        b"\x07",
        b"\x15\0",
        b"\x0d\0\0\0\0",
        b"\0\0",
    ] {
        assert!(write("Nested", wire).is_err(), "{wire:?}");
    }
    // 101 messages inside each other.
    let mut deep = Vec::new();
    for _ in 0..101 {
        let mut outer = Vec::new();
        put_bytes(&mut outer, 3, &deep);
        deep = outer;
    }
    assert_eq!(write("Nested", &deep), Err(Malformed("it is nested too deep")));
    // Unknown fields, groups among them, are passed over.
    assert_eq!(write("Nested", b"\xa3\x06\x0a\x01x\xa4\x06\x0a\x01y"), Ok(()));
}

#[test]
fn a_field_is_taken_out_of_a_message_whole() {
    let wire =
        try_read("LoginResponse", r#"{"sessionToken": "secret", "expireTime": "2026-01-01T00:00:00Z"}"#)
            .unwrap()
            .wire;
    assert_eq!(last_text(&wire, 1), Some("secret"));
    let rest = without(&wire, 1).unwrap();
    assert_eq!(last_text(&rest, 1), None);
    assert!(last_bytes(&rest, 2).is_some());
}
