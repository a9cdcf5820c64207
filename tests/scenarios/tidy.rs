//! The tree as ARCHITECTURE.md describes it: layers import downward only, services do not know each other, files stay readable.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// A file with more lines than this is two files.
const MAX_LINES: usize = 450;

const SERVICES: [&str; 6] = ["identity", "profiles", "screening", "crisis", "training", "collaboration"];

pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Every file below `dir` whose name ends in `.extension`, build output and third parties left out.
pub fn files(dir: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![dir.to_owned()];
    while let Some(dir) = open.pop() {
        let Ok(entries) = fs::read_dir(&dir) else { continue };
        for entry in entries {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                if !matches!(name.as_str(), "target" | "third_party" | "node_modules" | ".git") {
                    open.push(path);
                }
            } else if path.extension().is_some_and(|found| found == extension) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn relative(path: &Path) -> String {
    path.strip_prefix(root()).unwrap().display().to_string()
}

/// The lines of a file that are code: comments left out.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

#[test]
fn files_stay_readable() {
    let long: Vec<String> = files(&root(), "rs")
        .iter()
        .map(|path| (path, fs::read_to_string(path).unwrap().lines().count()))
        .filter(|(_, lines)| *lines > MAX_LINES)
        .map(|(path, lines)| format!("{} has {lines} lines", relative(path)))
        .collect();
    assert!(long.is_empty(), "{long:#?}");
}

#[test]
fn every_service_looks_alike() {
    for service in SERVICES {
        let home = root().join("services").join(service);
        for part in ["src/lib.rs", "src/domain", "src/app", "src/store", "src/rpc", "migrations"] {
            assert!(home.join(part).exists(), "services/{service}/{part} is missing");
        }
    }
}

/// rpc -> app -> {domain, store} -> kit.
#[test]
fn layers_import_downward_only() {
    let forbidden: [(&str, &[&str]); 3] = [
        (
            "domain",
            &[
                "crate::app",
                "crate::store",
                "crate::rpc",
                "sqlx",
                "tonic::",
                "xinqiao_proto",
                "tokio",
                "kit::db",
                "SystemClock",
                "async fn",
            ],
        ),
        ("store", &["crate::app", "crate::rpc", "tonic::", "xinqiao_proto"]),
        ("app", &["crate::rpc", "sqlx::"]),
    ];
    let mut complaints = Vec::new();
    for service in SERVICES {
        for (layer, words) in forbidden {
            let dir = root().join("services").join(service).join("src").join(layer);
            for path in files(&dir, "rs") {
                if path.to_string_lossy().contains("test") {
                    continue;
                }
                let code = code(&path);
                let body = code.split("#[cfg(test)]").next().unwrap();
                complaints.extend(
                    words
                        .iter()
                        .filter(|word| body.contains(**word))
                        .map(|word| format!("{} ({layer}) names `{word}`", relative(&path))),
                );
            }
        }
    }
    assert!(complaints.is_empty(), "{complaints:#?}");
}

#[test]
fn services_and_gateway_do_not_know_each_other() {
    for (name, home) in
        SERVICES.iter().map(|s| (*s, format!("services/{s}"))).chain([("gateway", "gateway".to_owned())])
    {
        let manifest = fs::read_to_string(root().join(&home).join("Cargo.toml")).unwrap();
        for other in SERVICES.iter().filter(|other| **other != name) {
            assert!(!manifest.contains(&format!("xinqiao-{other}")), "{home} depends on {other}");
        }
    }
}

#[test]
fn only_the_kit_knows_the_engine() {
    let mut complaints = Vec::new();
    for service in SERVICES {
        for path in files(&root().join("services").join(service).join("src"), "rs") {
            let code = code(&path).to_lowercase();
            for word in ["sqlx::postgres", "sqlx::sqlite", "pgpool", "sqlitepool", "db::pg(", "db::lite"] {
                if code.contains(word) {
                    complaints.push(format!("{} names `{word}`", relative(&path)));
                }
            }
        }
    }
    assert!(complaints.is_empty(), "{complaints:#?}");
}

#[test]
fn nothing_is_left_for_later() {
    // Put together here, so that this file does not find itself.
    let words = [
        ["TO", "DO"].concat(),
        ["FIX", "ME"].concat(),
        ["to", "do!("].concat(),
        ["unimple", "mented!("].concat(),
    ];
    let mut complaints = Vec::new();
    for path in files(&root(), "rs").into_iter().chain(files(&root(), "proto")) {
        let text = fs::read_to_string(&path).unwrap();
        complaints.extend(
            words
                .iter()
                .filter(|word| text.contains(*word))
                .map(|word| format!("{}: {word}", relative(&path))),
        );
        if text.contains(&["#[ig", "nore"].concat()) {
            complaints.push(format!("{}: a test that does not run", relative(&path)));
        }
    }
    assert!(complaints.is_empty(), "{complaints:#?}");
}
