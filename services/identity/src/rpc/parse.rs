//! From protobuf to the domain, with everything that is wrong at once.

use super::convert::role_of;
use crate::{
    app::{
        Change, ChangePassword, ConfirmGrant, CreateGrant, CredentialKind, DeleteGrant, Item, ListGrants,
        ListOf, ListUsers, LogIn, NewUsers, Redeem, UpdateUser, Which, check_login_name,
    },
    domain::{
        GrantId, SchoolId, StudentId, UserId,
        grant::{NewGrant, State, parse_scope},
        password::PASSWORD_MAX,
        user::{CHILDREN_MAX, DISPLAY_NAME_MAX, Kind, NewUser, Person},
    },
};
use secrecy::SecretString;
use xinqiao_kit::{
    ctx::{Ctx, RequestKey},
    names,
    page::Page,
    status::Violation,
    validate::{Invalid, Violations},
};
use xinqiao_proto::identity::v1 as pb;

/// Most characters of what a client calls itself.
const CLIENT_MAX: usize = 80;
/// Most characters of what may be a login name, a code or a token: more is none.
const TYPED_MAX: usize = 256;
/// Accounts of one batch.
const BATCH_MAX: usize = 500;
/// Accounts of one batch whose passwords must be hashed.
const BATCH_WITH_PASSWORDS_MAX: usize = 100;

/// A page of the list that `list` names together with its filters.
pub(super) fn page(page_size: i32, page_token: &str, list: &str) -> Result<Page, Violation> {
    Page::of(page_size, page_token, list)
}

fn request_key<M: prost::Message>(
    v: &mut Violations,
    ctx: &Ctx,
    id: &str,
    message: &M,
) -> Option<RequestKey> {
    ctx.request_key(id, message).map_err(|violation| v.push(violation)).ok().flatten()
}

pub(super) fn log_in(m: pb::CreateSessionRequest, address: String) -> Result<LogIn, Invalid> {
    let mut v = Violations::new();
    v.len("login_name", &m.login_name, 1, TYPED_MAX);
    v.len("password", &m.password, 1, PASSWORD_MAX);
    v.len("client", &m.client, 0, CLIENT_MAX);
    v.into_result()?;
    Ok(LogIn { login_name: m.login_name, password: m.password.into(), client: m.client, address })
}

pub(super) fn redeem(m: pb::RedeemActivationRequest) -> Result<Redeem, Invalid> {
    let mut v = Violations::new();
    v.len("activation_code", &m.activation_code, 1, TYPED_MAX);
    v.len("password", &m.password, 1, PASSWORD_MAX);
    v.len("client", &m.client, 0, CLIENT_MAX);
    v.into_result()?;
    Ok(Redeem {
        code: m.activation_code.into(),
        password: m.password.into(),
        login_name: m.login_name,
        display_name: m.display_name,
        client: m.client,
    })
}

pub(super) fn which_session(name: &str) -> Result<Which, Invalid> {
    if name == "sessions/current" {
        return Ok(Which::Current);
    }
    let mut v = Violations::new();
    let id = v.id("name", name, "sessions/{}");
    v.finish(id.map(Which::Id))
}

pub(super) fn session_token(m: pb::ExchangeSessionRequest) -> Result<SecretString, Invalid> {
    let mut v = Violations::new();
    v.len("session_token", &m.session_token, 1, TYPED_MAX);
    v.into_result()?;
    Ok(m.session_token.into())
}

pub(super) fn change_password(
    m: pb::ChangePasswordRequest,
    address: String,
) -> Result<ChangePassword, Invalid> {
    let mut v = Violations::new();
    v.len("old_password", &m.old_password, 1, PASSWORD_MAX);
    v.len("new_password", &m.new_password, 1, PASSWORD_MAX);
    v.into_result()?;
    Ok(ChangePassword { old: m.old_password.into(), new: m.new_password.into(), address })
}

pub(super) fn user_id(name: &str) -> Result<UserId, Invalid> {
    let mut v = Violations::new();
    let id = v.id("name", name, "users/{}");
    v.finish(id)
}

pub(super) fn change<M: prost::Message>(
    ctx: &Ctx,
    name: &str,
    etag: &str,
    request_id: &str,
    message: &M,
) -> Result<Change, Invalid> {
    let mut v = Violations::new();
    let user = v.id("name", name, "users/{}");
    let request = request_key(&mut v, ctx, request_id, message);
    v.finish(user.map(|user| Change { user, etag: etag.to_owned(), request }))
}

fn kind_of(number: i32) -> Option<Kind> {
    match pb::UserKind::try_from(number).ok()? {
        pb::UserKind::Unspecified => None,
        pb::UserKind::Staff => Some(Kind::Staff),
        pb::UserKind::Pupil => Some(Kind::Pupil),
        pb::UserKind::Guardian => Some(Kind::Guardian),
        pb::UserKind::County => Some(Kind::County),
    }
}

