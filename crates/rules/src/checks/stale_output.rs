//! `stale-output`: a stored error that no longer belongs to its cell.

use nbfix_lint::{Check, Findings, Report};
use nbfix_semantic::Semantic;

use crate::recorded::{Stale, Story, stale};

pub(crate) const CHECK: Check = Check::Notebook(check);

/// The name, for the rule that tells the same where this one does not run.
pub(crate) const NAME: &str = "stale-output";

fn check<'a>(semantic: &Semantic<'a>, findings: &mut Findings<'_>) {
    for one in Story::of(semantic).all {
        let says = match stale(semantic, &one) {
            None => continue,
            Some(Stale::Line) => "line",
            Some(Stale::Name) => "name",
            Some(Stale::Caught) => "caught",
        };
        findings.push(
            Report::at(one.cell, one.line.range)
                .says(says)
                .with("error", one.text.as_str())
                .with("name", one.missing.unwrap_or_default())
                .clear_outputs(one.cell),
        );
    }
}
