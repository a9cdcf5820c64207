//! The edge: protobuf in, use-case, protobuf out. Conversions collect every violation.

mod assignments;
mod campaigns;
mod entries;
mod events;
mod findings;
mod instruments;
mod interviews;
mod observations;
mod responses;
mod results;
mod words;

use crate::app::App;
use std::sync::Arc;
use tonic::service::{Routes, RoutesBuilder};
use xinqiao_kit::{names, page::Page, validate::Violations};
use xinqiao_proto::{
    internal::v1::event_receiver_service_server::EventReceiverServiceServer,
    screening::v1::{
        assignment_service_server::AssignmentServiceServer, campaign_service_server::CampaignServiceServer,
        entry_service_server::EntryServiceServer, finding_service_server::FindingServiceServer,
        instrument_service_server::InstrumentServiceServer, interview_service_server::InterviewServiceServer,
        observation_service_server::ObservationServiceServer, response_service_server::ResponseServiceServer,
        result_service_server::ResultServiceServer,
    },
};

/// Every service of screening over the same use-cases.
#[derive(Clone)]
pub(crate) struct Rpc {
    app: Arc<App>,
}

/// The routes of screening.
pub(crate) fn routes(app: Arc<App>) -> Routes {
    let rpc = Rpc { app };
    let mut routes = RoutesBuilder::default();
    routes
        .add_service(InstrumentServiceServer::new(rpc.clone()))
        .add_service(CampaignServiceServer::new(rpc.clone()))
        .add_service(AssignmentServiceServer::new(rpc.clone()))
        .add_service(ResponseServiceServer::new(rpc.clone()))
        .add_service(ResultServiceServer::new(rpc.clone()))
        .add_service(InterviewServiceServer::new(rpc.clone()))
        .add_service(ObservationServiceServer::new(rpc.clone()))
        .add_service(FindingServiceServer::new(rpc.clone()))
        .add_service(EntryServiceServer::new(rpc.clone()))
        .add_service(EventReceiverServiceServer::new(rpc));
    routes.routes()
}

const SCHOOL: &str = "schools/{}";
const CLASS: &str = "schools/{}/classes/{}";
const STUDENT: &str = "students/{}";
const CAMPAIGN: &str = "campaigns/{}";

/// The page of a request, with the common size.
fn page(v: &mut Violations, size: i32, token: &str, fingerprint: &str) -> Option<Page> {
    Page::of(size, token, fingerprint).map_err(|violation| v.push(violation)).ok()
}

/// A place as the name of its class.
fn class_name(place: crate::domain::ids::Place) -> String {
    names::format2(CLASS, place.school, place.class)
}

/// A required class name.
fn place(v: &mut Violations, field: &str, name: &str) -> Option<crate::domain::ids::Place> {
    v.id2(field, name, CLASS).map(|(school, class)| crate::domain::ids::Place { school, class })
}

/// An enum that may be left out: zero is nothing, an unknown number a violation.
fn optional<T>(
    v: &mut Violations,
    field: &str,
    number: i32,
    parse: impl FnOnce(i32) -> Option<T>,
) -> Option<T> {
    if number == 0 { None } else { v.enum_value(field, number, parse) }
}
