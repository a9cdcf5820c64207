//! The work on accepted rosters: a chunk of rows a transaction, in which the rows' pupils, what became of each row and how far the import
//! has come are committed together. A process that dies leaves an import that the next one goes on with; a pupil who is in already is
//! found by the numbers, so that nobody comes in twice.

use super::{
    App,
    roster_chunk::{Clerk, Done, Opened},
    roster_rows::{Rows, Said},
};
use crate::{
    domain::{
        ids::SchoolId,
        roster::{
            fault::FileFault,
            import::{ATTEMPTS_MAX, CHUNK_ROWS, Counts, Import, ImportState, RowResult},
            register::{KnownSchool, Register},
            sheet::Sheet,
        },
        school::Running,
    },
    error::{Error, RosterFault},
    store::{roster, roster::Claim, schools},
};
use chrono::Duration;
use std::{future::Future, sync::Arc, time::Duration as StdDuration};
use tokio_util::sync::CancellationToken;
use xinqiao_kit::{
    catalogue::Locale,
    ctx::{Ctx, Principal},
    db::Tx,
    lifecycle::{Task, TaskError},
    status::ApiError as _,
    time::Ts,
};

/// How often the worker looks for imports when no hint wakes it.
const POLL: StdDuration = StdDuration::from_secs(2);
/// An import whose worker has not got on for so long is taken over.
const CLAIM_SECONDS: i64 = 8;
/// How often a claim is prolonged while a file is read.
const RENEW: StdDuration = StdDuration::from_secs(2);
/// Attempts at a chunk that lost against other transactions.
const CHUNK_ATTEMPTS: u32 = 5;
/// The method in whose name the worker works.
const METHOD: &str = "/xinqiao.profiles.v1.RosterService/ImportRoster";
/// What an import failed of that was given up.
const BROKE_OFF: &str = "ROSTER_IMPORT_BROKE_OFF";

/// How a piece of work ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    /// There is more to do.
    More,
    /// The import has reached a last state.
    Done,
}

/// An import that is being worked on.
pub(super) struct Work {
    claim: Claim,
    import: Import,
    ctx: Ctx,
    rows: Rows,
    /// Classes that would have been opened so far.
    opened: Opened,
    /// The chunk that could not be taken yet.
    pending: Option<Vec<Said>>,
}

/// The task that works on accepted rosters.
pub fn task(app: Arc<App>) -> Task {
    Task::new("roster-imports", move |stop| work_until_stopped(Worker(app), stop))
}

async fn work_until_stopped(worker: Worker, stop: CancellationToken) -> Result<(), TaskError> {
    let deps = &worker.0.deps;
    while !stop.is_cancelled() {
        match worker.next_import(&stop).await {
            Ok(true) => continue,
            Ok(false) => {}
            Err(cause) => tracing::error!(%cause, "a roster import broke off and will be taken up again"),
        }
        match roster::erase_due(&deps.db, deps.clock.now()).await {
            Ok(0) => {}
            Ok(erased) => tracing::info!(erased, "files of roster imports were erased"),
            Err(cause) => tracing::error!(%cause, "files of roster imports could not be erased"),
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = worker.0.desk.hint.wait(POLL) => {}
        }
    }
    Ok(())
}

/// Works on accepted rosters, one at a time.
pub(super) struct Worker(pub(super) Arc<App>);

impl Worker {
    /// Works on the oldest import that waits, until it is done or the process is to stop. False if none waits.
    async fn next_import(&self, stop: &CancellationToken) -> Result<bool, Error> {
        let Some(mut work) = self.begin_work().await? else { return Ok(false) };
        while self.step(&mut work).await? == Progress::More {
            if stop.is_cancelled() {
                roster::release(&self.0.deps.db, &work.claim).await?;
                break;
            }
        }
        Ok(true)
    }

    /// Claims the oldest import that waits and gets everything ready; those that cannot be worked on are given up on the way. None if none
    /// waits.
    pub(super) async fn begin_work(&self) -> Result<Option<Work>, Error> {
        loop {
            let worker = self.0.deps.ids.new_id();
            let now = self.0.deps.clock.now();
            let claim = roster::claim(&self.0.deps.db, worker, now, until(now)).await?;
            let Some(claim) = claim else { return Ok(None) };
            let import = roster::get(&mut self.0.deps.db.clone(), &self.0.deps.keys, claim.import).await?;
            let import = import.ok_or(RosterFault::Erased)?;
            let id = import.id;
            if claim.attempt > ATTEMPTS_MAX {
                tracing::error!(import = %id, "a roster import was given up");
                self.fail(&claim, import, BROKE_OFF).await?;
                continue;
            }
            match self.hold(&claim, self.sheet(&import)).await? {
                Ok(sheet) => return self.ready(claim, import, sheet).await.map(Some),
                Err(fault) => {
                    tracing::error!(import = %id, %fault, "a roster that was accepted cannot be read any more");
                    self.fail(&claim, import, fault.reason()).await?;
                }
            }
        }
    }

