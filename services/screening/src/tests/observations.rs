use super::world::*;
use tonic::Code;
use xinqiao_proto::screening::v1 as pb;

fn answers(items: u32, usual: i32, but: &[(u32, i32)]) -> Vec<pb::Answer> {
    let whole = whole(items, usual, but);
    whole.into_iter().map(|(item, value)| pb::Answer { link_id: item.to_string(), value }).collect()
}

fn by_staff(world: &World, number: u128, usual: i32, but: &[(u32, i32)]) -> pb::CreateObservationRequest {
    let observation = pb::Observation {
        class: C11.name(),
        student: student(number),
        instrument: "instruments/teacher-observation".to_owned(),
        answers: answers(10, usual, but),
        observe_time: world.stamp(-1),
        notes: "课间一个人坐着".to_owned(),
        ..Default::default()
    };
    pb::CreateObservationRequest { observation: Some(observation), request_id: String::new() }
}

fn by_peer(
    world: &World,
    student: &str,
    described: &str,
    but: &[(u32, i32)],
) -> pb::CreateObservationRequest {
    let observation = pb::Observation {
        class: C11.name(),
        student: student.to_owned(),
        described_pupil: described.to_owned(),
        instrument: "instruments/peer-observation".to_owned(),
        answers: answers(6, 0, but),
        observe_time: world.stamp(-1),
        ..Default::default()
    };
    pb::CreateObservationRequest { observation: Some(observation), request_id: String::new() }
}

#[tokio::test]
async fn staff_hand_in_what_they_saw_and_read_nothing_back() {
    both(|world| async move {
        let staff = [
            of_class("homeroom", C11),
            of_school("subject", 1),
            of_school("grade_leader", 1),
            of_school("principal", 1),
            of_student("assigned", 101),
        ];
        for who in &staff {
            let mut client = world.observations(who);
            let receipt =
                client.create_observation(by_staff(&world, 101, 0, &[(1, 1)])).await.unwrap().into_inner();
            let get = pb::GetObservationRequest { name: receipt.name };
            assert_eq!(client.get_observation(get).await.unwrap_err().code(), Code::PermissionDenied);
        }
        let list = pb::ListObservationsRequest::default();
        let mut psychologist = world.observations(&psychologist(1));
        let found = psychologist.list_observations(list).await.unwrap().into_inner().observations;
        assert_eq!(found.len(), staff.len());
        assert!(
            found.iter().all(|observation| observation.notes.is_empty() && observation.answers.is_empty())
        );
        let get = pb::GetObservationRequest { name: found[0].name.clone() };
        let alone = psychologist.get_observation(get).await.unwrap().into_inner();
        assert_eq!((alone.notes.as_str(), alone.answers.len()), ("课间一个人坐着", 10));
        assert_eq!(world.count("SELECT count(*) FROM findings WHERE source = 'observation'").await, 5);
        assert_eq!(world.count("SELECT count(*) FROM interviews").await, 0);
    })
    .await;
}

#[tokio::test]
async fn marked_signs_open_an_interview_and_danger_signs_alert() {
    both(|world| async move {
        let mut client = world.observations(&of_class("homeroom", C11));
        client.create_observation(by_staff(&world, 101, 1, &[(1, 3), (9, 0), (10, 0)])).await.unwrap();
        assert_eq!(world.count("SELECT count(*) FROM interviews WHERE reason = 'finding'").await, 1);
        assert_eq!(world.signals().await.len(), 0);
        client.create_observation(by_staff(&world, 102, 0, &[(10, 3)])).await.unwrap();
        let signals = world.signals().await;
        assert_eq!((signals.len(), signals[0].severity.as_str()), (1, "red"));
        assert_eq!(signals[0].source, "observation");
        assert_eq!(world.count("SELECT count(*) FROM interviews WHERE reason = 'critical_item'").await, 1);
    })
    .await;
}

