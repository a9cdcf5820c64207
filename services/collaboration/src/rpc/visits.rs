//! Home visits.

use super::{
    PRIVATE_PAGE, Read as _, STUDENT, Server, about, class_name, pb, student_name, user_name, void, voiding,
    words,
};
use crate::{
    app::{Error, visits::LogHomeVisit},
    domain::home_visit::{HomeVisit, Said, VisitForm},
    store::visits::Proof,
};
use tonic::{Request, Response, Status};
use xinqiao_kit::{ctx::Ctx, etag, names, rpc, validate::Violations};

const VISIT: &str = "homeVisits/{}";

#[tonic::async_trait]
impl pb::home_visit_service_server::HomeVisitService for Server {
    async fn log_home_visit(
        &self,
        request: Request<pb::LogHomeVisitRequest>,
    ) -> Result<Response<pb::HomeVisit>, Status> {
        rpc::handle(request, self.0.clone(), |app, ctx, m| async move {
            Ok::<_, Error>(shown(app.log_home_visit(&ctx, log(&ctx, m)?).await?))
        })
        .await
    }

    async fn void_home_visit(
        &self,
        request: Request<pb::VoidHomeVisitRequest>,
    ) -> Result<Response<pb::HomeVisit>, Status> {
        rpc::handle(request, self.0.clone(), |app, ctx, m| async move {
            let command = void!(&ctx, m, VISIT)?;
            Ok::<_, Error>(shown(app.void_home_visit(&ctx, command).await?))
        })
        .await
    }

    async fn get_home_visit(
        &self,
        request: Request<pb::GetHomeVisitRequest>,
    ) -> Result<Response<pb::HomeVisit>, Status> {
        rpc::handle(request, self.0.clone(), |app, ctx, m| async move {
            let mut v = Violations::new();
            let id = v.id("name", &m.name, VISIT);
            Ok::<_, Error>(shown(app.get_home_visit(&ctx, v.finish(id)?).await?))
        })
        .await
    }

    async fn list_home_visits(
        &self,
        request: Request<pb::ListHomeVisitsRequest>,
    ) -> Result<Response<pb::ListHomeVisitsResponse>, Status> {
        rpc::handle(request, self.0.clone(), |app, ctx, m| async move {
            let mut v = Violations::new();
            let student = v.id_opt("student", &m.student, STUDENT);
            let list = format!("home visits {} {}", m.student, m.include_voided);
            let page = v.page_of(PRIVATE_PAGE, m.page_size, &m.page_token, &list);
            let filter = (student, m.include_voided);
            let (visits, next) = app.list_home_visits(&ctx, filter, &v.finish(page)?).await?;
            let home_visits = visits.into_iter().map(shown).collect();
            Ok::<_, Error>(pb::ListHomeVisitsResponse { home_visits, next_page_token: next })
        })
        .await
    }

    async fn list_shared_visits(
        &self,
        request: Request<pb::ListSharedVisitsRequest>,
    ) -> Result<Response<pb::ListSharedVisitsResponse>, Status> {
        rpc::handle(request, self.0.clone(), |app, ctx, m| async move {
            let mut v = Violations::new();
            let student = v.student("parent", &m.parent);
            let list = format!("shared visits {}", m.parent);
            let page = v.page_of(PRIVATE_PAGE, m.page_size, &m.page_token, &list);
            let (student, page) = v.finish(student.zip(page))?;
            let (visits, next_page_token) = app.list_shared_visits(&ctx, student, &page).await?;
            let shared_visits = visits.into_iter().map(shared).collect();
            Ok::<_, Error>(pb::ListSharedVisitsResponse { shared_visits, next_page_token })
        })
        .await
    }

    async fn list_visit_evidence(
        &self,
        request: Request<pb::ListVisitEvidenceRequest>,
    ) -> Result<Response<pb::ListVisitEvidenceResponse>, Status> {
        rpc::handle(request, self.0.clone(), |app, ctx, m| async move {
            let mut v = Violations::new();
            let (school, year) = (v.school("parent", &m.parent), v.year(m.school_year));
            let list = format!("visit evidence {} {}", m.parent, m.school_year);
            let page = v.page(m.page_size, &m.page_token, &list);
            let (school, page) = v.finish(school.zip(page))?;
            let (proofs, next) = app.list_visit_evidence(&ctx, school, year, &page).await?;
            let visits = proofs.into_iter().map(proof).collect();
            Ok::<_, Error>(pb::ListVisitEvidenceResponse { visits, next_page_token: next })
        })
        .await
    }
}

fn log(ctx: &Ctx, m: pb::LogHomeVisitRequest) -> Result<LogHomeVisit, Error> {
    let mut v = Violations::new();
    let key = v.key(ctx, &m.request_id, &m);
    let student = v.student("parent", &m.parent);
    let m = v.present("home_visit", m.home_visit).unwrap_or_default();
    let text = |text: String| text.trim().to_owned();
    let form = VisitForm {
        date: v.date("home_visit.date", &m.date),
        mode: v.enum_value("home_visit.mode", m.mode, words::visit_mode_of),
        said: Said {
            topics: v.set("home_visit.topics", &m.topics, words::visit_topic_of),
            met: text(m.met),
            companions: text(m.companions),
            agreements: text(m.agreements),
            notes: text(m.notes),
            void_reason: String::new(),
        },
    };
    let (student, wrong) = about(v, student)?;
    Ok(LogHomeVisit { student, form, wrong, key })
}

fn shown(visit: HomeVisit) -> pb::HomeVisit {
    let said = visit.said;
    pb::HomeVisit {
        name: names::format(VISIT, visit.id),
        student: student_name(visit.student),
        class: class_name(visit.school, visit.class),
        visitor: user_name(visit.visitor),
        date: visit.date.to_string(),
        mode: words::visit_mode(visit.mode),
        topics: said.topics.into_iter().map(words::visit_topic).collect(),
        met: said.met,
        companions: said.companions,
        agreements: said.agreements,
        notes: said.notes,
        state: words::evidence_state(visit.state),
        void_reason: said.void_reason,
        create_time: Some(visit.created_at.into()),
        etag: etag::of(visit.version),
    }
}

/// What a guardian reads: not the notes.
fn shared(visit: HomeVisit) -> pb::SharedVisit {
    pb::SharedVisit {
        name: names::format(VISIT, visit.id),
        date: visit.date.to_string(),
        mode: words::visit_mode(visit.mode),
        topics: visit.said.topics.into_iter().map(words::visit_topic).collect(),
        agreements: visit.said.agreements,
    }
}

fn proof(proof: Proof) -> pb::VisitEvidence {
    pb::VisitEvidence {
        name: names::format(VISIT, proof.id),
        class: class_name(proof.school, proof.class),
        visitor: user_name(proof.visitor),
        date: proof.date.to_string(),
        mode: words::visit_mode(proof.mode),
    }
}
