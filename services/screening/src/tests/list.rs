use super::world::*;
use tonic::Code;
use xinqiao_proto::screening::v1 as pb;

async fn interviews(world: &World) -> Vec<pb::Interview> {
    let list = pb::ListInterviewsRequest::default();
    world.interviews(&psychologist(1)).list_interviews(list).await.unwrap().into_inner().interviews
}

async fn findings(world: &World, number: u128) -> Vec<pb::Finding> {
    let list = pb::ListFindingsRequest { student: student(number), ..Default::default() };
    world.findings(&psychologist(1)).list_findings(list).await.unwrap().into_inner().findings
}

fn complete(interview: &pb::Interview, outcome: pb::InterviewOutcome) -> pb::CompleteInterviewRequest {
    pb::CompleteInterviewRequest {
        name: interview.name.clone(),
        outcome: outcome.into(),
        signs: vec![pb::Sign::LowMood.into()],
        notes: "谈了四十分钟，情绪低落，愿意再来。".to_owned(),
        etag: interview.etag.clone(),
        ..Default::default()
    }
}

fn entry(number: u128, findings: &[&pb::Finding]) -> pb::CreateEntryRequest {
    let entry = pb::Entry {
        student: student(number),
        findings: findings.iter().map(|finding| finding.name.clone()).collect(),
        reasons: vec![pb::EntryReason::Mood.into()],
        notes: "持续情绪低落".to_owned(),
        ..Default::default()
    };
    pb::CreateEntryRequest { entry: Some(entry), request_id: String::new() }
}

#[tokio::test]
async fn a_finding_opens_an_interview_and_only_then_the_list() {
    both(|world| async move {
        let campaign = world.opened("phq-9", &[C11]).await;
        world.answer(&campaign, 101, 9, 2, &[(9, 0)]).await.unwrap();
        world.answer(&campaign, 102, 9, 1, &[(9, 0)]).await.unwrap();
        let tasks = interviews(&world).await;
        assert_eq!(tasks.len(), 1, "to be kept in view opens none");
        assert_eq!(
            (tasks[0].reason(), tasks[0].state()),
            (pb::InterviewReason::Finding, pb::InterviewState::Open)
        );
        assert_eq!(tasks[0].due_time, world.stamp(72));

        let questionnaire = findings(&world, 101).await;
        assert_eq!(questionnaire[0].source(), pb::Source::Questionnaire);
        let mut list = world.entries(&psychologist(1));
        let refused = list.create_entry(entry(101, &[&questionnaire[0]])).await.unwrap_err();
        assert_eq!(
            (refused.code(), reason(&refused)),
            (Code::FailedPrecondition, "QUESTIONNAIRE_ONLY".to_owned())
        );

        let held = world
            .interviews(&psychologist(1))
            .complete_interview(complete(&tasks[0], pb::InterviewOutcome::NeedsYellow))
            .await
            .unwrap()
            .into_inner();
        assert_eq!(
            (held.state(), held.outcome()),
            (pb::InterviewState::Completed, pb::InterviewOutcome::NeedsYellow)
        );
        assert_eq!(held.signs, [pb::Sign::LowMood as i32]);
        let found = findings(&world, 101).await;
        assert_eq!((found[0].source(), found[0].level()), (pb::Source::Interview, pb::Level::Attention));
        assert_eq!(found[0].evidence, tasks[0].name);

        let entered = list.create_entry(entry(101, &[&found[0], &found[1]])).await.unwrap().into_inner();
        assert_eq!((entered.class.clone(), entered.enter_date.as_str()), (C11.name(), "2026-11-24"));
        let twice = list.create_entry(entry(101, &[&found[0]])).await.unwrap_err();
        assert_eq!(reason(&twice), "ALREADY_LISTED");
        let other = list.create_entry(entry(102, &[&found[0]])).await.unwrap_err();
        assert_eq!(reason(&other), "FINDING_NOT_OF_PUPIL");

        let principal = pb::ListEntriesRequest::default();
        let seen = world
            .entries(&of_school("principal", 1))
            .list_entries(principal)
            .await
            .unwrap()
            .into_inner()
            .entries;
        assert_eq!((seen.len(), seen[0].notes.as_str()), (1, ""));
        let alone = pb::GetEntryRequest { name: entered.name.clone() };
        assert_eq!(list.get_entry(alone).await.unwrap().into_inner().notes, "持续情绪低落");
    })
    .await;
}

