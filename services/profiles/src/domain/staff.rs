//! Staff: posts, classes, duties (P2.3, P7.2, P7.3).

use super::{
    class::Class,
    identifiers::PersonName,
    ids::{ClassId, DutyId, SchoolId, StaffId, StudentId, UserId},
    school::Running,
    stage::Stage,
    words::words,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use xinqiao_kit::time::Ts;

words! {
    /// A post that a member of staff holds.
    pub enum Post {
        /// First responsible (第一责任人).
        Principal = "principal",
        /// Directly responsible (直接责任人).
        Deputy = "deputy",
        /// Full-time mental-health teacher.
        Psychologist = "psychologist",
        /// Part-time mental-health teacher.
        PsychologistPartTime = "psychologist_part_time",
        /// Homeroom teacher (班主任).
        Homeroom = "homeroom",
        /// Grade leader (年级组长).
        GradeLeader = "grade_leader",
        /// Subject teacher.
        Subject = "subject",
        /// Dormitory warden.
        Dormitory = "dormitory",
        /// School nurse.
        Nurse = "nurse",
        /// Teacher in the first year of work.
        NewTeacher = "new_teacher",
        /// Member of the crisis leading group (危机干预工作领导小组).
        LeadingGroup = "leading_group",
        /// Counsellor of the county's centre.
        CountyCentre = "county_centre",
        /// On the county's duty roster.
        CountyDuty = "county_duty",
    }
}

impl Post {
    /// Whether the post is the county's, not a school's.
    pub const fn of_county(self) -> bool {
        matches!(self, Self::CountyCentre | Self::CountyDuty)
    }
}

/// A year group that somebody leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct LedGrade {
    /// Its stage.
    pub stage: Stage,
    /// Year in which it entered the stage.
    pub entry_year: i32,
}

/// Somebody who works for a school or for the county.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StaffMember {
    /// The id.
    pub id: StaffId,
    /// The school; `None` for staff of the county.
    pub school: Option<SchoolId>,
    /// The name.
    pub name: PersonName,
    /// The account the person logs in with.
    pub user: Option<UserId>,
    /// Posts held. Never empty while active.
    pub posts: BTreeSet<Post>,
    /// Classes the person is homeroom teacher of.
    pub homeroom_classes: BTreeSet<ClassId>,
    /// Year groups the person leads.
    pub led_grades: BTreeSet<LedGrade>,
    /// Keeps the posts but is not to be counted on.
    pub on_leave: bool,
    /// Whether the person still works here.
    pub state: Running,
    /// When the record was made.
    pub created_at: Ts,
    /// When it was last changed.
    pub updated_at: Ts,
    /// Version of the row.
    pub version: i64,
}

/// What is wrong with somebody's posts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StaffFault {
    /// No post at all.
    #[error("a member of staff holds at least one post")]
    NoPost,
    /// A county post at a school, or a school post at the county.
    #[error("county posts are for staff of the county, the others for staff of a school")]
    WrongPlace,
    /// Classes without the post of a homeroom teacher.
    #[error("only a homeroom teacher has homeroom classes")]
    NotHomeroom,
    /// Grades without the post of a grade leader.
    #[error("only a grade leader leads grades")]
    NotGradeLeader,
}

impl StaffMember {
    /// Whether posts, place, classes and grades go together.
    ///
    /// # Errors
    /// The first fault found.
    pub fn check(&self) -> Result<(), StaffFault> {
        if self.posts.is_empty() {
            return Err(StaffFault::NoPost);
        }
        if self.posts.iter().any(|post| post.of_county() != self.school.is_none()) {
            return Err(StaffFault::WrongPlace);
        }
        if !self.homeroom_classes.is_empty() && !self.posts.contains(&Post::Homeroom) {
            return Err(StaffFault::NotHomeroom);
        }
        if !self.led_grades.is_empty() && !self.posts.contains(&Post::GradeLeader) {
            return Err(StaffFault::NotGradeLeader);
        }
        Ok(())
    }

    /// The person has left: nothing is held any more.
    #[must_use]
    pub fn retired(mut self) -> Self {
        self.posts.clear();
        self.homeroom_classes.clear();
        self.led_grades.clear();
        self.on_leave = false;
        self.state = Running::Closed;
        self
    }

    /// Whether the person works here and is not on leave.
    pub fn is_at_work(&self) -> bool {
        self.state == Running::Active && !self.on_leave
    }
}

/// A duty that its holder confirms in person (P7.3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Duty {
    /// The id.
    pub id: DutyId,
    /// Who holds it.
    pub staff: StaffId,
    /// What is to be done.
    pub description: String,
    /// Who gave it.
    pub assigner: UserId,
    /// When it was given.
    pub assigned_at: Ts,
    /// When its holder confirmed it.
    pub confirmed_at: Option<Ts>,
}

/// A member of staff with what only a single look-up tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StaffDetails {
    /// The person.
    pub member: StaffMember,
    /// Duties, oldest first.
    pub duties: Vec<Duty>,
    /// Pupils whom the person looks after (分包, P7.4).
    pub assigned: Vec<StudentId>,
}

/// A post that nobody at work holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Vacancy {
    /// The post.
    pub post: Post,
    /// The class that has no homeroom teacher.
    pub class: Option<ClassId>,
}

/// What a school with this staff and these classes lacks: principal, deputy, a psychologist full or part time, a homeroom teacher for
/// each running class (P2.1, P7.2).
pub fn vacancies(staff: &[StaffMember], classes: &[Class]) -> Vec<Vacancy> {
    let at_work = || staff.iter().filter(|member| member.is_at_work());
    let held = |post: Post| at_work().any(|member| member.posts.contains(&post));
    let mut missing = Vec::new();
    for post in [Post::Principal, Post::Deputy, Post::Psychologist] {
        let covered = held(post) || (post == Post::Psychologist && held(Post::PsychologistPartTime));
        if !covered {
            missing.push(Vacancy { post, class: None });
        }
    }
    let led: BTreeSet<ClassId> =
        at_work().flat_map(|member| member.homeroom_classes.iter().copied()).collect();
    let running = classes.iter().filter(|class| class.state == Running::Active && !led.contains(&class.id));
    missing.extend(running.map(|class| Vacancy { post: Post::Homeroom, class: Some(class.id) }));
    missing
}
