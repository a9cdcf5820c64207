//! The parts that a deployment is made of.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// One part of the platform, whether it runs in a process of its own or with the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The front door.
    Gateway,
    /// Accounts, sessions, grants.
    Identity,
    /// Schools, staff, pupils, records.
    Profiles,
    /// Screening.
    Screening,
    /// Alerts and escalation.
    Crisis,
    /// Lessons and staff training.
    Training,
    /// Home and school.
    Collaboration,
}

impl Role {
    /// All roles, the gateway first.
    pub const ALL: [Self; 7] = [
        Self::Gateway,
        Self::Identity,
        Self::Profiles,
        Self::Screening,
        Self::Crisis,
        Self::Training,
        Self::Collaboration,
    ];

    /// The roles that own data: all but the gateway.
    pub const SERVICES: [Self; 6] =
        [Self::Identity, Self::Profiles, Self::Screening, Self::Crisis, Self::Training, Self::Collaboration];

    /// Name in configuration, packages, schemas and tokens.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gateway => "gateway",
            Self::Identity => "identity",
            Self::Profiles => "profiles",
            Self::Screening => "screening",
            Self::Crisis => "crisis",
            Self::Training => "training",
            Self::Collaboration => "collaboration",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The text names no role.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` is no role: gateway, identity, profiles, screening, crisis, training or collaboration")]
pub struct UnknownRole(pub String);

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Self, UnknownRole> {
        Self::ALL.into_iter().find(|role| role.name() == text).ok_or_else(|| UnknownRole(text.to_owned()))
    }
}
