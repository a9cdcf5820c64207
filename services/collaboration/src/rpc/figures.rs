//! Indicators.

use super::{Read as _, Server, count, pb, school_name, words};
use crate::{
    app::{Error, figures::SchoolFigures},
    domain::figure::Indicator,
};
use tonic::{Request, Response, Status};
use xinqiao_kit::{rpc, validate::Violations};

#[tonic::async_trait]
impl pb::figure_service_server::FigureService for Server {
    async fn get_school_figures(
        &self,
        request: Request<pb::GetSchoolFiguresRequest>,
    ) -> Result<Response<pb::SchoolFigures>, Status> {
        rpc::handle(request, self.0.clone(), |app, ctx, m| async move {
            let mut v = Violations::new();
            let (school, year) = (v.school("school", &m.school), v.year(m.school_year));
            Ok::<_, Error>(shown(app.school_figures(&ctx, v.finish(school)?, year).await?))
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
            let list = format!("collaboration figures {}", m.school_year);
            let page = v.page(m.page_size, &m.page_token, &list);
            let county = app.county_figures(&ctx, year, &v.finish(page)?).await?;
            let coverage = |(kind, met)| pb::Coverage {
                kind: words::indicator_kind(kind),
                clause: kind.clause().to_owned(),
                met_school_count: count(met),
                school_count: count(county.all),
            };
            Ok::<_, Error>(pb::GetCountyFiguresResponse {
                schools: county.schools.into_iter().map(shown).collect(),
                next_page_token: county.next,
                coverages: county.met.into_iter().map(coverage).collect(),
            })
        })
        .await
    }
}

fn shown(figures: SchoolFigures) -> pb::SchoolFigures {
    pb::SchoolFigures {
        school: school_name(figures.school.id),
        display_name: figures.school.display_name,
        school_year: figures.year.0,
        met: figures.indicators.iter().all(|indicator| indicator.met),
        indicators: figures.indicators.into_iter().map(shown_indicator).collect(),
    }
}

fn shown_indicator(indicator: Indicator) -> pb::Indicator {
    pb::Indicator {
        kind: words::indicator_kind(indicator.kind),
        clause: indicator.kind.clause().to_owned(),
        value: count(indicator.value),
        target: count(indicator.target),
        local_default: indicator.kind.local_default(),
        met: indicator.met,
    }
}
