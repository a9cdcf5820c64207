//! ResultService.

use super::{CAMPAIGN, CLASS, Rpc, SCHOOL, STUDENT, class_name, instruments, optional, words::Parse as _};
use crate::{
    app::{Completeness, Error, Report, ResultAsk, ResultView, Subject},
    domain::{
        campaign::Purpose,
        ids::{CampaignId, ClassId, ResponseId, SchoolId},
        level::Level,
        report::Cell,
        scoring::ScaleScore,
    },
};
use tonic::{Request, Response, Status, async_trait};
use xinqiao_kit::{
    catalogue::Locale, names, page::Page, rpc::handle, status::Violation, validate::Violations,
};
use xinqiao_proto::screening::v1::{self as pb, result_service_server::ResultService};

const DEFAULT_PAGE: i32 = 50;
const MAX_PAGE: i32 = 200;
const RESULT: &str = "results/{}";

#[async_trait]
impl ResultService for Rpc {
    async fn get_result(
        &self,
        request: Request<pb::GetResultRequest>,
    ) -> Result<Response<pb::Result>, Status> {
        handle(request, self.app.clone(), |app, ctx, m: pb::GetResultRequest| async move {
            let mut v = Violations::new();
            let id: Option<ResponseId> = v.id("name", &m.name, RESULT);
            let purpose = v.enum_value("purpose", m.purpose, Purpose::parse);
            let (id, purpose) = v.finish(id.zip(purpose))?;
            let view = app.get_result(&ctx, id, purpose).await?;
            let given: Vec<(String, i32)> =
                view.response.answers.iter().map(|(k, n)| (k.clone(), *n)).collect();
            let mut answers = super::responses::answers(&given);
            answers.sort_by_key(|answer| view.instrument.position(&answer.link_id));
            Ok::<_, Error>(pb::Result { answers, ..result(&view, ctx.locale) })
        })
        .await
    }

    async fn list_results(
        &self,
        request: Request<pb::ListResultsRequest>,
    ) -> Result<Response<pb::ListResultsResponse>, Status> {
        handle(request, self.app.clone(), |app, ctx, m: pb::ListResultsRequest| async move {
            let (ask, page) = parse_list(&m)?;
            let (found, next_page_token) = app.list_results(&ctx, ask, &page).await?;
            let results = found.iter().map(|view| result(view, ctx.locale)).collect();
            Ok::<_, Error>(pb::ListResultsResponse { results, next_page_token })
        })
        .await
    }

    async fn get_class_report(
        &self,
        request: Request<pb::GetClassReportRequest>,
    ) -> Result<Response<pb::Report>, Status> {
        handle(request, self.app.clone(), |app, ctx, m: pb::GetClassReportRequest| async move {
            let mut v = Violations::new();
            let id: Option<CampaignId> = v.id("name", &m.name, CAMPAIGN);
            let class: Option<(SchoolId, ClassId)> = v.id2("class", &m.class, CLASS);
            let (id, (school, class)) = v.finish(id.zip(class))?;
            Ok::<_, Error>(report(app.report(&ctx, id, Subject::Class(school, class)).await?))
        })
        .await
    }

    async fn get_school_report(
        &self,
        request: Request<pb::GetSchoolReportRequest>,
    ) -> Result<Response<pb::Report>, Status> {
        handle(request, self.app.clone(), |app, ctx, m: pb::GetSchoolReportRequest| async move {
            let mut v = Violations::new();
            let id: Option<CampaignId> = v.id("name", &m.name, CAMPAIGN);
            let school: Option<SchoolId> = v.id("school", &m.school, SCHOOL);
            let (id, school) = v.finish(id.zip(school))?;
            Ok::<_, Error>(report(app.report(&ctx, id, Subject::School(school)).await?))
        })
        .await
    }

    async fn get_county_report(
        &self,
        request: Request<pb::GetCountyReportRequest>,
    ) -> Result<Response<pb::Report>, Status> {
        handle(request, self.app.clone(), |app, ctx, m: pb::GetCountyReportRequest| async move {
            let mut v = Violations::new();
            let id: Option<CampaignId> = v.id("name", &m.name, CAMPAIGN);
            let id = v.finish(id)?;
            Ok::<_, Error>(report(app.report(&ctx, id, Subject::County).await?))
        })
        .await
    }
}

