//! Findings of every form, class meetings, and whom each form has reached (P3.2).

use super::{App, Error};
use crate::{
    domain::{
        finding::{
            Coverage, Evidence, EvidenceKind, Finding, Interview, InterviewReason, InterviewState, Meeting,
            Source, findings_of_meeting,
        },
        ids::{FindingId, Place, StudentId, UserId},
        level::Level,
    },
    store::{coverage, findings, interviews, observations},
};
use chrono::NaiveDate;
use std::collections::BTreeMap;
use uuid::Uuid;
use xinqiao_kit::{
    audit,
    authz::Target,
    ctx::{Ctx, RequestKey},
    page::Page,
    requests,
    status::Violation,
    time::{SchoolYear, Ts},
    validate::Violations,
};

/// The finding of a professional assessment.
#[derive(Debug, Clone)]
pub struct NewFinding {
    /// The pupil.
    pub student: StudentId,
    /// Where the pupil is.
    pub place: Place,
    /// How much it asks for.
    pub level: Level,
    /// The day.
    pub day: NaiveDate,
    /// What was found, and by whom.
    pub notes: String,
}

/// A class meeting to record.
#[derive(Debug, Clone)]
pub struct NewMeeting {
    /// The class.
    pub place: Place,
    /// The day.
    pub day: NaiveDate,
    /// Topic.
    pub topic: String,
    /// Who was not there.
    pub absent: Vec<StudentId>,
    /// In whom something was noticed.
    pub noticed: Vec<(StudentId, Level, String)>,
}

/// A finding, for access and audit.
fn target_of(finding: &Finding) -> Target {
    Target::new("finding")
        .id(finding.id)
        .school(finding.place.school)
        .class(finding.place.class)
        .student(finding.student)
}

impl App {
    /// Records the finding of a professional assessment.
    pub async fn create_finding(
        &self,
        ctx: &Ctx,
        ask: NewFinding,
        key: &Option<RequestKey>,
    ) -> Result<Finding, Error> {
        let finding = Finding {
            id: self.deps.ids.make(),
            student: ask.student,
            place: ask.place,
            source: Source::Assessment,
            level: ask.level,
            day: ask.day,
            evidence: None,
            notes: Some(ask.notes),
            creator: Some(UserId(ctx.user()?)),
            create_time: ctx.now(),
        };
        self.deps.authz.require(ctx, &target_of(&finding))?;
        not_in_future("finding.date", finding.day, ctx.now())?;
        self.require_pupil_at("finding", finding.student, finding.place).await?;
        let mut tx = self.deps.db.begin().await?;
        if let Some(answer) = requests::begin::<Finding>(&mut tx, ctx, key, &self.deps.keys).await? {
            return Ok(answer);
        }
        let keys = self.deps.keys.subjects(&mut tx, &[finding.student.uuid()]).await?;
        findings::insert_many(&mut tx, vec![finding.clone()], &keys).await?;
        let evidence = Evidence { kind: EvidenceKind::Finding, id: finding.id.uuid() };
        interviews::open_many(&mut tx, self.interview_after(&finding, evidence).into_iter().collect())
            .await?;
        audit::record(&mut tx, ctx, audit::Entry::write(&target_of(&finding))).await?;
        requests::finish(&mut tx, ctx, key, &finding, &self.deps.keys).await?;
        tx.commit().await?;
        Ok(finding)
    }

    /// The interview task that a finding opens, if it asks for one.
    fn interview_after(&self, finding: &Finding, evidence: Evidence) -> Option<Interview> {
        finding.level.opens_interview().then(|| Interview {
            id: self.deps.ids.make(),
            version: 1,
            student: finding.student,
            place: finding.place,
            state: InterviewState::Open,
            reason: InterviewReason::Finding,
            evidence: Some(evidence),
            due: self.interview_due(finding.create_time, false),
            held: None,
            create_time: finding.create_time,
        })
    }

    /// One finding with its notes.
    pub async fn get_finding(&self, ctx: &Ctx, id: FindingId) -> Result<Finding, Error> {
        let mut tx = self.deps.db.begin().await?;
        let found = findings::get(&mut tx, id, &self.deps.keys).await?;
        let found = self.deps.authz.require_found(ctx, found, target_of)?;
        audit::record(&mut tx, ctx, audit::Entry::read(&target_of(&found))).await?;
        tx.commit().await?;
        Ok(found)
    }

    /// Findings, newest first.
    pub async fn list_findings(
        &self,
        ctx: &Ctx,
        student: Option<StudentId>,
        min_level: Level,
        page: &Page,
    ) -> Result<(Vec<Finding>, String), Error> {
        let window = self.newest_first(ctx, page)?;
        let mut tx = self.deps.db.begin().await?;
        let mut found = findings::list(&mut tx, &window, student, min_level).await?;
        let next = page.cut(&mut found, |finding| vec![finding.id.to_string()]);
        for finding in &found {
            audit::record(&mut tx, ctx, audit::Entry::read(&target_of(finding))).await?;
        }
        tx.commit().await?;
        Ok((found, next))
    }

