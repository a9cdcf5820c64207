use super::{
    County,
    county::{BOY, GIRL, at, county as of_county, for_pupil, homeroom},
    each, fields, refused,
};
use prost_types::Timestamp;
use tonic::Code;
use xinqiao_kit::ctx::Principal;
use xinqiao_proto::profiles::v1 as pb;

fn follow_up(student: &str) -> pb::CreateFollowUpRequest {
    let follow_up = pb::FollowUp {
        form: pb::FollowUpForm::Talk as i32,
        outcome: pb::FollowUpOutcome::Unchanged as i32,
        note: "一起散步，聊了家里的情况".into(),
        ..Default::default()
    };
    pb::CreateFollowUpRequest { parent: student.into(), follow_up: Some(follow_up), ..Default::default() }
}

fn contact(student: &str, reached: bool) -> pb::CreateParentContactRequest {
    let parent_contact = pb::ParentContact {
        channel: pb::ContactChannel::Phone as i32,
        reached,
        note: "与父亲通话，约定周五来校".into(),
        ..Default::default()
    };
    pb::CreateParentContactRequest {
        parent: student.into(),
        parent_contact: Some(parent_contact),
        ..Default::default()
    }
}

async fn alarms(county: &County) -> Vec<pb::AlarmKind> {
    let found =
        county.teams(&county.principal()).list_alarms(pb::ListAlarmsRequest::default()).await.unwrap();
    let care = |kind: &pb::AlarmKind| !matches!(kind, pb::AlarmKind::PostVacant | pb::AlarmKind::TeamVacancy);
    found.into_inner().alarms.iter().map(pb::Alarm::kind).filter(care).collect()
}

async fn guardian(county: &County, student: &str) -> String {
    let request = pb::GetStudentRequest { name: student.into(), view: 0 };
    county.students(&county.psychologist()).get_student(request).await.unwrap().into_inner().guardians[0]
        .id
        .clone()
}

#[tokio::test]
async fn follow_ups_keep_their_rhythm() {
    each(|county| async move {
        let boy = county.pupil(&county.a1, BOY).await;
        let member = for_pupil(11, "support", &boy);
        let green = county.care(&member).create_follow_up(follow_up(&boy)).await;
        refused(green, Code::FailedPrecondition, "RECORD_GREEN");
        county.make_yellow(&boy).await;
        county.h.clock.advance(chrono::Duration::days(15));
        assert_eq!(alarms(&county).await, [pb::AlarmKind::FollowUpOverdue]);
        let mut future = follow_up(&boy);
        future.follow_up.as_mut().unwrap().meet_time = Some(Timestamp { seconds: 4_000_000_000, nanos: 0 });
        let found = fields(county.care(&member).create_follow_up(future).await);
        assert_eq!(found, [("follow_up.meet_time".to_owned(), "IN_FUTURE".to_owned())]);
        for _ in 0..3 {
            county.care(&member).create_follow_up(follow_up(&boy)).await.unwrap();
        }
        assert_eq!(alarms(&county).await, []);
        let list = pb::ListFollowUpsRequest { parent: boy.clone(), page_size: 2, ..Default::default() };
        let first = county.care(&member).list_follow_ups(list.clone()).await.unwrap().into_inner();
        let rest = pb::ListFollowUpsRequest { page_token: first.next_page_token, ..list };
        let second = county.care(&member).list_follow_ups(rest).await.unwrap().into_inner();
        assert_eq!((first.follow_ups.len(), second.follow_ups.len(), first.overdue), (2, 1, false));
        assert!(first.due_time.is_some());
    })
    .await;
}

#[tokio::test]
async fn the_parents_of_an_orange_pupil_are_reached_and_make_a_plan() {
    each(|county| async move {
        use pb::AlarmKind::{JointPlanMissing, ParentContactMissing};
        let boy = county.pupil(&county.a1, BOY).await;
        county.make_orange(&boy).await;
        let who = county.psychologist();
        assert_eq!(alarms(&county).await, [ParentContactMissing, JointPlanMissing]);
        county.care(&who).create_parent_contact(contact(&boy, false)).await.unwrap();
        assert_eq!(alarms(&county).await, [ParentContactMissing, JointPlanMissing]);
        county.care(&who).create_parent_contact(contact(&boy, true)).await.unwrap();
        assert_eq!(alarms(&county).await, [JointPlanMissing]);
        let plan = |guardian: &str, etag: &str| pb::SetJointPlanRequest {
            joint_plan: Some(pb::JointPlan {
                name: format!("{boy}/jointPlan"),
                goals: "恢复睡眠，按时到校".into(),
                steps: vec![pb::PlanStep {
                    actor: "父亲".into(),
                    action: "每晚陪伴".into(),
                    due_date: "2026-12-01".into(),
                }],
                agreed_guardian: guardian.into(),
                etag: etag.into(),
                ..Default::default()
            }),
            ..Default::default()
        };
        let stranger =
            county.care(&who).set_joint_plan(plan("00000000-0000-7000-8000-000000000001", "")).await;
        assert_eq!(
            fields(stranger),
            [("joint_plan.agreed_guardian".to_owned(), "REFERENCE_UNKNOWN".to_owned())]
        );
        let father = guardian(&county, &boy).await;
        let first = county.care(&who).set_joint_plan(plan(&father, "")).await.unwrap().into_inner();
        county.care(&who).set_joint_plan(plan(&father, &first.etag)).await.unwrap();
        let stale = county.care(&who).set_joint_plan(plan(&father, &first.etag)).await;
        refused(stale, Code::Aborted, "STALE_ETAG");
        assert_eq!(alarms(&county).await, []);
        let get = pb::GetJointPlanRequest { name: format!("{boy}/jointPlan") };
        for reader in
            [for_pupil(40, "guardian", &boy), for_pupil(11, "support", &boy), of_county("county_centre")]
        {
            let seen = county.care(&reader).get_joint_plan(get.clone()).await.unwrap().into_inner();
            assert_eq!(seen.steps.len(), 1);
        }
        let child = county.care(&for_pupil(41, "pupil", &boy)).get_joint_plan(get).await;
        refused(child, Code::PermissionDenied, "PERMISSION_DENIED");
    })
    .await;
}

