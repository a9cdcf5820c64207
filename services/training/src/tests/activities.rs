//! Activities and the occasions of the year.

use super::*;
use pb::activity_service_client::ActivityServiceClient;
use tonic::Code;
use xinqiao_kit::testing::TestDb;

fn activity(area: pb::ActivityArea, occasion: pb::Occasion, date: &str) -> pb::CreateActivityRequest {
    pb::CreateActivityRequest {
        parent: school(SCHOOL),
        activity: Some(pb::Activity {
            area: area.into(),
            occasion: occasion.into(),
            title: "考前减压".to_owned(),
            date: date.to_owned(),
            channel: pb::Channel::Talk.into(),
            actors: vec![pb::Actor::StudentSociety.into()],
            ..pb::Activity::default()
        }),
        request_id: String::new(),
    }
}

fn proof(name: &str) -> pb::ProveActivityRequest {
    pb::ProveActivityRequest {
        name: name.to_owned(),
        participant_count: 120,
        attachment: "档案 2026-17".to_owned(),
        ..pb::ProveActivityRequest::default()
    }
}

#[tokio::test]
async fn an_occasion_counts_once_it_is_proven() {
    TestDb::each(|db| async move {
        let world = World::new(db).await;
        let mut activities = ActivityServiceClient::new(world.teacher());
        let request = pb::GetSchoolActivityFiguresRequest { school: school(SCHOOL), school_year: 0 };
        let mut names = Vec::new();
        for occasion in [pb::Occasion::PublicityMonth, pb::Occasion::JuniorExam] {
            let made = activities
                .create_activity(activity(pb::ActivityArea::Publicity, occasion, "2026-11-24"))
                .await
                .unwrap()
                .into_inner();
            names.push(made.name);
        }
        let planned = activities.get_school_activity_figures(request.clone()).await.unwrap().into_inner();
        assert!(!planned.reached && planned.occasions[1].planned == 1 && planned.occasions[1].expected);
        for name in &names {
            activities.prove_activity(proof(name)).await.unwrap();
        }
        let proven = activities.get_school_activity_figures(request).await.unwrap().into_inner();
        assert!(proven.reached, "publicity month and the junior examination; there is no senior stage");
        let twice = activities.prove_activity(proof(&names[0])).await.unwrap_err();
        assert_eq!(
            (twice.code(), reason(&twice).as_str()),
            (Code::FailedPrecondition, "ACTIVITY_NOT_PLANNED")
        );
        let county = ActivityServiceClient::new(world.county("inspector"))
            .get_county_activity_figures(pb::GetCountyActivityFiguresRequest::default())
            .await
            .unwrap()
            .into_inner();
        assert_eq!((county.school_count, county.reached_school_count), (2, 1));
    })
    .await;
}

#[tokio::test]
async fn a_planned_activity_may_change_but_publicity_keeps_an_occasion() {
    TestDb::each(|db| async move {
        let world = World::new(db).await;
        let mut activities = ActivityServiceClient::new(world.teacher());
        let made = activities
            .create_activity(activity(pb::ActivityArea::Publicity, pb::Occasion::TermStart, "2027-02-20"))
            .await
            .unwrap()
            .into_inner();
        assert_eq!(
            reason(&activities.prove_activity(proof(&made.name)).await.unwrap_err()),
            "ACTIVITY_NOT_YET"
        );
        let update = |occasion: pb::Occasion| pb::UpdateActivityRequest {
            activity: Some(pb::Activity {
                occasion: occasion.into(),
                title: "开学第一课".to_owned(),
                ..made.clone()
            }),
            update_mask: mask(&["occasion", "title"]),
        };
        let refusal = activities.update_activity(update(pb::Occasion::None)).await.unwrap_err();
        assert_eq!(violations(&refusal), ["activity.occasion OCCASION_REQUIRED"]);
        let changed = activities.update_activity(update(pb::Occasion::Other)).await.unwrap().into_inner();
        assert_eq!((changed.title.as_str(), changed.occasion()), ("开学第一课", pb::Occasion::Other));
        let cancel = pb::CancelActivityRequest { name: made.name, ..pb::CancelActivityRequest::default() };
        assert_eq!(
            activities.cancel_activity(cancel).await.unwrap().into_inner().state(),
            pb::ActivityState::Cancelled
        );
    })
    .await;
}

#[tokio::test]
async fn guidance_is_the_countys_to_enter() {
    TestDb::each(|db| async move {
        let world = World::new(db).await;
        let guidance = activity(pb::ActivityArea::Guidance, pb::Occasion::None, "2026-11-20");
        let refusal = ActivityServiceClient::new(world.principal())
            .create_activity(guidance.clone())
            .await
            .unwrap_err();
        assert_eq!(refusal.code(), Code::NotFound);
        let mut county = ActivityServiceClient::new(world.county("county_centre"));
        let made = county.create_activity(guidance).await.unwrap().into_inner();
        county.prove_activity(proof(&made.name)).await.unwrap();
        let own = activity(pb::ActivityArea::CampusCulture, pb::Occasion::None, "2026-11-20");
        assert!(county.create_activity(own).await.is_err(), "and the rest is the school's");
        let list =
            pb::ListActivitiesRequest { parent: school(SCHOOL), ..pb::ListActivitiesRequest::default() };
        let seen =
            ActivityServiceClient::new(world.teacher()).list_activities(list).await.unwrap().into_inner();
        assert_eq!(seen.activities.len(), 1);
    })
    .await;
}