fn credential_kind(v: &mut Violations, number: i32) -> CredentialKind {
    match pb::CredentialKind::try_from(number) {
        Ok(pb::CredentialKind::Unspecified | pb::CredentialKind::ActivationCode) => {
            CredentialKind::ActivationCode
        }
        Ok(pb::CredentialKind::InitialPassword) => CredentialKind::InitialPassword,
        Err(_) => {
            v.push(Violation::new("credential_kind", "UNKNOWN_VALUE"));
            CredentialKind::ActivationCode
        }
    }
}

fn item(field: &str, user: pb::User) -> Item {
    let mut v = Violations::new();
    let at = |name: &str| format!("{field}.{name}");
    let login_name = check_login_name(&mut v, &at("login_name"), &user.login_name);
    let display_name = user.display_name.trim().to_owned();
    v.len(&at("display_name"), &display_name, 1, DISPLAY_NAME_MAX);
    let person = person(&mut v, &at, &user);
    let new = login_name.zip(person).map(|(login_name, person)| NewUser { login_name, display_name, person });
    Item { field: field.to_owned(), user: v.finish(new).map_err(Invalid::into_violations) }
}

fn person(v: &mut Violations, at: &impl Fn(&str) -> String, user: &pb::User) -> Option<Person> {
    let kind = v.enum_value(&at("kind"), user.kind, kind_of)?;
    let unused = |v: &mut Violations, name: &str, given: bool| {
        if given {
            v.push(Violation::new(at(name), "NOT_ALLOWED"));
        }
    };
    unused(v, "student", kind != Kind::Pupil && !user.student.is_empty());
    unused(v, "children", kind != Kind::Guardian && !user.children.is_empty());
    if kind == Kind::County {
        unused(v, "school", !user.school.is_empty());
        return Some(Person::County);
    }
    let school = v.id::<SchoolId>(&at("school"), &user.school, "schools/{}");
    match kind {
        Kind::Staff => Some(Person::Staff { school: school? }),
        Kind::Pupil => {
            let student = v.id::<StudentId>(&at("student"), &user.student, "students/{}");
            Some(Person::Pupil { school: school?, student: student? })
        }
        Kind::Guardian => {
            let children = children(v, &at("children"), &user.children);
            Some(Person::Guardian { school: school?, children })
        }
        Kind::County => None,
    }
}

fn children(v: &mut Violations, field: &str, given: &[String]) -> Vec<StudentId> {
    let mut children: Vec<StudentId> = Vec::new();
    if !v.count(field, given.len(), CHILDREN_MAX) {
        return children;
    }
    for (index, name) in given.iter().enumerate() {
        let field = format!("{field}[{index}]");
        let Some(child) = v.id(&field, name, "students/{}") else { continue };
        if children.contains(&child) {
            v.push(Violation::new(field, "DUPLICATE"));
        } else {
            children.push(child);
        }
    }
    children
}

pub(super) fn new_user(ctx: &Ctx, m: pb::CreateUserRequest) -> Result<NewUsers, Invalid> {
    let mut v = Violations::new();
    let request = request_key(&mut v, ctx, &m.request_id, &m);
    let credential_kind = credential_kind(&mut v, m.credential_kind);
    let item = v.present("user", m.user).map(|user| item("user", user));
    if let Some(Item { user: Err(violations), .. }) = &item {
        violations.iter().for_each(|violation| v.push(violation.clone()));
    }
    v.finish(item.map(|item| NewUsers { items: vec![item], credential_kind, request }))
}

pub(super) fn new_users(ctx: &Ctx, m: pb::BatchCreateUsersRequest) -> Result<NewUsers, Invalid> {
    let mut v = Violations::new();
    let request = request_key(&mut v, ctx, &m.request_id, &m);
    let credential_kind = credential_kind(&mut v, m.credential_kind);
    let max = match credential_kind {
        CredentialKind::ActivationCode => BATCH_MAX,
        CredentialKind::InitialPassword => BATCH_WITH_PASSWORDS_MAX,
    };
    if m.users.is_empty() {
        v.push(Violation::new("users", "REQUIRED"));
    }
    v.count("users", m.users.len(), max);
    v.into_result()?;
    let users = m.users.into_iter().enumerate();
    let items = users.map(|(index, user)| item(&format!("users[{index}]"), user)).collect();
    Ok(NewUsers { items, credential_kind, request })
}

pub(super) fn list_users(m: pb::ListUsersRequest) -> Result<ListUsers, Invalid> {
    let mut v = Violations::new();
    let school = v.id_opt::<SchoolId>("school", &m.school, "schools/{}");
    let kind = match m.kind {
        0 => None,
        number => v.enum_value("kind", number, kind_of),
    };
    if kind.is_some_and(|kind| (kind == Kind::County) != m.school.is_empty()) {
        // People of the county are in no school, and the others are listed school by school.
        v.push(Violation::new("school", if m.school.is_empty() { "REQUIRED" } else { "NOT_ALLOWED" }));
    }
    let list = format!("users?school={}&kind={}", m.school, m.kind);
    let page = page(m.page_size, &m.page_token, &list).map_err(|violation| v.push(violation)).ok();
    v.finish(page.map(|page| ListUsers { school, kind, page }))
}

