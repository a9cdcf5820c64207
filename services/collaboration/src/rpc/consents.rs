//! Consents.

use super::{PRIVATE_PAGE, Read as _, Server, about, pb, school_name, student_name, user_name, words};
use crate::{
    app::{
        Error,
        consents::{Decide, PublishForm},
    },
    domain::consent::{Consent, ConsentForm},
};
use tonic::{Request, Response, Status};
use xinqiao_kit::{ctx::Ctx, etag, names, rpc, validate::Violations};

const FORM: &str = "consentForms/{}";
const CONSENT: &str = "consents/{}";

#[tonic::async_trait]
impl pb::consent_service_server::ConsentService for Server {
    async fn publish_consent_form(
        &self,
        request: Request<pb::PublishConsentFormRequest>,
    ) -> Result<Response<pb::ConsentForm>, Status> {
        rpc::handle(request, self.0.clone(), |app, ctx, m| async move {
            Ok::<_, Error>(shown_form(app.publish_form(&ctx, publish(&ctx, m)?).await?))
        })
        .await
    }

    async fn list_consent_forms(
        &self,
        request: Request<pb::ListConsentFormsRequest>,
    ) -> Result<Response<pb::ListConsentFormsResponse>, Status> {
        rpc::handle(request, self.0.clone(), |app, ctx, m| async move {
            let mut v = Violations::new();
            let student = v.student("parent", &m.parent);
            let forms = app.list_forms(&ctx, v.finish(student)?).await?;
            let consent_forms = forms.into_iter().map(shown_form).collect();
            Ok::<_, Error>(pb::ListConsentFormsResponse { consent_forms })
        })
        .await
    }

    async fn decide_consent(
        &self,
        request: Request<pb::DecideConsentRequest>,
    ) -> Result<Response<pb::Consent>, Status> {
        rpc::handle(request, self.0.clone(), |app, ctx, m| async move {
            Ok::<_, Error>(shown(app.decide(&ctx, decide(&ctx, m)?).await?))
        })
        .await
    }

    async fn withdraw_consent(
        &self,
        request: Request<pb::WithdrawConsentRequest>,
    ) -> Result<Response<pb::Consent>, Status> {
        rpc::handle(request, self.0.clone(), |app, ctx, m| async move {
            let mut v = Violations::new();
            let key = v.key(&ctx, &m.request_id, &m);
            let id = v.id("name", &m.name, CONSENT);
            Ok::<_, Error>(shown(app.withdraw(&ctx, v.finish(id)?, &m.etag, key).await?))
        })
        .await
    }

    async fn list_consents(
        &self,
        request: Request<pb::ListConsentsRequest>,
    ) -> Result<Response<pb::ListConsentsResponse>, Status> {
        rpc::handle(request, self.0.clone(), |app, ctx, m| async move {
            let mut v = Violations::new();
            let student = v.student("parent", &m.parent);
            let list = format!("consents {}", m.parent);
            let page = v.page_of(PRIVATE_PAGE, m.page_size, &m.page_token, &list);
            let (student, page) = v.finish(student.zip(page))?;
            let (consents, next_page_token) = app.list_consents(&ctx, student, &page).await?;
            let consents = consents.into_iter().map(shown).collect();
            Ok::<_, Error>(pb::ListConsentsResponse { consents, next_page_token })
        })
        .await
    }
}

fn publish(ctx: &Ctx, m: pb::PublishConsentFormRequest) -> Result<PublishForm, Error> {
    let mut v = Violations::new();
    let key = v.key(ctx, &m.request_id, &m);
    let m = v.present("consent_form", m.consent_form).unwrap_or_default();
    let school = v.school_opt("consent_form.school", &m.school);
    let purpose = v.enum_value("consent_form.purpose", m.purpose, words::purpose_of);
    let (school, wrong) = about(v, school)?;
    Ok(PublishForm {
        school,
        purpose,
        title: m.title.trim().to_owned(),
        text: m.text.trim().to_owned(),
        wrong,
        key,
    })
}

fn decide(ctx: &Ctx, m: pb::DecideConsentRequest) -> Result<Decide, Error> {
    let mut v = Violations::new();
    let key = v.key(ctx, &m.request_id, &m);
    let student = v.student("parent", &m.parent);
    let form = v.id("form", &m.form, FORM);
    let decision = v.enum_value("decision", m.decision, words::consent_state_of);
    let (student, wrong) = about(v, student)?;
    Ok(Decide { student, form, decision, wrong, key })
}

fn shown_form(form: ConsentForm) -> pb::ConsentForm {
    pb::ConsentForm {
        name: names::format(FORM, form.id),
        school: form.school.map(school_name).unwrap_or_default(),
        purpose: words::purpose(form.purpose),
        version: form.version,
        title: form.title,
        text: form.text,
        current: form.current,
        create_time: Some(form.created_at.into()),
    }
}

fn shown(consent: Consent) -> pb::Consent {
    pb::Consent {
        name: names::format(CONSENT, consent.id),
        student: student_name(consent.student),
        form: names::format(FORM, consent.form),
        purpose: words::purpose(consent.purpose),
        version: consent.form_version,
        guardian: user_name(consent.guardian),
        state: words::consent_state(consent.state),
        decide_time: Some(consent.decided_at.into()),
        end_time: consent.ended_at.map(Into::into),
        etag: etag::of(consent.version),
    }
}
