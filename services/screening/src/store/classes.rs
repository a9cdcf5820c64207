//! The classes of a campaign: counts of their targets, and summaries of their results.

use super::{Stored, Window};
use crate::domain::{
    ids::{CampaignId, ClassId, Place, SchoolId},
    report::Tally,
    target::{Progress, TargetState},
};
use xinqiao_kit::{
    db::{Db, Json, Tx},
    insert_rows,
};

/// The counts of one class.
#[derive(Debug, Clone, PartialEq)]
pub struct ClassCounts {
    /// The class.
    pub class: ClassId,
    /// Its school.
    pub school: SchoolId,
    /// Its targets.
    pub progress: Progress,
}

#[derive(sqlx::FromRow)]
struct SumRow {
    targets: i64,
    submitted: i64,
    retest: i64,
    on_leave: i64,
    exempt: i64,
    refused: i64,
    gone: i64,
}

impl From<SumRow> for Progress {
    fn from(row: SumRow) -> Self {
        Self {
            targets: row.targets,
            submitted: row.submitted,
            retest: row.retest,
            leave: row.on_leave,
            exempt: row.exempt,
            refused: row.refused,
            left: row.gone,
        }
    }
}

#[derive(sqlx::FromRow)]
struct CountRow {
    class_id: ClassId,
    school_id: SchoolId,
    #[sqlx(flatten)]
    counts: SumRow,
}

/// Which classes of a campaign the caller may see.
macro_rules! visible {
    () => {
        "campaign_id = $4 AND ($5 IS NULL OR school_id = $5)
          AND ($1 OR school_id IN (SELECT unhex(value) FROM json_each($2)) OR class_id IN (SELECT unhex(value) FROM json_each($3)))"
    };
}

/// Counts of the classes that the caller may see, by school and class.
pub async fn progress(
    db: &Db,
    campaign: CampaignId,
    school: Option<SchoolId>,
    window: &Window,
) -> Stored<Vec<ClassCounts>> {
    let query = db.read(concat!(
        "SELECT class_id, school_id, targets, submitted, retest, on_leave, exempt, refused, gone FROM campaign_classes WHERE ",
        visible!(),
        " ORDER BY school_id, class_id LIMIT $6"
    ));
    let query = window.bind_places(query).bind(campaign).bind(school).bind(window.fetch);
    let counts = query.all::<CountRow>().await?.into_iter().map(|row| ClassCounts {
        class: row.class_id,
        school: row.school_id,
        progress: row.counts.into(),
    });
    Ok(counts.collect())
}

/// Counts of all classes that the caller may see, added up.
pub async fn total(
    db: &Db,
    campaign: CampaignId,
    school: Option<SchoolId>,
    window: &Window,
) -> Stored<Progress> {
    let query = db.read(concat!(
        "SELECT CAST(coalesce(SUM(targets), 0) AS BIGINT) AS targets, CAST(coalesce(SUM(submitted), 0) AS BIGINT) AS submitted,
            CAST(coalesce(SUM(retest), 0) AS BIGINT) AS retest, CAST(coalesce(SUM(on_leave), 0) AS BIGINT) AS on_leave,
            CAST(coalesce(SUM(exempt), 0) AS BIGINT) AS exempt, CAST(coalesce(SUM(refused), 0) AS BIGINT) AS refused,
            CAST(coalesce(SUM(gone), 0) AS BIGINT) AS gone
         FROM campaign_classes WHERE ",
        visible!()
    ));
    Ok(window.bind_places(query).bind(campaign).bind(school).one::<SumRow>().await?.into())
}

/// The classes of a campaign that the caller may see: lists of targets and results go by them, so that they stay fast however large the
/// campaign is.
pub async fn visible(db: &Db, campaign: CampaignId, window: &Window) -> Stored<Vec<ClassId>> {
    let query = db.read(concat!("SELECT class_id FROM campaign_classes WHERE ", visible!()));
    let rows: Vec<(ClassId,)> = window.bind_places(query).bind(campaign).bind(None::<SchoolId>).all().await?;
    Ok(rows.into_iter().map(|(class,)| class).collect())
}

/// Counts the target list that was just frozen, class by class, and gives its length.
pub async fn freeze(tx: &mut Tx, campaign: CampaignId) -> Stored<i64> {
    let query = tx.q("INSERT INTO campaign_classes (campaign_id, class_id, school_id, targets, submitted, retest, on_leave, exempt, refused, gone, responses, summarised)
        SELECT campaign_id, class_id, school_id, count(*), 0, 0, CAST(SUM(CASE WHEN state = 'leave' THEN 1 ELSE 0 END) AS BIGINT), 0, 0,
            CAST(SUM(CASE WHEN state = 'left' THEN 1 ELSE 0 END) AS BIGINT), 0, 0
        FROM targets WHERE campaign_id = $1 GROUP BY campaign_id, class_id, school_id");
    query.bind(campaign).exec().await?;
    Ok(tx.q("SELECT count(*) FROM targets WHERE campaign_id = $1").bind(campaign).get().await?)
}

/// How the counts of a class change.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Change {
    /// Targets that came or went, by state.
    pub counts: Progress,
    /// Responses taken.
    pub responses: i64,
}

