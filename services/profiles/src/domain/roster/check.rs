//! The check of one row: either an [`Entry`], or every reason against it.

use super::{
    columns::{Column, GUARDIANS},
    dates::{self, DateFault},
    entry::{Entry, GROUPS, GuardianEntry, Surroundings},
    placement,
    reason::{Finding, Reason},
    register::ByName,
    sheet::{Kind, Row},
    words,
};
use crate::domain::{
    identifiers::{
        IdNumber, IdNumberFault, NameFault, PersonName, Phone, Sex, StudentNumber, StudentNumberFault,
    },
    student::BIRTH_YEAR_MIN,
};
use chrono::{Datelike as _, NaiveDate};

const GROUP_COLUMNS: [Column; GROUPS] = [
    Column::LeftBehind,
    Column::SingleParent,
    Column::OnlyChild,
    Column::Migrant,
    Column::LearningDifficulty,
];

/// What the check of a row comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// What the row says; None if anything but warnings was found.
    pub entry: Option<Entry>,
    /// Everything that there is to say of it.
    pub findings: Vec<Finding>,
}

/// Checks a row. All reasons are found, not only the first.
pub fn check(row: Row<'_>, around: &Surroundings<'_>) -> Checked {
    let mut check = Check { row, around, findings: Vec::new() };
    let entry = check.entry();
    let rejected = check.findings.iter().any(|finding| !finding.reason.is_warning());
    Checked { entry: entry.filter(|_| !rejected), findings: check.findings }
}

/// A cell that was looked at.
pub(super) enum Field<'a> {
    /// There is nothing in it.
    Empty,
    /// There is something in it of which everything was said already.
    Bad,
    /// There is text in it.
    Text(Kind, &'a str),
}

pub(super) struct Check<'a> {
    row: Row<'a>,
    pub(super) around: &'a Surroundings<'a>,
    findings: Vec<Finding>,
}

impl<'a> Check<'a> {
    fn entry(&mut self) -> Option<Entry> {
        let name = self.name();
        let id_number = self.id_number();
        let student_number = self.student_number();
        let (id, number) = (id_number.value(), student_number.value());
        self.numbers(&id_number, &student_number);
        let told = id.or_else(|| number.and_then(|number| number.id_number()));
        let sex = self.sex(id, told);
        let birth_date = self.birth_date(id, told);
        let school = self.school();
        let placement = placement::place(self, school);
        let groups = GROUP_COLUMNS.map(|column| self.yes_no(column));
        let guardians = GUARDIANS.iter().filter_map(|columns| self.guardian(*columns)).collect();
        let placement = placement?;
        self.age(birth_date?, placement.grade);
        Some(Entry {
            name: name?,
            sex: sex?,
            birth_date: birth_date?,
            id_number: id,
            student_number: number,
            school: school?,
            class: placement.class,
            entry_month: placement.entry_month,
            groups,
            guardians: without_repeats(guardians),
        })
    }

    /// The school year that the import was accepted in.
    pub(super) fn school_year(&self) -> i32 {
        xinqiao_kit::time::school_year(self.around.today).0
    }