pub(super) fn update_user(m: pb::UpdateUserRequest) -> Result<UpdateUser, Invalid> {
    let mut v = Violations::new();
    let mask = m.update_mask.unwrap_or_default();
    if mask.paths.is_empty() {
        v.push(Violation::new("update_mask", "REQUIRED"));
    }
    let Some(user) = v.present("user", m.user) else { return v.finish(None) };
    let id = v.id::<UserId>("user.name", &user.name, "users/{}");
    let (mut display_name, mut school) = (None, None);
    for path in &mask.paths {
        match path.as_str() {
            "display_name" => {
                let name = user.display_name.trim().to_owned();
                display_name = v.len("user.display_name", &name, 1, DISPLAY_NAME_MAX).then_some(name);
            }
            "school" => school = v.id::<SchoolId>("user.school", &user.school, "schools/{}"),
            _ => v.push(Violation::new("update_mask", "UNKNOWN_VALUE")),
        }
    }
    v.finish(id.map(|id| UpdateUser { user: id, display_name, school, etag: user.etag }))
}

pub(super) fn create_grant(ctx: &Ctx, m: pb::CreateGrantRequest) -> Result<CreateGrant, Invalid> {
    let mut v = Violations::new();
    let request = request_key(&mut v, ctx, &m.request_id, &m);
    let Some(grant) = v.present("grant", m.grant) else { return v.finish(None) };
    let user = v.id::<UserId>("grant.user", &grant.user, "users/{}");
    let role = v.enum_value("grant.role", grant.role, role_of);
    let scope = v.require("grant.scope", &grant.scope).then(|| parse_scope(&grant.scope)).flatten();
    if scope.is_none() && !grant.scope.trim().is_empty() {
        let pattern = "county, schools/{uuid}, schools/{uuid}/classes/{uuid}, students/{uuid}";
        v.push(Violation::new("grant.scope", "INVALID_NAME").param("pattern", pattern));
    }
    let expire_time = grant.expire_time.and_then(|time| v.time("grant.expire_time", Some(time)));
    let new = user.zip(role).zip(scope);
    v.finish(new.map(|((user, role), scope)| CreateGrant {
        grant: NewGrant { user, role, scope, expire_time },
        request,
    }))
}

pub(super) fn confirm_grant(ctx: &Ctx, m: pb::ConfirmGrantRequest) -> Result<ConfirmGrant, Invalid> {
    let mut v = Violations::new();
    let request = request_key(&mut v, ctx, &m.request_id, &m);
    let grant = v.id::<GrantId>("name", &m.name, "grants/{}");
    v.finish(grant.map(|grant| ConfirmGrant { grant, etag: m.etag, request }))
}

pub(super) fn delete_grant(m: pb::DeleteGrantRequest) -> Result<DeleteGrant, Invalid> {
    let mut v = Violations::new();
    let grant = v.id::<GrantId>("name", &m.name, "grants/{}");
    v.finish(grant.map(|grant| DeleteGrant { grant, etag: m.etag }))
}

pub(super) fn list_grants(m: &pb::ListGrantsRequest) -> Result<ListGrants, Invalid> {
    let mut v = Violations::new();
    let of = match (m.user.as_str(), m.scope.as_str()) {
        ("", "") => {
            v.push(Violation::new("user", "REQUIRED"));
            None
        }
        (user, "") => v.id("user", user, "users/{}").map(ListOf::User),
        ("", "county") => Some(ListOf::County),
        ("", school) => {
            let found = names::parse(school, "schools/{}").map(ListOf::School);
            if found.is_none() {
                v.push(Violation::new("scope", "INVALID_NAME").param("pattern", "county, schools/{uuid}"));
            }
            found
        }
        _ => {
            v.push(Violation::new("scope", "NOT_ALLOWED"));
            None
        }
    };
    let states = match m.state {
        0 => Some(vec![State::Pending, State::Active]),
        number => v.enum_value("state", number, state_of).map(|state| vec![state]),
    };
    let list = format!("grants?user={}&scope={}&state={}", m.user, m.scope, m.state);
    let page = page(m.page_size, &m.page_token, &list).map_err(|violation| v.push(violation)).ok();
    let parts = of.zip(states).zip(page);
    v.finish(parts.map(|((of, states), page)| ListGrants { of, states, page }))
}

fn state_of(number: i32) -> Option<State> {
    match pb::GrantState::try_from(number).ok()? {
        pb::GrantState::Unspecified => None,
        pb::GrantState::Pending => Some(State::Pending),
        pb::GrantState::Active => Some(State::Active),
        pb::GrantState::Ended => Some(State::Ended),
    }
}
