//! Which class a row means: from the school's stages, the grade, the name of the class and the month of entry.

use super::{
    check::{Check, Field},
    columns::Column,
    dates,
    entry::ClassKey,
    grades::{self, ClassName, Grade},
    reason::Reason,
    register::KnownSchool,
};
use crate::domain::stage::Stage;
use chrono::{Datelike as _, NaiveDate};

/// Months in which rosters of the coming school year are prepared.
const SUMMER: std::ops::RangeInclusive<u32> = 6..=8;

/// Where a row puts its pupil.
pub(super) struct Placement {
    /// The class.
    pub(super) class: ClassKey,
    /// The grade that the row means, 1 to 12.
    pub(super) grade: i32,
    /// The first day of the month of entry.
    pub(super) entry_month: Option<NaiveDate>,
}

/// The class that a row means, unless something is against it.
pub(super) fn place(check: &mut Check<'_>, school: Option<usize>) -> Option<Placement> {
    let entry_month = entry_month(check);
    let class = class(check);
    let school = check.around.register.school(school.unwrap_or(usize::MAX));
    let grade = grade(check, school, entry_month.as_ref().ok().copied().flatten());
    let entry_month = entry_month.ok()?;
    let (class, grade, school) = (class?, grade?, school?);
    let (stage, entry_year, grade) = stage_and_year(check, school, grade, entry_month)?;
    let named_otherwise = match class.grade {
        None => false,
        Some(Grade::Cohort(year)) => year != entry_year,
        Some(Grade::Number(number)) => number != grade,
    };
    if named_otherwise {
        check.say(Column::Class, Reason::ClassGradeMismatch);
        return None;
    }
    Some(Placement { class: ClassKey { stage, entry_year, number: class.number }, grade, entry_month })
}

/// The month of entry; an error if the cell says something that is none.
fn entry_month(check: &mut Check<'_>) -> Result<Option<NaiveDate>, ()> {
    match check.field(Column::EntryMonth) {
        Field::Bad => Err(()),
        Field::Empty => Ok(None),
        Field::Text(kind, text) => match dates::month(kind, text, check.counts_from_1904()) {
            Ok(month) => Ok(Some(month)),
            Err(_) => {
                check.say(Column::EntryMonth, Reason::EntryMonthFormat);
                Err(())
            }
        },
    }
}

fn class(check: &mut Check<'_>) -> Option<ClassName> {
    let reason = match check.field(Column::Class) {
        Field::Bad => return None,
        Field::Empty => Reason::ClassMissing,
        Field::Text(_, text) => match grades::class(text) {
            Some(class) => return Some(class),
            None => Reason::ClassUnknown,
        },
    };
    check.say(Column::Class, reason);
    None
}

/// The grade of the cell; where it is empty, what follows from the month of entry if the school leaves no choice.
fn grade(
    check: &mut Check<'_>,
    school: Option<&KnownSchool>,
    entry_month: Option<NaiveDate>,
) -> Option<Grade> {
    let reason = match check.field(Column::Grade) {
        Field::Bad => return None,
        Field::Text(_, text) => match grades::grade(text) {
            Some(grade) => return Some(grade),
            None => Reason::GradeUnknown,
        },
        Field::Empty => match (entry_month, school) {
            (Some(month), Some(_)) => return Some(Grade::Cohort(entered(month))),
            _ => Reason::GradeMissing,
        },
    };
    check.say(Column::Grade, reason);
    None
}

/// Stage, year of entry and grade. The grade counts; a month of entry that does not go with it is warned of.
fn stage_and_year(
    check: &mut Check<'_>,
    school: &KnownSchool,
    grade: Grade,
    entry_month: Option<NaiveDate>,
) -> Option<(Stage, i32, i32)> {
    let year = check.school_year();
    match grade {
        Grade::Cohort(entry) => {
            let mut stages =
                school.stages.iter().filter_map(|stage| Some((*stage, stage.grade(entry, year)?)));
            match (stages.next(), stages.next()) {
                (Some((stage, grade)), None) => Some((stage, entry, grade)),
                (None, _) => {
                    check.say_with(Column::Grade, Reason::GradeNotTaught, &school.name);
                    None
                }
                _ => {
                    check.say(Column::Grade, Reason::GradeMissing);
                    None
                }
            }
        }
        Grade::Number(number) => {
            let stage = Stage::of_grade(number)?;
            if !school.stages.contains(&stage) {
                check.say_with(Column::Grade, Reason::GradeNotTaught, &school.name);
                return None;
            }
            let by_grade = stage.entry_year(number, year);
            let Some(by_month) = entry_month.map(entered) else { return Some((stage, by_grade, number)) };
            if by_month == by_grade + 1 && SUMMER.contains(&check.around.today.month()) {
                return Some((stage, by_month, number));
            }
            if !went_through(school, stage, by_grade, by_month) {
                check.say(Column::EntryMonth, Reason::EntryMonthDiffers);
            }
            Some((stage, by_grade, number))
        }
    }
}

/// The year of the September before or in a month.
fn entered(month: NaiveDate) -> i32 {
    // Who enters in July or August enters for September.
    if month.month() >= *SUMMER.start() { month.year() } else { month.year() - 1 }
}

/// Whether a year is that of entry into this stage, or into an earlier stage of the same school.
fn went_through(school: &KnownSchool, stage: Stage, entry_year: i32, year: i32) -> bool {
    let earlier =
        Stage::ALL.into_iter().filter(|earlier| *earlier < stage && school.stages.contains(earlier));
    let years = earlier.map(|earlier| entry_year - (stage.first_grade() - earlier.first_grade()));
    year == entry_year || years.into_iter().any(|earlier| earlier == year)
}
