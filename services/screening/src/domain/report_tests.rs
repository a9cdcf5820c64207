use super::{
    level::Level,
    report::{LIMIT_INSIDE, LIMIT_OUTSIDE, Tally, hold_back, show},
    scoring::{ScaleScore, Scored, Validity},
};
use proptest::prelude::*;

fn scored(validity: Validity, level: Level) -> Scored {
    let band = if level > Level::None { "raised" } else { "low" };
    let score = ScaleScore {
        scale: "total".to_owned(),
        score: Some(1.0),
        band: Some(band.to_owned()),
        level,
        prorated: false,
    };
    Scored {
        validity,
        void_reasons: Vec::new(),
        missing: Vec::new(),
        scores: vec![score],
        level,
        critical: Vec::new(),
        review: Vec::new(),
    }
}

fn tally(none: u32, attention: u32, void: u32) -> Tally {
    let mut tally = Tally::default();
    (0..none).for_each(|_| tally.add(&scored(Validity::Valid, Level::None)));
    (0..attention).for_each(|_| tally.add(&scored(Validity::Valid, Level::Attention)));
    (0..void).for_each(|_| tally.add(&scored(Validity::Void, Level::None)));
    tally
}

#[test]
fn void_results_are_counted_as_void_and_nowhere_else() {
    let tally = tally(3, 1, 2);
    assert_eq!(tally.results(), 6);
    assert_eq!(tally.levels.values().sum::<u32>(), 4);
    assert_eq!(tally.bands["total"].values().sum::<u32>(), 4);
}

#[test]
fn a_small_count_takes_a_second_one_with_it() {
    let bands = vec![("total".to_owned(), vec!["low".to_owned(), "raised".to_owned()])];
    let (parts, all) = show(&[tally(36, 2, 0), tally(30, 9, 0)], &bands, LIMIT_INSIDE);
    let bands =
        |shown: &super::report::Shown| shown.bands.iter().map(|(_, _, cell)| *cell).collect::<Vec<_>>();
    // 38 results and 36 of them low would say that 2 are raised.
    assert_eq!(parts[0].results, Some(38));
    assert_eq!(bands(&parts[0]), [None, None]);
    // And the school's 66 low less the other class's 30 would say 36.
    assert_eq!(bands(&parts[1]), [None, None]);
    assert_eq!(bands(&all), [Some(66), Some(11)]);
}

#[test]
fn of_a_handful_of_results_nothing_is_shown() {
    let (parts, all) = show(&[tally(4, 0, 0)], &Vec::new(), LIMIT_INSIDE);
    assert_eq!(parts[0].results, None);
    assert!(parts[0].levels.iter().chain(&all.levels).all(|(_, cell)| cell.is_none()));
}

#[test]
fn outside_of_the_school_the_limit_is_higher() {
    let shown = |limit| show(&[tally(30, 7, 0), tally(30, 20, 0)], &Vec::new(), limit).0[0].levels.clone();
    let attention = |limit| shown(limit).into_iter().find(|(level, _)| *level == Level::Attention).unwrap().1;
    assert_eq!(attention(LIMIT_INSIDE), Some(7));
    assert_eq!(attention(LIMIT_OUTSIDE), None);
}

#[test]
fn big_counts_are_shown_as_they_are() {
    let rows = hold_back(vec![vec![20, 0, 30], vec![10, 40, 0]], LIMIT_INSIDE);
    let cells: Vec<Vec<Option<u32>>> = rows.iter().map(|row| row.cells.clone()).collect();
    assert_eq!(
        cells,
        [
            vec![Some(20), Some(0), Some(30)],
            vec![Some(10), Some(40), Some(0)],
            vec![Some(30), Some(40), Some(30)]
        ]
    );
    assert_eq!(rows[2].total, Some(100));
}

proptest! {
    #[test]
    fn no_line_gives_a_held_count_away(
        table in (1usize..6, 1usize..5).prop_flat_map(|(height, width)| prop::collection::vec(prop::collection::vec(0u32..25, width), height)),
        limit in prop::sample::select(vec![LIMIT_INSIDE, LIMIT_OUTSIDE]),
    ) {
        let shown = hold_back(table.clone(), limit);
        let mut counts: Vec<Vec<u32>> = table;
        let width = counts[0].len();
        counts.push((0..width).map(|column| counts.iter().map(|row| row[column]).sum()).collect());
        // What is shown is true and never a small group.
        for (row, truth) in shown.iter().zip(&counts) {
            for (cell, count) in row.cells.iter().zip(truth) {
                prop_assert!(cell.is_none_or(|cell| cell == *count && !(1..limit).contains(&cell)));
            }
            let total: u32 = truth.iter().sum();
            prop_assert!(row.total.is_none_or(|cell| cell == total && !(1..limit).contains(&cell)));
        }
        let mut lines: Vec<Vec<Option<u32>>> = shown.iter().map(|row| {
            let mut line = row.cells.clone();
            line.push(row.total);
            line
        }).collect();
        let down = (0..=width).map(|column| lines.iter().map(|line| line[column]).collect()).collect::<Vec<Vec<_>>>();
        lines.extend(down);
        for line in lines {
            let held = line.iter().filter(|cell| cell.is_none()).count();
            prop_assert!(held != 1, "one held count is the difference of the others: {line:?}");
        }
    }
}
