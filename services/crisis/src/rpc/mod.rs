//! Protobuf in, use-case, protobuf out.

mod alert;
mod convert;
mod event;
mod grid;
mod health;
mod notification;
mod parse;
mod plan;
mod report;

use crate::app::App;
use std::sync::Arc;
use tonic::service::Routes;
use xinqiao_proto::{
    crisis::v1::{
        alert_service_server::AlertServiceServer, crisis_health_service_server::CrisisHealthServiceServer,
        grid_service_server::GridServiceServer, notification_service_server::NotificationServiceServer,
        plan_service_server::PlanServiceServer, report_service_server::ReportServiceServer,
    },
    internal::v1::event_receiver_service_server::EventReceiverServiceServer,
};

/// The gRPC services over the use-cases.
pub fn routes(app: &Arc<App>) -> Routes {
    Routes::new(AlertServiceServer::new(alert::Service(app.clone())))
        .add_service(ReportServiceServer::new(report::Service(app.clone())))
        .add_service(GridServiceServer::new(grid::Service(app.clone())))
        .add_service(NotificationServiceServer::new(notification::Service(app.clone())))
        .add_service(PlanServiceServer::new(plan::Service(app.clone())))
        .add_service(CrisisHealthServiceServer::new(health::Service(app.clone())))
        .add_service(EventReceiverServiceServer::new(event::Service(app.clone())))
}
