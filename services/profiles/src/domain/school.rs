//! Schools and the stages that they teach (P0.1, P7.1).

use super::{ids::SchoolId, stage::Stage, words::words};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use xinqiao_kit::time::Ts;

/// The stages of a school: at least one.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Stages(BTreeSet<Stage>);

impl Stages {
    /// The stages, each once; `None` if there are none.
    pub fn new(stages: impl IntoIterator<Item = Stage>) -> Option<Self> {
        let stages: BTreeSet<Stage> = stages.into_iter().collect();
        (!stages.is_empty()).then_some(Self(stages))
    }

    /// Whether the school teaches `stage`.
    pub fn contains(&self, stage: Stage) -> bool {
        self.0.contains(&stage)
    }

    /// The stages from low to high.
    pub fn iter(&self) -> impl Iterator<Item = Stage> {
        self.0.iter().copied()
    }

    /// The words of the stages, with commas between: how they are stored.
    pub fn words(&self) -> String {
        self.iter().map(Stage::word).collect::<Vec<_>>().join(",")
    }

    /// The stages of stored words.
    pub fn of_words(words: &str) -> Option<Self> {
        words.split(',').map(Stage::of_word).collect::<Option<Vec<_>>>().and_then(Self::new)
    }

    /// The stages of what a county's list of schools writes under 学段: one kind of school, or several stages with
    /// `、`, `,`, `/` or `+` between.
    pub fn of_chinese(text: &str) -> Option<Self> {
        let mut found = BTreeSet::new();
        for part in text.split(['、', ',', '，', '/', '+', ' ', '；', ';']).filter(|part| !part.is_empty())
        {
            found.extend(kind_of_school(part)?);
        }
        Self::new(found)
    }
}

fn kind_of_school(text: &str) -> Option<&'static [Stage]> {
    use Stage::{Junior, Primary, Senior};
    Some(match text {
        "小学" | "完全小学" | "教学点" => &[Primary],
        "初中" | "初级中学" => &[Junior],
        "高中" | "高级中学" | "普通高中" => &[Senior],
        "九年一贯" | "九年一贯制" | "九年一贯制学校" => &[Primary, Junior],
        "完全中学" | "完中" => &[Junior, Senior],
        "十二年一贯" | "十二年一贯制" | "十二年一贯制学校" => &[Primary, Junior, Senior],
        _ => return None,
    })
}

/// A school code (学校标识码): 10 digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SchoolCode(String);

impl SchoolCode {
    /// Digits of a code.
    pub const LEN: usize = 10;

    /// Reads a code; `None` if it is not 10 ASCII digits.
    pub fn parse(text: &str) -> Option<Self> {
        let well_formed = text.len() == Self::LEN && text.bytes().all(|b| b.is_ascii_digit());
        well_formed.then(|| Self(text.to_owned()))
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

words! {
    /// Whether something is still running.
    pub enum Running {
        /// It is.
        Active = "active",
        /// It was closed for good.
        Closed = "closed",
    }
}

/// Longest name of a school, in characters.
pub const SCHOOL_NAME_MAX: usize = 100;

/// A school.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct School {
    /// Its id.
    pub id: SchoolId,
    /// Its code, unique in the county.
    pub code: SchoolCode,
    /// Its name.
    pub display_name: String,
    /// What it teaches.
    pub stages: Stages,
    /// Whether it is open.
    pub state: Running,
    /// When it was registered.
    pub created_at: Ts,
    /// When it was last changed.
    pub updated_at: Ts,
    /// Version of the row.
    pub version: i64,
}

/// What a county's list says of a school.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchoolLine {
    /// Its code.
    pub code: SchoolCode,
    /// Its name.
    pub display_name: String,
    /// What it teaches.
    pub stages: Stages,
}

impl School {
    /// A school that opens now.
    pub fn open(id: SchoolId, line: SchoolLine, now: Ts) -> Self {
        let SchoolLine { code, display_name, stages } = line;
        Self {
            id,
            code,
            display_name,
            stages,
            state: Running::Active,
            created_at: now,
            updated_at: now,
            version: 1,
        }
    }

    /// Whether a list's line says nothing new.
    pub fn says(&self, line: &SchoolLine) -> bool {
        self.code == line.code && self.display_name == line.display_name && self.stages == line.stages
    }
}
