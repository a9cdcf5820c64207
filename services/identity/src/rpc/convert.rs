//! From the domain to protobuf.

use crate::{
    app::{Created, Credential, CredentialKind, Fault, Outcomes},
    domain::{
        grant::{Grant, Role, State, scope_name},
        session::{Lifetimes, Session},
        user::{Kind, Person, User},
    },
};
use xinqiao_kit::{ctx::Ctx, etag, names, time::Ts};
use xinqiao_proto::identity::v1 as pb;

impl From<User> for pb::User {
    fn from(user: User) -> Self {
        let state = if user.disabled { pb::UserState::Disabled } else { pb::UserState::Active };
        let children = match &user.person {
            Person::Guardian { children, .. } => children.as_slice(),
            _ => &[],
        };
        Self {
            name: names::format("users/{}", user.id),
            login_name: user.login_name.as_str().to_owned(),
            display_name: user.display_name,
            kind: kind(user.person.kind()) as i32,
            school: user
                .person
                .school()
                .map(|school| names::format("schools/{}", school))
                .unwrap_or_default(),
            student: user
                .person
                .student()
                .map(|pupil| names::format("students/{}", pupil))
                .unwrap_or_default(),
            children: children.iter().map(|child| names::format("students/{}", *child)).collect(),
            state: state as i32,
            must_change_password: user.must_change_password,
            activated: user.activated,
            create_time: Some(user.create_time.into()),
            update_time: Some(user.update_time.into()),
            etag: etag::of(user.version),
        }
    }
}

const fn kind(kind: Kind) -> pb::UserKind {
    match kind {
        Kind::Staff => pb::UserKind::Staff,
        Kind::Pupil => pb::UserKind::Pupil,
        Kind::Guardian => pb::UserKind::Guardian,
        Kind::County => pb::UserKind::County,
    }
}

impl From<Credential> for pb::Credential {
    fn from(credential: Credential) -> Self {
        let kind = match credential.kind {
            CredentialKind::ActivationCode => pb::CredentialKind::ActivationCode,
            CredentialKind::InitialPassword => pb::CredentialKind::InitialPassword,
        };
        Self {
            kind: kind as i32,
            secret: credential.secret,
            expire_time: credential.expire_time.map(Into::into),
        }
    }
}

/// A session as its owner sees it.
pub(super) fn session(session: Session, current: bool, lifetimes: Lifetimes) -> pb::Session {
    pb::Session {
        name: names::format("sessions/{}", session.id),
        user: names::format("users/{}", session.user),
        idle_expire_time: Some(session.idle_expire_time(lifetimes).into()),
        client: session.client,
        current,
        create_time: Some(session.create_time.into()),
        last_use_time: Some(session.last_use_time.into()),
        expire_time: Some(session.expire_time.into()),
    }
}

/// A grant as it counts at `now`.
pub(super) fn grant(grant: Grant, now: Ts) -> pb::Grant {
    let user = |id| names::format("users/{}", id);
    let state = match grant.state_at(now) {
        State::Pending => pb::GrantState::Pending,
        State::Active => pb::GrantState::Active,
        State::Ended => pb::GrantState::Ended,
    };
    pb::Grant {
        name: names::format("grants/{}", grant.id),
        user: user(grant.user),
        role: role(grant.role) as i32,
        scope: scope_name(&grant.scope),
        state: state as i32,
        source: grant.source.name(),
        proposer: grant.proposer.map(user).unwrap_or_default(),
        confirmer: grant.confirmer.map(user).unwrap_or_default(),
        create_time: Some(grant.create_time.into()),
        expire_time: grant.expire_time.map(Into::into),
        end_time: grant.end_time.map(Into::into),
        etag: etag::of(grant.version),
    }
}

/// The pairs of roles here and there.
const ROLES: [(Role, pb::Role); 17] = [
    (Role::Homeroom, pb::Role::Homeroom),
    (Role::Subject, pb::Role::Subject),
    (Role::Psychologist, pb::Role::Psychologist),
    (Role::Deputy, pb::Role::Deputy),
    (Role::Principal, pb::Role::Principal),
    (Role::GradeLeader, pb::Role::GradeLeader),
    (Role::SchoolAdmin, pb::Role::SchoolAdmin),
    (Role::Support, pb::Role::Support),
    (Role::Assigned, pb::Role::Assigned),
    (Role::Guardian, pb::Role::Guardian),
    (Role::Pupil, pb::Role::Pupil),
    (Role::Peer, pb::Role::Peer),
    (Role::CountyCentre, pb::Role::CountyCentre),
    (Role::CountyDuty, pb::Role::CountyDuty),
    (Role::Inspector, pb::Role::Inspector),
    (Role::CountyIt, pb::Role::CountyIt),
    (Role::Auditor, pb::Role::Auditor),
];

fn role(role: Role) -> pb::Role {
    ROLES.iter().find(|(here, _)| *here == role).map_or(pb::Role::Unspecified, |(_, there)| *there)
}

/// The role of that number.
pub(super) fn role_of(number: i32) -> Option<Role> {
    ROLES.iter().find(|(_, there)| *there as i32 == number).map(|(here, _)| *here)
}

/// The results of a batch, with every violation in the caller's language.
pub(super) fn outcomes(ctx: &Ctx, outcomes: Outcomes) -> pb::BatchCreateUsersResponse {
    let created = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    let show = |outcome: Result<Created, Vec<Fault>>| match outcome {
        Ok(Created { user, credential }) => pb::BatchCreateUsersResult {
            user: Some(user.into()),
            credential: Some(credential.into()),
            violations: Vec::new(),
        },
        Err(faults) => pb::BatchCreateUsersResult {
            user: None,
            credential: None,
            violations: faults.into_iter().map(|fault| violation(ctx, fault)).collect(),
        },
    };
    pb::BatchCreateUsersResponse {
        results: outcomes.into_iter().map(show).collect(),
        created_count: i32::try_from(created).unwrap_or(i32::MAX),
    }
}

fn violation(ctx: &Ctx, fault: Fault) -> pb::ItemViolation {
    pb::ItemViolation {
        description: ctx.catalogue.text(ctx.locale, &fault.reason, &fault.params),
        field: fault.field,
        reason: fault.reason,
    }
}
