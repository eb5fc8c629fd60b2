//! What the README shows is what the command prints.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::path::Path;
use std::process::Command;

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

fn nbfix(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_nbfix"))
        .args(arguments)
        .current_dir(root())
        .env_clear()
        .env("NBFIX_TODAY", "2026-11-21")
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap()
}

fn readme() -> String {
    std::fs::read_to_string(root().join("README.md")).unwrap()
}

/// The code block behind the comment `<!-- NAME: ...`.
fn block(readme: &str, name: &str) -> String {
    let from = readme.find(&format!("<!-- {name}:")).expect("the marker");
    let fence = from + readme[from..].find("```").expect("a code block");
    let start = fence + readme[fence..].find('\n').unwrap() + 1;
    let end = start + readme[start..].find("```\n").unwrap();
    readme[start..end].to_owned()
}

#[test]
fn the_finding_is_real() {
    let printed = nbfix(&[
        "check",
        "--quiet",
        "--color",
        "never",
        "fixtures/cloud/quickstart.ipynb",
    ]);
    assert_eq!(block(&readme(), "finding").trim_end(), printed.trim_end());
}

#[test]
fn the_diff_is_real() {
    let printed = nbfix(&[
        "diff",
        "--color",
        "never",
        "fixtures/cloud/quickstart.ipynb",
    ]);
    assert_eq!(block(&readme(), "diff"), printed);
}

#[test]
fn the_functions_are_real() {
    let printed = nbfix(&["functions", "fixtures/cloud"]);
    assert_eq!(block(&readme(), "functions"), printed);
}

/// The file that the README shows is one that nbfix reads.
#[test]
fn the_configuration_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("nbfix.toml");
    std::fs::write(&file, block(&readme(), "configuration")).unwrap();
    // The rows that `[models] extra` names.
    let rows = "provider,model,shutdown,successor,source\n";
    std::fs::write(folder.path().join("models.csv"), rows).unwrap();
    let shown = nbfix(&["config", "--config", file.to_str().unwrap()]);
    for value in [
        "personal-path",
        "interactive-prompt",
        "archive/",
        "3.10",
        "gpt-4.1",
        "our-lab-tools",
    ] {
        assert!(shown.contains(value), "{shown}");
    }
}

/// What the README allows is allowed, and all of it is needed.
#[test]
fn the_comments_allow() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.ipynb");
    let cell = serde_json::json!({
        "cell_type": "code", "execution_count": null, "metadata": {}, "outputs": [],
        "source": block(&readme(), "allowed"),
    });
    let notebook =
        serde_json::json!({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 4});
    std::fs::write(&file, notebook.to_string()).unwrap();
    let found = nbfix(&[
        "check",
        "-q",
        "--output-format",
        "concise",
        file.to_str().unwrap(),
    ]);
    assert!(
        !found.contains("asyncio-run") && !found.contains("request"),
        "{found}"
    );
    assert!(!found.contains("unused-allow"), "{found}");
}

/// With `NBFIX_BLESS=1` in the environment the table is written instead.
#[test]
fn the_rule_table_is_true() {
    let table = nbfix(&["rules", "--output-format", "markdown"]);
    let readme = readme();
    let marker = "`nbfix rules --output-format markdown`; a test holds it -->\n";
    let start = readme.find(marker).unwrap() + marker.len();
    let end = readme.find("<!-- /rules -->").unwrap();
    if std::env::var_os("NBFIX_BLESS").is_some() {
        let text = format!("{}{table}{}", &readme[..start], &readme[end..]);
        std::fs::write(root().join("README.md"), text).unwrap();
        return;
    }
    assert_eq!(
        &readme[start..end],
        table,
        "`NBFIX_BLESS=1 cargo test -p nbfix --test readme` writes it"
    );
}