    /// Everything that work on an import needs, up to where somebody has come before.
    async fn ready(&self, claim: Claim, mut import: Import, sheet: Arc<Sheet>) -> Result<Work, Error> {
        if !import.writes_at_once() {
            // What was only looked at is looked at again.
            (import.rows_checked, import.counts) = (0, Counts::default());
        }
        let today = import.created_at.shanghai_date();
        let mut rows = Rows::of(sheet, self.register(&import).await?, today);
        while rows.passed() < usize::try_from(import.rows_done).unwrap_or_default() {
            rows.next_chunk();
        }
        let ctx = self.worker_ctx(&import)?;
        Ok(Work { claim, import, ctx, rows, opened: Opened::new(), pending: None })
    }

    /// Prolongs a claim again and again until something is done that takes long.
    async fn hold<T>(
        &self,
        claim: &Claim,
        long: impl Future<Output = Result<T, Error>> + Send,
    ) -> Result<T, Error> {
        tokio::pin!(long);
        loop {
            tokio::select! {
                done = &mut long => return done,
                () = tokio::time::sleep(RENEW) => {
                    roster::renew(&self.0.deps.db, claim, until(self.0.deps.clock.now())).await?;
                }
            }
        }
    }

    async fn sheet(&self, import: &Import) -> Result<Result<Arc<Sheet>, FileFault>, Error> {
        if let Some(sheet) = self.0.desk.take(import.id) {
            return Ok(Ok(sheet));
        }
        let content = roster::content(&mut self.0.deps.db.clone(), &self.0.deps.keys, import.id).await?;
        let content = content.ok_or(RosterFault::Erased)?;
        Ok(self.0.desk.read(content.into()).await.map(Arc::new))
    }

    async fn register(&self, import: &Import) -> Result<Register, Error> {
        let mut db = self.0.deps.db.clone();
        let ids: Vec<SchoolId> = match &import.schools {
            Some(ids) => ids.clone(),
            None => schools::all_ids(&mut db).await?,
        };
        let mut found = schools::by_ids(&mut db, &ids).await?;
        found.retain(|school| school.state == Running::Active);
        let known = found.into_iter().map(|school| KnownSchool {
            id: school.id.uuid(),
            code: school.code.as_str().to_owned(),
            stages: school.stages.iter().collect(),
            name: school.display_name,
        });
        Ok(Register::of(known.collect()))
    }

    /// The worker acts in the name of who handed the roster in.
    fn worker_ctx(&self, import: &Import) -> Result<Ctx, Error> {
        let method = xinqiao_proto::policy::methods().get(METHOD).cloned();
        Ok(Ctx {
            principal: Arc::new(Principal::user(import.creator.uuid(), Vec::new())),
            call_id: import.id.uuid(),
            locale: Locale::default(),
            method: method.ok_or(RosterFault::Unfinished)?,
            catalogue: self.0.deps.catalogue.clone(),
            clock: self.0.deps.clock.clone(),
        })
    }

    /// Does the next piece of an import: a chunk, or at the end all chunks at once.
    pub(super) async fn step(&self, work: &mut Work) -> Result<Progress, Error> {
        if work.rows.is_at_end() && work.pending.is_none() {
            return self.finish(work).await;
        }
        let mut attempt = 1;
        loop {
            match self.chunk(work).await {
                Err(cause) if cause.retryable() && attempt < CHUNK_ATTEMPTS => {
                    tracing::debug!(attempt, %cause, "doing a chunk of a roster again");
                    tokio::time::sleep(StdDuration::from_millis(5 << attempt)).await;
                    attempt += 1;
                }
                done => return done.map(|()| Progress::More),
            }
        }
    }

    /// Takes one chunk, in a transaction of its own. If that fails, the chunk stays pending.
    async fn chunk(&self, work: &mut Work) -> Result<(), Error> {
        let said = match work.pending.take() {
            Some(said) => said,
            None => work.rows.next_chunk(),
        };
        match self.take_and_commit(work, &said).await {
            Ok((import, opened)) => {
                work.import = import;
                work.opened.extend(opened);
                Ok(())
            }
            Err(cause) => {
                work.pending = Some(said);
                Err(cause)
            }
        }
    }

    async fn take_and_commit(&self, work: &Work, said: &[Said]) -> Result<(Import, Opened), Error> {
        let write = work.import.writes_at_once();
        let mut tx = self.0.deps.db.begin().await?;
        let done = work.clerk(&self.0).take_chunk(&mut tx, said, &work.opened, write).await?;
        let mut import = work.import.clone();
        import.counts = import.counts.plus(counts_of(&done));
        import.rows_checked += said.len() as i32;
        if write || import.dry_run {
            import.rows_done = import.rows_checked;
        }
        self.put_chunk(&mut tx, work, &import, said.len(), &done.results).await?;
        tx.commit().await?;
        let opened = if write { Opened::new() } else { done.opened };
        Ok((import, opened))
    }

