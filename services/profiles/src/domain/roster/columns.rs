//! The columns of a roster and how their headings are recognised.

use super::{cell::squeeze, fault::FileFault};
use serde::{Deserialize, Serialize};

/// A column of a roster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[repr(u8)]
pub enum Column {
    /// 姓名
    Name,
    /// 性别
    Sex,
    /// 出生日期
    BirthDate,
    /// 身份证件号
    IdNumber,
    /// 学籍号
    StudentNumber,
    /// 学校标识码
    SchoolCode,
    /// 学校名称
    SchoolName,
    /// 年级
    Grade,
    /// 班级
    Class,
    /// 入学年月
    EntryMonth,
    /// 是否留守儿童
    LeftBehind,
    /// 是否单亲家庭
    SingleParent,
    /// 是否独生子女
    OnlyChild,
    /// 是否随迁子女
    Migrant,
    /// 是否学习困难
    LearningDifficulty,
    /// 监护人1姓名
    Guardian1Name,
    /// 监护人1关系
    Guardian1Relation,
    /// 监护人1电话
    Guardian1Phone,
    /// 监护人2姓名
    Guardian2Name,
    /// 监护人2关系
    Guardian2Relation,
    /// 监护人2电话
    Guardian2Phone,
}

/// The columns of one guardian: name, relation, phone.
pub const GUARDIANS: [[Column; 3]; 2] = [
    [Column::Guardian1Name, Column::Guardian1Relation, Column::Guardian1Phone],
    [Column::Guardian2Name, Column::Guardian2Relation, Column::Guardian2Phone],
];

/// A roster's columns: the heading that it should have, then others that are seen in real files.
const HEADINGS: [(Column, &[&str]); Column::COUNT] = [
    (Column::Name, &["姓名", "学生姓名", "名字"]),
    (Column::Sex, &["性别"]),
    (Column::BirthDate, &["出生日期", "出生年月日", "出生年月", "生日"]),
    (
        Column::IdNumber,
        &[
            "身份证件号",
            "身份证号",
            "身份证号码",
            "身份证件号码",
            "公民身份号码",
            "证件号码",
            "证件号",
            "身份证",
        ],
    ),
    (Column::StudentNumber, &["学籍号", "全国学籍号", "学籍号码", "学生学籍号"]),
    (Column::SchoolCode, &["学校标识码", "学校代码", "学校编码", "标识码"]),
    (Column::SchoolName, &["学校名称", "学校", "就读学校"]),
    (Column::Grade, &["年级", "年级名称", "所在年级"]),
    (Column::Class, &["班级", "班级名称", "班号", "所在班级", "班"]),
    (Column::EntryMonth, &["入学年月", "入学时间", "入学日期"]),
    (Column::LeftBehind, &["是否留守儿童", "留守儿童", "是否农村留守儿童"]),
    (Column::SingleParent, &["是否单亲家庭", "单亲家庭", "是否单亲"]),
    (Column::OnlyChild, &["是否独生子女", "独生子女"]),
    (Column::Migrant, &["是否随迁子女", "随迁子女", "是否进城务工人员随迁子女"]),
    (Column::LearningDifficulty, &["是否学习困难", "学习困难"]),
    (Column::Guardian1Name, &["监护人1姓名", "监护人姓名", "监护人1", "家长1姓名", "家长姓名"]),
    (Column::Guardian1Relation, &["监护人1关系", "监护人关系", "家长1关系", "与监护人1关系"]),
    (
        Column::Guardian1Phone,
        &["监护人1电话", "监护人电话", "监护人1联系电话", "监护人1手机", "家长1电话", "家长电话"],
    ),
    (Column::Guardian2Name, &["监护人2姓名", "监护人2", "家长2姓名"]),
    (Column::Guardian2Relation, &["监护人2关系", "家长2关系", "与监护人2关系"]),
    (Column::Guardian2Phone, &["监护人2电话", "监护人2联系电话", "监护人2手机", "家长2电话"]),
];

/// What a roster must have: one column of each line.
const REQUIRED: [&[Column]; 6] = [
    &[Column::Name],
    &[Column::Sex],
    &[Column::IdNumber, Column::StudentNumber],
    &[Column::SchoolCode, Column::SchoolName],
    &[Column::Grade, Column::EntryMonth],
    &[Column::Class],
];

