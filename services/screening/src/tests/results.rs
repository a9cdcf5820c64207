use super::world::*;
use tonic::Code;
use xinqiao_kit::{db::DbConfig, testing::TestDb};
use xinqiao_proto::screening::v1 as pb;

fn get(response: &pb::Response, purpose: pb::Purpose) -> pb::GetResultRequest {
    pb::GetResultRequest { name: response.name.replace("responses/", "results/"), purpose: purpose.into() }
}

#[tokio::test]
async fn a_result_is_read_for_a_stated_purpose_only_and_every_look_is_noted() {
    both(|world| async move {
        let campaign = world.opened("phq-9", &[C11]).await;
        let response = world.answer(&campaign, 101, 9, 1, &[(1, 3)]).await.unwrap();
        let mut client = world.results(&psychologist(1));
        let result = client.get_result(get(&response, pb::Purpose::Support)).await.unwrap().into_inner();
        assert_eq!((result.scores[0].score, result.scores[0].band_id.as_str()), (Some(11.0), "moderate"));
        assert_eq!((result.level(), result.rule_version), (pb::Level::Attention, 1));
        assert_eq!((result.instrument.as_str(), result.answers.len()), ("instruments/phq-9@1", 9));
        assert_eq!(result.answers[0], pb::Answer { link_id: "1".to_owned(), value: 3 });
        assert_eq!(result.critical_items, ["9"]);
        let reads = "SELECT count(*) FROM kit_audit WHERE action = 'screening.getResult' AND kind = 'read'";
        assert_eq!(world.count(reads).await, 1);

        for purpose in [pb::Purpose::Research, pb::Purpose::FollowUp, pb::Purpose::Crisis] {
            let refused = client.get_result(get(&response, purpose)).await.unwrap_err();
            assert_eq!(
                (refused.code(), reason(&refused)),
                (Code::PermissionDenied, "PURPOSE_NOT_ALLOWED".to_owned())
            );
        }
        let unsaid = client.get_result(get(&response, pb::Purpose::Unspecified)).await.unwrap_err();
        assert_eq!(violations(&unsaid), [("purpose".to_owned(), "REQUIRED".to_owned())]);
        let list = pb::ListResultsRequest {
            parent: campaign,
            purpose: pb::Purpose::Research.into(),
            ..Default::default()
        };
        assert_eq!(reason(&client.list_results(list).await.unwrap_err()), "PURPOSE_NOT_ALLOWED");
        assert_eq!(world.count(reads).await, 1);
    })
    .await;
}

#[tokio::test]
async fn results_are_listed_by_campaign_class_level_and_pupil() {
    both(|world| async move {
        let first = world.opened("phq-9", &[C11, C12]).await;
        let second = world.opened("gad-7", &[C11]).await;
        world.answer(&first, 101, 9, 0, &[]).await.unwrap();
        world.answer(&first, 102, 9, 2, &[(9, 0)]).await.unwrap();
        world.answer(&first, 201, 9, 1, &[(9, 0)]).await.unwrap();
        world.answer(&second, 101, 7, 2, &[]).await.unwrap();
        let psychologist = psychologist(1);
        let list = |request: pb::ListResultsRequest| {
            let mut client = world.results(&psychologist);
            async move { client.list_results(request).await.unwrap().into_inner().results }
        };
        let ask = |parent: &str| pb::ListResultsRequest {
            parent: parent.to_owned(),
            purpose: pb::Purpose::Support.into(),
            ..Default::default()
        };
        let found = list(ask(&first)).await;
        assert_eq!(found.len(), 3);
        assert!(found.iter().all(|result| result.answers.is_empty()), "lists hold no answers");
        let found = list(pb::ListResultsRequest { class: C12.name(), ..ask(&first) }).await;
        assert_eq!(found.iter().map(|result| result.student.clone()).collect::<Vec<_>>(), [student(201)]);
        let found =
            list(pb::ListResultsRequest { min_level: pb::Level::Attention.into(), ..ask(&first) }).await;
        assert_eq!(found.iter().map(|result| result.student.clone()).collect::<Vec<_>>(), [student(102)]);
        let found = list(pb::ListResultsRequest { student: student(101), ..ask("campaigns/-") }).await;
        assert_eq!(found.len(), 2);
        let found =
            list(pb::ListResultsRequest { student: student(101), purpose: 5, ..ask("campaigns/-") }).await;
        assert_eq!(found.len(), 0, "no campaign states research");
        let all = ask("campaigns/-");
        let refused = world.results(&psychologist).list_results(all).await.unwrap_err();
        assert_eq!(violations(&refused), [("student".to_owned(), "REQUIRED".to_owned())]);
        let paged = pb::ListResultsRequest { page_size: 2, ..ask(&first) };
        let page = world.results(&psychologist).list_results(paged.clone()).await.unwrap().into_inner();
        assert_eq!(page.results.len(), 2);
        let rest = pb::ListResultsRequest { page_token: page.next_page_token, ..paged };
        let rest = world.results(&psychologist).list_results(rest).await.unwrap().into_inner();
        assert_eq!((rest.results.len(), rest.next_page_token.as_str()), (1, ""));
    })
    .await;
}

