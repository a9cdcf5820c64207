//! The passport check: passport, key and items must be whole and say the same. Every defect is told at once.

use super::{
    Band, Combine, Critical, Defect, Defects, Instrument, Item, Kind, Review, Scale, Wording,
    raw::{RawInstrument, RawKey, RawPassport, RawScale},
};
use crate::domain::{level::Level, text::Text};
use std::collections::{BTreeMap, HashSet};

const MAX_ITEMS: usize = 500;
const AGE_YEARS: std::ops::RangeInclusive<u8> = 3..=25;

/// The instrument, if nothing is wrong with it.
pub(super) fn instrument(raw: &RawInstrument) -> Result<Instrument, Defects> {
    let mut defects = Vec::new();
    let items = items(raw, &mut defects);
    let passport = passport(&raw.passport, &items, &mut defects);
    let positions: BTreeMap<&str, usize> =
        items.iter().enumerate().map(|(at, item)| (item.link_id.as_str(), at)).collect();
    let scales = scales(&raw.key, &items, &positions, &mut defects);
    coverage(&raw.key, &items, &positions, &mut defects);
    let critical = raw.key.critical.iter().filter_map(|entry| {
        let item = reachable("critical", &entry.item, entry.at_least, &items, &positions, &mut defects)?;
        Some(Critical { item, at_least: entry.at_least, severity: entry.severity })
    });
    let critical = critical.collect::<Vec<_>>();
    let review = raw.key.review.iter().filter_map(|entry| {
        let item = reachable("review", &entry.item, entry.at_least, &items, &positions, &mut defects)?;
        Some(Review { item, at_least: entry.at_least })
    });
    let review = review.collect::<Vec<_>>();
    match passport {
        Some(passport) if defects.is_empty() => Ok(Instrument {
            own_report: raw.passport.own_report.clone(),
            instructions: raw.questionnaire.instructions(),
            items,
            scales,
            critical,
            review,
            ..passport
        }),
        _ => Err(Defects(defects)),
    }
}

