//! Small things that every conversion needs: enums, times, names, masks.

use crate::domain::{
    alarm::AlarmKind,
    care::{Channel, FollowUpForm, Outcome},
    colour::{Capacity, Colour},
    identifiers::Sex,
    ids::{ClassId, SchoolId, StaffId, StudentId, UserId},
    proposal::{EvidenceKind, ProposalState},
    record::EntryKind,
    referral::ReferralState,
    roster::import::{ImportState, Outcome as RowOutcome, Policy},
    school::Running,
    staff::Post,
    stage::Stage,
    student::{GroupKind, StudentState, TransferState},
    team::Standing,
};
use prost_types::{FieldMask, Timestamp};
use xinqiao_kit::{names, status::Violation, time::Ts, validate::Violations};
use xinqiao_proto::profiles::v1 as pb;

/// An enum of the domain and its number in protobuf; zero is none of its values.
pub(super) trait Wire: Copy + Sized {
    /// Its number.
    fn wire(self) -> i32;
    /// The value of a number.
    fn of_wire(number: i32) -> Option<Self>;
}

macro_rules! wire {
    ($domain:ty, $pb:ty: $($value:ident),+ $(,)?) => {
        impl Wire for $domain {
            fn wire(self) -> i32 {
                match self {
                    $(Self::$value => <$pb>::$value as i32,)+
                }
            }
            fn of_wire(number: i32) -> Option<Self> {
                match <$pb>::try_from(number).ok()? {
                    $(<$pb>::$value => Some(Self::$value),)+
                    <$pb>::Unspecified => None,
                }
            }
        }
    };
}

wire!(Stage, pb::Stage: Primary, Junior, Senior);
wire!(Sex, pb::Sex: Male, Female);
wire!(Colour, pb::Colour: Green, Yellow, Orange);
wire!(
    Post, pb::Post: Principal, Deputy, Psychologist, PsychologistPartTime, Homeroom, GradeLeader, Subject, Dormitory,
    Nurse, NewTeacher, LeadingGroup, CountyCentre, CountyDuty
);
wire!(StudentState, pb::StudentState: Enrolled, Transferring, OnLeave, Left, Graduated);
wire!(TransferState, pb::TransferState: Open, Accepted, Cancelled);
wire!(GroupKind, pb::SpecialGroupKind: LeftBehind, SingleParent, OnlyChild, Migrant, LearningDifficulty);
wire!(
    EvidenceKind, pb::EvidenceKind: Result, Interview, Observation, Report, Alert, Diagnosis, FollowUp,
    InstitutionFeedback
);
wire!(ProposalState, pb::ProposalState: Open, AwaitingSecond, Signed, Rejected, Withdrawn, Overtaken);
wire!(Capacity, pb::SignerCapacity: Psychologist, CountyCentre, Principal, Deputy, Support);
wire!(EntryKind, pb::RecordEntryKind: Opened, Colour, SecondSignature, Rejected, Transferred, Correction);
wire!(Standing, pb::MemberStanding: Active, OnLeave, Overloaded);
wire!(
    AlarmKind, pb::AlarmKind: TeamVacancy, FollowUpOverdue, SecondSignatureMissing, ParentContactMissing,
    JointPlanMissing, TransferUnanswered, PostVacant
);
wire!(FollowUpForm, pb::FollowUpForm: Talk, Observation, Counselling, HomeVisit);
wire!(Outcome, pb::FollowUpOutcome: Better, Unchanged, Worse);
wire!(Channel, pb::ContactChannel: Phone, AtSchool, HomeVisit, Message);
wire!(
    ReferralState, pb::ReferralState: AwaitingConsent, Consented, Sent, Received, Feedback, ReturnPlanned, Closed
);

wire!(Policy, pb::ImportPolicy: AllOrNothing, GoodRows);
wire!(ImportState, pb::ImportState: Pending, Running, Succeeded, Refused, Failed);
wire!(RowOutcome, pb::RowOutcome: Created, Updated, Unchanged, Moved, Rejected, Duplicate);

/// Schools, classes and staff share their states' numbers: 1 is running, 2 is not.
impl Wire for Running {
    fn wire(self) -> i32 {
        match self {
            Self::Active => 1,
            Self::Closed => 2,
        }
    }
    fn of_wire(number: i32) -> Option<Self> {
        Self::ALL.iter().copied().find(|state| state.wire() == number)
    }
}

