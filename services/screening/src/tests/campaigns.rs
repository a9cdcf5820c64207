use super::world::*;
use crate::app::{App, Instruments};
use tonic::Code;
use xinqiao_proto::screening::v1 as pb;

#[tokio::test]
async fn opening_freezes_who_is_in_the_scope_today() {
    both(|world| async move {
        world.roster.lock().unwrap().pupils.insert(107, (C11, true));
        let draft = world.create(world.plan("phq-9", &[C11, C12])).await.unwrap();
        assert_eq!(draft.state(), pb::CampaignState::Draft);
        assert_eq!(draft.instrument, "instruments/phq-9@1");
        let refused = world.answer(&draft.name, 101, 9, 0, &[]).await.unwrap_err();
        assert_eq!(refused.code(), Code::NotFound, "nobody is on the list yet");

        let open = world.open(&draft.name).await.unwrap();
        assert_eq!((open.state(), open.target_count), (pb::CampaignState::Open, 67));
        // A pupil who comes later is not on it, and opening again changes nothing.
        world.roster.lock().unwrap().pupils.insert(108, (C11, false));
        assert_eq!(world.open(&draft.name).await.unwrap(), open);
        let refused = world.answer(&draft.name, 108, 9, 0, &[]).await.unwrap_err();
        assert_eq!(refused.code(), Code::NotFound);

        let progress = pb::GetCampaignProgressRequest { name: draft.name.clone(), school: String::new() };
        let progress =
            world.campaigns(&psychologist(1)).get_campaign_progress(progress).await.unwrap().into_inner();
        let total = progress.total.unwrap();
        assert_eq!((total.targets, total.leave, progress.classes.len()), (67, 1, 2));
    })
    .await;
}

#[tokio::test]
async fn an_opening_that_broke_off_goes_on() {
    both(|world| async move {
        let draft = world.create(world.plan("phq-9", &[C11, C12])).await.unwrap();
        world.roster.lock().unwrap().fail_after = Some(1);
        let broken = world.open(&draft.name).await.unwrap_err();
        assert_eq!(broken.code(), Code::Unavailable);
        let get = pb::GetCampaignRequest { name: draft.name.clone() };
        let between = world.campaigns(&psychologist(1)).get_campaign(get).await.unwrap().into_inner();
        assert_eq!(between.state(), pb::CampaignState::Opening);
        assert_eq!(world.count("SELECT count(*) FROM targets").await, 25, "one page is there");
        let refused = world.answer(&draft.name, 101, 9, 0, &[]).await.unwrap_err();
        assert_eq!(reason(&refused), "CAMPAIGN_NOT_OPEN");

        let open = world.open(&draft.name).await.unwrap();
        assert_eq!((open.state(), open.target_count), (pb::CampaignState::Open, 66));
        assert_eq!(world.count("SELECT count(*) FROM targets").await, 66, "nobody is there twice");
    })
    .await;
}

#[tokio::test]
async fn an_opening_whose_process_died_is_finished_by_whoever_comes_next() {
    both(|world| async move {
        let instruments = Instruments::install(&world.deps.db, &[], world.now()).await.unwrap();
        let other_replica = App::new(world.deps.clone(), instruments);
        let draft = world.create(world.plan("phq-9", &[C11, C12])).await.unwrap();
        // As a process leaves it that is killed after its first page: the work is still taken.
        let mut tx = world.deps.db.begin().await.unwrap();
        let taken = tx.q("UPDATE campaigns SET state = 'opening', opening_until = $1");
        taken.bind(world.now() + chrono::Duration::seconds(50)).exec().await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(other_replica.resume_openings().await.unwrap(), 0);
        assert_eq!(world.open(&draft.name).await.unwrap().state(), pb::CampaignState::Opening);
        world.clock.advance(chrono::Duration::seconds(51));
        assert_eq!(other_replica.resume_openings().await.unwrap(), 1);
        let open = world.open(&draft.name).await.unwrap();
        assert_eq!((open.state(), open.target_count), (pb::CampaignState::Open, 66));
        assert_eq!(other_replica.resume_openings().await.unwrap(), 0);
    })
    .await;
}

