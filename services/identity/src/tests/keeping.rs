//! Looking after accounts: who may, and with what care.

use super::{
    accounts::{denied, list, not_found},
    support::{County, PASSWORD, county, guardian, id, pairs, pupil, refusal, school, staff, violations},
};
use tonic::Code;
use xinqiao_proto::identity::v1 as pb;

#[tokio::test]
async fn a_school_keeps_its_accounts_and_no_others() {
    let county = County::start().await;
    let mut first = county.administrator().await;
    let here = first.create(pupil("here", 1, 100)).await.unwrap().user.unwrap();
    let there = first.create(staff("there", 2)).await.unwrap().user.unwrap();
    for role in [pb::Role::SchoolAdmin, pb::Role::Principal] {
        let mut keeper = county.staff_with(&mut first, &format!("keeper-{}", role as i32), 1, role).await;
        assert!(keeper.create(staff(&format!("new-{}", role as i32), 1)).await.is_ok());
        assert_eq!(keeper.get(&here.name).await.unwrap().display_name, "Teacher here");
        assert_eq!(refusal(keeper.get(&there.name).await), not_found());
        assert_eq!(refusal(keeper.get(&first.user).await), not_found());
        assert_eq!(refusal(keeper.get(&format!("users/{}", id(5))).await), not_found());
        assert_eq!(refusal(keeper.create(staff("other", 2)).await), not_found());
        assert_eq!(refusal(keeper.create(super::support::county("other")).await), not_found());
        assert_eq!(refusal(list(&mut keeper, &school(2), pb::UserKind::Unspecified).await), not_found());
        assert_eq!(refusal(list(&mut keeper, "", pb::UserKind::County).await), not_found());
        assert_eq!(refusal(keeper.disable(&there.name).await), not_found());
        let reset = pb::ResetPasswordRequest { name: there.name.clone(), ..Default::default() };
        assert_eq!(refusal(keeper.accounts.reset_password(reset).await), not_found());
    }
}

#[tokio::test]
async fn county_it_makes_accounts_of_pupils_and_never_reads_them() {
    let county = County::start().await;
    let mut first = county.administrator().await;
    let child = first.create(pupil("child", 1, 100)).await.unwrap().user.unwrap();
    let parent = first.create(guardian("parent", 1, &[100])).await.unwrap().user.unwrap();
    first.create(staff("teacher", 1)).await.unwrap();
    for user in [&child, &parent] {
        assert_eq!(refusal(first.get(&user.name).await), not_found());
        assert_eq!(refusal(first.disable(&user.name).await), denied());
        let reset = pb::ResetPasswordRequest { name: user.name.clone(), ..Default::default() };
        assert_eq!(refusal(first.accounts.reset_password(reset).await), denied());
    }
    // As if there were none.
    let nobody = format!("users/{}", id(5));
    assert_eq!(refusal(first.get(&nobody).await), not_found());
    assert_eq!(refusal(first.disable(&nobody).await), denied());
    // The list leaves out what the caller may not read, and says so when that is all.
    assert_eq!(list(&mut first, &school(1), pb::UserKind::Unspecified).await.unwrap(), ["teacher"]);
    assert_eq!(refusal(list(&mut first, &school(1), pb::UserKind::Pupil).await), denied());
}

#[tokio::test]
async fn who_keeps_no_accounts_gets_nothing_but_the_own() {
    let county = County::start().await;
    let mut first = county.administrator().await;
    let colleague = first.create(staff("colleague", 1)).await.unwrap().user.unwrap();
    let mut child = county.join(&mut first, pupil("child", 1, 100)).await;
    let mut parent = county.join(&mut first, guardian("parent", 1, &[100])).await;
    let mut psychologist = county.staff_with(&mut first, "psychologist", 1, pb::Role::Psychologist).await;
    let mut deputy = county.staff_with(&mut first, "deputy", 1, pb::Role::Deputy).await;
    for person in [&mut child, &mut parent, &mut psychologist, &mut deputy] {
        assert_eq!(refusal(person.get(&colleague.name).await), not_found());
        let own = person.user.clone();
        assert_eq!(person.get(&own).await.unwrap().name, own);
        assert_eq!(refusal(list(person, &school(1), pb::UserKind::Unspecified).await), denied());
        assert_eq!(refusal(person.create(staff("new", 1)).await), denied());
        assert_eq!(refusal(person.disable(&colleague.name).await), denied());
        assert_eq!(refusal(person.disable(&own).await), denied());
    }
}

