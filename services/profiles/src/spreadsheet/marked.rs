//! The workbook that goes back to the clerk: the rows of the roster as they were, with everything marked that there is to say of them.

use super::walk;
use crate::domain::roster::{
    cell::{Cell, Value},
    fault::FileFault,
    import::About,
};
use rust_xlsxwriter::{Color, Format, Note, Workbook, Worksheet, XlsxError};
use std::collections::{BTreeMap, HashMap};

/// Rows that the workbook holds. A file with more rows comes back with only those that something is to be said of.
pub const MAX_ROWS: usize = 50_000;
/// Cells that carry a comment; the column of reasons has everything in any case.
const MAX_NOTES: usize = 5_000;
/// Characters that a cell can hold; text files know no such limit.
const MAX_CELL_CHARS: usize = 32_000;
/// Days from the one epoch of workbooks to the other.
const DAYS_1900_TO_1904: f64 = 1_462.0;
/// Width of the column of reasons, in characters.
const REASONS_WIDTH: f64 = 80.0;

/// The media type of what [`workbook`] makes.
pub const CONTENT_TYPE: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// What is to be said of a cell, or of the row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// Where it stands in the row, from 0; None for the row.
    pub column: Option<u32>,
    /// Whether it leaves the row in.
    pub warning: bool,
    /// The reason, in words.
    pub text: String,
    /// The same with the address of the cell and the heading of its column before it.
    pub line: String,
}

/// The marks of a sheet, by row.
pub type Marks = HashMap<u32, Vec<Mark>>;