/// A filter by an enum: zero is no filter.
pub(super) fn filter<T: Wire>(v: &mut Violations, field: &str, number: i32) -> Option<T> {
    if number == 0 { None } else { v.enum_value(field, number, T::of_wire) }
}

/// A time as protobuf has it.
pub(super) fn time(ts: Ts) -> Option<Timestamp> {
    Some(ts.into())
}

/// A time that there need not be.
pub(super) fn time_opt(ts: Option<Ts>) -> Option<Timestamp> {
    ts.map(Timestamp::from)
}

/// A time that need not be given.
pub(super) fn parse_time(v: &mut Violations, field: &str, given: Option<Timestamp>) -> Option<Ts> {
    given.and_then(|given| v.time(field, Some(given)))
}

pub(super) const SCHOOL: &str = "schools/{}";
pub(super) const VACANCIES: &str = "schools/{}/vacancies";
pub(super) const CLASS: &str = "schools/{}/classes/{}";
pub(super) const STAFF: &str = "staff/{}";
pub(super) const DUTY: &str = "staff/{}/duties/{}";
pub(super) const STUDENT: &str = "students/{}";
pub(super) const USER: &str = "users/{}";
pub(super) const RECORD: &str = "students/{}/record";
pub(super) const ENTRY: &str = "students/{}/record/history/{}";
pub(super) const PROPOSAL: &str = "students/{}/proposals/{}";
pub(super) const TEAM: &str = "students/{}/team";
pub(super) const TRANSFER: &str = "students/{}/transfers/{}";
pub(super) const FOLLOW_UP: &str = "students/{}/followUps/{}";
pub(super) const PARENT_CONTACT: &str = "students/{}/parentContacts/{}";
pub(super) const CARE_NOTE: &str = "students/{}/careNotes/{}";
pub(super) const JOINT_PLAN: &str = "students/{}/jointPlan";
pub(super) const REFERRAL: &str = "students/{}/referrals/{}";

/// Name of a school.
pub(super) fn school(id: SchoolId) -> String {
    names::format(SCHOOL, id)
}

/// Name of a class.
pub(super) fn class(school: SchoolId, class: ClassId) -> String {
    names::format2(CLASS, school, class)
}

/// Name of a member of staff.
pub(super) fn staff(id: StaffId) -> String {
    names::format(STAFF, id)
}

/// Name of a pupil.
pub(super) fn student(id: StudentId) -> String {
    names::format(STUDENT, id)
}

/// Name of an account.
pub(super) fn user(id: UserId) -> String {
    names::format(USER, id)
}

/// A text of one line or more, without padding.
pub(super) fn text(v: &mut Violations, field: &str, given: &str, min: usize, max: usize) -> String {
    let given = given.trim();
    v.len(field, given, min, max);
    given.to_owned()
}

/// The pupil of a parent, or none for `students/-`, which stands for all.
pub(super) fn pupil_or_all(v: &mut Violations, parent: &str) -> Option<StudentId> {
    if parent == "students/-" { None } else { v.id("parent", parent, STUDENT) }
}

/// Which fields an update changes.
pub(super) struct Mask(Vec<String>);

impl Mask {
    /// Reads a mask: all of `known` if it is empty. Other paths are noted.
    pub(super) fn read(v: &mut Violations, mask: Option<FieldMask>, known: &[&'static str]) -> Self {
        let paths = mask.unwrap_or_default().paths;
        if paths.is_empty() {
            return Self(known.iter().map(|path| (*path).to_owned()).collect());
        }
        if paths.iter().any(|path| !known.contains(&path.as_str())) {
            v.push(Violation::new("update_mask", "UNKNOWN_VALUE"));
        }
        Self(paths)
    }

    /// The same, but an empty mask is refused.
    pub(super) fn required(v: &mut Violations, mask: Option<FieldMask>, known: &[&'static str]) -> Self {
        if mask.as_ref().is_none_or(|mask| mask.paths.is_empty()) {
            v.push(Violation::new("update_mask", "REQUIRED"));
            return Self(Vec::new());
        }
        Self::read(v, mask, known)
    }

    /// Whether a field is changed.
    pub(super) fn has(&self, path: &str) -> bool {
        self.0.iter().any(|given| given == path)
    }
}
