//! InstrumentService.

use super::Rpc;
use crate::{
    app::Error,
    domain::instrument::{AnswerOption, Band, Instrument, Item, Scale},
};
use std::sync::Arc;
use tonic::{Request, Response, Status, async_trait};
use xinqiao_kit::{
    catalogue::Locale, ctx::Ctx, ctx::RequestKey, page::Page, rpc::handle, status::Violation,
    validate::Violations,
};
use xinqiao_proto::screening::v1::{self as pb, instrument_service_server::InstrumentService};

const MAX_WORDING_CHARS: usize = 524_288;

#[async_trait]
impl InstrumentService for Rpc {
    async fn list_instruments(
        &self,
        request: Request<pb::ListInstrumentsRequest>,
    ) -> Result<Response<pb::ListInstrumentsResponse>, Status> {
        handle(request, self.app.clone(), |app, ctx, m: pb::ListInstrumentsRequest| async move {
            let page = Page::of(m.page_size, &m.page_token, "instruments")?;
            let (found, next_page_token) = app.list_instruments(&ctx, &page).await?;
            let instruments = found.iter().map(|instrument| head(instrument, ctx.locale)).collect();
            Ok::<_, Error>(pb::ListInstrumentsResponse { instruments, next_page_token })
        })
        .await
    }

    async fn get_instrument(
        &self,
        request: Request<pb::GetInstrumentRequest>,
    ) -> Result<Response<pb::Instrument>, Status> {
        handle(request, self.app.clone(), |app, ctx, m: pb::GetInstrumentRequest| async move {
            let mut v = Violations::new();
            let named = name(&mut v, "name", &m.name);
            let (id, version) = v.finish(named)?;
            let found = app.get_instrument(&ctx, &id, version).await?;
            Ok::<_, Error>(whole(&found, ctx.locale))
        })
        .await
    }

    async fn import_wording(
        &self,
        request: Request<pb::ImportWordingRequest>,
    ) -> Result<Response<pb::Instrument>, Status> {
        handle(request, self.app.clone(), |app, ctx, m: pb::ImportWordingRequest| async move {
            let (id, key) = parse_import(&ctx, &m)?;
            let found = app.import_wording(&ctx, &id, &m.questionnaire_json, &m.licence, &key).await?;
            Ok::<_, Error>(whole(&found, ctx.locale))
        })
        .await
    }
}

fn parse_import(ctx: &Ctx, m: &pb::ImportWordingRequest) -> Result<(String, Option<RequestKey>), Error> {
    let mut v = Violations::new();
    let named = name(&mut v, "name", &m.name);
    if named.as_ref().is_some_and(|(_, version)| version.is_some()) {
        v.push(Violation::new("name", "NOT_ALLOWED"));
    }
    v.len("questionnaire_json", &m.questionnaire_json, 2, MAX_WORDING_CHARS);
    v.len("licence", &m.licence, 10, 500);
    let key = ctx.request_key(&m.request_id, m).map_err(|violation| v.push(violation)).ok();
    let (named, key) = v.finish(named.zip(key))?;
    Ok((named.0, key))
}

/// `instruments/{id}` or `instruments/{id}@{version}`.
pub(super) fn name(v: &mut Violations, field: &str, name: &str) -> Option<(String, Option<i32>)> {
    if name.is_empty() {
        v.push(Violation::new(field, "REQUIRED"));
        return None;
    }
    let parsed = parse_name(name);
    if parsed.is_none() {
        let pattern = "instruments/{instrument} or instruments/{instrument}@{version}";
        v.push(Violation::new(field, "INVALID_NAME").param("pattern", pattern));
    }
    parsed
}

fn parse_name(name: &str) -> Option<(String, Option<i32>)> {
    let rest = name.strip_prefix("instruments/")?;
    let (id, version) = match rest.split_once('@') {
        Some((id, version)) => (id, Some(version.parse().ok().filter(|version| *version > 0)?)),
        None => (rest, None),
    };
    let letters = id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    (letters && (1..=40).contains(&id.len())).then(|| (id.to_owned(), version))
}

