//! What this service knows of schools, classes and pupils, as profiles tells.

use super::ids::{ClassId, SchoolId, StudentId};
use chrono::NaiveDate;

/// A school.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct School {
    /// Its id.
    pub id: SchoolId,
    /// School code (标识码).
    pub code: String,
    /// Its name.
    pub display_name: String,
    /// False once it is closed.
    pub active: bool,
}

/// A class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Class {
    /// Its id.
    pub id: ClassId,
    /// Its school.
    pub school: SchoolId,
    /// Year of the September in which it entered its stage.
    pub entry_year: i32,
    /// Day on which it graduated or was closed.
    pub closed_on: Option<NaiveDate>,
}

/// Where a pupil is enrolled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placement {
    /// The pupil.
    pub student: StudentId,
    /// The school.
    pub school: SchoolId,
    /// The class.
    pub class: ClassId,
}
