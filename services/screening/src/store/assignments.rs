//! Targets as pupils see them: the desk at which answers are handed in. Rows name their campaign with its version; the campaign itself is
//! mostly in memory.

use super::{Stored, Window, targets};
use crate::domain::{
    ids::{CampaignId, ResponseId, StudentId, TargetId},
    target::Target,
};
use uuid::Uuid;
use xinqiao_kit::{db::Db, time::Ts};

/// A target and the version of its campaign.
#[derive(Debug, Clone, PartialEq)]
pub struct Seat {
    /// The target.
    pub target: Target,
    /// Version of the campaign's row.
    pub campaign_version: i64,
}

#[derive(sqlx::FromRow)]
struct SeatRow {
    #[sqlx(flatten)]
    target: targets::Row,
    campaign_version: i64,
}

impl TryFrom<SeatRow> for Seat {
    type Error = xinqiao_kit::keys::KeyError;

    fn try_from(row: SeatRow) -> Stored<Self> {
        Ok(Self { target: row.target.try_into()?, campaign_version: row.campaign_version })
    }
}

macro_rules! columns {
    () => {
        "t.id, t.campaign_id, t.student_id, t.school_id, t.class_id, t.state, t.needs_consent, t.consented_at, t.attempts, t.submitted_at, \
         c.version AS campaign_version"
    };
}

/// A pupil's seat in a campaign.
pub async fn of_student(db: &Db, campaign: CampaignId, student: StudentId) -> Stored<Option<Seat>> {
    let query = db.read(concat!(
        "SELECT ",
        columns!(),
        " FROM targets t JOIN campaigns c ON c.id = t.campaign_id WHERE t.student_id = $1 AND t.campaign_id = $2"
    ));
    query.bind(student).bind(campaign).opt::<SeatRow>().await?.map(Seat::try_from).transpose()
}

/// One seat of a campaign that is open or was.
pub async fn get(db: &Db, id: TargetId) -> Stored<Option<Seat>> {
    let query = db.read(concat!(
        "SELECT ",
        columns!(),
        " FROM targets t JOIN campaigns c ON c.id = t.campaign_id WHERE t.id = $1 AND c.state IN ('open', 'closed')"
    ));
    query.bind(id).opt::<SeatRow>().await?.map(Seat::try_from).transpose()
}

/// Seats of pupils, newest first: of campaigns that run at `now`, and answered ones of campaigns that began after `since`.
pub async fn list(db: &Db, window: &Window, now: Ts, since: Ts) -> Stored<Vec<Seat>> {
    let query = db.read(concat!(
        "SELECT ",
        columns!(),
        " FROM targets t JOIN campaigns c ON c.id = t.campaign_id
          WHERE t.student_id IN (SELECT unhex(value) FROM json_each($1)) AND t.id < $2
            AND ((c.state = 'open' AND c.end_at > $3 AND t.state NOT IN ('left', 'exempt', 'refused'))
              OR (c.state IN ('open', 'closed') AND t.submitted_at IS NOT NULL AND c.start_at > $4))
          ORDER BY t.id DESC LIMIT $5"
    ));
    let query =
        query.bind(window.students.clone()).bind(window.from).bind(now).bind(since).bind(window.fetch);
    query.all::<SeatRow>().await?.into_iter().map(Seat::try_from).collect()
}

/// The response that a client key names, if it was taken.
pub async fn response_of_key(db: &Db, student: StudentId, client_key: Uuid) -> Stored<Option<ResponseId>> {
    let query = db.read("SELECT id FROM responses WHERE student_id = $1 AND client_key = $2");
    Ok(query.bind(student).bind(client_key).get_opt().await?)
}
