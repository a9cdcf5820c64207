//! Support teams and their members.

use super::{
    Part, Seen, Source, StoreError, known,
    students::{granted, seen},
};
use crate::domain::{
    ids::{SchoolId, StaffId, StudentId, UserId},
    team::{Member, Team, standing},
};
use std::collections::HashMap;
use xinqiao_kit::{
    db::{IdList, Tx},
    insert_rows,
    keys::Keys,
    time::Ts,
};

/// Members now, with the place of each team among all that the person is in, by the time of joining.
const MEMBERS: &str = "SELECT m.student_id, m.staff_id, m.joined_at, s.user_id, s.name, s.on_leave, \
     (SELECT COUNT(*) FROM team_members o WHERE o.staff_id = m.staff_id AND o.left_at IS NULL \
     AND (o.joined_at, o.student_id) <= (m.joined_at, m.student_id)) AS place \
     FROM team_members m JOIN staff s ON s.id = m.staff_id \
     WHERE m.left_at IS NULL AND m.student_id IN (SELECT unhex(value) FROM json_each($1)) \
     ORDER BY m.student_id, m.joined_at, m.staff_id";

#[derive(sqlx::FromRow)]
struct MemberRow {
    student_id: StudentId,
    staff_id: StaffId,
    joined_at: Ts,
    user_id: Option<UserId>,
    name: Vec<u8>,
    on_leave: bool,
    place: i64,
}

type TeamRow = (StudentId, i32, Option<Ts>, i64);

/// The teams of these pupils; who never had one is missing from the answer.
pub async fn of_students(
    source: &mut impl Source,
    keys: &Keys,
    load_limit: u32,
    students: &[StudentId],
) -> Result<HashMap<StudentId, Team>, StoreError> {
    let query = source.query(
        "SELECT student_id, required, vacant_since, version FROM teams WHERE student_id IN (SELECT unhex(value) FROM json_each($1))",
    );
    let rows = query.bind(IdList::from(students)).all::<TeamRow>().await?;
    let mut teams: HashMap<StudentId, Team> = HashMap::new();
    for (student, required, vacant_since, version) in rows {
        let required = known("teams", "required", usize::try_from(required).ok())?;
        teams.insert(student, Team { student, members: Vec::new(), required, vacant_since, version });
    }
    let key = keys.service_subject();
    for row in source.query(MEMBERS).bind(IdList::from(students)).all::<MemberRow>().await? {
        let name = key.open_text("staff", "name", row.staff_id, &row.name)?;
        if let Some(team) = teams.get_mut(&row.student_id) {
            team.members.push(Member {
                staff: row.staff_id,
                user: row.user_id,
                name,
                joined_at: row.joined_at,
                standing: standing(row.on_leave, row.place, load_limit),
            });
        }
    }
    Ok(teams)
}

/// Writes what is computed of a team whose pupil was locked: how many are needed and missing, and since when.
pub async fn save(tx: &mut Tx, team: Team, now: Ts) -> Result<Team, StoreError> {
    let next = Team { vacant_since: team.vacancy_clock(now), version: team.version + 1, ..team };
    let number = |count: usize| i32::try_from(count).unwrap_or(i32::MAX);
    tx.q("INSERT INTO teams (student_id, required, missing, vacant_since, version) VALUES ($1, $2, $3, $4, $5) \
          ON CONFLICT (student_id) DO UPDATE SET required = excluded.required, missing = excluded.missing, \
          vacant_since = excluded.vacant_since, version = excluded.version")
        .bind(next.student)
        .bind(number(next.required))
        .bind(number(next.missing()))
        .bind(next.vacant_since)
        .bind(next.version)
        .exec()
        .await?;
    Ok(next)
}

/// Lets people join a team; the team was saved before.
pub async fn join(tx: &mut Tx, student: StudentId, staff: &[StaffId], now: Ts) -> Result<(), StoreError> {
    let rows: Vec<_> = staff.iter().map(|staff| (student, *staff, now)).collect();
    insert_rows!(tx, "team_members", [student_id, staff_id, joined_at], rows, "ON CONFLICT DO NOTHING")
        .await?;
    Ok(())
}

/// Lets people leave a team; they stay in its past.
pub async fn leave(tx: &mut Tx, student: StudentId, staff: &[StaffId], now: Ts) -> Result<(), StoreError> {
    tx.q("UPDATE team_members SET left_at = $3 WHERE student_id = $1 AND left_at IS NULL \
          AND staff_id IN (SELECT unhex(value) FROM json_each($2))")
        .bind(student)
        .bind(IdList::from(staff))
        .bind(now)
        .exec()
        .await?;
    Ok(())
}

/// The pupils whose teams somebody is in now.
pub async fn of_staff(source: &mut impl Source, staff: StaffId) -> Result<Vec<StudentId>, StoreError> {
    let query = source.query(
        "SELECT student_id FROM team_members WHERE staff_id = $1 AND left_at IS NULL ORDER BY student_id",
    );
    Ok(query.bind(staff).all::<(StudentId,)>().await?.into_iter().map(|(id,)| id).collect())
}

/// How many teams each of these people is in now.
pub async fn loads(tx: &mut Tx, staff: &[StaffId]) -> Result<HashMap<StaffId, i64>, StoreError> {
    let query = tx.q("SELECT staff_id, COUNT(*) FROM team_members WHERE left_at IS NULL \
                      AND staff_id IN (SELECT unhex(value) FROM json_each($1)) GROUP BY staff_id");
    Ok(query.bind(IdList::from(staff)).all::<(StaffId, i64)>().await?.into_iter().collect())
}

/// A team that lacks members.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Vacant {
    /// The pupil.
    pub student: StudentId,
    /// The pupil's school.
    pub school: SchoolId,
    /// Members who are missing.
    pub missing: i32,
    /// Since when.
    pub since: Ts,
}

/// Teams that lack members, of pupils whom the caller may see, the longest vacancy first, after `after`.
pub async fn vacant(
    source: &mut impl Source,
    seen: &Seen,
    school: Option<SchoolId>,
    after: Option<(Ts, StudentId)>,
    part: Part,
) -> Result<Vec<Vacant>, StoreError> {
    let query = source.query(concat!(
        "SELECT t.student_id, s.school_id, t.missing, t.vacant_since FROM teams t JOIN students s ON s.id = t.student_id \
         WHERE t.vacant_since IS NOT NULL AND ",
        seen!(),
        " AND ($6 IS NULL OR s.school_id = $6) AND ($7 IS NULL OR (t.vacant_since, t.student_id) > ($7, $8)) \
         ORDER BY t.vacant_since, t.student_id LIMIT $9"
    ));
    let grants = &seen.grants;
    let query = query.bind(grants.all).bind(grants.schools.clone()).bind(grants.classes.clone());
    let query = query.bind(grants.students.clone()).bind(seen.orange).bind(school);
    let query = query.bind(after.map(|(since, _)| since)).bind(part.after).bind(part.limit);
    let rows = query.all::<(StudentId, SchoolId, i32, Ts)>().await?;
    Ok(rows
        .into_iter()
        .map(|(student, school, missing, since)| Vacant { student, school, missing, since })
        .collect())
}
