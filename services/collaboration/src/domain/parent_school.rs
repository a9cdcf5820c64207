//! Parent schools (家长学校, P6.2). Psychology is compulsory in their syllabus (P6.5).

use super::{evidence::TOPIC_MAX, ids::SchoolId};
use serde::{Deserialize, Serialize};
use xinqiao_kit::{status::Violation, time::Ts, validate::Violations};

/// Units of a syllabus.
pub const UNITS_MAX: usize = 60;

/// The parent school of a school.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParentSchool {
    /// The school.
    pub school: SchoolId,
    /// What is taught, in order.
    pub units: Vec<SyllabusUnit>,
    /// Row version.
    pub version: i64,
    /// When the syllabus was first written.
    pub created_at: Ts,
    /// When it was last changed.
    pub updated_at: Ts,
}

/// One unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyllabusUnit {
    /// What it is about.
    pub topic: String,
    /// Whether it teaches psychology.
    pub psychology: bool,
}

/// Notes everything that is wrong with a syllabus.
pub fn check_units(v: &mut Violations, units: &[SyllabusUnit]) {
    if units.is_empty() {
        v.push(Violation::new("parent_school.units", "REQUIRED"));
    }
    v.count("parent_school.units", units.len(), UNITS_MAX);
    for (at, unit) in units.iter().take(UNITS_MAX).enumerate() {
        let field = format!("parent_school.units[{at}].topic");
        v.len(&field, &unit.topic, 1, TOPIC_MAX);
        if units.iter().take(at).any(|earlier| earlier.topic == unit.topic) {
            v.push(Violation::new(field, "DUPLICATE"));
        }
    }
}

impl ParentSchool {
    /// Whether psychology is part of the syllabus.
    pub fn teaches_psychology(&self) -> bool {
        self.units.iter().any(|unit| unit.psychology)
    }

    /// The unit of that topic.
    pub fn unit(&self, topic: &str) -> Option<&SyllabusUnit> {
        self.units.iter().find(|unit| unit.topic == topic)
    }

    /// Takes over a new syllabus.
    pub fn rewrite(&mut self, units: Vec<SyllabusUnit>, at: Ts) {
        self.units = units;
        self.version += 1;
        self.updated_at = at;
    }
}
