use super::{
    rosters::{csv, pupil, with},
    *,
};
use crate::domain::roster::import::{CHUNK_ROWS, ImportState};
use std::time::Duration as StdDuration;

/// A roster of so many pupils, with a bad row, a repeated row and one pupil in two classes among them.
fn roster(pupils: u32) -> Vec<u8> {
    let mut rows: Vec<_> = (1..=pupils).map(numbered).collect();
    rows.push(with(numbered(1), &[("班级", "3班")]));
    rows.insert(pupils as usize / 2, with(numbered(900), &[("姓名", "")]));
    rows.push(numbered(2));
    csv(&rows)
}

/// Pupil number `serial`, by a school-issued number: there are more of them than serial numbers of a day.
fn numbered(serial: u32) -> rosters::Cells {
    let row = pupil(&format!("王{}", ['一', '二', '三'][serial as usize % 3]), 1);
    let number = format!("J41990120260{serial:07}");
    let phone = format!("199{serial:08}");
    with(row, &[("身份证件号", ""), ("学籍号", &number), ("监护人1电话", &phone)])
}

#[tokio::test]
async fn a_worker_that_dies_after_any_chunk_loses_nobody_and_doubles_nobody() {
    in_county(|county| async move {
        let pupils = 2 * CHUNK_ROWS as u32 + 100;
        for policy in [Policy::GoodRows, Policy::AllOrNothing] {
            let (content, created, rejected) = match policy {
                Policy::GoodRows => (roster(pupils), pupils, 2),
                Policy::AllOrNothing => {
                    (csv(&(3_000..3_000 + pupils).map(numbered).collect::<Vec<_>>()), pupils, 0)
                }
            };
            let accepted = county.accept_as(&county.technician, &content, policy, false).await.unwrap();
            let before = county.count("SELECT COUNT(*) FROM students").await;
            // Dies after the first piece, after the second, and so on, until it gets through.
            let worker = county.worker();
            let mut pieces = 1;
            loop {
                let mut work = worker.begin_work().await.unwrap().unwrap();
                let mut done = false;
                for _ in 0..pieces {
                    done = worker.step(&mut work).await.unwrap() == Progress::Done;
                    if done {
                        break;
                    }
                }
                if done {
                    break;
                }
                assert!(worker.begin_work().await.unwrap().is_none(), "nobody else works on it meanwhile");
                county.let_claims_run_out();
                pieces += 1;
            }
            let import = county.import(&accepted).await;
            assert_eq!(import.state, ImportState::Succeeded);
            assert_eq!((import.counts.created, import.counts.rejected), (created as i32, rejected));
            assert_eq!(import.rows_done, import.rows_total);
            let there = county.count("SELECT COUNT(*) FROM students").await;
            assert_eq!(there - before, i64::from(created));
            assert_eq!(county.count("SELECT COUNT(*) FROM records").await, there);
            assert_eq!(county.rows(&import).await.len(), import.rows_total as usize);
        }
    })
    .await;
}

#[tokio::test]
async fn a_worker_that_is_cut_off_in_the_middle_of_a_chunk_leaves_nothing_half_done() {
    in_county(|county| async move {
        let pupils = CHUNK_ROWS as u32 + 50;
        let content = roster(pupils);
        let accepted = county.accept_as(&county.technician, &content, Policy::GoodRows, false).await.unwrap();
        let worker = county.worker();
        for micros in [0, 200, 1_000, 5_000, 20_000, 60_000, 150_000] {
            let Some(mut work) = worker.begin_work().await.unwrap() else { break };
            let cut = tokio::time::timeout(StdDuration::from_micros(micros), async {
                while worker.step(&mut work).await.unwrap() == Progress::More {}
            });
            let _ = cut.await;
            drop(work);
            let there = county.count("SELECT COUNT(*) FROM students").await;
            assert_eq!(county.count("SELECT COUNT(*) FROM records").await, there, "a pupil without a record");
            county.let_claims_run_out();
        }
        county.work().await;
        let import = county.import(&accepted).await;
        assert_eq!(figures(import.counts), [pupils as i32, 0, 0, 0, 2, 1]);
        assert_eq!(county.count("SELECT COUNT(*) FROM students").await, i64::from(pupils));
    })
    .await;
}

#[tokio::test]
async fn a_worker_whose_claim_has_run_out_cannot_write_any_more() {
    in_county(|county| async move {
        let content = roster(CHUNK_ROWS as u32 * 2);
        county.accept_as(&county.technician, &content, Policy::GoodRows, false).await.unwrap();
        let (slow, quick) = (county.worker(), county.worker());
        let mut left_behind = slow.begin_work().await.unwrap().unwrap();
        slow.step(&mut left_behind).await.unwrap();
        county.let_claims_run_out();
        let mut taken_over = quick.begin_work().await.unwrap().unwrap();
        assert!(slow.step(&mut left_behind).await.is_err(), "somebody else works on it now");
        while quick.step(&mut taken_over).await.unwrap() == Progress::More {}
        assert!(slow.step(&mut left_behind).await.is_err());
        assert_eq!(county.count("SELECT COUNT(*) FROM students").await, CHUNK_ROWS as i64 * 2);
    })
    .await;
}

#[tokio::test]
async fn an_import_that_never_gets_on_is_given_up_and_the_next_one_is_worked_on() {
    in_county(|county| async move {
        let stuck = county.accept_as(&county.technician, &roster(3), Policy::GoodRows, false).await.unwrap();
        for _ in 0..crate::domain::roster::import::ATTEMPTS_MAX {
            assert!(county.worker().begin_work().await.unwrap().is_some());
            county.let_claims_run_out();
        }
        let next = county.import_good_rows(&csv(&[numbered(50)])).await;
        let stuck = county.import(&stuck).await;
        assert_eq!((stuck.state, stuck.failure.as_str()), (ImportState::Failed, "ROSTER_IMPORT_BROKE_OFF"));
        assert_eq!(next.state, ImportState::Succeeded);
    })
    .await;
}

#[tokio::test]
async fn the_file_and_the_details_are_erased_when_their_time_is_over() {
    in_county(|county| async move {
        let import = county.import_good_rows(&roster(3)).await;
        let sweep = || roster::erase_due(&county.app.deps.db, xinqiao_kit::time::Clock::now(&*county.clock));
        assert_eq!(sweep().await.unwrap(), 0);
        county.clock.advance(Duration::days(15));
        assert_eq!(sweep().await.unwrap(), 1);
        assert_eq!(sweep().await.unwrap(), 0);
        let erased = county.import(&import).await;
        assert!(erased.erased);
        assert_eq!(erased.counts, import.counts, "the counts stay");
        assert_eq!(county.count("SELECT COUNT(*) FROM import_files").await, 0);
        assert_eq!(county.count("SELECT COUNT(*) FROM import_chunks").await, 0);
    })
    .await;
}
