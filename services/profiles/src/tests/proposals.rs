use super::{
    County,
    county::{BOY, GIRL, at, county as of_county, for_pupil, homeroom, proposal},
    each, fields, refused,
};
use tonic::Code;
use xinqiao_kit::ctx::Principal;
use xinqiao_proto::profiles::v1 as pb;

fn centre() -> Principal {
    of_county("county_centre")
}

async fn history(county: &County, student: &str) -> Vec<pb::RecordEntryKind> {
    let request = pb::ListRecordHistoryRequest { parent: format!("{student}/record"), ..Default::default() };
    let found =
        county.records(&county.psychologist()).list_record_history(request).await.unwrap().into_inner();
    found.entries.iter().map(pb::RecordEntry::kind).collect()
}

#[tokio::test]
async fn yellow_takes_force_with_the_psychologists_signature() {
    each(|county| async move {
        let boy = county.pupil(&county.a1, BOY).await;
        let made = county.propose(&boy, pb::Colour::Yellow, false).await;
        assert_eq!((made.missing_signatures, made.specialist_missing), (1, true));
        assert_eq!(county.record(&boy).await.open_proposal, made.name);
        let head = county.sign(&county.principal(), &made.name).await;
        refused(head, Code::FailedPrecondition, "PROPOSAL_NEEDS_PSYCHOLOGIST");
        let other = county
            .records(&county.psychologist())
            .propose_colour(proposal(&boy, pb::Colour::Orange, false))
            .await;
        refused(other, Code::FailedPrecondition, "PROPOSAL_OTHER_OPEN");
        let signed = county.sign(&county.psychologist(), &made.name).await.unwrap();
        assert_eq!((signed.state(), signed.missing_signatures), (pb::ProposalState::Signed, 0));
        assert_eq!(signed.signatures[0].capacity(), pb::SignerCapacity::Psychologist);
        let record = county.record(&boy).await;
        assert_eq!((record.colour(), record.open_proposal.as_str()), (pb::Colour::Yellow, ""));
        assert!(record.follow_up_due_time.is_some());
        assert_eq!(history(&county, &boy).await, [pb::RecordEntryKind::Opened, pb::RecordEntryKind::Colour]);
        let again = county.sign(&county.psychologist(), &made.name).await;
        refused(again, Code::FailedPrecondition, "PROPOSAL_CLOSED");
    })
    .await;
}

#[tokio::test]
async fn orange_needs_two_different_signers() {
    each(|county| async move {
        let boy = county.pupil(&county.a1, BOY).await;
        let made = county.propose(&boy, pb::Colour::Orange, false).await;
        county.sign(&county.principal(), &made.name).await.unwrap();
        assert_eq!(county.record(&boy).await.colour(), pb::Colour::Green);
        let twice = county.sign(&county.principal(), &made.name).await;
        refused(twice, Code::FailedPrecondition, "PROPOSAL_SIGNED_ALREADY");
        let lay = county.sign(&county.deputy(), &made.name).await;
        refused(lay, Code::FailedPrecondition, "PROPOSAL_NEEDS_SPECIALIST");
        let signed = county.sign(&centre(), &made.name).await.unwrap();
        assert_eq!(signed.signatures[1].capacity(), pb::SignerCapacity::CountyCentre);
        assert_eq!(county.record(&boy).await.colour(), pb::Colour::Orange);
    })
    .await;
}

