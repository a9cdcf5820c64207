//! Imports of rosters: the file, how far it has come, what became of the rows.

use super::{Source, StoreError, known};
use crate::domain::{
    ids::{SchoolId, StudentId, UserId},
    roster::import::{About, Counts, Import, ImportId, ImportState, Outcome, Policy, RowResult},
};
use uuid::Uuid;
use xinqiao_kit::{
    authz::Visibility,
    db::{Db, IdList, Tx},
    keys::Keys,
    sql,
    time::Ts,
};

#[derive(sqlx::FromRow)]
struct Row {
    id: ImportId,
    creator: UserId,
    schools: Option<String>,
    about: Vec<u8>,
    size_bytes: i64,
    dry_run: bool,
    policy: String,
    state: String,
    failure: String,
    rows_total: i32,
    rows_checked: i32,
    rows_done: i32,
    #[sqlx(flatten)]
    counts: CountsRow,
    created_at: Ts,
    finished_at: Option<Ts>,
    erase_at: Option<Ts>,
    erased: bool,
}

#[derive(sqlx::FromRow)]
struct CountsRow {
    created: i32,
    updated: i32,
    unchanged: i32,
    moved: i32,
    rejected: i32,
    duplicates: i32,
    with_warnings: i32,
    classes_created: i32,
}

impl Row {
    fn open(self, keys: &Keys) -> Result<Import, StoreError> {
        let about: About = keys.service_subject().open_json("imports", "about", self.id, &self.about)?;
        let schools = self.schools.map(|ids| {
            let ids = ids.split(',').filter(|id| !id.is_empty()).map(|id| id.parse().ok().map(SchoolId));
            known("imports", "schools", ids.collect::<Option<Vec<SchoolId>>>())
        });
        let counts = self.counts;
        Ok(Import {
            id: self.id,
            creator: self.creator,
            schools: schools.transpose()?,
            about,
            size_bytes: self.size_bytes,
            dry_run: self.dry_run,
            policy: known("imports", "policy", Policy::of_word(&self.policy))?,
            state: known("imports", "state", ImportState::of_word(&self.state))?,
            failure: self.failure,
            rows_total: self.rows_total,
            rows_checked: self.rows_checked,
            rows_done: self.rows_done,
            counts: Counts {
                created: counts.created,
                updated: counts.updated,
                unchanged: counts.unchanged,
                moved: counts.moved,
                rejected: counts.rejected,
                duplicates: counts.duplicates,
                with_warnings: counts.with_warnings,
                classes_created: counts.classes_created,
            },
            created_at: self.created_at,
            finished_at: self.finished_at,
            erase_at: self.erase_at,
            erased: self.erased,
        })
    }
}

/// Stores an import that was accepted, with its file.
pub async fn insert(tx: &mut Tx, keys: &Keys, import: &Import, content: &[u8]) -> Result<(), StoreError> {
    let key = keys.service_subject();
    let about = key.seal_json("imports", "about", import.id, &import.about)?;
    let sealed = key.seal("import_files", "content", import.id, content)?;
    let ids = import.schools.as_ref();
    let schools = ids.map(|ids| ids.iter().map(SchoolId::to_string).collect::<Vec<_>>().join(","));
    tx.q("INSERT INTO imports (id, creator, schools, about, size_bytes, dry_run, policy, state, failure, rows_total, \
          rows_checked, rows_done, created, updated, unchanged, moved, rejected, duplicates, with_warnings, \
          classes_created, created_at, erased, attempts) \
          VALUES ($1, $2, $3, $4, $5, $6, $7, $8, '', $9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, $10, $11, 0)")
        .bind(import.id)
        .bind(import.creator)
        .bind(schools)
        .bind(about)
        .bind(import.size_bytes)
        .bind(import.dry_run)
        .bind(import.policy.word())
        .bind(import.state.word())
        .bind(import.rows_total)
        .bind(import.created_at)
        .bind(import.erased)
        .exec()
        .await?;
    tx.q("INSERT INTO import_files (import_id, content) VALUES ($1, $2)")
        .bind(import.id)
        .bind(sealed)
        .exec()
        .await?;
    Ok(())
}

/// An import.
pub async fn get(source: &mut impl Source, keys: &Keys, id: ImportId) -> Result<Option<Import>, StoreError> {
    let query = source.query("SELECT * FROM imports WHERE id = $1").bind(id);
    query.opt::<Row>().await?.map(|row| row.open(keys)).transpose()
}

