//! Events from profiles.

use super::{Server, internal};
use crate::{
    app::{Error, events::Fact},
    domain::{
        facts::{Class, School},
        ids::{ClassId, SchoolId},
    },
};
use tonic::{Request, Response, Status};
use uuid::Uuid;
use xinqiao_kit::{authz::Target, rpc, validate::Violations};

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
        Some(Payload::SchoolChanged(m)) => v.uuid("school_id", &m.school_id).map(|id| {
            Fact::School(School {
                id: SchoolId(id),
                code: m.code,
                display_name: m.display_name,
                active: m.active,
            })
        }),
        Some(Payload::ClassChanged(m)) => {
            let ids = v.uuid("class_id", &m.class_id).zip(v.uuid("school_id", &m.school_id));
            ids.zip(at).map(|((id, school), at)| {
                Fact::Class(Class {
                    id: ClassId(id),
                    school: SchoolId(school),
                    entry_year: m.entry_year,
                    closed_on: (!m.active).then(|| at.shanghai_date()),
                })
            })
        }
        _ => Some(Fact::Other),
    };
    Ok(v.finish(id.zip(fact))?)
}