#[tokio::test]
async fn an_urgent_orange_is_in_force_at_once_and_alarms_without_a_second_signature() {
    each(|county| async move {
        let boy = county.pupil(&county.a1, BOY).await;
        let open = county.propose(&boy, pb::Colour::Yellow, false).await;
        let mut request = proposal(&boy, pb::Colour::Orange, true);
        request.proposal.as_mut().unwrap().evidence.clear();
        let urgent = county.records(&county.deputy()).propose_colour(request).await.unwrap().into_inner();
        let get = pb::GetProposalRequest { name: open.name };
        let over = county.records(&county.psychologist()).get_proposal(get).await.unwrap().into_inner();
        assert_eq!(over.state(), pb::ProposalState::Overtaken);
        let first = county.sign(&county.deputy(), &urgent.name).await.unwrap();
        assert_eq!(first.state(), pb::ProposalState::AwaitingSecond);
        let record = county.record(&boy).await;
        assert_eq!(record.colour(), pb::Colour::Orange);
        assert!(record.second_signature_due_time.is_some());
        let alarms = || pb::ListAlarmsRequest {
            kind: pb::AlarmKind::SecondSignatureMissing as i32,
            ..Default::default()
        };
        county.h.clock.advance(chrono::Duration::hours(25));
        for who in [county.principal(), centre()] {
            let found = county.teams(&who).list_alarms(alarms()).await.unwrap().into_inner().alarms;
            assert!(found.len() == 1 && found[0].overdue && found[0].subject == boy);
        }
        let reject =
            pb::RejectProposalRequest {
                name: urgent.name.clone(), reason: "…".into(), ..Default::default()
            };
        let reject = county.records(&county.psychologist()).reject_proposal(reject).await;
        refused(reject, Code::FailedPrecondition, "PROPOSAL_IN_FORCE");
        let second = county.sign(&county.psychologist(), &urgent.name).await.unwrap();
        assert_eq!(second.state(), pb::ProposalState::Signed);
        assert_eq!(county.record(&boy).await.second_signature_due_time, None);
        let found = county.teams(&centre()).list_alarms(alarms()).await.unwrap().into_inner().alarms;
        assert_eq!(found, []);
        use pb::RecordEntryKind::{Colour, Opened, SecondSignature};
        assert_eq!(history(&county, &boy).await, [Opened, Colour, SecondSignature]);
    })
    .await;
}

#[tokio::test]
async fn coming_down_from_orange_needs_a_follow_up_of_the_same_pupil() {
    each(|county| async move {
        let (boy, girl) = (county.pupil(&county.a1, BOY).await, county.pupil(&county.a1, GIRL).await);
        county.make_orange(&boy).await;
        county.make_orange(&girl).await;
        let psychologist = county.psychologist();
        let plain =
            county.records(&psychologist).propose_colour(proposal(&boy, pb::Colour::Yellow, false)).await;
        refused(plain, Code::FailedPrecondition, "COLOUR_NO_PROOF_OF_RECOVERY");
        let follow_up = async |student: &str| {
            let follow_up = pb::FollowUp {
                form: pb::FollowUpForm::Talk as i32,
                outcome: pb::FollowUpOutcome::Better as i32,
                note: "情绪明显好转".into(),
                ..Default::default()
            };
            let request = pb::CreateFollowUpRequest {
                parent: student.into(),
                follow_up: Some(follow_up),
                ..Default::default()
            };
            county.care(&psychologist).create_follow_up(request).await.unwrap().into_inner().name
        };
        let down = |resource: String| {
            let mut request = proposal(&boy, pb::Colour::Yellow, false);
            let kind = pb::EvidenceKind::FollowUp as i32;
            let evidence = pb::Evidence { kind, resource, summary: String::new() };
            request.proposal.as_mut().unwrap().evidence = vec![evidence];
            request
        };
        let of_girl = county.records(&psychologist).propose_colour(down(follow_up(&girl).await)).await;
        let field = "proposal.evidence[0].resource";
        assert_eq!(fields(of_girl), [(field.to_owned(), "REFERENCE_UNKNOWN".to_owned())]);
        let made = county
            .records(&psychologist)
            .propose_colour(down(follow_up(&boy).await))
            .await
            .unwrap()
            .into_inner();
        county.sign(&psychologist, &made.name).await.unwrap();
        county.sign(&county.deputy(), &made.name).await.unwrap();
        assert_eq!(county.record(&boy).await.colour(), pb::Colour::Yellow);
    })
    .await;
}

