//! The rules of crisis work: who is told when, what counts as taken care of, what a pupil's signs mean.
//!
//! Pure: no async, no SQL, no protobuf, no clock, no randomness.

mod codes;

pub mod alert;
pub mod calendar;
pub mod escalation;
pub mod grid;
pub mod notification;
pub mod plan;
pub mod policy;
pub mod report;
pub mod timeline;

pub use alert::{Alert, AlertState, Severity};
pub use grid::Level;

xinqiao_kit::typed_id!(
    /// An alert.
    AlertId
);
xinqiao_kit::typed_id!(
    /// A signal that an alert gathered.
    SignalId
);
xinqiao_kit::typed_id!(
    /// A pupil.
    StudentId
);
xinqiao_kit::typed_id!(
    /// A school.
    SchoolId
);
xinqiao_kit::typed_id!(
    /// A class.
    ClassId
);
xinqiao_kit::typed_id!(
    /// An account.
    UserId
);
xinqiao_kit::typed_id!(
    /// A member of staff.
    StaffId
);
xinqiao_kit::typed_id!(
    /// A seat of the grid that was filled by hand.
    SeatId
);
xinqiao_kit::typed_id!(
    /// A notification.
    NotificationId
);
xinqiao_kit::typed_id!(
    /// A version of a school's emergency plan.
    PlanId
);
xinqiao_kit::typed_id!(
    /// A task of an activated plan.
    TaskId
);
xinqiao_kit::typed_id!(
    /// An entry of a timeline.
    EntryId
);
