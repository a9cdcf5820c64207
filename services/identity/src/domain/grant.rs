//! Roles at scopes, and who must agree before one counts.

use super::{GrantId, SchoolId, StudentId, UserId, user::Kind};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use xinqiao_kit::{names, time::Ts};

pub use xinqiao_kit::ctx::Scope;

/// What somebody may be. The names are those of seeds/access.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Class teacher (班主任).
    Homeroom,
    /// Any member of staff of a school.
    Subject,
    /// Psychologist (心理教师).
    Psychologist,
    /// Deputy principal (直接责任人, P7.2).
    Deputy,
    /// Principal (第一责任人, P7.2).
    Principal,
    /// Head of a grade (年级组长).
    GradeLeader,
    /// Keeps a school's accounts.
    SchoolAdmin,
    /// Member of a support team (P5.3, P5.5).
    Support,
    /// Teacher to whom a pupil is assigned (分包, P7.4).
    Assigned,
    /// Parent or other guardian.
    Guardian,
    /// The pupil in person.
    Pupil,
    /// Peer observer (心理委员, P4.7).
    Peer,
    /// Counselling centre of the county (P4.1).
    CountyCentre,
    /// County duty.
    CountyDuty,
    /// Inspector (督导, P8.1).
    Inspector,
    /// County IT.
    CountyIt,
    /// Auditor.
    Auditor,
}

/// The kind of scope that a role holds at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// The county.
    County,
    /// A school.
    School,
    /// A class.
    Class,
    /// A pupil.
    Student,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 17] = [
        Self::Homeroom,
        Self::Subject,
        Self::Psychologist,
        Self::Deputy,
        Self::Principal,
        Self::GradeLeader,
        Self::SchoolAdmin,
        Self::Support,
        Self::Assigned,
        Self::Guardian,
        Self::Pupil,
        Self::Peer,
        Self::CountyCentre,
        Self::CountyDuty,
        Self::Inspector,
        Self::CountyIt,
        Self::Auditor,
    ];

    /// Name in the database, in tokens and in access policies.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Homeroom => "homeroom",
            Self::Subject => "subject",
            Self::Psychologist => "psychologist",
            Self::Deputy => "deputy",
            Self::Principal => "principal",
            Self::GradeLeader => "grade_leader",
            Self::SchoolAdmin => "school_admin",
            Self::Support => "support",
            Self::Assigned => "assigned",
            Self::Guardian => "guardian",
            Self::Pupil => "pupil",
            Self::Peer => "peer",
            Self::CountyCentre => "county_centre",
            Self::CountyDuty => "county_duty",
            Self::Inspector => "inspector",
            Self::CountyIt => "county_it",
            Self::Auditor => "auditor",
        }
    }

    /// The role of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }

    /// The kind of scope that it holds at.
    pub const fn reach(self) -> Reach {
        match self {
            Self::Homeroom | Self::Peer => Reach::Class,
            Self::Subject
            | Self::Psychologist
            | Self::Deputy
            | Self::Principal
            | Self::GradeLeader
            | Self::SchoolAdmin => Reach::School,
            Self::Support | Self::Assigned | Self::Guardian | Self::Pupil => Reach::Student,
            Self::CountyCentre | Self::CountyDuty | Self::Inspector | Self::CountyIt | Self::Auditor => {
                Reach::County
            }
        }
    }

    /// Whether accounts of `kind` may hold it. A teacher may be a guardian too; a pupil is nothing but a pupil and a peer.
    pub const fn fits(self, kind: Kind) -> bool {
        match self {
            Self::Pupil | Self::Peer => matches!(kind, Kind::Pupil),
            Self::Guardian => !matches!(kind, Kind::Pupil),
            _ => matches!(kind, Kind::Staff | Kind::County),
        }
    }

    /// Whether a person may give it. The others only follow from facts: the support team, the pupil's own account.
    pub const fn given_by_hand(self) -> bool {
        !matches!(self, Self::Support | Self::Pupil)
    }

    /// Whether a second person must confirm it: every role above school level.
    pub const fn needs_two_people(self) -> bool {
        matches!(self.reach(), Reach::County)
    }

    /// Who may be the second person for a role at the county; seeds/access says the same.
    pub const CONFIRMERS: [Self; 2] = [Self::CountyIt, Self::CountyCentre];
}

/// The kind of a scope.
pub const fn reach_of(scope: &Scope) -> Reach {
    match scope {
        Scope::County => Reach::County,
        Scope::School(_) => Reach::School,
        Scope::Class { .. } => Reach::Class,
        Scope::Student(_) => Reach::Student,
    }
}

/// The school that a scope lies in, where the scope says it.
pub fn school_of(scope: &Scope) -> Option<SchoolId> {
    match scope {
        Scope::School(school) | Scope::Class { school, .. } => Some(SchoolId(*school)),
        Scope::County | Scope::Student(_) => None,
    }
}

/// The pupil of a scope.
pub fn student_of(scope: &Scope) -> Option<StudentId> {
    match scope {
        Scope::Student(student) => Some(StudentId(*student)),
        Scope::County | Scope::School(_) | Scope::Class { .. } => None,
    }
}

