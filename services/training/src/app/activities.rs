//! Planning and proving activities, and what they add up to (P1.4 to P1.6, P4.3).

use super::{App, Error, lesson_figures::County, part, school_year};
use crate::{
    domain::{
        activity::{Activity, ActivityFigure, ActivityForm, ActivityState, Area, check_proof},
        facts::School,
        ids::{ActivityId, SchoolId},
    },
    store,
};
use xinqiao_kit::{
    authz::Target,
    ctx::{Ctx, RequestKey},
    db::Tx,
    etag,
    page::Page,
    requests,
    status::Violation,
    time::SchoolYear,
    validate::Violations,
};

/// An activity to plan.
pub struct CreateActivity {
    /// Where.
    pub school: SchoolId,
    /// What is said of it.
    pub form: ActivityForm,
    /// What could not be read.
    pub wrong: Violations,
    /// For the same request again.
    pub key: Option<RequestKey>,
}

/// A change of an activity.
pub struct ChangeActivity {
    /// Which.
    pub id: ActivityId,
    /// What to do with it.
    pub change: Change,
    /// What the caller read.
    pub etag: String,
    /// What could not be read.
    pub wrong: Violations,
    /// For the same request again.
    pub key: Option<RequestKey>,
}

/// What can be done with an activity.
pub enum Change {
    /// Plan it differently.
    Update(ActivityForm),
    /// Prove that it was held: people who took part, and where the proof lies.
    Prove(i32, String),
    /// Call it off.
    Cancel,
}

/// What a school's activities add up to.
pub struct SchoolActivities {
    /// The school.
    pub school: School,
    /// The school year.
    pub year: SchoolYear,
    /// Occasions and areas.
    pub figure: ActivityFigure,
}

impl App {
    /// Plans an activity.
    pub async fn create_activity(&self, ctx: &Ctx, command: CreateActivity) -> Result<Activity, Error> {
        let CreateActivity { school, form, mut wrong, key } = command;
        self.deps.authz.require(ctx, &place(school, form.area))?;
        let mut tx = self.deps.db.begin().await?;
        if let Some(answer) = requests::begin(&mut tx, ctx, &key, &self.deps.keys).await? {
            return Ok(answer);
        }
        if store::facts::school(&mut tx, school).await?.is_none_or(|school| !school.active) {
            wrong.push(Violation::new("parent", "SCHOOL_UNKNOWN"));
        }
        form.check(&mut wrong, self.dates(ctx));
        let now = ctx.now();
        let activity = || {
            Some(Activity {
                id: self.deps.ids.make(),
                school,
                area: form.area?,
                occasion: form.occasion?,
                title: form.title?,
                date: form.date?,
                channel: form.channel?,
                actors: form.actors?,
                educations: form.educations?,
                participants: 0,
                attachment: String::new(),
                state: ActivityState::Planned,
                version: 1,
                created_at: now,
                updated_at: now,
            })
        };
        let activity = wrong.finish(activity())?;
        store::activities::insert(&mut tx, &self.deps.keys, &activity).await?;
        self.commit(tx, ctx, (&key, &target(&activity)), activity).await
    }

    /// Changes, proves or cancels an activity.
    pub async fn change_activity(&self, ctx: &Ctx, command: ChangeActivity) -> Result<Activity, Error> {
        let ChangeActivity { id, change, etag, mut wrong, key } = command;
        let mut tx = self.deps.db.begin().await?;
        let found = store::activities::find(&mut tx, &self.deps.keys, id).await?;
        let mut activity = self.deps.authz.require_found(ctx, found, target)?;
        if let Some(answer) = requests::begin(&mut tx, ctx, &key, &self.deps.keys).await? {
            return Ok(answer);
        }
        let (before, now) = (activity.version, ctx.now());
        match change {
            Change::Update(mut form) => {
                form.area = Some(activity.area);
                form.check(&mut wrong, self.dates(ctx));
                wrong.into_result()?;
                etag::check(&etag, before)?;
                activity.change(form, now)?;
            }
            Change::Prove(participants, attachment) => {
                check_proof(&mut wrong, participants, &attachment);
                wrong.into_result()?;
                etag::check(&etag, before)?;
                activity.prove(participants, attachment, now)?;
            }
            Change::Cancel => {
                wrong.into_result()?;
                etag::check(&etag, before)?;
                activity.cancel(now);
            }
        }
        self.save(&mut tx, &activity, before).await?;
        self.commit(tx, ctx, (&key, &target(&activity)), activity).await
    }

    async fn save(&self, tx: &mut Tx, activity: &Activity, before: i64) -> Result<(), Error> {
        let changed = activity.version != before;
        if changed && !store::activities::update(tx, &self.deps.keys, activity).await? {
            return Err(etag::Stale.into());
        }
        Ok(())
    }

    /// One activity.
    pub async fn get_activity(&self, ctx: &Ctx, id: ActivityId) -> Result<Activity, Error> {
        let found = store::activities::find(&self.deps.db, &self.deps.keys, id).await?;
        Ok(self.deps.authz.require_found(ctx, found, target)?)
    }

    /// A page of a school's activities and the token of the next.
    pub async fn list_activities(
        &self,
        ctx: &Ctx,
        (school, year): (SchoolId, Option<SchoolYear>),
        area: Option<Area>,
        page: &Page,
    ) -> Result<(Vec<Activity>, String), Error> {
        self.deps.authz.require(ctx, &place(school, None))?;
        let of = (school, school_year(ctx, year));
        let mut activities = store::activities::list(&self.deps.db, &self.deps.keys, of, area, page).await?;
        let token = page.cut(&mut activities, |last| vec![last.date.to_string(), last.id.to_string()]);
        Ok((activities, token))
    }

    /// What a school's activities add up to.
    pub async fn school_activities(
        &self,
        ctx: &Ctx,
        school: SchoolId,
        year: Option<SchoolYear>,
    ) -> Result<SchoolActivities, Error> {
        let school = self.school(ctx, school).await?;
        let year = school_year(ctx, year);
        let mut tallies = store::activities::tallies(&self.deps.db, year, Some(school.id)).await?;
        let figure = ActivityFigure::of(&school, &tallies.remove(&school.id).unwrap_or_default());
        Ok(SchoolActivities { school, year, figure })
    }

    /// What the activities of all open schools add up to.
    pub async fn county_activities(
        &self,
        ctx: &Ctx,
        year: Option<SchoolYear>,
        page: &Page,
    ) -> Result<County<SchoolActivities>, Error> {
        self.deps.authz.require(ctx, &Target::new("county"))?;
        let year = school_year(ctx, year);
        let mut tallies = store::activities::tallies(&self.deps.db, year, None).await?;
        let all: Vec<SchoolActivities> = store::facts::open_schools(&self.deps.db)
            .await?
            .into_iter()
            .map(|school| {
                let own = tallies.remove(&school.id).unwrap_or_default();
                SchoolActivities { figure: ActivityFigure::of(&school, &own), school, year }
            })
            .collect();
        let (count, reached) = (all.len(), all.iter().filter(|one| one.figure.reached()).count());
        let (schools, next) = part(all, page, |one| &one.school);
        Ok(County { schools, next, all: count, reached })
    }
}

/// Guidance is the county's, everything else the school's: the policies look at the state.
fn place(school: SchoolId, area: Option<Area>) -> Target {
    let target = Target::new("activity").school(school);
    if area == Some(Area::Guidance) { target.state(Area::Guidance.word()) } else { target }
}

fn target(activity: &Activity) -> Target {
    place(activity.school, Some(activity.area)).id(activity.id)
}
