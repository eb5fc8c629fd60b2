//! What the command says of itself and its rules.

use insta::assert_snapshot;
use serde_json::Value;

use crate::support::Folder;

#[test]
fn help() {
    let folder = Folder::new();
    assert_snapshot!("nbfix", folder.nbfix("--help"));
    for command in [
        "check",
        "fix",
        "diff",
        "allow",
        "explain",
        "functions",
        "rules",
        "match",
        "new-rule",
        "test",
        "config",
        "schema",
        "docs",
    ] {
        assert_snapshot!(command, folder.nbfix(&format!("{command} --help")));
    }
    assert_snapshot!("baseline_write", folder.nbfix("baseline write --help"));
    let ran = folder.nbfix("");
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.contains("Usage: nbfix"), "{ran}");
}

#[test]
fn a_page_is_printed() {
    let ran = Folder::new().nbfix("explain asyncio-run");
    let out = ran.out();
    assert_eq!(ran.code, Some(0));
    assert!(out.starts_with("asyncio-run: "), "{out}");
    for heading in ["\nWhy\n", "\nFinds\n", "\nFix (unsafe)\n", "\nExamples\n"] {
        assert!(out.contains(heading), "{out}");
    }
    assert!(out.contains("\n      result = await main()\n"), "{out}");
    assert!(!out.contains('\u{1b}'));
    let coloured = Folder::new().nbfix("explain asyncio-run --color always");
    assert!(coloured.out().contains('\u{1b}'));
}

#[test]
fn every_page_can_be_printed() {
    let folder = Folder::new();
    for rule in rules(&folder) {
        let name = rule["name"].as_str().unwrap();
        let ran = folder.nbfix(&format!("explain {name}"));
        assert_eq!(ran.code, Some(0), "{ran}");
    }
}

#[test]
fn a_slip_in_a_name_is_understood() {
    assert_snapshot!(Folder::new().nbfix("explain asyncio-rum"));
    let ran = Folder::new().nbfix("explain nothing-like-it");
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.contains("`nbfix rules`"), "{ran}");
}

#[test]
fn the_rules_are_listed() {
    let folder = Folder::new();
    let rules = rules(&folder);
    assert!(rules.iter().any(|rule| rule["name"] == "asyncio-run"));
    for rule in &rules {
        assert!(
            rule["summary"].is_string() && rule["default"].is_boolean(),
            "{rule}"
        );
    }
    for (format, extra) in [("text", 1), ("markdown", 2)] {
        let ran = folder.nbfix(&format!("rules --output-format {format}"));
        assert_eq!(ran.out().lines().count(), rules.len() + extra, "{ran}");
        assert!(ran.out().contains("asyncio-run"), "{ran}");
    }
}

fn rules(folder: &Folder) -> Vec<Value> {
    let ran = folder.nbfix("rules --output-format json");
    assert_eq!(ran.code, Some(0), "{ran}");
    serde_json::from_slice(&ran.out).unwrap()
}
