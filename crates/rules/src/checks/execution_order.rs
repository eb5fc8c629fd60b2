//! `execution-order`: execution counts that no run from top to bottom gives.

use nbfix_ipynb::{CellId, CellKind};
use nbfix_lint::{Check, Findings, Report};
use nbfix_semantic::Semantic;

use crate::recorded::first_line;

pub(crate) const CHECK: Check = Check::Notebook(check);

/// A code cell that holds something.
struct Run<'s> {
    cell: CellId,
    source: &'s str,
    count: Option<i64>,
}

/// One finding a notebook: the worst that can be said of its counts.
fn check<'a>(semantic: &Semantic<'a>, findings: &mut Findings<'_>) {
    let notebook = semantic.notebook();
    let runs: Vec<Run<'_>> = notebook
        .ids()
        .filter(|(_, cell)| cell.kind == CellKind::Code && !cell.source.trim().is_empty())
        .filter(|(id, cell)| {
            let skipped = |tag: &String| tag == "skip-execution";
            cell.execution_count.is_some() || !notebook.cell_tags(*id).iter().any(skipped)
        })
        .map(|(cell, it)| Run {
            cell,
            source: &it.source,
            count: it.execution_count,
        })
        .collect();
    if runs.iter().all(|run| run.count.is_none()) {
        return;
    }
    let told = out_of_order(&runs)
        .or_else(|| partly_run(&runs))
        .or_else(|| not_in_one_go(&runs));
    if let Some(report) = told {
        findings.push(report);
    }
}

fn at(run: &Run<'_>) -> Report {
    Report::at(run.cell, first_line(run.source))
}

/// The first cell that ran before one that stands above it.
fn out_of_order(runs: &[Run<'_>]) -> Option<Report> {
    let mut latest: Option<(&Run<'_>, i64)> = None;
    for run in runs {
        let Some(count) = run.count else { continue };
        match latest {
            Some((above, last)) if count <= last => {
                let report = at(run)
                    .with("count", count.to_string())
                    .with("above", above.cell.number().to_string())
                    .with("last", last.to_string())
                    .label(
                        above.cell,
                        first_line(above.source),
                        format!("this cell is In [{last}]"),
                    );
                let same = count == last;
                return Some(if same {
                    report.says("sessions")
                } else {
                    report
                });
            }
            _ => latest = Some((run, count)),
        }
    }
    None
}

fn partly_run(runs: &[Run<'_>]) -> Option<Report> {
    let first = runs.iter().find(|run| run.count.is_none())?;
    let missing = runs.iter().filter(|run| run.count.is_none()).count();
    let report = at(first)
        .says("partly")
        .with("missing", missing.to_string())
        .with("all", runs.len().to_string());
    Some(report)
}

/// The first cell whose count is not the one that a fresh run gives it.
fn not_in_one_go(runs: &[Run<'_>]) -> Option<Report> {
    let counted = runs.iter().zip(1..);
    let (run, wanted) = counted.into_iter().find(|(run, n)| run.count != Some(*n))?;
    let count = run.count.unwrap_or_default();
    let report = at(run)
        .says("gaps")
        .with("count", count.to_string())
        .with("wanted", wanted.to_string());
    Some(report)
}
