//! Scene 1: county IT registers the schools and imports the roster (P0.1, P5.1).

use super::stage::Stage;
use crate::{
    client::{Api, number, text},
    commands::{
        Failure,
        roster::{follow, start},
    },
};
use serde_json::Value;
use std::path::Path;

/// Registers the schools, imports the roster: first dry, then for good, then once more.
///
/// # Errors
/// A call fails.
pub async fn play(admin: &Api, schools: &Path, roster: &Path, stage: &mut Stage) -> Result<(), Failure> {
    stage.scene("学校与花名册", "Schools and roster");
    let registered = admin.upload("/v1/schools:import", std::fs::read(schools)?).await?;
    stage.counts.schools = number(&registered, "created") + number(&registered, "unchanged");
    stage.tell(
        &format!("登记 {} 所学校", stage.counts.schools),
        &format!("{} schools registered", stage.counts.schools),
    );
    let listed = admin.list("/v1/schools?pageSize=500", "schools").await?;
    stage.verify(
        i64::try_from(listed.len()).unwrap_or_default() == stage.counts.schools,
        "学校名录与登记一致",
        "the register lists them all",
    );

    let dry = import(admin, roster, true).await?;
    let dry_counts = counts(&dry);
    stage.tell(
        &format!(
            "试运行：可新建 {}，将拒绝 {}",
            number(&dry_counts, "created"),
            number(&dry_counts, "rejected")
        ),
        &format!(
            "dry run: {} to create, {} to reject",
            number(&dry_counts, "created"),
            number(&dry_counts, "rejected")
        ),
    );

    let first = import(admin, roster, false).await?;
    let done = counts(&first);
    stage.counts.pupils_created = number(&done, "created");
    stage.counts.rows_rejected = number(&done, "rejected");
    stage.counts.classes_created = number(&done, "classesCreated");
    stage.tell(
        &format!(
            "导入：新建 {} 名学生、{} 个班级，拒绝 {} 行，重复 {} 行",
            number(&done, "created"),
            number(&done, "classesCreated"),
            number(&done, "rejected"),
            number(&done, "duplicates"),
        ),
        &format!(
            "imported: {} pupils and {} classes created, {} rows rejected, {} duplicates",
            number(&done, "created"),
            number(&done, "classesCreated"),
            number(&done, "rejected"),
            number(&done, "duplicates"),
        ),
    );
    stage.verify(
        text(&first, "state") == "IMPORT_STATE_SUCCEEDED"
            && number(&dry_counts, "created") == number(&done, "created")
            && number(&dry_counts, "rejected") == number(&done, "rejected"),
        "导入结果与试运行一致",
        "the import did what the dry run had said",
    );
    reasons(admin, &first, stage).await?;

    let second = counts(&import(admin, roster, false).await?);
    stage.counts.rows_unchanged_on_second_import = number(&second, "unchanged");
    stage.verify(
        number(&second, "created") == 0
            && number(&second, "updated") == 0
            && number(&second, "moved") == 0
            && number(&second, "unchanged") == stage.counts.pupils_created,
        &format!("同一文件再导入一次：新建 0，未变 {}", number(&second, "unchanged")),
        &format!("the same file again: 0 created, {} unchanged", number(&second, "unchanged")),
    );
    Ok(())
}

async fn import(admin: &Api, roster: &Path, dry_run: bool) -> Result<Value, Failure> {
    let started = start(admin, roster, dry_run, false).await?;
    let done = follow(admin, text(&started, "name"), |_| {}).await?;
    match text(&done, "state") {
        "IMPORT_STATE_SUCCEEDED" => Ok(done),
        state => Err(format!("导入未完成 the import ended as {state}: {}", text(&done, "failure")).into()),
    }
}

fn counts(import: &Value) -> Value {
    import.get("counts").cloned().unwrap_or_default()
}

/// Every rejected row says why and in which cell; the marked workbook can be had.
async fn reasons(admin: &Api, import: &Value, stage: &mut Stage) -> Result<(), Failure> {
    if stage.counts.rows_rejected == 0 {
        return Ok(());
    }
    let path = format!("/v1/{}/rows?outcome=ROW_OUTCOME_REJECTED&pageSize=500", text(import, "name"));
    let rows = admin.list(&path, "rows").await?;
    let reasons = |row: &Value| row.get("reasons").and_then(Value::as_array).cloned().unwrap_or_default();
    for row in rows.iter().take(3) {
        for reason in reasons(row) {
            stage.tell(
                &format!(
                    "第 {} 行 {}：{}",
                    number(row, "row"),
                    text(&reason, "cell"),
                    text(&reason, "message")
                ),
                text(&reason, "reason"),
            );
        }
    }
    let all_say_where = rows.iter().all(|row| {
        let given = reasons(row);
        !given.is_empty()
            && given
                .iter()
                .all(|reason| !text(reason, "cell").is_empty() && !text(reason, "message").is_empty())
    });
    stage.verify(
        all_say_where && i64::try_from(rows.len()).unwrap_or_default() == stage.counts.rows_rejected,
        "每个被拒绝的行都写明单元格和原因",
        "every rejected row names cell and reason",
    );
    let workbook = admin.download(&format!("/v1/{}:downloadErrors", text(import, "name"))).await?;
    stage.verify(
        workbook.starts_with(b"PK"),
        "可下载标注错误的工作簿",
        "the marked workbook can be downloaded",
    );
    Ok(())
}