/// The resource name of a scope, which is also how it is stored.
pub fn scope_name(scope: &Scope) -> String {
    match scope {
        Scope::County => "county".to_owned(),
        Scope::School(school) => names::format("schools/{}", *school),
        Scope::Class { school, class } => names::format2("schools/{}/classes/{}", *school, *class),
        Scope::Student(student) => names::format("students/{}", *student),
    }
}

/// The scope of that name.
pub fn parse_scope(name: &str) -> Option<Scope> {
    if name == "county" {
        return Some(Scope::County);
    }
    if let Some(school) = names::parse::<Uuid>(name, "schools/{}") {
        return Some(Scope::School(school));
    }
    if let Some((school, class)) = names::parse2::<Uuid, Uuid>(name, "schools/{}/classes/{}") {
        return Some(Scope::Class { school, class });
    }
    names::parse::<Uuid>(name, "students/{}").map(Scope::Student)
}

/// Where a grant comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Source {
    /// A person gave it.
    Manual,
    /// It is the first administrator's.
    Bootstrap,
    /// It is a pupil's, on the own record.
    Account,
    /// It follows from a staff record.
    Staff(Uuid),
    /// It follows from a pupil's support team.
    Team(StudentId),
}

impl Source {
    /// Name in the API and in the database.
    pub fn name(&self) -> String {
        match self {
            Self::Manual => "manual".to_owned(),
            Self::Bootstrap => "bootstrap".to_owned(),
            Self::Account => "account".to_owned(),
            Self::Staff(staff) => names::format("staff/{}", *staff),
            Self::Team(student) => names::format("students/{}/team", *student),
        }
    }

    /// The source of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "manual" => Some(Self::Manual),
            "bootstrap" => Some(Self::Bootstrap),
            "account" => Some(Self::Account),
            _ => names::parse(name, "staff/{}")
                .map(Self::Staff)
                .or_else(|| names::parse(name, "students/{}/team").map(Self::Team)),
        }
    }

    /// Whether it follows from a fact elsewhere and can only be changed there.
    pub const fn is_derived(&self) -> bool {
        matches!(self, Self::Account | Self::Staff(_) | Self::Team(_))
    }
}

/// Whether a grant counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Waits for a second person.
    Pending,
    /// Counts, until its time is over.
    Active,
    /// Was taken back.
    Ended,
}

impl State {
    /// Name in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Active => "active",
            Self::Ended => "ended",
        }
    }

    /// The state of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Pending, Self::Active, Self::Ended].into_iter().find(|state| state.name() == name)
    }
}

/// A role that somebody is to get.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewGrant {
    /// Who gets it.
    pub user: UserId,
    /// Which.
    pub role: Role,
    /// Where.
    pub scope: Scope,
    /// Until when.
    pub expire_time: Option<Ts>,
}

/// A role of an account at a scope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// Its id.
    pub id: GrantId,
    /// Who holds it.
    pub user: UserId,
    /// Which.
    pub role: Role,
    /// Where.
    pub scope: Scope,
    /// The school that answers for it: that of the scope, for a pupil the pupil's.
    pub school: Option<SchoolId>,
    /// Where it comes from.
    pub source: Source,
    /// Whether it counts, before its time is looked at.
    pub state: State,
    /// Who gave it.
    pub proposer: Option<UserId>,
    /// Who confirmed it.
    pub confirmer: Option<UserId>,
    /// When it was made.
    pub create_time: Ts,
    /// When it stops to count.
    pub expire_time: Option<Ts>,
    /// When it was taken back.
    pub end_time: Option<Ts>,
    /// Counts its changes.
    pub version: i64,
}

/// Why a proposal does not become a grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ConfirmError {
    /// There is nothing to confirm.
    #[error("the grant does not wait for anybody")]
    NotPending,
    /// Nobody gives a role to himself.
    #[error("nobody confirms a grant of their own")]
    Own,
    /// Who proposed does not confirm.
    #[error("another person than the proposer must confirm")]
    SecondPersonNeeded,
}

impl Grant {
    /// Whether it counts at `now`, and if not, why.
    pub fn state_at(&self, now: Ts) -> State {
        match self.state {
            State::Active | State::Pending if self.expire_time.is_some_and(|time| time <= now) => {
                State::Ended
            }
            state => state,
        }
    }

    /// The grant once `by` has confirmed it. `alone`: nobody else in the county could, and `by` is its first administrator.
    ///
    /// # Errors
    /// Why it is not to be.
    pub fn confirmed(mut self, by: UserId, alone: bool, now: Ts) -> Result<Self, ConfirmError> {
        if self.state_at(now) != State::Pending {
            return Err(ConfirmError::NotPending);
        }
        if self.user == by {
            return Err(ConfirmError::Own);
        }
        if self.proposer == Some(by) && !alone {
            return Err(ConfirmError::SecondPersonNeeded);
        }
        self.state = State::Active;
        self.confirmer = Some(by);
        self.version += 1;
        Ok(self)
    }

    /// The grant once it has been taken back.
    #[must_use]
    pub fn ended(mut self, now: Ts) -> Self {
        self.state = State::Ended;
        self.end_time = Some(now);
        self.version += 1;
        self
    }
}
