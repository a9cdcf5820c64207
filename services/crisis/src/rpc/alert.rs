//! AlertService.

use super::{convert, parse};
use crate::{
    app::{
        App, Error,
        alerts::{Deed, Handling},
        watch::{Event, What},
    },
    domain::{AlertId, timeline::ActionKind},
    store::alerts::Filter,
};
use futures::StreamExt as _;
use std::sync::Arc;
use tonic::{Request, Response, Status};
use xinqiao_kit::{
    ctx::Ctx,
    page::Page,
    rpc::{self, ResponseStream},
    validate::{Invalid, Violations},
};
use xinqiao_proto::crisis::v1::{self as pb, alert_service_server::AlertService};

pub(super) struct Service(pub(super) Arc<App>);

fn alert_name(name: &str) -> Result<AlertId, Invalid> {
    parse::name("name", name, "alerts/{}")
}

async fn handled(app: &App, ctx: &Ctx, handling: Result<Handling, Invalid>) -> Result<pb::Alert, Error> {
    let alert = app.handle_alert(ctx, &handling?).await?;
    Ok(convert::alert(ctx, &alert))
}

/// What every change of an alert has in common, with the deed that the caller parses.
fn handling<M: prost::Message>(
    ctx: &Ctx,
    (name, etag, request_id): (&str, &str, &str),
    message: &M,
    deed: impl FnOnce(&mut Violations) -> Option<Deed>,
) -> Result<Handling, Invalid> {
    let mut v = Violations::new();
    let alert = v.id("name", name, "alerts/{}");
    let key = parse::key(&mut v, ctx, request_id, message);
    let deed = deed(&mut v);
    let parsed = alert.zip(key).zip(deed);
    v.finish(parsed.map(|((alert, key), deed)| Handling { alert, deed, etag: etag.to_owned(), key }))
}

fn action(v: &mut Violations, request: &pb::RecordActionRequest) -> Option<Deed> {
    let kind = v.enum_value("kind", request.kind, convert::from_action_kind);
    // "Something else" says nothing without words.
    let text = match kind {
        Some(ActionKind::Other) => parse::required(v, "text", &request.text, parse::TEXT_MAX),
        _ => parse::optional(v, "text", &request.text, parse::TEXT_MAX),
    };
    Some(Deed::Act { kind: kind?, text })
}

fn list_request(request: &pb::ListAlertsRequest) -> Result<(Filter, Page), Invalid> {
    let mut v = Violations::new();
    v.count("states", request.states.len(), 10);
    let mut states = Vec::new();
    for (index, number) in request.states.iter().take(10).enumerate() {
        states.extend(v.enum_value(&format!("states[{index}]"), *number, convert::from_state));
    }
    let school = v.id_opt("school", &request.school, "schools/{}");
    let student = v.id_opt("student", &request.student, "students/{}");
    let min_severity = match request.min_severity {
        0 => None,
        number => v.enum_value("min_severity", number, convert::from_severity),
    };
    let filter = Filter { states, school, student, min_severity };
    let list = format!("alerts {filter:?}");
    let page = parse::page(&mut v, request.page_size, &request.page_token, &list);
    v.finish(page.map(|page| (filter, page)))
}

fn sub_list(
    parent: &str,
    size: i32,
    token: &str,
    kind: &str,
    default: i32,
) -> Result<(AlertId, Page), Invalid> {
    let mut v = Violations::new();
    let alert = v.id("parent", parent, "alerts/{}");
    let page = parse::page_of(&mut v, size, token, &format!("{kind} {parent}"), default);
    v.finish(alert.zip(page))
}

fn watched(ctx: &Ctx, event: Event) -> pb::WatchAlertsResponse {
    use pb::watch_alerts_response::Event as Wire;
    let what = match event.what {
        What::Notification(notification) => Wire::Notification(convert::notification(ctx, &notification)),
        What::Heartbeat { now, escalation_alive } => {
            Wire::Heartbeat(pb::Heartbeat { server_time: convert::time(now), escalation_alive })
        }
    };
    pb::WatchAlertsResponse { resume_token: event.resume_token, event: Some(what) }
}

#[tonic::async_trait]
impl AlertService for Service {
    async fn get_alert(&self, request: Request<pb::GetAlertRequest>) -> Result<Response<pb::Alert>, Status> {
        rpc::handle(request, self.0.clone(), |app, ctx, m| async move {
            let alert = app.get_alert(&ctx, alert_name(&m.name)?).await?;
            Ok::<_, Error>(convert::alert(&ctx, &alert))
        })
        .await
    }

    async fn list_alerts(
        &self,
        request: Request<pb::ListAlertsRequest>,
    ) -> Result<Response<pb::ListAlertsResponse>, Status> {
        rpc::handle(request, self.0.clone(), |app, ctx, m| async move {
            let (filter, page) = list_request(&m)?;
            let (alerts, next_page_token) = app.list_alerts(&ctx, &filter, &page).await?;
            let alerts = alerts.iter().map(|alert| convert::alert(&ctx, alert)).collect();
            Ok::<_, Error>(pb::ListAlertsResponse { alerts, next_page_token })
        })
        .await
    }

