//! Home visits: who logs them, and who reads what of them.

use super::*;
use pb::home_visit_service_client::HomeVisitServiceClient;
use tonic::Code;
use xinqiao_kit::{db::DbError, testing::TestDb};

fn visit(of: Uuid) -> pb::LogHomeVisitRequest {
    pb::LogHomeVisitRequest {
        parent: student(of),
        home_visit: Some(pb::HomeVisit {
            date: "2026-11-20".to_owned(),
            mode: pb::VisitMode::Home.into(),
            topics: vec![pb::VisitTopic::Family.into(), pb::VisitTopic::ScreenTime.into()],
            met: "母亲".to_owned(),
            agreements: "每晚一起散步".to_owned(),
            notes: "父母正在分居".to_owned(),
            ..pb::HomeVisit::default()
        }),
        request_id: String::new(),
    }
}

async fn audit_rows(world: &World, kind: &str, of: Uuid) -> i64 {
    const COUNT: &str = "SELECT COUNT(*) FROM kit_audit WHERE kind = $1 AND student_id = $2";
    world.harness.deps.db.read(COUNT).bind(kind).bind(of).get().await.unwrap()
}

#[tokio::test]
async fn a_homeroom_teacher_logs_a_visit_and_the_family_reads_what_was_agreed() {
    TestDb::each(|db| async move {
        let world = World::new(db).await;
        let mut homeroom = HomeVisitServiceClient::new(world.homeroom());
        let logged = homeroom.log_home_visit(visit(PUPIL)).await.unwrap().into_inner();
        assert_eq!(
            (logged.class.as_str(), logged.visitor.as_str()),
            (&*class(SCHOOL, CLASS_A), &*account(HOMEROOM))
        );
        let name = pb::GetHomeVisitRequest { name: logged.name.clone() };
        let read = HomeVisitServiceClient::new(world.psychologist()).get_home_visit(name.clone()).await;
        assert_eq!(read.unwrap().into_inner(), logged);
        let shared =
            pb::ListSharedVisitsRequest { parent: student(PUPIL), ..pb::ListSharedVisitsRequest::default() };
        let mut mother = HomeVisitServiceClient::new(world.mother());
        let seen = mother.list_shared_visits(shared.clone()).await.unwrap().into_inner().shared_visits;
        assert_eq!((seen.len(), seen[0].agreements.as_str()), (1, "每晚一起散步"));
        assert_eq!(mother.get_home_visit(name).await.unwrap_err().code(), Code::NotFound, "not the notes");
        let other = HomeVisitServiceClient::new(world.stranger()).list_shared_visits(shared).await;
        assert_eq!(other.unwrap_err().code(), Code::NotFound);
        assert_eq!(
            (audit_rows(&world, "write", PUPIL).await, audit_rows(&world, "read", PUPIL).await),
            (1, 2)
        );
    })
    .await;
}

#[tokio::test]
async fn visits_are_logged_by_those_who_look_after_the_pupil() {
    TestDb::each(|db| async move {
        let world = World::new(db).await;
        let own_pupil = [("assigned", Scope::Student(NEIGHBOUR))];
        let team = [("support", Scope::Student(NEIGHBOUR))];
        for (who, expected) in [
            (world.homeroom(), Code::NotFound),
            (world.psychologist(), Code::Ok),
            (world.as_role(TEACHER, &own_pupil), Code::Ok),
            (world.as_role(TEACHER, &team), Code::Ok),
            (world.teacher(), Code::PermissionDenied),
            (world.principal(), Code::PermissionDenied),
            (world.mother(), Code::PermissionDenied),
            (world.stranger(), Code::NotFound),
        ] {
            let outcome = HomeVisitServiceClient::new(who).log_home_visit(visit(NEIGHBOUR)).await;
            assert_eq!(outcome.map_or_else(|status| status.code(), |_| Code::Ok), expected);
        }
        let mut homeroom = HomeVisitServiceClient::new(world.homeroom());
        for nobody in [Uuid::from_u128(1), GONE, FOREIGNER] {
            assert_eq!(homeroom.log_home_visit(visit(nobody)).await.unwrap_err().code(), Code::NotFound);
        }
    })
    .await;
}

#[tokio::test]
async fn everything_wrong_with_a_visit_is_said_at_once() {
    TestDb::each(|db| async move {
        let world = World::new(db).await;
        let mut homeroom = HomeVisitServiceClient::new(world.homeroom());
        let wrong = pb::HomeVisit {
            date: "2026-02-30".to_owned(),
            topics: vec![1, 1, 99],
            notes: "字".repeat(4001),
            ..pb::HomeVisit::default()
        };
        let request = pb::LogHomeVisitRequest { home_visit: Some(wrong), ..visit(PUPIL) };
        assert_eq!(
            violations(&homeroom.log_home_visit(request).await.unwrap_err()),
            [
                "home_visit.date INVALID_DATE",
                "home_visit.mode REQUIRED",
                "home_visit.topics[1] DUPLICATE",
                "home_visit.topics[2] UNKNOWN_VALUE",
                "home_visit.met REQUIRED",
                "home_visit.notes TOO_LONG"
            ]
        );
    })
    .await;
}

