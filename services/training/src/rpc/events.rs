//! Events from profiles.

use super::{Server, internal};
use crate::{
    app::{Error, events::Fact},
    domain::{
        facts::{Class, Post, School, Staff},
        ids::{ClassId, SchoolId, StaffId, UserId},
        stage::Stage,
    },
};
use tonic::{Request, Response, Status};
use uuid::Uuid;
use xinqiao_kit::{authz::Target, rpc, time::Ts, validate::Violations};

#[tonic::async_trait]
impl internal::event_receiver_service_server::EventReceiverService for Server {
    async fn deliver(
        &self,
        request: Request<internal::DeliverRequest>,
    ) -> Result<Response<internal::DeliverResponse>, Status> {
        rpc::handle(request, self.0.clone(), |app, ctx, m| async move {
            app.permit(&ctx, &Target::new("event"))?;
            let (id, fact) = read(m.event.unwrap_or_default())?;
            app.take(id, fact).await?;
            Ok::<_, Error>(internal::DeliverResponse {})
        })
        .await
    }
}

fn read(event: internal::Event) -> Result<(Uuid, Fact), Error> {
    use internal::event::Payload;
    let mut v = Violations::new();
    let id = v.uuid("event.event_id", &event.event_id);
    let at = v.time("event.occur_time", event.occur_time);
    let fact = match event.payload {
        Some(Payload::SchoolChanged(m)) => school(&mut v, m).map(Fact::School),
        Some(Payload::ClassChanged(m)) => at.and_then(|at| class(&mut v, m, at)).map(Fact::Class),
        Some(Payload::StaffChanged(m)) => staff(&mut v, m).map(Fact::Staff),
        _ => Some(Fact::Other),
    };
    Ok(v.finish(id.zip(fact))?)
}

fn school(v: &mut Violations, m: internal::SchoolChanged) -> Option<School> {
    Some(School {
        id: SchoolId(v.uuid("school_id", &m.school_id)?),
        code: m.code,
        display_name: m.display_name,
        stages: m.stages.iter().filter_map(|word| Stage::of_word(word)).collect(),
        active: m.active,
    })
}

fn class(v: &mut Violations, m: internal::ClassChanged, at: Ts) -> Option<Class> {
    let (id, school) = (v.uuid("class_id", &m.class_id), v.uuid("school_id", &m.school_id));
    let stage = v.check("stage", Stage::of_word(&m.stage).ok_or("UNKNOWN_VALUE"));
    Some(Class {
        id: ClassId(id?),
        school: SchoolId(school?),
        stage: stage?,
        entry_year: m.entry_year,
        number: m.number,
        closed_on: (!m.active).then(|| at.shanghai_date()),
    })
}

fn staff(v: &mut Violations, m: internal::StaffChanged) -> Option<Staff> {
    let optional =
        |v: &mut Violations, field, text: &str| if text.is_empty() { None } else { v.uuid(field, text) };
    Some(Staff {
        id: StaffId(v.uuid("staff_id", &m.staff_id)?),
        school: optional(v, "school_id", &m.school_id).map(SchoolId),
        user: optional(v, "user_id", &m.user_id).map(UserId),
        posts: m.posts.iter().filter_map(|word| Post::of_word(word)).collect(),
        active: m.active,
        on_leave: m.on_leave,
    })
}
