//! Words in the two languages of the platform.

use serde::{Deserialize, Serialize};

/// A text in Chinese and English.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Text {
    /// Chinese.
    pub zh: String,
    /// English; empty where nobody translated it.
    #[serde(default)]
    pub en: String,
}

impl Text {
    /// The English text where it is asked for and exists, else the Chinese.
    pub fn pick(&self, english: bool) -> &str {
        if english && !self.en.is_empty() { &self.en } else { &self.zh }
    }
}
