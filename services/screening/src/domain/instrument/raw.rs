//! An instrument as it stands in its file, before anything is believed.

use super::{Band, Combine, Defect, Defects, Kind, OwnReport, Severity, Wording, fhir::Questionnaire};
use crate::domain::text::Text;
use serde::{Deserialize, Serialize};

/// The three parts of an instrument's file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawInstrument {
    /// What it is and where its figures come from.
    pub passport: RawPassport,
    /// How it is scored.
    pub key: RawKey,
    /// What is asked, as a FHIR R4 Questionnaire.
    pub questionnaire: Questionnaire,
}

/// The passport; every field is asked for by the check, not by the reader, so that all that lacks is told at once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawPassport {
    /// Id.
    pub id: Option<String>,
    /// Version.
    pub version: Option<i32>,
    /// Title.
    pub title: Option<Text>,
    /// Who fills it in.
    pub kind: Option<Kind>,
    /// Where the wording comes from.
    pub wording: Option<Wording>,
    /// Terms of use.
    pub licence: Option<String>,
    /// Number of items.
    pub item_count: Option<usize>,
    /// Lowest and highest answer.
    pub response_range: Option<(i32, i32)>,
    /// Youngest and oldest age.
    pub age_years: Option<(u8, u8)>,
    /// Minutes that it usually takes.
    pub typical_minutes: Option<u16>,
    /// Words for the pupil; none means that the pupil gets no report.
    #[serde(default)]
    pub own_report: Option<OwnReport>,
}

/// The scoring key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawKey {
    /// The scales.
    pub scales: Vec<RawScale>,
    /// Link ids that no scale counts, on purpose.
    #[serde(default)]
    pub unscored: Vec<String>,
    /// Answers that raise an alert.
    #[serde(default)]
    pub critical: Vec<RawCritical>,
    /// Answers that make a person review the sheet.
    #[serde(default)]
    pub review: Vec<RawReview>,
}

/// One scale: of items, or `of` other scales.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawScale {
    /// Id.
    pub id: String,
    /// Title.
    pub title: Text,
    /// Link ids of its items.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<String>,
    /// Those that are reversed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reversed: Vec<String>,
    /// Ids of the scales that it adds up.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub of: Vec<String>,
    /// How values become the score.
    pub combine: Combine,
    /// Missing answers that may be filled.
    #[serde(default)]
    pub max_missing: usize,
    /// Whether it is a validity scale.
    #[serde(default)]
    pub validity: bool,
    /// Bands.
    pub bands: Vec<Band>,
}

/// An answer that raises an alert.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawCritical {
    /// Link id.
    pub item: String,
    /// Lowest value.
    pub at_least: i32,
    /// Severity.
    pub severity: Severity,
}

/// An answer that makes a person review the sheet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawReview {
    /// Link id.
    pub item: String,
    /// Lowest value.
    pub at_least: i32,
}

impl RawInstrument {
    /// Reads a file's text.
    ///
    /// # Errors
    /// That it cannot be read, and where.
    pub fn parse(json: &str) -> Result<Self, Defects> {
        serde_json::from_str(json).map_err(|error| Defect::Unreadable(error.to_string()).into())
    }

    /// The same key and passport with an official wording: a new version under the county's licence.
    #[must_use]
    pub fn with_wording(&self, questionnaire: Questionnaire, licence: &str, version: i32) -> Self {
        let passport = RawPassport {
            version: Some(version),
            wording: Some(Wording::Official),
            licence: Some(licence.to_owned()),
            title: questionnaire.title_text().or_else(|| self.passport.title.clone()),
            ..self.passport.clone()
        };
        Self { passport, key: self.key.clone(), questionnaire }
    }
}
