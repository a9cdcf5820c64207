use super::{
    County,
    county::{BOY, GIRL, at, county as of_county, draft, for_pupil, homeroom, id},
    each, fields, refused,
};
use tonic::Code;
use uuid::Uuid;
use xinqiao_kit::ctx::Principal;
use xinqiao_proto::profiles::v1 as pb;

async fn get(
    county: &County,
    who: &Principal,
    name: &str,
    view: pb::StudentView,
) -> Result<pb::Student, tonic::Status> {
    let request = pb::GetStudentRequest { name: name.into(), view: view as i32 };
    county.students(who).get_student(request).await.map(tonic::Response::into_inner)
}

async fn update(
    county: &County,
    who: &Principal,
    student: pb::Student,
    paths: &[&str],
) -> Result<pb::Student, tonic::Status> {
    let paths = paths.iter().map(|path| (*path).to_owned()).collect();
    let update_mask = Some(prost_types::FieldMask { paths });
    let request = pb::UpdateStudentRequest { student: Some(student), update_mask };
    county.students(who).update_student(request).await.map(tonic::Response::into_inner)
}

#[tokio::test]
async fn a_pupil_is_entered_once_with_a_green_record() {
    each(|county| async move {
        let request_id = Uuid::from_u128(77).to_string();
        let request = pb::CreateStudentRequest { student: Some(draft(&county.a1, BOY.0, BOY.1)), request_id };
        let it = of_county("county_it");
        let first = county.students(&it).create_student(request.clone()).await.unwrap().into_inner();
        let again = county.students(&it).create_student(request).await.unwrap().into_inner();
        assert_eq!(first, again);
        assert_eq!((first.id_number.as_str(), first.student_number.as_str()), ("", ""));
        assert_eq!(first.guardians[0].phone, "");
        let twice = county.enter(&county.b1, BOY.0, BOY.1).await;
        refused(twice, Code::AlreadyExists, "STUDENT_EXISTS");
        let record = county.record(&first.name).await;
        assert_eq!((record.colour(), record.class), (pb::Colour::Green, county.a1.clone()));
        assert_eq!(county.audited("profiles.createStudent").await, 1);
    })
    .await;
}

#[tokio::test]
async fn everything_wrong_with_a_pupil_is_said_at_once() {
    each(|county| async move {
        let wrong = pb::Student {
            display_name: "=1+1".into(),
            sex: 9,
            birth_date: "2018-02-30".into(),
            class: "schools/x/classes/y".into(),
            id_number: "419901201806280294".into(),
            student_number: "X1".into(),
            guardians: vec![pb::Guardian { phone: "123".into(), ..Default::default() }],
            ..Default::default()
        };
        let request = pb::CreateStudentRequest { student: Some(wrong), ..Default::default() };
        let found = fields(county.students(&of_county("county_it")).create_student(request).await);
        let expected = [
            ("student.class", "INVALID_NAME"),
            ("student.display_name", "NAME_FORMULA"),
            ("student.sex", "UNKNOWN_VALUE"),
            ("student.birth_date", "INVALID_DATE"),
            ("student.id_number", "ID_NUMBER_CHECK_DIGIT"),
            ("student.student_number", "STUDENT_NUMBER_FORMAT"),
            ("student.guardians[0].display_name", "REQUIRED"),
            ("student.guardians[0].relation", "REQUIRED"),
            ("student.guardians[0].phone", "PHONE_FORMAT"),
        ];
        assert_eq!(found, expected.map(|(field, reason)| (field.to_owned(), reason.to_owned())));
        let mut crossed = draft(&county.a1, BOY.0, GIRL.1);
        crossed.sex = pb::Sex::Female as i32;
        let request = pb::CreateStudentRequest { student: Some(crossed), ..Default::default() };
        let found = fields(county.students(&of_county("county_it")).create_student(request).await);
        let expected =
            [("student.birth_date", "STUDENT_BIRTH_DATE_MISMATCH"), ("student.sex", "STUDENT_SEX_MISMATCH")];
        assert_eq!(found, expected.map(|(field, reason)| (field.to_owned(), reason.to_owned())));
    })
    .await;
}

