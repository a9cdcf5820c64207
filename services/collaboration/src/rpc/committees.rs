//! Committees.

use super::{PRIVATE_PAGE, Read as _, Server, about, class_name, pb, school_name, words};
use crate::{
    app::{
        Error, Rules,
        committees::{Change, ChangeMembers, CreateCommittee},
    },
    domain::{
        committee::{Committee, CommitteeForm, Member, MemberForm},
        ids::{CommitteeId, MemberId},
    },
};
use chrono::NaiveDate;
use tonic::{Request, Response, Status};
use xinqiao_kit::{ctx::Ctx, etag, names, rpc, validate::Violations};

const COMMITTEE: &str = "committees/{}";
const MEMBER: &str = "committees/{}/members/{}";

#[tonic::async_trait]
impl pb::committee_service_server::CommitteeService for Server {
    async fn create_committee(
        &self,
        request: Request<pb::CreateCommitteeRequest>,
    ) -> Result<Response<pb::Committee>, Status> {
        rpc::handle(request, self.0.clone(), |app, ctx, m| async move {
            let committee = app.create_committee(&ctx, create(&ctx, m)?).await?;
            Ok::<_, Error>(shown(committee, &ctx, app.rules()))
        })
        .await
    }

    async fn add_committee_member(
        &self,
        request: Request<pb::AddCommitteeMemberRequest>,
    ) -> Result<Response<pb::Committee>, Status> {
        rpc::handle(request, self.0.clone(), |app, ctx, m| async move {
            let committee = app.change_members(&ctx, add(&ctx, m)?).await?;
            Ok::<_, Error>(shown(committee, &ctx, app.rules()))
        })
        .await
    }

    async fn end_committee_member(
        &self,
        request: Request<pb::EndCommitteeMemberRequest>,
    ) -> Result<Response<pb::Committee>, Status> {
        rpc::handle(request, self.0.clone(), |app, ctx, m| async move {
            let committee = app.change_members(&ctx, end(&ctx, m)?).await?;
            Ok::<_, Error>(shown(committee, &ctx, app.rules()))
        })
        .await
    }

    async fn get_committee(
        &self,
        request: Request<pb::GetCommitteeRequest>,
    ) -> Result<Response<pb::Committee>, Status> {
        rpc::handle(request, self.0.clone(), |app, ctx, m| async move {
            let mut v = Violations::new();
            let id = v.id("name", &m.name, COMMITTEE);
            let committee = app.get_committee(&ctx, v.finish(id)?).await?;
            Ok::<_, Error>(shown(committee, &ctx, app.rules()))
        })
        .await
    }

    async fn list_committees(
        &self,
        request: Request<pb::ListCommitteesRequest>,
    ) -> Result<Response<pb::ListCommitteesResponse>, Status> {
        rpc::handle(request, self.0.clone(), |app, ctx, m| async move {
            let mut v = Violations::new();
            let school = v.school("parent", &m.parent);
            let list = format!("committees {}", m.parent);
            let page = v.page_of(PRIVATE_PAGE, m.page_size, &m.page_token, &list);
            let (school, page) = v.finish(school.zip(page))?;
            let (committees, next_page_token) = app.list_committees(&ctx, school, &page).await?;
            let rules = app.rules();
            let committees = committees.into_iter().map(|one| shown(one, &ctx, rules)).collect();
            Ok::<_, Error>(pb::ListCommitteesResponse { committees, next_page_token })
        })
        .await
    }
}

fn create(ctx: &Ctx, m: pb::CreateCommitteeRequest) -> Result<CreateCommittee, Error> {
    let mut v = Violations::new();
    let key = v.key(ctx, &m.request_id, &m);
    let school = v.school("parent", &m.parent);
    let m = v.present("committee", m.committee).unwrap_or_default();
    let class = if m.class.is_empty() { None } else { v.class_of("committee.class", &m.class, school) };
    let form = CommitteeForm {
        level: v.enum_value("committee.level", m.level, words::committee_level_of),
        class,
        founded_on: v.date("committee.found_date", &m.found_date),
        attachment: m.attachment.trim().to_owned(),
    };
    let (school, wrong) = about(v, school)?;
    Ok(CreateCommittee { school, form, wrong, key })
}

fn add(ctx: &Ctx, m: pb::AddCommitteeMemberRequest) -> Result<ChangeMembers, Error> {
    let mut v = Violations::new();
    let key = v.key(ctx, &m.request_id, &m);
    let id = v.id("parent", &m.parent, COMMITTEE);
    let member = v.present("member", m.member).unwrap_or_default();
    let form = MemberForm {
        display_name: member.display_name.trim().to_owned(),
        role: v.enum_value("member.role", member.role, words::committee_role_of),
        starts_on: v.date("member.start_date", &member.start_date),
        ends_on: v.date("member.end_date", &member.end_date),
    };
    let (id, wrong) = about(v, id)?;
    Ok(ChangeMembers { id, change: Change::Add(form), etag: m.etag, wrong, key })
}

fn end(ctx: &Ctx, m: pb::EndCommitteeMemberRequest) -> Result<ChangeMembers, Error> {
    let mut v = Violations::new();
    let key = v.key(ctx, &m.request_id, &m);
    let ids: Option<(CommitteeId, MemberId)> = v.id2("name", &m.name, MEMBER);
    let last_day: Option<NaiveDate> = v.date("end_date", &m.end_date);
    let ((id, member), wrong) = about(v, ids)?;
    Ok(ChangeMembers { id, change: Change::End(member, last_day), etag: m.etag, wrong, key })
}

fn shown(committee: Committee, ctx: &Ctx, rules: Rules) -> pb::Committee {
    let id = committee.id;
    pb::Committee {
        name: names::format(COMMITTEE, id),
        school: school_name(committee.school),
        level: words::committee_level(committee.level()),
        class: committee.class.map(|class| class_name(committee.school, class)).unwrap_or_default(),
        found_date: committee.founded_on.to_string(),
        in_office: committee.in_office(ctx.now().shanghai_date(), rules.committee_members),
        attachment: committee.attachment,
        members: committee.members.into_iter().map(|member| shown_member(id, member)).collect(),
        create_time: Some(committee.created_at.into()),
        etag: etag::of(committee.version),
    }
}

fn shown_member(committee: CommitteeId, member: Member) -> pb::CommitteeMember {
    pb::CommitteeMember {
        name: names::format2(MEMBER, committee, member.id),
        display_name: member.display_name,
        role: words::committee_role(member.role),
        start_date: member.starts_on.to_string(),
        end_date: member.ends_on.to_string(),
    }
}
