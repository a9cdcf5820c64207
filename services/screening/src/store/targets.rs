//! Targets: who is asked in a campaign, and how far each is.

use super::{Stored, Window, unknown};
use crate::domain::{
    ids::{CampaignId, ClassId, SchoolId, StudentId, TargetId},
    target::{Target, TargetState},
};
use uuid::Uuid;
use xinqiao_kit::{
    db::{Db, IdList, Query, Tx},
    insert_rows,
    keys::{KeyError, SubjectKey},
    time::Ts,
};

macro_rules! columns {
    () => {
        "targets.id, targets.campaign_id, targets.student_id, targets.school_id, targets.class_id, targets.state, targets.needs_consent, \
         targets.consented_at, targets.attempts, targets.submitted_at"
    };
}

/// A target's row.
#[derive(Debug, sqlx::FromRow)]
pub struct Row {
    id: TargetId,
    campaign_id: CampaignId,
    student_id: StudentId,
    school_id: SchoolId,
    class_id: ClassId,
    state: String,
    needs_consent: bool,
    consented_at: Option<Ts>,
    attempts: i32,
    submitted_at: Option<Ts>,
}

impl TryFrom<Row> for Target {
    type Error = KeyError;

    fn try_from(row: Row) -> Stored<Self> {
        Ok(Self {
            id: row.id,
            campaign: row.campaign_id,
            student: row.student_id,
            school: row.school_id,
            class: row.class_id,
            state: TargetState::of_word(&row.state).ok_or_else(|| unknown("targets", "state"))?,
            needs_consent: row.needs_consent,
            consent_time: row.consented_at,
            attempts: row.attempts,
            submit_time: row.submitted_at,
        })
    }
}

async fn one(query: Query<'_>) -> Stored<Option<Target>> {
    query.opt::<Row>().await?.map(Target::try_from).transpose()
}

/// Writes targets of a list that is being frozen; those that are there stay.
pub async fn add(tx: &mut Tx, targets: Vec<Target>) -> Stored<u64> {
    let rows = targets.into_iter().map(|target| {
        (
            target.id,
            target.campaign,
            target.student,
            target.school,
            target.class,
            target.state.word(),
            target.needs_consent,
            target.attempts,
        )
    });
    let added = insert_rows!(
        tx,
        "targets",
        [id, campaign_id, student_id, school_id, class_id, state, needs_consent, attempts],
        rows,
        "ON CONFLICT (student_id, campaign_id) DO NOTHING"
    );
    Ok(added.await?)
}

/// A target.
pub async fn get(tx: &mut Tx, id: TargetId) -> Stored<Option<Target>> {
    one(tx.q(concat!("SELECT ", columns!(), " FROM targets WHERE id = $1")).bind(id)).await
}

/// Targets of a campaign in these classes, by id after `after`.
pub async fn list(
    db: &Db,
    campaign: CampaignId,
    classes: Vec<ClassId>,
    state: Option<TargetState>,
    after: Uuid,
    fetch: i64,
) -> Stored<Vec<Target>> {
    let query = db.read(concat!(
        "SELECT ",
        columns!(),
        " FROM targets WHERE campaign_id = $1 AND class_id IN (SELECT unhex(value) FROM json_each($2))
          AND id > $3 AND ($4 = '' OR state = $4) ORDER BY id LIMIT $5"
    ));
    let state = state.map_or("", TargetState::word);
    let query = query.bind(campaign).bind(IdList::from(classes)).bind(after).bind(state).bind(fetch);
    query.all::<Row>().await?.into_iter().map(Target::try_from).collect()
}

/// Excuses a target, or takes that back, with the reason.
pub async fn excuse(
    tx: &mut Tx,
    target: &Target,
    to: TargetState,
    reason: &str,
    key: &SubjectKey,
) -> Stored<bool> {
    let sealed = key.seal_text("targets", "reason", target.id, reason)?;
    let query = tx.q("UPDATE targets SET state = $3, reason = $4 WHERE id = $1 AND state = $2");
    Ok(query.bind(target.id).bind(target.state.word()).bind(to.word()).bind(sealed).exec().await? == 1)
}

/// Those of `students` who are targets of the campaign that the caller may see.
pub async fn visible_students(
    tx: &mut Tx,
    campaign: CampaignId,
    students: &[StudentId],
    window: &Window,
) -> Stored<Vec<StudentId>> {
    let query = tx.q("SELECT student_id FROM targets WHERE campaign_id = $4 AND student_id IN (SELECT unhex(value) FROM json_each($5))
        AND ($1 OR school_id IN (SELECT unhex(value) FROM json_each($2)) OR class_id IN (SELECT unhex(value) FROM json_each($3)))");
    let query = window.bind_places(query).bind(campaign).bind(IdList::from(students));
    let rows: Vec<(StudentId,)> = query.all().await?;
    Ok(rows.into_iter().map(|(student,)| student).collect())
}

/// Records consent for those of `students` who need it and have none on record; gives how many.
pub async fn consent(tx: &mut Tx, campaign: CampaignId, students: &[StudentId], now: Ts) -> Stored<u64> {
    let query = tx.q("UPDATE targets SET consented_at = $3
        WHERE campaign_id = $1 AND student_id IN (SELECT unhex(value) FROM json_each($2)) AND needs_consent AND consented_at IS NULL");
    Ok(query.bind(campaign).bind(IdList::from(students)).bind(now).exec().await?)
}

/// Answers saved on the way.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    /// By link id, in the order of the items.
    pub answers: std::collections::BTreeMap<String, i32>,
    /// When they were saved.
    pub time: Ts,
}

#[derive(sqlx::FromRow)]
struct DraftRow {
    draft: Option<Vec<u8>>,
    drafted_at: Option<Ts>,
}

const DRAFT: &str = "SELECT draft, drafted_at FROM targets WHERE id = $1";

fn open_draft(row: Option<DraftRow>, target: TargetId, key: &SubjectKey) -> Stored<Option<Draft>> {
    match row {
        Some(DraftRow { draft: Some(sealed), drafted_at: Some(time) }) => {
            let answers = key.open_json("targets", "draft", target, &sealed)?;
            Ok(Some(Draft { answers, time }))
        }
        _ => Ok(None),
    }
}

/// Whether a target has a draft, without opening it.
pub async fn has_draft(db: &Db, target: TargetId) -> Stored<bool> {
    let query = db.read("SELECT count(*) FROM targets WHERE id = $1 AND draft IS NOT NULL");
    Ok(query.bind(target).get::<i64>().await? > 0)
}

/// The draft of a target.
pub async fn draft(tx: &mut Tx, target: TargetId, key: &SubjectKey) -> Stored<Option<Draft>> {
    let row = tx.q(DRAFT).bind(target).opt::<DraftRow>().await?;
    open_draft(row, target, key)
}

/// Keeps a draft.
pub async fn save_draft(tx: &mut Tx, target: TargetId, draft: &Draft, key: &SubjectKey) -> Stored<()> {
    let sealed = key.seal_json("targets", "draft", target, &draft.answers)?;
    let query = tx.q("UPDATE targets SET draft = $2, drafted_at = $3 WHERE id = $1");
    query.bind(target).bind(sealed).bind(draft.time).exec().await?;
    Ok(())
}
