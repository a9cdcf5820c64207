//! EntryService.

use super::{Rpc, STUDENT, campaigns::request_key, class_name, page, words::Parse as _};
use crate::{
    app::{Error, ExitAsk, NewEntry},
    domain::{
        entry::{Entry, EntryReason, ExitReason, MAX_FINDINGS},
        ids::{EntryId, FindingId},
    },
};
use tonic::{Request, Response, Status, async_trait};
use xinqiao_kit::{
    ctx::Ctx, ctx::RequestKey, etag, names, rpc::handle, status::Violation, validate::Violations,
};
use xinqiao_proto::screening::v1::{self as pb, entry_service_server::EntryService};

const ENTRY: &str = "entries/{}";

#[async_trait]
impl EntryService for Rpc {
    async fn create_entry(
        &self,
        request: Request<pb::CreateEntryRequest>,
    ) -> Result<Response<pb::Entry>, Status> {
        handle(request, self.app.clone(), |app, ctx, m: pb::CreateEntryRequest| async move {
            let (ask, key) = parse_create(&ctx, &m)?;
            Ok::<_, Error>(entry(&app.create_entry(&ctx, ask, &key).await?, true))
        })
        .await
    }

    async fn get_entry(&self, request: Request<pb::GetEntryRequest>) -> Result<Response<pb::Entry>, Status> {
        handle(request, self.app.clone(), |app, ctx, m: pb::GetEntryRequest| async move {
            let mut v = Violations::new();
            let id: Option<EntryId> = v.id("name", &m.name, ENTRY);
            let id = v.finish(id)?;
            Ok::<_, Error>(entry(&app.get_entry(&ctx, id).await?, true))
        })
        .await
    }

    async fn list_entries(
        &self,
        request: Request<pb::ListEntriesRequest>,
    ) -> Result<Response<pb::ListEntriesResponse>, Status> {
        handle(request, self.app.clone(), |app, ctx, m: pb::ListEntriesRequest| async move {
            let mut v = Violations::new();
            let student = v.id_opt("student", &m.student, STUDENT);
            let fingerprint = format!("entries?{}&{}", m.student, m.show_exited);
            let page = page(&mut v, m.page_size, &m.page_token, &fingerprint);
            let page = v.finish(page)?;
            let (found, next_page_token) = app.list_entries(&ctx, student, m.show_exited, &page).await?;
            let entries = found.iter().map(|found| entry(found, false)).collect();
            Ok::<_, Error>(pb::ListEntriesResponse { entries, next_page_token })
        })
        .await
    }

    async fn exit_entry(
        &self,
        request: Request<pb::ExitEntryRequest>,
    ) -> Result<Response<pb::Entry>, Status> {
        handle(request, self.app.clone(), |app, ctx, m: pb::ExitEntryRequest| async move {
            let mut v = Violations::new();
            let id = v.id("name", &m.name, ENTRY);
            let reason = v.enum_value("reason", m.reason, ExitReason::parse);
            v.len("notes", &m.notes, 2, 2_000);
            let key = request_key(&mut v, &ctx, &m.request_id, &m);
            let ((id, reason), key) = v.finish(id.zip(reason).zip(key))?;
            let ask = ExitAsk { id, reason, notes: m.notes, etag: m.etag };
            Ok::<_, Error>(entry(&app.exit_entry(&ctx, ask, &key).await?, true))
        })
        .await
    }
}

fn parse_create(ctx: &Ctx, m: &pb::CreateEntryRequest) -> Result<(NewEntry, Option<RequestKey>), Error> {
    let mut v = Violations::new();
    let key = request_key(&mut v, ctx, &m.request_id, m);
    let given = v.present("entry", m.entry.as_ref());
    let ask = given.and_then(|given| {
        let student = v.id("entry.student", &given.student, STUDENT);
        let findings = findings(&mut v, &given.findings);
        let reasons = reasons(&mut v, &given.reasons);
        v.len("entry.notes", &given.notes, 0, 2_000);
        let given_day = !given.enter_date.is_empty();
        let enter_day = if given_day { v.date("entry.enter_date", &given.enter_date) } else { None };
        Some(NewEntry { student: student?, findings, reasons, notes: given.notes.clone(), enter_day })
    });
    Ok(v.finish(ask.zip(key))?)
}

fn findings(v: &mut Violations, given: &[String]) -> Vec<FindingId> {
    let mut found: Vec<FindingId> = Vec::new();
    if given.is_empty() {
        v.push(Violation::new("entry.findings", "REQUIRED"));
    }
    if v.count("entry.findings", given.len(), MAX_FINDINGS) {
        for (at, name) in given.iter().enumerate() {
            let field = format!("entry.findings[{at}]");
            match v.id(&field, name, "findings/{}") {
                Some(finding) if found.contains(&finding) => v.push(Violation::new(field, "DUPLICATE")),
                finding => found.extend(finding),
            }
        }
    }
    found
}

fn reasons(v: &mut Violations, given: &[i32]) -> Vec<EntryReason> {
    let mut found = Vec::new();
    if given.is_empty() {
        v.push(Violation::new("entry.reasons", "REQUIRED"));
    }
    if v.count("entry.reasons", given.len(), EntryReason::ALL.len()) {
        for (at, number) in given.iter().enumerate() {
            let field = format!("entry.reasons[{at}]");
            match v.enum_value(&field, *number, EntryReason::parse) {
                Some(reason) if found.contains(&reason) => v.push(Violation::new(field, "DUPLICATE")),
                reason => found.extend(reason),
            }
        }
    }
    found
}

/// An entry; words only where it is shown alone.
fn entry(entry: &Entry, alone: bool) -> pb::Entry {
    let content = &entry.content;
    let told = |text: &str| if alone { text.to_owned() } else { String::new() };
    pb::Entry {
        name: names::format(ENTRY, entry.id),
        student: names::format(STUDENT, entry.student),
        class: class_name(entry.place),
        findings: content.findings.iter().map(|finding| names::format("findings/{}", *finding)).collect(),
        reasons: content.reasons.iter().map(|reason| pb::EntryReason::from(*reason).into()).collect(),
        notes: told(&content.notes),
        enter_date: entry.enter_day.to_string(),
        exit_date: entry.exit_day.map(|day| day.to_string()).unwrap_or_default(),
        exit_reason: content
            .exit
            .as_ref()
            .map(|exit| pb::ExitReason::from(exit.reason).into())
            .unwrap_or_default(),
        exit_notes: content.exit.as_ref().map(|exit| told(&exit.notes)).unwrap_or_default(),
        create_time: Some(entry.create_time.into()),
        etag: etag::of(entry.version),
    }
}
