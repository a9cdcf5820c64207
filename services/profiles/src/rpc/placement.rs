//! PlacementService, for the other services.

use super::{
    Rpc,
    wire::{CLASS, SCHOOL, STUDENT, Wire, class, school, student},
};
use crate::{
    domain::{
        class::grade_at,
        ids::{ClassId, SchoolId},
        stage::Stage,
    },
    error::Error,
    store::placements::{Place, Scope},
};
use pb::placement_service_server::PlacementService;
use tonic::{Request, Response, Status};
use xinqiao_kit::{
    page::Page,
    rpc::handle,
    validate::{Invalid, Violations},
};
use xinqiao_proto::profiles::v1 as pb;

/// Rows when the caller names no number.
const PAGE_DEFAULT: i32 = 1_000;
/// Rows at most.
const PAGE_MAX: i32 = 5_000;
/// Schools, and year groups, of one scope at most.
const SCHOOLS_MAX: usize = 500;
/// Classes of one scope at most.
const CLASSES_MAX: usize = 5_000;

fn answer(place: Place) -> pb::Placement {
    let enrolled = place.state.has_place();
    let here = |name: String| if enrolled { name } else { String::new() };
    pb::Placement {
        student: student(place.student),
        school: here(school(place.school)),
        class: here(class(place.school, place.class)),
        enrolled,
        state: place.state.wire(),
        birth_date: String::new(),
        sex: 0,
    }
}

fn scope(m: &pb::ListPlacementsRequest) -> Result<Scope, Invalid> {
    let mut v = Violations::new();
    v.count("schools", m.schools.len(), SCHOOLS_MAX);
    v.count("classes", m.classes.len(), CLASSES_MAX);
    v.count("grades", m.grades.len(), SCHOOLS_MAX);
    let mut scope = Scope::default();
    for (at, name) in m.schools.iter().take(SCHOOLS_MAX).enumerate() {
        scope.schools.extend(v.id::<SchoolId>(&format!("schools[{at}]"), name, SCHOOL));
    }
    for (at, name) in m.classes.iter().take(CLASSES_MAX).enumerate() {
        let ids: Option<(SchoolId, ClassId)> = v.id2(&format!("classes[{at}]"), name, CLASS);
        scope.classes.extend(ids.map(|(_, class)| class));
    }
    for (at, grade) in m.grades.iter().take(SCHOOLS_MAX).enumerate() {
        let school = v.id_opt(&format!("grades[{at}].school"), &grade.school, SCHOOL);
        let stage = v.enum_value(&format!("grades[{at}].stage"), grade.stage, Stage::of_wire);
        scope.grades.extend(stage.map(|stage| (school, stage, grade.entry_year)));
    }
    v.finish(Some(scope))
}

#[tonic::async_trait]
impl PlacementService for Rpc {
    async fn get_placement(
        &self,
        request: Request<pb::GetPlacementRequest>,
    ) -> Result<Response<pb::Placement>, Status> {
        handle(request, self.0.clone(), |app, ctx, m| async move {
            let mut v = Violations::new();
            let id = v.id("student", &m.student, STUDENT);
            let found = app.get_placement(&ctx, v.finish(id)?).await?;
            Ok::<_, Error>(pb::Placement {
                birth_date: found.person.birth_date.to_string(),
                sex: found.person.sex.wire(),
                ..answer(found.place)
            })
        })
        .await
    }

    async fn list_placements(
        &self,
        request: Request<pb::ListPlacementsRequest>,
    ) -> Result<Response<pb::ListPlacementsResponse>, Status> {
        handle(request, self.0.clone(), |app, ctx, m| async move {
            let scope = scope(&m)?;
            let list = format!("placements {:?} {:?} {:?}", m.schools, m.classes, m.grades);
            let page = Page::parse(m.page_size, &m.page_token, &list, PAGE_DEFAULT, PAGE_MAX)?;
            let found = app.list_placements(&ctx, &scope, &page).await?;
            Ok::<_, Error>(pb::ListPlacementsResponse {
                placements: found.rows.into_iter().map(answer).collect(),
                next_page_token: found.next_page_token,
            })
        })
        .await
    }

    async fn list_class_placements(
        &self,
        request: Request<pb::ListClassPlacementsRequest>,
    ) -> Result<Response<pb::ListClassPlacementsResponse>, Status> {
        handle(request, self.0.clone(), |app, ctx, m| async move {
            let mut v = Violations::new();
            let only = v.id_opt("school", &m.school, SCHOOL);
            v.into_result()?;
            let list = format!("class placements {}", m.school);
            let page = Page::parse(m.page_size, &m.page_token, &list, PAGE_DEFAULT, PAGE_MAX)?;
            let found = app.list_class_sizes(&ctx, only, &page).await?;
            let today = ctx.now().shanghai_date();
            let sizes = found.rows.into_iter().map(|(id, of, stage, entry_year, number, pupils)| {
                pb::ClassPlacement {
                    class: class(of, id),
                    school: school(of),
                    stage: stage.wire(),
                    entry_year,
                    number,
                    grade: grade_at(stage, entry_year, today).unwrap_or_default(),
                    enrolled_students: i32::try_from(pupils).unwrap_or(i32::MAX),
                }
            });
            Ok::<_, Error>(pb::ListClassPlacementsResponse {
                classes: sizes.collect(),
                next_page_token: found.next_page_token,
            })
        })
        .await
    }
}
