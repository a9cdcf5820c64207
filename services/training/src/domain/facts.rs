//! What this service knows of schools, classes and staff, as profiles has told.

use super::{
    ids::{ClassId, SchoolId, StaffId, UserId},
    staff_training::StaffGroup,
    staffing::TeamTier,
    stage::{Grade, Stage, words},
};
use chrono::NaiveDate;
use std::collections::BTreeSet;
use xinqiao_kit::time::SchoolYear;

/// Month and day from which on a class that closes still counts for the year that ends: lessons are over by then.
const YEAR_COUNTS_FROM: (u32, u32) = (7, 1);

/// A school.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct School {
    /// Its id.
    pub id: SchoolId,
    /// School code (标识码).
    pub code: String,
    /// Its name.
    pub display_name: String,
    /// Stages that it teaches.
    pub stages: BTreeSet<Stage>,
    /// False once it is closed.
    pub active: bool,
}

/// A class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Class {
    /// Its id.
    pub id: ClassId,
    /// Its school.
    pub school: SchoolId,
    /// Its stage.
    pub stage: Stage,
    /// Year of the September in which it entered the stage.
    pub entry_year: i32,
    /// Its number within the grade.
    pub number: i32,
    /// Day on which it graduated or was closed.
    pub closed_on: Option<NaiveDate>,
}

impl Class {
    /// Its grade in a school year; none before it entered and after it left the stage.
    pub fn grade(&self, year: SchoolYear) -> Option<Grade> {
        Grade::of(self.stage, self.entry_year, year)
    }

    /// Its grade in the figures of a school year: a class that was closed before the lessons of the year were over counts no
    /// more, one that graduated with it does.
    pub fn counted_grade(&self, year: SchoolYear) -> Option<Grade> {
        let (month, day) = YEAR_COUNTS_FROM;
        let over = NaiveDate::from_ymd_opt(year.0.saturating_add(1), month, day)?;
        self.grade(year).filter(|_| self.closed_on.is_none_or(|closed| closed >= over))
    }
}

words! {
    /// A post that somebody holds.
    Post {
        /// 校长.
        Principal = "principal",
        /// 分管副校长.
        Deputy = "deputy",
        /// 专职心理健康教师.
        Psychologist = "psychologist",
        /// 兼职心理健康教师.
        PsychologistPartTime = "psychologist_part_time",
        /// 班主任.
        Homeroom = "homeroom",
        /// 年级组长.
        GradeLeader = "grade_leader",
        /// 科任教师.
        Subject = "subject",
        /// 宿管.
        Dormitory = "dormitory",
        /// 校医.
        Nurse = "nurse",
        /// 新入职教师.
        NewTeacher = "new_teacher",
        /// County counselling centre.
        CountyCentre = "county_centre",
        /// County duty.
        CountyDuty = "county_duty",
        /// 心理危机干预工作领导小组.
        LeadingGroup = "leading_group",
    }
}

/// A member of staff.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Staff {
    /// The id.
    pub id: StaffId,
    /// The school; none for county staff.
    pub school: Option<SchoolId>,
    /// The account that the person logs in with.
    pub user: Option<UserId>,
    /// Posts held.
    pub posts: BTreeSet<Post>,
    /// False once the person has left.
    pub active: bool,
    /// True while the person is on leave.
    pub on_leave: bool,
}

impl Staff {
    /// Whether the person holds a post.
    pub fn holds(&self, post: Post) -> bool {
        self.posts.contains(&post)
    }

    /// The groups that the person's posts put them in (P2.4).
    pub fn groups(&self) -> Vec<StaffGroup> {
        StaffGroup::ALL
            .iter()
            .copied()
            .filter(|group| group.posts().iter().any(|post| self.holds(*post)))
            .collect()
    }

    /// Where the person stands in the school's team (P2.3).
    pub fn tier(&self) -> TeamTier {
        if self.holds(Post::Psychologist) {
            TeamTier::Core
        } else if [Post::PsychologistPartTime, Post::Homeroom, Post::GradeLeader]
            .iter()
            .any(|post| self.holds(*post))
        {
            TeamTier::Backbone
        } else {
            TeamTier::All
        }
    }
}
