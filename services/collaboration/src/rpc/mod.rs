//! Protobuf in, use-case, protobuf out. What can be wrong with a request is collected, never answered one by one.

mod committees;
mod consents;
mod events;
mod family_events;
mod figures;
mod guidance;
mod messages;
mod parent_schools;
mod partners;
mod visits;
mod words;

use crate::{
    app::{App, Error, Void},
    domain::ids::{ClassId, SchoolId, StudentId, UserId},
};
use std::{collections::BTreeSet, sync::Arc};
use tonic::service::{Routes, RoutesBuilder};
use uuid::Uuid;
use xinqiao_kit::{
    ctx::{Ctx, RequestKey},
    names,
    page::Page,
    status::Violation,
    time::SchoolYear,
    validate::{Invalid, Violations},
};
use xinqiao_proto::{collaboration::v1 as pb, internal::v1 as internal};

const SCHOOL: &str = "schools/{}";
const CLASS: &str = "schools/{}/classes/{}";
const STUDENT: &str = "students/{}";
const USER: &str = "users/{}";

/// The years that a request may name; what lies outside is a slip of the pen.
const YEARS: std::ops::RangeInclusive<i32> = 2000..=2100;
/// Page sizes of lists that hold what people wrote about pupils: default and maximum.
const PRIVATE_PAGE: (i32, i32) = (50, 200);
/// Page sizes of long lists of short rows.
const LONG_PAGE: (i32, i32) = (200, 1000);
const REASON_MIN: usize = 2;
const REASON_MAX: usize = 300;

/// All gRPC services of this service.
#[derive(Clone)]
struct Server(Arc<App>);

/// The routes of the service.
pub fn routes(app: Arc<App>) -> Routes {
    let server = Server(app);
    let mut routes = RoutesBuilder::default();
    routes
        .add_service(pb::committee_service_server::CommitteeServiceServer::new(server.clone()))
        .add_service(pb::parent_school_service_server::ParentSchoolServiceServer::new(server.clone()))
        .add_service(pb::family_event_service_server::FamilyEventServiceServer::new(server.clone()))
        .add_service(pb::home_visit_service_server::HomeVisitServiceServer::new(server.clone()))
        .add_service(pb::message_service_server::MessageServiceServer::new(server.clone()))
        .add_service(pb::guidance_service_server::GuidanceServiceServer::new(server.clone()))
        .add_service(pb::consent_service_server::ConsentServiceServer::new(server.clone()))
        .add_service(pb::partner_service_server::PartnerServiceServer::new(server.clone()))
        .add_service(pb::figure_service_server::FigureServiceServer::new(server.clone()))
        .add_service(internal::event_receiver_service_server::EventReceiverServiceServer::new(server));
    routes.routes()
}

/// What every request has: fields to complain about.
trait Read {
    fn key<M: prost::Message>(&mut self, ctx: &Ctx, request_id: &str, message: &M) -> Option<RequestKey>;
    fn page(&mut self, size: i32, token: &str, list: &str) -> Option<Page>;
    fn page_of(&mut self, sizes: (i32, i32), size: i32, token: &str, list: &str) -> Option<Page>;
    fn year(&mut self, number: i32) -> Option<SchoolYear>;
    fn school(&mut self, field: &str, name: &str) -> Option<SchoolId>;
    fn school_opt(&mut self, field: &str, name: &str) -> Option<Option<SchoolId>>;
    fn class_of(&mut self, field: &str, name: &str, school: Option<SchoolId>) -> Option<ClassId>;
    fn student(&mut self, field: &str, name: &str) -> Option<StudentId>;
    fn set<T: Ord>(&mut self, field: &str, values: &[i32], of: fn(i32) -> Option<T>) -> BTreeSet<T>;
    fn reason(&mut self, given: &str) -> String;
}

impl Read for Violations {
    /// The key for the same request again.
    fn key<M: prost::Message>(&mut self, ctx: &Ctx, request_id: &str, message: &M) -> Option<RequestKey> {
        ctx.request_key(request_id, message).unwrap_or_else(|violation| {
            self.push(violation);
            None
        })
    }

