//! Pupils: who they are, who looks after them at home, which special groups they belong to, where they are in school life.

use super::{
    identifiers::{IdNumber, PersonName, Phone, Sex, StudentNumber},
    ids::{ClassId, GuardianId, SchoolId, StudentId, TransferId},
    words::words,
};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use xinqiao_kit::time::Ts;

/// Guardians of one pupil at most.
pub const GUARDIANS_MAX: usize = 4;
/// Lines on special groups of one pupil at most.
pub const GROUPS_MAX: usize = 40;
/// Longest relation, in characters.
pub const RELATION_MAX: usize = 20;
/// Longest source of a special group, in characters.
pub const SOURCE_MAX: usize = 40;
/// Earliest birth date that is taken for a pupil's.
pub const BIRTH_YEAR_MIN: i32 = 1990;

words! {
    /// The special groups that the policy names (P3.3).
    pub enum GroupKind {
        /// 留守儿童
        LeftBehind = "left_behind",
        /// 单亲家庭
        SingleParent = "single_parent",
        /// 独生子女
        OnlyChild = "only_child",
        /// 随迁子女
        Migrant = "migrant",
        /// 学习困难
        LearningDifficulty = "learning_difficulty",
    }
}

words! {
    /// Where a pupil is in school life.
    pub enum StudentState {
        /// At school.
        Enrolled = "enrolled",
        /// Sealed until the receiving school has accepted.
        Transferring = "transferring",
        /// 休学: keeps the place.
        OnLeave = "on_leave",
        /// Gone from the county's schools.
        Left = "left",
        /// Through with the stage, not yet enrolled in the next.
        Graduated = "graduated",
    }
}

impl StudentState {
    /// Whether the pupil still belongs to a class.
    pub const fn has_place(self) -> bool {
        matches!(self, Self::Enrolled | Self::Transferring | Self::OnLeave)
    }
}

/// A step in school life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The sending school seals the record.
    Transfer,
    /// The receiving school takes the pupil.
    Accept,
    /// The sending school calls the transfer back.
    CancelTransfer,
    /// 休学
    TakeLeave,
    /// Gone from the county's schools.
    Leave,
    /// Back from leave, from elsewhere, or enrolled in the next stage.
    Return,
    /// The last year of the class is over.
    Graduate,
    /// Another class of the same school.
    ChangeClass,
}

/// The state after a step; `None` if it cannot be taken from here.
pub fn step(state: StudentState, step: Step) -> Option<StudentState> {
    use StudentState::{Enrolled, Graduated, Left, OnLeave, Transferring};
    Some(match (state, step) {
        (Enrolled, Step::Transfer) => Transferring,
        (Transferring, Step::Accept | Step::CancelTransfer) => Enrolled,
        (Enrolled, Step::TakeLeave) => OnLeave,
        (Enrolled | OnLeave, Step::Leave) => Left,
        (OnLeave | Left | Graduated, Step::Return) => Enrolled,
        (Enrolled | OnLeave, Step::Graduate) => Graduated,
        (Enrolled, Step::ChangeClass) => Enrolled,
        (OnLeave, Step::ChangeClass) => OnLeave,
        _ => return None,
    })
}

/// Year and month, such as that of enrolment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct YearMonth {
    year: i32,
    month: u32,
}

impl YearMonth {
    /// A month of a year from 1990 to 2099; `None` if there is none such.
    pub fn new(year: i32, month: u32) -> Option<Self> {
        ((1990..2100).contains(&year) && (1..=12).contains(&month)).then_some(Self { year, month })
    }

    /// Reads `YYYY-MM`.
    pub fn parse(text: &str) -> Option<Self> {
        let (year, month) = text.split_once('-')?;
        let digits = |part: &str, len| part.len() == len && part.bytes().all(|b| b.is_ascii_digit());
        if !digits(year, 4) || !digits(month, 2) {
            return None;
        }
        Self::new(year.parse().ok()?, month.parse().ok()?)
    }
}

impl std::fmt::Display for YearMonth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

impl From<YearMonth> for String {
    fn from(month: YearMonth) -> Self {
        month.to_string()
    }
}

impl TryFrom<String> for YearMonth {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or("not a month")
    }
}

