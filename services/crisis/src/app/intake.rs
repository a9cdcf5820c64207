//! A signal comes in, through whatever door: it opens an alert or joins the pupil's open one.

use super::{App, Error, change::Change};
use crate::{
    domain::{
        Alert, AlertId, ClassId, SchoolId, Severity, SignalId, StudentId, UserId,
        escalation::{Escalation, Event},
        report::{EntryLevel, Source},
        timeline::EntryKind,
    },
    store::{alerts, signals},
};
use xinqiao_kit::{
    db::{DbError, Tx},
    time::Ts,
};

/// Where the pupil is enrolled, as far as is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Placement {
    pub(super) school: Option<SchoolId>,
    pub(super) class: Option<ClassId>,
    /// False while the platform still has to ask.
    pub(super) known: bool,
}

/// A signal on its way in.
#[derive(Debug, Clone)]
pub(super) struct Incoming {
    pub(super) id: SignalId,
    pub(super) student: StudentId,
    pub(super) placement: Placement,
    pub(super) drill: bool,
    pub(super) severity: Severity,
    pub(super) source: Source,
    pub(super) entry_level: EntryLevel,
    pub(super) evidence: String,
    pub(super) reporter: Option<UserId>,
    pub(super) body: signals::Body,
    pub(super) dedupe: Option<Vec<u8>>,
}

impl App {
    /// Opens an alert or joins the open one, in the caller's transaction. The signal must not be known yet.
    pub(super) async fn take_in(&self, tx: &mut Tx, incoming: Incoming, now: Ts) -> Result<Alert, Error> {
        let open = alerts::lock_open(tx, incoming.student, incoming.drill).await?;
        let change = match open {
            Some(alert) => self.join(alert, &incoming, now)?,
            None => self.open(tx, &incoming, now).await?,
        };
        let signal = incoming.into_signal(change.alert.id, now);
        let (signal, dedupe) = signal;
        if !signals::insert(tx, &self.deps.keys, &signal, dedupe.as_deref()).await? {
            // Somebody else took the same signal in at this moment: run again and find it.
            return Err(DbError::Conflict("the same signal came in twice at once".into()).into());
        }
        self.save(tx, change).await
    }

    async fn open(&self, tx: &mut Tx, incoming: &Incoming, now: Ts) -> Result<Change, Error> {
        let alert = Alert {
            id: self.deps.ids.make::<AlertId>(),
            number: alerts::next_number(tx, now).await?,
            student: incoming.student,
            school: incoming.placement.school,
            class: incoming.placement.class,
            placed: incoming.placement.known,
            drill: incoming.drill,
            escalation: Escalation::open(incoming.severity, now),
            acknowledged: None,
            action_at: None,
            closed_at: None,
            created_at: now,
            updated_at: now,
            version: 1,
        };
        if !alerts::insert(tx, &alert).await? {
            // Another signal of the same pupil opened one at this moment: run again and join it.
            return Err(DbError::Conflict("two signals opened an alert at once".into()).into());
        }
        tracing::info!(
            alert = alert.number,
            severity = alert.severity().code(),
            drill = alert.drill,
            "an alert was opened"
        );
        let mut change = Change::of_new(alert, now);
        change.note(self, EntryKind::Opened);
        Ok(change)
    }

    fn join(&self, alert: Alert, incoming: &Incoming, now: Ts) -> Result<Change, Error> {
        let state = alert.state();
        let mut change = Change::of(alert, now);
        change.note(self, EntryKind::SignalJoined);
        change
            .happen(self, Event::Signal(incoming.severity))
            .map_err(|refused| Error::refused(refused, state))?;
        if incoming.placement.known && !change.alert.placed {
            self.place(&mut change, incoming.placement)?;
        }
        Ok(change)
    }

    /// Notes where the pupil is and, while the alert escalates, lets it begin anew there.
    pub(super) fn place(&self, change: &mut Change, placement: Placement) -> Result<(), Error> {
        let alert = &mut change.alert;
        let before = (alert.school, alert.class);
        (alert.school, alert.class, alert.placed) = (placement.school, placement.class, placement.known);
        let moved = before != (alert.school, alert.class);
        let state = alert.state();
        change.note(self, EntryKind::Placed);
        if moved {
            change.happen(self, Event::Moved).map_err(|refused| Error::refused(refused, state))?;
        }
        Ok(())
    }
}

impl Incoming {
    fn into_signal(self, alert: AlertId, now: Ts) -> (signals::Signal, Option<Vec<u8>>) {
        let signal = signals::Signal {
            id: self.id,
            alert,
            student: self.student,
            source: self.source,
            severity: self.severity,
            entry_level: self.entry_level,
            evidence: self.evidence,
            sealed: self.entry_level.is_sealed(),
            reporter: self.reporter,
            body: self.body,
            created_at: now,
        };
        (signal, self.dedupe)
    }
}
