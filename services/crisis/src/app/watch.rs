//! The stream of a person's notifications. It reads the same table as the list, in the order of commits, from the position that the
//! client last handled: nothing is lost between two connections. A notification counts as received once the stream was asked for what
//! comes after it.

use super::{App, Error, channel::IN_APP, seconds};
use crate::{
    domain::{NotificationId, UserId, notification::Notification},
    store::{self, notifications},
};
use futures::Stream;
use std::{collections::VecDeque, sync::Arc};
use tokio::sync::watch;
use xinqiao_kit::{ctx::Ctx, status::Violation, time::Ts, validate::Invalid};

/// Notifications read at once.
const BATCH: i64 = 100;

/// One event of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Where to resume after it.
    pub resume_token: String,
    /// What it is.
    pub what: What,
}

/// What an event is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// Somebody is told something.
    Notification(Notification),
    /// A sign of life.
    Heartbeat {
        /// The service's clock.
        now: Ts,
        /// Whether escalation goes on.
        escalation_alive: bool,
    },
}

struct Watching {
    app: Arc<App>,
    user: UserId,
    seal: String,
    position: i64,
    waiting: VecDeque<Notification>,
    taken: Vec<NotificationId>,
    woken: watch::Receiver<u64>,
    greeted: bool,
}

impl App {
    /// Opens the caller's stream from a resume token, or from the oldest notification that was not received.
    ///
    /// # Errors
    /// Not a person; a token that is not the caller's.
    pub async fn watch_alerts(
        self: Arc<Self>,
        ctx: &Ctx,
        resume_token: &str,
    ) -> Result<impl Stream<Item = Result<Event, Error>> + Send + use<>, Error> {
        let user = self.own(ctx)?;
        let seal = self.seal(user);
        let position = match resume_token {
            "" => notifications::before_unseen(&self.deps.db, user).await?,
            token => position(token, &seal)
                .ok_or_else(|| Invalid::one(Violation::new("resume_token", "INVALID_RESUME_TOKEN")))?,
        };
        let woken = self.hub.listen(user);
        let (waiting, taken) = (VecDeque::new(), Vec::new());
        let state = Watching { app: self, user, seal, position, waiting, taken, woken, greeted: false };
        Ok(futures::stream::try_unfold(state, |mut state| async move {
            let event = state.next().await?;
            Ok(Some((event, state)))
        }))
    }

    /// What ties a token to its person.
    fn seal(&self, user: UserId) -> String {
        let hash = store::lookup(&self.deps.keys, "watch.resume_token", &[&user.to_string()]);
        hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    }
}

fn position(token: &str, seal: &str) -> Option<i64> {
    let (sequence, given) = token.split_once('.')?;
    let position = sequence.parse().ok().filter(|position| *position >= 0)?;
    (given == seal).then_some(position)
}

impl Watching {
    async fn next(&mut self) -> Result<Event, Error> {
        loop {
            if let Some(notification) = self.waiting.pop_front() {
                self.position = notification.sequence;
                if notification.receipt_at.is_none() {
                    self.taken.push(notification.id);
                }
                return Ok(self.event(What::Notification(notification)));
            }
            self.confirm_taken().await?;
            // Marked as seen before the table is read: what is written after that wakes the next wait.
            self.woken.mark_unchanged();
            let found =
                notifications::following(&self.app.deps.db, self.user, IN_APP, self.position, BATCH).await?;
            if !found.is_empty() {
                self.waiting = found.into();
                continue;
            }
            if !std::mem::replace(&mut self.greeted, true) || !self.wait().await {
                return self.heartbeat().await;
            }
        }
    }

    /// Waits for a wake-up; false when it is time for a sign of life.
    async fn wait(&mut self) -> bool {
        let longest = seconds(self.app.deps.settings.crisis.heartbeat_seconds).to_std().unwrap_or_default();
        tokio::time::timeout(longest, self.woken.changed()).await.is_ok_and(|woken| woken.is_ok())
    }

    /// The stream was asked for more: whoever is at its other end has taken what came before. In a task of its own, since a client
    /// that goes away drops this future wherever it stands.
    async fn confirm_taken(&mut self) -> Result<(), Error> {
        if self.taken.is_empty() {
            return Ok(());
        }
        let (app, ids) = (self.app.clone(), std::mem::take(&mut self.taken));
        let receipt = tokio::spawn(async move { app.take_receipt(&ids).await });
        // A receipt that is lost only means that the escalation does not count on this device.
        if let Ok(Err(cause)) = receipt.await {
            tracing::warn!(%cause, "a receipt could not be noted");
        }
        Ok(())
    }

    async fn heartbeat(&self) -> Result<Event, Error> {
        let now = self.app.deps.clock.now();
        let escalation_alive = self.app.is_alive(now).await?;
        Ok(self.event(What::Heartbeat { now, escalation_alive }))
    }

    fn event(&self, what: What) -> Event {
        Event { resume_token: format!("{}.{}", self.position, self.seal), what }
    }
}
