//! Alerts. Whoever changes one holds its row until commit: the steps of an escalation and an acknowledgement cannot pass each other.

use super::{Seen, StoreError, int, known, uint};
use crate::domain::{
    Alert, AlertId, AlertState, ClassId, SchoolId, Severity, StudentId, UserId,
    alert::number,
    escalation::{Due, Escalation, MicroDuration, Phase, Waiting},
};
use chrono::Datelike as _;
use uuid::Uuid;
use xinqiao_kit::{
    db::{Db, DbError, IdList, Sql, TextList, Tx},
    sql,
    time::Ts,
};

macro_rules! columns {
    () => {
        "id, number, student_id, school_id, class_id, placed, drill, severity, state, round, run_start, next_step, county, \
         due_at, armed_at, rest_micros, acknowledged_by, acknowledged_at, action_at, closed_at, created_at, updated_at, version"
    };
}

#[derive(sqlx::FromRow)]
struct Row {
    id: AlertId,
    number: String,
    student_id: StudentId,
    school_id: Option<SchoolId>,
    class_id: Option<ClassId>,
    placed: bool,
    drill: bool,
    severity: String,
    state: String,
    round: i32,
    run_start: i32,
    next_step: i32,
    county: bool,
    due_at: Option<Ts>,
    armed_at: Option<Ts>,
    rest_micros: Option<i64>,
    acknowledged_by: Option<UserId>,
    acknowledged_at: Option<Ts>,
    action_at: Option<Ts>,
    closed_at: Option<Ts>,
    created_at: Ts,
    updated_at: Ts,
    version: i64,
}

impl Row {
    fn alert(self) -> Result<Alert, StoreError> {
        let escalation = Escalation {
            severity: known("alerts", "severity", Severity::from_code(&self.severity))?,
            phase: self.phase()?,
            round: uint("alerts", "round", self.round)?,
            run_start: uint("alerts", "run_start", self.run_start)?,
            next_step: uint("alerts", "next_step", self.next_step)?,
            county: self.county,
        };
        Ok(Alert {
            id: self.id,
            number: self.number,
            student: self.student_id,
            school: self.school_id,
            class: self.class_id,
            placed: self.placed,
            drill: self.drill,
            escalation,
            acknowledged: self.acknowledged_by.zip(self.acknowledged_at),
            action_at: self.action_at,
            closed_at: self.closed_at,
            created_at: self.created_at,
            updated_at: self.updated_at,
            version: self.version,
        })
    }

    fn phase(&self) -> Result<Phase, StoreError> {
        let state = known("alerts", "state", AlertState::from_code(&self.state))?;
        let due = self.armed_at.zip(self.due_at).map(|(armed, at)| Due { armed, at });
        Ok(match state {
            AlertState::Open => Phase::Open {
                due: known("alerts", "due_at", due)?,
                waiting: self
                    .rest_micros
                    .map_or(Waiting::Step, |rest| Waiting::Receipt { rest: MicroDuration(rest) }),
            },
            AlertState::Acknowledged => Phase::Acknowledged { action_due: due },
            AlertState::InHand => Phase::InHand { action_due: due },
            AlertState::Resolved => Phase::Resolved,
            AlertState::Unfounded => Phase::Unfounded,
        })
    }
}

/// What an escalation needs of its row besides severity and counts.
fn due_columns(escalation: &Escalation) -> (Option<Ts>, Option<Ts>, Option<i64>) {
    let due = escalation.due();
    let rest = match escalation.phase {
        Phase::Open { waiting: Waiting::Receipt { rest }, .. } => Some(rest.0),
        _ => None,
    };
    (due.map(|due| due.at), due.map(|due| due.armed), rest)
}

/// The next number of the year in which `now` lies.
pub async fn next_number(tx: &mut Tx, now: Ts) -> Result<String, DbError> {
    let year = now.shanghai_date().year();
    let last: i64 = tx
        .q("INSERT INTO alert_numbers (year, last) VALUES ($1, 1) ON CONFLICT (year) DO UPDATE SET \
            last = alert_numbers.last + 1 RETURNING last")
        .bind(year)
        .get()
        .await?;
    Ok(number(year, last))
}

