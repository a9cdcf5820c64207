use super::{
    County,
    county::{BOY, GIRL, at, county as of_county, id},
    each, fields, refused,
};
use tonic::Code;
use xinqiao_kit::role::Role;
use xinqiao_proto::{
    internal::v1::{StudentMoved, event::Payload},
    profiles::v1 as pb,
};

async fn moves(county: &County) -> Vec<StudentMoved> {
    let told = county.told(Role::Screening).await.into_iter();
    told.filter_map(|payload| match payload {
        Payload::StudentMoved(moved) => Some(moved),
        _ => None,
    })
    .collect()
}

fn transfer(student: &str, school: &str) -> pb::TransferStudentRequest {
    pb::TransferStudentRequest { name: student.into(), to_school: school.into(), ..Default::default() }
}

fn accept(student: &str, class: &str) -> pb::AcceptTransferRequest {
    pb::AcceptTransferRequest { name: student.into(), class: class.into(), ..Default::default() }
}

#[tokio::test]
async fn a_transfer_has_two_sides() {
    each(|county| async move {
        let boy = county.pupil(&county.a1, BOY).await;
        county.make_yellow(&boy).await;
        assert_eq!(moves(&county).await, [], "the first enrolment is not told");
        let receiving = at(20, "principal", &county.b);
        let early = county.students(&receiving).accept_transfer(accept(&boy, &county.b1)).await;
        refused(early, Code::NotFound, "NOT_FOUND");
        let by_other = county.students(&receiving).transfer_student(transfer(&boy, &county.b)).await;
        refused(by_other, Code::NotFound, "NOT_FOUND");
        let same = county.students(&county.principal()).transfer_student(transfer(&boy, &county.a)).await;
        assert_eq!(fields(same), [("to_school".to_owned(), "TRANSFER_SAME_SCHOOL".to_owned())]);
        let sealed =
            county.students(&county.principal()).transfer_student(transfer(&boy, &county.b)).await.unwrap();
        let sealed = sealed.into_inner();
        assert_eq!(
            (sealed.state(), sealed.transfer_school),
            (pb::StudentState::Transferring, county.b.clone())
        );
        assert!(county.record(&boy).await.sealed);

        let list = pb::ListTransfersRequest::default();
        let expected = county.students(&receiving).list_transfers(list).await.unwrap().into_inner().transfers;
        assert_eq!(expected[0].student_display_name, "宋子佳");
        let wrong = county.students(&receiving).accept_transfer(accept(&boy, &county.a2)).await;
        assert_eq!(fields(wrong), [("class".to_owned(), "STUDENT_CLASS_OF_OTHER_SCHOOL".to_owned())]);
        let by_sender = county.students(&county.principal()).accept_transfer(accept(&boy, &county.a2)).await;
        refused(by_sender, Code::NotFound, "NOT_FOUND");
        let there =
            county.students(&receiving).accept_transfer(accept(&boy, &county.b1)).await.unwrap().into_inner();
        assert_eq!((there.state(), there.class), (pb::StudentState::Enrolled, county.b1.clone()));

        let told = moves(&county).await;
        assert_eq!(told.len(), 1);
        assert_eq!((told[0].class_id.clone(), told[0].enrolled), (id(&county.b1).to_string(), true));
        let gone = pb::GetRecordRequest { name: format!("{boy}/record") };
        refused(
            county.records(&county.psychologist()).get_record(gone.clone()).await,
            Code::NotFound,
            "NOT_FOUND",
        );
        let psychologist = at(21, "psychologist", &county.b);
        let record = county.records(&psychologist).get_record(gone).await.unwrap().into_inner();
        assert_eq!((record.colour(), record.sealed), (pb::Colour::Yellow, false));
        let team = pb::GetTeamRequest { name: format!("{boy}/team") };
        let team = county.teams(&psychologist).get_team(team).await.unwrap().into_inner();
        assert_eq!((team.required_members, team.missing_members), (2, 2));
    })
    .await;
}

