//! Making accounts.

use super::support::{
    County, Person, guardian, id, pairs, pupil, refusal, school, staff, student, violations,
};
use tonic::{Code, Status};
use xinqiao_proto::identity::v1 as pb;

pub(super) fn not_found() -> (Code, String) {
    (Code::NotFound, "NOT_FOUND".to_owned())
}

pub(super) fn denied() -> (Code, String) {
    (Code::PermissionDenied, "PERMISSION_DENIED".to_owned())
}

async fn batch(
    person: &mut Person,
    users: Vec<pb::User>,
    kind: pb::CredentialKind,
) -> Result<pb::BatchCreateUsersResponse, Status> {
    let request =
        pb::BatchCreateUsersRequest { users, credential_kind: kind as i32, request_id: String::new() };
    Ok(person.accounts.batch_create_users(request).await?.into_inner())
}

pub(super) async fn list(
    person: &mut Person,
    school: &str,
    kind: pb::UserKind,
) -> Result<Vec<String>, Status> {
    let request = pb::ListUsersRequest { school: school.to_owned(), kind: kind as i32, ..Default::default() };
    let users = person.accounts.list_users(request).await?.into_inner().users;
    Ok(users.into_iter().map(|user| user.login_name).collect())
}

#[tokio::test]
async fn an_account_is_made_read_and_found_in_its_school() {
    County::each(|county| async move {
        let mut first = county.administrator().await;
        let made = first.create(staff("Zhang.Wei", 1)).await.unwrap();
        let user = made.user.unwrap();
        assert_eq!(user.login_name, "zhang.wei");
        assert_eq!((user.state(), user.activated), (pb::UserState::Active, false));
        assert_eq!(made.credential.unwrap().secret.len(), 19);
        assert_eq!(first.get(&user.name).await.unwrap(), user);
        assert_eq!(list(&mut first, &school(1), pb::UserKind::Unspecified).await.unwrap(), ["zhang.wei"]);
        assert_eq!(list(&mut first, &school(2), pb::UserKind::Staff).await.unwrap(), [""; 0]);
        assert_eq!(list(&mut first, "", pb::UserKind::Unspecified).await.unwrap(), ["county-it-1"]);
    })
    .await;
}

#[tokio::test]
async fn everything_wrong_with_an_account_is_said_at_once() {
    let county = County::start().await;
    let mut first = county.administrator().await;
    let user = pb::User {
        login_name: "张".into(),
        kind: pb::UserKind::Staff as i32,
        student: student(100),
        children: vec![student(100)],
        ..Default::default()
    };
    let request =
        pb::CreateUserRequest { user: Some(user), credential_kind: 9, request_id: "no uuid".into() };
    assert_eq!(
        violations(first.accounts.create_user(request).await),
        pairs(&[
            ("request_id", "INVALID_UUID"),
            ("credential_kind", "UNKNOWN_VALUE"),
            ("user.login_name", "TOO_SHORT"),
            ("user.display_name", "REQUIRED"),
            ("user.student", "NOT_ALLOWED"),
            ("user.children", "NOT_ALLOWED"),
            ("user.school", "REQUIRED"),
        ])
    );
    let request = pb::CreateUserRequest::default();
    assert_eq!(violations(first.accounts.create_user(request).await), pairs(&[("user", "REQUIRED")]));
    let county_with_school = pb::User { school: school(1), ..super::support::county("x-y-z") };
    assert_eq!(violations(first.create(county_with_school).await), pairs(&[("user.school", "NOT_ALLOWED")]));
    let child = pb::User { school: "schools/1".into(), ..guardian("parent", 1, &[100, 100]) };
    assert_eq!(
        violations(first.create(child).await),
        pairs(&[("user.school", "INVALID_NAME"), ("user.children[1]", "DUPLICATE")])
    );
}

#[tokio::test]
async fn a_login_name_and_a_pupil_have_one_account() {
    County::each(|county| async move {
        let mut first = county.administrator().await;
        first.create(pupil("xiaoming", 1, 100)).await.unwrap();
        assert_eq!(
            violations(first.create(staff("XiaoMing", 2)).await),
            pairs(&[("user.login_name", "TAKEN")])
        );
        assert_eq!(
            violations(first.create(pupil("xiaohong", 1, 100)).await),
            pairs(&[("user.student", "TAKEN")])
        );
    })
    .await;
}

