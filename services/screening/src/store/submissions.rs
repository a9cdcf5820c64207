//! Taking answers: many pupils at once in one transaction, a few statements whatever their number.

use super::{
    Stored,
    classes::{self, Change},
    findings, interviews, signals,
};
use crate::domain::{
    finding::{Finding, Interview},
    ids::{CampaignId, ClassId, Place, ResponseId, SchoolId, StudentId, TargetId},
    scoring::{RULE_VERSION, Scored},
    target::{Target, TargetState},
};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use uuid::Uuid;
use xinqiao_kit::{
    audit, authz,
    ctx::Ctx,
    db::{IdList, Tx},
    deps::Deps,
    insert_rows,
    keys::SubjectKey,
    time::Ts,
};

/// Answers that are to be taken, scored and ready to be written.
#[derive(Debug, Clone)]
pub struct Submission {
    /// The call, for the audit log.
    pub ctx: Ctx,
    /// The target as it was read; if it has changed since, the answers are not taken.
    pub target: Target,
    /// Where the target goes.
    pub to: TargetState,
    /// Id of the response.
    pub id: ResponseId,
    /// The client's key.
    pub client_key: Uuid,
    /// Id and version of the instrument.
    pub instrument: (String, i32),
    /// When the pupil began.
    pub start: Ts,
    /// When the pupil finished.
    pub finish: Ts,
    /// When it arrived.
    pub time: Ts,
    /// Whether that was after the end.
    pub late: bool,
    /// The answers, by link id.
    pub answers: Vec<(String, i32)>,
    /// What they mean.
    pub scored: Scored,
    /// What follows: a finding, at the place where the pupil is when the answers are written.
    pub finding: Option<Finding>,
    /// What follows: an interview task.
    pub interview: Option<Interview>,
    /// What follows: alerts.
    pub signals: Vec<signals::Signal>,
}

/// What became of a submission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was taken.
    Taken,
    /// The target had changed since it was read: look again.
    Changed,
}

/// Writes submissions and gives the outcome of each, in order. Two of one target in one batch: the first is taken.
pub async fn write(tx: &mut Tx, deps: &Deps, batch: &[Submission]) -> Stored<Vec<Outcome>> {
    let places = claim(tx, batch, deps.clock.now()).await?;
    let mut outcomes = Vec::with_capacity(batch.len());
    let mut taken: Vec<(&Submission, Place)> = Vec::with_capacity(batch.len());
    let mut seen = HashSet::new();
    for submission in batch {
        match places.get(&submission.target.id) {
            Some(place) if seen.insert(submission.target.id) => {
                taken.push((submission, *place));
                outcomes.push(Outcome::Taken);
            }
            _ => outcomes.push(Outcome::Changed),
        }
    }
    if !taken.is_empty() {
        let students: Vec<Uuid> =
            taken.iter().map(|(submission, _)| submission.target.student.uuid()).collect();
        let keys = deps.keys.subjects(tx, &students).await?;
        insert_responses(tx, &taken, &keys).await?;
        count(tx, &taken).await?;
        follow(tx, deps, &taken, &keys).await?;
        record(tx, &taken).await?;
    }
    Ok(outcomes)
}

