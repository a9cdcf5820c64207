use super::*;
use serde_json::{Value, json};

fn shipped(id: &str) -> Value {
    let (_, text) = xinqiao_seeds::instruments::FILES.iter().find(|(name, _)| *name == id).unwrap();
    serde_json::from_str(text).unwrap()
}

fn defects(file: &Value) -> Vec<String> {
    Instrument::parse(&file.to_string()).unwrap_err().0.iter().map(ToString::to_string).collect()
}

#[test]
fn every_shipped_instrument_passes_its_passport_check() {
    for (name, text) in xinqiao_seeds::instruments::FILES {
        let instrument = Instrument::parse(text).unwrap_or_else(|defects| panic!("{name}: {defects}"));
        assert_eq!(&instrument.id, name, "the file is named after its instrument");
        assert_eq!(instrument.wording, Wording::Project, "{name}: shipped wordings are the project's own");
        assert!(!name.starts_with("sdq"), "SDQ is never shipped");
        assert!(!instrument.instructions.zh.is_empty(), "{name} says how it is to be answered");
    }
}

#[test]
fn shipped_instruments_say_everything_in_both_languages() {
    for (name, text) in xinqiao_seeds::instruments::FILES {
        let instrument = Instrument::parse(text).unwrap();
        let labels = instrument.items.iter().flat_map(|item| item.options.iter().map(|option| &option.label));
        let bands = instrument.scales.iter().flat_map(|scale| scale.bands.iter().map(|band| &band.title));
        let texts = instrument.items.iter().map(|item| &item.text).chain(labels).chain(bands);
        for text in texts.chain(instrument.scales.iter().map(|scale| &scale.title)).chain([&instrument.title])
        {
            assert!(!text.zh.is_empty() && !text.en.is_empty(), "{name}: {text:?}");
        }
    }
}

#[test]
fn no_two_items_of_an_instrument_ask_the_same() {
    for (name, text) in xinqiao_seeds::instruments::FILES {
        let instrument = Instrument::parse(text).unwrap();
        let mut asked: Vec<&str> = instrument.items.iter().map(|item| item.text.zh.as_str()).collect();
        asked.sort_unstable();
        asked.dedup();
        assert_eq!(asked.len(), instrument.items.len(), "{name}");
    }
}

#[test]
fn mht_counts_ninety_items_in_eight_scales_and_ten_for_validity() {
    let mht = Instrument::parse(&shipped("mht").to_string()).unwrap();
    let size = |id: &str| mht.scale(id).unwrap().items.len();
    assert_eq!(mht.items.len(), 100);
    assert_eq!(size("total"), 90);
    assert_eq!(size("validity"), 10);
    assert_eq!(
        [size("study_anxiety"), size("loneliness"), size("bodily_symptoms"), size("impulsiveness")],
        [15, 10, 15, 10]
    );
    // A key that circulates puts item 100 into loneliness.
    let last = mht.position("100").unwrap();
    assert!(mht.scale("validity").unwrap().items.iter().any(|(at, _)| *at == last));
    assert!(mht.scale("loneliness").unwrap().items.iter().all(|(at, _)| *at != last));
}

#[test]
fn all_defects_are_told_at_once() {
    let mut file = shipped("phq-9");
    file["passport"]["item_count"] = json!(10);
    file["passport"]["response_range"] = json!([0, 4]);
    file["passport"]["age_years"] = Value::Null;
    file["passport"]["licence"] = json!("");
    file["key"]["scales"][0]["items"] = json!(["1", "2", "3", "4", "5", "6", "7", "8", "12", "1"]);
    file["key"]["scales"][0]["reversed"] = json!(["9"]);
    file["key"]["scales"][0]["bands"][4]["from"] = json!(28);
    file["key"]["scales"][0]["bands"][1]["source"] = json!(" ");
    file["key"]["critical"] = json!([
        {"item": "13", "at_least": 1, "severity": "orange"},
        {"item": "9", "at_least": 4, "severity": "red"},
    ]);
    let found = defects(&file);
    for expected in [
        "the passport does not give age_years",
        "the passport's licence is : who allows what, in at least 10 characters",
        "the passport counts 10 items, there are 9",
        "the passport's answers range from 0 to 4, those of the items from 0 to 3",
        "scale total names item 12, which is not there",
        "item 1 is covered by scale total and scale total",
        "item 9 is neither scored nor listed as unscored",
        "scale total: it reverses an item that it does not count",
        "scale total, band severe: starts at 28, outside of 0 to 27",
        "scale total, band mild: does not say where its cut-off comes from",
        "the list of critical items names item 13, which is not there",
        "critical item 9: no answer is at least 4 and above the lowest",
    ] {
        assert!(found.iter().any(|defect| defect == expected), "{expected:?} is not in {found:#?}");
    }
    assert_eq!(found.len(), 12, "{found:#?}");
}

