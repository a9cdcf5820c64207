use super::{workbooks::sheet_xml, *};
use crate::domain::roster::fault::{MAX_FILE_BYTES, MAX_ROWS};

#[test]
fn each_kind_of_wrong_file_has_its_own_fault() {
    let ole = [0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1];
    let encrypted: Vec<u8> =
        ole.into_iter().chain("EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes)).collect();
    let docx = archive(&[("word/document.xml".to_owned(), b"<w/>".to_vec())]);
    let good = workbook(&[&HEADINGS, &PUPIL]);
    for (content, expected) in [
        (Vec::new(), FileFault::Empty),
        (b"\xEF\xBB\xBF \r\n".to_vec(), FileFault::Empty),
        (vec![b'a'; MAX_FILE_BYTES + 1], FileFault::TooLarge),
        (b"%PDF-1.7".to_vec(), FileFault::Kind),
        (b"<html><table></table></html>".to_vec(), FileFault::Kind),
        (b"\x89PNG\r\n\x1A\n".to_vec(), FileFault::Kind),
        (br#"{"name": "x"}"#.to_vec(), FileFault::Kind),
        (docx, FileFault::Kind),
        (ole.to_vec(), FileFault::OldXls),
        (encrypted, FileFault::Password),
        (b"PK\x03\x04 and nothing more".to_vec(), FileFault::Broken),
        (good[..good.len() / 2].to_vec(), FileFault::Broken),
        (b"\xC3\x28,\xFF\xFF\n".to_vec(), FileFault::Encoding),
        (b"just, some, words\n".to_vec(), FileFault::NoHeader),
    ] {
        assert_eq!(
            fault(&content),
            expected,
            "{:?}",
            String::from_utf8_lossy(&content[..content.len().min(40)])
        );
    }
}

#[test]
fn a_workbook_that_is_damaged_inside_is_broken() {
    for xml in ["", "<worksheet", "not xml at all", "<worksheet><sheetData><row r=\"1\"><c r=\"A1\"><v>1</v>"]
    {
        let content = with_part("xl/worksheets/sheet1.xml", xml);
        assert_eq!(fault(&content), FileFault::Broken, "{xml}");
    }
    let bad_address = sheet_xml(r#"<row r="1"><c r="!!"><v>1</v></c></row>"#);
    assert_eq!(fault(&with_part("xl/worksheets/sheet1.xml", bad_address)), FileFault::Broken);
    let backwards =
        sheet_xml(r#"<row r="9"><c r="A9"><v>1</v></c></row><row r="3"><c r="A3"><v>1</v></c></row>"#);
    assert_eq!(fault(&with_part("xl/worksheets/sheet1.xml", backwards)), FileFault::Broken);
    assert_eq!(fault(&with_part("xl/workbook.xml", "<workbook")), FileFault::Broken);
    let mut flipped = workbook(&[&HEADINGS, &PUPIL]);
    let middle = flipped.len() / 3;
    flipped[middle] ^= 0xFF;
    assert!(matches!(fault(&flipped), FileFault::Broken | FileFault::Bomb));
}

#[test]
fn what_unpacks_to_far_too_much_is_a_bomb() {
    let zeros = with_part("xl/media/image1.png", vec![0u8; 40 << 20]);
    assert!(zeros.len() < 200 << 10);
    assert_eq!(fault(&zeros), FileFault::Bomb);

    let spaces =
        format!("<row r=\"1\"><c r=\"A1\" t=\"inlineStr\"><is><t>{}</t></is></c></row>", " ".repeat(2 << 20));
    assert_eq!(fault(&with_part("xl/worksheets/sheet1.xml", sheet_xml(&spaces))), FileFault::Bomb);

    let hidden = format!("<row r=\"1\"><!--{}--></row>", "<a>".repeat(2 << 20));
    assert_eq!(fault(&with_part("xl/worksheets/sheet1.xml", sheet_xml(&hidden))), FileFault::Bomb);

    let many: Vec<(String, Vec<u8>)> = (0..5_001).map(|index| (format!("p{index}"), Vec::new())).collect();
    assert_eq!(fault(&archive(&many)), FileFault::Bomb);

    let styles = format!("<styleSheet>{}</styleSheet>", "<a/>".repeat(5 << 20));
    assert_eq!(fault(&with_part("xl/styles.xml", styles)), FileFault::Bomb);
}

#[test]
fn a_claim_of_endless_shared_strings_reserves_nothing() {
    let sst = r#"<?xml version="1.0"?><sst uniqueCount="99999999999999"><si><t>x</t></si></sst>"#;
    assert_eq!(fault(&with_part("xl/sharedStrings.xml", sst)), FileFault::Bomb);
    for dodge in [
        r#"<?xml version="1.0"?><x/><sst uniqueCount="99999999999999"/>"#,
        r#"<?xml version="1.0"?><!-- --><sst uniqueCount="99999999999999"/>"#,
        r#"<sst uniqueCount="1" uniqueCount="99999999999999"/>"#,
        r#"<sst uniqueCount="&#57;99999999999999"/>"#,
        r#"<?xml version="1.0" encoding="ISO-2022-JP"?><sst uniqueCount="1"/>"#,
        "<\0s\0s\0t\0/\0>\0",
    ] {
        assert_eq!(fault(&with_part("xl/sharedStrings.xml", dodge)), FileFault::Broken, "{dodge}");
    }
}

#[test]
fn more_rows_than_a_county_has_pupils_are_refused() {
    let line = format!("{}\n", PUPIL.join(","));
    let mut content = format!("{}\n", HEADINGS.join(","));
    content.push_str(&line.replace("419901202007170156", "1").repeat(MAX_ROWS));
    assert_eq!(read(content.as_bytes()).unwrap().len(), MAX_ROWS);
    content.push_str(&line);
    assert_eq!(fault(content.as_bytes()), FileFault::TooManyRows);
}

mod junk {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn no_bytes_make_a_reader_panic(content in prop::collection::vec(any::<u8>(), 0..2_000)) {
            let _ = read(&content);
        }

        #[test]
        fn no_damage_to_a_workbook_makes_a_reader_panic(
            damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20),
        ) {
            let mut content = workbook(&[&HEADINGS, &PUPIL]);
            for (at, byte) in damage {
                let at = at.index(content.len());
                content[at] = byte;
            }
            let _ = read(&content);
        }

        #[test]
        fn no_markup_makes_a_reader_panic(
            rows in "(<row r=\"[0-9A-Z]{0,3}\">(<c r=\"[A-Z0-9]{0,4}\" t=\"(s|n|b|e|str|d|inlineStr)\">(<v>[0-9.a-z]{0,5}</v>|<f>[A-Z]{0,3}</f>|<is><t>[a-z]{0,3}</t></is>){0,2}</c>){0,4}</row>){0,4}",
        ) {
            let _ = read(&with_part("xl/worksheets/sheet1.xml", sheet_xml(&rows)));
        }
    }
}
