//! Accounts, passwords, sessions and grants: the rules, without storage, clock or randomness.

pub mod facts;
pub mod grant;
pub mod password;
pub mod secret;
pub mod session;
pub mod throttle;
pub mod user;

#[cfg(test)]
mod tests;

xinqiao_kit::typed_id!(
    /// An account.
    UserId
);
xinqiao_kit::typed_id!(
    /// A session.
    SessionId
);
xinqiao_kit::typed_id!(
    /// A grant.
    GrantId
);
xinqiao_kit::typed_id!(
    /// A school, of profiles.
    SchoolId
);
xinqiao_kit::typed_id!(
    /// A class, of profiles.
    ClassId
);
xinqiao_kit::typed_id!(
    /// A pupil, of profiles.
    StudentId
);