#[tokio::test]
async fn an_instrument_is_not_put_before_pupils_whom_it_is_not_meant_for() {
    both(|world| async move {
        world.roster.lock().unwrap().pupils.insert(401, (C13, false));
        let draft = world.create(world.plan("phq-9", &[C11, C13])).await.unwrap();
        let refused = world.open(&draft.name).await.unwrap_err();
        assert_eq!(reason(&refused), "INSTRUMENT_NOT_FOR_AGE");
        assert_eq!(xinqiao_kit::status::details(&refused).metadata["grade"], "2");
        let get = pb::GetCampaignRequest { name: draft.name };
        let still = world.campaigns(&psychologist(1)).get_campaign(get).await.unwrap().into_inner();
        assert_eq!(still.state(), pb::CampaignState::Draft, "nothing was changed");
        assert_eq!(world.count("SELECT count(*) FROM targets").await, 0);

        let fitting = world.create(world.plan("dsrs-c", &[C13])).await.unwrap();
        assert_eq!(world.open(&fitting.name).await.unwrap().target_count, 1);
        world.roster.lock().unwrap().pupils.remove(&401);
        let empty = world.create(world.plan("dsrs-c", &[C13])).await.unwrap();
        assert_eq!(reason(&world.open(&empty.name).await.unwrap_err()), "CAMPAIGN_EMPTY");
    })
    .await;
}

#[tokio::test]
async fn everything_wrong_with_a_plan_is_told_at_once() {
    both(|world| async move {
        let wrong = pb::Campaign {
            title: "x".to_owned(),
            school: school(1),
            purposes: vec![1, 1, 99],
            scope: Some(pb::Scope {
                schools: vec!["schools/7".to_owned()],
                grades: vec![pb::Grade {
                    school: school(1),
                    stage: "kindergarten".to_owned(),
                    entry_year: 12,
                }],
                classes: vec![String::new()],
            }),
            instrument: "PHQ".to_owned(),
            start_time: None,
            end_time: world.stamp(1),
            consent_rule: 0,
            ..Default::default()
        };
        let found = violations(&world.create(wrong).await.unwrap_err());
        let expected = [
            ("campaign.title", "TOO_SHORT"),
            ("campaign.purposes[1]", "DUPLICATE"),
            ("campaign.purposes[2]", "UNKNOWN_VALUE"),
            ("campaign.scope.schools[0]", "INVALID_NAME"),
            ("campaign.scope.grades[0].stage", "UNKNOWN_VALUE"),
            ("campaign.scope.grades[0].entry_year", "OUT_OF_RANGE"),
            ("campaign.scope.classes[0]", "REQUIRED"),
            ("campaign.instrument", "INVALID_NAME"),
            ("campaign.start_time", "REQUIRED"),
            ("campaign.consent_rule", "REQUIRED"),
        ];
        assert_eq!(found, expected.map(|(field, reason)| (field.to_owned(), reason.to_owned())));

        let mut wrong = world.plan("nothing", &[C21]);
        wrong.end_time = world.stamp(-1);
        let found = violations(&world.create(wrong).await.unwrap_err());
        let expected = [
            ("campaign.end_time", "WINDOW_INVALID"),
            ("campaign.scope.classes[0]", "SCOPE_OUTSIDE_SCHOOL"),
            ("campaign.instrument", "UNKNOWN_INSTRUMENT"),
        ];
        assert_eq!(found, expected.map(|(field, reason)| (field.to_owned(), reason.to_owned())));
        let sheet = world.create(world.plan("teacher-observation", &[C11])).await.unwrap_err();
        assert_eq!(violations(&sheet)[0].1, "INSTRUMENT_WRONG_KIND");
        let nothing = pb::CreateCampaignRequest::default();
        let nothing = world.campaigns(&psychologist(1)).create_campaign(nothing).await.unwrap_err();
        assert_eq!(violations(&nothing), [("campaign".to_owned(), "REQUIRED".to_owned())]);
        assert_eq!(world.count("SELECT count(*) FROM campaigns").await, 0);
    })
    .await;
}

#[tokio::test]
async fn the_same_request_id_makes_one_campaign() {
    both(|world| async move {
        let request = pb::CreateCampaignRequest {
            campaign: Some(world.plan("phq-9", &[C11])),
            request_id: id(77).to_string(),
        };
        let first =
            world.campaigns(&psychologist(1)).create_campaign(request.clone()).await.unwrap().into_inner();
        let second =
            world.campaigns(&psychologist(1)).create_campaign(request.clone()).await.unwrap().into_inner();
        assert_eq!(first, second);
        let mut other = request;
        other.campaign.as_mut().unwrap().title = "另一个".to_owned();
        let refused = world.campaigns(&psychologist(1)).create_campaign(other).await.unwrap_err();
        assert_eq!(reason(&refused), "REQUEST_ID_REUSED");
        assert_eq!(world.count("SELECT count(*) FROM campaigns").await, 1);
    })
    .await;
}

