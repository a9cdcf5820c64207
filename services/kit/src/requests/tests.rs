use super::*;
use crate::{
    ctx::Principal,
    db::Db,
    deps::Deps,
    role::Role,
    testing::{self, TestDb},
};
use uuid::Uuid;

const DELIVER: &str = "/xinqiao.internal.v1.EventReceiverService/Deliver";

fn town(db: Db) -> (Deps, Ctx) {
    let deps = testing::deps(Role::Profiles, db);
    let ctx = testing::ctx(&deps, Principal::user(Uuid::from_u128(1), Vec::new()), DELIVER);
    (deps, ctx)
}

fn key(id: u128, content: u8) -> Option<RequestKey> {
    Some(RequestKey { id: Uuid::from_u128(id), digest: [content; 32] })
}

/// A use-case that makes something with a fresh id.
async fn make(deps: &Deps, ctx: &Ctx, key: &Option<RequestKey>) -> Result<String, RequestError> {
    let mut tx = deps.db.begin().await?;
    if let Some(answer) = begin::<String>(&mut tx, ctx, key, &deps.keys).await? {
        return Ok(answer);
    }
    let id = deps.ids.new_id();
    tx.q("INSERT INTO kit_inbox (event_id, received_at) VALUES ($1, $2)")
        .bind(id)
        .bind(ctx.now())
        .exec()
        .await?;
    let answer = format!("made {id}");
    finish(&mut tx, ctx, key, &answer, &deps.keys).await?;
    tx.commit().await?;
    Ok(answer)
}

async fn made(deps: &Deps) -> i64 {
    deps.db.read("SELECT COUNT(*) FROM kit_inbox").get().await.unwrap()
}

#[tokio::test]
async fn the_same_request_gets_the_same_answer_and_does_its_work_once() {
    TestDb::each(|db| async move {
        let (deps, ctx) = town(db);
        let first = make(&deps, &ctx, &key(1, 0)).await.unwrap();
        assert_eq!(make(&deps, &ctx, &key(1, 0)).await.unwrap(), first);
        assert_ne!(make(&deps, &ctx, &key(2, 0)).await.unwrap(), first);
        assert_ne!(make(&deps, &ctx, &None).await.unwrap(), make(&deps, &ctx, &None).await.unwrap());
        assert_eq!(made(&deps).await, 4);
    })
    .await;
}

#[tokio::test]
async fn one_id_for_two_requests_is_refused() {
    TestDb::each(|db| async move {
        let (deps, ctx) = town(db);
        make(&deps, &ctx, &key(1, 0)).await.unwrap();
        let refused = make(&deps, &ctx, &key(1, 1)).await.unwrap_err();
        assert_eq!((refused.code(), refused.reason()), (Code::InvalidArgument, "REQUEST_ID_REUSED"));
        assert_eq!(made(&deps).await, 1);
    })
    .await;
}

#[tokio::test]
async fn ids_of_other_people_are_others() {
    TestDb::each(|db| async move {
        let (deps, ctx) = town(db);
        let other = testing::ctx(&deps, Principal::user(Uuid::from_u128(2), Vec::new()), DELIVER);
        let mine = make(&deps, &ctx, &key(1, 0)).await.unwrap();
        assert_ne!(make(&deps, &other, &key(1, 0)).await.unwrap(), mine);
    })
    .await;
}

#[tokio::test]
async fn an_answer_is_stored_only_with_its_work_and_not_in_plain() {
    TestDb::each(|db| async move {
        let (deps, ctx) = town(db);
        let mut tx = deps.db.begin().await.unwrap();
        assert_eq!(begin::<String>(&mut tx, &ctx, &key(1, 0), &deps.keys).await.unwrap(), None);
        finish(&mut tx, &ctx, &key(1, 0), &"never", &deps.keys).await.unwrap();
        drop(tx);
        let answer = make(&deps, &ctx, &key(1, 0)).await.unwrap();
        assert!(answer.starts_with("made"));
        let stored: Vec<u8> = deps.db.read("SELECT answer FROM kit_requests").get().await.unwrap();
        assert!(!stored.windows(4).any(|part| part == b"made"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_request_many_times_at_once_does_its_work_once() {
    TestDb::each(|db| async move {
        let (deps, ctx) = town(db);
        let calls: Vec<_> = (0..12)
            .map(|_| {
                let (deps, ctx) = (deps.clone(), ctx.clone());
                tokio::spawn(async move { make(&deps, &ctx, &key(1, 0)).await })
            })
            .collect();
        let mut answers = Vec::new();
        for call in calls {
            answers.push(call.await.unwrap().unwrap());
        }
        answers.dedup();
        assert_eq!(answers.len(), 1);
        assert_eq!(made(&deps).await, 1);
    })
    .await;
}
