//! Guardians' requests for help.

use super::{PRIVATE_PAGE, Read as _, Server, about, pb, school_name, student_name, user_name, words};
use crate::{
    app::{
        Error,
        guidance::{AskForGuidance, ReplyToGuidance},
    },
    domain::guidance::{GuidanceRequest, Reply},
};
use tonic::{Request, Response, Status};
use xinqiao_kit::{ctx::Ctx, etag, names, rpc, validate::Violations};

const REQUEST: &str = "guidanceRequests/{}";

#[tonic::async_trait]
impl pb::guidance_service_server::GuidanceService for Server {
    async fn ask_for_guidance(
        &self,
        request: Request<pb::AskForGuidanceRequest>,
    ) -> Result<Response<pb::GuidanceRequest>, Status> {
        rpc::handle(request, self.0.clone(), |app, ctx, m| async move {
            Ok::<_, Error>(shown(app.ask_for_guidance(&ctx, ask(&ctx, m)?).await?))
        })
        .await
    }

    async fn reply_to_guidance_request(
        &self,
        request: Request<pb::ReplyToGuidanceRequestRequest>,
    ) -> Result<Response<pb::GuidanceRequest>, Status> {
        rpc::handle(request, self.0.clone(), |app, ctx, m| async move {
            let mut v = Violations::new();
            let key = v.key(&ctx, &m.request_id, &m);
            let id = v.id("name", &m.name, REQUEST);
            let (id, wrong) = about(v, id)?;
            let command = ReplyToGuidance { id, text: m.text.trim().to_owned(), wrong, key };
            Ok::<_, Error>(shown(app.reply_to_guidance(&ctx, command).await?))
        })
        .await
    }

    async fn close_guidance_request(
        &self,
        request: Request<pb::CloseGuidanceRequestRequest>,
    ) -> Result<Response<pb::GuidanceRequest>, Status> {
        rpc::handle(request, self.0.clone(), |app, ctx, m| async move {
            let mut v = Violations::new();
            let key = v.key(&ctx, &m.request_id, &m);
            let id = v.id("name", &m.name, REQUEST);
            Ok::<_, Error>(shown(app.close_guidance(&ctx, v.finish(id)?, &m.etag, key).await?))
        })
        .await
    }

    async fn get_guidance_request(
        &self,
        request: Request<pb::GetGuidanceRequestRequest>,
    ) -> Result<Response<pb::GuidanceRequest>, Status> {
        rpc::handle(request, self.0.clone(), |app, ctx, m| async move {
            let mut v = Violations::new();
            let id = v.id("name", &m.name, REQUEST);
            Ok::<_, Error>(shown(app.get_guidance(&ctx, v.finish(id)?).await?))
        })
        .await
    }

    async fn list_guidance_requests(
        &self,
        request: Request<pb::ListGuidanceRequestsRequest>,
    ) -> Result<Response<pb::ListGuidanceRequestsResponse>, Status> {
        rpc::handle(request, self.0.clone(), |app, ctx, m| async move {
            let mut v = Violations::new();
            let state =
                (m.state != 0).then(|| v.enum_value("state", m.state, words::guidance_state_of)).flatten();
            let list = format!("guidance requests {}", m.state);
            let page = v.page_of(PRIVATE_PAGE, m.page_size, &m.page_token, &list);
            let (requests, next_page_token) = app.list_guidance(&ctx, state, &v.finish(page)?).await?;
            let guidance_requests = requests.into_iter().map(shown).collect();
            Ok::<_, Error>(pb::ListGuidanceRequestsResponse { guidance_requests, next_page_token })
        })
        .await
    }
}

fn ask(ctx: &Ctx, m: pb::AskForGuidanceRequest) -> Result<AskForGuidance, Error> {
    let mut v = Violations::new();
    let key = v.key(ctx, &m.request_id, &m);
    let student = v.student("parent", &m.parent);
    let m = v.present("guidance_request", m.guidance_request).unwrap_or_default();
    let recipient = v.enum_value("guidance_request.recipient", m.recipient, words::recipient_of);
    let (student, wrong) = about(v, student)?;
    Ok(AskForGuidance { student, recipient, text: m.text.trim().to_owned(), urgent: m.urgent, wrong, key })
}

fn shown(request: GuidanceRequest) -> pb::GuidanceRequest {
    pb::GuidanceRequest {
        name: names::format(REQUEST, request.id),
        student: student_name(request.student),
        school: school_name(request.school),
        author: user_name(request.author),
        recipient: words::recipient(request.recipient),
        text: request.text,
        urgent: request.urgent,
        state: words::guidance_state(request.state),
        replies: request.replies.into_iter().map(shown_reply).collect(),
        create_time: Some(request.created_at.into()),
        etag: etag::of(request.version),
    }
}

fn shown_reply(reply: Reply) -> pb::GuidanceReply {
    pb::GuidanceReply { author: user_name(reply.author), text: reply.text, time: Some(reply.at.into()) }
}
