//! The worker's unit of work: claim one alert that is due, let its time pass, write what follows, all in one transaction. Nothing is
//! kept in memory: a worker that dies leaves the alert as due as it was.

use super::{App, Error, change::Change};
use crate::{
    domain::{
        Alert, AlertId, Level, NotificationId, Severity, UserId,
        escalation::{Event, Phase, Waiting},
        grid::{Place, Reach},
        notification::{Alarm, Notification, NotificationKind, NotificationState, pause_after},
        timeline::{Entry, EntryKind},
    },
    store::{Source, alerts, alerts::Lane, grid, notifications, timeline},
};
use xinqiao_kit::{db::Tx, time::Ts};

/// Failures in a row after which people are told that an alert cannot be escalated (R10). It is tried again all the same.
const FAILURES_BEFORE_ALARM: i32 = 5;

/// One go of a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// An alert was looked after.
    Done,
    /// Nothing is due.
    Idle,
    /// This alert could not be looked after; it was put off and the others go on (R10).
    PutOff,
}

impl App {
    /// Looks after one alert that is due.
    ///
    /// # Errors
    /// The database does not answer: nothing can be done now.
    pub(super) async fn escalate_one(&self, lane: Lane) -> Result<Turn, Error> {
        let now = self.deps.clock.now();
        if !alerts::is_anything_due(&self.deps.db, lane, now).await? {
            return Ok(Turn::Idle);
        }
        let mut tx = self.deps.db.begin().await?;
        let Some(id) = alerts::claim_due(&mut tx, lane, now).await? else {
            return Ok(Turn::Idle);
        };
        match self.let_time_pass(&mut tx, id, now).await {
            Ok(()) => {
                tx.commit().await?;
                Ok(Turn::Done)
            }
            Err(cause) => {
                drop(tx);
                self.put_off(id, &cause).await?;
                Ok(Turn::PutOff)
            }
        }
    }

    async fn let_time_pass(&self, tx: &mut Tx, id: AlertId, now: Ts) -> Result<(), Error> {
        let Some(alert) = alerts::get(tx, id).await? else { return Ok(()) };
        let reach = self.reach(tx, &alert).await?;
        let receipts = match (alert.escalation.phase, alert.escalation.last_step()) {
            (Phase::Open { waiting: Waiting::Receipt { .. }, .. }, Some(step)) => {
                let (round, step) = (small(alert.escalation.round), small(step));
                notifications::any_receipt(tx, id, round, step).await?
            }
            _ => false,
        };
        let state = alert.state();
        let mut change = Change::of(alert, now);
        let event = Event::Due { reach: &reach, receipts };
        change.happen(self, event).map_err(|refused| Error::refused(refused, state))?;
        change.alarm_if_nobody_was_reached(self, &reach);
        self.save(tx, change).await?;
        Ok(())
    }

    /// Who can be reached over the alert's pupil now.
    pub(super) async fn reach(&self, tx: &mut Tx, alert: &Alert) -> Result<Reach, Error> {
        let class = match alert.class {
            Some(class) => grid::class(tx, class).await?,
            None => None,
        };
        let place = match class {
            Some(class) if Some(class.school) == alert.school => class.place(),
            // The class has not been heard of yet: its homeroom teacher may be known all the same.
            _ => Place { school: alert.school, class: alert.class, grade: None },
        };
        let responders = grid::responders(tx, alert.school).await?;
        let mut reach = Reach::over(&place, &responders);
        reach.unplaced = !alert.placed;
        Ok(reach)
    }

    /// Puts a failing alert off, longer each time, and tells people once it has failed too often.
    async fn put_off(&self, id: AlertId, cause: &Error) -> Result<(), Error> {
        let now = self.deps.clock.now();
        let mut tx = self.deps.db.begin().await?;
        let failures = alerts::failures(&mut tx, id).await? + 1;
        alerts::note_failure(&mut tx, id, now, now + pause_after(failures)).await?;
        if failures == FAILURES_BEFORE_ALARM {
            tracing::error!(alarm = "alert_set_aside", alert = %id, failures, %cause, "an alert cannot be escalated");
            self.alarm_about(&mut tx, id, now).await?;
        } else {
            tracing::warn!(alert = %id, failures, %cause, "escalating an alert failed, it is tried again");
        }
        tx.commit().await?;
        Ok(())
    }

    /// Tells the county's duty roster that an alert cannot be escalated, without reading the row that fails.
    async fn alarm_about(&self, tx: &mut Tx, id: AlertId, now: Ts) -> Result<(), Error> {
        let roster = self.county_duty(tx).await?;
        let subject = format!("{id}:set_aside:{}", now.micros());
        let new = roster
            .into_iter()
            .map(|user| (subject.clone(), self.alarm(Alarm::AlertSetAside, Some(id), user, now)));
        notifications::insert(tx, new.collect()).await?;
        let entry = Entry {
            id: self.deps.ids.make(),
            at: now,
            kind: EntryKind::SetAside,
            user: None,
            round: 0,
            step: None,
            level: Some(Level::CountyDuty),
            channel: None,
            action: None,
            text: None,
        };
        // There is no text to seal, so the pupil's key is not asked for.
        timeline::add(tx, &self.deps.keys, (id, uuid::Uuid::nil().into()), vec![entry]).await?;
        Ok(())
    }

    /// The county's duty roster, as far as it can be reached.
    pub(super) async fn county_duty(&self, source: &mut impl Source) -> Result<Vec<UserId>, Error> {
        let responders = grid::responders(source, None).await?;
        Ok(Reach::over(&Place::default(), &responders).at(Level::CountyDuty).into_iter().collect())
    }

    /// An alarm to one person, in the app.
    pub(super) fn alarm(
        &self,
        alarm: Alarm,
        alert: Option<AlertId>,
        recipient: UserId,
        now: Ts,
    ) -> Notification {
        Notification {
            id: self.deps.ids.make::<NotificationId>(),
            recipient,
            sequence: 0,
            kind: NotificationKind::Alarm,
            alert,
            number: String::new(),
            severity: Severity::Red,
            drill: false,
            level: None,
            round: 0,
            step: 0,
            alarm: Some(alarm),
            channel: super::channel::IN_APP.to_owned(),
            state: NotificationState::Queued,
            created_at: now,
            receipt_at: None,
        }
    }
}

fn small(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}
