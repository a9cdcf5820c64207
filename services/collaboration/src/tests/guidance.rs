//! Guardians ask for help.

use super::*;
use pb::guidance_service_client::GuidanceServiceClient;
use prost::Message as _;
use tonic::Code;
use xinqiao_kit::testing::TestDb;
use xinqiao_proto::internal::v1::SignalRaised;

fn ask(of: Uuid, recipient: pb::GuidanceRecipient, urgent: bool) -> pb::AskForGuidanceRequest {
    pb::AskForGuidanceRequest {
        parent: student(of),
        guidance_request: Some(pb::GuidanceRequest {
            recipient: recipient.into(),
            text: "孩子晚上睡不着，不愿说话".to_owned(),
            urgent,
            ..pb::GuidanceRequest::default()
        }),
        request_id: String::new(),
    }
}

fn reply(name: &str) -> pb::ReplyToGuidanceRequestRequest {
    pb::ReplyToGuidanceRequestRequest {
        name: name.to_owned(),
        text: "明天下午可以来心理室聊聊".to_owned(),
        request_id: String::new(),
    }
}

fn close(name: &str) -> pb::CloseGuidanceRequestRequest {
    pb::CloseGuidanceRequestRequest { name: name.to_owned(), ..pb::CloseGuidanceRequestRequest::default() }
}

/// The events that wait for crisis.
async fn signals(world: &World) -> Vec<SignalRaised> {
    let deps = &world.harness.deps;
    let rows: Vec<(Uuid, Vec<u8>)> =
        deps.db.read("SELECT id, payload FROM kit_outbox WHERE receiver = 'crisis'").all().await.unwrap();
    let key = deps.keys.service_subject();
    let signal = |(id, sealed): (Uuid, Vec<u8>)| {
        let event =
            Event::decode(key.open("kit_outbox", "payload", id, &sealed).unwrap().as_slice()).unwrap();
        match event.payload {
            Some(Payload::SignalRaised(signal)) => signal,
            other => panic!("{other:?}"),
        }
    };
    rows.into_iter().map(signal).collect()
}