/// Writes a new alert. False if the pupil has an open one: somebody else was first.
pub async fn insert(tx: &mut Tx, alert: &Alert) -> Result<bool, DbError> {
    let (due_at, armed_at, rest) = due_columns(&alert.escalation);
    let rows = tx
        .q("INSERT INTO alerts (id, number, student_id, open_student_id, drill, school_id, class_id, placed, severity, state, \
            round, run_start, next_step, county, due_at, armed_at, rest_micros, failures, created_at, updated_at, version) \
            VALUES ($1, $2, $3, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, 0, $17, $17, 1) \
            ON CONFLICT (open_student_id, drill) DO NOTHING")
        .bind(alert.id)
        .bind(alert.number.clone())
        .bind(alert.student)
        .bind(alert.drill)
        .bind(alert.school)
        .bind(alert.class)
        .bind(alert.placed)
        .bind(alert.severity().code())
        .bind(alert.state().code())
        .bind(int(alert.escalation.round))
        .bind(int(alert.escalation.run_start))
        .bind(int(alert.escalation.next_step))
        .bind(alert.escalation.county)
        .bind(due_at)
        .bind(armed_at)
        .bind(rest)
        .bind(alert.created_at)
        .exec()
        .await?;
    Ok(rows == 1)
}

/// Writes what has changed and counts the version up. False if another open alert of the pupil is in the way.
pub async fn update(tx: &mut Tx, alert: &mut Alert, now: Ts) -> Result<bool, DbError> {
    let (due_at, armed_at, rest) = due_columns(&alert.escalation);
    let gathers = alert.state().gathers().then_some(alert.student);
    let rows = tx
        .q("UPDATE alerts SET open_student_id = $2, school_id = $3, class_id = $4, placed = $5, severity = $6, state = $7, \
            round = $8, run_start = $9, next_step = $10, county = $11, due_at = $12, armed_at = $13, rest_micros = $14, \
            acknowledged_by = $15, acknowledged_at = $16, action_at = $17, closed_at = $18, failures = 0, failed_at = NULL, \
            retry_at = NULL, updated_at = $19, version = version + 1 \
            WHERE id = $1 AND NOT EXISTS (SELECT 1 FROM alerts other WHERE other.open_student_id = $2 \
            AND other.drill = alerts.drill AND other.id <> $1)")
        .bind(alert.id)
        .bind(gathers)
        .bind(alert.school)
        .bind(alert.class)
        .bind(alert.placed)
        .bind(alert.severity().code())
        .bind(alert.state().code())
        .bind(int(alert.escalation.round))
        .bind(int(alert.escalation.run_start))
        .bind(int(alert.escalation.next_step))
        .bind(alert.escalation.county)
        .bind(due_at)
        .bind(armed_at)
        .bind(rest)
        .bind(alert.acknowledged.map(|(user, _)| user))
        .bind(alert.acknowledged.map(|(_, at)| at))
        .bind(alert.action_at)
        .bind(alert.closed_at)
        .bind(now)
        .exec()
        .await?;
    alert.updated_at = now;
    alert.version += 1;
    Ok(rows == 1)
}

const GET: &str = concat!("SELECT ", columns!(), " FROM alerts WHERE id = $1");
const LOCK: Sql = sql!("SELECT id FROM alerts WHERE id = $1" pg " FOR NO KEY UPDATE");

/// An alert.
pub async fn get(tx: &mut Tx, id: AlertId) -> Result<Option<Alert>, StoreError> {
    tx.q(GET).bind(id).opt::<Row>().await?.map(Row::alert).transpose()
}

/// An alert, held until commit.
pub async fn lock(tx: &mut Tx, id: AlertId) -> Result<Option<Alert>, StoreError> {
    tx.q(LOCK).bind(id).get_opt::<Uuid>().await?;
    get(tx, id).await
}

/// The pupil's open alert, held until commit.
pub async fn lock_open(tx: &mut Tx, student: StudentId, drill: bool) -> Result<Option<Alert>, StoreError> {
    const LOCK_OPEN: Sql =
        sql!("SELECT id FROM alerts WHERE open_student_id = $1 AND drill = $2" pg " FOR NO KEY UPDATE");
    match tx.q(LOCK_OPEN).bind(student).bind(drill).get_opt::<Uuid>().await? {
        Some(id) => get(tx, id.into()).await,
        None => Ok(None),
    }
}

