//! `cascade-error`: `NameError`s that only follow from an earlier error.

use nbfix_lint::{Check, Findings, Report};
use nbfix_semantic::Semantic;

use crate::recorded::{Recorded, Story};

pub(crate) const CHECK: Check = Check::Notebook(check);

/// One finding for each cause, at the first error that follows from it.
fn check<'a>(semantic: &Semantic<'a>, findings: &mut Findings<'_>) {
    let story = Story::of(semantic);
    for (index, cause) in story.all.iter().enumerate() {
        let followers: Vec<&Recorded> = story.followers(index).collect();
        let Some((first, rest)) = followers.split_first() else {
            continue;
        };
        let mut report = Report::at(first.cell, first.line.range)
            .with("count", followers.len().to_string())
            .with("cell", cause.cell.number().to_string())
            .with("cause", cause.text.as_str())
            .with("error", first.text.as_str())
            .label(
                cause.cell,
                cause.line.range,
                format!("`{}` ended this cell first", cause.text),
            );
        if rest.is_empty() {
            report = report.says("one");
        }
        for other in rest {
            report = report.label(other.cell, other.line.range, format!("`{}`", other.text));
        }
        findings.push(report);
    }
}
