//! The list (清单): entry and exit, dated and with reasons (P3.4).

use super::{App, Error, findings::not_in_future};
use crate::{
    domain::{
        entry::{Entry, EntryContent, EntryReason, Exit, ExitReason, NoEntry, may_enter},
        ids::{EntryId, FindingId, StudentId, UserId},
    },
    store::{entries, findings},
};
use chrono::NaiveDate;
use xinqiao_kit::{
    audit,
    authz::Target,
    ctx::{Ctx, RequestKey},
    etag,
    page::Page,
    requests,
};

/// An entry to make.
#[derive(Debug, Clone)]
pub struct NewEntry {
    /// The pupil.
    pub student: StudentId,
    /// Findings that it rests on.
    pub findings: Vec<FindingId>,
    /// Reasons.
    pub reasons: Vec<EntryReason>,
    /// In words.
    pub notes: String,
    /// Day of entry; today if none.
    pub enter_day: Option<NaiveDate>,
}

/// An exit to make.
#[derive(Debug, Clone)]
pub struct ExitAsk {
    /// The entry.
    pub id: EntryId,
    /// Why.
    pub reason: ExitReason,
    /// In words.
    pub notes: String,
    /// The etag that the caller saw.
    pub etag: String,
}

/// An entry, for access and audit.
fn target_of(entry: &Entry) -> Target {
    Target::new("entry")
        .id(entry.id)
        .school(entry.place.school)
        .class(entry.place.class)
        .student(entry.student)
}

impl App {
    /// Puts a pupil on the list, where the latest of its findings was made.
    pub async fn create_entry(
        &self,
        ctx: &Ctx,
        ask: NewEntry,
        key: &Option<RequestKey>,
    ) -> Result<Entry, Error> {
        let now = ctx.now();
        let user = UserId(ctx.user()?);
        let mut tx = self.deps.db.begin().await?;
        let found = findings::by_ids(&mut tx, &ask.findings).await?;
        // Findings of another school are answered like findings that do not exist.
        let seen: Vec<_> = found
            .into_iter()
            .filter(|finding| {
                let target = Target::new("entry").school(finding.place.school).class(finding.place.class);
                self.deps.authz.permits(
                    &ctx.principal,
                    &ctx.method.policy.action,
                    &target.student(finding.student),
                )
            })
            .collect();
        let Some(latest) = seen.iter().max_by_key(|finding| finding.create_time) else {
            self.deps.authz.visibility(ctx)?;
            return Err(NoEntry::FindingUnknown.into());
        };
        may_enter(ask.student, &ask.findings, &seen)?;
        let entry = Entry {
            id: self.deps.ids.make(),
            version: 1,
            student: ask.student,
            place: latest.place,
            enter_day: ask.enter_day.unwrap_or_else(|| now.shanghai_date()),
            exit_day: None,
            content: EntryContent {
                findings: ask.findings,
                reasons: ask.reasons,
                notes: ask.notes,
                creator: user,
                exit: None,
            },
            create_time: now,
        };
        not_in_future("entry.enter_date", entry.enter_day, now)?;
        if let Some(answer) = requests::begin::<Entry>(&mut tx, ctx, key, &self.deps.keys).await? {
            return Ok(answer);
        }
        let subject = self.deps.keys.subject(&mut tx, entry.student.uuid()).await?;
        if !entries::insert(&mut tx, &entry, &subject).await? {
            return Err(Error::AlreadyListed);
        }
        audit::record(&mut tx, ctx, audit::Entry::write(&target_of(&entry))).await?;
        requests::finish(&mut tx, ctx, key, &entry, &self.deps.keys).await?;
        tx.commit().await?;
        Ok(entry)
    }

    /// One entry with its notes.
    pub async fn get_entry(&self, ctx: &Ctx, id: EntryId) -> Result<Entry, Error> {
        let mut tx = self.deps.db.begin().await?;
        let found = entries::get(&mut tx, id, &self.deps.keys).await?;
        let found = self.deps.authz.require_found(ctx, found, target_of)?;
        audit::record(&mut tx, ctx, audit::Entry::read(&target_of(&found))).await?;
        tx.commit().await?;
        Ok(found)
    }

    /// Entries, newest first.
    pub async fn list_entries(
        &self,
        ctx: &Ctx,
        student: Option<StudentId>,
        exited: bool,
        page: &Page,
    ) -> Result<(Vec<Entry>, String), Error> {
        let window = self.newest_first(ctx, page)?;
        let mut tx = self.deps.db.begin().await?;
        let mut found = entries::list(&mut tx, &window, student, exited, &self.deps.keys).await?;
        let next = page.cut(&mut found, |entry| vec![entry.id.to_string()]);
        for entry in &found {
            audit::record(&mut tx, ctx, audit::Entry::read(&target_of(entry))).await?;
        }
        tx.commit().await?;
        Ok((found, next))
    }

    /// Takes a pupil off the list, with the reason.
    pub async fn exit_entry(
        &self,
        ctx: &Ctx,
        ask: ExitAsk,
        key: &Option<RequestKey>,
    ) -> Result<Entry, Error> {
        let mut tx = self.deps.db.begin().await?;
        let found = entries::get(&mut tx, ask.id, &self.deps.keys).await?;
        let before = self.deps.authz.require_found(ctx, found, target_of)?;
        if let Some(answer) = requests::begin::<Entry>(&mut tx, ctx, key, &self.deps.keys).await? {
            return Ok(answer);
        }
        if before.exit_day.is_some() {
            return Err(Error::NotListed);
        }
        etag::check(&ask.etag, before.version)?;
        let exit = Exit { reason: ask.reason, notes: ask.notes, by: Some(UserId(ctx.user()?)) };
        let day = ctx.now().shanghai_date();
        let content = EntryContent { exit: Some(exit), ..before.content.clone() };
        let after = Entry { content, ..before };
        let subject = self.deps.keys.subject(&mut tx, after.student.uuid()).await?;
        if !entries::exit(&mut tx, &after, day, &subject).await? {
            return Err(Error::Raced);
        }
        let after = Entry { version: after.version + 1, exit_day: Some(day), ..after };
        audit::record(&mut tx, ctx, audit::Entry::write(&target_of(&after))).await?;
        requests::finish(&mut tx, ctx, key, &after, &self.deps.keys).await?;
        tx.commit().await?;
        Ok(after)
    }
}
