//! Proposals to change a colour, with their signatures.

use super::{Part, Seen, Source, StoreError, known, students::granted};
use crate::domain::{
    colour::{Capacity, Colour},
    ids::{ProposalId, SchoolId, StudentId, UserId},
    proposal::{Evidence, Proposal, ProposalState, Signature},
};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use uuid::Uuid;
use xinqiao_kit::{
    db::{IdList, Tx},
    keys::{Keys, SubjectKey},
    time::Ts,
};

#[derive(Serialize, Deserialize)]
struct Body {
    reasons: String,
    evidence: Vec<Evidence>,
    reject_reason: String,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: ProposalId,
    student_id: StudentId,
    from_colour: String,
    to_colour: String,
    urgent: bool,
    body: Vec<u8>,
    state: String,
    proposer: UserId,
    created_at: Ts,
    forced_at: Option<Ts>,
    second_due_at: Option<Ts>,
    ended_at: Option<Ts>,
    version: i64,
}

#[derive(sqlx::FromRow)]
struct SignatureRow {
    proposal_id: ProposalId,
    signer: UserId,
    capacity: String,
    note: Option<Vec<u8>>,
    signed_at: Ts,
}

async fn complete(
    source: &mut impl Source,
    keys: &Keys,
    rows: Vec<Row>,
) -> Result<Vec<Proposal>, StoreError> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let pupils: Vec<Uuid> = rows.iter().map(|row| row.student_id.uuid()).collect();
    let opened = source.keys(keys, &pupils).await?;
    let query = source.query(
        "SELECT proposal_id, signer, capacity, note, signed_at FROM signatures \
         WHERE proposal_id IN (SELECT unhex(value) FROM json_each($1)) ORDER BY proposal_id, position",
    );
    let ids = IdList::from(rows.iter().map(|row| row.id).collect::<Vec<_>>());
    let mut signatures: HashMap<ProposalId, Vec<SignatureRow>> = HashMap::new();
    for row in query.bind(ids).all::<SignatureRow>().await? {
        signatures.entry(row.proposal_id).or_default().push(row);
    }
    let mut proposals = Vec::with_capacity(rows.len());
    for row in rows {
        // A destroyed key is an erased pupil: there is nothing left to show.
        let Some(key) = opened.get(&row.student_id.uuid()) else { continue };
        let signed = signatures.remove(&row.id).unwrap_or_default();
        proposals.push(proposal(key, row, signed)?);
    }
    Ok(proposals)
}

fn proposal(key: &SubjectKey, row: Row, signed: Vec<SignatureRow>) -> Result<Proposal, StoreError> {
    let body: Body = key.open_json("proposals", "body", row.id, &row.body)?;
    let signatures = signed.into_iter().map(|signature| {
        let note =
            signature.note.map(|note| key.open_text("signatures", "note", row.id, &note)).transpose()?;
        Ok(Signature {
            signer: signature.signer,
            capacity: known("signatures", "capacity", Capacity::of_word(&signature.capacity))?,
            signed_at: signature.signed_at,
            note: note.unwrap_or_default(),
        })
    });
    Ok(Proposal {
        id: row.id,
        student: row.student_id,
        from: known("proposals", "from_colour", Colour::of_word(&row.from_colour))?,
        to: known("proposals", "to_colour", Colour::of_word(&row.to_colour))?,
        urgent: row.urgent,
        reasons: body.reasons,
        evidence: body.evidence,
        state: known("proposals", "state", ProposalState::of_word(&row.state))?,
        proposer: row.proposer,
        signatures: signatures.collect::<Result<_, StoreError>>()?,
        created_at: row.created_at,
        forced_at: row.forced_at,
        second_due_at: row.second_due_at,
        ended_at: row.ended_at,
        reject_reason: body.reject_reason,
        version: row.version,
    })
}

fn body(key: &SubjectKey, proposal: &Proposal) -> Result<Vec<u8>, StoreError> {
    let body = Body {
        reasons: proposal.reasons.clone(),
        evidence: proposal.evidence.clone(),
        reject_reason: proposal.reject_reason.clone(),
    };
    key.seal_json("proposals", "body", proposal.id, &body)
}

