//! Roles that follow from facts, and end with them.

use super::support::{County, class, county, guardian, id, pupil, refusal, school, staff, student};
use tonic::Code;
use xinqiao_proto::{
    identity::v1 as pb,
    internal::v1::{StaffChanged, StudentMoved, TeamChanged, event::Payload},
};

fn user_id(name: &str) -> String {
    name.strip_prefix("users/").unwrap().to_owned()
}

fn staff_fact(user: &str, posts: &[&str]) -> StaffChanged {
    StaffChanged {
        staff_id: id(50).to_string(),
        school_id: id(1).to_string(),
        user_id: user_id(user),
        posts: posts.iter().map(|post| (*post).to_owned()).collect(),
        active: true,
        ..Default::default()
    }
}

fn team(n: u128, members: &[&str]) -> Payload {
    Payload::TeamChanged(TeamChanged {
        student_id: id(n).to_string(),
        school_id: id(1).to_string(),
        class_id: id(11).to_string(),
        member_user_ids: members.iter().map(|member| user_id(member)).collect(),
    })
}

fn moved(n: u128, place: Option<(u128, u128)>) -> Payload {
    let text = |n: Option<u128>| n.map(|n| id(n).to_string()).unwrap_or_default();
    Payload::StudentMoved(StudentMoved {
        student_id: id(n).to_string(),
        school_id: text(place.map(|(school, _)| school)),
        class_id: text(place.map(|(_, class)| class)),
        enrolled: place.is_some(),
    })
}

#[tokio::test]
async fn posts_become_roles_and_the_last_fact_decides() {
    County::each(|county| async move {
        let mut first = county.administrator().await;
        let zhang = county.join(&mut first, staff("zhang", 1)).await;
        let mut fact = staff_fact(&zhang.user, &["psychologist_part_time", "homeroom"]);
        fact.homeroom_class_ids = vec![id(11).to_string(), id(12).to_string()];
        county.tell(Payload::StaffChanged(fact)).await;
        let zhang = county.again(zhang).await;
        assert_eq!(zhang.roles(), ["homeroom", "homeroom", "psychologist", "subject"]);
        county.tell(Payload::StaffChanged(staff_fact(&zhang.user, &["deputy"]))).await;
        let mut zhang = county.again(zhang).await;
        assert_eq!(zhang.roles(), ["deputy", "subject"]);
        let grants = zhang.me().await.unwrap().grants;
        assert!(grants.iter().all(|grant| grant.source == format!("staff/{}", id(50))));
        let refused = refusal(first.take_back(&grants[0].name).await);
        assert_eq!(refused, (Code::FailedPrecondition, "GRANT_DERIVED".to_owned()));
    })
    .await;
}

#[tokio::test]
async fn the_same_event_twice_changes_nothing_and_an_old_one_does_not_come_back() {
    County::each(|county| async move {
        let mut first = county.administrator().await;
        let zhang = county.join(&mut first, staff("zhang", 1)).await;
        let old = Payload::StaffChanged(staff_fact(&zhang.user, &["psychologist"]));
        county.tell_again(1, old.clone()).await.unwrap();
        county.tell_again(2, Payload::StaffChanged(staff_fact(&zhang.user, &["nurse"]))).await.unwrap();
        county.tell_again(1, old).await.unwrap();
        assert_eq!(county.again(zhang).await.roles(), ["subject"]);
    })
    .await;
}

#[tokio::test]
async fn a_record_that_gets_another_account_takes_the_roles_along() {
    let county = County::start().await;
    let mut first = county.administrator().await;
    let zhang = county.join(&mut first, staff("zhang", 1)).await;
    let li = county.join(&mut first, staff("li-na", 1)).await;
    county.tell(Payload::StaffChanged(staff_fact(&zhang.user, &["principal"]))).await;
    county.tell(Payload::StaffChanged(staff_fact(&li.user, &["principal"]))).await;
    assert_eq!(county.again(zhang).await.roles(), [""; 0]);
    assert_eq!(county.again(li).await.roles(), ["principal", "subject"]);
    let unlinked = StaffChanged { user_id: String::new(), ..staff_fact("users/", &["principal"]) };
    county.tell(Payload::StaffChanged(unlinked)).await;
}

