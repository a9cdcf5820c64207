//! ReportService.

use super::{convert, parse};
use crate::{
    app::{
        App, Error,
        reports::{NewReport, Report},
    },
    domain::report::Sign,
};
use std::sync::Arc;
use tonic::{Request, Response, Status};
use xinqiao_kit::{
    names, rpc,
    status::Violation,
    validate::{Invalid, Violations},
};
use xinqiao_proto::crisis::v1::{self as pb, report_service_server::ReportService};

/// Characters of a report's text.
const TEXT_MAX: usize = 4_000;

pub(super) struct Service(pub(super) Arc<App>);

fn new_report(request: &pb::CreateReportRequest) -> Result<NewReport, Invalid> {
    let mut v = Violations::new();
    let Some(report) = v.present("report", request.report.as_ref()) else {
        return v.finish(None);
    };
    let student = v.id("report.student", &report.student, "students/{}");
    let signs = signs(&mut v, &report.signs);
    let text = parse::optional(&mut v, "report.text", &report.text, TEXT_MAX);
    let client_key = v.uuid("report.client_key", &report.client_key);
    let parsed = student.zip(client_key);
    v.finish(parsed.map(|(student, client_key)| NewReport {
        student,
        signs,
        text,
        client_key,
        drill: report.drill,
    }))
}

fn signs(v: &mut Violations, numbers: &[i32]) -> Vec<Sign> {
    const FIELD: &str = "report.signs";
    let mut signs = Vec::new();
    if numbers.is_empty() {
        v.push(Violation::new(FIELD, "REQUIRED"));
    }
    if !v.count(FIELD, numbers.len(), Sign::ALL.len()) {
        return signs;
    }
    for (index, number) in numbers.iter().enumerate() {
        let field = format!("{FIELD}[{index}]");
        if let Some(sign) = v.enum_value(&field, *number, convert::from_sign) {
            if signs.contains(&sign) {
                v.push(Violation::new(field, "DUPLICATE"));
            }
            signs.push(sign);
        }
    }
    signs
}

fn taken(report: &Report) -> pb::Report {
    let signal = &report.signal;
    let alert = signal.entry_level.learns_alert().then(|| names::format("alerts/{}", signal.alert));
    pb::Report {
        name: names::format("reports/{}", signal.id),
        student: names::format("students/{}", signal.student),
        signs: signal.body.signs.iter().map(|sign| convert::to_sign(*sign).into()).collect(),
        text: String::new(),
        client_key: report.client_key.to_string(),
        drill: report.drill,
        entry_level: convert::to_entry_level(signal.entry_level).into(),
        sealed: signal.sealed,
        alert: alert.unwrap_or_default(),
        create_time: convert::time(signal.created_at),
    }
}

#[tonic::async_trait]
impl ReportService for Service {
    async fn create_report(
        &self,
        request: Request<pb::CreateReportRequest>,
    ) -> Result<Response<pb::Report>, Status> {
        rpc::handle(request, self.0.clone(), |app, ctx, m| async move {
            let report = app.create_report(&ctx, new_report(&m)?).await?;
            Ok::<_, Error>(taken(&report))
        })
        .await
    }
}
