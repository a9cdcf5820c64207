//! EventReceiverService: what profiles tells.

use super::Rpc;
use crate::{
    app::{App, Fact},
    domain::{ClassId, SchoolId, StudentId, UserId, facts::StaffFact},
};
use std::sync::Arc;
use tonic::{Request, Response, Status};
use uuid::Uuid;
use xinqiao_kit::{
    ctx::Ctx,
    rpc,
    validate::{Invalid, Violations},
};
use xinqiao_proto::internal::v1::{
    self as pb, event::Payload, event_receiver_service_server::EventReceiverService,
};

#[tonic::async_trait]
impl EventReceiverService for Rpc {
    async fn deliver(
        &self,
        request: Request<pb::DeliverRequest>,
    ) -> Result<Response<pb::DeliverResponse>, Status> {
        rpc::handle(request, self.0.clone(), |app: Arc<App>, ctx: Ctx, m| async move {
            let (event, fact) = parse(m)?;
            app.take(&ctx, event, fact).await?;
            Ok::<_, crate::Error>(pb::DeliverResponse {})
        })
        .await
    }
}

fn parse(m: pb::DeliverRequest) -> Result<(Uuid, Fact), Invalid> {
    let mut v = Violations::new();
    let event = v.present("event", m.event);
    let Some(event) = event else { return v.finish(None) };
    let id = v.uuid("event.event_id", &event.event_id);
    let fact = match event.payload {
        Some(Payload::StaffChanged(change)) => staff(&mut v, change).map(Fact::Staff),
        Some(Payload::TeamChanged(change)) => team(&mut v, &change),
        Some(Payload::StudentMoved(change)) => moved(&mut v, &change),
        // What concerns identity no more than by passing is taken and changes nothing.
        _ => Some(Fact::Other),
    };
    v.finish(id.zip(fact))
}

fn optional<T: From<Uuid>>(v: &mut Violations, field: &str, text: &str) -> Option<T> {
    if text.is_empty() { None } else { v.uuid(field, text).map(T::from) }
}

fn all<T: From<Uuid>>(v: &mut Violations, field: &str, texts: &[String]) -> Vec<T> {
    texts.iter().filter_map(|text| v.uuid(field, text)).map(T::from).collect()
}

fn staff(v: &mut Violations, change: pb::StaffChanged) -> Option<StaffFact> {
    Some(StaffFact {
        user: optional::<UserId>(v, "event.staff_changed.user_id", &change.user_id),
        school: optional::<SchoolId>(v, "event.staff_changed.school_id", &change.school_id),
        homeroom_classes: all(v, "event.staff_changed.homeroom_class_ids", &change.homeroom_class_ids),
        staff: v.uuid("event.staff_changed.staff_id", &change.staff_id)?,
        posts: change.posts,
        active: change.active,
    })
}

fn team(v: &mut Violations, change: &pb::TeamChanged) -> Option<Fact> {
    let student = v.uuid("event.team_changed.student_id", &change.student_id);
    let school = v.uuid("event.team_changed.school_id", &change.school_id);
    let members = all(v, "event.team_changed.member_user_ids", &change.member_user_ids);
    Some(Fact::Team { student: StudentId(student?), school: SchoolId(school?), members })
}

fn moved(v: &mut Violations, change: &pb::StudentMoved) -> Option<Fact> {
    let student = StudentId(v.uuid("event.student_moved.student_id", &change.student_id)?);
    if !change.enrolled {
        return Some(Fact::Moved { student, place: None });
    }
    let school = v.uuid("event.student_moved.school_id", &change.school_id);
    let class = v.uuid("event.student_moved.class_id", &change.class_id);
    Some(Fact::Moved { student, place: Some((SchoolId(school?), ClassId(class?))) })
}
