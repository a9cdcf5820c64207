//! Logging events with parents (P6.2, P6.4, P6.6).

use super::{App, Error, Void, person, school_year};
use crate::{
    domain::{
        evidence::EvidenceState,
        family_event::{FamilyEvent, FamilyEventForm, FamilyEventKind},
        ids::{FamilyEventId, SchoolId},
    },
    store,
};
use xinqiao_kit::{
    authz::Target,
    ctx::{Ctx, RequestKey},
    etag,
    page::Page,
    requests,
    time::SchoolYear,
    validate::Violations,
};

/// An event to log.
pub struct LogFamilyEvent {
    /// Of which school.
    pub school: SchoolId,
    /// What is said of it.
    pub form: FamilyEventForm,
    /// What could not be read.
    pub wrong: Violations,
    /// For the same request again.
    pub key: Option<RequestKey>,
}

/// Which events to list.
pub struct ListFamilyEvents {
    /// Of this school.
    pub school: SchoolId,
    /// In this school year; the running one if there is none.
    pub year: Option<SchoolYear>,
    /// Only of this kind.
    pub kind: Option<FamilyEventKind>,
    /// Also those that were voided.
    pub voided: bool,
    /// Which page.
    pub page: Page,
}

impl App {
    /// Logs an event.
    pub async fn log_family_event(&self, ctx: &Ctx, command: LogFamilyEvent) -> Result<FamilyEvent, Error> {
        let LogFamilyEvent { school, form, mut wrong, key } = command;
        self.deps.authz.require(ctx, &Target::new("family_event").school(school))?;
        let mut tx = self.deps.db.begin().await?;
        if let Some(answer) = requests::begin(&mut tx, ctx, &key, &self.deps.keys).await? {
            return Ok(answer);
        }
        let classes = store::facts::open_classes(&mut tx, school).await?;
        let parents = store::parent_schools::find(&mut tx, &self.deps.keys, school).await?;
        form.check(&mut wrong, self.dates(ctx), &classes, parents.as_ref());
        let psychology = form.psychology(parents.as_ref());
        let author = person(ctx)?;
        let event = || {
            Some(FamilyEvent {
                id: self.deps.ids.make(),
                school,
                kind: form.kind?,
                date: form.date?,
                attendances: form.attendances()?,
                topic: form.topic,
                minutes: form.minutes,
                attachment: form.attachment,
                psychology,
                state: EvidenceState::Held,
                void_reason: String::new(),
                author,
                version: 1,
                created_at: ctx.now(),
            })
        };
        let event = wrong.finish(event())?;
        store::family_events::insert(&mut tx, &self.deps.keys, &event).await?;
        self.commit(tx, ctx, (&key, &target(&event)), event).await
    }

    /// Takes an event out of the figures.
    pub async fn void_family_event(
        &self,
        ctx: &Ctx,
        command: Void<FamilyEventId>,
    ) -> Result<FamilyEvent, Error> {
        let Void { id, reason, etag, wrong, key } = command;
        let mut tx = self.deps.db.begin().await?;
        let found = store::family_events::find(&mut tx, &self.deps.keys, id).await?;
        let mut event = self.deps.authz.require_found(ctx, found, target)?;
        if let Some(answer) = requests::begin(&mut tx, ctx, &key, &self.deps.keys).await? {
            return Ok(answer);
        }
        wrong.into_result()?;
        etag::check(&etag, event.version)?;
        self.dates(ctx).voidable(event.state, event.date)?;
        event.void(reason);
        if !store::family_events::update(&mut tx, &self.deps.keys, &event).await? {
            return Err(etag::Stale.into());
        }
        self.commit(tx, ctx, (&key, &target(&event)), event).await
    }

    /// One event.
    pub async fn get_family_event(&self, ctx: &Ctx, id: FamilyEventId) -> Result<FamilyEvent, Error> {
        let found = store::family_events::find(&self.deps.db, &self.deps.keys, id).await?;
        Ok(self.deps.authz.require_found(ctx, found, target)?)
    }

    /// A page of a school's events and the token of the next.
    pub async fn list_family_events(
        &self,
        ctx: &Ctx,
        query: ListFamilyEvents,
    ) -> Result<(Vec<FamilyEvent>, String), Error> {
        self.deps.authz.require(ctx, &Target::new("family_event").school(query.school))?;
        let filter = store::family_events::Filter {
            school: query.school,
            year: school_year(ctx, query.year),
            kind: query.kind,
            voided: query.voided,
        };
        let mut events =
            store::family_events::list(&self.deps.db, &self.deps.keys, filter, &query.page).await?;
        let token = query.page.cut(&mut events, |last| vec![last.date.to_string(), last.id.to_string()]);
        Ok((events, token))
    }
}

fn target(event: &FamilyEvent) -> Target {
    Target::new("family_event").id(event.id).school(event.school)
}
