//! What RecordService says of proposals.

use super::wire::{PROPOSAL, STUDENT, Wire, pupil_or_all, text, time, time_opt, user};
use super::wire::{SCHOOL, filter};
use crate::{
    app::PlaceOf,
    domain::{
        colour::Colour,
        ids::{ProposalId, StudentId},
        proposal::{Draft, EVIDENCE_MAX, Evidence, EvidenceKind, NOTE_MAX, Proposal, REASONS_MAX, Signature},
    },
    store::proposals::Filter,
};
use xinqiao_kit::{
    etag, names,
    status::Violation,
    validate::{Invalid, Violations},
};
use xinqiao_proto::profiles::v1 as pb;

/// Longest name of a resource that is taken as evidence, in characters.
const RESOURCE_MAX: usize = 200;

impl From<Proposal> for pb::ColourProposal {
    fn from(proposal: Proposal) -> Self {
        Self {
            name: names::format2(PROPOSAL, proposal.student, proposal.id),
            from_colour: proposal.from.wire(),
            to_colour: proposal.to.wire(),
            urgent: proposal.urgent,
            state: proposal.state.wire(),
            proposer: user(proposal.proposer),
            missing_signatures: i32::try_from(proposal.missing_signatures()).unwrap_or(i32::MAX),
            specialist_missing: proposal.specialist_missing(),
            reasons: proposal.reasons,
            evidence: proposal.evidence.into_iter().map(Into::into).collect(),
            signatures: proposal.signatures.into_iter().map(Into::into).collect(),
            create_time: time(proposal.created_at),
            force_time: time_opt(proposal.forced_at),
            second_signature_due_time: time_opt(proposal.second_due_at),
            end_time: time_opt(proposal.ended_at),
            reject_reason: proposal.reject_reason,
            etag: etag::of(proposal.version),
        }
    }
}

impl From<Evidence> for pb::Evidence {
    fn from(item: Evidence) -> Self {
        Self { kind: item.kind.wire(), resource: item.resource, summary: item.summary }
    }
}

impl From<Signature> for pb::Signature {
    fn from(signature: Signature) -> Self {
        Self {
            signer: user(signature.signer),
            capacity: signature.capacity.wire(),
            sign_time: time(signature.signed_at),
            note: signature.note,
        }
    }
}

/// `kinds/0190…`, or longer: pairs of a collection and an id.
fn is_resource_name(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '-' | '_');
    name.contains('/') && name.chars().all(allowed) && !name.starts_with('/') && !name.ends_with('/')
}

fn evidence(v: &mut Violations, given: Vec<pb::Evidence>) -> Vec<Evidence> {
    v.count("proposal.evidence", given.len(), EVIDENCE_MAX);
    let mut evidence = Vec::new();
    for (at, item) in given.into_iter().take(EVIDENCE_MAX).enumerate() {
        let field = |name: &str| format!("proposal.evidence[{at}].{name}");
        let kind = v.enum_value(&field("kind"), item.kind, EvidenceKind::of_wire);
        let resource = text(v, &field("resource"), &item.resource, 0, RESOURCE_MAX);
        if !resource.is_empty() && !is_resource_name(&resource) {
            v.push(Violation::new(field("resource"), "INVALID_NAME").param("pattern", "{collection}/{id}"));
        }
        let least = usize::from(resource.is_empty());
        let summary = text(v, &field("summary"), &item.summary, least, NOTE_MAX);
        evidence.extend(kind.map(|kind| Evidence { kind, resource, summary }));
    }
    evidence
}

/// What somebody proposes for whom.
pub(super) fn draft(m: pb::ProposeColourRequest) -> Result<(StudentId, Draft), Invalid> {
    let mut v = Violations::new();
    let student = v.id("parent", &m.parent, STUDENT);
    let given = v.present("proposal", m.proposal).unwrap_or_default();
    let to = v.enum_value("proposal.to_colour", given.to_colour, Colour::of_wire);
    let reasons = text(&mut v, "proposal.reasons", &given.reasons, 1, REASONS_MAX);
    let evidence = evidence(&mut v, given.evidence);
    let urgent = given.urgent;
    v.finish(student.zip(to).map(|(student, to)| (student, Draft { to, urgent, reasons, evidence })))
}

/// Which proposal a name means.
pub(super) fn of(v: &mut Violations, name: &str) -> Option<PlaceOf<ProposalId>> {
    v.id2("name", name, PROPOSAL).map(|(student, id)| PlaceOf { student, id })
}

/// What a list of proposals is narrowed by.
pub(super) fn list_filter(m: &pb::ListProposalsRequest) -> Result<Filter, Invalid> {
    let mut v = Violations::new();
    let student = pupil_or_all(&mut v, &m.parent);
    let school = v.id_opt("school", &m.school, SCHOOL);
    let state = filter(&mut v, "state", m.state);
    v.finish(Some(Filter { student, school, state }))
}
