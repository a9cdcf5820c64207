//! What the demo says, counts and verifies.

use super::cast::Cast;
use crate::commands::say;
use serde::Serialize;
use std::time::Instant;

/// The counts of a demo, printed as its last line with `--json`.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Counts {
    /// Schools registered.
    pub schools: i64,
    /// Pupils that the import created.
    pub pupils_created: i64,
    /// Rows that it rejected.
    pub rows_rejected: i64,
    /// Rows that a second import of the same file left as they were.
    pub rows_unchanged_on_second_import: i64,
    /// Classes made on the way.
    pub classes_created: i64,
    /// Questionnaires handed in.
    pub submissions: i64,
    /// Alerts raised.
    pub alerts: i64,
    /// Steps of the escalation that started.
    pub escalation_steps: i64,
    /// Notifications that reached an open stream.
    pub notifications: i64,
    /// Signatures under colour proposals.
    pub signatures: i64,
    /// Lessons logged.
    pub lessons: i64,
    /// Statements that were read back and found true.
    pub steps_verified: i64,
    /// Statements that were read back and found false.
    pub steps_failed: i64,
    /// Seconds in all.
    pub seconds: f64,
    /// Seconds by scene, in order.
    pub scenes: Vec<(String, f64)>,
}

/// The narrator: says what happens, counts it, and remembers what was not as it should be.
#[derive(Debug)]
pub struct Stage {
    /// What was counted.
    pub counts: Counts,
    failures: Vec<String>,
    began: Instant,
    scene: Option<(String, Instant)>,
}

impl Stage {
    /// A demo that began then.
    pub fn new(began: Instant) -> Self {
        Self { counts: Counts::default(), failures: Vec::new(), began, scene: None }
    }

    /// A new scene begins.
    pub fn scene(&mut self, chinese: &str, english: &str) {
        self.end_scene();
        self.scene = Some((english.to_owned(), Instant::now()));
        say("");
        say(&format!("== {chinese} · {english}"));
    }

    fn end_scene(&mut self) {
        if let Some((name, began)) = self.scene.take() {
            self.counts.scenes.push((name, began.elapsed().as_secs_f64()));
        }
    }

    /// Something happened.
    pub fn tell(&self, chinese: &str, english: &str) {
        say(&format!("{:>7.2}s  {chinese} · {english}", self.began.elapsed().as_secs_f64()));
    }

    /// Something was read back: says whether it is as it should be.
    pub fn verify(&mut self, holds: bool, chinese: &str, english: &str) {
        let mark = if holds { "✓" } else { "✗" };
        say(&format!("{:>7.2}s  {mark} {chinese} · {english}", self.began.elapsed().as_secs_f64()));
        if holds {
            self.counts.steps_verified += 1;
        } else {
            self.counts.steps_failed += 1;
            self.failures.push(english.to_owned());
        }
    }

    /// The story broke off.
    pub fn failed(&mut self, cause: &dyn std::error::Error) {
        self.counts.steps_failed += 1;
        self.failures.push(cause.to_string());
    }

    /// Whether everything that was read back was as it should be.
    pub fn all_verified(&self) -> bool {
        self.failures.is_empty() && self.counts.steps_verified > 0
    }

    /// The end: what was verified, what was not, how long each scene took.
    pub fn summarise(&mut self) {
        self.end_scene();
        self.counts.seconds = self.began.elapsed().as_secs_f64();
        say("");
        say("== 小结 · Summary");
        for (name, seconds) in &self.counts.scenes {
            say(&format!("  {seconds:>8.2}s  {name}"));
        }
        say(&format!(
            "  核对 {} 项，未通过 {} 项，共 {:.1} 秒 · {} verified, {} failed",
            self.counts.steps_verified,
            self.counts.steps_failed,
            self.counts.seconds,
            self.counts.steps_verified,
            self.counts.steps_failed,
        ));
        for failure in &self.failures {
            say(&format!("  ✗ {failure}"));
        }
    }

    /// Where to look and as whom.
    pub fn invite(&self, base: &str, cast: Option<&Cast>) {
        say("");
        say("== 继续体验 · Go on by yourself");
        say(&format!("  API {base}/v1    OpenAPI {base}/openapi.json    Ctrl-C 结束 ends it"));
        for line in cast.map(Cast::accounts).unwrap_or_default() {
            say(&format!("  {line}"));
        }
    }

    /// The counts as one line of JSON.
    pub fn print_json(&self) {
        if let Ok(line) = serde_json::to_string(&self.counts) {
            say(&line);
        }
    }
}