fn items(raw: &RawInstrument, defects: &mut Vec<Defect>) -> Vec<Item> {
    let questions = raw.questionnaire.questions();
    if raw.questionnaire.resource_type != "Questionnaire" {
        defects.push(Defect::Unreadable(format!(
            "resourceType is {}, not Questionnaire",
            raw.questionnaire.resource_type
        )));
    }
    if questions.len() > MAX_ITEMS {
        defects.push(Defect::Unreadable(format!("more than {MAX_ITEMS} items")));
        return Vec::new();
    }
    let mut seen = HashSet::new();
    for question in &questions {
        if !seen.insert(question.link_id.as_str()) {
            defects.push(Defect::ItemTwice(question.link_id.clone()));
        }
    }
    let place = |link_id: &str| questions.iter().position(|question| question.link_id == link_id);
    let mut items: Vec<Item> = Vec::with_capacity(questions.len());
    for (at, question) in questions.iter().enumerate() {
        let name =
            if question.link_id.is_empty() { format!("#{}", at + 1) } else { question.link_id.clone() };
        let mut wrong = |what: String| defects.push(Defect::Item { item: name.clone(), what });
        if question.link_id.is_empty() || question.link_id.len() > 32 {
            wrong("its link id must have 1 to 32 characters".to_owned());
        }
        if question.text.trim().is_empty() {
            wrong("it asks nothing".to_owned());
        }
        if !matches!(question.r#type.as_str(), "choice" | "coding" | "boolean" | "integer") {
            wrong(format!("type {} cannot be scored", question.r#type));
        }
        let options = raw.questionnaire.options(question).unwrap_or_else(|what| {
            wrong(what);
            Vec::new()
        });
        if options.len() < 2 {
            wrong("it offers fewer than two answers".to_owned());
        }
        if options.windows(2).any(|pair| matches!(pair, [a, b] if a.value == b.value)) {
            wrong("two answers have the same value".to_owned());
        }
        if question.enable_when.len() > 1 && question.enable_behavior.as_deref() != Some("any") {
            wrong("several conditions must combine by `any`".to_owned());
        }
        let mut shown_after = Vec::new();
        for condition in &question.enable_when {
            match place(&condition.question) {
                Some(before) if before < at => {
                    let highest = items.get(before).map(|item| item.range().1);
                    if condition.operator != "=" || condition.value() != highest {
                        wrong(format!(
                            "it can only be shown after the highest answer to {}",
                            condition.question
                        ));
                    }
                    shown_after.push(before);
                }
                _ => {
                    wrong(format!("it is shown after {}, which does not stand before it", condition.question))
                }
            }
        }
        items.push(Item { link_id: question.link_id.clone(), text: question.asked(), options, shown_after });
    }
    items
}

/// The passport's part of the instrument; `None` when something lacks.
fn passport(raw: &RawPassport, items: &[Item], defects: &mut Vec<Defect>) -> Option<Instrument> {
    fn need<T: Clone>(value: &Option<T>, field: &'static str, defects: &mut Vec<Defect>) -> Option<T> {
        if value.is_none() {
            defects.push(Defect::PassportIncomplete(field));
        }
        value.clone()
    }
    let id = need(&raw.id, "id", defects);
    let version = need(&raw.version, "version", defects);
    let title = need(&raw.title, "title", defects);
    let kind = need(&raw.kind, "kind", defects);
    let wording = need(&raw.wording, "wording", defects);
    let licence = need(&raw.licence, "licence", defects);
    need(&raw.item_count, "item_count", defects);
    need(&raw.response_range, "response_range", defects);
    let age_years = need(&raw.age_years, "age_years", defects);
    let typical_minutes = need(&raw.typical_minutes, "typical_minutes", defects);

    passport_rules(raw, items, defects);
    let age_years = age_years?;
    Some(Instrument {
        id: id?,
        version: version?,
        title: title?,
        kind: kind?,
        wording: wording?,
        licence: licence?,
        age_years: age_years.0..=age_years.1,
        typical_minutes: typical_minutes?,
        own_report: None,
        instructions: Text::default(),
        items: Vec::new(),
        scales: Vec::new(),
        critical: Vec::new(),
        review: Vec::new(),
    })
}

/// What the passport says must be possible, and fit the items.
fn passport_rules(raw: &RawPassport, items: &[Item], defects: &mut Vec<Defect>) {
    let mut wrong = |field, found: String, rule| defects.push(Defect::PassportWrong { field, found, rule });
    if let Some(id) = raw.id.as_ref().filter(|id| !is_id(id)) {
        wrong("id", id.clone(), "2 to 40 small letters, digits and hyphens");
    }
    if let Some(version) = raw.version.filter(|version| *version < 1) {
        wrong("version", version.to_string(), "at least 1");
    }
    if raw.title.as_ref().is_some_and(|title| title.zh.trim().is_empty()) {
        wrong("title", "empty".to_owned(), "at least in Chinese");
    }
    if let Some(licence) = raw.licence.as_ref().filter(|licence| licence.trim().len() < 10) {
        wrong("licence", licence.clone(), "who allows what, in at least 10 characters");
    }
    if let Some((from, to)) = raw.age_years
        && (from > to || !AGE_YEARS.contains(&from) || !AGE_YEARS.contains(&to))
    {
        wrong("age_years", format!("{from} to {to}"), "ascending, within 3 to 25");
    }
    if raw.typical_minutes == Some(0) {
        wrong("typical_minutes", "0".to_owned(), "at least 1");
    }
    if raw.own_report.is_some() && raw.kind.is_some_and(|kind| kind != Kind::SelfReport) {
        wrong("own_report", "given".to_owned(), "only where pupils answer about themselves");
    }
    if raw.id.as_ref().is_some_and(|id| id.starts_with("sdq")) && raw.wording == Some(Wording::Project) {
        defects.push(Defect::Forbidden(
            "SDQ may be made electronic only with its owner's permission, never reworded",
        ));
    }
    if let Some(passport) = raw.item_count.filter(|count| *count != items.len()) {
        defects.push(Defect::ItemCount { passport, found: items.len() });
    }
    if let (Some(passport), Some(found)) = (raw.response_range, range_of(items))
        && passport != found
    {
        defects.push(Defect::ResponseRange { passport, found });
    }
}

fn is_id(id: &str) -> bool {
    let letters = id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    letters && (2..=40).contains(&id.len()) && !id.starts_with('-') && !id.ends_with('-')
}

fn range_of(items: &[Item]) -> Option<(i32, i32)> {
    let low = items.iter().map(|item| item.range().0).min()?;
    let high = items.iter().map(|item| item.range().1).max()?;
    Some((low, high))
}

fn scales(
    key: &RawKey,
    items: &[Item],
    positions: &BTreeMap<&str, usize>,
    defects: &mut Vec<Defect>,
) -> Vec<Scale> {
    if key.scales.is_empty() {
        defects.push(Defect::NoScale);
    }
    let mut seen = HashSet::new();
    for scale in &key.scales {
        if !seen.insert(scale.id.as_str()) {
            defects.push(Defect::ScaleTwice(scale.id.clone()));
        }
    }
    key.scales.iter().map(|raw| scale(raw, key, items, positions, defects)).collect()
}

fn scale(
    raw: &RawScale,
    key: &RawKey,
    items: &[Item],
    positions: &BTreeMap<&str, usize>,
    defects: &mut Vec<Defect>,
) -> Scale {
    let mut wrong = |what: &str| defects.push(Defect::Scale { scale: raw.id.clone(), what: what.to_owned() });
    if !is_scale_id(&raw.id) {
        wrong("its id must be small letters, digits and underscores");
    }
    if raw.title.zh.trim().is_empty() {
        wrong("it has no title");
    }
    if raw.items.is_empty() == raw.of.is_empty() {
        wrong("it must name either items or other scales");
    }
    let mut parts = vec![raw];
    if !raw.of.is_empty() {
        parts.clear();
        for id in &raw.of {
            match key.scales.iter().find(|scale| &scale.id == id) {
                Some(part) if part.of.is_empty() && !part.validity => parts.push(part),
                Some(_) => {
                    wrong(&format!("it adds up {id}, which is itself a sum of scales or a validity scale"))
                }
                None => wrong(&format!("it adds up {id}, which is not there")),
            }
        }
        if raw.of.iter().collect::<HashSet<_>>().len() != raw.of.len() {
            wrong("it adds up a scale twice");
        }
    }
    let mut members = Vec::new();
    for part in parts {
        for link_id in &part.items {
            if let Some(at) = positions.get(link_id.as_str()) {
                members.push((*at, part.reversed.contains(link_id)));
            }
        }
    }
    if raw.reversed.iter().any(|link_id| !raw.items.contains(link_id)) {
        wrong("it reverses an item that it does not count");
    }
    if raw.max_missing >= members.len().max(1) {
        wrong("it would be scored without any answer");
    }
    let range = possible(&members, raw.combine, items);
    bands(raw, range, defects);
    Scale {
        id: raw.id.clone(),
        title: raw.title.clone(),
        items: members,
        combine: raw.combine,
        max_missing: raw.max_missing,
        validity: raw.validity,
        composite: !raw.of.is_empty(),
        range,
        bands: raw.bands.clone(),
    }
}

fn is_scale_id(id: &str) -> bool {
    let letters = id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    letters && (1..=40).contains(&id.len())
}

/// Lowest and highest possible score; reversing keeps the range.
fn possible(members: &[(usize, bool)], combine: Combine, items: &[Item]) -> (f64, f64) {
    let ranges = members.iter().filter_map(|(at, _)| items.get(*at)).map(Item::range);
    let (low, high, count) = ranges.fold((0.0, 0.0, 0.0), |(low, high, count), (least, most)| {
        (low + f64::from(least), high + f64::from(most), count + 1.0)
    });
    match combine {
        Combine::Sum => (low, high),
        Combine::Mean if count > 0.0 => (low / count, high / count),
        Combine::Mean => (0.0, 0.0),
    }
}

fn bands(scale: &RawScale, range: (f64, f64), defects: &mut Vec<Defect>) {
    let mut wrong = |band: &Band, what: String| {
        defects.push(Defect::Band { scale: scale.id.clone(), band: band.id.clone(), what });
    };
    let mut seen = HashSet::new();
    for band in &scale.bands {
        if !seen.insert(band.id.as_str()) {
            wrong(band, "is there twice".to_owned());
        }
        if !band.from.is_finite() || band.from < range.0 || band.from > range.1 {
            wrong(band, format!("starts at {}, outside of {} to {}", band.from, range.0, range.1));
        }
        if band.source.trim().is_empty() {
            wrong(band, "does not say where its cut-off comes from".to_owned());
        }
        if band.title.zh.trim().is_empty() {
            wrong(band, "has no title".to_owned());
        }
    }
    for pair in scale.bands.windows(2) {
        if let [below, above] = pair
            && below.from >= above.from
        {
            wrong(above, format!("does not start above {}", below.id));
        }
    }
    match scale.bands.first() {
        #[expect(clippy::float_cmp, reason = "both are small whole numbers or their exact quotients")]
        Some(first) if first.from != range.0 => {
            wrong(first, format!("is the first and must start at the lowest score, {}", range.0));
        }
        Some(_) => {}
        None => defects.push(Defect::Scale { scale: scale.id.clone(), what: "it has no bands".to_owned() }),
    }
    if scale.validity && scale.bands.iter().all(|band| band.level == Level::None) {
        defects.push(Defect::Scale {
            scale: scale.id.clone(),
            what: "it is a validity scale of which no band voids a result".to_owned(),
        });
    }
}

/// Each item is counted by exactly one scale of items, or listed as unscored.
fn coverage(key: &RawKey, items: &[Item], positions: &BTreeMap<&str, usize>, defects: &mut Vec<Defect>) {
    let mut by: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    let scored = key.scales.iter().flat_map(|scale| {
        let name = format!("scale {}", scale.id);
        scale.items.iter().map(move |item| (name.clone(), item))
    });
    let unscored = key.unscored.iter().map(|item| ("the list of unscored items".to_owned(), item));
    for (wherein, link_id) in scored.chain(unscored) {
        match positions.get(link_id.as_str()) {
            Some(at) => by.entry(*at).or_default().push(wherein),
            None => defects.push(Defect::UnknownItem { wherein, item: link_id.clone() }),
        }
    }
    for (at, item) in items.iter().enumerate() {
        match by.remove(&at) {
            None => defects.push(Defect::ItemNotCovered(item.link_id.clone())),
            Some(by) if by.len() > 1 => {
                defects.push(Defect::ItemCoveredTwice { item: item.link_id.clone(), by });
            }
            Some(_) => {}
        }
    }
}

fn reachable(
    list: &'static str,
    link_id: &str,
    at_least: i32,
    items: &[Item],
    positions: &BTreeMap<&str, usize>,
    defects: &mut Vec<Defect>,
) -> Option<usize> {
    let Some(at) = positions.get(link_id).copied() else {
        defects.push(Defect::UnknownItem {
            wherein: format!("the list of {list} items"),
            item: link_id.to_owned(),
        });
        return None;
    };
    let (low, high) = items.get(at).map(Item::range)?;
    if at_least <= low || at_least > high {
        defects.push(Defect::Unreachable { list, item: link_id.to_owned(), at_least });
        return None;
    }
    Some(at)
}
