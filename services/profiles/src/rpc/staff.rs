//! StaffService.

use super::{
    Rpc,
    classes::entry_year,
    students_in::person_name,
    wire::{
        CLASS, DUTY, Mask, SCHOOL, STAFF, STUDENT, USER, VACANCIES, Wire, class, filter, school, staff,
        student, text, time, time_opt, user,
    },
};
use crate::{
    app::{NewStaff, StaffPatch},
    domain::{
        ids::{ClassId, SchoolId, StaffId, StudentId, UserId},
        staff::{Duty, LedGrade, Post, StaffDetails, StaffMember},
        stage::Stage,
    },
    error::Error,
    store::staff::Filter,
};
use pb::staff_service_server::StaffService;
use std::collections::BTreeSet;
use tonic::{Request, Response, Status};
use xinqiao_kit::{
    ctx::Ctx,
    etag, names,
    page::Page,
    rpc::handle,
    status::Violation,
    validate::{Invalid, Violations},
};
use xinqiao_proto::profiles::v1 as pb;

/// Posts, classes and grades of one person at most.
const POSTS_MAX: usize = 20;
/// Longest description of a duty, in characters.
const DUTY_MAX: usize = 500;
/// Pupils that one call assigns at most.
const ASSIGN_MAX: usize = 200;

impl From<StaffMember> for pb::StaffMember {
    fn from(member: StaffMember) -> Self {
        let grade =
            |grade: &LedGrade| pb::LedGrade { stage: grade.stage.wire(), entry_year: grade.entry_year };
        let home = |id: &ClassId| member.school.map(|school| class(school, *id)).unwrap_or_default();
        Self {
            name: staff(member.id),
            school: member.school.map(school).unwrap_or_default(),
            display_name: member.name.as_str().to_owned(),
            user: member.user.map(user).unwrap_or_default(),
            posts: member.posts.iter().map(|post| post.wire()).collect(),
            homeroom_classes: member.homeroom_classes.iter().map(home).collect(),
            led_grades: member.led_grades.iter().map(grade).collect(),
            on_leave: member.on_leave,
            state: member.state.wire(),
            duties: Vec::new(),
            assigned_students: Vec::new(),
            create_time: time(member.created_at),
            update_time: time(member.updated_at),
            etag: etag::of(member.version),
        }
    }
}

impl From<StaffDetails> for pb::StaffMember {
    fn from(details: StaffDetails) -> Self {
        Self {
            duties: details.duties.into_iter().map(Into::into).collect(),
            assigned_students: details.assigned.into_iter().map(student).collect(),
            ..details.member.into()
        }
    }
}

impl From<Duty> for pb::Duty {
    fn from(duty: Duty) -> Self {
        Self {
            name: names::format2(DUTY, duty.staff, duty.id),
            description: duty.description,
            assigner: user(duty.assigner),
            assign_time: time(duty.assigned_at),
            confirm_time: time_opt(duty.confirmed_at),
        }
    }
}

fn posts(v: &mut Violations, given: &[i32]) -> BTreeSet<Post> {
    v.count("staff.posts", given.len(), POSTS_MAX);
    given.iter().filter_map(|number| v.enum_value("staff.posts", *number, Post::of_wire)).collect()
}

fn classes(v: &mut Violations, given: &[String]) -> Vec<(SchoolId, ClassId)> {
    v.count("staff.homeroom_classes", given.len(), POSTS_MAX);
    let read = |(at, name): (usize, &String)| v.id2(&format!("staff.homeroom_classes[{at}]"), name, CLASS);
    given.iter().enumerate().filter_map(read).collect()
}

fn grades(v: &mut Violations, ctx: &Ctx, given: &[pb::LedGrade]) -> BTreeSet<LedGrade> {
    v.count("staff.led_grades", given.len(), POSTS_MAX);
    let mut grades = BTreeSet::new();
    for (at, grade) in given.iter().enumerate() {
        let stage = v.enum_value(&format!("staff.led_grades[{at}].stage"), grade.stage, Stage::of_wire);
        entry_year(v, ctx, &format!("staff.led_grades[{at}].entry_year"), grade.entry_year);
        grades.extend(stage.map(|stage| LedGrade { stage, entry_year: grade.entry_year }));
    }
    grades
}