/// Moves the targets that are still as they were read, and gives where their pupils are now.
async fn claim(tx: &mut Tx, batch: &[Submission], now: Ts) -> Stored<HashMap<TargetId, Place>> {
    let mut moves: BTreeMap<(TargetState, TargetState, i32), BTreeSet<TargetId>> = BTreeMap::new();
    for submission in batch {
        let target = &submission.target;
        moves.entry((target.state, submission.to, target.attempts)).or_default().insert(target.id);
    }
    let mut places = HashMap::new();
    for ((from, to, attempts), ids) in moves {
        let query = tx.q("UPDATE targets SET state = $2, attempts = attempts + 1, submitted_at = $3, draft = NULL, drafted_at = NULL
            WHERE id IN (SELECT unhex(value) FROM json_each($1)) AND state = $4 AND attempts = $5
            RETURNING id, school_id, class_id");
        let rows: Vec<(TargetId, SchoolId, ClassId)> = query
            .bind(ids.into_iter().collect::<IdList>())
            .bind(to.word())
            .bind(now)
            .bind(from.word())
            .bind(attempts)
            .all()
            .await?;
        places.extend(rows.into_iter().map(|(id, school, class)| (id, Place { school, class })));
    }
    Ok(places)
}

async fn insert_responses(
    tx: &mut Tx,
    taken: &[(&Submission, Place)],
    keys: &HashMap<Uuid, SubjectKey>,
) -> Stored<()> {
    let mut rows = Vec::with_capacity(taken.len());
    for (submission, place) in taken {
        let (id, target) = (submission.id, &submission.target);
        let key = keys.get(&target.student.uuid()).ok_or(xinqiao_kit::keys::KeyError::Wrapped)?;
        let answers: BTreeMap<&str, i32> =
            submission.answers.iter().map(|(item, value)| (item.as_str(), *value)).collect();
        rows.push((
            id,
            submission.client_key,
            target.campaign,
            target.id,
            target.student,
            place.school,
            place.class,
            submission.instrument.0.clone(),
            submission.instrument.1,
            RULE_VERSION,
            submission.start,
            submission.finish,
            submission.time,
            submission.late,
            submission.scored.missing.is_empty(),
            submission.to == TargetState::Retest,
            key.seal_json("responses", "answers", id, &answers)?,
            key.seal_json("responses", "result", id, &submission.scored)?,
        ));
    }
    let insert = insert_rows!(
        tx,
        "responses",
        [
            id,
            client_key,
            campaign_id,
            target_id,
            student_id,
            school_id,
            class_id,
            instrument_id,
            instrument_version,
            rule_version,
            started_at,
            finished_at,
            created_at,
            late,
            complete,
            retest,
            answers,
            result
        ],
        rows
    );
    insert.await?;
    Ok(())
}

/// Counts what was taken, class by class.
async fn count(tx: &mut Tx, taken: &[(&Submission, Place)]) -> Stored<()> {
    let mut changes: BTreeMap<(CampaignId, ClassId), (Place, Change)> = BTreeMap::new();
    for (submission, place) in taken {
        let change = Change::default().state(submission.target.state, -1).state(submission.to, 1);
        let entry =
            changes.entry((submission.target.campaign, place.class)).or_insert((*place, Change::default()));
        entry.1 = entry.1.plus(Change { responses: 1, ..change });
    }
    let changes = changes.into_iter().map(|((campaign, _), (place, change))| (campaign, place, change));
    classes::change(tx, changes.collect()).await
}

/// Findings, interview tasks and alerts that follow.
async fn follow(
    tx: &mut Tx,
    deps: &Deps,
    taken: &[(&Submission, Place)],
    keys: &HashMap<Uuid, SubjectKey>,
) -> Stored<()> {
    let placed = taken.iter().filter_map(|(submission, place)| {
        submission.finding.clone().map(|finding| Finding { place: *place, ..finding })
    });
    findings::insert_many(tx, placed.collect(), keys).await?;
    let placed = taken.iter().filter_map(|(submission, place)| {
        submission.interview.clone().map(|interview| Interview { place: *place, ..interview })
    });
    interviews::open_many(tx, placed.collect()).await?;
    for (submission, place) in taken {
        for signal in &submission.signals {
            signals::raise(tx, deps, &signals::Signal { place: *place, ..signal.clone() }).await?;
        }
    }
    Ok(())
}

async fn record(tx: &mut Tx, taken: &[(&Submission, Place)]) -> Stored<()> {
    let target = |(submission, place): &(&Submission, Place)| {
        audit_target(submission.id, submission.target.student, *place)
    };
    let targets: Vec<authz::Target> = taken.iter().map(target).collect();
    let entries = taken
        .iter()
        .zip(&targets)
        .map(|((submission, _), target)| (&submission.ctx, audit::Entry::write(target)));
    audit::record_many(tx, entries).await?;
    Ok(())
}

/// A response for the audit log.
pub fn audit_target(id: ResponseId, student: StudentId, place: Place) -> authz::Target {
    authz::Target::new("response").id(id).school(place.school).class(place.class).student(student)
}
