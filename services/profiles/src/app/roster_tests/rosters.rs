//! Makes rosters for tests: as CSV from cells, and as workbooks that are as untidy as real ones, from a seed.

use rust_xlsxwriter::{Format, Formula, Workbook};
use std::collections::BTreeMap;

pub(super) const COLUMNS: [&str; 21] = [
    "姓名",
    "性别",
    "出生日期",
    "身份证件号",
    "学籍号",
    "学校标识码",
    "学校名称",
    "年级",
    "班级",
    "入学年月",
    "是否留守儿童",
    "是否单亲家庭",
    "是否独生子女",
    "是否随迁子女",
    "是否学习困难",
    "监护人1姓名",
    "监护人1关系",
    "监护人1电话",
    "监护人2姓名",
    "监护人2关系",
    "监护人2电话",
];

/// A row of a roster by its headings.
pub(super) type Cells = BTreeMap<&'static str, String>;

/// The check character of an identity number.
fn check(digits: &str) -> char {
    let sum = digits.bytes().fold(0u32, |sum, digit| (sum + u32::from(digit - b'0')) * 2 % 11);
    match (12 - sum) % 11 {
        10 => 'X',
        value => char::from(b'0' + value as u8),
    }
}

/// An identity number of this area, birth date (YYYYMMDD) and serial number; odd serials are men.
pub(super) fn id_number(birth: &str, serial: u32) -> String {
    let digits = format!("419901{birth}{serial:03}");
    let last = check(&digits);
    format!("{digits}{last}")
}

/// A pupil of grade 3 of the first primary school, of whom nothing is to be said.
pub(super) fn pupil(name: &str, serial: u32) -> Cells {
    let id = id_number("20180110", serial);
    let sex = if serial % 2 == 1 { "男" } else { "女" };
    let cells = [
        ("姓名", name.to_owned()),
        ("性别", sex.to_owned()),
        ("出生日期", "2018-01-10".to_owned()),
        ("学籍号", format!("G{id}")),
        ("身份证件号", id),
        ("学校标识码", "4199000100".to_owned()),
        ("学校名称", "示范县第1小学".to_owned()),
        ("年级", "三年级".to_owned()),
        ("班级", "2班".to_owned()),
        ("入学年月", "202409".to_owned()),
        ("监护人1姓名", format!("{name}父")),
        ("监护人1关系", "父亲".to_owned()),
        ("监护人1电话", format!("1997303{serial:04}")),
    ];
    cells.into_iter().collect()
}

/// The same row with other cells.
pub(super) fn with(mut row: Cells, changes: &[(&'static str, &str)]) -> Cells {
    for (column, text) in changes {
        row.insert(column, (*text).to_owned());
    }
    row
}

/// The rows as CSV, headings in row 1.
pub(super) fn csv(rows: &[Cells]) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(COLUMNS).unwrap();
    for row in rows {
        writer.write_record(COLUMNS.iter().map(|column| row.get(column).map_or("", String::as_str))).unwrap();
    }
    writer.into_inner().unwrap()
}

/// Numbers that follow from a seed.
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn of(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub(super) fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % sides as u64) as usize
    }

    fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.roll(of.len())]
    }
}

