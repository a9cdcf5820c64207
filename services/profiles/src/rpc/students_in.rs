//! What a request says of a pupil, read with all that is wrong with it.

use super::wire::{CLASS, Mask, STUDENT, Wire, text};
use crate::{
    app::{NewStudent, StudentPatch},
    domain::{
        identifiers::{
            IdNumber, IdNumberFault, NameFault, PersonName, Phone, Sex, StudentNumber, StudentNumberFault,
        },
        ids::{ClassId, GuardianId, SchoolId, StudentId},
        student::{
            GROUPS_MAX, GUARDIANS_MAX, GroupKind, Guardian, Person, RELATION_MAX, SOURCE_MAX, SpecialGroup,
            YearMonth,
        },
    },
};
use chrono::NaiveDate;
use xinqiao_kit::{
    ids::Ids,
    status::Violation,
    validate::{Invalid, Violations},
};
use xinqiao_proto::profiles::v1 as pb;

/// Who says so, when the request names nobody.
const SOURCE_SCHOOL: &str = "school";

/// A person's name.
pub(super) fn person_name(v: &mut Violations, field: &str, given: &str) -> Option<PersonName> {
    let fault = match PersonName::parse(given) {
        Ok(name) => return Some(name),
        Err(fault) => fault,
    };
    v.push(match fault {
        NameFault::Empty => Violation::new(field, "REQUIRED"),
        NameFault::Formula => Violation::new(field, "NAME_FORMULA"),
        NameFault::Character => Violation::new(field, "NAME_CHARACTER"),
        NameFault::Length => Violation::new(field, "TOO_LONG").param("max", PersonName::MAX),
    });
    None
}

/// An ID number.
pub(super) fn id_number(v: &mut Violations, field: &str, given: &str) -> Option<IdNumber> {
    let reason = |fault| match fault {
        IdNumberFault::Shape => "ID_NUMBER_FORMAT",
        IdNumberFault::BirthDate => "ID_NUMBER_BIRTH_DATE",
        IdNumberFault::CheckDigit => "ID_NUMBER_CHECK_DIGIT",
    };
    let given = given.trim();
    if given.is_empty() { None } else { v.check(field, IdNumber::parse(given).map_err(reason)) }
}

/// A student number.
pub(super) fn student_number(v: &mut Violations, field: &str, given: &str) -> Option<StudentNumber> {
    let reason = |fault| match fault {
        StudentNumberFault::Shape => "STUDENT_NUMBER_FORMAT",
        StudentNumberFault::Inside => "STUDENT_NUMBER_ID_INSIDE",
    };
    let given = given.trim();
    if given.is_empty() { None } else { v.check(field, StudentNumber::parse(given).map_err(reason)) }
}

fn enrol_month(v: &mut Violations, given: &str) -> Option<YearMonth> {
    if given.is_empty() {
        return None;
    }
    v.check("student.enrol_month", YearMonth::parse(given).ok_or("INVALID_MONTH"))
}

fn groups(v: &mut Violations, given: &[pb::SpecialGroup], today: NaiveDate) -> Vec<SpecialGroup> {
    v.count("student.special_groups", given.len(), GROUPS_MAX);
    let mut groups: Vec<SpecialGroup> = Vec::new();
    for (at, group) in given.iter().take(GROUPS_MAX).enumerate() {
        let field = |name: &str| format!("student.special_groups[{at}].{name}");
        let kind = v.enum_value(&field("kind"), group.kind, GroupKind::of_wire);
        let date = |v: &mut Violations, name: &str, given: &str| {
            if given.is_empty() { None } else { v.date(&field(name), given) }
        };
        let since = date(v, "since_date", &group.since_date).unwrap_or(today);
        let until = date(v, "until_date", &group.until_date);
        if until.is_some_and(|until| until < since) {
            v.push(Violation::new(field("until_date"), "INVALID_DATE"));
        }
        let source = if group.source.is_empty() { SOURCE_SCHOOL } else { &group.source };
        let source = text(v, &field("source"), source, 1, SOURCE_MAX);
        let Some(kind) = kind else { continue };
        if groups.iter().any(|earlier| earlier.kind == kind && earlier.since == since) {
            v.push(Violation::new(field("kind"), "DUPLICATE"));
        }
        groups.push(SpecialGroup { kind, since, until, source });
    }
    groups
}

