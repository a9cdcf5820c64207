use super::world::*;
use chrono::Duration;
use std::{sync::Arc, time::Instant};
use tonic::Code;
use xinqiao_proto::screening::v1 as pb;

#[tokio::test]
async fn a_pupil_finds_answers_and_is_done() {
    both(|world| async move {
        let campaign = world.opened("gad-7", &[C11]).await;
        let mut client = world.assignments(&pupil(101));
        let list = client.list_assignments(pb::ListAssignmentsRequest::default()).await.unwrap().into_inner();
        assert_eq!(list.assignments.len(), 1);
        let get = pb::GetAssignmentRequest { name: list.assignments[0].name.clone() };
        let assignment = client.get_assignment(get.clone()).await.unwrap().into_inner();
        assert_eq!((assignment.items.len(), assignment.items[0].options.len()), (7, 4));
        assert_eq!((assignment.state(), assignment.report_ready), (pb::TargetState::Pending, false));
        let report = pb::GetOwnReportRequest { name: assignment.name.clone() };
        assert_eq!(reason(&client.get_own_report(report.clone()).await.unwrap_err()), "REPORT_NOT_READY");

        let response = world.answer(&campaign, 101, 7, 2, &[]).await.unwrap();
        assert!(response.complete && !response.retest && !response.late);
        let assignment = client.get_assignment(get).await.unwrap().into_inner();
        assert_eq!((assignment.state(), assignment.report_ready), (pb::TargetState::Submitted, true));
        let report = client.get_own_report(report).await.unwrap().into_inner();
        assert!(report.text.contains("谢谢") && report.help.contains("12356"), "{report:?}");
        assert!(!report.text.contains("14"), "no score is told");
        let again = world.answer(&campaign, 101, 7, 0, &[]).await.unwrap_err();
        assert_eq!(
            (again.code(), reason(&again)),
            (Code::FailedPrecondition, "ALREADY_SUBMITTED".to_owned())
        );
    })
    .await;
}

#[tokio::test]
async fn a_questionnaire_without_a_report_gives_none() {
    both(|world| async move {
        let campaign = world.opened("phq-9", &[C11]).await;
        world.answer(&campaign, 101, 9, 0, &[]).await.unwrap();
        let mut client = world.assignments(&pupil(101));
        let list = client.list_assignments(pb::ListAssignmentsRequest::default()).await.unwrap().into_inner();
        assert!(!list.assignments[0].report_ready);
        let report = pb::GetOwnReportRequest { name: list.assignments[0].name.clone() };
        assert_eq!(reason(&client.get_own_report(report).await.unwrap_err()), "REPORT_NOT_OFFERED");
    })
    .await;
}

#[tokio::test]
async fn every_violation_is_told_and_nothing_changes() {
    both(|world| async move {
        let campaign = world.opened("phq-9", &[C11]).await;
        let mut sheet = world.sheet(&campaign, 101, &[(1, 0), (2, 7), (1, 1), (10, 0)]);
        sheet.start_time = world.stamp(2);
        sheet.finish_time = world.stamp(1);
        let found = violations(&world.submit(&pupil(101), sheet).await.unwrap_err());
        let mut expected = vec![
            ("start_time", "START_AFTER_FINISH"),
            ("finish_time", "TIME_IN_FUTURE"),
            ("answers[1].value", "OUT_OF_RANGE"),
            ("answers[2].link_id", "DUPLICATE"),
            ("answers[3].link_id", "UNKNOWN_ITEM"),
        ];
        expected.extend([("answers", "ITEM_MISSING"); 7]);
        let expected: Vec<_> =
            expected.into_iter().map(|(field, reason)| (field.to_owned(), reason.to_owned())).collect();
        assert_eq!(found, expected);

        let empty = pb::SubmitResponseRequest {
            parent: campaign.clone(),
            student: student(101),
            ..Default::default()
        };
        let found = violations(&world.submit(&pupil(101), empty).await.unwrap_err());
        let fields: Vec<&str> = found.iter().map(|(field, _)| field.as_str()).collect();
        assert_eq!(fields, ["client_key", "start_time", "finish_time", "answers"]);
        assert_eq!(world.count("SELECT count(*) FROM responses").await, 0);
        assert_eq!(world.count("SELECT count(*) FROM targets WHERE state <> 'pending'").await, 0);
    })
    .await;
}

