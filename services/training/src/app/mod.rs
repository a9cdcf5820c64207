//! Use-cases: authorise, load, apply the rule, save, and commit facts, audit and answer together.

pub mod activities;
pub mod certificates;
mod error;
pub mod events;
pub mod lesson_figures;
pub mod lessons;
pub mod plans;
pub mod staffing;
pub mod training_figures;
pub mod trainings;

pub use error::Error;

use crate::domain::{
    calendar::{EvidenceDates, TeachingCalendar},
    facts::School,
    hours::LessonLengths,
    ids::{SchoolId, UserId},
};
use serde::Serialize;
use xinqiao_kit::{
    audit,
    authz::Target,
    ctx::{Ctx, RequestKey},
    db::Tx,
    deps::Deps,
    page::Page,
    requests,
    status::Violation,
    time::SchoolYear,
    validate::Invalid,
};

/// The service's use-cases and what they stand on.
pub struct App {
    deps: Deps,
    rules: Rules,
}

/// The county's own figures for what the policy leaves open.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    /// How long a lesson hour is.
    pub lengths: LessonLengths,
    /// When there is teaching.
    pub calendar: TeachingCalendar,
    /// Days after 1 September in which the last school year may still be completed.
    pub late_entry_days: u32,
    /// Hours of training a year that each member of staff is to attend.
    pub training_hours: u32,
}

impl App {
    /// The use-cases over `deps`.
    pub fn new(deps: Deps) -> Self {
        let settings = &deps.settings.training;
        let second = settings.second_term_start;
        let rules = Rules {
            lengths: LessonLengths {
                primary_minutes: settings.primary_lesson_minutes,
                secondary_minutes: settings.secondary_lesson_minutes,
            },
            calendar: TeachingCalendar::new(settings.teaching_weeks, (second.month, second.day)),
            late_entry_days: settings.late_entry_days,
            training_hours: settings.training_hours_per_year,
        };
        Self { deps, rules }
    }

    /// The county's own figures.
    pub fn rules(&self) -> Rules {
        self.rules
    }

    /// Asks whether the caller may do this.
    ///
    /// # Errors
    /// The caller may not.
    pub fn permit(&self, ctx: &Ctx, target: &Target) -> Result<(), Error> {
        Ok(self.deps.authz.require(ctx, target)?)
    }

    fn dates(&self, ctx: &Ctx) -> EvidenceDates {
        EvidenceDates { today: ctx.now().shanghai_date(), late_entry_days: self.rules.late_entry_days }
    }

    /// A school that the caller may look at in this way.
    async fn school(&self, ctx: &Ctx, id: SchoolId) -> Result<School, Error> {
        let school = crate::store::facts::school(&self.deps.db, id).await?;
        Ok(self
            .deps
            .authz
            .require_found(ctx, school, |school| Target::new("school").id(school.id).school(school.id))?)
    }

    /// Ends a write: what was done, by whom, and the answer for the same request again, become true together.
    async fn commit<T: Serialize>(
        &self,
        mut tx: Tx,
        ctx: &Ctx,
        (key, target): (&Option<RequestKey>, &Target),
        answer: T,
    ) -> Result<T, Error> {
        audit::record(&mut tx, ctx, audit::Entry::write(target)).await?;
        requests::finish(&mut tx, ctx, key, &answer, &self.deps.keys).await?;
        tx.commit().await?;
        Ok(answer)
    }
}

/// The school year that a request names; the running one when it names none.
fn school_year(ctx: &Ctx, given: Option<SchoolYear>) -> SchoolYear {
    given.unwrap_or_else(|| SchoolYear::of(ctx.now().shanghai_date()))
}

fn person(ctx: &Ctx) -> Result<UserId, Error> {
    Ok(UserId(ctx.user()?))
}

fn invalid(field: &str, reason: &'static str) -> Error {
    Error::Invalid(Invalid::one(Violation::new(field, reason)))
}

/// The part of a county's schools that a page shows; they come by code and id.
fn part<T>(schools: Vec<T>, page: &Page, school: impl Fn(&T) -> &School) -> (Vec<T>, String) {
    let position = |one: &T| vec![school(one).code.clone(), school(one).id.to_string()];
    let after = page.after.clone().unwrap_or_default();
    let mut rows: Vec<T> =
        schools.into_iter().skip_while(|one| !after.is_empty() && position(one) <= after).collect();
    let token = page.cut(&mut rows, position);
    (rows, token)
}
