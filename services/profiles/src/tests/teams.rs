use super::{
    County,
    county::{BOY, GIRL, account, at, county as of_county, for_pupil},
    each, fields, refused,
};
use tonic::Code;
use xinqiao_kit::role::Role;
use xinqiao_proto::{internal::v1::event::Payload, profiles::v1 as pb};

async fn set(county: &County, student: &str, staff: &[&String]) -> Result<pb::SupportTeam, tonic::Status> {
    let request = pb::SetTeamRequest {
        name: format!("{student}/team"),
        staff: staff.iter().map(|name| (*name).clone()).collect(),
        ..Default::default()
    };
    county.teams(&county.psychologist()).set_team(request).await.map(tonic::Response::into_inner)
}

async fn team(county: &County, student: &str) -> pb::SupportTeam {
    let request = pb::GetTeamRequest { name: format!("{student}/team") };
    county.teams(&county.psychologist()).get_team(request).await.unwrap().into_inner()
}

async fn last_members(county: &County) -> Vec<String> {
    let told = county.told(Role::Identity).await.into_iter().rev();
    let mut teams = told.filter_map(|payload| match payload {
        Payload::TeamChanged(team) => Some(team.member_user_ids),
        _ => None,
    });
    teams.next().unwrap_or_default()
}

fn users(numbers: &[u128]) -> Vec<String> {
    numbers.iter().map(|number| account(*number).to_string()).collect()
}

#[tokio::test]
async fn a_yellow_pupil_without_two_supporters_is_an_alarm() {
    each(|county| async move {
        let boy = county.pupil(&county.a1, BOY).await;
        let (wang, li) = (county.teacher(11, "王芳").await, county.teacher(12, "李伟").await);
        refused(set(&county, &boy, &[&wang]).await, Code::FailedPrecondition, "RECORD_GREEN");
        county.make_yellow(&boy).await;
        let short = set(&county, &boy, &[&wang]).await.unwrap();
        assert_eq!((short.required_members, short.missing_members), (2, 1));
        assert!(short.vacancy_due_time.is_some());
        let list = pb::ListTeamVacanciesRequest::default();
        county.h.clock.advance(chrono::Duration::hours(73));
        let open =
            county.teams(&county.principal()).list_team_vacancies(list.clone()).await.unwrap().into_inner();
        assert!(open.vacancies.len() == 1 && open.vacancies[0].overdue);
        let whole = set(&county, &boy, &[&wang, &li]).await.unwrap();
        assert_eq!((whole.missing_members, whole.vacant_time), (0, None));
        assert_eq!(last_members(&county).await, users(&[11, 12]));
        let none = county.teams(&county.principal()).list_team_vacancies(list).await.unwrap().into_inner();
        assert_eq!(none.vacancies, []);
    })
    .await;
}

#[tokio::test]
async fn orange_needs_a_third_and_the_clock_of_the_vacancy_starts_then() {
    each(|county| async move {
        let boy = county.pupil(&county.a1, BOY).await;
        let (wang, li) = (county.teacher(11, "王芳").await, county.teacher(12, "李伟").await);
        county.make_yellow(&boy).await;
        set(&county, &boy, &[&wang, &li]).await.unwrap();
        county.make_orange(&boy).await;
        let short = team(&county, &boy).await;
        assert_eq!((short.required_members, short.missing_members, short.members.len()), (3, 1, 2));
        assert!(short.vacant_time.is_some());
    })
    .await;
}

#[tokio::test]
async fn a_member_on_leave_or_gone_opens_a_vacancy() {
    each(|county| async move {
        let boy = county.pupil(&county.a1, BOY).await;
        let (wang, li) = (county.teacher(11, "王芳").await, county.teacher(12, "李伟").await);
        county.make_yellow(&boy).await;
        set(&county, &boy, &[&wang, &li]).await.unwrap();
        let away = |on_leave| pb::UpdateStaffRequest {
            staff: Some(pb::StaffMember { name: wang.clone(), on_leave, ..Default::default() }),
            update_mask: Some(prost_types::FieldMask { paths: vec!["on_leave".into()] }),
        };
        county.staff(&county.principal()).update_staff(away(true)).await.unwrap();
        let short = team(&county, &boy).await;
        assert_eq!((short.missing_members, short.members[0].standing()), (1, pb::MemberStanding::OnLeave));
        county.staff(&county.principal()).update_staff(away(false)).await.unwrap();
        assert_eq!(team(&county, &boy).await.missing_members, 0);
        let retire = pb::RetireStaffRequest { name: li.clone(), ..Default::default() };
        county.staff(&county.principal()).retire_staff(retire).await.unwrap();
        let short = team(&county, &boy).await;
        assert_eq!((short.missing_members, short.members.len()), (1, 1));
        assert_eq!(last_members(&county).await, users(&[11]));
        let back = set(&county, &boy, &[&wang, &li]).await;
        assert_eq!(fields(back), [("staff[1]".to_owned(), "TEAM_MEMBER_AWAY".to_owned())]);
    })
    .await;
}

