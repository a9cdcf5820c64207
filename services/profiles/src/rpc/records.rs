//! RecordService.

use super::{
    Rpc, proposals,
    students::class_filter,
    wire::{
        ENTRY, PROPOSAL, RECORD, SCHOOL, Wire, class, filter, school, student, text, time, time_opt, user,
    },
};
use crate::{
    app::{App, Attention},
    domain::{
        care::follow_up_due,
        ids::{EntryId, StudentId},
        proposal::{NOTE_MAX, REASONS_MAX},
        record::Entry,
    },
    error::Error,
    store::records::{Filter, Listed},
};
use pb::record_service_server::RecordService;
use tonic::{Request, Response, Status};
use xinqiao_kit::{
    ctx::Ctx,
    etag, names,
    page::Page,
    rpc::handle,
    validate::{Invalid, Violations},
};
use xinqiao_proto::profiles::v1 as pb;

/// What a homeroom teacher can do, by the key of its text. The same for yellow and orange, so that it does not tell the colour.
const ADVICE: [&str; 3] = ["ATTENTION_WATCH", "ATTENTION_KEEP_IN_TOUCH", "ATTENTION_REPORT_AT_ONCE"];

fn answer(app: &App, listed: Listed) -> pb::Record {
    let record = listed.record;
    let proposal = listed.open_proposal.map(|id| names::format2(PROPOSAL, record.student, id));
    pb::Record {
        name: names::format(RECORD, record.student),
        colour: record.colour.wire(),
        since_time: time(record.since),
        school: school(listed.school),
        class: class(listed.school, listed.class),
        sealed: listed.sealed,
        second_signature_due_time: time_opt(record.second_due_at),
        follow_up_due_time: time_opt(follow_up_due(&record, &app.deps.settings.profiles)),
        open_proposal: proposal.unwrap_or_default(),
        etag: etag::of(record.version),
    }
}

impl From<Entry> for pb::RecordEntry {
    fn from(entry: Entry) -> Self {
        let proposal = entry.proposal.map(|id| names::format2(PROPOSAL, entry.student, id));
        let corrected = entry.corrects.map(|id| names::format2(ENTRY, entry.student, id));
        Self {
            name: names::format2(ENTRY, entry.student, entry.id),
            kind: entry.kind.wire(),
            from_colour: entry.from.wire(),
            to_colour: entry.to.wire(),
            proposal: proposal.unwrap_or_default(),
            actor: entry.actor.map(user).unwrap_or_default(),
            corrected_entry: corrected.unwrap_or_default(),
            note: entry.note,
            create_time: time(entry.created_at),
        }
    }
}

fn attention(ctx: &Ctx, found: Attention) -> pb::Attention {
    let none: [(&str, &str); 0] = [];
    pb::Attention {
        student: student(found.student),
        student_display_name: found.name,
        class: class(found.listed.school, found.listed.class),
        advice: ADVICE.iter().map(|key| ctx.catalogue.text(ctx.locale, key, &none)).collect(),
    }
}

fn list_filter(m: &pb::ListRecordsRequest) -> Result<Filter, Invalid> {
    let mut v = Violations::new();
    let (school_of_class, class) = class_filter(&mut v, &m.class);
    let school = v.id_opt("school", &m.school, SCHOOL).or(school_of_class);
    let colour = filter(&mut v, "colour", m.colour);
    v.finish(Some(Filter { school, class, colour, attention: false }))
}

fn correction(m: pb::CorrectRecordHistoryRequest) -> Result<(StudentId, EntryId, String), Invalid> {
    let mut v = Violations::new();
    let of: Option<StudentId> = v.id("parent", &m.parent, RECORD);
    let given = v.present("entry", m.entry).unwrap_or_default();
    let corrected: Option<(StudentId, EntryId)> =
        v.id2("entry.corrected_entry", &given.corrected_entry, ENTRY);
    if let (Some(of), Some((other, _))) = (of, corrected)
        && of != other
    {
        v.push(xinqiao_kit::status::Violation::new("entry.corrected_entry", "REFERENCE_UNKNOWN"));
    }
    let note = text(&mut v, "entry.note", &given.note, 1, REASONS_MAX);
    v.finish(of.zip(corrected).map(|(of, (_, entry))| (of, entry, note)))
}

#[tonic::async_trait]
impl RecordService for Rpc {
    async fn get_record(
        &self,
        request: Request<pb::GetRecordRequest>,
    ) -> Result<Response<pb::Record>, Status> {
        handle(request, self.0.clone(), |app, ctx, m| async move {
            let mut v = Violations::new();
            let id = v.id("name", &m.name, RECORD);
            let listed = app.get_record(&ctx, v.finish(id)?).await?;
            Ok::<_, Error>(answer(&app, listed))
        })
        .await
    }

    async fn list_records(
        &self,
        request: Request<pb::ListRecordsRequest>,
    ) -> Result<Response<pb::ListRecordsResponse>, Status> {
        handle(request, self.0.clone(), |app, ctx, m| async move {
            let filter = list_filter(&m)?;
            let list = format!("records {} {} {}", m.school, m.class, m.colour);
            let page = Page::of(m.page_size, &m.page_token, &list)?;
            let found = app.list_records(&ctx, filter, &page).await?;
            Ok::<_, Error>(pb::ListRecordsResponse {
                records: found.rows.into_iter().map(|listed| answer(&app, listed)).collect(),
                next_page_token: found.next_page_token,
            })
        })
        .await
    }

