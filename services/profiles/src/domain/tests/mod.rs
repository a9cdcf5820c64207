//! The rules, as the policy and the county state them.

mod care;
mod classes;
mod people;
mod proposals;
mod proposals_any;
mod referrals;

use super::ids::{StudentId, UserId};
use uuid::Uuid;
use xinqiao_kit::time::Ts;

pub(super) fn at(text: &str) -> Ts {
    text.parse().unwrap()
}

pub(super) fn noon() -> Ts {
    at("2026-11-24T04:00:00Z")
}

pub(super) fn user(number: u128) -> UserId {
    UserId(Uuid::from_u128(number))
}

pub(super) fn pupil() -> StudentId {
    StudentId(Uuid::from_u128(7))
}