#[tokio::test]
async fn who_cannot_be_in_a_team_is_named() {
    each(|county| async move {
        let boy = county.pupil(&county.a1, BOY).await;
        county.make_yellow(&boy).await;
        let wang = county.teacher(11, "王芳").await;
        let stranger = pb::StaffMember {
            school: county.b.clone(),
            display_name: "赵强".into(),
            posts: vec![pb::Post::Subject as i32],
            ..Default::default()
        };
        let request = pb::CreateStaffRequest { staff: Some(stranger), ..Default::default() };
        let stranger =
            county.staff(&of_county("county_it")).create_staff(request).await.unwrap().into_inner().name;
        let found = fields(set(&county, &boy, &[&wang, &wang, &stranger]).await);
        let expected = [("staff[1]", "DUPLICATE"), ("staff[2]", "REFERENCE_UNKNOWN")];
        assert_eq!(found, expected.map(|(field, reason)| (field.to_owned(), reason.to_owned())));
    })
    .await;
}

#[tokio::test]
async fn nobody_supports_more_pupils_than_the_limit() {
    each(|county| async move {
        let wang = county.teacher(11, "王芳").await;
        let limit = county.h.deps.settings.profiles.support_load_limit as usize;
        let mut pupils = Vec::new();
        for day in 1..=limit + 1 {
            let number = format!("4199012018{:02}{:02}029", 1, day);
            let check = "0123456789X"
                .chars()
                .find(|c| crate::domain::identifiers::IdNumber::parse(&format!("{number}{c}")).is_ok());
            let number = format!("{number}{}", check.unwrap());
            let pupil = county.pupil(&county.a1, (number.as_str(), &format!("2018-01-{day:02}"))).await;
            county.make_yellow(&pupil).await;
            pupils.push(pupil);
        }
        for pupil in &pupils[..limit] {
            set(&county, pupil, &[&wang]).await.unwrap();
        }
        let full = set(&county, &pupils[limit], &[&wang]).await;
        assert_eq!(fields(full), [("staff[0]".to_owned(), "TEAM_MEMBER_OVERLOADED".to_owned())]);
        set(&county, &pupils[0], &[]).await.unwrap();
        set(&county, &pupils[limit], &[&wang]).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_green_pupils_team_ends_and_identity_hears_of_it() {
    each(|county| async move {
        let boy = county.pupil(&county.a1, BOY).await;
        let (wang, li) = (county.teacher(11, "王芳").await, county.teacher(12, "李伟").await);
        county.make_yellow(&boy).await;
        set(&county, &boy, &[&wang, &li]).await.unwrap();
        let down = county.propose(&boy, pb::Colour::Green, false).await;
        county.sign(&county.psychologist(), &down.name).await.unwrap();
        let member = for_pupil(11, "support", &boy);
        let signed = county.sign(&member, &down.name).await.unwrap();
        assert_eq!(signed.signatures[1].capacity(), pb::SignerCapacity::Support);
        let ended = team(&county, &boy).await;
        assert_eq!((ended.required_members, ended.members.len(), ended.missing_members), (0, 0, 0));
        assert_eq!(last_members(&county).await, Vec::<String>::new());
    })
    .await;
}

#[tokio::test]
async fn alarms_are_seen_by_those_who_answer_for_them() {
    each(|county| async move {
        let (boy, girl) = (county.pupil(&county.a1, BOY).await, county.pupil(&county.a1, GIRL).await);
        county.make_orange(&boy).await;
        county.make_yellow(&girl).await;
        let alarms = async |who: &xinqiao_kit::ctx::Principal| {
            let mut found = Vec::new();
            let mut request = pb::ListAlarmsRequest { page_size: 2, ..Default::default() };
            loop {
                let page = county.teams(who).list_alarms(request.clone()).await?.into_inner();
                found.extend(page.alarms.into_iter().map(|alarm| (alarm.kind(), alarm.subject)));
                if page.next_page_token.is_empty() {
                    return Ok::<_, tonic::Status>(found);
                }
                request.page_token = page.next_page_token;
            }
        };
        let all = alarms(&county.deputy()).await.unwrap();
        use pb::AlarmKind::{JointPlanMissing, ParentContactMissing, PostVacant, TeamVacancy};
        for (kind, subject) in [
            (TeamVacancy, &boy),
            (TeamVacancy, &girl),
            (ParentContactMissing, &boy),
            (JointPlanMissing, &boy),
            (PostVacant, &county.a),
            (PostVacant, &county.a2),
        ] {
            assert!(all.contains(&(kind, subject.clone())), "{kind:?} {subject}");
        }
        assert_eq!(all.len(), 4 + 5);
        let of_centre = alarms(&of_county("county_centre")).await.unwrap();
        assert!(of_centre.len() == 3 && of_centre.iter().all(|(_, subject)| *subject == boy));
        refused(alarms(&of_county("county_it")).await, Code::PermissionDenied, "PERMISSION_DENIED");
        let other = alarms(&at(1, "principal", &county.b)).await.unwrap();
        assert!(other.iter().all(|(kind, _)| *kind == PostVacant));
    })
    .await;
}
