//! `repeated-helper`: the same function, written out in cell after cell.

use nbfix_ipynb::CellId;
use nbfix_lint::{Check, Findings, Report};
use nbfix_python::ast::comparable::{ComparableParameters, ComparableStmt};
use nbfix_python::ast::{Expr, Stmt, StmtFunctionDef};
use nbfix_python::range;
use nbfix_semantic::{ProgramId, Semantic};
use rustc_hash::FxHashMap;

pub(crate) const CHECK: Check = Check::Notebook(check);

/// How many cells must hold it; two may be a "before" and an "after".
const MIN_CELLS: usize = 3;

/// What two functions must have in common: parameters and body. Their names and docstrings may differ, names inside
/// them may not: a function that reads other globals does other things.
type Key<'a> = (bool, ComparableParameters<'a>, Vec<ComparableStmt<'a>>);

fn check<'a>(semantic: &Semantic<'a>, findings: &mut Findings<'_>) {
    let mut groups: FxHashMap<Key<'a>, Vec<(CellId, &'a StmtFunctionDef)>> = FxHashMap::default();
    for unit in semantic.units_of(ProgramId::DOCUMENT) {
        // A cell that was not understood in full has half of a function, perhaps.
        if !unit.source.contains("def ") || !unit.module.errors().is_empty() {
            continue;
        }
        for stmt in unit.module.body() {
            let Stmt::FunctionDef(function) = stmt else {
                continue;
            };
            let body = without_docstring(&function.body);
            if is_one_liner(body) {
                continue;
            }
            let key = (
                function.is_async,
                ComparableParameters::from(&*function.parameters),
                body.iter().map(ComparableStmt::from).collect(),
            );
            groups.entry(key).or_default().push((unit.cell, function));
        }
    }
    for functions in groups.values() {
        let Some(((cell, first), others)) = functions.split_first() else {
            continue;
        };
        let mut cells: Vec<CellId> = functions.iter().map(|(cell, _)| *cell).collect();
        cells.dedup();
        if cells.len() < MIN_CELLS {
            continue;
        }
        let mut report = Report::at(*cell, range(&first.name))
            .with("name", first.name.as_str())
            .with("count", cells.len().to_string());
        for (cell, other) in others {
            let text = match other.name.as_str() == first.name.as_str() {
                true => "again".to_owned(),
                false => format!("again, as `{}`", other.name),
            };
            report = report.label(*cell, range(&other.name), text);
        }
        findings.push(report);
    }
}

fn without_docstring(body: &[Stmt]) -> &[Stmt] {
    match body {
        [Stmt::Expr(first), rest @ ..] if matches!(&*first.value, Expr::StringLiteral(_)) => rest,
        all => all,
    }
}

/// Whether it is not worth a word: nothing, or one statement without a block of its own.
fn is_one_liner(body: &[Stmt]) -> bool {
    match body {
        [] => true,
        [only] => !matches!(
            only,
            Stmt::For(_) | Stmt::While(_) | Stmt::If(_) | Stmt::With(_) | Stmt::Try(_)
        ),
        _ => false,
    }
}
