//! Every example of every page, and what the pages promise together.

use nbfix_lint::{Check, Page};

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
fn every_pattern_is_python() {
    for rule in nbfix_rules::all() {
        if let Check::Pattern(build) = rule.check {
            let page = Page::parse(rule.page).map(|page| page.matches.any.len().max(1));
            assert_eq!(Ok(build().patterns.len()), page, "{}", rule.name);
        }
    }
}
