//! Roles: who gives which, and which need two people.

use super::support::{
    County, class, county, guardian, id, pairs, pupil, refusal, school, staff, student, violations,
};
use chrono::Duration;
use pb::Role;
use tonic::Code;
use xinqiao_proto::identity::v1 as pb;

fn precondition(reason: &str) -> (Code, String) {
    (Code::FailedPrecondition, reason.to_owned())
}

fn not_found() -> (Code, String) {
    (Code::NotFound, "NOT_FOUND".to_owned())
}

fn denied() -> (Code, String) {
    (Code::PermissionDenied, "PERMISSION_DENIED".to_owned())
}

#[tokio::test]
async fn a_role_at_a_school_counts_at_once() {
    County::each(|county| async move {
        let mut first = county.administrator().await;
        let zhang = county.join(&mut first, staff("zhang", 1)).await;
        let grant = first.give(&zhang.user, Role::Psychologist, &school(1)).await.unwrap();
        assert_eq!((grant.state(), grant.source.as_str()), (pb::GrantState::Active, "manual"));
        assert_eq!(grant.proposer, first.user);
        let zhang = county.again(zhang).await;
        assert_eq!(zhang.roles(), ["psychologist"]);
        first.take_back(&grant.name).await.unwrap();
        assert_eq!(county.again(zhang).await.roles(), [""; 0]);
        assert_eq!(refusal(first.take_back(&grant.name).await), precondition("GRANT_ENDED"));
        // It can be given again.
        assert!(first.give(&zhang_name(&grant), Role::Psychologist, &school(1)).await.is_ok());
    })
    .await;
}

fn zhang_name(grant: &pb::Grant) -> String {
    grant.user.clone()
}

#[tokio::test]
async fn a_role_at_the_county_waits_for_a_second_person() {
    County::each(|test| async move {
        let mut first = test.administrator().await;
        let mut second = test.second_administrator(&mut first).await;
        let centre = test.join(&mut first, county("centre")).await;
        let proposal = first.give(&centre.user, Role::CountyCentre, "county").await.unwrap();
        assert_eq!(proposal.state(), pb::GrantState::Pending);
        let centre = test.again(centre).await;
        assert_eq!(centre.roles(), [""; 0]);
        assert_eq!(refusal(first.confirm(&proposal.name).await), precondition("SECOND_PERSON_NEEDED"));
        let confirmed = second.confirm(&proposal.name).await.unwrap();
        assert_eq!((confirmed.state(), confirmed.confirmer), (pb::GrantState::Active, second.user.clone()));
        assert_eq!(test.again(centre).await.roles(), ["county_centre"]);
        assert_eq!(refusal(second.confirm(&proposal.name).await), precondition("GRANT_NOT_PENDING"));
    })
    .await;
}

#[tokio::test]
async fn the_first_administrator_confirms_alone_only_until_there_is_a_second() {
    let test = County::start().await;
    let mut first = test.administrator().await;
    let inspector = first.create(county("inspector")).await.unwrap().user.unwrap();
    let alone = first.give(&inspector.name, Role::Inspector, "county").await.unwrap();
    first.confirm(&alone.name).await.unwrap();
    let notes = test.audit_notes().await;
    assert!(notes.contains(&"role confirmed by its proposer alone".to_owned()));
    test.second_administrator(&mut first).await;
    let auditor = first.create(county("auditor")).await.unwrap().user.unwrap();
    let proposal = first.give(&auditor.name, Role::Auditor, "county").await.unwrap();
    assert_eq!(refusal(first.confirm(&proposal.name).await), precondition("SECOND_PERSON_NEEDED"));
}

