//! Observations by staff and peers (P3.2, P4.7). Whoever hands one in reads nothing back; a peer does not even learn whether the class has
//! such a pupil.

use super::{App, Error, responses::answer_violation};
use crate::{
    domain::{
        answers::{Answers, Expect},
        finding::{
            Evidence, EvidenceKind, Finding, Interview, InterviewReason, InterviewState, Observation,
            ObservationContent, ObservationState, Source,
        },
        ids::{ObservationId, Place, StudentId, UserId},
        instrument::{Instrument, Kind},
        scoring::{self, Scored, Trust},
    },
    store::{
        findings, interviews, observations,
        signals::{self, Signal},
    },
};
use std::{collections::HashMap, sync::Arc};
use xinqiao_kit::{
    audit,
    authz::Target,
    ctx::{Ctx, RequestKey},
    db::Tx,
    page::Page,
    requests,
    status::Violation,
    time::Ts,
    validate::Violations,
};

/// A sheet to hand in.
#[derive(Debug, Clone)]
pub struct NewObservation {
    /// The class.
    pub place: Place,
    /// The pupil, if the caller can name one.
    pub student: Option<StudentId>,
    /// The pupil in a peer's words.
    pub described: String,
    /// Id and version of the sheet.
    pub instrument: (String, Option<i32>),
    /// The ratings.
    pub answers: Vec<(String, i32)>,
    /// When it was seen.
    pub observe_time: Ts,
    /// In words.
    pub notes: String,
}

/// An observation, for access and audit.
fn target_of(observation: &Observation) -> Target {
    let target = Target::new("observation").id(observation.id);
    let target = target.school(observation.place.school).class(observation.place.class);
    match observation.student {
        Some(student) => target.student(student),
        None => target,
    }
}

impl App {
    /// Takes a sheet: its id and when it was taken is all that comes back.
    pub async fn create_observation(
        &self,
        ctx: &Ctx,
        ask: NewObservation,
        key: &Option<RequestKey>,
    ) -> Result<(ObservationId, Ts), Error> {
        let access = Target::new("observation").school(ask.place.school).class(ask.place.class);
        let access = ask.student.map_or(access.clone(), |student| access.student(student));
        self.deps.authz.require(ctx, &access)?;
        let peer = only_a_peer(ctx, &ask);
        let (instrument, answers) = self.check_sheet(&ask, peer, ctx.now()).await?;
        let here = match ask.student {
            Some(student) => self.placement(student).await? == Some(ask.place),
            None => false,
        };
        if !here && !peer {
            return Err(Violation::new("observation.student", "PUPIL_NOT_IN_CLASS").into());
        }
        let mut observation = Observation {
            id: self.deps.ids.make(),
            place: ask.place,
            // What a peer got wrong is left to the psychologist, not told.
            student: ask.student.filter(|_| here),
            instrument: (instrument.id.clone(), instrument.version),
            observe_time: ask.observe_time,
            create_time: ctx.now(),
            by_peer: peer,
            level: None,
            content: ObservationContent {
                answers: answers.listed(&instrument),
                notes: ask.notes,
                described: ask.described,
                observer: UserId(ctx.user()?),
            },
        };
        let scored = observation.student.map(|_| scored(&instrument, &answers));
        observation.level = scored.as_ref().map(Scored::finding_level);
        let mut tx = self.deps.db.begin().await?;
        if let Some(answer) = requests::begin(&mut tx, ctx, key, &self.deps.keys).await? {
            return Ok(answer);
        }
        observations::insert(&mut tx, &observation, &self.deps.keys).await?;
        if let Some((student, scored)) = observation.student.zip(scored) {
            self.follow_observation(&mut tx, &observation, student, &scored, ctx.now()).await?;
        }
        let answer = (observation.id, observation.create_time);
        audit::record(&mut tx, ctx, audit::Entry::write(&target_of(&observation))).await?;
        requests::finish(&mut tx, ctx, key, &answer, &self.deps.keys).await?;
        tx.commit().await?;
        Ok(answer)
    }

