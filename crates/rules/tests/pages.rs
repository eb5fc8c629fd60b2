//! Every example of every page, and what the pages promise together.

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
