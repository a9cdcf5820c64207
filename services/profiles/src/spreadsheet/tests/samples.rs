use super::*;
use crate::domain::{
    roster::{
        check::check,
        entry::Surroundings,
        register::{KnownSchool, Register},
        repeats::Repeats,
    },
    stage::Stage,
};
use std::{collections::BTreeMap, path::PathBuf};

fn data(name: &str) -> Vec<u8> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/rosters");
    std::fs::read(folder.join(name)).unwrap()
}

fn schools(csv: &[u8]) -> Register {
    let mut reader = csv::Reader::from_reader(csv);
    let schools = reader.records().map(|record| {
        let record = record.unwrap();
        let stage = if &record[2] == "小学" { Stage::Primary } else { Stage::Junior };
        let (code, name) = (record[0].to_owned(), record[1].to_owned());
        KnownSchool { id: uuid::Uuid::nil(), code, name, stages: vec![stage] }
    });
    Register::of(schools.collect())
}

/// What is said of the rows of a sample: rows that are good, and for the others their row and the words of `expect.json` for it.
fn outcome(name: &str) -> (usize, BTreeMap<u64, String>) {
    let sheet = read(&data(&format!("{name}.xlsx"))).unwrap();
    let register = schools(&data(&format!("{name}.schools.csv")));
    let today = chrono::NaiveDate::from_ymd_opt(2026, 11, 24).unwrap();
    let around = Surroundings { register: &register, today };
    let (mut good, mut others, mut repeats) = (0, BTreeMap::new(), Repeats::default());
    for index in 0..sheet.len() {
        let row = sheet.row(index);
        let checked = check(row, &around);
        let why = match (checked.entry, &checked.findings[..]) {
            (Some(entry), []) => match repeats.meet(&entry, index as u32) {
                Ok(()) => {
                    good += 1;
                    continue;
                }
                Err(first) => {
                    assert_eq!(check(sheet.row(first as usize), &around).entry, Some(entry));
                    "exact duplicate of the row above (not an error, no second pupil)"
                }
            },
            (None, [finding]) => match (finding.reason.code(), finding.column.unwrap()) {
                ("ROSTER_ID_CHECK_DIGIT", Column::IdNumber) => "id check digit",
                ("ROSTER_CELL_FORMULA", Column::Name) => "formula in a name",
                ("ROSTER_NAME_MISSING", Column::Name) => "no name",
                ("ROSTER_SCHOOL_UNKNOWN", Column::SchoolCode) => "unknown school",
                ("ROSTER_DATE_IMPOSSIBLE", Column::BirthDate) => "impossible date",
                other => panic!("row {}: {other:?}", row.number),
            },
            other => panic!("row {}: {other:?}", row.number),
        };
        others.insert(u64::from(row.number), why.to_owned());
    }
    (good, others)
}

#[test]
fn the_samples_come_out_as_their_notes_say() {
    for name in ["roster-clean", "roster-messy"] {
        let expect: serde_json::Value =
            serde_json::from_slice(&data(&format!("{name}.expect.json"))).unwrap();
        let notes: BTreeMap<u64, String> = expect["notes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|note| (note["row"].as_u64().unwrap(), note["why"].as_str().unwrap().to_owned()))
            .collect();
        let (good, others) = outcome(name);
        assert_eq!(good as u64, expect["created"].as_u64().unwrap(), "{name}");
        assert_eq!(others, notes, "{name}");
        let rejected = others.values().filter(|why| !why.starts_with("exact")).count();
        assert_eq!(rejected as u64, expect["rejected"].as_u64().unwrap(), "{name}");
    }
}
