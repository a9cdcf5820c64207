//! Activities.

use super::{Read as _, Server, about, count, pb, school_name, words};
use crate::{
    app::{
        Error,
        activities::{Change, ChangeActivity, CreateActivity, SchoolActivities},
    },
    domain::activity::{Activity, ActivityForm, Area, Count, Occasion},
};
use tonic::{Request, Response, Status};
use xinqiao_kit::{ctx::Ctx, etag, names, rpc, validate::Violations};

const ACTIVITY: &str = "activities/{}";
const FIELDS: &[&str] = &["occasion", "title", "date", "channel", "actors", "educations"];
const ALL_FIELDS: &[&str] = &["area", "occasion", "title", "date", "channel", "actors", "educations"];

#[tonic::async_trait]
impl pb::activity_service_server::ActivityService for Server {
    async fn create_activity(
        &self,
        request: Request<pb::CreateActivityRequest>,
    ) -> Result<Response<pb::Activity>, Status> {
        rpc::handle(request, self.0.clone(), |app, ctx, m| async move {
            Ok::<_, Error>(shown(app.create_activity(&ctx, create(&ctx, m)?).await?))
        })
        .await
    }

    async fn update_activity(
        &self,
        request: Request<pb::UpdateActivityRequest>,
    ) -> Result<Response<pb::Activity>, Status> {
        rpc::handle(request, self.0.clone(), |app, ctx, m| async move {
            Ok::<_, Error>(shown(app.change_activity(&ctx, update(m)?).await?))
        })
        .await
    }

    async fn prove_activity(
        &self,
        request: Request<pb::ProveActivityRequest>,
    ) -> Result<Response<pb::Activity>, Status> {
        rpc::handle(request, self.0.clone(), |app, ctx, m| async move {
            let mut v = Violations::new();
            let key = v.key(&ctx, &m.request_id, &m);
            let id = v.id("name", &m.name, ACTIVITY);
            let (id, wrong) = about(v, id)?;
            let change = Change::Prove(m.participant_count, m.attachment.trim().to_owned());
            let command = ChangeActivity { id, change, etag: m.etag, wrong, key };
            Ok::<_, Error>(shown(app.change_activity(&ctx, command).await?))
        })
        .await
    }

    async fn cancel_activity(
        &self,
        request: Request<pb::CancelActivityRequest>,
    ) -> Result<Response<pb::Activity>, Status> {
        rpc::handle(request, self.0.clone(), |app, ctx, m| async move {
            let mut v = Violations::new();
            let key = v.key(&ctx, &m.request_id, &m);
            let id = v.id("name", &m.name, ACTIVITY);
            let (id, wrong) = about(v, id)?;
            let command = ChangeActivity { id, change: Change::Cancel, etag: m.etag, wrong, key };
            Ok::<_, Error>(shown(app.change_activity(&ctx, command).await?))
        })
        .await
    }

    async fn get_activity(
        &self,
        request: Request<pb::GetActivityRequest>,
    ) -> Result<Response<pb::Activity>, Status> {
        rpc::handle(request, self.0.clone(), |app, ctx, m| async move {
            let mut v = Violations::new();
            let id = v.id("name", &m.name, ACTIVITY);
            Ok::<_, Error>(shown(app.get_activity(&ctx, v.finish(id)?).await?))
        })
        .await
    }

    async fn list_activities(
        &self,
        request: Request<pb::ListActivitiesRequest>,
    ) -> Result<Response<pb::ListActivitiesResponse>, Status> {
        rpc::handle(request, self.0.clone(), |app, ctx, m| async move {
            let mut v = Violations::new();
            let (school, year) = (v.school("parent", &m.parent), v.year(m.school_year));
            let area = (m.area != 0).then(|| v.enum_value("area", m.area, words::area_of)).flatten();
            let list = format!("activities {} {} {}", m.parent, m.school_year, m.area);
            let page = v.page(m.page_size, &m.page_token, &list);
            let (school, page) = v.finish(school.zip(page))?;
            let (activities, next) = app.list_activities(&ctx, (school, year), area, &page).await?;
            let activities = activities.into_iter().map(shown).collect();
            Ok::<_, Error>(pb::ListActivitiesResponse { activities, next_page_token: next })
        })
        .await
    }

    async fn get_school_activity_figures(
        &self,
        request: Request<pb::GetSchoolActivityFiguresRequest>,
    ) -> Result<Response<pb::SchoolActivityFigures>, Status> {
        rpc::handle(request, self.0.clone(), |app, ctx, m| async move {
            let mut v = Violations::new();
            let (school, year) = (v.school("school", &m.school), v.year(m.school_year));
            Ok::<_, Error>(shown_figures(app.school_activities(&ctx, v.finish(school)?, year).await?))
        })
        .await
    }

