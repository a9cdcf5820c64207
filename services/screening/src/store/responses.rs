//! Responses and their results.

use super::{Stored, Window, place};
use crate::domain::{
    ids::{CampaignId, ClassId, Place, ResponseId, StudentId, TargetId},
    level::Level,
    report::Tally,
    scoring::Scored,
};
use std::collections::{BTreeMap, HashMap};
use uuid::Uuid;
use xinqiao_kit::{
    db::{Db, IdList, TextList, Tx},
    keys::{KeyError, Keys, SubjectKey},
    time::Ts,
};

/// A response, opened.
#[derive(Debug, Clone, PartialEq)]
pub struct Response {
    /// Id, also that of its result.
    pub id: ResponseId,
    /// The client's key.
    pub client_key: Uuid,
    /// The campaign.
    pub campaign: CampaignId,
    /// The pupil.
    pub student: StudentId,
    /// Where the pupil was.
    pub place: Place,
    /// Id and version of the instrument that scored it.
    pub instrument: (String, i32),
    /// Version of the rules that scored it.
    pub rule_version: i32,
    /// When the pupil began.
    pub start: Ts,
    /// When the pupil finished.
    pub finish: Ts,
    /// When it arrived.
    pub time: Ts,
    /// Whether that was after the end.
    pub late: bool,
    /// Whether everything that is shown was answered.
    pub complete: bool,
    /// Whether the pupil is asked once more.
    pub retest: bool,
    /// The answers.
    pub answers: BTreeMap<String, i32>,
    /// What they mean.
    pub scored: Scored,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: ResponseId,
    client_key: Uuid,
    campaign_id: CampaignId,
    student_id: StudentId,
    school_id: Uuid,
    class_id: Uuid,
    instrument_id: String,
    instrument_version: i32,
    rule_version: i32,
    started_at: Ts,
    finished_at: Ts,
    created_at: Ts,
    late: bool,
    complete: bool,
    retest: bool,
    answers: Vec<u8>,
    result: Vec<u8>,
}

impl Row {
    fn open(self, key: &SubjectKey) -> Stored<Response> {
        Ok(Response {
            answers: key.open_json("responses", "answers", self.id, &self.answers)?,
            scored: key.open_json("responses", "result", self.id, &self.result)?,
            id: self.id,
            client_key: self.client_key,
            campaign: self.campaign_id,
            student: self.student_id,
            place: place(self.school_id, self.class_id),
            instrument: (self.instrument_id, self.instrument_version),
            rule_version: self.rule_version,
            start: self.started_at,
            finish: self.finished_at,
            time: self.created_at,
            late: self.late,
            complete: self.complete,
            retest: self.retest,
        })
    }
}

macro_rules! columns {
    () => {
        "r.id, r.client_key, r.campaign_id, r.student_id, r.school_id, r.class_id, r.instrument_id, r.instrument_version, r.rule_version, \
         r.started_at, r.finished_at, r.created_at, r.late, r.complete, r.retest, r.answers, r.result"
    };
}

/// Where a result belongs, without opening it.
#[derive(Debug, Clone, Copy, sqlx::FromRow)]
pub struct Whose {
    /// The campaign.
    pub campaign_id: CampaignId,
    /// The pupil.
    pub student_id: StudentId,
    /// The school.
    pub school_id: Uuid,
    /// The class.
    pub class_id: Uuid,
}

/// Whose result it is.
pub async fn whose(tx: &mut Tx, id: ResponseId) -> Stored<Option<Whose>> {
    let query = tx.q("SELECT campaign_id, student_id, school_id, class_id FROM responses WHERE id = $1");
    Ok(query.bind(id).opt().await?)
}

/// A response; none if it does not exist or its pupil was erased.
pub async fn get(tx: &mut Tx, id: ResponseId, keys: &Keys) -> Stored<Option<Response>> {
    let row = tx
        .q(concat!("SELECT ", columns!(), " FROM responses r WHERE r.id = $1"))
        .bind(id)
        .opt::<Row>()
        .await?;
    opened(tx, row, keys).await
}

/// The last response of a target.
pub async fn last_of_target(
    tx: &mut Tx,
    target: TargetId,
    campaign: CampaignId,
    student: StudentId,
    keys: &Keys,
) -> Stored<Option<Response>> {
    let query = tx.q(concat!(
        "SELECT ",
        columns!(),
        " FROM responses r WHERE r.student_id = $1 AND r.campaign_id = $2 AND r.target_id = $3 ORDER BY r.id DESC LIMIT 1"
    ));
    let row = query.bind(student).bind(campaign).bind(target).opt::<Row>().await?;
    opened(tx, row, keys).await
}

