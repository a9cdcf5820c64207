//! The four-level warning grid (P4.7): who watches over a class, who is told, and what is missing.

use super::{ClassId, SchoolId, SeatId, UserId, codes::codes};
use std::collections::{BTreeMap, BTreeSet};
use xinqiao_kit::time::Ts;

codes! {
    /// A level of the grid, a role of the school, or the county's duty roster.
    Level {
        /// Peer observers in the class. They report; nobody tells them anything.
        Peer = "peer",
        /// The class: its homeroom teacher.
        Class = "class",
        /// The grade: its leader.
        Grade = "grade",
        /// The school: who sits in the class's school seat; without one, the leading group and the deputy.
        School = "school",
        /// The school's psychologists.
        Psychologist = "psychologist",
        /// The principal: first responsible (P7.2).
        Principal = "principal",
        /// The deputy: directly responsible (P7.2).
        Deputy = "deputy",
        /// The school's crisis leading group (P4.6).
        LeadingGroup = "leading_group",
        /// The county's duty roster.
        CountyDuty = "county_duty",
    }
}

impl Level {
    /// The levels that every class must have filled (P4.7).
    pub const OF_CLASS: [Self; 4] = [Self::Peer, Self::Class, Self::Grade, Self::School];
    /// The roles that every school must have filled (P4.6, P7.2, P2.1).
    pub const OF_SCHOOL: [Self; 4] = [Self::Psychologist, Self::Principal, Self::Deputy, Self::LeadingGroup];

    /// Whether a seat of this level belongs to a class.
    pub fn is_of_class(self) -> bool {
        Self::OF_CLASS.contains(&self)
    }

    /// Whether an escalation tells this level anything.
    pub fn is_told(self) -> bool {
        self != Self::Peer
    }
}

/// Where a pupil sits in the grid: what is known of school, class and grade.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Place {
    /// The school.
    pub school: Option<SchoolId>,
    /// The class.
    pub class: Option<ClassId>,
    /// The grade, as `stage:entry_year`.
    pub grade: Option<String>,
}

/// A class as the grid knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Class {
    /// The class.
    pub id: ClassId,
    /// Its school.
    pub school: SchoolId,
    /// Its grade, as `stage:entry_year`.
    pub grade: String,
}

impl Class {
    /// Its place in the grid.
    pub fn place(&self) -> Place {
        Place { school: Some(self.school), class: Some(self.id), grade: Some(self.grade.clone()) }
    }
}

/// Where one person stands in the grid, by a post or by a seat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Responder {
    /// The seat, if it was filled by hand.
    pub seat: Option<SeatId>,
    /// The level.
    pub level: Level,
    /// The school; none for the county's roster.
    pub school: Option<SchoolId>,
    /// The class, for the class's own levels.
    pub class: Option<ClassId>,
    /// The grade led, as `stage:entry_year`.
    pub grade: Option<String>,
    /// The person's account. Without one there is no channel to reach them by.
    pub user: Option<UserId>,
    /// On leave: keeps the seat, is not counted on.
    pub on_leave: bool,
    /// Since when.
    pub since: Ts,
}

impl Responder {
    /// Whether the person can be told something now.
    pub fn is_reachable(&self) -> bool {
        self.user.is_some() && !self.on_leave
    }

    /// Whether the person stands over this place at this level.
    pub fn stands_over(&self, place: &Place) -> bool {
        let school = self.school.is_some() && self.school == place.school;
        match self.level {
            Level::CountyDuty => true,
            Level::Psychologist | Level::Principal | Level::Deputy | Level::LeadingGroup => school,
            // A grade leader leads every class of the grade; a seat by hand is for one class.
            Level::Grade if self.grade.is_some() => school && self.grade == place.grade,
            Level::Peer | Level::Class | Level::Grade | Level::School => {
                self.class.is_some() && self.class == place.class
            }
        }
    }
}

/// Who can be reached at each level over one place.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reach {
    people: BTreeMap<Level, BTreeSet<UserId>>,
    /// The pupil's school is not known: the county is told from the first step on.
    pub unplaced: bool,
}

