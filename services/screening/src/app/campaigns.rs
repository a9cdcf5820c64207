//! Planning, reading and closing campaigns, and how far they are (P3.2).

use super::{App, Error};
use crate::{
    domain::{
        campaign::{Campaign, CampaignState, Plan},
        ids::{CampaignId, SchoolId, UserId},
        instrument::Kind,
        target::Progress,
    },
    store::{campaigns, classes, schools},
};
use xinqiao_kit::{
    audit,
    authz::Target,
    ctx::{Ctx, RequestKey},
    page::Page,
    requests,
    status::Violation,
    time::Ts,
    validate::Violations,
};

/// A campaign as it is shown at an instant.
#[derive(Debug, Clone, PartialEq)]
pub struct CampaignView {
    /// The campaign.
    pub campaign: Campaign,
    /// The instant.
    pub now: Ts,
}

/// A campaign, for access and audit.
pub(super) fn target_of(campaign: &Campaign) -> Target {
    let target = Target::new("campaign").id(campaign.id);
    match campaign.plan.school {
        Some(school) => target.school(school),
        None => target,
    }
}

impl App {
    /// Plans a campaign with the instrument's version of today, or the one named.
    pub async fn create_campaign(
        &self,
        ctx: &Ctx,
        plan: Plan,
        version: Option<i32>,
        key: &Option<RequestKey>,
    ) -> Result<CampaignView, Error> {
        let target = Target::new("campaign");
        let target = plan.school.map_or(target.clone(), |school| target.school(school));
        self.deps.authz.require(ctx, &target)?;
        let version = self.check_plan(&plan, version).await?;
        let campaign = Campaign {
            id: self.deps.ids.make(),
            version: 1,
            plan,
            instrument_version: version,
            state: CampaignState::Draft,
            target_count: 0,
            creator: UserId(ctx.user()?),
            create_time: ctx.now(),
            open_time: None,
            close_time: None,
        };
        let mut tx = self.deps.db.begin().await?;
        if let Some(before) = requests::begin::<Campaign>(&mut tx, ctx, key, &self.deps.keys).await? {
            return Ok(self.view(ctx, before));
        }
        campaigns::insert(&mut tx, &campaign).await?;
        audit::record(&mut tx, ctx, audit::Entry::write(&target_of(&campaign))).await?;
        requests::finish(&mut tx, ctx, key, &campaign, &self.deps.keys).await?;
        tx.commit().await?;
        Ok(self.view(ctx, campaign))
    }

    /// The version of the instrument, if nothing is wrong with the plan.
    async fn check_plan(&self, plan: &Plan, version: Option<i32>) -> Result<i32, Error> {
        let mut v = Violations::new();
        for fault in plan.faults() {
            v.push(Violation::new(format!("campaign.{}", fault.field), fault.reason));
        }
        let instrument = self.instruments.named(&self.deps.db, &plan.instrument, version).await?;
        match &instrument {
            None => v.push(Violation::new("campaign.instrument", "UNKNOWN_INSTRUMENT")),
            Some(found) if found.kind != Kind::SelfReport => {
                v.push(Violation::new("campaign.instrument", "INSTRUMENT_WRONG_KIND"));
            }
            Some(_) => {}
        }
        let instrument = v.finish(instrument)?;
        if let Some(school) = plan.school
            && schools::is_closed(&self.deps.db, school).await?
        {
            return Err(Error::SchoolClosed);
        }
        Ok(instrument.version)
    }

    /// A campaign that concerns the caller's schools or classes.
    pub async fn get_campaign(&self, ctx: &Ctx, id: CampaignId) -> Result<CampaignView, Error> {
        let campaign = self.visible_campaign(ctx, id).await?;
        Ok(self.view(ctx, campaign))
    }

    /// Campaigns that concern the caller's schools or classes, newest first.
    pub async fn list_campaigns(
        &self,
        ctx: &Ctx,
        state: Option<CampaignState>,
        page: &Page,
    ) -> Result<(Vec<CampaignView>, String), Error> {
        let window = self.newest_first(ctx, page)?;
        let mut found = campaigns::list(&self.deps.db, &window, state, ctx.now()).await?;
        let next = page.cut(&mut found, |campaign| vec![campaign.id.to_string()]);
        Ok((found.into_iter().map(|campaign| self.view(ctx, campaign)).collect(), next))
    }

    /// Closes a campaign before its window ends.
    pub async fn close_campaign(&self, ctx: &Ctx, id: CampaignId) -> Result<CampaignView, Error> {
        let mut tx = self.deps.db.begin().await?;
        let found = campaigns::get_tx(&mut tx, id).await?;
        let campaign = self.deps.authz.require_found(ctx, found, target_of)?;
        match campaign.state {
            CampaignState::Closed => return Ok(self.view(ctx, campaign)),
            CampaignState::Opening => return Err(Error::Raced),
            CampaignState::Draft | CampaignState::Open => {}
        }
        campaigns::close(&mut tx, id, ctx.now()).await?;
        audit::record(&mut tx, ctx, audit::Entry::write(&target_of(&campaign))).await?;
        let closed = campaigns::get_tx(&mut tx, id).await?;
        tx.commit().await?;
        Ok(self.view(ctx, closed.unwrap_or(campaign)))
    }

    /// How far a campaign is: in all, and class by class, as far as the caller may see.
    pub async fn progress(
        &self,
        ctx: &Ctx,
        id: CampaignId,
        school: Option<SchoolId>,
    ) -> Result<(Progress, Vec<classes::ClassCounts>), Error> {
        let campaign = self.visible_campaign(ctx, id).await?;
        let window = self.visible(ctx)?;
        let total = classes::total(&self.deps.db, campaign.id, school, &window).await?;
        let found = classes::progress(&self.deps.db, campaign.id, school, &window).await?;
        Ok((total, found))
    }

    /// The campaign, if the caller's method may see it; the same refusal if there is none.
    pub(super) async fn visible_campaign(&self, ctx: &Ctx, id: CampaignId) -> Result<Campaign, Error> {
        let window = self.visible(ctx)?;
        let found = campaigns::get_visible(&self.deps.db, id, &window).await?;
        found.ok_or(Error::Access(xinqiao_kit::authz::AccessError::NotFound))
    }

    pub(super) fn view(&self, ctx: &Ctx, campaign: Campaign) -> CampaignView {
        CampaignView { campaign, now: ctx.now() }
    }
}
