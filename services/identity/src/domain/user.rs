//! Who has an account.

use super::{SchoolId, StudentId, UserId};
use serde::{Deserialize, Serialize};
use xinqiao_kit::time::Ts;

/// Fewest characters of a login name.
pub const LOGIN_NAME_MIN: usize = 3;
/// Most characters of a login name.
pub const LOGIN_NAME_MAX: usize = 64;
/// Most characters of the name that a person goes by.
pub const DISPLAY_NAME_MAX: usize = 60;
/// Children that one guardian's account is made with at most.
pub const CHILDREN_MAX: usize = 10;

/// The name that a person types to log in, in its one spelling: small, half-width.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoginName(String);

impl LoginName {
    /// Reads a login name as typed: spaces around it, capitals and full-width letters do not matter.
    ///
    /// # Errors
    /// TOO_SHORT, TOO_LONG or INVALID_FORMAT.
    pub fn parse(typed: &str) -> Result<Self, &'static str> {
        let name = Self::fold(typed);
        let allowed =
            |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '_' | '-' | '@');
        match name.chars().count() {
            0..LOGIN_NAME_MIN => Err("TOO_SHORT"),
            LOGIN_NAME_MIN..=LOGIN_NAME_MAX if name.chars().all(allowed) => Ok(Self(name)),
            LOGIN_NAME_MIN..=LOGIN_NAME_MAX => Err("INVALID_FORMAT"),
            _ => Err("TOO_LONG"),
        }
    }

    /// A login name that was stored: it was read once.
    pub fn stored(name: String) -> Self {
        Self(name)
    }

    /// The spelling under which anything that was typed is looked up, whether or not it could be a login name.
    pub fn fold(typed: &str) -> String {
        typed.trim().chars().map(half_width).map(|c| c.to_ascii_lowercase()).collect()
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Chinese keyboards give full-width forms of ASCII, at a fixed distance from it.
fn half_width(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        '\u{3000}' => ' ',
        _ => c,
    }
}

/// What kind of person an account belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Member of staff of a school.
    Staff,
    /// Pupil.
    Pupil,
    /// Parent or other guardian.
    Guardian,
    /// Somebody of the county.
    County,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Staff, Self::Pupil, Self::Guardian, Self::County];

    /// Name in the database and in access policies.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Staff => "staff",
            Self::Pupil => "pupil",
            Self::Guardian => "guardian",
            Self::County => "county",
        }
    }

    /// The kind of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// The person behind an account and where the person belongs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Person {
    /// Member of staff of a school.
    Staff {
        /// The school that keeps the account.
        school: SchoolId,
    },
    /// A pupil.
    Pupil {
        /// The school that the pupil is at.
        school: SchoolId,
        /// The pupil.
        student: StudentId,
    },
    /// A guardian.
    Guardian {
        /// The school that keeps the account.
        school: SchoolId,
        /// The guardian's children, as far as they were asked for.
        children: Vec<StudentId>,
    },
    /// Somebody of the county.
    County,
}

impl Person {
    /// The kind.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Staff { .. } => Kind::Staff,
            Self::Pupil { .. } => Kind::Pupil,
            Self::Guardian { .. } => Kind::Guardian,
            Self::County => Kind::County,
        }
    }

    /// The school that keeps the account; none for people of the county.
    pub const fn school(&self) -> Option<SchoolId> {
        match self {
            Self::Staff { school } | Self::Pupil { school, .. } | Self::Guardian { school, .. } => {
                Some(*school)
            }
            Self::County => None,
        }
    }

    /// The same person at another school; none for whom no account is moved by hand.
    pub fn at(self, school: SchoolId) -> Option<Self> {
        match self {
            Self::Staff { .. } => Some(Self::Staff { school }),
            Self::Guardian { children, .. } => Some(Self::Guardian { school, children }),
            Self::Pupil { .. } | Self::County => None,
        }
    }

    /// The pupil that the account belongs to.
    pub const fn student(&self) -> Option<StudentId> {
        match self {
            Self::Pupil { student, .. } => Some(*student),
            Self::Staff { .. } | Self::Guardian { .. } | Self::County => None,
        }
    }

    /// The pupils that the account would speak for: the pupil in person, or the guardian's children.
    pub fn students(&self) -> &[StudentId] {
        match self {
            Self::Pupil { student, .. } => std::slice::from_ref(student),
            Self::Guardian { children, .. } => children,
            Self::Staff { .. } | Self::County => &[],
        }
    }
}

/// An account to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewUser {
    /// What the person types to log in.
    pub login_name: LoginName,
    /// What the person is called.
    pub display_name: String,
    /// Who the person is.
    pub person: Person,
}

/// An account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Its id.
    pub id: UserId,
    /// What the person types to log in.
    pub login_name: LoginName,
    /// What the person is called.
    pub display_name: String,
    /// Who the person is.
    pub person: Person,
    /// Whether it may not log in.
    pub disabled: bool,
    /// Whether somebody else has seen the password.
    pub must_change_password: bool,
    /// Whether it has a password.
    pub activated: bool,
    /// When it was made.
    pub create_time: Ts,
    /// When it last changed.
    pub update_time: Ts,
    /// Counts its changes.
    pub version: i64,
}
