//! The schools that a roster may name.

use super::cell::squeeze;
use crate::domain::stage::Stage;
use std::collections::HashMap;
use uuid::Uuid;

/// A school as the importer needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownSchool {
    /// Its id.
    pub id: Uuid,
    /// 学校标识码
    pub code: String,
    /// Its name.
    pub name: String,
    /// What it teaches.
    pub stages: Vec<Stage>,
}

/// The schools that this importer may import for. All others are unknown to the import.
#[derive(Debug, Default)]
pub struct Register {
    schools: Vec<KnownSchool>,
    by_code: HashMap<String, usize>,
    by_name: HashMap<String, Vec<usize>>,
}

/// What a name finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ByName {
    /// No school.
    Nobody,
    /// One, by its place in the register.
    One(usize),
    /// More than one.
    Several,
}

impl Register {
    /// The register of these schools.
    pub fn of(schools: Vec<KnownSchool>) -> Self {
        let mut register = Self::default();
        for (index, school) in schools.iter().enumerate() {
            register.by_code.insert(squeeze(&school.code), index);
            register.by_name.entry(squeeze(&school.name)).or_default().push(index);
        }
        register.schools = schools;
        register
    }

    /// The school at a place of the register.
    pub fn school(&self, index: usize) -> Option<&KnownSchool> {
        self.schools.get(index)
    }

    /// All schools.
    pub fn schools(&self) -> &[KnownSchool] {
        &self.schools
    }

    /// Whether the school with this id is in the register.
    pub fn holds(&self, id: Uuid) -> bool {
        self.schools.iter().any(|school| school.id == id)
    }

    /// The place of the school with this code.
    pub fn by_code(&self, code: &str) -> Option<usize> {
        self.by_code.get(code).or_else(|| self.by_code.get(&squeeze(code))).copied()
    }

    /// The place of the school with this name.
    pub fn by_name(&self, name: &str) -> ByName {
        match self.by_name.get(&squeeze(name)).map(Vec::as_slice) {
            None | Some([]) => ByName::Nobody,
            Some([one]) => ByName::One(*one),
            Some(_) => ByName::Several,
        }
    }

    /// Whether the school at this place is called so.
    pub fn is_called(&self, index: usize, name: &str) -> bool {
        self.school(index).is_some_and(|school| school.name == name || squeeze(&school.name) == squeeze(name))
    }
}