fn parse_list(m: &pb::ListResultsRequest) -> Result<(ResultAsk, Page), Error> {
    let mut v = Violations::new();
    let any = m.parent == "campaigns/-";
    let campaign: Option<CampaignId> = if any { None } else { v.id("parent", &m.parent, CAMPAIGN) };
    let student = v.id_opt("student", &m.student, STUDENT);
    if any && m.student.is_empty() {
        v.push(Violation::new("student", "REQUIRED"));
    }
    let purpose = v.enum_value("purpose", m.purpose, Purpose::parse);
    let class = if m.class.is_empty() { None } else { v.id2::<SchoolId, ClassId>("class", &m.class, CLASS) };
    let min_level = optional(&mut v, "min_level", m.min_level, Level::parse);
    let fingerprint = format!("{}/results?{}&{}&{}&{}", m.parent, m.purpose, m.student, m.class, m.min_level);
    let page = Page::parse(m.page_size, &m.page_token, &fingerprint, DEFAULT_PAGE, MAX_PAGE);
    let page = page.map_err(|violation| v.push(violation)).ok();
    let (purpose, page) = v.finish(purpose.zip(page))?;
    let class = class.map(|(_, class)| class);
    Ok((ResultAsk { campaign, purpose, student, class, min_level }, page))
}

fn result(view: &ResultView, locale: Locale) -> pb::Result {
    let (response, scored) = (&view.response, &view.response.scored);
    pb::Result {
        name: names::format(RESULT, response.id),
        campaign: names::format(CAMPAIGN, response.campaign),
        student: names::format(STUDENT, response.student),
        class: class_name(response.place),
        instrument: instruments::name_of(&response.instrument.0, response.instrument.1),
        rule_version: response.rule_version,
        validity: pb::Validity::from(scored.validity).into(),
        void_reasons: scored.void_reasons.iter().map(|reason| pb::VoidReason::from(*reason).into()).collect(),
        missing_items: scored.missing.clone(),
        scores: scored.scores.iter().map(|score| scale_score(view, score, locale)).collect(),
        level: pb::Level::from(scored.level).into(),
        critical_items: scored.critical.iter().map(|hit| hit.item.clone()).collect(),
        review_items: scored.review.clone(),
        answers: Vec::new(),
        create_time: Some(response.time.into()),
        purposes: view.purposes.iter().map(|purpose| pb::Purpose::from(*purpose).into()).collect(),
    }
}

fn scale_score(view: &ResultView, score: &ScaleScore, locale: Locale) -> pb::ScaleScore {
    let english = locale == Locale::En;
    let scale = view.instrument.scale(&score.scale);
    let band = scale.and_then(|scale| scale.bands.iter().find(|band| Some(&band.id) == score.band.as_ref()));
    pb::ScaleScore {
        scale_id: score.scale.clone(),
        title: scale.map(|scale| scale.title.pick(english).to_owned()).unwrap_or_default(),
        score: score.score,
        band_id: score.band.clone().unwrap_or_default(),
        band_title: band.map(|band| band.title.pick(english).to_owned()).unwrap_or_default(),
        level: pb::Level::from(score.level).into(),
        prorated: score.prorated,
    }
}

fn report(report: Report) -> pb::Report {
    let count =
        |cell: Cell| Some(pb::Count { value: cell.map(|count| i32::try_from(count).unwrap_or(i32::MAX)) });
    let shown = report.shown;
    let completeness = match report.completeness {
        Completeness::All => pb::Completeness::All,
        Completeness::CatchingUp => pb::Completeness::CatchingUp,
    };
    let validities = shown.validities.into_iter().map(|(validity, cell)| pb::ValidityCount {
        validity: pb::Validity::from(validity).into(),
        count: count(cell),
    });
    let levels = shown
        .levels
        .into_iter()
        .map(|(level, cell)| pb::LevelCount { level: pb::Level::from(level).into(), count: count(cell) });
    let bands = shown.bands.into_iter().map(|(scale_id, band_id, cell)| pb::BandCount {
        scale_id,
        band_id,
        count: count(cell),
    });
    pb::Report {
        campaign: names::format(CAMPAIGN, report.campaign),
        subject: report.subject,
        results: count(shown.results),
        validities: validities.collect(),
        levels: levels.collect(),
        bands: bands.collect(),
        suppressed_below: i32::try_from(report.limit).unwrap_or(i32::MAX),
        completeness: completeness.into(),
    }
}
