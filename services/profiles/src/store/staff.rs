//! Staff, their posts, classes, grades, duties, and the pupils assigned to them.

use super::{Part, Source, StoreError, known};
use crate::domain::{
    identifiers::PersonName,
    ids::{ClassId, DutyId, SchoolId, StaffId, StudentId, UserId},
    school::Running,
    staff::{Duty, LedGrade, Post, StaffMember},
    stage::Stage,
};
use std::collections::{BTreeSet, HashMap};
use xinqiao_kit::{
    authz::Visibility,
    db::{IdList, Tx},
    insert_rows,
    keys::Keys,
    sql,
    time::Ts,
};

#[derive(sqlx::FromRow)]
struct Row {
    id: StaffId,
    school_id: Option<SchoolId>,
    name: Vec<u8>,
    user_id: Option<UserId>,
    on_leave: bool,
    state: String,
    created_at: Ts,
    updated_at: Ts,
    version: i64,
}

async fn complete(
    source: &mut impl Source,
    keys: &Keys,
    rows: Vec<Row>,
) -> Result<Vec<StaffMember>, StoreError> {
    let ids = IdList::from(rows.iter().map(|row| row.id).collect::<Vec<_>>());
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let query = source.query(
        "SELECT staff_id, post FROM staff_posts WHERE staff_id IN (SELECT unhex(value) FROM json_each($1))",
    );
    let mut posts: HashMap<StaffId, BTreeSet<Post>> = HashMap::new();
    for (staff, post) in query.bind(ids.clone()).all::<(StaffId, String)>().await? {
        let post = known("staff_posts", "post", Post::of_word(&post))?;
        posts.entry(staff).or_default().insert(post);
    }
    let query = source
        .query("SELECT staff_id, class_id FROM staff_classes WHERE staff_id IN (SELECT unhex(value) FROM json_each($1))");
    let mut classes: HashMap<StaffId, BTreeSet<ClassId>> = HashMap::new();
    for (staff, class) in query.bind(ids.clone()).all::<(StaffId, ClassId)>().await? {
        classes.entry(staff).or_default().insert(class);
    }
    let query = source.query(
        "SELECT staff_id, stage, entry_year FROM staff_grades WHERE staff_id IN (SELECT unhex(value) FROM json_each($1))",
    );
    let mut grades: HashMap<StaffId, BTreeSet<LedGrade>> = HashMap::new();
    for (staff, stage, entry_year) in query.bind(ids).all::<(StaffId, String, i32)>().await? {
        let stage = known("staff_grades", "stage", Stage::of_word(&stage))?;
        grades.entry(staff).or_default().insert(LedGrade { stage, entry_year });
    }
    let key = keys.service_subject();
    rows.into_iter()
        .map(|row| {
            let name = key.open_text("staff", "name", row.id, &row.name)?;
            Ok(StaffMember {
                id: row.id,
                school: row.school_id,
                name: known("staff", "name", PersonName::parse(&name).ok())?,
                user: row.user_id,
                posts: posts.remove(&row.id).unwrap_or_default(),
                homeroom_classes: classes.remove(&row.id).unwrap_or_default(),
                led_grades: grades.remove(&row.id).unwrap_or_default(),
                on_leave: row.on_leave,
                state: known("staff", "state", Running::of_word(&row.state))?,
                created_at: row.created_at,
                updated_at: row.updated_at,
                version: row.version,
            })
        })
        .collect()
}

/// A member of staff.
pub async fn get(
    source: &mut impl Source,
    keys: &Keys,
    id: StaffId,
) -> Result<Option<StaffMember>, StoreError> {
    let rows = source.query("SELECT * FROM staff WHERE id = $1").bind(id).all().await?;
    Ok(complete(source, keys, rows).await?.pop())
}

/// A member of staff whom nobody else changes until the transaction ends.
pub async fn lock(tx: &mut Tx, keys: &Keys, id: StaffId) -> Result<Option<StaffMember>, StoreError> {
    let rows = tx.q(sql!("SELECT * FROM staff WHERE id = $1" pg " FOR UPDATE")).bind(id).all().await?;
    Ok(complete(tx, keys, rows).await?.pop())
}

/// Several members of staff, in no order, who do not change until the transaction ends.
pub async fn lock_all(tx: &mut Tx, keys: &Keys, ids: &[StaffId]) -> Result<Vec<StaffMember>, StoreError> {
    let query = tx.q(sql!(
        "SELECT * FROM staff WHERE id IN (SELECT unhex(value) FROM json_each($1)) ORDER BY id" pg " FOR UPDATE"
    ));
    let rows = query.bind(IdList::from(ids)).all().await?;
    complete(tx, keys, rows).await
}