fn new_staff(ctx: &Ctx, m: pb::CreateStaffRequest) -> Result<NewStaff, Invalid> {
    let mut v = Violations::new();
    let given = v.present("staff", m.staff).unwrap_or_default();
    let school: Option<SchoolId> = v.id_opt("staff.school", &given.school, SCHOOL);
    let name = person_name(&mut v, "staff.display_name", &given.display_name);
    let user: Option<UserId> = v.id_opt("staff.user", &given.user, USER);
    let posts = posts(&mut v, &given.posts);
    let homeroom_classes = classes(&mut v, &given.homeroom_classes);
    let led_grades = grades(&mut v, ctx, &given.led_grades);
    let on_leave = given.on_leave;
    v.finish(name.map(|name| NewStaff { school, name, user, posts, homeroom_classes, led_grades, on_leave }))
}

fn patch(ctx: &Ctx, m: pb::UpdateStaffRequest) -> Result<(StaffId, StaffPatch), Invalid> {
    const KNOWN: &[&str] = &["display_name", "user", "posts", "homeroom_classes", "led_grades", "on_leave"];
    let mut v = Violations::new();
    let mask = Mask::read(&mut v, m.update_mask, KNOWN);
    let given = v.present("staff", m.staff).unwrap_or_default();
    let id = v.id("staff.name", &given.name, STAFF);
    let mut patch = StaffPatch { etag: given.etag, ..Default::default() };
    if mask.has("display_name") {
        patch.name = person_name(&mut v, "staff.display_name", &given.display_name);
    }
    if mask.has("user") {
        patch.user = Some(v.id_opt("staff.user", &given.user, USER));
    }
    if mask.has("posts") {
        patch.posts = Some(posts(&mut v, &given.posts));
    }
    if mask.has("homeroom_classes") {
        patch.homeroom_classes = Some(classes(&mut v, &given.homeroom_classes));
    }
    if mask.has("led_grades") {
        patch.led_grades = Some(grades(&mut v, ctx, &given.led_grades));
    }
    patch.on_leave = mask.has("on_leave").then_some(given.on_leave);
    v.finish(id.map(|id| (id, patch)))
}

fn list_filter(m: &pb::ListStaffRequest) -> Result<Filter, Invalid> {
    let mut v = Violations::new();
    let school = v.id_opt("school", &m.school, SCHOOL);
    let post = filter(&mut v, "post", m.post);
    let state = filter(&mut v, "state", m.state);
    v.finish(Some(Filter { school, post, state }))
}

fn pupils(v: &mut Violations, field: &str, given: &[String]) -> Vec<StudentId> {
    v.count(field, given.len(), ASSIGN_MAX);
    let read = |(at, name): (usize, &String)| v.id(&format!("{field}[{at}]"), name, STUDENT);
    given.iter().take(ASSIGN_MAX).enumerate().filter_map(read).collect()
}

#[tonic::async_trait]
impl StaffService for Rpc {
    async fn create_staff(
        &self,
        request: Request<pb::CreateStaffRequest>,
    ) -> Result<Response<pb::StaffMember>, Status> {
        handle(request, self.0.clone(), |app, ctx, m| async move {
            let key = ctx.request_key(&m.request_id, &m)?;
            let new = new_staff(&ctx, m)?;
            Ok::<_, Error>(app.create_staff(&ctx, new, &key).await?.into())
        })
        .await
    }

    async fn get_staff(
        &self,
        request: Request<pb::GetStaffRequest>,
    ) -> Result<Response<pb::StaffMember>, Status> {
        handle(request, self.0.clone(), |app, ctx, m| async move {
            let mut v = Violations::new();
            let id = v.id("name", &m.name, STAFF);
            Ok::<_, Error>(app.get_staff(&ctx, v.finish(id)?).await?.into())
        })
        .await
    }

