//! Lessons.

use super::{CLASS, Read as _, STAFF, Server, USER, about, pb, staff_name, words};
use crate::{
    app::{
        Error,
        lessons::{AmendLesson, ListLessons, LogLesson},
    },
    domain::{
        hours::LessonLengths,
        ids::{ClassId, SchoolId},
        lesson::{Entry, Lesson, LessonForm},
    },
};
use tonic::{Request, Response, Status};
use xinqiao_kit::{ctx::Ctx, etag, names, rpc, time::SchoolYear, validate::Violations};

const LESSON: &str = "lessons/{}";
const FIELDS: &[&str] =
    &["date", "period", "teacher", "topic", "minutes", "kind", "educations", "attachment"];
const REASON_MIN: usize = 2;
const REASON_MAX: usize = 300;

#[tonic::async_trait]
impl pb::lesson_service_server::LessonService for Server {
    async fn log_lesson(
        &self,
        request: Request<pb::LogLessonRequest>,
    ) -> Result<Response<pb::Lesson>, Status> {
        rpc::handle(request, self.0.clone(), |app, ctx, m| async move {
            let lesson = app.log_lesson(&ctx, log(&ctx, m)?).await?;
            Ok::<_, Error>(shown(lesson, app.rules().lengths))
        })
        .await
    }

    async fn correct_lesson(
        &self,
        request: Request<pb::CorrectLessonRequest>,
    ) -> Result<Response<pb::Lesson>, Status> {
        rpc::handle(request, self.0.clone(), |app, ctx, m| async move {
            let lesson = app.amend_lesson(&ctx, correct(&ctx, m)?).await?;
            Ok::<_, Error>(shown(lesson, app.rules().lengths))
        })
        .await
    }

    async fn void_lesson(
        &self,
        request: Request<pb::VoidLessonRequest>,
    ) -> Result<Response<pb::Lesson>, Status> {
        rpc::handle(request, self.0.clone(), |app, ctx, m| async move {
            let lesson = app.amend_lesson(&ctx, void(&ctx, m)?).await?;
            Ok::<_, Error>(shown(lesson, app.rules().lengths))
        })
        .await
    }

    async fn get_lesson(
        &self,
        request: Request<pb::GetLessonRequest>,
    ) -> Result<Response<pb::Lesson>, Status> {
        rpc::handle(request, self.0.clone(), |app, ctx, m| async move {
            let mut v = Violations::new();
            let id = v.id("name", &m.name, LESSON);
            let lesson = app.get_lesson(&ctx, v.finish(id)?).await?;
            Ok::<_, Error>(shown(lesson, app.rules().lengths))
        })
        .await
    }

    async fn list_lessons(
        &self,
        request: Request<pb::ListLessonsRequest>,
    ) -> Result<Response<pb::ListLessonsResponse>, Status> {
        rpc::handle(request, self.0.clone(), |app, ctx, m| async move {
            let (lessons, next_page_token) = app.list_lessons(&ctx, list(m)?).await?;
            let lengths = app.rules().lengths;
            let lessons = lessons.into_iter().map(|lesson| shown(lesson, lengths)).collect();
            Ok::<_, Error>(pb::ListLessonsResponse { lessons, next_page_token })
        })
        .await
    }
}

fn log(ctx: &Ctx, m: pb::LogLessonRequest) -> Result<LogLesson, Error> {
    let mut v = Violations::new();
    let key = v.key(ctx, &m.request_id, &m);
    let parent = v.id2("parent", &m.parent, CLASS);
    let form = v.present("lesson", m.lesson).map(|lesson| form(&mut v, lesson, FIELDS)).unwrap_or_default();
    let (parent, wrong) = about(v, parent)?;
    Ok(LogLesson { parent, form, wrong, key })
}

fn correct(ctx: &Ctx, m: pb::CorrectLessonRequest) -> Result<AmendLesson, Error> {
    let mut v = Violations::new();
    let key = v.key(ctx, &m.request_id, &m);
    let id = v.id("name", &m.name, LESSON);
    let fields = v.mask(m.update_mask, FIELDS);
    let form = v.present("lesson", m.lesson).map(|lesson| {
        if fields.contains(&"teacher") {
            v.require("lesson.teacher", &lesson.teacher);
        }
        form(&mut v, lesson, &fields)
    });
    let reason = reason(&mut v, &m.reason);
    let (id, wrong) = about(v, id)?;
    Ok(AmendLesson { id, form: Some(form.unwrap_or_default()), reason, etag: m.etag, wrong, key })
}

