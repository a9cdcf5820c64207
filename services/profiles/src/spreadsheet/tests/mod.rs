mod bad_files;
mod csv_files;
mod marked;
mod samples;
mod workbooks;

use super::read;
use crate::domain::roster::{columns::Column, fault::FileFault, sheet::Sheet};
use rust_xlsxwriter::Workbook;
use std::io::{Cursor, Write as _};
use zip::{ZipWriter, write::SimpleFileOptions};

const HEADINGS: [&str; 6] = ["姓名", "性别", "身份证件号", "学校标识码", "年级", "班级"];
const PUPIL: [&str; 6] = ["谢哲", "男", "419901202007170156", "4199000100", "一年级", "3班"];

/// A workbook of one sheet with these rows.
fn workbook(rows: &[&[&str]]) -> Vec<u8> {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    for (row, cells) in rows.iter().enumerate() {
        for (column, text) in cells.iter().enumerate() {
            sheet.write(row as u32, column as u16, *text).unwrap();
        }
    }
    book.save_to_buffer().unwrap()
}

/// The parts of an archive.
fn parts(archive: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut archive = zip::ZipArchive::new(Cursor::new(archive)).unwrap();
    (0..archive.len())
        .map(|index| {
            let mut part = archive.by_index(index).unwrap();
            let mut content = Vec::new();
            std::io::copy(&mut part, &mut content).unwrap();
            (part.name().unwrap().into_owned(), content)
        })
        .collect()
}

fn archive(parts: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in parts {
        writer.start_file(name.as_str(), SimpleFileOptions::default()).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// A good workbook in which one part is replaced, or added.
fn with_part(name: &str, content: impl Into<Vec<u8>>) -> Vec<u8> {
    let mut parts = parts(&workbook(&[&HEADINGS, &PUPIL]));
    parts.retain(|(other, _)| other != name);
    parts.push((name.to_owned(), content.into()));
    archive(&parts)
}

fn names(sheet: &Sheet) -> Vec<(u32, String)> {
    (0..sheet.len())
        .map(|index| sheet.row(index))
        .map(|row| (row.number, row.cell(Column::Name).1.to_owned()))
        .collect()
}

fn fault(content: &[u8]) -> FileFault {
    read(content).map(|sheet| names(&sheet)).unwrap_err()
}