    /// Looks at a cell and says what is wrong with its kind.
    pub(super) fn field(&mut self, column: Column) -> Field<'a> {
        let (kind, text) = self.row.cell(column);
        let reason = match kind {
            Kind::Empty => return Field::Empty,
            Kind::Text | Kind::Number | Kind::Day => return Field::Text(kind, text),
            Kind::Formula => Reason::Formula,
            Kind::Fault => Reason::CellFault,
            Kind::Long => Reason::CellTooLong,
        };
        self.say(column, reason);
        Field::Bad
    }

    pub(super) fn say(&mut self, column: Column, reason: Reason) {
        self.findings.push(Finding::of(column, reason));
    }

    pub(super) fn say_with(&mut self, column: Column, reason: Reason, param: &str) {
        self.findings.push(Finding::of(column, reason).with(param));
    }

    pub(super) fn counts_from_1904(&self) -> bool {
        self.row.from_1904()
    }

    fn name(&mut self) -> Option<PersonName> {
        match self.field(Column::Name) {
            Field::Bad => None,
            Field::Empty => {
                self.say(Column::Name, Reason::NameMissing);
                None
            }
            Field::Text(_, text) => self.person(Column::Name, text),
        }
    }

    /// A person's name in any column.
    fn person(&mut self, column: Column, text: &str) -> Option<PersonName> {
        let reason = match PersonName::parse(text) {
            Ok(name) => {
                if name.as_str().chars().count() == 1 {
                    self.say(column, Reason::NameShort);
                }
                if name.has_private_character() {
                    self.say(column, Reason::NamePrivateCharacter);
                }
                return Some(name);
            }
            Err(NameFault::Empty) => Reason::NameMissing,
            Err(NameFault::Formula) => Reason::Formula,
            Err(NameFault::Length) => Reason::NameTooLong,
            Err(NameFault::Character) => Reason::NameCharacter,
        };
        self.say(column, reason);
        None
    }

    fn id_number(&mut self) -> Number<IdNumber> {
        let Field::Text(kind, text) = self.field(Column::IdNumber) else {
            return self.no_number(Column::IdNumber);
        };
        let reason = match IdNumber::parse(&compact(text)) {
            // Excel keeps 15 digits: what it shows of the others is not what was typed.
            _ if kind != Kind::Text => Reason::IdAsNumber,
            Ok(number) => return Number::Good(number),
            Err(IdNumberFault::Shape) => Reason::IdFormat,
            Err(IdNumberFault::BirthDate) => Reason::IdBirthDate,
            Err(IdNumberFault::CheckDigit) => Reason::IdCheckDigit,
        };
        self.say(Column::IdNumber, reason);
        Number::Bad
    }

    fn student_number(&mut self) -> Number<StudentNumber> {
        let Field::Text(_, text) = self.field(Column::StudentNumber) else {
            return self.no_number(Column::StudentNumber);
        };
        let reason = match StudentNumber::parse(&compact(text)) {
            Ok(number) => return Number::Good(number),
            Err(StudentNumberFault::Shape) => Reason::StudentNumberFormat,
            Err(StudentNumberFault::Inside) => Reason::StudentNumberInside,
        };
        self.say(Column::StudentNumber, reason);
        Number::Bad
    }

    fn no_number<T>(&self, column: Column) -> Number<T> {
        if self.row.cell(column).0 == Kind::Empty { Number::None } else { Number::Bad }
    }

    fn numbers(&mut self, id: &Number<IdNumber>, student: &Number<StudentNumber>) {
        match (id, student) {
            (Number::None, Number::None) => self.say(Column::IdNumber, Reason::NumberMissing),
            (Number::Good(id), Number::Good(student))
                if student.id_number().is_some_and(|inside| inside != *id) =>
            {
                self.say(Column::StudentNumber, Reason::NumbersDiffer);
            }
            _ => {}
        }
    }

    /// The sex of the cell; where it is empty, what the numbers tell.
    fn sex(&mut self, id: Option<IdNumber>, told: Option<IdNumber>) -> Option<Sex> {
        match self.field(Column::Sex) {
            Field::Bad => None,
            Field::Empty if told.is_some() => told.map(|id| id.sex()),
            Field::Empty => {
                self.say(Column::Sex, Reason::SexMissing);
                None
            }
            Field::Text(_, text) => {
                let sex = words::sex(text);
                match (sex, id) {
                    (None, _) => self.say(Column::Sex, Reason::SexUnknown),
                    (Some(sex), Some(id)) if sex != id.sex() => self.say(Column::Sex, Reason::SexMismatch),
                    _ => {}
                }
                sex
            }
        }
    }

    /// The date of birth of the cell; where it is empty, what the numbers tell.
    fn birth_date(&mut self, id: Option<IdNumber>, told: Option<IdNumber>) -> Option<NaiveDate> {
        let (kind, text) = match self.field(Column::BirthDate) {
            Field::Bad => return None,
            Field::Empty if told.is_some() => return told.map(|id| id.birth_date()),
            Field::Empty => {
                self.say(Column::BirthDate, Reason::BirthDateMissing);
                return None;
            }
            Field::Text(kind, text) => (kind, text),
        };
        match dates::date(kind, text, self.counts_from_1904()) {
            Ok(date) => {
                if date > self.around.today {
                    self.say(Column::BirthDate, Reason::BirthDateFuture);
                } else if date.year() < BIRTH_YEAR_MIN {
                    self.say(Column::BirthDate, Reason::BirthDateImplausible);
                } else if id.is_some_and(|id| id.birth_date() != date) {
                    self.say(Column::BirthDate, Reason::BirthDateMismatch);
                }
                Some(date)
            }
            Err(fault) => {
                let impossible = fault == DateFault::Impossible;
                self.say(
                    Column::BirthDate,
                    if impossible { Reason::DateImpossible } else { Reason::DateFormat },
                );
                None
            }
        }
    }

    /// The school that code and name agree on; one of them is enough.
    fn school(&mut self) -> Option<usize> {
        let code = self.field(Column::SchoolCode);
        let name = self.field(Column::SchoolName);
        match (code, name) {
            (Field::Bad, _) | (Field::Empty, Field::Bad) => None,
            (Field::Empty, Field::Empty) => {
                self.say(Column::SchoolCode, Reason::SchoolMissing);
                None
            }
            (Field::Empty, Field::Text(_, name)) => match self.around.register.by_name(name) {
                ByName::One(index) => Some(index),
                ByName::Nobody => {
                    self.say(Column::SchoolName, Reason::SchoolUnknown);
                    None
                }
                ByName::Several => {
                    self.say(Column::SchoolName, Reason::SchoolAmbiguous);
                    None
                }
            },
            (Field::Text(_, code), name) => {
                let Some(index) = self.around.register.by_code(code) else {
                    self.say(Column::SchoolCode, Reason::SchoolUnknown);
                    return None;
                };
                if let Field::Text(_, name) = name
                    && !self.around.register.is_called(index, name)
                {
                    let known =
                        self.around.register.school(index).map(|school| &*school.name).unwrap_or_default();
                    self.say_with(Column::SchoolName, Reason::SchoolMismatch, known);
                }
                Some(index)
            }
        }
    }

    fn yes_no(&mut self, column: Column) -> Option<bool> {
        let Field::Text(_, text) = self.field(column) else { return None };
        let answer = words::yes_no(text);
        if answer.is_none() {
            self.say(column, Reason::YesNo);
        }
        answer.flatten()
    }

    fn guardian(&mut self, [name, relation, phone]: [Column; 3]) -> Option<GuardianEntry> {
        let (named, related, reached) = (self.field(name), self.field(relation), self.field(phone));
        let phone_number = match reached {
            Field::Text(_, text) => match Phone::parse(text) {
                Ok(number) => Some(number),
                Err(_) => {
                    self.say(phone, Reason::PhoneFormat);
                    None
                }
            },
            _ => None,
        };
        let relation_word = match related {
            Field::Text(_, text) => {
                let word = words::relation(text);
                if word.is_none() {
                    self.say(relation, Reason::RelationFormat);
                }
                word
            }
            _ => None,
        };
        match named {
            Field::Text(_, text) => {
                let name = self.person(name, text)?;
                Some(GuardianEntry { name, relation: relation_word.map(Into::into), phone: phone_number })
            }
            // A relation alone is a form that was prepared and not filled in.
            Field::Empty if phone_number.is_some() => {
                self.say(name, Reason::GuardianNameMissing);
                None
            }
            _ => None,
        }
    }

    /// Warns of an age at the start of the school year that is unusual for the grade.
    fn age(&mut self, birth_date: NaiveDate, grade: i32) {
        let start = xinqiao_kit::time::school_year(self.around.today).start();
        let age = start.years_since(birth_date).map_or(-1, |years| years as i32);
        if !(grade + 4..=grade + 9).contains(&age) {
            let column = if self.row.cell(Column::BirthDate).0 == Kind::Empty {
                Column::IdNumber
            } else {
                Column::BirthDate
            };
            self.say_with(column, Reason::AgeUnusual, &age.max(0).to_string());
        }
    }
}

/// A number that a pupil is known by, as a cell has it.
enum Number<T> {
    None,
    Bad,
    Good(T),
}

impl<T: Copy> Number<T> {
    fn value(&self) -> Option<T> {
        match self {
            Self::Good(number) => Some(*number),
            _ => None,
        }
    }
}

/// A number as typed, without the spaces that people put between its groups.
fn compact(text: &str) -> std::borrow::Cow<'_, str> {
    if text.contains(' ') { text.replace(' ', "").into() } else { text.into() }
}

fn without_repeats(guardians: Vec<GuardianEntry>) -> Vec<GuardianEntry> {
    let mut kept: Vec<GuardianEntry> = Vec::with_capacity(guardians.len());
    for guardian in guardians {
        if !kept.iter().any(|known| known.name == guardian.name && known.phone == guardian.phone) {
            kept.push(guardian);
        }
    }
    kept
}
