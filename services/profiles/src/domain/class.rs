//! Classes. A class keeps the year in which it entered its stage; its grade follows from the date.

use super::{
    ids::{ClassId, SchoolId},
    school::Running,
    stage::Stage,
};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use xinqiao_kit::time::{SchoolYear, Ts};

/// Highest number of a class within its year.
pub const CLASS_NUMBER_MAX: i32 = 99;
/// Earliest entry year that is taken for one.
pub const ENTRY_YEAR_MIN: i32 = 1990;

/// A class.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Class {
    /// Its id.
    pub id: ClassId,
    /// Its school.
    pub school: SchoolId,
    /// Its stage.
    pub stage: Stage,
    /// Year of the September in which it entered the stage.
    pub entry_year: i32,
    /// Its number within the year, from 1.
    pub number: i32,
    /// Whether it is running.
    pub state: Running,
    /// When it was opened.
    pub created_at: Ts,
    /// When it was last changed.
    pub updated_at: Ts,
    /// Version of the row.
    pub version: i64,
}

impl Class {
    /// A class that opens now.
    pub fn open(id: ClassId, school: SchoolId, stage: Stage, entry_year: i32, number: i32, now: Ts) -> Self {
        let state = Running::Active;
        Self { id, school, stage, entry_year, number, state, created_at: now, updated_at: now, version: 1 }
    }

    /// The grade on `date`; see [`grade_at`].
    pub fn grade_at(&self, date: NaiveDate) -> Option<i32> {
        grade_at(self.stage, self.entry_year, date)
    }

    /// Whether the last school year of the class is over on `date`: its pupils have graduated.
    pub fn is_over(&self, date: NaiveDate) -> bool {
        let years = self.stage.last_grade() - self.stage.first_grade() + 1;
        SchoolYear::of(date).0 >= self.entry_year.saturating_add(years)
    }

    /// What people call the class on `date`: `三年级2班`, `初一1班`, `高三4班`, or `2024级2班` when it has no grade.
    pub fn display_name_at(&self, date: NaiveDate) -> String {
        match self.grade_at(date) {
            Some(grade) => format!("{}{}班", grade_name(grade), self.number),
            None => format!("{}级{}班", self.entry_year, self.number),
        }
    }
}

/// The grade, 1 to 12 through all stages, on `date` of those who entered `stage` in September of `entry_year`; `None` before they
/// entered and after they graduated.
pub fn grade_at(stage: Stage, entry_year: i32, date: NaiveDate) -> Option<i32> {
    stage.grade(entry_year, SchoolYear::of(date).0)
}

/// The entry year of those who are in `grade` (1 to 12) on `date`.
pub fn entry_year_of(grade: i32, date: NaiveDate) -> Option<i32> {
    let stage = Stage::of_grade(grade)?;
    Some(stage.entry_year(grade, SchoolYear::of(date).0))
}

/// What people call a grade from 1 to 12.
pub fn grade_name(grade: i32) -> &'static str {
    match grade {
        1 => "一年级",
        2 => "二年级",
        3 => "三年级",
        4 => "四年级",
        5 => "五年级",
        6 => "六年级",
        7 => "初一",
        8 => "初二",
        9 => "初三",
        10 => "高一",
        11 => "高二",
        12 => "高三",
        _ => "",
    }
}
