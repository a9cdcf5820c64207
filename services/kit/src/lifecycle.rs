//! The life of a process: tasks run until they are told to stop, a second signal does not wait for them, and a task that ends by
//! itself ends the process: a platform that is half alive would lose alerts in silence.

use futures::future::BoxFuture;
use std::{
    future::Future,
    sync::{Mutex, PoisonError},
    time::Duration,
};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// How long tasks may take to finish once told to stop.
pub const DRAIN_SECONDS: u64 = 20;

/// Why a task gave up.
pub type TaskError = Box<dyn std::error::Error + Send + Sync>;

type Run = Box<dyn FnOnce(CancellationToken) -> BoxFuture<'static, Result<(), TaskError>> + Send>;

/// Something that runs beside the requests for as long as the process lives.
pub struct Task {
    /// Name in the log.
    pub name: &'static str,
    /// Run once; the mutex only makes a waiting task shareable between threads.
    run: Mutex<Run>,
}

impl std::fmt::Debug for Task {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Task({})", self.name)
    }
}

impl Task {
    /// A task; it must return once the token is cancelled, and only then.
    pub fn new<F, Fut>(name: &'static str, run: F) -> Self
    where
        F: FnOnce(CancellationToken) -> Fut + Send + 'static,
        Fut: Future<Output = Result<(), TaskError>> + Send + 'static,
    {
        Self { name, run: Mutex::new(Box::new(move |stop| Box::pin(run(stop)))) }
    }
}

/// How a process ended.
#[derive(Debug, thiserror::Error)]
pub enum Ended {
    /// A task ended although nobody had told it to.
    #[error("task {name} ended by itself: {cause}")]
    TaskDied {
        /// Which.
        name: &'static str,
        /// Why, if it said so.
        cause: String,
    },
    /// Tasks were still running when the time to drain was over.
    #[error("still running after {DRAIN_SECONDS} s of draining")]
    DrainTimedOut,
    /// A second signal came.
    #[error("aborted by a second signal")]
    Aborted,
}

/// Runs tasks together. Dropping it aborts them.
#[derive(Default)]
pub struct Supervisor {
    tasks: JoinSet<(&'static str, Result<(), TaskError>)>,
    stop: CancellationToken,
}

impl std::fmt::Debug for Supervisor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Supervisor({} tasks)", self.tasks.len())
    }
}

impl Supervisor {
    /// No tasks yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Starts a task.
    pub fn spawn(&mut self, task: Task) {
        let run = task.run.into_inner().unwrap_or_else(PoisonError::into_inner);
        let future = run(self.stop.clone());
        let name = task.name;
        self.tasks.spawn(async move { (name, future.await) });
    }

    /// The token that tells all tasks to stop.
    pub fn stop_token(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Runs until `signal` resolves or a task dies, then drains. `signal` is awaited again while draining: resolving a
    /// second time aborts.
    ///
    /// # Errors
    /// How it ended, unless all tasks stopped in time after one signal.
    pub async fn run<F, Fut>(mut self, mut signal: F) -> Result<(), Ended>
    where
        F: FnMut() -> Fut,
        Fut: Future<Output = ()>,
    {
        // In this order: a task that obeys the stop token has not died.
        let died = tokio::select! {
            biased;
            () = self.stop.cancelled() => None,
            () = signal() => None,
            ended = self.tasks.join_next(), if !self.tasks.is_empty() => ended.map(death),
        };
        self.stop.cancel();
        tracing::info!(tasks = self.tasks.len(), "draining");
        let drained = async { while self.tasks.join_next().await.is_some() {} };
        let outcome = tokio::select! {
            () = drained => Ok(()),
            () = tokio::time::sleep(Duration::from_secs(DRAIN_SECONDS)) => Err(Ended::DrainTimedOut),
            () = signal() => Err(Ended::Aborted),
        };
        died.map_or(outcome, Err)
    }
}

fn death(ended: Result<(&'static str, Result<(), TaskError>), tokio::task::JoinError>) -> Ended {
    match ended {
        Ok((name, Err(cause))) => Ended::TaskDied { name, cause: cause.to_string() },
        Ok((name, Ok(()))) => Ended::TaskDied { name, cause: "it returned".to_owned() },
        Err(cause) => Ended::TaskDied { name: "?", cause: cause.to_string() },
    }
}

/// Resolves at the next SIGINT or SIGTERM.
pub async fn signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = match signal(SignalKind::terminate()) {
        Ok(stream) => stream,
        Err(cause) => {
            tracing::error!(%cause, "no SIGTERM handler");
            return std::future::pending().await;
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}

/// Wakes whoever waits for work, after a commit. Losing a hint only delays: workers also look by themselves.
#[derive(Debug, Clone, Default)]
pub struct Hint(std::sync::Arc<tokio::sync::Notify>);

impl Hint {
    /// A hint that nobody has given yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// There may be work.
    pub fn give(&self) {
        self.0.notify_one();
    }

    /// Waits for a hint, at most `longest`.
    pub async fn wait(&self, longest: Duration) {
        let _ = tokio::time::timeout(longest, self.0.notified()).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::pending;

    fn obedient() -> Task {
        Task::new("obedient", |stop| async move {
            stop.cancelled().await;
            Ok(())
        })
    }

    #[tokio::test]
    async fn one_signal_drains() {
        let mut supervisor = Supervisor::new();
        supervisor.spawn(obedient());
        let mut first = true;
        let outcome = supervisor.run(|| {
            let now = std::mem::take(&mut first);
            async move {
                if now {
                } else {
                    pending().await
                }
            }
        });
        assert!(outcome.await.is_ok());
    }

    #[tokio::test]
    async fn a_second_signal_aborts_a_task_that_does_not_stop() {
        let mut supervisor = Supervisor::new();
        supervisor.spawn(Task::new("stubborn", |_| pending()));
        assert!(matches!(supervisor.run(|| async {}).await, Err(Ended::Aborted)));
    }

    #[tokio::test]
    async fn a_dead_task_ends_the_process() {
        let mut supervisor = Supervisor::new();
        supervisor.spawn(obedient());
        supervisor.spawn(Task::new("mortal", |_| async { Err("no more".into()) }));
        match supervisor.run(pending).await {
            Err(Ended::TaskDied { name, cause }) => assert_eq!((name, cause.as_str()), ("mortal", "no more")),
            other => panic!("{other:?}"),
        }
    }
}
