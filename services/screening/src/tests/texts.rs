use std::path::Path;
use xinqiao_kit::catalogue::Catalogue;

/// Texts that are shown as they are, not as errors.
const NO_ERRORS: [&str; 2] = ["OWN_REPORT_WITHOUT_RESULT", "OWN_REPORT_HELP"];

#[test]
fn every_reason_of_screening_has_a_text_and_a_page() {
    let (_, text) = xinqiao_seeds::messages::FILES.iter().find(|(name, _)| *name == "screening").unwrap();
    let catalogue = Catalogue::new(&[("screening", text)]).unwrap();
    let pages = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/errors");
    for reason in catalogue.reasons().filter(|reason| !NO_ERRORS.contains(reason)) {
        let page = std::fs::read_to_string(pages.join(format!("{reason}.md")));
        assert!(page.is_ok_and(|page| page.starts_with(&format!("# {reason}\n"))), "docs/errors/{reason}.md");
    }
}

#[test]
fn every_reason_in_the_source_has_a_text() {
    let catalogue = Catalogue::new(xinqiao_seeds::messages::FILES).unwrap();
    let mut found = 0;
    for folder in ["app", "rpc", "domain"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(folder);
        for file in std::fs::read_dir(folder).unwrap().flatten() {
            let text = std::fs::read_to_string(file.path()).unwrap_or_default();
            for reason in text.split('"').filter(|word| is_reason(word)) {
                found += 1;
                assert!(catalogue.has(reason), "{reason} in {:?}", file.path());
            }
        }
    }
    assert!(found > 50, "{found}");
}

fn is_reason(word: &str) -> bool {
    word.len() > 4 && word.contains('_') && word.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
}
