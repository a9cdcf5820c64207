//! Enums of the API and of the rules, both ways.

use crate::domain::{
    campaign::{CampaignState, ConsentRule, Purpose},
    entry::{EntryReason, ExitReason},
    finding::{InterviewReason, InterviewState, ObservationState, Outcome, Sign, Source},
    instrument::{Combine, Kind, Wording},
    level::Level,
    scoring::{Validity, VoidReason},
    target::TargetState,
};
use xinqiao_proto::screening::v1 as pb;

/// Maps an enum of the rules to the API's, and back from its number.
macro_rules! both_ways {
    ($($domain:ident <=> $proto:ident { $($left:ident = $right:ident),+ $(,)? })+) => {
        $(
            impl From<$domain> for pb::$proto {
                fn from(value: $domain) -> Self {
                    match value {
                        $($domain::$left => Self::$right,)+
                    }
                }
            }

            impl Parse for $domain {
                fn parse(number: i32) -> Option<Self> {
                    match pb::$proto::try_from(number).ok()? {
                        $(pb::$proto::$right => Some(Self::$left),)+
                        pb::$proto::Unspecified => None,
                    }
                }
            }
        )+
    };
}

/// Reads an enum of the rules from its number in the API; none for zero and for numbers that are not known.
pub(super) trait Parse: Sized {
    /// The value.
    fn parse(number: i32) -> Option<Self>;
}

both_ways! {
    Purpose <=> Purpose { Support = Support, Crisis = Crisis, FollowUp = FollowUp, Statistics = Statistics, Research = Research }
    ConsentRule <=> ConsentRule { Notice = Notice, GuardianUnder14 = GuardianUnder14, Guardian = Guardian }
    CampaignState <=> CampaignState { Draft = Draft, Opening = Opening, Open = Open, Closed = Closed }
    TargetState <=> TargetState {
        Pending = Pending, Submitted = Submitted, Retest = Retest, Leave = Leave, Exempt = Exempt, Refused = Refused, Left = Left,
    }
    Level <=> Level { None = None, Watch = Watch, Attention = Attention, Urgent = Urgent }
    Kind <=> InstrumentKind {
        SelfReport = SelfReport, StaffObservation = StaffObservation, PeerObservation = PeerObservation,
    }
    Wording <=> Wording { Project = Project, Official = Official }
    Combine <=> Combination { Sum = Sum, Mean = Mean }
    Validity <=> Validity { Valid = Valid, Void = Void, Incomplete = Incomplete }
    VoidReason <=> VoidReason { Speeding = Speeding, StraightLining = StraightLining, ValidityScale = ValidityScale }
    Source <=> Source {
        Questionnaire = Questionnaire, Interview = Interview, ClassMeeting = ClassMeeting, Observation = Observation,
        Assessment = Assessment,
    }
    InterviewState <=> InterviewState { Open = Open, Completed = Completed, Cancelled = Cancelled }
    InterviewReason <=> InterviewReason {
        Planned = Planned, Finding = Finding, ReviewItem = ReviewItem, CriticalItem = CriticalItem,
    }
    Outcome <=> InterviewOutcome {
        NoConcern = NoConcern, Watch = Watch, NeedsYellow = NeedsYellow, NeedsOrange = NeedsOrange,
    }
    Sign <=> Sign {
        LowMood = LowMood, Withdrawal = Withdrawal, Anxiety = Anxiety, SleepOrAppetite = SleepOrAppetite,
        SchoolDecline = SchoolDecline, Aggression = Aggression, FamilyOrLoss = FamilyOrLoss, Bullied = Bullied,
        SelfHarm = SelfHarm, SuicidalTalk = SuicidalTalk, SuicidePlan = SuicidePlan,
    }
    ObservationState <=> ObservationState { Matched = Matched, Unmatched = Unmatched }
    EntryReason <=> EntryReason {
        Mood = Mood, Anxiety = Anxiety, Relations = Relations, Learning = Learning, Conduct = Conduct, Family = Family,
        Danger = Danger,
    }
    ExitReason <=> ExitReason { Recovered = Recovered, Mistake = Mistake, Transferred = Transferred, Left = Left }
}

/// A count in the API: counts of a county fit.
pub(super) fn count(value: i64) -> i32 {
    i32::try_from(value).unwrap_or(i32::MAX)
}
