//! ReferralService.

use super::{
    Rpc,
    wire::{REFERRAL, STUDENT, Wire, filter, pupil_or_all, text, time, time_opt, user},
};
use crate::{
    app::{App, PlaceOf},
    domain::{
        ids::{GuardianId, ReferralId},
        referral::{
            Consent, Feedback, INSTITUTION_MAX, Move, REFERRAL_NOTE_MAX, REFERRAL_TEXT_MAX, Referral,
        },
    },
    error::Error,
};
use pb::referral_service_server::ReferralService;
use tonic::{Request, Response, Status};
use xinqiao_kit::{ctx::Ctx, etag, names, page::Page, rpc::handle, validate::Violations};
use xinqiao_proto::profiles::v1 as pb;

impl From<Referral> for pb::Referral {
    fn from(referral: Referral) -> Self {
        let story = referral.story;
        let consent = |consent: Consent| pb::ReferralConsent {
            guardian: consent.guardian.to_string(),
            form: consent.form,
            consent_time: time(consent.recorded_at),
        };
        let feedback = |told: Feedback| pb::ReferralFeedback {
            finding: told.finding,
            advice: told.advice,
            record_time: time(told.recorded_at),
        };
        Self {
            name: names::format2(REFERRAL, referral.student, referral.id),
            institution: story.institution,
            reason: story.reason,
            state: referral.state.wire(),
            consent: story.consent.map(consent),
            send_time: time_opt(story.sent_at),
            receive_time: time_opt(story.received_at),
            feedback: story.feedback.into_iter().map(feedback).collect(),
            return_plan: story.return_plan,
            close_reason: story.close_reason,
            author: user(referral.author),
            create_time: time(referral.created_at),
            close_time: time_opt(referral.closed_at),
            etag: etag::of(referral.version),
        }
    }
}

fn of(v: &mut Violations, name: &str) -> Option<PlaceOf<ReferralId>> {
    v.id2("name", name, REFERRAL).map(|(student, id)| PlaceOf { student, id })
}

/// What every step carries besides its own content.
struct StepOf<'a> {
    name: &'a str,
    etag: &'a str,
    key: crate::app::Key,
}

/// Reads a step and takes it.
async fn take(
    app: &App,
    ctx: &Ctx,
    of_step: StepOf<'_>,
    read: impl FnOnce(&mut Violations) -> Option<Move>,
) -> Result<pb::Referral, Error> {
    let mut v = Violations::new();
    let of = of(&mut v, of_step.name);
    let step = read(&mut v);
    let (of, step) = v.finish(of.zip(step))?;
    Ok(app.move_referral(ctx, of, step, of_step.etag, &of_step.key).await?.into())
}

#[tonic::async_trait]
impl ReferralService for Rpc {
    async fn create_referral(
        &self,
        request: Request<pb::CreateReferralRequest>,
    ) -> Result<Response<pb::Referral>, Status> {
        handle(request, self.0.clone(), |app, ctx, m| async move {
            let key = ctx.request_key(&m.request_id, &m)?;
            let mut v = Violations::new();
            let student = v.id("parent", &m.parent, STUDENT);
            let given = v.present("referral", m.referral).unwrap_or_default();
            let institution = text(&mut v, "referral.institution", &given.institution, 1, INSTITUTION_MAX);
            let reason = text(&mut v, "referral.reason", &given.reason, 1, REFERRAL_TEXT_MAX);
            let student = v.finish(student)?;
            Ok::<_, Error>(app.create_referral(&ctx, student, institution, reason, &key).await?.into())
        })
        .await
    }

    async fn get_referral(
        &self,
        request: Request<pb::GetReferralRequest>,
    ) -> Result<Response<pb::Referral>, Status> {
        handle(request, self.0.clone(), |app, ctx, m| async move {
            let mut v = Violations::new();
            let of = of(&mut v, &m.name);
            Ok::<_, Error>(app.get_referral(&ctx, v.finish(of)?).await?.into())
        })
        .await
    }