impl Change {
    /// One target more or less in a state; `sign` is 1 or -1. The list itself grows only with `listed`.
    pub fn state(mut self, state: TargetState, sign: i64) -> Self {
        let count = match state {
            TargetState::Pending => return self,
            TargetState::Submitted => &mut self.counts.submitted,
            TargetState::Retest => &mut self.counts.retest,
            TargetState::Leave => &mut self.counts.leave,
            TargetState::Exempt => &mut self.counts.exempt,
            TargetState::Refused => &mut self.counts.refused,
            TargetState::Left => &mut self.counts.left,
        };
        *count += sign;
        self
    }

    /// One target more or less on the list.
    pub fn listed(mut self, sign: i64) -> Self {
        self.counts.targets += sign;
        self
    }

    /// Both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self { counts: self.counts.plus(other.counts), responses: self.responses + other.responses }
    }
}

/// Changes the counts of classes, each named once; one that had no target so far is added. Give them in order of campaign and class: two
/// transactions that do cannot wait for each other.
pub async fn change(tx: &mut Tx, changes: Vec<(CampaignId, Place, Change)>) -> Stored<()> {
    let rows = changes.into_iter().map(|(campaign, place, change)| {
        let by = change.counts;
        (
            campaign,
            place.class,
            place.school,
            by.targets,
            by.submitted,
            by.retest,
            by.leave,
            by.exempt,
            by.refused,
            by.left,
            change.responses,
            0_i64,
        )
    });
    let upsert = insert_rows!(
        tx,
        "campaign_classes",
        [
            campaign_id,
            class_id,
            school_id,
            targets,
            submitted,
            retest,
            on_leave,
            exempt,
            refused,
            gone,
            responses,
            summarised
        ],
        rows,
        "ON CONFLICT (campaign_id, class_id) DO UPDATE SET \
         targets = campaign_classes.targets + excluded.targets, submitted = campaign_classes.submitted + excluded.submitted, \
         retest = campaign_classes.retest + excluded.retest, on_leave = campaign_classes.on_leave + excluded.on_leave, \
         exempt = campaign_classes.exempt + excluded.exempt, refused = campaign_classes.refused + excluded.refused, \
         gone = campaign_classes.gone + excluded.gone, responses = campaign_classes.responses + excluded.responses"
    );
    upsert.await?;
    Ok(())
}

/// A class's summary of results, as far as it was added up.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// The class.
    pub class: ClassId,
    /// Its school.
    pub school: SchoolId,
    /// Responses that there are.
    pub responses: i64,
    /// Responses that the tally counts.
    pub summarised: i64,
    /// The counts.
    pub tally: Tally,
}

#[derive(sqlx::FromRow)]
struct SummaryRow {
    class_id: ClassId,
    school_id: SchoolId,
    responses: i64,
    summarised: i64,
    summary: Option<Json<Tally>>,
}

/// The summaries of a campaign's classes, of one school or of all.
pub async fn summaries(db: &Db, campaign: CampaignId, school: Option<SchoolId>) -> Stored<Vec<Summary>> {
    let query = db.read(
        "SELECT class_id, school_id, responses, summarised, summary FROM campaign_classes
        WHERE campaign_id = $1 AND ($2 IS NULL OR school_id = $2) ORDER BY school_id, class_id",
    );
    let rows = query.bind(campaign).bind(school).all::<SummaryRow>().await?;
    let summaries = rows.into_iter().map(|row| Summary {
        class: row.class_id,
        school: row.school_id,
        responses: row.responses,
        summarised: row.summarised,
        tally: row.summary.map(|json| json.0).unwrap_or_default(),
    });
    Ok(summaries.collect())
}

/// Keeps the summary of a class over `summarised` responses, unless a newer one is there.
pub async fn keep_summary(
    db: &Db,
    campaign: CampaignId,
    class: ClassId,
    summarised: i64,
    tally: &Tally,
) -> Stored<()> {
    let query = db.write(
        "UPDATE campaign_classes SET summary = $4, summarised = $3
        WHERE campaign_id = $1 AND class_id = $2 AND summarised < $3",
    );
    query.bind(campaign).bind(class).bind(summarised).bind(Json(tally.clone())).exec().await?;
    Ok(())
}
