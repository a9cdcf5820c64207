use super::world::*;
use tonic::Code;
use uuid::Uuid;
use xinqiao_kit::role::Role;
use xinqiao_proto::{
    internal::v1::{
        DeliverRequest, Event, SchoolChanged, StudentMoved, event::Payload,
        event_receiver_service_client::EventReceiverServiceClient,
    },
    screening::v1 as pb,
};

async fn deliver(world: &World, event_id: Uuid, payload: Payload) -> Result<(), tonic::Status> {
    let event = Event {
        event_id: event_id.to_string(),
        source: "profiles".to_owned(),
        occur_time: world.stamp(0),
        key: event_id.to_string(),
        payload: Some(payload),
    };
    let mut client = EventReceiverServiceClient::new(world.as_service(Role::Profiles));
    client.deliver(DeliverRequest { event: Some(event) }).await.map(|_| ())
}

fn moved(number: u128, to: Option<Class>) -> Payload {
    Payload::StudentMoved(StudentMoved {
        student_id: id(number).to_string(),
        school_id: to.map(|class| id(class.school).to_string()).unwrap_or_default(),
        class_id: to.map(|class| id(class.class).to_string()).unwrap_or_default(),
        enrolled: to.is_some(),
    })
}

async fn progress(world: &World, campaign: &str) -> Vec<(String, i32, i32, i32)> {
    let request = pb::GetCampaignProgressRequest { name: campaign.to_owned(), school: String::new() };
    let progress =
        world.campaigns(&county("inspector")).get_campaign_progress(request).await.unwrap().into_inner();
    let classes = progress.classes.into_iter().map(|class| {
        let progress = class.progress.unwrap();
        (class.class, progress.targets, progress.submitted, progress.left)
    });
    classes.collect()
}

#[tokio::test]
async fn open_work_goes_with_a_pupil_who_changes_class() {
    both(|world| async move {
        let campaign = world.opened("phq-9", &[C11, C12]).await;
        world.answer(&campaign, 101, 9, 2, &[(9, 0)]).await.unwrap();
        for number in [101, 102] {
            deliver(&world, id(5000 + number), moved(number, Some(C12))).await.unwrap();
            deliver(&world, id(5000 + number), moved(number, Some(C12))).await.unwrap();
        }
        // Who has answered counts where it was answered; who has not is asked in the new class.
        assert_eq!(progress(&world, &campaign).await, [(C11.name(), 5, 1, 0), (C12.name(), 61, 0, 0)]);
        world.answer(&campaign, 102, 9, 0, &[]).await.unwrap();
        assert_eq!(progress(&world, &campaign).await[1], (C12.name(), 61, 1, 0));
        let list = pb::ListInterviewsRequest::default();
        let task = world
            .interviews(&psychologist(1))
            .list_interviews(list)
            .await
            .unwrap()
            .into_inner()
            .interviews
            .remove(0);
        assert_eq!(task.class, C12.name());
    })
    .await;
}

