//! ResponseService.

use super::{CAMPAIGN, Rpc, STUDENT};
use crate::{
    app::{Error, Submit, Taken},
    domain::{
        answers::MAX_ANSWERS,
        ids::{CampaignId, StudentId},
    },
};
use tonic::{Request, Response, Status, async_trait};
use xinqiao_kit::{names, rpc::handle, status::Violation, validate::Violations};
use xinqiao_proto::screening::v1::{self as pb, response_service_server::ResponseService};

#[async_trait]
impl ResponseService for Rpc {
    async fn submit_response(
        &self,
        request: Request<pb::SubmitResponseRequest>,
    ) -> Result<Response<pb::Response>, Status> {
        handle(request, self.app.clone(), |app, ctx, m: pb::SubmitResponseRequest| async move {
            Ok::<_, Error>(response(app.submit(&ctx, parse_submit(m)?).await?))
        })
        .await
    }

    async fn save_draft(
        &self,
        request: Request<pb::SaveDraftRequest>,
    ) -> Result<Response<pb::Draft>, Status> {
        handle(request, self.app.clone(), |app, ctx, m: pb::SaveDraftRequest| async move {
            let mut v = Violations::new();
            let campaign: Option<CampaignId> = v.id("parent", &m.parent, CAMPAIGN);
            let student: Option<StudentId> = v.id("student", &m.student, STUDENT);
            let given = given(&mut v, "answers", m.answers);
            let (campaign, student) = v.finish(campaign.zip(student))?;
            let (saved, time) = app.save_draft(&ctx, campaign, student, &given).await?;
            Ok::<_, Error>(pb::Draft {
                campaign: m.parent,
                student: m.student,
                answers: answers(&saved),
                update_time: Some(time.into()),
            })
        })
        .await
    }
}

/// Answers as given, 1 to 500; what they mean is for the instrument to say.
pub(super) fn given(v: &mut Violations, field: &str, answers: Vec<pb::Answer>) -> Vec<(String, i32)> {
    if answers.is_empty() {
        v.push(Violation::new(field, "REQUIRED"));
    }
    if !v.count(field, answers.len(), MAX_ANSWERS) {
        return Vec::new();
    }
    answers.into_iter().map(|answer| (answer.link_id, answer.value)).collect()
}

/// Answers as shown.
pub(super) fn answers(answers: &[(String, i32)]) -> Vec<pb::Answer> {
    answers.iter().map(|(link_id, value)| pb::Answer { link_id: link_id.clone(), value: *value }).collect()
}

fn parse_submit(m: pb::SubmitResponseRequest) -> Result<Submit, Error> {
    let mut v = Violations::new();
    let campaign = v.id("parent", &m.parent, CAMPAIGN);
    let student = v.id("student", &m.student, STUDENT);
    let client_key = v.uuid("client_key", &m.client_key);
    let start = v.time("start_time", m.start_time);
    let finish = v.time("finish_time", m.finish_time);
    let answers = given(&mut v, "answers", m.answers);
    let parts = campaign.zip(student).zip(client_key).zip(start.zip(finish));
    let (((campaign, student), client_key), (start, finish)) = v.finish(parts)?;
    Ok(Submit { campaign, student, client_key, start, finish, answers, partial: m.partial })
}

fn response(taken: Taken) -> pb::Response {
    pb::Response {
        name: names::format("responses/{}", taken.id),
        campaign: names::format(CAMPAIGN, taken.campaign),
        student: names::format(STUDENT, taken.student),
        client_key: taken.client_key.to_string(),
        start_time: Some(taken.start.into()),
        finish_time: Some(taken.finish.into()),
        create_time: Some(taken.time.into()),
        late: taken.late,
        complete: taken.complete,
        retest: taken.retest,
    }
}
