//! Schools, classes and staff, as profiles has told.

use super::{Source, StoreError, joined, known, split};
use crate::domain::{
    facts::{Class, Post, School, Staff},
    ids::{ClassId, SchoolId, StaffId, UserId},
    stage::Stage,
};
use chrono::NaiveDate;
use std::collections::HashMap;
use uuid::Uuid;
use xinqiao_kit::db::{IdList, Tx};

#[derive(sqlx::FromRow)]
struct SchoolRow {
    id: Uuid,
    code: String,
    display_name: String,
    stages: String,
    active: bool,
}

impl SchoolRow {
    fn school(self) -> Result<School, StoreError> {
        Ok(School {
            id: SchoolId(self.id),
            code: self.code,
            display_name: self.display_name,
            stages: split(&self.stages, Stage::of_word, ("schools", "stages"))?,
            active: self.active,
        })
    }
}

#[derive(sqlx::FromRow)]
pub(super) struct ClassRow {
    pub id: Uuid,
    pub school_id: Uuid,
    pub stage: String,
    pub entry_year: i32,
    pub number: i32,
    pub closed_on: Option<NaiveDate>,
}

impl ClassRow {
    pub(super) fn class(self) -> Result<Class, StoreError> {
        Ok(Class {
            id: ClassId(self.id),
            school: SchoolId(self.school_id),
            stage: known(Stage::of_word(&self.stage), ("classes", "stage"))?,
            entry_year: self.entry_year,
            number: self.number,
            closed_on: self.closed_on,
        })
    }
}

#[derive(sqlx::FromRow)]
struct StaffRow {
    id: Uuid,
    school_id: Option<Uuid>,
    user_id: Option<Uuid>,
    posts: String,
    active: bool,
    on_leave: bool,
}

impl StaffRow {
    fn staff(self) -> Staff {
        Staff {
            id: StaffId(self.id),
            school: self.school_id.map(SchoolId),
            user: self.user_id.map(UserId),
            // A post that a newer program knows puts nobody into a group here.
            posts: self.posts.split_whitespace().filter_map(Post::of_word).collect(),
            active: self.active,
            on_leave: self.on_leave,
        }
    }
}

/// Takes the state of a school.
pub async fn put_school(tx: &mut Tx, school: &School) -> Result<(), StoreError> {
    const PUT: &str = "INSERT INTO schools (id, code, display_name, stages, active) VALUES ($1, $2, $3, $4, $5) \
        ON CONFLICT (id) DO UPDATE SET code = excluded.code, display_name = excluded.display_name, \
        stages = excluded.stages, active = excluded.active";
    let stages = joined(school.stages.iter().map(|stage| stage.word()));
    let query = tx.q(PUT).bind(school.id).bind(&school.code).bind(&school.display_name).bind(stages);
    query.bind(school.active).exec().await?;
    Ok(())
}

/// Takes the state of a class. The day on which it closed stays the first one that was told, unless it opens again.
pub async fn put_class(tx: &mut Tx, class: &Class) -> Result<(), StoreError> {
    const PUT: &str = "INSERT INTO classes (id, school_id, stage, entry_year, number, closed_on) \
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (id) DO UPDATE SET school_id = excluded.school_id, \
        stage = excluded.stage, entry_year = excluded.entry_year, number = excluded.number, \
        closed_on = CASE WHEN excluded.closed_on IS NULL THEN NULL \
        ELSE COALESCE(classes.closed_on, excluded.closed_on) END";
    let query = tx.q(PUT).bind(class.id).bind(class.school).bind(class.stage.word());
    query.bind(class.entry_year).bind(class.number).bind(class.closed_on).exec().await?;
    Ok(())
}

/// Takes the state of a member of staff.
pub async fn put_staff(tx: &mut Tx, staff: &Staff) -> Result<(), StoreError> {
    const PUT: &str = "INSERT INTO staff (id, school_id, user_id, posts, active, on_leave) \
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (id) DO UPDATE SET school_id = excluded.school_id, \
        user_id = excluded.user_id, posts = excluded.posts, active = excluded.active, on_leave = excluded.on_leave";
    let posts = joined(staff.posts.iter().map(|post| post.word()));
    let query = tx.q(PUT).bind(staff.id).bind(staff.school).bind(staff.user).bind(posts);
    query.bind(staff.active).bind(staff.on_leave).exec().await?;
    Ok(())
}

/// One school.
pub async fn school(mut from: impl Source, id: SchoolId) -> Result<Option<School>, StoreError> {
    const ONE: &str = "SELECT id, code, display_name, stages, active FROM schools WHERE id = $1";
    from.q(ONE).bind(id).opt::<SchoolRow>().await?.map(SchoolRow::school).transpose()
}

/// All open schools, by code.
pub async fn open_schools(mut from: impl Source) -> Result<Vec<School>, StoreError> {
    const ALL: &str =
        "SELECT id, code, display_name, stages, active FROM schools WHERE active ORDER BY code, id";
    from.q(ALL).all::<SchoolRow>().await?.into_iter().map(SchoolRow::school).collect()
}

/// One class.
pub async fn class(mut from: impl Source, id: ClassId) -> Result<Option<Class>, StoreError> {
    const ONE: &str = "SELECT id, school_id, stage, entry_year, number, closed_on FROM classes WHERE id = $1";
    from.q(ONE).bind(id).opt::<ClassRow>().await?.map(ClassRow::class).transpose()
}

/// One member of staff.
pub async fn staff(mut from: impl Source, id: StaffId) -> Result<Option<Staff>, StoreError> {
    const ONE: &str = "SELECT id, school_id, user_id, posts, active, on_leave FROM staff WHERE id = $1";
    Ok(from.q(ONE).bind(id).opt::<StaffRow>().await?.map(StaffRow::staff))
}

/// The active staff record that an account has at a school.
pub async fn staff_of_user(
    mut from: impl Source,
    user: UserId,
    school: SchoolId,
) -> Result<Option<Staff>, StoreError> {
    const ONE: &str = "SELECT id, school_id, user_id, posts, active, on_leave FROM staff \
        WHERE user_id = $1 AND school_id = $2 AND active ORDER BY id LIMIT 1";
    Ok(from.q(ONE).bind(user).bind(school).opt::<StaffRow>().await?.map(StaffRow::staff))
}

/// Those of `ids` that are known.
pub async fn staff_by_id(mut from: impl Source, ids: IdList) -> Result<HashMap<StaffId, Staff>, StoreError> {
    const SOME: &str = "SELECT id, school_id, user_id, posts, active, on_leave FROM staff \
        WHERE id IN (SELECT unhex(value) FROM json_each($1))";
    let rows = from.q(SOME).bind(ids).all::<StaffRow>().await?;
    Ok(rows.into_iter().map(StaffRow::staff).map(|staff| (staff.id, staff)).collect())
}

/// The active staff of a school, or of all schools together.
pub async fn active_staff(mut from: impl Source, school: Option<SchoolId>) -> Result<Vec<Staff>, StoreError> {
    const ALL: &str = "SELECT id, school_id, user_id, posts, active, on_leave FROM staff \
        WHERE active AND school_id IS NOT NULL ORDER BY id";
    const OF_SCHOOL: &str = "SELECT id, school_id, user_id, posts, active, on_leave FROM staff \
        WHERE active AND school_id = $1 ORDER BY id";
    let query = match school {
        Some(school) => from.q(OF_SCHOOL).bind(school),
        None => from.q(ALL),
    };
    Ok(query.all::<StaffRow>().await?.into_iter().map(StaffRow::staff).collect())
}