#[tokio::test]
async fn an_exit_has_its_day_and_reason_and_frees_the_place() {
    both(|world| async move {
        let campaign = world.opened("phq-9", &[C11]).await;
        world.answer(&campaign, 101, 9, 2, &[(9, 0)]).await.unwrap();
        let task = interviews(&world).await.remove(0);
        let mut client = world.interviews(&psychologist(1));
        client.complete_interview(complete(&task, pb::InterviewOutcome::Watch)).await.unwrap();
        let found = findings(&world, 101).await;
        let mut list = world.entries(&psychologist(1));
        let entered = list.create_entry(entry(101, &[&found[0]])).await.unwrap().into_inner();
        let exit = pb::ExitEntryRequest {
            name: entered.name.clone(),
            reason: pb::ExitReason::Recovered.into(),
            notes: "三次访谈后恢复".to_owned(),
            etag: "\"ff\"".to_owned(),
            request_id: id(3).to_string(),
        };
        assert_eq!(reason(&list.exit_entry(exit.clone()).await.unwrap_err()), "STALE_ETAG");
        let exit = pb::ExitEntryRequest { etag: entered.etag, ..exit };
        let left = list.exit_entry(exit.clone()).await.unwrap().into_inner();
        assert_eq!((left.exit_date.as_str(), left.exit_reason()), ("2026-11-24", pb::ExitReason::Recovered));
        assert_eq!(list.exit_entry(exit.clone()).await.unwrap().into_inner(), left, "the same call again");
        let again = pb::ExitEntryRequest { request_id: String::new(), etag: String::new(), ..exit };
        assert_eq!(reason(&list.exit_entry(again).await.unwrap_err()), "NOT_LISTED");
        let now = list.list_entries(pb::ListEntriesRequest::default()).await.unwrap().into_inner().entries;
        assert_eq!(now.len(), 0);
        let all = pb::ListEntriesRequest { show_exited: true, ..Default::default() };
        assert_eq!(list.list_entries(all).await.unwrap().into_inner().entries.len(), 1);
        list.create_entry(entry(101, &[&found[0]])).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn an_interview_may_raise_an_alert_and_a_plan_always_does() {
    both(|world| async move {
        let campaign = world.opened("phq-9", &[C11]).await;
        for number in [101, 102, 103] {
            world.answer(&campaign, number, 9, 2, &[(9, 0)]).await.unwrap();
        }
        let mut client = world.interviews(&psychologist(1));
        let tasks = interviews(&world).await;
        let calm = complete(&tasks[0], pb::InterviewOutcome::NoConcern);
        client.complete_interview(calm.clone()).await.unwrap();
        assert_eq!(world.signals().await.len(), 0);
        let again =
            client.complete_interview(pb::CompleteInterviewRequest { etag: String::new(), ..calm }).await;
        assert_eq!(reason(&again.unwrap_err()), "INTERVIEW_NOT_OPEN");
        let asked = pb::CompleteInterviewRequest {
            raise_severity: "orange".to_owned(),
            request_id: id(4).to_string(),
            ..complete(&tasks[1], pb::InterviewOutcome::NeedsOrange)
        };
        let first = client.complete_interview(asked.clone()).await.unwrap().into_inner();
        assert_eq!(client.complete_interview(asked).await.unwrap().into_inner(), first);
        let plan = pb::CompleteInterviewRequest {
            signs: vec![pb::Sign::SuicidePlan.into()],
            ..complete(&tasks[2], pb::InterviewOutcome::NeedsOrange)
        };
        client.complete_interview(plan).await.unwrap();
        let severities: Vec<String> =
            world.signals().await.into_iter().map(|signal| signal.severity).collect();
        assert_eq!(severities, ["orange", "red"]);
        assert!(world.signals().await.iter().all(|signal| signal.source == "interview"));
    })
    .await;
}

#[tokio::test]
async fn one_open_interview_gathers_what_comes_later() {
    both(|world| async move {
        let first = world.opened("gad-7", &[C11]).await;
        let second = world.opened("phq-9", &[C11]).await;
        world.answer(&first, 101, 7, 2, &[]).await.unwrap();
        world.later(1);
        world.answer(&second, 101, 9, 0, &[(9, 2)]).await.unwrap();
        let tasks = interviews(&world).await;
        assert_eq!(tasks.len(), 1);
        assert_eq!(tasks[0].reason(), pb::InterviewReason::CriticalItem, "the graver reason, due sooner");
        assert_eq!(tasks[0].due_time, world.stamp(24));
        assert_eq!(findings(&world, 101).await.len(), 2);
        let plan = pb::CreateInterviewRequest {
            interview: Some(pb::Interview { student: student(101), class: C11.name(), ..Default::default() }),
            request_id: String::new(),
        };
        let mut client = world.interviews(&psychologist(1));
        assert_eq!(reason(&client.create_interview(plan.clone()).await.unwrap_err()), "INTERVIEW_OPEN");
        let mut elsewhere = plan.clone();
        elsewhere.interview.as_mut().unwrap().class = C12.name();
        let refused = client.create_interview(elsewhere).await.unwrap_err();
        assert_eq!(violations(&refused), [("interview.student".to_owned(), "PUPIL_NOT_IN_CLASS".to_owned())]);
        let mut other = plan;
        other.interview.as_mut().unwrap().student = student(102);
        let planned = client.create_interview(other).await.unwrap().into_inner();
        assert_eq!((planned.reason(), planned.evidence.as_str()), (pb::InterviewReason::Planned, ""));
    })
    .await;
}

#[tokio::test]
async fn every_form_leaves_its_finding_and_counts_as_coverage() {
    both(|world| async move {
        let campaign = world.opened("phq-9", &[C11]).await;
        world.answer(&campaign, 101, 9, 2, &[(9, 0)]).await.unwrap();
        let task = interviews(&world).await.remove(0);
        world
            .interviews(&psychologist(1))
            .complete_interview(complete(&task, pb::InterviewOutcome::Watch))
            .await
            .unwrap();
        let meeting = pb::ClassMeeting {
            class: C11.name(),
            date: "2026-11-20".to_owned(),
            topic: "我的情绪".to_owned(),
            absent_students: vec![student(106)],
            noticed: vec![pb::MeetingNote {
                student: student(101),
                level: pb::Level::Watch.into(),
                notes: "发言很少".to_owned(),
            }],
            ..Default::default()
        };
        let meeting =
            pb::CreateClassMeetingRequest { class_meeting: Some(meeting), request_id: id(6).to_string() };
        let mut homeroom = world.findings(&of_class("homeroom", C11));
        let held = homeroom.create_class_meeting(meeting.clone()).await.unwrap().into_inner();
        assert_eq!(held.covered_count, 5);
        assert_eq!(homeroom.create_class_meeting(meeting.clone()).await.unwrap().into_inner(), held);
        let mut wrong = meeting;
        wrong.request_id = String::new();
        let given = wrong.class_meeting.as_mut().unwrap();
        given.date = "2026-11-23".to_owned();
        given.absent_students = vec![student(201)];
        given.noticed.push(given.noticed[0].clone());
        let refused = violations(&homeroom.create_class_meeting(wrong).await.unwrap_err());
        let expected = [
            ("class_meeting.absent_students[0]", "PUPIL_NOT_IN_CLASS"),
            ("class_meeting.noticed[1].student", "DUPLICATE"),
        ];
        assert_eq!(refused, expected.map(|(field, reason)| (field.to_owned(), reason.to_owned())));

        let mut psychologist = world.findings(&psychologist(1));
        let request = pb::CreateFindingRequest { finding: Some(assessment(101)), request_id: String::new() };
        psychologist.create_finding(request).await.unwrap();
        let coverage = pb::ListCoverageRequest { parent: C11.name() };
        let coverage = psychologist.list_coverage(coverage).await.unwrap().into_inner().coverage;
        assert_eq!(coverage.len(), 6);
        let forms = |number: u128| -> Vec<pb::Source> {
            let pupil = coverage.iter().find(|coverage| coverage.student == student(number)).unwrap();
            pupil.forms.iter().map(pb::FormCoverage::source).collect()
        };
        assert_eq!(
            forms(101),
            [
                pb::Source::Questionnaire,
                pb::Source::Assessment,
                pb::Source::ClassMeeting,
                pb::Source::Interview
            ]
        );
        assert_eq!(forms(102), [pb::Source::ClassMeeting]);
        assert_eq!(forms(106), []);
    })
    .await;
}

fn assessment(number: u128) -> pb::Finding {
    pb::Finding {
        student: student(number),
        class: C11.name(),
        source: pb::Source::Assessment.into(),
        level: pb::Level::Attention.into(),
        date: "2026-11-01".to_owned(),
        notes: "市精神卫生中心评估".to_owned(),
        ..Default::default()
    }
}

#[tokio::test]
async fn an_assessment_is_recorded_by_the_psychologist_and_the_other_forms_are_not() {
    both(|world| async move {
        let mut psychologist = world.findings(&psychologist(1));
        let request = pb::CreateFindingRequest { finding: Some(assessment(101)), request_id: String::new() };
        let created = psychologist.create_finding(request).await.unwrap().into_inner();
        let get = pb::GetFindingRequest { name: created.name };
        assert_eq!(psychologist.get_finding(get).await.unwrap().into_inner().notes, "市精神卫生中心评估");
        assert_eq!(interviews(&world).await.len(), 1, "it asks to be looked into");
        for (finding, reason) in [
            (pb::Finding { source: pb::Source::Interview.into(), ..assessment(101) }, "NOT_ALLOWED"),
            (pb::Finding { date: "2026-12-01".to_owned(), ..assessment(101) }, "TIME_IN_FUTURE"),
            (assessment(201), "PUPIL_NOT_IN_CLASS"),
        ] {
            let request = pb::CreateFindingRequest { finding: Some(finding), request_id: String::new() };
            assert_eq!(violations(&psychologist.create_finding(request).await.unwrap_err())[0].1, reason);
        }
    })
    .await;
}
