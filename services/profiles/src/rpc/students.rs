//! StudentService.

use super::{
    Rpc,
    students_in::{id_number, new_student, patch, student_number},
    wire::{CLASS, SCHOOL, STUDENT, TRANSFER, Wire, class, filter, school, student, time, time_opt},
};
use crate::{
    app::{Departure, View},
    domain::{
        identifiers::{IdNumber, Phone, StudentNumber},
        ids::{ClassId, SchoolId},
        student::{GroupKind, Guardian, SpecialGroup, Student, Transfer},
    },
    error::Error,
    store::students::Filter,
};
use chrono::NaiveDate;
use pb::student_service_server::StudentService;
use tonic::{Request, Response, Status};
use xinqiao_kit::{
    etag, names,
    page::Page,
    rpc::handle,
    status::Violation,
    validate::{Invalid, Violations},
};
use xinqiao_proto::profiles::v1 as pb;

/// A pupil as far as a view shows.
fn answer(pupil: Student, view: View) -> pb::Student {
    let full = view == View::Full;
    let id_number = pupil.person.id_number.as_ref().filter(|_| full).map_or("", IdNumber::as_str);
    let number = pupil.person.student_number.as_ref().filter(|_| full).map_or("", StudentNumber::as_str);
    pb::Student {
        name: student(pupil.id),
        display_name: pupil.person.name.as_str().to_owned(),
        sex: pupil.person.sex.wire(),
        birth_date: pupil.person.birth_date.to_string(),
        class: class(pupil.school, pupil.class),
        school: school(pupil.school),
        id_number: id_number.to_owned(),
        student_number: number.to_owned(),
        enrol_month: pupil.person.enrol_month.map(|month| month.to_string()).unwrap_or_default(),
        special_groups: pupil.groups.into_iter().map(Into::into).collect(),
        guardians: pupil.guardians.into_iter().map(|guardian| guardian_answer(guardian, full)).collect(),
        state: pupil.state.wire(),
        transfer_school: pupil.transfer_to.map(school).unwrap_or_default(),
        create_time: time(pupil.created_at),
        update_time: time(pupil.updated_at),
        etag: etag::of(pupil.version),
    }
}

fn guardian_answer(guardian: Guardian, full: bool) -> pb::Guardian {
    let phone = guardian.phone.as_ref().filter(|_| full).map_or("", Phone::as_str);
    pb::Guardian {
        id: guardian.id.to_string(),
        display_name: guardian.name.as_str().to_owned(),
        relation: guardian.relation,
        phone: phone.to_owned(),
    }
}

impl From<SpecialGroup> for pb::SpecialGroup {
    fn from(group: SpecialGroup) -> Self {
        Self {
            kind: group.kind.wire(),
            since_date: group.since.to_string(),
            until_date: group.until.map(|date| date.to_string()).unwrap_or_default(),
            source: group.source,
        }
    }
}

fn transfer_answer((transfer, name): (Transfer, String)) -> pb::Transfer {
    pb::Transfer {
        name: names::format2(TRANSFER, transfer.student, transfer.id),
        student_display_name: name,
        from_school: school(transfer.from_school),
        to_school: school(transfer.to_school),
        state: transfer.state.wire(),
        create_time: time(transfer.created_at),
        due_time: time(transfer.due_at),
        end_time: time_opt(transfer.ended_at),
    }
}

fn view(number: i32) -> Result<View, Violation> {
    match pb::StudentView::try_from(number) {
        Ok(pb::StudentView::Unspecified | pb::StudentView::Basic) => Ok(View::Basic),
        Ok(pb::StudentView::Full) => Ok(View::Full),
        Err(_) => Err(Violation::new("view", "UNKNOWN_VALUE")),
    }
}

fn departure(number: i32) -> Option<Departure> {
    match pb::LeaveKind::try_from(number).ok()? {
        pb::LeaveKind::Unspecified => None,
        pb::LeaveKind::OnLeave => Some(Departure::OnLeave),
        pb::LeaveKind::Left => Some(Departure::Gone),
    }
}

/// A class that lists are narrowed by, with the school that its name gives.
pub(super) fn class_filter(v: &mut Violations, given: &str) -> (Option<SchoolId>, Option<ClassId>) {
    if given.is_empty() { (None, None) } else { v.id2("class", given, CLASS).unzip() }
}

