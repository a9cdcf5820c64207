//! The county's main job, end to end, as `xinqiao demo` plays it: every step is verified by reading it back through the API.

use crate::tidy::root;
use xinqiao_suite::{cli::Demo, demo};

fn on(roster: &str) -> Demo {
    let data = root().join("tests/data/rosters");
    Demo {
        schools: 4,
        pupils: 600,
        seed: 1,
        data_dir: None,
        listen: "127.0.0.1:0".parse().unwrap(),
        exit: true,
        json: true,
        schools_file: Some(data.join(format!("{roster}.schools.csv"))),
        roster: Some(data.join(format!("{roster}.xlsx"))),
    }
}

fn expected(roster: &str) -> (i64, i64) {
    let path = root().join(format!("tests/data/rosters/{roster}.expect.json"));
    let value: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    (value["created"].as_i64().unwrap(), value["rejected"].as_i64().unwrap())
}

async fn plays_on(roster: &str) {
    let told = demo::tell(&on(roster)).await.unwrap();
    assert!(told.verified, "{:?}", told.counts);
    let counts = told.counts;
    assert_eq!((counts.pupils_created, counts.rows_rejected), expected(roster));
    assert_eq!(counts.rows_unchanged_on_second_import, counts.pupils_created);
    assert_eq!((counts.alerts, counts.escalation_steps, counts.signatures), (1, 3, 3));
    assert!(counts.submissions >= 20 && counts.lessons > 0 && counts.steps_verified >= 45);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_main_job_runs_on_a_clerks_messy_roster() {
    plays_on("roster-messy").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_main_job_runs_on_a_clean_roster() {
    plays_on("roster-clean").await;
}
