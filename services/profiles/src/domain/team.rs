//! Support teams (二包一, 三包一; P5.3, P5.5): who counts, how many are missing, since when.

use super::{
    colour::Colour,
    ids::{StaffId, StudentId, UserId},
    words::words,
};
use serde::{Deserialize, Serialize};
use xinqiao_kit::time::Ts;

/// Members of one team at most.
pub const TEAM_MAX: usize = 10;

words! {
    /// Whether a member counts towards the team.
    pub enum Standing {
        /// Counts.
        Active = "active",
        /// Does not count while on leave.
        OnLeave = "on_leave",
        /// Supports more pupils than the limit allows, and joined this team when the limit was reached.
        Overloaded = "overloaded",
    }
}

/// A member of a support team.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Who.
    pub staff: StaffId,
    /// The account, for access to the record.
    pub user: Option<UserId>,
    /// The name.
    pub name: String,
    /// Since when.
    pub joined_at: Ts,
    /// Whether the member counts.
    pub standing: Standing,
}

/// Whether a member counts. `rank` is the place of this team among all that the person is in, by the time of joining, from 1. Who has left
/// the school is no member any more.
pub fn standing(on_leave: bool, rank: i64, load_limit: u32) -> Standing {
    if on_leave {
        Standing::OnLeave
    } else if rank > i64::from(load_limit) {
        Standing::Overloaded
    } else {
        Standing::Active
    }
}

/// The support team of a pupil.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Team {
    /// The pupil.
    pub student: StudentId,
    /// Members, in the order of joining.
    pub members: Vec<Member>,
    /// Members needed.
    pub required: usize,
    /// Since when members are missing.
    pub vacant_since: Option<Ts>,
    /// Version of the row.
    pub version: i64,
}

impl Team {
    /// A team without members, for a pupil of this colour.
    pub fn empty(student: StudentId, colour: Colour) -> Self {
        Self { student, members: Vec::new(), required: colour.team_size(), vacant_since: None, version: 0 }
    }

    /// Members who are missing.
    pub fn missing(&self) -> usize {
        let active = self.members.iter().filter(|member| member.standing == Standing::Active).count();
        self.required.saturating_sub(active)
    }

    /// Since when members are missing, as of now: the clock starts when the team stops being whole, and does not start again while it is not.
    pub fn vacancy_clock(&self, now: Ts) -> Option<Ts> {
        (self.missing() > 0).then(|| self.vacant_since.unwrap_or(now))
    }
}
