//! Findings for files that cannot be loaded. Nothing that was asked for passes in silence.

use nbfix_ipynb::{LoadError, LoadErrorKind};
use nbfix_lint::{Finding, Place, Report, RuleSet};

/// What is wrong with a file that could not be loaded; empty only if the rule for it was deselected.
pub fn unreadable(error: &LoadError, rules: &RuleSet) -> Vec<Finding> {
    let conflict = error.kind == LoadErrorKind::Conflict;
    let name = if conflict {
        "conflict-marker"
    } else {
        "invalid-notebook"
    };
    let Some(selected) = rules.get(name) else {
        return Vec::new();
    };
    if conflict {
        return error
            .conflicts
            .iter()
            .map(|range| {
                let at = Place::File {
                    range: range.clone(),
                    cell: None,
                };
                selected.finding(Report::in_place(at).says("json"))
            })
            .collect();
    }
    let at = Place::File {
        range: error.offset..error.offset + 1,
        cell: None,
    };
    let report = Report::in_place(at)
        .says("unreadable")
        .with("error", error.message.clone());
    vec![selected.finding(report.help(error.help.clone()))]
}
