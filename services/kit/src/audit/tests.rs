use super::*;
use crate::{
    ctx::Principal,
    role::Role,
    testing::{self, TestDb},
    time::Ts,
};
use uuid::Uuid;

const DELIVER: &str = "/xinqiao.internal.v1.EventReceiverService/Deliver";

#[derive(Debug, PartialEq, sqlx::FromRow)]
struct Row {
    at: Ts,
    actor: String,
    action: String,
    kind: String,
    target_kind: String,
    target_id: Option<Uuid>,
    school_id: Option<Uuid>,
    student_id: Option<Uuid>,
    call_id: Uuid,
    note: Option<String>,
}

#[tokio::test]
async fn an_entry_says_who_did_what_to_what_and_when() {
    TestDb::each(|db| async move {
        let deps = testing::deps(Role::Profiles, db);
        let [user, id, school, student] = [1, 2, 3, 4].map(Uuid::from_u128);
        let ctx = testing::ctx(&deps, Principal::user(user, Vec::new()), DELIVER);
        let target = Target::new("record").id(id).school(school).student(student);
        for commit in [false, true] {
            let mut tx = deps.db.begin().await.unwrap();
            record(&mut tx, &ctx, Entry::write(&target).note("signed")).await.unwrap();
            if commit {
                tx.commit().await.unwrap();
            }
        }
        let rows: Vec<Row> = deps.db.read("SELECT * FROM kit_audit").all().await.unwrap();
        let row = Row {
            at: ctx.now(),
            actor: format!("user:{user}"),
            action: "internal.deliver".to_owned(),
            kind: "write".to_owned(),
            target_kind: "record".to_owned(),
            target_id: Some(id),
            school_id: Some(school),
            student_id: Some(student),
            call_id: ctx.call_id,
            note: Some("signed".to_owned()),
        };
        assert_eq!(rows, [row], "what was rolled back left no entry");
    })
    .await;
}