    async fn list_attention(
        &self,
        request: Request<pb::ListAttentionRequest>,
    ) -> Result<Response<pb::ListAttentionResponse>, Status> {
        handle(request, self.0.clone(), |app, ctx, m| async move {
            let mut v = Violations::new();
            let (_, class) = class_filter(&mut v, &m.class);
            v.into_result()?;
            let page = Page::of(m.page_size, &m.page_token, &format!("attention {}", m.class))?;
            let found = app.list_attention(&ctx, class, &page).await?;
            Ok::<_, Error>(pb::ListAttentionResponse {
                attention: found.rows.into_iter().map(|pupil| attention(&ctx, pupil)).collect(),
                next_page_token: found.next_page_token,
            })
        })
        .await
    }

    async fn propose_colour(
        &self,
        request: Request<pb::ProposeColourRequest>,
    ) -> Result<Response<pb::ColourProposal>, Status> {
        handle(request, self.0.clone(), |app, ctx, m| async move {
            let key = ctx.request_key(&m.request_id, &m)?;
            let (student, draft) = proposals::draft(m)?;
            Ok::<_, Error>(app.propose_colour(&ctx, student, draft, &key).await?.into())
        })
        .await
    }

    async fn get_proposal(
        &self,
        request: Request<pb::GetProposalRequest>,
    ) -> Result<Response<pb::ColourProposal>, Status> {
        handle(request, self.0.clone(), |app, ctx, m| async move {
            let mut v = Violations::new();
            let of = proposals::of(&mut v, &m.name);
            Ok::<_, Error>(app.get_proposal(&ctx, v.finish(of)?).await?.into())
        })
        .await
    }

    async fn list_proposals(
        &self,
        request: Request<pb::ListProposalsRequest>,
    ) -> Result<Response<pb::ListProposalsResponse>, Status> {
        handle(request, self.0.clone(), |app, ctx, m| async move {
            let filter = proposals::list_filter(&m)?;
            let list = format!("proposals {} {} {}", m.parent, m.school, m.state);
            let page = Page::of(m.page_size, &m.page_token, &list)?;
            let found = app.list_proposals(&ctx, filter, &page).await?;
            Ok::<_, Error>(pb::ListProposalsResponse {
                proposals: found.rows.into_iter().map(Into::into).collect(),
                next_page_token: found.next_page_token,
            })
        })
        .await
    }

    async fn sign_proposal(
        &self,
        request: Request<pb::SignProposalRequest>,
    ) -> Result<Response<pb::ColourProposal>, Status> {
        handle(request, self.0.clone(), |app, ctx, m| async move {
            let key = ctx.request_key(&m.request_id, &m)?;
            let mut v = Violations::new();
            let of = proposals::of(&mut v, &m.name);
            let note = text(&mut v, "note", &m.note, 0, NOTE_MAX);
            let of = v.finish(of)?;
            Ok::<_, Error>(app.sign_proposal(&ctx, of, note, &m.etag, &key).await?.into())
        })
        .await
    }

    async fn reject_proposal(
        &self,
        request: Request<pb::RejectProposalRequest>,
    ) -> Result<Response<pb::ColourProposal>, Status> {
        handle(request, self.0.clone(), |app, ctx, m| async move {
            let key = ctx.request_key(&m.request_id, &m)?;
            let mut v = Violations::new();
            let of = proposals::of(&mut v, &m.name);
            let reason = text(&mut v, "reason", &m.reason, 1, NOTE_MAX);
            let of = v.finish(of)?;
            Ok::<_, Error>(app.reject_proposal(&ctx, of, reason, &m.etag, &key).await?.into())
        })
        .await
    }

    async fn withdraw_proposal(
        &self,
        request: Request<pb::WithdrawProposalRequest>,
    ) -> Result<Response<pb::ColourProposal>, Status> {
        handle(request, self.0.clone(), |app, ctx, m| async move {
            let key = ctx.request_key(&m.request_id, &m)?;
            let mut v = Violations::new();
            let of = proposals::of(&mut v, &m.name);
            let of = v.finish(of)?;
            Ok::<_, Error>(app.withdraw_proposal(&ctx, of, &m.etag, &key).await?.into())
        })
        .await
    }

    async fn list_record_history(
        &self,
        request: Request<pb::ListRecordHistoryRequest>,
    ) -> Result<Response<pb::ListRecordHistoryResponse>, Status> {
        handle(request, self.0.clone(), |app, ctx, m| async move {
            let mut v = Violations::new();
            let id = v.id("parent", &m.parent, RECORD);
            let id = v.finish(id)?;
            let page = Page::of(m.page_size, &m.page_token, &format!("history {}", m.parent))?;
            let found = app.list_history(&ctx, id, &page).await?;
            Ok::<_, Error>(pb::ListRecordHistoryResponse {
                entries: found.rows.into_iter().map(Into::into).collect(),
                next_page_token: found.next_page_token,
            })
        })
        .await
    }

    async fn correct_record_history(
        &self,
        request: Request<pb::CorrectRecordHistoryRequest>,
    ) -> Result<Response<pb::RecordEntry>, Status> {
        handle(request, self.0.clone(), |app, ctx, m| async move {
            let key = ctx.request_key(&m.request_id, &m)?;
            let (student, entry, note) = correction(m)?;
            Ok::<_, Error>(app.correct_history(&ctx, student, entry, note, &key).await?.into())
        })
        .await
    }
}