/// A row is taken for the headings if it has so many of them.
const ENOUGH_HEADINGS: usize = 3;

impl Column {
    /// How many columns there are.
    pub const COUNT: usize = 21;

    /// All columns, in the order of the form.
    pub fn all() -> impl Iterator<Item = Self> {
        HEADINGS.iter().map(|(column, _)| *column)
    }

    /// The heading that the form has.
    pub fn heading(self) -> &'static str {
        HEADINGS.get(self.index()).and_then(|(_, names)| names.first()).copied().unwrap_or_default()
    }

    /// Its place in arrays of one entry a column.
    pub fn index(self) -> usize {
        self as usize
    }

    /// The column that a heading names.
    pub fn of_heading(text: &str) -> Option<Self> {
        let heading = plain(text);
        HEADINGS.iter().find(|(_, names)| names.contains(&heading.as_str())).map(|(column, _)| *column)
    }
}

/// A heading without spaces, marks of obligation, hints in brackets, and with 监护人一 as 监护人1.
fn plain(text: &str) -> String {
    let mut depth = 0usize;
    let mut heading = String::new();
    for c in squeeze(text).chars() {
        match c {
            '(' | '[' | '【' | '〔' => depth += 1,
            ')' | ']' | '】' | '〕' => depth = depth.saturating_sub(1),
            '*' | ':' | '#' | '★' => {}
            _ if depth > 0 => {}
            _ => heading.push(c),
        }
    }
    for (written, meant) in [("监护人一", "监护人1"), ("监护人二", "监护人2")] {
        if heading.contains(written) {
            heading = heading.replace(written, meant);
        }
    }
    heading
}

/// Where the columns of a sheet stand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Headings {
    /// Row of the headings, from 1.
    pub row: u32,
    /// For each column: where it stands, from 0, and its heading as written.
    at: [Option<(u32, Box<str>)>; Column::COUNT],
    /// Headings that nobody knows, with their columns.
    pub unknown: Vec<(u32, String)>,
    /// Headings of columns that stand there twice.
    twice: Vec<String>,
}

impl Headings {
    /// Reads a row as headings; None if it has too few of them to be meant as such.
    pub fn of_row<'a>(row: u32, cells: impl Iterator<Item = (u32, &'a str)>) -> Option<Self> {
        let mut headings =
            Self { row, at: [const { None }; Column::COUNT], unknown: Vec::new(), twice: Vec::new() };
        for (column, text) in cells {
            let Some(known) = Column::of_heading(text) else {
                headings.unknown.push((column, text.to_owned()));
                continue;
            };
            match headings.at.get_mut(known.index()) {
                Some(place @ None) => *place = Some((column, text.into())),
                _ => headings.twice.push(known.heading().to_owned()),
            }
        }
        (headings.count() >= ENOUGH_HEADINGS).then_some(headings)
    }

    /// How many columns are known.
    pub fn count(&self) -> usize {
        self.at.iter().flatten().count()
    }

    /// Where a column stands, from 0.
    pub fn place(&self, column: Column) -> Option<u32> {
        self.at.get(column.index())?.as_ref().map(|(place, _)| *place)
    }

    /// The heading of a column as written; as the form has it where the sheet lacks it.
    pub fn written(&self, column: Column) -> &str {
        match self.at.get(column.index()) {
            Some(Some((_, text))) => text,
            _ => column.heading(),
        }
    }

    /// The columns that are there, with their places.
    pub fn places(&self) -> impl Iterator<Item = (Column, u32)> {
        Column::all().filter_map(|column| Some((column, self.place(column)?)))
    }

    /// Whether everything is there that a roster must have, once.
    ///
    /// # Errors
    /// All columns that are missing, or all that stand there twice.
    pub fn check(&self) -> Result<(), FileFault> {
        let missing: Vec<String> = REQUIRED
            .iter()
            .filter(|one_of| one_of.iter().all(|column| self.place(*column).is_none()))
            .map(|one_of| one_of.iter().map(|column| column.heading()).collect::<Vec<_>>().join("/"))
            .collect();
        if !missing.is_empty() {
            return Err(FileFault::ColumnsMissing(missing));
        }
        if !self.twice.is_empty() {
            return Err(FileFault::ColumnTwice(self.twice.clone()));
        }
        Ok(())
    }
}