#[tokio::test]
async fn completion_counts_who_is_expected() {
    both(|world| async move {
        let campaign = world.opened("phq-9", &[C11]).await;
        let list = pb::ListTargetsRequest { parent: campaign.clone(), ..Default::default() };
        let targets = world
            .campaigns(&of_class("homeroom", C11))
            .list_targets(list)
            .await
            .unwrap()
            .into_inner()
            .targets;
        assert_eq!(targets.len(), 6);
        let excuse = |number: u128, state: pb::TargetState| {
            let target = targets.iter().find(|target| target.student == student(number)).unwrap();
            pb::ExcuseTargetRequest {
                name: target.name.clone(),
                state: state.into(),
                reason: "家长来电说明".to_owned(),
                request_id: String::new(),
            }
        };
        let mut client = world.campaigns(&of_class("homeroom", C11));
        for (number, state) in [
            (101, pb::TargetState::Leave),
            (102, pb::TargetState::Exempt),
            (103, pb::TargetState::Refused),
            (104, pb::TargetState::Refused),
            (104, pb::TargetState::Pending),
        ] {
            let excused = client.excuse_target(excuse(number, state)).await.unwrap().into_inner();
            assert_eq!(excused.state(), state);
        }
        world.answer(&campaign, 104, 9, 0, &[]).await.unwrap();
        world.answer(&campaign, 101, 9, 0, &[]).await.unwrap();
        assert_eq!(reason(&world.answer(&campaign, 102, 9, 0, &[]).await.unwrap_err()), "TARGET_EXCUSED");
        let refused = client.excuse_target(excuse(104, pb::TargetState::Leave)).await.unwrap_err();
        assert_eq!(reason(&refused), "TARGET_NOT_EXCUSABLE");
        let refused = client.excuse_target(excuse(105, pb::TargetState::Submitted)).await.unwrap_err();
        assert_eq!(violations(&refused), [("state".to_owned(), "NOT_ALLOWED".to_owned())]);

        let progress = pb::GetCampaignProgressRequest { name: campaign, school: String::new() };
        let total = client.get_campaign_progress(progress).await.unwrap().into_inner().total.unwrap();
        assert_eq!(
            (
                total.targets,
                total.submitted,
                total.leave,
                total.exempt,
                total.refused,
                total.completion_ratio
            ),
            (6, 2, 0, 1, 1, 0.5)
        );
        let audited =
            world.count("SELECT count(*) FROM kit_audit WHERE action = 'screening.excuseTarget'").await;
        assert_eq!(audited, 5);
    })
    .await;
}

#[tokio::test]
async fn pupils_under_14_answer_after_a_guardian_has_consented() {
    both(|world| async move {
        let mut plan = world.plan("phq-9", &[C11]);
        plan.consent_rule = pb::ConsentRule::GuardianUnder14.into();
        let campaign = world.create(plan).await.unwrap().name;
        world.open(&campaign).await.unwrap();
        assert_eq!(reason(&world.answer(&campaign, 101, 9, 0, &[]).await.unwrap_err()), "CONSENT_MISSING");
        let consent = |students: &[u128]| pb::RecordConsentsRequest {
            parent: campaign.clone(),
            students: students.iter().map(|number| student(*number)).collect(),
            request_id: String::new(),
        };
        let mut homeroom = world.campaigns(&of_class("homeroom", C11));
        let refused = homeroom.record_consents(consent(&[101, 201, 999])).await.unwrap_err();
        let unknown =
            ["students[1]", "students[2]"].map(|field| (field.to_owned(), "NOT_A_TARGET".to_owned()));
        assert_eq!(violations(&refused), unknown);
        assert_eq!(
            homeroom.record_consents(consent(&[101, 102])).await.unwrap().into_inner().recorded_count,
            2
        );
        assert_eq!(
            homeroom.record_consents(consent(&[101, 103])).await.unwrap().into_inner().recorded_count,
            1
        );
        world.answer(&campaign, 101, 9, 0, &[]).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn lists_go_on_page_by_page() {
    both(|world| async move {
        let campaign = world.opened("phq-9", &[C12]).await;
        let mut client = world.campaigns(&psychologist(1));
        let mut seen = std::collections::BTreeSet::new();
        let mut page_token = String::new();
        loop {
            let request = pb::ListTargetsRequest {
                parent: campaign.clone(),
                page_size: 25,
                page_token,
                ..Default::default()
            };
            let page = client.list_targets(request).await.unwrap().into_inner();
            seen.extend(page.targets.into_iter().map(|target| target.student));
            if page.next_page_token.is_empty() {
                break;
            }
            page_token = page.next_page_token;
        }
        assert_eq!(seen.len(), 60);
        let first = pb::ListTargetsRequest { parent: campaign.clone(), page_size: 1, ..Default::default() };
        let token = client.list_targets(first).await.unwrap().into_inner().next_page_token;
        let other =
            pb::ListTargetsRequest { parent: campaign, page_token: token, state: 1, ..Default::default() };
        let refused = client.list_targets(other).await.unwrap_err();
        assert_eq!(violations(&refused), [("page_token".to_owned(), "INVALID_PAGE_TOKEN".to_owned())]);
    })
    .await;
}
