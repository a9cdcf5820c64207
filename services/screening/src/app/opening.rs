//! Opening a campaign: profiles is asked who is in its scope, and that is frozen as the target list. The list is written page by page, so
//! that a large county does not hold a transaction open for long; nobody can answer before the last page is there. Whoever breaks off leaves
//! the campaign `opening`, and the next call, or the task of this file, goes on: rows that are there stay.

use super::{App, Error, campaigns::CampaignView, campaigns::target_of, placements::Placed};
use crate::{
    domain::{
        campaign::{Campaign, CampaignState, SchoolClass},
        ids::{CampaignId, ClassId},
        instrument::Instrument,
        target::{Target as Listed, TargetState},
    },
    store::{campaigns, classes, targets},
};
use chrono::Duration;
use std::{collections::HashMap, sync::Arc};
use xinqiao_kit::{audit, ctx::Ctx, lifecycle::Task, time::Ts};

fn lease(now: Ts) -> Ts {
    now + Duration::seconds(LEASE_SECONDS)
}

type Classes = HashMap<ClassId, SchoolClass>;

/// How long one page may take before somebody else may go on.
const LEASE_SECONDS: i64 = 60;
/// How often the task looks for openings that broke off.
const LOOK_SECONDS: u64 = 30;

impl App {
    /// Opens a campaign. Again, once it is open, changes nothing; while somebody else is at it, answers how far it is.
    pub async fn open_campaign(&self, ctx: &Ctx, id: CampaignId) -> Result<CampaignView, Error> {
        let found = campaigns::get(&self.deps.db, id).await?;
        let campaign = self.deps.authz.require_found(ctx, found, target_of)?;
        match campaign.state {
            CampaignState::Open => return Ok(self.view(ctx, campaign)),
            CampaignState::Closed => return Err(Error::CampaignClosed),
            CampaignState::Draft | CampaignState::Opening => {}
        }
        // What can be refused is refused before anything is written.
        let classes = self.classes(&campaign.plan.scope).await?;
        self.check_scope(&campaign, &classes).await?;
        let now = ctx.now();
        let mut tx = self.deps.db.begin().await?;
        let ours = campaigns::lease_opening(&mut tx, id, now, lease(now)).await?;
        if ours {
            audit::record(&mut tx, ctx, audit::Entry::write(&target_of(&campaign)).note("opening")).await?;
        }
        tx.commit().await?;
        if ours {
            self.freeze(&campaign, &classes, now).await?;
        }
        let found = campaigns::get(&self.deps.db, id).await?;
        Ok(self.view(ctx, found.unwrap_or(campaign)))
    }

    /// Somebody must be in the scope, and the instrument must suit every grade of it.
    async fn check_scope(&self, campaign: &Campaign, classes: &Classes) -> Result<(), Error> {
        let instrument = self.instrument_of(campaign).await?;
        let mut asked =
            classes.values().filter(|class| class.pupils > 0 && campaign.plan.scope.covers(class)).peekable();
        if asked.peek().is_none() {
            return Err(Error::CampaignEmpty);
        }
        asked.try_for_each(|class| suits(&instrument, class))
    }

    async fn instrument_of(&self, campaign: &Campaign) -> Result<Arc<Instrument>, Error> {
        self.instruments
            .recorded(&self.deps.db, (&campaign.plan.instrument, campaign.instrument_version))
            .await
    }

    /// Writes the target list and opens the campaign; on failure gives the work back.
    async fn freeze(&self, campaign: &Campaign, classes: &Classes, now: Ts) -> Result<(), Error> {
        let written = self.write_targets(campaign, classes).await;
        let mut tx = self.deps.db.begin().await?;
        match &written {
            Ok(()) => {
                if campaigns::open(&mut tx, campaign.id, now).await? {
                    let count = classes::freeze(&mut tx, campaign.id).await?;
                    campaigns::set_target_count(&mut tx, campaign.id, count).await?;
                }
            }
            Err(_) => campaigns::release_opening(&mut tx, campaign.id, CampaignState::Opening).await?,
        }
        tx.commit().await?;
        written
    }

    async fn write_targets(&self, campaign: &Campaign, classes: &Classes) -> Result<(), Error> {
        let mut token = String::new();
        loop {
            let (page, next) = self.placements(&campaign.plan.scope, token).await?;
            let listed = page.iter().map(|placed| self.listed(campaign, classes, placed)).collect();
            let mut tx = self.deps.db.begin().await?;
            campaigns::renew_opening(&mut tx, campaign.id, lease(self.deps.clock.now())).await?;
            targets::add(&mut tx, listed).await?;
            tx.commit().await?;
            if next.is_empty() {
                return Ok(());
            }
            token = next;
        }
    }

    fn listed(&self, campaign: &Campaign, classes: &Classes, placed: &Placed) -> Listed {
        let grade = classes.get(&placed.place.class).and_then(|class| class.grade);
        Listed {
            id: self.deps.ids.make(),
            campaign: campaign.id,
            student: placed.student,
            school: placed.place.school,
            class: placed.place.class,
            state: if placed.on_leave { TargetState::Leave } else { TargetState::Pending },
            needs_consent: campaign.needs_consent(grade),
            consent_time: None,
            attempts: 0,
            submit_time: None,
        }
    }

    /// Goes on with openings that broke off; gives how many were finished.
    pub(crate) async fn resume_openings(&self) -> Result<usize, Error> {
        let now = self.deps.clock.now();
        let mut finished = 0;
        for id in campaigns::stuck_openings(&self.deps.db, now).await? {
            let Some(campaign) = campaigns::get(&self.deps.db, id).await? else {
                continue;
            };
            let classes = self.classes(&campaign.plan.scope).await?;
            let mut tx = self.deps.db.begin().await?;
            let ours = campaigns::lease_opening(&mut tx, id, now, lease(now)).await?;
            tx.commit().await?;
            if ours {
                self.freeze(&campaign, &classes, now).await?;
                finished += 1;
            }
        }
        Ok(finished)
    }
}

/// Whether the instrument is meant for the grade of a class; a class without a grade is nobody's fault.
fn suits(instrument: &Instrument, class: &SchoolClass) -> Result<(), Error> {
    match class.grade {
        Some(grade) if !instrument.suits_grade(grade) => Err(Error::NotForAge {
            grade,
            min_age: *instrument.age_years.start(),
            max_age: *instrument.age_years.end(),
        }),
        _ => Ok(()),
    }
}

/// The task that goes on with openings that broke off.
pub fn task(app: Arc<App>) -> Task {
    Task::new("screening-openings", |stop| async move {
        loop {
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = tokio::time::sleep(std::time::Duration::from_secs(LOOK_SECONDS)) => {}
            }
            match app.resume_openings().await {
                Ok(0) => {}
                Ok(finished) => {
                    tracing::info!(finished, "openings of campaigns that had broken off were finished")
                }
                Err(cause) => tracing::warn!(%cause, "an opening of a campaign cannot go on yet"),
            }
        }
    })
}
