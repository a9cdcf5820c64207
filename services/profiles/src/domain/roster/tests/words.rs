use super::super::words::{relation, sex, yes_no};
use crate::domain::identifiers::Sex;

#[test]
fn the_words_for_a_sex() {
    for (text, meant) in [
        ("男", Some(Sex::Male)),
        ("女", Some(Sex::Female)),
        ("M", Some(Sex::Male)),
        ("2", Some(Sex::Female)),
        ("未知", None),
        ("", None),
    ] {
        assert_eq!(sex(text), meant, "{text}");
    }
}

#[test]
fn yes_no_and_neither() {
    for yes in ["是", "√", "Y", "y", "yes", "1", "TRUE", "有"] {
        assert_eq!(yes_no(yes), Some(Some(true)), "{yes}");
    }
    for no in ["否", "×", "N", "no", "0", "false", "无"] {
        assert_eq!(yes_no(no), Some(Some(false)), "{no}");
    }
    for none in ["/", "-", "—"] {
        assert_eq!(yes_no(none), Some(None), "{none}");
    }
    for unknown in ["不详", "2", "可能"] {
        assert_eq!(yes_no(unknown), None, "{unknown}");
    }
}

#[test]
fn a_relation_is_called_by_one_word() {
    for (text, word) in [
        ("爸爸", Some("父亲")),
        ("母", Some("母亲")),
        ("姥姥", Some("外祖母")),
        ("父亲", Some("父亲")),
        ("表姑", Some("表姑")),
    ] {
        assert_eq!(relation(text), word, "{text}");
    }
    let long = "亲".repeat(21);
    for text in ["=1+1", "13800000000", "+", "()", long.as_str()] {
        assert_eq!(relation(text), None, "{text}");
    }
}
