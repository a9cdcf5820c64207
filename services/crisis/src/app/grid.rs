//! Seats, and what is missing (P4.7).

use super::{App, Error};
use crate::{
    domain::{
        ClassId, Level, SchoolId, SeatId,
        grid::{Gap, Responder, gaps},
    },
    store::grid,
};
use std::collections::BTreeMap;
use xinqiao_kit::{
    audit,
    authz::Target,
    ctx::{Ctx, RequestKey},
    db::Db,
    requests,
    status::Violation,
    time::Ts,
    validate::Invalid,
};

/// The grid of one class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassGrid {
    /// Its school.
    pub school: SchoolId,
    /// The class.
    pub class: ClassId,
    /// Who stands over it: by level.
    pub seats: Vec<Responder>,
    /// What is empty and since when.
    pub gaps: Vec<(Gap, Ts)>,
}

impl App {
    /// Fills a seat by hand.
    ///
    /// # Errors
    /// Not the caller's school; a class that does not exist there.
    pub async fn assign_seat(
        &self,
        ctx: &Ctx,
        seat: Responder,
        key: &Option<RequestKey>,
    ) -> Result<Responder, Error> {
        let target = seat_target(&seat);
        self.deps.authz.require(ctx, &target)?;
        let now = self.deps.clock.now();
        let mut tx = self.deps.db.begin().await?;
        if let Some(id) = requests::begin::<SeatId>(&mut tx, ctx, key, &self.deps.keys).await?
            && let Some(known) = grid::seat(&mut tx, id).await?
        {
            return Ok(known);
        }
        if let Some(class) = seat.class {
            let known = grid::class(&mut tx, class).await?;
            if known.is_none_or(|known| Some(known.school) != seat.school) {
                return Err(Invalid::one(Violation::new("seat.class", "UNKNOWN_CLASS")).into());
            }
        }
        let seat = grid::assign(&mut tx, self.deps.ids.make(), &Responder { since: now, ..seat }).await?;
        if let Some(school) = seat.school {
            self.record_gaps(&mut tx, school, now).await?;
        }
        audit::record(&mut tx, ctx, audit::Entry::write(&target)).await?;
        if let Some(id) = seat.seat {
            requests::finish(&mut tx, ctx, key, &id, &self.deps.keys).await?;
        }
        tx.commit().await?;
        Ok(seat)
    }

    /// Empties a seat that was filled by hand.
    ///
    /// # Errors
    /// Not there or not of the caller's school.
    pub async fn release_seat(&self, ctx: &Ctx, id: SeatId) -> Result<(), Error> {
        let mut tx = self.deps.db.begin().await?;
        let seat = grid::seat(&mut tx, id).await?;
        let seat = self.deps.authz.require_found(ctx, seat, seat_target)?;
        grid::release(&mut tx, id).await?;
        if let Some(school) = seat.school {
            self.record_gaps(&mut tx, school, self.deps.clock.now()).await?;
        }
        audit::record(&mut tx, ctx, audit::Entry::write(&seat_target(&seat))).await?;
        tx.commit().await?;
        Ok(())
    }

    /// The grid of a class: who stands over it, and what is missing.
    ///
    /// # Errors
    /// Not there or not the caller's to see.
    pub async fn get_grid(&self, ctx: &Ctx, school: SchoolId, class: ClassId) -> Result<ClassGrid, Error> {
        let mut db = self.deps.db.clone();
        let known = grid::class(&mut db, class).await?.filter(|known| known.school == school);
        let known = self
            .deps
            .authz
            .require_found(ctx, known, |class| Target::new("grid").school(class.school).class(class.id))?;
        let responders = grid::responders(&mut db, Some(school)).await?;
        let place = known.place();
        let missing = gaps(std::slice::from_ref(&known), &responders, school);
        let gaps = self.with_since(&mut db, school, missing).await?;
        let seats = responders.into_iter().filter(|responder| responder.stands_over(&place)).collect();
        Ok(ClassGrid { school, class, seats, gaps })
    }

    /// Every gap of a school and since when, its own first.
    ///
    /// # Errors
    /// Not the caller's to see.
    pub async fn list_gaps(&self, ctx: &Ctx, school: SchoolId) -> Result<Vec<(Gap, Ts)>, Error> {
        self.deps.authz.require(ctx, &Target::new("grid").school(school))?;
        let mut db = self.deps.db.clone();
        let classes = grid::classes(&mut db, school).await?;
        let responders = grid::responders(&mut db, Some(school)).await?;
        let missing = gaps(&classes, &responders, school);
        self.with_since(&mut db, school, missing).await
    }

    /// What is missing now, with the time since when it is recorded.
    async fn with_since(
        &self,
        db: &mut Db,
        school: SchoolId,
        missing: Vec<Gap>,
    ) -> Result<Vec<(Gap, Ts)>, Error> {
        let recorded: BTreeMap<Gap, Ts> = grid::gaps(db, school).await?;
        let now = self.deps.clock.now();
        Ok(missing.into_iter().map(|gap| (gap, recorded.get(&gap).copied().unwrap_or(now))).collect())
    }
}

fn seat_target(seat: &Responder) -> Target {
    let target = Target {
        school: seat.school.map(Into::into),
        class: seat.class.map(Into::into),
        ..Target::new("seat")
    };
    let target = Target { id: seat.seat.map(Into::into), ..target };
    // The county's roster belongs to no school.
    if seat.level == Level::CountyDuty { target.state("county") } else { target }
}
