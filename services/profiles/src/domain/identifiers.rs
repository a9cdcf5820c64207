//! The numbers and names by which people are known: what is written here is well formed wherever it turns up.
//!
//! `parse` takes text that is already trimmed and of normal width; forms and files do that at their edge. Debug never shows
//! a value, so that none can reach a log.

mod id_number;
mod name;
mod phone;
mod student_number;
#[cfg(test)]
mod tests;

pub use id_number::{IdNumber, IdNumberFault};
pub use name::{NameFault, PersonName};
pub use phone::{Phone, PhoneFault};
pub use student_number::{StudentNumber, StudentNumberFault};

use serde::{Deserialize, Serialize};

/// Sex as the register of residents has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sex {
    /// 女
    Female,
    /// 男
    Male,
}

impl Sex {
    /// The word that is stored: `female` or `male`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Female => "female",
            Self::Male => "male",
        }
    }

    /// The sex of a stored word.
    pub fn of_word(word: &str) -> Option<Self> {
        match word {
            "female" => Some(Self::Female),
            "male" => Some(Self::Male),
            _ => None,
        }
    }
}

/// Implements what text newtypes share: reading, serde through text, a Debug that tells nothing.
macro_rules! text_newtype {
    ($type:ident, $fault:ident) => {
        impl std::str::FromStr for $type {
            type Err = $fault;
            fn from_str(text: &str) -> Result<Self, $fault> {
                Self::parse(text)
            }
        }
        impl TryFrom<String> for $type {
            type Error = $fault;
            fn try_from(text: String) -> Result<Self, $fault> {
                Self::parse(&text)
            }
        }
        impl From<$type> for String {
            fn from(value: $type) -> Self {
                value.as_str().to_owned()
            }
        }
        impl std::fmt::Debug for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($type), "(…)"))
            }
        }
    };
}
use text_newtype;

/// Copies ASCII text into an array of its exact length; None if the length differs or it is not ASCII.
fn ascii<const N: usize>(text: &str) -> Option<[u8; N]> {
    let bytes: [u8; N] = text.as_bytes().try_into().ok()?;
    bytes.is_ascii().then_some(bytes)
}

/// The text of an array that was checked to be ASCII.
fn ascii_str(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap_or_default()
}
