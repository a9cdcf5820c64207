//! Reports: what signs mean, and where a report enters the grid.

use super::{Severity, codes::codes};

codes! {
    /// A sign of danger or distress that a person without training can notice.
    Sign {
        /// Is trying to take their life, or has just tried.
        AttemptNow = "attempt_now",
        /// Is at a dangerous place or holds the means.
        AtDangerousPlace = "at_dangerous_place",
        /// Says that they will do it, with a plan, a time or the means.
        PlanOrMeans = "plan_or_means",
        /// Is gone, and left a farewell.
        MissingAfterFarewell = "missing_after_farewell",
        /// Is about to hurt others.
        ViolenceNow = "violence_now",
        /// Fresh self-inflicted injury.
        SelfHarm = "self_harm",
        /// Speaks or writes of dying.
        TalkOfDeath = "talk_of_death",
        /// Gives belongings away, takes leave.
        Farewell = "farewell",
        /// Suspected abuse or assault.
        AbuseSuspected = "abuse_suspected",
        /// A sudden loss.
        SuddenLoss = "sudden_loss",
        /// The pupil asks for help.
        AsksForHelp = "asks_for_help",
        /// Withdraws from everybody.
        Withdrawal = "withdrawal",
        /// Mood changed markedly.
        MoodChange = "mood_change",
        /// Sleeps or eats markedly differently.
        SleepOrAppetite = "sleep_or_appetite",
        /// Is bullied, or bullies.
        Bullying = "bullying",
        /// Stays away from school.
        SchoolRefusal = "school_refusal",
        /// Something else.
        Other = "other",
    }
}

/// So many different yellow signs at once are as serious as an orange one. A local default, ours.
const YELLOW_SIGNS_THAT_MAKE_ORANGE: usize = 3;

impl Sign {
    /// The severity of this sign by itself.
    pub fn severity(self) -> Severity {
        match self {
            Self::AttemptNow
            | Self::AtDangerousPlace
            | Self::PlanOrMeans
            | Self::MissingAfterFarewell
            | Self::ViolenceNow => Severity::Red,
            Self::SelfHarm
            | Self::TalkOfDeath
            | Self::Farewell
            | Self::AbuseSuspected
            | Self::SuddenLoss
            | Self::AsksForHelp => Severity::Orange,
            Self::Withdrawal
            | Self::MoodChange
            | Self::SleepOrAppetite
            | Self::Bullying
            | Self::SchoolRefusal
            | Self::Other => Severity::Yellow,
        }
    }
}

/// The severity of different signs together: that of the gravest, and orange for many yellow ones. Danger now is always red.
pub fn severity_of(signs: &[Sign]) -> Severity {
    let gravest = signs.iter().map(|sign| sign.severity()).max().unwrap_or(Severity::Yellow);
    if gravest == Severity::Yellow && signs.len() >= YELLOW_SIGNS_THAT_MAKE_ORANGE {
        Severity::Orange
    } else {
        gravest
    }
}

codes! {
    /// Where a report or signal entered the grid (P4.7).
    EntryLevel {
        /// The pupil.
        Pupil = "pupil",
        /// A guardian.
        Family = "family",
        /// A peer observer.
        Peer = "peer",
        /// A teacher of the class, or one who looks after the pupil.
        Class = "class",
        /// The grade.
        Grade = "grade",
        /// The school.
        School = "school",
        /// The county.
        County = "county",
    }
}

impl EntryLevel {
    /// Whether the reporter learns which alert came of the report: staff do.
    pub fn learns_alert(self) -> bool {
        matches!(self, Self::Class | Self::Grade | Self::School | Self::County)
    }

    /// Whether the reporter's identity is sealed.
    pub fn is_sealed(self) -> bool {
        self == Self::Peer
    }

    /// Whether the reporter may use words beside signs. Peers give signs only: their words would tell who they are.
    pub fn may_write_text(self) -> bool {
        self != Self::Peer
    }
}

codes! {
    /// Where a signal comes from.
    Source {
        /// A report.
        Report = "report",
        /// A questionnaire's critical item.
        Screening = "screening",
        /// An interview.
        Interview = "interview",
        /// A structured observation.
        Observation = "observation",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn danger_now_is_red_whatever_else_is_seen() {
        for sign in [
            Sign::AttemptNow,
            Sign::AtDangerousPlace,
            Sign::PlanOrMeans,
            Sign::MissingAfterFarewell,
            Sign::ViolenceNow,
        ] {
            assert_eq!(severity_of(&[Sign::Other, sign, Sign::SelfHarm]), Severity::Red, "{sign:?}");
        }
    }

    #[test]
    fn the_gravest_sign_decides_and_three_yellow_ones_are_orange() {
        assert_eq!(severity_of(&[Sign::Withdrawal]), Severity::Yellow);
        assert_eq!(severity_of(&[Sign::Withdrawal, Sign::Bullying]), Severity::Yellow);
        assert_eq!(severity_of(&[Sign::Withdrawal, Sign::Bullying, Sign::MoodChange]), Severity::Orange);
        assert_eq!(severity_of(&[Sign::Withdrawal, Sign::TalkOfDeath]), Severity::Orange);
        assert_eq!(severity_of(&[Sign::AsksForHelp]), Severity::Orange);
    }

    #[test]
    fn every_code_leads_back_to_its_value() {
        assert!(Sign::ALL.iter().all(|sign| Sign::from_code(sign.code()) == Some(*sign)));
        assert!(Severity::ALL.is_sorted());
        assert_eq!(Severity::from_code("purple"), None);
    }
}
