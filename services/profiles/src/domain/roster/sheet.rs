//! A sheet in memory: the cells of the known columns, as text in normal form, packed so that 300,000 rows take little.

use super::{
    cell::{Address, Cell, Value, fold},
    columns::{Column, Headings},
    fault::{FileFault, MAX_COLUMNS, MAX_HEADER_ROW, MAX_ROWS},
};
use std::borrow::Cow;

/// The longest text of a cell that is kept; what is longer cannot be meant.
const MAX_CELL_CHARS: usize = 500;
/// All text of a sheet, in bytes.
const MAX_TEXT_BYTES: usize = 256 << 20;

/// What a kept cell was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// Nothing, or nothing but spaces.
    Empty,
    /// Text.
    Text,
    /// A number.
    Number,
    /// A number shown as a date.
    Day,
    /// A formula.
    Formula,
    /// An error value.
    Fault,
    /// Text too long to be meant.
    Long,
}

/// A roster's rows.
#[derive(Debug, Clone)]
pub struct Sheet {
    /// Its name; empty for text files.
    pub name: String,
    /// Where the columns stand.
    pub headings: Headings,
    /// Whether days are counted from 1904 instead of 1900.
    pub from_1904: bool,
    /// Other sheets of the workbook that are not empty and were not read.
    pub other_sheets: Vec<String>,
    numbers: Vec<u32>,
    kinds: Vec<Kind>,
    ends: Vec<u32>,
    text: String,
}

impl Sheet {
    /// How many rows there are that are not empty.
    pub fn len(&self) -> usize {
        self.numbers.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.numbers.is_empty()
    }

    /// The row at `index`, from 0; past the end, a row of empty cells.
    pub fn row(&self, index: usize) -> Row<'_> {
        Row { sheet: self, index, number: self.numbers.get(index).copied().unwrap_or_default() }
    }
}

/// A row of a sheet.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    sheet: &'a Sheet,
    index: usize,
    /// Its number in the sheet, from 1.
    pub number: u32,
}

impl<'a> Row<'a> {
    /// A cell: what it was and its text.
    pub fn cell(&self, column: Column) -> (Kind, &'a str) {
        let at = self.index * Column::COUNT + column.index();
        let start = if at == 0 { 0 } else { self.sheet.ends.get(at - 1).copied().unwrap_or_default() };
        let end = self.sheet.ends.get(at).copied().unwrap_or_default();
        let text = self.sheet.text.get(start as usize..end as usize).unwrap_or_default();
        (self.sheet.kinds.get(at).copied().unwrap_or(Kind::Empty), text)
    }

    /// Whether days are counted from 1904.
    pub fn from_1904(&self) -> bool {
        self.sheet.from_1904
    }

    /// The address of a cell of this row; None if the sheet lacks the column.
    pub fn address(&self, column: Column) -> Option<Address> {
        self.sheet.headings.place(column).map(|column| Address { column, row: self.number })
    }
}

/// Takes the rows of a sheet as a reader finds them, looks for the headings, and keeps what stands below.
#[derive(Debug)]
pub struct Collector {
    name: String,
    from_1904: bool,
    head: Vec<HeadRow>,
    last_row: u32,
    below: Option<(Slots, Sheet)>,
}

/// For each place in a row, the column that stands there.
type Slots = Vec<Option<Column>>;

/// A row before it is known where the headings are.
#[derive(Debug)]
struct HeadRow {
    number: u32,
    cells: Vec<(u32, Kind, String)>,
}

impl Collector {
    /// A collector for the sheet of this name.
    pub fn new(name: &str, from_1904: bool) -> Self {
        Self { name: name.to_owned(), from_1904, head: Vec::new(), last_row: 0, below: None }
    }

