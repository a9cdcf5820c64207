//! FindingService.

use super::{
    CLASS, Rpc, STUDENT,
    campaigns::{request_key, students},
    class_name, optional, page, place,
    words::{Parse as _, count},
};
use crate::{
    app::{Error, NewFinding, NewMeeting},
    domain::{
        finding::{Coverage, Finding, Meeting, Source},
        ids::{ClassId, FindingId, Place, SchoolId, StudentId},
        level::Level,
    },
};
use tonic::{Request, Response, Status, async_trait};
use xinqiao_kit::{ctx::Ctx, ctx::RequestKey, names, rpc::handle, status::Violation, validate::Violations};
use xinqiao_proto::screening::v1::{self as pb, finding_service_server::FindingService};

const FINDING: &str = "findings/{}";
const MAX_PUPILS: usize = 200;

#[async_trait]
impl FindingService for Rpc {
    async fn create_finding(
        &self,
        request: Request<pb::CreateFindingRequest>,
    ) -> Result<Response<pb::Finding>, Status> {
        handle(request, self.app.clone(), |app, ctx, m: pb::CreateFindingRequest| async move {
            let (ask, key) = parse_create(&ctx, &m)?;
            Ok::<_, Error>(finding(&app.create_finding(&ctx, ask, &key).await?, true))
        })
        .await
    }

    async fn get_finding(
        &self,
        request: Request<pb::GetFindingRequest>,
    ) -> Result<Response<pb::Finding>, Status> {
        handle(request, self.app.clone(), |app, ctx, m: pb::GetFindingRequest| async move {
            let mut v = Violations::new();
            let id: Option<FindingId> = v.id("name", &m.name, FINDING);
            let id = v.finish(id)?;
            Ok::<_, Error>(finding(&app.get_finding(&ctx, id).await?, true))
        })
        .await
    }

    async fn list_findings(
        &self,
        request: Request<pb::ListFindingsRequest>,
    ) -> Result<Response<pb::ListFindingsResponse>, Status> {
        handle(request, self.app.clone(), |app, ctx, m: pb::ListFindingsRequest| async move {
            let mut v = Violations::new();
            let student = v.id_opt("student", &m.student, STUDENT);
            let min_level = optional(&mut v, "min_level", m.min_level, Level::parse).unwrap_or_default();
            let page =
                page(&mut v, m.page_size, &m.page_token, &format!("findings?{}&{}", m.student, m.min_level));
            let page = v.finish(page)?;
            let (found, next_page_token) = app.list_findings(&ctx, student, min_level, &page).await?;
            let findings = found.iter().map(|found| finding(found, false)).collect();
            Ok::<_, Error>(pb::ListFindingsResponse { findings, next_page_token })
        })
        .await
    }

    async fn create_class_meeting(
        &self,
        request: Request<pb::CreateClassMeetingRequest>,
    ) -> Result<Response<pb::ClassMeeting>, Status> {
        handle(request, self.app.clone(), |app, ctx, m: pb::CreateClassMeetingRequest| async move {
            let (ask, key) = parse_meeting(&ctx, &m)?;
            Ok::<_, Error>(meeting(&app.create_meeting(&ctx, ask, &key).await?))
        })
        .await
    }

    async fn list_coverage(
        &self,
        request: Request<pb::ListCoverageRequest>,
    ) -> Result<Response<pb::ListCoverageResponse>, Status> {
        handle(request, self.app.clone(), |app, ctx, m: pb::ListCoverageRequest| async move {
            let mut v = Violations::new();
            let class: Option<(SchoolId, ClassId)> = v.id2("parent", &m.parent, CLASS);
            let (school, class) = v.finish(class)?;
            let found = app.coverage(&ctx, Place { school, class }).await?;
            Ok::<_, Error>(pb::ListCoverageResponse { coverage: found.iter().map(coverage).collect() })
        })
        .await
    }
}

