//! Guardians' requests for help. Sealed under the pupil's key.

use super::{PupilKeys, StoreError, before_id, known};
use crate::domain::{
    guidance::{GuidanceRequest, GuidanceState, Recipient, Reply},
    ids::{ClassId, GuidanceId, SchoolId, StudentId, UserId},
};
use std::collections::HashMap;
use uuid::Uuid;
use xinqiao_kit::{
    authz::Visibility,
    db::{IdList, Tx},
    ids::Ids,
    keys::Keys,
    page::Page,
    time::Ts,
};

const TABLE: &str = "guidance_requests";
const REPLIES: &str = "guidance_replies";

#[derive(sqlx::FromRow)]
struct RequestRow {
    id: Uuid,
    student_id: Uuid,
    school_id: Uuid,
    class_id: Option<Uuid>,
    author_id: Uuid,
    recipient: String,
    urgent: bool,
    state: String,
    content: Vec<u8>,
    version: i64,
    created_at: Ts,
}

#[derive(sqlx::FromRow)]
struct ReplyRow {
    id: Uuid,
    request_id: Uuid,
    author_id: Uuid,
    said_at: Ts,
    content: Vec<u8>,
}

impl RequestRow {
    /// The request with its replies; none when the pupil has been erased.
    fn request(
        self,
        keys: &PupilKeys,
        replies: Vec<ReplyRow>,
    ) -> Result<Option<GuidanceRequest>, StoreError> {
        let Some(key) = keys.get(&self.student_id) else { return Ok(None) };
        let replies = replies.into_iter().map(|row| {
            let text = key.open_text(REPLIES, "content", row.id, &row.content)?;
            Ok(Reply { author: UserId(row.author_id), text, at: row.said_at })
        });
        Ok(Some(GuidanceRequest {
            id: GuidanceId(self.id),
            student: StudentId(self.student_id),
            school: SchoolId(self.school_id),
            class: self.class_id.map(ClassId),
            author: UserId(self.author_id),
            recipient: known(Recipient::of_word(&self.recipient), (TABLE, "recipient"))?,
            text: key.open_text(TABLE, "content", self.id, &self.content)?,
            urgent: self.urgent,
            state: known(GuidanceState::of_word(&self.state), (TABLE, "state"))?,
            replies: replies.collect::<Result<_, StoreError>>()?,
            version: self.version,
            created_at: self.created_at,
        }))
    }
}

/// Adds a request.
pub async fn insert(tx: &mut Tx, keys: &Keys, request: &GuidanceRequest) -> Result<(), StoreError> {
    const INSERT: &str = "INSERT INTO guidance_requests (id, student_id, school_id, class_id, author_id, recipient, urgent, \
        state, content, version, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    let key = keys.subject(tx, request.student.uuid()).await?;
    let content = key.seal_text(TABLE, "content", request.id, &request.text)?;
    let query = tx.q(INSERT).bind(request.id).bind(request.student).bind(request.school).bind(request.class);
    let query = query.bind(request.author).bind(request.recipient.word()).bind(request.urgent);
    let query = query.bind(request.state.word()).bind(content).bind(request.version);
    query.bind(request.created_at).exec().await?;
    Ok(())
}

/// Writes where a request stands; false when another change came first.
pub async fn update(tx: &mut Tx, request: &GuidanceRequest) -> Result<bool, StoreError> {
    const UPDATE: &str =
        "UPDATE guidance_requests SET state = $1, version = $2 WHERE id = $3 AND version = $2 - 1";
    let query = tx.q(UPDATE).bind(request.state.word()).bind(request.version).bind(request.id);
    Ok(query.exec().await? == 1)
}

/// Adds a reply.
pub async fn insert_reply(
    tx: &mut Tx,
    keys: &Keys,
    ids: &Ids,
    request: &GuidanceRequest,
    reply: &Reply,
) -> Result<(), StoreError> {
    const INSERT: &str = "INSERT INTO guidance_replies (id, request_id, author_id, said_at, content) \
        VALUES ($1, $2, $3, $4, $5)";
    let id = ids.new_id();
    let key = keys.subject(tx, request.student.uuid()).await?;
    let content = key.seal_text(REPLIES, "content", id, &reply.text)?;
    let query = tx.q(INSERT).bind(id).bind(request.id).bind(reply.author).bind(reply.at);
    query.bind(content).exec().await?;
    Ok(())
}

/// One request with its replies; none when the pupil has been erased.
pub async fn find(tx: &mut Tx, keys: &Keys, id: GuidanceId) -> Result<Option<GuidanceRequest>, StoreError> {
    const ONE: &str = "SELECT id, student_id, school_id, class_id, author_id, recipient, urgent, state, content, version, \
        created_at FROM guidance_requests WHERE id = $1";
    let Some(row) = tx.q(ONE).bind(id).opt::<RequestRow>().await? else { return Ok(None) };
    Ok(opened(tx, keys, vec![row]).await?.pop())
}

/// A page of the requests that the caller made or is asked, newest first, and the position after it if there are more.
pub async fn list(
    tx: &mut Tx,
    keys: &Keys,
    see: Visibility,
    state: Option<GuidanceState>,
    page: &Page,
) -> Result<(Vec<GuidanceRequest>, String), StoreError> {
    const LIST: &str = "SELECT id, student_id, school_id, class_id, author_id, recipient, urgent, state, content, version, \
        created_at FROM guidance_requests WHERE ($1 OR school_id IN (SELECT unhex(value) FROM json_each($2)) \
        OR class_id IN (SELECT unhex(value) FROM json_each($3)) OR author_id = $4) \
        AND ($5 IS NULL OR state = $5) AND id < $6 ORDER BY id DESC LIMIT $7";
    let query = tx.q(LIST).bind(see.all).bind(see.schools).bind(see.classes).bind(see.owner);
    let query = query.bind(state.map(GuidanceState::word)).bind(before_id(page)).bind(page.fetch());
    let mut rows: Vec<RequestRow> = query.all().await?;
    let token = page.cut(&mut rows, |last| vec![last.id.to_string()]);
    Ok((opened(tx, keys, rows).await?, token))
}

async fn opened(tx: &mut Tx, keys: &Keys, rows: Vec<RequestRow>) -> Result<Vec<GuidanceRequest>, StoreError> {
    const ALL: &str = "SELECT id, request_id, author_id, said_at, content FROM guidance_replies \
        WHERE request_id IN (SELECT unhex(value) FROM json_each($1)) ORDER BY id";
    let pupils: Vec<Uuid> = rows.iter().map(|row| row.student_id).collect();
    let keys = keys.existing_tx(tx, &pupils).await?;
    let requests: IdList = rows.iter().map(|row| row.id).collect();
    let mut replies: HashMap<Uuid, Vec<ReplyRow>> = HashMap::new();
    for row in tx.q(ALL).bind(requests).all::<ReplyRow>().await? {
        replies.entry(row.request_id).or_default().push(row);
    }
    let mut opened = Vec::with_capacity(rows.len());
    for row in rows {
        let own = replies.remove(&row.id).unwrap_or_default();
        opened.extend(row.request(&keys, own)?);
    }
    Ok(opened)
}
