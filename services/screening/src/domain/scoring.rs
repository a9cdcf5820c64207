//! Scoring: what answers mean by an instrument's key. Pure arithmetic; the same answers give the same result for ever.

use super::{
    answers::Answers,
    instrument::{Combine, Instrument, Scale, Severity},
    level::Level,
};
use serde::{Deserialize, Serialize};

/// Version of the rules in this file and in [`Trust`]: a result keeps the version it was scored with and is never recomputed.
pub const RULE_VERSION: i32 = 1;

/// What one sheet of answers means.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Scored {
    /// Whether it can be interpreted.
    pub validity: Validity,
    /// Why it is void, if it is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub void_reasons: Vec<VoidReason>,
    /// Link ids of items that are shown and not answered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
    /// The scores in the order of the key.
    pub scores: Vec<ScaleScore>,
    /// The highest level of any scale; none for a void result.
    pub level: Level,
    /// Critical answers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub critical: Vec<CriticalHit>,
    /// Link ids of items that make a person review the sheet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub review: Vec<String>,
}

impl Scored {
    /// How much the finding of this result asks for: its level, and more after a critical answer. A void result has no finding.
    pub fn finding_level(&self) -> Level {
        if self.validity == Validity::Void {
            return Level::None;
        }
        let grave = self.critical.iter().map(|hit| match hit.severity {
            Severity::Red => Level::Urgent,
            Severity::Orange => Level::Attention,
            Severity::Yellow => Level::Watch,
        });
        grave.max().unwrap_or_default().max(self.level)
    }
}

/// Whether a result can be interpreted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Validity {
    /// It can.
    Valid,
    /// It cannot.
    Void,
    /// Some scale could not be scored.
    Incomplete,
}

/// Why a result is void.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VoidReason {
    /// Answered faster than anybody can read.
    Speeding,
    /// The same answer too many times in a row.
    StraightLining,
    /// The validity scale is above its cut-off.
    ValidityScale,
}

/// The score of one scale.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScaleScore {
    /// Id of the scale.
    pub scale: String,
    /// The score, if enough was answered.
    pub score: Option<f64>,
    /// Id of the band it falls into.
    pub band: Option<String>,
    /// Level of that band.
    pub level: Level,
    /// Whether missing answers were filled with the mean of the others.
    #[serde(default)]
    pub prorated: bool,
}

/// A critical answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CriticalHit {
    /// Link id of the item.
    pub item: String,
    /// Severity of the alert.
    pub severity: Severity,
}

/// What is known of how the sheet was filled in, and what the county makes of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trust {
    /// Seconds that the pupil took; not known where a person typed the sheet in for the pupil.
    pub seconds: Option<f64>,
    /// Seconds an item below which nobody can have read it.
    pub min_seconds_per_item: f64,
    /// Equal answers in a row that void a result; 0 never does.
    pub straight_line_items: usize,
}

/// Scores a sheet.
pub fn score(instrument: &Instrument, answers: &Answers, trust: &Trust) -> Scored {
    let scores: Vec<ScaleScore> =
        instrument.scales.iter().map(|scale| scale_score(scale, instrument, answers)).collect();
    let void_reasons = void_reasons(instrument, answers, trust);
    let complete = scores.iter().all(|score| score.score.is_some());
    let validity = match (void_reasons.is_empty(), complete) {
        (false, _) => Validity::Void,
        (true, true) => Validity::Valid,
        (true, false) => Validity::Incomplete,
    };
    let trusted = instrument.scales.iter().zip(&scores).filter(|(scale, _)| !scale.validity);
    let level = trusted.map(|(_, score)| score.level).max().unwrap_or_default();
    Scored {
        level: if validity == Validity::Void { Level::None } else { level },
        validity,
        void_reasons,
        missing: answers.missing(instrument),
        scores,
        critical: critical(instrument, answers),
        review: review(instrument, answers),
    }
}

/// The critical answers of a sheet, finished or not: one hit an item, the most severe.
pub fn critical(instrument: &Instrument, answers: &Answers) -> Vec<CriticalHit> {
    let mut hits: Vec<CriticalHit> = Vec::new();
    for entry in &instrument.critical {
        if answers.get(entry.item).is_none_or(|value| value < entry.at_least) {
            continue;
        }
        let item = instrument.link_id(entry.item);
        match hits.iter_mut().find(|hit| hit.item == item) {
            Some(hit) => hit.severity = hit.severity.max(entry.severity),
            None => hits.push(CriticalHit { item: item.to_owned(), severity: entry.severity }),
        }
    }
    hits
}

fn review(instrument: &Instrument, answers: &Answers) -> Vec<String> {
    let asked = instrument.review.iter();
    let hit = asked.filter(|entry| answers.get(entry.item).is_some_and(|value| value >= entry.at_least));
    hit.map(|entry| instrument.link_id(entry.item).to_owned()).collect()
}

fn scale_score(scale: &Scale, instrument: &Instrument, answers: &Answers) -> ScaleScore {
    let count = scale.items.len();
    let (sum, answered) = raw_sum(scale, instrument, answers);
    let missing = count - answered;
    let value = if missing <= scale.max_missing && answered > 0 {
        let mean = f64::from(sum) / as_f64(answered);
        Some(match (scale.combine, missing) {
            (Combine::Mean, _) => mean,
            (Combine::Sum, 0) => f64::from(sum),
            (Combine::Sum, _) => (mean * as_f64(count)).round(),
        })
    } else {
        None
    };
    let band = value.and_then(|value| scale.band(value));
    ScaleScore {
        scale: scale.id.clone(),
        score: value,
        band: band.map(|band| band.id.clone()),
        level: band.map_or(Level::None, |band| band.level),
        prorated: value.is_some() && missing > 0,
    }
}

/// Sum of the answered items, reversed where the key says so within the item's own range, and how many were answered.
fn raw_sum(scale: &Scale, instrument: &Instrument, answers: &Answers) -> (i32, usize) {
    scale.items.iter().fold((0, 0), |(sum, answered), (at, reversed)| {
        match (answers.get(*at), instrument.items.get(*at)) {
            (Some(value), Some(item)) => {
                let (low, high) = item.range();
                (sum + if *reversed { low + high - value } else { value }, answered + 1)
            }
            _ => (sum, answered),
        }
    })
}

fn void_reasons(instrument: &Instrument, answers: &Answers, trust: &Trust) -> Vec<VoidReason> {
    let mut reasons = Vec::new();
    let answered = answers.count();
    if answered > 0
        && trust.seconds.is_some_and(|seconds| seconds < trust.min_seconds_per_item * as_f64(answered))
    {
        reasons.push(VoidReason::Speeding);
    }
    if trust.straight_line_items > 0 && answers.longest_run(instrument) >= trust.straight_line_items {
        reasons.push(VoidReason::StraightLining);
    }
    // A validity scale voids as soon as its sum has reached the band, though some of its items are missing.
    let implausible = instrument.scales.iter().filter(|scale| scale.validity).any(|scale| {
        let (sum, answered) = raw_sum(scale, instrument, answers);
        let so_far = match scale.combine {
            Combine::Sum => f64::from(sum),
            Combine::Mean => f64::from(sum) / as_f64(answered.max(1)),
        };
        answered > 0 && scale.band(so_far).is_some_and(|band| band.level > Level::None)
    });
    if implausible {
        reasons.push(VoidReason::ValidityScale);
    }
    reasons
}

fn as_f64(count: usize) -> f64 {
    // Items are 500 at most.
    u32::try_from(count).map_or(f64::MAX, f64::from)
}