/// A proposal of a pupil.
pub async fn get(
    source: &mut impl Source,
    keys: &Keys,
    student: StudentId,
    id: ProposalId,
) -> Result<Option<Proposal>, StoreError> {
    let query = source.query("SELECT * FROM proposals WHERE id = $1 AND student_id = $2");
    let rows = query.bind(id).bind(student).all().await?;
    Ok(complete(source, keys, rows).await?.pop())
}

/// The proposals of a pupil that are open or wait for their second signature.
pub async fn live_of(
    source: &mut impl Source,
    keys: &Keys,
    student: StudentId,
) -> Result<Vec<Proposal>, StoreError> {
    let query = source.query(
        "SELECT * FROM proposals WHERE student_id = $1 AND state IN ('open', 'awaiting_second') ORDER BY id",
    );
    let rows = query.bind(student).all().await?;
    complete(source, keys, rows).await
}

/// What a list of proposals is narrowed by.
#[derive(Debug, Clone, Copy, Default)]
pub struct Filter {
    /// Only this pupil.
    pub student: Option<StudentId>,
    /// Only this school.
    pub school: Option<SchoolId>,
    /// Only this state.
    pub state: Option<ProposalState>,
}

/// Proposals that the caller may see; to the county centre those from and to orange.
pub async fn list(
    source: &mut impl Source,
    keys: &Keys,
    seen: &Seen,
    filter: Filter,
    part: Part,
) -> Result<Vec<Proposal>, StoreError> {
    let query = source.query(concat!(
        "SELECT p.* FROM proposals p JOIN students s ON s.id = p.student_id WHERE (",
        granted!(),
        " OR ($5 AND (p.from_colour = 'orange' OR p.to_colour = 'orange'))) \
         AND ($6 IS NULL OR p.student_id = $6) AND ($7 IS NULL OR s.school_id = $7) AND ($8 = '' OR p.state = $8) \
         AND p.id > $9 ORDER BY p.id LIMIT $10"
    ));
    let grants = &seen.grants;
    let query = query.bind(grants.all).bind(grants.schools.clone()).bind(grants.classes.clone());
    let query =
        query.bind(grants.students.clone()).bind(seen.orange).bind(filter.student).bind(filter.school);
    let query = query.bind(filter.state.map_or("", ProposalState::word));
    let rows = query.bind(part.after).bind(part.limit).all().await?;
    complete(source, keys, rows).await
}

/// Adds a proposal.
pub async fn insert(tx: &mut Tx, keys: &Keys, proposal: &Proposal) -> Result<(), StoreError> {
    let key = keys.subject(tx, proposal.student.uuid()).await?;
    tx.q("INSERT INTO proposals (id, student_id, from_colour, to_colour, urgent, body, state, proposer, created_at, version) \
          VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)")
        .bind(proposal.id)
        .bind(proposal.student)
        .bind(proposal.from.word())
        .bind(proposal.to.word())
        .bind(proposal.urgent)
        .bind(body(&key, proposal)?)
        .bind(proposal.state.word())
        .bind(proposal.proposer)
        .bind(proposal.created_at)
        .bind(proposal.version)
        .exec()
        .await?;
    Ok(())
}

/// Writes where a proposal stands, as its next version, with the signatures that are new.
pub async fn update(tx: &mut Tx, keys: &Keys, proposal: Proposal) -> Result<Proposal, StoreError> {
    let next = Proposal { version: proposal.version + 1, ..proposal };
    let key = keys.subject(tx, next.student.uuid()).await?;
    tx.q("UPDATE proposals SET body = $2, state = $3, forced_at = $4, second_due_at = $5, ended_at = $6, version = $7 \
          WHERE id = $1")
        .bind(next.id)
        .bind(body(&key, &next)?)
        .bind(next.state.word())
        .bind(next.forced_at)
        .bind(next.second_due_at)
        .bind(next.ended_at)
        .bind(next.version)
        .exec()
        .await?;
    for (position, signature) in (0_i32..).zip(&next.signatures) {
        let note = match signature.note.as_str() {
            "" => None,
            note => Some(key.seal_text("signatures", "note", next.id, note)?),
        };
        tx.q("INSERT INTO signatures (proposal_id, signer, position, capacity, note, signed_at) \
              VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (proposal_id, signer) DO NOTHING")
            .bind(next.id)
            .bind(signature.signer)
            .bind(position)
            .bind(signature.capacity.word())
            .bind(note)
            .bind(signature.signed_at)
            .exec()
            .await?;
    }
    Ok(next)
}
