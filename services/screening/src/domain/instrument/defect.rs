//! What can be wrong with an instrument.

use std::fmt;

/// One thing that is wrong with an instrument.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Defect {
    /// Not JSON, or not of the expected shape.
    #[error("cannot be read: {0}")]
    Unreadable(String),
    /// The passport does not say something that it must.
    #[error("the passport does not give {0}")]
    PassportIncomplete(&'static str),
    /// The passport says something impossible.
    #[error("the passport's {field} is {found}: {rule}")]
    PassportWrong {
        /// Which field.
        field: &'static str,
        /// What it says.
        found: String,
        /// What it may say.
        rule: &'static str,
    },
    /// The passport counts other than the items.
    #[error("the passport counts {passport} items, there are {found}")]
    ItemCount {
        /// By the passport.
        passport: usize,
        /// Present.
        found: usize,
    },
    /// The passport's range is not that of the answers.
    #[error("the passport's answers range from {} to {}, those of the items from {} to {}", passport.0, passport.1, found.0, found.1)]
    ResponseRange {
        /// By the passport.
        passport: (i32, i32),
        /// Of the items.
        found: (i32, i32),
    },
    /// Two items share a link id.
    #[error("item {0} is there twice")]
    ItemTwice(String),
    /// An item lacks something.
    #[error("item {item}: {what}")]
    Item {
        /// Link id, or its place.
        item: String,
        /// What is wrong.
        what: String,
    },
    /// There is nothing to score.
    #[error("the key has no scale")]
    NoScale,
    /// Two scales share an id.
    #[error("scale {0} is there twice")]
    ScaleTwice(String),
    /// A scale contradicts itself.
    #[error("scale {scale}: {what}")]
    Scale {
        /// Its id.
        scale: String,
        /// What is wrong.
        what: String,
    },
    /// The key names an item that is not there.
    #[error("{wherein} names item {item}, which is not there")]
    UnknownItem {
        /// Part of the key.
        wherein: String,
        /// The link id.
        item: String,
    },
    /// An item that no scale counts and that is not listed as unscored.
    #[error("item {0} is neither scored nor listed as unscored")]
    ItemNotCovered(String),
    /// An item that several parts of the key count.
    #[error("item {item} is covered by {}", by.join(" and "))]
    ItemCoveredTwice {
        /// The link id.
        item: String,
        /// The parts of the key.
        by: Vec<String>,
    },
    /// A band or cut-off contradicts its scale.
    #[error("scale {scale}, band {band}: {what}")]
    Band {
        /// The scale.
        scale: String,
        /// The band.
        band: String,
        /// What is wrong.
        what: String,
    },
    /// A critical or review item asks for an answer that its item does not offer.
    #[error("{list} item {item}: no answer is at least {at_least} and above the lowest")]
    Unreachable {
        /// `critical` or `review`.
        list: &'static str,
        /// The link id.
        item: String,
        /// The value asked for.
        at_least: i32,
    },
    /// The owner forbids it.
    #[error("{0}")]
    Forbidden(&'static str),
}

/// Everything that is wrong with an instrument; never empty.
#[derive(Debug, Clone, PartialEq)]
pub struct Defects(pub Vec<Defect>);

impl fmt::Display for Defects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&words.join("; "))
    }
}

impl std::error::Error for Defects {}

impl From<Defect> for Defects {
    fn from(defect: Defect) -> Self {
        Self(vec![defect])
    }
}
