mod cells;
mod columns;
mod dates;
mod grades;
mod junk;
mod rows;
mod words;

use super::{
    cell::{Cell, Value},
    check::{Checked, check},
    columns::Column,
    entry::{Entry, Surroundings},
    register::{KnownSchool, Register},
    sheet::{Collector, Sheet},
};
use crate::domain::stage::Stage;
use chrono::NaiveDate;
use std::collections::BTreeMap;
use uuid::Uuid;

/// The day on which the rosters of these tests come in.
fn today() -> NaiveDate {
    day(2026, 11, 24)
}

fn day(year: i32, month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, day).unwrap()
}

fn register() -> Register {
    let school = |code: &str, name: &str, stages: &[Stage]| KnownSchool {
        id: Uuid::nil(),
        code: code.to_owned(),
        name: name.to_owned(),
        stages: stages.to_vec(),
    };
    Register::of(vec![
        school("4199000100", "示范县第1小学", &[Stage::Primary]),
        school("4199000102", "示范县第3初级中学", &[Stage::Junior]),
        school("4199000103", "示范县（西）学校", &[Stage::Primary, Stage::Junior]),
        school("4199000104", "同名小学", &[Stage::Primary]),
        school("4199000105", "同名小学", &[Stage::Primary]),
    ])
}

/// A row of which nothing is to be said, with some of its cells replaced.
fn row_with(changes: &[(Column, &str)]) -> BTreeMap<Column, String> {
    let mut row: BTreeMap<Column, String> = [
        (Column::Name, "宋子佳"),
        (Column::Sex, "女"),
        (Column::BirthDate, "2018-01-10"),
        (Column::IdNumber, "419901201801100863"),
        (Column::StudentNumber, "G419901201801100863"),
        (Column::SchoolCode, "4199000100"),
        (Column::SchoolName, "示范县第1小学"),
        (Column::Grade, "三年级"),
        (Column::Class, "2班"),
        (Column::EntryMonth, "202409"),
        (Column::LeftBehind, "是"),
        (Column::SingleParent, "否"),
        (Column::Guardian1Name, "宋江"),
        (Column::Guardian1Relation, "父亲"),
        (Column::Guardian1Phone, "19973038206"),
    ]
    .into_iter()
    .map(|(column, text)| (column, text.to_owned()))
    .collect();
    for (column, text) in changes {
        row.insert(*column, (*text).to_owned());
    }
    row
}

/// A sheet with headings in row 1, in the order of the form, and these rows.
fn sheet_of(rows: &[BTreeMap<Column, String>]) -> Sheet {
    let mut collector = Collector::new("学生信息", false);
    let headings: Vec<Cell<'_>> = Column::all()
        .map(|column| Cell { column: column.index() as u32, value: Value::Text(column.heading()) })
        .collect();
    collector.row(1, &headings).unwrap();
    for (index, row) in rows.iter().enumerate() {
        let cells: Vec<Cell<'_>> = row
            .iter()
            .map(|(column, text)| Cell { column: column.index() as u32, value: Value::Text(text) })
            .collect();
        collector.row(index as u32 + 2, &cells).unwrap();
    }
    collector.finish().unwrap()
}

fn check_on(today: NaiveDate, changes: &[(Column, &str)]) -> Checked {
    let register = register();
    check(sheet_of(&[row_with(changes)]).row(0), &Surroundings { register: &register, today })
}

/// The codes of everything that is said of a row with these cells.
fn said(changes: &[(Column, &str)]) -> Vec<String> {
    let sheet = sheet_of(&[row_with(changes)]);
    let checked = check_on(today(), changes);
    let mut said: Vec<String> = checked
        .findings
        .iter()
        .map(|finding| {
            let address = finding.column.and_then(|column| sheet.row(0).address(column));
            format!(
                "{} {}",
                address.map(|address| address.to_string()).unwrap_or_default(),
                finding.reason.code()
            )
        })
        .collect();
    said.sort();
    said
}

fn entry_of(changes: &[(Column, &str)]) -> Entry {
    let checked = check_on(today(), changes);
    assert!(checked.entry.is_some(), "{:?}", checked.findings);
    checked.entry.unwrap()
}
