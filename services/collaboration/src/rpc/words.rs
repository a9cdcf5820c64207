//! Enums of the domain and of protobuf.

use super::pb;
use crate::domain::{
    committee::{CommitteeLevel, CommitteeRole},
    consent::{ConsentState, Purpose},
    evidence::EvidenceState,
    family_event::FamilyEventKind,
    figure::IndicatorKind,
    guidance::{GuidanceState, Recipient},
    home_visit::{VisitMode, VisitTopic},
    message::MessageKind,
    partner::{PartnerKind, PartnershipForm},
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
    committee_level / committee_level_of: CommitteeLevel = CommitteeLevel { School = School, Class = Class }
    committee_role / committee_role_of: CommitteeRole = CommitteeRole { Chair = Chair, Member = Member }
    family_event_kind / family_event_kind_of: FamilyEventKind = FamilyEventKind {
        ParentLesson = ParentLesson, OpenDay = OpenDay, ParentSession = ParentSession,
    }
    evidence_state: EvidenceState = EvidenceState { Held = Held, Voided = Voided }
    visit_mode / visit_mode_of: VisitMode = VisitMode { Home = Home, School = School, Phone = Phone, Video = Video }
    visit_topic / visit_topic_of: VisitTopic = VisitTopic {
        Learning = Learning, MentalHealth = MentalHealth, Family = Family, Safety = Safety, ScreenTime = ScreenTime,
        SchoolLife = SchoolLife,
    }
    message_kind / message_kind_of: MessageKind = MessageKind {
        Notice = Notice, Invitation = Invitation, Guidance = Guidance,
    }
    recipient / recipient_of: Recipient = GuidanceRecipient { Homeroom = Homeroom, Psychologist = Psychologist }
    guidance_state / guidance_state_of: GuidanceState = GuidanceState {
        Open = Open, Answered = Answered, Closed = Closed,
    }
    purpose / purpose_of: Purpose = ConsentPurpose {
        Screening = Screening, Counselling = Counselling, Referral = Referral, DataProcessing = DataProcessing,
    }
    consent_state / consent_state_of: ConsentState = ConsentState {
        Given = Given, Refused = Refused, Withdrawn = Withdrawn, Superseded = Superseded,
    }
    partner_kind / partner_kind_of: PartnerKind = PartnerKind {
        WomensFederation = WomensFederation, YouthLeague = YouthLeague, CareCommittee = CareCommittee,
        Hospital = Hospital, Police = Police, SocialWork = SocialWork, Other = Other,
    }
    partnership_form / partnership_form_of: PartnershipForm = PartnershipForm {
        Talk = Talk, Practice = Practice, Exchange = Exchange, Workforce = Workforce,
    }
    indicator_kind: IndicatorKind = IndicatorKind {
        Committee = Committee, ParentSchool = ParentSchool, HomeVisits = HomeVisits, OpenDays = OpenDays,
        Psychology = Psychology, ParentSessions = ParentSessions, Guidance = Guidance, Partners = Partners,
    }
}
