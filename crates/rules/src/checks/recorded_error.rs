//! `recorded-error`: an error that the notebook has stored, explained.

use nbfix_lint::{Check, Findings, Join, Level, Report};
use nbfix_semantic::Semantic;

use super::stale_output;
use crate::recorded::{Recorded, Story, cells_in_words, stale};
use crate::signatures::{Explained, Severity};

pub(crate) const CHECK: Check = Check::Notebook(check);

/// Rules whose finding is the cause of an error in the very same line, even where no signature explains the error.
const CAUSES: &[&str] = &[
    "raise-on-missing-service",
    "wrong-arguments",
    "openai-headers",
    "removed-api",
    "moved-import",
    "removed-numpy-alias",
];

/// Rules whose finding is the cause of a cell that is no Python.
const SYNTAX: &[&str] = &[
    "syntax-error",
    "conflict-marker",
    "literal-newline",
    "lost-newlines",
];

fn check<'a>(semantic: &Semantic<'a>, findings: &mut Findings<'_>) {
    let story = Story::of(semantic);
    for (index, head) in story.all.iter().enumerate() {
        if !story.is_root(index) {
            continue;
        }
        if stale(semantic, head).is_some() {
            // Told once: by the rule that knows what to do about it, if that runs.
            if !findings.runs(stale_output::NAME) {
                findings.push(at(head).says("stale").level(Level::Note));
            }
            continue;
        }
        let followers: Vec<&Recorded> = story.followers(index).collect();
        let report = match &head.explained {
            Some(explained) => explained_report(head, explained),
            None => unexplained(head, followers.is_empty()),
        };
        findings.push(with_followers(report, &followers));
    }
}

fn at(head: &Recorded) -> Report {
    Report::at(head.cell, head.line.range).with("error", head.text.as_str())
}

fn explained_report(head: &Recorded, explained: &Explained) -> Report {
    let (category, severity) = (explained.category.as_str(), explained.severity.as_str());
    let help = format!(
        "{} (category: {category}, severity: {severity})",
        explained.remedy
    );
    let mut report = at(head)
        .with("diagnosis", explained.diagnosis.as_str())
        .help(help);
    if explained.severity == Severity::Low {
        report = report.level(Level::Note);
    }
    if head.is_printed() {
        report = report.says("printed");
    }
    report.join(Join {
        rules: explained.joins.to_vec(),
        text: format!("{}: {}", happened(head), explained.diagnosis),
        same: Some(head.cause()),
        more: "; more cells have failed for this reason: {count}".to_owned(),
        ..Join::default()
    })
}

/// An error that no signature explains is told if others follow from it, or where a rule finds its cause.
fn unexplained(head: &Recorded, is_alone: bool) -> Report {
    let is_syntax = matches!(head.ename.as_str(), "SyntaxError" | "IndentationError");
    let causes = match (is_syntax, is_alone) {
        (false, _) => CAUSES,
        // `syntax-error` looks at the outputs by itself, and says so.
        (true, true) => &SYNTAX[1..],
        (true, false) => SYNTAX,
    };
    at(head).says("cause").join(Join {
        rules: causes.iter().map(|rule| (*rule).to_owned()).collect(),
        text: happened(head),
        same_line: !is_syntax,
        only: is_alone,
        ..Join::default()
    })
}

fn happened(head: &Recorded) -> String {
    let verb = if head.is_printed() {
        "printed"
    } else {
        "raised"
    };
    format!("this {verb} `{}` when the notebook was last run", head.text)
}

/// Marks the first of the errors that follow, and names the cells of the rest.
fn with_followers(report: Report, followers: &[&Recorded]) -> Report {
    let Some((first, rest)) = followers.split_first() else {
        return report;
    };
    let cells: Vec<_> = rest.iter().map(|one| one.cell).collect();
    let too = match cells.as_slice() {
        [] => String::new(),
        [_] => format!(", and so does the error of {}", cells_in_words(&cells)),
        _ => format!(", and so do those of {}", cells_in_words(&cells)),
    };
    let text = format!("`{}` follows from it{too}", first.text);
    report.label(first.cell, first.line.range, text)
}
