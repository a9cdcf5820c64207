//! Accounts.

use crate::{
    domain::{
        SchoolId, StudentId, UserId,
        user::{Kind, LoginName, Person, User},
    },
    error::Error,
};
use std::collections::HashMap;
use uuid::Uuid;
use xinqiao_kit::{
    db::{Db, Sql, TextList, Tx},
    keys::{Keys, SubjectKey},
    sql,
    time::Ts,
};

const TABLE: &str = "users";

/// What an account is opened with.
#[derive(Debug, Clone, Default)]
pub struct Credentials {
    /// Hash of the password, if there is one.
    pub password: Option<String>,
    /// Whether somebody else has seen it.
    pub must_change: bool,
}

#[derive(sqlx::FromRow)]
struct UserRow {
    id: UserId,
    kind: String,
    school_id: Option<SchoolId>,
    student_id: Option<StudentId>,
    login_name: Vec<u8>,
    display_name: Vec<u8>,
    activated: bool,
    must_change_password: bool,
    disabled: bool,
    version: i64,
    create_time: Ts,
    update_time: Ts,
}

macro_rules! columns {
    () => {
        "SELECT id, kind, school_id, student_id, login_name, display_name, password IS NOT NULL AS activated, \
         must_change_password, disabled, version, create_time, update_time FROM users "
    };
}

const BY_ID: &str = concat!(columns!(), "WHERE id = $1");
const LOCKED: Sql = sql!(
    "SELECT id, kind, school_id, student_id, login_name, display_name, password IS NOT NULL AS activated, \
     must_change_password, disabled, version, create_time, update_time FROM users WHERE id = $1"
    pg " FOR UPDATE"
);
const OF_SCHOOL: &str = concat!(
    columns!(),
    "WHERE school_id = $1 AND kind IN (SELECT value FROM json_each($2)) AND id > $3 ORDER BY id LIMIT $4"
);
const OF_COUNTY: &str = concat!(
    columns!(),
    "WHERE school_id IS NULL AND kind IN (SELECT value FROM json_each($1)) AND id > $2 ORDER BY id LIMIT $3"
);

/// The keyed hash under which a login name is found.
pub fn login_hash(keys: &Keys, folded: &str) -> Vec<u8> {
    keys.lookup("users.login_name", folded)
}

/// Writes a new account. False if its login name or its pupil has one already.
pub async fn insert(
    tx: &mut Tx,
    keys: &Keys,
    user: &User,
    key: &SubjectKey,
    credentials: &Credentials,
) -> Result<bool, Error> {
    let rows = tx
        .q("INSERT INTO users (id, kind, school_id, student_id, login_hash, login_name, display_name, password, \
            must_change_password, disabled, privileges_version, version, create_time, update_time) \
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 1, $11, $12, $13) ON CONFLICT DO NOTHING")
        .bind(user.id)
        .bind(user.person.kind().name())
        .bind(user.person.school())
        .bind(user.person.student())
        .bind(login_hash(keys, user.login_name.as_str()))
        .bind(key.seal_text(TABLE, "login_name", user.id, user.login_name.as_str())?)
        .bind(key.seal_text(TABLE, "display_name", user.id, &user.display_name)?)
        .bind(seal_password(keys, user.id, credentials)?)
        .bind(credentials.must_change)
        .bind(user.disabled)
        .bind(user.version)
        .bind(user.create_time)
        .bind(user.update_time)
        .exec()
        .await?;
    Ok(rows == 1)
}

/// Whether there is an account of that login name.
pub async fn login_exists(tx: &mut Tx, keys: &Keys, login_name: &LoginName) -> Result<bool, Error> {
    let found: Option<UserId> = tx
        .q("SELECT id FROM users WHERE login_hash = $1")
        .bind(login_hash(keys, login_name.as_str()))
        .get_opt()
        .await?;
    Ok(found.is_some())
}

/// Whether there is any account at all.
pub async fn any(tx: &mut Tx) -> Result<bool, Error> {
    let found: Option<UserId> = tx.q("SELECT id FROM users LIMIT 1").get_opt().await?;
    Ok(found.is_some())
}

/// The account of that id.
pub async fn by_id(db: &Db, keys: &Keys, id: UserId) -> Result<Option<User>, Error> {
    let row: Option<UserRow> = db.read(BY_ID).bind(id).opt().await?;
    Ok(open(db, keys, row.into_iter().collect()).await?.pop())
}

