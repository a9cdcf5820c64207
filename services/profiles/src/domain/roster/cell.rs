//! A cell of a sheet as the file has it, and its text in one normal form.

use std::borrow::Cow;
use std::fmt;

/// What a cell holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value<'a> {
    /// Text as written.
    Text(&'a str),
    /// A number that is not shown as a date.
    Number(f64),
    /// A number that is shown as a date: days since the workbook's epoch.
    Day(f64),
    /// A formula, whatever it last came to: its text, where it has one of its own.
    Formula(&'a str),
    /// An error such as `#N/A`.
    Fault,
}

/// A cell that is not empty.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cell<'a> {
    /// Column, from 0.
    pub column: u32,
    /// What it holds.
    pub value: Value<'a>,
}

/// The address of a cell, shown as spreadsheet programs do: `D14`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Address {
    /// Column, from 0.
    pub column: u32,
    /// Row, from 1.
    pub row: u32,
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut letters = Vec::new();
        let mut rest = self.column + 1;
        while rest > 0 {
            rest -= 1;
            letters.push(char::from(b'A' + (rest % 26) as u8));
            rest /= 26;
        }
        let letters: String = letters.into_iter().rev().collect();
        write!(f, "{letters}{}", self.row)
    }
}

/// Text in normal form: full-width letters, digits and signs become ordinary ones, every Unicode space becomes a space, invisible
/// characters go, and so do spaces at both ends.
pub fn fold(text: &str) -> Cow<'_, str> {
    if text.chars().all(is_normal) {
        return Cow::Borrowed(text.trim_matches(' '));
    }
    let folded: String = text.chars().filter_map(fold_char).collect();
    Cow::Owned(folded.trim_matches(' ').to_owned())
}

fn is_normal(c: char) -> bool {
    // Most cells are ASCII or Han, none of which changes.
    matches!(c, ' '..='~' | '\u{3400}'..='\u{9FFF}')
        || (c > '\u{9FFF}' || c > '~' && c < '\u{3400}') && fold_char(c) == Some(c)
}

fn fold_char(c: char) -> Option<char> {
    match c {
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(u32::from(c) - 0xFEE0),
        '\u{AD}'
        | '\u{180E}'
        | '\u{200B}'..='\u{200F}'
        | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}'
        | '\u{FEFF}' => None,
        _ if c.is_whitespace() => Some(' '),
        _ if c.is_control() => None,
        _ => Some(c),
    }
}

/// Text without any spaces, in normal form: for names of columns and schools.
pub fn squeeze(text: &str) -> String {
    fold(text).chars().filter(|c| *c != ' ').flat_map(char::to_lowercase).collect()
}
