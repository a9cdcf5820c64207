//! What a grade is going to be taught (P1.1).

use super::{
    facts::School,
    ids::{PlanId, SchoolId},
    lesson::TOPIC_MAX,
    stage::{Education, Grade, LessonKind},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use xinqiao_kit::{
    status::Violation,
    time::{SchoolYear, Ts},
    validate::Violations,
};

/// Units of a plan.
pub const UNITS_MAX: usize = 60;
/// Lesson hours of a unit.
pub const UNIT_HOURS: std::ops::RangeInclusive<i32> = 1..=20;

/// A teaching plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TeachingPlan {
    /// Its id.
    pub id: PlanId,
    /// The school.
    pub school: SchoolId,
    /// The school year.
    pub year: SchoolYear,
    /// The grade.
    pub grade: Grade,
    /// For everybody or for pupils with a particular need.
    pub kind: LessonKind,
    /// What it is called.
    pub title: String,
    /// What is taught, in order.
    pub units: Vec<Unit>,
    /// Row version.
    pub version: i64,
    /// When it was made.
    pub created_at: Ts,
    /// When it was last changed.
    pub updated_at: Ts,
}

/// One unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unit {
    /// What it is about.
    pub topic: String,
    /// Lesson hours that it takes.
    pub lesson_hours: i32,
    /// Which of the five educations it serves.
    pub educations: BTreeSet<Education>,
}

/// What somebody says of a plan, as far as it was given and could be read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PlanForm {
    /// The school year.
    pub year: Option<i32>,
    /// The grade.
    pub grade: Option<i32>,
    /// For everybody or for pupils with a particular need.
    pub kind: Option<LessonKind>,
    /// What it is called.
    pub title: Option<String>,
    /// What is taught.
    pub units: Option<Vec<Unit>>,
}

impl PlanForm {
    /// Notes everything that is wrong with what was given. `running` is the school year of today.
    pub fn check(&self, v: &mut Violations, running: SchoolYear, school: &School) {
        if let Some(year) = self.year {
            v.range("teaching_plan.school_year", year, running.0, running.next().0);
        }
        if let Some(number) = self.grade {
            match Grade::new(number) {
                Some(grade) if !school.stages.contains(&grade.stage()) => {
                    v.push(Violation::new("teaching_plan.grade", "STAGE_NOT_TAUGHT"));
                }
                Some(_) => {}
                None => _ = v.range("teaching_plan.grade", number, 1, 12),
            }
        }
        if let Some(title) = &self.title {
            v.len("teaching_plan.title", title, 1, TOPIC_MAX);
        }
        if let Some(units) = &self.units {
            check_units(v, units);
        }
    }
}

fn check_units(v: &mut Violations, units: &[Unit]) {
    if units.is_empty() {
        v.push(Violation::new("teaching_plan.units", "REQUIRED"));
    }
    v.count("teaching_plan.units", units.len(), UNITS_MAX);
    for (at, unit) in units.iter().take(UNITS_MAX).enumerate() {
        v.len(&format!("teaching_plan.units[{at}].topic"), &unit.topic, 1, TOPIC_MAX);
        let field = format!("teaching_plan.units[{at}].lesson_hours");
        v.range(&field, unit.lesson_hours, *UNIT_HOURS.start(), *UNIT_HOURS.end());
    }
}

impl TeachingPlan {
    /// Lesson hours of all units.
    pub fn planned_hours(&self) -> i32 {
        self.units.iter().map(|unit| unit.lesson_hours).sum()
    }

    /// Takes over what was given.
    pub fn change(&mut self, form: PlanForm, at: Ts) {
        if let Some(title) = form.title {
            self.title = title;
        }
        if let Some(units) = form.units {
            self.units = units;
        }
        self.version += 1;
        self.updated_at = at;
    }
}