    async fn list_referrals(
        &self,
        request: Request<pb::ListReferralsRequest>,
    ) -> Result<Response<pb::ListReferralsResponse>, Status> {
        handle(request, self.0.clone(), |app, ctx, m| async move {
            let mut v = Violations::new();
            let student = pupil_or_all(&mut v, &m.parent);
            let state = filter(&mut v, "state", m.state);
            v.into_result()?;
            let page = Page::of(m.page_size, &m.page_token, &format!("referrals {} {}", m.parent, m.state))?;
            let found = app.list_referrals(&ctx, student, state, &page).await?;
            Ok::<_, Error>(pb::ListReferralsResponse {
                referrals: found.rows.into_iter().map(Into::into).collect(),
                next_page_token: found.next_page_token,
            })
        })
        .await
    }

    async fn record_referral_consent(
        &self,
        request: Request<pb::RecordReferralConsentRequest>,
    ) -> Result<Response<pb::Referral>, Status> {
        handle(request, self.0.clone(), |app, ctx, m| async move {
            let key = ctx.request_key(&m.request_id, &m)?;
            let consent = m.consent;
            take(&app, &ctx, StepOf { name: &m.name, etag: &m.etag, key }, |v| {
                let given = v.present("consent", consent)?;
                let guardian = v.uuid("consent.guardian", &given.guardian).map(GuardianId);
                let form = text(v, "consent.form", &given.form, 1, REFERRAL_NOTE_MAX);
                guardian.map(|guardian| Move::Consent { guardian, form })
            })
            .await
        })
        .await
    }

    async fn send_referral(
        &self,
        request: Request<pb::SendReferralRequest>,
    ) -> Result<Response<pb::Referral>, Status> {
        handle(request, self.0.clone(), |app, ctx, m| async move {
            let key = ctx.request_key(&m.request_id, &m)?;
            take(&app, &ctx, StepOf { name: &m.name, etag: &m.etag, key }, |_| Some(Move::Send)).await
        })
        .await
    }

    async fn confirm_referral_receipt(
        &self,
        request: Request<pb::ConfirmReferralReceiptRequest>,
    ) -> Result<Response<pb::Referral>, Status> {
        handle(request, self.0.clone(), |app, ctx, m| async move {
            let key = ctx.request_key(&m.request_id, &m)?;
            take(&app, &ctx, StepOf { name: &m.name, etag: &m.etag, key }, |_| Some(Move::Receive)).await
        })
        .await
    }

    async fn record_referral_feedback(
        &self,
        request: Request<pb::RecordReferralFeedbackRequest>,
    ) -> Result<Response<pb::Referral>, Status> {
        handle(request, self.0.clone(), |app, ctx, m| async move {
            let key = ctx.request_key(&m.request_id, &m)?;
            let feedback = m.feedback;
            take(&app, &ctx, StepOf { name: &m.name, etag: &m.etag, key }, |v| {
                let given = v.present("feedback", feedback)?;
                let finding = text(v, "feedback.finding", &given.finding, 0, REFERRAL_TEXT_MAX);
                let advice = text(v, "feedback.advice", &given.advice, 1, REFERRAL_TEXT_MAX);
                Some(Move::Feedback { finding, advice })
            })
            .await
        })
        .await
    }

    async fn plan_referral_return(
        &self,
        request: Request<pb::PlanReferralReturnRequest>,
    ) -> Result<Response<pb::Referral>, Status> {
        handle(request, self.0.clone(), |app, ctx, m| async move {
            let key = ctx.request_key(&m.request_id, &m)?;
            let plan = m.return_plan;
            take(&app, &ctx, StepOf { name: &m.name, etag: &m.etag, key }, |v| {
                Some(Move::PlanReturn(text(v, "return_plan", &plan, 1, REFERRAL_TEXT_MAX)))
            })
            .await
        })
        .await
    }

    async fn close_referral(
        &self,
        request: Request<pb::CloseReferralRequest>,
    ) -> Result<Response<pb::Referral>, Status> {
        handle(request, self.0.clone(), |app, ctx, m| async move {
            let key = ctx.request_key(&m.request_id, &m)?;
            let reason = m.reason;
            take(&app, &ctx, StepOf { name: &m.name, etag: &m.etag, key }, |v| {
                Some(Move::Close(text(v, "reason", &reason, 1, REFERRAL_NOTE_MAX)))
            })
            .await
        })
        .await
    }
}
