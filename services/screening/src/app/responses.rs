//! Taking answers (P3.2): validated, scored by the instrument's key, stored sealed; what is grave raises an alert in the same transaction
//! (P3.5), even from an unfinished questionnaire.

use super::{App, Error, seats::Desk, targets::target_of};
use crate::{
    domain::{
        answers::{AnswerFault, Answers, Expect},
        campaign::CLOCK_AHEAD_MINUTES,
        finding::{Evidence, EvidenceKind, Finding, Interview, InterviewReason, InterviewState, Source},
        ids::{CampaignId, Place, ResponseId, StudentId},
        instrument::Instrument,
        level::Level,
        scoring::{self, CriticalHit, Scored, Trust, Validity},
        target::TargetState,
    },
    store::{
        assignments, interviews, responses,
        signals::{self, Signal},
        submissions::{Outcome, Submission},
        targets::{self, Draft},
    },
};
use chrono::Duration;
use std::{collections::BTreeMap, sync::Arc};
use uuid::Uuid;
use xinqiao_kit::{audit, ctx::Ctx, status::Violation, time::Ts, validate::Violations};

/// Answers that a pupil hands in.
#[derive(Debug, Clone)]
pub struct Submit {
    /// The campaign.
    pub campaign: CampaignId,
    /// The pupil.
    pub student: StudentId,
    /// The client's key.
    pub client_key: Uuid,
    /// When the pupil began.
    pub start: Ts,
    /// When the pupil finished.
    pub finish: Ts,
    /// The answers.
    pub answers: Vec<(String, i32)>,
    /// Whether items may be missing.
    pub partial: bool,
}

/// Answers as they were taken.
#[derive(Debug, Clone, PartialEq)]
pub struct Taken {
    /// Id of the response.
    pub id: ResponseId,
    /// The campaign.
    pub campaign: CampaignId,
    /// The pupil.
    pub student: StudentId,
    /// The client's key.
    pub client_key: Uuid,
    /// When the pupil began.
    pub start: Ts,
    /// When the pupil finished.
    pub finish: Ts,
    /// When it arrived.
    pub time: Ts,
    /// Whether that was after the end.
    pub late: bool,
    /// Whether every item that is shown is answered.
    pub complete: bool,
    /// Whether the pupil is asked once more.
    pub retest: bool,
}

impl App {
    /// Takes the answers of one pupil; the same client key again gives the same response.
    pub async fn submit(&self, ctx: &Ctx, ask: Submit) -> Result<Taken, Error> {
        let desk = self.desk(ctx, ask.campaign, ask.student).await?;
        if desk.target.attempts > 0
            && let Some(before) = self.repeated(&ask).await?
        {
            return Ok(before);
        }
        let submission = match self.prepare(ctx, &ask, &desk).await {
            Ok(submission) => submission,
            // The same call may have been taken while this one was on its way.
            Err(refusal @ Error::NotTaken(_)) => return self.repeated(&ask).await?.ok_or(refusal),
            Err(refusal) => return Err(refusal),
        };
        let taken = Taken {
            id: submission.id,
            campaign: ask.campaign,
            student: ask.student,
            client_key: ask.client_key,
            start: ask.start,
            finish: ask.finish,
            time: submission.time,
            late: submission.late,
            complete: submission.scored.missing.is_empty(),
            retest: submission.to == TargetState::Retest,
        };
        match self.submissions.submit(submission).await {
            Ok(Outcome::Taken) => Ok(taken),
            Ok(Outcome::Changed) => self.repeated(&ask).await?.ok_or(Error::Raced),
            Err(failure) => Err(failure),
        }
    }

    /// The pupil's place in the campaign, if the caller may answer there.
    async fn desk(&self, ctx: &Ctx, campaign: CampaignId, student: StudentId) -> Result<Desk, Error> {
        let found = assignments::of_student(&self.deps.db, campaign, student).await?;
        let found = self.deps.authz.require_found(ctx, found, |found| target_of(&found.target))?;
        self.desk_of(found).await
    }