    async fn get_county_activity_figures(
        &self,
        request: Request<pb::GetCountyActivityFiguresRequest>,
    ) -> Result<Response<pb::GetCountyActivityFiguresResponse>, Status> {
        rpc::handle(request, self.0.clone(), |app, ctx, m| async move {
            let mut v = Violations::new();
            let year = v.year(m.school_year);
            let page = v.page(m.page_size, &m.page_token, &format!("activity figures {}", m.school_year));
            let county = app.county_activities(&ctx, year, &v.finish(page)?).await?;
            Ok::<_, Error>(pb::GetCountyActivityFiguresResponse {
                schools: county.schools.into_iter().map(shown_figures).collect(),
                next_page_token: county.next,
                school_count: count(county.all),
                reached_school_count: count(county.reached),
            })
        })
        .await
    }
}

fn create(ctx: &Ctx, m: pb::CreateActivityRequest) -> Result<CreateActivity, Error> {
    let mut v = Violations::new();
    let key = v.key(ctx, &m.request_id, &m);
    let school = v.school("parent", &m.parent);
    let activity = v.present("activity", m.activity);
    let form = activity.map(|activity| form(&mut v, activity, ALL_FIELDS)).unwrap_or_default();
    let (school, wrong) = about(v, school)?;
    Ok(CreateActivity { school, form, wrong, key })
}

fn update(m: pb::UpdateActivityRequest) -> Result<ChangeActivity, Error> {
    let mut v = Violations::new();
    let fields = v.mask(m.update_mask, FIELDS);
    let activity = v.present("activity", m.activity).unwrap_or_default();
    let id = v.id("activity.name", &activity.name, ACTIVITY);
    let etag = activity.etag.clone();
    let change = Change::Update(form(&mut v, activity, &fields));
    let (id, wrong) = about(v, id)?;
    Ok(ChangeActivity { id, change, etag, wrong, key: None })
}

fn form(v: &mut Violations, m: pb::Activity, fields: &[&str]) -> ActivityForm {
    let named = |field: &str| fields.contains(&field);
    ActivityForm {
        area: named("area").then(|| v.enum_value("activity.area", m.area, words::area_of)).flatten(),
        occasion: named("occasion")
            .then(|| v.enum_value("activity.occasion", m.occasion, words::occasion_of))
            .flatten(),
        title: named("title").then(|| m.title.trim().to_owned()),
        date: named("date").then(|| v.date("activity.date", &m.date)).flatten(),
        channel: named("channel")
            .then(|| v.enum_value("activity.channel", m.channel, words::channel_of))
            .flatten(),
        actors: named("actors").then(|| v.set("activity.actors", &m.actors, words::actor_of)),
        educations: named("educations")
            .then(|| v.set("activity.educations", &m.educations, words::education_of)),
    }
}

fn shown(activity: Activity) -> pb::Activity {
    pb::Activity {
        name: names::format(ACTIVITY, activity.id),
        school: school_name(activity.school),
        area: words::area(activity.area),
        occasion: words::occasion(activity.occasion),
        title: activity.title,
        date: activity.date.to_string(),
        channel: words::channel(activity.channel),
        actors: activity.actors.into_iter().map(words::actor).collect(),
        educations: activity.educations.into_iter().map(words::education).collect(),
        participant_count: activity.participants,
        attachment: activity.attachment,
        state: words::activity_state(activity.state),
        create_time: Some(activity.created_at.into()),
        update_time: Some(activity.updated_at.into()),
        etag: etag::of(activity.version),
    }
}

fn shown_figures(one: SchoolActivities) -> pb::SchoolActivityFigures {
    let reached = one.figure.reached();
    let occasion = |(occasion, sum, expected): (Occasion, Count, bool)| pb::OccasionFigure {
        occasion: words::occasion(occasion),
        held: count(sum.held),
        planned: count(sum.planned),
        expected,
    };
    let area = |(area, sum): (Area, Count)| pb::AreaFigure {
        area: words::area(area),
        held: count(sum.held),
        planned: count(sum.planned),
    };
    pb::SchoolActivityFigures {
        school: school_name(one.school.id),
        display_name: one.school.display_name,
        school_year: one.year.0,
        occasions: one.figure.occasions.into_iter().map(occasion).collect(),
        areas: one.figure.areas.into_iter().map(area).collect(),
        reached,
    }
}
