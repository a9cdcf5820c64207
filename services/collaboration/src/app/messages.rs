//! Messages to guardians, and their receipts (P6.7).

use super::{App, Error, invalid, person, place::of_pupil, seen};
use crate::{
    domain::{
        facts::Placement,
        ids::{MessageId, SchoolId, StudentId},
        message::{Audience, Message, MessageKind, MessageText, Receipt, Received},
    },
    store,
};
use xinqiao_kit::{
    audit,
    authz::{AccessError, Target},
    ctx::{Ctx, RequestKey},
    page::Page,
    requests,
    status::Violation,
    validate::Violations,
};

/// A message to send.
pub struct SendMessage {
    /// From which school.
    pub school: SchoolId,
    /// To whose guardians.
    pub audience: Audience,
    /// What it is for.
    pub kind: Option<MessageKind>,
    /// What it says.
    pub text: MessageText,
    /// What could not be read.
    pub wrong: Violations,
    /// For the same request again.
    pub key: Option<RequestKey>,
}

impl App {
    /// Sends a message.
    pub async fn send_message(&self, ctx: &Ctx, command: SendMessage) -> Result<Message, Error> {
        let SendMessage { school, audience, kind, text, mut wrong, key } = command;
        self.may_send(ctx, school, audience).await?;
        text.check(&mut wrong);
        let sender = person(ctx)?;
        let mut tx = self.deps.db.begin().await?;
        if let Some(answer) = requests::begin(&mut tx, ctx, &key, &self.deps.keys).await? {
            return Ok(answer);
        }
        let classes = store::facts::open_classes(&mut tx, school).await?;
        if matches!(audience, Audience::Class(class) if !classes.contains(&class)) {
            wrong.push(Violation::new("message.class", "CLASS_UNKNOWN"));
        }
        let kind = wrong.finish(kind)?;
        let message = Message {
            id: self.deps.ids.make(),
            school,
            audience,
            kind,
            text,
            sender,
            created_at: ctx.now(),
            reads: 0,
        };
        store::messages::insert(&mut tx, &self.deps.keys, &message).await?;
        self.commit(tx, ctx, (&key, &target(&message)), message).await
    }

    /// Whether the caller may write to these guardians. A pupil is looked up: who may write depends on the pupil's class.
    async fn may_send(&self, ctx: &Ctx, school: SchoolId, audience: Audience) -> Result<(), Error> {
        let target = Target::new("message");
        match audience {
            Audience::School => self.permit(ctx, &target.school(school)),
            Audience::Class(class) => self.permit(ctx, &target.school(school).class(class)),
            Audience::Student(student) => {
                let place = self.place(student).await?;
                let place = self.deps.authz.require_found(ctx, place, |place| of_pupil("message", place))?;
                let elsewhere = place.school != school;
                if elsewhere { Err(invalid("message.student", "PUPIL_NOT_OF_SCHOOL")) } else { Ok(()) }
            }
        }
    }

    /// One message as its sender's side sees it.
    pub async fn get_message(&self, ctx: &Ctx, id: MessageId) -> Result<Message, Error> {
        let mut tx = self.deps.db.begin().await?;
        let found = store::messages::find(&mut tx, &self.deps.keys, id).await?;
        let message = self.deps.authz.require_found(ctx, found, target)?;
        audit::record(&mut tx, ctx, audit::Entry::read(&target(&message))).await?;
        tx.commit().await?;
        Ok(message)
    }

    /// A page of the messages that the caller may see as staff and the token of the next.
    pub async fn list_messages(&self, ctx: &Ctx, page: &Page) -> Result<(Vec<Message>, String), Error> {
        let see = self.deps.authz.visibility(ctx)?;
        let mut tx = self.deps.db.begin().await?;
        let (messages, token) = store::messages::list(&mut tx, &self.deps.keys, see, page).await?;
        Ok((seen(tx, ctx, messages, target).await?, token))
    }

    /// A page of who has read a message and the token of the next.
    pub async fn list_receipts(
        &self,
        ctx: &Ctx,
        id: MessageId,
        page: &Page,
    ) -> Result<(Vec<Receipt>, String), Error> {
        let mut tx = self.deps.db.begin().await?;
        let found = store::messages::find(&mut tx, &self.deps.keys, id).await?;
        let message = self.deps.authz.require_found(ctx, found, target)?;
        let (receipts, token) = store::messages::receipts(&mut tx, id, page).await?;
        audit::record(&mut tx, ctx, audit::Entry::read(&target(&message))).await?;
        tx.commit().await?;
        Ok((receipts, token))
    }

    /// A page of the messages for a guardian of a pupil and the token of the next. There are none for a pupil who has left.
    pub async fn list_received(
        &self,
        ctx: &Ctx,
        student: StudentId,
        page: &Page,
    ) -> Result<(Vec<Received>, String), Error> {
        self.permit(ctx, &Target::new("message").student(student))?;
        let Some(place) = self.place(student).await? else { return Ok((Vec::new(), String::new())) };
        let reader = (place, person(ctx)?);
        let mut tx = self.deps.db.begin().await?;
        let (received, token) = store::messages::received(&mut tx, &self.deps.keys, reader, page).await?;
        let about = |one: &Received| Target::new("message").id(one.message.id).student(student);
        Ok((seen(tx, ctx, received, about).await?, token))
    }

    /// Takes note that a guardian has read a message.
    pub async fn confirm_read(
        &self,
        ctx: &Ctx,
        id: MessageId,
        student: StudentId,
    ) -> Result<Received, Error> {
        self.permit(ctx, &Target::new("message").student(student))?;
        let (place, guardian) = (self.place(student).await?, person(ctx)?);
        let mut tx = self.deps.db.begin().await?;
        let found = store::messages::find(&mut tx, &self.deps.keys, id).await?;
        let message = found.zip(place).filter(|(message, place)| reaches(message, place));
        let (message, _) = message.ok_or(AccessError::NotFound)?;
        let reader = (student, guardian);
        let read_at = store::messages::confirm(&mut tx, &self.deps.ids, id, reader, ctx.now()).await?;
        let about = Target::new("message").id(id).student(student);
        audit::record(&mut tx, ctx, audit::Entry::write(&about)).await?;
        tx.commit().await?;
        Ok(Received { message, read_at: Some(read_at) })
    }
}

/// Whether a message is for the guardians of a pupil who is placed there.
fn reaches(message: &Message, place: &Placement) -> bool {
    match message.audience {
        Audience::School => message.school == place.school,
        Audience::Class(class) => class == place.class,
        Audience::Student(student) => student == place.student,
    }
}

fn target(message: &Message) -> Target {
    let target = Target::new("message").id(message.id).school(message.school).owner(message.sender);
    match message.audience {
        Audience::School => target,
        Audience::Class(class) => target.class(class),
        Audience::Student(student) => target.student(student),
    }
}
