use super::{
    County,
    county::{at, county as of_county, homeroom},
    each, fields, refused,
};
use tonic::Code;
use xinqiao_kit::{ctx::Principal, role::Role};
use xinqiao_proto::{internal::v1::event::Payload, profiles::v1 as pb};

const FILE: &str = "\u{feff}学校标识码,学校名称,学段\r\n4199000100,示范县第1小学,小学\r\n4199000101,示范县第2小学,小学\r\n4199000102,示范县第三中学,完全中学\r\n";

async fn import(county: &County, file: &str, skip: bool, dry: bool) -> pb::ImportSchoolsResponse {
    let request =
        pb::ImportSchoolsRequest { content: file.to_owned().into(), skip_bad_rows: skip, validate_only: dry };
    county.schools(&of_county("county_it")).import_schools(request).await.unwrap().into_inner()
}

fn counts(found: &pb::ImportSchoolsResponse) -> (i32, i32, i32, i32, i32, bool) {
    (found.rows, found.created, found.updated, found.unchanged, found.rejected, found.committed)
}

#[tokio::test]
async fn a_list_of_schools_can_be_imported_again_and_again() {
    each(|county| async move {
        assert_eq!(counts(&import(&county, FILE, false, true).await), (3, 1, 1, 1, 0, false));
        assert_eq!(counts(&import(&county, FILE, false, false).await), (3, 1, 1, 1, 0, true));
        assert_eq!(counts(&import(&county, FILE, false, false).await), (3, 0, 0, 3, 0, true));
        let told = county.told(Role::Crisis).await;
        let schools = told.iter().filter(|payload| matches!(payload, Payload::SchoolChanged(_))).count();
        assert_eq!(schools, 4, "two at the start, one new, one changed");
    })
    .await;
}

#[tokio::test]
async fn a_bad_row_stops_an_import_unless_bad_rows_are_skipped() {
    each(|county| async move {
        let file = "学校标识码,学校名称,学段\n4199000109,示范县第9小学,小学\n41990,示范县第8小学,大学\n4199000100,示范县第1小学,初中\n";
        let stopped = import(&county, file, false, false).await;
        assert_eq!(counts(&stopped), (3, 1, 0, 0, 2, false));
        let problems: Vec<_> = stopped.problems.iter().map(|p| (p.cell.as_str(), p.reason.as_str())).collect();
        let expected =
            [("A3", "SCHOOL_CODE_FORMAT"), ("C3", "SCHOOL_STAGES_UNKNOWN"), ("C4", "SCHOOL_STAGE_IN_USE")];
        assert_eq!(problems, expected);
        assert!(stopped.problems.iter().all(|problem| !problem.message.is_empty() && problem.message != problem.reason));
        assert_eq!(counts(&import(&county, file, true, false).await), (3, 1, 0, 0, 2, true));
        assert_eq!(counts(&import(&county, file, true, false).await), (3, 0, 0, 1, 2, true));
    })
    .await;
}

fn school(code: &str) -> pb::School {
    let stages = vec![pb::Stage::Primary as i32];
    pb::School { code: code.into(), display_name: "新校".into(), stages, ..Default::default() }
}

