//! What runs beside the requests. Nothing here holds a promise: what is due is a column, and any of these tasks may die and be begun
//! again anywhere. A database that does not answer is waited for.

use super::{App, Error, escalate::Turn, seconds};
use crate::store::{alerts::Lane, health, notifications};
use chrono::Duration;
use std::{future::Future, sync::Arc, time::Duration as StdDuration};
use tokio_util::sync::CancellationToken as Token;
use xinqiao_kit::{
    lifecycle::{Hint, Task, TaskError},
    time::Ts,
};

/// How often a lane tells that it goes round.
const BEAT: Duration = Duration::seconds(15);
/// How often what is not urgent is looked after.
const CALM: StdDuration = StdDuration::from_secs(30);
/// How far back the stream task looks for what other replicas wrote.
const TAIL: Duration = Duration::seconds(30);
/// Failing alerts that a lane meets before it pauses.
const PUT_OFF_MAX: usize = 100;

impl App {
    /// Every task of the service.
    pub fn tasks(self: &Arc<Self>) -> Vec<Task> {
        vec![
            self.lane_task("crisis-escalate-red", Lane::Red),
            self.lane_task("crisis-escalate-other", Lane::Other),
            self.delivery_task("crisis-deliver-red", Lane::Red),
            self.delivery_task("crisis-deliver-other", Lane::Other),
            self.task("crisis-streams", |app, stop| async move { app.tail_streams(stop).await }),
            self.task("crisis-placement", |app, stop| async move { app.keep_placing(stop).await }),
            self.task("crisis-watchdog", |app, stop| async move { app.keep_watch(stop).await }),
            self.task("crisis-gaps", |app, stop| async move { app.keep_checking_gaps(stop).await }),
        ]
    }

    fn task<F, Fut>(self: &Arc<Self>, name: &'static str, run: F) -> Task
    where
        F: FnOnce(Arc<Self>, Token) -> Fut + Send + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        let app = self.clone();
        Task::new(name, move |stop| async move {
            run(app, stop).await;
            Ok::<(), TaskError>(())
        })
    }

    fn lane_task(self: &Arc<Self>, name: &'static str, lane: Lane) -> Task {
        self.task(name, move |app, stop| async move { app.keep_escalating(lane, stop).await })
    }

    fn delivery_task(self: &Arc<Self>, name: &'static str, lane: Lane) -> Task {
        self.task(name, move |app, stop| async move { app.keep_delivering(lane, stop).await })
    }

    fn poll(&self) -> StdDuration {
        let poll = seconds(self.deps.settings.crisis.poll_seconds).to_std().unwrap_or_default();
        poll.clamp(StdDuration::from_millis(10), StdDuration::from_secs(10))
    }

    async fn keep_escalating(&self, lane: Lane, stop: Token) {
        let mut beaten: Option<Ts> = None;
        while !stop.is_cancelled() {
            let mut put_off = 0;
            let idle = loop {
                match self.escalate_one(lane).await {
                    Ok(Turn::Done) if !stop.is_cancelled() => {}
                    Ok(Turn::PutOff) if put_off < PUT_OFF_MAX && !stop.is_cancelled() => put_off += 1,
                    Ok(_) => break true,
                    Err(cause) => {
                        tracing::warn!(lane = lane.code(), %cause, "escalation waits for the database");
                        break false;
                    }
                }
            };
            if idle {
                self.beat(lane, &mut beaten).await;
            }
            pause(&stop, &self.lane(lane).escalate, self.poll()).await;
        }
    }

    async fn beat(&self, lane: Lane, beaten: &mut Option<Ts>) {
        let now = self.deps.clock.now();
        if beaten.is_some_and(|last| last <= now && now - last < BEAT) {
            return;
        }
        match health::beat(&self.deps.db, lane, now).await {
            Ok(()) => *beaten = Some(now),
            Err(cause) => tracing::warn!(lane = lane.code(), %cause, "a canary could not be sent"),
        }
    }

    async fn keep_delivering(&self, lane: Lane, stop: Token) {
        while !stop.is_cancelled() {
            match self.deliver_batch(lane).await {
                Ok(0) => pause(&stop, &self.lane(lane).deliver, self.poll()).await,
                Ok(_) => {}
                Err(cause) => {
                    tracing::warn!(lane = lane.code(), %cause, "delivery waits for the database");
                    pause(&stop, &self.lane(lane).deliver, self.poll()).await;
                }
            }
        }
    }

    /// Wakes streams of this process for what other replicas wrote.
    async fn tail_streams(&self, stop: Token) {
        let never = Hint::new();
        while !stop.is_cancelled() {
            if !self.hub.is_idle() {
                let since = self.deps.clock.now() - TAIL;
                match notifications::fresh_recipients(&self.deps.db, since).await {
                    Ok(recipients) => recipients.into_iter().for_each(|user| _ = self.hub.wake(user)),
                    Err(cause) => tracing::warn!(%cause, "streams wait for the database"),
                }
            }
            pause(&stop, &never, self.poll()).await;
        }
    }

    async fn keep_placing(&self, stop: Token) {
        self.calmly(stop, self.poll() * 5, "placing alerts", || async { self.place_all().await.map(drop) })
            .await;
    }

    async fn keep_watch(&self, stop: Token) {
        self.calmly(stop, CALM, "watching over escalation", || async {
            self.look_for_standstill().await.map(drop)
        })
        .await;
    }

    /// Once a day, in the first minutes of the school day.
    async fn keep_checking_gaps(&self, stop: Token) {
        let (never, mut checked) = (Hint::new(), None);
        while !stop.is_cancelled() {
            let now = self.deps.clock.now();
            let today = now.shanghai_date();
            if checked != Some(today) && self.policies.calendar.is_open(now) {
                match self.check_gaps().await {
                    Ok(()) => checked = Some(today),
                    Err(cause) => tracing::warn!(%cause, "checking the grid failed, it is tried again"),
                }
            }
            pause(&stop, &never, CALM).await;
        }
    }

    async fn calmly<F, Fut>(&self, stop: Token, every: StdDuration, what: &'static str, work: F)
    where
        F: Fn() -> Fut,
        Fut: Future<Output = Result<(), Error>>,
    {
        let never = Hint::new();
        while !stop.is_cancelled() {
            if let Err(cause) = work().await {
                tracing::warn!(%cause, "{what} failed, it is tried again");
            }
            pause(&stop, &never, every).await;
        }
    }
}

/// Waits for a hint, for the time, or to be stopped.
async fn pause(stop: &Token, hint: &Hint, longest: StdDuration) {
    tokio::select! {
        () = stop.cancelled() => {}
        () = hint.wait(longest) => {}
    }
}