/// All active staff of these schools.
pub async fn active_of(
    source: &mut impl Source,
    keys: &Keys,
    schools: &[SchoolId],
) -> Result<Vec<StaffMember>, StoreError> {
    let query = source.query(
        "SELECT * FROM staff WHERE school_id IN (SELECT unhex(value) FROM json_each($1)) AND state = 'active' ORDER BY id",
    );
    let rows = query.bind(IdList::from(schools)).all().await?;
    complete(source, keys, rows).await
}

/// What a list of staff is narrowed by.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only this school.
    pub school: Option<SchoolId>,
    /// Only holders of this post.
    pub post: Option<Post>,
    /// Only this state.
    pub state: Option<Running>,
}

/// Staff whom the caller may see.
pub async fn list(
    source: &mut impl Source,
    keys: &Keys,
    seen: &Visibility,
    filter: &Filter,
    part: Part,
) -> Result<Vec<StaffMember>, StoreError> {
    let query = source.query(
        "SELECT * FROM staff WHERE ($1 OR school_id IN (SELECT unhex(value) FROM json_each($2)) OR user_id = $3) \
         AND ($4 IS NULL OR school_id = $4) AND ($5 = '' OR state = $5) \
         AND ($6 = '' OR id IN (SELECT staff_id FROM staff_posts WHERE post = $6)) AND id > $7 ORDER BY id LIMIT $8",
    );
    let query = query.bind(seen.all).bind(seen.schools.clone()).bind(seen.owner).bind(filter.school);
    let query = query.bind(filter.state.map_or("", Running::word));
    let query = query.bind(filter.post.map_or("", Post::word));
    let rows = query.bind(part.after).bind(part.limit).all().await?;
    complete(source, keys, rows).await
}

