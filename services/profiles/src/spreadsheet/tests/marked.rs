use super::*;
use crate::{
    domain::roster::import::About,
    spreadsheet::marked::{MAX_ROWS, Mark, Marks, workbook as mark},
};
use calamine::{Data, Reader as _, Xlsx};

fn about(content: &[u8]) -> About {
    let sheet = read(content).unwrap();
    About {
        filename: "名册.xlsx".to_owned(),
        sheet: sheet.name,
        headings: sheet.headings,
        other_sheets: sheet.other_sheets,
        from_1904: sheet.from_1904,
    }
}

fn said_of(row: u32, column: Option<u32>, text: &str) -> Marks {
    let mark =
        Mark { column, warning: false, text: text.to_owned(), line: format!("第 {row} 行：{text}") };
    Marks::from([(row, vec![mark])])
}

fn open(content: Vec<u8>) -> (calamine::Range<Data>, Vec<(String, Vec<u8>)>) {
    let parts = parts(&content);
    let mut book = Xlsx::new(Cursor::new(content)).unwrap();
    assert!(book.worksheet_formula("Sheet1").unwrap().is_empty(), "no formula");
    (book.worksheet_range("Sheet1").unwrap(), parts)
}

fn part(parts: &[(String, Vec<u8>)], name: &str) -> String {
    let found = parts.iter().find(|(part, _)| part == name).unwrap();
    String::from_utf8(found.1.clone()).unwrap()
}

#[test]
fn rows_keep_their_places_and_everything_in_them() {
    let note = ["转来", "=1+1"];
    let headings: Vec<&str> = HEADINGS.into_iter().chain(["备注", ""]).collect();
    let pupil: Vec<&str> = PUPIL.into_iter().chain(note).collect();
    let content = workbook(&[&["标题"], &headings, &pupil, &PUPIL]);
    let marks = said_of(4, Some(0), "没有填写姓名。");
    let (sheet, parts) = open(mark(&content, &about(&content), &marks, "问题", false, 2).unwrap());
    let text = |row, column| sheet.get_value((row, column)).cloned().unwrap_or_default().to_string();
    assert_eq!((text(0, 0), text(1, 0), text(2, 0)), ("标题".into(), "姓名".into(), "谢哲".into()));
    assert_eq!((text(2, 6), text(1, 7)), ("转来".into(), "问题".into()), "unknown columns stay");
    assert_eq!((text(2, 7), text(3, 7)), (String::new(), "第 4 行：没有填写姓名。".into()));
    assert!(part(&parts, "xl/comments1.xml").contains("没有填写姓名。"));
    assert!(part(&parts, "xl/styles.xml").contains("FFFF9999"), "red");
    assert!(part(&parts, "xl/styles.xml").contains("quotePrefix=\"1\""));
}

#[test]
fn a_cell_that_is_wrong_because_it_is_empty_is_marked_too() {
    let content = workbook(&[&HEADINGS, &["", "男", "1"]]);
    let (_, parts) =
        open(mark(&content, &about(&content), &said_of(2, Some(0), "空"), "问题", false, 1).unwrap());
    assert!(part(&parts, "xl/comments1.xml").contains("ref=\"A2\""));
}

#[test]
fn only_the_marked_rows_are_given_where_that_is_asked_or_the_file_is_long() {
    let content = workbook(&[&["标题"], &HEADINGS, &PUPIL, &PUPIL, &PUPIL]);
    for (only_marked, rows_total) in [(true, 3), (false, MAX_ROWS + 1)] {
        let marks = said_of(4, None, "重复");
        let book = mark(&content, &about(&content), &marks, "问题", only_marked, rows_total).unwrap();
        let (sheet, _) = open(book);
        assert_eq!(sheet.height(), 3, "title, headings, one row");
        assert_eq!(sheet.get_value((2, 6)).unwrap().to_string(), "第 4 行：重复");
    }
}

#[test]
fn text_files_come_back_as_workbooks_and_formulas_as_text() {
    let long = "长".repeat(40_000);
    let content = format!("{}\n\"=HYPERLINK(\"\"http://x\"\")\",+1,-2,@3,{long},\n", HEADINGS.join(","));
    let content = content.into_bytes();
    let (sheet, _) =
        open(mark(&content, &about(&content), &said_of(2, Some(0), "公式"), "问题", false, 1).unwrap());
    let row: Vec<String> = (0..4).map(|column| sheet.get_value((1, column)).unwrap().to_string()).collect();
    assert_eq!(row, ["=HYPERLINK(\"http://x\")", "+1", "-2", "@3"]);
    assert_eq!(sheet.get_value((1, 4)).unwrap().to_string().chars().count(), 32_000);
}

#[test]
fn numbers_and_dates_stay_what_they_are() {
    let mut book = Workbook::new();
    let page = book.add_worksheet();
    page.write_row(0, 0, HEADINGS).unwrap();
    page.write_row(1, 0, PUPIL).unwrap();
    page.write(1, 5, 3).unwrap();
    let date = rust_xlsxwriter::Format::new().set_num_format("yyyy-mm-dd");
    page.write(0, 6, "出生日期").unwrap();
    page.write_number_with_format(1, 6, 44_029.0, &date).unwrap();
    let content = book.save_to_buffer().unwrap();
    let (sheet, _) = open(mark(&content, &about(&content), &Marks::new(), "问题", false, 1).unwrap());
    assert_eq!(sheet.get_value((1, 5)), Some(&Data::Float(3.0)));
    assert!(
        matches!(sheet.get_value((1, 6)), Some(Data::DateTime(day)) if (day.as_f64() - 44_029.0).abs() < 0.1)
    );
}
