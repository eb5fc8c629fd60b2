//! Which crate may use which. Imports run downward only, and the compiler does not know which way is down.

#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

/// Each crate, lowest first, and the crates of ours that it may use.
const TABLE: [(&str, &[&str]); 13] = [
    ("text", &[]),
    ("secrets", &[]),
    ("ipynb", &["text"]),
    ("python", &["text"]),
    ("pattern", &["python", "text"]),
    ("project", &["python", "text"]),
    ("semantic", &["ipynb", "python", "text"]),
    ("lint", &["semantic", "pattern", "ipynb", "python", "text"]),
    ("fix", &["lint", "semantic", "ipynb", "text"]),
    ("report", &["lint", "ipynb", "secrets", "text"]),
    (
        "rules",
        &[
            "lint", "fix", "semantic", "pattern", "project", "ipynb", "python", "secrets", "text",
        ],
    ),
    (
        "nbfix",
        &[
            "rules", "report", "fix", "lint", "semantic", "pattern", "ipynb", "python", "text",
        ],
    ),
    ("hook", &["nbfix"]),
];

/// The crates of the workspace by short name, with what each depends on outside of tests and build scripts.
fn workspace() -> BTreeMap<String, BTreeSet<String>> {
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--format-version",
            "1",
            "--no-deps",
            "--offline",
        ])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let name = |value: &Value| value["name"].as_str().unwrap().to_owned();
    let packages = metadata["packages"].as_array().unwrap();
    packages
        .iter()
        .map(|package| {
            let all = package["dependencies"].as_array().unwrap();
            let normal = all.iter().filter(|it| it["kind"].is_null()).map(name);
            (short(&name(package)), normal.collect())
        })
        .collect()
}

fn short(name: &str) -> String {
    name.strip_prefix("nbfix-").unwrap_or(name).to_owned()
}

#[test]
fn every_crate_stands_in_the_table() {
    let crates: Vec<String> = workspace().into_keys().collect();
    let mut table: Vec<&str> = TABLE.iter().map(|(name, _)| *name).collect();
    table.sort_unstable();
    assert_eq!(crates, table);
}

#[test]
fn crates_use_only_what_lies_below_them() {
    let crates = workspace();
    for (name, allowed) in TABLE {
        for dependency in &crates[name] {
            let ours = dependency == "nbfix" || dependency.starts_with("nbfix-");
            let ours = ours.then(|| short(dependency));
            assert!(
                ours.is_none_or(|ours| allowed.contains(&ours.as_str())),
                "`{name}` must not use `{dependency}`"
            );
        }
    }
}

#[test]
fn only_one_crate_names_the_parser() {
    for (name, dependencies) in workspace() {
        let parser = dependencies.iter().find(|it| it.starts_with("ruff_"));
        assert!(
            parser.is_none() || name == "python",
            "`{name}` uses {parser:?}"
        );
    }
}
