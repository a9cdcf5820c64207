//! Lesson figures.

use super::{CLASS, Read as _, Server, count, pb, school_name, words};
use crate::{
    app::{Error, Rules, lesson_figures::SchoolFigures},
    domain::lesson_figure::{ClassFigure, GradeFigure},
};
use tonic::{Request, Response, Status};
use xinqiao_kit::{names, rpc, validate::Violations};

#[tonic::async_trait]
impl pb::lesson_figure_service_server::LessonFigureService for Server {
    async fn get_school_figures(
        &self,
        request: Request<pb::GetSchoolFiguresRequest>,
    ) -> Result<Response<pb::SchoolLessonFigures>, Status> {
        rpc::handle(request, self.0.clone(), |app, ctx, m| async move {
            let mut v = Violations::new();
            let (school, year) = (v.school("school", &m.school), v.year(m.school_year));
            let figures = app.school_figures(&ctx, v.finish(school)?, year).await?;
            Ok::<_, Error>(shown(figures, app.rules(), true))
        })
        .await
    }

    async fn get_county_figures(
        &self,
        request: Request<pb::GetCountyFiguresRequest>,
    ) -> Result<Response<pb::GetCountyFiguresResponse>, Status> {
        rpc::handle(request, self.0.clone(), |app, ctx, m| async move {
            let mut v = Violations::new();
            let year = v.year(m.school_year);
            let page = v.page(m.page_size, &m.page_token, &format!("lesson figures {}", m.school_year));
            let county = app.county_figures(&ctx, year, &v.finish(page)?).await?;
            let rules = app.rules();
            Ok::<_, Error>(pb::GetCountyFiguresResponse {
                schools: county.schools.into_iter().map(|figures| shown(figures, rules, false)).collect(),
                next_page_token: county.next,
                school_count: count(county.all),
                reached_school_count: count(county.reached),
            })
        })
        .await
    }
}

fn shown(figures: SchoolFigures, rules: Rules, with_classes: bool) -> pb::SchoolLessonFigures {
    pb::SchoolLessonFigures {
        school: school_name(figures.school.id),
        school_year: figures.year.0,
        reached: figures.reached(),
        display_name: figures.school.display_name,
        grades: figures.grades.into_iter().map(|grade| shown_grade(grade, with_classes)).collect(),
        teaching_weeks_left: hundredths(figures.time.weeks_left()),
        teaching_weeks: count(rules.calendar.weeks()),
        primary_lesson_minutes: count(rules.lengths.primary_minutes),
        secondary_lesson_minutes: count(rules.lengths.secondary_minutes),
    }
}

fn shown_grade(figure: GradeFigure, with_classes: bool) -> pb::GradeLessonFigure {
    let stage = figure.grade.stage();
    let classes = if with_classes { figure.classes.as_slice() } else { &[] };
    pb::GradeLessonFigure {
        stage: words::stage(stage),
        grade: figure.grade.number(),
        target_lesson_hours: stage.target_lesson_hours(),
        lesson_hours: figure.hours.as_f64(),
        missing_lesson_hours: figure.missing.as_f64(),
        outlook: words::outlook(figure.outlook),
        needed_lesson_hours_per_week: hundredths(figure.needed_per_week),
        classes: classes.iter().map(shown_class).collect(),
        class_count: count(figure.classes.len()),
    }
}

fn shown_class(figure: &ClassFigure) -> pb::ClassLessonFigure {
    pb::ClassLessonFigure {
        class: names::format2(CLASS, figure.class.school, figure.class.id),
        number: figure.class.number,
        lessons: count(figure.held.lessons),
        minutes: count(figure.held.minutes),
        lesson_hours: figure.hours.as_f64(),
        universal_minutes: count(figure.held.universal_minutes),
    }
}

fn hundredths(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}