#[tokio::test]
async fn the_same_client_key_is_the_same_response_whatever_the_retries() {
    both(|world| async move {
        let world = Arc::new(world);
        let campaign = world.opened("phq-9", &[C11]).await;
        let sheet = world.sheet(&campaign, 101, &whole(9, 1, &[(9, 3)]));
        let calls = (0..16).map(|_| {
            let (world, sheet) = (world.clone(), sheet.clone());
            tokio::spawn(async move { world.submit(&pupil(101), sheet).await.unwrap() })
        });
        let mut names = std::collections::BTreeSet::new();
        for call in calls.collect::<Vec<_>>() {
            names.insert(call.await.unwrap().name);
        }
        assert_eq!(names.len(), 1);
        assert_eq!(world.count("SELECT count(*) FROM responses").await, 1);
        assert_eq!(world.signals().await.len(), 1, "and one alert");
        let retries =
            world.count("SELECT count(*) FROM kit_audit WHERE action = 'screening.submitResponse'").await;
        assert_eq!(retries, 1);

        // Also when the campaign is over by then.
        world.later(24 * 30);
        assert_eq!(&world.submit(&pupil(101), sheet.clone()).await.unwrap().name, names.first().unwrap());
        let mut other = sheet;
        other.answers[0].value = 0;
        let refused = world.submit(&pupil(101), other).await.unwrap_err();
        assert_eq!((refused.code(), reason(&refused)), (Code::Aborted, "CLIENT_KEY_REUSED".to_owned()));
    })
    .await;
}

#[tokio::test]
async fn fifty_pupils_at_once_get_an_answer_each_in_well_under_a_second() {
    both(|world| async move {
        let world = Arc::new(world);
        let campaign = world.opened("mht", &[C12]).await;
        let began = Instant::now();
        let calls: Vec<_> = (201..251)
            .map(|number| {
                let (world, campaign) = (world.clone(), campaign.clone());
                tokio::spawn(async move { world.answer(&campaign, number, 100, 0, &[(1, 1)]).await.unwrap() })
            })
            .collect();
        for call in calls {
            assert!(call.await.unwrap().complete);
        }
        let took = began.elapsed();
        assert!(took.as_millis() < 5_000, "{took:?} in a debug build");
        let progress = pb::GetCampaignProgressRequest { name: campaign, school: String::new() };
        let progress =
            world.campaigns(&psychologist(1)).get_campaign_progress(progress).await.unwrap().into_inner();
        assert_eq!(progress.total.unwrap().submitted, 50);
        assert_eq!(world.count("SELECT responses FROM campaign_classes").await, 50);
    })
    .await;
}

#[tokio::test]
async fn a_critical_answer_alerts_at_once() {
    both(|world| async move {
        let campaign = world.opened("phq-9", &[C11]).await;
        let response = world.answer(&campaign, 101, 9, 0, &[(9, 3)]).await.unwrap();
        let signals = world.signals().await;
        assert_eq!(signals.len(), 1);
        let signal = &signals[0];
        assert_eq!((signal.severity.as_str(), signal.source.as_str()), ("red", "screening"));
        assert_eq!(
            (signal.student_id.clone(), signal.class_id.clone()),
            (id(101).to_string(), id(11).to_string())
        );
        assert_eq!(signal.evidence, response.name.replace("responses/", "results/"));
        assert!(!signal.drill);

        let list = pb::ListInterviewsRequest::default();
        let interviews =
            world.interviews(&psychologist(1)).list_interviews(list).await.unwrap().into_inner().interviews;
        assert_eq!(interviews.len(), 1);
        assert_eq!(interviews[0].reason(), pb::InterviewReason::CriticalItem);
        assert_eq!(interviews[0].due_time, world.stamp(24), "sooner than after a finding");
    })
    .await;
}

#[tokio::test]
async fn a_critical_answer_in_a_draft_alerts_though_the_questionnaire_is_never_finished() {
    both(|world| async move {
        let campaign = world.opened("phq-9", &[C11]).await;
        let draft = |answers: &[(u32, i32)]| pb::SaveDraftRequest {
            parent: campaign.clone(),
            student: student(101),
            answers: answers
                .iter()
                .map(|(item, value)| pb::Answer { link_id: item.to_string(), value: *value })
                .collect(),
        };
        let mut client = world.responses(&pupil(101));
        client.save_draft(draft(&[(1, 2), (2, 1)])).await.unwrap();
        assert_eq!(world.signals().await.len(), 0);
        client.save_draft(draft(&[(9, 1)])).await.unwrap();
        let saved = client.save_draft(draft(&[(2, 0)])).await.unwrap().into_inner();
        let answers: Vec<_> =
            saved.answers.iter().map(|answer| (answer.link_id.as_str(), answer.value)).collect();
        assert_eq!(answers, [("1", 2), ("2", 0), ("9", 1)]);
        let signals = world.signals().await;
        assert_eq!(signals.len(), 1, "however often it is saved");
        assert_eq!(signals[0].severity, "orange");
        assert!(signals[0].evidence.starts_with("targets/"));
        assert_eq!(world.count("SELECT count(*) FROM interviews").await, 1);

        // Going on from another device, with the answers saved so far.
        let mut client = world.assignments(&pupil(101));
        let list = client.list_assignments(pb::ListAssignmentsRequest::default()).await.unwrap().into_inner();
        let get = pb::GetAssignmentRequest { name: list.assignments[0].name.clone() };
        assert_eq!(
            client.get_assignment(get.clone()).await.unwrap().into_inner().draft_answers,
            saved.answers
        );

        // The same answer handed in raises no second alert, a graver one does.
        world.answer(&campaign, 101, 9, 0, &[(9, 1)]).await.unwrap();
        assert_eq!(world.signals().await.len(), 1);
        assert_eq!(client.get_assignment(get).await.unwrap().into_inner().draft_answers, []);
        let mut client = world.responses(&pupil(101));
        let late = client.save_draft(draft(&[(9, 3)])).await.unwrap_err();
        assert_eq!(reason(&late), "ALREADY_SUBMITTED");
    })
    .await;
}

