//! What follows from facts that profiles tells. A fact's grants are replaced as a whole, so that the last fact decides.
//!
//! Roles at the county never follow from a staff record: one person keeps those, and a role above school level needs two. A fact
//! may take such a role away, though: who has left keeps nothing.

use super::{
    SchoolId, UserId,
    grant::{Role, Scope, Source},
};
use uuid::Uuid;

/// A staff record as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaffFact {
    /// The record.
    pub staff: Uuid,
    /// The account of the person, if there is one.
    pub user: Option<UserId>,
    /// The school; none for people of the county.
    pub school: Option<SchoolId>,
    /// Posts, by their names in the event.
    pub posts: Vec<String>,
    /// Classes that the person is homeroom teacher of.
    pub homeroom_classes: Vec<Uuid>,
    /// Whether the person still works here. Leave counts as work.
    pub active: bool,
}

impl StaffFact {
    /// The source of the grants that follow.
    pub const fn source(&self) -> Source {
        Source::Staff(self.staff)
    }

    /// The grants that follow: everybody at a school is a teacher there, and what the posts say on top.
    pub fn grants(&self) -> Vec<(Role, Scope)> {
        let (true, Some(school)) = (self.active, self.school) else {
            return Vec::new();
        };
        let at_school = Scope::School(school.uuid());
        let mut grants = vec![(Role::Subject, at_school)];
        for post in &self.posts {
            let role = match post.as_str() {
                "principal" => Role::Principal,
                "deputy" => Role::Deputy,
                "psychologist" | "psychologist_part_time" => Role::Psychologist,
                "grade_leader" => Role::GradeLeader,
                // Homeroom comes with the classes; the other posts carry no right of their own.
                _ => continue,
            };
            if !grants.contains(&(role, at_school)) {
                grants.push((role, at_school));
            }
        }
        let holds_homeroom = self.posts.iter().any(|post| post == "homeroom");
        for class in self.homeroom_classes.iter().filter(|_| holds_homeroom) {
            let grant = (Role::Homeroom, Scope::Class { school: school.uuid(), class: *class });
            if !grants.contains(&grant) {
                grants.push(grant);
            }
        }
        grants
    }
}
