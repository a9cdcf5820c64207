use super::super::{
    cell::{Cell, Value},
    columns::{Column, Headings},
    fault::FileFault,
    sheet::{Collector, Sheet},
};

fn collect(rows: &[(u32, &[&str])]) -> Result<Sheet, FileFault> {
    let mut collector = Collector::new("学生信息", false);
    for (number, texts) in rows {
        let cells: Vec<Cell<'_>> = texts
            .iter()
            .enumerate()
            .filter(|(_, text)| !text.is_empty())
            .map(|(at, text)| Cell { column: at as u32, value: Value::Text(text) })
            .collect();
        collector.row(*number, &cells)?;
    }
    collector.finish()
}

const NEEDED: &[&str] = &["班级", "年级", "学校标识码", "身份证件号", "性别", "姓名"];
const PUPIL: &[&str] = &["3班", "一年级", "4199000100", "419901202007170156", "男", "谢哲"];

#[test]
fn a_heading_is_recognised_however_it_is_dressed() {
    for (written, column) in [
        ("姓名", Column::Name),
        (" 姓　名 ", Column::Name),
        ("姓名（必填）", Column::Name),
        ("*姓名：", Column::Name),
        ("监护人１电话", Column::Guardian1Phone),
        ("监护人一电话", Column::Guardian1Phone),
        ("监护人二 姓名", Column::Guardian2Name),
        ("身份证号", Column::IdNumber),
        ("出生日期(YYYY-MM-DD)", Column::BirthDate),
    ] {
        assert_eq!(Column::of_heading(written), Some(column), "{written}");
    }
    for unknown in ["", "备注", "名", "姓名拼音"] {
        assert_eq!(Column::of_heading(unknown), None, "{unknown}");
    }
    for column in Column::all() {
        assert_eq!(Column::of_heading(column.heading()), Some(column));
    }
}

#[test]
fn headings_may_stand_in_any_order_below_titles() {
    let sheet = collect(&[
        (1, &["示范县中小学生信息采集表"]),
        (5, &["填表说明：姓名 性别"]),
        (20, NEEDED),
        (21, PUPIL),
        (24, PUPIL),
    ])
    .unwrap();
    assert_eq!((sheet.headings.row, sheet.len(), sheet.row(1).number), (20, 2, 24));
    assert_eq!(sheet.row(0).cell(Column::Name).1, "谢哲");
    assert_eq!(sheet.row(0).address(Column::Name).unwrap().to_string(), "F21");
    assert_eq!(sheet.row(0).address(Column::Grade).unwrap().to_string(), "B21");
    assert_eq!(sheet.row(0).address(Column::BirthDate), None);
}

#[test]
fn headings_below_row_20_are_not_found() {
    assert_eq!(collect(&[(1, &["标题"]), (21, NEEDED), (22, PUPIL)]).err(), Some(FileFault::NoHeader));
    assert_eq!(collect(&[]).err(), Some(FileFault::NoHeader));
}

#[test]
fn all_missing_columns_are_named_at_once() {
    let fault = collect(&[(1, &["姓名", "学校名称", "出生日期", "备注"])]).err().unwrap();
    let missing = ["性别", "身份证件号/学籍号", "年级/入学年月", "班级"].map(str::to_owned);
    assert_eq!(fault, FileFault::ColumnsMissing(missing.to_vec()));
    assert_eq!(fault.params(), [("columns", "性别、身份证件号/学籍号、年级/入学年月、班级".to_owned())]);
}

#[test]
fn two_headings_for_one_thing_are_refused() {
    let mut headings = NEEDED.to_vec();
    headings.extend(["学生姓名", "备注"]);
    assert_eq!(collect(&[(1, &headings)]).err(), Some(FileFault::ColumnTwice(vec!["姓名".to_owned()])));
}

#[test]
fn unknown_columns_are_reported_and_left_out() {
    let mut headings = NEEDED.to_vec();
    headings.extend(["备注", "民族"]);
    let mut pupil = PUPIL.to_vec();
    pupil.push("转学生");
    let sheet = collect(&[(1, &headings), (2, &pupil)]).unwrap();
    assert_eq!(sheet.headings.unknown, [(6, "备注".to_owned()), (7, "民族".to_owned())]);
}

#[test]
fn rows_without_anything_in_a_known_column_are_no_rows() {
    let sheet = collect(&[
        (1, NEEDED),
        (2, &["", " ", "\u{3000}"]),
        (3, PUPIL),
        (4, &["", "", "", "", "", "", "填表人"]),
    ]);
    assert_eq!(sheet.unwrap().len(), 1);
    assert_eq!(collect(&[(1, NEEDED), (2, &[" "])]).err(), Some(FileFault::NoRows));
}

#[test]
fn the_row_with_the_most_headings_is_the_header() {
    let title = ["姓名", "性别", "年级"];
    let sheet = collect(&[(1, &title), (2, NEEDED), (3, PUPIL)]).unwrap();
    assert_eq!(sheet.headings.row, 2);
    assert!(Headings::of_row(1, [(0, "姓名"), (1, "性别")].into_iter()).is_none());
}
