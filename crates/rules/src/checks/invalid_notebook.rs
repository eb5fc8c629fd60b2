//! `invalid-notebook`: a file that departs from the notebook format, and was read nevertheless.

use nbfix_ipynb::{Problem, ProblemKind};
use nbfix_lint::{Check, Findings, Level, Place, Report};
use nbfix_semantic::Semantic;

pub(crate) const CHECK: Check = Check::Notebook(check);

fn check<'a>(semantic: &Semantic<'a>, findings: &mut Findings<'_>) {
    let mut told: Vec<ProblemKind> = Vec::new();
    let problems = semantic.notebook().problems();
    for problem in problems {
        // One finding for each sort of problem: a tool that forgets an id forgets all of them.
        if told.contains(&problem.kind) {
            continue;
        }
        told.push(problem.kind);
        let alike = problems.iter().filter(|other| other.kind == problem.kind);
        findings.push(report(problem, alike.count() - 1));
    }
}

fn report(problem: &Problem, more: usize) -> Report {
    let at = Place::File {
        range: problem.range.clone(),
        cell: problem.cell,
    };
    let report = Report::in_place(at)
        .with("problem", problem.message.as_str())
        .with("more", more.to_string())
        .level(level(problem.kind))
        .help(help(problem.kind));
    match more {
        0 => report,
        1 => report.says("one-more"),
        _ => report.says("more"),
    }
}

/// What `nbformat.validate` refuses is an error; what every reader repairs or overlooks is a warning.
fn level(kind: ProblemKind) -> Level {
    match kind {
        ProblemKind::MissingKey
        | ProblemKind::WrongType
        | ProblemKind::InvalidCellId
        | ProblemKind::UnknownCellType => Level::Error,
        ProblemKind::DuplicateKey
        | ProblemKind::MissingOutputs
        | ProblemKind::MissingCellId
        | ProblemKind::DuplicateCellId
        | ProblemKind::OldFormat
        | ProblemKind::LoneSurrogate => Level::Warning,
    }
}

fn help(kind: ProblemKind) -> &'static str {
    match kind {
        ProblemKind::DuplicateKey => "keep one of the two; the last one is what Jupyter shows",
        ProblemKind::MissingKey | ProblemKind::WrongType | ProblemKind::UnknownCellType => {
            "repair the JSON at this place, or restore the file from version control"
        }
        ProblemKind::MissingOutputs => {
            "open and save the notebook in Jupyter, or add `\"outputs\": []` and `\"execution_count\": null`"
        }
        ProblemKind::MissingCellId | ProblemKind::DuplicateCellId | ProblemKind::InvalidCellId => {
            "open and save the notebook in Jupyter, which gives every cell an id of its own"
        }
        ProblemKind::OldFormat => "it is checked like any other, and no fix is written into it",
        ProblemKind::LoneSurrogate => {
            "write the character again, or delete the half of it that is left"
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use nbfix_ipynb::Notebook;
    use nbfix_lint::{RuleSet, lint};
    use nbfix_semantic::Sources;

    #[test]
    fn one_finding_a_sort_and_errors_only_for_what_nobody_repairs() {
        let cell = r#"{"cell_type": "code", "metadata": {}, "source": ""}"#;
        let cells = format!(r#"{cell}, {cell}, {{"cell_type": "markdown", "metadata": []}}"#);
        let file = format!(
            r#"{{"cells": [{cells}], "metadata": {{}}, "nbformat": 4, "nbformat_minor": 5}}"#
        );
        let notebook = Notebook::load(file.into_bytes()).unwrap();
        let sources = Sources::parse(&notebook, "x.ipynb");
        let rules = RuleSet::new(crate::find("invalid-notebook"));
        let mut found: Vec<(Level, String)> = lint(&Semantic::new(&notebook, &sources), &rules)
            .findings
            .into_iter()
            .map(|finding| (finding.level, finding.message))
            .collect();
        found.sort();
        let more = "more of this sort";
        let wanted = [
            (
                Level::Warning,
                format!("cell 1 has no `id`, which nbformat 4.5 requires, and there are 2 {more}"),
            ),
            (
                Level::Warning,
                format!("cell 1 has no `outputs`, and there are 3 {more}"),
            ),
            (Level::Error, "cell 3 has no `source`".to_owned()),
            (
                Level::Error,
                "the `metadata` of cell 3 is no object".to_owned(),
            ),
        ];
        assert_eq!(found, wanted);
    }
}
