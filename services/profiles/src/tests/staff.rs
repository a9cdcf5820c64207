use super::{
    County,
    county::{BOY, GIRL, account, at, county as of_county},
    each, fields, refused,
};
use tonic::Code;
use xinqiao_kit::{ctx::Principal, role::Role, testing::user};
use xinqiao_proto::{internal::v1::event::Payload, profiles::v1 as pb};

fn person(school: &str, posts: &[pb::Post]) -> pb::StaffMember {
    pb::StaffMember {
        school: school.into(),
        display_name: "王芳".into(),
        posts: posts.iter().map(|post| *post as i32).collect(),
        ..Default::default()
    }
}

async fn create(
    county: &County,
    who: &Principal,
    staff: pb::StaffMember,
) -> Result<pb::StaffMember, tonic::Status> {
    let request = pb::CreateStaffRequest { staff: Some(staff), ..Default::default() };
    county.staff(who).create_staff(request).await.map(tonic::Response::into_inner)
}

async fn lacks(county: &County) -> (Vec<pb::Post>, i32, i32) {
    let request = pb::GetVacanciesRequest { name: format!("{}/vacancies", county.a) };
    let found = county.staff(&county.principal()).get_vacancies(request).await.unwrap().into_inner();
    let posts = found.vacancies.iter().map(pb::Vacancy::post).collect();
    (posts, found.unconfirmed_duties, found.unassigned_students)
}

#[tokio::test]
async fn vacancies_follow_from_who_is_there() {
    use pb::Post::{Deputy, Homeroom, Principal, Psychologist, PsychologistPartTime};
    each(|county| async move {
        let it = of_county("county_it");
        assert_eq!(lacks(&county).await.0, [Principal, Deputy, Psychologist, Homeroom, Homeroom]);
        create(&county, &it, person(&county.a, &[Principal, Deputy])).await.unwrap();
        let mut rooms = person(&county.a, &[Homeroom, PsychologistPartTime]);
        rooms.homeroom_classes = vec![county.a1.clone()];
        let teacher = create(&county, &it, rooms).await.unwrap();
        assert_eq!(lacks(&county).await.0, [Homeroom]);
        let retire = pb::RetireStaffRequest { name: teacher.name, ..Default::default() };
        let gone = county.staff(&it).retire_staff(retire.clone()).await.unwrap().into_inner();
        assert_eq!((gone.state(), gone.posts.len()), (pb::StaffState::Retired, 0));
        assert_eq!(lacks(&county).await.0, [Psychologist, Homeroom, Homeroom]);
        refused(county.staff(&it).retire_staff(retire).await, Code::FailedPrecondition, "STAFF_RETIRED");
    })
    .await;
}

#[tokio::test]
async fn posts_that_do_not_go_together_are_all_named() {
    each(|county| async move {
        let it = of_county("county_it");
        let mut wrong = person(&county.a, &[pb::Post::Subject]);
        wrong.homeroom_classes = vec![county.b1.clone()];
        let found = fields(create(&county, &it, wrong).await);
        let expected = [
            ("staff.homeroom_classes", "STAFF_NOT_HOMEROOM"),
            ("staff.homeroom_classes[0]", "REFERENCE_UNKNOWN"),
        ];
        assert_eq!(found, expected.map(|(field, reason)| (field.to_owned(), reason.to_owned())));
        let place = fields(create(&county, &it, person("", &[pb::Post::Subject])).await);
        assert_eq!(place, [("staff.posts".to_owned(), "STAFF_POST_WRONG_PLACE".to_owned())]);
        let duty = create(&county, &it, person("", &[pb::Post::CountyDuty])).await.unwrap();
        assert_eq!(duty.school, "");
        let at_school = create(&county, &county.principal(), person("", &[pb::Post::CountyDuty])).await;
        refused(at_school, Code::NotFound, "NOT_FOUND");
    })
    .await;
}

#[tokio::test]
async fn nobody_gives_oneself_a_post() {
    each(|county| async move {
        let head = county.principal();
        let mut own = person(&county.a, &[pb::Post::Psychologist]);
        own.user = format!("users/{}", account(2));
        refused(create(&county, &head, own.clone()).await, Code::PermissionDenied, "STAFF_OWN_POSTS");
        let made = create(&county, &of_county("county_it"), own).await.unwrap();
        let more = pb::UpdateStaffRequest {
            staff: Some(pb::StaffMember { posts: vec![pb::Post::Principal as i32], ..made.clone() }),
            update_mask: Some(prost_types::FieldMask { paths: vec!["posts".into()] }),
        };
        refused(county.staff(&head).update_staff(more).await, Code::PermissionDenied, "STAFF_OWN_POSTS");
        let leave = pb::UpdateStaffRequest {
            staff: Some(pb::StaffMember { on_leave: true, ..made }),
            update_mask: Some(prost_types::FieldMask { paths: vec!["on_leave".into()] }),
        };
        assert!(county.staff(&head).update_staff(leave).await.unwrap().into_inner().on_leave);
    })
    .await;
}

