//! Every crate that the program is built from has a licence that deny.toml allows.

use crate::tidy::root;
use std::process::Command;

/// Whether an SPDX expression can be satisfied with `allowed`: `OR` needs one side, `AND` both.
fn allowed(expression: &str, allow: &[String]) -> bool {
    let expression = expression.replace(['(', ')'], " ").replace('/', " OR ");
    expression
        .split(" OR ")
        .any(|option| option.split(" AND ").all(|licence| allow.iter().any(|known| known == licence.trim())))
}

#[test]
fn every_licence_is_on_the_list() {
    let deny: toml::Table =
        toml::from_str(&std::fs::read_to_string(root().join("deny.toml")).unwrap()).unwrap();
    let allow: Vec<String> = deny["licenses"]["allow"]
        .as_array()
        .unwrap()
        .iter()
        .map(|value| value.as_str().unwrap().to_owned())
        .collect();
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--format-version=1",
            "--locked",
            "--offline",
            "--filter-platform=x86_64-unknown-linux-gnu",
        ])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    assert!(packages.len() > 100);
    let refused: Vec<String> = packages
        .iter()
        .filter(|package| !allowed(package["license"].as_str().unwrap_or_default(), &allow))
        .map(|package| format!("{} {}: {}", package["name"], package["version"], package["license"]))
        .collect();
    assert!(refused.is_empty(), "{refused:#?}");
}

#[test]
fn there_is_one_crypto_provider() {
    let lock = std::fs::read_to_string(root().join("Cargo.lock")).unwrap();
    for banned in ["ring", "openssl", "native-tls"] {
        assert!(!lock.contains(&format!("name = \"{banned}\"\n")), "{banned} came in");
    }
}
