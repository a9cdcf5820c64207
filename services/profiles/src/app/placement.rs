//! Where pupils are, for the other services.

use super::{App, ListAnswer, access::part};
use crate::{
    domain::{
        ids::{ClassId, SchoolId, StudentId},
        stage::Stage,
        student::Person,
    },
    error::Error,
    store::{
        placements,
        placements::{Place, Scope},
        students,
    },
};
use xinqiao_kit::{authz::Target, ctx::Ctx, page::Page};

/// Where a pupil is, and what decides which instruments may be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Whereabouts {
    /// The place.
    pub place: Place,
    /// Who it is.
    pub person: Person,
}

/// A running class: id, school, stage, entry year, number, pupils at school.
pub type ClassSize = (ClassId, SchoolId, Stage, i32, i32, i64);

impl App {
    /// Where a pupil is.
    ///
    /// # Errors
    /// Access; there is no such pupil.
    pub async fn get_placement(&self, ctx: &Ctx, student: StudentId) -> Result<Whereabouts, Error> {
        let mut db = self.deps.db.clone();
        let place = placements::get(&mut db, student).await?;
        let person = students::get(&mut db, &self.deps.keys, student).await?.map(|student| student.person);
        let found = place.zip(person);
        let (place, person) = self.deps.authz.require_found(ctx, found, |_| Target::new("placement"))?;
        Ok(Whereabouts { place, person })
    }

    /// Pupils with a place in a scope.
    ///
    /// # Errors
    /// Access.
    pub async fn list_placements(
        &self,
        ctx: &Ctx,
        scope: &Scope,
        page: &Page,
    ) -> Result<ListAnswer<Place>, Error> {
        self.deps.authz.require(ctx, &Target::new("placement"))?;
        let rows = placements::in_scope(&mut self.deps.db.clone(), scope, part(page)).await?;
        Ok(ListAnswer::by_id(rows, page, |place| place.student.uuid()))
    }

    /// Running classes with the pupils at school in each.
    ///
    /// # Errors
    /// Access.
    pub async fn list_class_sizes(
        &self,
        ctx: &Ctx,
        school: Option<SchoolId>,
        page: &Page,
    ) -> Result<ListAnswer<ClassSize>, Error> {
        self.deps.authz.require(ctx, &Target::new("placement"))?;
        let rows = placements::class_sizes(&mut self.deps.db.clone(), school, part(page)).await?;
        Ok(ListAnswer::by_id(rows, page, |class| class.0.uuid()))
    }
}
