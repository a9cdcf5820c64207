//! A county that does not exist: schools, classes and pupils made from a seed, as the clerk's register and roster would hold them.
//!
//! The area code 419901 is not assigned, names are put together from common syllables, and phone numbers start with 199 9.

use chrono::{Datelike as _, Days, NaiveDate};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use std::collections::HashMap;

/// Pupils of a class, about.
const CLASS_SIZE: u32 = 45;
/// Area code of everybody's ID number.
const AREA: u32 = 419_901;

/// The columns of a roster, in the order in which rows hold them.
pub const COLUMNS: [&str; 21] = [
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

const SURNAMES: [&str; 24] = [
    "王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "徐", "孙", "胡", "朱", "高", "林", "何",
    "郭", "马", "罗", "梁", "宋", "郑", "谢",
];
const SYLLABLES: [&str; 24] = [
    "子", "梓", "雨", "欣", "宇", "浩", "文", "一", "思", "佳", "嘉", "俊", "晨", "诗", "涵", "轩", "雅",
    "静", "若", "天", "然", "桐", "可", "远",
];
const PRIMARY_GRADES: [&str; 6] = ["一年级", "二年级", "三年级", "四年级", "五年级", "六年级"];
const JUNIOR_GRADES: [&str; 3] = ["七年级", "八年级", "九年级"];

/// One school of the county.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct School {
    /// 标识码, ten digits.
    pub code: String,
    /// Name.
    pub name: String,
    /// Whether it teaches grades seven to nine; otherwise one to six.
    pub junior: bool,
}

/// A made-up county.
#[derive(Debug, Clone)]
pub struct County {
    /// Its schools: one in three is a junior school.
    pub schools: Vec<School>,
    pupils: u32,
    seed: u64,
    school_year: i32,
}

impl County {
    /// A county of so many schools and pupils as it stands on `today`. The same numbers make the same county.
    pub fn new(schools: u32, pupils: u32, seed: u64, today: NaiveDate) -> Self {
        let school = |index: u32| {
            let junior = index % 3 == 2;
            let kind = if junior { "初级中学" } else { "小学" };
            School {
                code: format!("4199{:06}", 300 + index),
                name: format!("示范县第{}{kind}", index + 1),
                junior,
            }
        };
        let school_year = if today.month() >= 9 { today.year() } else { today.year() - 1 };
        Self { schools: (0..schools.max(1)).map(school).collect(), pupils, seed, school_year }
    }

    /// The register of schools as CSV, with the byte order mark that a spreadsheet program writes.
    pub fn schools_csv(&self) -> String {
        let mut text = "\u{feff}学校标识码,学校名称,学段\n".to_owned();
        for school in &self.schools {
            let stage = if school.junior { "初中" } else { "小学" };
            text.push_str(&format!("{},{},{stage}\n", school.code, school.name));
        }
        text
    }

    /// The roster, row by row in the order of [`COLUMNS`].
    pub fn rows(&self) -> impl Iterator<Item = [String; 21]> + '_ {
        let mut rng = StdRng::seed_from_u64(self.seed);
        let mut numbers = IdNumbers::default();
        (0..self.pupils).map(move |index| self.row(index, &mut rng, &mut numbers))
    }

    fn row(&self, index: u32, rng: &mut StdRng, numbers: &mut IdNumbers) -> [String; 21] {
        let count = u32::try_from(self.schools.len()).unwrap_or(1);
        let school = at(&self.schools, index % count);
        let grades: &[&str] = if school.junior { &JUNIOR_GRADES } else { &PRIMARY_GRADES };
        let place = index / count;
        let in_school = self.pupils.div_ceil(count);
        let grade_count = u32::try_from(grades.len()).unwrap_or(1);
        let grade = place % grade_count;
        let classes = in_school.div_ceil(grade_count).div_ceil(CLASS_SIZE).max(1);
        let class = (place / grade_count) % classes + 1;
        let entry_year = self.school_year - i32::try_from(grade).unwrap_or(0);
        let entry_age = if school.junior { 12 } else { 6 };
        let birth = birth_date(entry_year - entry_age, rng);
        let male = rng.random_bool(0.5);
        let id = numbers.next(birth, male);
        let group = |rng: &mut StdRng, share: f64| yes(rng.random_bool(share));
        let second = rng.random_bool(0.4);
        let optional = |text: String| if second { text } else { String::new() };
        let relation = if rng.random_bool(0.6) { "母亲" } else { "父亲" };
        let other = if relation == "母亲" { "父亲" } else { "母亲" };
        [
            name(rng),
            if male { "男" } else { "女" }.to_owned(),
            birth.format("%Y-%m-%d").to_string(),
            id.clone(),
            format!("G{id}"),
            school.code.clone(),
            school.name.clone(),
            at(grades, grade).to_owned(),
            format!("{class}班"),
            format!("{entry_year}09"),
            group(rng, 0.12),
            group(rng, 0.08),
            group(rng, 0.35),
            group(rng, 0.06),
            group(rng, 0.05),
            name(rng),
            relation.to_owned(),
            phone(index * 2),
            optional(name(rng)),
            optional(other.to_owned()),
            optional(phone(index * 2 + 1)),
        ]
    }
}

