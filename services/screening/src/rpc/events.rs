//! EventReceiverService: what the other services tell.

use super::Rpc;
use crate::{
    app::{Error, Happened},
    domain::ids::Place,
};
use tonic::{Request, Response, Status, async_trait};
use uuid::Uuid;
use xinqiao_kit::{rpc::handle, validate::Violations};
use xinqiao_proto::internal::v1::{
    DeliverRequest, DeliverResponse, Event, event::Payload,
    event_receiver_service_server::EventReceiverService,
};

#[async_trait]
impl EventReceiverService for Rpc {
    async fn deliver(&self, request: Request<DeliverRequest>) -> Result<Response<DeliverResponse>, Status> {
        handle(request, self.app.clone(), |app, ctx, m: DeliverRequest| async move {
            let (id, happened) = parse(m.event)?;
            app.take_event(&ctx, id, happened).await?;
            Ok::<_, Error>(DeliverResponse {})
        })
        .await
    }
}

fn parse(event: Option<Event>) -> Result<(Uuid, Happened), Error> {
    let mut v = Violations::new();
    let event = v.present("event", event).unwrap_or_default();
    let id = v.uuid("event.event_id", &event.event_id);
    let happened = match event.payload {
        Some(Payload::SchoolChanged(school)) => v
            .uuid("event.school_changed.school_id", &school.school_id)
            .map(|id| Happened::School { id: id.into(), name: school.display_name, active: school.active }),
        Some(Payload::StudentMoved(moved)) => {
            let student = v.uuid("event.student_moved.student_id", &moved.student_id);
            let to = if moved.enrolled {
                let school = v.uuid("event.student_moved.school_id", &moved.school_id);
                let class = v.uuid("event.student_moved.class_id", &moved.class_id);
                school.zip(class).map(|(school, class)| Place { school: school.into(), class: class.into() })
            } else {
                None
            };
            student.map(|student| Happened::Moved { student: student.into(), to })
        }
        // Other events are none of screening's business; taking them keeps the sender's queue moving.
        _ => Some(Happened::Other),
    };
    Ok(v.finish(id.zip(happened))?)
}
