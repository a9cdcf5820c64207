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
    /// A member of staff, known from profiles.
    StaffId
);
typed_id!(
    /// An account, known from identity.
    UserId
);
typed_id!(
    /// A lesson that was held.
    LessonId
);
typed_id!(
    /// A teaching plan.
    PlanId
);
typed_id!(
    /// A training session.
    TrainingId
);
typed_id!(
    /// A certificate.
    CertificateId
);
typed_id!(
    /// An activity.
    ActivityId
);
