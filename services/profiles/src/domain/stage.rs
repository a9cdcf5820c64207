//! Stages of schooling (学段) and the grades in them.

use serde::{Deserialize, Serialize};

/// A stage of schooling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// 小学, grades 1 to 6.
    Primary,
    /// 初中, grades 7 to 9.
    Junior,
    /// 高中, grades 10 to 12.
    Senior,
}

impl Stage {
    /// All stages, lowest first.
    pub const ALL: [Self; 3] = [Self::Primary, Self::Junior, Self::Senior];

    /// The word that is stored and told to other services: `primary`, `junior`, `senior`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Primary => "primary",
            Self::Junior => "junior",
            Self::Senior => "senior",
        }
    }

    /// The stage of a stored word.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| stage.word() == word)
    }

    /// The first grade of the stage, counted through all stages: 1, 7 or 10.
    pub fn first_grade(self) -> i32 {
        match self {
            Self::Primary => 1,
            Self::Junior => 7,
            Self::Senior => 10,
        }
    }

    /// The last grade of the stage: 6, 9 or 12.
    pub fn last_grade(self) -> i32 {
        match self {
            Self::Primary => 6,
            Self::Junior => 9,
            Self::Senior => 12,
        }
    }

    /// The stage that a grade from 1 to 12 belongs to.
    pub fn of_grade(grade: i32) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| (stage.first_grade()..=stage.last_grade()).contains(&grade))
    }

    /// The grade, in the school year that begins in `school_year`, of those who entered the stage in September of `entry_year`; None before
    /// entry and after the last grade.
    pub fn grade(self, entry_year: i32, school_year: i32) -> Option<i32> {
        let grade = self.first_grade() + school_year - entry_year;
        (self.first_grade()..=self.last_grade()).contains(&grade).then_some(grade)
    }

    /// The year in which those entered the stage who are in `grade` in the school year that begins in `school_year`.
    pub fn entry_year(self, grade: i32, school_year: i32) -> i32 {
        school_year - (grade - self.first_grade())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grade_follows_from_stage_entry_year_and_school_year() {
        for (stage, entry, year, grade) in [
            (Stage::Primary, 2026, 2026, Some(1)),
            (Stage::Primary, 2021, 2026, Some(6)),
            (Stage::Primary, 2020, 2026, None),
            (Stage::Junior, 2024, 2026, Some(9)),
            (Stage::Senior, 2026, 2026, Some(10)),
            (Stage::Senior, 2027, 2026, None),
        ] {
            assert_eq!(stage.grade(entry, year), grade, "{stage:?} {entry}");
        }
    }

    #[test]
    fn each_grade_has_one_stage_and_leads_back_to_its_entry_year() {
        for grade in 1..=12 {
            let stage = Stage::of_grade(grade).unwrap();
            assert_eq!(stage.grade(stage.entry_year(grade, 2026), 2026), Some(grade));
        }
        assert_eq!((Stage::of_grade(0), Stage::of_grade(13)), (None, None));
        assert!(Stage::ALL.into_iter().all(|stage| Stage::of_word(stage.word()) == Some(stage)));
    }
}