/// What a right import says of an untidy workbook.
pub(super) struct Expected {
    pub(super) content: Vec<u8>,
    pub(super) created: i32,
    pub(super) rejected: i32,
    pub(super) duplicates: i32,
    /// Row and reason of each row that was spoilt.
    pub(super) reasons: Vec<(u32, &'static str)>,
}

/// Ways to spoil a row.
const FLAWS: [&str; 7] = [
    "ROSTER_NAME_MISSING",
    "ROSTER_ID_CHECK_DIGIT",
    "ROSTER_DATE_IMPOSSIBLE",
    "ROSTER_SCHOOL_UNKNOWN",
    "ROSTER_CELL_FORMULA",
    "ROSTER_PHONE_FORMAT",
    "ROSTER_PUPIL_TWICE",
];

/// A workbook with a title, shuffled columns, dates and digits written in many ways, empty rows, repeated rows and spoilt rows.
pub(super) fn untidy(seed: u64, pupils: usize) -> Expected {
    let mut dice = Dice::of(seed);
    let mut order: Vec<&str> = COLUMNS.to_vec();
    for at in (1..order.len()).rev() {
        order.swap(at, dice.roll(at + 1));
    }
    let titles = dice.roll(4) as u32;
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    if titles > 0 {
        sheet.merge_range(0, 0, 0, 20, "中小学生信息采集表", &Format::new()).unwrap();
    }
    for (column, heading) in order.iter().enumerate() {
        let padding = *dice.pick(&["", " ", "\u{3000}", "（必填）"]);
        sheet.write(titles, column as u16, format!("{heading}{padding}")).unwrap();
    }
    let mut expected =
        Expected { content: Vec::new(), created: 0, rejected: 0, duplicates: 0, reasons: Vec::new() };
    let mut row = titles;
    let mut before: Option<Cells> = None;
    for serial in 0..pupils {
        row += 1 + u32::from(dice.roll(20) == 0);
        let mut cells = plain(&mut dice, serial as u32);
        if dice.roll(12) == 0 {
            let flaw = *dice.pick(&FLAWS);
            let flaw = if flaw == "ROSTER_PUPIL_TWICE" && before.is_none() { FLAWS[0] } else { flaw };
            spoil(&mut cells, flaw, before.as_ref());
            expected.rejected += 1;
            expected.reasons.push((row + 1, flaw));
            write(sheet, row, &order, &cells);
            continue;
        }
        expected.created += 1;
        let tidy = cells.clone();
        dress(&mut dice, &mut cells);
        write(sheet, row, &order, &cells);
        if dice.roll(15) == 0 {
            row += 1;
            let mut again = tidy.clone();
            dress(&mut dice, &mut again);
            write(sheet, row, &order, &again);
            expected.duplicates += 1;
        }
        before = Some(tidy);
    }
    expected.content = book.save_to_buffer().unwrap();
    expected
}

fn plain(dice: &mut Dice, serial: u32) -> Cells {
    const SCHOOLS: [(&str, &str, i32); 3] = [
        ("4199000100", "示范县第1小学", 1),
        ("4199000101", "示范县第2小学", 1),
        ("4199000102", "示范县第3初级中学", 7),
    ];
    const GRADES: [&str; 9] =
        ["一年级", "二年级", "三年级", "四年级", "五年级", "六年级", "七年级", "八年级", "九年级"];
    let (code, school, first) = *dice.pick(&SCHOOLS);
    let years = dice.roll(if first == 1 { 6 } else { 3 }) as i32;
    let grade = first + years;
    let birth = format!("{}{:02}{:02}", 2026 - 6 - grade, 1 + dice.roll(8), 1 + dice.roll(28));
    let id = id_number(&birth, serial % 1000);
    let name: String =
        (0..2 + dice.roll(2)).map(|_| *dice.pick(&['王', '若', '曦', '佳', '博', '𠮷'])).collect();
    let cells = [
        ("姓名", name),
        ("性别", if serial % 2 == 1 { "男" } else { "女" }.to_owned()),
        ("出生日期", format!("{}-{}-{}", &birth[..4], &birth[4..6], &birth[6..])),
        ("学籍号", format!("G{id}")),
        ("身份证件号", id),
        ("学校标识码", code.to_owned()),
        ("学校名称", school.to_owned()),
        ("年级", GRADES[grade as usize - 1].to_owned()),
        ("班级", format!("{}班", 1 + dice.roll(3))),
        ("入学年月", format!("{}09", 2026 - years)),
        ("是否留守儿童", (*dice.pick(&["是", "否"])).to_owned()),
        ("是否学习困难", (*dice.pick(&["是", "否", ""])).to_owned()),
        ("监护人1姓名", "王父".to_owned()),
        ("监护人1关系", (*dice.pick(&["父亲", "母亲", "祖母"])).to_owned()),
        ("监护人1电话", format!("199{serial:08}")),
    ];
    cells.into_iter().collect()
}

fn spoil(cells: &mut Cells, flaw: &str, before: Option<&Cells>) {
    match flaw {
        "ROSTER_NAME_MISSING" => cells.insert("姓名", String::new()),
        "ROSTER_ID_CHECK_DIGIT" => {
            let id = cells["身份证件号"].clone();
            let last = if id.ends_with('0') { '1' } else { '0' };
            cells.insert("身份证件号", format!("{}{last}", &id[..17]))
        }
        "ROSTER_DATE_IMPOSSIBLE" => cells.insert("出生日期", "2013-02-30".to_owned()),
        "ROSTER_SCHOOL_UNKNOWN" => cells.insert("学校标识码", "0000000000".to_owned()),
        "ROSTER_CELL_FORMULA" => cells.insert("姓名", "=HYPERLINK(\"http://x\",\"点\")".to_owned()),
        "ROSTER_PHONE_FORMAT" => cells.insert("监护人1电话", "1234".to_owned()),
        _ => {
            let mut again = before.unwrap().clone();
            again.insert("班级", "9班".to_owned());
            *cells = again;
            None
        }
    };
}

/// Writes the same values in other ways.
fn dress(dice: &mut Dice, cells: &mut Cells) {
    let wide = |text: &str| -> String {
        text.chars()
            .map(|c| if c.is_ascii_graphic() { char::from_u32(u32::from(c) + 0xFEE0).unwrap() } else { c })
            .collect()
    };
    let date = cells["出生日期"].clone();
    let (year, month, day) = (&date[..4], &date[5..7], &date[8..]);
    let trim = |text: &str| text.trim_start_matches('0').to_owned();
    let dates = [
        date.clone(),
        format!("{year}/{}/{}", trim(month), trim(day)),
        format!("{year}{month}{day}"),
        format!("{year}年{}月{}日", trim(month), trim(day)),
        format!("{year}.{month}.{day}"),
        "serial".to_owned(),
    ];
    let written = dice.pick(&dates).clone();
    cells.insert("出生日期", if written == "serial" { format!("serial {date}") } else { written });
    let name = format!("{}{}", dice.pick(&["", " ", "\u{3000}", "\u{A0}"]), cells["姓名"]);
    cells.insert("姓名", format!("{name}{}", dice.pick(&["", "  ", "\u{3000}"])));
    for column in ["身份证件号", "学籍号"] {
        let text = cells[column].clone();
        let ways = [text.clone(), text.to_lowercase(), wide(&text), format!(" {text} ")];
        cells.insert(column, dice.pick(&ways).clone());
    }
    let number = cells["班级"].trim_end_matches('班').to_owned();
    let classes = [
        format!("{number}班"),
        number.clone(),
        format!("({number})班"),
        format!("（{number}）班"),
        format!("{}{number}班", cells["年级"]),
    ];
    cells.insert("班级", dice.pick(&classes).clone());
    if cells["是否留守儿童"] == "是" {
        cells.insert("是否留守儿童", (*dice.pick(&["是", "√", "Y", "1"])).to_owned());
    }
    let phone = cells["监护人1电话"].clone();
    let spaced = format!("{} {}-{}", &phone[..3], &phone[3..7], &phone[7..]);
    cells.insert("监护人1电话", dice.pick(&[phone, spaced]).clone());
}

fn write(sheet: &mut rust_xlsxwriter::Worksheet, row: u32, order: &[&str], cells: &Cells) {
    for (column, heading) in order.iter().enumerate() {
        let column = column as u16;
        match cells.get(heading).map(String::as_str) {
            None | Some("") => {}
            Some(text) if text.starts_with('=') => {
                sheet.write_formula(row, column, Formula::new(text)).unwrap();
            }
            Some(text) => match text.strip_prefix("serial ") {
                Some(date) => {
                    let date: chrono::NaiveDate = date.parse().unwrap();
                    let epoch = chrono::NaiveDate::from_ymd_opt(1899, 12, 30).unwrap();
                    sheet.write(row, column, (date - epoch).num_days() as f64).unwrap();
                }
                None => {
                    sheet.write(row, column, text).unwrap();
                }
            },
        }
    }
}
