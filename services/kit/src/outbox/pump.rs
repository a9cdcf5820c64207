//! The pump: one worker for each receiver that has something due, so that a receiver that hangs holds up no other.

use super::store::{self, Claimed, Fate};
use crate::{db::DbError, deps::Deps, lifecycle::TaskError, role::Role, time::Ts};
use futures::{StreamExt as _, stream};
use prost::Message as _;
use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};
use tokio::{
    task::{Id, JoinSet},
    time::Instant,
};
use tokio_util::sync::CancellationToken;
use tonic::{Code, Request, Status};
use xinqiao_proto::internal::v1::{
    DeliverRequest, Event, event_receiver_service_client::EventReceiverServiceClient,
};

/// How long to go without looking, when no hint comes: another replica's commit gives none here.
const POLL: Duration = Duration::from_secs(2);
/// The shortest time between two looks, however many hints come.
const BREATH: Duration = Duration::from_millis(5);
/// Deliveries under way at once to one receiver.
const CONCURRENT: usize = 8;
/// How long one delivery may take; shorter than a claim's lease.
const DELIVERY_LIMIT: Duration = Duration::from_secs(10);
/// Pause before an event is tried again whose receiver was away: this, doubled each time, up to the second figure.
const AWAY_PAUSE_MILLIS: (i64, i64) = (250, 15_000);
/// The same for one that was refused: a refusal rarely goes away within seconds.
const REFUSED_PAUSE_MILLIS: (i64, i64) = (1_000, 300_000);
/// How long a receiver that was away is left in peace, so that a long queue is not run through in vain.
const RECEIVER_PAUSE: Duration = Duration::from_millis(500);

/// How long deliveries under way may take to end once the process is told to stop.
const GRACE: Duration = Duration::from_secs(2);

/// How a worker ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// Nothing was due.
    Idle,
    /// Something was, and now nothing is any more.
    Worked,
    /// The receiver is away.
    Away,
}

struct Pump {
    deps: Deps,
    stop: CancellationToken,
    workers: JoinSet<Result<Outcome, DbError>>,
    busy: HashMap<Id, Role>,
    /// Receivers that something came for while their worker was busy, perhaps too late for it.
    again: HashSet<Role>,
    paused: HashMap<Role, Instant>,
}