/// Enters a member of staff.
pub async fn insert(tx: &mut Tx, keys: &Keys, member: &StaffMember) -> Result<(), StoreError> {
    let name = keys.service_subject().seal_text("staff", "name", member.id, member.name.as_str())?;
    tx.q(
        "INSERT INTO staff (id, school_id, name, user_id, on_leave, state, created_at, updated_at, version) \
          VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(member.id)
    .bind(member.school)
    .bind(name)
    .bind(member.user)
    .bind(member.on_leave)
    .bind(member.state.word())
    .bind(member.created_at)
    .bind(member.updated_at)
    .bind(member.version)
    .exec()
    .await?;
    insert_relations(tx, member).await
}

/// Writes a member of staff who was locked, as the next version.
pub async fn update(
    tx: &mut Tx,
    keys: &Keys,
    member: StaffMember,
    now: Ts,
) -> Result<StaffMember, StoreError> {
    let next = StaffMember { updated_at: now, version: member.version + 1, ..member };
    let name = keys.service_subject().seal_text("staff", "name", next.id, next.name.as_str())?;
    tx.q("UPDATE staff SET name = $2, user_id = $3, on_leave = $4, state = $5, updated_at = $6, version = $7 WHERE id = $1")
        .bind(next.id)
        .bind(name)
        .bind(next.user)
        .bind(next.on_leave)
        .bind(next.state.word())
        .bind(next.updated_at)
        .bind(next.version)
        .exec()
        .await?;
    tx.q("DELETE FROM staff_posts WHERE staff_id = $1").bind(next.id).exec().await?;
    tx.q("DELETE FROM staff_classes WHERE staff_id = $1").bind(next.id).exec().await?;
    tx.q("DELETE FROM staff_grades WHERE staff_id = $1").bind(next.id).exec().await?;
    insert_relations(tx, &next).await?;
    Ok(next)
}

async fn insert_relations(tx: &mut Tx, member: &StaffMember) -> Result<(), StoreError> {
    let posts: Vec<_> = member.posts.iter().map(|post| (member.id, post.word())).collect();
    insert_rows!(tx, "staff_posts", [staff_id, post], posts).await?;
    let classes: Vec<_> = member.homeroom_classes.iter().map(|class| (member.id, *class)).collect();
    insert_rows!(tx, "staff_classes", [staff_id, class_id], classes).await?;
    let grade = |grade: &LedGrade| (member.id, grade.stage.word(), grade.entry_year);
    let grades: Vec<_> = member.led_grades.iter().map(grade).collect();
    insert_rows!(tx, "staff_grades", [staff_id, stage, entry_year], grades).await?;
    Ok(())
}

#[derive(sqlx::FromRow)]
struct DutyRow {
    id: DutyId,
    staff_id: StaffId,
    description: Vec<u8>,
    assigner: UserId,
    assigned_at: Ts,
    confirmed_at: Option<Ts>,
}

fn duty(keys: &Keys, row: DutyRow) -> Result<Duty, StoreError> {
    Ok(Duty {
        id: row.id,
        staff: row.staff_id,
        description: keys.service_subject().open_text("duties", "description", row.id, &row.description)?,
        assigner: row.assigner,
        assigned_at: row.assigned_at,
        confirmed_at: row.confirmed_at,
    })
}

/// The duties of a member of staff, oldest first.
pub async fn duties(source: &mut impl Source, keys: &Keys, staff: StaffId) -> Result<Vec<Duty>, StoreError> {
    let rows = source.query("SELECT * FROM duties WHERE staff_id = $1 ORDER BY id").bind(staff).all().await?;
    rows.into_iter().map(|row| duty(keys, row)).collect()
}

/// Gives a duty.
pub async fn insert_duty(tx: &mut Tx, keys: &Keys, duty: &Duty) -> Result<(), StoreError> {
    let text = keys.service_subject().seal_text("duties", "description", duty.id, &duty.description)?;
    tx.q("INSERT INTO duties (id, staff_id, description, assigner, assigned_at, confirmed_at) \
          VALUES ($1, $2, $3, $4, $5, $6)")
        .bind(duty.id)
        .bind(duty.staff)
        .bind(text)
        .bind(duty.assigner)
        .bind(duty.assigned_at)
        .bind(duty.confirmed_at)
        .exec()
        .await?;
    Ok(())
}

/// Confirms a duty unless that was done before, and gives it as it is then.
pub async fn confirm_duty(
    tx: &mut Tx,
    keys: &Keys,
    staff: StaffId,
    id: DutyId,
    now: Ts,
) -> Result<Option<Duty>, StoreError> {
    tx.q("UPDATE duties SET confirmed_at = $3 WHERE id = $1 AND staff_id = $2 AND confirmed_at IS NULL")
        .bind(id)
        .bind(staff)
        .bind(now)
        .exec()
        .await?;
    let query = tx.q("SELECT * FROM duties WHERE id = $1 AND staff_id = $2");
    query.bind(id).bind(staff).opt().await?.map(|row| duty(keys, row)).transpose()
}

/// Duties at a school that wait for their holder.
pub async fn unconfirmed_duties(source: &mut impl Source, school: SchoolId) -> Result<i64, StoreError> {
    let query = source.query(
        "SELECT COUNT(*) FROM duties d JOIN staff s ON s.id = d.staff_id \
         WHERE s.school_id = $1 AND s.state = 'active' AND d.confirmed_at IS NULL",
    );
    Ok(query.bind(school).get().await?)
}

/// Enrolled pupils of a school whom no member of staff looks after.
pub async fn unassigned_pupils(source: &mut impl Source, school: SchoolId) -> Result<i64, StoreError> {
    let query = source.query(
        "SELECT COUNT(*) FROM students s WHERE s.school_id = $1 AND s.state IN ('enrolled', 'transferring', 'on_leave') \
         AND NOT EXISTS (SELECT 1 FROM assignments a WHERE a.student_id = s.id)",
    );
    Ok(query.bind(school).get().await?)
}

/// The pupils whom a member of staff looks after, in the order of their ids.
pub async fn assigned(source: &mut impl Source, staff: StaffId) -> Result<Vec<StudentId>, StoreError> {
    let query = source.query("SELECT student_id FROM assignments WHERE staff_id = $1 ORDER BY student_id");
    Ok(query.bind(staff).all::<(StudentId,)>().await?.into_iter().map(|(id,)| id).collect())
}

/// Gives pupils to a member of staff; who is there already stays.
pub async fn assign(tx: &mut Tx, staff: StaffId, students: &[StudentId], now: Ts) -> Result<(), StoreError> {
    let rows: Vec<_> = students.iter().map(|student| (staff, *student, now)).collect();
    insert_rows!(
        tx,
        "assignments",
        [staff_id, student_id, assigned_at],
        rows,
        "ON CONFLICT (staff_id, student_id) DO NOTHING"
    )
    .await?;
    Ok(())
}

/// Takes pupils from a member of staff.
pub async fn unassign(tx: &mut Tx, staff: StaffId, students: &[StudentId]) -> Result<(), StoreError> {
    tx.q("DELETE FROM assignments WHERE staff_id = $1 AND student_id IN (SELECT unhex(value) FROM json_each($2))")
        .bind(staff)
        .bind(IdList::from(students))
        .exec()
        .await?;
    Ok(())
}

/// The members of staff who look after a pupil; takes the pupil from all of them.
pub async fn unassign_pupil(tx: &mut Tx, student: StudentId) -> Result<Vec<StaffId>, StoreError> {
    let query = tx.q("SELECT staff_id FROM assignments WHERE student_id = $1");
    let rows = query.bind(student).all::<(StaffId,)>().await?;
    tx.q("DELETE FROM assignments WHERE student_id = $1").bind(student).exec().await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}
