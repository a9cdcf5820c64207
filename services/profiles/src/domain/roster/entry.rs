//! What a good row says of a pupil.

use super::register::Register;
use crate::domain::{
    identifiers::{IdNumber, PersonName, Phone, Sex, StudentNumber},
    stage::Stage,
};
use chrono::NaiveDate;

/// A class by what makes it the class that it is, beside its school.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClassKey {
    /// Stage of schooling.
    pub stage: Stage,
    /// Year of the September in which the class entered the stage.
    pub entry_year: i32,
    /// Number within its year, from 1.
    pub number: i32,
}

/// A guardian as a row names one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuardianEntry {
    /// Name.
    pub name: PersonName,
    /// Relation to the pupil; None if the cell is empty.
    pub relation: Option<Box<str>>,
    /// Mobile number; None if the cell is empty.
    pub phone: Option<Phone>,
}

/// The special groups, in the order of [`Entry::groups`]: 留守儿童, 单亲家庭, 独生子女, 随迁子女, 学习困难 (P3.3).
pub const GROUPS: usize = 5;

/// A row that can be taken. Fields whose cells are empty are None: an import never wipes what is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Name.
    pub name: PersonName,
    /// Sex.
    pub sex: Sex,
    /// Date of birth.
    pub birth_date: NaiveDate,
    /// ID number.
    pub id_number: Option<IdNumber>,
    /// 学籍号
    pub student_number: Option<StudentNumber>,
    /// School, by its place in the register.
    pub school: usize,
    /// Class.
    pub class: ClassKey,
    /// First day of the month of entry.
    pub entry_month: Option<NaiveDate>,
    /// Whether the pupil belongs to each special group; None where the cell is empty.
    pub groups: [Option<bool>; GROUPS],
    /// Guardians, at most two.
    pub guardians: Vec<GuardianEntry>,
}

impl Entry {
    /// The ID number by which to look for the pupil: the row's own, else the one that the student number carries.
    pub fn id_to_match(&self) -> Option<IdNumber> {
        self.id_number.or_else(|| self.student_number.and_then(|number| number.id_number()))
    }

    /// The student numbers by which to look for the pupil: the row's own, and those that the ID number may have given.
    pub fn student_numbers_to_match(&self) -> impl Iterator<Item = StudentNumber> {
        let from_id = self.id_to_match().map(|id| StudentNumber::candidates(&id));
        let own = self.student_number;
        own.into_iter().chain(from_id.into_iter().flatten().filter(move |candidate| Some(*candidate) != own))
    }
}

/// What the check of a row must know besides the row.
#[derive(Debug, Clone, Copy)]
pub struct Surroundings<'a> {
    /// Schools that may be named.
    pub register: &'a Register,
    /// The date in the county when the import was accepted.
    pub today: NaiveDate,
}
