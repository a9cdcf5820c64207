//! Whether schools have the staff that the policy asks for (P2.1, P2.3).

use super::{App, Error, lesson_figures::County, part, training_figures::by_school};
use crate::{
    domain::{
        certificate::Certificate,
        facts::School,
        ids::SchoolId,
        staffing::{Staffing, staffing},
    },
    store,
};
use std::collections::HashMap;
use xinqiao_kit::{authz::Target, ctx::Ctx, page::Page};

/// The staffing of a school.
pub struct SchoolStaffing {
    /// The school.
    pub school: School,
    /// Stages and tiers.
    pub staffing: Staffing,
}

impl App {
    /// The staffing of a school.
    pub async fn school_staffing(&self, ctx: &Ctx, school: SchoolId) -> Result<SchoolStaffing, Error> {
        let school = self.school(ctx, school).await?;
        let staff = store::facts::active_staff(&self.deps.db, Some(school.id)).await?;
        let held =
            store::certificates::qualifications(&self.deps.db, &self.deps.keys, Some(school.id)).await?;
        let staffing = staffing(&school, &staff, &held, ctx.now().shanghai_date());
        Ok(SchoolStaffing { school, staffing })
    }

    /// The staffing of all open schools.
    pub async fn county_staffing(&self, ctx: &Ctx, page: &Page) -> Result<County<SchoolStaffing>, Error> {
        self.deps.authz.require(ctx, &Target::new("county"))?;
        let (db, today) = (&self.deps.db, ctx.now().shanghai_date());
        let mut staff = by_school(store::facts::active_staff(db, None).await?);
        let mut held: HashMap<SchoolId, Vec<Certificate>> = HashMap::new();
        for one in store::certificates::qualifications(db, &self.deps.keys, None).await? {
            if let Some(school) = one.school {
                held.entry(school).or_default().push(one);
            }
        }
        let all: Vec<SchoolStaffing> = store::facts::open_schools(db)
            .await?
            .into_iter()
            .map(|school| {
                let staff = staff.remove(&school.id).unwrap_or_default();
                let held = held.remove(&school.id).unwrap_or_default();
                SchoolStaffing { staffing: staffing(&school, &staff, &held, today), school }
            })
            .collect();
        let (count, reached) = (all.len(), all.iter().filter(|one| one.staffing.filled()).count());
        let (schools, next) = part(all, page, |one| &one.school);
        Ok(County { schools, next, all: count, reached })
    }
}
