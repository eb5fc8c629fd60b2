//! The degrade fix: a notebook that needs services goes on without them, to its last cell.
//!
//! A *site* is a piece of a cell that stops the notebook when something is missing. Its statements move into a `try`:
//! where they fail, the reader is told what is missing and how to mend it, a flag says so to later cells, and every name
//! that they would have bound exists. What they bind is then followed through the notebook: every later statement that
//! needs it, directly, through another name or through a function, asks for the flag first. Bugs in the code still raise.
//!
//! All sites of a notebook are planned together, because one cell may need several services.

mod effects;
mod folds;
mod helper;
mod packages;
mod planner;
mod reach;
mod sites;
mod taint;
mod text;

use nbfix_ipynb::CellId;
use nbfix_lint::{Findings, Report};
use nbfix_semantic::{ProgramId, Semantic, Unit};
use nbfix_text::{Edit, TextRange};

use crate::env_reads::{Variable, sources, variables};
use crate::outage::Outage;
use crate::services::Services;
use crate::settings::Settings;

pub(crate) use text::{is_stdlib_import, line_end, line_start, quoted};

/// A piece of a cell that stops the notebook when something is missing.
pub(crate) struct Site {
    /// The unit, by its index.
    pub(crate) unit: usize,
    /// The first and the last of the statements that it surely holds, by position.
    pub(crate) from: usize,
    pub(crate) to: usize,
    pub(crate) outage: Outage,
    /// Edits inside it that make its stops ones that can be caught.
    pub(crate) replacements: Vec<Edit>,
    /// Names of other cells that it asks for: where they are missing, so is the service.
    pub(crate) asks: Vec<String>,
}

/// The fix of a whole notebook.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    edits: Vec<(CellId, Edit)>,
    /// A new cell, and where.
    cell: Option<(usize, String)>,
    /// Cells that need something and cannot be guarded.
    bare: Vec<CellId>,
    /// Sites that could not be wrapped, by unit.
    unwrapped: Vec<usize>,
}

impl Plan {
    /// Plans for the sites of all rules of the family that run.
    pub(crate) fn of(semantic: &Semantic<'_>, findings: &Findings<'_>) -> Self {
        let style = Settings::of(findings).fix.style;
        let sites = sites::all(semantic, findings);
        let sources = if findings.runs("unguarded-env") {
            let all = variables(semantic);
            let allowed = |variable: &&Variable<'_>| {
                let mut reads = variable.reads.iter();
                reads.any(|read| findings.is_allowed_of("unguarded-env", read.cell, read.range))
            };
            all.iter()
                .filter(|variable| !allowed(variable))
                .flat_map(|variable| sources(semantic, variable))
                .collect()
        } else {
            Vec::new()
        };
        let services = Services::of(findings);
        planner::Planner::new(semantic, services, style, sites, sources).plan()
    }

    /// Whether some later cell works that needs nothing of what may be missing.
    pub(crate) fn spares_a_cell_below(&self, semantic: &Semantic<'_>, unit: &Unit<'_>) -> bool {
        let mut later = semantic
            .units_of(ProgramId::DOCUMENT)
            .filter(|later| later.index > unit.index);
        later.any(|later| {
            let needs = self.edits.iter().any(|(cell, _)| *cell == later.cell)
                || self.bare.contains(&later.cell)
                || self.unwrapped.contains(&later.index);
            !needs && later.module.body().iter().any(effects::works)
        })
    }

    /// Adds the fix to a report on the site of this unit.
    pub(crate) fn mend(&self, semantic: &Semantic<'_>, unit: &Unit<'_>, report: Report) -> Report {
        if self.unwrapped.contains(&unit.index) {
            return report;
        }
        self.add_to(semantic, report)
    }

    /// Adds the fix to a report.
    pub(crate) fn add_to(&self, semantic: &Semantic<'_>, mut report: Report) -> Report {
        for (cell, edit) in &self.edits {
            report = report.edit(*cell, edit.clone());
        }
        if let Some((before, source)) = &self.cell {
            report = report.insert_cell(*before, source.clone());
        }
        for cell in &self.bare {
            let source = semantic
                .notebook()
                .cell(*cell)
                .map_or("", |cell| &cell.source);
            let line = TextRange::new(0, line_end(source, 0));
            report = report.label(
                *cell,
                line,
                "it needs what may be missing, and cannot be guarded",
            );
        }
        report
    }
}
