//! Who of the staff attended how many hours (P2.4, P4.3).

use super::{App, Error, lesson_figures::County, part, school_year};
use crate::{
    domain::{
        facts::{School, Staff},
        ids::SchoolId,
        training_figure::{TrainingFigure, figure},
    },
    store,
};
use std::collections::HashMap;
use xinqiao_kit::{authz::Target, ctx::Ctx, page::Page, time::SchoolYear};

/// The training figures of a school.
pub struct SchoolTraining {
    /// The school.
    pub school: School,
    /// The school year.
    pub year: SchoolYear,
    /// Groups and members.
    pub figure: TrainingFigure,
    /// Trainings of the county that somebody of the school attended.
    pub county_trainings: i64,
}

impl App {
    /// The groups and members of a school.
    pub async fn school_training(
        &self,
        ctx: &Ctx,
        school: SchoolId,
        year: Option<SchoolYear>,
    ) -> Result<SchoolTraining, Error> {
        let school = self.school(ctx, school).await?;
        let (year, db) = (school_year(ctx, year), &self.deps.db);
        let staff = store::facts::active_staff(db, Some(school.id)).await?;
        let attended = store::trainings::attended_by_staff(db, year, Some(school.id)).await?;
        let county = store::trainings::county_trainings(db, year).await?;
        let county_trainings = county.get(&school.id).copied().unwrap_or_default();
        let figure = figure(&staff, &attended, self.rules.training_hours);
        Ok(SchoolTraining { school, year, figure, county_trainings })
    }

    /// The groups of all open schools.
    pub async fn county_training(
        &self,
        ctx: &Ctx,
        year: Option<SchoolYear>,
        page: &Page,
    ) -> Result<County<SchoolTraining>, Error> {
        self.deps.authz.require(ctx, &Target::new("county"))?;
        let (year, db) = (school_year(ctx, year), &self.deps.db);
        let mut staff = by_school(store::facts::active_staff(db, None).await?);
        let attended = store::trainings::attended_by_staff(db, year, None).await?;
        let county = store::trainings::county_trainings(db, year).await?;
        let figures: Vec<SchoolTraining> = store::facts::open_schools(db)
            .await?
            .into_iter()
            .map(|school| {
                let staff = staff.remove(&school.id).unwrap_or_default();
                let county_trainings = county.get(&school.id).copied().unwrap_or_default();
                let figure = figure(&staff, &attended, self.rules.training_hours);
                SchoolTraining { school, year, figure, county_trainings }
            })
            .collect();
        let (all, reached) = (figures.len(), figures.iter().filter(|one| one.figure.reached).count());
        let (schools, next) = part(figures, page, |one| &one.school);
        Ok(County { schools, next, all, reached })
    }
}

/// Staff by their school; county staff are in none.
pub(super) fn by_school(staff: Vec<Staff>) -> HashMap<SchoolId, Vec<Staff>> {
    let mut schools: HashMap<SchoolId, Vec<Staff>> = HashMap::new();
    for one in staff {
        if let Some(school) = one.school {
            schools.entry(school).or_default().push(one);
        }
    }
    schools
}
