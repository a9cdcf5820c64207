//! The grid's rows: schools, classes, staff, who stands where, what is missing.

use super::{Source, StoreError, known};
use crate::domain::{
    ClassId, Level, SchoolId, SeatId, StaffId, UserId,
    grid::{Class, Gap, Responder, StaffFacts, standing},
};
use std::collections::BTreeMap;
use uuid::Uuid;
use xinqiao_kit::{
    db::{DbError, Tx},
    ids::Ids,
    insert_rows,
    time::Ts,
};

/// Responders that a school has at most: enough for the largest, a limit all the same.
const RESPONDERS_MAX: i64 = 5_000;

/// Keeps what profiles says of a school.
pub async fn put_school(tx: &mut Tx, school: SchoolId, active: bool) -> Result<(), DbError> {
    tx.q("INSERT INTO schools (id, active) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET active = EXCLUDED.active")
        .bind(school)
        .bind(active)
        .exec()
        .await?;
    Ok(())
}

/// Keeps what profiles says of a class.
pub async fn put_class(tx: &mut Tx, class: &Class, active: bool) -> Result<(), DbError> {
    tx.q("INSERT INTO classes (id, school_id, grade, active) VALUES ($1, $2, $3, $4) ON CONFLICT (id) DO UPDATE SET \
          school_id = EXCLUDED.school_id, grade = EXCLUDED.grade, active = EXCLUDED.active")
        .bind(class.id)
        .bind(class.school)
        .bind(class.grade.clone())
        .bind(active)
        .exec()
        .await?;
    Ok(())
}

/// One class, if it is known here.
pub async fn class(source: &mut impl Source, id: ClassId) -> Result<Option<Class>, DbError> {
    let row = source.query("SELECT id, school_id, grade FROM classes WHERE id = $1").bind(id).opt().await?;
    Ok(row.map(|(id, school, grade)| Class { id, school, grade }))
}

/// The running classes of a school; none of a school that is closed.
pub async fn classes(source: &mut impl Source, school: SchoolId) -> Result<Vec<Class>, DbError> {
    let rows = source
        .query(
            "SELECT id, school_id, grade FROM classes WHERE school_id = $1 AND active \
            AND NOT EXISTS (SELECT 1 FROM schools WHERE schools.id = $1 AND NOT schools.active) ORDER BY id",
        )
        .bind(school)
        .all::<(ClassId, SchoolId, String)>()
        .await?;
    Ok(rows.into_iter().map(|(id, school, grade)| Class { id, school, grade }).collect())
}

