//! Campaigns.

use super::{Stored, Window, unknown};
use crate::domain::{
    campaign::{Campaign, CampaignState, ConsentRule, Plan, Purpose, Scope},
    ids::{CampaignId, SchoolId, UserId},
};
use xinqiao_kit::{
    db::{Db, Json, Query, Tx},
    time::Ts,
};

macro_rules! columns {
    () => {
        "campaigns.id, campaigns.version, campaigns.school_id, campaigns.title, campaigns.purposes, campaigns.scope, \
         campaigns.instrument_id, campaigns.instrument_version, campaigns.start_at, campaigns.end_at, campaigns.consent_rule, \
         campaigns.state, campaigns.target_count, campaigns.creator, campaigns.created_at, campaigns.opened_at, campaigns.closed_at"
    };
}

/// A campaign's row.
#[derive(Debug, sqlx::FromRow)]
pub struct Row {
    id: CampaignId,
    version: i64,
    school_id: Option<SchoolId>,
    title: String,
    purposes: String,
    scope: Json<Scope>,
    instrument_id: String,
    instrument_version: i32,
    start_at: Ts,
    end_at: Ts,
    consent_rule: String,
    state: String,
    target_count: i64,
    creator: UserId,
    created_at: Ts,
    opened_at: Option<Ts>,
    closed_at: Option<Ts>,
}

impl TryFrom<Row> for Campaign {
    type Error = xinqiao_kit::keys::KeyError;

    fn try_from(row: Row) -> Stored<Self> {
        let purposes = row.purposes.split(',').map(Purpose::of_word).collect::<Option<Vec<_>>>();
        let plan = Plan {
            title: row.title,
            school: row.school_id,
            purposes: purposes.ok_or_else(|| unknown("campaigns", "purposes"))?,
            scope: row.scope.0,
            instrument: row.instrument_id,
            start: row.start_at,
            end: row.end_at,
            consent: ConsentRule::of_word(&row.consent_rule)
                .ok_or_else(|| unknown("campaigns", "consent_rule"))?,
        };
        Ok(Self {
            id: row.id,
            version: row.version,
            plan,
            instrument_version: row.instrument_version,
            state: CampaignState::of_word(&row.state).ok_or_else(|| unknown("campaigns", "state"))?,
            target_count: row.target_count,
            creator: row.creator,
            create_time: row.created_at,
            open_time: row.opened_at,
            close_time: row.closed_at,
        })
    }
}

async fn one(query: Query<'_>) -> Stored<Option<Campaign>> {
    query.opt::<Row>().await?.map(Campaign::try_from).transpose()
}

/// Adds a campaign.
pub async fn insert(tx: &mut Tx, campaign: &Campaign) -> Stored<()> {
    let purposes: Vec<&str> = campaign.plan.purposes.iter().map(|purpose| purpose.word()).collect();
    let query = tx.q("INSERT INTO campaigns (id, version, school_id, title, purposes, scope, instrument_id, instrument_version, start_at, end_at,
            consent_rule, state, target_count, creator, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)");
    query
        .bind(campaign.id)
        .bind(campaign.version)
        .bind(campaign.plan.school)
        .bind(campaign.plan.title.clone())
        .bind(purposes.join(","))
        .bind(Json(campaign.plan.scope.clone()))
        .bind(campaign.plan.instrument.clone())
        .bind(campaign.instrument_version)
        .bind(campaign.plan.start)
        .bind(campaign.plan.end)
        .bind(campaign.plan.consent.word())
        .bind(campaign.state.word())
        .bind(campaign.target_count)
        .bind(campaign.creator)
        .bind(campaign.create_time)
        .exec()
        .await?;
    Ok(())
}

const GET: &str = concat!("SELECT ", columns!(), " FROM campaigns WHERE id = $1");

/// A campaign.
pub async fn get(db: &Db, id: CampaignId) -> Stored<Option<Campaign>> {
    one(db.read(GET).bind(id)).await
}

/// A campaign, read in a transaction.
pub async fn get_tx(tx: &mut Tx, id: CampaignId) -> Stored<Option<Campaign>> {
    one(tx.q(GET).bind(id)).await
}

