//! Applying fixes once, as asked: what still matches afterwards is meant to, and only Python has to come out.

use std::collections::{BTreeMap, BTreeSet};

use nbfix_ipynb::{CellId, DocumentKind, Notebook};
use nbfix_lint::{Finding, Fix};
use nbfix_semantic::{Semantic, Sources};
use nbfix_text::Patch;

/// What rewriting gave.
pub(crate) struct Rewritten {
    /// The notebook; the same if nothing was applied.
    pub(crate) notebook: Notebook,
    /// How many fixes were applied.
    pub(crate) applied: usize,
    /// Why others were not.
    pub(crate) refused: Vec<String>,
}

/// Applies the fixes of the findings: all at once if that gives Python, else one after the other, as far as it does.
pub(crate) fn rewrite(before: &Notebook, path: &str, findings: &[Finding]) -> Rewritten {
    let mut rewritten = Rewritten {
        notebook: before.clone(),
        applied: 0,
        refused: Vec::new(),
    };
    if let Some(reason) = before.read_only().filter(|_| !findings.is_empty()) {
        rewritten.refused.push(format!("not rewritten: {reason}"));
        return rewritten;
    }
    let broken = broken(before, path);
    let mut edits = BTreeMap::new();
    let mut fixes: Vec<&Fix> = Vec::new();
    for finding in findings {
        let Some(fix) = &finding.fix else { continue };
        match united(&edits, fix) {
            Some(more) => {
                edits = more;
                fixes.push(fix);
            }
            None => rewritten.refused.push(format!(
                "{}not rewritten: it overlaps another match; run it again for this one",
                place(finding.at.cell())
            )),
        }
    }
    if let Ok(notebook) = attempt(before, &edits, path, &broken) {
        rewritten.applied = fixes.len();
        rewritten.notebook = notebook;
        return rewritten;
    }
    let mut kept = BTreeMap::new();
    for fix in fixes {
        let Some(more) = united(&kept, fix) else {
            continue;
        };
        match attempt(before, &more, path, &broken) {
            Ok(notebook) => {
                kept = more;
                rewritten.applied += 1;
                rewritten.notebook = notebook;
            }
            Err(why) => rewritten.refused.push(why),
        }
    }
    rewritten
}

type Edits = BTreeMap<CellId, Patch>;

/// The edits with those of a fix; `None` if they overlap.
fn united(edits: &Edits, fix: &Fix) -> Option<Edits> {
    let mut united = edits.clone();
    for (cell, patch) in &fix.edits {
        united.entry(*cell).or_default().union(patch.clone()).ok()?;
    }
    Some(united)
}

fn attempt(
    before: &Notebook,
    edits: &Edits,
    path: &str,
    broken_before: &BTreeSet<CellId>,
) -> Result<Notebook, String> {
    let edits: Vec<(CellId, Patch)> = edits.clone().into_iter().collect();
    let bytes = before.splice(&edits);
    let loaded = match before.kind() {
        DocumentKind::Notebook => Notebook::load(bytes),
        DocumentKind::Script => Notebook::script(bytes),
    };
    let notebook =
        loaded.map_err(|error| format!("not rewritten: the file would no longer load: {error}"))?;
    let broken = broken(&notebook, path);
    match broken.difference(broken_before).next() {
        Some(cell) => Err(format!(
            "{}not rewritten: it would no longer be Python",
            place(Some(*cell))
        )),
        None => Ok(notebook),
    }
}

/// The cells that Python cannot read.
fn broken(notebook: &Notebook, path: &str) -> BTreeSet<CellId> {
    let sources = Sources::parse(notebook, path);
    let semantic = Semantic::new(notebook, &sources);
    let units = semantic.units().iter();
    units
        .filter(|unit| !unit.module.errors().is_empty())
        .map(|unit| unit.cell)
        .collect()
}

fn place(cell: Option<CellId>) -> String {
    cell.map_or_else(String::new, |cell| format!("cell {}: ", cell.number()))
}
