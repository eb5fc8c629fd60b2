//! `subprocess-az`: a cell that runs the Azure CLI, which the next machine may not have.

use nbfix_ipynb::CellId;
use nbfix_lint::{Check, Findings, Report};
use nbfix_semantic::{ProgramKind, Semantic, Source, Unit};
use nbfix_text::TextRange;

use crate::az_runs::{Run, runs_of};
use crate::cli::{az_commands, sdk_call, spoken};
use crate::degrade::{Plan, line_end};

pub(crate) const CHECK: Check = Check::Notebook(check);

fn check<'a>(semantic: &Semantic<'a>, findings: &mut Findings<'_>) {
    let mut plan: Option<Plan> = None;
    for (unit, runs) in runs_of(semantic) {
        let Some(report) = in_cell(semantic, unit, &runs) else {
            continue;
        };
        let plan = plan.get_or_insert_with(|| Plan::of(semantic, findings));
        findings.push(plan.mend(semantic, unit, report));
    }
    for (id, cell) in semantic.notebook().ids() {
        if let Source::Shell { code } = semantic.source(id) {
            in_shell(id, &cell.source, *code, findings);
        }
    }
}

/// What is said of one cell of Python.
fn in_cell(semantic: &Semantic<'_>, unit: &Unit<'_>, runs: &[Run]) -> Option<Report> {
    let mut report = told(unit.cell, unit.source, runs)?;
    if runs.first().is_some_and(|run| !run.through.is_empty()) {
        report = report.says("through");
    }
    // One label at each place of the document where a function runs the command for this cell.
    let mut labelled: Vec<(usize, TextRange)> = Vec::new();
    for run in runs {
        let place = run.through.iter().rev().find_map(|(unit, at)| {
            let home = semantic.unit(*unit)?;
            let kind = semantic.program(home.program).kind;
            let is_ours = matches!(kind, ProgramKind::Notebook | ProgramKind::CellFile);
            is_ours.then_some((home, *at))
        });
        let Some((home, at)) = place else { continue };
        if !labelled.contains(&(home.index, at)) {
            labelled.push((home.index, at));
            report = report.label(home.cell, first_line(home.source, at), "this runs it");
        }
    }
    Some(report)
}

fn in_shell(cell: CellId, source: &str, code: TextRange, findings: &mut Findings<'_>) {
    let runs: Vec<Run> = az_commands(source, code)
        .into_iter()
        .map(|(words, at)| Run {
            words,
            at,
            function: None,
            through: Vec::new(),
            guarded: false,
            rewrite: None,
            limits: Vec::new(),
        })
        .collect();
    if let Some(report) = told(cell, source, &runs) {
        findings.push(report);
    }
}

/// One report for all commands of a cell; the first is the place, the others are labelled.
fn told(cell: CellId, source: &str, runs: &[Run]) -> Option<Report> {
    let (first, others) = runs.split_first()?;
    let mut report =
        Report::at(cell, first_line(source, first.at)).with("command", spoken(&first.words));
    for other in others {
        report = report.label(
            cell,
            first_line(source, other.at),
            format!("and `{}`", spoken(&other.words)),
        );
    }
    if let Some(help) = sdk_call(&first.words) {
        report = report.help(help);
    }
    Some(report)
}

fn first_line(source: &str, at: TextRange) -> TextRange {
    TextRange::new(at.start(), at.end().min(line_end(source, at.start())))
}