fn list_filter(m: &pb::ListStudentsRequest, today: NaiveDate) -> Result<Filter, Invalid> {
    let mut v = Violations::new();
    let (school_of_class, class) = class_filter(&mut v, &m.class);
    let school = v.id_opt("school", &m.school, SCHOOL).or(school_of_class);
    let state = filter(&mut v, "state", m.state);
    let group: Option<GroupKind> = filter(&mut v, "special_group", m.special_group);
    v.finish(Some(Filter { school, class, state, group: group.map(|kind| (kind, today)) }))
}

fn numbers(m: &pb::LookUpStudentRequest) -> Result<(Option<IdNumber>, Option<StudentNumber>), Invalid> {
    let mut v = Violations::new();
    match (m.id_number.is_empty(), m.student_number.is_empty()) {
        (true, true) => v.push(Violation::new("student_number", "REQUIRED")),
        (false, false) => v.push(Violation::new("id_number", "NOT_ALLOWED")),
        _ => {}
    }
    let id = id_number(&mut v, "id_number", &m.id_number);
    let number = student_number(&mut v, "student_number", &m.student_number);
    v.finish(Some((id, number)))
}

#[tonic::async_trait]
impl StudentService for Rpc {
    async fn create_student(
        &self,
        request: Request<pb::CreateStudentRequest>,
    ) -> Result<Response<pb::Student>, Status> {
        handle(request, self.0.clone(), |app, ctx, m| async move {
            let key = ctx.request_key(&m.request_id, &m)?;
            let new = new_student(m.student, &app.deps.ids, ctx.now().shanghai_date())?;
            Ok::<_, Error>(answer(app.create_student(&ctx, new, &key).await?, View::Basic))
        })
        .await
    }

    async fn get_student(
        &self,
        request: Request<pb::GetStudentRequest>,
    ) -> Result<Response<pb::Student>, Status> {
        handle(request, self.0.clone(), |app, ctx, m| async move {
            let mut v = Violations::new();
            let id = v.id("name", &m.name, STUDENT);
            let id = v.finish(id)?;
            let view = view(m.view)?;
            Ok::<_, Error>(answer(app.get_student(&ctx, id, view).await?, view))
        })
        .await
    }

    async fn look_up_student(
        &self,
        request: Request<pb::LookUpStudentRequest>,
    ) -> Result<Response<pb::Student>, Status> {
        handle(request, self.0.clone(), |app, ctx, m| async move {
            let (id, number) = numbers(&m)?;
            Ok::<_, Error>(answer(app.look_up_student(&ctx, id, number).await?, View::Basic))
        })
        .await
    }

    async fn list_students(
        &self,
        request: Request<pb::ListStudentsRequest>,
    ) -> Result<Response<pb::ListStudentsResponse>, Status> {
        handle(request, self.0.clone(), |app, ctx, m| async move {
            let filter = list_filter(&m, ctx.now().shanghai_date())?;
            let list = format!("students {} {} {} {}", m.school, m.class, m.state, m.special_group);
            let page = Page::of(m.page_size, &m.page_token, &list)?;
            let found = app.list_students(&ctx, &filter, &page).await?;
            Ok::<_, Error>(pb::ListStudentsResponse {
                students: found.rows.into_iter().map(|pupil| answer(pupil, View::Basic)).collect(),
                next_page_token: found.next_page_token,
            })
        })
        .await
    }

    async fn update_student(
        &self,
        request: Request<pb::UpdateStudentRequest>,
    ) -> Result<Response<pb::Student>, Status> {
        handle(request, self.0.clone(), |app, ctx, m| async move {
            let (id, patch) = patch(m, &app.deps.ids, ctx.now().shanghai_date())?;
            Ok::<_, Error>(answer(app.update_student(&ctx, id, patch).await?, View::Basic))
        })
        .await
    }

