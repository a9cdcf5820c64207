//! Alerts that answers, interviews and observations raise, each once.

use super::Stored;
use crate::domain::{
    finding::Evidence,
    ids::{Place, StudentId},
    instrument::Severity,
};
use xinqiao_kit::{
    db::Tx,
    deps::Deps,
    outbox::{
        self,
        vocabulary::{SignalRaised, event::Payload},
    },
    role::Role,
};

/// An alert to raise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signal {
    /// What raises it, such as a target and an item: the same mark raises once. Only a keyed hash of it is stored.
    pub mark: String,
    /// The pupil.
    pub student: StudentId,
    /// Where the pupil is.
    pub place: Place,
    /// How severe it is.
    pub severity: Severity,
    /// `screening`, `interview` or `observation`.
    pub source: &'static str,
    /// The resource that says more.
    pub evidence: Evidence,
}

/// Tells crisis, in the transaction that makes it true; nothing if this mark has raised its alert before.
pub async fn raise(tx: &mut Tx, deps: &Deps, signal: &Signal) -> Stored<bool> {
    let id = deps.ids.new_id();
    let mark = deps.keys.lookup("signals", &signal.mark);
    let query =
        tx.q("INSERT INTO signals (mark, id, created_at) VALUES ($1, $2, $3) ON CONFLICT (mark) DO NOTHING");
    if query.bind(mark).bind(id).bind(deps.clock.now()).exec().await? == 0 {
        return Ok(false);
    }
    let event = SignalRaised {
        signal_id: id.to_string(),
        student_id: signal.student.to_string(),
        school_id: signal.place.school.to_string(),
        class_id: signal.place.class.to_string(),
        severity: signal.severity.word().to_owned(),
        source: signal.source.to_owned(),
        evidence: signal.evidence.name(),
        drill: false,
    };
    outbox::publish(tx, deps, Role::Crisis, signal.student.uuid(), Payload::SignalRaised(event)).await?;
    Ok(true)
}