fn guardians(v: &mut Violations, given: &[pb::Guardian], ids: &Ids) -> Vec<Guardian> {
    v.count("student.guardians", given.len(), GUARDIANS_MAX);
    let mut guardians = Vec::new();
    for (at, guardian) in given.iter().take(GUARDIANS_MAX).enumerate() {
        let field = |name: &str| format!("student.guardians[{at}].{name}");
        let name = person_name(v, &field("display_name"), &guardian.display_name);
        let relation = text(v, &field("relation"), &guardian.relation, 1, RELATION_MAX);
        let phone = match guardian.phone.trim() {
            "" => None,
            phone => v.check(&field("phone"), Phone::parse(phone).map_err(|_| "PHONE_FORMAT")),
        };
        let id = GuardianId(ids.new_id());
        guardians.extend(name.map(|name| Guardian { id, name, relation, phone }));
    }
    guardians
}

/// A pupil to enter.
pub(super) fn new_student(
    given: Option<pb::Student>,
    ids: &Ids,
    today: NaiveDate,
) -> Result<NewStudent, Invalid> {
    let mut v = Violations::new();
    let given = v.present("student", given).unwrap_or_default();
    let place: Option<(SchoolId, ClassId)> = v.id2("student.class", &given.class, CLASS);
    let name = person_name(&mut v, "student.display_name", &given.display_name);
    let sex = v.enum_value("student.sex", given.sex, Sex::of_wire);
    let birth_date = v.date("student.birth_date", &given.birth_date);
    let id_number = id_number(&mut v, "student.id_number", &given.id_number);
    let student_number = student_number(&mut v, "student.student_number", &given.student_number);
    let enrol_month = enrol_month(&mut v, &given.enrol_month);
    let groups = groups(&mut v, &given.special_groups, today);
    let guardians = guardians(&mut v, &given.guardians, ids);
    let whole = (|| {
        let person = Person {
            name: name?,
            sex: sex?,
            birth_date: birth_date?,
            id_number,
            student_number,
            enrol_month,
        };
        let (school, class) = place?;
        Some(NewStudent { school, class, person, groups, guardians })
    })();
    v.finish(whole)
}

/// What is to be changed of a pupil. The mask is required: a caller with a view BASIC lacks what would be wiped.
pub(super) fn patch(
    m: pb::UpdateStudentRequest,
    ids: &Ids,
    today: NaiveDate,
) -> Result<(StudentId, StudentPatch), Invalid> {
    const KNOWN: &[&str] = &[
        "display_name",
        "sex",
        "birth_date",
        "class",
        "id_number",
        "student_number",
        "enrol_month",
        "special_groups",
        "guardians",
    ];
    let mut v = Violations::new();
    let mask = Mask::required(&mut v, m.update_mask, KNOWN);
    let given = v.present("student", m.student).unwrap_or_default();
    let id = v.id("student.name", &given.name, STUDENT);
    let mut patch = StudentPatch { etag: given.etag, ..Default::default() };
    if mask.has("display_name") {
        patch.name = person_name(&mut v, "student.display_name", &given.display_name);
    }
    if mask.has("sex") {
        patch.sex = v.enum_value("student.sex", given.sex, Sex::of_wire);
    }
    if mask.has("birth_date") {
        patch.birth_date = v.date("student.birth_date", &given.birth_date);
    }
    if mask.has("class") {
        patch.class = v.id2("student.class", &given.class, CLASS);
    }
    if mask.has("id_number") {
        patch.id_number = Some(id_number(&mut v, "student.id_number", &given.id_number));
    }
    if mask.has("student_number") {
        patch.student_number = Some(student_number(&mut v, "student.student_number", &given.student_number));
    }
    if mask.has("enrol_month") {
        patch.enrol_month = Some(enrol_month(&mut v, &given.enrol_month));
    }
    if mask.has("special_groups") {
        patch.groups = Some(groups(&mut v, &given.special_groups, today));
    }
    if mask.has("guardians") {
        patch.guardians = Some(guardians(&mut v, &given.guardians, ids));
    }
    v.finish(id.map(|id| (id, patch)))
}