#[tokio::test]
async fn a_second_administrator_is_the_second_person_before_the_first_log_in() {
    let test = County::start().await;
    let mut first = test.administrator().await;
    let made = first.create(county("county-it-2")).await.unwrap();
    let second = made.user.unwrap().name;
    let proposal = first.give(&second, Role::CountyIt, "county").await.unwrap();
    first.confirm(&proposal.name).await.unwrap();
    let auditor = first.create(county("auditor")).await.unwrap().user.unwrap();
    let proposal = first.give(&auditor.name, Role::Auditor, "county").await.unwrap();
    assert_eq!(refusal(first.confirm(&proposal.name).await), precondition("SECOND_PERSON_NEEDED"));
    // Who has never logged in keeps no county alive, though.
    let mut own = first.me().await.unwrap().grants;
    assert_eq!(refusal(first.take_back(&own.remove(0).name).await), precondition("LAST_ADMINISTRATOR"));
    let token = test.redeem(&made.credential.unwrap().secret).await.unwrap().session_token;
    assert!(test.person(&token).await.confirm(&proposal.name).await.is_ok());
}

#[tokio::test]
async fn nobody_gives_confirms_or_proposes_a_role_for_themselves() {
    let test = County::start().await;
    let mut first = test.administrator().await;
    let mut second = test.second_administrator(&mut first).await;
    let (one, two) = (first.user.clone(), second.user.clone());
    assert_eq!(
        refusal(first.give(&one, Role::CountyCentre, "county").await),
        precondition("SELF_NOT_ALLOWED")
    );
    assert_eq!(
        refusal(first.give(&one, Role::Psychologist, &school(1)).await),
        precondition("SELF_NOT_ALLOWED")
    );
    let proposal = first.give(&two, Role::CountyCentre, "county").await.unwrap();
    assert_eq!(refusal(second.confirm(&proposal.name).await), precondition("SELF_NOT_ALLOWED"));
    let mut principal = test.staff_with(&mut first, "principal", 1, Role::Principal).await;
    let own = principal.user.clone();
    let refused = refusal(principal.give(&own, Role::Psychologist, &school(1)).await);
    assert_eq!(refused, precondition("SELF_NOT_ALLOWED"));
}

#[tokio::test]
async fn the_county_centre_confirms_and_proposes_nothing() {
    let test = County::start().await;
    let mut first = test.administrator().await;
    let mut second = test.second_administrator(&mut first).await;
    let centre = test.join(&mut first, county("centre")).await;
    let proposal = first.give(&centre.user, Role::CountyCentre, "county").await.unwrap();
    second.confirm(&proposal.name).await.unwrap();
    let mut centre = test.again(centre).await;
    let duty = first.create(county("duty")).await.unwrap().user.unwrap();
    let proposal = first.give(&duty.name, Role::CountyDuty, "county").await.unwrap();
    assert!(centre.confirm(&proposal.name).await.is_ok());
    assert_eq!(refusal(centre.give(&duty.name, Role::Auditor, "county").await), denied());
    assert_eq!(refusal(centre.take_back(&proposal.name).await), denied());
}

#[tokio::test]
async fn others_at_the_county_and_at_schools_do_not_confirm() {
    let test = County::start().await;
    let mut first = test.administrator().await;
    let mut second = test.second_administrator(&mut first).await;
    let waiting = first.create(county("waiting")).await.unwrap().user.unwrap();
    let proposal = first.give(&waiting.name, Role::CountyDuty, "county").await.unwrap();
    for (n, role) in [Role::CountyDuty, Role::Inspector, Role::Auditor].into_iter().enumerate() {
        let person = test.join(&mut first, county(&format!("county-{n}"))).await;
        let other = first.give(&person.user, role, "county").await.unwrap();
        second.confirm(&other.name).await.unwrap();
        let mut person = test.again(person).await;
        assert_eq!(refusal(person.confirm(&proposal.name).await), denied(), "{role:?}");
    }
    for role in [Role::Principal, Role::SchoolAdmin, Role::Deputy, Role::Psychologist] {
        let mut person = test.staff_with(&mut first, &format!("school-{}", role as i32), 1, role).await;
        assert_eq!(refusal(person.confirm(&proposal.name).await), denied(), "{role:?}");
    }
}