    /// Records a class meeting: a finding for each pupil who was there.
    pub async fn create_meeting(
        &self,
        ctx: &Ctx,
        ask: NewMeeting,
        key: &Option<RequestKey>,
    ) -> Result<Meeting, Error> {
        let target = Target::new("class_meeting").school(ask.place.school).class(ask.place.class);
        self.deps.authz.require(ctx, &target)?;
        let now = ctx.now();
        let user = UserId(ctx.user()?);
        not_in_future("class_meeting.date", ask.day, now)?;
        let class = self.class_list(ask.place).await?;
        check_members(&ask, &class)?;
        let mut meeting = Meeting {
            id: self.deps.ids.make(),
            place: ask.place,
            day: ask.day,
            topic: ask.topic,
            absent: ask.absent,
            noticed: ask.noticed,
            covered: 0,
            create_time: now,
        };
        let evidence = Evidence { kind: EvidenceKind::ClassMeeting, id: meeting.id.uuid() };
        let finding = |(student, level, notes): (StudentId, Level, Option<&str>)| Finding {
            id: self.deps.ids.make(),
            student,
            place: ask.place,
            source: Source::ClassMeeting,
            level,
            day: ask.day,
            evidence: Some(evidence),
            notes: notes.map(str::to_owned),
            creator: Some(user),
            create_time: now,
        };
        let found: Vec<Finding> = findings_of_meeting(&meeting, &class).map(finding).collect();
        meeting.covered = i64::try_from(found.len()).unwrap_or(i64::MAX);
        let mut tx = self.deps.db.begin().await?;
        if let Some(answer) = requests::begin::<Meeting>(&mut tx, ctx, key, &self.deps.keys).await? {
            return Ok(answer);
        }
        observations::insert_meeting(&mut tx, &meeting, user, &self.deps.keys).await?;
        let noted: Vec<Uuid> = found
            .iter()
            .filter(|finding| finding.notes.is_some())
            .map(|finding| finding.student.uuid())
            .collect();
        let keys = self.deps.keys.subjects(&mut tx, &noted).await?;
        let tasks = found.iter().filter_map(|finding| self.interview_after(finding, evidence)).collect();
        findings::insert_many(&mut tx, found, &keys).await?;
        interviews::open_many(&mut tx, tasks).await?;
        audit::record(&mut tx, ctx, audit::Entry::write(&target.id(meeting.id))).await?;
        requests::finish(&mut tx, ctx, key, &meeting, &self.deps.keys).await?;
        tx.commit().await?;
        Ok(meeting)
    }

    /// When each pupil of a class was last reached by each form, and how often since the school year began.
    pub async fn coverage(&self, ctx: &Ctx, place: Place) -> Result<Vec<Coverage>, Error> {
        let target = Target::new("coverage").school(place.school).class(place.class);
        self.deps.authz.require(ctx, &target)?;
        let class = self.class_list(place).await?;
        let since = Ts::start_of(SchoolYear::of(ctx.now().shanghai_date()).start());
        let mut tx = self.deps.db.begin().await?;
        let reached = coverage::of_students(&mut tx, &class, since).await?;
        audit::record(&mut tx, ctx, audit::Entry::read(&target)).await?;
        tx.commit().await?;
        let mut forms: BTreeMap<StudentId, Vec<(Source, NaiveDate, i64)>> =
            class.into_iter().map(|student| (student, Vec::new())).collect();
        for row in reached {
            forms.entry(row.student).or_default().push((row.source, row.last, row.count));
        }
        Ok(forms.into_iter().map(|(student, forms)| Coverage { student, forms }).collect())
    }
}

/// Everybody named must be of the class, and nobody both absent and noticed.
fn check_members(ask: &NewMeeting, class: &[StudentId]) -> Result<(), Error> {
    let mut v = Violations::new();
    for (at, student) in ask.absent.iter().enumerate() {
        if !class.contains(student) {
            v.push(Violation::new(format!("class_meeting.absent_students[{at}]"), "PUPIL_NOT_IN_CLASS"));
        }
    }
    for (at, (student, _, _)) in ask.noticed.iter().enumerate() {
        let field = format!("class_meeting.noticed[{at}].student");
        if !class.contains(student) {
            v.push(Violation::new(field, "PUPIL_NOT_IN_CLASS"));
        } else if ask.absent.contains(student) {
            v.push(Violation::new(field, "NOT_ALLOWED"));
        } else if ask.noticed.iter().take(at).any(|(before, _, _)| before == student) {
            v.push(Violation::new(field, "DUPLICATE"));
        }
    }
    Ok(v.into_result()?)
}

/// A day that is still to come cannot have been observed.
pub(super) fn not_in_future(field: &str, day: NaiveDate, now: Ts) -> Result<(), Error> {
    if day > now.shanghai_date() { Err(Violation::new(field, "TIME_IN_FUTURE").into()) } else { Ok(()) }
}