    /// Stores what became of the chunk that was gone through last, and how far the import has come with it.
    async fn put_chunk(
        &self,
        tx: &mut Tx,
        work: &Work,
        import: &Import,
        rows: usize,
        results: &[RowResult],
    ) -> Result<(), Error> {
        let position = (work.rows.passed() - rows) / CHUNK_ROWS;
        let position = i32::try_from(position).unwrap_or(i32::MAX);
        roster::put_results(tx, &self.0.deps.keys, import.id, position, results).await?;
        self.advance(tx, &work.claim, import).await
    }

    async fn advance(&self, tx: &mut Tx, claim: &Claim, import: &Import) -> Result<(), Error> {
        if roster::advance(tx, claim, import, until(self.0.deps.clock.now())).await? {
            return Ok(());
        }
        Err(RosterFault::Overtaken.into())
    }

    /// All rows were looked at: the end, or for ALL_OR_NOTHING the moment to take all of them or none.
    async fn finish(&self, work: &mut Work) -> Result<Progress, Error> {
        let all_at_once = !work.import.dry_run && !work.import.writes_at_once();
        if all_at_once && work.import.counts.rejected == 0 {
            match self.take_all(work).await? {
                Some(taken) => work.import = taken,
                // Somebody has changed what the rows rest on: look again.
                None => return Ok(Progress::More),
            }
        } else {
            let state = if all_at_once { ImportState::Refused } else { ImportState::Succeeded };
            let mut import = Import { state, ..work.import.clone() };
            self.end(&mut import);
            let mut tx = self.0.deps.db.begin().await?;
            self.advance(&mut tx, &work.claim, &import).await?;
            tx.commit().await?;
            work.import = import;
        }
        let import = &work.import;
        tracing::info!(
            import = %import.id, state = import.state.word(), rows = import.rows_total,
            created = import.counts.created, rejected = import.counts.rejected, "a roster import has ended"
        );
        Ok(Progress::Done)
    }

    /// Writes all rows in one transaction. None, and nothing written, if a row that was good has become bad.
    async fn take_all(&self, work: &mut Work) -> Result<Option<Import>, Error> {
        work.start_over();
        let mut import = work.import.clone();
        let mut tx = self.0.deps.db.begin().await?;
        while !work.rows.is_at_end() {
            let said = work.rows.next_chunk();
            let done = work.clerk(&self.0).take_chunk(&mut tx, &said, &Opened::new(), true).await?;
            import.counts = import.counts.plus(counts_of(&done));
            import.rows_checked += said.len() as i32;
            import.rows_done = import.rows_checked;
            if import.counts.rejected > 0 {
                work.start_over();
                return Ok(None);
            }
            self.put_chunk(&mut tx, work, &import, said.len(), &done.results).await?;
        }
        import.state = ImportState::Succeeded;
        self.end(&mut import);
        self.advance(&mut tx, &work.claim, &import).await?;
        tx.commit().await?;
        Ok(Some(import))
    }

    fn end(&self, import: &mut Import) {
        let now = self.0.deps.clock.now();
        let keep = Duration::days(self.0.deps.settings.profiles.import_retention_days.into());
        (import.finished_at, import.erase_at) = (Some(now), Some(now + keep));
    }

    async fn fail(&self, claim: &Claim, mut import: Import, reason: &str) -> Result<(), Error> {
        (import.state, import.failure) = (ImportState::Failed, reason.to_owned());
        self.end(&mut import);
        let mut tx = self.0.deps.db.begin().await?;
        self.advance(&mut tx, claim, &import).await?;
        Ok(tx.commit().await?)
    }
}

impl Work {
    fn clerk<'a>(&'a self, app: &'a App) -> Clerk<'a> {
        Clerk {
            app,
            ctx: &self.ctx,
            register: &self.rows.register,
            whole_county: self.import.schools.is_none(),
            today: self.rows.today,
        }
    }

    /// Looks at all rows again from the first.
    fn start_over(&mut self) {
        self.rows.start_over();
        (self.opened, self.pending) = (Opened::new(), None);
        (self.import.rows_checked, self.import.counts) = (0, Counts::default());
    }
}

fn counts_of(done: &Done) -> Counts {
    let mut counts = Counts { classes_created: done.opened.len() as i32, ..Counts::default() };
    done.results.iter().for_each(|row| counts.add(row));
    counts
}

fn until(now: Ts) -> Ts {
    now + Duration::seconds(CLAIM_SECONDS)
}
