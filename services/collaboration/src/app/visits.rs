//! Logging home visits, and who reads what of them (P6.3).

use super::{App, Error, Void, person, place::of_pupil, school_year, seen};
use crate::{
    domain::{
        evidence::EvidenceState,
        home_visit::{HomeVisit, VisitForm},
        ids::{SchoolId, StudentId, VisitId},
    },
    store::{self, visits::Proof},
};
use xinqiao_kit::{
    audit,
    authz::Target,
    ctx::{Ctx, RequestKey},
    etag,
    page::Page,
    requests,
    time::SchoolYear,
    validate::Violations,
};

/// A visit to log.
pub struct LogHomeVisit {
    /// Whose family.
    pub student: StudentId,
    /// What is said of it.
    pub form: VisitForm,
    /// What could not be read.
    pub wrong: Violations,
    /// For the same request again.
    pub key: Option<RequestKey>,
}

impl App {
    /// Logs a visit.
    pub async fn log_home_visit(&self, ctx: &Ctx, command: LogHomeVisit) -> Result<HomeVisit, Error> {
        let LogHomeVisit { student, form, mut wrong, key } = command;
        let place = self.place(student).await?;
        let place = self.deps.authz.require_found(ctx, place, |place| of_pupil("home_visit", place))?;
        form.check(&mut wrong, self.dates(ctx));
        let visitor = person(ctx)?;
        let mut tx = self.deps.db.begin().await?;
        if let Some(answer) = requests::begin(&mut tx, ctx, &key, &self.deps.keys).await? {
            return Ok(answer);
        }
        let visit = || {
            Some(HomeVisit {
                id: self.deps.ids.make(),
                student,
                school: place.school,
                class: place.class,
                visitor,
                date: form.date?,
                mode: form.mode?,
                said: form.said,
                state: EvidenceState::Held,
                version: 1,
                created_at: ctx.now(),
            })
        };
        let visit = wrong.finish(visit())?;
        store::visits::insert(&mut tx, &self.deps.keys, &visit).await?;
        self.commit(tx, ctx, (&key, &target(&visit)), visit).await
    }

    /// Takes a visit out of the figures.
    pub async fn void_home_visit(&self, ctx: &Ctx, command: Void<VisitId>) -> Result<HomeVisit, Error> {
        let Void { id, reason, etag, wrong, key } = command;
        let mut tx = self.deps.db.begin().await?;
        let found = store::visits::find(&mut tx, &self.deps.keys, id).await?;
        let mut visit = self.deps.authz.require_found(ctx, found, target)?;
        if let Some(answer) = requests::begin(&mut tx, ctx, &key, &self.deps.keys).await? {
            return Ok(answer);
        }
        wrong.into_result()?;
        etag::check(&etag, visit.version)?;
        self.dates(ctx).voidable(visit.state, visit.date)?;
        visit.void(reason);
        if !store::visits::update(&mut tx, &self.deps.keys, &visit).await? {
            return Err(etag::Stale.into());
        }
        self.commit(tx, ctx, (&key, &target(&visit)), visit).await
    }

    /// One visit.
    pub async fn get_home_visit(&self, ctx: &Ctx, id: VisitId) -> Result<HomeVisit, Error> {
        let mut tx = self.deps.db.begin().await?;
        let found = store::visits::find(&mut tx, &self.deps.keys, id).await?;
        let visit = self.deps.authz.require_found(ctx, found, target)?;
        audit::record(&mut tx, ctx, audit::Entry::read(&target(&visit))).await?;
        tx.commit().await?;
        Ok(visit)
    }

    /// A page of the visits that the caller may read and the token of the next.
    pub async fn list_home_visits(
        &self,
        ctx: &Ctx,
        filter: (Option<StudentId>, bool),
        page: &Page,
    ) -> Result<(Vec<HomeVisit>, String), Error> {
        let see = self.deps.authz.visibility(ctx)?;
        let mut tx = self.deps.db.begin().await?;
        let (visits, token) = store::visits::list(&mut tx, &self.deps.keys, see, filter, page).await?;
        Ok((seen(tx, ctx, visits, target).await?, token))
    }

    /// A page of the visits to a guardian's own child and the token of the next.
    pub async fn list_shared_visits(
        &self,
        ctx: &Ctx,
        student: StudentId,
        page: &Page,
    ) -> Result<(Vec<HomeVisit>, String), Error> {
        self.deps.authz.require(ctx, &Target::new("home_visit").student(student))?;
        let mut tx = self.deps.db.begin().await?;
        let (visits, token) = store::visits::list_of_student(&mut tx, &self.deps.keys, student, page).await?;
        Ok((seen(tx, ctx, visits, target).await?, token))
    }

    /// A page of proofs that visits took place in a school, and the token of the next.
    pub async fn list_visit_evidence(
        &self,
        ctx: &Ctx,
        school: SchoolId,
        year: Option<SchoolYear>,
        page: &Page,
    ) -> Result<(Vec<Proof>, String), Error> {
        self.deps.authz.require(ctx, &Target::new("visit_evidence").school(school))?;
        let of = (school, school_year(ctx, year));
        let mut proofs = store::visits::evidence(&self.deps.db, of, page).await?;
        let token = page.cut(&mut proofs, |last| vec![last.date.to_string(), last.id.to_string()]);
        Ok((proofs, token))
    }
}

fn target(visit: &HomeVisit) -> Target {
    let target = Target::new("home_visit").id(visit.id).student(visit.student).owner(visit.visitor);
    target.school(visit.school).class(visit.class)
}