#[test]
fn an_item_covered_by_two_scales_is_refused() {
    let mut file = shipped("mht");
    file["key"]["scales"][2]["items"].as_array_mut().unwrap().push(json!("100"));
    assert_eq!(defects(&file), ["item 100 is covered by scale loneliness and scale validity"]);
}

#[test]
fn an_mht_of_forty_items_is_refused() {
    let mut file = shipped("mht");
    let items = file["questionnaire"]["item"].as_array_mut().unwrap();
    items.truncate(40);
    let found = defects(&file);
    assert!(found.contains(&"the passport counts 100 items, there are 40".to_owned()), "{found:#?}");
    assert!(
        found.contains(&"scale bodily_symptoms names item 56, which is not there".to_owned()),
        "{found:#?}"
    );
}

#[test]
fn bands_must_rise_from_the_lowest_score() {
    let mut file = shipped("gad-7");
    file["key"]["scales"][0]["bands"][0]["from"] = json!(1);
    file["key"]["scales"][0]["bands"][3]["from"] = json!(10);
    assert_eq!(
        defects(&file),
        [
            "scale total, band severe: does not start above moderate",
            "scale total, band minimal: is the first and must start at the lowest score, 0",
        ]
    );
}

#[test]
fn sdq_is_refused_unless_its_licence_is_filled_in() {
    let mut file = shipped("phq-4");
    file["passport"]["id"] = json!("sdq-self");
    assert_eq!(
        defects(&file),
        ["SDQ may be made electronic only with its owner's permission, never reworded"]
    );
    file["passport"]["wording"] = json!("official");
    file["passport"]["licence"] = json!("Youthinmind, licence 2026-17, until 2028");
    assert!(Instrument::parse(&file.to_string()).is_ok());
}

#[test]
fn what_is_not_an_instrument_is_unreadable() {
    for text in [
        "",
        "[]",
        "{}",
        r#"{"passport": 1}"#,
        r#"{"passport":{},"key":{"scales":[]},"questionnaire":{"resourceType":"Patient"}}"#,
    ] {
        assert!(Instrument::parse(text).is_err(), "{text}");
    }
}

#[test]
fn an_official_wording_keeps_the_key() {
    let raw = RawInstrument::parse(&shipped("gad-7").to_string()).unwrap();
    let official = json!({
        "resourceType": "Questionnaire",
        "title": "官方标题",
        "item": [{
            "linkId": "group", "type": "group",
            "item": (1..=7).map(|number| json!({
                "linkId": number.to_string(), "type": "choice", "text": format!("官方第{number}题"),
                "answerOption": (0..=3).map(|value| json!({"valueCoding": {
                    "code": format!("LA{value}"), "display": format!("选项{value}"),
                    "extension": [{"url": "http://hl7.org/fhir/StructureDefinition/ordinalValue", "valueDecimal": value}],
                }})).collect::<Vec<_>>(),
            })).collect::<Vec<_>>(),
        }],
    });
    let official: fhir::Questionnaire = serde_json::from_value(official).unwrap();
    let raw = raw.with_wording(official.clone(), "Holder: county; No. 17; until 2030", FIRST_COUNTY_VERSION);
    let instrument = Instrument::check(&raw).unwrap();
    assert_eq!(instrument.wording, Wording::Official);
    assert_eq!(instrument.version, 1001);
    assert_eq!(instrument.items[6].text.zh, "官方第7题");
    assert_eq!(instrument.items[6].range(), (0, 3));
    assert_eq!(instrument.scales[0].bands[2].from, 10.0);
    // What is stored reads back as the same.
    let stored = serde_json::to_string(&raw).unwrap();
    assert_eq!(Instrument::parse(&stored).unwrap(), instrument);

    let mut short = official;
    short.item[0].item.pop();
    let refused = Instrument::check(&raw.with_wording(short, "Holder: county; No. 17", 1002)).unwrap_err();
    assert!(refused.to_string().contains("the passport counts 7 items, there are 6"), "{refused}");
}

#[test]
fn grades_are_matched_by_the_ages_of_their_pupils() {
    let phq = Instrument::parse(&shipped("phq-9").to_string()).unwrap();
    let grades: Vec<u8> = (1..=12).filter(|grade| phq.suits_grade(*grade)).collect();
    assert_eq!(grades, [5, 6, 7, 8, 9, 10, 11, 12], "from 11 years: grade 5 turns 11");
    let dsrs = Instrument::parse(&shipped("dsrs-c").to_string()).unwrap();
    let grades: Vec<u8> = (1..=12).filter(|grade| dsrs.suits_grade(*grade)).collect();
    assert_eq!(grades, [2, 3, 4, 5, 6, 7, 8, 9, 10], "8 to 15 years");
}