pub(super) async fn run(deps: Deps, stop: CancellationToken) -> Result<(), TaskError> {
    let mut pump = Pump {
        deps,
        stop,
        workers: JoinSet::new(),
        busy: HashMap::new(),
        again: HashSet::new(),
        paused: HashMap::new(),
    };
    while !pump.stop.is_cancelled() {
        let pause = match pump.start_workers().await {
            Ok(pause) => pause,
            Err(error) => {
                tracing::warn!(%error, "the outbox cannot be read; trying again");
                POLL
            }
        };
        tokio::time::sleep(BREATH).await;
        pump.wait(pause).await;
    }
    // Workers stop after the deliveries under way. One that hangs is dropped: its claims run out, and the receiver knows the ids.
    let ended = async { while pump.workers.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(GRACE, ended).await;
    Ok(())
}

impl Pump {
    /// Waits for a reason to look again: a hint, a worker that has worked, the time.
    async fn wait(&mut self, pause: Duration) {
        let until = Instant::now() + pause;
        loop {
            let ended = tokio::select! {
                () = self.stop.cancelled() => return,
                () = self.deps.outbox_hint.wait(until.saturating_duration_since(Instant::now())) => return,
                Some(ended) = self.workers.join_next_with_id(), if !self.workers.is_empty() => ended,
            };
            if self.note(ended) {
                return;
            }
        }
    }

    /// Starts a worker for each receiver that has something due and none yet. Gives how long nothing will be due after that.
    async fn start_workers(&mut self) -> Result<Duration, DbError> {
        let now = self.deps.clock.now();
        let mut pause = POLL;
        let mut oldest = chrono::Duration::zero();
        for waiting in store::waiting(&self.deps.db, now).await? {
            metrics::gauge!("xinqiao_outbox_waiting", "sender" => self.deps.role.name(), "receiver" => waiting.receiver.clone())
                .set(i32::try_from(waiting.events).unwrap_or(i32::MAX));
            oldest = oldest.max(now - waiting.due_at);
            if let Some(next) = waiting.next_at {
                pause = pause.min((next - now).to_std().unwrap_or_default());
            }
            let Ok(receiver) = waiting.receiver.parse::<Role>() else {
                tracing::error!(
                    receiver = waiting.receiver,
                    "events wait for a receiver that this program does not know"
                );
                continue;
            };
            pause = pause.min(self.start_worker(receiver));
        }
        metrics::gauge!("xinqiao_outbox_oldest_overdue_seconds", "sender" => self.deps.role.name())
            .set(oldest.num_milliseconds() as f64 / 1000.0);
        Ok(pause)
    }

    /// Starts a worker unless there is one or the receiver is left in peace. Gives when to look again.
    fn start_worker(&mut self, receiver: Role) -> Duration {
        if self.busy.values().any(|busy| *busy == receiver) {
            self.again.insert(receiver);
            return POLL;
        }
        if let Some(until) = self.paused.get(&receiver) {
            let left = until.saturating_duration_since(Instant::now());
            if !left.is_zero() {
                return left;
            }
        }
        let (deps, stop) = (self.deps.clone(), self.stop.clone());
        let worker =
            self.workers.spawn(async move { work(&deps, receiver, &stop).await.map(|(outcome, _)| outcome) });
        self.busy.insert(worker.id(), receiver);
        POLL
    }

    /// Takes note of a worker's end. Gives whether to look again at once.
    fn note(&mut self, ended: Result<(Id, Result<Outcome, DbError>), tokio::task::JoinError>) -> bool {
        let (id, outcome) = match ended {
            Ok((id, Ok(outcome))) => (id, outcome),
            Ok((id, Err(error))) => {
                tracing::warn!(%error, "an outbox worker lost its database; trying again");
                (id, Outcome::Away)
            }
            Err(broken) => {
                tracing::error!(cause = %broken, "an outbox worker broke off; trying again");
                (broken.id(), Outcome::Away)
            }
        };
        let Some(receiver) = self.busy.remove(&id) else { return true };
        if outcome == Outcome::Away {
            self.paused.insert(receiver, Instant::now() + RECEIVER_PAUSE);
        } else {
            self.paused.remove(&receiver);
        }
        self.again.remove(&receiver) || outcome != Outcome::Idle
    }
}

pub(super) async fn deliver_due(deps: &Deps) -> Result<usize, DbError> {
    let stop = CancellationToken::new();
    let mut delivered = 0;
    for receiver in Role::ALL {
        let (_, done) = work(deps, receiver, &stop).await?;
        delivered += done;
    }
    Ok(delivered)
}

/// Delivers to one receiver until nothing is due, it is away, or the process stops. Gives also how many were delivered.
async fn work(deps: &Deps, receiver: Role, stop: &CancellationToken) -> Result<(Outcome, usize), DbError> {
    let (mut delivered, mut outcome) = (0, Outcome::Idle);
    while !stop.is_cancelled() {
        let claimed = store::claim(&deps.db, receiver, deps.clock.now()).await?;
        if claimed.is_empty() {
            break;
        }
        outcome = Outcome::Worked;
        let mut away = false;
        let deliveries = stream::iter(claimed).map(|event| deliver(deps, receiver, event));
        // Written down in the lots in which they come back: one commit for many that are quick, none waits for one that is slow.
        let mut fates = deliveries.buffer_unordered(CONCURRENT).ready_chunks(CONCURRENT);
        while let Some(fates) = fates.next().await {
            away |= fates.iter().any(|(_, fate)| matches!(fate, Fate::Later(_)));
            let done = fates.iter().filter(|(_, fate)| *fate == Fate::Done).count();
            delivered += done;
            store::settle(&deps.db, &fates, deps.clock.now()).await?;
            metrics::counter!("xinqiao_outbox_delivered_total", "sender" => deps.role.name(), "receiver" => receiver.name())
                .increment(done as u64);
        }
        if away {
            return Ok((Outcome::Away, delivered));
        }
    }
    Ok((outcome, delivered))
}

async fn deliver(deps: &Deps, receiver: Role, claimed: Claimed) -> (i64, Fate) {
    let opened = deps.keys.service_subject().open("kit_outbox", "payload", claimed.id, &claimed.payload);
    let Some(event) = opened.ok().and_then(|bytes| Event::decode(bytes.as_slice()).ok()) else {
        set_aside(deps, receiver, &claimed, "it does not open");
        return (claimed.seq, Fate::Poisoned);
    };
    let mut request = Request::new(DeliverRequest { event: Some(event) });
    request.set_timeout(DELIVERY_LIMIT);
    let mut client = EventReceiverServiceClient::new(deps.peers.client(receiver));
    let answer = match tokio::time::timeout(DELIVERY_LIMIT, client.deliver(request)).await {
        Ok(answer) => answer.map(drop),
        Err(_) => Err(Status::deadline_exceeded("no answer in time")),
    };
    let fate = match answer {
        Ok(()) => Fate::Done,
        Err(status) => failed(deps, receiver, &claimed, &status),
    };
    (claimed.seq, fate)
}

fn failed(deps: &Deps, receiver: Role, claimed: &Claimed, status: &Status) -> Fate {
    let now = deps.clock.now();
    let (event, code) = (claimed.id, status.code());
    if is_away(code) {
        tracing::debug!(%event, receiver = receiver.name(), ?code, "not delivered: the receiver is away");
        return Fate::Later(after(now, AWAY_PAUSE_MILLIS, claimed.attempts));
    }
    metrics::counter!("xinqiao_outbox_refused_total", "sender" => deps.role.name(), "receiver" => receiver.name()).increment(1);
    if claimed.is_last_refusal() {
        set_aside(deps, receiver, claimed, &format!("refused with {code:?}"));
        return Fate::Poisoned;
    }
    tracing::warn!(%event, receiver = receiver.name(), ?code, refusals = claimed.refusals + 1, "an event was refused; trying again");
    Fate::Refused(after(now, REFUSED_PAUSE_MILLIS, claimed.refusals + 1))
}

/// A human has to look at it: in the log by its id, never by what it says.
fn set_aside(deps: &Deps, receiver: Role, claimed: &Claimed, why: &str) {
    tracing::error!(event = %claimed.id, receiver = receiver.name(), attempts = claimed.attempts, why, "an event is set aside");
    metrics::counter!("xinqiao_outbox_poisoned_total", "sender" => deps.role.name(), "receiver" => receiver.name()).increment(1);
}

/// Whether the code says that nobody looked at the event, rather than that it was looked at and refused.
fn is_away(code: Code) -> bool {
    matches!(
        code,
        Code::Unavailable
            | Code::DeadlineExceeded
            | Code::Cancelled
            | Code::Aborted
            | Code::ResourceExhausted
            | Code::Unauthenticated
    )
}

/// The time after the pause that follows the n-th failure, n from 1.
fn after(now: Ts, (first, longest): (i64, i64), failures: i32) -> Ts {
    let doublings = u32::try_from(failures.saturating_sub(1)).unwrap_or(0).min(20);
    let pause = first.saturating_mul(1 << doublings).min(longest);
    now + chrono::Duration::milliseconds(pause)
}
