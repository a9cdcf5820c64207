//! Consents of guardians: to what, in which version, until withdrawn (P3.6).

use super::{
    evidence::TOPIC_MAX,
    ids::{ClassId, ConsentId, FormId, SchoolId, StudentId, UserId},
    words::words,
};
use serde::{Deserialize, Serialize};
use xinqiao_kit::{status::Violation, time::Ts, validate::Violations};

/// Characters of a form's text.
pub const FORM_TEXT_MAX: usize = 20_000;

words! {
    /// What is consented to.
    Purpose {
        /// Screening.
        Screening = "screening",
        /// Counselling at school.
        Counselling = "counselling",
        /// Referral to an institution.
        Referral = "referral",
        /// Handling of the child's personal data on this platform.
        DataProcessing = "data_processing",
    }
}

words! {
    /// Where a consent stands.
    ConsentState {
        /// It holds.
        Given = "given",
        /// The guardian refused.
        Refused = "refused",
        /// It was withdrawn.
        Withdrawn = "withdrawn",
        /// The same guardian decided again.
        Superseded = "superseded",
    }
}

/// A text that guardians are asked to consent to. Never changed: a new text is a new version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsentForm {
    /// Its id.
    pub id: FormId,
    /// Whose form; none for the county's.
    pub school: Option<SchoolId>,
    /// To what.
    pub purpose: Purpose,
    /// Version, from 1.
    pub version: i32,
    /// Title.
    pub title: String,
    /// The text.
    pub text: String,
    /// Whether it is the newest version.
    pub current: bool,
    /// When it was published.
    pub created_at: Ts,
}

/// What one guardian decided for one pupil.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consent {
    /// Its id.
    pub id: ConsentId,
    /// The pupil.
    pub student: StudentId,
    /// The pupil's school at that time.
    pub school: SchoolId,
    /// The pupil's class at that time.
    pub class: ClassId,
    /// The form.
    pub form: FormId,
    /// To what.
    pub purpose: Purpose,
    /// Version of the form.
    pub form_version: i32,
    /// Who decided.
    pub guardian: UserId,
    /// Where it stands.
    pub state: ConsentState,
    /// When it was decided.
    pub decided_at: Ts,
    /// When it was withdrawn or superseded.
    pub ended_at: Option<Ts>,
    /// Row version.
    pub version: i64,
}

/// A consent that does not hold cannot be withdrawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the consent does not hold")]
pub struct NotGiven;

/// Notes what is wrong with a form.
pub fn check_form(v: &mut Violations, title: &str, text: &str) {
    v.len("consent_form.title", title, 1, TOPIC_MAX);
    v.len("consent_form.text", text, 1, FORM_TEXT_MAX);
}

/// Notes what is wrong with deciding on a form for a pupil of `school`.
pub fn check_decision(
    v: &mut Violations,
    form: Option<&ConsentForm>,
    school: SchoolId,
    decision: Option<ConsentState>,
) {
    match form {
        Some(form) if form.school.is_none_or(|of| of == school) => {
            if !form.current {
                v.push(Violation::new("form", "FORM_SUPERSEDED"));
            }
        }
        _ => v.push(Violation::new("form", "FORM_UNKNOWN")),
    }
    if matches!(decision, Some(ConsentState::Withdrawn | ConsentState::Superseded)) {
        v.push(Violation::new("decision", "UNKNOWN_VALUE"));
    }
}

impl Consent {
    /// Withdraws it.
    ///
    /// # Errors
    /// It does not hold.
    pub fn withdraw(&mut self, at: Ts) -> Result<(), NotGiven> {
        if self.state != ConsentState::Given {
            return Err(NotGiven);
        }
        self.state = ConsentState::Withdrawn;
        self.ended_at = Some(at);
        self.version += 1;
        Ok(())
    }
}
