//! The ids of what this service keeps, and of what it knows from others.

use xinqiao_kit::typed_id;

typed_id!(
    /// A school, known from profiles.
    SchoolId
);
typed_id!(
    /// A class, known from profiles.
    ClassId
);
typed_id!(
    /// A pupil, known from profiles.
    StudentId
);
typed_id!(
    /// An account, known from identity.
    UserId
);
typed_id!(
    /// A parents' committee.
    CommitteeId
);
typed_id!(
    /// A member of a committee.
    MemberId
);
typed_id!(
    /// An event with parents.
    FamilyEventId
);
typed_id!(
    /// A home visit.
    VisitId
);
typed_id!(
    /// A message to guardians.
    MessageId
);
typed_id!(
    /// A guardian's request for help.
    GuidanceId
);
typed_id!(
    /// A text to consent to.
    FormId
);
typed_id!(
    /// A guardian's decision.
    ConsentId
);
typed_id!(
    /// A partner outside school.
    PartnerId
);
typed_id!(
    /// Something done with a partner.
    PartnerActivityId
);
