use super::*;
use crate::domain::roster::sheet::Kind;
use rust_xlsxwriter::{ExcelDateTime, Format, Formula};

#[test]
fn the_roster_is_found_on_whichever_visible_sheet_it_stands() {
    let mut book = Workbook::new();
    book.add_worksheet().set_name("说明").unwrap().write(0, 0, "请逐行填写").unwrap();
    let hidden = book.add_worksheet().set_name("隐藏").unwrap();
    hidden.set_hidden(true);
    book.add_worksheet().set_name("学生").unwrap();
    for sheet in [1, 2] {
        let sheet = book.worksheet_from_index(sheet).unwrap();
        for (row, cells) in [HEADINGS, PUPIL].iter().enumerate() {
            sheet.write_row(row as u32 + 3, 1, *cells).unwrap();
        }
    }
    book.add_worksheet().set_name("空").unwrap();
    let sheet = read(&book.save_to_buffer().unwrap()).unwrap();
    assert_eq!((sheet.name.as_str(), sheet.headings.row), ("学生", 4));
    assert_eq!(names(&sheet), [(5, "谢哲".to_owned())]);
    assert_eq!(sheet.other_sheets, ["说明"]);
    assert_eq!(sheet.row(0).address(Column::Name).unwrap().to_string(), "B5");
}

#[test]
fn formulas_errors_numbers_and_dates_keep_their_kind() {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    sheet.write_row(0, 0, HEADINGS).unwrap();
    sheet.write(0, 6, "出生日期").unwrap();
    sheet.write(0, 7, "是否留守儿童").unwrap();
    sheet.write_formula(1, 0, Formula::new("=HYPERLINK(\"http://x\",\"点\")").set_result("点")).unwrap();
    sheet.write(1, 3, 4_199_000_100.0).unwrap();
    sheet.write(1, 5, 3).unwrap();
    let date = Format::new().set_num_format("yyyy-mm-dd");
    sheet.write_with_format(1, 6, ExcelDateTime::parse_from_str("2020-07-17").unwrap(), &date).unwrap();
    sheet.write(1, 7, true).unwrap();
    let sheet = read(&book.save_to_buffer().unwrap()).unwrap();
    let row = sheet.row(0);
    assert_eq!(row.cell(Column::Name), (Kind::Formula, ""));
    assert_eq!(row.cell(Column::SchoolCode), (Kind::Number, "4199000100"));
    assert_eq!(row.cell(Column::Class), (Kind::Number, "3"));
    assert_eq!(row.cell(Column::BirthDate), (Kind::Day, "44029"));
    assert_eq!(row.cell(Column::LeftBehind), (Kind::Text, "TRUE"));
}

#[test]
fn shared_formulas_and_error_values_are_seen() {
    let cells = r#"<c r="A2" t="str"><f t="shared" si="0"/><v>谢哲</v></c><c r="B2" t="e"><v>#N/A</v></c><c r="C2" t="inlineStr"><is><t>x</t></is></c>"#;
    let headings: String = HEADINGS
        .iter()
        .zip('A'..)
        .map(|(text, column)| format!(r#"<c r="{column}1" t="inlineStr"><is><t>{text}</t></is></c>"#))
        .collect();
    let xml = sheet_xml(&format!(r#"<row r="1">{headings}</row><row r="2">{cells}</row>"#));
    let sheet = read(&with_part("xl/worksheets/sheet1.xml", xml)).unwrap();
    assert_eq!(sheet.row(0).cell(Column::Name).0, Kind::Formula);
    assert_eq!(sheet.row(0).cell(Column::Sex).0, Kind::Fault);
}

pub(super) fn sheet_xml(rows: &str) -> String {
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{rows}</sheetData></worksheet>"#
    )
}

#[test]
fn too_many_columns_are_refused_but_not_empty_ones() {
    let mut wide = vec![""; 200];
    wide[..6].copy_from_slice(&HEADINGS);
    assert!(read(&workbook(&[&wide, &PUPIL])).is_ok());
    wide.push("备注");
    assert_eq!(fault(&workbook(&[&wide, &PUPIL])), FileFault::TooManyColumns);
}

#[test]
fn headings_without_rows_and_sheets_without_headings_are_told_apart() {
    assert_eq!(fault(&workbook(&[&HEADINGS])), FileFault::NoRows);
    assert_eq!(fault(&workbook(&[&["a"], &["b"]])), FileFault::NoHeader);
    assert_eq!(
        fault(&workbook(&[&["姓名", "性别", "年级", "班级"], &["a"]])),
        FileFault::ColumnsMissing(vec!["身份证件号/学籍号".to_owned(), "学校标识码/学校名称".to_owned()])
    );
}