/// The account of that id, kept from changing until the end of the transaction.
pub async fn by_id_locked(tx: &mut Tx, keys: &Keys, id: UserId) -> Result<Option<User>, Error> {
    let Some(row) = tx.q(LOCKED).bind(id).opt::<UserRow>().await? else {
        return Ok(None);
    };
    let subjects: Vec<Uuid> = row.student_id.map(StudentId::uuid).into_iter().collect();
    let subject_keys = keys.existing_tx(tx, &subjects).await?;
    row.open(&keys.service_subject(), &subject_keys).map(Some)
}

/// The accounts of a school, or without one those of the county, of these kinds, in the order of their ids.
pub async fn list(
    db: &Db,
    keys: &Keys,
    school: Option<SchoolId>,
    kinds: &[Kind],
    after: Uuid,
    limit: i64,
) -> Result<Vec<User>, Error> {
    let kinds: TextList = kinds.iter().map(|kind| kind.name()).collect();
    let query = match school {
        Some(school) => db.read(OF_SCHOOL).bind(school),
        None => db.read(OF_COUNTY),
    };
    let rows = query.bind(kinds).bind(after).bind(limit).all().await?;
    open(db, keys, rows).await
}

/// Writes what can change of an account; the caller has counted its version up.
pub async fn update(tx: &mut Tx, user: &User) -> Result<(), Error> {
    tx.q("UPDATE users SET disabled = $2, version = $3, update_time = $4 WHERE id = $1")
        .bind(user.id)
        .bind(user.disabled)
        .bind(user.version)
        .bind(user.update_time)
        .exec()
        .await?;
    Ok(())
}

/// Writes what a person is called and the school that keeps the account.
pub async fn update_profile(tx: &mut Tx, keys: &Keys, user: &User) -> Result<(), Error> {
    let key = match user.person.student() {
        Some(student) => keys.subject(tx, student.uuid()).await?,
        None => keys.service_subject(),
    };
    tx.q("UPDATE users SET display_name = $2, school_id = $3, version = $4, update_time = $5 WHERE id = $1")
        .bind(user.id)
        .bind(key.seal_text(TABLE, "display_name", user.id, &user.display_name)?)
        .bind(user.person.school())
        .bind(user.version)
        .bind(user.update_time)
        .exec()
        .await?;
    Ok(())
}

/// What somebody who types a login name is checked against.
#[derive(Debug, Clone)]
pub struct Login {
    /// The account.
    pub id: UserId,
    /// Hash of its password.
    pub password: Option<String>,
    /// Whether it may not log in.
    pub disabled: bool,
}

#[derive(sqlx::FromRow)]
struct LoginRow {
    id: UserId,
    password: Option<Vec<u8>>,
    disabled: bool,
}

impl LoginRow {
    fn open(self, keys: &Keys) -> Result<Login, Error> {
        let open = |sealed: Vec<u8>| keys.service_subject().open_text(TABLE, "password", self.id, &sealed);
        Ok(Login { password: self.password.map(open).transpose()?, id: self.id, disabled: self.disabled })
    }
}

fn seal_password(keys: &Keys, id: UserId, credentials: &Credentials) -> Result<Option<Vec<u8>>, Error> {
    let seal = |hash: &String| keys.service_subject().seal_text(TABLE, "password", id, hash);
    Ok(credentials.password.as_ref().map(seal).transpose()?)
}

/// What to check a login name against.
pub async fn login(db: &Db, keys: &Keys, typed: &str) -> Result<Option<Login>, Error> {
    let hash = login_hash(keys, &LoginName::fold(typed));
    let query = db.read("SELECT id, password, disabled FROM users WHERE login_hash = $1").bind(hash);
    query.opt::<LoginRow>().await?.map(|row| row.open(keys)).transpose()
}

const LOGIN_LOCKED: Sql = sql!("SELECT id, password, disabled FROM users WHERE id = $1" pg " FOR UPDATE");

/// The same of a known account, kept from changing until the end of the transaction.
pub async fn login_locked(tx: &mut Tx, keys: &Keys, id: UserId) -> Result<Option<Login>, Error> {
    tx.q(LOGIN_LOCKED).bind(id).opt::<LoginRow>().await?.map(|row| row.open(keys)).transpose()
}

