//! `undefined-name`: a name that no cell binds.

use nbfix_ipynb::CellId;
use nbfix_lint::{Check, Findings, Level, Report};
use nbfix_python::ast::{ExceptHandler, Expr, Stmt, StmtTry};
use nbfix_python::{AnyNodeRef, SourceOrderVisitor, TraversalSignal, range};
use nbfix_semantic::{Absence, ProgramId, Semantic, Unbound};
use nbfix_text::TextRange;

use crate::foreign::first_r;
use crate::names::{cell_of, name_list};

pub(crate) const CHECK: Check = Check::Notebook(check);

/// A cell that misses more names than this is a piece of another program, and told once.
const MAX_SINGLE: usize = 3;

/// A name and the places that read it, in order.
type Missing<'f> = (&'f str, Vec<&'f Unbound>);

fn check<'a>(semantic: &Semantic<'a>, findings: &mut Findings<'_>) {
    // `syntax-error` tells of such a notebook as a whole.
    if first_r(semantic).is_some() {
        return;
    }
    let mut missing: Vec<Missing<'_>> = Vec::new();
    for one in &semantic.flow().unbound {
        if one.why != Absence::Never || one.handled && is_asked_for(semantic, one) {
            continue;
        }
        match missing.iter_mut().find(|(name, _)| *name == one.name) {
            Some((_, places)) if places.iter().any(|known| known.at == one.at) => {}
            Some((_, places)) => places.push(one),
            None => missing.push((&one.name, vec![one])),
        }
    }
    for (_, places) in &mut missing {
        places.sort_by_key(|one| one.at);
    }
    let home = |(_, places): &Missing<'_>| places.first().and_then(|one| cell_of(semantic, one.at));
    let mut cells: Vec<CellId> = missing.iter().filter_map(home).collect();
    cells.sort_unstable();
    cells.dedup();
    for cell in cells {
        let mut here: Vec<&Missing<'_>> = missing
            .iter()
            .filter(|one| home(one) == Some(cell))
            .collect();
        here.sort_by_key(|(_, places)| places.first().map(|one| one.at));
        if here.len() > MAX_SINGLE {
            findings.extend(piece(semantic, cell, &here));
        } else {
            findings.extend(
                here.into_iter()
                    .filter_map(|one| single(semantic, cell, one)),
            );
        }
    }
}

fn single(semantic: &Semantic<'_>, cell: CellId, (name, places): &Missing<'_>) -> Option<Report> {
    let (first, others) = places.split_first()?;
    let mut report = Report::at(cell, first.at.range).with("name", *name);
    let python = match *name {
        "true" => Some("True"),
        "false" => Some("False"),
        "null" => Some("None"),
        _ => None,
    };
    if let Some(python) = python {
        report = report.says("json").with("python", python);
    } else if *name == "__file__" {
        report = report.says("file");
    }
    for other in others {
        report = report.label(cell_of(semantic, other.at)?, other.at.range, "and here");
    }
    if let Some((stub, line)) = stub(semantic, name) {
        report =
            report
                .says("stub")
                .level(Level::Note)
                .label(stub, line, "to be written, it seems");
    }
    Some(report)
}

/// The comment `# def NAME(...): ...` of a code cell, with which an exercise leaves a function to the reader. A function
/// that is commented out with its body is no such thing.
fn stub(semantic: &Semantic<'_>, name: &str) -> Option<(CellId, TextRange)> {
    let head = |line: &str| {
        let words = line.trim_start().strip_prefix('#')?.trim_start_matches('#');
        let after = words.trim_start().strip_prefix("def ")?.trim_start();
        let after = after.strip_prefix(name)?;
        after.trim_start().starts_with('(').then_some(())
    };
    let indent = |line: &str| {
        let words = line.trim_start().strip_prefix('#')?;
        let words = words.trim_start_matches('#');
        Some(words.len() - words.trim_start().len()).filter(|_| !words.trim().is_empty())
    };
    for unit in semantic.units_of(ProgramId::DOCUMENT) {
        let mut start = 0;
        let mut lines = unit.source.split_inclusive('\n').peekable();
        while let Some(line) = lines.next() {
            if head(line).is_some() {
                let below = lines.peek().and_then(|next| indent(next));
                if below <= indent(line) {
                    let end = start + line.trim_end().len();
                    return Some((unit.cell, TextRange::new(start, end)));
                }
            }
            start += line.len();
        }
    }
    None
}

/// A cell that was written for another program.
fn piece(semantic: &Semantic<'_>, cell: CellId, here: &[&Missing<'_>]) -> Option<Report> {
    let (_, places) = here.first()?;
    let names: Vec<&str> = here.iter().map(|(name, _)| *name).collect();
    let mut report = Report::at(cell, places.first()?.at.range)
        .says("piece")
        .with("names", name_list(&names));
    for (name, places) in here.iter().skip(1) {
        let first = places.first()?;
        report = report.label(
            cell_of(semantic, first.at)?,
            first.at.range,
            format!("nor `{name}`"),
        );
    }
    Some(report)
}

/// Whether the read is how the author asks whether the name is there: it stands as a value in the first statement of a `try`
/// whose handler takes every exception, and does no more than go on without.
fn is_asked_for(semantic: &Semantic<'_>, one: &Unbound) -> bool {
    let Some(unit) = semantic.units().get(one.at.unit) else {
        return false;
    };
    let mut asks = Asks {
        at: one.at.range,
        is_guarded: false,
        is_used: false,
    };
    asks.visit_body(unit.module.body());
    asks.is_guarded && !asks.is_used
}

struct Asks {
    at: TextRange,
    /// Whether such a `try` stands around the read.
    is_guarded: bool,
    /// Whether the name is called, or something of it is read: then it is a function or a module that is missing.
    is_used: bool,
}

impl<'a> SourceOrderVisitor<'a> for Asks {
    fn enter_node(&mut self, node: AnyNodeRef<'a>) -> TraversalSignal {
        if !range(node).covers(self.at) {
            return TraversalSignal::Skip;
        }
        match node {
            AnyNodeRef::StmtTry(each) => self.is_guarded |= goes_on(each, self.at),
            AnyNodeRef::ExprCall(call) => self.is_used |= range(&*call.func) == self.at,
            AnyNodeRef::ExprAttribute(member) => self.is_used |= range(&*member.value) == self.at,
            _ => {}
        }
        TraversalSignal::Traverse
    }
}

/// Whether the first statement of the `try` holds `at`, and its only handler takes all exceptions and goes on without.
fn goes_on(each: &StmtTry, at: TextRange) -> bool {
    let is_first = each.body.first().is_some_and(|stmt| range(stmt).covers(at));
    let [ExceptHandler::ExceptHandler(handler)] = each.handlers.as_slice() else {
        return false;
    };
    let is_broad = match handler.type_.as_deref() {
        None => true,
        Some(Expr::Name(name)) => matches!(name.id.as_str(), "Exception" | "BaseException"),
        Some(_) => false,
    };
    is_first && is_broad && handler.body.iter().all(is_quiet)
}

/// `pass`, something bound, or something printed.
fn is_quiet(stmt: &Stmt) -> bool {
    match stmt {
        Stmt::Pass(_) | Stmt::Assign(_) | Stmt::AnnAssign(_) => true,
        Stmt::Expr(stmt) => match &*stmt.value {
            Expr::Call(call) => call
                .func
                .as_name_expr()
                .is_some_and(|name| name.id == "print"),
            _ => false,
        },
        _ => false,
    }
}