#[tokio::test]
async fn accounts_of_pupils_and_guardians_are_tied_to_pupils_of_that_school() {
    let county = County::start().await;
    let mut first = county.administrator().await;
    for unknown in [700, 999] {
        assert_eq!(
            violations(first.create(pupil("someone", 1, unknown)).await),
            pairs(&[("user.student", "NOT_OF_SCHOOL")])
        );
    }
    assert_eq!(
        violations(first.create(guardian("parent", 1, &[100, 700])).await),
        pairs(&[("user.children[1]", "NOT_OF_SCHOOL")])
    );
    let parent = county.join(&mut first, guardian("parent", 1, &[100, 101])).await;
    assert_eq!(parent.roles(), ["guardian", "guardian"]);
    let child = county.join(&mut first, pupil("child", 1, 100)).await;
    assert_eq!(child.roles(), ["pupil"]);
    let mut parent = county.again(parent).await;
    let me = parent.me().await.unwrap().user.unwrap();
    assert_eq!(me.children, [student(100), student(101)]);
}

#[tokio::test]
async fn the_same_request_id_gives_the_same_answer_and_makes_nothing_twice() {
    County::each(|county| async move {
        let mut first = county.administrator().await;
        let request = pb::CreateUserRequest {
            user: Some(staff("zhang", 1)),
            request_id: id(77).to_string(),
            ..Default::default()
        };
        let once = first.accounts.create_user(request.clone()).await.unwrap().into_inner();
        let twice = first.accounts.create_user(request.clone()).await.unwrap().into_inner();
        assert_eq!(once, twice);
        let other = pb::CreateUserRequest { user: Some(staff("zhang2", 1)), ..request };
        let reused = refusal(first.accounts.create_user(other).await);
        assert_eq!(reused, (Code::InvalidArgument, "REQUEST_ID_REUSED".to_owned()));
        assert_eq!(list(&mut first, &school(1), pb::UserKind::Staff).await.unwrap(), ["zhang"]);
    })
    .await;
}

#[tokio::test]
async fn in_a_batch_each_item_stands_alone() {
    County::each(|county| async move {
        let mut first = county.administrator().await;
        let mut users: Vec<_> = (0..20).map(|n| pupil(&format!("pupil-{n}"), 1, 100 + n)).collect();
        users[3].login_name = "x".into();
        users[5].login_name = "pupil-4".into();
        users[7].student = student(700);
        users[9].student = student(101);
        let made = batch(&mut first, users, pb::CredentialKind::Unspecified).await.unwrap();
        assert_eq!((made.created_count, made.results.len()), (16, 20));
        let faults: Vec<_> = made
            .results
            .iter()
            .flat_map(|result| &result.violations)
            .map(|fault| (fault.field.as_str(), fault.reason.as_str()))
            .collect();
        assert_eq!(
            faults,
            [
                ("users[3].login_name", "TOO_SHORT"),
                ("users[5].login_name", "TAKEN"),
                ("users[7].student", "NOT_OF_SCHOOL"),
                ("users[9].student", "TAKEN"),
            ]
        );
        assert!(made.results[3].user.is_none() && made.results[3].credential.is_none());
        assert_eq!(made.results[3].violations[0].description, "太短，至少 3 个字符。");
        let code = &made.results[4].credential.as_ref().unwrap().secret;
        assert_eq!(county.redeem(code).await.unwrap().user.unwrap().login_name, "pupil-4");
    })
    .await;
}

#[tokio::test]
async fn a_batch_can_give_first_passwords_to_hand_out() {
    let county = County::start().await;
    let mut first = county.administrator().await;
    let users = (0..4).map(|n| pupil(&format!("pupil-{n}"), 1, 100 + n)).collect();
    let made = batch(&mut first, users, pb::CredentialKind::InitialPassword).await.unwrap();
    let request = pb::CreateSessionRequest {
        login_name: "pupil-2".into(),
        password: made.results[2].credential.as_ref().unwrap().secret.clone(),
        ..Default::default()
    };
    assert!(county.anybody().create_session(request).await.is_ok());
    let too_many = vec![staff("zhang", 1); 101];
    assert_eq!(
        violations(batch(&mut first, too_many, pb::CredentialKind::InitialPassword).await),
        pairs(&[("users", "TOO_MANY")])
    );
    assert_eq!(
        violations(batch(&mut first, Vec::new(), pb::CredentialKind::Unspecified).await),
        pairs(&[("users", "REQUIRED")])
    );
}

#[tokio::test]
async fn a_batch_with_one_account_elsewhere_makes_none() {
    let county = County::start().await;
    let mut first = county.administrator().await;
    let mut admin = county.staff_with(&mut first, "admin", 1, pb::Role::SchoolAdmin).await;
    let users = vec![staff("here", 1), staff("there", 2)];
    assert_eq!(refusal(batch(&mut admin, users, pb::CredentialKind::Unspecified).await), not_found());
    assert_eq!(list(&mut admin, &school(1), pb::UserKind::Staff).await.unwrap(), ["admin"]);
}
