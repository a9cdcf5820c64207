//! AssignmentService.

use super::{CAMPAIGN, Rpc, STUDENT, instruments};
use crate::{
    app::{AssignmentView, Error},
    domain::ids::TargetId,
};
use tonic::{Request, Response, Status, async_trait};
use xinqiao_kit::{catalogue::Locale, names, page::Page, rpc::handle, validate::Violations};
use xinqiao_proto::screening::v1::{self as pb, assignment_service_server::AssignmentService};

const ASSIGNMENT: &str = "assignments/{}";

#[async_trait]
impl AssignmentService for Rpc {
    async fn list_assignments(
        &self,
        request: Request<pb::ListAssignmentsRequest>,
    ) -> Result<Response<pb::ListAssignmentsResponse>, Status> {
        handle(request, self.app.clone(), |app, ctx, m: pb::ListAssignmentsRequest| async move {
            let page = Page::of(m.page_size, &m.page_token, "assignments")?;
            let (found, next_page_token) = app.list_assignments(&ctx, &page).await?;
            let assignments = found.iter().map(head).collect();
            Ok::<_, Error>(pb::ListAssignmentsResponse { assignments, next_page_token })
        })
        .await
    }

    async fn get_assignment(
        &self,
        request: Request<pb::GetAssignmentRequest>,
    ) -> Result<Response<pb::Assignment>, Status> {
        handle(request, self.app.clone(), |app, ctx, m: pb::GetAssignmentRequest| async move {
            let view = app.get_assignment(&ctx, id(&m.name)?).await?;
            Ok::<_, Error>(whole(&view, ctx.locale))
        })
        .await
    }

    async fn get_own_report(
        &self,
        request: Request<pb::GetOwnReportRequest>,
    ) -> Result<Response<pb::OwnReport>, Status> {
        handle(request, self.app.clone(), |app, ctx, m: pb::GetOwnReportRequest| async move {
            let report = app.own_report(&ctx, id(&m.name)?).await?;
            let none: &[(&str, &str)] = &[];
            let own = report.words.as_ref().map(|words| words.pick(ctx.locale == Locale::En).to_owned());
            Ok::<_, Error>(pb::OwnReport {
                assignment: names::format(ASSIGNMENT, report.id),
                title: report.title,
                text: own
                    .unwrap_or_else(|| ctx.catalogue.text(ctx.locale, "OWN_REPORT_WITHOUT_RESULT", none)),
                help: ctx.catalogue.text(ctx.locale, "OWN_REPORT_HELP", none),
            })
        })
        .await
    }
}

fn id(name: &str) -> Result<TargetId, Error> {
    let mut v = Violations::new();
    let id = v.id("name", name, ASSIGNMENT);
    Ok(v.finish(id)?)
}

fn head(view: &AssignmentView) -> pb::Assignment {
    pb::Assignment {
        name: names::format(ASSIGNMENT, view.target.id),
        campaign: names::format(CAMPAIGN, view.campaign.id),
        student: names::format(STUDENT, view.target.student),
        title: view.campaign.plan.title.clone(),
        start_time: Some(view.campaign.plan.start.into()),
        end_time: Some(view.campaign.ends().into()),
        state: pb::TargetState::from(view.target.state).into(),
        consent_missing: view.target.consent_missing(),
        report_ready: view.report_ready(),
        instrument: instruments::name_of(&view.instrument.id, view.instrument.version),
        typical_minutes: view.instrument.typical_minutes.into(),
        ..pb::Assignment::default()
    }
}

fn whole(view: &AssignmentView, locale: Locale) -> pb::Assignment {
    pb::Assignment {
        instructions: view.instrument.instructions.pick(locale == Locale::En).to_owned(),
        items: instruments::items(&view.instrument, locale),
        draft_answers: super::responses::answers(&view.draft),
        ..head(view)
    }
}
