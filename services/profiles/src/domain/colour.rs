//! The three colours (P5.2) and what a change of colour needs. Scores only propose; people sign.

use super::words::words;

words! {
    /// A colour of the record. The order is that of concern.
    pub enum Colour {
        /// Ordinary care.
        Green = "green",
        /// Needs attention: two-on-one support (二包一, P5.3).
        Yellow = "yellow",
        /// In serious difficulty: three-on-one support (三包一, P5.5).
        Orange = "orange",
    }
}

impl Colour {
    /// Distinct active members that the support team needs.
    pub const fn team_size(self) -> usize {
        match self {
            Self::Green => 0,
            Self::Yellow => 2,
            Self::Orange => 3,
        }
    }
}

words! {
    /// What a signer is to the pupil.
    pub enum Capacity {
        /// Psychologist of the pupil's school.
        Psychologist = "psychologist",
        /// The county's centre.
        CountyCentre = "county_centre",
        /// Principal of the pupil's school.
        Principal = "principal",
        /// Deputy of the pupil's school.
        Deputy = "deputy",
        /// Member of the pupil's support team.
        Support = "support",
    }
}

impl Capacity {
    /// Psychologist or county centre.
    pub const fn is_specialist(self) -> bool {
        matches!(self, Self::Psychologist | Self::CountyCentre)
    }
}

/// Who must sign a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signers {
    /// One psychologist.
    Psychologist,
    /// Two different people, one of them a psychologist or the county centre.
    TwoWithSpecialist,
}

impl Signers {
    /// How many people must sign.
    pub const fn count(self) -> usize {
        match self {
            Self::Psychologist => 1,
            Self::TwoWithSpecialist => 2,
        }
    }
}

/// What a change of colour needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Requirement {
    /// Who must sign.
    pub signers: Signers,
    /// Whether follow-ups or an institution's feedback must be among the evidence, and no referral may be open.
    pub proof_of_recovery: bool,
}

/// What a change from one colour to another needs; `None` for no change.
pub fn requirement(from: Colour, to: Colour) -> Option<Requirement> {
    let signers = match (from, to) {
        (from, to) if from == to => return None,
        (Colour::Green, Colour::Yellow) => Signers::Psychologist,
        _ => Signers::TwoWithSpecialist,
    };
    Some(Requirement { signers, proof_of_recovery: from == Colour::Orange })
}