    /// Validates and scores, without touching the database.
    async fn prepare(&self, ctx: &Ctx, ask: &Submit, desk: &Desk) -> Result<Submission, Error> {
        let now = ctx.now();
        let instrument = self.instrument_at(desk).await?;
        let expect = if ask.partial { Expect::Some } else { Expect::All };
        let answers = check(&instrument, &ask.answers, expect, |v| check_times(v, ask, now))?;
        let settings = &self.deps.settings.screening;
        let late = desk.campaign.takes(ask.finish.min(now), now, settings.late_answer_hours)?;
        desk.target.takes()?;
        let own = ctx.principal.grants.iter().any(|grant| {
            grant.role == "pupil" && grant.scope == xinqiao_kit::ctx::Scope::Student(ask.student.uuid())
        });
        #[expect(clippy::cast_precision_loss, reason = "seconds of a questionnaire")]
        let seconds = (ask.finish - ask.start).num_milliseconds() as f64 / 1000.0;
        let trust = Trust {
            // Nobody timed the pupil where staff typed the sheet in.
            seconds: own.then_some(seconds),
            min_seconds_per_item: settings.min_seconds_per_item,
            straight_line_items: usize::try_from(settings.straight_line_items).unwrap_or(usize::MAX),
        };
        let scored = scoring::score(&instrument, &answers, &trust);
        let id: ResponseId = self.deps.ids.make();
        let evidence = Evidence { kind: EvidenceKind::Result, id: id.uuid() };
        Ok(Submission {
            ctx: ctx.clone(),
            to: desk.target.after_answers(scored.validity == Validity::Void),
            id,
            client_key: ask.client_key,
            instrument: (instrument.id.clone(), instrument.version),
            start: ask.start,
            finish: ask.finish,
            time: now,
            late: late.0,
            answers: answers.listed(&instrument),
            finding: self.finding(desk, &scored, evidence, now),
            interview: self.interview(desk, interview_reason(&scored), evidence, now),
            signals: signals_of(desk, &scored.critical, evidence),
            target: desk.target.clone(),
            scored,
        })
    }

    async fn instrument_at(&self, desk: &Desk) -> Result<Arc<Instrument>, Error> {
        let named = (desk.campaign.plan.instrument.as_str(), desk.campaign.instrument_version);
        self.instruments.recorded(&self.deps.db, named).await
    }

    /// What was taken under the same client key before, if these are the same answers.
    async fn repeated(&self, ask: &Submit) -> Result<Option<Taken>, Error> {
        let Some(id) = assignments::response_of_key(&self.deps.db, ask.student, ask.client_key).await? else {
            return Ok(None);
        };
        let mut tx = self.deps.db.begin().await?;
        let Some(before) = responses::get(&mut tx, id, &self.deps.keys).await? else {
            return Ok(None);
        };
        let given: BTreeMap<String, i32> = ask.answers.iter().cloned().collect();
        // Times may differ: a client that tries again may have taken them anew.
        if before.campaign != ask.campaign || before.answers != given {
            return Err(Error::ClientKeyReused);
        }
        Ok(Some(Taken {
            id,
            campaign: before.campaign,
            student: before.student,
            client_key: before.client_key,
            start: before.start,
            finish: before.finish,
            time: before.time,
            late: before.late,
            complete: before.complete,
            retest: before.retest,
        }))
    }

    /// The finding of a questionnaire; none where there is nothing to see or nothing to trust.
    fn finding(&self, desk: &Desk, scored: &Scored, evidence: Evidence, now: Ts) -> Option<Finding> {
        let level = scored.finding_level();
        (level > Level::None).then(|| Finding {
            id: self.deps.ids.make(),
            student: desk.target.student,
            place: place_of(desk),
            source: Source::Questionnaire,
            level,
            day: now.shanghai_date(),
            evidence: Some(evidence),
            notes: None,
            creator: None,
            create_time: now,
        })
    }

    fn interview(
        &self,
        desk: &Desk,
        reason: Option<InterviewReason>,
        evidence: Evidence,
        now: Ts,
    ) -> Option<Interview> {
        reason.map(|reason| Interview {
            id: self.deps.ids.make(),
            version: 1,
            student: desk.target.student,
            place: place_of(desk),
            state: InterviewState::Open,
            reason,
            evidence: Some(evidence),
            due: self.interview_due(now, reason == InterviewReason::CriticalItem),
            held: None,
            create_time: now,
        })
    }

