//! Walks through a workbook's archive before anything opens it: how much it unpacks to, and what the reader would stumble over.

use crate::domain::roster::fault::FileFault;
use std::io::{Cursor, ErrorKind, Read};
use zip::{ZipArchive, result::ZipError};

/// What all parts together may unpack to: 300,000 rows of 21 cells take some 500 MiB.
const MAX_UNPACKED: u64 = 1 << 30;
/// What a workbook may unpack to for each packed byte, once it is past [`RATIO_MATTERS`]. Rosters reach 10 to 30, zeros 1,000.
const MAX_RATIO: u64 = 250;
const RATIO_MATTERS: u64 = 16 << 20;
/// Parts of the archive.
const MAX_PARTS: u16 = 5_000;
/// The strings that cells share are held in memory.
const MAX_SHARED_STRINGS: u64 = 128 << 20;
const MAX_SHARED_STRING_COUNT: u64 = 8_000_000;
/// Every other part that a reader holds in memory.
const MAX_SMALL_PART: u64 = 16 << 20;
/// Between two tags; Excel keeps at most 32,767 characters in a cell.
const MAX_TEXT_RUN: usize = 1 << 20;
/// Where the first tag of a part must have ended.
const HEAD: usize = 16 << 10;

/// Checks an archive. Memory stays small whatever it holds.
///
/// # Errors
/// [`FileFault::Bomb`], [`FileFault::Broken`], [`FileFault::Password`], or [`FileFault::Kind`] for an archive that is no workbook.
pub(super) fn check(content: &[u8]) -> Result<(), FileFault> {
    if parts(content).is_none_or(|parts| parts > MAX_PARTS) {
        // An archive without its end is broken; one with too many parts is no workbook.
        return Err(if parts(content).is_some() { FileFault::Bomb } else { FileFault::Broken });
    }
    let mut archive = ZipArchive::new(Cursor::new(content)).map_err(|error| of_zip(&error))?;
    let mut names = archive.file_names().filter_map(Result::ok);
    if !names.any(|name| plain_name(&name) == "xl/workbook.xml") {
        return Err(FileFault::Kind);
    }
    drop(names);
    let declared = archive.decompressed_size().unwrap_or_default();
    let limit = (content.len() as u64 * MAX_RATIO).clamp(RATIO_MATTERS, MAX_UNPACKED);
    if declared > u128::from(limit) {
        return Err(FileFault::Bomb);
    }
    let mut left = limit;
    let mut large = false;
    let mut package = Vec::new();
    for index in 0..archive.len() {
        let mut part = archive.by_index(index).map_err(|error| of_zip(&error))?;
        let name = plain_name(&part.name().map_err(|error| of_zip(&error))?);
        let mut walk = Walk::new(&name);
        let size = walk.through(&mut part, left)?;
        left = left.saturating_sub(size);
        large |= size > MAX_SMALL_PART;
        if name == "_rels/.rels" {
            package = walk.head;
        }
    }
    // The one way to make the reader take a large sheet for something that it holds in memory.
    let names_sheets = package.to_ascii_lowercase().windows(9).any(|window| window == b"worksheet");
    if large && (names_sheets || package.contains(&b'&') || package.len() >= HEAD) {
        return Err(FileFault::Bomb);
    }
    Ok(())
}

/// How many parts the archive says it has; None if its end record is missing.
fn parts(content: &[u8]) -> Option<u16> {
    const END: &[u8] = b"PK\x05\x06";
    let at = content.windows(END.len()).rposition(|window| window == END)?;
    let count = content.get(at + 10..at + 12)?;
    Some(u16::from_le_bytes(count.try_into().ok()?))
}

fn plain_name(name: &str) -> String {
    name.trim_start_matches('/').replace('\\', "/").to_ascii_lowercase()
}

fn of_zip(error: &ZipError) -> FileFault {
    match error {
        ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED) | ZipError::InvalidPassword => {
            FileFault::Password
        }
        _ => FileFault::Broken,
    }
}

/// The walk through one part.
struct Walk {
    xml: bool,
    shared_strings: bool,
    limit: u64,
    head: Vec<u8>,
    run: usize,
    after_bracket: bool,
    oddities: u64,
}

