//! The grid through its service: seats, gaps, people who come, go and are on leave.

use super::support::*;
use tonic::Code;
use xinqiao_kit::{ctx::Scope, testing::user};
use xinqiao_proto::{
    crisis::v1::{self as pb, Level},
    internal::v1::event::Payload,
};

const PEER: u128 = 20;

fn school_name() -> String {
    format!("schools/{}", id(SCHOOL))
}

fn class_name(class: u128) -> String {
    format!("{}/classes/{}", school_name(), id(class))
}

fn seat(level: Level, class: u128, n: u128) -> pb::AssignSeatRequest {
    let seat = pb::Seat {
        level: level.into(),
        class: class_name(class),
        user: format!("users/{}", id(n)),
        ..Default::default()
    };
    pb::AssignSeatRequest { seat: Some(seat), ..Default::default() }
}

async fn gaps(w: &World) -> Vec<(Level, String)> {
    let request = pb::ListGapsRequest { parent: school_name(), ..Default::default() };
    let found = w.grids(&person(PRINCIPAL)).list_gaps(request).await.unwrap().into_inner();
    found.gaps.into_iter().map(|gap| (gap.level(), gap.class)).collect()
}

#[tokio::test]
async fn posts_fill_the_grid_and_what_is_missing_is_a_gap() {
    each(|w| async move {
        let other = class_name(OTHER_CLASS);
        assert_eq!(
            gaps(&w).await,
            [(Level::Peer, class_name(CLASS)), (Level::Peer, other.clone()), (Level::Class, other.clone())]
        );
        w.grids(&person(PSYCHOLOGIST)).assign_seat(seat(Level::Peer, CLASS, PEER)).await.unwrap();
        w.grids(&person(PSYCHOLOGIST))
            .assign_seat(seat(Level::Class, OTHER_CLASS, GRADE_LEADER))
            .await
            .unwrap();
        assert_eq!(gaps(&w).await, [(Level::Peer, other)]);
        let request = pb::GetGridRequest { name: format!("{}/grid", class_name(CLASS)) };
        let grid = w.grids(&person(HOMEROOM)).get_grid(request).await.unwrap().into_inner();
        let levels: Vec<_> = grid.seats.iter().map(|seat| (seat.level(), seat.from_post)).collect();
        for expected in
            [(Level::Peer, false), (Level::Class, true), (Level::Grade, true), (Level::CountyDuty, true)]
        {
            assert!(levels.contains(&expected), "{expected:?} in {levels:?}");
        }
        assert_eq!(grid.gaps, []);
    })
    .await;
}

#[tokio::test]
async fn who_is_on_leave_is_not_counted_on_and_who_left_is_gone() {
    each(|w| async move {
        let mut away = staff(PRINCIPAL);
        away.on_leave = true;
        w.tell(Payload::StaffChanged(away.clone())).await;
        assert!(gaps(&w).await.contains(&(Level::Principal, String::new())));
        let alert = w.signal(PUPIL, "red").await;
        w.work().await;
        assert_eq!(w.told_of(&alert, 0, 0).await, [HOMEROOM, PSYCHOLOGIST]);
        away.on_leave = false;
        w.tell(Payload::StaffChanged(away.clone())).await;
        assert!(!gaps(&w).await.contains(&(Level::Principal, String::new())));
        away.active = false;
        w.tell(Payload::StaffChanged(away)).await;
        assert!(gaps(&w).await.contains(&(Level::Principal, String::new())));
    })
    .await;
}

#[tokio::test]
async fn a_gap_is_recorded_since_when_it_opened() {
    each(|w| async move {
        let begin = w.h.clock.clone();
        use xinqiao_kit::time::Clock as _;
        w.advance(chrono::Duration::days(2));
        let mut gone = staff(DEPUTY);
        gone.active = false;
        w.tell(Payload::StaffChanged(gone)).await;
        let opened = begin.now();
        w.advance(chrono::Duration::days(5));
        let request = pb::ListGapsRequest { parent: school_name(), ..Default::default() };
        let found = w.grids(&person(PRINCIPAL)).list_gaps(request).await.unwrap().into_inner().gaps;
        let gap = found.into_iter().find(|gap| gap.level() == Level::Deputy).unwrap();
        assert_eq!(gap.since_time, Some(opened.into()));
    })
    .await;
}

