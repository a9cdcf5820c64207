//! Lesson hours (课时): minutes divided by the length of a lesson. Computed, never typed.

use super::stage::Stage;
use serde::{Deserialize, Serialize};

/// How long a lesson hour is in each stage (county settings: local defaults).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LessonLengths {
    /// Minutes of a primary lesson hour.
    pub primary_minutes: u32,
    /// Minutes of a junior or senior lesson hour.
    pub secondary_minutes: u32,
}

impl LessonLengths {
    /// Minutes of a lesson hour in `stage`.
    pub fn minutes(self, stage: Stage) -> i64 {
        let minutes = match stage {
            Stage::Primary => self.primary_minutes,
            Stage::Junior | Stage::Senior => self.secondary_minutes,
        };
        i64::from(minutes.max(1))
    }

    /// The lesson hours that so many minutes are in `stage`.
    pub fn hours(self, stage: Stage, minutes: i64) -> Hours {
        Hours::of(minutes, self.minutes(stage))
    }
}

/// Hours in hundredths, rounded down, so that a target is never reached by rounding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Hours(i64);

impl Hours {
    /// So many minutes as hours of `length` minutes each.
    pub fn of(minutes: i64, length: i64) -> Self {
        Self(minutes.max(0).saturating_mul(100) / length.max(1))
    }

    /// The number, such as 11.75.
    pub fn as_f64(self) -> f64 {
        // Hundredths of a few thousand hours: exact enough by far, and shown with two digits.
        self.0 as f64 / 100.0
    }
}
