//! Protobuf in, use-case, protobuf out. Conversions collect everything that is wrong with a request.

mod care;
mod classes;
mod placement;
mod proposals;
mod records;
mod referrals;
mod roster;
mod schools;
mod staff;
mod students;
mod students_in;
mod teams;
mod wire;

use crate::app::App;
use std::sync::Arc;
use tonic::service::Routes;
use xinqiao_proto::profiles::v1 as pb;

/// One gRPC service over the use-cases.
#[derive(Debug, Clone)]
pub(crate) struct Rpc(Arc<App>);

/// All services of this crate.
pub(crate) fn routes(app: &Arc<App>) -> Routes {
    let rpc = || Rpc(app.clone());
    let mut routes = Routes::builder();
    routes
        .add_service(pb::school_service_server::SchoolServiceServer::new(rpc()))
        .add_service(pb::class_service_server::ClassServiceServer::new(rpc()))
        .add_service(pb::staff_service_server::StaffServiceServer::new(rpc()))
        .add_service(pb::student_service_server::StudentServiceServer::new(rpc()))
        .add_service(pb::placement_service_server::PlacementServiceServer::new(rpc()))
        .add_service(pb::record_service_server::RecordServiceServer::new(rpc()))
        .add_service(
            // Rosters are larger than tonic's 4 MiB; the front holds each method to its own limit.
            pb::roster_service_server::RosterServiceServer::new(rpc()).max_decoding_message_size(usize::MAX),
        )
        .add_service(pb::team_service_server::TeamServiceServer::new(rpc()))
        .add_service(pb::care_service_server::CareServiceServer::new(rpc()))
        .add_service(pb::referral_service_server::ReferralServiceServer::new(rpc()));
    routes.routes()
}
