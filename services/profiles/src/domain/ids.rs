//! Ids of what this service keeps, each of its own type.

use xinqiao_kit::typed_id;

typed_id!(
    /// A school.
    SchoolId
);
typed_id!(
    /// A class.
    ClassId
);
typed_id!(
    /// A member of staff.
    StaffId
);
typed_id!(
    /// A duty of a member of staff.
    DutyId
);
typed_id!(
    /// A pupil.
    StudentId
);
typed_id!(
    /// A guardian.
    GuardianId
);
typed_id!(
    /// A pupil's way from one school to another.
    TransferId
);
typed_id!(
    /// A proposal to change a pupil's colour.
    ProposalId
);
typed_id!(
    /// A line of a record's history.
    EntryId
);
typed_id!(
    /// Something done for a pupil: a follow-up, a parent contact, a care note.
    CareId
);
typed_id!(
    /// A referral to an institution.
    ReferralId
);
typed_id!(
    /// An account, kept by the identity service.
    UserId
);
