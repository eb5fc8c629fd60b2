//! Names that numpy no longer has, for the two rules that tell of them.

use std::sync::LazyLock;

use nbfix_ipynb::CellKind;
use nbfix_lint::{Context, Findings, Level, Report};
use nbfix_pattern::Resolve;
use nbfix_python::ast::ExprContext;
use nbfix_python::{AnyNodeRef, Body, range, split};
use nbfix_semantic::{Program, ProgramKind, Semantic};
use nbfix_text::TextRange;
use regex::Regex;

use crate::Settings;
use crate::pins::standing;

/// A name of numpy that is read.
pub(crate) struct Gone<'a> {
    /// The name in numpy.
    pub(crate) name: &'a str,
    /// All of it, as it stands in the text.
    pub(crate) at: TextRange,
    /// The name alone, where it stands behind a dot.
    pub(crate) attribute: Option<TextRange>,
    /// How bad it is in a file that no cell runs.
    level: Option<Level>,
}

impl Gone<'_> {
    /// What is said of it.
    pub(crate) fn report(&self, context: &Context<'_, '_>) -> Report {
        let report = Report::at(context.unit.cell, self.at).with("name", self.name);
        match self.level {
            Some(level) => report.says("elsewhere").level(level),
            None => report,
        }
    }
}

/// The name of numpy that `node` reads, if it is one of the `known` ones, and the document asks for no numpy before
/// `since`.
pub(crate) fn gone<'a>(
    context: &Context<'_, 'a>,
    node: AnyNodeRef<'a>,
    findings: &Findings<'_>,
    since: &str,
    known: impl Fn(&str) -> bool,
) -> Option<Gone<'a>> {
    let (path, name, at, attribute) = match node {
        AnyNodeRef::ExprAttribute(expr) if expr.ctx == ExprContext::Load => {
            let name = expr.attr.as_str();
            let path = known(name).then(|| context.qualified(expr))?;
            (path?, name, range(expr), Some(range(&expr.attr)))
        }
        AnyNodeRef::ExprName(expr) if expr.ctx == ExprContext::Load => {
            let name = expr.id.as_str();
            let path = known(name).then(|| context.qualified(expr))?;
            (path?, name, range(expr), None)
        }
        _ => return None,
    };
    if path.strip_prefix("numpy.") != Some(name) {
        return None;
    }
    standing(context.semantic, Settings::of(findings), "numpy", since)?;
    let program = context.program();
    let is_elsewhere = program.kind == ProgramKind::CellFile && !is_run(context.semantic, program);
    Some(Gone {
        name,
        at,
        attribute,
        level: is_elsewhere.then_some(Level::Note),
    })
}

/// Whether the builtin of this name is what the name means at the place of `gone`.
pub(crate) fn is_builtin(context: &Context<'_, '_>, name: &str, gone: &Gone<'_>) -> bool {
    let binding = context
        .semantic
        .binding(context.unit, name, gone.at.start());
    binding.is_none()
}

/// `numpy.name` in the words of the document.
pub(crate) fn spelled(context: &Context<'_, '_>, name: &str, gone: &Gone<'_>) -> Option<String> {
    context.spelled(&format!("numpy.{name}"), gone.at.start())
}

/// Whether a cell runs or imports a file that another one writes. What no cell runs is for another machine, such as a
/// container for training, whose numpy is not the reader's.
fn is_run(semantic: &Semantic<'_>, file: &Program) -> bool {
    static RUNS: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(r"\bpython[0-9.]*\s|%run\b|\b(?:torchrun|accelerate|deepspeed|mpirun)\b|^\s*(?:import|from)\s|\bsubprocess\b|\bos\.system\b|\bsys\.executable\b")
            .ok()
    });
    let name = file.file_name();
    let stem = name.strip_suffix(".py").unwrap_or(name);
    let names_it = |line: &str| {
        let mut words = line.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-'));
        words.any(|word| word == stem)
    };
    let runs = |line: &str| RUNS.as_ref().is_some_and(|runs| runs.is_match(line));
    let cells = semantic.notebook().cells().iter();
    let mut cells = cells
        .filter(|cell| cell.kind == CellKind::Code)
        .filter(|cell| {
            !matches!(split(&cell.source), Body::File { .. }) && !is_written(&cell.source)
        });
    cells.any(|cell| cell.source.lines().any(|line| names_it(line) && runs(line)))
}

/// Whether the cell writes a file, of whatever kind.
fn is_written(text: &str) -> bool {
    let text = text.trim_start();
    text.starts_with("%%writefile") || text.starts_with("%%file")
}
