//! Interviews: what follows from a finding, and what comes of it (P3.2, P3.5).

use super::{App, Error};
use crate::{
    domain::{
        finding::{
            Evidence, EvidenceKind, Finding, Held, Interview, InterviewReason, InterviewState, Outcome, Sign,
            Source, alert_of_interview,
        },
        ids::{InterviewId, Place, StudentId, UserId},
        instrument::Severity,
    },
    store::{
        findings, interviews,
        signals::{self, Signal},
    },
};
use std::collections::HashMap;
use xinqiao_kit::{
    audit,
    authz::Target,
    ctx::{Ctx, RequestKey},
    etag,
    page::Page,
    requests,
    status::Violation,
    time::Ts,
};

/// An interview to plan.
#[derive(Debug, Clone)]
pub struct NewInterview {
    /// The pupil.
    pub student: StudentId,
    /// Where the pupil is.
    pub place: Place,
    /// When it is due; the county's default if none.
    pub due: Option<Ts>,
}

/// What came out of an interview.
#[derive(Debug, Clone)]
pub struct Completion {
    /// The interview.
    pub id: InterviewId,
    /// The outcome.
    pub outcome: Outcome,
    /// Signs noticed.
    pub signs: Vec<Sign>,
    /// Notes.
    pub notes: String,
    /// An alert to raise.
    pub raise: Option<Severity>,
    /// The etag that the caller saw.
    pub etag: String,
}

/// An interview, for access and audit.
fn target_of(interview: &Interview) -> Target {
    Target::new("interview")
        .id(interview.id)
        .school(interview.place.school)
        .class(interview.place.class)
        .student(interview.student)
}

impl App {
    /// Plans an interview that no finding asked for.
    pub async fn create_interview(
        &self,
        ctx: &Ctx,
        ask: NewInterview,
        key: &Option<RequestKey>,
    ) -> Result<Interview, Error> {
        let now = ctx.now();
        let interview = Interview {
            id: self.deps.ids.make(),
            version: 1,
            student: ask.student,
            place: ask.place,
            state: InterviewState::Open,
            reason: InterviewReason::Planned,
            evidence: None,
            due: ask.due.unwrap_or_else(|| self.interview_due(now, false)),
            held: None,
            create_time: now,
        };
        self.deps.authz.require(ctx, &target_of(&interview))?;
        self.require_pupil_at("interview", ask.student, ask.place).await?;
        let mut tx = self.deps.db.begin().await?;
        if let Some(answer) = requests::begin::<Interview>(&mut tx, ctx, key, &self.deps.keys).await? {
            return Ok(answer);
        }
        if !interviews::insert(&mut tx, &interview).await? {
            return Err(Error::InterviewOpen);
        }
        audit::record(&mut tx, ctx, audit::Entry::write(&target_of(&interview))).await?;
        requests::finish(&mut tx, ctx, key, &interview, &self.deps.keys).await?;
        tx.commit().await?;
        Ok(interview)
    }

    /// The pupil must be where the caller says: else a violation of the student.
    pub(super) async fn require_pupil_at(
        &self,
        field: &str,
        student: StudentId,
        place: Place,
    ) -> Result<(), Error> {
        if self.placement(student).await? == Some(place) {
            return Ok(());
        }
        Err(Violation::new(format!("{field}.student"), "PUPIL_NOT_IN_CLASS").into())
    }

    /// One interview with what came out of it.
    pub async fn get_interview(&self, ctx: &Ctx, id: InterviewId) -> Result<Interview, Error> {
        let mut tx = self.deps.db.begin().await?;
        let found = interviews::get(&mut tx, id, &self.deps.keys).await?;
        let found = self.deps.authz.require_found(ctx, found, target_of)?;
        audit::record(&mut tx, ctx, audit::Entry::read(&target_of(&found))).await?;
        tx.commit().await?;
        Ok(found)
    }

    /// Interviews, those that are due first first.
    pub async fn list_interviews(
        &self,
        ctx: &Ctx,
        state: Option<InterviewState>,
        student: Option<StudentId>,
        page: &Page,
    ) -> Result<(Vec<Interview>, String), Error> {
        let mut window = self.in_order(ctx, page)?;
        window.from = page.after_id(1);
        let after_due = page.after.as_ref().and_then(|parts| parts.first()?.parse::<Ts>().ok());
        let after_due = after_due.unwrap_or_else(|| Ts::from_micros(i64::MIN));
        let mut tx = self.deps.db.begin().await?;
        let mut found =
            interviews::list(&mut tx, &window, after_due, state, student, &self.deps.keys).await?;
        let next =
            page.cut(&mut found, |interview| vec![interview.due.to_string(), interview.id.to_string()]);
        for interview in &found {
            audit::record(&mut tx, ctx, audit::Entry::read(&target_of(interview))).await?;
        }
        tx.commit().await?;
        Ok((found, next))
    }

    /// Records an interview as held: its finding, and an alert where one is asked for or due.
    pub async fn complete_interview(
        &self,
        ctx: &Ctx,
        ask: Completion,
        key: &Option<RequestKey>,
    ) -> Result<Interview, Error> {
        let mut tx = self.deps.db.begin().await?;
        let found = interviews::get(&mut tx, ask.id, &self.deps.keys).await?;
        let before = self.deps.authz.require_found(ctx, found, target_of)?;
        if let Some(answer) = requests::begin::<Interview>(&mut tx, ctx, key, &self.deps.keys).await? {
            return Ok(answer);
        }
        if before.state != InterviewState::Open {
            return Err(Error::InterviewNotOpen);
        }
        etag::check(&ask.etag, before.version)?;
        let now = ctx.now();
        let user = UserId(ctx.user()?);
        let held =
            Held { outcome: ask.outcome, signs: ask.signs, notes: ask.notes, interviewer: user, time: now };
        let subject = self.deps.keys.subject(&mut tx, before.student.uuid()).await?;
        if !interviews::complete(&mut tx, before.id, before.version, &held, &subject).await? {
            return Err(Error::Raced);
        }
        let evidence = Evidence { kind: EvidenceKind::Interview, id: before.id.uuid() };
        let finding = Finding {
            id: self.deps.ids.make(),
            student: before.student,
            place: before.place,
            source: Source::Interview,
            level: held.outcome.level(),
            day: now.shanghai_date(),
            evidence: Some(evidence),
            notes: None,
            creator: Some(user),
            create_time: now,
        };
        findings::insert_many(&mut tx, vec![finding], &HashMap::new()).await?;
        if let Some(severity) = alert_of_interview(ask.raise, &held.signs) {
            let signal = Signal {
                mark: format!("interview/{}", before.id),
                student: before.student,
                place: before.place,
                severity,
                source: "interview",
                evidence,
            };
            signals::raise(&mut tx, &self.deps, &signal).await?;
        }
        let after = Interview {
            state: InterviewState::Completed,
            version: before.version + 1,
            held: Some(held),
            ..before
        };
        audit::record(&mut tx, ctx, audit::Entry::write(&target_of(&after))).await?;
        requests::finish(&mut tx, ctx, key, &after, &self.deps.keys).await?;
        tx.commit().await?;
        Ok(after)
    }
}