#[tokio::test]
async fn who_may_see_a_pupil_and_how_much() {
    use pb::StudentView::{Basic, Full};
    each(|county| async move {
        let boy = county.pupil(&county.a1, BOY).await;
        let full = [
            homeroom(&county.a1),
            at(1, "psychologist", &county.a),
            at(1, "deputy", &county.a),
            at(1, "principal", &county.a),
            at(1, "school_admin", &county.a),
            for_pupil(1, "support", &boy),
        ];
        for who in full {
            let seen = get(&county, &who, &boy, Full).await.unwrap();
            assert_eq!(seen.id_number, BOY.0, "{who:?}");
            assert_eq!(seen.guardians[0].phone, "19916343706");
            assert_eq!(get(&county, &who, &boy, Basic).await.unwrap().id_number, "");
        }
        for role in ["assigned", "guardian", "pupil"] {
            let who = for_pupil(1, role, &boy);
            assert_eq!(get(&county, &who, &boy, Basic).await.unwrap().display_name, "宋子佳", "{role}");
            refused(get(&county, &who, &boy, Full).await, Code::PermissionDenied, "PERMISSION_DENIED");
        }
        let elsewhere =
            [homeroom(&county.a2), at(1, "psychologist", &county.b), for_pupil(1, "guardian", &county.b1)];
        for who in elsewhere {
            refused(get(&county, &who, &boy, Basic).await, Code::NotFound, "NOT_FOUND");
        }
        let mut nobody = vec![at(1, "subject", &county.a), at(1, "grade_leader", &county.a)];
        nobody.extend(["county_it", "inspector", "auditor", "county_duty", "county_centre"].map(of_county));
        for who in nobody {
            let missing = format!("students/{}", Uuid::from_u128(5));
            for name in [&boy, &missing] {
                let answer = get(&county, &who, name, Basic).await;
                refused(answer, Code::PermissionDenied, "PERMISSION_DENIED");
            }
        }
        assert_eq!(county.audited("profiles.getStudent").await, 12 + 3);
    })
    .await;
}