impl Walk {
    fn new(name: &str) -> Self {
        let xml = name.ends_with(".xml") || name.ends_with(".rels");
        let shared_strings = name.ends_with("sharedstrings.xml");
        let limit = if shared_strings {
            MAX_SHARED_STRINGS
        } else if xml && !name.starts_with("xl/worksheets/") {
            MAX_SMALL_PART
        } else {
            MAX_UNPACKED
        };
        Self { xml, shared_strings, limit, head: Vec::new(), run: 0, after_bracket: false, oddities: 0 }
    }

    /// Unpacks the part piece by piece and answers its size.
    fn through(&mut self, part: &mut impl Read, left: u64) -> Result<u64, FileFault> {
        let mut size = 0u64;
        let mut piece = vec![0u8; 64 << 10];
        loop {
            let count = match part.read(&mut piece) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(_) => return Err(FileFault::Broken),
            };
            size += count as u64;
            if size > left.min(self.limit) {
                return Err(FileFault::Bomb);
            }
            let bytes = piece.get(..count).unwrap_or_default();
            if self.head.len() < HEAD {
                self.head.extend(bytes.iter().take(HEAD - self.head.len()));
            }
            if self.xml {
                self.scan(bytes)?;
            }
        }
        if self.xml {
            self.judge_xml(size)?;
        }
        Ok(size)
    }

    /// Looks for text without tags that a reader would hold as one, and counts comments, declarations and the like.
    fn scan(&mut self, bytes: &[u8]) -> Result<(), FileFault> {
        if self.after_bracket && matches!(bytes.first(), Some(b'!' | b'?')) {
            self.oddities += 1;
        }
        self.after_bracket = bytes.last() == Some(&b'<');
        let mut pieces = bytes.split(|byte| *byte == b'<');
        self.run += pieces.next().map_or(0, <[u8]>::len);
        for piece in pieces {
            if self.run > MAX_TEXT_RUN {
                return Err(FileFault::Bomb);
            }
            self.run = piece.len();
            if matches!(piece.first(), Some(b'!' | b'?')) {
                self.oddities += 1;
            }
        }
        if self.run > MAX_TEXT_RUN { Err(FileFault::Bomb) } else { Ok(()) }
    }

    fn judge_xml(&self, size: u64) -> Result<(), FileFault> {
        // A comment may hide tags from the count of runs, and text in another alphabet hides everything.
        let hidden = self.oddities > 1 && size > 4 * MAX_TEXT_RUN as u64;
        if hidden {
            return Err(FileFault::Bomb);
        }
        if self.head.contains(&0) || other_encoding(&self.head) {
            return Err(FileFault::Broken);
        }
        if self.shared_strings && shared_string_count(&self.head)? > MAX_SHARED_STRING_COUNT {
            return Err(FileFault::Bomb);
        }
        Ok(())
    }
}

/// Whether the declaration of a part names another encoding than UTF-8, the only one that we look through.
fn other_encoding(head: &[u8]) -> bool {
    let head = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head);
    let declaration = head.split(|byte| *byte == b'>').next().unwrap_or_default().to_ascii_lowercase();
    declaration.starts_with(b"<?xml")
        && contains(&declaration, b"encoding")
        && !contains(&declaration, b"utf-8")
        && !contains(&declaration, b"us-ascii")
}

/// How many strings the first tag of the shared strings claims; the reader makes room for so many at once.
fn shared_string_count(head: &[u8]) -> Result<u64, FileFault> {
    let text = String::from_utf8_lossy(head);
    let mut tags = text.split('<').skip(1);
    let tag = tags.find(|tag| !tag.starts_with('?')).ok_or(FileFault::Broken)?;
    let (tag, _) = tag.split_once('>').ok_or(FileFault::Broken)?;
    let name = tag.split([' ', '/', '\t', '\r', '\n']).next().unwrap_or_default();
    if name.rsplit(':').next() != Some("sst") {
        return Err(FileFault::Broken);
    }
    let Some((_, count)) = tag.split_once("uniqueCount") else { return Ok(0) };
    if count.contains("uniqueCount") || count.contains('&') {
        return Err(FileFault::Broken);
    }
    let digits: String =
        count.chars().skip_while(|c| !c.is_ascii_digit()).take_while(char::is_ascii_digit).collect();
    Ok(if digits.is_empty() { 0 } else { digits.parse().unwrap_or(u64::MAX) })
}

fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}
