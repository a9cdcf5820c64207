//! The use-cases of screening: authorise, load, apply the rule, write facts with outbox and audit, commit.

mod assignments;
mod campaigns;
mod catalogue;
mod entries;
mod error;
mod events;
mod findings;
mod interviews;
mod observations;
mod opening;
mod placements;
mod reports;
mod responses;
mod results;
mod seats;
mod targets;

pub use assignments::AssignmentView;
pub use campaigns::CampaignView;
pub use catalogue::Instruments;
pub use entries::{ExitAsk, NewEntry};
pub use error::Error;
pub use events::Happened;
pub use findings::{NewFinding, NewMeeting};
pub use interviews::{Completion, NewInterview};
pub use observations::NewObservation;
pub use opening::task as opening_task;
pub use reports::{Completeness, Report, Subject};
pub use responses::{Submit, Taken};
pub use results::{ResultAsk, ResultView};

use crate::store::{
    Window,
    submissions::{self, Outcome, Submission},
};
use uuid::Uuid;
use xinqiao_kit::{
    authz::Visibility,
    ctx::Ctx,
    db::{Group, GroupLimits},
    deps::Deps,
    page::Page,
    time::Ts,
};

/// What every use-case gets at: the service's surroundings and the catalogue of instruments.
pub struct App {
    deps: Deps,
    instruments: Instruments,
    campaigns: seats::Campaigns,
    /// Submissions that wait share a transaction.
    submissions: Group<Submission, Outcome, Error>,
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("App(..)")
    }
}

impl App {
    /// The use-cases of a service in these surroundings.
    pub fn new(deps: Deps, instruments: Instruments) -> Self {
        let surroundings = deps.clone();
        let submissions = Group::new(
            "submissions",
            deps.db.clone(),
            GroupLimits::default(),
            move |tx, batch: &[Submission]| {
                let deps = surroundings.clone();
                Box::pin(async move { Ok(submissions::write(tx, &deps, batch).await?) })
            },
        );
        Self { deps, instruments, campaigns: seats::Campaigns::default(), submissions }
    }

    /// What a list of the caller's method may show, from the newest row down.
    fn newest_first(&self, ctx: &Ctx, page: &Page) -> Result<Window, Error> {
        let from = if page.after.is_some() { page.after_id(0) } else { Uuid::max() };
        Ok(window(self.deps.authz.visibility(ctx)?, from, page.fetch()))
    }

    /// What a list of the caller's method may show, in the order of ids.
    fn in_order(&self, ctx: &Ctx, page: &Page) -> Result<Window, Error> {
        Ok(window(self.deps.authz.visibility(ctx)?, page.after_id(0), page.fetch()))
    }

    /// What the caller's method may see, without a page.
    fn visible(&self, ctx: &Ctx) -> Result<Window, Error> {
        Ok(window(self.deps.authz.visibility(ctx)?, Uuid::nil(), ALL_ROWS))
    }

    /// When an interview that follows now is due.
    fn interview_due(&self, now: Ts, critical: bool) -> Ts {
        let settings = &self.deps.settings.screening;
        let hours =
            if critical { settings.critical_interview_due_hours } else { settings.interview_due_hours };
        now + chrono::Duration::hours(hours.into())
    }
}

/// Rows of a list that has no pages, at most.
const ALL_ROWS: i64 = 2_000;

fn window(visibility: Visibility, from: Uuid, fetch: i64) -> Window {
    Window {
        all: visibility.all,
        schools: visibility.schools,
        classes: visibility.classes,
        students: visibility.students,
        from,
        fetch,
    }
}
