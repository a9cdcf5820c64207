//! Assignments: targets as pupils see them, and the desk at which answers are handed in.

use super::{Stored, Window, campaigns, targets};
use crate::domain::{
    campaign::{Campaign, Target},
    ids::{CampaignId, ResponseId, StudentId, TargetId},
};
use uuid::Uuid;
use xinqiao_kit::{
    db::{Db, Query},
    time::Ts,
};

/// A target with its campaign.
#[derive(Debug, Clone, PartialEq)]
pub struct Assignment {
    /// The target.
    pub target: Target,
    /// Its campaign.
    pub campaign: Campaign,
}

/// Columns of both sides under names of their own.
macro_rules! both {
    () => {
        "t.id AS t_id, t.student_id, t.school_id AS t_school_id, t.class_id, t.state AS t_state, t.needs_consent, t.consented_at, t.attempts, \
         t.submitted_at, c.id, c.version, c.school_id, c.title, c.purposes, c.scope, c.instrument_id, c.instrument_version, c.start_at, \
         c.end_at, c.consent_rule, c.state, c.target_count, c.creator, c.created_at, c.opened_at, c.closed_at"
    };
}

#[derive(sqlx::FromRow)]
struct BothRow {
    t_id: TargetId,
    student_id: StudentId,
    t_school_id: crate::domain::ids::SchoolId,
    class_id: crate::domain::ids::ClassId,
    t_state: String,
    needs_consent: bool,
    consented_at: Option<Ts>,
    attempts: i32,
    submitted_at: Option<Ts>,
    #[sqlx(flatten)]
    campaign: campaigns::Row,
}

impl TryFrom<BothRow> for Assignment {
    type Error = xinqiao_kit::keys::KeyError;

    fn try_from(row: BothRow) -> Stored<Self> {
        let campaign = Campaign::try_from(row.campaign)?;
        let target = targets::target(
            (row.t_id, campaign.id, row.student_id, row.t_school_id, row.class_id),
            &row.t_state,
            (row.needs_consent, row.consented_at),
            (row.attempts, row.submitted_at),
        )?;
        Ok(Self { target, campaign })
    }
}

async fn one(query: Query<'_>) -> Stored<Option<Assignment>> {
    query.opt::<BothRow>().await?.map(Assignment::try_from).transpose()
}

/// What a pupil is asked in a campaign.
pub async fn of_student(db: &Db, campaign: CampaignId, student: StudentId) -> Stored<Option<Assignment>> {
    let query = db.read(concat!(
        "SELECT ",
        both!(),
        " FROM targets t JOIN campaigns c ON c.id = t.campaign_id WHERE t.student_id = $1 AND t.campaign_id = $2"
    ));
    one(query.bind(student).bind(campaign)).await
}

/// One assignment.
pub async fn get(db: &Db, id: TargetId) -> Stored<Option<Assignment>> {
    let query = db.read(concat!(
        "SELECT ",
        both!(),
        " FROM targets t JOIN campaigns c ON c.id = t.campaign_id WHERE t.id = $1 AND c.state IN ('open', 'closed')"
    ));
    one(query.bind(id)).await
}

/// Assignments of pupils, newest first: of campaigns that run at `now`, and answered ones of campaigns that began after `since`.
pub async fn list(db: &Db, window: &Window, now: Ts, since: Ts) -> Stored<Vec<Assignment>> {
    let query = db.read(concat!(
        "SELECT ",
        both!(),
        " FROM targets t JOIN campaigns c ON c.id = t.campaign_id
          WHERE t.student_id IN (SELECT unhex(value) FROM json_each($1)) AND t.id < $2
            AND ((c.state = 'open' AND c.end_at > $3 AND t.state NOT IN ('left', 'exempt', 'refused'))
              OR (c.state IN ('open', 'closed') AND t.submitted_at IS NOT NULL AND c.start_at > $4))
          ORDER BY t.id DESC LIMIT $5"
    ));
    let query =
        query.bind(window.students.clone()).bind(window.from).bind(now).bind(since).bind(window.fetch);
    query.all::<BothRow>().await?.into_iter().map(Assignment::try_from).collect()
}

/// The response that a client key names, if it was taken.
pub async fn response_of_key(db: &Db, student: StudentId, client_key: Uuid) -> Stored<Option<ResponseId>> {
    let query = db.read("SELECT id FROM responses WHERE student_id = $1 AND client_key = $2");
    Ok(query.bind(student).bind(client_key).get_opt().await?)
}
