//! Spreadsheets: what kind of file it is, whether it is safe to open, its rows, and the workbook in which errors are marked.
//!
//! Everything here takes bytes from strangers. Nothing is unpacked into memory before [`guard`] has walked through the whole archive.

mod guard;
pub mod marked;
#[cfg(test)]
mod tests;
mod text;
mod xlsx;

use crate::domain::roster::{
    cell::Cell,
    fault::{FileFault, MAX_FILE_BYTES},
    sheet::{Collector, Sheet},
};

/// Takes the rows of a sheet: their number, from 1, and the cells that are not empty.
type Take<'t> = dyn FnMut(u32, &[Cell<'_>]) -> Result<(), FileFault> + 't;

/// Sheets of a workbook that are looked at.
const MAX_SHEETS: usize = 50;
/// What old Office files and encrypted new ones begin with.
const OLE: &[u8] = &[0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1];

/// What a file is, by its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FileKind {
    /// A workbook of Excel 2007 and later.
    Xlsx,
    /// Comma-separated text.
    Text,
}

/// Reads a roster: the first visible sheet that has its headings.
///
/// # Errors
/// What is wrong with the file as a whole.
pub fn read(content: &[u8]) -> Result<Sheet, FileFault> {
    match kind(content)? {
        FileKind::Text => {
            let mut collector = Collector::new("", false);
            text::rows(content, &mut |number, cells| collector.row(number, cells))?;
            collector.finish()
        }
        FileKind::Xlsx => {
            guard::check(content)?;
            read_workbook(content)
        }
    }
}

fn read_workbook(content: &[u8]) -> Result<Sheet, FileFault> {
    let mut book = xlsx::Workbook::open(content)?;
    let sheets = book.sheets();
    for name in &sheets {
        let mut collector = Collector::new(name, book.counts_from_1904());
        let read = book.rows(name, &mut |number, cells| collector.row(number, cells));
        match read.and_then(|()| collector.finish()) {
            // The roster may stand on another sheet.
            Err(FileFault::NoHeader) => {}
            Err(fault) => return Err(fault),
            Ok(mut sheet) => {
                let others = sheets.iter().filter(|other| *other != name);
                sheet.other_sheets = others.filter(|other| book.has_rows(other)).cloned().collect();
                return Ok(sheet);
            }
        }
    }
    Err(FileFault::NoHeader)
}

/// Walks through all rows of the sheet of this name (of the text, if it is no workbook), the unknown columns included.
///
/// # Errors
/// What is wrong with the file; for one that was read before, nothing.
fn walk(content: &[u8], sheet: &str, take: &mut Take<'_>) -> Result<(), FileFault> {
    match kind(content)? {
        FileKind::Text => text::rows(content, take),
        FileKind::Xlsx => xlsx::Workbook::open(content)?.rows(sheet, take),
    }
}

fn kind(content: &[u8]) -> Result<FileKind, FileFault> {
    if content.len() > MAX_FILE_BYTES {
        return Err(FileFault::TooLarge);
    }
    if content.starts_with(b"PK") {
        return Ok(FileKind::Xlsx);
    }
    if content.starts_with(OLE) {
        let package: Vec<u8> = "EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let encrypted = content.windows(package.len()).any(|window| window == package);
        return Err(if encrypted { FileFault::Password } else { FileFault::OldXls });
    }
    if text::is_blank(content) {
        return Err(FileFault::Empty);
    }
    if text::is_text(content) { Ok(FileKind::Text) } else { Err(FileFault::Kind) }
}
