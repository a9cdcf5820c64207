//! Instruments: a questionnaire, a scoring key and a passport, as data. Only one that passed its passport check exists as an [`Instrument`].

mod check;
mod defect;
pub mod fhir;
mod raw;
#[cfg(test)]
mod tests;

pub use defect::{Defect, Defects};
pub use raw::RawInstrument;

use super::{level::Level, text::Text};
use serde::{Deserialize, Serialize};
use std::ops::RangeInclusive;

/// An instrument whose passport, key and items fit together. It never changes; another wording or cut-off is another version.
#[derive(Debug, Clone, PartialEq)]
pub struct Instrument {
    /// Id, such as `phq-9`.
    pub id: String,
    /// Version, from 1 for those that the platform ships, from [`FIRST_COUNTY_VERSION`] for those that a county imports.
    pub version: i32,
    /// Title.
    pub title: Text,
    /// Who fills it in.
    pub kind: Kind,
    /// Where its wording comes from.
    pub wording: Wording,
    /// Terms of use.
    pub licence: String,
    /// Ages in whole years that it is meant for.
    pub age_years: RangeInclusive<u8>,
    /// Minutes that it usually takes.
    pub typical_minutes: u16,
    /// Supportive words for the pupil, where the pupil may have a report.
    pub own_report: Option<OwnReport>,
    /// What is read before the first item.
    pub instructions: Text,
    /// The items in order.
    pub items: Vec<Item>,
    /// The scales, those that add up others last.
    pub scales: Vec<Scale>,
    /// Answers that raise an alert.
    pub critical: Vec<Critical>,
    /// Answers that make a person review the sheet.
    pub review: Vec<Review>,
}

/// County versions start here, so that a later shipped version never collides with one.
pub const FIRST_COUNTY_VERSION: i32 = 1001;

/// Who fills an instrument in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Pupils about themselves.
    SelfReport,
    /// Staff about a pupil.
    StaffObservation,
    /// Peers about a classmate.
    PeerObservation,
}

/// Where a wording comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wording {
    /// Written for this project.
    Project,
    /// Imported under a licence.
    Official,
}

/// Supportive words by level; never a score.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnReport {
    /// For a result that asks for nothing.
    pub none: Text,
    /// For one to keep in view.
    pub watch: Text,
    /// For one that opens an interview.
    pub attention: Text,
}

/// One item.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// What answers refer to.
    pub link_id: String,
    /// What is asked.
    pub text: Text,
    /// The answers to choose from, ascending.
    pub options: Vec<AnswerOption>,
    /// Positions of the items of which the highest answer shows this one; empty: always shown.
    pub shown_after: Vec<usize>,
}

/// One answer to choose from.
#[derive(Debug, Clone, PartialEq)]
pub struct AnswerOption {
    /// Its value.
    pub value: i32,
    /// Its words.
    pub label: Text,
}

/// One scale.
#[derive(Debug, Clone, PartialEq)]
pub struct Scale {
    /// Id within the instrument.
    pub id: String,
    /// Title.
    pub title: Text,
    /// Positions of its items, and whether each is reversed within its own range.
    pub items: Vec<(usize, bool)>,
    /// How values become the score.
    pub combine: Combine,
    /// Missing answers that may be filled with the mean of the others.
    pub max_missing: usize,
    /// Whether it says how far the answers can be trusted.
    pub validity: bool,
    /// Whether it adds up other scales.
    pub composite: bool,
    /// Lowest and highest possible score.
    pub range: (f64, f64),
    /// Bands, ascending, the first from the lowest possible score.
    pub bands: Vec<Band>,
}

/// How values become a score.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Combine {
    /// Their sum.
    Sum,
    /// Their mean.
    Mean,
}

/// A range of scores with one meaning; it reaches to the next band.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Band {
    /// Id within the scale.
    pub id: String,
    /// Title.
    pub title: Text,
    /// Lowest score of the band.
    pub from: f64,
    /// What follows from it.
    pub level: Level,
    /// Where the cut-off comes from.
    pub source: String,
}

/// An answer that raises an alert at once.
#[derive(Debug, Clone, PartialEq)]
pub struct Critical {
    /// Position of the item.
    pub item: usize,
    /// Lowest value that raises it.
    pub at_least: i32,
    /// How severe the alert is.
    pub severity: Severity,
}

/// An answer that makes a person review the sheet.
#[derive(Debug, Clone, PartialEq)]
pub struct Review {
    /// Position of the item.
    pub item: usize,
    /// Lowest value that does.
    pub at_least: i32,
}

/// Severity of an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// To be handled in school hours.
    Yellow,
    /// To be handled today.
    Orange,
    /// Danger to life, now.
    Red,
}

impl Severity {
    /// The word that events carry.
    pub fn word(self) -> &'static str {
        match self {
            Self::Yellow => "yellow",
            Self::Orange => "orange",
            Self::Red => "red",
        }
    }

    /// The severity of a word.
    pub fn of_word(word: &str) -> Option<Self> {
        [Self::Yellow, Self::Orange, Self::Red].into_iter().find(|severity| severity.word() == word)
    }
}

impl Item {
    /// Lowest and highest value.
    pub fn range(&self) -> (i32, i32) {
        let low = self.options.first().map_or(0, |option| option.value);
        let high = self.options.last().map_or(0, |option| option.value);
        (low, high)
    }

    /// Whether `value` is one of its answers.
    pub fn offers(&self, value: i32) -> bool {
        self.options.iter().any(|option| option.value == value)
    }
}

impl Instrument {
    /// Reads an instrument and checks its passport against its key and items.
    ///
    /// # Errors
    /// Every defect at once.
    pub fn parse(json: &str) -> Result<Self, Defects> {
        check::instrument(&RawInstrument::parse(json)?)
    }

    /// Checks an instrument that was already read.
    ///
    /// # Errors
    /// Every defect at once.
    pub fn check(raw: &RawInstrument) -> Result<Self, Defects> {
        check::instrument(raw)
    }

    /// Position of an item.
    pub fn position(&self, link_id: &str) -> Option<usize> {
        // Link ids are mostly 1, 2, 3 in order: look there before searching.
        let guess = link_id.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
        guess
            .filter(|at| self.items.get(*at).is_some_and(|item| item.link_id == link_id))
            .or_else(|| self.items.iter().position(|item| item.link_id == link_id))
    }

    /// Link id of the item at `position`; empty beyond the last.
    pub fn link_id(&self, position: usize) -> &str {
        self.items.get(position).map_or("", |item| item.link_id.as_str())
    }

    /// Its scale of this id.
    pub fn scale(&self, id: &str) -> Option<&Scale> {
        self.scales.iter().find(|scale| scale.id == id)
    }

    /// Whether it suits a class of this grade (1 to 12): some of its pupils are of an age that the passport names. A grade's pupils
    /// are `grade + 5` years old when it begins and one more when it ends.
    pub fn suits_grade(&self, grade: u8) -> bool {
        let youngest = grade.saturating_add(5);
        *self.age_years.start() <= youngest.saturating_add(1) && youngest <= *self.age_years.end()
    }
}

impl Scale {
    /// The band that a score falls into.
    pub fn band(&self, score: f64) -> Option<&Band> {
        self.bands.iter().rev().find(|band| score >= band.from)
    }
}
