//! One change of one alert: the event, what the core makes of it, and all rows that follow, written together.

use super::{App, Error};
use crate::{
    domain::{
        Alert, AlertState, Level, UserId,
        escalation::{Effect, Event, Refused},
        grid::Reach,
        notification::{Alarm, Notification, NotificationKind, NotificationState},
        timeline::{ActionKind, Entry, EntryKind},
    },
    store::{alerts, alerts::Lane, notifications, timeline},
};

use xinqiao_kit::{
    db::{DbError, Tx},
    time::Ts,
};

/// How often the same alarm is told.
pub(super) const MICROS_AN_HOUR: i64 = 3_600_000_000;

/// An alert in the course of being changed.
pub(super) struct Change {
    pub(super) alert: Alert,
    pub(super) now: Ts,
    is_new: bool,
    steps: Vec<(u32, u32)>,
    entries: Vec<Entry>,
    tell: Vec<(String, Notification)>,
    tell_handler: bool,
    tell_acknowledged: bool,
    nobody_reachable: bool,
}

impl Change {
    /// A change of an alert that is held until commit.
    pub(super) fn of(alert: Alert, now: Ts) -> Self {
        Self {
            alert,
            now,
            is_new: false,
            steps: Vec::new(),
            entries: Vec::new(),
            tell: Vec::new(),
            tell_handler: false,
            tell_acknowledged: false,
            nobody_reachable: false,
        }
    }

    /// The first change of an alert that was written in this transaction.
    pub(super) fn of_new(alert: Alert, now: Ts) -> Self {
        Self { is_new: true, ..Self::of(alert, now) }
    }

    /// Lets an event happen.
    pub(super) fn happen(&mut self, app: &App, event: Event<'_>) -> Result<(), Refused> {
        let (next, effects) = self.alert.escalation.apply(event, &app.policies, self.now)?;
        self.alert.escalation = next;
        for effect in effects {
            self.take(app, effect);
        }
        Ok(())
    }

    fn take(&mut self, app: &App, effect: Effect) {
        match effect {
            Effect::StepStarted { round, step } => {
                self.steps.push((round, step));
                self.note_step(app, EntryKind::StepStarted, round, step, None);
            }
            Effect::Tell { round, step, level, user } => self.tell_step(app, (round, step), level, user),
            Effect::Gap { round, step, level } => {
                self.note_step(app, EntryKind::Gap, round, step, Some(level));
                tracing::warn!(
                    alert = self.alert.number,
                    level = level.code(),
                    step,
                    "nobody fills a level that an alert should have told"
                );
            }
            Effect::NoReceipt { round, step } => self.note_step(app, EntryKind::NoReceipt, round, step, None),
            Effect::CountyTold => self.note(app, EntryKind::EscalatedToCounty),
            Effect::NobodyReachable => {
                self.nobody_reachable = true;
                self.note(app, EntryKind::NobodyReachable);
                tracing::error!(
                    alarm = "nobody_reachable",
                    alert = self.alert.number,
                    "nobody could be told of an alert"
                );
            }
            Effect::SeverityRaised => self.note(app, EntryKind::SeverityRaised),
            Effect::Lapsed => self.note(app, EntryKind::Lapsed),
            Effect::TellHandler => self.tell_handler = true,
            Effect::TellAcknowledged => self.tell_acknowledged = true,
        }
    }

    /// Adds an entry to the timeline.
    pub(super) fn note(&mut self, app: &App, kind: EntryKind) {
        let entry = self.entry(app, kind);
        self.entries.push(entry);
    }

    /// Adds what somebody did or said.
    pub(super) fn note_by(
        &mut self,
        app: &App,
        kind: EntryKind,
        user: UserId,
        action: Option<ActionKind>,
        text: Option<String>,
    ) {
        let entry = Entry { user: Some(user), action, text, ..self.entry(app, kind) };
        self.entries.push(entry);
    }

    /// The entries alone, for what changes nothing of the alert itself.
    pub(super) fn into_entries(self) -> Vec<Entry> {
        self.entries
    }

    fn note_step(&mut self, app: &App, kind: EntryKind, round: u32, step: u32, level: Option<Level>) {
        let entry = Entry { round: small(round), step: Some(small(step)), level, ..self.entry(app, kind) };
        self.entries.push(entry);
    }

    fn entry(&self, app: &App, kind: EntryKind) -> Entry {
        Entry {
            id: app.deps.ids.make(),
            at: self.now,
            kind,
            user: None,
            round: small(self.alert.escalation.round),
            step: None,
            level: None,
            channel: None,
            action: None,
            text: None,
        }
    }

    /// The entry that somebody is told, except of an acknowledgement: that is in the timeline already.
    fn notified(&self, app: &App, n: &Notification) -> Option<Entry> {
        (n.kind != NotificationKind::Acknowledged).then(|| Entry {
            user: Some(n.recipient),
            round: n.round,
            step: Some(n.step),
            level: n.level,
            channel: Some(n.channel.clone()),
            ..self.entry(app, EntryKind::Notified)
        })
    }

