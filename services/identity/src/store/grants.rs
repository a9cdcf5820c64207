//! Grants.

use crate::{
    domain::{
        GrantId, SchoolId, StudentId, UserId,
        grant::{self, Grant, Role, Source, State, parse_scope, scope_name},
    },
    error::Error,
};
use uuid::Uuid;
use xinqiao_kit::{
    db::{Db, Query, Sql, TextList, Tx},
    sql,
    time::Ts,
};

const TABLE: &str = "grants";

#[derive(sqlx::FromRow)]
struct GrantRow {
    id: GrantId,
    user_id: UserId,
    role: String,
    scope: String,
    school_id: Option<SchoolId>,
    source: String,
    state: String,
    proposer_id: Option<UserId>,
    confirmer_id: Option<UserId>,
    create_time: Ts,
    expire_time: Option<Ts>,
    end_time: Option<Ts>,
    version: i64,
}

impl GrantRow {
    fn open(self) -> Result<Grant, Error> {
        let bad = || Error::Row { table: TABLE };
        Ok(Grant {
            role: Role::from_name(&self.role).ok_or_else(bad)?,
            scope: parse_scope(&self.scope).ok_or_else(bad)?,
            source: Source::from_name(&self.source).ok_or_else(bad)?,
            state: State::from_name(&self.state).ok_or_else(bad)?,
            id: self.id,
            user: self.user_id,
            school: self.school_id,
            proposer: self.proposer_id,
            confirmer: self.confirmer_id,
            create_time: self.create_time,
            expire_time: self.expire_time,
            end_time: self.end_time,
            version: self.version,
        })
    }
}

macro_rules! columns {
    () => {
        "SELECT id, user_id, role, scope, school_id, source, state, proposer_id, confirmer_id, create_time, \
         expire_time, end_time, version FROM grants "
    };
}

const LOCKED: Sql = sql!(
    "SELECT id, user_id, role, scope, school_id, source, state, proposer_id, confirmer_id, create_time, \
     expire_time, end_time, version FROM grants WHERE id = $1"
    pg " FOR UPDATE"
);
const LIVE_OF_USER: &str = concat!(
    columns!(),
    "WHERE user_id = $1 AND state = 'active' AND (expire_time IS NULL OR expire_time > $2) ORDER BY id"
);
const OF_SOURCE: &str = concat!(columns!(), "WHERE source = $1 AND state <> 'ended' ORDER BY id");
const OF_STUDENT: &str = concat!(columns!(), "WHERE student_id = $1 AND state <> 'ended' ORDER BY id");
const AT_SCHOOL: &str =
    concat!(columns!(), "WHERE user_id = $1 AND school_id = $2 AND state <> 'ended' ORDER BY id");
const OF_ROLE: &str =
    concat!(columns!(), "WHERE user_id = $1 AND role = $2 AND state <> 'ended' ORDER BY id");

/// What is asked of every list: roles, states as they are now, position, size.
macro_rules! filter {
    () => {
        " AND role IN (SELECT value FROM json_each($2)) \
         AND CASE WHEN state <> 'ended' AND expire_time IS NOT NULL AND expire_time <= $3 THEN 'ended' ELSE state END \
         IN (SELECT value FROM json_each($4)) AND id > $5 ORDER BY id LIMIT $6"
    };
}
const LIST_OF_USER: &str = concat!(columns!(), "WHERE user_id = $1", filter!());
const LIST_AT_SCHOOL: &str = concat!(columns!(), "WHERE school_id = $1 AND student_id IS NULL", filter!());
const LIST_AT_COUNTY: &str = concat!(columns!(), "WHERE scope = $1", filter!());

/// Writes a new grant. False if the account has it already from the same source.
pub async fn insert(tx: &mut Tx, grant: &Grant) -> Result<bool, Error> {
    // One whose time is over is in nobody's way.
    tx.q("UPDATE grants SET state = 'ended', end_time = expire_time, version = version + 1 \
          WHERE user_id = $1 AND role = $2 AND scope = $3 AND source = $4 AND state <> 'ended' AND expire_time <= $5")
        .bind(grant.user)
        .bind(grant.role.name())
        .bind(scope_name(&grant.scope))
        .bind(grant.source.name())
        .bind(grant.create_time)
        .exec()
        .await?;
    let rows = tx
        .q("INSERT INTO grants (id, user_id, role, scope, school_id, student_id, source, state, proposer_id, \
            confirmer_id, create_time, expire_time, end_time, version) \
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) ON CONFLICT DO NOTHING")
        .bind(grant.id)
        .bind(grant.user)
        .bind(grant.role.name())
        .bind(scope_name(&grant.scope))
        .bind(grant.school)
        .bind(grant::student_of(&grant.scope))
        .bind(grant.source.name())
        .bind(grant.state.name())
        .bind(grant.proposer)
        .bind(grant.confirmer)
        .bind(grant.create_time)
        .bind(grant.expire_time)
        .bind(grant.end_time)
        .bind(grant.version)
        .exec()
        .await?;
    Ok(rows == 1)
}

/// The grant of that id, kept from changing until the end of the transaction.
pub async fn by_id_locked(tx: &mut Tx, id: GrantId) -> Result<Option<Grant>, Error> {
    tx.q(LOCKED).bind(id).opt::<GrantRow>().await?.map(GrantRow::open).transpose()
}

/// Writes what can change of a grant; the caller has counted its version up.
pub async fn update(tx: &mut Tx, grant: &Grant) -> Result<(), Error> {
    tx.q("UPDATE grants SET state = $2, confirmer_id = $3, end_time = $4, version = $5 WHERE id = $1")
        .bind(grant.id)
        .bind(grant.state.name())
        .bind(grant.confirmer)
        .bind(grant.end_time)
        .bind(grant.version)
        .exec()
        .await?;
    Ok(())
}

