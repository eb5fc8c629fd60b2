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
        "undo",
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
        "completions",
        "man",
    ] {
        let ran = folder.nbfix(&format!("{command} --help"));
        assert!(ran.out().contains("\nExamples:\n  nbfix"), "{ran}");
        assert_snapshot!(command, ran);
    }
    assert_snapshot!("baseline_write", folder.nbfix("baseline write --help"));
    let ran = folder.nbfix("");
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.contains("Usage: nbfix"), "{ran}");
}

#[test]
fn shells_are_told_the_commands() {
    let folder = Folder::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let ran = folder.nbfix(&format!("completions {shell}"));
        assert_eq!(ran.code, Some(0), "{ran}");
        assert!(ran.out().contains("new-rule"), "{ran}");
        assert!(ran.out().contains("no-respect-gitignore"), "{ran}");
    }
    // What is there can be tried.
    let bash = folder.nbfix("completions bash").out;
    folder.write("completions", bash);
    let script = "source completions; COMP_WORDS=(nbfix comp); COMP_CWORD=1; _nbfix nbfix comp nbfix; \
                  echo \"${COMPREPLY[@]}\"";
    let mut command = std::process::Command::new("bash");
    command.args(["-c", script]);
    let ran = crate::support::run(&mut command, &folder.path(""), b"");
    assert_eq!(ran.out(), "completions\n", "{ran}");
}

#[test]
fn the_manual_has_a_page_for_each_command() {
    let folder = Folder::new();
    let ran = folder.nbfix("man");
    assert_eq!(ran.code, Some(0), "{ran}");
    assert!(ran.out().contains(".TH nbfix 1"), "{ran}");
    assert_eq!(folder.nbfix("man --out man1").code, Some(0));
    for name in [
        "nbfix.1",
        "nbfix-check.1",
        "nbfix-undo.1",
        "nbfix-baseline-write.1",
    ] {
        let page = String::from_utf8(folder.read(&format!("man1/{name}"))).unwrap();
        assert!(page.contains(".SH SYNOPSIS"), "{name}: {page}");
    }
}

#[test]
fn colours_follow_the_environment() {
    let folder = Folder::new();
    let colours = |environment: &[(&str, &str)], line: &str| {
        folder.nbfix_in(environment, line).out().contains('\u{1b}')
    };
    let line = "explain asyncio-run";
    assert!(!colours(&[], line));
    assert!(colours(&[("CLICOLOR_FORCE", "1")], line));
    assert!(!colours(
        &[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")],
        line
    ));
    assert!(colours(
        &[("NO_COLOR", "1")],
        "explain asyncio-run --color always"
    ));
    assert!(!colours(
        &[("CLICOLOR_FORCE", "1")],
        "explain asyncio-run --color never"
    ));
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
