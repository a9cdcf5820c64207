//! Names of persons.

use super::text_newtype;
use serde::{Deserialize, Serialize};

/// A person's name in one spelling: no spaces beside Han characters, one middle dot (·), no invisible characters. Personal data.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PersonName(Box<str>);

/// Why a text is no name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameFault {
    /// Nothing is written.
    #[error("the name is empty")]
    Empty,
    /// It begins like a formula: = + - @.
    #[error("the name begins like a formula")]
    Formula,
    /// More than 50 characters.
    #[error("a name has at most 50 characters")]
    Length,
    /// A character that stands in no name, such as a digit.
    #[error("a character that stands in no name")]
    Character,
}

impl PersonName {
    /// The longest name, in characters.
    pub const MAX: usize = 50;

    /// Reads a name. Han characters of every extension, Latin letters, and `·` `-` `'` `.` may stand in it.
    ///
    /// # Errors
    /// The first fault found.
    pub fn parse(text: &str) -> Result<Self, NameFault> {
        let text = text.trim();
        if text.is_empty() {
            return Err(NameFault::Empty);
        }
        if text.starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']) {
            return Err(NameFault::Formula);
        }
        let name = spell(text);
        if !name.chars().all(allowed) || name.starts_with(mark) || name.ends_with('·') {
            return Err(NameFault::Character);
        }
        if name.chars().count() > Self::MAX {
            return Err(NameFault::Length);
        }
        Ok(Self(name.into_boxed_str()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a character is from the private use area, which other computers may show as something else.
    pub fn has_private_character(&self) -> bool {
        self.0.chars().any(|c| matches!(c, '\u{E000}'..='\u{F8FF}'))
    }
}

/// Spaces beside Han characters are padding (张　三); between Latin words one remains. All middle dots become one.
fn spell(text: &str) -> String {
    let mut name = String::with_capacity(text.len());
    let mut gap = false;
    for c in text.chars() {
        if c.is_whitespace() {
            gap = true;
            continue;
        }
        if gap && latin(c) && name.ends_with(|before| latin(before) || before == '.') {
            name.push(' ');
        }
        gap = false;
        name.push(if dot(c) {
            '·'
        } else if c == '’' {
            '\''
        } else {
            c
        });
    }
    name
}

fn dot(c: char) -> bool {
    matches!(c, '·' | '•' | '‧' | '∙' | '⋅' | '・' | '･' | '．')
}

fn mark(c: char) -> bool {
    matches!(c, '·' | '-' | '\'' | '.' | ' ')
}

fn allowed(c: char) -> bool {
    han(c) || mark(c) || latin(c)
}

fn latin(c: char) -> bool {
    c.is_ascii_alphabetic()
        || matches!(c, '\u{C0}'..='\u{24F}' | '\u{1E00}'..='\u{1EFF}') && c.is_alphabetic()
}

/// Han characters: the unified blocks and their extensions, 〇, compatibility forms, and the private use area in which older
/// systems keep rare characters.
fn han(c: char) -> bool {
    matches!(
        c,
        '\u{3007}' | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{E000}'..='\u{F8FF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{3FFFD}'
    )
}

text_newtype!(PersonName, NameFault);
