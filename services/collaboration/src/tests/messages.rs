//! Messages to guardians and their receipts.

use super::*;
use pb::message_service_client::MessageServiceClient;
use tonic::Code;
use xinqiao_kit::testing::TestDb;

fn message(class_name: &str, student_name: &str) -> pb::SendMessageRequest {
    pb::SendMessageRequest {
        parent: school(SCHOOL),
        message: Some(pb::GuardianMessage {
            class: class_name.to_owned(),
            student: student_name.to_owned(),
            kind: pb::MessageKind::Guidance.into(),
            subject: "高质量陪伴".to_owned(),
            body: "每天留出二十分钟，只听孩子说。".to_owned(),
            ..pb::GuardianMessage::default()
        }),
        request_id: String::new(),
    }
}

fn for_child(of: Uuid) -> pb::ListReceivedMessagesRequest {
    pb::ListReceivedMessagesRequest { parent: student(of), ..pb::ListReceivedMessagesRequest::default() }
}

#[tokio::test]
async fn guardians_receive_what_is_for_their_child_class_and_school() {
    TestDb::each(|db| async move {
        let world = World::new(db).await;
        let mut principal = MessageServiceClient::new(world.principal());
        let mut homeroom = MessageServiceClient::new(world.homeroom());
        principal.send_message(message("", "")).await.unwrap();
        homeroom.send_message(message(&class(SCHOOL, CLASS_A), "")).await.unwrap();
        homeroom.send_message(message("", &student(PUPIL))).await.unwrap();
        principal.send_message(message(&class(SCHOOL, CLASS_B), "")).await.unwrap();
        let neighbour = world.as_role(FATHER, &[("guardian", Scope::Student(NEIGHBOUR))]);
        for (who, of, count) in [(world.mother(), PUPIL, 3), (neighbour, NEIGHBOUR, 2)] {
            let seen = MessageServiceClient::new(who).list_received_messages(for_child(of)).await.unwrap();
            assert_eq!(seen.into_inner().received_messages.len(), count);
        }
        let mut stranger = MessageServiceClient::new(world.stranger());
        assert_eq!(
            stranger.list_received_messages(for_child(PUPIL)).await.unwrap_err().code(),
            Code::NotFound
        );
        let none = stranger.list_received_messages(for_child(FOREIGNER)).await.unwrap().into_inner();
        assert!(none.received_messages.is_empty());
    })
    .await;
}

#[tokio::test]
async fn reading_is_confirmed_and_opening_is_not_reading() {
    TestDb::each(|db| async move {
        let world = World::new(db).await;
        let mut homeroom = MessageServiceClient::new(world.homeroom());
        let sent = homeroom.send_message(message(&class(SCHOOL, CLASS_A), "")).await.unwrap().into_inner();
        let mut mother = MessageServiceClient::new(world.mother());
        let seen =
            mother.list_received_messages(for_child(PUPIL)).await.unwrap().into_inner().received_messages;
        assert!(seen[0].read_time.is_none());
        let get = pb::GetMessageRequest { name: sent.name.clone() };
        assert_eq!(homeroom.get_message(get.clone()).await.unwrap().into_inner().read_count, 0);
        let confirm = pb::ConfirmMessageReadRequest { name: sent.name.clone(), student: student(PUPIL) };
        let first = mother.confirm_message_read(confirm.clone()).await.unwrap().into_inner();
        world.harness.clock.advance(chrono::Duration::hours(1));
        let again = mother.confirm_message_read(confirm.clone()).await.unwrap().into_inner();
        assert_eq!(first.read_time, again.read_time, "the first time counts");
        MessageServiceClient::new(world.father()).confirm_message_read(confirm).await.unwrap();
        assert_eq!(
            homeroom.get_message(get).await.unwrap().into_inner().read_count,
            1,
            "pupils, not guardians"
        );
        let list =
            pb::ListReadReceiptsRequest { parent: sent.name, ..pb::ListReadReceiptsRequest::default() };
        let receipts = homeroom.list_read_receipts(list).await.unwrap().into_inner().receipts;
        let guardians: Vec<_> = receipts.iter().map(|receipt| receipt.guardian.clone()).collect();
        assert_eq!(guardians, [account(MOTHER), account(FATHER)]);
    })
    .await;
}

