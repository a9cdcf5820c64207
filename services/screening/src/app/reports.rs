//! Counts of results, with small ones held back (P3.6, P3.7).
//!
//! Classes are added up when somebody asks, and the sums kept: a county's report reads a row a class. Counts are given when a campaign is
//! over; while it runs, the difference between two days would name the pupil who answered in between.

use super::{App, Error, campaigns::target_of, placements::class_name};
use crate::{
    domain::{
        campaign::{Campaign, CampaignState},
        ids::{CampaignId, ClassId, SchoolId},
        report::{Bands, LIMIT_INSIDE, LIMIT_OUTSIDE, Shown, Tally, show},
    },
    store::{
        campaigns,
        classes::{self, Summary},
        responses,
    },
};
use std::collections::BTreeMap;
use xinqiao_kit::{
    audit,
    authz::Target,
    ctx::{Ctx, Scope},
};

/// Classes that one call adds up at most; the rest is added up by the next call.
const CLASSES_AT_ONCE: usize = 200;

/// What a report is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// One class.
    Class(SchoolId, ClassId),
    /// One school.
    School(SchoolId),
    /// The whole campaign.
    County,
}

/// Whether a report counts everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Completeness {
    /// Everything that was handed in.
    All,
    /// Some classes are still to be added up.
    CatchingUp,
}

/// Counts as they may be shown.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// The campaign.
    pub campaign: CampaignId,
    /// Name of what is counted; empty for the county.
    pub subject: String,
    /// The counts.
    pub shown: Shown,
    /// Counts below this are held back.
    pub limit: u32,
    /// Whether everything is counted.
    pub completeness: Completeness,
}

impl App {
    /// The counts of a class, a school or the county.
    pub async fn report(&self, ctx: &Ctx, id: CampaignId, subject: Subject) -> Result<Report, Error> {
        let target = match subject {
            Subject::Class(school, class) => Target::new("report").id(id).school(school).class(class),
            Subject::School(school) => Target::new("report").id(id).school(school),
            Subject::County => Target::new("report").id(id),
        };
        self.deps.authz.require(ctx, &target)?;
        let found = campaigns::get(&self.deps.db, id).await?;
        let campaign = found.ok_or(xinqiao_kit::authz::AccessError::NotFound)?;
        if campaign.state_at(ctx.now()) != CampaignState::Closed {
            return Err(Error::CampaignRunning);
        }
        let (summaries, completeness) = self.summaries(&campaign, subject).await?;
        let report = self.shown(ctx, &campaign, subject, &summaries).await?;
        let mut tx = self.deps.db.begin().await?;
        audit::record(&mut tx, ctx, audit::Entry::read(&target)).await?;
        audit::record(&mut tx, ctx, audit::Entry::read(&target_of(&campaign)).note("report")).await?;
        tx.commit().await?;
        Ok(Report { completeness, ..report })
    }

    /// The classes' sums, brought up to date as far as one call may.
    async fn summaries(
        &self,
        campaign: &Campaign,
        subject: Subject,
    ) -> Result<(Vec<Summary>, Completeness), Error> {
        let school = match subject {
            Subject::Class(school, _) | Subject::School(school) => Some(school),
            Subject::County => None,
        };
        let mut found = classes::summaries(&self.deps.db, campaign.id, school).await?;
        let mut stale = found.iter_mut().filter(|class| class.summarised < class.responses);
        for class in stale.by_ref().take(CLASSES_AT_ONCE) {
            let (count, tally) =
                responses::tally(&self.deps.db, campaign.id, class.class, &self.deps.keys).await?;
            classes::keep_summary(&self.deps.db, campaign.id, class.class, count, &tally).await?;
            class.tally = tally;
            class.summarised = count;
        }
        let completeness = if stale.next().is_some() { Completeness::CatchingUp } else { Completeness::All };
        Ok((found, completeness))
    }

    async fn shown(
        &self,
        ctx: &Ctx,
        campaign: &Campaign,
        subject: Subject,
        summaries: &[Summary],
    ) -> Result<Report, Error> {
        let instrument = self
            .instruments
            .recorded(&self.deps.db, (&campaign.plan.instrument, campaign.instrument_version))
            .await?;
        let bands: Bands = instrument
            .scales
            .iter()
            .map(|scale| (scale.id.clone(), scale.bands.iter().map(|band| band.id.clone()).collect()))
            .collect();
        let (shown, limit, name) = match subject {
            Subject::Class(school, class) => {
                let (parts, _) = by_class(summaries, &bands, LIMIT_INSIDE);
                let at = summaries.iter().position(|summary| summary.class == class);
                let shown = at.and_then(|at| parts.into_iter().nth(at));
                (
                    shown.ok_or(xinqiao_kit::authz::AccessError::NotFound)?,
                    LIMIT_INSIDE,
                    class_name(school, class),
                )
            }
            Subject::School(school) if inside(ctx, school) => {
                let (_, all) = by_class(summaries, &bands, LIMIT_INSIDE);
                (all, LIMIT_INSIDE, xinqiao_kit::names::format("schools/{}", school))
            }
            // Outside, a school is a part of the county's table: what is held back there is held back here.
            Subject::School(school) => {
                let all = classes::summaries(&self.deps.db, campaign.id, None).await?;
                let (mut parts, _) = by_school(&all, &bands);
                let shown = parts.remove(&school).ok_or(xinqiao_kit::authz::AccessError::NotFound)?;
                (shown, LIMIT_OUTSIDE, xinqiao_kit::names::format("schools/{}", school))
            }
            Subject::County => (by_school(summaries, &bands).1, LIMIT_OUTSIDE, String::new()),
        };
        Ok(Report { campaign: campaign.id, subject: name, shown, limit, completeness: Completeness::All })
    }
}

/// Whether the caller works in the school.
fn inside(ctx: &Ctx, school: SchoolId) -> bool {
    ctx.principal.grants.iter().any(|grant| grant.scope == Scope::School(school.uuid()))
}

fn by_class(summaries: &[Summary], bands: &Bands, limit: u32) -> (Vec<Shown>, Shown) {
    let parts: Vec<Tally> = summaries.iter().map(|summary| summary.tally.clone()).collect();
    show(&parts, bands, limit)
}

fn by_school(summaries: &[Summary], bands: &Bands) -> (BTreeMap<SchoolId, Shown>, Shown) {
    let mut schools: BTreeMap<SchoolId, Tally> = BTreeMap::new();
    for summary in summaries {
        schools.entry(summary.school).or_default().merge(&summary.tally);
    }
    let parts: Vec<Tally> = schools.values().cloned().collect();
    let (shown, all) = show(&parts, bands, LIMIT_OUTSIDE);
    (schools.into_keys().zip(shown).collect(), all)
}
