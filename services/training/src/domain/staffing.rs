//! Whether a school has the staff that the policy asks for: one full-time qualified mental-health teacher a stage (P2.1), and
//! everybody in one of three tiers (P2.3). Computed from posts and certificates.

use super::{
    certificate::Certificate,
    facts::{Post, School, Staff},
    ids::StaffId,
    stage::{Stage, words},
};
use chrono::NaiveDate;

/// Full-time qualified teachers that each stage is to have (P2.1).
pub const TARGET_A_STAGE: usize = 1;

words! {
    /// Where somebody stands in the school's team (P2.3).
    TeamTier {
        /// Full-time mental-health teachers.
        Core = "core",
        /// Homeroom teachers, grade leaders, part-time mental-health teachers.
        Backbone = "backbone",
        /// Everybody else.
        All = "all",
    }
}

/// One stage of a school.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StageStaffing {
    /// The stage.
    pub stage: Stage,
    /// Who is qualified for it, works full time and is not on leave.
    pub qualified: Vec<StaffId>,
    /// How many of them are within the establishment.
    pub within_establishment: usize,
    /// Whether the stage has somebody when each person fills one stage only.
    pub filled: bool,
}

/// The staffing of a school.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Staffing {
    /// The stages that the school teaches.
    pub stages: Vec<StageStaffing>,
    /// Active staff with their tier and whether they are on leave, core first.
    pub members: Vec<(StaffId, TeamTier, bool)>,
}

impl Staffing {
    /// Whether every stage is filled. A school without stages has proven nothing.
    pub fn filled(&self) -> bool {
        !self.stages.is_empty() && self.stages.iter().all(|stage| stage.filled)
    }

    /// Active staff in a tier.
    pub fn count(&self, tier: TeamTier) -> usize {
        self.members.iter().filter(|(_, of, _)| *of == tier).count()
    }
}

/// The staffing of a school on a day, from its staff and their certificates.
pub fn staffing(school: &School, staff: &[Staff], certificates: &[Certificate], day: NaiveDate) -> Staffing {
    let full_time = || staff.iter().filter(|s| s.active && !s.on_leave && s.holds(Post::Psychologist));
    let mut stages: Vec<StageStaffing> = school
        .stages
        .iter()
        .map(|stage| {
            let good = |s: &&Staff, established: bool| {
                let mut own = certificates.iter().filter(|c| c.staff == s.id && c.qualifies(*stage, day));
                own.any(|c| !established || c.within_establishment)
            };
            StageStaffing {
                stage: *stage,
                qualified: full_time().filter(|s| good(s, false)).map(|s| s.id).collect(),
                within_establishment: full_time().filter(|s| good(s, true)).count(),
                filled: false,
            }
        })
        .collect();
    fill(&mut stages);
    let mut members: Vec<_> =
        staff.iter().filter(|s| s.active).map(|s| (s.id, s.tier(), s.on_leave)).collect();
    members.sort_by_key(|(id, tier, _)| (*tier, *id));
    Staffing { stages, members }
}

/// Gives each stage a person of its own, as many stages as possible (augmenting paths; a school has three stages at most).
fn fill(stages: &mut [StageStaffing]) {
    let mut holder: Vec<(StaffId, usize)> = Vec::new();
    for stage in 0..stages.len() {
        let mut tried = Vec::new();
        place(stages, stage, &mut holder, &mut tried);
    }
    for (_, stage) in holder {
        if let Some(stage) = stages.get_mut(stage) {
            stage.filled = true;
        }
    }
}

fn place(
    stages: &[StageStaffing],
    stage: usize,
    holder: &mut Vec<(StaffId, usize)>,
    tried: &mut Vec<StaffId>,
) -> bool {
    let candidates = stages.get(stage).map(|stage| stage.qualified.clone()).unwrap_or_default();
    for person in candidates {
        if tried.contains(&person) {
            continue;
        }
        tried.push(person);
        match holder.iter().find(|(held, _)| *held == person).map(|(_, at)| *at) {
            None => {
                holder.push((person, stage));
                return true;
            }
            Some(other) if place(stages, other, holder, tried) => {
                holder.retain(|(held, at)| (*held, *at) != (person, other));
                holder.push((person, stage));
                return true;
            }
            Some(_) => {}
        }
    }
    false
}