    /// Saves answers on the way, merged over those saved before.
    pub async fn save_draft(
        &self,
        ctx: &Ctx,
        campaign: CampaignId,
        student: StudentId,
        given: &[(String, i32)],
    ) -> Result<(Vec<(String, i32)>, Ts), Error> {
        let desk = self.desk(ctx, campaign, student).await?;
        let now = ctx.now();
        let instrument = self.instrument_at(&desk).await?;
        let later = check(&instrument, given, Expect::Some, |_| {})?;
        desk.campaign.takes(now, now, self.deps.settings.screening.late_answer_hours)?;
        let mut tx = self.deps.db.begin().await?;
        // Read again in the transaction: a submission may have come in between.
        let target = targets::get(&mut tx, desk.target.id).await?;
        let target = self.deps.authz.require_found(ctx, target, target_of)?;
        target.takes()?;
        let desk = Desk { target, ..desk };
        let key = self.deps.keys.subject(&mut tx, student.uuid()).await?;
        let before = targets::draft(&mut tx, desk.target.id, &key).await?;
        let before = before.map(|draft| draft.answers).unwrap_or_default();
        let answers = Answers::restore(&instrument, &before).merged(&later);
        let listed = answers.listed(&instrument);
        let draft = Draft { answers: listed.iter().cloned().collect(), time: now };
        targets::save_draft(&mut tx, desk.target.id, &draft, &key).await?;
        let critical = scoring::critical(&instrument, &answers);
        let evidence = Evidence { kind: EvidenceKind::Draft, id: desk.target.id.uuid() };
        let mut raised = false;
        for signal in signals_of(&desk, &critical, evidence) {
            raised |= signals::raise(&mut tx, &self.deps, &signal).await?;
        }
        if raised {
            let interview = self.interview(&desk, Some(InterviewReason::CriticalItem), evidence, now);
            interviews::open_many(&mut tx, interview.into_iter().collect()).await?;
        }
        audit::record(&mut tx, ctx, audit::Entry::write(&target_of(&desk.target)).note("draft")).await?;
        tx.commit().await?;
        Ok((listed, now))
    }
}

fn place_of(desk: &Desk) -> Place {
    Place { school: desk.target.school, class: desk.target.class }
}

/// Why somebody must talk with the pupil, the gravest reason first. What a person must review is reviewed though the result is void.
fn interview_reason(scored: &Scored) -> Option<InterviewReason> {
    if !scored.critical.is_empty() {
        Some(InterviewReason::CriticalItem)
    } else if !scored.review.is_empty() {
        Some(InterviewReason::ReviewItem)
    } else if scored.level.opens_interview() {
        Some(InterviewReason::Finding)
    } else {
        None
    }
}

/// The alerts of critical answers, each once for a target, item and severity: a draft and the submission after it raise one.
fn signals_of(desk: &Desk, critical: &[CriticalHit], evidence: Evidence) -> Vec<Signal> {
    let signal = |hit: &CriticalHit| Signal {
        mark: format!("target/{}/{}/{}", desk.target.id, hit.item, hit.severity.word()),
        student: desk.target.student,
        place: place_of(desk),
        severity: hit.severity,
        source: "screening",
        evidence,
    };
    critical.iter().map(signal).collect()
}

fn check_times(v: &mut Violations, ask: &Submit, now: Ts) {
    if ask.start > ask.finish {
        v.push(Violation::new("start_time", "START_AFTER_FINISH"));
    }
    if ask.finish > now + Duration::minutes(CLOCK_AHEAD_MINUTES) {
        v.push(Violation::new("finish_time", "TIME_IN_FUTURE"));
    }
}

/// The answers, if nothing is wrong with them or with what `more` looks at; every violation if not.
pub(super) fn check(
    instrument: &Instrument,
    given: &[(String, i32)],
    expect: Expect,
    more: impl FnOnce(&mut Violations),
) -> Result<Answers, Error> {
    let mut v = Violations::new();
    more(&mut v);
    let checked = Answers::check(instrument, given, expect);
    for fault in checked.as_ref().err().into_iter().flatten() {
        v.push(answer_violation("answers", fault));
    }
    Ok(v.finish(checked.ok())?)
}

/// A fault of an answer as a violation of the list at `field`.
pub(super) fn answer_violation(field: &str, fault: &AnswerFault) -> Violation {
    match fault {
        AnswerFault::UnknownItem { index } => {
            Violation::new(format!("{field}[{index}].link_id"), "UNKNOWN_ITEM")
        }
        AnswerFault::Twice { index } => Violation::new(format!("{field}[{index}].link_id"), "DUPLICATE"),
        AnswerFault::NotOffered { index, low, high } => {
            Violation::new(format!("{field}[{index}].value"), "OUT_OF_RANGE")
                .param("min", low)
                .param("max", high)
        }
        AnswerFault::Missing { link_id } => Violation::new(field, "ITEM_MISSING").param("item", link_id),
    }
}
