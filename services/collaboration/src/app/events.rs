//! What profiles tells of schools and classes. Each event is taken once; what the service knows is the last state told.

use super::{App, Error};
use crate::{
    domain::facts::{Class, School},
    store,
};
use uuid::Uuid;
use xinqiao_kit::inbox;

/// The state of something after a change.
pub enum Fact {
    /// A school.
    School(School),
    /// A class.
    Class(Class),
    /// Something that this service does not keep.
    Other,
}

impl App {
    /// Takes one event. The same event again changes nothing.
    pub async fn take(&self, event_id: Uuid, fact: Fact) -> Result<(), Error> {
        let mut tx = self.deps.db.begin().await?;
        if !inbox::first_time(&mut tx, event_id, self.deps.clock.now()).await? {
            return Ok(());
        }
        match fact {
            Fact::School(school) => store::facts::put_school(&mut tx, &school).await?,
            Fact::Class(class) => store::facts::put_class(&mut tx, class).await?,
            Fact::Other => {}
        }
        tx.commit().await?;
        Ok(())
    }
}
