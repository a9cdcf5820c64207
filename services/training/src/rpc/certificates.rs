//! Certificates.

use super::{Read as _, STAFF, Server, about, pb, school_name, staff_name, words};
use crate::{
    app::{Error, certificates::CreateCertificate},
    domain::{
        certificate::{Certificate, CertificateForm},
        ids::TrainingId,
    },
};
use chrono::NaiveDate;
use tonic::{Request, Response, Status};
use xinqiao_kit::{ctx::Ctx, etag, names, rpc, validate::Violations};

const CERTIFICATE: &str = "certificates/{}";
const TRAINING: &str = "trainings/{}";

#[tonic::async_trait]
impl pb::certificate_service_server::CertificateService for Server {
    async fn create_certificate(
        &self,
        request: Request<pb::CreateCertificateRequest>,
    ) -> Result<Response<pb::Certificate>, Status> {
        rpc::handle(request, self.0.clone(), |app, ctx, m| async move {
            let certificate = app.create_certificate(&ctx, create(&ctx, m)?).await?;
            Ok::<_, Error>(shown(certificate, ctx.now().shanghai_date()))
        })
        .await
    }

    async fn revoke_certificate(
        &self,
        request: Request<pb::RevokeCertificateRequest>,
    ) -> Result<Response<pb::Certificate>, Status> {
        rpc::handle(request, self.0.clone(), |app, ctx, m| async move {
            let mut v = Violations::new();
            let key = v.key(&ctx, &m.request_id, &m);
            let id = v.id("name", &m.name, CERTIFICATE);
            let certificate = app.revoke_certificate(&ctx, v.finish(id)?, &m.etag, key).await?;
            Ok::<_, Error>(shown(certificate, ctx.now().shanghai_date()))
        })
        .await
    }

    async fn get_certificate(
        &self,
        request: Request<pb::GetCertificateRequest>,
    ) -> Result<Response<pb::Certificate>, Status> {
        rpc::handle(request, self.0.clone(), |app, ctx, m| async move {
            let mut v = Violations::new();
            let id = v.id("name", &m.name, CERTIFICATE);
            let certificate = app.get_certificate(&ctx, v.finish(id)?).await?;
            Ok::<_, Error>(shown(certificate, ctx.now().shanghai_date()))
        })
        .await
    }

    async fn list_certificates(
        &self,
        request: Request<pb::ListCertificatesRequest>,
    ) -> Result<Response<pb::ListCertificatesResponse>, Status> {
        rpc::handle(request, self.0.clone(), |app, ctx, m| async move {
            let mut v = Violations::new();
            let school = v.school("parent", &m.parent);
            let staff = v.id_opt("staff", &m.staff, STAFF);
            let kind =
                (m.kind != 0).then(|| v.enum_value("kind", m.kind, words::certificate_kind_of)).flatten();
            let list = format!("certificates {} {} {}", m.parent, m.staff, m.kind);
            let page = v.page(m.page_size, &m.page_token, &list);
            let (school, page) = v.finish(school.zip(page))?;
            let (certificates, next) = app.list_certificates(&ctx, school, (staff, kind), &page).await?;
            let today = ctx.now().shanghai_date();
            let certificates = certificates.into_iter().map(|one| shown(one, today)).collect();
            Ok::<_, Error>(pb::ListCertificatesResponse { certificates, next_page_token: next })
        })
        .await
    }
}

fn create(ctx: &Ctx, m: pb::CreateCertificateRequest) -> Result<CreateCertificate, Error> {
    let mut v = Violations::new();
    let key = v.key(ctx, &m.request_id, &m);
    let m = v.present("certificate", m.certificate).unwrap_or_default();
    let staff = v.id("certificate.staff", &m.staff, STAFF);
    let form = CertificateForm {
        kind: v.enum_value("certificate.kind", m.kind, words::certificate_kind_of),
        stages: v.set("certificate.stages", &m.stages, words::stage_of),
        training: v.id_opt::<TrainingId>("certificate.training", &m.training, TRAINING),
        title: m.title.trim().to_owned(),
        issuer: m.issuer.trim().to_owned(),
        issued_on: v.date("certificate.issue_date", &m.issue_date),
        expires_on: date_opt(&mut v, "certificate.expire_date", &m.expire_date),
        within_establishment: m.within_establishment,
        practice_since: date_opt(&mut v, "certificate.practice_since_date", &m.practice_since_date),
    };
    let (staff, wrong) = about(v, staff)?;
    Ok(CreateCertificate { staff, form, wrong, key })
}

fn date_opt(v: &mut Violations, field: &str, text: &str) -> Option<NaiveDate> {
    if text.is_empty() { None } else { v.date(field, text) }
}

fn shown(certificate: Certificate, today: NaiveDate) -> pb::Certificate {
    let text = |date: Option<NaiveDate>| date.map(|date| date.to_string()).unwrap_or_default();
    pb::Certificate {
        name: names::format(CERTIFICATE, certificate.id),
        staff: staff_name(certificate.staff),
        kind: words::certificate_kind(certificate.kind),
        state: words::certificate_state(certificate.state(today)),
        stages: certificate.stages.into_iter().map(words::stage).collect(),
        training: certificate.training.map(|id| names::format(TRAINING, id)).unwrap_or_default(),
        title: certificate.title,
        issuer: certificate.issuer,
        issue_date: certificate.issued_on.to_string(),
        expire_date: text(certificate.expires_on),
        within_establishment: certificate.within_establishment,
        practice_since_date: text(certificate.practice_since),
        school: certificate.school.map(school_name).unwrap_or_default(),
        create_time: Some(certificate.created_at.into()),
        etag: etag::of(certificate.version),
    }
}
