//! The national student number (全国学籍号).

use super::{IdNumber, ascii, ascii_str, text_newtype};
use serde::{Deserialize, Serialize};

/// A national student number: G or L and the pupil's identity number, or J and 18 characters that the school system issued. Personal data.
///
/// It is the pupil's for life: it stays when an identity number is corrected later.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct StudentNumber([u8; 19]);

/// Why a text is no student number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StudentNumberFault {
    /// Not G, L or J and 18 digits or letters.
    #[error("a student number is G, L or J and 18 characters")]
    Shape,
    /// The identity number inside a G or L number is wrong in itself: its birth date or its check digit.
    #[error("the identity number inside the student number is wrong")]
    Inside,
}

impl StudentNumber {
    /// Reads a student number; lower case is taken for upper case.
    ///
    /// # Errors
    /// The shape, or what is wrong with the identity number inside.
    pub fn parse(text: &str) -> Result<Self, StudentNumberFault> {
        let mut bytes: [u8; 19] = ascii(text).ok_or(StudentNumberFault::Shape)?;
        bytes.make_ascii_uppercase();
        let number = Self(bytes);
        let [kind, rest @ ..] = &number.0;
        match kind {
            b'G' | b'L' => {
                let [digits @ .., check] = rest;
                if !digits.iter().all(u8::is_ascii_digit) || !(check.is_ascii_digit() || *check == b'X') {
                    return Err(StudentNumberFault::Shape);
                }
                number.id_number().map(|_| number).ok_or(StudentNumberFault::Inside)
            }
            b'J' if rest.iter().all(u8::is_ascii_alphanumeric) => Ok(number),
            _ => Err(StudentNumberFault::Shape),
        }
    }

    /// The 19 characters.
    pub fn as_str(&self) -> &str {
        ascii_str(&self.0)
    }

    /// The identity number that a G or L number carries.
    pub fn id_number(&self) -> Option<IdNumber> {
        match self.0 {
            [b'G' | b'L', ref rest @ ..] => IdNumber::parse(ascii_str(rest)).ok(),
            _ => None,
        }
    }

    /// The student numbers that the pupil with this identity number may have: with G and with L.
    pub fn candidates(id: &IdNumber) -> [Self; 2] {
        let with = |kind: u8| {
            let mut bytes = [kind; 19];
            let [_, rest @ ..] = &mut bytes;
            rest.copy_from_slice(id.as_str().as_bytes());
            Self(bytes)
        };
        [with(b'G'), with(b'L')]
    }
}

text_newtype!(StudentNumber, StudentNumberFault);
