//! The rows of a workbook, one after the other, without holding the sheet.

use super::{MAX_SHEETS, Take};
use crate::domain::roster::{
    cell::{Cell, Value},
    fault::FileFault,
};
use calamine::{DataRef, Reader as _, SheetType, SheetVisible, Xlsx, XlsxError, XlsxFormulaMetadata};
use std::io::Cursor;

/// The last row that a sheet can have.
const LAST_ROW: u32 = 1_048_576;

/// A workbook that has passed the guard.
pub(super) struct Workbook<'a>(Xlsx<Cursor<&'a [u8]>>);

impl<'a> Workbook<'a> {
    pub(super) fn open(content: &'a [u8]) -> Result<Self, FileFault> {
        Xlsx::new(Cursor::new(content)).map(Self).map_err(|error| fault(&error))
    }

    /// Whether days are counted from 1904.
    pub(super) fn counts_from_1904(&self) -> bool {
        self.0.has_1904_epoch()
    }

    /// The names of the visible sheets.
    pub(super) fn sheets(&self) -> Vec<String> {
        let sheets = self.0.sheets_metadata().iter();
        let visible = sheets
            .filter(|sheet| sheet.visible == SheetVisible::Visible && sheet.typ == SheetType::WorkSheet);
        visible.take(MAX_SHEETS).map(|sheet| sheet.name.clone()).collect()
    }

    /// Whether there is anything on a sheet.
    pub(super) fn has_rows(&mut self, sheet: &str) -> bool {
        let mut any = false;
        let walked = self.rows(sheet, &mut |_, _| {
            any = true;
            Err(FileFault::TooManyRows)
        });
        any && walked.is_err()
    }

    /// Hands over the rows of a sheet that have cells.
    pub(super) fn rows(&mut self, sheet: &str, take: &mut Take<'_>) -> Result<(), FileFault> {
        let mut reader = self.0.worksheet_cells_reader(sheet).map_err(|error| fault(&error))?;
        let mut row: Vec<(u32, Content<'_>)> = Vec::new();
        let mut number = 0;
        while let Some(record) = reader.next_cell_with_formula_metadata().map_err(|error| fault(&error))? {
            let (at, column) = (record.pos.0 + 1, record.pos.1);
            if at != number {
                hand_over(number, &row, take)?;
                row.clear();
                if at < number || at > LAST_ROW {
                    return Err(FileFault::Broken);
                }
                number = at;
            }
            let content = match (record.formula, record.value) {
                (Some(formula), _) => Content::Formula(own_text(formula)),
                (None, DataRef::Empty) => continue,
                (None, value) => Content::Value(value),
            };
            row.push((column, content));
        }
        hand_over(number, &row, take)
    }
}

enum Content<'a> {
    Value(DataRef<'a>),
    Formula(String),
}

fn own_text(formula: XlsxFormulaMetadata) -> String {
    match formula {
        XlsxFormulaMetadata::Normal { formula } | XlsxFormulaMetadata::Shared { formula, .. } => formula,
        _ => String::new(),
    }
}

fn hand_over(number: u32, row: &[(u32, Content<'_>)], take: &mut Take<'_>) -> Result<(), FileFault> {
    if row.is_empty() {
        return Ok(());
    }
    let cells: Vec<Cell<'_>> =
        row.iter().map(|(column, content)| Cell { column: *column, value: value(content) }).collect();
    take(number, &cells)
}

fn value<'c>(content: &'c Content<'_>) -> Value<'c> {
    let value = match content {
        Content::Formula(text) => return Value::Formula(text),
        Content::Value(value) => value,
    };
    match value {
        DataRef::Int(number) => Value::Number(*number as f64),
        DataRef::Float(number) => Value::Number(*number),
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => Value::Text(text),
        DataRef::SharedString(text) => Value::Text(text),
        DataRef::Bool(true) => Value::Text("TRUE"),
        DataRef::Bool(false) => Value::Text("FALSE"),
        DataRef::DateTime(time) if time.is_datetime() => Value::Day(time.as_f64()),
        DataRef::DateTime(time) => Value::Number(time.as_f64()),
        DataRef::Error(_) => Value::Fault,
        DataRef::Empty => Value::Text(""),
    }
}

fn fault(error: &XlsxError) -> FileFault {
    match error {
        XlsxError::Password => FileFault::Password,
        _ => FileFault::Broken,
    }
}