#[tokio::test]
async fn a_message_for_others_cannot_be_confirmed() {
    TestDb::each(|db| async move {
        let world = World::new(db).await;
        let mut principal = MessageServiceClient::new(world.principal());
        let sent = principal.send_message(message(&class(SCHOOL, CLASS_B), "")).await.unwrap().into_inner();
        let confirm = pb::ConfirmMessageReadRequest { name: sent.name, student: student(PUPIL) };
        let refusal =
            MessageServiceClient::new(world.mother()).confirm_message_read(confirm).await.unwrap_err();
        assert_eq!(refusal.code(), Code::NotFound);
    })
    .await;
}

#[tokio::test]
async fn who_may_write_depends_on_whom_it_is_for() {
    TestDb::each(|db| async move {
        let world = World::new(db).await;
        let team = [("support", Scope::Student(NEIGHBOUR))];
        let table = [
            (world.homeroom(), message("", ""), Code::NotFound),
            (world.homeroom(), message(&class(SCHOOL, CLASS_B), ""), Code::NotFound),
            (world.homeroom(), message("", &student(PUPIL)), Code::Ok),
            (world.homeroom(), message("", &student(NEIGHBOUR)), Code::NotFound),
            (world.as_role(TEACHER, &team), message("", &student(NEIGHBOUR)), Code::Ok),
            (world.psychologist(), message("", &student(NEIGHBOUR)), Code::Ok),
            (world.teacher(), message(&class(SCHOOL, CLASS_A), ""), Code::PermissionDenied),
            (world.mother(), message("", ""), Code::PermissionDenied),
            (world.stranger(), message("", &student(PUPIL)), Code::NotFound),
            (world.principal(), message("", &student(FOREIGNER)), Code::NotFound),
            (world.county("county_centre"), message("", ""), Code::PermissionDenied),
        ];
        for (at, (who, request, expected)) in table.into_iter().enumerate() {
            let outcome = MessageServiceClient::new(who).send_message(request).await;
            assert_eq!(outcome.map_or_else(|status| status.code(), |_| Code::Ok), expected, "row {at}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_message_to_one_family_stays_with_sender_psychologist_and_team() {
    TestDb::each(|db| async move {
        let world = World::new(db).await;
        let mut psychologist = MessageServiceClient::new(world.psychologist());
        let sent = psychologist.send_message(message("", &student(PUPIL))).await.unwrap().into_inner();
        let get = pb::GetMessageRequest { name: sent.name };
        let team = world.as_role(TEACHER, &[("support", Scope::Student(PUPIL))]);
        MessageServiceClient::new(team).get_message(get.clone()).await.unwrap();
        for who in [world.homeroom(), world.stranger()] {
            let mut client = MessageServiceClient::new(who);
            assert_eq!(client.get_message(get.clone()).await.unwrap_err().code(), Code::NotFound);
            let listed = client.list_messages(pb::ListMessagesRequest::default()).await.unwrap().into_inner();
            assert!(listed.messages.is_empty());
        }
        let own = psychologist.list_messages(pb::ListMessagesRequest::default()).await.unwrap().into_inner();
        assert_eq!(own.messages.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn everything_wrong_with_a_message_is_said_at_once() {
    TestDb::each(|db| async move {
        let world = World::new(db).await;
        let mut principal = MessageServiceClient::new(world.principal());
        let both = message(&class(SCHOOL, CLASS_A), &student(PUPIL));
        assert_eq!(
            violations(&principal.send_message(both).await.unwrap_err()),
            ["message.class NOT_ALLOWED"]
        );
        let mut wrong = message(&class(OTHER, OTHER_CLASS), "");
        if let Some(message) = &mut wrong.message {
            message.kind = 0;
            message.subject = "长".repeat(81);
            message.body = String::new();
        }
        assert_eq!(
            violations(&principal.send_message(wrong).await.unwrap_err()),
            [
                "message.kind REQUIRED",
                "message.subject TOO_LONG",
                "message.body REQUIRED",
                "message.class CLASS_UNKNOWN"
            ]
        );
    })
    .await;
}