#[tokio::test]
async fn an_account_is_disabled_and_enabled_with_care() {
    County::each(|county| async move {
        let mut first = county.administrator().await;
        let user = first.create(staff("zhang", 1)).await.unwrap().user.unwrap();
        let stale =
            pb::DisableUserRequest { name: user.name.clone(), etag: "\"9\"".into(), ..Default::default() };
        let refused = refusal(first.accounts.disable_user(stale).await);
        assert_eq!(refused, (Code::Aborted, "STALE_ETAG".to_owned()));
        let request =
            pb::DisableUserRequest { name: user.name.clone(), etag: user.etag, ..Default::default() };
        let disabled = first.accounts.disable_user(request).await.unwrap().into_inner();
        assert_eq!(disabled.state(), pb::UserState::Disabled);
        let refused = refusal(first.disable(&user.name).await);
        assert_eq!(refused, (Code::FailedPrecondition, "USER_DISABLED".to_owned()));
        let enable = pb::EnableUserRequest { name: user.name.clone(), ..Default::default() };
        let enabled = first.accounts.enable_user(enable.clone()).await.unwrap().into_inner();
        assert_eq!(enabled.state(), pb::UserState::Active);
        let refused = refusal(first.accounts.enable_user(enable).await);
        assert_eq!(refused, (Code::FailedPrecondition, "USER_ACTIVE".to_owned()));
    })
    .await;
}

fn update(user: pb::User, paths: &[&str]) -> pb::UpdateUserRequest {
    let paths = paths.iter().map(|path| (*path).to_owned()).collect();
    pb::UpdateUserRequest { user: Some(user), update_mask: Some(prost_types::FieldMask { paths }) }
}

#[tokio::test]
async fn a_name_is_corrected_and_an_account_moved_by_who_keeps_both_schools() {
    County::each(|county| async move {
        let mut first = county.administrator().await;
        let mut keeper = county.staff_with(&mut first, "keeper", 1, pb::Role::SchoolAdmin).await;
        let zhang = first.create(staff("zhang", 1)).await.unwrap().user.unwrap();
        let child = first.create(pupil("child", 1, 100)).await.unwrap().user.unwrap();
        let named = pb::User { display_name: " 张伟 ".into(), ..zhang.clone() };
        let renamed = keeper.accounts.update_user(update(named.clone(), &["display_name"])).await.unwrap();
        assert_eq!(renamed.into_inner().display_name, "张伟");
        let stale = refusal(keeper.accounts.update_user(update(named, &["display_name"])).await);
        assert_eq!(stale, (Code::Aborted, "STALE_ETAG".to_owned()));
        let called = pb::User { display_name: "小明".into(), ..child.clone() };
        keeper.accounts.update_user(update(called, &["display_name"])).await.unwrap();
        assert_eq!(keeper.get(&child.name).await.unwrap().display_name, "小明");
        let moved = pb::User { school: school(2), etag: String::new(), ..zhang.clone() };
        let refused = refusal(keeper.accounts.update_user(update(moved.clone(), &["school"])).await);
        assert_eq!(refused, not_found());
        let moved = first.accounts.update_user(update(moved, &["school"])).await.unwrap().into_inner();
        assert_eq!((moved.school.as_str(), moved.display_name.as_str()), (school(2).as_str(), "张伟"));
        assert_eq!(refusal(keeper.get(&zhang.name).await), not_found());
        let pupil_moved = pb::User { school: school(2), etag: String::new(), ..child };
        assert_eq!(
            violations(keeper.accounts.update_user(update(pupil_moved, &["school"])).await),
            pairs(&[("user.school", "NOT_ALLOWED")])
        );
    })
    .await;
}

#[tokio::test]
async fn only_what_can_change_is_changed() {
    let county = County::start().await;
    let mut first = county.administrator().await;
    let zhang = first.create(staff("zhang", 1)).await.unwrap().user.unwrap();
    let empty = pb::User { display_name: String::new(), ..zhang };
    assert_eq!(
        violations(first.accounts.update_user(update(empty.clone(), &["display_name", "login_name"])).await),
        pairs(&[("user.display_name", "REQUIRED"), ("update_mask", "UNKNOWN_VALUE")])
    );
    assert_eq!(
        violations(first.accounts.update_user(update(empty, &[])).await),
        pairs(&[("update_mask", "REQUIRED")])
    );
}

