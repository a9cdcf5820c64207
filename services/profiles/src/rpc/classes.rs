//! ClassService.

use super::{
    Rpc,
    wire::{CLASS, Mask, SCHOOL, Wire, class as class_name, filter, time},
};
use crate::{
    domain::{
        class::{CLASS_NUMBER_MAX, Class, ENTRY_YEAR_MIN},
        ids::SchoolId,
        stage::Stage,
    },
    error::Error,
    store::classes::Filter,
};
use chrono::{Datelike as _, NaiveDate};
use pb::class_service_server::ClassService;
use tonic::{Request, Response, Status};
use xinqiao_kit::{
    ctx::Ctx,
    etag,
    page::Page,
    rpc::handle,
    validate::{Invalid, Violations},
};
use xinqiao_proto::profiles::v1 as pb;

fn today(ctx: &Ctx) -> NaiveDate {
    ctx.now().shanghai_date()
}

fn answer(ctx: &Ctx, class: Class) -> pb::Class {
    pb::Class {
        name: class_name(class.school, class.id),
        stage: class.stage.wire(),
        entry_year: class.entry_year,
        number: class.number,
        grade: class.grade_at(today(ctx)).unwrap_or_default(),
        display_name: class.display_name_at(today(ctx)),
        state: class.state.wire(),
        create_time: time(class.created_at),
        update_time: time(class.updated_at),
        etag: etag::of(class.version),
    }
}

/// An entry year: from 1990 to next year.
pub(super) fn entry_year(v: &mut Violations, ctx: &Ctx, field: &str, year: i32) -> bool {
    v.range(field, year, ENTRY_YEAR_MIN, today(ctx).year() + 1)
}

fn new_class(ctx: &Ctx, m: pb::CreateClassRequest) -> Result<(SchoolId, Stage, i32, i32), Invalid> {
    let mut v = Violations::new();
    let school = v.id("parent", &m.parent, SCHOOL);
    let given = v.present("class", m.class).unwrap_or_default();
    let stage = v.enum_value("class.stage", given.stage, Stage::of_wire);
    entry_year(&mut v, ctx, "class.entry_year", given.entry_year);
    v.range("class.number", given.number, 1, CLASS_NUMBER_MAX);
    v.finish(school.zip(stage).map(|(school, stage)| (school, stage, given.entry_year, given.number)))
}

fn list_filter(m: &pb::ListClassesRequest) -> Result<Filter, Invalid> {
    let mut v = Violations::new();
    let school = if m.parent == "schools/-" { None } else { v.id("parent", &m.parent, SCHOOL) };
    let state = filter(&mut v, "state", m.state);
    let stage = filter(&mut v, "stage", m.stage);
    v.finish(Some(Filter { school, state, stage, entry_year: m.entry_year }))
}

#[tonic::async_trait]
impl ClassService for Rpc {
    async fn create_class(
        &self,
        request: Request<pb::CreateClassRequest>,
    ) -> Result<Response<pb::Class>, Status> {
        handle(request, self.0.clone(), |app, ctx, m| async move {
            let key = ctx.request_key(&m.request_id, &m)?;
            let (school, stage, year, number) = new_class(&ctx, m)?;
            let class = app.create_class(&ctx, school, stage, year, number, &key).await?;
            Ok::<_, Error>(answer(&ctx, class))
        })
        .await
    }

    async fn get_class(&self, request: Request<pb::GetClassRequest>) -> Result<Response<pb::Class>, Status> {
        handle(request, self.0.clone(), |app, ctx, m| async move {
            let mut v = Violations::new();
            let ids = v.id2("name", &m.name, CLASS);
            let (school, class) = v.finish(ids)?;
            Ok::<_, Error>(answer(&ctx, app.get_class(&ctx, school, class).await?))
        })
        .await
    }

    async fn list_classes(
        &self,
        request: Request<pb::ListClassesRequest>,
    ) -> Result<Response<pb::ListClassesResponse>, Status> {
        handle(request, self.0.clone(), |app, ctx, m| async move {
            let filter = list_filter(&m)?;
            let list = format!("classes {} {} {} {}", m.parent, m.state, m.stage, m.entry_year);
            let page = Page::of(m.page_size, &m.page_token, &list)?;
            let found = app.list_classes(&ctx, &filter, &page).await?;
            Ok::<_, Error>(pb::ListClassesResponse {
                classes: found.rows.into_iter().map(|class| answer(&ctx, class)).collect(),
                next_page_token: found.next_page_token,
            })
        })
        .await
    }

    async fn update_class(
        &self,
        request: Request<pb::UpdateClassRequest>,
    ) -> Result<Response<pb::Class>, Status> {
        handle(request, self.0.clone(), |app, ctx, m| async move {
            let mut v = Violations::new();
            Mask::read(&mut v, m.update_mask, &["number"]);
            let given = v.present("class", m.class).unwrap_or_default();
            let ids = v.id2("class.name", &given.name, CLASS);
            v.range("class.number", given.number, 1, CLASS_NUMBER_MAX);
            let (school, id) = v.finish(ids)?;
            let class = app.update_class(&ctx, school, id, given.number, &given.etag).await?;
            Ok::<_, Error>(answer(&ctx, class))
        })
        .await
    }

    async fn close_class(
        &self,
        request: Request<pb::CloseClassRequest>,
    ) -> Result<Response<pb::Class>, Status> {
        handle(request, self.0.clone(), |app, ctx, m| async move {
            let mut v = Violations::new();
            let ids = v.id2("name", &m.name, CLASS);
            let (school, id) = v.finish(ids)?;
            Ok::<_, Error>(answer(&ctx, app.close_class(&ctx, school, id, &m.etag).await?))
        })
        .await
    }
}
