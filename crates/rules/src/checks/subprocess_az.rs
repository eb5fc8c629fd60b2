//! `subprocess-az`: a cell that runs the Azure CLI, which the next machine may not have.

use nbfix_ipynb::CellId;
use nbfix_lint::{Check, Findings, Report};
use nbfix_python::ast::{AnyNodeRef, Expr};
use nbfix_python::{SourceOrderVisitor, TraversalSignal, range, shell, string_value};
use nbfix_semantic::{ProgramId, Semantic, Source, Unit};
use nbfix_text::TextRange;

use crate::cli::{az_call, az_commands, az_node, sdk_call, spoken};
use crate::degrade::{is_stdlib_import, line_end};
use crate::guards::is_caught;
use crate::outage::Outage;

pub(crate) const CHECK: Check = Check::Notebook(check);

fn check<'a>(semantic: &Semantic<'a>, findings: &mut Findings<'_>) {
    for unit in semantic.units_of(ProgramId::DOCUMENT) {
        // Every spelling names the CLI, or a name that another cell bound to it.
        let may_run = unit.source.contains("az")
            || ["subprocess", "run(", "check_", "Popen", "system(", "popen("]
                .iter()
                .any(|word| unit.source.contains(word));
        if may_run {
            in_python(semantic, unit, findings);
        }
    }
    for (id, cell) in semantic.notebook().ids() {
        if let Source::Shell { code } = semantic.source(id) {
            in_shell(id, &cell.source, *code, findings);
        }
    }
}

/// One `az` command of a cell.
struct Run {
    words: Vec<String>,
    at: TextRange,
    /// Whether it runs when the cell runs, and not when somebody calls a function.
    top_level: bool,
}

fn in_python<'a>(semantic: &Semantic<'a>, unit: &Unit<'a>, findings: &mut Findings<'_>) {
    let mut finder = Finder {
        semantic,
        unit,
        ancestors: Vec::new(),
        runs: Vec::new(),
    };
    finder.visit_body(unit.module.body());
    let runs = finder.runs;
    let Some(mut report) = told(unit.cell, unit.source, &runs) else {
        return;
    };
    if let Some((from, to)) = region(unit, &runs) {
        let mut outage = Outage::of_tool("az");
        outage.first = [
            "import shutil",
            "if shutil.which('az') is None:",
            "    raise LookupError('the Azure CLI (az) is not on the PATH')",
        ]
        .map(str::to_owned)
        .to_vec();
        for edit in wrap(semantic, unit, from, to, &outage, Vec::new())
            .into_iter()
            .flatten()
        {
            report = report.edit(unit.cell, edit);
        }
    }
    findings.push(report);
}

fn in_shell(cell: CellId, source: &str, code: TextRange, findings: &mut Findings<'_>) {
    let runs: Vec<Run> = az_commands(source, code)
        .into_iter()
        .map(|(words, at)| Run {
            words,
            at,
            top_level: true,
        })
        .collect();
    if let Some(report) = told(cell, source, &runs) {
        findings.push(report);
    }
}

/// One report for all commands of a cell; the first is the place, the others are labelled.
fn told(cell: CellId, source: &str, runs: &[Run]) -> Option<Report> {
    let (first, others) = runs.split_first()?;
    let first_line =
        |at: TextRange| TextRange::new(at.start(), at.end().min(line_end(source, at.start())));
    let mut report = Report::at(cell, first_line(first.at)).with("command", spoken(&first.words));
    for other in others {
        report = report.label(
            cell,
            first_line(other.at),
            format!("and `{}`", spoken(&other.words)),
        );
    }
    if let Some(help) = sdk_call(&first.words) {
        report = report.help(help);
    }
    Some(report)
}

/// The top-level statements from the first that runs `az` to the last that may need its result.
fn region(unit: &Unit<'_>, runs: &[Run]) -> Option<(usize, usize)> {
    // A function fails where it is called; wrapping its definition would mend nothing.
    if runs.iter().any(|run| !run.top_level) {
        return None;
    }
    let body = unit.module.body();
    let first = runs.iter().map(|run| run.at.start()).min()?;
    let last = runs.iter().map(|run| run.at.start()).max()?;
    let from = body
        .iter()
        .position(|stmt| range(stmt).covers(TextRange::empty(first)))?;
    let runs_last = body
        .iter()
        .position(|stmt| range(stmt).covers(TextRange::empty(last)))?;
    let harmless = |stmt: &nbfix_python::ast::Stmt| {
        use nbfix_python::ast::Stmt;
        matches!(stmt, Stmt::FunctionDef(_) | Stmt::ClassDef(_)) || is_stdlib_import(stmt)
    };
    let to = body.iter().rposition(|stmt| !harmless(stmt))?;
    Some((from, to.max(runs_last)))
}

struct Finder<'s, 'a> {
    semantic: &'s Semantic<'a>,
    unit: &'s Unit<'a>,
    ancestors: Vec<AnyNodeRef<'a>>,
    runs: Vec<Run>,
}

impl<'a> Finder<'_, 'a> {
    fn found(&mut self, words: Vec<String>, at: TextRange) {
        if is_caught(&self.ancestors, at) || self.asks_first(at) {
            return;
        }
        let top_level = !self.ancestors.iter().any(|node| {
            matches!(
                node,
                AnyNodeRef::StmtFunctionDef(_)
                    | AnyNodeRef::StmtClassDef(_)
                    | AnyNodeRef::ExprLambda(_)
            )
        });
        self.runs.push(Run {
            words,
            at,
            top_level,
        });
    }

    /// Whether an `if` around the place asks for the CLI, as in `if shutil.which("az"):`.
    fn asks_first(&self, at: TextRange) -> bool {
        self.ancestors.iter().any(|node| match node {
            AnyNodeRef::StmtIf(branch) => {
                let test = range(&*branch.test);
                !test.covers(at) && mentions_which(self.semantic, self.unit, &branch.test)
            }
            _ => false,
        })
    }
}

fn mentions_which<'a>(semantic: &Semantic<'a>, unit: &Unit<'a>, test: &'a Expr) -> bool {
    crate::outage::Needs::of_expr(semantic, unit, test)
        .tools
        .iter()
        .any(|tool| tool.starts_with("az"))
}

impl<'a> SourceOrderVisitor<'a> for Finder<'_, 'a> {
    fn enter_node(&mut self, node: AnyNodeRef<'a>) -> TraversalSignal {
        match node {
            AnyNodeRef::ExprCall(call) => {
                if let Some(words) = az_call(self.semantic, self.unit, call) {
                    self.found(words, range(call));
                }
            }
            // `plumbum.local["az"]`
            AnyNodeRef::ExprSubscript(subscript) => {
                let path = self.semantic.qualified(self.unit, &*subscript.value);
                let program = string_value(&subscript.slice);
                if path.as_deref() == Some("plumbum.local") && program.is_some_and(shell::is_az) {
                    self.found(Vec::new(), range(subscript));
                }
            }
            AnyNodeRef::StmtIpyEscapeCommand(escape) => {
                if let Some(words) = az_node(self.semantic, self.unit, node) {
                    self.found(words, range(escape));
                }
            }
            AnyNodeRef::ExprIpyEscapeCommand(escape) => {
                if let Some(words) = az_node(self.semantic, self.unit, node) {
                    self.found(words, range(escape));
                }
            }
            _ => {}
        }
        self.ancestors.push(node);
        TraversalSignal::Traverse
    }

    fn leave_node(&mut self, _: AnyNodeRef<'a>) {
        self.ancestors.pop();
    }
}