/// A campaign, if it is one of the schools and classes that the caller may see: held by the school, or with pupils of it.
pub async fn get_visible(db: &Db, id: CampaignId, window: &Window) -> Stored<Option<Campaign>> {
    let query = db.read(concat!(
        "SELECT ",
        columns!(),
        " FROM campaigns WHERE id = $4 AND ($1 OR school_id IN (SELECT unhex(value) FROM json_each($2))
          OR EXISTS (SELECT 1 FROM campaign_classes k WHERE k.campaign_id = campaigns.id
             AND (k.school_id IN (SELECT unhex(value) FROM json_each($2)) OR k.class_id IN (SELECT unhex(value) FROM json_each($3)))))"
    ));
    one(window.bind_places(query).bind(id)).await
}

/// Campaigns that the caller may see, newest first. `open`: only those in which pupils can answer at `now`, or only those that are over;
/// `state`: only those stored as such.
pub async fn list(db: &Db, window: &Window, state: Option<CampaignState>, now: Ts) -> Stored<Vec<Campaign>> {
    let query = db.read(concat!(
        "SELECT ",
        columns!(),
        " FROM campaigns WHERE id < $4
          AND ($5 = '' OR $5 = CASE WHEN state = 'open' AND end_at <= $6 THEN 'closed' ELSE state END)
          AND ($1 OR school_id IN (SELECT unhex(value) FROM json_each($2))
          OR EXISTS (SELECT 1 FROM campaign_classes k WHERE k.campaign_id = campaigns.id
             AND (k.school_id IN (SELECT unhex(value) FROM json_each($2)) OR k.class_id IN (SELECT unhex(value) FROM json_each($3)))))
          ORDER BY id DESC LIMIT $7"
    ));
    let state = state.map_or("", CampaignState::word);
    let query = window.bind_places(query).bind(window.from).bind(state).bind(now).bind(window.fetch);
    query.all::<Row>().await?.into_iter().map(Campaign::try_from).collect()
}

/// Takes the work of opening a campaign until `until`, unless it is done or somebody has it. False if so.
pub async fn lease_opening(tx: &mut Tx, id: CampaignId, now: Ts, until: Ts) -> Stored<bool> {
    let query = tx.q("UPDATE campaigns SET state = 'opening', opening_until = $3, version = version + 1
        WHERE id = $1 AND (state = 'draft' OR (state = 'opening' AND (opening_until IS NULL OR opening_until <= $2)))");
    Ok(query.bind(id).bind(now).bind(until).exec().await? == 1)
}

/// Keeps the work of opening until `until`.
pub async fn renew_opening(tx: &mut Tx, id: CampaignId, until: Ts) -> Stored<()> {
    let query = tx.q("UPDATE campaigns SET opening_until = $2 WHERE id = $1 AND state = 'opening'");
    query.bind(id).bind(until).exec().await?;
    Ok(())
}

/// Gives the work of opening back: for another try, or to draft when nothing was written.
pub async fn release_opening(tx: &mut Tx, id: CampaignId, to: CampaignState) -> Stored<()> {
    let query = tx.q("UPDATE campaigns SET state = $2, opening_until = NULL, version = version + 1 WHERE id = $1 AND state = 'opening'");
    query.bind(id).bind(to.word()).exec().await?;
    Ok(())
}

/// Campaigns whose opening somebody began and nobody works on.
pub async fn stuck_openings(db: &Db, now: Ts) -> Stored<Vec<CampaignId>> {
    let query = db.read(
        "SELECT id FROM campaigns WHERE state = 'opening' AND (opening_until IS NULL OR opening_until <= $1) ORDER BY id LIMIT 20",
    );
    let rows: Vec<(CampaignId,)> = query.bind(now).all().await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// Opens a campaign whose target list is written. False if it was not being opened.
pub async fn open(tx: &mut Tx, id: CampaignId, now: Ts) -> Stored<bool> {
    let query = tx
        .q("UPDATE campaigns SET state = 'open', opening_until = NULL, opened_at = $2, version = version + 1
        WHERE id = $1 AND state = 'opening'");
    Ok(query.bind(id).bind(now).exec().await? == 1)
}

/// Keeps the length of the target list.
pub async fn set_target_count(tx: &mut Tx, id: CampaignId, targets: i64) -> Stored<()> {
    tx.q("UPDATE campaigns SET target_count = $2 WHERE id = $1").bind(id).bind(targets).exec().await?;
    Ok(())
}

/// Closes a campaign.
pub async fn close(tx: &mut Tx, id: CampaignId, now: Ts) -> Stored<()> {
    let query = tx.q("UPDATE campaigns SET state = 'closed', closed_at = $2, version = version + 1
        WHERE id = $1 AND state IN ('draft', 'open')");
    query.bind(id).bind(now).exec().await?;
    Ok(())
}
