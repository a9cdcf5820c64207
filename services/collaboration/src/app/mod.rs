//! Use-cases: authorise, load, apply the rule, save, and commit facts, audit and answer together.

pub mod committees;
pub mod consents;
mod error;
pub mod events;
pub mod family_events;
pub mod figures;
pub mod guidance;
pub mod messages;
pub mod parent_schools;
pub mod partners;
mod place;
pub mod visits;

pub use error::Error;

use crate::domain::{
    evidence::EvidenceDates,
    facts::School,
    figure::Targets,
    ids::{SchoolId, UserId},
};
use serde::Serialize;
use xinqiao_kit::{
    audit,
    authz::Target,
    ctx::{Ctx, RequestKey},
    db::Tx,
    deps::Deps,
    requests,
    status::Violation,
    time::SchoolYear,
    validate::{Invalid, Violations},
};

/// The service's use-cases and what they stand on.
pub struct App {
    deps: Deps,
    rules: Rules,
}

/// The county's own figures for what the policy leaves open.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    /// What is asked for in a school year.
    pub targets: Targets,
    /// Members in office without whom a committee cannot work.
    pub committee_members: u32,
    /// Days after 1 September in which the last school year may still be completed.
    pub late_entry_days: u32,
}

/// Something that was logged by mistake.
pub struct Void<Id> {
    /// Which.
    pub id: Id,
    /// Why.
    pub reason: String,
    /// What the caller read.
    pub etag: String,
    /// What could not be read.
    pub wrong: Violations,
    /// For the same request again.
    pub key: Option<RequestKey>,
}

impl App {
    /// The use-cases over `deps`.
    pub fn new(deps: Deps) -> Self {
        let settings = &deps.settings.collaboration;
        let rules = Rules {
            targets: Targets {
                committee_members: settings.committee_members.into(),
                parent_lessons: settings.parent_lessons_per_year.into(),
                open_days: settings.open_days_per_year.into(),
                parent_sessions: settings.parent_sessions_per_year.into(),
                guidance: settings.guidance_messages_per_year.into(),
                partner_activities: settings.partner_activities_per_year.into(),
            },
            committee_members: settings.committee_members,
            late_entry_days: settings.late_entry_days,
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
        let target = |school: &School| Target::new("school").id(school.id).school(school.id);
        Ok(self.deps.authz.require_found(ctx, school, target)?)
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

/// Ends a read of what concerns pupils: who read about whom is kept, one entry a row that is shown.
async fn seen<T>(
    mut tx: Tx,
    ctx: &Ctx,
    rows: Vec<T>,
    target: impl Fn(&T) -> Target,
) -> Result<Vec<T>, Error> {
    let targets: Vec<Target> = rows.iter().map(target).collect();
    for target in &targets {
        audit::record(&mut tx, ctx, audit::Entry::read(target)).await?;
    }
    tx.commit().await?;
    Ok(rows)
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
