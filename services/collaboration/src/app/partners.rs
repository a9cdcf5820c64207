//! Partners and what is done with them (P6.8).

use super::{App, Error, Void, person, school_year};
use crate::{
    domain::{
        evidence::EvidenceState,
        ids::{PartnerActivityId, PartnerId, SchoolId},
        partner::{Partner, PartnerActivity, PartnerActivityForm, PartnerKind, check_partner},
    },
    store,
};
use xinqiao_kit::{
    authz::Target,
    ctx::{Ctx, RequestKey},
    etag,
    page::Page,
    requests,
    status::Violation,
    time::SchoolYear,
    validate::Violations,
};

/// A partner to enter.
pub struct CreatePartner {
    /// What it is.
    pub kind: Option<PartnerKind>,
    /// What it is called.
    pub display_name: String,
    /// How to reach it.
    pub contact: String,
    /// What could not be read.
    pub wrong: Violations,
    /// For the same request again.
    pub key: Option<RequestKey>,
}

/// An activity to log.
pub struct LogPartnerActivity {
    /// Of which school.
    pub school: SchoolId,
    /// What is said of it.
    pub form: PartnerActivityForm,
    /// What could not be read.
    pub wrong: Violations,
    /// For the same request again.
    pub key: Option<RequestKey>,
}

impl App {
    /// Enters a partner.
    pub async fn create_partner(&self, ctx: &Ctx, command: CreatePartner) -> Result<Partner, Error> {
        let CreatePartner { kind, display_name, contact, mut wrong, key } = command;
        self.permit(ctx, &Target::new("partner"))?;
        check_partner(&mut wrong, &display_name, &contact);
        let kind = wrong.finish(kind)?;
        let mut tx = self.deps.db.begin().await?;
        if let Some(answer) = requests::begin(&mut tx, ctx, &key, &self.deps.keys).await? {
            return Ok(answer);
        }
        let id = self.deps.ids.make();
        let created_at = ctx.now();
        let partner = Partner { id, kind, display_name, contact, active: true, version: 1, created_at };
        store::partners::insert_partner(&mut tx, &self.deps.keys, &partner).await?;
        self.commit(tx, ctx, (&key, &of_partner(&partner)), partner).await
    }

    /// Ends a partnership.
    pub async fn end_partner(
        &self,
        ctx: &Ctx,
        id: PartnerId,
        etag: &str,
        key: Option<RequestKey>,
    ) -> Result<Partner, Error> {
        let mut tx = self.deps.db.begin().await?;
        let found = store::partners::partner(&mut tx, &self.deps.keys, id).await?;
        let mut partner = self.deps.authz.require_found(ctx, found, of_partner)?;
        if let Some(answer) = requests::begin(&mut tx, ctx, &key, &self.deps.keys).await? {
            return Ok(answer);
        }
        etag::check(etag, partner.version)?;
        let before = partner.version;
        partner.end();
        if partner.version != before && !store::partners::update_partner(&mut tx, &partner).await? {
            return Err(etag::Stale.into());
        }
        self.commit(tx, ctx, (&key, &of_partner(&partner)), partner).await
    }

    /// A page of the partners and the token of the next, for a school or for the county's people.
    pub async fn list_partners(
        &self,
        ctx: &Ctx,
        school: Option<SchoolId>,
        ended: bool,
        page: &Page,
    ) -> Result<(Vec<Partner>, String), Error> {
        let mut target = Target::new("partner");
        target.school = school.map(SchoolId::uuid);
        self.permit(ctx, &target)?;
        let mut partners =
            store::partners::list_partners(&self.deps.db, &self.deps.keys, ended, page).await?;
        let token = page.cut(&mut partners, |last| vec![last.id.to_string()]);
        Ok((partners, token))
    }

    /// Logs an activity.
    pub async fn log_partner_activity(
        &self,
        ctx: &Ctx,
        command: LogPartnerActivity,
    ) -> Result<PartnerActivity, Error> {
        let LogPartnerActivity { school, form, mut wrong, key } = command;
        self.permit(ctx, &Target::new("partner_activity").school(school))?;
        let author = person(ctx)?;
        let mut tx = self.deps.db.begin().await?;
        if let Some(answer) = requests::begin(&mut tx, ctx, &key, &self.deps.keys).await? {
            return Ok(answer);
        }
        if store::facts::school(&mut tx, school).await?.is_none_or(|school| !school.active) {
            wrong.push(Violation::new("parent", "SCHOOL_UNKNOWN"));
        }
        let partner = match form.partner {
            Some(id) => store::partners::partner(&mut tx, &self.deps.keys, id).await?,
            None => None,
        };
        form.check(&mut wrong, self.dates(ctx), partner.as_ref());
        let activity = || {
            Some(PartnerActivity {
                id: self.deps.ids.make(),
                school,
                partner: form.partner?,
                form: form.form?,
                date: form.date?,
                topic: form.topic,
                participants: form.participants,
                attachment: form.attachment,
                state: EvidenceState::Held,
                void_reason: String::new(),
                author,
                version: 1,
                created_at: ctx.now(),
            })
        };
        let activity = wrong.finish(activity())?;
        store::partners::insert(&mut tx, &self.deps.keys, &activity).await?;
        self.commit(tx, ctx, (&key, &of_activity(&activity)), activity).await
    }

    /// Takes an activity out of the figures.
    pub async fn void_partner_activity(
        &self,
        ctx: &Ctx,
        command: Void<PartnerActivityId>,
    ) -> Result<PartnerActivity, Error> {
        let Void { id, reason, etag, wrong, key } = command;
        let mut tx = self.deps.db.begin().await?;
        let found = store::partners::find(&mut tx, &self.deps.keys, id).await?;
        let mut activity = self.deps.authz.require_found(ctx, found, of_activity)?;
        if let Some(answer) = requests::begin(&mut tx, ctx, &key, &self.deps.keys).await? {
            return Ok(answer);
        }
        wrong.into_result()?;
        etag::check(&etag, activity.version)?;
        self.dates(ctx).voidable(activity.state, activity.date)?;
        activity.void(reason);
        if !store::partners::update(&mut tx, &self.deps.keys, &activity).await? {
            return Err(etag::Stale.into());
        }
        self.commit(tx, ctx, (&key, &of_activity(&activity)), activity).await
    }

    /// A page of a school's activities with partners and the token of the next.
    pub async fn list_partner_activities(
        &self,
        ctx: &Ctx,
        (school, year, voided): (SchoolId, Option<SchoolYear>, bool),
        page: &Page,
    ) -> Result<(Vec<PartnerActivity>, String), Error> {
        self.permit(ctx, &Target::new("partner_activity").school(school))?;
        let of = (school, school_year(ctx, year), voided);
        let mut activities = store::partners::list(&self.deps.db, &self.deps.keys, of, page).await?;
        let token = page.cut(&mut activities, |last| vec![last.date.to_string(), last.id.to_string()]);
        Ok((activities, token))
    }
}

fn of_partner(partner: &Partner) -> Target {
    Target::new("partner").id(partner.id)
}

fn of_activity(activity: &PartnerActivity) -> Target {
    Target::new("partner_activity").id(activity.id).school(activity.school)
}