/// The hash of an account's password.
pub async fn password(db: &Db, keys: &Keys, id: UserId) -> Result<Option<String>, Error> {
    let query = db.read("SELECT id, password, disabled FROM users WHERE id = $1").bind(id);
    let row = query.opt::<LoginRow>().await?.map(|row| row.open(keys)).transpose()?;
    Ok(row.and_then(|login| login.password))
}

/// Gives an account a password, or takes it away. What the account may do counts as changed.
pub async fn set_password(
    tx: &mut Tx,
    keys: &Keys,
    id: UserId,
    credentials: &Credentials,
    now: Ts,
) -> Result<(), Error> {
    tx.q(
        "UPDATE users SET password = $2, must_change_password = $3, update_time = $4, version = version + 1, \
          privileges_version = privileges_version + 1 WHERE id = $1",
    )
    .bind(id)
    .bind(seal_password(keys, id, credentials)?)
    .bind(credentials.must_change)
    .bind(now)
    .exec()
    .await?;
    Ok(())
}

/// Notes that what an account may do has changed.
pub async fn privileges_changed(tx: &mut Tx, id: UserId) -> Result<(), Error> {
    tx.q("UPDATE users SET privileges_version = privileges_version + 1 WHERE id = $1")
        .bind(id)
        .exec()
        .await?;
    Ok(())
}

/// The state of an account's privileges.
pub async fn privileges_version(tx: &mut Tx, id: UserId) -> Result<i64, Error> {
    Ok(tx.q("SELECT privileges_version FROM users WHERE id = $1").bind(id).get().await?)
}

/// The kind of an account.
pub async fn kind(tx: &mut Tx, id: UserId) -> Result<Option<Kind>, Error> {
    let name: Option<String> = tx.q("SELECT kind FROM users WHERE id = $1").bind(id).get_opt().await?;
    name.map(|name| Kind::from_name(&name).ok_or(Error::Row { table: TABLE })).transpose()
}

/// The account of a pupil.
pub async fn of_student(tx: &mut Tx, student: StudentId) -> Result<Option<UserId>, Error> {
    Ok(tx.q("SELECT id FROM users WHERE student_id = $1").bind(student).get_opt().await?)
}

/// Lets a pupil's account go along to the school where the pupil is now.
pub async fn move_student(tx: &mut Tx, student: StudentId, school: SchoolId, now: Ts) -> Result<(), Error> {
    tx.q("UPDATE users SET school_id = $2, update_time = $3, version = version + 1 \
          WHERE student_id = $1 AND school_id <> $2")
        .bind(student)
        .bind(school)
        .bind(now)
        .exec()
        .await?;
    Ok(())
}

async fn open(db: &Db, keys: &Keys, rows: Vec<UserRow>) -> Result<Vec<User>, Error> {
    let subjects: Vec<Uuid> = rows.iter().filter_map(|row| row.student_id).map(StudentId::uuid).collect();
    let subject_keys =
        if subjects.is_empty() { HashMap::new() } else { keys.existing(db, &subjects).await? };
    let service = keys.service_subject();
    rows.into_iter().map(|row| row.open(&service, &subject_keys)).collect()
}

impl UserRow {
    /// The account in the clear. A pupil whose key was destroyed has no names any more.
    fn open(self, service: &SubjectKey, subjects: &HashMap<Uuid, SubjectKey>) -> Result<User, Error> {
        let bad = Error::Row { table: TABLE };
        let person = match (Kind::from_name(&self.kind), self.school_id, self.student_id) {
            (Some(Kind::Staff), Some(school), None) => Person::Staff { school },
            (Some(Kind::Pupil), Some(school), Some(student)) => Person::Pupil { school, student },
            (Some(Kind::Guardian), Some(school), None) => Person::Guardian { school, children: Vec::new() },
            (Some(Kind::County), None, None) => Person::County,
            _ => return Err(bad),
        };
        let key = match self.student_id {
            Some(student) => subjects.get(&student.uuid()),
            None => Some(service),
        };
        let text = |column, sealed: &[u8]| {
            key.map_or_else(|| Ok(String::new()), |key| key.open_text(TABLE, column, self.id, sealed))
        };
        Ok(User {
            login_name: LoginName::stored(text("login_name", &self.login_name)?),
            display_name: text("display_name", &self.display_name)?,
            id: self.id,
            person,
            disabled: self.disabled,
            must_change_password: self.must_change_password,
            activated: self.activated,
            create_time: self.create_time,
            update_time: self.update_time,
            version: self.version,
        })
    }
}
