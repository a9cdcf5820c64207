//! CampaignService.

use super::{
    CAMPAIGN, CLASS, Rpc, SCHOOL, STUDENT, instruments, optional, page, words::Parse as _, words::count,
};
use crate::{
    app::{CampaignView, Error},
    domain::{
        campaign::{CampaignState, ConsentRule, Grade, MAX_SCOPE, Plan, Purpose, Scope},
        ids::{CampaignId, ClassId, SchoolId, StudentId, TargetId},
        target::{Progress, Target, TargetState},
    },
};
use tonic::{Request, Response, Status, async_trait};
use xinqiao_kit::{
    ctx::Ctx, ctx::RequestKey, etag, names, rpc::handle, status::Violation, validate::Violations,
};
use xinqiao_proto::screening::v1::{self as pb, campaign_service_server::CampaignService};

const MAX_PURPOSES: usize = 5;
const MAX_CONSENTS: usize = 500;

#[async_trait]
impl CampaignService for Rpc {
    async fn create_campaign(
        &self,
        request: Request<pb::CreateCampaignRequest>,
    ) -> Result<Response<pb::Campaign>, Status> {
        handle(request, self.app.clone(), |app, ctx, m: pb::CreateCampaignRequest| async move {
            let (plan, version, key) = parse_create(&ctx, &m)?;
            Ok::<_, Error>(campaign(app.create_campaign(&ctx, plan, version, &key).await?))
        })
        .await
    }

    async fn open_campaign(
        &self,
        request: Request<pb::OpenCampaignRequest>,
    ) -> Result<Response<pb::Campaign>, Status> {
        handle(request, self.app.clone(), |app, ctx, m: pb::OpenCampaignRequest| async move {
            Ok::<_, Error>(campaign(app.open_campaign(&ctx, id(&m.name)?).await?))
        })
        .await
    }

    async fn close_campaign(
        &self,
        request: Request<pb::CloseCampaignRequest>,
    ) -> Result<Response<pb::Campaign>, Status> {
        handle(request, self.app.clone(), |app, ctx, m: pb::CloseCampaignRequest| async move {
            Ok::<_, Error>(campaign(app.close_campaign(&ctx, id(&m.name)?).await?))
        })
        .await
    }

    async fn get_campaign(
        &self,
        request: Request<pb::GetCampaignRequest>,
    ) -> Result<Response<pb::Campaign>, Status> {
        handle(request, self.app.clone(), |app, ctx, m: pb::GetCampaignRequest| async move {
            Ok::<_, Error>(campaign(app.get_campaign(&ctx, id(&m.name)?).await?))
        })
        .await
    }

    async fn list_campaigns(
        &self,
        request: Request<pb::ListCampaignsRequest>,
    ) -> Result<Response<pb::ListCampaignsResponse>, Status> {
        handle(request, self.app.clone(), |app, ctx, m: pb::ListCampaignsRequest| async move {
            let mut v = Violations::new();
            let state = optional(&mut v, "state", m.state, CampaignState::parse);
            let page = page(&mut v, m.page_size, &m.page_token, &format!("campaigns?{}", m.state));
            let page = v.finish(page)?;
            let (found, next_page_token) = app.list_campaigns(&ctx, state, &page).await?;
            let campaigns = found.into_iter().map(campaign).collect();
            Ok::<_, Error>(pb::ListCampaignsResponse { campaigns, next_page_token })
        })
        .await
    }

    async fn get_campaign_progress(
        &self,
        request: Request<pb::GetCampaignProgressRequest>,
    ) -> Result<Response<pb::CampaignProgress>, Status> {
        handle(request, self.app.clone(), |app, ctx, m: pb::GetCampaignProgressRequest| async move {
            let mut v = Violations::new();
            let id: Option<CampaignId> = v.id("name", &m.name, CAMPAIGN);
            let school: Option<SchoolId> = v.id_opt("school", &m.school, SCHOOL);
            let id = v.finish(id)?;
            let (total, classes) = app.progress(&ctx, id, school).await?;
            let classes = classes.into_iter().map(|class| pb::ClassProgress {
                class: names::format2(CLASS, class.school, class.class),
                progress: Some(progress(class.progress)),
            });
            let classes = classes.collect();
            Ok::<_, Error>(pb::CampaignProgress { campaign: m.name, total: Some(progress(total)), classes })
        })
        .await
    }

