//! SchoolService.

use super::{
    Rpc,
    wire::{Mask, SCHOOL, Wire, school as school_name, text, time},
};
use crate::{
    app::{SchoolFileReport, SchoolPatch},
    domain::{
        ids::SchoolId,
        school::{SCHOOL_NAME_MAX, School, SchoolCode, SchoolLine, Stages},
        stage::Stage,
    },
    error::Error,
};
use pb::school_service_server::SchoolService;
use tonic::{Request, Response, Status};
use xinqiao_kit::{
    ctx::Ctx,
    etag,
    page::Page,
    rpc::handle,
    status::Violation,
    validate::{Invalid, Violations},
};
use xinqiao_proto::profiles::v1 as pb;

/// Schools of one batch at most.
const BATCH_MAX: usize = 500;

impl From<School> for pb::School {
    fn from(school: School) -> Self {
        Self {
            name: school_name(school.id),
            code: school.code.as_str().to_owned(),
            display_name: school.display_name,
            stages: school.stages.iter().map(Wire::wire).collect(),
            state: school.state.wire(),
            create_time: time(school.created_at),
            update_time: time(school.updated_at),
            etag: etag::of(school.version),
        }
    }
}

fn display_name(v: &mut Violations, field: &str, given: &str) -> String {
    if given.trim_start().starts_with(['=', '+', '-', '@']) {
        v.push(Violation::new(field, "SCHOOL_NAME_FORMULA"));
    }
    text(v, field, given, 1, SCHOOL_NAME_MAX)
}

fn stages(v: &mut Violations, field: &str, given: &[i32]) -> Option<Stages> {
    let known: Vec<Stage> =
        given.iter().filter_map(|number| v.enum_value(field, *number, Stage::of_wire)).collect();
    let stages = Stages::new(known);
    if given.is_empty() {
        v.push(Violation::new(field, "REQUIRED"));
    }
    stages
}

fn line(v: &mut Violations, field: &str, given: Option<pb::School>) -> Option<SchoolLine> {
    let given = v.present(field, given)?;
    let code = if v.require(&format!("{field}.code"), &given.code) {
        v.check(&format!("{field}.code"), SchoolCode::parse(&given.code).ok_or("SCHOOL_CODE_FORMAT"))
    } else {
        None
    };
    let display_name = display_name(v, &format!("{field}.display_name"), &given.display_name);
    let stages = stages(v, &format!("{field}.stages"), &given.stages);
    Some(SchoolLine { code: code?, display_name, stages: stages? })
}

fn lines(given: Vec<pb::School>) -> Result<Vec<SchoolLine>, Invalid> {
    let mut v = Violations::new();
    if given.is_empty() {
        v.push(Violation::new("schools", "REQUIRED"));
    }
    v.count("schools", given.len(), BATCH_MAX);
    let mut lines: Vec<SchoolLine> = Vec::new();
    for (at, school) in given.into_iter().take(BATCH_MAX).enumerate() {
        let field = format!("schools[{at}]");
        if let Some(line) = line(&mut v, &field, Some(school)) {
            if lines.iter().any(|earlier| earlier.code == line.code) {
                v.push(Violation::new(format!("{field}.code"), "DUPLICATE"));
            }
            lines.push(line);
        }
    }
    v.finish(Some(lines))
}

fn patch(m: pb::UpdateSchoolRequest) -> Result<(SchoolId, SchoolPatch), Invalid> {
    let mut v = Violations::new();
    let mask = Mask::read(&mut v, m.update_mask, &["display_name", "stages"]);
    let given = v.present("school", m.school).unwrap_or_default();
    let id = v.id("school.name", &given.name, SCHOOL);
    let mut patch = SchoolPatch { etag: given.etag, ..Default::default() };
    if mask.has("display_name") {
        patch.display_name = Some(display_name(&mut v, "school.display_name", &given.display_name));
    }
    if mask.has("stages") {
        patch.stages = stages(&mut v, "school.stages", &given.stages);
    }
    v.finish(id.map(|id| (id, patch)))
}

