//! GridService.

use super::{convert, parse};
use crate::{
    app::{App, Error, grid::ClassGrid},
    domain::{
        ClassId, Level, SchoolId,
        grid::{Gap, Responder},
    },
};
use std::sync::Arc;
use tonic::{Request, Response, Status};
use xinqiao_kit::{
    ctx::{Ctx, RequestKey},
    names,
    page::Page,
    rpc,
    status::Violation,
    time::Ts,
    validate::{Invalid, Violations},
};
use xinqiao_proto::crisis::v1::{self as pb, grid_service_server::GridService};

const CLASS: &str = "schools/{}/classes/{}";

pub(super) struct Service(pub(super) Arc<App>);

fn new_seat(ctx: &Ctx, request: &pb::AssignSeatRequest) -> Result<(Responder, Option<RequestKey>), Invalid> {
    let mut v = Violations::new();
    let key = parse::key(&mut v, ctx, &request.request_id, request);
    let Some(seat) = v.present("seat", request.seat.as_ref()) else {
        return v.finish(None);
    };
    let level = v.enum_value("seat.level", seat.level, convert::from_level);
    let user = v.id("seat.user", &seat.user, "users/{}");
    let place = level.and_then(|level| place(&mut v, level, seat));
    let parsed = level.zip(user).zip(place).zip(key);
    v.finish(parsed.map(|(((level, user), (school, class)), key)| {
        let responder = Responder {
            seat: None,
            level,
            school,
            class,
            grade: None,
            user: Some(user),
            on_leave: false,
            since: ctx.now(),
        };
        (responder, key)
    }))
}

/// School and class of a seat: a class for the class's own levels, a school for its roles, neither for the county.
fn place(v: &mut Violations, level: Level, seat: &pb::Seat) -> Option<(Option<SchoolId>, Option<ClassId>)> {
    if level == Level::CountyDuty {
        let empty = [("seat.school", &seat.school), ("seat.class", &seat.class)];
        for (field, _) in empty.iter().filter(|(_, name)| !name.is_empty()) {
            v.push(Violation::new(*field, "NOT_ALLOWED"));
        }
        return Some((None, None));
    }
    let given: Option<SchoolId> = v.id_opt("seat.school", &seat.school, "schools/{}");
    if level.is_of_class() {
        let (school, class) = v.id2("seat.class", &seat.class, CLASS)?;
        if given.is_some_and(|given| given != school) {
            v.push(Violation::new("seat.school", "NOT_ALLOWED"));
        }
        return Some((Some(school), Some(class)));
    }
    if !seat.class.is_empty() {
        v.push(Violation::new("seat.class", "NOT_ALLOWED"));
    }
    if given.is_none() && seat.school.is_empty() {
        v.push(Violation::new("seat.school", "REQUIRED"));
    }
    given.map(|school| (Some(school), None))
}

fn seat(responder: &Responder) -> pb::Seat {
    let class =
        responder.school.zip(responder.class).map(|(school, class)| names::format2(CLASS, school, class));
    pb::Seat {
        name: responder.seat.map(|id| names::format("seats/{}", id)).unwrap_or_default(),
        level: convert::to_level(responder.level).into(),
        school: responder.school.map(|id| names::format("schools/{}", id)).unwrap_or_default(),
        class: class.unwrap_or_default(),
        user: convert::user(responder.user),
        from_post: responder.seat.is_none(),
        on_leave: responder.on_leave,
        create_time: convert::time(responder.since),
    }
}

fn gap(school: SchoolId, gap: Gap, since: Ts) -> pb::Gap {
    pb::Gap {
        level: convert::to_level(gap.level).into(),
        class: gap.class.map(|class| names::format2(CLASS, school, class)).unwrap_or_default(),
        since_time: convert::time(since),
    }
}

fn grid(grid: &ClassGrid) -> pb::Grid {
    pb::Grid {
        name: format!("{}/grid", names::format2(CLASS, grid.school, grid.class)),
        seats: grid.seats.iter().map(seat).collect(),
        gaps: grid.gaps.iter().map(|(missing, since)| gap(grid.school, *missing, *since)).collect(),
    }
}

/// One page of gaps: they are computed as a whole, so that a position is their place in the list.
fn gaps_page(school: SchoolId, all: &[(Gap, Ts)], page: &Page) -> pb::ListGapsResponse {
    let after = page.after.as_ref().and_then(|parts| parts.first()?.parse().ok()).unwrap_or(0_usize);
    let fetch = usize::try_from(page.fetch()).unwrap_or_default();
    let mut part: Vec<_> = all.iter().enumerate().skip(after).take(fetch).collect();
    let next_page_token = page.cut(&mut part, |(index, _)| vec![(index + 1).to_string()]);
    pb::ListGapsResponse {
        gaps: part.into_iter().map(|(_, (missing, since))| gap(school, *missing, *since)).collect(),
        next_page_token,
        total_size: i32::try_from(all.len()).unwrap_or(i32::MAX),
    }
}

#[tonic::async_trait]
impl GridService for Service {
    async fn assign_seat(
        &self,
        request: Request<pb::AssignSeatRequest>,
    ) -> Result<Response<pb::Seat>, Status> {
        rpc::handle(request, self.0.clone(), |app, ctx, m| async move {
            let (new, key) = new_seat(&ctx, &m)?;
            let filled = app.assign_seat(&ctx, new, &key).await?;
            Ok::<_, Error>(seat(&filled))
        })
        .await
    }

    async fn release_seat(&self, request: Request<pb::ReleaseSeatRequest>) -> Result<Response<()>, Status> {
        rpc::handle(request, self.0.clone(), |app, ctx, m| async move {
            app.release_seat(&ctx, parse::name("name", &m.name, "seats/{}")?).await
        })
        .await
    }

    async fn get_grid(&self, request: Request<pb::GetGridRequest>) -> Result<Response<pb::Grid>, Status> {
        rpc::handle(request, self.0.clone(), |app, ctx, m| async move {
            let mut v = Violations::new();
            let ids = v.id2("name", &m.name, "schools/{}/classes/{}/grid");
            let (school, class) = v.finish(ids)?;
            let found = app.get_grid(&ctx, school, class).await?;
            Ok::<_, Error>(grid(&found))
        })
        .await
    }

    async fn list_gaps(
        &self,
        request: Request<pb::ListGapsRequest>,
    ) -> Result<Response<pb::ListGapsResponse>, Status> {
        rpc::handle(request, self.0.clone(), |app, ctx, m| async move {
            let mut v = Violations::new();
            let school = v.id("parent", &m.parent, "schools/{}");
            let page = parse::page_of(&mut v, m.page_size, &m.page_token, &format!("gaps {}", m.parent), 500);
            let (school, page) = v.finish(school.zip(page))?;
            let all = app.list_gaps(&ctx, school).await?;
            Ok::<_, Error>(gaps_page(school, &all, &page))
        })
        .await
    }
}
