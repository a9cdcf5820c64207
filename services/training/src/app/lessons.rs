//! Logging lessons and correcting them (P1.2, P1.3).

use super::{App, Error, person, school_year};
use crate::{
    domain::{
        facts::Class,
        ids::{ClassId, LessonId, SchoolId},
        lesson::{Lesson, LessonForm, LessonState},
        stage::LessonKind,
    },
    store::{self, StoreError},
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

/// A lesson to log.
pub struct LogLesson {
    /// The school and class of the request's parent.
    pub parent: (SchoolId, ClassId),
    /// What is said of it.
    pub form: LessonForm,
    /// What could not be read.
    pub wrong: Violations,
    /// For the same request again.
    pub key: Option<RequestKey>,
}

/// A lesson to correct, or to void when there is no form.
pub struct AmendLesson {
    /// Which.
    pub id: LessonId,
    /// The right values of what was wrong; none to void.
    pub form: Option<LessonForm>,
    /// Why.
    pub reason: String,
    /// What the caller read.
    pub etag: String,
    /// What could not be read.
    pub wrong: Violations,
    /// For the same request again.
    pub key: Option<RequestKey>,
}

/// Which lessons to list.
pub struct ListLessons {
    /// Of this school.
    pub school: SchoolId,
    /// In this school year; the running one if there is none.
    pub year: Option<SchoolYear>,
    /// Only of this class.
    pub class: Option<ClassId>,
    /// Only of this kind.
    pub kind: Option<LessonKind>,
    /// Also those that were voided.
    pub voided: bool,
    /// Which page.
    pub page: Page,
}

impl App {
    /// Logs a lesson.
    pub async fn log_lesson(&self, ctx: &Ctx, command: LogLesson) -> Result<Lesson, Error> {
        let LogLesson { parent: (school, class_id), mut form, mut wrong, key } = command;
        let target = Target::new("lesson").school(school).class(class_id);
        self.deps.authz.require(ctx, &target)?;
        let author = person(ctx)?;
        let mut tx = self.deps.db.begin().await?;
        if let Some(answer) = requests::begin(&mut tx, ctx, &key, &self.deps.keys).await? {
            return Ok(answer);
        }
        let class = store::facts::class(&mut tx, class_id).await?.filter(|class| class.school == school);
        if class.is_none() {
            wrong.push(Violation::new("parent", "CLASS_UNKNOWN"));
        }
        if form.teacher.is_none() {
            form.teacher = store::facts::staff_of_user(&mut tx, author, school).await?.map(|staff| staff.id);
        }
        if form.teacher.is_none() && wrong.is_empty() {
            wrong.push(Violation::new("lesson.teacher", "REQUIRED"));
        }
        self.check(&mut tx, ctx, (&form, class.as_ref(), None), &mut wrong).await?;
        let (facts, class) = wrong.finish(form.facts().zip(class))?;
        let now = ctx.now();
        let lesson = Lesson {
            id: self.deps.ids.make(),
            school,
            class: class_id,
            stage: class.stage,
            facts,
            state: LessonState::Held,
            version: 1,
            created_at: now,
            updated_at: now,
            entries: Vec::new(),
        };
        if !store::lessons::insert(&mut tx, &self.deps.keys, &lesson).await? {
            return Err(slot_taken());
        }
        self.commit(tx, ctx, (&key, &target.id(lesson.id)), lesson).await
    }

    /// Corrects or voids a lesson. What was said before stays readable.
    pub async fn amend_lesson(&self, ctx: &Ctx, command: AmendLesson) -> Result<Lesson, Error> {
        let AmendLesson { id, form, reason, etag, mut wrong, key } = command;
        let mut tx = self.deps.db.begin().await?;
        let found = store::lessons::find(&mut tx, &self.deps.keys, id).await?;
        let mut lesson = self.deps.authz.require_found(ctx, found, target)?;
        if let Some(answer) = requests::begin(&mut tx, ctx, &key, &self.deps.keys).await? {
            return Ok(answer);
        }
        etag::check(&etag, lesson.version)?;
        lesson.open(self.dates(ctx))?;
        if let Some(form) = &form {
            // Another date or another period alone may meet a lesson that is there.
            let mut moved = form.clone();
            moved.date = moved.date.or(Some(lesson.facts.date));
            moved.period = moved.period.or(Some(lesson.facts.period));
            let class = store::facts::class(&mut tx, lesson.class).await?;
            self.check(&mut tx, ctx, (&moved, class.as_ref(), Some(id)), &mut wrong).await?;
        }
        wrong.into_result()?;
        let (author, now) = (person(ctx)?, ctx.now());
        let changed = match form {
            Some(form) => {
                let facts = form.over(&lesson.facts);
                lesson.correct(facts, author, reason, now)
            }
            None => {
                lesson.void(author, reason, now);
                true
            }
        };
        if changed {
            match store::lessons::update(&mut tx, &self.deps.keys, &self.deps.ids, &lesson).await {
                Ok(true) => {}
                Ok(false) => return Err(etag::Stale.into()),
                Err(StoreError::Db(cause)) if cause.is_unique_violation() => return Err(slot_taken()),
                Err(cause) => return Err(cause.into()),
            }
        }
        self.commit(tx, ctx, (&key, &target(&lesson)), lesson).await
    }

    /// One lesson with its corrections.
    pub async fn get_lesson(&self, ctx: &Ctx, id: LessonId) -> Result<Lesson, Error> {
        let found = store::lessons::find(&self.deps.db, &self.deps.keys, id).await?;
        Ok(self.deps.authz.require_found(ctx, found, target)?)
    }

    /// A page of a school's lessons and the token of the next.
    pub async fn list_lessons(&self, ctx: &Ctx, query: ListLessons) -> Result<(Vec<Lesson>, String), Error> {
        self.deps.authz.require(ctx, &Target::new("lesson").school(query.school))?;
        let filter = store::lessons::Filter {
            school: query.school,
            year: school_year(ctx, query.year),
            class: query.class,
            kind: query.kind,
            voided: query.voided,
        };
        let mut lessons = store::lessons::list(&self.deps.db, &self.deps.keys, filter, &query.page).await?;
        let token =
            query.page.cut(&mut lessons, |last| vec![last.facts.date.to_string(), last.id.to_string()]);
        Ok((lessons, token))
    }

    /// Notes what is wrong with a form in the light of what is known; `but` is the lesson that it corrects.
    async fn check(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        (form, class, but): (&LessonForm, Option<&Class>, Option<LessonId>),
        wrong: &mut Violations,
    ) -> Result<(), Error> {
        let teacher = match form.teacher {
            Some(id) => store::facts::staff(&mut *tx, id).await?,
            None => None,
        };
        form.check(wrong, self.dates(ctx), class, teacher.as_ref());
        if let Some(class) = class
            && let Some((date, period)) = form.date.zip(form.period)
            && store::lessons::slot_taken(tx, class.id, date, period, but).await?
        {
            wrong.push(Violation::new("lesson.period", "LESSON_ALREADY_LOGGED"));
        }
        Ok(())
    }
}

fn target(lesson: &Lesson) -> Target {
    Target::new("lesson").id(lesson.id).school(lesson.school).class(lesson.class)
}

fn slot_taken() -> Error {
    super::invalid("lesson.period", "LESSON_ALREADY_LOGGED")
}
