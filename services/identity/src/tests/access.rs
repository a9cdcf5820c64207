//! Every permission of identity against a table that was written by hand: action x who asks x what is asked about. A permit that is
//! too wide, too narrow or missing makes a cell differ.

use super::support::{County, id, school, staff, student};
use std::collections::BTreeSet;
use tonic::Code;
use uuid::Uuid;
use xinqiao_kit::{
    authz::Target,
    ctx::{Grant, Principal, Scope},
    role::Role as Service,
    testing::authorizer,
};
use xinqiao_proto::{identity::v1 as pb, policy};

const ME: u128 = 42;
const SOMEBODY: u128 = 43;

/// Who asks: a name, and the role held at school 1, its class 11, its pupil 100, or the county.
const ROLES: [(&str, Option<Scope>); 18] = {
    const S: Option<Scope> = Some(Scope::School(Uuid::from_u128(1)));
    const C: Option<Scope> = Some(Scope::Class { school: Uuid::from_u128(1), class: Uuid::from_u128(11) });
    const P: Option<Scope> = Some(Scope::Student(Uuid::from_u128(100)));
    const K: Option<Scope> = Some(Scope::County);
    [
        ("nothing", None),
        ("homeroom", C),
        ("peer", C),
        ("subject", S),
        ("psychologist", S),
        ("deputy", S),
        ("principal", S),
        ("grade_leader", S),
        ("school_admin", S),
        ("support", P),
        ("assigned", P),
        ("guardian", P),
        ("pupil", P),
        ("county_centre", K),
        ("county_duty", K),
        ("inspector", K),
        ("county_it", K),
        ("auditor", K),
    ]
};

fn person(role: &str, scope: Option<Scope>) -> Principal {
    let grants = scope.map(|scope| Grant { role: role.to_owned(), scope }).into_iter().collect();
    Principal::user(id(ME), grants)
}

/// What is asked about: whose, which kind, at which school.
#[derive(Debug, Clone, Copy)]
struct Cell {
    owner: Option<u128>,
    state: Option<&'static str>,
    school: Option<u128>,
}

impl Cell {
    fn target(self) -> Target {
        let mut target = Target::new("cell");
        target.owner = self.owner.map(id);
        target.school = self.school.map(id);
        target.state = self.state.map(str::to_owned);
        target
    }

    fn is_mine(self) -> bool {
        self.owner == Some(ME)
    }
}

