//! Enums of the domain and of protobuf.

use super::pb;
use crate::domain::{
    activity::{ActivityState, Actor, Area, Channel, Occasion},
    certificate::{CertificateKind, CertificateState},
    lesson::LessonState,
    lesson_figure::Outlook,
    staff_training::{StaffGroup, TrainingState},
    staffing::TeamTier,
    stage::{Education, LessonKind, Stage},
};

/// The number of a value, and with a second name the value of a number.
macro_rules! enums {
    ($($to:ident $(/ $of:ident)?: $domain:ident = $proto:ident $values:tt)+) => { $(
        enums!(@to $to $domain $proto $values);
        $(enums!(@of $of $domain $proto $values);)?
    )+ };
    (@to $to:ident $domain:ident $proto:ident { $($value:ident = $name:ident),+ $(,)? }) => {
        pub(super) fn $to(value: $domain) -> i32 {
            match value { $($domain::$value => pb::$proto::$name as i32),+ }
        }
    };
    (@of $of:ident $domain:ident $proto:ident { $($value:ident = $name:ident),+ $(,)? }) => {
        pub(super) fn $of(number: i32) -> Option<$domain> {
            match pb::$proto::try_from(number) { $(Ok(pb::$proto::$name) => Some($domain::$value),)+ _ => None }
        }
    };
}

enums! {
    stage / stage_of: Stage = Stage { Primary = Primary, Junior = Junior, Senior = Senior }
    education / education_of: Education = Education {
        Moral = Moral, Intellectual = Intellectual, Physical = Physical, Aesthetic = Aesthetic, Labour = Labour,
    }
    lesson_kind / lesson_kind_of: LessonKind = LessonKind { Universal = Universal, Targeted = Targeted }
    lesson_state: LessonState = LessonState { Held = Held, Voided = Voided }
    outlook: Outlook = Outlook {
        Reached = Reached, OnTrack = OnTrack, Behind = Behind, Missed = Missed,
    }
    staff_group / staff_group_of: StaffGroup = StaffGroup {
        Leaders = Leaders, Homeroom = Homeroom, MentalHealth = MentalHealth, Subject = Subject, New = New,
    }
    training_state: TrainingState = TrainingState {
        Planned = Planned, Held = Held, Cancelled = Cancelled,
    }
    certificate_kind / certificate_kind_of: CertificateKind = CertificateKind {
        TeachingQualification = TeachingQualification, Training = Training,
    }
    certificate_state: CertificateState = CertificateState {
        Valid = Valid, Expiring = Expiring, Expired = Expired, Revoked = Revoked,
    }
    team_tier: TeamTier = TeamTier { Core = Core, Backbone = Backbone, All = All }
    occasion / occasion_of: Occasion = Occasion {
        None = None, PublicityMonth = PublicityMonth, JuniorExam = JuniorExam, SeniorExam = SeniorExam,
        TermStart = TermStart, Other = Other,
    }
    area / area_of: Area = ActivityArea {
        Publicity = Publicity, PeerSupport = PeerSupport, TeacherPupil = TeacherPupil, CampusCulture = CampusCulture,
        ValueOfLife = ValueOfLife, Guidance = Guidance,
    }
    actor / actor_of: Actor = Actor {
        YouthLeague = YouthLeague, YoungPioneers = YoungPioneers, StudentSociety = StudentSociety,
        SocialWorker = SocialWorker,
    }
    channel / channel_of: Channel = Channel {
        Talk = Talk, ClassMeeting = ClassMeeting, Display = Display, Online = Online, Performance = Performance,
        Consultation = Consultation,
    }
    activity_state: ActivityState = ActivityState {
        Planned = Planned, Held = Held, Cancelled = Cancelled,
    }
}