    /// Takes the cells of a row that are not empty. Rows come in their order; those without cells need not come.
    ///
    /// # Errors
    /// What is wrong with the file: no headings by the time they should have come, columns missing, too many rows.
    pub fn row(&mut self, number: u32, cells: &[Cell<'_>]) -> Result<(), FileFault> {
        if number <= self.last_row {
            return Err(FileFault::Broken);
        }
        self.last_row = number;
        if cells.iter().any(|cell| cell.column >= MAX_COLUMNS) {
            return Err(FileFault::TooManyColumns);
        }
        if number > MAX_HEADER_ROW {
            self.settle()?;
        }
        let kept = cells.iter().map(|cell| {
            let (kind, text) = kept(cell.value);
            (cell.column, kind, text)
        });
        match &mut self.below {
            Some((slots, sheet)) => sheet.keep(number, slots, kept),
            None => {
                let cells = kept.map(|(column, kind, text)| (column, kind, text.into_owned())).collect();
                self.head.push(HeadRow { number, cells });
                Ok(())
            }
        }
    }

    /// All rows have come.
    ///
    /// # Errors
    /// As for [`Self::row`], or that there are no rows below the headings.
    pub fn finish(mut self) -> Result<Sheet, FileFault> {
        self.settle()?;
        let sheet = self.below.map(|(_, sheet)| sheet);
        sheet.filter(|sheet| !sheet.is_empty()).ok_or(FileFault::NoRows)
    }

    /// Chooses the headings, unless that is done: the row that names the most columns, the first of them.
    fn settle(&mut self) -> Result<(), FileFault> {
        if self.below.is_some() {
            return Ok(());
        }
        let mut best: Option<Headings> = None;
        for row in &self.head {
            let texts = row.cells.iter().filter(|(_, kind, _)| *kind == Kind::Text);
            let found = Headings::of_row(row.number, texts.map(|(column, _, text)| (*column, text.as_str())));
            if let Some(found) = found
                && best.as_ref().is_none_or(|best| found.count() > best.count())
            {
                best = Some(found);
            }
        }
        let headings = best.ok_or(FileFault::NoHeader)?;
        headings.check()?;
        let mut slots: Slots = vec![None; MAX_COLUMNS as usize];
        for (column, place) in headings.places() {
            if let Some(slot) = slots.get_mut(place as usize) {
                *slot = Some(column);
            }
        }
        let first = headings.row + 1;
        let mut sheet = Sheet::below(headings, std::mem::take(&mut self.name), self.from_1904);
        for row in std::mem::take(&mut self.head).into_iter().filter(|row| row.number >= first) {
            let cells = row.cells.into_iter().map(|(column, kind, text)| (column, kind, Cow::Owned(text)));
            sheet.keep(row.number, &slots, cells)?;
        }
        self.below = Some((slots, sheet));
        Ok(())
    }
}

impl Sheet {
    fn below(headings: Headings, name: String, from_1904: bool) -> Self {
        Self {
            name,
            headings,
            from_1904,
            other_sheets: Vec::new(),
            numbers: Vec::new(),
            kinds: Vec::new(),
            ends: Vec::new(),
            text: String::new(),
        }
    }

    /// Appends a row of one cell a column, unless all are empty.
    fn keep<'c>(
        &mut self,
        number: u32,
        slots: &[Option<Column>],
        cells: impl Iterator<Item = (u32, Kind, Cow<'c, str>)>,
    ) -> Result<(), FileFault> {
        let mut row: [(Kind, Cow<'c, str>); Column::COUNT] =
            [const { (Kind::Empty, Cow::Borrowed("")) }; Column::COUNT];
        for (place, kind, text) in cells {
            let column = slots.get(place as usize).copied().flatten();
            if let Some(slot) = column.and_then(|column| row.get_mut(column.index())) {
                *slot = (kind, text);
            }
        }
        if row.iter().all(|(kind, _)| *kind == Kind::Empty) {
            return Ok(());
        }
        if self.numbers.len() >= MAX_ROWS {
            return Err(FileFault::TooManyRows);
        }
        for (kind, text) in &row {
            self.kinds.push(*kind);
            self.text.push_str(text);
            self.ends.push(u32::try_from(self.text.len()).map_err(|_| FileFault::Bomb)?);
        }
        if self.text.len() > MAX_TEXT_BYTES {
            return Err(FileFault::Bomb);
        }
        self.numbers.push(number);
        Ok(())
    }
}

/// What is kept of a value.
fn kept(value: Value<'_>) -> (Kind, Cow<'_, str>) {
    match value {
        Value::Text(text) => match fold(text) {
            text if text.is_empty() => (Kind::Empty, Cow::Borrowed("")),
            text if text.len() > MAX_CELL_CHARS && text.chars().count() > MAX_CELL_CHARS => {
                (Kind::Long, Cow::Borrowed(""))
            }
            text => (Kind::Text, text),
        },
        Value::Number(number) => (Kind::Number, Cow::Owned(digits(number))),
        Value::Day(number) => (Kind::Day, Cow::Owned(digits(number))),
        Value::Formula(_) => (Kind::Formula, Cow::Borrowed("")),
        Value::Fault => (Kind::Fault, Cow::Borrowed("")),
    }
}

/// A number as one would type it: without exponent, without `.0`.
fn digits(number: f64) -> String {
    format!("{number}")
}
