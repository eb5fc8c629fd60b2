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
