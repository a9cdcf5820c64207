//! Emergency plans (P3.1, P4.8): versioned checklists, and the tasks that come of one.

use super::{AlertId, Level, PlanId, SchoolId, TaskId, UserId, codes::codes, grid::Reach};
use chrono::Duration;
use serde::{Deserialize, Serialize};
use xinqiao_kit::time::Ts;

codes! {
    /// Where a version of a plan stands.
    PlanState {
        /// Written, not yet approved.
        Draft = "draft",
        /// In force.
        Approved = "approved",
        /// A later version is in force.
        Superseded = "superseded",
    }
}

/// One item of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// What to do.
    pub title: String,
    /// Who does it.
    pub owner_level: Level,
    /// Minutes from activation.
    pub due_minutes: i32,
}

/// One version of a school's plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Its id.
    pub id: PlanId,
    /// The school.
    pub school: SchoolId,
    /// Version, from 1.
    pub number: i32,
    /// Title.
    pub title: String,
    /// What to do.
    pub items: Vec<Item>,
    /// Where it stands.
    pub state: PlanState,
    /// Who wrote it.
    pub author: UserId,
    /// Who approved it and when.
    pub approved: Option<(UserId, Ts)>,
    /// When it was written.
    pub created_at: Ts,
    /// Version of the row.
    pub version: i64,
}

/// Why a plan cannot be approved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CannotApprove {
    /// It is no draft.
    #[error("only a draft can be approved")]
    NoDraft,
    /// The author would approve their own draft.
    #[error("nobody approves a draft of their own")]
    OwnDraft,
}

impl Plan {
    /// The plan in force, approved by `user`.
    ///
    /// # Errors
    /// [`CannotApprove`].
    pub fn approved_by(mut self, user: UserId, now: Ts) -> Result<Self, CannotApprove> {
        if self.state != PlanState::Draft {
            return Err(CannotApprove::NoDraft);
        }
        if self.author == user {
            return Err(CannotApprove::OwnDraft);
        }
        self.state = PlanState::Approved;
        self.approved = Some((user, now));
        Ok(self)
    }
}

/// A task that an activated plan put on somebody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// Its id.
    pub id: TaskId,
    /// The alert.
    pub alert: AlertId,
    /// Position in the plan, from 0.
    pub position: i32,
    /// What to do.
    pub title: String,
    /// The level that it falls to.
    pub owner_level: Level,
    /// Who is to do it; none if nobody fills the level.
    pub owner: Option<UserId>,
    /// Until when.
    pub due_at: Ts,
    /// Who completed it and when.
    pub done: Option<(UserId, Ts)>,
    /// What came of it.
    pub note: Option<String>,
    /// Whether this is a drill.
    pub drill: bool,
}

/// What becomes of each item when the plan is activated: its owner and due time.
pub fn assign(items: &[Item], reach: &Reach, now: Ts) -> Vec<(Item, Option<UserId>, Ts)> {
    let owner = |item: &Item| reach.at(item.owner_level).first().copied();
    items
        .iter()
        .map(|item| (item.clone(), owner(item), now + Duration::minutes(i64::from(item.due_minutes))))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn draft(author: u128) -> Plan {
        Plan {
            id: Uuid::from_u128(1).into(),
            school: Uuid::from_u128(2).into(),
            number: 1,
            title: "预案".to_owned(),
            items: vec![],
            state: PlanState::Draft,
            author: Uuid::from_u128(author).into(),
            approved: None,
            created_at: Ts::from_micros(0),
            version: 1,
        }
    }

    #[test]
    fn nobody_approves_their_own_draft_and_only_drafts_are_approved() {
        let (author, other) = (Uuid::from_u128(7).into(), Uuid::from_u128(8).into());
        let now = Ts::from_micros(5);
        assert_eq!(draft(7).approved_by(author, now), Err(CannotApprove::OwnDraft));
        let plan = draft(7).approved_by(other, now).unwrap();
        assert_eq!((plan.state, plan.approved), (PlanState::Approved, Some((other, now))));
        assert_eq!(plan.approved_by(other, now), Err(CannotApprove::NoDraft));
    }

    #[test]
    fn each_item_gets_the_first_reachable_owner_of_its_level_and_its_own_due_time() {
        let item = |owner_level, due_minutes| Item { title: "x".to_owned(), owner_level, due_minutes };
        let reach = Reach::default()
            .with(Level::Psychologist, Uuid::from_u128(2).into())
            .with(Level::Psychologist, Uuid::from_u128(1).into());
        let now = Ts::from_micros(0);
        let tasks = assign(&[item(Level::Psychologist, 10), item(Level::Principal, 30)], &reach, now);
        let found: Vec<_> =
            tasks.into_iter().map(|(_, owner, due)| (owner, (due - now).num_minutes())).collect();
        assert_eq!(found, [(Some(Uuid::from_u128(1).into()), 10), (None, 30)]);
    }
}