fn parse_create(ctx: &Ctx, m: &pb::CreateFindingRequest) -> Result<(NewFinding, Option<RequestKey>), Error> {
    let mut v = Violations::new();
    let key = request_key(&mut v, ctx, &m.request_id, m);
    let given = v.present("finding", m.finding.as_ref());
    let ask = given.and_then(|given| {
        let student = v.id("finding.student", &given.student, STUDENT);
        let place = place(&mut v, "finding.class", &given.class);
        let level = v.enum_value("finding.level", given.level, Level::parse);
        let day = v.date("finding.date", &given.date);
        v.len("finding.notes", &given.notes, 2, 4_000);
        match v.enum_value("finding.source", given.source, Source::parse) {
            None | Some(Source::Assessment) => {}
            // The others follow from their own resources.
            Some(_) => v.push(Violation::new("finding.source", "NOT_ALLOWED")),
        }
        let ((student, place), (level, day)) = student.zip(place).zip(level.zip(day))?;
        Some(NewFinding { student, place, level, day, notes: given.notes.clone() })
    });
    Ok(v.finish(ask.zip(key))?)
}

fn parse_meeting(
    ctx: &Ctx,
    m: &pb::CreateClassMeetingRequest,
) -> Result<(NewMeeting, Option<RequestKey>), Error> {
    let mut v = Violations::new();
    let key = request_key(&mut v, ctx, &m.request_id, m);
    let given = v.present("class_meeting", m.class_meeting.as_ref());
    let ask = given.and_then(|given| {
        let place = place(&mut v, "class_meeting.class", &given.class);
        let day = v.date("class_meeting.date", &given.date);
        v.len("class_meeting.topic", &given.topic, 2, 80);
        let absent = students(&mut v, "class_meeting.absent_students", &given.absent_students, MAX_PUPILS);
        let noticed = noticed(&mut v, &given.noticed);
        let (place, day) = place.zip(day)?;
        Some(NewMeeting { place, day, topic: given.topic.clone(), absent, noticed })
    });
    Ok(v.finish(ask.zip(key))?)
}

fn noticed(v: &mut Violations, given: &[pb::MeetingNote]) -> Vec<(StudentId, Level, String)> {
    let mut found = Vec::new();
    if v.count("class_meeting.noticed", given.len(), MAX_PUPILS) {
        for (at, note) in given.iter().enumerate() {
            let field = format!("class_meeting.noticed[{at}]");
            let student = v.id(&format!("{field}.student"), &note.student, STUDENT);
            let level = v.enum_value(&format!("{field}.level"), note.level, Level::parse);
            v.len(&format!("{field}.notes"), &note.notes, 2, 1_000);
            found.extend(student.zip(level).map(|(student, level)| (student, level, note.notes.clone())));
        }
    }
    found
}

/// A finding; notes only where it is shown alone.
fn finding(finding: &Finding, alone: bool) -> pb::Finding {
    let notes = finding.notes.as_ref().filter(|_| alone);
    pb::Finding {
        name: names::format(FINDING, finding.id),
        student: names::format(STUDENT, finding.student),
        class: class_name(finding.place),
        source: pb::Source::from(finding.source).into(),
        level: pb::Level::from(finding.level).into(),
        date: finding.day.to_string(),
        notes: notes.cloned().unwrap_or_default(),
        evidence: finding.evidence.map(|evidence| evidence.name()).unwrap_or_default(),
        create_time: Some(finding.create_time.into()),
    }
}

fn meeting(meeting: &Meeting) -> pb::ClassMeeting {
    let student = |student: &StudentId| names::format(STUDENT, *student);
    let noticed = meeting.noticed.iter().map(|(noted, level, notes)| pb::MeetingNote {
        student: student(noted),
        level: pb::Level::from(*level).into(),
        notes: notes.clone(),
    });
    pb::ClassMeeting {
        name: names::format("classMeetings/{}", meeting.id),
        class: class_name(meeting.place),
        date: meeting.day.to_string(),
        topic: meeting.topic.clone(),
        absent_students: meeting.absent.iter().map(student).collect(),
        noticed: noticed.collect(),
        covered_count: count(meeting.covered),
        create_time: Some(meeting.create_time.into()),
    }
}

fn coverage(coverage: &Coverage) -> pb::Coverage {
    let forms = coverage.forms.iter().map(|(source, last, times)| pb::FormCoverage {
        source: pb::Source::from(*source).into(),
        last_date: last.to_string(),
        count: count(*times),
    });
    pb::Coverage { student: names::format(STUDENT, coverage.student), forms: forms.collect() }
}