fn cells(states: &[&'static str]) -> Vec<Cell> {
    let mut cells = vec![Cell { owner: None, state: None, school: None }];
    for owner in [None, Some(ME), Some(SOMEBODY)] {
        for state in states {
            for school in [None, Some(1), Some(2)] {
                cells.push(Cell { owner, state: Some(state), school });
            }
        }
    }
    cells
}

const KINDS: [&str; 4] = ["staff", "pupil", "guardian", "county"];
const SIGHTS: [&str; 4] = ["place", "student", "support", "county"];

/// The table.
fn expected(action: &str, role: &str, cell: Cell) -> bool {
    let keeps_school = |role: &str| matches!(role, "school_admin" | "principal") && cell.school == Some(1);
    let county_it = role == "county_it";
    let known = |states: &[&str]| cell.state.is_some_and(|state| states.contains(&state));
    match action {
        "createSession" | "redeemActivation" => true,
        "deleteSession" | "listSessions" | "changePassword" | "getMe" => cell.is_mine(),
        "exchangeSession" => false,
        "createUser" | "batchCreateUsers" => county_it || keeps_school(role),
        "getUser" => cell.is_mine() || keeps_school(role) || (county_it && known(&["staff", "county"])),
        "listUsers" | "updateUser" | "disableUser" | "enableUser" | "resetPassword" => {
            keeps_school(role) || (county_it && known(&["staff", "county"]))
        }
        "createGrant" | "deleteGrant" => county_it || keeps_school(role),
        "confirmGrant" => county_it || role == "county_centre",
        "listGrants" => {
            cell.is_mine()
                || (role == "principal" && keeps_school(role))
                || (role == "school_admin" && keeps_school(role) && known(&["place", "student", "county"]))
                || (county_it && known(&["place", "county"]))
        }
        other => panic!("{other} has no row in the table"),
    }
}

fn actions() -> BTreeSet<String> {
    let of_identity = |path: &str| path.starts_with("/xinqiao.identity.");
    let methods = policy::methods().iter().filter(|method| of_identity(&method.path));
    methods.map(|method| method.policy.action.clone()).collect()
}

#[test]
fn every_cell_of_the_table_is_decided_as_it_says() {
    let authz = authorizer();
    let mut checked = 0;
    for action in actions() {
        let short = action.strip_prefix("identity.").unwrap();
        let states = if short.contains("Grant") { SIGHTS } else { KINDS };
        for (role, scope) in ROLES {
            for cell in cells(&states) {
                let permitted = authz.permits(&person(role, scope), &action, &cell.target());
                assert_eq!(permitted, expected(short, role, cell), "{action} by {role} on {cell:?}");
                checked += 1;
            }
        }
    }
    assert_eq!(actions().len(), 19);
    assert!(checked > 12_000, "{checked}");
}

#[test]
fn services_and_strangers_do_what_is_theirs_and_nothing_else() {
    let authz = authorizer();
    for action in actions() {
        let target = Target::new("cell").school(id(1)).owner(id(ME)).state("staff");
        let open = matches!(action.as_str(), "identity.createSession" | "identity.redeemActivation");
        assert_eq!(authz.permits(&Principal::anybody(), &action, &target), open, "{action}");
        for service in Service::ALL {
            let gateway = action == "identity.exchangeSession" && service == Service::Gateway;
            let permitted = authz.permits(&Principal::service(service), &action, &target);
            assert!(permitted == gateway || open, "{action} by {service}");
        }
    }
}

#[test]
fn the_schema_knows_exactly_the_actions_of_the_methods() {
    let known = authorizer().actions();
    let ours: BTreeSet<_> = known.into_iter().filter(|action| action.starts_with("identity.")).collect();
    assert_eq!(ours, actions());
}

#[test]
fn every_reason_has_a_text_and_a_page() {
    let catalogue: std::collections::HashMap<_, _> = xinqiao_seeds::messages::FILES.iter().copied().collect();
    let pages = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/errors");
    for file in ["common", "identity"] {
        for reason in catalogue[file].lines().filter_map(|line| line.strip_prefix('[')?.strip_suffix(']')) {
            assert!(std::path::Path::new(&format!("{pages}/{reason}.md")).exists(), "{reason}");
        }
    }
}

/// The live call of every method that is not about oneself, by somebody who holds nothing: no use-case forgets to ask.
#[tokio::test]
async fn who_holds_nothing_gets_past_no_method() {
    let county = County::start().await;
    let mut first = county.administrator().await;
    let other = first.create(staff("other", 1)).await.unwrap().user.unwrap();
    let grant = first.give(&other.name, pb::Role::Deputy, &school(1)).await.unwrap();
    let mut nobody = county.join(&mut first, staff("nobody", 1)).await;
    let (name, new) = (other.name.clone(), staff("new", 1));
    let (accounts, grants) = (&mut nobody.accounts, &mut nobody.grants);
    let mask = Some(prost_types::FieldMask { paths: vec!["display_name".into()] });
    let change = pb::UpdateUserRequest { user: Some(other), update_mask: mask };
    let asked = [
        accounts
            .create_user(pb::CreateUserRequest { user: Some(new.clone()), ..Default::default() })
            .await
            .err(),
        accounts
            .batch_create_users(pb::BatchCreateUsersRequest { users: vec![new], ..Default::default() })
            .await
            .err(),
        accounts
            .batch_create_users(pb::BatchCreateUsersRequest {
                users: vec![pb::User::default()],
                ..Default::default()
            })
            .await
            .err(),
        accounts.get_user(pb::GetUserRequest { name: name.clone() }).await.err(),
        accounts.list_users(pb::ListUsersRequest { school: school(1), ..Default::default() }).await.err(),
        accounts.list_users(pb::ListUsersRequest::default()).await.err(),
        accounts.update_user(change).await.err(),
        accounts
            .disable_user(pb::DisableUserRequest { name: name.clone(), ..Default::default() })
            .await
            .err(),
        accounts.enable_user(pb::EnableUserRequest { name: name.clone(), ..Default::default() }).await.err(),
        accounts
            .reset_password(pb::ResetPasswordRequest { name: name.clone(), ..Default::default() })
            .await
            .err(),
        grants
            .create_grant(pb::CreateGrantRequest { grant: Some(grant.clone()), ..Default::default() })
            .await
            .err(),
        grants
            .confirm_grant(pb::ConfirmGrantRequest { name: grant.name.clone(), ..Default::default() })
            .await
            .err(),
        grants.delete_grant(pb::DeleteGrantRequest { name: grant.name, ..Default::default() }).await.err(),
        grants.list_grants(pb::ListGrantsRequest { user: name.clone(), ..Default::default() }).await.err(),
        grants.list_grants(pb::ListGrantsRequest { scope: school(1), ..Default::default() }).await.err(),
        grants
            .list_grants(pb::ListGrantsRequest { scope: "county".into(), ..Default::default() })
            .await
            .err(),
    ];
    for (n, refused) in asked.into_iter().enumerate() {
        let refused = refused.unwrap_or_else(|| panic!("call {n} was answered"));
        assert!(matches!(refused.code(), Code::PermissionDenied | Code::NotFound), "call {n}: {refused:?}");
    }
    assert_eq!(first.get(&name).await.unwrap().state(), pb::UserState::Active);
}

/// Lists hold what the policies permit, row by row, and nothing else.
#[tokio::test]
async fn grants_are_listed_as_they_are_permitted() {
    use pb::Role::{Assigned, Deputy, Inspector, Principal as Head, SchoolAdmin, Support};
    use xinqiao_proto::internal::v1::{TeamChanged, event::Payload};
    let county = County::start().await;
    let mut first = county.administrator().await;
    let zhang = county.join(&mut first, staff("zhang", 1)).await;
    first.give(&zhang.user, Deputy, &school(1)).await.unwrap();
    first.give(&zhang.user, Assigned, &student(100)).await.unwrap();
    first.give(&zhang.user, Inspector, "county").await.unwrap();
    let member = zhang.user.strip_prefix("users/").unwrap().to_owned();
    county
        .tell(Payload::TeamChanged(TeamChanged {
            student_id: id(101).to_string(),
            school_id: id(1).to_string(),
            class_id: id(11).to_string(),
            member_user_ids: vec![member],
        }))
        .await;
    let mut admin = county.staff_with(&mut first, "admin", 1, SchoolAdmin).await;
    let mut principal = county.staff_with(&mut first, "principal", 1, Head).await;
    let mut stranger = county.staff_with(&mut first, "stranger", 2, Head).await;
    let mut zhang = county.again(zhang).await;
    let of_zhang = pb::ListGrantsRequest { user: zhang.user.clone(), ..Default::default() };
    let roles = |grants: Vec<pb::Grant>| grants.iter().map(pb::Grant::role).collect::<Vec<_>>();
    let all = [Deputy, Assigned, Inspector, Support];
    assert_eq!(roles(zhang.list_grants(of_zhang.clone()).await.unwrap()), all);
    assert_eq!(roles(principal.list_grants(of_zhang.clone()).await.unwrap()), all);
    assert_eq!(roles(admin.list_grants(of_zhang.clone()).await.unwrap()), [Deputy, Assigned, Inspector]);
    assert_eq!(roles(first.list_grants(of_zhang.clone()).await.unwrap()), [Deputy, Inspector]);
    assert_eq!(stranger.list_grants(of_zhang).await.unwrap_err().code(), Code::NotFound);
    let at_school = pb::ListGrantsRequest { scope: school(1), ..Default::default() };
    assert_eq!(roles(first.list_grants(at_school.clone()).await.unwrap()), [Deputy, SchoolAdmin, Head]);
    assert!(stranger.list_grants(at_school.clone()).await.is_err());
    assert!(zhang.list_grants(at_school).await.is_err());
    let at_county = pb::ListGrantsRequest { scope: "county".into(), ..Default::default() };
    assert_eq!(roles(first.list_grants(at_county.clone()).await.unwrap()), [pb::Role::CountyIt, Inspector]);
    assert!(admin.list_grants(at_county).await.is_err());
    let nobody = pb::ListGrantsRequest { user: format!("users/{}", id(5)), ..Default::default() };
    assert_eq!(stranger.list_grants(nobody).await.unwrap_err().code(), Code::NotFound);
}
