//! InterviewService.

use super::{Rpc, STUDENT, campaigns::request_key, class_name, optional, page, place, words::Parse as _};
use crate::{
    app::{Completion, Error, NewInterview},
    domain::{
        finding::{Interview, InterviewState, Outcome, Sign},
        ids::InterviewId,
        instrument::Severity,
    },
};
use tonic::{Request, Response, Status, async_trait};
use xinqiao_kit::{
    ctx::Ctx, ctx::RequestKey, etag, names, rpc::handle, status::Violation, validate::Violations,
};
use xinqiao_proto::screening::v1::{self as pb, interview_service_server::InterviewService};

const INTERVIEW: &str = "interviews/{}";

#[async_trait]
impl InterviewService for Rpc {
    async fn create_interview(
        &self,
        request: Request<pb::CreateInterviewRequest>,
    ) -> Result<Response<pb::Interview>, Status> {
        handle(request, self.app.clone(), |app, ctx, m: pb::CreateInterviewRequest| async move {
            let (ask, key) = parse_create(&ctx, &m)?;
            Ok::<_, Error>(interview(&app.create_interview(&ctx, ask, &key).await?, true))
        })
        .await
    }

    async fn get_interview(
        &self,
        request: Request<pb::GetInterviewRequest>,
    ) -> Result<Response<pb::Interview>, Status> {
        handle(request, self.app.clone(), |app, ctx, m: pb::GetInterviewRequest| async move {
            let mut v = Violations::new();
            let id: Option<InterviewId> = v.id("name", &m.name, INTERVIEW);
            let id = v.finish(id)?;
            Ok::<_, Error>(interview(&app.get_interview(&ctx, id).await?, true))
        })
        .await
    }

    async fn list_interviews(
        &self,
        request: Request<pb::ListInterviewsRequest>,
    ) -> Result<Response<pb::ListInterviewsResponse>, Status> {
        handle(request, self.app.clone(), |app, ctx, m: pb::ListInterviewsRequest| async move {
            let mut v = Violations::new();
            let state = optional(&mut v, "state", m.state, InterviewState::parse);
            let student = v.id_opt("student", &m.student, STUDENT);
            let page =
                page(&mut v, m.page_size, &m.page_token, &format!("interviews?{}&{}", m.state, m.student));
            let page = v.finish(page)?;
            let (found, next_page_token) = app.list_interviews(&ctx, state, student, &page).await?;
            let interviews = found.iter().map(|found| interview(found, false)).collect();
            Ok::<_, Error>(pb::ListInterviewsResponse { interviews, next_page_token })
        })
        .await
    }

    async fn complete_interview(
        &self,
        request: Request<pb::CompleteInterviewRequest>,
    ) -> Result<Response<pb::Interview>, Status> {
        handle(request, self.app.clone(), |app, ctx, m: pb::CompleteInterviewRequest| async move {
            let (ask, key) = parse_completion(&ctx, &m)?;
            Ok::<_, Error>(interview(&app.complete_interview(&ctx, ask, &key).await?, true))
        })
        .await
    }
}

fn parse_create(
    ctx: &Ctx,
    m: &pb::CreateInterviewRequest,
) -> Result<(NewInterview, Option<RequestKey>), Error> {
    let mut v = Violations::new();
    let key = request_key(&mut v, ctx, &m.request_id, m);
    let given = v.present("interview", m.interview.as_ref());
    let ask = given.and_then(|given| {
        let student = v.id("interview.student", &given.student, STUDENT);
        let place = place(&mut v, "interview.class", &given.class);
        let due = given.due_time.and_then(|due| v.time("interview.due_time", Some(due)));
        let (student, place) = student.zip(place)?;
        Some(NewInterview { student, place, due })
    });
    Ok(v.finish(ask.zip(key))?)
}

fn parse_completion(
    ctx: &Ctx,
    m: &pb::CompleteInterviewRequest,
) -> Result<(Completion, Option<RequestKey>), Error> {
    let mut v = Violations::new();
    let id = v.id("name", &m.name, INTERVIEW);
    let outcome = v.enum_value("outcome", m.outcome, Outcome::parse);
    let mut signs: Vec<Sign> = Vec::new();
    if v.count("signs", m.signs.len(), Sign::ALL.len()) {
        for (at, number) in m.signs.iter().enumerate() {
            let sign = v.enum_value(&format!("signs[{at}]"), *number, Sign::parse);
            signs.extend(sign.filter(|sign| !signs.contains(sign)));
        }
    }
    v.len("notes", &m.notes, 2, 8_000);
    let raise = if m.raise_severity.is_empty() { None } else { Severity::of_word(&m.raise_severity) };
    if !m.raise_severity.is_empty() && raise.is_none() {
        v.push(Violation::new("raise_severity", "UNKNOWN_VALUE"));
    }
    let key = request_key(&mut v, ctx, &m.request_id, m);
    let ((id, outcome), key) = v.finish(id.zip(outcome).zip(key))?;
    Ok((Completion { id, outcome, signs, notes: m.notes.clone(), raise, etag: m.etag.clone() }, key))
}

/// An interview; signs and notes only where it is shown alone.
fn interview(interview: &Interview, alone: bool) -> pb::Interview {
    let held = interview.held.as_ref();
    let told = held.filter(|_| alone);
    let signs = |held: &crate::domain::finding::Held| {
        held.signs.iter().map(|sign| pb::Sign::from(*sign).into()).collect::<Vec<i32>>()
    };
    pb::Interview {
        name: names::format(INTERVIEW, interview.id),
        student: names::format(STUDENT, interview.student),
        class: class_name(interview.place),
        state: pb::InterviewState::from(interview.state).into(),
        reason: pb::InterviewReason::from(interview.reason).into(),
        evidence: interview.evidence.map(|evidence| evidence.name()).unwrap_or_default(),
        due_time: Some(interview.due.into()),
        outcome: held.map(|held| pb::InterviewOutcome::from(held.outcome).into()).unwrap_or_default(),
        signs: told.map(signs).unwrap_or_default(),
        notes: told.map(|held| held.notes.clone()).unwrap_or_default(),
        interviewer: held.map(|held| names::format("users/{}", held.interviewer)).unwrap_or_default(),
        complete_time: held.map(|held| held.time.into()),
        create_time: Some(interview.create_time.into()),
        etag: etag::of(interview.version),
    }
}
