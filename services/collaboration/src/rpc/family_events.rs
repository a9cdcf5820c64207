//! Family events.

use super::{Read as _, Server, about, class_name, pb, school_name, user_name, void, voiding, words};
use crate::{
    app::{
        Error,
        family_events::{ListFamilyEvents, LogFamilyEvent},
    },
    domain::{
        family_event::{AttendanceForm, CLASSES_MAX, FamilyEvent, FamilyEventForm},
        ids::SchoolId,
    },
};
use tonic::{Request, Response, Status};
use xinqiao_kit::{ctx::Ctx, etag, names, rpc, validate::Violations};

const EVENT: &str = "familyEvents/{}";

#[tonic::async_trait]
impl pb::family_event_service_server::FamilyEventService for Server {
    async fn log_family_event(
        &self,
        request: Request<pb::LogFamilyEventRequest>,
    ) -> Result<Response<pb::FamilyEvent>, Status> {
        rpc::handle(request, self.0.clone(), |app, ctx, m| async move {
            Ok::<_, Error>(shown(app.log_family_event(&ctx, log(&ctx, m)?).await?))
        })
        .await
    }

    async fn void_family_event(
        &self,
        request: Request<pb::VoidFamilyEventRequest>,
    ) -> Result<Response<pb::FamilyEvent>, Status> {
        rpc::handle(request, self.0.clone(), |app, ctx, m| async move {
            let command = void!(&ctx, m, EVENT)?;
            Ok::<_, Error>(shown(app.void_family_event(&ctx, command).await?))
        })
        .await
    }

    async fn get_family_event(
        &self,
        request: Request<pb::GetFamilyEventRequest>,
    ) -> Result<Response<pb::FamilyEvent>, Status> {
        rpc::handle(request, self.0.clone(), |app, ctx, m| async move {
            let mut v = Violations::new();
            let id = v.id("name", &m.name, EVENT);
            Ok::<_, Error>(shown(app.get_family_event(&ctx, v.finish(id)?).await?))
        })
        .await
    }

    async fn list_family_events(
        &self,
        request: Request<pb::ListFamilyEventsRequest>,
    ) -> Result<Response<pb::ListFamilyEventsResponse>, Status> {
        rpc::handle(request, self.0.clone(), |app, ctx, m| async move {
            let (events, next_page_token) = app.list_family_events(&ctx, list(m)?).await?;
            let family_events = events.into_iter().map(shown).collect();
            Ok::<_, Error>(pb::ListFamilyEventsResponse { family_events, next_page_token })
        })
        .await
    }
}

fn log(ctx: &Ctx, m: pb::LogFamilyEventRequest) -> Result<LogFamilyEvent, Error> {
    let mut v = Violations::new();
    let key = v.key(ctx, &m.request_id, &m);
    let school = v.school("parent", &m.parent);
    let event = v.present("family_event", m.family_event);
    let form = event.map(|event| form(&mut v, event, school)).unwrap_or_default();
    let (school, wrong) = about(v, school)?;
    Ok(LogFamilyEvent { school, form, wrong, key })
}

fn form(v: &mut Violations, m: pb::FamilyEvent, school: Option<SchoolId>) -> FamilyEventForm {
    // Beyond the limit the list is refused as a whole: one more than it shows that.
    let given = m.attendances.into_iter().take(CLASSES_MAX + 1).enumerate();
    let attendances = given.map(|(at, one)| AttendanceForm {
        class: v.class_of(&format!("family_event.attendances[{at}].class"), &one.class, school),
        invited: one.invited,
        attended: one.attended,
    });
    let attendances = attendances.collect();
    FamilyEventForm {
        kind: v.enum_value("family_event.kind", m.kind, words::family_event_kind_of),
        date: v.date("family_event.date", &m.date),
        topic: m.topic.trim().to_owned(),
        minutes: m.minutes,
        attendances,
        attachment: m.attachment.trim().to_owned(),
    }
}

fn list(m: pb::ListFamilyEventsRequest) -> Result<ListFamilyEvents, Error> {
    let mut v = Violations::new();
    let (school, year) = (v.school("parent", &m.parent), v.year(m.school_year));
    let kind = (m.kind != 0).then(|| v.enum_value("kind", m.kind, words::family_event_kind_of)).flatten();
    let list = format!("family events {} {} {} {}", m.parent, m.school_year, m.kind, m.include_voided);
    let page = v.page(m.page_size, &m.page_token, &list);
    let (school, page) = v.finish(school.zip(page))?;
    Ok(ListFamilyEvents { school, year, kind, voided: m.include_voided, page })
}

fn shown(event: FamilyEvent) -> pb::FamilyEvent {
    let attendance = |one: &crate::domain::family_event::ClassAttendance| pb::ClassAttendance {
        class: class_name(event.school, one.class),
        invited: one.invited,
        attended: one.attended,
    };
    pb::FamilyEvent {
        name: names::format(EVENT, event.id),
        school: school_name(event.school),
        kind: words::family_event_kind(event.kind),
        date: event.date.to_string(),
        attendances: event.attendances.iter().map(attendance).collect(),
        invited_count: event.invited(),
        attended_count: event.attended(),
        topic: event.topic,
        minutes: event.minutes,
        attachment: event.attachment,
        psychology: event.psychology,
        state: words::evidence_state(event.state),
        void_reason: event.void_reason,
        author: user_name(event.author),
        create_time: Some(event.created_at.into()),
        etag: etag::of(event.version),
    }
}