#[tokio::test]
async fn each_list_shows_what_may_be_read_one_by_one() {
    TestDb::each(|db| async move {
        let world = World::new(db).await;
        let mut psychologist = HomeVisitServiceClient::new(world.psychologist());
        HomeVisitServiceClient::new(world.homeroom()).log_home_visit(visit(PUPIL)).await.unwrap();
        for _ in 0..2 {
            psychologist.log_home_visit(visit(NEIGHBOUR)).await.unwrap();
        }
        let mut everything = Vec::new();
        let mut page = pb::ListHomeVisitsRequest { page_size: 2, ..pb::ListHomeVisitsRequest::default() };
        loop {
            let answer = psychologist.list_home_visits(page.clone()).await.unwrap().into_inner();
            everything.extend(answer.home_visits);
            if answer.next_page_token.is_empty() {
                break;
            }
            page.page_token = answer.next_page_token;
        }
        assert_eq!(everything.len(), 3);
        for (who, count) in [
            (world.homeroom(), 1),
            (world.as_role(TEACHER, &[("support", Scope::Student(NEIGHBOUR))]), 2),
            (world.principal(), 0),
            (world.mother(), 0),
            (world.stranger(), 0),
        ] {
            let mut client = HomeVisitServiceClient::new(who);
            let listed =
                client.list_home_visits(pb::ListHomeVisitsRequest::default()).await.unwrap().into_inner();
            let mut readable = Vec::new();
            for one in &everything {
                let get = pb::GetHomeVisitRequest { name: one.name.clone() };
                if client.get_home_visit(get).await.is_ok() {
                    readable.push(one.clone());
                }
            }
            assert_eq!((listed.home_visits.len(), listed.home_visits), (count, readable));
        }
    })
    .await;
}

#[tokio::test]
async fn evidence_says_that_a_visit_took_place_and_not_whom_it_concerned() {
    TestDb::each(|db| async move {
        let world = World::new(db).await;
        let mut homeroom = HomeVisitServiceClient::new(world.homeroom());
        let first = homeroom.log_home_visit(visit(PUPIL)).await.unwrap().into_inner();
        homeroom.log_home_visit(visit(PUPIL)).await.unwrap();
        let request = pb::ListVisitEvidenceRequest {
            parent: school(SCHOOL),
            ..pb::ListVisitEvidenceRequest::default()
        };
        let mut inspector = HomeVisitServiceClient::new(world.county("inspector"));
        let evidence = inspector.list_visit_evidence(request.clone()).await.unwrap().into_inner().visits;
        assert_eq!((evidence.len(), evidence[0].class.as_str()), (2, &*class(SCHOOL, CLASS_A)));
        let void = pb::VoidHomeVisitRequest {
            name: first.name.clone(),
            reason: "记错了人".to_owned(),
            ..pb::VoidHomeVisitRequest::default()
        };
        let other = HomeVisitServiceClient::new(world.psychologist()).void_home_visit(void.clone()).await;
        assert_eq!(other.unwrap_err().code(), Code::NotFound, "only who logged it");
        homeroom.void_home_visit(void).await.unwrap();
        assert_eq!(inspector.list_visit_evidence(request).await.unwrap().into_inner().visits.len(), 1);
        let read =
            homeroom.get_home_visit(pb::GetHomeVisitRequest { name: first.name }).await.unwrap().into_inner();
        assert_eq!((read.state(), read.void_reason.as_str()), (pb::EvidenceState::Voided, "记错了人"));
    })
    .await;
}

#[tokio::test]
async fn without_profiles_nothing_is_logged_and_the_caller_is_told_to_retry() {
    TestDb::each(|db| async move {
        let world = World::new(db).await;
        world.profiles.0.lock().unwrap().down = true;
        let refusal =
            HomeVisitServiceClient::new(world.homeroom()).log_home_visit(visit(PUPIL)).await.unwrap_err();
        assert_eq!((refusal.code(), reason(&refusal).as_str()), (Code::Unavailable, "UNAVAILABLE"));
        assert!(details(&refusal).retry_after.is_some());
    })
    .await;
}

#[tokio::test]
async fn an_erased_pupil_leaves_nothing_to_read() {
    TestDb::each(|db| async move {
        let world = World::new(db).await;
        let mut homeroom = HomeVisitServiceClient::new(world.homeroom());
        let logged = homeroom.log_home_visit(visit(PUPIL)).await.unwrap().into_inner();
        let deps = &world.harness.deps;
        let mut tx = deps.db.begin().await.unwrap();
        deps.keys.destroy(&mut tx, PUPIL).await.unwrap();
        tx.commit().await.unwrap();
        let gone = homeroom.get_home_visit(pb::GetHomeVisitRequest { name: logged.name }).await.unwrap_err();
        assert_eq!(gone.code(), Code::NotFound);
        let listed =
            homeroom.list_home_visits(pb::ListHomeVisitsRequest::default()).await.unwrap().into_inner();
        assert!(listed.home_visits.is_empty());
    })
    .await;
}

#[tokio::test]
async fn what_was_said_is_not_readable_in_the_file() {
    let database = TestDb::sqlite().await;
    let world = World::new(database.db()).await;
    let mut request = visit(PUPIL);
    if let Some(visit) = &mut request.home_visit {
        visit.notes = "NOTESOFAVISIT".to_owned();
    }
    HomeVisitServiceClient::new(world.homeroom()).log_home_visit(request).await.unwrap();
    let found: Result<i64, DbError> = database
        .db()
        .read("SELECT COUNT(*) FROM home_visits WHERE instr(content, CAST('NOTESOFAVISIT' AS BLOB)) > 0")
        .get()
        .await;
    assert_eq!(found.unwrap(), 0);
}