    /// The sheet and its ratings, if they fit each other and the caller.
    async fn check_sheet(
        &self,
        ask: &NewObservation,
        peer: bool,
        now: Ts,
    ) -> Result<(Arc<Instrument>, Answers), Error> {
        let mut v = Violations::new();
        let (id, version) = &ask.instrument;
        let instrument = self.instruments.named(&self.deps.db, id, *version).await?;
        let wanted = if peer { Kind::PeerObservation } else { Kind::StaffObservation };
        let mut checked = None;
        match &instrument {
            None => v.push(Violation::new("observation.instrument", "UNKNOWN_INSTRUMENT")),
            Some(found) if found.kind != wanted => {
                v.push(Violation::new("observation.instrument", "INSTRUMENT_WRONG_KIND"));
            }
            Some(found) => match Answers::check(found, &ask.answers, Expect::All) {
                Ok(answers) => checked = Some(answers),
                Err(faults) => {
                    faults.iter().for_each(|fault| v.push(answer_violation("observation.answers", fault)));
                }
            },
        }
        if ask.observe_time > now + chrono::Duration::minutes(crate::domain::campaign::CLOCK_AHEAD_MINUTES) {
            v.push(Violation::new("observation.observe_time", "TIME_IN_FUTURE"));
        }
        if peer && !ask.notes.is_empty() {
            v.push(Violation::new("observation.notes", "NOT_ALLOWED"));
        }
        if !peer && ask.student.is_none() {
            v.push(Violation::new("observation.student", "REQUIRED"));
        }
        if !peer && !ask.described.is_empty() {
            v.push(Violation::new("observation.described_pupil", "NOT_ALLOWED"));
        }
        if peer && ask.student.is_none() && ask.described.trim().is_empty() {
            v.push(Violation::new("observation.described_pupil", "REQUIRED"));
        }
        Ok(v.finish(instrument.zip(checked))?)
    }

    /// The finding of an observation, its interview task and its alerts.
    async fn follow_observation(
        &self,
        tx: &mut Tx,
        observation: &Observation,
        student: StudentId,
        scored: &Scored,
        now: Ts,
    ) -> Result<(), Error> {
        let evidence = Evidence { kind: EvidenceKind::Observation, id: observation.id.uuid() };
        let level = scored.finding_level();
        let finding = Finding {
            id: self.deps.ids.make(),
            student,
            place: observation.place,
            source: Source::Observation,
            level,
            day: observation.observe_time.shanghai_date(),
            evidence: Some(evidence),
            notes: None,
            creator: (!observation.by_peer).then_some(observation.content.observer),
            create_time: now,
        };
        findings::insert_many(tx, vec![finding], &HashMap::new()).await?;
        for hit in &scored.critical {
            let signal = Signal {
                mark: format!("observation/{}/{}/{}", observation.id, hit.item, hit.severity.word()),
                student,
                place: observation.place,
                severity: hit.severity,
                source: "observation",
                evidence,
            };
            signals::raise(tx, &self.deps, &signal).await?;
        }
        if level.opens_interview() {
            let critical = !scored.critical.is_empty();
            let interview = Interview {
                id: self.deps.ids.make(),
                version: 1,
                student,
                place: observation.place,
                state: InterviewState::Open,
                reason: if critical { InterviewReason::CriticalItem } else { InterviewReason::Finding },
                evidence: Some(evidence),
                due: self.interview_due(now, critical),
                held: None,
                create_time: now,
            };
            interviews::open_many(tx, vec![interview]).await?;
        }
        Ok(())
    }

