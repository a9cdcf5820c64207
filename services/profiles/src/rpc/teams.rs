//! TeamService.

use super::{
    Rpc,
    wire::{SCHOOL, STAFF, TEAM, Wire, class, filter, school, staff, student, time, time_opt},
};
use crate::{
    app::{AlarmFilter, App},
    domain::{
        alarm::{Alarm, Subject},
        ids::StaffId,
        team::{Member, TEAM_MAX, Team},
    },
    error::Error,
    store::teams::Vacant,
};
use chrono::Duration;
use pb::team_service_server::TeamService;
use tonic::{Request, Response, Status};
use xinqiao_kit::{ctx::Ctx, etag, names, page::Page, rpc::handle, time::Ts, validate::Violations};
use xinqiao_proto::profiles::v1 as pb;

/// Until when a team that has lacked members since then must be whole again.
fn vacancy_due(app: &App, since: Ts) -> Ts {
    since + Duration::hours(app.deps.settings.profiles.team_vacancy_hours.into())
}

fn count(number: usize) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

fn answer(app: &App, team: Team) -> pb::SupportTeam {
    pb::SupportTeam {
        name: names::format(TEAM, team.student),
        required_members: count(team.required),
        missing_members: count(team.missing()),
        vacant_time: time_opt(team.vacant_since),
        vacancy_due_time: time_opt(team.vacant_since.map(|since| vacancy_due(app, since))),
        etag: etag::of(team.version),
        members: team.members.into_iter().map(Into::into).collect(),
    }
}

impl From<Member> for pb::TeamMember {
    fn from(member: Member) -> Self {
        Self {
            staff: staff(member.staff),
            display_name: member.name,
            join_time: time(member.joined_at),
            standing: member.standing.wire(),
        }
    }
}

fn vacancy(app: &App, ctx: &Ctx, vacant: Vacant) -> pb::TeamVacancy {
    let due = vacancy_due(app, vacant.since);
    pb::TeamVacancy {
        team: names::format(TEAM, vacant.student),
        school: school(vacant.school),
        missing_members: vacant.missing,
        vacant_time: time(vacant.since),
        due_time: time(due),
        overdue: due < ctx.now(),
    }
}

fn alarm(ctx: &Ctx, alarm: Alarm) -> pb::Alarm {
    let (subject, post) = match alarm.subject {
        Subject::Student(id) => (student(id), ""),
        Subject::Post(vacancy) => {
            let subject = vacancy.class.map_or_else(|| school(alarm.school), |id| class(alarm.school, id));
            (subject, vacancy.post.word())
        }
    };
    pb::Alarm {
        kind: alarm.kind.wire(),
        subject,
        school: school(alarm.school),
        post: post.to_owned(),
        since_time: time_opt(alarm.since),
        due_time: time_opt(alarm.due),
        overdue: alarm.is_overdue(ctx.now()),
    }
}

#[tonic::async_trait]
impl TeamService for Rpc {
    async fn get_team(
        &self,
        request: Request<pb::GetTeamRequest>,
    ) -> Result<Response<pb::SupportTeam>, Status> {
        handle(request, self.0.clone(), |app, ctx, m| async move {
            let mut v = Violations::new();
            let id = v.id("name", &m.name, TEAM);
            let team = app.get_team(&ctx, v.finish(id)?).await?;
            Ok::<_, Error>(answer(&app, team))
        })
        .await
    }

    async fn set_team(
        &self,
        request: Request<pb::SetTeamRequest>,
    ) -> Result<Response<pb::SupportTeam>, Status> {
        handle(request, self.0.clone(), |app, ctx, m| async move {
            let key = ctx.request_key(&m.request_id, &m)?;
            let mut v = Violations::new();
            let id = v.id("name", &m.name, TEAM);
            v.count("staff", m.staff.len(), TEAM_MAX);
            let read = |(at, name): (usize, &String)| v.id(&format!("staff[{at}]"), name, STAFF);
            let members: Vec<StaffId> = m.staff.iter().take(TEAM_MAX).enumerate().filter_map(read).collect();
            let id = v.finish(id)?;
            let team = app.set_team(&ctx, id, members, &m.etag, &key).await?;
            Ok::<_, Error>(answer(&app, team))
        })
        .await
    }

    async fn list_team_vacancies(
        &self,
        request: Request<pb::ListTeamVacanciesRequest>,
    ) -> Result<Response<pb::ListTeamVacanciesResponse>, Status> {
        handle(request, self.0.clone(), |app, ctx, m| async move {
            let mut v = Violations::new();
            let only = v.id_opt("school", &m.school, SCHOOL);
            v.into_result()?;
            let page = Page::of(m.page_size, &m.page_token, &format!("vacancies {}", m.school))?;
            let found = app.list_team_vacancies(&ctx, only, &page).await?;
            Ok::<_, Error>(pb::ListTeamVacanciesResponse {
                vacancies: found.rows.into_iter().map(|row| vacancy(&app, &ctx, row)).collect(),
                next_page_token: found.next_page_token,
            })
        })
        .await
    }

    async fn list_alarms(
        &self,
        request: Request<pb::ListAlarmsRequest>,
    ) -> Result<Response<pb::ListAlarmsResponse>, Status> {
        handle(request, self.0.clone(), |app, ctx, m| async move {
            let mut v = Violations::new();
            let only = v.id_opt("school", &m.school, SCHOOL);
            let kind = filter(&mut v, "kind", m.kind);
            v.into_result()?;
            let page = Page::of(m.page_size, &m.page_token, &format!("alarms {} {}", m.school, m.kind))?;
            let found = app.list_alarms(&ctx, AlarmFilter { school: only, kind }, &page).await?;
            Ok::<_, Error>(pb::ListAlarmsResponse {
                alarms: found.rows.into_iter().map(|row| alarm(&ctx, row)).collect(),
                next_page_token: found.next_page_token,
            })
        })
        .await
    }
}
