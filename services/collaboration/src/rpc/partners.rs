//! Partners.

use super::{PRIVATE_PAGE, Read as _, Server, about, pb, school_name, user_name, void, voiding, words};
use crate::{
    app::{
        Error,
        partners::{CreatePartner, LogPartnerActivity},
    },
    domain::partner::{Partner, PartnerActivity, PartnerActivityForm},
};
use tonic::{Request, Response, Status};
use xinqiao_kit::{ctx::Ctx, etag, names, rpc, validate::Violations};

const PARTNER: &str = "partners/{}";
const ACTIVITY: &str = "partnerActivities/{}";

#[tonic::async_trait]
impl pb::partner_service_server::PartnerService for Server {
    async fn create_partner(
        &self,
        request: Request<pb::CreatePartnerRequest>,
    ) -> Result<Response<pb::Partner>, Status> {
        rpc::handle(request, self.0.clone(), |app, ctx, m| async move {
            let mut wrong = Violations::new();
            let key = wrong.key(&ctx, &m.request_id, &m);
            let m = wrong.present("partner", m.partner).unwrap_or_default();
            let command = CreatePartner {
                kind: wrong.enum_value("partner.kind", m.kind, words::partner_kind_of),
                display_name: m.display_name.trim().to_owned(),
                contact: m.contact.trim().to_owned(),
                wrong,
                key,
            };
            Ok::<_, Error>(shown(app.create_partner(&ctx, command).await?))
        })
        .await
    }

    async fn end_partner(
        &self,
        request: Request<pb::EndPartnerRequest>,
    ) -> Result<Response<pb::Partner>, Status> {
        rpc::handle(request, self.0.clone(), |app, ctx, m| async move {
            let mut v = Violations::new();
            let key = v.key(&ctx, &m.request_id, &m);
            let id = v.id("name", &m.name, PARTNER);
            Ok::<_, Error>(shown(app.end_partner(&ctx, v.finish(id)?, &m.etag, key).await?))
        })
        .await
    }

    async fn list_partners(
        &self,
        request: Request<pb::ListPartnersRequest>,
    ) -> Result<Response<pb::ListPartnersResponse>, Status> {
        rpc::handle(request, self.0.clone(), |app, ctx, m| async move {
            let mut v = Violations::new();
            let school = v.school_opt("school", &m.school);
            let list = format!("partners {} {}", m.school, m.include_ended);
            let page = v.page_of(PRIVATE_PAGE, m.page_size, &m.page_token, &list);
            let (school, page) = v.finish(school.zip(page))?;
            let (partners, next) = app.list_partners(&ctx, school, m.include_ended, &page).await?;
            let partners = partners.into_iter().map(shown).collect();
            Ok::<_, Error>(pb::ListPartnersResponse { partners, next_page_token: next })
        })
        .await
    }

    async fn log_partner_activity(
        &self,
        request: Request<pb::LogPartnerActivityRequest>,
    ) -> Result<Response<pb::PartnerActivity>, Status> {
        rpc::handle(request, self.0.clone(), |app, ctx, m| async move {
            Ok::<_, Error>(shown_activity(app.log_partner_activity(&ctx, log(&ctx, m)?).await?))
        })
        .await
    }

    async fn void_partner_activity(
        &self,
        request: Request<pb::VoidPartnerActivityRequest>,
    ) -> Result<Response<pb::PartnerActivity>, Status> {
        rpc::handle(request, self.0.clone(), |app, ctx, m| async move {
            let command = void!(&ctx, m, ACTIVITY)?;
            Ok::<_, Error>(shown_activity(app.void_partner_activity(&ctx, command).await?))
        })
        .await
    }

    async fn list_partner_activities(
        &self,
        request: Request<pb::ListPartnerActivitiesRequest>,
    ) -> Result<Response<pb::ListPartnerActivitiesResponse>, Status> {
        rpc::handle(request, self.0.clone(), |app, ctx, m| async move {
            let mut v = Violations::new();
            let (school, year) = (v.school("parent", &m.parent), v.year(m.school_year));
            let list = format!("partner activities {} {} {}", m.parent, m.school_year, m.include_voided);
            let page = v.page(m.page_size, &m.page_token, &list);
            let (school, page) = v.finish(school.zip(page))?;
            let of = (school, year, m.include_voided);
            let (activities, next) = app.list_partner_activities(&ctx, of, &page).await?;
            let partner_activities = activities.into_iter().map(shown_activity).collect();
            Ok::<_, Error>(pb::ListPartnerActivitiesResponse { partner_activities, next_page_token: next })
        })
        .await
    }
}

fn log(ctx: &Ctx, m: pb::LogPartnerActivityRequest) -> Result<LogPartnerActivity, Error> {
    let mut v = Violations::new();
    let key = v.key(ctx, &m.request_id, &m);
    let school = v.school("parent", &m.parent);
    let m = v.present("partner_activity", m.partner_activity).unwrap_or_default();
    let form = PartnerActivityForm {
        partner: v.id("partner_activity.partner", &m.partner, PARTNER),
        form: v.enum_value("partner_activity.form", m.form, words::partnership_form_of),
        date: v.date("partner_activity.date", &m.date),
        topic: m.topic.trim().to_owned(),
        participants: m.participant_count,
        attachment: m.attachment.trim().to_owned(),
    };
    let (school, wrong) = about(v, school)?;
    Ok(LogPartnerActivity { school, form, wrong, key })
}

fn shown(partner: Partner) -> pb::Partner {
    pb::Partner {
        name: names::format(PARTNER, partner.id),
        kind: words::partner_kind(partner.kind),
        display_name: partner.display_name,
        contact: partner.contact,
        active: partner.active,
        create_time: Some(partner.created_at.into()),
        etag: etag::of(partner.version),
    }
}

fn shown_activity(activity: PartnerActivity) -> pb::PartnerActivity {
    pb::PartnerActivity {
        name: names::format(ACTIVITY, activity.id),
        school: school_name(activity.school),
        partner: names::format(PARTNER, activity.partner),
        form: words::partnership_form(activity.form),
        date: activity.date.to_string(),
        topic: activity.topic,
        participant_count: activity.participants,
        attachment: activity.attachment,
        state: words::evidence_state(activity.state),
        void_reason: activity.void_reason,
        author: user_name(activity.author),
        create_time: Some(activity.created_at.into()),
        etag: etag::of(activity.version),
    }
}
