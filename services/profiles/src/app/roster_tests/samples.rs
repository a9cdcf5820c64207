use super::*;
use crate::domain::roster::import::{ImportState, Outcome};
use std::path::PathBuf;

fn data(name: &str) -> Vec<u8> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/rosters");
    std::fs::read(folder.join(name)).unwrap()
}

async fn county_of(db: Db, name: &str) -> County {
    let csv = data(&format!("{name}.schools.csv"));
    let mut reader = csv::Reader::from_reader(csv.as_slice());
    let lines: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let lines: Vec<(&str, &str, &str)> = lines.iter().map(|line| (&line[0], &line[1], &line[2])).collect();
    County::with(db, &lines).await
}

#[tokio::test]
async fn the_messy_sample_comes_in_as_its_notes_say_and_a_second_time_changes_nothing() {
    TestDb::each_migrated(crate::MIGRATIONS, |db| async move {
        let county = county_of(db, "roster-messy").await;
        let content = data("roster-messy.xlsx");
        let dry = county.import_as(&county.technician, &content, Policy::GoodRows, true).await;
        assert_eq!(figures(dry.counts), [825, 0, 0, 0, 75, 16]);
        assert_eq!(county.count("SELECT COUNT(*) FROM students").await, 0, "a dry run changes nothing");
        assert_eq!(county.count("SELECT COUNT(*) FROM classes").await, 0);

        let first = county.import_good_rows(&content).await;
        assert_eq!(figures(first.counts), [825, 0, 0, 0, 75, 16]);
        assert_eq!(first.counts.classes_created, dry.counts.classes_created);
        assert_eq!((first.state, first.rows_total, first.rows_done), (ImportState::Succeeded, 916, 916));
        assert_eq!(county.count("SELECT COUNT(*) FROM students").await, 825);
        assert_eq!(county.count("SELECT COUNT(*) FROM records WHERE colour = 'green'").await, 825);
        assert_eq!(county.count("SELECT COUNT(*) FROM record_entries").await, 825);
        assert_eq!(
            county.count("SELECT COUNT(*) FROM classes").await,
            i64::from(first.counts.classes_created)
        );
        let expect: serde_json::Value = serde_json::from_slice(&data("roster-messy.expect.json")).unwrap();
        let rows = county.rows(&first).await;
        for note in expect["notes"].as_array().unwrap() {
            let row = rows.iter().find(|row| u64::from(row.row) == note["row"].as_u64().unwrap()).unwrap();
            let reason = match note["why"].as_str().unwrap() {
                "id check digit" => "ROSTER_ID_CHECK_DIGIT",
                "formula in a name" => "ROSTER_CELL_FORMULA",
                "no name" => "ROSTER_NAME_MISSING",
                "unknown school" => "ROSTER_SCHOOL_UNKNOWN",
                "impossible date" => "ROSTER_DATE_IMPOSSIBLE",
                _ => {
                    assert_eq!((row.outcome, row.findings.len()), (Outcome::Duplicate, 0));
                    continue;
                }
            };
            let said: Vec<&str> = row.findings.iter().map(|finding| finding.reason.code()).collect();
            assert_eq!((row.outcome, said), (Outcome::Rejected, vec![reason]), "row {}", row.row);
        }

        let before = county.pupils().await;
        county.clock.advance(Duration::hours(1));
        let second = county.import_good_rows(&content).await;
        assert_eq!(figures(second.counts), [0, 0, 825, 0, 75, 16]);
        assert_eq!(second.counts.classes_created, 0);
        assert_eq!(county.pupils().await, before, "not even a version has changed");
        assert_eq!(county.count("SELECT COUNT(*) FROM record_entries").await, 825);
    })
    .await;
}

#[tokio::test]
async fn all_or_nothing_takes_the_clean_sample_whole_and_nothing_of_the_messy_one() {
    TestDb::each_migrated(crate::MIGRATIONS, |db| async move {
        let county = county_of(db.clone(), "roster-messy").await;
        let content = data("roster-messy.xlsx");
        let refused = county.import_as(&county.technician, &content, Policy::AllOrNothing, false).await;
        assert_eq!((refused.state, refused.rows_checked, refused.rows_done), (ImportState::Refused, 916, 0));
        assert_eq!(figures(refused.counts), [825, 0, 0, 0, 75, 16]);
        for table in [
            "SELECT COUNT(*) FROM students",
            "SELECT COUNT(*) FROM classes",
            "SELECT COUNT(*) FROM guardians",
        ] {
            assert_eq!(county.count(table).await, 0, "{table}");
        }

        let county = county_of(db, "roster-clean").await;
        let content = data("roster-clean.xlsx");
        let taken = county.import_as(&county.technician, &content, Policy::AllOrNothing, false).await;
        assert_eq!((taken.state, taken.rows_done), (ImportState::Succeeded, 900));
        assert_eq!(figures(taken.counts), [900, 0, 0, 0, 0, 0]);
        assert_eq!(county.count("SELECT COUNT(*) FROM students").await, 900);
        let rows = county.rows(&taken).await;
        assert!(rows.iter().all(|row| row.student.is_some()), "what was written has a name");
    })
    .await;
}