#[tokio::test]
async fn a_proposal_is_withdrawn_by_its_proposer_and_rejected_by_others() {
    each(|county| async move {
        let boy = county.pupil(&county.a1, BOY).await;
        let made = county.propose(&boy, pb::Colour::Yellow, false).await;
        let withdraw = |name: &str| pb::WithdrawProposalRequest { name: name.into(), ..Default::default() };
        let other = county.records(&county.principal()).withdraw_proposal(withdraw(&made.name)).await;
        refused(other, Code::NotFound, "NOT_FOUND");
        let gone =
            county.records(&county.psychologist()).withdraw_proposal(withdraw(&made.name)).await.unwrap();
        assert_eq!(gone.into_inner().state(), pb::ProposalState::Withdrawn);
        let made = county.propose(&boy, pb::Colour::Yellow, false).await;
        let reject =
            pb::RejectProposalRequest {
                name: made.name, reason: "依据不足".into(), ..Default::default()
            };
        let rejected =
            county.records(&county.principal()).reject_proposal(reject).await.unwrap().into_inner();
        assert_eq!(
            (rejected.state(), rejected.reject_reason.as_str()),
            (pb::ProposalState::Rejected, "依据不足")
        );
        assert_eq!(county.record(&boy).await.colour(), pb::Colour::Green);
        let list = pb::ListProposalsRequest { parent: boy.clone(), ..Default::default() };
        let all = county.records(&county.deputy()).list_proposals(list).await.unwrap().into_inner().proposals;
        assert_eq!(all.len(), 2);
        let correct = |entry: String| pb::CorrectRecordHistoryRequest {
            parent: format!("{boy}/record"),
            entry: Some(pb::RecordEntry {
                corrected_entry: entry,
                note: "当日未开展访谈".into(),
                ..Default::default()
            }),
            ..Default::default()
        };
        let lines = pb::ListRecordHistoryRequest { parent: format!("{boy}/record"), ..Default::default() };
        let lines = county
            .records(&county.principal())
            .list_record_history(lines)
            .await
            .unwrap()
            .into_inner()
            .entries;
        let line = lines.last().unwrap();
        assert_eq!(line.from_colour(), pb::Colour::Green);
        let by_head =
            county.records(&county.principal()).correct_record_history(correct(line.name.clone())).await;
        refused(by_head, Code::PermissionDenied, "PERMISSION_DENIED");
        let added =
            county.records(&county.psychologist()).correct_record_history(correct(line.name.clone())).await;
        assert_eq!(added.unwrap().into_inner().note, "当日未开展访谈");
        use pb::RecordEntryKind::{Correction, Opened, Rejected};
        assert_eq!(history(&county, &boy).await, [Opened, Rejected, Correction]);
    })
    .await;
}

#[tokio::test]
async fn who_sees_colours_and_who_sees_only_that_attention_is_needed() {
    each(|county| async move {
        let (boy, girl) = (county.pupil(&county.a1, BOY).await, county.pupil(&county.a1, GIRL).await);
        county.make_orange(&boy).await;
        county.make_yellow(&girl).await;
        let colours = async |who: &Principal| {
            let found = county.records(who).list_records(pb::ListRecordsRequest::default()).await;
            let found = found.map(|found| found.into_inner().records).unwrap_or_default();
            found.iter().map(pb::Record::colour).collect::<Vec<_>>()
        };
        let attention = async |who: &Principal| {
            let found = county.records(who).list_attention(pb::ListAttentionRequest::default()).await;
            found.map(|found| found.into_inner().attention).unwrap_or_default()
        };
        for who in [county.psychologist(), county.principal(), county.deputy()] {
            assert_eq!(colours(&who).await, [pb::Colour::Orange, pb::Colour::Yellow]);
        }
        assert_eq!(colours(&centre()).await, [pb::Colour::Orange]);
        assert_eq!(colours(&for_pupil(9, "support", &girl)).await, [pb::Colour::Yellow]);
        let teacher = homeroom(&county.a1);
        let mut blind = vec![teacher.clone(), at(1, "psychologist", &county.b), at(1, "subject", &county.a)];
        blind.extend(["assigned", "guardian", "pupil"].map(|role| for_pupil(9, role, &boy)));
        blind.extend(["county_it", "inspector", "auditor", "county_duty"].map(of_county));
        for who in blind {
            assert_eq!(colours(&who).await, [], "{who:?}");
        }
        let seen = attention(&teacher).await;
        assert_eq!(seen.len(), 2);
        assert_eq!(seen[0].advice, seen[1].advice, "the advice does not tell the colour");
        assert_eq!((seen[0].student_display_name.as_str(), seen[0].advice.len()), ("宋子佳", 3));
        assert_eq!(attention(&homeroom(&county.a2)).await, []);
        assert_eq!(attention(&for_pupil(9, "guardian", &boy)).await, []);

        let yellow = pb::GetRecordRequest { name: format!("{girl}/record") };
        let answer = county.records(&centre()).get_record(yellow).await;
        refused(answer, Code::PermissionDenied, "PERMISSION_DENIED");
        let proposals = pb::ListProposalsRequest { parent: "students/-".into(), ..Default::default() };
        let of_centre =
            county.records(&centre()).list_proposals(proposals.clone()).await.unwrap().into_inner();
        let of_school =
            county.records(&county.deputy()).list_proposals(proposals).await.unwrap().into_inner();
        assert_eq!((of_centre.proposals.len(), of_school.proposals.len()), (1, 2));
    })
    .await;
}
