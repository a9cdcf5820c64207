//! Words that stand for a choice: sex, yes and no, relations.

use crate::domain::identifiers::Sex;

/// Reads a sex: 男, 女, M, F, or the code of GB/T 2261.1.
pub fn sex(text: &str) -> Option<Sex> {
    match text.to_ascii_lowercase().as_str() {
        "男" | "男性" | "男生" | "m" | "male" | "1" => Some(Sex::Male),
        "女" | "女性" | "女生" | "f" | "female" | "2" => Some(Sex::Female),
        _ => None,
    }
}

/// Reads an answer to a yes-or-no question: `Some(None)` where a stroke says that there is none, None where the word is neither.
pub fn yes_no(text: &str) -> Option<Option<bool>> {
    match text.to_ascii_lowercase().as_str() {
        "是" | "有" | "对" | "√" | "✓" | "✔" | "☑" | "y" | "yes" | "t" | "true" | "1" => {
            Some(Some(true))
        }
        "否" | "无" | "不是" | "没有" | "×" | "✗" | "✘" | "x" | "n" | "no" | "f" | "false" | "0" => {
            Some(Some(false))
        }
        "/" | "-" | "—" | "--" | "——" => Some(None),
        _ => None,
    }
}

/// A relation by the word that the forms use for it; any other word of at most 20 characters stays as it is.
pub fn relation(text: &str) -> Option<&str> {
    let word = match text {
        "父" | "爸爸" | "爸" => "父亲",
        "母" | "妈妈" | "妈" => "母亲",
        "爷爷" | "爷" => "祖父",
        "奶奶" | "奶" => "祖母",
        "外公" | "姥爷" => "外祖父",
        "外婆" | "姥姥" => "外祖母",
        other => other,
    };
    let allowed = |c: char| c.is_alphabetic() || matches!(c, '/' | '、' | '·' | ' ' | '(' | ')');
    let fits = word.chars().count() <= 20 && word.chars().all(allowed);
    (fits && word.chars().any(char::is_alphabetic)).then_some(word)
}
