//! The county's list of schools as a CSV file: 学校标识码, 学校名称, 学段, in any order.

use crate::domain::school::{SCHOOL_NAME_MAX, SchoolCode, SchoolLine, Stages};
use xinqiao_kit::{status::Violation, validate::Invalid};

/// Largest file that is read, in bytes.
const FILE_MAX_BYTES: usize = 1 << 20;
/// Rows of one file at most.
const FILE_MAX_ROWS: usize = 2_000;

const CODE: &str = "学校标识码";
const NAME: &str = "学校名称";
const STAGES: &str = "学段";

/// What is wrong with a cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileProblem {
    /// Row of the file, the header being row 1.
    pub row: usize,
    /// Address of the cell, such as `A7`.
    pub cell: String,
    /// Reason.
    pub reason: &'static str,
}

/// What an import did, or would do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SchoolFileReport {
    /// Rows read.
    pub rows: usize,
    /// Schools registered.
    pub created: usize,
    /// Schools whose name or stages changed.
    pub updated: usize,
    /// Schools that were already so.
    pub unchanged: usize,
    /// Rows that were not taken.
    pub rejected: usize,
    /// What is wrong.
    pub problems: Vec<FileProblem>,
    /// Whether anything was written.
    pub committed: bool,
}

/// A row that can be read as a school.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct GoodRow {
    pub(super) row: usize,
    pub(super) stages_cell: String,
    pub(super) line: SchoolLine,
}

/// The rows of a file.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct SchoolFile {
    pub(super) rows: usize,
    pub(super) good: Vec<GoodRow>,
    pub(super) problems: Vec<FileProblem>,
}

/// Where the three columns are.
struct Columns {
    code: usize,
    name: usize,
    stages: usize,
}

/// Reads a file. A row that says the same as an earlier one is taken twice; one that says something else of the same school is a problem.
pub(super) fn read(content: &[u8]) -> Result<SchoolFile, Invalid> {
    if content.len() > FILE_MAX_BYTES {
        return Err(Violation::new("content", "TOO_LONG").param("max", FILE_MAX_BYTES).into());
    }
    let text =
        std::str::from_utf8(content).map_err(|_| Violation::new("content", "SCHOOLS_FILE_NOT_UTF8"))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
    let mut file = SchoolFile::default();
    let mut columns = None;
    for (at, record) in reader.records().enumerate() {
        let record = record.map_err(|_| Violation::new("content", "SCHOOLS_FILE_BROKEN"))?;
        let cells: Vec<String> = record.iter().map(tidy).collect();
        if cells.iter().all(String::is_empty) {
            continue;
        }
        let Some(columns) = &columns else {
            columns = Some(header(&cells)?);
            continue;
        };
        file.rows += 1;
        if file.rows > FILE_MAX_ROWS {
            return Err(Violation::new("content", "TOO_MANY").param("max", FILE_MAX_ROWS).into());
        }
        file.take(at + 1, columns, &cells);
    }
    if columns.is_none() {
        return Err(Violation::new("content", "SCHOOLS_FILE_COLUMNS").into());
    }
    Ok(file)
}

fn header(cells: &[String]) -> Result<Columns, Invalid> {
    let find = |title: &str| cells.iter().position(|cell| cell == title);
    match (find(CODE), find(NAME), find(STAGES)) {
        (Some(code), Some(name), Some(stages)) => Ok(Columns { code, name, stages }),
        _ => Err(Violation::new("content", "SCHOOLS_FILE_COLUMNS").into()),
    }
}

