//! Messages to guardians and receipts. One to a pupil's guardians is sealed under the pupil's key.

use super::{PupilKeys, Source, StoreError, before_id, known};
use crate::domain::{
    facts::Placement,
    ids::{ClassId, MessageId, SchoolId, StudentId, UserId},
    message::{Audience, Message, MessageKind, MessageText, Receipt, Received},
};
use uuid::Uuid;
use xinqiao_kit::{
    authz::Visibility,
    db::Tx,
    ids::Ids,
    keys::{Keys, SubjectKey},
    page::Page,
    time::{SchoolYear, Ts},
};

const TABLE: &str = "messages";

#[derive(sqlx::FromRow)]
struct MessageRow {
    id: Uuid,
    school_id: Uuid,
    class_id: Option<Uuid>,
    student_id: Option<Uuid>,
    sender_id: Uuid,
    kind: String,
    content: Vec<u8>,
    created_at: Ts,
    reads: i64,
}

impl MessageRow {
    /// The message; none when it is to a pupil's guardians and the pupil has been erased.
    fn message(self, own: &SubjectKey, keys: &PupilKeys) -> Result<Option<Message>, StoreError> {
        let key = match self.student_id {
            Some(student) => keys.get(&student),
            None => Some(own),
        };
        let Some(key) = key else { return Ok(None) };
        let text: MessageText = key.open_json(TABLE, "content", self.id, &self.content)?;
        Ok(Some(Message {
            id: MessageId(self.id),
            school: SchoolId(self.school_id),
            audience: match (self.student_id, self.class_id) {
                (Some(student), _) => Audience::Student(StudentId(student)),
                (None, Some(class)) => Audience::Class(ClassId(class)),
                (None, None) => Audience::School,
            },
            kind: known(MessageKind::of_word(&self.kind), (TABLE, "kind"))?,
            text,
            sender: UserId(self.sender_id),
            created_at: self.created_at,
            reads: self.reads,
        }))
    }
}

/// Adds a message.
pub async fn insert(tx: &mut Tx, keys: &Keys, message: &Message) -> Result<(), StoreError> {
    const INSERT: &str = "INSERT INTO messages (id, school_id, class_id, student_id, sender_id, kind, sent_on, school_year, \
        content, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    let (class, student) = match message.audience {
        Audience::School => (None, None),
        Audience::Class(class) => (Some(class), None),
        Audience::Student(student) => (None, Some(student)),
    };
    let key = match student {
        Some(student) => keys.subject(tx, student.uuid()).await?,
        None => keys.service_subject(),
    };
    let content = key.seal_json(TABLE, "content", message.id, &message.text)?;
    let day = message.created_at.shanghai_date();
    let query =
        tx.q(INSERT).bind(message.id).bind(message.school).bind(class).bind(student).bind(message.sender);
    let query = query.bind(message.kind.word()).bind(day).bind(SchoolYear::of(day).0).bind(content);
    query.bind(message.created_at).exec().await?;
    Ok(())
}

/// One message; none when the pupil has been erased.
pub async fn find(tx: &mut Tx, keys: &Keys, id: MessageId) -> Result<Option<Message>, StoreError> {
    const ONE: &str = "SELECT m.id, m.school_id, m.class_id, m.student_id, m.sender_id, m.kind, m.content, m.created_at, \
        (SELECT COUNT(DISTINCT r.student_id) FROM read_receipts r WHERE r.message_id = m.id) AS reads \
        FROM messages m WHERE m.id = $1";
    let Some(row) = tx.q(ONE).bind(id).opt::<MessageRow>().await? else { return Ok(None) };
    let pupils: Vec<Uuid> = row.student_id.into_iter().collect();
    let pupil_keys = keys.existing_tx(tx, &pupils).await?;
    row.message(&keys.service_subject(), &pupil_keys)
}