#[tokio::test]
async fn a_school_gives_roles_inside_itself_only() {
    let county = County::start().await;
    let mut first = county.administrator().await;
    let zhang = first.create(staff("zhang", 1)).await.unwrap().user.unwrap().name;
    let parent = first.create(guardian("parent", 1, &[100])).await.unwrap().user.unwrap().name;
    for role in [Role::Principal, Role::SchoolAdmin] {
        let mut keeper = county.staff_with(&mut first, &format!("keeper-{}", role as i32), 1, role).await;
        let given = keeper.give(&zhang, Role::Deputy, &school(1)).await.unwrap();
        keeper.take_back(&given.name).await.unwrap();
        let given = keeper.give(&zhang, Role::Homeroom, &class(1, 11)).await.unwrap();
        keeper.take_back(&given.name).await.unwrap();
        let given = keeper.give(&parent, Role::Guardian, &student(101)).await.unwrap();
        keeper.take_back(&given.name).await.unwrap();
        for (role, scope) in [
            (Role::Deputy, school(2)),
            (Role::Homeroom, class(2, 21)),
            (Role::Assigned, student(700)),
            (Role::Assigned, student(999)),
            (Role::Inspector, "county".to_owned()),
        ] {
            assert_eq!(refusal(keeper.give(&zhang, role, &scope).await), not_found(), "{role:?}");
        }
        // Another school's class under the own school's name.
        assert_eq!(
            violations(keeper.give(&zhang, Role::Homeroom, &class(1, 21)).await),
            pairs(&[("grant.scope", "NOT_OF_SCHOOL")])
        );
    }
    let elsewhere = first.give(&zhang, Role::Deputy, &school(2)).await.unwrap();
    let mut keeper = county.staff_with(&mut first, "keeper", 1, Role::Principal).await;
    assert_eq!(refusal(keeper.take_back(&elsewhere.name).await), not_found());
    assert_eq!(refusal(keeper.take_back(&format!("grants/{}", id(4))).await), not_found());
}

#[tokio::test]
async fn a_role_fits_its_scope_its_holder_and_the_time() {
    let county = County::start().await;
    let mut first = county.administrator().await;
    let zhang = first.create(staff("zhang", 1)).await.unwrap().user.unwrap().name;
    let child = first.create(pupil("child", 1, 100)).await.unwrap().user.unwrap().name;
    let wrong = [
        (Role::Homeroom, school(1), "grant.scope", "ROLE_SCOPE_MISMATCH"),
        (Role::Psychologist, "county".to_owned(), "grant.scope", "ROLE_SCOPE_MISMATCH"),
        (Role::CountyIt, school(1), "grant.scope", "ROLE_SCOPE_MISMATCH"),
        (Role::Support, student(100), "grant.role", "ROLE_FOLLOWS_FROM_FACTS"),
        (Role::Pupil, student(100), "grant.role", "ROLE_FOLLOWS_FROM_FACTS"),
        (Role::Peer, class(1, 11), "grant.role", "ROLE_KIND_MISMATCH"),
    ];
    for (role, scope, field, reason) in wrong {
        assert_eq!(violations(first.give(&zhang, role, &scope).await), pairs(&[(field, reason)]), "{role:?}");
    }
    let mismatch = violations(first.give(&child, Role::Psychologist, &school(1)).await);
    assert_eq!(mismatch, pairs(&[("grant.role", "ROLE_KIND_MISMATCH")]));
    assert!(first.give(&child, Role::Peer, &class(1, 11)).await.is_ok());
    let nobody = violations(first.give(&format!("users/{}", id(3)), Role::Deputy, &school(1)).await);
    assert_eq!(nobody, pairs(&[("grant.user", "NO_SUCH_USER")]));
    let grant = pb::Grant {
        user: "zhang".into(),
        role: 99,
        scope: "classes/1".into(),
        expire_time: Some(county.now().into()),
        ..Default::default()
    };
    let request = pb::CreateGrantRequest { grant: Some(grant), request_id: String::new() };
    assert_eq!(
        violations(first.grants.create_grant(request).await),
        pairs(&[
            ("grant.user", "INVALID_NAME"),
            ("grant.role", "UNKNOWN_VALUE"),
            ("grant.scope", "INVALID_NAME")
        ])
    );
}

