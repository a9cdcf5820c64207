//! The roster of a made-up county as a workbook.

use crate::commands::Failure;
use rust_xlsxwriter::Workbook;
use std::path::Path;
use xinqiao_seeds::county::{COLUMNS, County};

/// Writes the roster to `path`.
///
/// # Errors
/// The file cannot be written.
pub fn write(county: &County, path: &Path) -> Result<(), Failure> {
    let mut workbook = Workbook::new();
    // Row by row to disk: half a million pupils do not fit into memory as cells.
    let sheet = workbook.add_worksheet_with_low_memory()?;
    sheet.set_name("学生信息")?;
    sheet.write_row(0, 0, COLUMNS)?;
    for (index, row) in (1_u32..).zip(county.rows()) {
        sheet.write_row(index, 0, row)?;
    }
    workbook.save(path)?;
    Ok(())
}
