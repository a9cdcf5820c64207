//! RosterService.

use super::{
    Rpc,
    wire::{Wire, filter, student as student_name, text, time, time_opt, user as user_name},
};
use crate::{
    app::{NewImport, in_words},
    domain::{
        ids::UserId,
        roster::{
            cell::Address,
            import::{Counts, FILENAME_MAX, Import, ImportId, Outcome, Policy, RowResult},
            plan::Change,
            reason::Finding,
        },
    },
    error::Error,
    store::roster::RowFilter,
};
use pb::roster_service_server::RosterService;
use tonic::{Request, Response, Status};
use xinqiao_kit::{
    ctx::Ctx,
    names,
    page::Page,
    rpc::handle,
    validate::{Invalid, Violations},
};
use xinqiao_proto::profiles::v1 as pb;

const IMPORT: &str = "imports/{}";

impl From<Counts> for pb::ImportCounts {
    fn from(counts: Counts) -> Self {
        Self {
            created: counts.created,
            updated: counts.updated,
            unchanged: counts.unchanged,
            moved: counts.moved,
            rejected: counts.rejected,
            duplicates: counts.duplicates,
            with_warnings: counts.with_warnings,
            classes_created: counts.classes_created,
        }
    }
}

fn import_name(id: ImportId) -> String {
    names::format(IMPORT, id)
}

fn import(ctx: &Ctx, import: Import) -> pb::Import {
    let policy = if import.dry_run { 0 } else { import.policy.wire() };
    pb::Import {
        name: import_name(import.id),
        warnings: warnings(ctx, &import),
        filename: import.about.filename,
        size_bytes: import.size_bytes,
        dry_run: import.dry_run,
        policy,
        state: import.state.wire(),
        failure: import.failure,
        sheet: import.about.sheet,
        header_row: i32::try_from(import.about.headings.row).unwrap_or(i32::MAX),
        rows_total: import.rows_total,
        rows_checked: import.rows_checked,
        rows_done: import.rows_done,
        counts: Some(import.counts.into()),
        creator: user_name(UserId(import.creator.uuid())),
        create_time: time(import.created_at),
        finish_time: time_opt(import.finished_at),
        erase_time: time_opt(import.erase_at),
        erased: import.erased,
    }
}

/// What there is to say of the file as a whole.
fn warnings(ctx: &Ctx, import: &Import) -> Vec<pb::ImportReason> {
    let warning = |cell: String, reason: &str, param: (&str, &str)| pb::ImportReason {
        cell,
        column: if param.0 == "column" { param.1.to_owned() } else { String::new() },
        reason: reason.to_owned(),
        severity: pb::ReasonSeverity::Warning as i32,
        message: ctx.catalogue.text(ctx.locale, reason, &[param]),
    };
    let headings = &import.about.headings;
    let columns = headings.unknown.iter().map(|(column, text)| {
        let address = Address { column: *column, row: headings.row };
        warning(address.to_string(), "ROSTER_COLUMN_UNKNOWN", ("column", text))
    });
    let sheets = import.about.other_sheets.iter();
    let sheets = sheets.map(|name| warning(String::new(), "ROSTER_OTHER_SHEET", ("sheet", name)));
    columns.chain(sheets).collect()
}

fn row(ctx: &Ctx, of: &Import, row: RowResult) -> pb::ImportRow {
    pb::ImportRow {
        name: format!("{}/rows/{}", import_name(of.id), row.row),
        row: i32::try_from(row.row).unwrap_or(i32::MAX),
        outcome: row.outcome.wire(),
        student: row.student.map(student_name).unwrap_or_default(),
        reasons: row.findings.iter().map(|finding| reason(ctx, of, row.row, finding)).collect(),
        changed: row.changes.into_iter().map(Change::word).map(str::to_owned).collect(),
    }
}

fn reason(ctx: &Ctx, of: &Import, row: u32, finding: &Finding) -> pb::ImportReason {
    let warning = finding.reason.is_warning();
    let severity = if warning { pb::ReasonSeverity::Warning } else { pb::ReasonSeverity::Error };
    pb::ImportReason {
        cell: of.about.address(row, finding.column),
        column: finding.column.map(|column| of.about.headings.written(column)).unwrap_or_default().to_owned(),
        reason: finding.reason.code().to_owned(),
        severity: severity as i32,
        message: in_words(&ctx.catalogue, ctx.locale, finding),
    }
}