/// A page of the messages that staff may see, newest first, and the position after it if there are more.
pub async fn list(
    tx: &mut Tx,
    keys: &Keys,
    see: Visibility,
    page: &Page,
) -> Result<(Vec<Message>, String), StoreError> {
    const LIST: &str = "SELECT m.id, m.school_id, m.class_id, m.student_id, m.sender_id, m.kind, m.content, m.created_at, \
        (SELECT COUNT(DISTINCT r.student_id) FROM read_receipts r WHERE r.message_id = m.id) AS reads \
        FROM messages m WHERE ($1 OR m.school_id IN (SELECT unhex(value) FROM json_each($2)) \
        OR m.class_id IN (SELECT unhex(value) FROM json_each($3)) \
        OR m.student_id IN (SELECT unhex(value) FROM json_each($4)) OR m.sender_id = $5) \
        AND m.id < $6 ORDER BY m.id DESC LIMIT $7";
    let query =
        tx.q(LIST).bind(see.all).bind(see.schools).bind(see.classes).bind(see.students).bind(see.owner);
    let mut rows: Vec<MessageRow> = query.bind(before_id(page)).bind(page.fetch()).all().await?;
    let token = page.cut(&mut rows, |last| vec![last.id.to_string()]);
    let pupils: Vec<Uuid> = rows.iter().filter_map(|row| row.student_id).collect();
    let (own, pupil_keys) = (keys.service_subject(), keys.existing_tx(tx, &pupils).await?);
    let messages: Result<Vec<_>, _> =
        rows.into_iter().filter_map(|row| row.message(&own, &pupil_keys).transpose()).collect();
    Ok((messages?, token))
}

#[derive(sqlx::FromRow)]
struct ReceivedRow {
    #[sqlx(flatten)]
    message: MessageRow,
    read_at: Option<Ts>,
}

/// A page of the messages for a guardian of a pupil who is placed there, newest first, and the position after it.
pub async fn received(
    tx: &mut Tx,
    keys: &Keys,
    (place, guardian): (Placement, UserId),
    page: &Page,
) -> Result<(Vec<Received>, String), StoreError> {
    const LIST: &str = "SELECT m.id, m.school_id, m.class_id, m.student_id, m.sender_id, m.kind, m.content, m.created_at, \
        CAST(0 AS BIGINT) AS reads, r.read_at FROM messages m LEFT JOIN read_receipts r \
        ON r.message_id = m.id AND r.guardian_id = $4 AND r.student_id = $1 \
        WHERE (m.student_id = $1 OR (m.student_id IS NULL AND m.class_id = $2) \
        OR (m.student_id IS NULL AND m.class_id IS NULL AND m.school_id = $3)) \
        AND m.id < $5 ORDER BY m.id DESC LIMIT $6";
    let query = tx.q(LIST).bind(place.student).bind(place.class).bind(place.school).bind(guardian);
    let mut rows: Vec<ReceivedRow> = query.bind(before_id(page)).bind(page.fetch()).all().await?;
    let token = page.cut(&mut rows, |last| vec![last.message.id.to_string()]);
    let (own, pupil_keys) = (keys.service_subject(), keys.existing_tx(tx, &[place.student.uuid()]).await?);
    let mut received = Vec::with_capacity(rows.len());
    for row in rows {
        if let Some(message) = row.message.message(&own, &pupil_keys)? {
            received.push(Received { message, read_at: row.read_at });
        }
    }
    Ok((received, token))
}

/// Takes note that a guardian has read a message and gives when that was; the first time counts.
pub async fn confirm(
    tx: &mut Tx,
    ids: &Ids,
    message: MessageId,
    (student, guardian): (StudentId, UserId),
    now: Ts,
) -> Result<Ts, StoreError> {
    const INSERT: &str = "INSERT INTO read_receipts (id, message_id, student_id, guardian_id, read_at) \
        VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";
    const READ: &str =
        "SELECT read_at FROM read_receipts WHERE message_id = $1 AND student_id = $2 AND guardian_id = $3";
    tx.q(INSERT).bind(ids.new_id()).bind(message).bind(student).bind(guardian).bind(now).exec().await?;
    Ok(tx.q(READ).bind(message).bind(student).bind(guardian).get().await?)
}

/// A page of the receipts of a message in the order in which they came, and the position after it.
pub async fn receipts(
    mut from: impl Source,
    message: MessageId,
    page: &Page,
) -> Result<(Vec<Receipt>, String), StoreError> {
    const LIST: &str = "SELECT id, student_id, guardian_id, read_at FROM read_receipts \
        WHERE message_id = $1 AND id > $2 ORDER BY id LIMIT $3";
    let query = from.q(LIST).bind(message).bind(page.after_id(0)).bind(page.fetch());
    let mut rows: Vec<(Uuid, Uuid, Uuid, Ts)> = query.all().await?;
    let token = page.cut(&mut rows, |(id, ..)| vec![id.to_string()]);
    let receipt = |(_, student, guardian, read_at)| Receipt {
        student: StudentId(student),
        guardian: UserId(guardian),
        read_at,
    };
    Ok((rows.into_iter().map(receipt).collect(), token))
}
