//! The rows of comma-separated text, in the encodings in which spreadsheet programs write it here.

use super::Take;
use crate::domain::roster::{
    cell::{Cell, Value},
    fault::FileFault,
};
use encoding_rs::{Encoding, GB18030};
use std::borrow::Cow;

/// How much of a file tells whether it is text, and what separates its cells.
const SAMPLE: usize = 64 << 10;

/// Whether there is nothing but spaces and line ends.
pub(super) fn is_blank(content: &[u8]) -> bool {
    let content = content.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(content);
    content.iter().all(u8::is_ascii_whitespace)
}

/// Whether a file is text that can be a table: no control characters, no markup, no document of another kind.
pub(super) fn is_text(content: &[u8]) -> bool {
    if Encoding::for_bom(content).is_some() {
        return true;
    }
    let sample = content.get(..SAMPLE).unwrap_or(content);
    let controls =
        sample.iter().any(|byte| byte.is_ascii_control() && !matches!(byte, b'\t' | b'\n' | b'\r'));
    let markup = sample.trim_ascii_start().starts_with(b"<") || sample.starts_with(b"%PDF");
    let rich = sample.starts_with(b"{\\rtf") || sample.starts_with(b"{") || sample.starts_with(b"[");
    !controls && !markup && !rich
}

/// Hands over the rows of the text that are not empty.
pub(super) fn rows(content: &[u8], take: &mut Take<'_>) -> Result<(), FileFault> {
    let text = decode(content)?;
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(separator(&text))
        .from_reader(text.as_bytes());
    let mut record = csv::StringRecord::new();
    let (mut number, mut start) = (0, 0);
    while reader.read_record(&mut record).map_err(|_| FileFault::Broken)? {
        number += 1 + empty_lines(&text, start);
        start = usize::try_from(reader.position().byte()).unwrap_or(usize::MAX);
        let cells: Vec<Cell<'_>> = record
            .iter()
            .enumerate()
            .filter(|(_, text)| !text.trim().is_empty())
            .map(|(column, text)| Cell {
                column: u32::try_from(column).unwrap_or(u32::MAX),
                value: Value::Text(unquoted(text)),
            })
            .collect();
        if !cells.is_empty() {
            take(number, &cells)?;
        }
    }
    Ok(())
}

/// Lines without anything that the reader skips before the record that begins at `start`. A spreadsheet program counts them as rows, and
/// counts a record with line ends inside quotes as one.
fn empty_lines(text: &str, start: usize) -> u32 {
    let bytes = text.as_bytes();
    let mut rest = bytes.get(start..).unwrap_or_default();
    // The reader stops between the two halves of a line end.
    if start > 0 && bytes.get(start - 1) == Some(&b'\r') {
        rest = rest.strip_prefix(b"\n").unwrap_or(rest);
    }
    let mut lines = 0;
    while let Some(after) =
        rest.strip_prefix(b"\r\n").or_else(|| rest.strip_prefix(b"\n")).or_else(|| rest.strip_prefix(b"\r"))
    {
        lines += 1;
        rest = after;
    }
    lines
}

/// UTF-8, UTF-16 with a mark at its start, or GB18030.
fn decode(content: &[u8]) -> Result<Cow<'_, str>, FileFault> {
    if let Some((encoding, mark)) = Encoding::for_bom(content) {
        let rest = content.get(mark..).unwrap_or_default();
        return encoding.decode_without_bom_handling_and_without_replacement(rest).ok_or(FileFault::Encoding);
    }
    match std::str::from_utf8(content) {
        Ok(text) => Ok(Cow::Borrowed(text)),
        Err(_) => {
            GB18030.decode_without_bom_handling_and_without_replacement(content).ok_or(FileFault::Encoding)
        }
    }
}

/// Comma, tab or semicolon: what there is most of at the start.
fn separator(text: &str) -> u8 {
    let start = text.as_bytes().get(..SAMPLE.min(text.len())).unwrap_or_default();
    let count = |separator: u8| start.iter().filter(|byte| **byte == separator).count();
    [b';', b'\t', b','].into_iter().max_by_key(|separator| count(*separator)).unwrap_or(b',')
}

/// Text that was written as `="00123"` or with a leading apostrophe, so that a spreadsheet program leaves it alone.
fn unquoted(text: &str) -> &str {
    let text = text.trim();
    let guarded = text.strip_prefix("=\"").and_then(|rest| rest.strip_suffix('"'));
    match guarded {
        Some(inner) if !inner.contains(['"', '&', '(']) => inner,
        _ => text.strip_prefix('\'').unwrap_or(text),
    }
}
