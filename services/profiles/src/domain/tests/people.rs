use super::noon;
use crate::domain::{
    class::Class,
    identifiers::{IdNumber, PersonName, Sex, StudentNumber},
    ids::{ClassId, SchoolId, StaffId},
    school::Running,
    staff::{LedGrade, Post, StaffFault, StaffMember, Vacancy, vacancies},
    stage::Stage,
    student::{GroupKind, Person, PersonFault, SpecialGroup, Step, StudentState, YearMonth, step},
};
use chrono::NaiveDate;
use uuid::Uuid;

fn school() -> SchoolId {
    SchoolId(Uuid::from_u128(1))
}

fn class(number: u128) -> Class {
    Class::open(ClassId(Uuid::from_u128(number)), school(), Stage::Primary, 2024, number as i32, noon())
}

fn member(posts: &[Post]) -> StaffMember {
    StaffMember {
        id: StaffId(Uuid::from_u128(9)),
        school: Some(school()),
        name: PersonName::parse("王芳").unwrap(),
        user: None,
        posts: posts.iter().copied().collect(),
        homeroom_classes: Default::default(),
        led_grades: Default::default(),
        on_leave: false,
        state: Running::Active,
        created_at: noon(),
        updated_at: noon(),
        version: 1,
    }
}

#[test]
fn posts_place_classes_and_grades_go_together() {
    assert_eq!(member(&[Post::Principal]).check(), Ok(()));
    assert_eq!(member(&[]).check(), Err(StaffFault::NoPost));
    assert_eq!(member(&[Post::CountyDuty]).check(), Err(StaffFault::WrongPlace));
    let county = StaffMember { school: None, ..member(&[Post::CountyCentre]) };
    assert_eq!(county.check(), Ok(()));
    let mixed = StaffMember { school: None, ..member(&[Post::CountyCentre, Post::Subject]) };
    assert_eq!(mixed.check(), Err(StaffFault::WrongPlace));
    let classes = StaffMember { homeroom_classes: [class(1).id].into(), ..member(&[Post::Subject]) };
    assert_eq!(classes.check(), Err(StaffFault::NotHomeroom));
    let grade = LedGrade { stage: Stage::Primary, entry_year: 2024 };
    let grades = StaffMember { led_grades: [grade].into(), ..member(&[Post::Subject]) };
    assert_eq!(grades.check(), Err(StaffFault::NotGradeLeader));
}

#[test]
fn an_empty_school_lacks_every_post_and_each_class_its_homeroom_teacher() {
    let post = |post| Vacancy { post, class: None };
    let room = |number| Vacancy { post: Post::Homeroom, class: Some(class(number).id) };
    let closed = Class { state: Running::Closed, ..class(3) };
    assert_eq!(
        vacancies(&[], &[class(1), class(2), closed]),
        [post(Post::Principal), post(Post::Deputy), post(Post::Psychologist), room(1), room(2)]
    );
}

#[test]
fn a_part_time_psychologist_fills_the_post_and_somebody_on_leave_fills_none() {
    let homeroom = StaffMember { homeroom_classes: [class(1).id].into(), ..member(&[Post::Homeroom]) };
    let staff =
        [member(&[Post::Principal, Post::Deputy]), member(&[Post::PsychologistPartTime]), homeroom.clone()];
    assert_eq!(vacancies(&staff, &[class(1)]), []);
    let away = staff.map(|member| StaffMember { on_leave: true, ..member });
    assert_eq!(vacancies(&away, &[class(1)]).len(), 4);
    assert_eq!(vacancies(&[homeroom.retired()], &[class(1)]).len(), 4);
}

#[test]
fn school_life_goes_its_way() {
    use StudentState::{Enrolled, Graduated, Left, OnLeave, Transferring};
    for (from, by, to) in [
        (Enrolled, Step::Transfer, Some(Transferring)),
        (Transferring, Step::Accept, Some(Enrolled)),
        (Transferring, Step::CancelTransfer, Some(Enrolled)),
        (Transferring, Step::Leave, None),
        (Transferring, Step::ChangeClass, None),
        (Transferring, Step::Graduate, None),
        (Enrolled, Step::Accept, None),
        (Enrolled, Step::TakeLeave, Some(OnLeave)),
        (OnLeave, Step::Return, Some(Enrolled)),
        (OnLeave, Step::TakeLeave, None),
        (OnLeave, Step::Transfer, None),
        (Enrolled, Step::Leave, Some(Left)),
        (Left, Step::Return, Some(Enrolled)),
        (Left, Step::Leave, None),
        (Enrolled, Step::Return, None),
        (OnLeave, Step::Graduate, Some(Graduated)),
        (Graduated, Step::Return, Some(Enrolled)),
        (Graduated, Step::Graduate, None),
    ] {
        assert_eq!(step(from, by), to, "{from:?} {by:?}");
    }
}

fn person() -> Person {
    Person {
        name: PersonName::parse("宋子佳").unwrap(),
        sex: Sex::Male,
        birth_date: NaiveDate::from_ymd_opt(2018, 6, 28).unwrap(),
        id_number: Some(IdNumber::parse("419901201806280293").unwrap()),
        student_number: Some(StudentNumber::parse("G419901201806280293").unwrap()),
        enrol_month: YearMonth::parse("2024-09"),
    }
}

#[test]
fn birth_date_and_sex_are_those_of_the_id_number() {
    let today = noon().shanghai_date();
    assert_eq!(person().faults(today), []);
    let other =
        Person { sex: Sex::Female, birth_date: NaiveDate::from_ymd_opt(2018, 6, 29).unwrap(), ..person() };
    assert_eq!(other.faults(today), [PersonFault::BirthDate, PersonFault::Sex]);
    let free = Person { id_number: None, ..other };
    assert_eq!(free.faults(today), []);
    let unknown = Person { student_number: None, ..free };
    assert_eq!(unknown.faults(today), [PersonFault::NoNumber]);
    let unborn =
        Person { id_number: None, birth_date: NaiveDate::from_ymd_opt(2030, 1, 1).unwrap(), ..person() };
    assert_eq!(unborn.faults(today), [PersonFault::Age]);
}

#[test]
fn a_special_group_holds_from_its_first_to_its_last_day() {
    let day = |text: &str| text.parse().unwrap();
    let group = SpecialGroup {
        kind: GroupKind::LeftBehind,
        since: day("2026-09-01"),
        until: Some(day("2026-11-24")),
        source: "roster".into(),
    };
    for (date, holds) in
        [("2026-08-31", false), ("2026-09-01", true), ("2026-11-24", true), ("2026-11-25", false)]
    {
        assert_eq!(group.holds_on(day(date)), holds, "{date}");
    }
}

#[test]
fn a_month_has_one_spelling() {
    assert_eq!(YearMonth::parse("2024-09").unwrap().to_string(), "2024-09");
    for text in ["", "2024-9", "2024-13", "2024-00", "24-09", "2024/09", "+024-09"] {
        assert_eq!(YearMonth::parse(text), None, "{text}");
    }
}
