use super::super::{
    cell::{Cell, Value, fold},
    check::check,
    columns::Column,
    dates, grades,
    sheet::{Collector, Kind},
    words,
};
use super::{Surroundings, register, row_with, sheet_of, today};
use proptest::prelude::*;

/// Text as files may hold it: anything, and what looks almost right.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[0-9０-９年月日/.\\- T:级班()（）一二三十初高小GJLX]{0,20}",
        "[一-龥·=+@ \u{3000}]{0,6}",
        Just("419901201801100863".to_owned()),
        Just("三年级".to_owned()),
    ]
}

fn kind() -> impl Strategy<Value = Kind> {
    prop_oneof![Just(Kind::Text), Just(Kind::Number), Just(Kind::Day)]
}

proptest! {
    #[test]
    fn no_text_makes_a_reader_of_cells_panic(text in text(), kind in kind(), from_1904: bool) {
        let folded = fold(&text);
        prop_assert_eq!(fold(&folded), folded.clone(), "folding twice is folding once");
        let _ = (dates::date(kind, &text, from_1904), dates::month(kind, &text, from_1904));
        let _ = (grades::grade(&text), grades::class(&text), words::sex(&text), words::yes_no(&text), words::relation(&text));
    }

    #[test]
    fn no_row_makes_the_check_panic(cells in prop::collection::vec((0usize..Column::COUNT, text()), 0..21)) {
        let columns: Vec<Column> = Column::all().collect();
        let changes: Vec<(Column, &str)> = cells.iter().map(|(at, text)| (columns[*at], text.as_str())).collect();
        let sheet = sheet_of(&[row_with(&changes)]);
        let register = register();
        let checked = check(sheet.row(0), &Surroundings { register: &register, today: today() });
        let rejected = checked.findings.iter().any(|finding| !finding.reason.is_warning());
        prop_assert_eq!(checked.entry.is_none(), rejected, "rejected without a reason, or kept against one");
    }

    #[test]
    fn no_sheet_makes_the_collector_panic(rows in prop::collection::vec((1u32..40, prop::collection::vec((0u32..30, text(), any::<f64>(), 0u8..5), 0..9)), 0..30)) {
        let mut collector = Collector::new("", false);
        for (number, cells) in &rows {
            let cells: Vec<Cell<'_>> = cells.iter().map(|(column, text, number, kind)| {
                let value = match kind {
                    0 | 1 => Value::Text(text),
                    2 => Value::Number(*number),
                    3 => Value::Day(*number),
                    _ => Value::Formula("1+1"),
                };
                Cell { column: *column, value }
            }).collect();
            let _ = collector.row(*number, &cells);
        }
        let _ = collector.finish();
    }
}
