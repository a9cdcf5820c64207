//! Mobile telephone numbers of mainland China.

use super::{ascii, ascii_str, text_newtype};
use serde::{Deserialize, Serialize};

/// A mobile number: 11 digits, the first a 1. Personal data.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Phone([u8; 11]);

/// Why a text is no mobile number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a mobile number has 11 digits and begins with 1")]
pub struct PhoneFault;

impl Phone {
    /// Reads a mobile number; spaces, hyphens and a leading +86, 0086 or 86 are left out.
    ///
    /// # Errors
    /// If what remains is not 11 digits of which the first is a 1.
    pub fn parse(text: &str) -> Result<Self, PhoneFault> {
        let mut kept: String = text.chars().filter(|c| !matches!(c, ' ' | '-' | '(' | ')')).collect();
        if kept.len() > 11 {
            let prefix = ["+86", "0086", "86"].into_iter().find(|prefix| kept.starts_with(prefix));
            kept.drain(..prefix.map_or(0, str::len));
        }
        let bytes: [u8; 11] = ascii(&kept).ok_or(PhoneFault)?;
        let well_formed = bytes.starts_with(b"1") && bytes.iter().all(u8::is_ascii_digit);
        if well_formed { Ok(Self(bytes)) } else { Err(PhoneFault) }
    }

    /// The 11 digits.
    pub fn as_str(&self) -> &str {
        ascii_str(&self.0)
    }
}

text_newtype!(Phone, PhoneFault);
