//! Keeping the record of gaps up to date (P4.7): after every change of a school's people or classes, and once a day for all schools,
//! when those who answer for a school are told what is missing.

use super::{App, Error};
use crate::{
    domain::{
        Level, SchoolId,
        grid::{Place, Reach, gaps},
        notification::Alarm,
    },
    store::{grid, notifications},
};
use std::collections::BTreeSet;
use xinqiao_kit::{db::Tx, time::Ts};

impl App {
    /// Records what is missing in a school now. Gives how many gaps there are.
    pub(super) async fn record_gaps(&self, tx: &mut Tx, school: SchoolId, now: Ts) -> Result<usize, Error> {
        let missing = self.missing(tx, school).await?;
        grid::put_gaps(tx, school, &missing, now).await?;
        Ok(missing.len())
    }

    async fn missing(&self, tx: &mut Tx, school: SchoolId) -> Result<Vec<crate::domain::grid::Gap>, Error> {
        let classes = grid::classes(tx, school).await?;
        let responders = grid::responders(tx, Some(school)).await?;
        // A school without a class has nobody to look after yet.
        Ok(if classes.is_empty() { Vec::new() } else { gaps(&classes, &responders, school) })
    }

    /// The daily check: one alarm a school and day to principal and deputy, or to the county's duty roster where there are none.
    pub(super) async fn check_gaps(&self) -> Result<(), Error> {
        let now = self.deps.clock.now();
        let schools = grid::active_schools(&mut self.deps.db.clone()).await?;
        for school in schools {
            let mut tx = self.deps.db.begin().await?;
            if self.record_gaps(&mut tx, school, now).await? > 0 {
                self.tell_of_gaps(&mut tx, school, now).await?;
            }
            tx.commit().await?;
        }
        Ok(())
    }

    async fn tell_of_gaps(&self, tx: &mut Tx, school: SchoolId, now: Ts) -> Result<(), Error> {
        let responders = grid::responders(tx, Some(school)).await?;
        let reach = Reach::over(&Place { school: Some(school), ..Place::default() }, &responders);
        let mut heads: BTreeSet<_> =
            reach.at(Level::Principal).union(&reach.at(Level::Deputy)).copied().collect();
        if heads.is_empty() {
            heads = reach.at(Level::CountyDuty);
        }
        let subject = format!("gaps:{school}:{}", now.shanghai_date());
        let new =
            heads.into_iter().map(|user| (subject.clone(), self.alarm(Alarm::GridGaps, None, user, now)));
        let written = notifications::insert(tx, new.collect()).await?;
        let (hub, hint) = (self.hub.clone(), self.red.deliver.clone());
        tx.after_commit(move || {
            hint.give();
            for notification in written {
                hub.wake(notification.recipient);
            }
        });
        Ok(())
    }
}
