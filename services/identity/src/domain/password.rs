//! Which passwords are good enough. Length beats composition; what everybody guesses first is refused.

use super::user::{Kind, LoginName};

/// Most characters of a password; more would only cost time to hash.
pub const PASSWORD_MAX: usize = 128;

/// What is wrong with a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Weakness {
    /// It has fewer characters than people of that kind need.
    #[error("the password has fewer than {min} characters")]
    TooShort {
        /// The fewest.
        min: usize,
    },
    /// It has more characters than are taken.
    #[error("the password has more than {max} characters")]
    TooLong {
        /// The most.
        max: usize,
    },
    /// It is among the first that anybody tries.
    #[error("the password is among the first that anybody tries")]
    TooCommon,
    /// It is the login name, or holds it.
    #[error("the password holds the login name")]
    LikeLoginName,
    /// It is the password that it should replace.
    #[error("the password is the old one")]
    Unchanged,
}

impl Weakness {
    /// The reason of the violation.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::TooShort { .. } => "TOO_SHORT",
            Self::TooLong { .. } => "TOO_LONG",
            Self::TooCommon => "PASSWORD_TOO_COMMON",
            Self::LikeLoginName => "PASSWORD_LIKE_LOGIN_NAME",
            Self::Unchanged => "PASSWORD_UNCHANGED",
        }
    }
}

/// Fewest characters for people of that kind: small children get short ones, who reads about children long ones.
pub const fn password_min(kind: Kind) -> usize {
    match kind {
        Kind::Pupil => 6,
        Kind::Guardian => 8,
        Kind::Staff | Kind::County => 10,
    }
}

/// The passwords that are refused whatever their length.
#[derive(Debug)]
pub struct Common(std::collections::HashSet<&'static str>);

impl Common {
    /// Reads a list: a password a line, small letters, `#` starts a comment line.
    pub fn new(list: &'static str) -> Self {
        let lines = list.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        Self(lines.collect())
    }

    fn has(&self, password: &str) -> bool {
        let small = password.to_lowercase();
        let stem = small.trim_end_matches(|c: char| c.is_ascii_digit() || c.is_ascii_punctuation());
        self.0.contains(small.as_str())
            || (stem.chars().count() >= 5 && self.0.contains(stem))
            || one_character(&small)
            || one_step(&small)
    }
}

/// `aaaaaa`, `111111`.
fn one_character(password: &str) -> bool {
    let mut characters = password.chars();
    characters.next().is_some_and(|first| characters.all(|c| c == first))
}

/// `123456`, `fedcba`: each character one up or one down from that before it; 9 is followed by 0.
fn one_step(password: &str) -> bool {
    let codes: Vec<i64> = password.chars().map(|c| i64::from(u32::from(c))).collect();
    let steps = |step: i64, wrap: (i64, i64)| {
        codes.iter().zip(codes.iter().skip(1)).all(|(a, b)| b - a == step || (*a, *b) == wrap)
    };
    let (zero, nine) = (i64::from(u32::from('0')), i64::from(u32::from('9')));
    steps(1, (nine, zero)) || steps(-1, (zero, nine))
}

/// Whether people of that kind may use `password`.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn check(password: &str, kind: Kind, login_name: &LoginName, common: &Common) -> Result<(), Weakness> {
    let (min, length) = (password_min(kind), password.chars().count());
    if length < min {
        return Err(Weakness::TooShort { min });
    }
    if length > PASSWORD_MAX {
        return Err(Weakness::TooLong { max: PASSWORD_MAX });
    }
    if password.to_lowercase().contains(login_name.as_str()) {
        return Err(Weakness::LikeLoginName);
    }
    if common.has(password) { Err(Weakness::TooCommon) } else { Ok(()) }
}
