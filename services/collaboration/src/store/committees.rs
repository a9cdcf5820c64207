//! Committees and their members.

use super::{Source, StoreError, known};
use crate::domain::{
    committee::{Committee, CommitteeRole, Member},
    ids::{ClassId, CommitteeId, MemberId, SchoolId},
};
use chrono::NaiveDate;
use std::collections::HashMap;
use uuid::Uuid;
use xinqiao_kit::{
    db::{IdList, Tx},
    keys::{Keys, SubjectKey},
    page::Page,
    time::Ts,
};

const TABLE: &str = "committees";
const MEMBERS: &str = "committee_members";

#[derive(sqlx::FromRow)]
struct CommitteeRow {
    id: Uuid,
    school_id: Uuid,
    class_id: Option<Uuid>,
    founded_on: NaiveDate,
    content: Vec<u8>,
    version: i64,
    created_at: Ts,
}

impl CommitteeRow {
    fn committee(self, key: &SubjectKey, members: Vec<Member>) -> Result<Committee, StoreError> {
        Ok(Committee {
            id: CommitteeId(self.id),
            school: SchoolId(self.school_id),
            class: self.class_id.map(ClassId),
            founded_on: self.founded_on,
            attachment: key.open_text(TABLE, "content", self.id, &self.content)?,
            members,
            version: self.version,
            created_at: self.created_at,
        })
    }
}

#[derive(sqlx::FromRow)]
struct MemberRow {
    id: Uuid,
    committee_id: Uuid,
    role: String,
    starts_on: NaiveDate,
    ends_on: NaiveDate,
    content: Vec<u8>,
}

impl MemberRow {
    fn member(self, key: &SubjectKey) -> Result<Member, StoreError> {
        Ok(Member {
            id: MemberId(self.id),
            display_name: key.open_text(MEMBERS, "content", self.id, &self.content)?,
            role: known(CommitteeRole::of_word(&self.role), (MEMBERS, "role"))?,
            starts_on: self.starts_on,
            ends_on: self.ends_on,
        })
    }
}

/// Adds a committee; false when the school or class already has one.
pub async fn insert(tx: &mut Tx, keys: &Keys, committee: &Committee) -> Result<bool, StoreError> {
    const INSERT: &str = "INSERT INTO committees (id, school_id, level, class_id, body_id, founded_on, content, version, \
        created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING";
    let content = keys.service_subject().seal_text(TABLE, "content", committee.id, &committee.attachment)?;
    let query = tx.q(INSERT).bind(committee.id).bind(committee.school).bind(committee.level().word());
    let query = query.bind(committee.class).bind(committee.body()).bind(committee.founded_on).bind(content);
    Ok(query.bind(committee.version).bind(committee.created_at).exec().await? == 1)
}

/// Takes note that a committee's members changed; false when another change came first.
pub async fn touch(tx: &mut Tx, committee: &Committee) -> Result<bool, StoreError> {
    const UPDATE: &str = "UPDATE committees SET version = $1 WHERE id = $2 AND version = $1 - 1";
    Ok(tx.q(UPDATE).bind(committee.version).bind(committee.id).exec().await? == 1)
}

/// Adds a member, or writes a known member's last day.
pub async fn put_member(
    tx: &mut Tx,
    keys: &Keys,
    of: CommitteeId,
    member: &Member,
) -> Result<(), StoreError> {
    const PUT: &str = "INSERT INTO committee_members (id, committee_id, role, starts_on, ends_on, content) \
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (id) DO UPDATE SET ends_on = excluded.ends_on";
    let content = keys.service_subject().seal_text(MEMBERS, "content", member.id, &member.display_name)?;
    let query = tx.q(PUT).bind(member.id).bind(of).bind(member.role.word());
    query.bind(member.starts_on).bind(member.ends_on).bind(content).exec().await?;
    Ok(())
}

/// One committee with its members.
pub async fn find(
    mut from: impl Source,
    keys: &Keys,
    id: CommitteeId,
) -> Result<Option<Committee>, StoreError> {
    const ONE: &str = "SELECT id, school_id, class_id, founded_on, content, version, created_at FROM committees \
        WHERE id = $1";
    let Some(row) = from.q(ONE).bind(id).opt::<CommitteeRow>().await? else { return Ok(None) };
    let mut members = members_of(&mut from, keys, &[row.id]).await?;
    let members = members.remove(&row.id).unwrap_or_default();
    Ok(Some(row.committee(&keys.service_subject(), members)?))
}

/// A page of the committees of a school with their members, the school's own first; one more than the page holds.
pub async fn list(
    mut from: impl Source,
    keys: &Keys,
    school: SchoolId,
    page: &Page,
) -> Result<Vec<Committee>, StoreError> {
    // `class` sorts before `school`: the list goes backwards through the index.
    const LIST: &str = "SELECT id, school_id, class_id, founded_on, content, version, created_at FROM committees \
        WHERE school_id = $1 AND (level, id) < ($2, $3) ORDER BY level DESC, id DESC LIMIT $4";
    let (level, id) = match page.after.as_ref().and_then(|parts| parts.first()) {
        Some(level) => (level.clone(), page.after_id(1)),
        None => ("~".to_owned(), Uuid::max()),
    };
    let query = from.q(LIST).bind(school).bind(level).bind(id).bind(page.fetch());
    let rows: Vec<CommitteeRow> = query.all().await?;
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let mut members = members_of(&mut from, keys, &ids).await?;
    let key = keys.service_subject();
    rows.into_iter()
        .map(|row| {
            let members = members.remove(&row.id).unwrap_or_default();
            row.committee(&key, members)
        })
        .collect()
}

async fn members_of(
    from: &mut impl Source,
    keys: &Keys,
    committees: &[Uuid],
) -> Result<HashMap<Uuid, Vec<Member>>, StoreError> {
    const ALL: &str = "SELECT id, committee_id, role, starts_on, ends_on, content FROM committee_members \
        WHERE committee_id IN (SELECT unhex(value) FROM json_each($1)) ORDER BY starts_on, id";
    let rows = from.q(ALL).bind(IdList::from(committees)).all::<MemberRow>().await?;
    let key = keys.service_subject();
    let mut members: HashMap<Uuid, Vec<Member>> = HashMap::new();
    for row in rows {
        members.entry(row.committee_id).or_default().push(row.member(&key)?);
    }
    Ok(members)
}
