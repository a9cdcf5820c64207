//! `xinqiao roster import`.

use super::{Failure, log_in, say};
use crate::{
    cli::Remote,
    client::{Api, number, text},
};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;
use std::{path::Path, time::Duration};

/// How often a running import is asked how far it is.
const POLL: Duration = Duration::from_millis(200);
/// Rejected rows that are listed; the marked workbook has them all.
const LISTED_ROWS: usize = 20;

/// Loads a roster.
///
/// # Errors
/// The file cannot be read, the platform refuses the file, or rows are bad and nothing was loaded.
pub async fn import_roster(
    file: &Path,
    dry_run: bool,
    all_or_nothing: bool,
    errors: Option<&Path>,
    remote: &Remote,
) -> Result<(), Failure> {
    let api = log_in(remote).await?;
    let started = start(&api, file, dry_run, all_or_nothing).await?;
    let bar = ProgressBar::new(0);
    bar.set_style(ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} 行")?);
    let done = follow(&api, text(&started, "name"), |import| {
        bar.set_length(number(import, "rowsTotal").unsigned_abs());
        let written = number(import, "rowsDone");
        let checked = number(import, "rowsChecked");
        let (message, position) =
            if written > 0 { ("写入 writing", written) } else { ("核对 checking", checked) };
        bar.set_message(message);
        bar.set_position(position.unsigned_abs());
    })
    .await?;
    bar.finish_and_clear();
    report(&api, &done).await?;
    if let Some(out) = errors {
        let workbook = api.download(&format!("/v1/{}:downloadErrors", text(&done, "name"))).await?;
        std::fs::write(out, &workbook).map_err(|e| format!("{}: {e}", out.display()))?;
        say(&format!("标注错误的工作簿 marked workbook: {}", out.display()));
    }
    match text(&done, "state") {
        "IMPORT_STATE_SUCCEEDED" if dry_run => {
            say("试运行，未改动任何数据 A dry run: nothing was changed.");
            Ok(())
        }
        "IMPORT_STATE_SUCCEEDED" => Ok(()),
        "IMPORT_STATE_REFUSED" => Err("有错误行，未导入任何学生 Rows are bad; nothing was loaded.".into()),
        _ => Err(format!("导入失败 The import failed: {}", text(&done, "failure")).into()),
    }
}

/// Hands a roster to the platform; the answer is the import, which goes on by itself.
///
/// # Errors
/// The file cannot be read, or the platform refuses it.
pub async fn start(api: &Api, file: &Path, dry_run: bool, all_or_nothing: bool) -> Result<Value, Failure> {
    let content = std::fs::read(file).map_err(|e| format!("{}: {e}", file.display()))?;
    let policy = if all_or_nothing { "IMPORT_POLICY_ALL_OR_NOTHING" } else { "IMPORT_POLICY_GOOD_ROWS" };
    let filename = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let filename = percent(&filename);
    let path = format!("/v1/rosters:import?filename={filename}&dryRun={dry_run}&policy={policy}");
    Ok(api.upload(&path, content).await?)
}

/// Waits until an import has ended, telling `progress` how far it is.
///
/// # Errors
/// The platform refuses or cannot be reached.
pub async fn follow(api: &Api, name: &str, mut progress: impl FnMut(&Value)) -> Result<Value, Failure> {
    loop {
        let import = api.get(&format!("/v1/{name}")).await?;
        progress(&import);
        if !matches!(text(&import, "state"), "IMPORT_STATE_PENDING" | "IMPORT_STATE_RUNNING") {
            return Ok(import);
        }
        tokio::time::sleep(POLL).await;
    }
}

async fn report(api: &Api, import: &Value) -> Result<(), Failure> {
    let counts = import.get("counts").cloned().unwrap_or_default();
    let rejected = number(&counts, "rejected");
    if rejected > 0 {
        let path =
            format!("/v1/{}/rows?outcome=ROW_OUTCOME_REJECTED&pageSize={LISTED_ROWS}", text(import, "name"));
        let page = api.get(&path).await?;
        for row in page.get("rows").and_then(Value::as_array).into_iter().flatten() {
            for reason in row.get("reasons").and_then(Value::as_array).into_iter().flatten() {
                say(&format!(
                    "  {:<6} {}  {}",
                    text(reason, "cell"),
                    text(reason, "message"),
                    text(reason, "reason")
                ));
            }
        }
        let more = rejected - i64::try_from(LISTED_ROWS).unwrap_or(i64::MAX);
        if more > 0 {
            say(&format!("  … 还有 {more} 行 and {more} more rows"));
        }
    }
    say(&format!(
        "学生 pupils: {} 新建 created, {} 更新 updated, {} 未变 unchanged, {} 转班 moved, {} 重复 duplicates, {} 拒绝 rejected; {} 个新班级 new classes",
        number(&counts, "created"),
        number(&counts, "updated"),
        number(&counts, "unchanged"),
        number(&counts, "moved"),
        number(&counts, "duplicates"),
        rejected,
        number(&counts, "classesCreated"),
    ));
    Ok(())
}

/// Percent-encodes what a query value may not hold.
fn percent(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                char::from(byte).to_string()
            }
            other => format!("%{other:02X}"),
        })
        .collect()
}