#[tokio::test]
async fn two_administrators_who_disable_each_other_at_once_leave_one() {
    County::each(|county| async move {
        let mut first = county.administrator().await;
        let mut second = county.second_administrator(&mut first).await;
        let (one, two) = (first.user.clone(), second.user.clone());
        let (a, b) = tokio::join!(first.disable(&two), second.disable(&one));
        let refused = match (a, b) {
            (Ok(_), Err(refused)) | (Err(refused), Ok(_)) => refused,
            other => panic!("{other:?}"),
        };
        assert_eq!(refusal::<()>(Err(refused)).1, "LAST_ADMINISTRATOR");
    })
    .await;
}

#[tokio::test]
async fn nobody_disables_or_resets_the_own_account_and_the_last_administrator_stays() {
    County::each(|county| async move {
        let mut first = county.administrator().await;
        let own = first.user.clone();
        let self_not_allowed = (Code::FailedPrecondition, "SELF_NOT_ALLOWED".to_owned());
        assert_eq!(refusal(first.disable(&own).await), self_not_allowed);
        let reset = pb::ResetPasswordRequest { name: own.clone(), ..Default::default() };
        assert_eq!(refusal(first.accounts.reset_password(reset).await), self_not_allowed);
        let mut second = county.second_administrator(&mut first).await;
        second.disable(&own).await.unwrap();
        // The token that the first still holds for some seconds cannot take the last one away.
        let refused = refusal(first.disable(&second.user).await);
        assert_eq!(refused, (Code::FailedPrecondition, "LAST_ADMINISTRATOR".to_owned()));
    })
    .await;
}

#[tokio::test]
async fn a_reset_takes_the_password_away_and_gives_a_code_for_another() {
    County::each(|county| async move {
        let mut first = county.administrator().await;
        let zhang = county.join(&mut first, staff("zhang", 1)).await;
        let request = pb::ResetPasswordRequest {
            name: zhang.user.clone(),
            request_id: id(78).to_string(),
            ..Default::default()
        };
        let reset = first.accounts.reset_password(request.clone()).await.unwrap().into_inner();
        assert_eq!(first.accounts.reset_password(request).await.unwrap().into_inner(), reset);
        assert!(!reset.user.unwrap().activated);
        assert!(county.exchange(&zhang.session_token).await.is_err());
        let login = pb::CreateSessionRequest {
            login_name: "zhang".into(),
            password: PASSWORD.into(),
            ..Default::default()
        };
        assert!(county.anybody().create_session(login.clone()).await.is_err());
        assert!(county.redeem(&reset.credential.unwrap().secret).await.is_ok());
        assert!(county.anybody().create_session(login).await.is_ok());
    })
    .await;
}

#[tokio::test]
async fn accounts_are_listed_page_by_page_and_a_token_fits_its_list_only() {
    let county = County::start().await;
    let mut first = county.administrator().await;
    for n in 0..5 {
        first.create(staff(&format!("teacher-{n}"), 1)).await.unwrap();
    }
    let ask = |page_token: String, kind: pb::UserKind| pb::ListUsersRequest {
        school: school(1),
        kind: kind as i32,
        page_size: 2,
        page_token,
    };
    let mut names = Vec::new();
    let mut token = String::new();
    let mut last = String::new();
    loop {
        let page = first.accounts.list_users(ask(token, pb::UserKind::Staff)).await.unwrap().into_inner();
        names.extend(page.users.into_iter().map(|user| user.login_name));
        if page.next_page_token.is_empty() {
            break;
        }
        last.clone_from(&page.next_page_token);
        token = page.next_page_token;
    }
    assert_eq!(names, ["teacher-0", "teacher-1", "teacher-2", "teacher-3", "teacher-4"]);
    let other = first.accounts.list_users(ask(last, pb::UserKind::Unspecified)).await;
    assert_eq!(violations(other), pairs(&[("page_token", "INVALID_PAGE_TOKEN")]));
    let request = pb::ListUsersRequest { kind: pb::UserKind::Pupil as i32, ..Default::default() };
    assert_eq!(violations(first.accounts.list_users(request).await), pairs(&[("school", "REQUIRED")]));
}

#[tokio::test]
async fn people_of_the_county_are_made_by_county_it_alone() {
    let test = County::start().await;
    let mut first = test.administrator().await;
    assert!(first.create(county("centre-1")).await.is_ok());
    let mut principal = test.staff_with(&mut first, "principal", 1, pb::Role::Principal).await;
    assert_eq!(refusal(principal.create(county("centre-2")).await), not_found());
}