#[tokio::test]
async fn a_void_result_asks_again_and_never_makes_a_finding() {
    both(|world| async move {
        let campaign = world.opened("phq-9", &[C11]).await;
        let hasty = || {
            let mut sheet = world.sheet(&campaign, 101, &whole(9, 3, &[(9, 0)]));
            sheet.start_time = Some((world.now() - Duration::seconds(3)).into());
            sheet
        };
        for attempt in 1..=3 {
            let response = world.submit(&pupil(101), hasty()).await.unwrap();
            assert_eq!(response.retest, attempt < 3, "the third try counts");
        }
        assert_eq!(reason(&world.submit(&pupil(101), hasty()).await.unwrap_err()), "ALREADY_SUBMITTED");
        assert_eq!(world.count("SELECT count(*) FROM responses").await, 3);
        assert_eq!(world.count("SELECT count(*) FROM findings").await, 0);
        assert_eq!(world.count("SELECT count(*) FROM interviews").await, 0);
        // A careful pupil with the same answers has one of each.
        world.answer(&campaign, 102, 9, 3, &[(9, 0)]).await.unwrap();
        assert_eq!(world.count("SELECT count(*) FROM findings").await, 1);
        assert_eq!(world.count("SELECT count(*) FROM interviews").await, 1);
    })
    .await;
}

#[tokio::test]
async fn a_void_mht_still_has_its_review_items_reviewed() {
    both(|world| async move {
        let campaign = world.opened("mht", &[C11]).await;
        let mut implausible: Vec<(u32, i32)> = (82..=100).step_by(2).map(|item| (item, 1)).collect();
        implausible.push((97, 1));
        let response = world.answer(&campaign, 101, 100, 0, &implausible).await.unwrap();
        assert!(response.retest);
        assert_eq!(world.count("SELECT count(*) FROM findings").await, 0);
        assert_eq!(world.count("SELECT count(*) FROM interviews WHERE reason = 'review_item'").await, 1);
        assert_eq!(world.signals().await.len(), 0);
    })
    .await;
}

#[tokio::test]
async fn late_answers_from_an_offline_queue_keep_their_own_time() {
    both(|world| async move {
        let campaign = world.opened("phq-9", &[C11]).await;
        world.later(47);
        let queued = world.sheet(&campaign, 101, &whole(9, 0, &[]));
        let also_queued = world.sheet(&campaign, 102, &whole(9, 0, &[]));
        world.later(72);
        let response = world.submit(&pupil(101), queued.clone()).await.unwrap();
        assert!(response.late);
        assert_eq!(response.finish_time, queued.finish_time);
        let too_late = world.answer(&campaign, 103, 9, 0, &[]).await.unwrap_err();
        assert_eq!(reason(&too_late), "OUTSIDE_WINDOW", "finished after the end");
        world.later(2);
        assert_eq!(reason(&world.submit(&pupil(102), also_queued).await.unwrap_err()), "CAMPAIGN_OVER");
    })
    .await;
}

#[tokio::test]
async fn a_partial_sheet_says_what_is_missing() {
    both(|world| async move {
        let campaign = world.opened("phq-9", &[C11]).await;
        let mut sheet = world.sheet(&campaign, 101, &[(1, 3), (2, 3)]);
        assert_eq!(violations(&world.submit(&pupil(101), sheet.clone()).await.unwrap_err()).len(), 7);
        sheet.partial = true;
        let response = world.submit(&pupil(101), sheet).await.unwrap();
        assert!(!response.complete);
        let get = pb::GetResultRequest {
            name: response.name.replace("responses/", "results/"),
            purpose: pb::Purpose::Support.into(),
        };
        let result = world.results(&psychologist(1)).get_result(get).await.unwrap().into_inner();
        assert_eq!(result.validity(), pb::Validity::Incomplete);
        assert_eq!(result.missing_items, ["3", "4", "5", "6", "7", "8", "9"]);
        assert_eq!(result.scores[0].score, None);
    })
    .await;
}

#[tokio::test]
async fn the_psychologist_enters_a_paper_sheet_without_timing_the_pupil() {
    both(|world| async move {
        let campaign = world.opened("phq-9", &[C11]).await;
        let mut sheet = world.sheet(&campaign, 101, &whole(9, 1, &[(9, 0)]));
        sheet.start_time = sheet.finish_time;
        let response = world.submit(&psychologist(1), sheet).await.unwrap();
        assert!(!response.retest);
        let sheet = world.sheet(&campaign, 102, &whole(9, 1, &[]));
        let refused = world.submit(&of_class("homeroom", C11), sheet).await.unwrap_err();
        assert_eq!(reason(&refused), "PERMISSION_DENIED", "the homeroom teacher would read answers");
    })
    .await;
}
