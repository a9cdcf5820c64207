//! What pupils are asked, and what they may read of it (P3.2, P3.6).

use super::{App, Error, seats::Desk, targets::target_of};
use crate::{
    domain::{
        answers::Answers,
        campaign::Campaign,
        ids::TargetId,
        instrument::Instrument,
        level::Level,
        scoring::Validity,
        target::{Target as Listed, TargetState},
        text::Text,
    },
    store::{
        assignments::{self, Seat},
        responses, targets,
    },
};
use std::sync::Arc;
use xinqiao_kit::{audit, ctx::Ctx, page::Page};

/// Answered assignments are listed this long after their campaign began.
const LISTED_DAYS: i64 = 365;

/// An assignment as the pupil sees it.
#[derive(Debug, Clone)]
pub struct AssignmentView {
    /// The target.
    pub target: Listed,
    /// Its campaign.
    pub campaign: Arc<Campaign>,
    /// The instrument to show.
    pub instrument: Arc<Instrument>,
    /// Answers saved so far.
    pub draft: Vec<(String, i32)>,
}

impl AssignmentView {
    /// Whether a supportive report can be had.
    pub fn report_ready(&self) -> bool {
        self.instrument.own_report.is_some() && self.target.state == TargetState::Submitted
    }
}

/// A pupil's supportive report.
#[derive(Debug, Clone)]
pub struct OwnReport {
    /// The assignment.
    pub id: TargetId,
    /// Title of the campaign.
    pub title: String,
    /// The words; none where the result cannot be interpreted.
    pub words: Option<Text>,
}

impl App {
    /// The caller's own assignments, newest first.
    pub async fn list_assignments(
        &self,
        ctx: &Ctx,
        page: &Page,
    ) -> Result<(Vec<AssignmentView>, String), Error> {
        let window = self.newest_first(ctx, page)?;
        let now = ctx.now();
        let since = now - chrono::Duration::days(LISTED_DAYS);
        let mut found = assignments::list(&self.deps.db, &window, now, since).await?;
        let next = page.cut(&mut found, |assignment| vec![assignment.target.id.to_string()]);
        let mut views = Vec::with_capacity(found.len());
        for assignment in found {
            views.push(self.assignment_view(assignment).await?);
        }
        Ok((views, next))
    }

    /// One assignment with the answers saved so far.
    pub async fn get_assignment(&self, ctx: &Ctx, id: TargetId) -> Result<AssignmentView, Error> {
        let found = assignments::get(&self.deps.db, id).await?;
        let found = self.deps.authz.require_found(ctx, found, |found| target_of(&found.target))?;
        let mut view = self.assignment_view(found).await?;
        if view.target.takes().is_ok() {
            view.draft = self.read_draft(ctx, &view).await?;
        }
        Ok(view)
    }

    /// The draft, with an audit row if there is one: reading nothing leaves no trace.
    async fn read_draft(&self, ctx: &Ctx, view: &AssignmentView) -> Result<Vec<(String, i32)>, Error> {
        let student = view.target.student.uuid();
        let Some(key) = self.deps.keys.subject_opt(&self.deps.db, student).await? else {
            return Ok(Vec::new());
        };
        if !targets::has_draft(&self.deps.db, view.target.id).await? {
            return Ok(Vec::new());
        }
        let mut tx = self.deps.db.begin().await?;
        let draft = targets::draft(&mut tx, view.target.id, &key).await?;
        audit::record(&mut tx, ctx, audit::Entry::read(&target_of(&view.target))).await?;
        tx.commit().await?;
        let answers = draft.map(|draft| Answers::restore(&view.instrument, &draft.answers));
        Ok(answers.map(|answers| answers.listed(&view.instrument)).unwrap_or_default())
    }

    /// The caller's own supportive report.
    pub async fn own_report(&self, ctx: &Ctx, id: TargetId) -> Result<OwnReport, Error> {
        let found = assignments::get(&self.deps.db, id).await?;
        let found = self.deps.authz.require_found(ctx, found, |found| target_of(&found.target))?;
        let view = self.assignment_view(found).await?;
        let words = view.instrument.own_report.as_ref().ok_or(Error::ReportNotOffered)?;
        if view.target.state != TargetState::Submitted {
            return Err(Error::ReportNotReady);
        }
        let target = &view.target;
        let mut tx = self.deps.db.begin().await?;
        let response =
            responses::last_of_target(&mut tx, target.id, target.campaign, target.student, &self.deps.keys)
                .await?;
        let scored = response.ok_or(Error::ReportNotReady)?.scored;
        audit::record(&mut tx, ctx, audit::Entry::read(&target_of(target))).await?;
        tx.commit().await?;
        let words = match (scored.validity, scored.level) {
            (Validity::Void | Validity::Incomplete, _) => None,
            (Validity::Valid, Level::None) => Some(words.none.clone()),
            (Validity::Valid, Level::Watch) => Some(words.watch.clone()),
            (Validity::Valid, Level::Attention | Level::Urgent) => Some(words.attention.clone()),
        };
        Ok(OwnReport { id, title: view.campaign.plan.title.clone(), words })
    }

    async fn assignment_view(&self, seat: Seat) -> Result<AssignmentView, Error> {
        let Desk { target, campaign } = self.desk_of(seat).await?;
        let named = (campaign.plan.instrument.as_str(), campaign.instrument_version);
        let instrument = self.instruments.recorded(&self.deps.db, named).await?;
        Ok(AssignmentView { target, campaign, instrument, draft: Vec::new() })
    }
}