#[tokio::test]
async fn a_duty_is_confirmed_by_its_holder_alone() {
    each(|county| async move {
        let holder = county.teacher(7, "王芳").await;
        let duty = pb::AssignDutyRequest {
            parent: holder.clone(),
            duty: Some(pb::Duty { description: "每周巡查心理辅导室".into(), ..Default::default() }),
            ..Default::default()
        };
        let by_it = county.staff(&of_county("county_it")).assign_duty(duty.clone()).await;
        refused(by_it, Code::PermissionDenied, "PERMISSION_DENIED");
        let duty = county.staff(&county.principal()).assign_duty(duty).await.unwrap().into_inner();
        assert_eq!(lacks(&county).await.1, 1);
        let confirm = pb::ConfirmDutyRequest { name: duty.name };
        for other in [county.principal(), at(8, "subject", &county.a)] {
            let answer = county.staff(&other).confirm_duty(confirm.clone()).await;
            refused(answer, Code::NotFound, "NOT_FOUND");
        }
        let own = user(account(7), &[]);
        let first = county.staff(&own).confirm_duty(confirm.clone()).await.unwrap().into_inner();
        county.h.clock.advance(chrono::Duration::hours(1));
        let again = county.staff(&own).confirm_duty(confirm).await.unwrap().into_inner();
        assert!(first.confirm_time.is_some());
        assert_eq!(first.confirm_time, again.confirm_time);
        assert_eq!(lacks(&county).await.1, 0);
        let get = pb::GetStaffRequest { name: holder };
        let seen = county.staff(&own).get_staff(get).await.unwrap().into_inner();
        assert_eq!((seen.display_name.as_str(), seen.duties.len()), ("王芳", 1));
    })
    .await;
}

#[tokio::test]
async fn every_pupil_is_looked_after_by_somebody() {
    each(|county| async move {
        let (boy, girl) = (county.pupil(&county.a1, BOY).await, county.pupil(&county.b1, GIRL).await);
        let teacher = county.teacher(7, "王芳").await;
        assert_eq!(lacks(&county).await.2, 1);
        let assign = |students: Vec<String>| pb::AssignPupilsRequest {
            name: teacher.clone(),
            add_students: students,
            remove_students: vec![],
        };
        let other_school =
            county.staff(&county.deputy()).assign_pupils(assign(vec![boy.clone(), girl])).await;
        assert_eq!(fields(other_school), [("add_students[1]".to_owned(), "REFERENCE_UNKNOWN".to_owned())]);
        let given = county.staff(&county.deputy()).assign_pupils(assign(vec![boy.clone()])).await.unwrap();
        assert_eq!(given.into_inner().assigned_students, std::slice::from_ref(&boy));
        assert_eq!(lacks(&county).await.2, 0);
        let take =
            pb::AssignPupilsRequest { name: teacher, add_students: vec![], remove_students: vec![boy] };
        let taken = county.staff(&county.deputy()).assign_pupils(take).await.unwrap().into_inner();
        assert!(taken.assigned_students.is_empty());
    })
    .await;
}

#[tokio::test]
async fn identity_hears_of_posts_classes_and_leaving() {
    each(|county| async move {
        let mut rooms = person(&county.a, &[pb::Post::Homeroom, pb::Post::GradeLeader]);
        rooms.homeroom_classes = vec![county.a1.clone()];
        rooms.led_grades = vec![pb::LedGrade { stage: pb::Stage::Primary as i32, entry_year: 2024 }];
        rooms.user = format!("users/{}", account(7));
        let made = create(&county, &of_county("county_it"), rooms).await.unwrap();
        let retire = pb::RetireStaffRequest { name: made.name, ..Default::default() };
        county.staff(&of_county("county_it")).retire_staff(retire).await.unwrap();
        let told: Vec<_> = county
            .told(Role::Identity)
            .await
            .into_iter()
            .filter_map(|payload| match payload {
                Payload::StaffChanged(staff) => Some(staff),
                _ => None,
            })
            .collect();
        let [came, left] = told.as_slice() else { panic!("two events") };
        assert_eq!(came.posts, ["homeroom", "grade_leader"]);
        assert_eq!((came.led_grades.as_slice(), came.active), (&["primary:2024".to_owned()][..], true));
        assert_eq!(came.user_id, account(7).to_string());
        assert!(!left.active && left.posts.is_empty() && left.homeroom_class_ids.is_empty());
    })
    .await;
}
