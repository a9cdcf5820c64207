//! Trainings, attendance and training figures.

use super::{Read as _, SCHOOL, STAFF, Server, USER, about, count, pb, school_name, staff_name, words};
use crate::{
    app::{
        Error,
        training_figures::SchoolTraining,
        trainings::{CreateTraining, RecordAttendance, UpdateTraining},
    },
    domain::{
        staff_training::{ATTENDANCES_MAX, Attendance, AttendanceForm, Training, TrainingForm},
        training_figure::{GroupFigure, MemberFigure},
    },
};
use tonic::{Request, Response, Status};
use xinqiao_kit::{ctx::Ctx, etag, names, page::Page, rpc, status::Violation, validate::Violations};

const TRAINING: &str = "trainings/{}";
const FIELDS: &[&str] = &["topic", "date", "minutes", "groups", "trainer", "attachment"];
const ATTENDANCES_PAGE: (i32, i32) = (200, 1000);

#[tonic::async_trait]
impl pb::staff_training_service_server::StaffTrainingService for Server {
    async fn create_training(
        &self,
        request: Request<pb::CreateTrainingRequest>,
    ) -> Result<Response<pb::TrainingSession>, Status> {
        rpc::handle(request, self.0.clone(), |app, ctx, m| async move {
            Ok::<_, Error>(shown(app.create_training(&ctx, create(&ctx, m)?).await?))
        })
        .await
    }

    async fn update_training(
        &self,
        request: Request<pb::UpdateTrainingRequest>,
    ) -> Result<Response<pb::TrainingSession>, Status> {
        rpc::handle(request, self.0.clone(), |app, ctx, m| async move {
            Ok::<_, Error>(shown(app.update_training(&ctx, update(m)?).await?))
        })
        .await
    }

    async fn cancel_training(
        &self,
        request: Request<pb::CancelTrainingRequest>,
    ) -> Result<Response<pb::TrainingSession>, Status> {
        rpc::handle(request, self.0.clone(), |app, ctx, m| async move {
            let mut v = Violations::new();
            let key = v.key(&ctx, &m.request_id, &m);
            let id = v.id("name", &m.name, TRAINING);
            Ok::<_, Error>(shown(app.cancel_training(&ctx, v.finish(id)?, &m.etag, key).await?))
        })
        .await
    }

    async fn record_attendance(
        &self,
        request: Request<pb::RecordAttendanceRequest>,
    ) -> Result<Response<pb::TrainingSession>, Status> {
        rpc::handle(request, self.0.clone(), |app, ctx, m| async move {
            Ok::<_, Error>(shown(app.record_attendance(&ctx, attendance(&ctx, m)?).await?))
        })
        .await
    }

    async fn get_training(
        &self,
        request: Request<pb::GetTrainingRequest>,
    ) -> Result<Response<pb::TrainingSession>, Status> {
        rpc::handle(request, self.0.clone(), |app, ctx, m| async move {
            let mut v = Violations::new();
            let id = v.id("name", &m.name, TRAINING);
            Ok::<_, Error>(shown(app.get_training(&ctx, v.finish(id)?).await?))
        })
        .await
    }

    async fn list_trainings(
        &self,
        request: Request<pb::ListTrainingsRequest>,
    ) -> Result<Response<pb::ListTrainingsResponse>, Status> {
        rpc::handle(request, self.0.clone(), |app, ctx, m| async move {
            let mut v = Violations::new();
            let organiser = v.id_opt("organiser", &m.organiser, SCHOOL);
            let year = v.year(m.school_year);
            let list = format!("trainings {} {}", m.organiser, m.school_year);
            let page = v.page(m.page_size, &m.page_token, &list);
            let (trainings, next) = app.list_trainings(&ctx, organiser, year, &v.finish(page)?).await?;
            let trainings = trainings.into_iter().map(shown).collect();
            Ok::<_, Error>(pb::ListTrainingsResponse { trainings, next_page_token: next })
        })
        .await
    }

    async fn list_attendances(
        &self,
        request: Request<pb::ListAttendancesRequest>,
    ) -> Result<Response<pb::ListAttendancesResponse>, Status> {
        rpc::handle(request, self.0.clone(), |app, ctx, m| async move {
            let mut v = Violations::new();
            let training = v.id("parent", &m.parent, TRAINING);
            let (default, max) = ATTENDANCES_PAGE;
            let page =
                Page::parse(m.page_size, &m.page_token, &format!("attendances {}", m.parent), default, max);
            let page = page.map_err(|violation| v.push(violation)).ok();
            let (training, page) = v.finish(training.zip(page))?;
            let (attendances, next_page_token) = app.list_attendances(&ctx, training, &page).await?;
            let attendances = attendances.into_iter().map(shown_attendance).collect();
            Ok::<_, Error>(pb::ListAttendancesResponse { attendances, next_page_token })
        })
        .await
    }

    async fn get_school_training_figures(
        &self,
        request: Request<pb::GetSchoolTrainingFiguresRequest>,
    ) -> Result<Response<pb::SchoolTrainingFigures>, Status> {
        rpc::handle(request, self.0.clone(), |app, ctx, m| async move {
            let mut v = Violations::new();
            let (school, year) = (v.school("school", &m.school), v.year(m.school_year));
            let figures = app.school_training(&ctx, v.finish(school)?, year).await?;
            Ok::<_, Error>(shown_figures(figures, app.rules().training_hours, true))
        })
        .await
    }