/// The pupil's open alerts, drills included, held until commit.
pub async fn lock_all_open(tx: &mut Tx, student: StudentId) -> Result<Vec<Alert>, StoreError> {
    const LOCK_ALL: Sql =
        sql!("SELECT id FROM alerts WHERE open_student_id = $1 ORDER BY id" pg " FOR NO KEY UPDATE");
    let ids = tx.q(LOCK_ALL).bind(student).all::<(AlertId,)>().await?;
    let mut found = Vec::with_capacity(ids.len());
    for (id,) in ids {
        found.extend(get(tx, id).await?);
    }
    Ok(found)
}

/// Which alerts a worker looks after.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Lane {
    /// Red alerts, and nothing else: no yellow one can be in the way (R9).
    Red,
    /// Orange ones before yellow ones.
    Other,
}

impl Lane {
    /// Its name in the database and the log.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Red => "red",
            Self::Other => "other",
        }
    }
}

/// What is due: by its time, or because the clock was set back behind the time at which that was decided. Binds now.
macro_rules! due {
    () => {
        "due_at IS NOT NULL AND (due_at <= $1 OR armed_at > $1) \
         AND (retry_at IS NULL OR retry_at <= $1 OR failed_at > $1) "
    };
}

/// Claims one alert that is due, held until commit; one that another worker holds is passed over.
pub async fn claim_due(tx: &mut Tx, lane: Lane, now: Ts) -> Result<Option<AlertId>, DbError> {
    const RED: Sql = sql!(
        "SELECT id FROM alerts WHERE severity = 'red' AND due_at IS NOT NULL AND (due_at <= $1 OR armed_at > $1) \
         AND (retry_at IS NULL OR retry_at <= $1 OR failed_at > $1) ORDER BY due_at LIMIT 1"
        pg " FOR NO KEY UPDATE SKIP LOCKED"
    );
    const OTHER: Sql = sql!(
        "SELECT id FROM alerts WHERE severity <> 'red' AND due_at IS NOT NULL AND (due_at <= $1 OR armed_at > $1) \
         AND (retry_at IS NULL OR retry_at <= $1 OR failed_at > $1) \
         ORDER BY CASE severity WHEN 'orange' THEN 0 ELSE 1 END, due_at LIMIT 1"
        pg " FOR NO KEY UPDATE SKIP LOCKED"
    );
    let query = match lane {
        Lane::Red => RED,
        Lane::Other => OTHER,
    };
    tx.q(query).bind(now).get_opt::<AlertId>().await
}

/// Whether something is due in a lane: asked without a transaction, so that an idle worker writes nothing.
pub async fn is_anything_due(db: &Db, lane: Lane, now: Ts) -> Result<bool, DbError> {
    const ANY: &str = concat!(
        "SELECT EXISTS (SELECT 1 FROM alerts WHERE CASE WHEN $2 THEN severity = 'red' ELSE severity <> 'red' END AND ",
        due!(),
        ")"
    );
    db.read(ANY).bind(now).bind(lane == Lane::Red).get().await
}

/// How often escalating an alert has failed in a row.
pub async fn failures(tx: &mut Tx, id: AlertId) -> Result<i32, DbError> {
    const LOCK_FAILURES: Sql = sql!("SELECT failures FROM alerts WHERE id = $1" pg " FOR NO KEY UPDATE");
    Ok(tx.q(LOCK_FAILURES).bind(id).get_opt().await?.unwrap_or_default())
}

/// Notes that escalating an alert failed, and when to try again.
pub async fn note_failure(tx: &mut Tx, id: AlertId, now: Ts, retry_at: Ts) -> Result<(), DbError> {
    tx.q("UPDATE alerts SET failures = failures + 1, failed_at = $2, retry_at = $3 WHERE id = $1")
        .bind(id)
        .bind(now)
        .bind(retry_at)
        .exec()
        .await?;
    Ok(())
}

/// Records a step. False if it was there already: it must not start again (R4).
pub async fn start_step(
    tx: &mut Tx,
    alert: AlertId,
    round: u32,
    step: u32,
    now: Ts,
) -> Result<bool, DbError> {
    let rows = tx
        .q("INSERT INTO escalation_steps (alert_id, round, step, started_at) VALUES ($1, $2, $3, $4) \
            ON CONFLICT (alert_id, round, step) DO NOTHING")
        .bind(alert)
        .bind(int(round))
        .bind(int(step))
        .bind(now)
        .exec()
        .await?;
    Ok(rows == 1)
}

