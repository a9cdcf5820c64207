//! Every grade against its target, in a school and in the county (P1.2, P1.3).

use super::{App, Error, part, school_year};
use crate::{
    domain::{
        calendar::TeachingTime,
        facts::School,
        ids::SchoolId,
        lesson_figure::{GradeFigure, all_reached, grades},
    },
    store,
};
use std::collections::HashMap;
use xinqiao_kit::{authz::Target, ctx::Ctx, page::Page, time::SchoolYear};

/// The lesson figures of a school.
pub struct SchoolFigures {
    /// The school.
    pub school: School,
    /// The school year.
    pub year: SchoolYear,
    /// Its grades.
    pub grades: Vec<GradeFigure>,
    /// How much of the year's teaching is gone.
    pub time: TeachingTime,
}

impl SchoolFigures {
    /// Whether every grade reaches its target.
    pub fn reached(&self) -> bool {
        all_reached(&self.grades)
    }
}

/// A part of the county's schools, and how all of them stand.
pub struct County<T> {
    /// The schools of this page.
    pub schools: Vec<T>,
    /// Token of the next page.
    pub next: String,
    /// All open schools.
    pub all: usize,
    /// Those that reach what is asked for.
    pub reached: usize,
}

impl App {
    /// The grades of a school, class by class.
    pub async fn school_figures(
        &self,
        ctx: &Ctx,
        school: SchoolId,
        year: Option<SchoolYear>,
    ) -> Result<SchoolFigures, Error> {
        let school = self.school(ctx, school).await?;
        let year = school_year(ctx, year);
        let held = store::lessons::held(&self.deps.db, year, Some(school.id)).await?;
        let time = self.teaching_time(ctx, year);
        let grades = grades(year, held, self.rules.lengths, time);
        Ok(SchoolFigures { school, year, grades, time })
    }

    /// The grades of all open schools.
    pub async fn county_figures(
        &self,
        ctx: &Ctx,
        year: Option<SchoolYear>,
        page: &Page,
    ) -> Result<County<SchoolFigures>, Error> {
        self.deps.authz.require(ctx, &Target::new("county"))?;
        let (year, db) = (school_year(ctx, year), &self.deps.db);
        let mut by_school: HashMap<SchoolId, Vec<_>> = HashMap::new();
        for (class, held) in store::lessons::held(db, year, None).await? {
            by_school.entry(class.school).or_default().push((class, held));
        }
        let time = self.teaching_time(ctx, year);
        let schools = store::facts::open_schools(db).await?;
        let figures: Vec<SchoolFigures> = schools
            .into_iter()
            .map(|school| {
                let held = by_school.remove(&school.id).unwrap_or_default();
                SchoolFigures { grades: grades(year, held, self.rules.lengths, time), school, year, time }
            })
            .collect();
        let (all, reached) = (figures.len(), figures.iter().filter(|figures| figures.reached()).count());
        let (schools, next) = part(figures, page, |figures| &figures.school);
        Ok(County { schools, next, all, reached })
    }

    fn teaching_time(&self, ctx: &Ctx, year: SchoolYear) -> TeachingTime {
        self.rules.calendar.time(year, ctx.now().shanghai_date())
    }
}
