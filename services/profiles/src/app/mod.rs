//! Use-cases: authorise, open a transaction, apply the rule, write facts, events and the audit row, commit.

mod access;
mod alarms;
mod care;
mod classes;
mod events;
mod placement;
mod proposals;
mod records;
mod referrals;
mod roster;
mod roster_chunk;
mod roster_errors;
mod roster_rows;
#[cfg(test)]
mod roster_tests;
mod roster_work;
mod roster_write;
mod school_file;
mod schools;
mod staff;
mod student_life;
mod students;
mod teams;
mod transfers;

pub use access::ListAnswer;
pub use alarms::AlarmFilter;
pub use care::{FollowUpList, NewDeed, NewPlan};
pub use placement::Whereabouts;
pub use proposals::PlaceOf;
pub use records::Attention;
pub use roster::NewImport;
pub use roster_errors::MarkedWorkbook;
pub(crate) use roster_errors::words as in_words;
pub use roster_work::task as roster_task;
pub use school_file::{FileProblem, SchoolFileReport};
pub use schools::SchoolPatch;
pub use staff::{NewStaff, StaffPatch};
pub use student_life::{Departure, Promotion};
pub use students::{NewStudent, StudentPatch, View};

use crate::error::Error;
use serde::Serialize;
use xinqiao_kit::{
    audit,
    authz::Target,
    ctx::{Ctx, RequestKey},
    db::Tx,
    deps::Deps,
    requests,
};

/// The use-cases of the service.
#[derive(Debug)]
pub struct App {
    /// The service's surroundings.
    pub deps: Deps,
    /// Where accepted rosters wait for the worker.
    desk: roster::Desk,
}

/// The key of a write whose client sent a `request_id`.
pub type Key = Option<RequestKey>;

impl App {
    /// Use-cases over these surroundings.
    pub fn new(deps: Deps) -> Self {
        Self { deps, desk: roster::Desk::default() }
    }

    /// Ends a write: remembers its answer, writes the audit row, commits.
    async fn written<T: Serialize>(
        &self,
        mut tx: Tx,
        ctx: &Ctx,
        key: &Key,
        target: &Target,
        answer: T,
    ) -> Result<T, Error> {
        requests::finish(&mut tx, ctx, key, &answer, &self.deps.keys).await?;
        audit::record(&mut tx, ctx, audit::Entry::write(target)).await?;
        tx.commit().await?;
        Ok(answer)
    }

    /// Ends a read that is kept in the audit log: writes the row, commits.
    async fn shown<T>(&self, mut tx: Tx, ctx: &Ctx, target: &Target, answer: T) -> Result<T, Error> {
        audit::record(&mut tx, ctx, audit::Entry::read(target)).await?;
        tx.commit().await?;
        Ok(answer)
    }
}