impl SchoolFile {
    fn take(&mut self, row: usize, columns: &Columns, cells: &[String]) {
        let cell = |column: usize| cells.get(column).map_or("", String::as_str);
        let before = self.problems.len();
        let mut wrong = |column: usize, reason| {
            self.problems.push(FileProblem { row, cell: address(column, row), reason });
        };
        let code = SchoolCode::parse(cell(columns.code));
        if code.is_none() {
            wrong(
                columns.code,
                if cell(columns.code).is_empty() { "REQUIRED" } else { "SCHOOL_CODE_FORMAT" },
            );
        }
        let name = cell(columns.name);
        if let Some(reason) = name_fault(name) {
            wrong(columns.name, reason);
        }
        let stages = Stages::of_chinese(cell(columns.stages));
        if stages.is_none() {
            let empty = cell(columns.stages).is_empty();
            wrong(columns.stages, if empty { "REQUIRED" } else { "SCHOOL_STAGES_UNKNOWN" });
        }
        let (Some(code), Some(stages), true) = (code, stages, self.problems.len() == before) else { return };
        let line = SchoolLine { code, display_name: name.to_owned(), stages };
        let other = self.good.iter().any(|earlier| earlier.line.code == line.code && earlier.line != line);
        if other {
            let cell = address(columns.code, row);
            self.problems.push(FileProblem { row, cell, reason: "SCHOOL_CODE_TWICE" });
            return;
        }
        self.good.push(GoodRow { row, stages_cell: address(columns.stages, row), line });
    }
}

/// What is wrong with a school's name.
pub(super) fn name_fault(name: &str) -> Option<&'static str> {
    match name.chars().count() {
        0 => Some("REQUIRED"),
        _ if name.starts_with(['=', '+', '-', '@']) => Some("SCHOOL_NAME_FORMULA"),
        length if length > SCHOOL_NAME_MAX => Some("SCHOOL_NAME_TOO_LONG"),
        _ => None,
    }
}

/// Without padding, digits in normal width, and without the apostrophe that keeps a spreadsheet from taking a code for a number.
fn tidy(cell: &str) -> String {
    let wide = |c: char| match c {
        '０'..='９' => char::from_u32(u32::from(c) - u32::from('０') + u32::from('0')).unwrap_or(c),
        c => c,
    };
    let text: String = cell.trim().chars().map(wide).collect();
    text.strip_prefix('\'').unwrap_or(&text).to_owned()
}

fn address(column: usize, row: usize) -> String {
    let letter =
        u8::try_from(column).ok().filter(|column| *column < 26).map_or('?', |c| char::from(b'A' + c));
    format!("{letter}{row}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reasons(text: &str) -> Vec<(String, &'static str)> {
        read(text.as_bytes()).unwrap().problems.into_iter().map(|p| (p.cell, p.reason)).collect()
    }

    #[test]
    fn columns_stand_in_any_order_with_or_without_a_byte_order_mark() {
        for text in [
            "\u{feff}学校标识码,学校名称,学段\r\n4199000100,示范县第1小学,小学\r\n",
            "学段,备注,学校名称,学校标识码\n小学,x, 示范县第1小学 ,４１９９０００１００\n,,,\n",
        ] {
            let file = read(text.as_bytes()).unwrap();
            assert_eq!((file.rows, file.good.len(), file.problems.len()), (1, 1, 0), "{text}");
            let line = &file.good[0].line;
            assert_eq!((line.code.as_str(), line.display_name.as_str()), ("4199000100", "示范县第1小学"));
        }
    }

    #[test]
    fn every_bad_cell_is_named() {
        let found = reasons(
            "学校标识码,学校名称,学段\n419900010,,大学\n4199000100,甲,小学\n4199000100,甲,小学\n4199000100,乙,小学\n,=1,小学\n",
        );
        let expected = [
            ("A2", "SCHOOL_CODE_FORMAT"),
            ("B2", "REQUIRED"),
            ("C2", "SCHOOL_STAGES_UNKNOWN"),
            ("A5", "SCHOOL_CODE_TWICE"),
            ("A6", "REQUIRED"),
            ("B6", "SCHOOL_NAME_FORMULA"),
        ];
        assert_eq!(found, expected.map(|(cell, reason)| (cell.to_owned(), reason)));
    }

    #[test]
    fn a_file_that_is_no_list_of_schools_is_refused_whole() {
        for (content, reason) in [
            (&b"\xff\xfe"[..], "SCHOOLS_FILE_NOT_UTF8"),
            (b"", "SCHOOLS_FILE_COLUMNS"),
            ("学校名称,学段\n甲,小学\n".as_bytes(), "SCHOOLS_FILE_COLUMNS"),
        ] {
            let found = read(content).unwrap_err().into_violations();
            assert_eq!(found.first().map(|v| v.reason), Some(reason));
        }
    }
}
