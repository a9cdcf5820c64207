//! `xinqiao schools import`.

use super::{Failure, log_in, say};
use crate::{
    cli::Remote,
    client::{number, text},
};
use serde_json::Value;
use std::path::Path;

/// Loads a register of schools.
///
/// # Errors
/// The file cannot be read, the platform refuses, or rows are bad and nothing was loaded.
pub async fn import_schools(
    file: &Path,
    dry_run: bool,
    skip_bad_rows: bool,
    remote: &Remote,
) -> Result<(), Failure> {
    let content = std::fs::read(file).map_err(|e| format!("{}: {e}", file.display()))?;
    let api = log_in(remote).await?;
    let path = format!("/v1/schools:import?validateOnly={dry_run}&skipBadRows={skip_bad_rows}");
    let outcome = api.upload(&path, content).await?;
    let problems = outcome.get("problems").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    for problem in problems {
        say(&format!(
            "  {}  {}  {}",
            text(problem, "cell"),
            text(problem, "message"),
            text(problem, "reason")
        ));
    }
    let count = |field| number(&outcome, field);
    say(&format!(
        "学校 schools: {} 新建 created, {} 更新 updated, {} 未变 unchanged, {} 拒绝 rejected",
        count("created"),
        count("updated"),
        count("unchanged"),
        count("rejected"),
    ));
    let committed = outcome.get("committed").and_then(Value::as_bool).unwrap_or_default();
    match (dry_run, committed) {
        (true, _) => say("试运行，未改动任何数据 A dry run: nothing was changed."),
        (false, true) => {}
        (false, false) => return Err(
            "有错误行，未导入任何学校 Rows are bad; nothing was loaded (--skip-bad-rows loads the others)."
                .into(),
        ),
    }
    Ok(())
}
