//! Publishing texts to consent to, and what guardians decide (P3.6).

use super::{App, Error, person, place::of_pupil};
use crate::{
    domain::{
        consent::{Consent, ConsentForm, ConsentState, Purpose, check_decision, check_form},
        facts::Placement,
        ids::{ConsentId, FormId, SchoolId, StudentId},
    },
    store,
};
use xinqiao_kit::{
    audit,
    authz::Target,
    ctx::{Ctx, RequestKey},
    etag,
    page::Page,
    requests,
    status::Violation,
    validate::Violations,
};

/// A form to publish.
pub struct PublishForm {
    /// Whose form; none for the county's.
    pub school: Option<SchoolId>,
    /// To what.
    pub purpose: Option<Purpose>,
    /// Title.
    pub title: String,
    /// The text.
    pub text: String,
    /// What could not be read.
    pub wrong: Violations,
    /// For the same request again.
    pub key: Option<RequestKey>,
}

/// A decision to make.
pub struct Decide {
    /// For which child.
    pub student: StudentId,
    /// On which form; none when its name could not be read.
    pub form: Option<FormId>,
    /// Given or refused.
    pub decision: Option<ConsentState>,
    /// What could not be read.
    pub wrong: Violations,
    /// For the same request again.
    pub key: Option<RequestKey>,
}

impl App {
    /// Publishes the next version of a form.
    pub async fn publish_form(&self, ctx: &Ctx, command: PublishForm) -> Result<ConsentForm, Error> {
        let PublishForm { school, purpose, title, text, mut wrong, key } = command;
        let mut place = Target::new("consent_form");
        place.school = school.map(SchoolId::uuid);
        self.permit(ctx, &place)?;
        let mut tx = self.deps.db.begin().await?;
        if let Some(answer) = requests::begin(&mut tx, ctx, &key, &self.deps.keys).await? {
            return Ok(answer);
        }
        if let Some(school) = school
            && store::facts::school(&mut tx, school).await?.is_none_or(|school| !school.active)
        {
            wrong.push(Violation::new("consent_form.school", "SCHOOL_UNKNOWN"));
        }
        check_form(&mut wrong, &title, &text);
        let purpose = wrong.finish(purpose)?;
        let id = self.deps.ids.make();
        let created_at = ctx.now();
        let mut form =
            ConsentForm { id, school, purpose, version: 0, title, text, current: true, created_at };
        form.version = store::consents::publish(&mut tx, &self.deps.keys, &form).await?;
        self.commit(tx, ctx, (&key, &place.id(form.id)), form).await
    }

    /// The forms that a pupil's guardians are asked to decide on. There are none for a pupil who has left.
    pub async fn list_forms(&self, ctx: &Ctx, student: StudentId) -> Result<Vec<ConsentForm>, Error> {
        let place = self.place(student).await?;
        self.permit(ctx, &concerning(student, place.as_ref()))?;
        let Some(place) = place else { return Ok(Vec::new()) };
        Ok(store::consents::current_forms(&self.deps.db, &self.deps.keys, place.school).await?)
    }

    /// Takes a guardian's decision.
    pub async fn decide(&self, ctx: &Ctx, command: Decide) -> Result<Consent, Error> {
        let Decide { student, form, decision, mut wrong, key } = command;
        self.permit(ctx, &Target::new("consent").student(student))?;
        let place = self.place(student).await?.ok_or(Error::NotEnrolled)?;
        let guardian = person(ctx)?;
        let mut tx = self.deps.db.begin().await?;
        if let Some(answer) = requests::begin(&mut tx, ctx, &key, &self.deps.keys).await? {
            return Ok(answer);
        }
        let known = match form {
            Some(id) => {
                let known = store::consents::form(&mut tx, &self.deps.keys, id).await?;
                check_decision(&mut wrong, known.as_ref(), place.school, decision);
                known
            }
            None => None,
        };
        let (form, state) = wrong.finish(known.zip(decision))?;
        let consent = Consent {
            id: self.deps.ids.make(),
            student,
            school: place.school,
            class: place.class,
            form: form.id,
            purpose: form.purpose,
            form_version: form.version,
            guardian,
            state,
            decided_at: ctx.now(),
            ended_at: None,
            version: 1,
        };
        store::consents::decide(&mut tx, &consent).await?;
        self.commit(tx, ctx, (&key, &about(&consent)), consent).await
    }

    /// Withdraws a consent; only who gave it.
    pub async fn withdraw(
        &self,
        ctx: &Ctx,
        id: ConsentId,
        etag: &str,
        key: Option<RequestKey>,
    ) -> Result<Consent, Error> {
        let mut tx = self.deps.db.begin().await?;
        let found = store::consents::find(&mut tx, id).await?;
        let mut consent = self.deps.authz.require_found(ctx, found, about)?;
        if let Some(answer) = requests::begin(&mut tx, ctx, &key, &self.deps.keys).await? {
            return Ok(answer);
        }
        etag::check(etag, consent.version)?;
        consent.withdraw(ctx.now())?;
        if !store::consents::update(&mut tx, &consent).await? {
            return Err(etag::Stale.into());
        }
        self.commit(tx, ctx, (&key, &about(&consent)), consent).await
    }

    /// A page of what was decided for a pupil and the token of the next.
    pub async fn list_consents(
        &self,
        ctx: &Ctx,
        student: StudentId,
        page: &Page,
    ) -> Result<(Vec<Consent>, String), Error> {
        let place = self.place(student).await?;
        let target = concerning(student, place.as_ref());
        self.permit(ctx, &target)?;
        let mut tx = self.deps.db.begin().await?;
        let mut consents = store::consents::list(&mut tx, student, page).await?;
        audit::record(&mut tx, ctx, audit::Entry::read(&target)).await?;
        tx.commit().await?;
        let token = page.cut(&mut consents, |last| vec![last.id.to_string()]);
        Ok((consents, token))
    }
}

/// The consents of a pupil, who may have left.
fn concerning(student: StudentId, place: Option<&Placement>) -> Target {
    match place {
        Some(place) => of_pupil("consent", place),
        None => Target::new("consent").student(student),
    }
}

fn about(consent: &Consent) -> Target {
    let target = Target::new("consent").id(consent.id).student(consent.student).owner(consent.guardian);
    target.school(consent.school).class(consent.class)
}
