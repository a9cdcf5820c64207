//! Every grade against its target (P1.2, P1.3). A grade's figure is that of its lowest class, where a class without a lesson
//! counts 0, so that a grade is not done while one class has been left out.

use super::{
    calendar::TeachingTime,
    facts::Class,
    hours::{Hours, LessonLengths},
    stage::{Grade, words},
};
use std::collections::BTreeMap;
use xinqiao_kit::time::SchoolYear;

words! {
    /// How a grade stands against its target.
    Outlook {
        /// The target is reached.
        Reached = "reached",
        /// At least as much of the target is reached as of the teaching time is gone.
        OnTrack = "on_track",
        /// Less of the target is reached than of the teaching time is gone.
        Behind = "behind",
        /// No teaching time is left.
        Missed = "missed",
    }
}

/// What was held in one class in a school year.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Held {
    /// Lessons.
    pub lessons: i64,
    /// Minutes of all of them.
    pub minutes: i64,
    /// Minutes of those for the whole class.
    pub universal_minutes: i64,
}

/// One class.
#[derive(Debug, Clone, PartialEq)]
pub struct ClassFigure {
    /// The class.
    pub class: Class,
    /// What was held.
    pub held: Held,
    /// Its minutes as lesson hours.
    pub hours: Hours,
}

/// One grade.
#[derive(Debug, Clone, PartialEq)]
pub struct GradeFigure {
    /// The grade.
    pub grade: Grade,
    /// The figure: the hours of the lowest class.
    pub hours: Hours,
    /// What the lowest class still lacks.
    pub missing: Hours,
    /// How it stands.
    pub outlook: Outlook,
    /// Lesson hours a teaching week that the lowest class needs from now on; 0 when none is left or needed.
    pub needed_per_week: f64,
    /// The classes, lowest first.
    pub classes: Vec<ClassFigure>,
}

impl GradeFigure {
    /// Whether the target is reached.
    pub fn reached(&self) -> bool {
        self.outlook == Outlook::Reached
    }
}

/// The grades of one school in `year`, in their order; `held` goes by class. Classes that are in no grade then are left out.
pub fn grades(
    year: SchoolYear,
    classes: impl IntoIterator<Item = (Class, Held)>,
    lengths: LessonLengths,
    time: TeachingTime,
) -> Vec<GradeFigure> {
    let mut grades: BTreeMap<Grade, Vec<ClassFigure>> = BTreeMap::new();
    for (class, held) in classes {
        if let Some(grade) = class.counted_grade(year) {
            let hours = lengths.hours(grade.stage(), held.minutes);
            grades.entry(grade).or_default().push(ClassFigure { class, held, hours });
        }
    }
    grades.into_iter().filter_map(|(grade, classes)| grade_figure(grade, classes, lengths, time)).collect()
}

/// Whether every grade of a school reaches its target. A school without classes has proven nothing.
pub fn all_reached(grades: &[GradeFigure]) -> bool {
    !grades.is_empty() && grades.iter().all(GradeFigure::reached)
}

fn grade_figure(
    grade: Grade,
    mut classes: Vec<ClassFigure>,
    lengths: LessonLengths,
    time: TeachingTime,
) -> Option<GradeFigure> {
    classes.sort_by_key(|figure| (figure.held.minutes, figure.class.number, figure.class.id));
    let stage = grade.stage();
    let minutes = classes.first()?.held.minutes;
    let target_minutes = i64::from(stage.target_lesson_hours()) * lengths.minutes(stage);
    let missing = lengths.hours(stage, target_minutes - minutes);
    let outlook = outlook(minutes, target_minutes, time);
    let needs_more = matches!(outlook, Outlook::OnTrack | Outlook::Behind);
    let needed_per_week = if needs_more { missing.as_f64() / time.weeks_left() } else { 0.0 };
    Some(GradeFigure {
        grade,
        hours: lengths.hours(stage, minutes),
        missing,
        outlook,
        needed_per_week,
        classes,
    })
}

fn outlook(minutes: i64, target_minutes: i64, time: TeachingTime) -> Outlook {
    if minutes >= target_minutes {
        Outlook::Reached
    } else if time.left_days == 0 {
        Outlook::Missed
    } else if minutes * time.total_days >= target_minutes * time.gone_days() {
        Outlook::OnTrack
    } else {
        Outlook::Behind
    }
}