    async fn list_staff(
        &self,
        request: Request<pb::ListStaffRequest>,
    ) -> Result<Response<pb::ListStaffResponse>, Status> {
        handle(request, self.0.clone(), |app, ctx, m| async move {
            let filter = list_filter(&m)?;
            let list = format!("staff {} {} {}", m.school, m.post, m.state);
            let page = Page::of(m.page_size, &m.page_token, &list)?;
            let found = app.list_staff(&ctx, &filter, &page).await?;
            Ok::<_, Error>(pb::ListStaffResponse {
                staff: found.rows.into_iter().map(Into::into).collect(),
                next_page_token: found.next_page_token,
            })
        })
        .await
    }

    async fn update_staff(
        &self,
        request: Request<pb::UpdateStaffRequest>,
    ) -> Result<Response<pb::StaffMember>, Status> {
        handle(request, self.0.clone(), |app, ctx, m| async move {
            let (id, patch) = patch(&ctx, m)?;
            Ok::<_, Error>(app.update_staff(&ctx, id, patch).await?.into())
        })
        .await
    }

    async fn retire_staff(
        &self,
        request: Request<pb::RetireStaffRequest>,
    ) -> Result<Response<pb::StaffMember>, Status> {
        handle(request, self.0.clone(), |app, ctx, m| async move {
            let mut v = Violations::new();
            let id = v.id("name", &m.name, STAFF);
            Ok::<_, Error>(app.retire_staff(&ctx, v.finish(id)?, &m.etag).await?.into())
        })
        .await
    }

    async fn assign_duty(
        &self,
        request: Request<pb::AssignDutyRequest>,
    ) -> Result<Response<pb::Duty>, Status> {
        handle(request, self.0.clone(), |app, ctx, m| async move {
            let key = ctx.request_key(&m.request_id, &m)?;
            let mut v = Violations::new();
            let holder = v.id("parent", &m.parent, STAFF);
            let given = v.present("duty", m.duty).unwrap_or_default();
            let description = text(&mut v, "duty.description", &given.description, 1, DUTY_MAX);
            let duty = app.assign_duty(&ctx, v.finish(holder)?, description, &key).await?;
            Ok::<_, Error>(duty.into())
        })
        .await
    }

    async fn confirm_duty(
        &self,
        request: Request<pb::ConfirmDutyRequest>,
    ) -> Result<Response<pb::Duty>, Status> {
        handle(request, self.0.clone(), |app, ctx, m| async move {
            let mut v = Violations::new();
            let ids = v.id2("name", &m.name, DUTY);
            let (holder, duty) = v.finish(ids)?;
            Ok::<_, Error>(app.confirm_duty(&ctx, holder, duty).await?.into())
        })
        .await
    }

    async fn assign_pupils(
        &self,
        request: Request<pb::AssignPupilsRequest>,
    ) -> Result<Response<pb::StaffMember>, Status> {
        handle(request, self.0.clone(), |app, ctx, m| async move {
            let mut v = Violations::new();
            let id = v.id("name", &m.name, STAFF);
            let add = pupils(&mut v, "add_students", &m.add_students);
            let remove = pupils(&mut v, "remove_students", &m.remove_students);
            if add.is_empty() && remove.is_empty() && v.is_empty() {
                v.push(Violation::new("add_students", "REQUIRED"));
            }
            Ok::<_, Error>(app.assign_pupils(&ctx, v.finish(id)?, &add, &remove).await?.into())
        })
        .await
    }

    async fn get_vacancies(
        &self,
        request: Request<pb::GetVacanciesRequest>,
    ) -> Result<Response<pb::SchoolVacancies>, Status> {
        handle(request, self.0.clone(), |app, ctx, m| async move {
            let mut v = Violations::new();
            let id = v.id("name", &m.name, VACANCIES);
            let id: SchoolId = v.finish(id)?;
            let (vacancies, unconfirmed, unassigned) = app.vacancies(&ctx, id).await?;
            let count = |number: i64| i32::try_from(number).unwrap_or(i32::MAX);
            Ok::<_, Error>(pb::SchoolVacancies {
                name: m.name,
                vacancies: vacancies
                    .into_iter()
                    .map(|vacancy| pb::Vacancy {
                        post: vacancy.post.wire(),
                        class: vacancy.class.map(|room| class(id, room)).unwrap_or_default(),
                    })
                    .collect(),
                unconfirmed_duties: count(unconfirmed),
                unassigned_students: count(unassigned),
            })
        })
        .await
    }
}