/// The imports that the caller may see, latest first, after the one with this id; nil for the first part.
pub async fn list(
    source: &mut impl Source,
    keys: &Keys,
    seen: &Visibility,
    after: Uuid,
    limit: i64,
) -> Result<Vec<Import>, StoreError> {
    let query = source.query(
        "SELECT * FROM imports WHERE ($1 OR creator = $2) AND ($3 OR id < $4) ORDER BY id DESC LIMIT $5",
    );
    let query = query.bind(seen.all).bind(seen.owner).bind(after.is_nil()).bind(after).bind(limit);
    query.all::<Row>().await?.into_iter().map(|row| row.open(keys)).collect()
}

/// How many imports of an account have not reached a last state.
pub async fn waiting(tx: &mut Tx, creator: UserId) -> Result<i64, StoreError> {
    let query =
        tx.q("SELECT COUNT(*) FROM imports WHERE creator = $1 AND (state = 'pending' OR state = 'running')");
    Ok(query.bind(creator).get().await?)
}

/// The file of an import; `None` once it was erased.
pub async fn content(
    source: &mut impl Source,
    keys: &Keys,
    id: ImportId,
) -> Result<Option<Vec<u8>>, StoreError> {
    let query = source.query("SELECT content FROM import_files WHERE import_id = $1").bind(id);
    let Some((sealed,)) = query.opt::<(Vec<u8>,)>().await? else { return Ok(None) };
    Ok(Some(keys.service_subject().open("import_files", "content", id, &sealed)?))
}

/// A claim on an import: nobody else works on it until it runs out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    /// The import.
    pub import: ImportId,
    /// Who works.
    pub worker: Uuid,
    /// How often somebody has begun since it last got on, this time included.
    pub attempt: i32,
}

/// Claims the oldest import that waits, or that its worker has left.
pub async fn claim(db: &Db, worker: Uuid, now: Ts, until: Ts) -> Result<Option<Claim>, StoreError> {
    let query = db.write(
        "UPDATE imports SET state = 'running', worker = $1, worker_until = $2, attempts = attempts + 1 \
         WHERE id = (SELECT id FROM imports WHERE (state = 'pending' OR state = 'running') \
         AND (worker_until IS NULL OR worker_until <= $3) ORDER BY id LIMIT 1) \
         AND (worker_until IS NULL OR worker_until <= $3) RETURNING id, attempts",
    );
    let claimed = query.bind(worker).bind(until).bind(now).opt::<(ImportId, i32)>().await?;
    Ok(claimed.map(|(import, attempt)| Claim { import, worker, attempt }))
}

/// Prolongs a claim; one that was lost stays lost.
pub async fn renew(db: &Db, claim: &Claim, until: Ts) -> Result<(), StoreError> {
    let query = db.write("UPDATE imports SET worker_until = $3 WHERE id = $1 AND worker = $2");
    query.bind(claim.import).bind(claim.worker).bind(until).exec().await?;
    Ok(())
}

/// Gives a claim back, so that it can be taken up again at once.
pub async fn release(db: &Db, claim: &Claim) -> Result<(), StoreError> {
    let query =
        db.write("UPDATE imports SET worker = NULL, worker_until = NULL WHERE id = $1 AND worker = $2");
    query.bind(claim.import).bind(claim.worker).exec().await?;
    Ok(())
}

/// Writes how far an import has come and prolongs the claim. False if the claim was lost: the transaction must not be committed.
pub async fn advance(tx: &mut Tx, claim: &Claim, import: &Import, until: Ts) -> Result<bool, StoreError> {
    let counts = &import.counts;
    let written = tx
        .q("UPDATE imports SET state = $3, failure = $4, rows_checked = $5, rows_done = $6, created = $7, updated = $8, \
            unchanged = $9, moved = $10, rejected = $11, duplicates = $12, with_warnings = $13, classes_created = $14, \
            finished_at = $15, erase_at = $16, worker_until = $17, attempts = 0 WHERE id = $1 AND worker = $2")
        .bind(claim.import)
        .bind(claim.worker)
        .bind(import.state.word())
        .bind(import.failure.clone())
        .bind(import.rows_checked)
        .bind(import.rows_done)
        .bind(counts.created)
        .bind(counts.updated)
        .bind(counts.unchanged)
        .bind(counts.moved)
        .bind(counts.rejected)
        .bind(counts.duplicates)
        .bind(counts.with_warnings)
        .bind(counts.classes_created)
        .bind(import.finished_at)
        .bind(import.erase_at)
        .bind(until)
        .exec()
        .await?;
    Ok(written == 1)
}