async fn opened(tx: &mut Tx, row: Option<Row>, keys: &Keys) -> Stored<Option<Response>> {
    let Some(row) = row else {
        return Ok(None);
    };
    let key = keys.existing_tx(tx, &[row.student_id.uuid()]).await?.remove(&row.student_id.uuid());
    key.map(|key| row.open(&key)).transpose()
}

/// Which results to list.
#[derive(Debug, Clone)]
pub enum Of {
    /// Those of a campaign from these classes.
    Campaign(CampaignId, Vec<ClassId>),
    /// Those of a pupil, of all campaigns.
    Student(StudentId),
}

/// What results must have.
#[derive(Debug, Clone)]
pub struct Filter {
    /// Word of a purpose that their campaign states.
    pub purpose: &'static str,
    /// Of this pupil.
    pub student: Option<StudentId>,
    /// Of this class.
    pub class: Option<ClassId>,
    /// With a finding at this level or above.
    pub min_level: Option<Level>,
}

macro_rules! list {
    ($which:literal) => {
        concat!(
            "SELECT ",
            columns!(),
            " FROM responses r JOIN campaigns c ON c.id = r.campaign_id
              WHERE ",
            $which,
            " AND r.id > $3 AND ($4 IS NULL OR r.student_id = $4) AND ($5 IS NULL OR r.class_id = $5)
              AND (',' || c.purposes || ',') LIKE ('%,' || $6 || ',%')
              AND ($7 OR EXISTS (SELECT 1 FROM findings f WHERE f.evidence_id = r.id AND f.level IN (SELECT value FROM json_each($8))))
              ORDER BY r.id LIMIT $9"
        )
    };
}

const OF_CAMPAIGN: &str =
    list!("r.campaign_id = $1 AND r.class_id IN (SELECT unhex(value) FROM json_each($2))");
const OF_STUDENT: &str =
    list!("r.student_id = $1 AND r.school_id IN (SELECT unhex(value) FROM json_each($2))");

/// Results by id, with those of erased pupils left out, and the id after which there are more, if there are. A pupil's are those of the
/// schools that the caller may see.
pub async fn list(
    tx: &mut Tx,
    of: Of,
    filter: &Filter,
    window: &Window,
    keys: &Keys,
) -> Stored<(Vec<Response>, Option<ResponseId>)> {
    let levels = Level::ALL.into_iter().filter(|level| filter.min_level.is_some_and(|min| *level >= min));
    let levels: Vec<&str> = levels.map(Level::word).collect();
    let query = match of {
        Of::Campaign(campaign, classes) => tx.q(OF_CAMPAIGN).bind(campaign).bind(IdList::from(classes)),
        Of::Student(student) => tx.q(OF_STUDENT).bind(student).bind(window.schools.clone()),
    };
    let mut rows = query
        .bind(window.from)
        .bind(filter.student)
        .bind(filter.class)
        .bind(filter.purpose)
        .bind(filter.min_level.is_none())
        .bind(TextList::from(levels))
        .bind(window.fetch)
        .all::<Row>()
        .await?;
    let limit = usize::try_from(window.fetch - 1).unwrap_or_default();
    let more = rows.len() > limit;
    rows.truncate(limit);
    let last = rows.last().map(|row| row.id).filter(|_| more);
    let students: Vec<Uuid> = rows.iter().map(|row| row.student_id.uuid()).collect();
    let found = keys.existing_tx(tx, &students).await?;
    let opened =
        rows.into_iter().filter_map(|row| found.get(&row.student_id.uuid()).map(|key| row.open(key)));
    Ok((opened.collect::<Stored<Vec<_>>>()?, last))
}

#[derive(sqlx::FromRow)]
struct ResultRow {
    id: ResponseId,
    student_id: StudentId,
    result: Vec<u8>,
}

/// Rows that one class's tally reads at most.
const TALLY_ROWS: i64 = 10_000;

/// Adds up the results of a class: how many responses were looked at, and their counts. Those of erased pupils are not in the counts.
pub async fn tally(db: &Db, campaign: CampaignId, class: ClassId, keys: &Keys) -> Stored<(i64, Tally)> {
    let query = db.read("SELECT id, student_id, result FROM responses WHERE campaign_id = $1 AND class_id = $2 ORDER BY id LIMIT $3");
    let rows = query.bind(campaign).bind(class).bind(TALLY_ROWS).all::<ResultRow>().await?;
    let students: Vec<Uuid> = rows.iter().map(|row| row.student_id.uuid()).collect();
    let found: HashMap<Uuid, SubjectKey> = keys.existing(db, &students).await?;
    let mut tally = Tally::default();
    for row in &rows {
        if let Some(key) = found.get(&row.student_id.uuid()) {
            let scored: Scored = key.open_json("responses", "result", row.id, &row.result)?;
            tally.add(&scored);
        }
    }
    let count = i64::try_from(rows.len()).map_err(|_| KeyError::Library)?;
    Ok((count, tally))
}