    async fn get_county_training_figures(
        &self,
        request: Request<pb::GetCountyTrainingFiguresRequest>,
    ) -> Result<Response<pb::GetCountyTrainingFiguresResponse>, Status> {
        rpc::handle(request, self.0.clone(), |app, ctx, m| async move {
            let mut v = Violations::new();
            let year = v.year(m.school_year);
            let page = v.page(m.page_size, &m.page_token, &format!("training figures {}", m.school_year));
            let county = app.county_training(&ctx, year, &v.finish(page)?).await?;
            let hours = app.rules().training_hours;
            Ok::<_, Error>(pb::GetCountyTrainingFiguresResponse {
                schools: county.schools.into_iter().map(|one| shown_figures(one, hours, false)).collect(),
                next_page_token: county.next,
                school_count: count(county.all),
                reached_school_count: count(county.reached),
            })
        })
        .await
    }
}

fn create(ctx: &Ctx, m: pb::CreateTrainingRequest) -> Result<CreateTraining, Error> {
    let mut v = Violations::new();
    let key = v.key(ctx, &m.request_id, &m);
    let training = v.present("training", m.training).unwrap_or_default();
    let organiser = match training.organiser.as_str() {
        "" => Some(None),
        name => v.id("training.organiser", name, SCHOOL).map(Some),
    };
    let form = form(&mut v, training, FIELDS);
    let (organiser, wrong) = about(v, organiser)?;
    Ok(CreateTraining { organiser, form, wrong, key })
}

fn update(m: pb::UpdateTrainingRequest) -> Result<UpdateTraining, Error> {
    let mut v = Violations::new();
    let fields = v.mask(m.update_mask, FIELDS);
    let training = v.present("training", m.training).unwrap_or_default();
    let id = v.id("training.name", &training.name, TRAINING);
    let etag = training.etag.clone();
    let form = form(&mut v, training, &fields);
    let (id, wrong) = about(v, id)?;
    Ok(UpdateTraining { id, form, etag, wrong })
}

fn form(v: &mut Violations, m: pb::TrainingSession, fields: &[&str]) -> TrainingForm {
    let named = |field: &str| fields.contains(&field);
    TrainingForm {
        topic: named("topic").then(|| m.topic.trim().to_owned()),
        date: named("date").then(|| v.date("training.date", &m.date)).flatten(),
        minutes: named("minutes").then_some(m.minutes),
        groups: named("groups").then(|| v.set("training.groups", &m.groups, words::staff_group_of)),
        trainer: named("trainer").then(|| m.trainer.trim().to_owned()),
        attachment: named("attachment").then(|| m.attachment.trim().to_owned()),
    }
}

fn attendance(ctx: &Ctx, m: pb::RecordAttendanceRequest) -> Result<RecordAttendance, Error> {
    let mut v = Violations::new();
    let key = v.key(ctx, &m.request_id, &m);
    let id = v.id("name", &m.name, TRAINING);
    if m.attendances.is_empty() {
        v.push(Violation::new("attendances", "REQUIRED"));
    }
    v.count("attendances", m.attendances.len(), ATTENDANCES_MAX);
    let given = m.attendances.iter().take(ATTENDANCES_MAX).enumerate().map(|(at, one)| AttendanceForm {
        staff: v.id(&format!("attendances[{at}].staff"), &one.staff, STAFF),
        minutes: one.minutes,
    });
    let given = given.collect();
    let (id, wrong) = about(v, id)?;
    Ok(RecordAttendance { id, given, wrong, key })
}

fn shown(training: Training) -> pb::TrainingSession {
    pb::TrainingSession {
        name: names::format(TRAINING, training.id),
        organiser: training.organiser.map(school_name).unwrap_or_default(),
        topic: training.topic,
        date: training.date.to_string(),
        minutes: training.minutes,
        groups: training.groups.into_iter().map(words::staff_group).collect(),
        trainer: training.trainer,
        attachment: training.attachment,
        state: words::training_state(training.state),
        attendee_count: training.attendees,
        create_time: Some(training.created_at.into()),
        update_time: Some(training.updated_at.into()),
        etag: etag::of(training.version),
    }
}

fn shown_attendance(one: Attendance) -> pb::Attendance {
    pb::Attendance {
        staff: staff_name(one.staff),
        minutes: one.minutes,
        record_time: Some(one.recorded_at.into()),
        recorder: names::format(USER, one.recorder),
    }
}

fn shown_figures(one: SchoolTraining, target_hours: u32, with_members: bool) -> pb::SchoolTrainingFigures {
    let members = if with_members { one.figure.members } else { Vec::new() };
    pb::SchoolTrainingFigures {
        school: school_name(one.school.id),
        display_name: one.school.display_name,
        school_year: one.year.0,
        target_hours: count(target_hours),
        groups: one.figure.groups.iter().map(shown_group).collect(),
        members: members.into_iter().map(shown_member).collect(),
        county_trainings_attended: count(one.county_trainings),
        reached: one.figure.reached,
    }
}

fn shown_group(group: &GroupFigure) -> pb::GroupTrainingFigure {
    pb::GroupTrainingFigure {
        group: words::staff_group(group.group),
        staff_count: count(group.staff),
        trained_count: count(group.trained),
        reached_count: count(group.reached),
        attended_hours: group.hours.as_f64(),
        lowest_hours: group.lowest.as_f64(),
    }
}

fn shown_member(member: MemberFigure) -> pb::StaffTrainingFigure {
    pb::StaffTrainingFigure {
        staff: staff_name(member.staff),
        groups: member.groups.into_iter().map(words::staff_group).collect(),
        attended_hours: member.attended.hours().as_f64(),
        trainings: count(member.attended.trainings),
    }
}
