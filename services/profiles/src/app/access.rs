//! Who may see which pupil and which list.

use super::App;
use crate::{
    domain::{
        colour::{Capacity, Colour},
        ids::StudentId,
    },
    error::Error,
    store::{Part, Seen, placements, placements::Place},
};
use uuid::Uuid;
use xinqiao_kit::{
    authz::{AccessError, Target, Visibility},
    ctx::{Ctx, Scope},
    db::{IdList, Tx},
    page::Page,
};

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListAnswer<T> {
    /// The rows.
    pub rows: Vec<T>,
    /// Where the next page starts; empty at the end.
    pub next_page_token: String,
}

impl<T> ListAnswer<T> {
    /// Cuts rows that were fetched with one more than the page holds, for a list in the order of ids.
    pub(super) fn by_id(mut rows: Vec<T>, page: &Page, id: impl Fn(&T) -> Uuid) -> Self {
        let next_page_token = page.cut(&mut rows, |row| vec![id(row).to_string()]);
        Self { rows, next_page_token }
    }
}

/// The part of a list in the order of ids that a page asks for.
pub(super) fn part(page: &Page) -> Part {
    Part { after: page.after_id(0), limit: page.fetch() }
}

/// What access to anything about a pupil depends on: place, pupil, colour.
pub(super) fn target(place: &Place, kind: &'static str) -> Target {
    Target::new(kind)
        .id(place.student)
        .student(place.student)
        .school(place.school)
        .class(place.class)
        .state(place.colour.word())
}

impl App {
    /// Where a pupil is, if the caller may do the call's action to the pupil.
    pub(super) async fn place(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        student: StudentId,
        kind: &'static str,
    ) -> Result<Place, Error> {
        let place = placements::get(tx, student).await?;
        Ok(self.deps.authz.require_found(ctx, place, |place| target(place, kind))?)
    }

    /// The same for a write: nobody else changes anything about the pupil until the transaction ends.
    pub(super) async fn locked_place(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        student: StudentId,
        kind: &'static str,
    ) -> Result<Place, Error> {
        let place = placements::lock(tx, student).await?;
        Ok(self.deps.authz.require_found(ctx, place, |place| target(place, kind))?)
    }

    /// What a list about pupils may show: by grants, and to the county's centre what is orange.
    pub(super) fn seen(&self, ctx: &Ctx) -> Result<Seen, Error> {
        let action = &ctx.method.policy.action;
        let orange = Target::new("list").state(Colour::Orange.word());
        let orange = self.deps.authz.permits(&ctx.principal, action, &orange);
        match self.deps.authz.visibility(ctx) {
            Ok(grants) => Ok(Seen { grants, orange }),
            Err(AccessError::Denied) if orange => Ok(Seen { grants: nothing(), orange }),
            Err(refused) => Err(refused.into()),
        }
    }
}

fn nothing() -> Visibility {
    let none = IdList::default;
    Visibility { all: false, schools: none(), classes: none(), students: none(), owner: None }
}

/// What the caller is to a pupil, the most qualified first; taken from the grants alone.
pub(super) fn capacity(ctx: &Ctx, place: &Place) -> Option<Capacity> {
    let school = Scope::School(place.school.uuid());
    let student = Scope::Student(place.student.uuid());
    let ranks = [
        ("psychologist", school, Capacity::Psychologist),
        ("county_centre", Scope::County, Capacity::CountyCentre),
        ("principal", school, Capacity::Principal),
        ("deputy", school, Capacity::Deputy),
        ("support", student, Capacity::Support),
    ];
    let holds = |role: &str, scope: Scope| {
        ctx.principal.grants.iter().any(|grant| grant.role == role && grant.scope == scope)
    };
    ranks.into_iter().find(|(role, scope, _)| holds(role, *scope)).map(|(_, _, capacity)| capacity)
}
