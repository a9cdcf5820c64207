//! The indicators of schools and of the county (P6.*, P8.2).

use super::{App, Error, school_year};
use crate::{
    domain::{
        facts::School,
        figure::{Indicator, IndicatorKind, indicators},
        ids::SchoolId,
    },
    store,
};
use chrono::NaiveDate;
use xinqiao_kit::{authz::Target, ctx::Ctx, page::Page, time::SchoolYear};

/// The indicators of a school.
pub struct SchoolFigures {
    /// The school.
    pub school: School,
    /// The school year.
    pub year: SchoolYear,
    /// All indicators, by clause.
    pub indicators: Vec<Indicator>,
}

/// A part of the county's schools, and how many of all meet each indicator.
pub struct CountyFigures {
    /// The schools of this page.
    pub schools: Vec<SchoolFigures>,
    /// Token of the next page.
    pub next: String,
    /// All open schools.
    pub all: usize,
    /// How many of them meet each indicator.
    pub met: Vec<(IndicatorKind, usize)>,
}

impl App {
    /// The indicators of a school.
    pub async fn school_figures(
        &self,
        ctx: &Ctx,
        school: SchoolId,
        year: Option<SchoolYear>,
    ) -> Result<SchoolFigures, Error> {
        let school = self.school(ctx, school).await?;
        let year = school_year(ctx, year);
        let of = (year, day_of(ctx, year));
        let evidence = store::figures::evidence(&self.deps.db, of, Some(school.id)).await?;
        let evidence = evidence.get(&school.id).copied().unwrap_or_default();
        Ok(SchoolFigures { school, year, indicators: indicators(&evidence, &self.rules.targets) })
    }

    /// The indicators of all open schools.
    pub async fn county_figures(
        &self,
        ctx: &Ctx,
        year: Option<SchoolYear>,
        page: &Page,
    ) -> Result<CountyFigures, Error> {
        self.permit(ctx, &Target::new("county"))?;
        let year = school_year(ctx, year);
        let of = (year, day_of(ctx, year));
        let evidence = store::figures::evidence(&self.deps.db, of, None).await?;
        let figures = |school: School| {
            let evidence = evidence.get(&school.id).copied().unwrap_or_default();
            SchoolFigures { school, year, indicators: indicators(&evidence, &self.rules.targets) }
        };
        let schools: Vec<SchoolFigures> =
            store::facts::open_schools(&self.deps.db).await?.into_iter().map(figures).collect();
        let met = IndicatorKind::ALL.iter().map(|kind| (*kind, count_met(&schools, *kind))).collect();
        let all = schools.len();
        let (schools, next) = part(schools, page);
        Ok(CountyFigures { schools, next, all, met })
    }
}

/// The day on which committees are looked at: today, or the nearest day of the year that is asked for.
fn day_of(ctx: &Ctx, year: SchoolYear) -> NaiveDate {
    ctx.now().shanghai_date().clamp(year.start(), year.end())
}

fn count_met(schools: &[SchoolFigures], kind: IndicatorKind) -> usize {
    schools.iter().filter(|school| school.indicators.iter().any(|one| one.kind == kind && one.met)).count()
}

/// The part of the schools that a page shows; they come by code and id.
fn part(schools: Vec<SchoolFigures>, page: &Page) -> (Vec<SchoolFigures>, String) {
    let position = |one: &SchoolFigures| vec![one.school.code.clone(), one.school.id.to_string()];
    let after = page.after.clone().unwrap_or_default();
    let shown = |one: &SchoolFigures| after.is_empty() || position(one) > after;
    let mut rows: Vec<SchoolFigures> = schools.into_iter().filter(shown).collect();
    let token = page.cut(&mut rows, position);
    (rows, token)
}