#[tokio::test]
async fn who_leaves_a_school_keeps_nothing_of_it_also_not_what_was_given_by_hand() {
    County::each(|county| async move {
        let mut first = county.administrator().await;
        let zhang = county.join(&mut first, staff("zhang", 1)).await;
        first.give(&zhang.user, pb::Role::SchoolAdmin, &school(1)).await.unwrap();
        first.give(&zhang.user, pb::Role::Homeroom, &class(1, 12)).await.unwrap();
        first.give(&zhang.user, pb::Role::Guardian, &student(100)).await.unwrap();
        first.give(&zhang.user, pb::Role::Psychologist, &school(2)).await.unwrap();
        county.tell(Payload::StaffChanged(staff_fact(&zhang.user, &["deputy"]))).await;
        let gone = StaffChanged { active: false, ..staff_fact(&zhang.user, &["deputy"]) };
        county.tell(Payload::StaffChanged(gone)).await;
        let mut zhang = county.again(zhang).await;
        assert_eq!(zhang.roles(), ["guardian", "psychologist"]);
        let kept = zhang.me().await.unwrap().grants;
        assert_eq!(kept.iter().filter(|grant| grant.scope == school(2)).count(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_staff_record_never_gives_a_role_at_the_county_but_its_end_takes_it() {
    let test = County::start().await;
    let mut first = test.administrator().await;
    let mut second = test.second_administrator(&mut first).await;
    let duty = test.join(&mut first, county("duty")).await;
    let mut fact = staff_fact(&duty.user, &["county_duty", "county_centre"]);
    fact.school_id = String::new();
    test.tell(Payload::StaffChanged(fact.clone())).await;
    let duty = test.again(duty).await;
    assert_eq!(duty.roles(), [""; 0]);
    let proposal = first.give(&duty.user, pb::Role::CountyDuty, "county").await.unwrap();
    second.confirm(&proposal.name).await.unwrap();
    test.tell(Payload::StaffChanged(fact.clone())).await;
    let duty = test.again(duty).await;
    assert_eq!(duty.roles(), ["county_duty"]);
    test.tell(Payload::StaffChanged(StaffChanged { active: false, ..fact })).await;
    assert_eq!(test.again(duty).await.roles(), [""; 0]);
}

#[tokio::test]
async fn a_team_member_supports_the_pupil_until_the_team_changes() {
    County::each(|county| async move {
        let mut first = county.administrator().await;
        let zhang = county.join(&mut first, staff("zhang", 1)).await;
        let li = county.join(&mut first, staff("li-na", 1)).await;
        county.tell(team(100, &[&zhang.user, &li.user])).await;
        county.tell(team(101, &[&zhang.user])).await;
        let (zhang, li) = (county.again(zhang).await, county.again(li).await);
        assert_eq!((zhang.roles().len(), li.roles()), (2, vec!["support".to_owned()]));
        county.tell(team(100, &[&li.user])).await;
        let mut zhang = county.again(zhang).await;
        let grants = zhang.me().await.unwrap().grants;
        assert_eq!(grants.iter().map(|grant| grant.scope.clone()).collect::<Vec<_>>(), [student(101)]);
        county.tell(team(100, &[])).await;
        county.tell(team(101, &[])).await;
        assert_eq!(county.again(zhang).await.roles(), [""; 0]);
        assert_eq!(county.again(li).await.roles(), [""; 0]);
    })
    .await;
}

#[tokio::test]
async fn an_account_that_cannot_hold_the_role_does_not_get_it_from_a_fact() {
    let county = County::start().await;
    let mut first = county.administrator().await;
    let child = county.join(&mut first, pupil("child", 1, 100)).await;
    county.tell(team(101, &[&child.user, &format!("users/{}", id(3))])).await;
    county.tell(Payload::StaffChanged(staff_fact(&child.user, &["psychologist"]))).await;
    assert_eq!(county.again(child).await.roles(), ["pupil"]);
}

#[tokio::test]
async fn a_pupil_who_leaves_takes_the_roles_of_pupil_and_guardians_along() {
    County::each(|county| async move {
        let mut first = county.administrator().await;
        let child = county.join(&mut first, pupil("child", 1, 100)).await;
        let parent = county.join(&mut first, guardian("parent", 1, &[100, 101])).await;
        let teacher = county.join(&mut first, staff("teacher", 1)).await;
        first.give(&child.user, pb::Role::Peer, &class(1, 11)).await.unwrap();
        first.give(&teacher.user, pb::Role::Assigned, &student(100)).await.unwrap();
        county.tell(moved(100, None)).await;
        assert_eq!(refusal(county.exchange(&child.session_token).await).1, "SESSION_ENDED");
        let mut parent = county.again(parent).await;
        let left = parent.me().await.unwrap().grants;
        assert_eq!(left.iter().map(|grant| grant.scope.clone()).collect::<Vec<_>>(), [student(101)]);
        assert_eq!(county.again(teacher).await.roles(), [""; 0]);
        // One who comes back has the own record again; guardians are asked anew.
        county.tell(moved(100, Some((2, 21)))).await;
        let login = pb::CreateSessionRequest {
            login_name: "child".into(),
            password: super::support::PASSWORD.into(),
            ..Default::default()
        };
        let token = county.anybody().create_session(login).await.unwrap().into_inner().session_token;
        assert_eq!(county.person(&token).await.roles(), ["pupil"]);
    })
    .await;
}

#[tokio::test]
async fn a_pupil_who_changes_school_takes_the_account_along() {
    County::each(|county| async move {
        let mut first = county.administrator().await;
        let child = county.join(&mut first, pupil("child", 1, 100)).await;
        let parent = county.join(&mut first, guardian("parent", 1, &[100])).await;
        let teacher = county.join(&mut first, staff("teacher", 1)).await;
        first.give(&child.user, pb::Role::Peer, &class(1, 11)).await.unwrap();
        first.give(&teacher.user, pb::Role::Assigned, &student(100)).await.unwrap();
        let mut old = county.staff_with(&mut first, "old-admin", 1, pb::Role::SchoolAdmin).await;
        let mut new = county.staff_with(&mut first, "new-admin", 2, pb::Role::SchoolAdmin).await;
        assert!(old.get(&child.user).await.is_ok());
        assert_eq!(refusal(new.get(&child.user).await).0, Code::NotFound);
        county.tell(moved(100, Some((2, 21)))).await;
        assert_eq!(refusal(old.get(&child.user).await).0, Code::NotFound);
        assert_eq!(new.get(&child.user).await.unwrap().school, school(2));
        assert_eq!(county.again(child).await.roles(), ["pupil"]);
        assert_eq!(county.again(teacher).await.roles(), [""; 0]);
        let mut parent = county.again(parent).await;
        let grant = parent.me().await.unwrap().grants.remove(0);
        assert_eq!(refusal(old.take_back(&grant.name).await).0, Code::NotFound);
        assert!(new.take_back(&grant.name).await.is_ok());
    })
    .await;
}

#[tokio::test]
async fn only_services_tell_facts() {
    use xinqiao_proto::internal::v1::{
        DeliverRequest, event_receiver_service_client::EventReceiverServiceClient,
    };
    let county = County::start().await;
    let first = county.administrator().await;
    let exchanged = county.exchange(&first.session_token).await.unwrap();
    let mut person = EventReceiverServiceClient::new(county.with_token(&exchanged.internal_token));
    let refused = refusal(person.deliver(DeliverRequest::default()).await);
    assert_eq!(refused, (Code::PermissionDenied, "PERMISSION_DENIED".to_owned()));
    let broken = StaffChanged { staff_id: "x".into(), ..staff_fact(&first.user, &[]) };
    let refused = county.tell_again(3, Payload::StaffChanged(broken)).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
}
