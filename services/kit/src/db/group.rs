//! Many small writes in one transaction.
//!
//! A commit waits for the disk, and a thousand callers at once need not wait a thousand times: what comes while one
//! transaction is under way is written together by the next (storage.md has the figures: 5 to 17 times as many writes).

use super::{Db, DbError, Tx};
use futures::future::BoxFuture;
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::oneshot;

/// The limits of a group.
#[derive(Debug, Clone, Copy)]
pub struct GroupLimits {
    /// Items in one transaction.
    pub batch: usize,
    /// Items that may wait; more are refused at once with [`DbError::Unavailable`].
    pub queue: usize,
}

impl Default for GroupLimits {
    fn default() -> Self {
        Self { batch: 512, queue: 8192 }
    }
}

/// Writes items of type `T` in groups and answers each with an `R`. Cheap to clone; clones share one lane.
///
/// ```ignore
/// let group = Group::new("submissions", db, GroupLimits::default(), |tx, items| Box::pin(store::insert(tx, items)));
/// let receipt = group.submit(item).await?;   // committed when this returns OK
/// ```
pub struct Group<T, R, E = DbError> {
    shared: Arc<Shared<T, R, E>>,
}

type Writer<T, R, E> = dyn for<'a> Fn(&'a mut Tx, &'a [T]) -> BoxFuture<'a, Result<Vec<R>, E>> + Send + Sync;

struct Shared<T, R, E> {
    name: &'static str,
    db: Db,
    limits: GroupLimits,
    write: Box<Writer<T, R, E>>,
    queue: Mutex<Queue<T, R, E>>,
}

struct Queue<T, R, E> {
    waiting: VecDeque<Job<T, R, E>>,
    /// Whether a lane is running, which will take what waits.
    lane: bool,
}

struct Job<T, R, E> {
    item: T,
    answer: oneshot::Sender<Result<R, E>>,
}

impl<T, R, E> Clone for Group<T, R, E> {
    fn clone(&self) -> Self {
        Self { shared: self.shared.clone() }
    }
}

impl<T, R, E> std::fmt::Debug for Group<T, R, E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Group({})", self.shared.name)
    }
}

impl<T, R, E> Group<T, R, E>
where
    T: Send + Sync + 'static,
    R: Send + 'static,
    E: From<DbError> + Send + 'static,
{
    /// A group that writes with `write`: it gets all items of one transaction, in the order in which they came, and gives one
    /// answer for each, in the same order.
    ///
    /// If `write` fails for several items, all is rolled back and it is called again for each alone, so that a bad one fails alone.
    /// What an item can be refused for without a failure of the database belongs into its answer, before anything of it is written.
    pub fn new<F>(name: &'static str, db: Db, limits: GroupLimits, write: F) -> Self
    where
        F: for<'a> Fn(&'a mut Tx, &'a [T]) -> BoxFuture<'a, Result<Vec<R>, E>> + Send + Sync + 'static,
    {
        let queue = Mutex::new(Queue { waiting: VecDeque::new(), lane: false });
        Self { shared: Arc::new(Shared { name, db, limits, write: Box::new(write), queue }) }
    }

    /// Writes `item` together with others and gives its answer once it is committed.
    ///
    /// A caller that goes away meanwhile does not take its item back: it may be written or not.
    ///
    /// # Errors
    /// That of `write` for this item; [`DbError::Unavailable`] when too many wait or the database is away.
    pub async fn submit(&self, item: T) -> Result<R, E> {
        let (answer, answered) = oneshot::channel();
        {
            let mut queue = self.shared.queue();
            if queue.waiting.len() >= self.shared.limits.queue {
                return Err(DbError::unavailable("too many writes wait").into());
            }
            queue.waiting.push_back(Job { item, answer });
            if !std::mem::replace(&mut queue.lane, true) {
                tokio::spawn(lane(self.shared.clone()));
            }
        }
        answered.await.unwrap_or_else(|_| Err(DbError::unavailable("the write broke off").into()))
    }
}

impl<T, R, E> Shared<T, R, E> {
    fn queue(&self) -> MutexGuard<'_, Queue<T, R, E>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What to write next; nothing ends the lane.
    fn next(&self) -> Option<Vec<Job<T, R, E>>> {
        let mut queue = self.queue();
        let count = queue.waiting.len().min(self.limits.batch.max(1));
        if count == 0 {
            queue.lane = false;
            return None;
        }
        Some(queue.waiting.drain(..count).collect())
    }
}

async fn lane<T, R, E>(shared: Arc<Shared<T, R, E>>)
where
    T: Send + Sync + 'static,
    R: Send + 'static,
    E: From<DbError> + Send + 'static,
{
    while let Some(jobs) = shared.next() {
        metrics::histogram!("xinqiao_group_items", "group" => shared.name).record(jobs.len() as f64);
        let batch = shared.clone();
        // A task of its own, so that a panic breaks off these items and not the lane.
        if let Err(broken) = tokio::spawn(async move { batch.run(jobs).await }).await {
            tracing::error!(group = shared.name, cause = %broken, "a group of writes broke off");
        }
    }
}

/// Why a transaction of several items did not commit.
enum Failed<E> {
    /// The database is away: no use in trying each.
    Away(DbError),
    /// Something of the database or of an item.
    Other(E),
}

impl<T, R, E> Shared<T, R, E>
where
    T: Send + Sync + 'static,
    R: Send + 'static,
    E: From<DbError> + Send + 'static,
{
    async fn run(&self, jobs: Vec<Job<T, R, E>>) {
        let (items, answers): (Vec<T>, Vec<_>) = jobs.into_iter().map(|job| (job.item, job.answer)).unzip();
        let mut away = None;
        match self.transaction(&items).await {
            Ok(done) => return tell(answers, done.into_iter().map(Ok)),
            Err(Failed::Away(error)) => away = Some(error),
            Err(Failed::Other(error)) if items.len() == 1 => return tell(answers, [Err(error)]),
            Err(Failed::Other(_)) => {}
        }
        for (item, answer) in items.chunks(1).zip(answers) {
            let result = match &away {
                Some(error) => Err(error.clone().into()),
                None => match self.transaction(item).await {
                    Ok(done) => done.into_iter().next().ok_or_else(|| self.miscounted().into()),
                    Err(Failed::Other(error)) => Err(error),
                    Err(Failed::Away(error)) => {
                        away = Some(error.clone());
                        Err(error.into())
                    }
                },
            };
            // A caller that has gone away does not hear it.
            let _ = answer.send(result);
        }
    }

    async fn transaction(&self, items: &[T]) -> Result<Vec<R>, Failed<E>> {
        let mut tx = self.db.begin().await.map_err(Failed::of)?;
        let done = (self.write)(&mut tx, items).await.map_err(Failed::Other)?;
        if done.len() != items.len() {
            return Err(Failed::of(self.miscounted()));
        }
        tx.commit().await.map_err(Failed::of)?;
        Ok(done)
    }

    fn miscounted(&self) -> DbError {
        DbError::fault(format!("group {}: not one answer for each item", self.name))
    }
}

impl<E: From<DbError>> Failed<E> {
    fn of(error: DbError) -> Self {
        match error {
            DbError::Unavailable(_) => Self::Away(error),
            error => Self::Other(error.into()),
        }
    }
}

fn tell<R, E>(answers: Vec<oneshot::Sender<Result<R, E>>>, results: impl IntoIterator<Item = Result<R, E>>) {
    for (answer, result) in answers.into_iter().zip(results) {
        // A caller that has gone away does not hear it.
        let _ = answer.send(result);
    }
}