    async fn transfer_student(
        &self,
        request: Request<pb::TransferStudentRequest>,
    ) -> Result<Response<pb::Student>, Status> {
        handle(request, self.0.clone(), |app, ctx, m| async move {
            let key = ctx.request_key(&m.request_id, &m)?;
            let mut v = Violations::new();
            let id = v.id("name", &m.name, STUDENT);
            let to = v.id("to_school", &m.to_school, SCHOOL);
            let (id, to) = v.finish(id.zip(to))?;
            Ok::<_, Error>(answer(app.transfer_student(&ctx, id, to, &m.etag, &key).await?, View::Basic))
        })
        .await
    }

    async fn accept_transfer(
        &self,
        request: Request<pb::AcceptTransferRequest>,
    ) -> Result<Response<pb::Student>, Status> {
        handle(request, self.0.clone(), |app, ctx, m| async move {
            let key = ctx.request_key(&m.request_id, &m)?;
            let mut v = Violations::new();
            let id = v.id("name", &m.name, STUDENT);
            let class = v.id2("class", &m.class, CLASS);
            let (id, class) = v.finish(id.zip(class))?;
            Ok::<_, Error>(answer(app.accept_transfer(&ctx, id, class, &key).await?, View::Basic))
        })
        .await
    }

    async fn cancel_transfer(
        &self,
        request: Request<pb::CancelTransferRequest>,
    ) -> Result<Response<pb::Student>, Status> {
        handle(request, self.0.clone(), |app, ctx, m| async move {
            let key = ctx.request_key(&m.request_id, &m)?;
            let mut v = Violations::new();
            let id = v.id("name", &m.name, STUDENT);
            Ok::<_, Error>(answer(app.cancel_transfer(&ctx, v.finish(id)?, &key).await?, View::Basic))
        })
        .await
    }

    async fn list_transfers(
        &self,
        request: Request<pb::ListTransfersRequest>,
    ) -> Result<Response<pb::ListTransfersResponse>, Status> {
        handle(request, self.0.clone(), |app, ctx, m| async move {
            let mut v = Violations::new();
            let school = v.id_opt("school", &m.school, SCHOOL);
            v.into_result()?;
            let page = Page::of(m.page_size, &m.page_token, &format!("transfers {}", m.school))?;
            let found = app.list_transfers(&ctx, school, &page).await?;
            Ok::<_, Error>(pb::ListTransfersResponse {
                transfers: found.rows.into_iter().map(transfer_answer).collect(),
                next_page_token: found.next_page_token,
            })
        })
        .await
    }

    async fn leave_student(
        &self,
        request: Request<pb::LeaveStudentRequest>,
    ) -> Result<Response<pb::Student>, Status> {
        handle(request, self.0.clone(), |app, ctx, m| async move {
            let key = ctx.request_key(&m.request_id, &m)?;
            let mut v = Violations::new();
            let id = v.id("name", &m.name, STUDENT);
            let kind = v.enum_value("kind", m.kind, departure);
            let (id, kind) = v.finish(id.zip(kind))?;
            Ok::<_, Error>(answer(app.leave_student(&ctx, id, kind, &m.etag, &key).await?, View::Basic))
        })
        .await
    }

    async fn return_student(
        &self,
        request: Request<pb::ReturnStudentRequest>,
    ) -> Result<Response<pb::Student>, Status> {
        handle(request, self.0.clone(), |app, ctx, m| async move {
            let key = ctx.request_key(&m.request_id, &m)?;
            let mut v = Violations::new();
            let id = v.id("name", &m.name, STUDENT);
            let class = if m.class.is_empty() { None } else { v.id2("class", &m.class, CLASS) };
            let id = v.finish(id)?;
            Ok::<_, Error>(answer(app.return_student(&ctx, id, class, &m.etag, &key).await?, View::Basic))
        })
        .await
    }

    async fn promote_school(
        &self,
        request: Request<pb::PromoteSchoolRequest>,
    ) -> Result<Response<pb::PromoteSchoolResponse>, Status> {
        handle(request, self.0.clone(), |app, ctx, m| async move {
            let mut v = Violations::new();
            let id = v.id("name", &m.name, SCHOOL);
            let found = app.promote_school(&ctx, v.finish(id)?).await?;
            Ok::<_, Error>(pb::PromoteSchoolResponse {
                closed_classes: found.closed.into_iter().map(|(school, id)| class(school, id)).collect(),
                graduated_students: i32::try_from(found.graduated).unwrap_or(i32::MAX),
            })
        })
        .await
    }
}