#[tokio::test]
async fn the_daily_check_tells_the_heads_of_a_school_once_a_day() {
    each(|w| async move {
        for _ in 0..2 {
            w.app.check_gaps().await.unwrap();
        }
        for n in [PRINCIPAL, DEPUTY] {
            let told = w.told(n).await;
            assert_eq!(told.len(), 1);
            assert!(told[0].text.contains("空缺"));
        }
        w.advance(chrono::Duration::days(1));
        w.app.check_gaps().await.unwrap();
        assert_eq!(w.told(PRINCIPAL).await.len(), 2);
    })
    .await;
}

#[tokio::test]
async fn a_seat_is_filled_once_and_released_once() {
    each(|w| async move {
        let mut head = w.grids(&person(PRINCIPAL));
        let first = head.assign_seat(seat(Level::Peer, CLASS, PEER)).await.unwrap().into_inner();
        let again = head.assign_seat(seat(Level::Peer, CLASS, PEER)).await.unwrap().into_inner();
        assert_eq!(first, again);
        head.release_seat(pb::ReleaseSeatRequest { name: first.name.clone() }).await.unwrap();
        let gone = head.release_seat(pb::ReleaseSeatRequest { name: first.name }).await;
        assert_eq!(refusal(gone), (Code::NotFound, "NOT_FOUND".to_owned()));
    })
    .await;
}

#[tokio::test]
async fn a_request_id_gives_the_same_seat_again_and_refuses_another_request() {
    each(|w| async move {
        let mut head = w.grids(&person(PRINCIPAL));
        let mut request = seat(Level::Peer, CLASS, PEER);
        request.request_id = w.h.deps.ids.new_id().to_string();
        let first = head.assign_seat(request.clone()).await.unwrap().into_inner();
        assert_eq!(head.assign_seat(request.clone()).await.unwrap().into_inner(), first);
        request.seat.as_mut().unwrap().user = format!("users/{}", id(PEER + 1));
        let reused = head.assign_seat(request).await;
        assert_eq!(refusal(reused), (Code::InvalidArgument, "REQUEST_ID_REUSED".to_owned()));
    })
    .await;
}

#[tokio::test]
async fn seats_are_for_those_who_run_the_school_and_the_roster_is_the_countys() {
    each(|w| async move {
        let refused = w.grids(&person(HOMEROOM)).assign_seat(seat(Level::Peer, CLASS, PEER)).await;
        assert_eq!(refusal(refused), (Code::PermissionDenied, "PERMISSION_DENIED".to_owned()));
        let elsewhere = user(id(41), &[("principal", Scope::School(id(OTHER_SCHOOL)))]);
        let refused = w.grids(&elsewhere).assign_seat(seat(Level::Peer, CLASS, PEER)).await;
        assert_eq!(refusal(refused), (Code::NotFound, "NOT_FOUND".to_owned()));
        let roster = pb::Seat {
            level: Level::CountyDuty.into(),
            user: format!("users/{}", id(60)),
            ..Default::default()
        };
        let roster = pb::AssignSeatRequest { seat: Some(roster), ..Default::default() };
        let refused = w.grids(&person(PRINCIPAL)).assign_seat(roster.clone()).await;
        assert_eq!(refusal(refused), (Code::NotFound, "NOT_FOUND".to_owned()));
        let centre = user(id(47), &[("county_centre", Scope::County)]);
        w.grids(&centre).assign_seat(roster).await.unwrap();
        let refused = w.grids(&centre).assign_seat(seat(Level::Peer, CLASS, PEER)).await;
        assert_eq!(refused.unwrap_err().code(), Code::PermissionDenied);
    })
    .await;
}

#[tokio::test]
async fn everything_wrong_with_a_seat_is_said_at_once() {
    each(|w| async move {
        let mut head = w.grids(&person(PRINCIPAL));
        let empty = pb::AssignSeatRequest { seat: Some(pb::Seat::default()), request_id: "x".to_owned() };
        assert_eq!(
            violations(head.assign_seat(empty).await),
            [("request_id", "INVALID_UUID"), ("seat.level", "REQUIRED"), ("seat.user", "REQUIRED")]
                .map(|(field, reason)| (field.to_owned(), reason.to_owned()))
        );
        let mut misplaced = seat(Level::Principal, CLASS, PEER);
        assert_eq!(
            violations(head.assign_seat(misplaced.clone()).await),
            [("seat.class", "NOT_ALLOWED"), ("seat.school", "REQUIRED")]
                .map(|(f, r)| (f.to_owned(), r.to_owned()))
        );
        misplaced.seat.as_mut().unwrap().level = Level::Peer.into();
        misplaced.seat.as_mut().unwrap().class = class_name(9_999);
        assert_eq!(
            violations(head.assign_seat(misplaced).await),
            [("seat.class".to_owned(), "UNKNOWN_CLASS".to_owned())]
        );
    })
    .await;
}
