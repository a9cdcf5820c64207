//! Staffing.

use super::{Read as _, Server, count, pb, school_name, staff_name, words};
use crate::{
    app::{Error, staffing::SchoolStaffing},
    domain::staffing::{StageStaffing, TARGET_A_STAGE, TeamTier},
};
use tonic::{Request, Response, Status};
use xinqiao_kit::{rpc, validate::Violations};

#[tonic::async_trait]
impl pb::staffing_service_server::StaffingService for Server {
    async fn get_school_staffing(
        &self,
        request: Request<pb::GetSchoolStaffingRequest>,
    ) -> Result<Response<pb::SchoolStaffing>, Status> {
        rpc::handle(request, self.0.clone(), |app, ctx, m| async move {
            let mut v = Violations::new();
            let school = v.school("school", &m.school);
            Ok::<_, Error>(shown(app.school_staffing(&ctx, v.finish(school)?).await?, true))
        })
        .await
    }

    async fn get_county_staffing(
        &self,
        request: Request<pb::GetCountyStaffingRequest>,
    ) -> Result<Response<pb::GetCountyStaffingResponse>, Status> {
        rpc::handle(request, self.0.clone(), |app, ctx, m| async move {
            let mut v = Violations::new();
            let page = v.page(m.page_size, &m.page_token, "staffing");
            let county = app.county_staffing(&ctx, &v.finish(page)?).await?;
            Ok::<_, Error>(pb::GetCountyStaffingResponse {
                schools: county.schools.into_iter().map(|one| shown(one, false)).collect(),
                next_page_token: county.next,
                school_count: count(county.all),
                filled_school_count: count(county.reached),
            })
        })
        .await
    }
}

fn shown(one: SchoolStaffing, with_members: bool) -> pb::SchoolStaffing {
    let staffing = one.staffing;
    let tier = |tier: &TeamTier| pb::TierCount {
        tier: words::team_tier(*tier),
        staff_count: count(staffing.count(*tier)),
    };
    let members = if with_members { staffing.members.as_slice() } else { &[] };
    let member = |(staff, tier, on_leave): &_| pb::StaffTier {
        staff: staff_name(*staff),
        tier: words::team_tier(*tier),
        on_leave: *on_leave,
    };
    pb::SchoolStaffing {
        school: school_name(one.school.id),
        display_name: one.school.display_name,
        stages: staffing.stages.iter().map(shown_stage).collect(),
        tiers: TeamTier::ALL.iter().map(tier).collect(),
        members: members.iter().map(member).collect(),
        filled: staffing.filled(),
    }
}

fn shown_stage(stage: &StageStaffing) -> pb::StageStaffing {
    pb::StageStaffing {
        stage: words::stage(stage.stage),
        target: count(TARGET_A_STAGE),
        qualified: count(stage.qualified.len()),
        within_establishment: count(stage.within_establishment),
        filled: stage.filled,
    }
}