async fn all(query: Query<'_>) -> Result<Vec<Grant>, Error> {
    query.all::<GrantRow>().await?.into_iter().map(GrantRow::open).collect()
}

/// What an account may do at `now`.
pub async fn live_of_user(db: &Db, user: UserId, now: Ts) -> Result<Vec<Grant>, Error> {
    all(db.read(LIVE_OF_USER).bind(user).bind(now)).await
}

/// What follows from a fact, and was not taken back.
pub async fn of_source(tx: &mut Tx, source: &Source) -> Result<Vec<Grant>, Error> {
    all(tx.q(OF_SOURCE).bind(source.name())).await
}

/// All that concern one pupil, and were not taken back.
pub async fn of_student(tx: &mut Tx, student: StudentId) -> Result<Vec<Grant>, Error> {
    all(tx.q(OF_STUDENT).bind(student)).await
}

/// All of an account at a school, and were not taken back.
pub async fn at_school(tx: &mut Tx, user: UserId, school: SchoolId) -> Result<Vec<Grant>, Error> {
    all(tx.q(AT_SCHOOL).bind(user).bind(school)).await
}

/// All of an account of one role, and were not taken back.
pub async fn of_role(tx: &mut Tx, user: UserId, role: Role) -> Result<Vec<Grant>, Error> {
    all(tx.q(OF_ROLE).bind(user).bind(role.name())).await
}

/// Whose grants a list holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Of {
    /// An account's.
    User(UserId),
    /// Those at a school and in its classes.
    School(SchoolId),
    /// Those at the county.
    County,
}

/// One page of a list, in the order of ids.
pub async fn list(
    db: &Db,
    of: Of,
    roles: &[Role],
    states: &[State],
    now: Ts,
    after: Uuid,
    limit: i64,
) -> Result<Vec<Grant>, Error> {
    let query = match of {
        Of::User(user) => db.read(LIST_OF_USER).bind(user),
        Of::School(school) => db.read(LIST_AT_SCHOOL).bind(school),
        Of::County => db.read(LIST_AT_COUNTY).bind("county"),
    };
    let roles: TextList = roles.iter().map(|role| role.name()).collect();
    let states: TextList = states.iter().map(|state| state.name()).collect();
    all(query.bind(roles).bind(now).bind(states).bind(after).bind(limit)).await
}

/// The children of a guardian.
pub async fn children(db: &Db, user: UserId, now: Ts) -> Result<Vec<StudentId>, Error> {
    let grants = live_of_user(db, user, now).await?;
    Ok(grants
        .iter()
        .filter(|g| g.role == Role::Guardian)
        .filter_map(|g| grant::student_of(&g.scope))
        .collect())
}

const LOCK_ADMINISTRATORS: Sql = sql!(
    "SELECT id FROM grants WHERE scope = 'county' AND state = 'active' ORDER BY id"
    pg " FOR UPDATE"
);

/// Lets only one transaction at a time look at who is left at the county: two that each take the other away would leave nobody.
pub async fn lock_administrators(tx: &mut Tx) -> Result<(), Error> {
    let _: Vec<(GrantId,)> = tx.q(LOCK_ADMINISTRATORS).all().await?;
    Ok(())
}

/// How many accounts other than `but` are not disabled and hold one of `roles` at the county at `now`.
pub async fn others_at_county(tx: &mut Tx, but: UserId, roles: &[Role], now: Ts) -> Result<i64, Error> {
    let roles: TextList = roles.iter().map(|role| role.name()).collect();
    Ok(tx
        .q("SELECT COUNT(DISTINCT g.user_id) FROM grants g JOIN users u ON u.id = g.user_id \
            WHERE g.scope = 'county' AND g.state = 'active' AND (g.expire_time IS NULL OR g.expire_time > $1) \
            AND g.role IN (SELECT value FROM json_each($2)) AND g.user_id <> $3 AND NOT u.disabled")
        .bind(now)
        .bind(roles)
        .bind(but)
        .get()
        .await?)
}

/// How many accounts other than `but` can log in and administer the county at `now`.
pub async fn other_administrators(tx: &mut Tx, but: UserId, now: Ts) -> Result<i64, Error> {
    Ok(tx
        .q("SELECT COUNT(DISTINCT g.user_id) FROM grants g JOIN users u ON u.id = g.user_id \
            WHERE g.scope = 'county' AND g.state = 'active' AND (g.expire_time IS NULL OR g.expire_time > $1) \
            AND g.role = $2 AND g.user_id <> $3 AND NOT u.disabled AND u.password IS NOT NULL")
        .bind(now)
        .bind(Role::CountyIt.name())
        .bind(but)
        .get()
        .await?)
}

/// Whether an account holds the role of the first administrator since the first start.
pub async fn is_bootstrap(tx: &mut Tx, user: UserId) -> Result<bool, Error> {
    let found: Option<GrantId> = tx
        .q("SELECT id FROM grants WHERE user_id = $1 AND source = 'bootstrap' AND state = 'active'")
        .bind(user)
        .get_opt()
        .await?;
    Ok(found.is_some())
}

/// Notes where a pupil is now on the grants that concern the pupil.
pub async fn move_student(tx: &mut Tx, student: StudentId, school: SchoolId) -> Result<(), Error> {
    tx.q("UPDATE grants SET school_id = $2 WHERE student_id = $1 AND state <> 'ended'")
        .bind(student)
        .bind(school)
        .exec()
        .await?;
    Ok(())
}
