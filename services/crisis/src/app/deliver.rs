//! Handing notifications to their channels: claimed for a while by lease, sent outside any transaction, settled in a short one.
//!
//! A worker that dies in the middle leaves a claim that ends by itself; the notification is then sent once more, with the same id and
//! number (R5). Nothing is ever marked failed because a process died.

use super::{App, Error, change::Change, channel::Delivery};
use crate::{
    domain::{
        escalation::Event,
        notification::{ATTEMPTS_MAX, Notification, NotificationKind, pause_after},
        timeline::{Entry, EntryKind},
    },
    store::{alerts, alerts::Lane, notifications, notifications::Claim, timeline},
};
use chrono::Duration;
use xinqiao_kit::{db::Tx, time::Ts};

/// Notifications that are claimed in one go.
const BATCH: i64 = 32;
/// How long a claim counts. A channel that takes longer is overtaken by another worker.
const LEASE: Duration = Duration::seconds(30);
/// How long one hand-over to a channel may take, well within the lease of a whole batch of failures.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(10);

impl App {
    /// Sends a batch of a lane. Gives how many there were.
    ///
    /// # Errors
    /// The database does not answer.
    pub(super) async fn deliver_batch(&self, lane: Lane) -> Result<usize, Error> {
        let now = self.deps.clock.now();
        if !notifications::is_anything_sendable(&self.deps.db, lane, now).await? {
            return Ok(0);
        }
        let mut tx = self.deps.db.begin().await?;
        let claims = notifications::claim(&mut tx, lane, now, now + LEASE, BATCH).await?;
        tx.commit().await?;
        let count = claims.len();
        // All at once: one slow channel must not hold up the rest of the batch.
        let sent = claims.into_iter().map(|claim| async {
            let delivery = self.hand_over(&claim.notification).await;
            (claim, delivery)
        });
        for (claim, delivery) in futures::future::join_all(sent).await {
            self.settle(&claim, delivery).await?;
        }
        Ok(count)
    }

    async fn hand_over(&self, notification: &Notification) -> Delivery {
        let Some(channel) = self.channels.iter().find(|channel| channel.name() == notification.channel)
        else {
            return Delivery::Impossible;
        };
        tokio::time::timeout(PATIENCE, channel.deliver(notification)).await.unwrap_or(Delivery::Later)
    }

    async fn settle(&self, claim: &Claim, delivery: Delivery) -> Result<(), Error> {
        let now = self.deps.clock.now();
        let notification = &claim.notification;
        let mut tx = self.deps.db.begin().await?;
        match delivery {
            Delivery::Accepted => {
                if notifications::mark_sent(&mut tx, notification.id, now).await? {
                    self.trace(&mut tx, notification, EntryKind::Sent, now).await?;
                }
            }
            Delivery::Later if claim.attempts < ATTEMPTS_MAX => {
                let due = now + pause_after(claim.attempts);
                notifications::mark_retry(&mut tx, notification.id, now, due).await?;
                self.trace(&mut tx, notification, EntryKind::DeliveryFailed, now).await?;
            }
            Delivery::Later | Delivery::Impossible => {
                if notifications::mark_failed(&mut tx, notification.id, now).await? {
                    self.trace(&mut tx, notification, EntryKind::DeliveryFailed, now).await?;
                    self.hurry_if_all_failed(&mut tx, notification, now).await?;
                }
            }
        }
        tx.commit().await?;
        Ok(())
    }

    /// A step of which nothing can be delivered is over at once (R7).
    async fn hurry_if_all_failed(&self, tx: &mut Tx, failed: &Notification, now: Ts) -> Result<(), Error> {
        let (NotificationKind::Escalation, Some(id)) = (failed.kind, failed.alert) else { return Ok(()) };
        // The alert is held first: of two last failures at once, the second then sees the first.
        let Some(alert) = alerts::lock(tx, id).await? else { return Ok(()) };
        if !notifications::all_failed(tx, id, failed.round, failed.step).await? {
            return Ok(());
        }
        let (Ok(round), Ok(step)) = (u32::try_from(failed.round), u32::try_from(failed.step)) else {
            return Ok(());
        };
        let state = alert.state();
        let mut change = Change::of(alert, now);
        change
            .happen(self, Event::StepFailed { round, step })
            .map_err(|refused| Error::refused(refused, state))?;
        self.save(tx, change).await?;
        Ok(())
    }

    /// Notes in the alert's timeline what became of a notification.
    pub(super) async fn trace(
        &self,
        tx: &mut Tx,
        notification: &Notification,
        kind: EntryKind,
        now: Ts,
    ) -> Result<(), Error> {
        let (Some(alert), true) = (notification.alert, notification.kind != NotificationKind::Acknowledged)
        else {
            return Ok(());
        };
        let entry = Entry {
            id: self.deps.ids.make(),
            at: now,
            kind,
            user: Some(notification.recipient),
            round: notification.round,
            step: Some(notification.step),
            level: notification.level,
            channel: Some(notification.channel.clone()),
            action: None,
            text: None,
        };
        // There is no text to seal, so the pupil's key is not asked for.
        timeline::add(tx, &self.deps.keys, (alert, uuid::Uuid::nil().into()), vec![entry]).await?;
        Ok(())
    }
}