    async fn acknowledge_alert(
        &self,
        request: Request<pb::AcknowledgeAlertRequest>,
    ) -> Result<Response<pb::Alert>, Status> {
        rpc::handle(request, self.0.clone(), |app, ctx, m| async move {
            let alert = app.acknowledge_alert(&ctx, alert_name(&m.name)?).await?;
            Ok::<_, Error>(convert::alert(&ctx, &alert))
        })
        .await
    }

    async fn record_action(
        &self,
        request: Request<pb::RecordActionRequest>,
    ) -> Result<Response<pb::Alert>, Status> {
        rpc::handle(request, self.0.clone(), |app, ctx, m| async move {
            let handling = handling(&ctx, (&m.name, "", &m.request_id), &m, |v| action(v, &m));
            handled(&app, &ctx, handling).await
        })
        .await
    }

    async fn take_in_hand(
        &self,
        request: Request<pb::TakeInHandRequest>,
    ) -> Result<Response<pb::Alert>, Status> {
        rpc::handle(request, self.0.clone(), |app, ctx, m| async move {
            let handling = handling(&ctx, (&m.name, "", &m.request_id), &m, |_| Some(Deed::TakeInHand));
            handled(&app, &ctx, handling).await
        })
        .await
    }

    async fn resolve_alert(
        &self,
        request: Request<pb::ResolveAlertRequest>,
    ) -> Result<Response<pb::Alert>, Status> {
        rpc::handle(request, self.0.clone(), |app, ctx, m| async move {
            let deed = |v: &mut Violations| {
                parse::required(v, "summary", &m.summary, parse::TEXT_MAX)
                    .map(|summary| Deed::Resolve { summary })
            };
            let handling = handling(&ctx, (&m.name, &m.etag, &m.request_id), &m, deed);
            handled(&app, &ctx, handling).await
        })
        .await
    }

    async fn close_unfounded(
        &self,
        request: Request<pb::CloseUnfoundedRequest>,
    ) -> Result<Response<pb::Alert>, Status> {
        rpc::handle(request, self.0.clone(), |app, ctx, m| async move {
            let deed = |v: &mut Violations| {
                parse::required(v, "reason", &m.reason, parse::TEXT_MAX)
                    .map(|reason| Deed::CloseUnfounded { reason })
            };
            let handling = handling(&ctx, (&m.name, &m.etag, &m.request_id), &m, deed);
            handled(&app, &ctx, handling).await
        })
        .await
    }

    async fn reopen_alert(
        &self,
        request: Request<pb::ReopenAlertRequest>,
    ) -> Result<Response<pb::Alert>, Status> {
        rpc::handle(request, self.0.clone(), |app, ctx, m| async move {
            let deed = |v: &mut Violations| {
                parse::required(v, "reason", &m.reason, parse::TEXT_MAX).map(|reason| Deed::Reopen { reason })
            };
            let handling = handling(&ctx, (&m.name, "", &m.request_id), &m, deed);
            handled(&app, &ctx, handling).await
        })
        .await
    }

    async fn list_alert_signals(
        &self,
        request: Request<pb::ListAlertSignalsRequest>,
    ) -> Result<Response<pb::ListAlertSignalsResponse>, Status> {
        rpc::handle(request, self.0.clone(), |app, ctx, m| async move {
            let (alert, page) = sub_list(&m.parent, m.page_size, &m.page_token, "signals", 50)?;
            let (found, next_page_token) = app.list_alert_signals(&ctx, alert, &page).await?;
            let signals = found.iter().map(convert::signal).collect();
            Ok::<_, Error>(pb::ListAlertSignalsResponse { signals, next_page_token })
        })
        .await
    }

    async fn list_alert_timeline(
        &self,
        request: Request<pb::ListAlertTimelineRequest>,
    ) -> Result<Response<pb::ListAlertTimelineResponse>, Status> {
        rpc::handle(request, self.0.clone(), |app, ctx, m| async move {
            let (alert, page) = sub_list(&m.parent, m.page_size, &m.page_token, "timeline", 200)?;
            let (found, next_page_token) = app.list_alert_timeline(&ctx, alert, &page).await?;
            let entries = found.iter().map(|entry| convert::entry(alert, entry)).collect();
            Ok::<_, Error>(pb::ListAlertTimelineResponse { entries, next_page_token })
        })
        .await
    }

    type WatchAlertsStream = ResponseStream<pb::WatchAlertsResponse>;

    async fn watch_alerts(
        &self,
        request: Request<pb::WatchAlertsRequest>,
    ) -> Result<Response<Self::WatchAlertsStream>, Status> {
        rpc::handle_stream(request, self.0.clone(), |app, ctx, m| async move {
            let events = app.watch_alerts(&ctx, &m.resume_token).await?;
            Ok::<_, Error>(events.map(move |event| event.map(|event| watched(&ctx, event))))
        })
        .await
    }
}
