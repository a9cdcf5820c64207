//! Imports of rosters: taking a file, and saying how far it has come. The work itself is in `roster_work`.

use super::{App, Key, ListAnswer, access::part};
use crate::{
    domain::{
        ids::{SchoolId, UserId},
        roster::{
            fault::FileFault,
            import::{About, Counts, Import, ImportId, ImportState, Policy, RowResult, WAITING_MAX},
            sheet::Sheet,
        },
    },
    error::{Error, RosterFault},
    spreadsheet,
    store::{roster, roster::RowFilter},
};
use bytes::Bytes;
use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::sync::Semaphore;
use xinqiao_kit::{
    authz::{AccessError, Target, Visibility},
    ctx::Ctx,
    lifecycle::Hint,
    page::Page,
    requests,
    status::Violation,
    validate::{Invalid, Violations},
};

/// Files that are read at the same time: one may take some 100 MiB while it is read.
const READERS: usize = 2;

/// Where accepted files wait for the worker. Losing it loses nothing: the worker reads the stored file instead.
pub(super) struct Desk {
    /// Wakes the worker.
    pub(super) hint: Hint,
    readers: Semaphore,
    /// The file that was read last, so that it is not read twice.
    fresh: Mutex<Option<(ImportId, Arc<Sheet>)>>,
}

impl Default for Desk {
    fn default() -> Self {
        Self { hint: Hint::new(), readers: Semaphore::new(READERS), fresh: Mutex::new(None) }
    }
}

impl fmt::Debug for Desk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Desk(..)")
    }
}

impl Desk {
    fn put(&self, import: ImportId, sheet: Arc<Sheet>) {
        *self.fresh.lock().unwrap_or_else(PoisonError::into_inner) = Some((import, sheet));
    }

    pub(super) fn take(&self, import: ImportId) -> Option<Arc<Sheet>> {
        let mut fresh = self.fresh.lock().unwrap_or_else(PoisonError::into_inner);
        fresh.take_if(|(id, _)| *id == import).map(|(_, sheet)| sheet)
    }

    /// Reads a file beside the other work. Whatever a file does to a reader, it is the file that is broken.
    pub(super) async fn read(&self, content: Bytes) -> Result<Sheet, FileFault> {
        let _turn = self.readers.acquire().await;
        match tokio::task::spawn_blocking(move || spreadsheet::read(&content)).await {
            Ok(read) => read,
            Err(cause) => {
                tracing::warn!(%cause, "a roster broke its reader");
                Err(FileFault::Broken)
            }
        }
    }
}

/// A roster to take.
#[derive(Debug, Clone)]
pub struct NewImport {
    /// Name of the file.
    pub filename: String,
    /// Whether nothing is to be changed.
    pub dry_run: bool,
    /// What becomes of the good rows of a file that also has bad ones.
    pub policy: Policy,
}

impl From<FileFault> for Invalid {
    fn from(fault: FileFault) -> Self {
        let violation = Violation::new("content", fault.reason());
        let named = fault.params().into_iter();
        named.fold(violation, |violation, (name, value)| violation.param(name, value)).into()
    }
}

fn target(import: &Import) -> Target {
    Target::new("import").id(import.id).owner(import.creator)
}

/// Both values, or everything that is wrong with either.
fn both<A, B>(one: Result<A, Invalid>, other: Result<B, Invalid>) -> Result<(A, B), Invalid> {
    match (one, other) {
        (Ok(one), Ok(other)) => Ok((one, other)),
        (one, other) => {
            let mut v = Violations::new();
            one.err().into_iter().chain(other.err()).for_each(|invalid| v.extend(invalid));
            v.finish(None)
        }
    }
}

/// The schools that a caller may import for: `None` for all of the county.
fn schools_of(seen: &Visibility) -> Result<Option<Vec<SchoolId>>, Error> {
    if seen.all {
        return Ok(None);
    }
    let schools: Vec<SchoolId> = seen.schools.ids().iter().copied().map(SchoolId).collect();
    if schools.is_empty() { Err(AccessError::Denied.into()) } else { Ok(Some(schools)) }
}