#[tokio::test]
async fn a_pupil_who_leaves_is_no_longer_expected() {
    both(|world| async move {
        let campaign = world.opened("phq-9", &[C11]).await;
        world.answer(&campaign, 101, 9, 2, &[(9, 0)]).await.unwrap();
        let list = pb::ListFindingsRequest::default();
        let finding = pb::Finding {
            student: student(101),
            class: C11.name(),
            source: pb::Source::Assessment.into(),
            level: pb::Level::Watch.into(),
            date: "2026-11-01".to_owned(),
            notes: "评估".to_owned(),
            ..Default::default()
        };
        let mut findings = world.findings(&psychologist(1));
        let request = pb::CreateFindingRequest { finding: Some(finding), request_id: String::new() };
        let named = findings.create_finding(request).await.unwrap().into_inner().name;
        assert_eq!(findings.list_findings(list).await.unwrap().into_inner().findings.len(), 2);
        let entry = pb::Entry {
            student: student(101),
            findings: vec![named],
            reasons: vec![pb::EntryReason::Mood.into()],
            ..Default::default()
        };
        let mut list = world.entries(&psychologist(1));
        let request = pb::CreateEntryRequest { entry: Some(entry), request_id: String::new() };
        let entered = list.create_entry(request).await.unwrap().into_inner();

        deliver(&world, id(1), moved(101, None)).await.unwrap();
        deliver(&world, id(2), moved(102, None)).await.unwrap();
        assert_eq!(progress(&world, &campaign).await, [(C11.name(), 6, 1, 1)]);
        assert_eq!(reason(&world.answer(&campaign, 102, 9, 0, &[]).await.unwrap_err()), "TARGET_EXCUSED");
        assert_eq!(world.count("SELECT count(*) FROM interviews WHERE state = 'cancelled'").await, 1);
        let get = pb::GetEntryRequest { name: entered.name };
        assert_eq!(list.get_entry(get).await.unwrap().into_inner().exit_reason(), pb::ExitReason::Left);

        // Back before it is over.
        deliver(&world, id(3), moved(102, Some(C11))).await.unwrap();
        world.answer(&campaign, 102, 9, 0, &[]).await.unwrap();
        assert_eq!(progress(&world, &campaign).await, [(C11.name(), 6, 2, 0)]);
    })
    .await;
}

#[tokio::test]
async fn a_campaign_of_a_school_does_not_follow_a_pupil_to_another() {
    both(|world| async move {
        let own = world.opened("phq-9", &[C11]).await;
        let mut plan = world.plan("gad-7", &[C11, C21]);
        plan.school = String::new();
        let request = pb::CreateCampaignRequest { campaign: Some(plan), request_id: String::new() };
        let mut centre = world.campaigns(&county("county_centre"));
        let wide = centre.create_campaign(request).await.unwrap().into_inner().name;
        centre.open_campaign(pb::OpenCampaignRequest { name: wide.clone() }).await.unwrap();
        deliver(&world, id(1), moved(101, Some(C21))).await.unwrap();
        assert_eq!(progress(&world, &own).await, [(C11.name(), 6, 0, 1)]);
        assert_eq!(progress(&world, &wide).await, [(C11.name(), 5, 0, 0), (C21.name(), 7, 0, 0)]);
        world.answer(&wide, 101, 7, 0, &[]).await.unwrap();
        assert_eq!(reason(&world.answer(&own, 101, 9, 0, &[]).await.unwrap_err()), "TARGET_EXCUSED");
    })
    .await;
}

#[tokio::test]
async fn a_closed_school_holds_no_campaign() {
    both(|world| async move {
        let school = |active| {
            Payload::SchoolChanged(SchoolChanged {
                school_id: id(1).to_string(),
                code: "1234567890".to_owned(),
                display_name: "第一中学".to_owned(),
                stages: vec!["junior".to_owned()],
                active,
            })
        };
        deliver(&world, id(1), school(false)).await.unwrap();
        let refused = world.create(world.plan("phq-9", &[C11])).await.unwrap_err();
        assert_eq!(reason(&refused), "CAMPAIGN_SCHOOL_CLOSED");
        deliver(&world, id(2), school(true)).await.unwrap();
        deliver(&world, id(1), school(false)).await.unwrap();
        world.create(world.plan("phq-9", &[C11])).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn only_services_deliver_and_broken_events_are_refused() {
    both(|world| async move {
        let mut client = EventReceiverServiceClient::new(world.as_user(&psychologist(1)));
        let refused = client.deliver(DeliverRequest::default()).await.unwrap_err();
        assert_eq!(refused.code(), Code::PermissionDenied);
        let nameless = Payload::StudentMoved(StudentMoved { enrolled: true, ..Default::default() });
        let refused = violations(&deliver(&world, id(1), nameless).await.unwrap_err());
        assert_eq!(refused.len(), 3, "{refused:?}");
    })
    .await;
}