    async fn list_targets(
        &self,
        request: Request<pb::ListTargetsRequest>,
    ) -> Result<Response<pb::ListTargetsResponse>, Status> {
        handle(request, self.app.clone(), |app, ctx, m: pb::ListTargetsRequest| async move {
            let mut v = Violations::new();
            let parent: Option<CampaignId> = v.id("parent", &m.parent, CAMPAIGN);
            let state = optional(&mut v, "state", m.state, TargetState::parse);
            let class =
                if m.class.is_empty() { None } else { v.id2::<SchoolId, ClassId>("class", &m.class, CLASS) };
            let fingerprint = format!("{}/targets?{}&{}", m.parent, m.state, m.class);
            let page = page(&mut v, m.page_size, &m.page_token, &fingerprint);
            let (parent, page) = v.finish(parent.zip(page))?;
            let class = class.map(|(_, class)| class);
            let (found, next_page_token) = app.list_targets(&ctx, parent, state, class, &page).await?;
            let targets = found.iter().map(target).collect();
            Ok::<_, Error>(pb::ListTargetsResponse { targets, next_page_token })
        })
        .await
    }

    async fn excuse_target(
        &self,
        request: Request<pb::ExcuseTargetRequest>,
    ) -> Result<Response<pb::Target>, Status> {
        handle(request, self.app.clone(), |app, ctx, m: pb::ExcuseTargetRequest| async move {
            let mut v = Violations::new();
            let id: Option<TargetId> = v.id("name", &m.name, "targets/{}");
            let state = v.enum_value("state", m.state, TargetState::parse);
            if let Some(TargetState::Submitted | TargetState::Retest | TargetState::Left) = state {
                v.push(Violation::new("state", "NOT_ALLOWED"));
            }
            v.len("reason", &m.reason, 2, 200);
            let key = request_key(&mut v, &ctx, &m.request_id, &m);
            let ((id, state), key) = v.finish(id.zip(state).zip(key))?;
            Ok::<_, Error>(target(&app.excuse_target(&ctx, id, state, &m.reason, &key).await?))
        })
        .await
    }

    async fn record_consents(
        &self,
        request: Request<pb::RecordConsentsRequest>,
    ) -> Result<Response<pb::RecordConsentsResponse>, Status> {
        handle(request, self.app.clone(), |app, ctx, m: pb::RecordConsentsRequest| async move {
            let mut v = Violations::new();
            let parent: Option<CampaignId> = v.id("parent", &m.parent, CAMPAIGN);
            let students = students(&mut v, "students", &m.students, MAX_CONSENTS);
            if m.students.is_empty() {
                v.push(Violation::new("students", "REQUIRED"));
            }
            let key = request_key(&mut v, &ctx, &m.request_id, &m);
            let (parent, key) = v.finish(parent.zip(key))?;
            let recorded = app.record_consents(&ctx, parent, &students, &key).await?;
            let recorded_count = i32::try_from(recorded).unwrap_or(i32::MAX);
            Ok::<_, Error>(pb::RecordConsentsResponse { recorded_count })
        })
        .await
    }
}

fn id(name: &str) -> Result<CampaignId, Error> {
    let mut v = Violations::new();
    let id = v.id("name", name, CAMPAIGN);
    Ok(v.finish(id)?)
}

/// The key of a request, or its violation.
pub(super) fn request_key<M: prost::Message>(
    v: &mut Violations,
    ctx: &Ctx,
    request_id: &str,
    message: &M,
) -> Option<Option<RequestKey>> {
    ctx.request_key(request_id, message).map_err(|violation| v.push(violation)).ok()
}

/// Pupils by name, each once.
pub(super) fn students(v: &mut Violations, field: &str, given: &[String], max: usize) -> Vec<StudentId> {
    let mut found = Vec::with_capacity(given.len().min(max));
    if !v.count(field, given.len(), max) {
        return found;
    }
    for (at, name) in given.iter().enumerate() {
        let field = format!("{field}[{at}]");
        if let Some(student) = v.id::<StudentId>(&field, name, STUDENT) {
            if found.contains(&student) {
                v.push(Violation::new(field, "DUPLICATE"));
            } else {
                found.push(student);
            }
        }
    }
    found
}

type Create = (Plan, Option<i32>, Option<RequestKey>);

fn parse_create(ctx: &Ctx, m: &pb::CreateCampaignRequest) -> Result<Create, Error> {
    let mut v = Violations::new();
    let key = request_key(&mut v, ctx, &m.request_id, m);
    let Some(given) = v.present("campaign", m.campaign.as_ref()) else {
        return Err(v.finish::<Create>(None).map_or_else(Error::from, |_| Error::Raced));
    };
    v.len("campaign.title", given.title.trim(), 2, 80);
    let school = v.id_opt("campaign.school", &given.school, SCHOOL);
    let purposes = purposes(&mut v, &given.purposes);
    let scope = given.scope.clone().unwrap_or_default();
    let scope = parse_scope(&mut v, &scope);
    let instrument = instruments::name(&mut v, "campaign.instrument", &given.instrument);
    let start = v.time("campaign.start_time", given.start_time);
    let end = v.time("campaign.end_time", given.end_time);
    let consent = v.enum_value("campaign.consent_rule", given.consent_rule, ConsentRule::parse);
    let parts = instrument.zip(start.zip(end)).zip(consent).zip(key);
    let ((((instrument, version), (start, end)), consent), key) = v.finish(parts)?;
    let title = given.title.trim().to_owned();
    Ok((Plan { title, school, purposes, scope, instrument, start, end, consent }, version, key))
}

