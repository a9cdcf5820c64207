//! Protobuf in, use-case, protobuf out. What can be wrong with a request is collected, never answered one by one.

mod activities;
mod certificates;
mod events;
mod lesson_figures;
mod lessons;
mod plans;
mod staffing;
mod trainings;
mod words;

use crate::{
    app::App,
    domain::ids::{SchoolId, StaffId},
};
use prost_types::FieldMask;
use std::{collections::BTreeSet, sync::Arc};
use tonic::service::{Routes, RoutesBuilder};
use xinqiao_kit::{
    ctx::{Ctx, RequestKey},
    names,
    page::Page,
    status::Violation,
    time::SchoolYear,
    validate::{Invalid, Violations},
};
use xinqiao_proto::{internal::v1 as internal, training::v1 as pb};

const SCHOOL: &str = "schools/{}";
const CLASS: &str = "schools/{}/classes/{}";
const STAFF: &str = "staff/{}";
const USER: &str = "users/{}";

/// The years that a request may name; what lies outside is a slip of the pen.
const YEARS: std::ops::RangeInclusive<i32> = 2000..=2100;

/// All gRPC services of this service.
#[derive(Clone)]
struct Server(Arc<App>);

/// The routes of the service.
pub fn routes(app: Arc<App>) -> Routes {
    let server = Server(app);
    let mut routes = RoutesBuilder::default();
    routes
        .add_service(pb::lesson_service_server::LessonServiceServer::new(server.clone()))
        .add_service(pb::lesson_figure_service_server::LessonFigureServiceServer::new(server.clone()))
        .add_service(pb::teaching_plan_service_server::TeachingPlanServiceServer::new(server.clone()))
        .add_service(pb::staff_training_service_server::StaffTrainingServiceServer::new(server.clone()))
        .add_service(pb::certificate_service_server::CertificateServiceServer::new(server.clone()))
        .add_service(pb::staffing_service_server::StaffingServiceServer::new(server.clone()))
        .add_service(pb::activity_service_server::ActivityServiceServer::new(server.clone()))
        .add_service(internal::event_receiver_service_server::EventReceiverServiceServer::new(server));
    routes.routes()
}

/// What every request has: fields to complain about.
trait Read {
    fn key<M: prost::Message>(&mut self, ctx: &Ctx, request_id: &str, message: &M) -> Option<RequestKey>;
    fn page(&mut self, size: i32, token: &str, list: &str) -> Option<Page>;
    fn year(&mut self, number: i32) -> Option<SchoolYear>;
    fn school(&mut self, field: &str, name: &str) -> Option<SchoolId>;
    fn mask(&mut self, mask: Option<FieldMask>, allowed: &[&'static str]) -> Vec<&'static str>;
    fn set<T: Ord>(&mut self, field: &str, values: &[i32], of: fn(i32) -> Option<T>) -> BTreeSet<T>;
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

    /// A school year; none when the request means the running one.
    fn year(&mut self, number: i32) -> Option<SchoolYear> {
        let named = number != 0 && self.range("school_year", number, *YEARS.start(), *YEARS.end());
        named.then_some(SchoolYear(number))
    }

    fn school(&mut self, field: &str, name: &str) -> Option<SchoolId> {
        self.id(field, name, SCHOOL)
    }

    /// The fields that an update names.
    fn mask(&mut self, mask: Option<FieldMask>, allowed: &[&'static str]) -> Vec<&'static str> {
        let paths = mask.map(|mask| mask.paths).unwrap_or_default();
        if paths.is_empty() {
            self.push(Violation::new("update_mask", "REQUIRED"));
        }
        let known: Vec<&'static str> =
            allowed.iter().copied().filter(|field| paths.iter().any(|path| path == field)).collect();
        if paths.iter().any(|path| !allowed.contains(&path.as_str())) {
            self.push(Violation::new("update_mask", "UNKNOWN_VALUE"));
        }
        known
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
}

/// What a request is about. Without it nothing can be asked, so everything that was noted is answered at once.
fn about<T>(v: Violations, id: Option<T>) -> Result<(T, Violations), Invalid> {
    match id {
        Some(id) => Ok((id, v)),
        None => v.finish(None).map(|id| (id, Violations::new())),
    }
}

fn school_name(id: SchoolId) -> String {
    names::format(SCHOOL, id)
}

fn staff_name(id: StaffId) -> String {
    names::format(STAFF, id)
}

/// A count as protobuf has it.
fn count(number: impl TryInto<i32>) -> i32 {
    number.try_into().unwrap_or(i32::MAX)
}
