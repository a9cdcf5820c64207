//! Writing the syllabus of a parent school (P6.2, P6.5).

use super::{App, Error};
use crate::{
    domain::{
        ids::SchoolId,
        parent_school::{ParentSchool, SyllabusUnit, check_units},
    },
    store,
};
use xinqiao_kit::{authz::Target, ctx::Ctx, etag, validate::Violations};

/// A syllabus to write.
pub struct WriteSyllabus {
    /// Of which school.
    pub school: SchoolId,
    /// All units.
    pub units: Vec<SyllabusUnit>,
    /// What the caller read.
    pub etag: String,
    /// What could not be read.
    pub wrong: Violations,
}

impl App {
    /// Founds the parent school or replaces its syllabus.
    pub async fn write_syllabus(&self, ctx: &Ctx, command: WriteSyllabus) -> Result<ParentSchool, Error> {
        let WriteSyllabus { school, units, etag, mut wrong } = command;
        let school = self.school(ctx, school).await?.id;
        check_units(&mut wrong, &units);
        wrong.into_result()?;
        let now = ctx.now();
        let mut tx = self.deps.db.begin().await?;
        let parents = match store::parent_schools::find(&mut tx, &self.deps.keys, school).await? {
            Some(mut parents) => {
                etag::check(&etag, parents.version)?;
                parents.rewrite(units, now);
                parents
            }
            None => {
                // There is nothing yet that the caller could have read.
                etag::check(&etag, 0)?;
                ParentSchool { school, units, version: 1, created_at: now, updated_at: now }
            }
        };
        if !store::parent_schools::put(&mut tx, &self.deps.keys, &parents).await? {
            return Err(etag::Stale.into());
        }
        let target = Target::new("parent_school").id(school).school(school);
        self.commit(tx, ctx, (&None, &target), parents).await
    }

    /// The parent school of a school.
    pub async fn get_parent_school(&self, ctx: &Ctx, school: SchoolId) -> Result<ParentSchool, Error> {
        let found = store::parent_schools::find(&self.deps.db, &self.deps.keys, school).await?;
        let target =
            |found: &ParentSchool| Target::new("parent_school").id(found.school).school(found.school);
        Ok(self.deps.authz.require_found(ctx, found, target)?)
    }
}