#[tokio::test]
async fn a_transfer_can_be_called_back_and_its_silence_is_an_alarm() {
    each(|county| async move {
        let boy = county.pupil(&county.a1, BOY).await;
        let head = county.principal();
        county.students(&head).transfer_student(transfer(&boy, &county.b)).await.unwrap();
        let again = county.students(&head).transfer_student(transfer(&boy, &county.b)).await;
        refused(again, Code::FailedPrecondition, "STUDENT_WRONG_STATE");
        let alarms =
            || pb::ListAlarmsRequest { kind: pb::AlarmKind::TransferUnanswered as i32, ..Default::default() };
        let none = county.teams(&head).list_alarms(alarms()).await.unwrap().into_inner().alarms;
        county.h.clock.advance(chrono::Duration::hours(73));
        let one = county.teams(&head).list_alarms(alarms()).await.unwrap().into_inner().alarms;
        assert_eq!((none.len(), one.len()), (0, 1));
        assert!(one[0].overdue && one[0].subject == boy);
        let all = pb::ListAlarmsRequest::default();
        let of_county =
            county.teams(&of_county("county_centre")).list_alarms(all).await.unwrap().into_inner().alarms;
        assert_eq!(of_county, one);
        let back = pb::CancelTransferRequest { name: boy.clone(), ..Default::default() };
        let back = county.students(&head).cancel_transfer(back).await.unwrap().into_inner();
        assert_eq!(
            (back.state(), back.class, back.transfer_school),
            (pb::StudentState::Enrolled, county.a1.clone(), String::new())
        );
    })
    .await;
}

#[tokio::test]
async fn leaving_and_coming_back() {
    each(|county| async move {
        let boy = county.pupil(&county.a1, BOY).await;
        county.make_orange(&boy).await;
        let head = county.principal();
        let leave = |kind: pb::LeaveKind| pb::LeaveStudentRequest {
            name: boy.clone(),
            kind: kind as i32,
            ..Default::default()
        };
        let back = |class: &str| pb::ReturnStudentRequest {
            name: boy.clone(),
            class: class.into(),
            ..Default::default()
        };
        county.students(&head).leave_student(leave(pb::LeaveKind::OnLeave)).await.unwrap();
        assert_eq!(moves(&county).await, []);
        county.students(&head).return_student(back("")).await.unwrap();
        refused(
            county.students(&head).return_student(back("")).await,
            Code::FailedPrecondition,
            "STUDENT_WRONG_STATE",
        );
        let left =
            county.students(&head).leave_student(leave(pb::LeaveKind::Left)).await.unwrap().into_inner();
        assert_eq!(left.state(), pb::StudentState::Left);
        assert!(!moves(&county).await[0].enrolled);
        let vacancies = pb::ListTeamVacanciesRequest::default();
        let none = county.teams(&head).list_team_vacancies(vacancies.clone()).await.unwrap().into_inner();
        assert_eq!(none.vacancies, []);
        let away = county.students(&at(20, "deputy", &county.b)).return_student(back("")).await;
        refused(away, Code::NotFound, "NOT_FOUND");
        let here = county.students(&head).return_student(back(&county.a2)).await.unwrap().into_inner();
        assert_eq!((here.state(), here.class), (pb::StudentState::Enrolled, county.a2.clone()));
        assert_eq!(county.record(&boy).await.colour(), pb::Colour::Orange);
        let one = county.teams(&head).list_team_vacancies(vacancies).await.unwrap().into_inner().vacancies;
        assert_eq!(one[0].missing_members, 3);
    })
    .await;
}

#[tokio::test]
async fn at_the_end_of_the_last_year_a_school_graduates_its_pupils() {
    each(|county| async move {
        let (boy, girl) = (county.pupil(&county.b1, BOY).await, county.pupil(&county.a1, GIRL).await);
        let promote = |school: &str| pb::PromoteSchoolRequest { name: school.into() };
        let it = of_county("county_it");
        let early = county.students(&it).promote_school(promote(&county.b)).await.unwrap().into_inner();
        assert_eq!((early.closed_classes.len(), early.graduated_students), (0, 0));
        county.h.clock.advance(chrono::Duration::days(3 * 365));
        let done = county.students(&it).promote_school(promote(&county.b)).await.unwrap().into_inner();
        assert_eq!((done.closed_classes, done.graduated_students), (vec![county.b1.clone()], 1));
        let again = county.students(&it).promote_school(promote(&county.b)).await.unwrap().into_inner();
        assert_eq!((again.closed_classes.len(), again.graduated_students), (0, 0));
        let primary = county.students(&it).promote_school(promote(&county.a)).await.unwrap().into_inner();
        assert_eq!(primary.graduated_students, 0, "{girl} is in grade six");
        let told = moves(&county).await;
        assert_eq!((told.len(), told[0].student_id.clone()), (1, id(&boy).to_string()));
        let mut senior = county.placement(Role::Screening);
        let place =
            senior.get_placement(pb::GetPlacementRequest { student: boy }).await.unwrap().into_inner();
        assert_eq!((place.enrolled, place.state()), (false, pb::StudentState::Graduated));
        assert_eq!(place.class, "");
    })
    .await;
}