/// The name of an instrument's version.
pub(super) fn name_of(id: &str, version: i32) -> String {
    format!("instruments/{id}@{version}")
}

fn english(locale: Locale) -> bool {
    locale == Locale::En
}

/// An instrument as lists show it.
fn head(instrument: &Arc<Instrument>, locale: Locale) -> pb::Instrument {
    let english = english(locale);
    pb::Instrument {
        name: name_of(&instrument.id, instrument.version),
        version: instrument.version,
        title: instrument.title.pick(english).to_owned(),
        kind: pb::InstrumentKind::from(instrument.kind).into(),
        wording: pb::Wording::from(instrument.wording).into(),
        licence: instrument.licence.clone(),
        item_count: i32::try_from(instrument.items.len()).unwrap_or(i32::MAX),
        min_age_years: (*instrument.age_years.start()).into(),
        max_age_years: (*instrument.age_years.end()).into(),
        typical_minutes: instrument.typical_minutes.into(),
        own_report: instrument.own_report.is_some(),
        instructions: instrument.instructions.pick(english).to_owned(),
        ..pb::Instrument::default()
    }
}

/// An instrument with everything.
fn whole(instrument: &Arc<Instrument>, locale: Locale) -> pb::Instrument {
    let link_id = |at: usize| instrument.link_id(at).to_owned();
    let critical = instrument.critical.iter().map(|entry| pb::CriticalItem {
        link_id: link_id(entry.item),
        min_value: entry.at_least,
        severity: entry.severity.word().to_owned(),
    });
    pb::Instrument {
        items: items(instrument, locale),
        scales: instrument.scales.iter().map(|entry| scale(instrument, entry, locale)).collect(),
        critical_items: critical.collect(),
        review_items: instrument.review.iter().map(|entry| link_id(entry.item)).collect(),
        ..head(instrument, locale)
    }
}

/// The items to show.
pub(super) fn items(instrument: &Instrument, locale: Locale) -> Vec<pb::Item> {
    let english = english(locale);
    let option = |option: &AnswerOption| pb::AnswerOption {
        value: option.value,
        label: option.label.pick(english).to_owned(),
    };
    let item = |item: &Item| pb::Item {
        link_id: item.link_id.clone(),
        text: item.text.pick(english).to_owned(),
        options: item.options.iter().map(option).collect(),
        shown_after: item.shown_after.iter().map(|at| instrument.link_id(*at).to_owned()).collect(),
    };
    instrument.items.iter().map(item).collect()
}

fn scale(instrument: &Instrument, scale: &Scale, locale: Locale) -> pb::Scale {
    let english = english(locale);
    let link_id = |at: &usize| instrument.link_id(*at).to_owned();
    let band = |band: &Band| pb::Band {
        band_id: band.id.clone(),
        title: band.title.pick(english).to_owned(),
        from_score: band.from,
        level: pb::Level::from(band.level).into(),
        source: band.source.clone(),
    };
    pb::Scale {
        scale_id: scale.id.clone(),
        title: scale.title.pick(english).to_owned(),
        items: scale.items.iter().map(|(at, _)| link_id(at)).collect(),
        reversed_items: scale
            .items
            .iter()
            .filter(|(_, reversed)| *reversed)
            .map(|(at, _)| link_id(at))
            .collect(),
        combination: pb::Combination::from(scale.combine).into(),
        min_score: scale.range.0,
        max_score: scale.range.1,
        bands: scale.bands.iter().map(band).collect(),
        validity: scale.validity,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_take_a_version_or_none() {
        assert_eq!(parse_name("instruments/phq-9"), Some(("phq-9".to_owned(), None)));
        assert_eq!(parse_name("instruments/phq-9@3"), Some(("phq-9".to_owned(), Some(3))));
        for wrong in [
            "phq-9",
            "instruments/",
            "instruments/PHQ",
            "instruments/phq-9@",
            "instruments/phq-9@0",
            "instruments/a/b",
        ] {
            assert_eq!(parse_name(wrong), None, "{wrong}");
        }
    }
}