impl Reach {
    /// Those of `responders` who stand over `place` and can be reached.
    pub fn over(place: &Place, responders: &[Responder]) -> Self {
        let mut reach = Self::default();
        for responder in responders.iter().filter(|r| r.is_reachable() && r.stands_over(place)) {
            reach.people.entry(responder.level).or_default().extend(responder.user);
        }
        reach
    }

    /// Everybody who can be reached at any level that is told things.
    pub fn everybody(&self) -> BTreeSet<UserId> {
        self.people
            .iter()
            .filter(|(level, _)| level.is_told())
            .flat_map(|(_, users)| users)
            .copied()
            .collect()
    }

    /// With one more person at a level.
    #[cfg(test)]
    #[must_use]
    pub fn with(mut self, level: Level, user: UserId) -> Self {
        self.people.entry(level).or_default().insert(user);
        self
    }

    /// Whom to tell at a level, in a fixed order. The school level falls back to the leading group and the deputy.
    pub fn at(&self, level: Level) -> BTreeSet<UserId> {
        let own = |level| self.people.get(&level).cloned().unwrap_or_default();
        match level {
            Level::Peer => BTreeSet::new(),
            Level::School if own(Level::School).is_empty() => {
                own(Level::LeadingGroup).into_iter().chain(own(Level::Deputy)).collect()
            }
            level => own(level),
        }
    }
}

/// A level that nobody fills: an alarm (P4.6, P4.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Gap {
    /// The class where it is empty; none for a role of the whole school.
    pub class: Option<ClassId>,
    /// The level.
    pub level: Level,
}

/// What is missing in a school: its roles first, then class by class.
pub fn gaps(classes: &[Class], responders: &[Responder], school: SchoolId) -> Vec<Gap> {
    let fills = |level: Level, place: &Place| {
        responders.iter().any(|r| r.level == level && r.is_reachable() && r.stands_over(place))
    };
    let whole = Place { school: Some(school), ..Place::default() };
    let roles = Level::OF_SCHOOL.iter().filter(|level| !fills(**level, &whole));
    let mut missing: Vec<Gap> = roles.map(|level| Gap { class: None, level: *level }).collect();
    for class in classes.iter().filter(|class| class.school == school) {
        let place = class.place();
        let filled = |level: Level| match level {
            // Anybody who answers for the whole school fills the school's level over each of its classes.
            Level::School => fills(level, &place) || Level::OF_SCHOOL.iter().any(|role| fills(*role, &place)),
            level => fills(level, &place),
        };
        let empty = Level::OF_CLASS.iter().filter(|level| !filled(**level));
        missing.extend(empty.map(|level| Gap { class: Some(class.id), level: *level }));
    }
    missing
}

/// What StaffChanged says of a person, reduced to what the grid needs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StaffFacts {
    /// The school; none for county staff.
    pub school: Option<SchoolId>,
    /// Posts held, by their codes.
    pub posts: Vec<String>,
    /// Classes of which the person is homeroom teacher.
    pub homeroom_classes: Vec<ClassId>,
    /// Grades led, as `stage:entry_year`.
    pub led_grades: Vec<String>,
}

/// Where a person with these posts stands: level, class, grade.
pub fn standing(facts: &StaffFacts) -> Vec<(Level, Option<ClassId>, Option<String>)> {
    let mut found = Vec::new();
    found.extend(facts.homeroom_classes.iter().map(|class| (Level::Class, Some(*class), None)));
    found.extend(facts.led_grades.iter().map(|grade| (Level::Grade, None, Some(grade.clone()))));
    let roles: BTreeSet<Level> = facts.posts.iter().filter_map(|post| role_of_post(post)).collect();
    found.extend(roles.into_iter().map(|level| (level, None, None)));
    // A post of the school means nothing without a school, and the county's roster is for the county's own staff.
    found.retain(|(level, _, _)| (*level == Level::CountyDuty) == facts.school.is_none());
    found
}

fn role_of_post(post: &str) -> Option<Level> {
    match post {
        "psychologist" | "psychologist_part_time" => Some(Level::Psychologist),
        "principal" => Some(Level::Principal),
        "deputy" => Some(Level::Deputy),
        "leading_group" => Some(Level::LeadingGroup),
        "county_duty" => Some(Level::CountyDuty),
        _ => None,
    }
}

#[cfg(test)]
#[path = "grid_tests.rs"]
mod tests;