#[tokio::test]
async fn a_guardian_asks_the_homeroom_teacher_answers_and_it_is_settled() {
    TestDb::each(|db| async move {
        let world = World::new(db).await;
        let mut mother = GuidanceServiceClient::new(world.mother());
        let mut homeroom = GuidanceServiceClient::new(world.homeroom());
        let asked = mother.ask_for_guidance(ask(PUPIL, pb::GuidanceRecipient::Homeroom, false)).await;
        let asked = asked.unwrap().into_inner();
        let early = homeroom.close_guidance_request(close(&asked.name)).await.unwrap_err();
        assert_eq!(
            (early.code(), reason(&early).as_str()),
            (Code::FailedPrecondition, "HELP_REQUEST_UNANSWERED")
        );
        let answered = homeroom.reply_to_guidance_request(reply(&asked.name)).await.unwrap().into_inner();
        assert_eq!(answered.state(), pb::GuidanceState::Answered);
        mother.reply_to_guidance_request(reply(&asked.name)).await.unwrap();
        homeroom.reply_to_guidance_request(reply(&asked.name)).await.unwrap();
        let closed = homeroom.close_guidance_request(close(&asked.name)).await.unwrap().into_inner();
        assert_eq!(closed.state(), pb::GuidanceState::Closed);
        let late = mother.reply_to_guidance_request(reply(&asked.name)).await.unwrap_err();
        assert_eq!(reason(&late), "HELP_REQUEST_CLOSED");
        let get = pb::GetGuidanceRequestRequest { name: asked.name };
        let read = mother.get_guidance_request(get).await.unwrap().into_inner();
        let authors: Vec<_> = read.replies.iter().map(|reply| reply.author.clone()).collect();
        assert_eq!(authors, [account(HOMEROOM), account(MOTHER), account(HOMEROOM)]);
        assert!(signals(&world).await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn what_a_guardian_asks_is_read_by_those_asked_and_not_by_the_other_guardian() {
    TestDb::each(|db| async move {
        let world = World::new(db).await;
        let mut mother = GuidanceServiceClient::new(world.mother());
        for (recipient, homeroom_reads) in
            [(pb::GuidanceRecipient::Homeroom, true), (pb::GuidanceRecipient::Psychologist, false)]
        {
            let asked = mother.ask_for_guidance(ask(PUPIL, recipient, false)).await.unwrap().into_inner();
            let get = pb::GetGuidanceRequestRequest { name: asked.name.clone() };
            for (who, reads) in [
                (world.psychologist(), true),
                (world.homeroom(), homeroom_reads),
                (world.father(), false),
                (world.principal(), false),
                (world.stranger(), false),
            ] {
                let mut client = GuidanceServiceClient::new(who);
                let found = client.get_guidance_request(get.clone()).await;
                assert_eq!(found.is_ok(), reads, "{recipient:?}");
                let listed = client.list_guidance_requests(pb::ListGuidanceRequestsRequest::default()).await;
                let listed = listed.map(|answer| answer.into_inner().guidance_requests).unwrap_or_default();
                assert_eq!(listed.iter().any(|one| one.name == asked.name), reads, "{recipient:?}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn what_is_urgent_tells_crisis_once_and_without_words() {
    TestDb::each(|db| async move {
        let world = World::new(db).await;
        let mut mother = GuidanceServiceClient::new(world.mother());
        let request = pb::AskForGuidanceRequest {
            request_id: Uuid::from_u128(3).to_string(),
            ..ask(PUPIL, pb::GuidanceRecipient::Psychologist, true)
        };
        let asked = mother.ask_for_guidance(request.clone()).await.unwrap().into_inner();
        mother.ask_for_guidance(request).await.unwrap();
        let signals = signals(&world).await;
        assert_eq!(signals.len(), 1);
        let signal = &signals[0];
        assert_eq!(format!("guidanceRequests/{}", signal.signal_id), asked.name);
        assert_eq!((signal.severity.as_str(), signal.source.as_str()), ("red", "report"));
        assert_eq!((&signal.evidence, &signal.student_id), (&asked.name, &PUPIL.to_string()));
        assert_eq!((&signal.school_id, &signal.class_id), (&SCHOOL.to_string(), &CLASS_A.to_string()));
    })
    .await;
}

#[tokio::test]
async fn one_asks_for_the_own_enrolled_child_and_says_what_about() {
    TestDb::each(|db| async move {
        let world = World::new(db).await;
        let mut mother = GuidanceServiceClient::new(world.mother());
        let other = mother.ask_for_guidance(ask(NEIGHBOUR, pb::GuidanceRecipient::Homeroom, true)).await;
        assert_eq!(other.unwrap_err().code(), Code::NotFound);
        let nothing =
            pb::AskForGuidanceRequest { parent: student(PUPIL), ..pb::AskForGuidanceRequest::default() };
        assert_eq!(
            violations(&mother.ask_for_guidance(nothing).await.unwrap_err()),
            [
                "guidance_request REQUIRED",
                "guidance_request.recipient REQUIRED",
                "guidance_request.text REQUIRED"
            ]
        );
        let parent = world.as_role(MOTHER, &[("guardian", Scope::Student(GONE))]);
        let gone = GuidanceServiceClient::new(parent)
            .ask_for_guidance(ask(GONE, pb::GuidanceRecipient::Homeroom, false))
            .await
            .unwrap_err();
        assert_eq!(reason(&gone), "PUPIL_NOT_ENROLLED");
        let teacher = GuidanceServiceClient::new(world.teacher())
            .ask_for_guidance(ask(PUPIL, pb::GuidanceRecipient::Homeroom, true))
            .await;
        assert_eq!(teacher.unwrap_err().code(), Code::PermissionDenied);
        assert!(signals(&world).await.is_empty());
    })
    .await;
}