#[tokio::test]
async fn a_role_for_a_time_ends_by_itself_and_can_be_given_again() {
    County::each(|county| async move {
        let mut first = county.administrator().await;
        let zhang = county.join(&mut first, staff("zhang", 1)).await;
        let grant = |expire| pb::Grant {
            user: zhang.user.clone(),
            role: Role::Deputy as i32,
            scope: school(1),
            expire_time: Some(expire),
            ..Default::default()
        };
        let past = pb::CreateGrantRequest { grant: Some(grant(county.now().into())), ..Default::default() };
        assert_eq!(
            violations(first.grants.create_grant(past).await),
            pairs(&[("grant.expire_time", "NOT_IN_FUTURE")])
        );
        let soon = grant((county.now() + Duration::minutes(10)).into());
        let request = pb::CreateGrantRequest { grant: Some(soon), ..Default::default() };
        first.grants.create_grant(request).await.unwrap();
        assert_eq!(
            violations(first.give(&zhang.user, Role::Deputy, &school(1)).await),
            pairs(&[("grant.role", "TAKEN")])
        );
        assert_eq!(county.person(&zhang.session_token).await.roles(), ["deputy"]);
        county.later(Duration::minutes(10));
        assert_eq!(county.person(&zhang.session_token).await.roles(), [""; 0]);
        let listed = pb::ListGrantsRequest {
            user: zhang.user.clone(),
            state: pb::GrantState::Ended as i32,
            ..Default::default()
        };
        let mut first = county.again(first).await;
        assert_eq!(first.list_grants(listed).await.unwrap().len(), 1);
        assert!(first.give(&zhang.user, Role::Deputy, &school(1)).await.is_ok());
    })
    .await;
}

#[tokio::test]
async fn the_last_administrator_keeps_the_role() {
    let county = County::start().await;
    let mut first = county.administrator().await;
    let own = first.me().await.unwrap().grants[0].name.clone();
    assert_eq!(refusal(first.take_back(&own).await), precondition("LAST_ADMINISTRATOR"));
    let mut second = county.second_administrator(&mut first).await;
    second.take_back(&own).await.unwrap();
    let mut first = county.again(first).await;
    assert_eq!(first.roles(), [""; 0]);
    assert_eq!(refusal(first.create(staff("zhang", 1)).await), denied());
}

#[tokio::test]
async fn a_stale_etag_and_a_repeated_request_are_told_apart() {
    let county = County::start().await;
    let mut first = county.administrator().await;
    let zhang = first.create(staff("zhang", 1)).await.unwrap().user.unwrap().name;
    let grant =
        pb::Grant { user: zhang.clone(), role: Role::Deputy as i32, scope: school(1), ..Default::default() };
    let request = pb::CreateGrantRequest { grant: Some(grant), request_id: id(5).to_string() };
    let once = first.grants.create_grant(request.clone()).await.unwrap().into_inner();
    assert_eq!(first.grants.create_grant(request).await.unwrap().into_inner(), once);
    let stale = pb::DeleteGrantRequest { name: once.name.clone(), etag: "\"7\"".into() };
    let refused = refusal(first.grants.delete_grant(stale).await);
    assert_eq!(refused, (Code::Aborted, "STALE_ETAG".to_owned()));
    let fresh = pb::DeleteGrantRequest { name: once.name, etag: once.etag };
    assert!(first.grants.delete_grant(fresh).await.is_ok());
}