    fn tell_step(&mut self, app: &App, (round, step): (u32, u32), level: Level, user: UserId) {
        let subject = format!("{}:step:{round}:{step}", self.alert.id);
        for channel in &app.channels {
            let notification = Notification {
                level: Some(level),
                round: small(round),
                step: small(step),
                channel: channel.name().to_owned(),
                ..self.notification(app, NotificationKind::Escalation, user)
            };
            self.tell.push((subject.clone(), notification));
        }
    }

    /// Tells a person about the alert, once for each `about`.
    pub(super) fn tell(&mut self, app: &App, kind: NotificationKind, about: &str, user: UserId) {
        let subject = format!("{}:{about}", self.alert.id);
        for channel in &app.channels {
            let notification =
                Notification { channel: channel.name().to_owned(), ..self.notification(app, kind, user) };
            self.tell.push((subject.clone(), notification));
        }
    }

    /// When nobody could be told whom the policy names: an alarm to whoever else stands over the pupil, once an hour.
    pub(super) fn alarm_if_nobody_was_reached(&mut self, app: &App, reach: &Reach) {
        if !self.nobody_reachable {
            return;
        }
        let subject = format!("{}:nobody:{}", self.alert.id, self.now.micros() / MICROS_AN_HOUR);
        for user in reach.everybody() {
            let alarm = app.alarm(Alarm::NobodyReachable, Some(self.alert.id), user, self.now);
            self.tell.push((subject.clone(), Notification { number: self.alert.number.clone(), ..alarm }));
        }
    }

    fn notification(&self, app: &App, kind: NotificationKind, recipient: UserId) -> Notification {
        Notification {
            id: app.deps.ids.make(),
            recipient,
            sequence: 0,
            kind,
            alert: Some(self.alert.id),
            number: self.alert.number.clone(),
            severity: self.alert.severity(),
            drill: self.alert.drill,
            level: None,
            round: small(self.alert.escalation.round),
            step: self.alert.escalation.last_step().map(small).unwrap_or_default(),
            alarm: None,
            channel: String::new(),
            state: NotificationState::Queued,
            created_at: self.now,
            receipt_at: None,
        }
    }
}

impl App {
    /// Writes a change: the alert, its steps, notifications and timeline. Workers and streams are woken after the commit.
    pub(super) async fn save(&self, tx: &mut Tx, mut change: Change) -> Result<Alert, Error> {
        let id = change.alert.id;
        for (round, step) in std::mem::take(&mut change.steps) {
            if !alerts::start_step(tx, id, round, step, change.now).await? {
                // The row of the alert was held, so this cannot be another worker: the row itself is wrong. Set aside, tell people.
                return Err(Error::Key(xinqiao_kit::keys::KeyError::Content {
                    table: "alerts",
                    column: "next_step",
                }));
            }
        }
        if !change.is_new && !alerts::update(tx, &mut change.alert, change.now).await? {
            return Err(Error::AnotherOpen);
        }
        self.tell_those_who_care(tx, &mut change).await?;
        let written = notifications::insert(tx, std::mem::take(&mut change.tell)).await?;
        let mut entries = std::mem::take(&mut change.entries);
        entries.extend(written.iter().filter_map(|notification| change.notified(self, notification)));
        timeline::add(tx, &self.deps.keys, (id, change.alert.student), entries).await?;
        self.wake_after_commit(tx, &change.alert, &written);
        Ok(change.alert)
    }

    /// Who handles the alert hears that a signal joined, those who were told hear that somebody handles it.
    async fn tell_those_who_care(&self, tx: &mut Tx, change: &mut Change) -> Result<(), DbError> {
        let handler = change.alert.acknowledged.map(|(user, _)| user);
        let version = change.alert.version;
        if let Some(handler) = handler.filter(|_| change.tell_handler) {
            change.tell(self, NotificationKind::SignalJoined, &format!("joined:{version}"), handler);
        }
        if change.tell_acknowledged && change.alert.state() != AlertState::Open {
            let about = format!("acknowledged:{version}");
            for user in notifications::told(tx, change.alert.id).await? {
                if Some(user) != handler {
                    change.tell(self, NotificationKind::Acknowledged, &about, user);
                }
            }
        }
        Ok(())
    }

    fn wake_after_commit(&self, tx: &mut Tx, alert: &Alert, written: &[Notification]) {
        let lane = self.lane(lane_of(alert));
        let (escalate, deliver, hub) = (lane.escalate.clone(), lane.deliver.clone(), self.hub.clone());
        let due = alert.escalation.due().is_some_and(|due| due.is_reached(alert.updated_at));
        let users: Vec<UserId> = written.iter().map(|n| n.recipient).collect();
        tx.after_commit(move || {
            if due {
                escalate.give();
            }
            if !users.is_empty() {
                deliver.give();
            }
            for user in users {
                hub.wake(user);
            }
        });
    }
}

/// The lane that looks after an alert.
pub(super) fn lane_of(alert: &Alert) -> Lane {
    if alert.severity() == crate::domain::Severity::Red { Lane::Red } else { Lane::Other }
}

fn small(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}