async fn listed(county: &County, who: &Principal, request: pb::ListStudentsRequest) -> Vec<String> {
    let found = county.students(who).list_students(request).await;
    let mut names: Vec<String> = found
        .map(|found| found.into_inner().students)
        .unwrap_or_default()
        .into_iter()
        .map(|s| s.name)
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_list_shows_exactly_those_whom_the_caller_may_get() {
    each(|county| async move {
        let third = ("41990120180114015X", "2018-01-14");
        let numbers = [(&county.a1, BOY), (&county.a2, GIRL), (&county.b1, third)];
        let mut pupils = Vec::new();
        for (class, (number, birth)) in numbers {
            let number = valid(number);
            pupils.push(county.pupil(class, (number.as_str(), birth)).await);
        }
        county.make_orange(&pupils[1]).await;
        let mut callers: Vec<Principal> =
            ["county_it", "county_centre", "inspector", "auditor"].map(of_county).into();
        for role in ["subject", "psychologist", "deputy", "principal", "grade_leader", "school_admin"] {
            callers.push(at(1, role, &county.a));
            callers.push(at(1, role, &county.b));
        }
        for role in ["support", "assigned", "guardian", "pupil"] {
            callers.push(for_pupil(1, role, &pupils[1]));
        }
        callers.extend([homeroom(&county.a1), homeroom(&county.b1)]);
        for who in callers {
            let mut may = Vec::new();
            for pupil in &pupils {
                if get(&county, &who, pupil, pb::StudentView::Basic).await.is_ok() {
                    may.push(pupil.clone());
                }
            }
            may.sort();
            assert_eq!(listed(&county, &who, pb::ListStudentsRequest::default()).await, may, "{who:?}");
        }
    })
    .await;
}

/// The same number with the check character that it must have.
fn valid(number: &str) -> String {
    let digits = &number[..17];
    "0123456789X"
        .chars()
        .map(|check| format!("{digits}{check}"))
        .find(|text| crate::domain::identifiers::IdNumber::parse(text).is_ok())
        .unwrap()
}

#[tokio::test]
async fn a_list_can_be_narrowed_and_turned_page_by_page() {
    each(|county| async move {
        let (boy, girl) = (county.pupil(&county.a1, BOY).await, county.pupil(&county.a2, GIRL).await);
        let who = county.psychologist();
        let list = pb::ListStudentsRequest::default;
        let in_class = pb::ListStudentsRequest { class: county.a2.clone(), ..list() };
        assert_eq!(listed(&county, &who, in_class.clone()).await, std::slice::from_ref(&girl));
        let other_school = pb::ListStudentsRequest { school: county.b.clone(), ..in_class };
        assert_eq!(listed(&county, &who, other_school).await, Vec::<String>::new());
        let group =
            |kind: pb::SpecialGroupKind| pb::ListStudentsRequest { special_group: kind as i32, ..list() };
        assert_eq!(listed(&county, &who, group(pb::SpecialGroupKind::LeftBehind)).await.len(), 2);
        assert_eq!(listed(&county, &who, group(pb::SpecialGroupKind::Migrant)).await.len(), 0);
        let first = pb::ListStudentsRequest { page_size: 1, ..list() };
        let first = county.students(&who).list_students(first).await.unwrap().into_inner();
        let token = first.next_page_token;
        let next = pb::ListStudentsRequest { page_size: 1, page_token: token.clone(), ..list() };
        let second = county.students(&who).list_students(next).await.unwrap().into_inner();
        assert_eq!((first.students[0].name.clone(), second.students[0].name.clone()), (boy, girl));
        assert_eq!(second.next_page_token, "");
        let other = pb::ListStudentsRequest { page_token: token, state: 1, ..list() };
        let found = fields(county.students(&who).list_students(other).await);
        assert_eq!(found, [("page_token".to_owned(), "INVALID_PAGE_TOKEN".to_owned())]);
    })
    .await;
}

#[tokio::test]
async fn a_change_names_its_fields_and_touches_nothing_else() {
    each(|county| async move {
        let boy = county.pupil(&county.a1, BOY).await;
        let who = homeroom(&county.a1);
        let seen = get(&county, &who, &boy, pb::StudentView::Basic).await.unwrap();
        let named = pb::Student {
            name: boy.clone(),
            display_name: "宋子嘉".into(),
            etag: seen.etag.clone(),
            ..Default::default()
        };
        let none = fields(update(&county, &who, named.clone(), &[]).await);
        assert_eq!(none, [("update_mask".to_owned(), "REQUIRED".to_owned())]);
        let changed = update(&county, &who, named.clone(), &["display_name"]).await.unwrap();
        assert_eq!(changed.display_name, "宋子嘉");
        let full = get(&county, &who, &boy, pb::StudentView::Full).await.unwrap();
        assert_eq!((full.id_number.as_str(), full.guardians.len(), full.special_groups.len()), (BOY.0, 1, 1));
        refused(update(&county, &who, named, &["display_name"]).await, Code::Aborted, "STALE_ETAG");
        let unknown = pb::Student { name: boy.clone(), ..Default::default() };
        let unknown = fields(update(&county, &who, unknown, &["colour"]).await);
        assert_eq!(unknown, [("update_mask".to_owned(), "UNKNOWN_VALUE".to_owned())]);
    })
    .await;
}

#[tokio::test]
async fn the_school_moves_a_pupil_to_another_class_and_a_homeroom_teacher_does_not() {
    each(|county| async move {
        let boy = county.pupil(&county.a1, BOY).await;
        let to = |class: &str| pb::Student { name: boy.clone(), class: class.into(), ..Default::default() };
        let by_teacher = update(&county, &homeroom(&county.a1), to(&county.a2), &["class"]).await;
        assert_eq!(fields(by_teacher), [("student.class".to_owned(), "NOT_ALLOWED".to_owned())]);
        let elsewhere = update(&county, &county.principal(), to(&county.b1), &["class"]).await;
        assert_eq!(
            fields(elsewhere),
            [("student.class".to_owned(), "STUDENT_CLASS_OF_OTHER_SCHOOL".to_owned())]
        );
        let moved = update(&county, &county.principal(), to(&county.a2), &["class"]).await.unwrap();
        assert_eq!(moved.class, county.a2);
        let gone = get(&county, &homeroom(&county.a1), &boy, pb::StudentView::Basic).await;
        refused(gone, Code::NotFound, "NOT_FOUND");
    })
    .await;
}

#[tokio::test]
async fn siblings_share_a_guardian_and_a_guardian_whom_nobody_names_is_forgotten() {
    each(|county| async move {
        let (boy, girl) = (county.pupil(&county.a1, BOY).await, county.pupil(&county.a2, GIRL).await);
        let who = county.principal();
        let guardian = async |name: &str| {
            get(&county, &who, name, pb::StudentView::Full).await.unwrap().guardians[0].clone()
        };
        let shared = guardian(&boy).await;
        assert_eq!(shared.id, guardian(&girl).await.id);
        let count =
            async || county.h.deps.db.read("SELECT COUNT(*) FROM guardians").get::<i64>().await.unwrap();
        assert_eq!(count().await, 1);
        let other =
            pb::Guardian { display_name: "李梅".into(), relation: "母亲".into(), ..Default::default() };
        let change =
            |name: &str, guardians| pb::Student { name: name.into(), guardians, ..Default::default() };
        update(&county, &who, change(&boy, vec![other.clone()]), &["guardians"]).await.unwrap();
        let mother = guardian(&boy).await;
        assert_eq!((mother.display_name.as_str(), count().await), ("李梅", 2));
        update(&county, &who, change(&boy, vec![other]), &["guardians"]).await.unwrap();
        assert_eq!((guardian(&boy).await.id, count().await), (mother.id, 2));
        update(&county, &who, change(&girl, vec![]), &["guardians"]).await.unwrap();
        assert_eq!(count().await, 1);
    })
    .await;
}

#[tokio::test]
async fn a_pupil_is_found_by_number_by_those_who_may_see_the_pupil() {
    each(|county| async move {
        let boy = county.pupil(&county.a1, BOY).await;
        let by_id = pb::LookUpStudentRequest { id_number: BOY.0.into(), ..Default::default() };
        let by_number =
            pb::LookUpStudentRequest { student_number: format!("g{}", BOY.0), ..Default::default() };
        for request in [by_id.clone(), by_number] {
            let found = county.students(&county.psychologist()).look_up_student(request).await.unwrap();
            assert_eq!(found.into_inner().name, boy);
        }
        let other = at(1, "psychologist", &county.b);
        refused(county.students(&other).look_up_student(by_id.clone()).await, Code::NotFound, "NOT_FOUND");
        let unknown = pb::LookUpStudentRequest { id_number: GIRL.0.into(), ..Default::default() };
        let answer = county.students(&county.psychologist()).look_up_student(unknown).await;
        refused(answer, Code::NotFound, "NOT_FOUND");
        let it = county.students(&of_county("county_it")).look_up_student(by_id).await;
        refused(it, Code::PermissionDenied, "PERMISSION_DENIED");
        assert_eq!(id(&boy).get_version_num(), 7);
    })
    .await;
}