fn void(ctx: &Ctx, m: pb::VoidLessonRequest) -> Result<AmendLesson, Error> {
    let mut v = Violations::new();
    let key = v.key(ctx, &m.request_id, &m);
    let id = v.id("name", &m.name, LESSON);
    let reason = reason(&mut v, &m.reason);
    let (id, wrong) = about(v, id)?;
    Ok(AmendLesson { id, form: None, reason, etag: m.etag, wrong, key })
}

fn reason(v: &mut Violations, given: &str) -> String {
    let reason = given.trim();
    v.len("reason", reason, REASON_MIN, REASON_MAX);
    reason.to_owned()
}

/// What a request says of a lesson, of the fields that it names.
fn form(v: &mut Violations, m: pb::Lesson, fields: &[&str]) -> LessonForm {
    let named = |field: &str| fields.contains(&field);
    LessonForm {
        date: named("date").then(|| v.date("lesson.date", &m.date)).flatten(),
        period: named("period").then_some(m.period),
        teacher: named("teacher").then(|| v.id_opt("lesson.teacher", &m.teacher, STAFF)).flatten(),
        topic: named("topic").then(|| m.topic.trim().to_owned()),
        minutes: named("minutes").then_some(m.minutes),
        kind: named("kind").then(|| v.enum_value("lesson.kind", m.kind, words::lesson_kind_of)).flatten(),
        educations: named("educations")
            .then(|| v.set("lesson.educations", &m.educations, words::education_of)),
        attachment: named("attachment").then(|| m.attachment.trim().to_owned()),
    }
}

fn list(m: pb::ListLessonsRequest) -> Result<ListLessons, Error> {
    let mut v = Violations::new();
    let school = v.school("parent", &m.parent);
    let year = v.year(m.school_year);
    let class: Option<(SchoolId, ClassId)> =
        if m.class.is_empty() { None } else { v.id2("class", &m.class, CLASS) };
    let kind = (m.kind != 0).then(|| v.enum_value("kind", m.kind, words::lesson_kind_of)).flatten();
    let list = format!("lessons {} {} {} {} {}", m.parent, m.school_year, m.class, m.kind, m.include_voided);
    let page = v.page(m.page_size, &m.page_token, &list);
    let (school, page) = v.finish(school.zip(page))?;
    Ok(ListLessons {
        school,
        year,
        class: class.map(|(_, class)| class),
        kind,
        voided: m.include_voided,
        page,
    })
}

fn shown(lesson: Lesson, lengths: LessonLengths) -> pb::Lesson {
    let facts = lesson.facts;
    pb::Lesson {
        name: names::format(LESSON, lesson.id),
        class: names::format2(CLASS, lesson.school, lesson.class),
        date: facts.date.to_string(),
        period: facts.period,
        teacher: staff_name(facts.teacher),
        school_year: SchoolYear::of(facts.date).0,
        lesson_hours: lengths.hours(lesson.stage, facts.minutes.into()).as_f64(),
        topic: facts.topic,
        minutes: facts.minutes,
        kind: words::lesson_kind(facts.kind),
        educations: facts.educations.into_iter().map(words::education).collect(),
        attachment: facts.attachment,
        state: words::lesson_state(lesson.state),
        create_time: Some(lesson.created_at.into()),
        update_time: Some(lesson.updated_at.into()),
        etag: etag::of(lesson.version),
        entries: lesson.entries.into_iter().map(shown_entry).collect(),
    }
}

fn shown_entry(entry: Entry) -> pb::LessonEntry {
    let change = |change: crate::domain::lesson::Change| pb::FieldChange {
        field: change.field,
        before: change.before,
        after: change.after,
    };
    pb::LessonEntry {
        time: Some(entry.at.into()),
        author: names::format(USER, entry.author),
        reason: entry.reason,
        changes: entry.changes.into_iter().map(change).collect(),
    }
}
