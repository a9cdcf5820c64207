//! How much a finding asks for.

use serde::{Deserialize, Serialize};

/// How much a score or finding asks for, ascending. A level proposes; people decide (P3.6).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Nothing.
    #[default]
    None,
    /// To be kept in view.
    Watch,
    /// To be looked into: opens an interview task.
    Attention,
    /// To be looked into at once.
    Urgent,
}

impl Level {
    /// All levels, ascending.
    pub const ALL: [Self; 4] = [Self::None, Self::Watch, Self::Attention, Self::Urgent];

    /// The word that is stored.
    pub fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Watch => "watch",
            Self::Attention => "attention",
            Self::Urgent => "urgent",
        }
    }

    /// The level of a stored word.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.word() == word)
    }

    /// Whether somebody must talk with the pupil (P3.5).
    pub fn opens_interview(self) -> bool {
        self >= Self::Attention
    }
}