/// Stores what became of the rows of a chunk, in the place of what was thought of them before.
pub async fn put_results(
    tx: &mut Tx,
    keys: &Keys,
    import: ImportId,
    position: i32,
    results: &[RowResult],
) -> Result<(), StoreError> {
    let mut counts = Counts::default();
    results.iter().for_each(|row| counts.add(row));
    let remarked = results.iter().filter(|row| !row.findings.is_empty()).count();
    let remarked = i32::try_from(remarked).unwrap_or(i32::MAX);
    let sealed = keys.service_subject().seal_json("import_chunks", "results", import, &results)?;
    tx.q("INSERT INTO import_chunks (import_id, position, created, updated, unchanged, moved, rejected, duplicates, \
          remarked, results) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) \
          ON CONFLICT (import_id, position) DO UPDATE SET created = excluded.created, updated = excluded.updated, \
          unchanged = excluded.unchanged, moved = excluded.moved, rejected = excluded.rejected, \
          duplicates = excluded.duplicates, remarked = excluded.remarked, results = excluded.results")
        .bind(import)
        .bind(position)
        .bind(counts.created)
        .bind(counts.updated)
        .bind(counts.unchanged)
        .bind(counts.moved)
        .bind(counts.rejected)
        .bind(counts.duplicates)
        .bind(remarked)
        .bind(sealed)
        .exec()
        .await?;
    Ok(())
}

/// Which rows are asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RowFilter {
    /// Only rows of which this became.
    pub outcome: Option<Outcome>,
    /// Only rows with reasons against them or warnings.
    pub remarked: bool,
}

impl RowFilter {
    /// Whether a row is asked for.
    pub fn takes(&self, row: &RowResult) -> bool {
        self.outcome.is_none_or(|outcome| row.outcome == outcome)
            && (!self.remarked || !row.findings.is_empty())
    }
}

/// The next chunk from `position` on that holds rows which are asked for: its position and all of its rows.
pub async fn next_results(
    source: &mut impl Source,
    keys: &Keys,
    import: ImportId,
    position: i32,
    filter: RowFilter,
) -> Result<Option<(i32, Vec<RowResult>)>, StoreError> {
    let query = source.query(
        "SELECT position, results FROM import_chunks WHERE import_id = $1 AND position >= $2 \
         AND (NOT $3 OR remarked > 0) AND CASE $4 WHEN 'created' THEN created WHEN 'updated' THEN updated \
         WHEN 'unchanged' THEN unchanged WHEN 'moved' THEN moved WHEN 'rejected' THEN rejected \
         WHEN 'duplicate' THEN duplicates ELSE 1 END > 0 ORDER BY position LIMIT 1",
    );
    let query = query.bind(import).bind(position).bind(filter.remarked);
    let row = query.bind(filter.outcome.map_or("", Outcome::word)).opt::<(i32, Vec<u8>)>().await?;
    let Some((position, sealed)) = row else { return Ok(None) };
    let rows = keys.service_subject().open_json("import_chunks", "results", import, &sealed)?;
    Ok(Some((position, rows)))
}

/// Erases files and details whose time has come; the counts stay. Gives how many imports that were.
pub async fn erase_due(db: &Db, now: Ts) -> Result<usize, StoreError> {
    let mut tx = db.begin().await?;
    let query =
        tx.q("SELECT id FROM imports WHERE NOT erased AND erase_at <= $1 ORDER BY erase_at LIMIT 100");
    let due: Vec<ImportId> =
        query.bind(now).all::<(ImportId,)>().await?.into_iter().map(|(id,)| id).collect();
    if due.is_empty() {
        return Ok(0);
    }
    for text in [
        "DELETE FROM import_files WHERE import_id IN (SELECT unhex(value) FROM json_each($1))",
        "DELETE FROM import_chunks WHERE import_id IN (SELECT unhex(value) FROM json_each($1))",
    ] {
        tx.q(text).bind(IdList::from(due.as_slice())).exec().await?;
    }
    tx.q("UPDATE imports SET erased = $2 WHERE id IN (SELECT unhex(value) FROM json_each($1))")
        .bind(IdList::from(due.as_slice()))
        .bind(true)
        .exec()
        .await?;
    tx.commit().await?;
    Ok(due.len())
}

/// Locks pupils, in the order of their ids, until the transaction ends.
pub async fn lock_pupils(tx: &mut Tx, students: &[StudentId]) -> Result<(), StoreError> {
    tx.q(sql!("SELECT id FROM students WHERE id IN (SELECT unhex(value) FROM json_each($1)) ORDER BY id" pg " FOR UPDATE"))
        .bind(IdList::from(students))
        .all::<(Uuid,)>()
        .await?;
    Ok(())
}
