//! The documentation is true today: every path and command that it names exists, every error has its page and its texts.

use crate::tidy::{files, root};
use std::{collections::BTreeSet, fs};
use xinqiao_kit::catalogue::Catalogue;

/// Links of the form `](path)` that stay inside the repository.
fn links(text: &str) -> Vec<String> {
    text.split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next())
        .map(|target| target.split('#').next().unwrap_or_default().to_owned())
        .filter(|target| !target.is_empty() && !target.contains("://") && !target.starts_with("mailto:"))
        .collect()
}

/// Words in backticks that look like a path of this repository.
fn paths(text: &str) -> Vec<String> {
    const TOPS: [&str; 9] =
        ["proto/", "services/", "gateway/", "tests/", "seeds/", "docs/", "k8s/", ".ci/", "README"];
    text.split('`')
        .skip(1)
        .step_by(2)
        .filter(|word| TOPS.iter().any(|top| word.starts_with(top)))
        .filter(|word| !word.contains([' ', '*', '<', '{', '…', '\n']))
        .map(|word| word.split(':').next().unwrap_or_default().trim_end_matches('/').to_owned())
        .collect()
}

#[test]
fn links_and_paths_lead_somewhere() {
    let mut dead = Vec::new();
    for page in files(&root(), "md") {
        let text = fs::read_to_string(&page).unwrap();
        let shown = page.strip_prefix(root()).unwrap().display().to_string();
        let here = page.parent().unwrap();
        dead.extend(
            links(&text)
                .iter()
                .filter(|to| !here.join(to).exists())
                .map(|to| format!("{shown} links to {to}")),
        );
        dead.extend(
            paths(&text)
                .iter()
                .filter(|path| !root().join(path).exists())
                .map(|path| format!("{shown} names {path}")),
        );
    }
    assert!(dead.is_empty(), "{dead:#?}");
}

#[test]
fn commands_in_the_documentation_exist() {
    use clap::CommandFactory as _;
    let cli = xinqiao_suite::cli::Cli::command();
    let mut unknown = Vec::new();
    for page in files(&root(), "md") {
        let text = fs::read_to_string(&page).unwrap();
        for line in text.lines() {
            for start in ["xinqiao ", "cargo run --release -- "] {
                let Some(rest) = line.trim().trim_start_matches("$ ").strip_prefix(start) else { continue };
                let mut command = &cli;
                for word in rest.split_whitespace() {
                    match command.find_subcommand(word) {
                        Some(found) => command = found,
                        None if !command.has_subcommands() || word.starts_with('-') => break,
                        None => {
                            unknown.push(format!("{}: {line}", page.display()));
                            break;
                        }
                    }
                }
                for flag in rest.split_whitespace().filter(|word| word.starts_with("--")) {
                    let name = flag.trim_start_matches("--").split('=').next().unwrap_or_default();
                    let known = command.get_arguments().any(|argument| argument.get_long() == Some(name));
                    if !known && !matches!(name, "help" | "version") {
                        unknown.push(format!("{}: {line} ({flag})", page.display()));
                    }
                }
            }
        }
    }
    assert!(unknown.is_empty(), "{unknown:#?}");
}

/// Reasons that the code can answer with: every `=> "UPPER_SNAKE"` in a `fn reason`.
fn reasons_in_code() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for path in files(&root().join("services"), "rs").into_iter().chain(files(&root().join("gateway"), "rs"))
    {
        if path.to_string_lossy().contains("test") {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        for body in text.split("fn reason(&self) -> &'static str {").skip(1) {
            let body = body.split("\n    }\n").next().unwrap_or_default();
            found
                .extend(body.split('"').skip(1).step_by(2).filter(|word| is_reason(word)).map(str::to_owned));
        }
    }
    found
}

fn is_reason(word: &str) -> bool {
    word.len() > 3 && word.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
}

#[test]
fn every_reason_has_a_page_and_every_page_a_reason() {
    let pages: BTreeSet<String> = files(&root().join("docs/errors"), "md")
        .iter()
        .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
        .filter(|name| is_reason(name) && name.as_str() != "README")
        .collect();
    let reasons = reasons_in_code();
    let missing: Vec<_> = reasons.difference(&pages).collect();
    assert!(missing.is_empty(), "reasons without a page in docs/errors: {missing:#?}");
    let texts = Catalogue::new(xinqiao_seeds::messages::FILES).unwrap();
    let silent: Vec<_> = reasons.iter().filter(|reason| !texts.has(reason)).collect();
    assert!(silent.is_empty(), "reasons without a text in seeds/messages: {silent:#?}");
    let stale: Vec<_> = pages.iter().filter(|page| !texts.has(page)).collect();
    assert!(stale.is_empty(), "pages of reasons that have no text: {stale:#?}");
}
