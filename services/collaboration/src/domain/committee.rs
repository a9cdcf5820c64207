//! Parents' committees (家长委员会, P6.1): members with terms, a chair, and whether they can work today.

use super::{
    evidence::ATTACHMENT_MAX,
    ids::{ClassId, CommitteeId, MemberId, SchoolId},
    words::words,
};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use uuid::Uuid;
use xinqiao_kit::{status::Violation, time::Ts, validate::Violations};

/// Characters of a member's name.
pub const NAME_MAX: usize = 40;
/// Members that a committee ever has.
pub const MEMBERS_MAX: usize = 60;
/// Years that a term lasts at most.
const TERM_YEARS_MAX: u32 = 5;

words! {
    /// Whom a committee speaks for.
    CommitteeLevel {
        /// The parents of a school.
        School = "school",
        /// The parents of a class.
        Class = "class",
    }
}

words! {
    /// What a member does.
    CommitteeRole {
        /// 主任.
        Chair = "chair",
        /// 委员.
        Member = "member",
    }
}

/// A committee.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Committee {
    /// Its id.
    pub id: CommitteeId,
    /// The school.
    pub school: SchoolId,
    /// The class, for the committee of a class.
    pub class: Option<ClassId>,
    /// Day it was founded.
    pub founded_on: NaiveDate,
    /// Where its charter lies; may be empty.
    pub attachment: String,
    /// Everybody who is or was a member, by their first day.
    pub members: Vec<Member>,
    /// Row version.
    pub version: i64,
    /// When it was entered.
    pub created_at: Ts,
}

/// A member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// The id.
    pub id: MemberId,
    /// The name.
    pub display_name: String,
    /// What the member does.
    pub role: CommitteeRole,
    /// First day in office.
    pub starts_on: NaiveDate,
    /// Last day in office.
    pub ends_on: NaiveDate,
}

/// What somebody says of a committee, as far as it was given and could be read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CommitteeForm {
    /// Whom it speaks for.
    pub level: Option<CommitteeLevel>,
    /// The class.
    pub class: Option<ClassId>,
    /// Day it was founded.
    pub founded_on: Option<NaiveDate>,
    /// Where its charter lies.
    pub attachment: String,
}

/// What somebody says of a member, as far as it was given and could be read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MemberForm {
    /// The name.
    pub display_name: String,
    /// What the member does.
    pub role: Option<CommitteeRole>,
    /// First day in office.
    pub starts_on: Option<NaiveDate>,
    /// Last day in office.
    pub ends_on: Option<NaiveDate>,
}

impl CommitteeForm {
    /// Notes everything that is wrong with what was given; `classes` are the open classes of the school.
    pub fn check(&self, v: &mut Violations, today: NaiveDate, classes: &BTreeSet<ClassId>) {
        match (self.level, self.class) {
            (Some(CommitteeLevel::School), Some(_)) => {
                v.push(Violation::new("committee.class", "NOT_ALLOWED"))
            }
            (Some(CommitteeLevel::Class), None) => v.push(Violation::new("committee.class", "REQUIRED")),
            (_, Some(class)) if !classes.contains(&class) => {
                v.push(Violation::new("committee.class", "CLASS_UNKNOWN"));
            }
            _ => {}
        }
        if self.founded_on.is_some_and(|day| day > today) {
            v.push(Violation::new("committee.found_date", "DATE_IN_FUTURE"));
        }
        v.len("committee.attachment", &self.attachment, 0, ATTACHMENT_MAX);
    }
}

impl Committee {
    /// What it speaks for: a school or a class, each of which has one committee.
    pub fn body(&self) -> Uuid {
        self.class.map_or(self.school.uuid(), ClassId::uuid)
    }

    /// Whom it speaks for.
    pub fn level(&self) -> CommitteeLevel {
        if self.class.is_some() { CommitteeLevel::Class } else { CommitteeLevel::School }
    }

    /// Notes everything that is wrong with a new member.
    pub fn check_member(&self, v: &mut Violations, form: &MemberForm) {
        v.len("member.display_name", &form.display_name, 1, NAME_MAX);
        v.count("member", self.members.len() + 1, MEMBERS_MAX);
        let Some((start, end)) = form.starts_on.zip(form.ends_on) else { return };
        let longest = start.checked_add_months(chrono::Months::new(12 * TERM_YEARS_MAX));
        if end < start {
            v.push(Violation::new("member.end_date", "ENDS_BEFORE_START"));
        } else if longest.is_some_and(|longest| end > longest) {
            let range = Violation::new("member.end_date", "OUT_OF_RANGE").param("min", start);
            v.push(range.param("max", longest.unwrap_or(NaiveDate::MAX)));
        }
        let mut chairs = self.members.iter().filter(|member| member.role == CommitteeRole::Chair);
        let meets = |member: &Member| member.starts_on <= end && start <= member.ends_on;
        if form.role == Some(CommitteeRole::Chair) && chairs.any(meets) {
            v.push(Violation::new("member.role", "CHAIR_ALREADY_THERE"));
        }
    }

    /// Adds a member.
    pub fn add(&mut self, member: Member) {
        self.members.push(member);
        self.members.sort_by_key(|member| (member.starts_on, member.id));
        self.version += 1;
    }

    /// Ends a member's term early, or notes why that day cannot be its last; none if there is no such member.
    pub fn end(&mut self, v: &mut Violations, member: MemberId, last_day: NaiveDate) -> Option<()> {
        let member = self.members.iter_mut().find(|one| one.id == member)?;
        if v.range("end_date", last_day, member.starts_on, member.ends_on) {
            member.ends_on = last_day;
            self.version += 1;
        }
        Some(())
    }

    /// Whether it can work on `day`: at least `needed` members in office, one of them the chair.
    pub fn in_office(&self, day: NaiveDate, needed: u32) -> bool {
        let serving =
            || self.members.iter().filter(|member| (member.starts_on..=member.ends_on).contains(&day));
        serving().count() >= needed as usize && serving().any(|member| member.role == CommitteeRole::Chair)
    }
}