/// Schools in which somebody must be found: the running ones.
pub async fn active_schools(source: &mut impl Source) -> Result<Vec<SchoolId>, DbError> {
    let rows = source.query("SELECT id FROM schools WHERE active ORDER BY id").all::<(SchoolId,)>().await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// Replaces where a member of staff stands by their posts. Seats by hand of the same person follow leave, and end when they left.
pub async fn put_staff(
    tx: &mut Tx,
    ids: &Ids,
    staff: (StaffId, Option<UserId>),
    facts: Option<&StaffFacts>,
    on_leave: bool,
    now: Ts,
) -> Result<(), DbError> {
    let (staff, user) = staff;
    tx.q("DELETE FROM responders WHERE staff_id = $1").bind(staff).exec().await?;
    let Some(facts) = facts else {
        tx.q("DELETE FROM staff WHERE id = $1").bind(staff).exec().await?;
        // Who still works elsewhere keeps the seat.
        tx.q("DELETE FROM responders WHERE seat_key IS NOT NULL AND user_id = $1 \
              AND NOT EXISTS (SELECT 1 FROM staff WHERE staff.user_id = $1)")
            .bind(user)
            .exec()
            .await?;
        return Ok(());
    };
    tx.q("INSERT INTO staff (id, user_id, on_leave) VALUES ($1, $2, $3) ON CONFLICT (id) DO UPDATE SET \
          user_id = EXCLUDED.user_id, on_leave = EXCLUDED.on_leave")
        .bind(staff)
        .bind(user)
        .bind(on_leave)
        .exec()
        .await?;
    tx.q("UPDATE responders SET on_leave = $2 WHERE seat_key IS NOT NULL AND user_id = $1")
        .bind(user)
        .bind(on_leave)
        .exec()
        .await?;
    let stands = standing(facts).into_iter();
    let row = |(level, class, grade): (Level, Option<ClassId>, Option<String>)| {
        (ids.new_id(), Some(staff), level.code(), facts.school, class, grade, user, on_leave, now)
    };
    let rows: Vec<_> = stands.map(row).collect();
    insert_rows!(
        tx,
        "responders",
        [id, staff_id, level, school_id, class_id, grade, user_id, on_leave, created_at],
        rows
    )
    .await?;
    Ok(())
}

/// The schools in which a member of staff stands somewhere.
pub async fn schools_of_staff(tx: &mut Tx, staff: StaffId) -> Result<Vec<SchoolId>, DbError> {
    let rows = tx
        .q("SELECT DISTINCT school_id FROM responders WHERE staff_id = $1 AND school_id IS NOT NULL")
        .bind(staff)
        .all::<(SchoolId,)>()
        .await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

#[derive(sqlx::FromRow)]
struct Row {
    id: SeatId,
    seat_key: Option<String>,
    level: String,
    school_id: Option<SchoolId>,
    class_id: Option<ClassId>,
    grade: Option<String>,
    user_id: Option<UserId>,
    on_leave: bool,
    created_at: Ts,
}

impl Row {
    fn responder(self) -> Result<Responder, StoreError> {
        Ok(Responder {
            seat: self.seat_key.map(|_| self.id),
            level: known("responders", "level", Level::from_code(&self.level))?,
            school: self.school_id,
            class: self.class_id,
            grade: self.grade,
            user: self.user_id,
            on_leave: self.on_leave,
            since: self.created_at,
        })
    }
}

/// Everybody who stands somewhere in a school, and the county's duty roster.
pub async fn responders(
    source: &mut impl Source,
    school: Option<SchoolId>,
) -> Result<Vec<Responder>, StoreError> {
    let rows = source.query("SELECT id, seat_key, level, school_id, class_id, grade, user_id, on_leave, created_at FROM responders \
            WHERE school_id = $1 OR school_id IS NULL ORDER BY level, created_at, id LIMIT $2")
        .bind(school)
        .bind(RESPONDERS_MAX)
        .all::<Row>()
        .await?;
    rows.into_iter().map(Row::responder).collect()
}

/// A seat by hand.
pub async fn seat(tx: &mut Tx, id: SeatId) -> Result<Option<Responder>, StoreError> {
    let row = tx
        .q("SELECT id, seat_key, level, school_id, class_id, grade, user_id, on_leave, created_at FROM responders \
            WHERE id = $1 AND seat_key IS NOT NULL")
        .bind(id)
        .opt::<Row>()
        .await?;
    row.map(Row::responder).transpose()
}

/// Fills a seat by hand and gives it; the seat that is there if the person already sits in it.
pub async fn assign(tx: &mut Tx, id: SeatId, seat: &Responder) -> Result<Responder, StoreError> {
    let place = seat.class.map(ClassId::uuid).or(seat.school.map(SchoolId::uuid)).unwrap_or_default();
    let user = seat.user.map(UserId::uuid).unwrap_or_default();
    let key = format!("{}:{place}:{user}", seat.level.code());
    tx.q("INSERT INTO responders (id, seat_key, level, school_id, class_id, user_id, on_leave, created_at) \
          VALUES ($1, $2, $3, $4, $5, $6, EXISTS (SELECT 1 FROM staff WHERE staff.user_id = $6 AND staff.on_leave), $7) \
          ON CONFLICT (seat_key) DO NOTHING")
        .bind(id)
        .bind(key.clone())
        .bind(seat.level.code())
        .bind(seat.school)
        .bind(seat.class)
        .bind(seat.user)
        .bind(seat.since)
        .exec()
        .await?;
    let row = tx
        .q("SELECT id, seat_key, level, school_id, class_id, grade, user_id, on_leave, created_at FROM responders \
            WHERE seat_key = $1")
        .bind(key)
        .one::<Row>()
        .await?;
    row.responder()
}

/// Empties a seat.
pub async fn release(tx: &mut Tx, id: SeatId) -> Result<(), DbError> {
    tx.q("DELETE FROM responders WHERE id = $1 AND seat_key IS NOT NULL").bind(id).exec().await?;
    Ok(())
}

/// The recorded gaps of a school and since when, its own first, then by class.
pub async fn gaps(source: &mut impl Source, school: SchoolId) -> Result<BTreeMap<Gap, Ts>, StoreError> {
    let rows = source
        .query("SELECT class_id, level, since FROM gaps WHERE school_id = $1")
        .bind(school)
        .all::<(Uuid, String, Ts)>()
        .await?;
    let gap = |(class, level, since): (Uuid, String, Ts)| {
        let level = known("gaps", "level", Level::from_code(&level))?;
        Ok((Gap { class: (!class.is_nil()).then_some(class.into()), level }, since))
    };
    rows.into_iter().map(gap).collect()
}

/// Records what is missing now: a new gap from `now` on, one that is filled no longer.
pub async fn put_gaps(tx: &mut Tx, school: SchoolId, missing: &[Gap], now: Ts) -> Result<(), StoreError> {
    let recorded = gaps(tx, school).await?;
    for filled in recorded.keys().filter(|gap| !missing.contains(gap)) {
        tx.q("DELETE FROM gaps WHERE school_id = $1 AND class_id = $2 AND level = $3")
            .bind(school)
            .bind(filled.class.map(ClassId::uuid).unwrap_or_default())
            .bind(filled.level.code())
            .exec()
            .await?;
    }
    let fresh = missing.iter().filter(|gap| !recorded.contains_key(gap));
    let row = |gap: &Gap| (school, gap.class.map(ClassId::uuid).unwrap_or_default(), gap.level.code(), now);
    let rows: Vec<_> = fresh.map(row).collect();
    insert_rows!(
        tx,
        "gaps",
        [school_id, class_id, level, since],
        rows,
        "ON CONFLICT (school_id, class_id, level) DO NOTHING"
    )
    .await?;
    Ok(())
}
