//! The resident identity number (公民身份号码), GB 11643-1999.

use super::{Sex, ascii, ascii_str, text_newtype};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

/// A resident identity number: 17 digits and a check character, the X in upper case. Personal data.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct IdNumber([u8; 18]);

/// Why a text is no identity number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdNumberFault {
    /// Not 17 digits and a digit or X.
    #[error("an identity number has 17 digits and a digit or X")]
    Shape,
    /// Digits 7 to 14 are no date.
    #[error("the birth date inside the identity number does not exist")]
    BirthDate,
    /// The last character does not follow from the others (ISO 7064, MOD 11-2): one of them is mistyped.
    #[error("the check digit of the identity number is wrong")]
    CheckDigit,
}

impl IdNumber {
    /// Reads an identity number; a lower-case x is taken for X.
    ///
    /// # Errors
    /// The first fault found: shape, then birth date, then check digit.
    pub fn parse(text: &str) -> Result<Self, IdNumberFault> {
        let mut bytes: [u8; 18] = ascii(text).ok_or(IdNumberFault::Shape)?;
        bytes.make_ascii_uppercase();
        let [digits @ .., check] = &bytes;
        if !digits.iter().all(u8::is_ascii_digit) || !(check.is_ascii_digit() || *check == b'X') {
            return Err(IdNumberFault::Shape);
        }
        let number = Self(bytes);
        number.date_inside().ok_or(IdNumberFault::BirthDate)?;
        if check_character(digits) != *check {
            return Err(IdNumberFault::CheckDigit);
        }
        Ok(number)
    }

    /// The 18 characters.
    pub fn as_str(&self) -> &str {
        ascii_str(&self.0)
    }

    /// The date of birth that the number carries.
    pub fn birth_date(&self) -> NaiveDate {
        // `parse` has refused numbers without a date.
        self.date_inside().unwrap_or_default()
    }

    /// The sex that the number carries: the 17th digit is odd for men.
    pub fn sex(&self) -> Sex {
        match self.0 {
            [.., odd, _] if odd % 2 == 1 => Sex::Male,
            _ => Sex::Female,
        }
    }

    fn date_inside(&self) -> Option<NaiveDate> {
        let text = self.as_str();
        let year = text.get(6..10)?.parse().ok()?;
        let date =
            NaiveDate::from_ymd_opt(year, text.get(10..12)?.parse().ok()?, text.get(12..14)?.parse().ok()?)?;
        (1900..2100).contains(&year).then_some(date)
    }
}

/// ISO 7064 MOD 11-2 over the leading digits.
fn check_character(digits: &[u8]) -> u8 {
    let sum = digits.iter().fold(0u32, |sum, digit| (sum + u32::from(digit - b'0')) * 2 % 11);
    match (12 - sum) % 11 {
        10 => b'X',
        value => b'0' + value as u8,
    }
}

text_newtype!(IdNumber, IdNumberFault);
