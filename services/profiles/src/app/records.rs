//! Three-colour records and their history.

use super::{
    App, Key, ListAnswer,
    access::{part, target},
    students::list_target,
};
use crate::{
    domain::{
        ids::{ClassId, EntryId, StudentId, UserId},
        record::{Entry, EntryKind},
    },
    error::Error,
    store::{records, records::Listed},
};
use xinqiao_kit::{ctx::Ctx, page::Page, requests, status::Violation};

/// A pupil who needs attention.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attention {
    /// The pupil.
    pub student: StudentId,
    /// The name.
    pub name: String,
    /// Where.
    pub listed: Listed,
}

impl App {
    /// A pupil's record.
    ///
    /// # Errors
    /// Access.
    pub async fn get_record(&self, ctx: &Ctx, student: StudentId) -> Result<Listed, Error> {
        let mut tx = self.deps.db.begin().await?;
        let place = self.place(&mut tx, ctx, student, "record").await?;
        let listed = records::listed(&mut tx, student).await?;
        let listed = self.deps.authz.require_found(ctx, listed, |_| target(&place, "record"))?;
        self.shown(tx, ctx, &target(&place, "record"), listed).await
    }

    /// Records that the caller may see.
    ///
    /// # Errors
    /// Access.
    pub async fn list_records(
        &self,
        ctx: &Ctx,
        filter: records::Filter,
        page: &Page,
    ) -> Result<ListAnswer<Listed>, Error> {
        let seen = self.seen(ctx)?;
        let mut tx = self.deps.db.begin().await?;
        let rows = records::list(&mut tx, &seen, filter, part(page)).await?;
        let answer = ListAnswer::by_id(rows, page, |row| row.record.student.uuid());
        self.shown(tx, ctx, &list_target("records", filter.school, filter.class), answer).await
    }

    /// Pupils who need attention, with their names.
    ///
    /// # Errors
    /// Access.
    pub async fn list_attention(
        &self,
        ctx: &Ctx,
        class: Option<ClassId>,
        page: &Page,
    ) -> Result<ListAnswer<Attention>, Error> {
        let seen = self.seen(ctx)?;
        let mut tx = self.deps.db.begin().await?;
        let filter = records::Filter { class, attention: true, ..Default::default() };
        let rows = records::list(&mut tx, &seen, filter, part(page)).await?;
        let answer = ListAnswer::by_id(rows, page, |row| row.record.student.uuid());
        let ids: Vec<StudentId> = answer.rows.iter().map(|row| row.record.student).collect();
        let names = self.names(&mut tx, &ids).await?;
        let named = |listed: Listed| {
            let student = listed.record.student;
            let name = names.get(&student).map(|name| name.as_str().to_owned()).unwrap_or_default();
            Attention { student, name, listed }
        };
        let rows = answer.rows.into_iter().map(named).collect();
        let answer = ListAnswer { rows, next_page_token: answer.next_page_token };
        self.shown(tx, ctx, &list_target("attention", None, class), answer).await
    }

    /// The lines of a record's history, oldest first.
    ///
    /// # Errors
    /// Access.
    pub async fn list_history(
        &self,
        ctx: &Ctx,
        student: StudentId,
        page: &Page,
    ) -> Result<ListAnswer<Entry>, Error> {
        let mut tx = self.deps.db.begin().await?;
        let place = self.place(&mut tx, ctx, student, "record").await?;
        let rows = records::entries(&mut tx, &self.deps.keys, student, part(page)).await?;
        let answer = ListAnswer::by_id(rows, page, |entry| entry.id.uuid());
        self.shown(tx, ctx, &target(&place, "record"), answer).await
    }

    /// Adds a correction to an earlier line, which stays as it is.
    ///
    /// # Errors
    /// Access; a line that the record does not have.
    pub async fn correct_history(
        &self,
        ctx: &Ctx,
        student: StudentId,
        corrected: EntryId,
        note: String,
        key: &Key,
    ) -> Result<Entry, Error> {
        let mut tx = self.deps.db.begin().await?;
        let place = self.locked_place(&mut tx, ctx, student, "record").await?;
        if let Some(answer) = requests::begin(&mut tx, ctx, key, &self.deps.keys).await? {
            return Ok(answer);
        }
        let colours = records::entry_colours(&mut tx, student, corrected).await?;
        let (from, to) =
            colours.ok_or_else(|| Violation::new("entry.corrected_entry", "REFERENCE_UNKNOWN"))?;
        let actor = Some(UserId(ctx.user()?));
        let entry = Entry {
            kind: EntryKind::Correction,
            from,
            to,
            corrects: Some(corrected),
            note,
            ..Entry::opened(EntryId(self.deps.ids.new_id()), student, actor, ctx.now())
        };
        records::add_entry(&mut tx, &self.deps.keys, &entry).await?;
        self.written(tx, ctx, key, &target(&place, "record"), entry).await
    }
}