/// Who a pupil is. Personal data; sealed as a whole where it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// The name.
    pub name: PersonName,
    /// The sex.
    pub sex: Sex,
    /// The date of birth.
    pub birth_date: NaiveDate,
    /// 身份证件号
    pub id_number: Option<IdNumber>,
    /// 学籍号
    pub student_number: Option<StudentNumber>,
    /// Month of enrolment.
    pub enrol_month: Option<YearMonth>,
}

/// What does not go together in a pupil's data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PersonFault {
    /// Neither ID number nor student number: nobody could tell two pupils apart.
    #[error("an ID number or a student number is needed")]
    NoNumber,
    /// The ID number holds another date of birth.
    #[error("the date of birth is not that of the ID number")]
    BirthDate,
    /// The ID number is that of the other sex.
    #[error("the sex is not that of the ID number")]
    Sex,
    /// Born before 1990 or after `today`.
    #[error("nobody at school was born on that day")]
    Age,
}

impl Person {
    /// Everything that does not go together.
    pub fn faults(&self, today: NaiveDate) -> Vec<PersonFault> {
        let mut faults = Vec::new();
        if self.id_number.is_none() && self.student_number.is_none() {
            faults.push(PersonFault::NoNumber);
        }
        if let Some(id) = &self.id_number {
            if id.birth_date() != self.birth_date {
                faults.push(PersonFault::BirthDate);
            }
            if id.sex() != self.sex {
                faults.push(PersonFault::Sex);
            }
        }
        let earliest = NaiveDate::from_ymd_opt(BIRTH_YEAR_MIN, 1, 1).unwrap_or(NaiveDate::MIN);
        if self.birth_date < earliest || self.birth_date > today {
            faults.push(PersonFault::Age);
        }
        faults
    }
}

/// That a pupil belongs to a special group, since when and who says so.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SpecialGroup {
    /// Which group.
    pub kind: GroupKind,
    /// Since when.
    pub since: NaiveDate,
    /// Until when; `None` while it holds.
    pub until: Option<NaiveDate>,
    /// Who says so: `roster`, `school`, `guardian`.
    pub source: String,
}

impl SpecialGroup {
    /// Whether it holds on `date`.
    pub fn holds_on(&self, date: NaiveDate) -> bool {
        self.since <= date && self.until.is_none_or(|until| date <= until)
    }
}

/// A guardian. The same name and phone is the same person for every child.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Guardian {
    /// The id, the same for siblings. What a new guardian is given before it is stored may be replaced by that of one who is known.
    pub id: GuardianId,
    /// The name.
    pub name: PersonName,
    /// What the guardian is to this pupil: 父亲, 母亲, 祖母.
    pub relation: String,
    /// The mobile number.
    pub phone: Option<Phone>,
}

/// A pupil. Who has left keeps the last school and class.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Student {
    /// The id; it survives every change of school.
    pub id: StudentId,
    /// The school.
    pub school: SchoolId,
    /// The class.
    pub class: ClassId,
    /// Where the pupil is in school life.
    pub state: StudentState,
    /// Who the pupil is.
    pub person: Person,
    /// Special groups, by kind and date.
    pub groups: Vec<SpecialGroup>,
    /// Guardians, in the order in which they are called.
    pub guardians: Vec<Guardian>,
    /// The school that has been asked to take the pupil.
    pub transfer_to: Option<SchoolId>,
    /// When the pupil was entered.
    pub created_at: Ts,
    /// When the pupil's data was last changed.
    pub updated_at: Ts,
    /// Version of the row.
    pub version: i64,
}

words! {
    /// Where a transfer stands.
    pub enum TransferState {
        /// Waits for the receiving school.
        Open = "open",
        /// The pupil is there.
        Accepted = "accepted",
        /// Called back.
        Cancelled = "cancelled",
    }
}

/// A pupil's way from one school to another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transfer {
    /// The id.
    pub id: TransferId,
    /// The pupil.
    pub student: StudentId,
    /// The sending school.
    pub from_school: SchoolId,
    /// The receiving school.
    pub to_school: SchoolId,
    /// Where it stands.
    pub state: TransferState,
    /// When the record was sealed.
    pub created_at: Ts,
    /// Until when the receiving school should have answered.
    pub due_at: Ts,
    /// When it was accepted or called back.
    pub ended_at: Option<Ts>,
}
