//! Guardians ask for help (P6.7). What is urgent goes to the crisis grid in the same transaction.

use super::{App, Error, person, seen};
use crate::{
    domain::{
        guidance::{GuidanceRequest, GuidanceState, Recipient, Reply, check_text},
        ids::{ClassId, GuidanceId, StudentId},
    },
    store,
};
use xinqiao_kit::{
    audit,
    authz::Target,
    ctx::{Ctx, RequestKey},
    db::Tx,
    etag, names, outbox,
    page::Page,
    requests,
    role::Role,
    validate::Violations,
};
use xinqiao_proto::internal::v1::{SignalRaised, event::Payload};

/// A request to make.
pub struct AskForGuidance {
    /// About which child.
    pub student: StudentId,
    /// Who is asked.
    pub recipient: Option<Recipient>,
    /// What about.
    pub text: String,
    /// Whether the child may be in danger now.
    pub urgent: bool,
    /// What could not be read.
    pub wrong: Violations,
    /// For the same request again.
    pub key: Option<RequestKey>,
}

/// An answer to give.
pub struct ReplyToGuidance {
    /// To which request.
    pub id: GuidanceId,
    /// What to say.
    pub text: String,
    /// What could not be read.
    pub wrong: Violations,
    /// For the same request again.
    pub key: Option<RequestKey>,
}

impl App {
    /// Takes a guardian's request.
    pub async fn ask_for_guidance(
        &self,
        ctx: &Ctx,
        command: AskForGuidance,
    ) -> Result<GuidanceRequest, Error> {
        let AskForGuidance { student, recipient, text, urgent, mut wrong, key } = command;
        self.permit(ctx, &Target::new("guidance_request").student(student))?;
        check_text(&mut wrong, "guidance_request.text", &text);
        let recipient = wrong.finish(recipient)?;
        let place = self.place(student).await?.ok_or(Error::NotEnrolled)?;
        let mut tx = self.deps.db.begin().await?;
        if let Some(answer) = requests::begin(&mut tx, ctx, &key, &self.deps.keys).await? {
            return Ok(answer);
        }
        let request = GuidanceRequest {
            id: self.deps.ids.make(),
            student,
            school: place.school,
            class: (recipient == Recipient::Homeroom).then_some(place.class),
            author: person(ctx)?,
            recipient,
            text,
            urgent,
            state: GuidanceState::Open,
            replies: Vec::new(),
            version: 1,
            created_at: ctx.now(),
        };
        store::guidance::insert(&mut tx, &self.deps.keys, &request).await?;
        if urgent {
            self.raise(&mut tx, &request, place.class).await?;
        }
        self.commit(tx, ctx, (&key, &about(&request)), request).await
    }

    /// Tells crisis that a guardian sees the child in danger: a report, red, with the name of the request and nothing of its text.
    async fn raise(&self, tx: &mut Tx, request: &GuidanceRequest, class: ClassId) -> Result<(), Error> {
        let signal = SignalRaised {
            signal_id: request.id.to_string(),
            student_id: request.student.to_string(),
            school_id: request.school.to_string(),
            class_id: class.to_string(),
            severity: "red".to_owned(),
            source: "report".to_owned(),
            evidence: names::format("guidanceRequests/{}", request.id),
            drill: false,
        };
        let payload = Payload::SignalRaised(signal);
        Ok(outbox::publish(tx, &self.deps, Role::Crisis, request.student.uuid(), payload).await?)
    }

    /// Adds what was said.
    pub async fn reply_to_guidance(
        &self,
        ctx: &Ctx,
        command: ReplyToGuidance,
    ) -> Result<GuidanceRequest, Error> {
        let ReplyToGuidance { id, text, mut wrong, key } = command;
        let mut tx = self.deps.db.begin().await?;
        let mut request = self.asked(&mut tx, ctx, id).await?;
        if let Some(answer) = requests::begin(&mut tx, ctx, &key, &self.deps.keys).await? {
            return Ok(answer);
        }
        check_text(&mut wrong, "text", &text);
        wrong.into_result()?;
        let reply = Reply { author: person(ctx)?, text, at: ctx.now() };
        request.reply(reply.clone())?;
        if !store::guidance::update(&mut tx, &request).await? {
            return Err(etag::Stale.into());
        }
        store::guidance::insert_reply(&mut tx, &self.deps.keys, &self.deps.ids, &request, &reply).await?;
        self.commit(tx, ctx, (&key, &about(&request)), request).await
    }

    /// Settles a request.
    pub async fn close_guidance(
        &self,
        ctx: &Ctx,
        id: GuidanceId,
        etag: &str,
        key: Option<RequestKey>,
    ) -> Result<GuidanceRequest, Error> {
        let mut tx = self.deps.db.begin().await?;
        let mut request = self.asked(&mut tx, ctx, id).await?;
        if let Some(answer) = requests::begin(&mut tx, ctx, &key, &self.deps.keys).await? {
            return Ok(answer);
        }
        etag::check(etag, request.version)?;
        let before = request.version;
        request.close(person(ctx)?)?;
        if request.version != before && !store::guidance::update(&mut tx, &request).await? {
            return Err(etag::Stale.into());
        }
        self.commit(tx, ctx, (&key, &about(&request)), request).await
    }

    /// One request with its replies.
    pub async fn get_guidance(&self, ctx: &Ctx, id: GuidanceId) -> Result<GuidanceRequest, Error> {
        let mut tx = self.deps.db.begin().await?;
        let request = self.asked(&mut tx, ctx, id).await?;
        audit::record(&mut tx, ctx, audit::Entry::read(&about(&request))).await?;
        tx.commit().await?;
        Ok(request)
    }

    /// A page of the requests that the caller made or is asked and the token of the next.
    pub async fn list_guidance(
        &self,
        ctx: &Ctx,
        state: Option<GuidanceState>,
        page: &Page,
    ) -> Result<(Vec<GuidanceRequest>, String), Error> {
        let see = self.deps.authz.visibility(ctx)?;
        let mut tx = self.deps.db.begin().await?;
        let (requests, token) = store::guidance::list(&mut tx, &self.deps.keys, see, state, page).await?;
        Ok((seen(tx, ctx, requests, about).await?, token))
    }

    async fn asked(&self, tx: &mut Tx, ctx: &Ctx, id: GuidanceId) -> Result<GuidanceRequest, Error> {
        let found = store::guidance::find(tx, &self.deps.keys, id).await?;
        Ok(self.deps.authz.require_found(ctx, found, target)?)
    }
}

/// What decides who may: the author, the school's psychologist, and the class's homeroom teacher if asked. Not the pupil: another
/// guardian of the same child is not to read it.
fn target(request: &GuidanceRequest) -> Target {
    let mut target =
        Target::new("guidance_request").id(request.id).school(request.school).owner(request.author);
    target.class = request.class.map(ClassId::uuid);
    target
}

/// What the audit log keeps: also whom it is about.
fn about(request: &GuidanceRequest) -> Target {
    target(request).student(request.student)
}
