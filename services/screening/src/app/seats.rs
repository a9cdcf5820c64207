//! A pupil's seat in a campaign: the target as it is now, and the campaign, which is mostly in memory.

use super::{App, Error};
use crate::{
    domain::{campaign::Campaign, ids::CampaignId, target::Target},
    store::{assignments::Seat, campaigns},
};
use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

/// Campaigns that are kept in memory at most.
const KEPT: usize = 256;

/// A target with its campaign.
#[derive(Debug, Clone)]
pub(super) struct Desk {
    /// The target.
    pub(super) target: Target,
    /// Its campaign.
    pub(super) campaign: Arc<Campaign>,
}

/// Campaigns by id, each with the version that was read. A row that names another version reads it again.
#[derive(Default)]
pub(super) struct Campaigns(RwLock<HashMap<CampaignId, Arc<Campaign>>>);

impl App {
    /// The campaign of a seat that was just read.
    pub(super) async fn desk_of(&self, seat: Seat) -> Result<Desk, Error> {
        let id = seat.target.campaign;
        let kept = self.campaigns.0.read().unwrap_or_else(PoisonError::into_inner).get(&id).cloned();
        if let Some(campaign) = kept.filter(|campaign| campaign.version == seat.campaign_version) {
            return Ok(Desk { target: seat.target, campaign });
        }
        let found = campaigns::get(&self.deps.db, id).await?;
        let campaign = Arc::new(found.ok_or(xinqiao_kit::authz::AccessError::NotFound)?);
        let mut kept = self.campaigns.0.write().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= KEPT {
            kept.clear();
        }
        kept.insert(id, campaign.clone());
        Ok(Desk { target: seat.target, campaign })
    }
}
