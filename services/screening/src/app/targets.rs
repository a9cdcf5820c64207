//! Who is asked in a campaign: reading, excusing, consent (P3.2, P3.6).

use super::{App, Error};
use crate::{
    domain::{
        ids::{CampaignId, ClassId, Place, StudentId, TargetId},
        target::{Target as Listed, TargetState},
    },
    store::{
        classes::{self, Change},
        targets,
    },
};
use xinqiao_kit::{
    audit,
    authz::Target,
    ctx::{Ctx, RequestKey},
    page::Page,
    requests,
    status::Violation,
    validate::Violations,
};

/// A target, for access and audit.
pub(super) fn target_of(listed: &Listed) -> Target {
    Target::new("target").id(listed.id).school(listed.school).class(listed.class).student(listed.student)
}

impl App {
    /// Targets of a campaign that the caller may see.
    pub async fn list_targets(
        &self,
        ctx: &Ctx,
        campaign: CampaignId,
        state: Option<TargetState>,
        class: Option<ClassId>,
        page: &Page,
    ) -> Result<(Vec<Listed>, String), Error> {
        let window = self.in_order(ctx, page)?;
        let campaign = self.visible_campaign(ctx, campaign).await?;
        let mut classes = classes::visible(&self.deps.db, campaign.id, &window).await?;
        classes.retain(|visible| class.is_none_or(|class| class == *visible));
        let mut found =
            targets::list(&self.deps.db, campaign.id, classes, state, window.from, window.fetch).await?;
        let next = page.cut(&mut found, |target| vec![target.id.to_string()]);
        Ok((found, next))
    }

    /// Takes a pupil out of the completion, with the reason, or back in.
    pub async fn excuse_target(
        &self,
        ctx: &Ctx,
        id: TargetId,
        to: TargetState,
        reason: &str,
        key: &Option<RequestKey>,
    ) -> Result<Listed, Error> {
        let mut tx = self.deps.db.begin().await?;
        let found = targets::get(&mut tx, id).await?;
        let before = self.deps.authz.require_found(ctx, found, target_of)?;
        if let Some(answer) = requests::begin::<Listed>(&mut tx, ctx, key, &self.deps.keys).await? {
            return Ok(answer);
        }
        if !before.can_be_excused(to) {
            return Err(Error::NotExcusable);
        }
        let subject = self.deps.keys.subject(&mut tx, before.student.uuid()).await?;
        if !targets::excuse(&mut tx, &before, to, reason, &subject).await? {
            return Err(Error::Raced);
        }
        let change = Change::default().state(before.state, -1).state(to, 1);
        let place = Place { school: before.school, class: before.class };
        classes::change(&mut tx, vec![(before.campaign, place, change)]).await?;
        let after = Listed { state: to, ..before };
        audit::record(&mut tx, ctx, audit::Entry::write(&target_of(&after))).await?;
        requests::finish(&mut tx, ctx, key, &after, &self.deps.keys).await?;
        tx.commit().await?;
        Ok(after)
    }

    /// Records that guardians have consented; gives how many were not on record. Refused as a whole if one is no target that the
    /// caller may see.
    pub async fn record_consents(
        &self,
        ctx: &Ctx,
        campaign: CampaignId,
        students: &[StudentId],
        key: &Option<RequestKey>,
    ) -> Result<u64, Error> {
        let window = self.visible(ctx)?;
        let campaign = self.visible_campaign(ctx, campaign).await?;
        let mut tx = self.deps.db.begin().await?;
        if let Some(answer) = requests::begin::<u64>(&mut tx, ctx, key, &self.deps.keys).await? {
            return Ok(answer);
        }
        let known = targets::visible_students(&mut tx, campaign.id, students, &window).await?;
        let mut v = Violations::new();
        for (at, student) in students.iter().enumerate() {
            if !known.contains(student) {
                v.push(Violation::new(format!("students[{at}]"), "NOT_A_TARGET"));
            }
        }
        v.into_result()?;
        let recorded = targets::consent(&mut tx, campaign.id, students, ctx.now()).await?;
        for student in students {
            let target = Target::new("consent").id(campaign.id).student(*student);
            audit::record(&mut tx, ctx, audit::Entry::write(&target)).await?;
        }
        requests::finish(&mut tx, ctx, key, &recorded, &self.deps.keys).await?;
        tx.commit().await?;
        Ok(recorded)
    }
}