/// Which alerts a list is to show.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// In one of these states; all if empty.
    pub states: Vec<AlertState>,
    /// Of this school.
    pub school: Option<SchoolId>,
    /// About this pupil.
    pub student: Option<StudentId>,
    /// At least as urgent.
    pub min_severity: Option<Severity>,
}

/// Alerts that `seen` shows, newest first, those with an id below `before`.
pub async fn list(
    tx: &mut Tx,
    seen: Seen,
    filter: &Filter,
    before: Option<AlertId>,
    limit: i64,
) -> Result<Vec<Alert>, StoreError> {
    const LIST: &str = concat!(
        "SELECT ",
        columns!(),
        " FROM alerts WHERE ($1 OR school_id IN (SELECT unhex(value) FROM json_each($2)) \
         OR class_id IN (SELECT unhex(value) FROM json_each($3)) OR student_id IN (SELECT unhex(value) FROM json_each($4)) \
         OR id IN (SELECT alert_id FROM notifications WHERE recipient = $5 AND alert_id IS NOT NULL) OR ($6 AND county)) \
         AND state IN (SELECT value FROM json_each($7)) AND severity IN (SELECT value FROM json_each($8)) \
         AND ($9 OR school_id = $10) AND ($11 OR student_id = $12) AND ($13 OR id < $14) ORDER BY id DESC LIMIT $15"
    );
    let states = if filter.states.is_empty() { AlertState::ALL } else { &filter.states };
    let least = filter.min_severity.unwrap_or(Severity::Yellow);
    let severities = Severity::ALL.iter().filter(|severity| **severity >= least);
    let codes = |codes: Vec<&str>| TextList::from(codes.into_iter().map(str::to_owned).collect::<Vec<_>>());
    let rows = tx
        .q(LIST)
        .bind(seen.grants.all)
        .bind(seen.grants.schools)
        .bind(seen.grants.classes)
        .bind(seen.grants.students)
        .bind(seen.grants.owner.unwrap_or_default())
        .bind(seen.county)
        .bind(codes(states.iter().map(|state| state.code()).collect()))
        .bind(codes(severities.map(|severity| severity.code()).collect()))
        .bind(filter.school.is_none())
        .bind(filter.school.map(SchoolId::uuid).unwrap_or_default())
        .bind(filter.student.is_none())
        .bind(filter.student.map(StudentId::uuid).unwrap_or_default())
        .bind(before.is_none())
        .bind(before.map(AlertId::uuid).unwrap_or_default())
        .bind(limit)
        .all::<Row>()
        .await?;
    rows.into_iter().map(Row::alert).collect()
}

/// Alerts whose pupil has not been placed yet, oldest first.
pub async fn unplaced(db: &Db, limit: i64) -> Result<Vec<(AlertId, StudentId)>, DbError> {
    db.read("SELECT id, student_id FROM alerts WHERE NOT placed AND open_student_id IS NOT NULL ORDER BY id LIMIT $1")
        .bind(limit)
        .all()
        .await
}

/// Notes that a person opened an alert; true the first time.
pub async fn view(tx: &mut Tx, alert: AlertId, user: UserId) -> Result<bool, DbError> {
    let rows = tx
        .q("INSERT INTO views (alert_id, user_id) VALUES ($1, $2) ON CONFLICT (alert_id, user_id) DO NOTHING")
        .bind(alert)
        .bind(user)
        .exec()
        .await?;
    Ok(rows == 1)
}

/// Which of these alerts a person was told of: being told is what lets people of no fixed post see one.
pub async fn told(tx: &mut Tx, alerts: &[AlertId], user: UserId) -> Result<Vec<AlertId>, DbError> {
    let rows = tx
        .q("SELECT DISTINCT alert_id FROM notifications WHERE recipient = $1 \
            AND alert_id IN (SELECT unhex(value) FROM json_each($2))")
        .bind(user)
        .bind(IdList::from(alerts))
        .all::<(AlertId,)>()
        .await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}