fn purposes(v: &mut Violations, given: &[i32]) -> Vec<Purpose> {
    if given.is_empty() {
        v.push(Violation::new("campaign.purposes", "REQUIRED"));
    }
    let mut purposes = Vec::new();
    if v.count("campaign.purposes", given.len(), MAX_PURPOSES) {
        for (at, number) in given.iter().enumerate() {
            let field = format!("campaign.purposes[{at}]");
            match v.enum_value(&field, *number, Purpose::parse) {
                Some(purpose) if purposes.contains(&purpose) => v.push(Violation::new(field, "DUPLICATE")),
                Some(purpose) => purposes.push(purpose),
                None => {}
            }
        }
    }
    purposes
}

fn parse_scope(v: &mut Violations, given: &pb::Scope) -> Scope {
    let mut scope = Scope::default();
    if v.count("campaign.scope.schools", given.schools.len(), MAX_SCOPE) {
        for (at, name) in given.schools.iter().enumerate() {
            scope.schools.extend(v.id::<SchoolId>(&format!("campaign.scope.schools[{at}]"), name, SCHOOL));
        }
    }
    if v.count("campaign.scope.grades", given.grades.len(), MAX_SCOPE) {
        for (at, grade) in given.grades.iter().enumerate() {
            let field = format!("campaign.scope.grades[{at}]");
            let school = v.id::<SchoolId>(&format!("{field}.school"), &grade.school, SCHOOL);
            let known = ["primary", "junior", "senior"].contains(&grade.stage.as_str());
            if !known {
                v.push(Violation::new(format!("{field}.stage"), "UNKNOWN_VALUE"));
            }
            let year = v.range(&format!("{field}.entry_year"), grade.entry_year, 1990, 2100);
            if let (Some(school), true, true) = (school, known, year) {
                scope.grades.push(Grade { school, stage: grade.stage.clone(), entry_year: grade.entry_year });
            }
        }
    }
    if v.count("campaign.scope.classes", given.classes.len(), MAX_SCOPE) {
        for (at, name) in given.classes.iter().enumerate() {
            scope.classes.extend(v.id2(&format!("campaign.scope.classes[{at}]"), name, CLASS));
        }
    }
    scope
}

fn campaign(CampaignView { campaign, now }: CampaignView) -> pb::Campaign {
    let plan = &campaign.plan;
    let school = |school: &SchoolId| names::format(SCHOOL, *school);
    let grade = |grade: &Grade| pb::Grade {
        school: school(&grade.school),
        stage: grade.stage.clone(),
        entry_year: grade.entry_year,
    };
    pb::Campaign {
        name: names::format(CAMPAIGN, campaign.id),
        title: plan.title.clone(),
        school: plan.school.as_ref().map(school).unwrap_or_default(),
        purposes: plan.purposes.iter().map(|purpose| pb::Purpose::from(*purpose).into()).collect(),
        scope: Some(pb::Scope {
            schools: plan.scope.schools.iter().map(school).collect(),
            grades: plan.scope.grades.iter().map(grade).collect(),
            classes: plan
                .scope
                .classes
                .iter()
                .map(|(school, class)| names::format2(CLASS, *school, *class))
                .collect(),
        }),
        instrument: instruments::name_of(&plan.instrument, campaign.instrument_version),
        start_time: Some(plan.start.into()),
        end_time: Some(plan.end.into()),
        consent_rule: pb::ConsentRule::from(plan.consent).into(),
        state: pb::CampaignState::from(campaign.state_at(now)).into(),
        target_count: count(campaign.target_count),
        create_time: Some(campaign.create_time.into()),
        open_time: campaign.open_time.map(Into::into),
        close_time: campaign.close_time.map(Into::into),
        etag: etag::of(campaign.version),
    }
}

fn target(target: &Target) -> pb::Target {
    pb::Target {
        name: names::format("targets/{}", target.id),
        campaign: names::format(CAMPAIGN, target.campaign),
        student: names::format(STUDENT, target.student),
        class: names::format2(CLASS, target.school, target.class),
        state: pb::TargetState::from(target.state).into(),
        consent_missing: target.consent_missing(),
        submit_time: target.submit_time.map(Into::into),
    }
}

fn progress(progress: Progress) -> pb::Progress {
    pb::Progress {
        targets: count(progress.targets),
        submitted: count(progress.submitted),
        retest: count(progress.retest),
        leave: count(progress.leave),
        exempt: count(progress.exempt),
        refused: count(progress.refused),
        left: count(progress.left),
        completion_ratio: progress.completion(),
    }
}