#[tokio::test]
async fn teachers_note_what_they_see_and_read_their_own_notes() {
    each(|county| async move {
        let (boy, girl) = (county.pupil(&county.a1, BOY).await, county.pupil(&county.a1, GIRL).await);
        let note = |student: &str| pb::CreateCareNoteRequest {
            parent: student.into(),
            care_note: Some(pb::CareNote {
                signs: "课间独坐，作业空白".into(), ..Default::default()
            }),
            ..Default::default()
        };
        let list = |student: &str| pb::ListCareNotesRequest { parent: student.into(), ..Default::default() };
        let assigned = for_pupil(61, "assigned", &boy);
        county.care(&assigned).create_care_note(note(&boy)).await.unwrap();
        county.care(&homeroom(&county.a1)).create_care_note(note(&boy)).await.unwrap();
        refused(county.care(&assigned).create_care_note(note(&girl)).await, Code::NotFound, "NOT_FOUND");
        let count = async |who: &Principal, student: &str| {
            county.care(who).list_care_notes(list(student)).await.unwrap().into_inner().care_notes.len()
        };
        assert_eq!(count(&assigned, &boy).await, 1);
        assert_eq!(count(&homeroom(&county.a1), &boy).await, 1);
        assert_eq!(count(&county.psychologist(), &boy).await, 2);
        assert_eq!(count(&at(1, "psychologist", &county.b), &boy).await, 0, "nothing of one's own");
    })
    .await;
}

#[tokio::test]
async fn a_referral_goes_its_way_and_keeps_the_colour() {
    each(|county| async move {
        let boy = county.pupil(&county.a1, BOY).await;
        let who = county.psychologist();
        let open = pb::CreateReferralRequest {
            parent: boy.clone(),
            referral: Some(pb::Referral {
                institution: "市第八医院".into(),
                reason: "需专业评估".into(),
                ..Default::default()
            }),
            ..Default::default()
        };
        let early = county.referrals(&who).create_referral(open.clone()).await;
        refused(early, Code::FailedPrecondition, "RECORD_NOT_ORANGE");
        county.make_orange(&boy).await;
        let made = county.referrals(&who).create_referral(open.clone()).await.unwrap().into_inner();
        refused(county.referrals(&who).create_referral(open).await, Code::AlreadyExists, "REFERRAL_EXISTS");
        let name = made.name;
        let send = pb::SendReferralRequest { name: name.clone(), ..Default::default() };
        let unsent = county.referrals(&who).send_referral(send.clone()).await;
        refused(unsent, Code::FailedPrecondition, "REFERRAL_WRONG_STATE");
        let consent = pb::RecordReferralConsentRequest {
            name: name.clone(),
            consent: Some(pb::ReferralConsent {
                guardian: guardian(&county, &boy).await,
                form: "书面同意书".into(),
                ..Default::default()
            }),
            ..Default::default()
        };
        county.referrals(&who).record_referral_consent(consent).await.unwrap();
        county.referrals(&who).send_referral(send).await.unwrap();
        let receipt = pb::ConfirmReferralReceiptRequest { name: name.clone(), ..Default::default() };
        county.referrals(&who).confirm_referral_receipt(receipt).await.unwrap();
        let feedback = pb::RecordReferralFeedbackRequest {
            name: name.clone(),
            feedback: Some(pb::ReferralFeedback { advice: "规律复诊".into(), ..Default::default() }),
            ..Default::default()
        };
        county.referrals(&who).record_referral_feedback(feedback).await.unwrap();
        let down = || {
            let mut request = super::county::proposal(&boy, pb::Colour::Yellow, false);
            let kind = pb::EvidenceKind::InstitutionFeedback as i32;
            let evidence = pb::Evidence { kind, resource: name.clone(), summary: String::new() };
            request.proposal.as_mut().unwrap().evidence = vec![evidence];
            request
        };
        let held = county.records(&who).propose_colour(down()).await;
        refused(held, Code::FailedPrecondition, "COLOUR_REFERRAL_OPEN");
        let plan = pb::PlanReferralReturnRequest {
            name: name.clone(),
            return_plan: "先半日到校".into(),
            ..Default::default()
        };
        county.referrals(&who).plan_referral_return(plan).await.unwrap();
        let close =
            pb::CloseReferralRequest { name: name.clone(), reason: "已返校".into(), ..Default::default() };
        let closed = county.referrals(&who).close_referral(close).await.unwrap().into_inner();
        assert_eq!((closed.state(), closed.feedback.len()), (pb::ReferralState::Closed, 1));
        county.records(&who).propose_colour(down()).await.unwrap();

        let all = pb::ListReferralsRequest { parent: "students/-".into(), ..Default::default() };
        for reader in [who, of_county("county_centre"), for_pupil(11, "support", &boy)] {
            let found = county.referrals(&reader).list_referrals(all.clone()).await.unwrap().into_inner();
            assert_eq!(found.referrals.len(), 1);
        }
        let head = county.referrals(&county.principal()).list_referrals(all).await;
        refused(head, Code::PermissionDenied, "PERMISSION_DENIED");
    })
    .await;
}