fn report(ctx: &Ctx, report: SchoolFileReport) -> pb::ImportSchoolsResponse {
    let count = |number: usize| i32::try_from(number).unwrap_or(i32::MAX);
    let params = [("max", SCHOOL_NAME_MAX.to_string())];
    pb::ImportSchoolsResponse {
        rows: count(report.rows),
        created: count(report.created),
        updated: count(report.updated),
        unchanged: count(report.unchanged),
        rejected: count(report.rejected),
        problems: report
            .problems
            .into_iter()
            .map(|problem| pb::SchoolRowProblem {
                row: count(problem.row),
                cell: problem.cell,
                reason: problem.reason.to_owned(),
                message: ctx.catalogue.text(ctx.locale, problem.reason, &params),
            })
            .collect(),
        committed: report.committed,
    }
}

#[tonic::async_trait]
impl SchoolService for Rpc {
    async fn create_school(
        &self,
        request: Request<pb::CreateSchoolRequest>,
    ) -> Result<Response<pb::School>, Status> {
        handle(request, self.0.clone(), |app, ctx, m| async move {
            let key = ctx.request_key(&m.request_id, &m)?;
            let mut v = Violations::new();
            let line = line(&mut v, "school", m.school);
            let made = app.create_schools(&ctx, vec![v.finish(line)?], &key).await?;
            Ok::<_, Error>(made.into_iter().next().map(Into::into).unwrap_or_default())
        })
        .await
    }

    async fn batch_create_schools(
        &self,
        request: Request<pb::BatchCreateSchoolsRequest>,
    ) -> Result<Response<pb::BatchCreateSchoolsResponse>, Status> {
        handle(request, self.0.clone(), |app, ctx, m| async move {
            let key = ctx.request_key(&m.request_id, &m)?;
            let made = app.create_schools(&ctx, lines(m.schools)?, &key).await?;
            Ok::<_, Error>(pb::BatchCreateSchoolsResponse {
                schools: made.into_iter().map(Into::into).collect(),
            })
        })
        .await
    }

    async fn import_schools(
        &self,
        request: Request<pb::ImportSchoolsRequest>,
    ) -> Result<Response<pb::ImportSchoolsResponse>, Status> {
        handle(request, self.0.clone(), |app, ctx, m| async move {
            let found = app.import_schools(&ctx, &m.content, m.skip_bad_rows, m.validate_only).await?;
            Ok::<_, Error>(report(&ctx, found))
        })
        .await
    }

    async fn get_school(
        &self,
        request: Request<pb::GetSchoolRequest>,
    ) -> Result<Response<pb::School>, Status> {
        handle(request, self.0.clone(), |app, ctx, m| async move {
            let mut v = Violations::new();
            let id = v.id("name", &m.name, SCHOOL);
            Ok::<_, Error>(app.get_school(&ctx, v.finish(id)?).await?.into())
        })
        .await
    }

    async fn list_schools(
        &self,
        request: Request<pb::ListSchoolsRequest>,
    ) -> Result<Response<pb::ListSchoolsResponse>, Status> {
        handle(request, self.0.clone(), |app, ctx, m| async move {
            let page = Page::of(m.page_size, &m.page_token, &format!("schools {}", m.code))?;
            let answer = app.list_schools(&ctx, &m.code, &page).await?;
            Ok::<_, Error>(pb::ListSchoolsResponse {
                schools: answer.rows.into_iter().map(Into::into).collect(),
                next_page_token: answer.next_page_token,
            })
        })
        .await
    }

    async fn update_school(
        &self,
        request: Request<pb::UpdateSchoolRequest>,
    ) -> Result<Response<pb::School>, Status> {
        handle(request, self.0.clone(), |app, ctx, m| async move {
            let (id, patch) = patch(m)?;
            Ok::<_, Error>(app.update_school(&ctx, id, patch).await?.into())
        })
        .await
    }

    async fn close_school(
        &self,
        request: Request<pb::CloseSchoolRequest>,
    ) -> Result<Response<pb::School>, Status> {
        handle(request, self.0.clone(), |app, ctx, m| async move {
            let mut v = Violations::new();
            let id = v.id("name", &m.name, SCHOOL);
            Ok::<_, Error>(app.close_school(&ctx, v.finish(id)?, &m.etag).await?.into())
        })
        .await
    }
}