#[tokio::test]
async fn a_batch_registers_all_or_none() {
    each(|county| async move {
        let it = of_county("county_it");
        let batch = |schools| pb::BatchCreateSchoolsRequest { schools, ..Default::default() };
        let made =
            county.schools(&it).batch_create_schools(batch(vec![school("1"), school("4199000109")])).await;
        assert_eq!(fields(made), [("schools[0].code".to_owned(), "SCHOOL_CODE_FORMAT".to_owned())]);
        let taken = vec![school("4199000108"), school("4199000100")];
        refused(
            county.schools(&it).batch_create_schools(batch(taken)).await,
            Code::AlreadyExists,
            "SCHOOL_EXISTS",
        );
        let made = county
            .schools(&it)
            .batch_create_schools(batch(vec![school("4199000108")]))
            .await
            .unwrap()
            .into_inner();
        assert_eq!(made.schools.len(), 1);
        let list = pb::ListSchoolsRequest { page_size: 2, ..Default::default() };
        let first = county.schools(&it).list_schools(list.clone()).await.unwrap().into_inner();
        let rest = pb::ListSchoolsRequest { page_token: first.next_page_token, ..list };
        let second = county.schools(&it).list_schools(rest).await.unwrap().into_inner();
        assert_eq!((first.schools.len(), second.schools.len()), (2, 1));
        assert!(second.next_page_token.is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_school_changes_under_its_etag_and_closes_after_its_classes() {
    each(|county| async move {
        let it = of_county("county_it");
        let get = pb::GetSchoolRequest { name: county.b.clone() };
        let seen = county.schools(&it).get_school(get).await.unwrap().into_inner();
        let update = |etag: &str, stages: Vec<i32>| pb::UpdateSchoolRequest {
            school: Some(pb::School {
                name: seen.name.clone(),
                display_name: "示范县第三中学".into(),
                stages,
                etag: etag.into(),
                ..Default::default()
            }),
            update_mask: None,
        };
        let both = vec![pb::Stage::Junior as i32, pb::Stage::Senior as i32];
        let changed = county.schools(&it).update_school(update(&seen.etag, both)).await.unwrap().into_inner();
        assert_eq!((changed.display_name.as_str(), changed.stages.len()), ("示范县第三中学", 2));
        let stale = county.schools(&it).update_school(update(&seen.etag, vec![2])).await;
        refused(stale, Code::Aborted, "STALE_ETAG");
        let without = county.schools(&it).update_school(update("", vec![pb::Stage::Senior as i32])).await;
        refused(without, Code::FailedPrecondition, "SCHOOL_STAGE_IN_USE");
        let close = pb::CloseSchoolRequest { name: county.b.clone(), ..Default::default() };
        refused(
            county.schools(&it).close_school(close.clone()).await,
            Code::FailedPrecondition,
            "SCHOOL_HAS_CLASSES",
        );
        let room = pb::CloseClassRequest { name: county.b1.clone(), ..Default::default() };
        county.classes(&it).close_class(room).await.unwrap();
        let closed = county.schools(&it).close_school(close).await.unwrap().into_inner();
        assert_eq!(closed.state(), pb::SchoolState::Closed);
    })
    .await;
}

#[tokio::test]
async fn a_class_knows_its_grade_and_keeps_its_number_to_itself() {
    each(|county| async move {
        let it = of_county("county_it");
        let get = pb::GetClassRequest { name: county.a2.clone() };
        let class = county.classes(&it).get_class(get).await.unwrap().into_inner();
        assert_eq!((class.grade, class.display_name.as_str()), (3, "三年级2班"));
        let room = |stage: pb::Stage, number| pb::CreateClassRequest {
            parent: county.a.clone(),
            class: Some(pb::Class { stage: stage as i32, entry_year: 2024, number, ..Default::default() }),
            ..Default::default()
        };
        refused(
            county.classes(&it).create_class(room(pb::Stage::Primary, 2)).await,
            Code::AlreadyExists,
            "CLASS_EXISTS",
        );
        let wrong = county.classes(&it).create_class(room(pb::Stage::Junior, 1)).await;
        assert_eq!(fields(wrong), [("class.stage".to_owned(), "CLASS_STAGE_NOT_TAUGHT".to_owned())]);
        let renumber = |number| pb::UpdateClassRequest {
            class: Some(pb::Class { name: county.a2.clone(), number, ..Default::default() }),
            update_mask: None,
        };
        refused(county.classes(&it).update_class(renumber(1)).await, Code::AlreadyExists, "CLASS_EXISTS");
        assert_eq!(county.classes(&it).update_class(renumber(3)).await.unwrap().into_inner().number, 3);
    })
    .await;
}

async fn visible(county: &County, who: &Principal) -> (Vec<String>, Vec<String>) {
    let schools = county.schools(who).list_schools(pb::ListSchoolsRequest::default()).await;
    let rooms = pb::ListClassesRequest { parent: "schools/-".into(), ..Default::default() };
    let rooms = county.classes(who).list_classes(rooms).await;
    let schools = schools.map(|found| found.into_inner().schools).unwrap_or_default();
    let rooms = rooms.map(|found| found.into_inner().classes).unwrap_or_default();
    (schools.into_iter().map(|s| s.name).collect(), rooms.into_iter().map(|c| c.name).collect())
}

#[tokio::test]
async fn everybody_sees_the_schools_and_classes_they_have_to_do_with() {
    each(|county| async move {
        let all = (
            vec![county.a.clone(), county.b.clone()],
            vec![county.a1.clone(), county.a2.clone(), county.b1.clone()],
        );
        let school_a = (vec![county.a.clone()], vec![county.a1.clone(), county.a2.clone()]);
        for role in ["county_it", "inspector", "county_centre", "county_duty"] {
            assert_eq!(visible(&county, &of_county(role)).await, all, "{role}");
        }
        for role in ["subject", "psychologist", "deputy", "principal", "grade_leader", "school_admin"] {
            assert_eq!(visible(&county, &at(1, role, &county.a)).await, school_a, "{role}");
        }
        assert_eq!(visible(&county, &homeroom(&county.a2)).await, (vec![], vec![county.a2.clone()]));
        assert_eq!(visible(&county, &of_county("auditor")).await, (vec![], vec![]));
        let other = pb::GetSchoolRequest { name: county.b.clone() };
        let missing = pb::GetSchoolRequest { name: "schools/00000000-0000-7000-8000-000000000000".into() };
        for request in [other, missing] {
            let answer = county.schools(&at(1, "principal", &county.a)).get_school(request).await;
            refused(answer, Code::NotFound, "NOT_FOUND");
        }
    })
    .await;
}
