//! Following pupils who move: open work goes with them, what was answered stays where it was answered.

use super::{
    Stored,
    classes::{self, Change},
    targets,
};
use crate::domain::{
    campaign::CampaignState,
    ids::{Place, SchoolId, StudentId},
    target::{Target, TargetState},
};
use xinqiao_kit::db::Tx;

#[derive(sqlx::FromRow)]
struct OpenTarget {
    #[sqlx(flatten)]
    target: targets::Row,
    c_state: String,
    c_school: Option<SchoolId>,
}

/// Moves a pupil's unanswered targets to `to`. A target becomes LEFT where the pupil is no longer in the reach of its campaign: nowhere
/// at all, or in another school than the one that holds it.
pub async fn targets(tx: &mut Tx, student: StudentId, to: Option<Place>) -> Stored<()> {
    let query = tx.q("SELECT targets.id, targets.campaign_id, targets.student_id, targets.school_id, targets.class_id, targets.state,
            targets.needs_consent, targets.consented_at, targets.attempts, targets.submitted_at, c.state AS c_state, c.school_id AS c_school
        FROM targets JOIN campaigns c ON c.id = targets.campaign_id
        WHERE targets.student_id = $1 AND targets.state IN ('pending', 'retest', 'leave', 'left') AND c.state IN ('opening', 'open')
        ORDER BY targets.id");
    for row in query.bind(student).all::<OpenTarget>().await? {
        let target = Target::try_from(row.target)?;
        let within = to.filter(|place| row.c_school.is_none_or(|holder| holder == place.school));
        let state = match (within, target.state) {
            (None, _) => TargetState::Left,
            // Came back before it was over.
            (Some(_), TargetState::Left) => TargetState::Pending,
            (Some(_), state) => state,
        };
        let place = within.unwrap_or(Place { school: target.school, class: target.class });
        let counted = row.c_state == CampaignState::Open.word();
        move_target(tx, &target, state, place, counted).await?;
    }
    Ok(())
}

async fn move_target(
    tx: &mut Tx,
    target: &Target,
    state: TargetState,
    place: Place,
    counted: bool,
) -> Stored<()> {
    let query = tx.q("UPDATE targets SET state = $2, school_id = $3, class_id = $4 WHERE id = $1");
    query.bind(target.id).bind(state.word()).bind(place.school).bind(place.class).exec().await?;
    if counted {
        let away = Change::default().listed(-1).state(target.state, -1);
        let from = Place { school: target.school, class: target.class };
        classes::change(tx, vec![(target.campaign, from, away)]).await?;
        let here = Change::default().listed(1).state(state, 1);
        classes::change(tx, vec![(target.campaign, place, here)]).await?;
    }
    Ok(())
}

/// Moves a pupil's open interview, or cancels it where the pupil has left.
pub async fn interview(tx: &mut Tx, student: StudentId, to: Option<Place>) -> Stored<()> {
    match to {
        Some(place) => {
            let query = tx.q("UPDATE interviews SET school_id = $2, class_id = $3, version = version + 1 WHERE student_id = $1 AND state = 'open'");
            query.bind(student).bind(place.school).bind(place.class).exec().await?;
        }
        None => {
            let query = tx.q("UPDATE interviews SET state = 'cancelled', version = version + 1 WHERE student_id = $1 AND state = 'open'");
            query.bind(student).exec().await?;
        }
    }
    Ok(())
}

/// Moves a pupil's stay on the list.
pub async fn entry(tx: &mut Tx, student: StudentId, to: Place) -> Stored<()> {
    let query = tx.q("UPDATE entries SET school_id = $2, class_id = $3, version = version + 1 WHERE student_id = $1 AND exit_day IS NULL");
    query.bind(student).bind(to.school).bind(to.class).exec().await?;
    Ok(())
}