    /// One observation with ratings and notes.
    pub async fn get_observation(&self, ctx: &Ctx, id: ObservationId) -> Result<Observation, Error> {
        let mut tx = self.deps.db.begin().await?;
        let found = observations::get(&mut tx, id, &self.deps.keys).await?;
        let found = self.deps.authz.require_found(ctx, found, target_of)?;
        audit::record(&mut tx, ctx, audit::Entry::read(&target_of(&found))).await?;
        tx.commit().await?;
        Ok(found)
    }

    /// Observations, newest first.
    pub async fn list_observations(
        &self,
        ctx: &Ctx,
        state: Option<ObservationState>,
        student: Option<StudentId>,
        page: &Page,
    ) -> Result<(Vec<Observation>, String), Error> {
        let window = self.newest_first(ctx, page)?;
        let mut tx = self.deps.db.begin().await?;
        let mut found = observations::list(&mut tx, &window, state, student, &self.deps.keys).await?;
        let next = page.cut(&mut found, |observation| vec![observation.id.to_string()]);
        for observation in &found {
            audit::record(&mut tx, ctx, audit::Entry::read(&target_of(observation))).await?;
        }
        tx.commit().await?;
        Ok((found, next))
    }

    /// Says whom an unmatched observation is about: from now on it counts like any other.
    pub async fn match_observation(
        &self,
        ctx: &Ctx,
        id: ObservationId,
        student: StudentId,
        key: &Option<RequestKey>,
    ) -> Result<Observation, Error> {
        let mut tx = self.deps.db.begin().await?;
        let found = observations::get(&mut tx, id, &self.deps.keys).await?;
        drop(tx);
        let before = self.deps.authz.require_found(ctx, found, target_of)?;
        if self.placement(student).await? != Some(before.place) {
            return Err(Violation::new("student", "PUPIL_NOT_IN_CLASS").into());
        }
        let (sheet, version) = &before.instrument;
        let instrument = self.instruments.recorded(&self.deps.db, (sheet, *version)).await?;
        let stored = before.content.answers.iter().cloned().collect();
        let scored = scored(&instrument, &Answers::restore(&instrument, &stored));
        let after = Observation { student: Some(student), level: Some(scored.finding_level()), ..before };
        let mut tx = self.deps.db.begin().await?;
        if let Some(answer) = requests::begin::<Observation>(&mut tx, ctx, key, &self.deps.keys).await? {
            return Ok(answer);
        }
        if !observations::set_student(&mut tx, &after, &self.deps.keys).await? {
            return Err(Error::ObservationMatched);
        }
        self.follow_observation(&mut tx, &after, student, &scored, ctx.now()).await?;
        audit::record(&mut tx, ctx, audit::Entry::write(&target_of(&after))).await?;
        requests::finish(&mut tx, ctx, key, &after, &self.deps.keys).await?;
        tx.commit().await?;
        Ok(after)
    }
}

/// Whether the caller hands in as a peer: holds the class as peer, and no place from which staff look.
fn only_a_peer(ctx: &Ctx, ask: &NewObservation) -> bool {
    let here = |scope: xinqiao_kit::ctx::Scope| match scope {
        xinqiao_kit::ctx::Scope::School(school) => school == ask.place.school.uuid(),
        xinqiao_kit::ctx::Scope::Class { class, .. } => class == ask.place.class.uuid(),
        xinqiao_kit::ctx::Scope::Student(student) => ask.student.is_some_and(|asked| asked.uuid() == student),
        xinqiao_kit::ctx::Scope::County => false,
    };
    let staff = ["psychologist", "deputy", "principal", "grade_leader", "homeroom", "subject", "assigned"];
    !ctx.principal.grants.iter().any(|grant| staff.contains(&grant.role.as_str()) && here(grant.scope))
}

/// Observations are neither timed nor checked for straight lines.
fn scored(instrument: &Instrument, answers: &Answers) -> Scored {
    let trust = Trust { seconds: None, min_seconds_per_item: 0.0, straight_line_items: 0 };
    scoring::score(instrument, answers, &trust)
}