#[tokio::test]
async fn what_is_wrong_with_a_sheet_is_told_at_once() {
    both(|world| async move {
        let mut client = world.observations(&of_class("homeroom", C11));
        let mut wrong = by_staff(&world, 201, 0, &[]);
        let refused = client.create_observation(wrong.clone()).await.unwrap_err();
        assert_eq!(
            violations(&refused),
            [("observation.student".to_owned(), "PUPIL_NOT_IN_CLASS".to_owned())]
        );
        let given = wrong.observation.as_mut().unwrap();
        given.student = String::new();
        given.answers.pop();
        given.answers[0].value = 9;
        given.described_pupil = "同桌".to_owned();
        given.observe_time = world.stamp(5);
        let found = violations(&client.create_observation(wrong).await.unwrap_err());
        let expected = [
            ("observation.answers[0].value", "OUT_OF_RANGE"),
            ("observation.answers", "ITEM_MISSING"),
            ("observation.observe_time", "TIME_IN_FUTURE"),
            ("observation.student", "REQUIRED"),
            ("observation.described_pupil", "NOT_ALLOWED"),
        ];
        assert_eq!(found, expected.map(|(field, reason)| (field.to_owned(), reason.to_owned())));
        let peer_sheet = by_peer(&world, &student(101), "", &[]);
        let refused = client.create_observation(peer_sheet).await.unwrap_err();
        assert_eq!(violations(&refused)[0].1, "INSTRUMENT_WRONG_KIND");
        assert_eq!(world.count("SELECT count(*) FROM observations").await, 0);
    })
    .await;
}

#[tokio::test]
async fn a_peer_gets_the_same_answer_whether_or_not_there_is_such_a_pupil() {
    both(|world| async move {
        let mut client = world.observations(&of_class("peer", C11));
        let mut shapes = std::collections::BTreeSet::new();
        for who in [student(101), student(201), student(999)] {
            let receipt =
                client.create_observation(by_peer(&world, &who, "", &[(6, 2)])).await.unwrap().into_inner();
            shapes.insert((receipt.name.len(), receipt.create_time.is_some()));
        }
        assert_eq!(shapes.len(), 1);
        assert_eq!(world.signals().await.len(), 1, "only of the pupil who is in the class");
        let mut wordy = by_peer(&world, "", "坐在窗边的女生", &[(6, 2)]);
        wordy.observation.as_mut().unwrap().notes = "自由发挥".to_owned();
        let refused = client.create_observation(wordy).await.unwrap_err();
        assert_eq!(violations(&refused), [("observation.notes".to_owned(), "NOT_ALLOWED".to_owned())]);
        let nobody = client.create_observation(by_peer(&world, "", " ", &[])).await.unwrap_err();
        assert_eq!(violations(&nobody), [("observation.described_pupil".to_owned(), "REQUIRED".to_owned())]);
        let mut elsewhere = by_peer(&world, "", "某人", &[]);
        elsewhere.observation.as_mut().unwrap().class = C12.name();
        assert_eq!(client.create_observation(elsewhere).await.unwrap_err().code(), Code::NotFound);
        let list = client.list_observations(pb::ListObservationsRequest::default()).await.unwrap_err();
        assert_eq!(list.code(), Code::PermissionDenied);
    })
    .await;
}

#[tokio::test]
async fn a_described_classmate_is_matched_by_the_psychologist_and_counts_from_then_on() {
    both(|world| async move {
        let peer = of_class("peer", C11);
        let sheet = by_peer(&world, "", "坐在窗边的女生", &[(6, 2)]);
        let receipt = world.observations(&peer).create_observation(sheet).await.unwrap().into_inner();
        assert_eq!(world.signals().await.len(), 0, "nobody knows whom yet");
        let mut client = world.observations(&psychologist(1));
        let list = pb::ListObservationsRequest {
            state: pb::ObservationState::Unmatched.into(),
            ..Default::default()
        };
        let found = client.list_observations(list).await.unwrap().into_inner().observations;
        assert_eq!((found.len(), found[0].name.as_str(), found[0].level), (1, receipt.name.as_str(), 0));
        let get = pb::GetObservationRequest { name: receipt.name.clone() };
        let unmatched = client.get_observation(get).await.unwrap().into_inner();
        assert_eq!(unmatched.described_pupil, "坐在窗边的女生");

        let matches = |number: u128, request_id: String| pb::MatchObservationRequest {
            name: receipt.name.clone(),
            student: student(number),
            request_id,
        };
        let refused = client.match_observation(matches(201, String::new())).await.unwrap_err();
        assert_eq!(violations(&refused), [("student".to_owned(), "PUPIL_NOT_IN_CLASS".to_owned())]);
        let matched = client.match_observation(matches(103, id(8).to_string())).await.unwrap().into_inner();
        assert_eq!((matched.student.clone(), matched.level()), (student(103), pb::Level::Urgent));
        assert_eq!(
            client.match_observation(matches(103, id(8).to_string())).await.unwrap().into_inner(),
            matched
        );
        let again = client.match_observation(matches(104, String::new())).await.unwrap_err();
        assert_eq!(reason(&again), "OBSERVATION_MATCHED");
        let signals = world.signals().await;
        assert_eq!((signals.len(), signals[0].student_id.clone()), (1, id(103).to_string()));
        assert_eq!(world.count("SELECT count(*) FROM findings").await, 1);
    })
    .await;
}
