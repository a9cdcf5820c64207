use super::super::{
    cell::{Address, Cell, Value, fold},
    columns::Column,
    fault::FileFault,
    sheet::{Collector, Kind},
};

#[test]
fn addresses_are_those_of_spreadsheet_programs() {
    for (column, row, address) in [
        (0, 1, "A1"),
        (3, 14, "D14"),
        (25, 2, "Z2"),
        (26, 3, "AA3"),
        (701, 4, "ZZ4"),
        (702, 1_048_576, "AAA1048576"),
    ] {
        assert_eq!(Address { column, row }.to_string(), address);
    }
}

#[test]
fn text_has_one_normal_form() {
    for (written, meant) in [
        ("４１９９０１２０１９０５１７０２７６", "419901201905170276"),
        ("Ｇ４１ｘ", "G41x"),
        (" 宋子佳\u{3000}", "宋子佳"),
        ("\u{A0}\u{2003}3班\t\r\n", "3班"),
        ("（３）班", "(3)班"),
        ("\u{FEFF}\u{200B}姓\u{200D}名\u{AD}", "姓名"),
        ("\u{202E}abc\u{202C}", "abc"),
        ("a\u{3000}b", "a b"),
        ("√", "√"),
        ("𠮷", "𠮷"),
        ("", ""),
        ("\u{3000}", ""),
    ] {
        assert_eq!(fold(written), meant, "{written:?}");
        assert_eq!(fold(meant), meant);
    }
}

#[test]
fn a_cell_is_kept_with_its_kind() {
    let mut collector = Collector::new("s", false);
    let long = "长".repeat(501);
    let heading = |column: Column, at: u32| Cell { column: at, value: Value::Text(column.heading()) };
    let headings = [
        heading(Column::Name, 0),
        heading(Column::Sex, 1),
        heading(Column::IdNumber, 2),
        heading(Column::SchoolCode, 3),
        heading(Column::Grade, 4),
        heading(Column::Class, 5),
        heading(Column::BirthDate, 6),
    ];
    collector.row(3, &headings).unwrap();
    let values = [
        Value::Text("\u{3000}"),
        Value::Text(&long),
        Value::Number(19_973_038_206.0),
        Value::Number(4_199_000_100.0),
        Value::Formula("1+1"),
        Value::Fault,
        Value::Day(43_000.75),
    ];
    let cells: Vec<Cell<'_>> =
        values.iter().enumerate().map(|(at, value)| Cell { column: at as u32, value: *value }).collect();
    collector.row(30, &cells).unwrap();
    let sheet = collector.finish().unwrap();
    let row = sheet.row(0);
    assert_eq!((sheet.len(), row.number, sheet.headings.row), (1, 30, 3));
    assert_eq!(row.cell(Column::Name), (Kind::Empty, ""));
    assert_eq!(row.cell(Column::Sex), (Kind::Long, ""));
    assert_eq!(row.cell(Column::IdNumber), (Kind::Number, "19973038206"));
    assert_eq!(row.cell(Column::SchoolCode), (Kind::Number, "4199000100"));
    assert_eq!(row.cell(Column::Grade), (Kind::Formula, ""));
    assert_eq!(row.cell(Column::Class), (Kind::Fault, ""));
    assert_eq!(row.cell(Column::BirthDate), (Kind::Day, "43000.75"));
    assert_eq!(row.cell(Column::Guardian2Phone), (Kind::Empty, ""));
    assert_eq!(sheet.row(7).cell(Column::Name), (Kind::Empty, ""), "past the end");
}

#[test]
fn rows_that_come_out_of_order_are_a_broken_file() {
    let mut collector = Collector::new("s", false);
    collector.row(2, &[]).unwrap();
    assert_eq!(collector.row(2, &[]), Err(FileFault::Broken));
}
