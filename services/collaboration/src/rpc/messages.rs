//! Messages to guardians.

use super::{
    LONG_PAGE, PRIVATE_PAGE, Read as _, Server, about, class_name, count, pb, school_name, student_name,
    user_name, words,
};
use crate::{
    app::{Error, messages::SendMessage},
    domain::{
        ids::SchoolId,
        message::{Audience, Message, MessageText, Receipt, Received},
    },
};
use tonic::{Request, Response, Status};
use xinqiao_kit::{ctx::Ctx, names, rpc, status::Violation, validate::Violations};

const MESSAGE: &str = "messages/{}";

#[tonic::async_trait]
impl pb::message_service_server::MessageService for Server {
    async fn send_message(
        &self,
        request: Request<pb::SendMessageRequest>,
    ) -> Result<Response<pb::GuardianMessage>, Status> {
        rpc::handle(request, self.0.clone(), |app, ctx, m| async move {
            Ok::<_, Error>(shown(app.send_message(&ctx, send(&ctx, m)?).await?))
        })
        .await
    }

    async fn get_message(
        &self,
        request: Request<pb::GetMessageRequest>,
    ) -> Result<Response<pb::GuardianMessage>, Status> {
        rpc::handle(request, self.0.clone(), |app, ctx, m| async move {
            let mut v = Violations::new();
            let id = v.id("name", &m.name, MESSAGE);
            Ok::<_, Error>(shown(app.get_message(&ctx, v.finish(id)?).await?))
        })
        .await
    }

    async fn list_messages(
        &self,
        request: Request<pb::ListMessagesRequest>,
    ) -> Result<Response<pb::ListMessagesResponse>, Status> {
        rpc::handle(request, self.0.clone(), |app, ctx, m| async move {
            let mut v = Violations::new();
            let page = v.page_of(PRIVATE_PAGE, m.page_size, &m.page_token, "messages");
            let (messages, next_page_token) = app.list_messages(&ctx, &v.finish(page)?).await?;
            let messages = messages.into_iter().map(shown).collect();
            Ok::<_, Error>(pb::ListMessagesResponse { messages, next_page_token })
        })
        .await
    }

    async fn list_read_receipts(
        &self,
        request: Request<pb::ListReadReceiptsRequest>,
    ) -> Result<Response<pb::ListReadReceiptsResponse>, Status> {
        rpc::handle(request, self.0.clone(), |app, ctx, m| async move {
            let mut v = Violations::new();
            let id = v.id("parent", &m.parent, MESSAGE);
            let page = v.page_of(LONG_PAGE, m.page_size, &m.page_token, &format!("receipts {}", m.parent));
            let (id, page) = v.finish(id.zip(page))?;
            let (receipts, next_page_token) = app.list_receipts(&ctx, id, &page).await?;
            let receipts = receipts.into_iter().map(receipt).collect();
            Ok::<_, Error>(pb::ListReadReceiptsResponse { receipts, next_page_token })
        })
        .await
    }

    async fn list_received_messages(
        &self,
        request: Request<pb::ListReceivedMessagesRequest>,
    ) -> Result<Response<pb::ListReceivedMessagesResponse>, Status> {
        rpc::handle(request, self.0.clone(), |app, ctx, m| async move {
            let mut v = Violations::new();
            let student = v.student("parent", &m.parent);
            let list = format!("received messages {}", m.parent);
            let page = v.page_of(PRIVATE_PAGE, m.page_size, &m.page_token, &list);
            let (student, page) = v.finish(student.zip(page))?;
            let (messages, next_page_token) = app.list_received(&ctx, student, &page).await?;
            let received_messages = messages.into_iter().map(received).collect();
            Ok::<_, Error>(pb::ListReceivedMessagesResponse { received_messages, next_page_token })
        })
        .await
    }

    async fn confirm_message_read(
        &self,
        request: Request<pb::ConfirmMessageReadRequest>,
    ) -> Result<Response<pb::ReceivedMessage>, Status> {
        rpc::handle(request, self.0.clone(), |app, ctx, m| async move {
            let mut v = Violations::new();
            let id = v.id("name", &m.name, MESSAGE);
            let student = v.student("student", &m.student);
            let (id, student) = v.finish(id.zip(student))?;
            Ok::<_, Error>(received(app.confirm_read(&ctx, id, student).await?))
        })
        .await
    }
}

fn send(ctx: &Ctx, m: pb::SendMessageRequest) -> Result<SendMessage, Error> {
    let mut v = Violations::new();
    let key = v.key(ctx, &m.request_id, &m);
    let school = v.school("parent", &m.parent);
    let m = v.present("message", m.message).unwrap_or_default();
    let audience = audience(&mut v, &m, school);
    let kind = v.enum_value("message.kind", m.kind, words::message_kind_of);
    let text = MessageText { subject: m.subject.trim().to_owned(), body: m.body.trim().to_owned() };
    let ((school, audience), wrong) = about(v, school.zip(audience))?;
    Ok(SendMessage { school, audience, kind, text, wrong, key })
}

fn audience(v: &mut Violations, m: &pb::GuardianMessage, school: Option<SchoolId>) -> Option<Audience> {
    match (m.class.as_str(), m.student.as_str()) {
        ("", "") => Some(Audience::School),
        (class, "") => v.class_of("message.class", class, school).map(Audience::Class),
        ("", student) => v.student("message.student", student).map(Audience::Student),
        _ => {
            v.push(Violation::new("message.class", "NOT_ALLOWED"));
            None
        }
    }
}

fn shown(message: Message) -> pb::GuardianMessage {
    let (class, student) = match message.audience {
        Audience::School => (String::new(), String::new()),
        Audience::Class(class) => (class_name(message.school, class), String::new()),
        Audience::Student(student) => (String::new(), student_name(student)),
    };
    pb::GuardianMessage {
        name: names::format(MESSAGE, message.id),
        school: school_name(message.school),
        class,
        student,
        kind: words::message_kind(message.kind),
        subject: message.text.subject,
        body: message.text.body,
        sender: user_name(message.sender),
        create_time: Some(message.created_at.into()),
        read_count: count(message.reads),
    }
}

fn received(one: Received) -> pb::ReceivedMessage {
    pb::ReceivedMessage {
        name: names::format(MESSAGE, one.message.id),
        kind: words::message_kind(one.message.kind),
        subject: one.message.text.subject,
        body: one.message.text.body,
        create_time: Some(one.message.created_at.into()),
        read_time: one.read_at.map(Into::into),
    }
}

fn receipt(one: Receipt) -> pb::ReadReceipt {
    pb::ReadReceipt {
        student: student_name(one.student),
        guardian: user_name(one.guardian),
        read_time: Some(one.read_at.into()),
    }
}
