//! What profiles tells: schools that open and close, pupils who move. Each event is taken once.

use super::{App, Error};
use crate::{
    domain::{
        entry::{EntryContent, Exit, ExitReason},
        ids::{Place, SchoolId, StudentId},
    },
    store::{entries, moves, schools},
};
use uuid::Uuid;
use xinqiao_kit::{ctx::Ctx, db::Tx, inbox};

/// What happened, as far as screening cares.
#[derive(Debug, Clone)]
pub enum Happened {
    /// A school was registered or changed.
    School {
        /// The school.
        id: SchoolId,
        /// Its name.
        name: String,
        /// Whether it is open.
        active: bool,
    },
    /// A pupil is elsewhere now, or gone.
    Moved {
        /// The pupil.
        student: StudentId,
        /// Where the pupil is; none who has left.
        to: Option<Place>,
    },
    /// Something else.
    Other,
}

impl App {
    /// Takes an event: its effect is committed, once.
    pub async fn take_event(&self, ctx: &Ctx, event: Uuid, happened: Happened) -> Result<(), Error> {
        self.deps.authz.require(ctx, &xinqiao_kit::authz::Target::new("event"))?;
        let mut tx = self.deps.db.begin().await?;
        if !inbox::first_time(&mut tx, event, ctx.now()).await? {
            return Ok(());
        }
        match happened {
            Happened::School { id, name, active } => schools::put(&mut tx, id, &name, active).await?,
            Happened::Moved { student, to } => self.follow_pupil(&mut tx, ctx, student, to).await?,
            Happened::Other => {}
        }
        tx.commit().await?;
        Ok(())
    }

    /// Open work goes with the pupil; who has left the schools leaves the list.
    async fn follow_pupil(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        student: StudentId,
        to: Option<Place>,
    ) -> Result<(), Error> {
        moves::targets(tx, student, to).await?;
        moves::interview(tx, student, to).await?;
        match to {
            Some(place) => moves::entry(tx, student, place).await?,
            None => {
                if let Some(mut entry) = entries::current(tx, student, &self.deps.keys).await? {
                    let exit = Exit { reason: ExitReason::Left, notes: String::new(), by: None };
                    entry.content = EntryContent { exit: Some(exit), ..entry.content };
                    let subject = self.deps.keys.subject(tx, student.uuid()).await?;
                    entries::exit(tx, &entry, ctx.now().shanghai_date(), &subject).await?;
                }
            }
        }
        Ok(())
    }
}