#[tokio::test]
async fn counts_come_when_a_campaign_is_over_and_hold_small_groups_back() {
    both(|world| async move {
        let campaign = world.opened("phq-9", &[C11, C12]).await;
        for number in 201..241 {
            let usual = i32::from(number > 232);
            world.answer(&campaign, number, 9, usual, &[(9, 0)]).await.unwrap();
        }
        for number in 101..107 {
            let usual = if number == 106 { 2 } else { 0 };
            world.answer(&campaign, number, 9, usual, &[(9, 0)]).await.unwrap();
        }
        let class = |class: Class| pb::GetClassReportRequest { name: campaign.clone(), class: class.name() };
        let mut client = world.results(&of_school("principal", 1));
        assert_eq!(reason(&client.get_class_report(class(C12)).await.unwrap_err()), "CAMPAIGN_RUNNING");
        world.close(&campaign).await;

        let levels = |report: &pb::Report| -> Vec<Option<i32>> {
            report.levels.iter().map(|level| level.count.as_ref().unwrap().value).collect()
        };
        let report = client.get_class_report(class(C12)).await.unwrap().into_inner();
        assert_eq!(report.results.as_ref().unwrap().value, Some(40));
        assert_eq!(report.suppressed_below, 5);
        assert_eq!(report.completeness(), pb::Completeness::All);
        // 32 none and 8 watch; of the other class 5 none and 1 attention, which takes others with it.
        let small = client.get_class_report(class(C11)).await.unwrap().into_inner();
        assert_eq!(levels(&small)[2], None, "one pupil is never shown");
        assert!(levels(&small).iter().filter(|count| count.is_none()).count() >= 2);
        let school =
            |number: u128| pb::GetSchoolReportRequest { name: campaign.clone(), school: school(number) };
        let whole = client.get_school_report(school(1)).await.unwrap().into_inner();
        assert_eq!(whole.results.as_ref().unwrap().value, Some(46));
        assert_eq!(levels(&whole)[2], None);
        let other = client.get_school_report(school(2)).await.unwrap_err();
        assert_eq!(other.code(), Code::NotFound);

        let mut centre = world.results(&county("county_centre"));
        let outside = centre.get_school_report(school(1)).await.unwrap().into_inner();
        assert_eq!(outside.suppressed_below, 10);
        let all = pb::GetCountyReportRequest { name: campaign.clone() };
        let all = centre.get_county_report(all).await.unwrap().into_inner();
        assert_eq!(all.results.unwrap().value, Some(46));
        assert_eq!(centre.get_class_report(class(C12)).await.unwrap_err().code(), Code::PermissionDenied);
        let homeroom =
            world.results(&of_class("homeroom", C12)).get_class_report(class(C12)).await.unwrap_err();
        assert_eq!(homeroom.code(), Code::PermissionDenied);
    })
    .await;
}

#[tokio::test]
async fn an_erased_pupil_is_gone_from_results() {
    both(|world| async move {
        let campaign = world.opened("phq-9", &[C11]).await;
        let response = world.answer(&campaign, 101, 9, 2, &[]).await.unwrap();
        world.answer(&campaign, 102, 9, 2, &[]).await.unwrap();
        let mut tx = world.deps.db.begin().await.unwrap();
        world.deps.keys.destroy(&mut tx, id(101)).await.unwrap();
        tx.commit().await.unwrap();
        let mut client = world.results(&psychologist(1));
        let refused = client.get_result(get(&response, pb::Purpose::Support)).await.unwrap_err();
        assert_eq!(refused.code(), Code::NotFound);
        let list = pb::ListResultsRequest {
            parent: campaign,
            purpose: pb::Purpose::Support.into(),
            ..Default::default()
        };
        let found = client.list_results(list).await.unwrap().into_inner().results;
        assert_eq!(found.iter().map(|result| result.student.clone()).collect::<Vec<_>>(), [student(102)]);
    })
    .await;
}

#[tokio::test]
async fn nothing_that_was_answered_or_noted_stands_in_the_file() {
    let database = TestDb::sqlite().await;
    let DbConfig::Sqlite(path) = database.config().clone() else {
        panic!("an SQLite file");
    };
    let world = World::start(database.db()).await;
    let campaign = world.opened("phq-9", &[C11]).await;
    world.answer(&campaign, 101, 9, 2, &[]).await.unwrap();
    let draft = pb::SaveDraftRequest {
        parent: campaign.clone(),
        student: student(102),
        answers: vec![pb::Answer { link_id: "9".to_owned(), value: 3 }],
    };
    world.responses(&pupil(102)).save_draft(draft).await.unwrap();
    let list = pb::ListInterviewsRequest::default();
    let mut interviews = world.interviews(&psychologist(1));
    let interview = interviews.list_interviews(list).await.unwrap().into_inner().interviews.remove(0);
    let complete = pb::CompleteInterviewRequest {
        name: interview.name,
        outcome: pb::InterviewOutcome::NeedsYellow.into(),
        notes: "NEEDLE谈话记录".to_owned(),
        request_id: id(5).to_string(),
        ..Default::default()
    };
    interviews.complete_interview(complete).await.unwrap();
    let mut bytes = std::fs::read(&path).unwrap();
    bytes.extend(std::fs::read(path.with_extension("sqlite-wal")).unwrap_or_default());
    assert!(bytes.len() > 10_000);
    let holds = |needle: &str| bytes.windows(needle.len()).any(|window| window == needle.as_bytes());
    assert!(holds("秋季测评"), "titles may be read, so the search works");
    for needle in
        ["NEEDLE", "谈话记录", "\"9\":3", "\"scores\"", "needs_yellow", "moderately_severe\",\"level"]
    {
        assert!(!holds(needle), "{needle}");
    }
}
