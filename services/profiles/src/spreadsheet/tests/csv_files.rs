use super::*;

fn text() -> String {
    format!("{}\r\n{}\r\n", HEADINGS.join(","), PUPIL.join(","))
}

#[test]
fn text_is_read_in_the_encodings_of_spreadsheet_programs() {
    let plain = text();
    let utf16: Vec<u8> =
        [0xFF, 0xFE].into_iter().chain(plain.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    let (gb18030, _, _) = encoding_rs::GB18030.encode(&plain);
    for content in
        [plain.clone().into_bytes(), format!("\u{FEFF}{plain}").into_bytes(), gb18030.into_owned(), utf16]
    {
        assert_eq!(names(&read(&content).unwrap()), [(2, "谢哲".to_owned())]);
    }
}

#[test]
fn commas_tabs_and_semicolons_separate() {
    for separator in [",", "\t", ";"] {
        let content = text().replace(',', separator);
        assert_eq!(names(&read(content.as_bytes()).unwrap()), [(2, "谢哲".to_owned())], "{separator:?}");
    }
}

#[test]
fn rows_are_counted_as_a_spreadsheet_program_counts_them() {
    let content = format!(
        "\"标题\n第二行\"\n\n{}\n,,\n{}\n\"王\n五\",女,1,2,3,4\n\n李四,女,1,2,3,4\n",
        HEADINGS.join(","),
        PUPIL.join(",")
    );
    let found = names(&read(content.as_bytes()).unwrap());
    assert_eq!(found, [(5, "谢哲".to_owned()), (6, "王 五".to_owned()), (8, "李四".to_owned())]);
}

#[test]
fn text_that_was_guarded_against_being_a_number_is_freed() {
    let content =
        text().replace("419901202007170156", "=\"419901202007170156\"").replace("4199000100", "'4199000100");
    let sheet = read(content.as_bytes()).unwrap();
    assert_eq!(sheet.row(0).cell(Column::IdNumber).1, "419901202007170156");
    assert_eq!(sheet.row(0).cell(Column::SchoolCode).1, "4199000100");
    let formula = text().replace("谢哲", "\"=HYPERLINK(\"\"http://x\"\",\"\"点\"\")\"");
    assert!(read(formula.as_bytes()).unwrap().row(0).cell(Column::Name).1.starts_with("=HYPERLINK("));
}

#[test]
fn rows_may_be_shorter_or_longer_than_the_headings() {
    let content = format!("{}\n谢哲\n王五,,,,,,,,,\n", HEADINGS.join(","));
    assert_eq!(names(&read(content.as_bytes()).unwrap()).len(), 2);
}
