//! The audit log: who did or read what, written in the transaction that does it. Only ever appended to.

use crate::{
    authz::Target,
    ctx::Ctx,
    db::{DbError, Tx},
    insert_rows,
};

/// Whether something was read or changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Somebody saw it.
    Read,
    /// Somebody changed it.
    Write,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
        }
    }
}

/// What happened to what.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    /// Read or write.
    pub kind: Kind,
    /// The row.
    pub target: &'a Target,
    /// Fixed words of the program, never a user's.
    pub note: Option<&'static str>,
}

impl<'a> Entry<'a> {
    /// Somebody saw `target`.
    pub fn read(target: &'a Target) -> Self {
        Self { kind: Kind::Read, target, note: None }
    }

    /// Somebody changed `target`.
    pub fn write(target: &'a Target) -> Self {
        Self { kind: Kind::Write, target, note: None }
    }

    /// With fixed words of the program.
    #[must_use]
    pub fn note(mut self, note: &'static str) -> Self {
        self.note = Some(note);
        self
    }
}

/// Appends an entry for the call that `ctx` is about.
///
/// # Errors
/// The database fails; the caller's transaction must fail with it.
pub async fn record(tx: &mut Tx, ctx: &Ctx, entry: Entry<'_>) -> Result<(), DbError> {
    tx.q("INSERT INTO kit_audit (at, actor, action, kind, target_kind, target_id, school_id, student_id, call_id, note)
          VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)")
        .bind(ctx.now())
        .bind(ctx.principal.label())
        .bind(ctx.method.policy.action.clone())
        .bind(entry.kind.word())
        .bind(entry.target.kind)
        .bind(entry.target.id)
        .bind(entry.target.school)
        .bind(entry.target.student)
        .bind(ctx.call_id)
        .bind(entry.note)
        .exec()
        .await?;
    Ok(())
}

/// Appends an entry for each of many calls that are written together, in one statement.
///
/// # Errors
/// The database fails; the caller's transaction must fail with it.
pub async fn record_many<'a>(
    tx: &mut Tx,
    entries: impl IntoIterator<Item = (&'a Ctx, Entry<'a>)>,
) -> Result<(), DbError> {
    let rows = entries.into_iter().map(|(ctx, entry)| {
        (
            ctx.now(),
            ctx.principal.label(),
            ctx.method.policy.action.clone(),
            entry.kind.word(),
            entry.target.kind,
            entry.target.id,
            entry.target.school,
            entry.target.student,
            ctx.call_id,
            entry.note,
        )
    });
    let columns = insert_rows!(
        tx,
        "kit_audit",
        [at, actor, action, kind, target_kind, target_id, school_id, student_id, call_id, note],
        rows
    );
    columns.await?;
    Ok(())
}

#[cfg(test)]
mod tests;
