//! Ids, a type for each kind of thing.

use xinqiao_kit::typed_id;

typed_id!(/// A school.
SchoolId);
typed_id!(/// A class.
ClassId);
typed_id!(/// A pupil.
StudentId);
typed_id!(/// An account.
UserId);
typed_id!(/// A campaign.
CampaignId);
typed_id!(/// A pupil on the target list of a campaign; also the pupil's assignment.
TargetId);
typed_id!(/// A response and its result.
ResponseId);
typed_id!(/// A finding.
FindingId);
typed_id!(/// An interview.
InterviewId);
typed_id!(/// An observation.
ObservationId);
typed_id!(/// A class meeting.
MeetingId);
typed_id!(/// A stay on the list.
EntryId);

/// Where a pupil is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct Place {
    /// The school.
    pub school: SchoolId,
    /// The class.
    pub class: ClassId,
}
