use super::{rosters::untidy, *};

#[tokio::test]
async fn untidy_rosters_of_other_seeds_come_in_as_they_were_made() {
    in_county(|county| async move {
        let mut known = 0;
        for seed in 1..=4 {
            let roster = untidy(seed, 260);
            let import = county.import_good_rows(&roster.content).await;
            // Other seeds may name the same number for another pupil: each seed has its own county of pupils.
            assert_eq!(
                figures(import.counts),
                [roster.created, 0, 0, 0, roster.rejected, roster.duplicates],
                "seed {seed}"
            );
            known += i64::from(roster.created);
            assert_eq!(county.count("SELECT COUNT(*) FROM students").await, known);
            let rows = county.rows(&import).await;
            let said: Vec<(u32, &str)> = rows
                .iter()
                .flat_map(|row| row.findings.iter().map(|finding| (row.row, finding.reason.code())))
                .collect();
            assert_eq!(said, roster.reasons, "seed {seed}");
            let again = county.import_good_rows(&roster.content).await;
            assert_eq!(
                figures(again.counts),
                [0, 0, roster.created, 0, roster.rejected, roster.duplicates],
                "seed {seed}"
            );
            known -= clear(&county).await;
        }
    })
    .await;
}

/// Takes everybody out again, and says how many that were.
async fn clear(county: &County) -> i64 {
    let mut tx = county.app.deps.db.begin().await.unwrap();
    for text in [
        "DELETE FROM record_entries",
        "DELETE FROM records",
        "DELETE FROM special_groups",
        "DELETE FROM student_guardians",
        "DELETE FROM guardians",
    ] {
        tx.q(text).exec().await.unwrap();
    }
    let gone = tx.q("DELETE FROM students").exec().await.unwrap();
    tx.commit().await.unwrap();
    gone as i64
}