/// The entry at `index`, counting round and round.
fn at<T: Clone + Default>(from: &[T], index: u32) -> T {
    from.iter().cycle().nth(index as usize % from.len().max(1)).cloned().unwrap_or_default()
}

fn yes(flag: bool) -> String {
    if flag { "是" } else { "否" }.to_owned()
}

fn name(rng: &mut StdRng) -> String {
    let mut pick = |from: &[&'static str]| at(from, rng.random_range(0..1000));
    let (surname, first) = (pick(&SURNAMES), pick(&SYLLABLES));
    let second = pick(&SYLLABLES);
    format!("{surname}{first}{second}")
}

fn phone(number: u32) -> String {
    format!("1999{number:07}")
}

/// A birthday of the school year whose children turn the entry age before its September.
fn birth_date(year: i32, rng: &mut StdRng) -> NaiveDate {
    let first = NaiveDate::from_ymd_opt(year - 1, 9, 1).unwrap_or_default();
    first.checked_add_days(Days::new(rng.random_range(0..365))).unwrap_or(first)
}

/// ID numbers that are each given out once: area, birthday, a sequence whose parity tells the sex, check digit (GB 11643-1999).
#[derive(Default)]
struct IdNumbers(HashMap<(NaiveDate, bool), u32>);

impl IdNumbers {
    fn next(&mut self, birth: NaiveDate, male: bool) -> String {
        let given = self.0.entry((birth, male)).or_default();
        let sequence = *given * 2 + u32::from(male);
        *given += 1;
        let body = format!("{AREA}{}{:03}", birth.format("%Y%m%d"), sequence % 1000);
        let check = check_digit(&body);
        format!("{body}{check}")
    }
}

fn check_digit(body: &str) -> char {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    const DIGITS: [char; 11] = ['1', '0', 'X', '9', '8', '7', '6', '5', '4', '3', '2'];
    let sum: u32 =
        body.chars().filter_map(|c| c.to_digit(10)).zip(WEIGHTS).map(|(digit, weight)| digit * weight).sum();
    at(&DIGITS, sum)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn today() -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 11, 24).unwrap()
    }

    #[test]
    fn the_same_seed_makes_the_same_county_and_another_seed_another() {
        let rows = |seed| County::new(4, 500, seed, today()).rows().collect::<Vec<_>>();
        assert_eq!(rows(1), rows(1));
        assert_ne!(rows(1), rows(2));
        assert_eq!(rows(1).len(), 500);
    }

    #[test]
    fn everybody_has_an_id_number_of_their_own_with_a_good_check_digit() {
        let county = County::new(3, 3000, 7, today());
        let ids: Vec<String> = county.rows().map(|row| row[3].clone()).collect();
        assert_eq!(ids.iter().collect::<HashSet<_>>().len(), 3000);
        for id in ids {
            assert_eq!(id.chars().last().unwrap(), check_digit(&id[..17]));
        }
        assert_eq!(check_digit("41990120181114015"), '6');
    }
}
