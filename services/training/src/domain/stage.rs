//! Stages, grades, and the words that schools are described with.

use serde::{Deserialize, Serialize};
use xinqiao_kit::time::SchoolYear;

/// Defines an enum that is stored and told by words: `ALL`, `word`, `of_word`.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$doc])* $variant),+ }

        impl $name {
            /// All of them, in their order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word that is stored.
            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// The value of a stored word.
            pub fn of_word(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|value| value.word() == word)
            }
        }
    };
}
pub(crate) use words;

words! {
    /// A stage of schooling (学段).
    Stage {
        /// 小学, grades 1 to 6.
        Primary = "primary",
        /// 初中, grades 7 to 9.
        Junior = "junior",
        /// 高中, grades 10 to 12.
        Senior = "senior",
    }
}

words! {
    /// The five educations (五育, P0.2).
    Education {
        /// 德.
        Moral = "moral",
        /// 智.
        Intellectual = "intellectual",
        /// 体.
        Physical = "physical",
        /// 美.
        Aesthetic = "aesthetic",
        /// 劳.
        Labour = "labour",
    }
}

words! {
    /// Whom teaching is meant for (分层分类, P1.1).
    LessonKind {
        /// For everybody in the class.
        Universal = "universal",
        /// For pupils with a particular need.
        Targeted = "targeted",
    }
}

impl Stage {
    /// Lesson hours that each grade of the stage is to have in a school year: 12 in primary (P1.2), 14 above (P1.3).
    pub fn target_lesson_hours(self) -> i32 {
        match self {
            Self::Primary => 12,
            Self::Junior | Self::Senior => 14,
        }
    }

    fn grades(self) -> std::ops::RangeInclusive<i32> {
        match self {
            Self::Primary => 1..=6,
            Self::Junior => 7..=9,
            Self::Senior => 10..=12,
        }
    }
}

/// A grade, counted through all stages from 1 to 12.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "i32", into = "i32")]
pub struct Grade(i32);

impl Grade {
    /// The grade of that number, if there is one.
    pub fn new(number: i32) -> Option<Self> {
        (1..=12).contains(&number).then_some(Self(number))
    }

    /// The grade in `year` of those who entered `stage` in September of `entry_year`; none before and after the stage.
    pub fn of(stage: Stage, entry_year: i32, year: SchoolYear) -> Option<Self> {
        let number = stage.grades().start() + year.0 - entry_year;
        stage.grades().contains(&number).then_some(Self(number))
    }

    /// Its number, from 1 to 12.
    pub fn number(self) -> i32 {
        self.0
    }

    /// The stage that it belongs to.
    pub fn stage(self) -> Stage {
        match self.0 {
            ..=6 => Stage::Primary,
            7..=9 => Stage::Junior,
            _ => Stage::Senior,
        }
    }
}

impl TryFrom<i32> for Grade {
    type Error = &'static str;

    fn try_from(number: i32) -> Result<Self, &'static str> {
        Self::new(number).ok_or("a grade lies between 1 and 12")
    }
}

impl From<Grade> for i32 {
    fn from(grade: Grade) -> Self {
        grade.0
    }
}
