//! CrisisHealthService.

use super::convert;
use crate::app::{App, Error, health::Health};
use std::sync::Arc;
use tonic::{Request, Response, Status};
use xinqiao_kit::rpc;
use xinqiao_proto::crisis::v1::{self as pb, crisis_health_service_server::CrisisHealthService};

pub(super) struct Service(pub(super) Arc<App>);

fn health(health: &Health) -> pb::CrisisHealth {
    let count = |count: i64| i32::try_from(count).unwrap_or(i32::MAX);
    let counts = &health.counts;
    pb::CrisisHealth {
        healthy: health.healthy,
        open_alerts: count(counts.open_alerts),
        open_red_alerts: count(counts.open_red_alerts),
        oldest_overdue_seconds: health.oldest_overdue_seconds,
        queued_notifications: count(counts.queued),
        oldest_queued_seconds: health.oldest_queued_seconds,
        failed_notifications: count(counts.failed),
        set_aside_alerts: count(counts.set_aside),
        unplaced_alerts: count(counts.unplaced),
        red_canary_time: health.red_canary.and_then(convert::time),
        other_canary_time: health.other_canary.and_then(convert::time),
        county_duty_people: i32::try_from(health.county_duty_people).unwrap_or(i32::MAX),
    }
}

#[tonic::async_trait]
impl CrisisHealthService for Service {
    async fn get_crisis_health(
        &self,
        request: Request<pb::GetCrisisHealthRequest>,
    ) -> Result<Response<pb::CrisisHealth>, Status> {
        rpc::handle(request, self.0.clone(), |app, ctx, _| async move {
            let found = app.get_crisis_health(&ctx).await?;
            Ok::<_, Error>(health(&found))
        })
        .await
    }
}