impl App {
    /// Takes a roster: reads it, stores it, and leaves it to the worker.
    ///
    /// # Errors
    /// Access; what is wrong with the file as a whole; too many imports that wait.
    pub async fn import_roster(
        &self,
        ctx: &Ctx,
        content: Bytes,
        new: Result<NewImport, Invalid>,
        key: &Key,
    ) -> Result<Import, Error> {
        let creator = UserId(ctx.user()?);
        let schools = schools_of(&self.deps.authz.visibility(ctx)?)?;
        let (new, sheet) = both(new, self.desk.read(content.clone()).await.map_err(Invalid::from))?;
        let sheet = Arc::new(sheet);
        let import = Import {
            id: ImportId(self.deps.ids.new_id()),
            creator,
            schools,
            about: About {
                filename: new.filename,
                sheet: sheet.name.clone(),
                headings: sheet.headings.clone(),
                other_sheets: sheet.other_sheets.clone(),
                from_1904: sheet.from_1904,
            },
            size_bytes: content.len() as i64,
            dry_run: new.dry_run,
            policy: new.policy,
            state: ImportState::Pending,
            failure: String::new(),
            rows_total: i32::try_from(sheet.len()).unwrap_or(i32::MAX),
            rows_checked: 0,
            rows_done: 0,
            counts: Counts::default(),
            created_at: ctx.now(),
            finished_at: None,
            erase_at: None,
            erased: false,
        };
        let mut tx = self.deps.db.begin().await?;
        if let Some(answer) = requests::begin(&mut tx, ctx, key, &self.deps.keys).await? {
            return Ok(answer);
        }
        if roster::waiting(&mut tx, creator).await? >= WAITING_MAX {
            return Err(RosterFault::Waiting { max: WAITING_MAX }.into());
        }
        roster::insert(&mut tx, &self.deps.keys, &import, &content).await?;
        let import = self.written(tx, ctx, key, &target(&import), import).await?;
        self.desk.put(import.id, sheet);
        self.desk.hint.give();
        Ok(import)
    }

    /// How far an import has come.
    ///
    /// # Errors
    /// Access.
    pub async fn get_import(&self, ctx: &Ctx, id: ImportId) -> Result<Import, Error> {
        let import = roster::get(&mut self.deps.db.clone(), &self.deps.keys, id).await?;
        Ok(self.deps.authz.require_found(ctx, import, target)?)
    }

    /// The imports that the caller may see, latest first.
    ///
    /// # Errors
    /// Access.
    pub async fn list_imports(&self, ctx: &Ctx, page: &Page) -> Result<ListAnswer<Import>, Error> {
        let seen = self.deps.authz.visibility(ctx)?;
        let part = part(page);
        let mut db = self.deps.db.clone();
        let rows = roster::list(&mut db, &self.deps.keys, &seen, part.after, part.limit).await?;
        Ok(ListAnswer::by_id(rows, page, |import| import.id.uuid()))
    }

    /// What became of the rows of an import, in the order of the sheet.
    ///
    /// # Errors
    /// Access; the details were erased.
    pub async fn list_import_rows(
        &self,
        ctx: &Ctx,
        id: ImportId,
        filter: RowFilter,
        page: &Page,
    ) -> Result<(Import, ListAnswer<RowResult>), Error> {
        let import = self.details(ctx, id).await?;
        let after = page.after.as_ref().and_then(|parts| parts.first()?.parse::<u32>().ok()).unwrap_or(0);
        let mut position = page.after.as_ref().and_then(|parts| parts.get(1)?.parse().ok()).unwrap_or(0);
        let wanted = usize::try_from(page.fetch()).unwrap_or(usize::MAX);
        let mut found: Vec<(i32, RowResult)> = Vec::new();
        let mut db = self.deps.db.clone();
        while found.len() < wanted {
            let next = roster::next_results(&mut db, &self.deps.keys, id, position, filter).await?;
            let Some((chunk, rows)) = next else { break };
            let rows = rows.into_iter().filter(|row| row.row > after && filter.takes(row));
            found.extend(rows.map(|row| (chunk, row)).take(wanted - found.len()));
            position = chunk + 1;
        }
        let next_page_token =
            page.cut(&mut found, |(chunk, row)| vec![row.row.to_string(), chunk.to_string()]);
        let rows = found.into_iter().map(|(_, row)| row).collect();
        Ok((import, ListAnswer { rows, next_page_token }))
    }

    /// An import whose details the caller may see and that still has them.
    pub(super) async fn details(&self, ctx: &Ctx, id: ImportId) -> Result<Import, Error> {
        let import = self.get_import(ctx, id).await?;
        if import.erased { Err(RosterFault::Erased.into()) } else { Ok(import) }
    }

    /// The import as a target of access and audit.
    pub(super) fn import_target(import: &Import) -> Target {
        target(import)
    }
}