    /// The page of a list; `list` names list and filter.
    fn page(&mut self, size: i32, token: &str, list: &str) -> Option<Page> {
        Page::of(size, token, list).map_err(|violation| self.push(violation)).ok()
    }

    /// The same with a default and a maximum of its own.
    fn page_of(&mut self, (default, max): (i32, i32), size: i32, token: &str, list: &str) -> Option<Page> {
        Page::parse(size, token, list, default, max).map_err(|violation| self.push(violation)).ok()
    }

    /// A school year; none when the request means the running one.
    fn year(&mut self, number: i32) -> Option<SchoolYear> {
        let named = number != 0 && self.range("school_year", number, *YEARS.start(), *YEARS.end());
        named.then_some(SchoolYear(number))
    }

    fn school(&mut self, field: &str, name: &str) -> Option<SchoolId> {
        self.id(field, name, SCHOOL)
    }

    /// A school, or the county when nothing is given; none when it cannot be read.
    fn school_opt(&mut self, field: &str, name: &str) -> Option<Option<SchoolId>> {
        if name.is_empty() { Some(None) } else { self.school(field, name).map(Some) }
    }

    /// A class of `school`. One that is named as a class of another school is no class of this one: nobody has the nil id.
    fn class_of(&mut self, field: &str, name: &str, school: Option<SchoolId>) -> Option<ClassId> {
        let (of, class): (SchoolId, ClassId) = self.id2(field, name, CLASS)?;
        Some(if school.is_none_or(|school| school == of) { class } else { ClassId(Uuid::nil()) })
    }

    fn student(&mut self, field: &str, name: &str) -> Option<StudentId> {
        self.id(field, name, STUDENT)
    }

    /// Values of an enum, each at most once.
    fn set<T: Ord>(&mut self, field: &str, values: &[i32], of: fn(i32) -> Option<T>) -> BTreeSet<T> {
        let mut set = BTreeSet::new();
        for (at, number) in values.iter().enumerate() {
            let field = format!("{field}[{at}]");
            if let Some(value) = self.enum_value(&field, *number, of)
                && !set.insert(value)
            {
                self.push(Violation::new(field, "DUPLICATE"));
            }
        }
        set
    }

    /// Why something is voided.
    fn reason(&mut self, given: &str) -> String {
        let reason = given.trim();
        self.len("reason", reason, REASON_MIN, REASON_MAX);
        reason.to_owned()
    }
}

/// What a request is about. Without it nothing can be asked, so everything that was noted is answered at once.
fn about<T>(v: Violations, id: Option<T>) -> Result<(T, Violations), Invalid> {
    match id {
        Some(id) => Ok((id, v)),
        None => v.finish(None).map(|id| (id, Violations::new())),
    }
}

/// The requests that void something have the same fields.
macro_rules! void {
    ($ctx:expr, $m:expr, $pattern:expr) => {{
        let mut v = Violations::new();
        let key = v.key($ctx, &$m.request_id, &$m);
        let id = v.id("name", &$m.name, $pattern);
        let reason = v.reason(&$m.reason);
        voiding(v, (id, reason, $m.etag, key))
    }};
}
use void;

fn voiding<Id: From<Uuid>>(
    v: Violations,
    (id, reason, etag, key): (Option<Id>, String, String, Option<RequestKey>),
) -> Result<Void<Id>, Error> {
    let (id, wrong) = about(v, id)?;
    Ok(Void { id, reason, etag, wrong, key })
}

fn school_name(id: SchoolId) -> String {
    names::format(SCHOOL, id)
}

fn student_name(id: StudentId) -> String {
    names::format(STUDENT, id)
}

fn class_name(school: SchoolId, class: ClassId) -> String {
    names::format2(CLASS, school, class)
}

fn user_name(id: UserId) -> String {
    names::format(USER, id)
}

/// A count as protobuf has it.
fn count(number: impl TryInto<i32>) -> i32 {
    number.try_into().unwrap_or(i32::MAX)
}
