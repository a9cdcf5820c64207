//! Grades and classes, in the ways in which schools call them.

use crate::domain::stage::Stage;

/// The highest number of a class.
pub const MAX_CLASS: i32 = 99;
/// Numbers above it are rather a grade and a number written together: 七十 as 七(10).
const LIKELY_CLASS: i32 = 30;

/// What a grade was called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grade {
    /// From 1 to 12, counted through all stages.
    Number(i32),
    /// By the year of entry: 2024级.
    Cohort(i32),
}

/// Reads a grade: 一年级, 初一, 初中二年级, 七年级, 高三, 小学四年级, 小四, 8, 2024级.
pub fn grade(text: &str) -> Option<Grade> {
    let text: String = text.chars().filter(|c| !matches!(c, ' ' | '(' | ')')).collect();
    let text = text.as_str();
    if let Some(year) = text.strip_suffix('级').and_then(arabic)
        && year >= 1000
    {
        return (1990..2100).contains(&year).then_some(Grade::Cohort(year));
    }
    let (stage, rest) = [
        ("小学", Stage::Primary),
        ("初中", Stage::Junior),
        ("高中", Stage::Senior),
        ("小", Stage::Primary),
        ("初", Stage::Junior),
        ("高", Stage::Senior),
    ]
    .into_iter()
    .find_map(|(prefix, stage)| text.strip_prefix(prefix).map(|rest| (Some(stage), rest)))
    .unwrap_or((None, text));
    let bare = ["年级", "级", "年"].into_iter().find_map(|suffix| rest.strip_suffix(suffix)).unwrap_or(rest);
    let number = arabic(bare).or_else(|| chinese(bare))?;
    let grade = match stage {
        None => number,
        Some(stage) if Stage::of_grade(number) == Some(stage) && rest != bare => number,
        Some(stage) if number >= 1 => stage.first_grade() + number - 1,
        Some(_) => return None,
    };
    let stage_holds = stage.is_none_or(|stage| Stage::of_grade(grade) == Some(stage));
    (stage_holds && Stage::of_grade(grade).is_some()).then_some(Grade::Number(grade))
}

/// What a class was called: its number, and the grade if the name carries one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClassName {
    /// The grade in the name.
    pub grade: Option<Grade>,
    /// The number, 1 to [`MAX_CLASS`].
    pub number: i32,
}

/// Reads a class: 3班, 3, （3）班, 三班, 初一3班, 七(3)班, 七年级三班, 2024级3班, 0703, 703班.
pub fn class(text: &str) -> Option<ClassName> {
    let text = text.trim_end_matches(' ');
    let text = text.strip_suffix('班').unwrap_or(text);
    let mut tokens = text
        .split([' ', '(', ')', '[', ']', '【', '】', '-', '.', '·', '—', '_'])
        .filter(|token| !token.is_empty());
    match (tokens.next(), tokens.next(), tokens.next()) {
        (Some(one), None, _) => written_together(one),
        (Some(first), Some(second), None) => {
            let number = arabic(second).or_else(|| chinese(second))?;
            with(Some(grade(first)?), number)
        }
        _ => None,
    }
}

fn with(grade: Option<Grade>, number: i32) -> Option<ClassName> {
    (1..=MAX_CLASS).contains(&number).then_some(ClassName { grade, number })
}

/// A class in one word: a number, or a grade and a number that follow each other.
fn written_together(word: &str) -> Option<ClassName> {
    if let Some(number) = arabic(word) {
        if word.len() <= 2 {
            return with(None, number);
        }
        // 703 and 0703 are class 3 of grade 7.
        let (first, second) = word.split_at_checked(word.len() - 2)?;
        return with(Some(grade(first)?), arabic(second)?);
    }
    let whole = chinese(word).and_then(|number| with(None, number));
    if whole.is_some_and(|class| class.number <= LIKELY_CLASS) {
        return whole;
    }
    let split = word.char_indices().skip(1).find_map(|(at, _)| {
        let (first, second) = word.split_at_checked(at)?;
        let number = arabic(second).or_else(|| chinese(second))?;
        with(Some(grade(first)?), number)
    });
    split.or(whole)
}

/// Up to four digits.
fn arabic(text: &str) -> Option<i32> {
    let digits = (1..=4).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    if digits { text.parse().ok() } else { None }
}

/// A Chinese numeral from 一 to 九十九.
fn chinese(text: &str) -> Option<i32> {
    let digit = |text: &str| {
        let mut chars = text.chars();
        let (first, more) = (chars.next()?, chars.next());
        let value = "一二三四五六七八九".chars().position(|c| c == first)?;
        more.is_none().then_some(value as i32 + 1)
    };
    let Some((tens, ones)) = text.split_once('十') else { return digit(text) };
    let tens = if tens.is_empty() { 1 } else { digit(tens)? };
    let ones = if ones.is_empty() { 0 } else { digit(ones)? };
    Some(tens * 10 + ones)
}