/// Why there is no workbook.
#[derive(Debug, thiserror::Error)]
pub enum MarkFault {
    /// The file cannot be read any more.
    #[error(transparent)]
    File(#[from] FileFault),
    /// The workbook cannot be written.
    #[error("a workbook could not be written")]
    Write(#[from] XlsxError),
}

/// The formats of cells by what there is to say of them.
struct Formats {
    plain: Look,
    wrong: Look,
    doubtful: Look,
    heading: Format,
    reasons: Format,
}

/// The formats of one kind of cell by what it holds.
struct Look {
    text: Format,
    number: Format,
    day: Format,
}

impl Look {
    fn on(colour: Option<u32>) -> Self {
        let base = || match colour {
            Some(colour) => Format::new().set_background_color(Color::RGB(colour)),
            None => Format::new(),
        };
        // Text stays text when somebody edits it: no number loses its last digits, nothing becomes a formula.
        let text = base().set_num_format("@").set_quote_prefix();
        Self { text, number: base(), day: base().set_num_format("yyyy-mm-dd") }
    }
}

impl Formats {
    fn new() -> Self {
        Self {
            plain: Look::on(None),
            wrong: Look::on(Some(0x00FF_9999)),
            doubtful: Look::on(Some(0x00FF_F2B3)),
            heading: Format::new().set_bold().set_num_format("@"),
            reasons: Format::new().set_text_wrap().set_num_format("@").set_quote_prefix(),
        }
    }

    fn of(&self, marks: &[&Mark]) -> &Look {
        match marks {
            [] => &self.plain,
            marks if marks.iter().all(|mark| mark.warning) => &self.doubtful,
            _ => &self.wrong,
        }
    }
}

/// Makes the workbook of a file that was read as `about` says.
///
/// # Errors
/// The file cannot be read, or the workbook not written.
pub fn workbook(
    content: &[u8],
    about: &About,
    marks: &Marks,
    heading: &str,
    only_marked: bool,
    rows_total: usize,
) -> Result<Vec<u8>, MarkFault> {
    let mut book = Workbook::new();
    let mut page = Page {
        sheet: book.add_worksheet(),
        formats: Formats::new(),
        header_row: about.headings.row,
        reasons: reasons_column(about),
        next: 0,
        epoch_days: if about.from_1904 { DAYS_1900_TO_1904 } else { 0.0 },
        left: MAX_ROWS,
        notes: MAX_NOTES,
    };
    let all = !only_marked && rows_total <= MAX_ROWS;
    let mut failed = None;
    walk(content, &about.sheet, &mut |number, cells| {
        let marked = marks.get(&number).map(Vec::as_slice).unwrap_or_default();
        if number > about.headings.row && (!all && marked.is_empty() || page.left == 0) {
            return Ok(());
        }
        let place = if all { number - 1 } else { page.next };
        page.row(place, number, cells, marked, heading).map_err(|fault| {
            failed = Some(fault);
            FileFault::Broken
        })
    })
    .map_err(|fault| failed.take().map_or(MarkFault::File(fault), MarkFault::Write))?;
    Ok(book.save_to_buffer()?)
}

/// The first column right of everything that has a heading.
fn reasons_column(about: &About) -> u16 {
    let known = about.headings.places().map(|(_, place)| place);
    let last = known.chain(about.headings.unknown.iter().map(|(place, _)| *place)).max().unwrap_or_default();
    u16::try_from(last + 1).unwrap_or(u16::MAX)
}

fn cut(text: &str) -> &str {
    text.char_indices().nth(MAX_CELL_CHARS).and_then(|(at, _)| text.get(..at)).unwrap_or(text)
}

struct Page<'b> {
    sheet: &'b mut Worksheet,
    formats: Formats,
    header_row: u32,
    reasons: u16,
    next: u32,
    epoch_days: f64,
    left: usize,
    notes: usize,
}

impl Page<'_> {
    fn row(
        &mut self,
        place: u32,
        number: u32,
        cells: &[Cell<'_>],
        marks: &[Mark],
        heading: &str,
    ) -> Result<(), XlsxError> {
        self.next = place + 1;
        if number > self.header_row {
            self.left -= 1;
        }
        let mut of_column: BTreeMap<u32, Vec<&Mark>> = BTreeMap::new();
        for mark in marks {
            of_column.entry(mark.column.unwrap_or(self.reasons.into())).or_default().push(mark);
        }
        // Cells that are wrong because they are empty are not among the cells.
        let empty = of_column.keys().filter(|column| cells.iter().all(|cell| cell.column != **column));
        let empty = empty.map(|column| Cell { column: *column, value: Value::Text("") });
        for cell in cells.iter().copied().chain(empty) {
            // Whatever stands right of the headings gives way to the reasons.
            let Some(column) = u16::try_from(cell.column).ok().filter(|column| *column < self.reasons) else {
                continue;
            };
            let marks = of_column.get(&cell.column).map(Vec::as_slice).unwrap_or_default();
            self.cell(place, column, cell.value, number, marks)?;
        }
        if number == self.header_row {
            self.sheet.set_column_width(self.reasons, REASONS_WIDTH)?;
            self.sheet.write_string_with_format(place, self.reasons, heading, &self.formats.heading)?;
            self.sheet.set_freeze_panes(place + 1, 0)?;
        } else if !marks.is_empty() {
            let lines: Vec<&str> = marks.iter().map(|mark| mark.line.as_str()).collect();
            self.sheet.write_string_with_format(
                place,
                self.reasons,
                lines.join("\n"),
                &self.formats.reasons,
            )?;
        }
        Ok(())
    }

    fn cell(
        &mut self,
        place: u32,
        column: u16,
        value: Value<'_>,
        number: u32,
        marks: &[&Mark],
    ) -> Result<(), XlsxError> {
        let look = self.formats.of(marks);
        let text = if number == self.header_row { &self.formats.heading } else { &look.text };
        match value {
            Value::Text(written) => self.sheet.write_string_with_format(place, column, cut(written), text)?,
            Value::Formula(written) => {
                self.sheet.write_string_with_format(place, column, format!("={}", cut(written)), text)?
            }
            Value::Fault => self.sheet.write_string_with_format(place, column, "#N/A", text)?,
            Value::Number(written) => {
                self.sheet.write_number_with_format(place, column, written, &look.number)?
            }
            Value::Day(written) => {
                let day = written + self.epoch_days;
                self.sheet.write_number_with_format(place, column, day, &look.day)?
            }
        };
        if !marks.is_empty() && self.notes > 0 {
            self.notes -= 1;
            let lines: Vec<&str> = marks.iter().map(|mark| mark.text.as_str()).collect();
            self.sheet.insert_note(place, column, &Note::new(lines.join("\n")).add_author_prefix(false))?;
        }
        Ok(())
    }
}
