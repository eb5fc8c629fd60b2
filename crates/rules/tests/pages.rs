//! Every example of every page, and what the pages promise together.
#![allow(clippy::unwrap_used, missing_docs)]

use nbfix_lint::{Check, Page, PatternCheck};

#[test]
fn every_example_holds() {
    let failures: Vec<String> = nbfix_rules::all()
        .iter()
        .flat_map(|rule| {
            nbfix_rules::prove(rule)
                .failures
                .into_iter()
                .map(|failure| format!("rules/{}.toml, {failure}", rule.name))
        })
        .collect();
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

#[test]
fn every_pattern_page_can_run() {
    for rule in nbfix_rules::all() {
        if let Check::Pattern(engine) = rule.check {
            let page = Page::parse(rule.page).unwrap_or_else(|error| panic!("{error}"));
            let checked = PatternCheck::check(&page, rule.page);
            assert!(checked.is_ok(), "{}: {:?}", rule.name, checked.err());
            assert!(PatternCheck::build(engine).is_ok(), "{}", rule.name);
        }
    }
}

/// The folders are the registry: a pattern rule is its page, and a rule in Rust is its page and its check. Nothing
/// else names it.
#[test]
fn a_rule_is_its_page_and_perhaps_its_check() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    let stems = |folder: &str, extension: &str| -> Vec<String> {
        let entries = std::fs::read_dir(format!("{root}/{folder}")).unwrap();
        let mut stems: Vec<String> = entries
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|it| it == extension))
            .map(|path| {
                path.file_stem()
                    .unwrap()
                    .to_string_lossy()
                    .replace('_', "-")
            })
            .collect();
        stems.sort();
        stems
    };
    let names: Vec<&str> = nbfix_rules::all().iter().map(|rule| rule.name).collect();
    assert_eq!(stems("rules", "toml"), names);
    let in_rust = |name: &&str| {
        let page = nbfix_rules::find(name).map(|rule| Page::parse(rule.page).unwrap());
        page.is_some_and(|page| page.matches.check.is_some())
    };
    let in_rust: Vec<&str> = names.iter().copied().filter(in_rust).collect();
    assert_eq!(stems("crates/rules/src/checks", "rs"), in_rust);
    for file in ["crates/rules/src/lib.rs", "crates/rules/build.rs"] {
        let text = std::fs::read_to_string(format!("{root}/{file}")).unwrap();
        for name in &names {
            let module = name.replace('-', "_");
            let lines = [format!("mod {module};"), format!("\"{name}\"")];
            let listed = lines.iter().find(|line| text.contains(*line));
            assert_eq!(listed, None, "{file} names a rule");
        }
    }
}