fn new_import(m: &pb::ImportRosterRequest) -> Result<NewImport, Invalid> {
    let mut v = Violations::new();
    let filename = text(&mut v, "filename", &m.filename, 1, FILENAME_MAX);
    let policy = if m.policy == 0 && m.dry_run {
        Some(Policy::GoodRows)
    } else {
        v.enum_value("policy", m.policy, Policy::of_wire)
    };
    v.finish(policy.map(|policy| NewImport { filename, dry_run: m.dry_run, policy }))
}

#[tonic::async_trait]
impl RosterService for Rpc {
    async fn import_roster(
        &self,
        request: Request<pb::ImportRosterRequest>,
    ) -> Result<Response<pb::Import>, Status> {
        handle(request, self.0.clone(), |app, ctx, m| async move {
            let key = ctx.request_key(&m.request_id, &m)?;
            let accepted = app.import_roster(&ctx, m.content.clone(), new_import(&m), &key).await?;
            Ok::<_, Error>(import(&ctx, accepted))
        })
        .await
    }

    async fn get_import(
        &self,
        request: Request<pb::GetImportRequest>,
    ) -> Result<Response<pb::Import>, Status> {
        handle(request, self.0.clone(), |app, ctx, m| async move {
            let mut v = Violations::new();
            let id = v.id("name", &m.name, IMPORT);
            let found = app.get_import(&ctx, v.finish(id)?).await?;
            Ok::<_, Error>(import(&ctx, found))
        })
        .await
    }

    async fn list_imports(
        &self,
        request: Request<pb::ListImportsRequest>,
    ) -> Result<Response<pb::ListImportsResponse>, Status> {
        handle(request, self.0.clone(), |app, ctx, m| async move {
            let page = Page::of(m.page_size, &m.page_token, "imports")?;
            let answer = app.list_imports(&ctx, &page).await?;
            Ok::<_, Error>(pb::ListImportsResponse {
                imports: answer.rows.into_iter().map(|found| import(&ctx, found)).collect(),
                next_page_token: answer.next_page_token,
            })
        })
        .await
    }

    async fn list_import_rows(
        &self,
        request: Request<pb::ListImportRowsRequest>,
    ) -> Result<Response<pb::ListImportRowsResponse>, Status> {
        handle(request, self.0.clone(), |app, ctx, m| async move {
            let mut v = Violations::new();
            let id = v.id("parent", &m.parent, IMPORT);
            let outcome = filter::<Outcome>(&mut v, "outcome", m.outcome);
            let list = format!("imports {} {} {}", m.parent, m.outcome, m.only_with_reasons);
            let page = Page::of(m.page_size, &m.page_token, &list);
            let page = page.map_err(|wrong| v.push(wrong)).ok();
            let (id, page) = v.finish(id.zip(page))?;
            let wanted = RowFilter { outcome, remarked: m.only_with_reasons };
            let (of, answer) = app.list_import_rows(&ctx, id, wanted, &page).await?;
            Ok::<_, Error>(pb::ListImportRowsResponse {
                rows: answer.rows.into_iter().map(|found| row(&ctx, &of, found)).collect(),
                next_page_token: answer.next_page_token,
            })
        })
        .await
    }

    async fn download_import_errors(
        &self,
        request: Request<pb::DownloadImportErrorsRequest>,
    ) -> Result<Response<pb::DownloadImportErrorsResponse>, Status> {
        handle(request, self.0.clone(), |app, ctx, m| async move {
            let mut v = Violations::new();
            let id = v.id("name", &m.name, IMPORT);
            let book = app.download_import_errors(&ctx, v.finish(id)?, m.only_with_reasons).await?;
            Ok::<_, Error>(pb::DownloadImportErrorsResponse {
                content: book.content.into(),
                content_type: book.content_type.to_owned(),
                filename: book.filename,
            })
        })
        .await
    }
}
