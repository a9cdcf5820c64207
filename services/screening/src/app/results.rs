//! Results, for those who interpret them and only for what their campaign states (P3.6, P3.7). Every look leaves a row in the audit log.

use super::{App, Error};
use crate::{
    domain::{
        campaign::{Campaign, Purpose},
        ids::{CampaignId, ClassId, ResponseId, StudentId},
        instrument::Instrument,
        level::Level,
    },
    store::{
        campaigns, classes,
        responses::{self, Filter, Of, Response},
        submissions::audit_target,
    },
};
use std::sync::Arc;
use xinqiao_kit::{audit, authz::AccessError, ctx::Ctx, page::Page, status::Violation};

/// A result with what is needed to read it.
#[derive(Debug, Clone)]
pub struct ResultView {
    /// The response with its result.
    pub response: Response,
    /// The instrument that scored it.
    pub instrument: Arc<Instrument>,
    /// What it may be used for.
    pub purposes: Vec<Purpose>,
}

/// Which results somebody asks for, and what for.
#[derive(Debug, Clone)]
pub struct ResultAsk {
    /// Of this campaign; of all that state the purpose if none.
    pub campaign: Option<CampaignId>,
    /// What for.
    pub purpose: Purpose,
    /// Of this pupil.
    pub student: Option<StudentId>,
    /// Of this class.
    pub class: Option<ClassId>,
    /// With a finding at this level or above.
    pub min_level: Option<Level>,
}

impl App {
    /// One result with its answers.
    pub async fn get_result(&self, ctx: &Ctx, id: ResponseId, purpose: Purpose) -> Result<ResultView, Error> {
        let mut tx = self.deps.db.begin().await?;
        let whose = responses::whose(&mut tx, id).await?;
        let target = |whose: &responses::Whose| {
            let place =
                crate::domain::ids::Place { school: whose.school_id.into(), class: whose.class_id.into() };
            audit_target(id, whose.student_id, place)
        };
        let whose = self.deps.authz.require_found(ctx, whose, target)?;
        let campaign = campaigns::get_tx(&mut tx, whose.campaign_id).await?.ok_or(AccessError::NotFound)?;
        if !campaign.allows(purpose) {
            return Err(Error::PurposeNotAllowed);
        }
        let response = responses::get(&mut tx, id, &self.deps.keys).await?.ok_or(AccessError::NotFound)?;
        audit::record(&mut tx, ctx, audit::Entry::read(&target(&whose)).note(purpose.word())).await?;
        tx.commit().await?;
        self.result_view(response, campaign.plan.purposes).await
    }

    /// Results without answers, in the order in which they came.
    pub async fn list_results(
        &self,
        ctx: &Ctx,
        ask: ResultAsk,
        page: &Page,
    ) -> Result<(Vec<ResultView>, String), Error> {
        let window = self.in_order(ctx, page)?;
        let of = match (ask.campaign, ask.student) {
            (Some(id), _) => {
                let campaign = self.visible_campaign(ctx, id).await?;
                if !campaign.allows(ask.purpose) {
                    return Err(Error::PurposeNotAllowed);
                }
                Of::Campaign(id, classes::visible(&self.deps.db, id, &window).await?)
            }
            (None, Some(student)) => Of::Student(student),
            (None, None) => return Err(Violation::new("student", "REQUIRED").into()),
        };
        let filter = Filter {
            purpose: ask.purpose.word(),
            student: ask.student,
            class: ask.class,
            min_level: ask.min_level,
        };
        let mut tx = self.deps.db.begin().await?;
        let (found, last) = responses::list(&mut tx, of, &filter, &window, &self.deps.keys).await?;
        let next = last.map(|last| page.token(&[last.to_string()])).unwrap_or_default();
        let mut views = Vec::with_capacity(found.len());
        let mut known: Option<Campaign> = None;
        for response in found {
            let target = audit_target(response.id, response.student, response.place);
            audit::record(&mut tx, ctx, audit::Entry::read(&target).note(ask.purpose.word())).await?;
            if known.as_ref().is_none_or(|campaign| campaign.id != response.campaign) {
                known = campaigns::get_tx(&mut tx, response.campaign).await?;
            }
            let purposes = known.as_ref().map(|campaign| campaign.plan.purposes.clone()).unwrap_or_default();
            views.push((response, purposes));
        }
        tx.commit().await?;
        let mut results = Vec::with_capacity(views.len());
        for (response, purposes) in views {
            results.push(self.result_view(response, purposes).await?);
        }
        Ok((results, next))
    }

    async fn result_view(&self, response: Response, purposes: Vec<Purpose>) -> Result<ResultView, Error> {
        let (id, version) = &response.instrument;
        let instrument = self.instruments.recorded(&self.deps.db, (id, *version)).await?;
        Ok(ResultView { response, instrument, purposes })
    }
}
