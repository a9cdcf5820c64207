//! Who of a school's active staff has attended how many hours of training in a school year (P2.4).

use super::{facts::Staff, hours::Hours, ids::StaffId, staff_training::StaffGroup};
use std::collections::HashMap;

const HOUR_MINUTES: i64 = 60;

/// What one person attended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Attended {
    /// Trainings.
    pub trainings: i64,
    /// Minutes of all of them.
    pub minutes: i64,
}

/// One person's figure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberFigure {
    /// Who.
    pub staff: StaffId,
    /// The groups that the person is in.
    pub groups: Vec<StaffGroup>,
    /// What was attended.
    pub attended: Attended,
}

/// One group's figure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupFigure {
    /// The group.
    pub group: StaffGroup,
    /// Active staff in it.
    pub staff: usize,
    /// Those who attended anything.
    pub trained: usize,
    /// Those who reached the target.
    pub reached: usize,
    /// Hours of all of them together.
    pub hours: Hours,
    /// Hours of the one who attended least.
    pub lowest: Hours,
}

/// A school's figure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrainingFigure {
    /// All five groups.
    pub groups: Vec<GroupFigure>,
    /// Everybody, least first.
    pub members: Vec<MemberFigure>,
    /// Whether everybody in every group reached the target. A school without staff has proven nothing.
    pub reached: bool,
}

/// The figure of a school from its staff and what each attended.
pub fn figure(staff: &[Staff], attended: &HashMap<StaffId, Attended>, target_hours: u32) -> TrainingFigure {
    let target_minutes = i64::from(target_hours) * HOUR_MINUTES;
    let mut members: Vec<MemberFigure> = staff
        .iter()
        .filter(|staff| staff.active)
        .map(|staff| MemberFigure {
            staff: staff.id,
            groups: staff.groups(),
            attended: attended.get(&staff.id).copied().unwrap_or_default(),
        })
        .collect();
    members.sort_by_key(|member| (member.attended.minutes, member.staff));
    let groups = StaffGroup::ALL.iter().map(|group| group_figure(*group, &members, target_minutes)).collect();
    let mut grouped = members.iter().filter(|member| !member.groups.is_empty()).peekable();
    let reached = grouped.peek().is_some() && grouped.all(|member| member.attended.minutes >= target_minutes);
    TrainingFigure { groups, members, reached }
}

fn group_figure(group: StaffGroup, members: &[MemberFigure], target_minutes: i64) -> GroupFigure {
    let minutes: Vec<i64> =
        members.iter().filter(|m| m.groups.contains(&group)).map(|m| m.attended.minutes).collect();
    GroupFigure {
        group,
        staff: minutes.len(),
        trained: minutes.iter().filter(|minutes| **minutes > 0).count(),
        reached: minutes.iter().filter(|minutes| **minutes >= target_minutes).count(),
        hours: Hours::of(minutes.iter().sum(), HOUR_MINUTES),
        lowest: Hours::of(minutes.iter().copied().min().unwrap_or_default(), HOUR_MINUTES),
    }
}

impl Attended {
    /// The minutes as hours.
    pub fn hours(self) -> Hours {
        Hours::of(self.minutes, HOUR_MINUTES)
    }
}
