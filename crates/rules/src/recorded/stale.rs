//! Stored errors that no longer belong to their cell, as far as the file itself proves it.

use nbfix_lint::guards::{handler_body, is_exit, is_for_bugs};
use nbfix_python::ast::{ExceptHandler, Expr, Stmt, StmtTry, StmtWith};
use nbfix_python::{AnyNodeRef, SourceOrderVisitor, TraversalSignal, dotted, range};
use nbfix_semantic::{ProgramId, Semantic};
use nbfix_text::TextRange;

use super::{Known, Recorded};

/// Why a stored error is out of date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stale {
    /// The cell does not hold the line any more that the traceback names.
    Line,
    /// The name that was missing stands nowhere any more.
    Name,
    /// The line is still there, and its failure would not end the cell any more.
    Caught,
}

/// Whether and why an error is out of date. What is only likely is not said: an output whose line still stands there
/// may belong to it.
pub(crate) fn stale(semantic: &Semantic<'_>, one: &Recorded) -> Option<Stale> {
    let cells = semantic.notebook().cells();
    let stands = |name: &String| cells.iter().any(|cell| cell.source.contains(name.as_str()));
    if one.line.known == Known::Changed {
        Some(Stale::Line)
    } else if one.missing.as_ref().is_some_and(|name| !stands(name)) {
        Some(Stale::Name)
    } else {
        is_caught(semantic, one).then_some(Stale::Caught)
    }
}

/// Exceptions that `except Exception` does not catch.
const NOT_CAUGHT: &[&str] = &[
    "KeyboardInterrupt",
    "SystemExit",
    "GeneratorExit",
    "CancelledError",
];

/// Exceptions that are of the kind of another that a handler for bugs names.
const BUGS: &[&str] = &[
    "NameError",
    "UnboundLocalError",
    "TypeError",
    "AttributeError",
    "AssertionError",
    "SyntaxError",
    "IndentationError",
    "TabError",
];

/// Whether the line that the traceback names stands in something that catches every exception, and goes on.
fn is_caught(semantic: &Semantic<'_>, one: &Recorded) -> bool {
    let ename = one.ename.rsplit('.').next().unwrap_or_default();
    // A cell that is no Python, or that was interrupted, does not reach its handlers.
    let own = matches!(ename, "SyntaxError" | "IndentationError" | "TabError");
    if one.line.known != Known::Named || NOT_CAUGHT.contains(&ename) || own || ename.is_empty() {
        return false;
    }
    let mut units = semantic.units_of(ProgramId::DOCUMENT);
    let Some(unit) = units.find(|unit| unit.cell == one.cell) else {
        return false;
    };
    let mut looker = Looker {
        line: one.line.range,
        ename,
        caught: false,
    };
    looker.visit_body(unit.module.body());
    looker.caught
}

struct Looker<'e> {
    line: TextRange,
    ename: &'e str,
    caught: bool,
}

impl<'a> SourceOrderVisitor<'a> for Looker<'_> {
    fn enter_node(&mut self, node: AnyNodeRef<'a>) -> TraversalSignal {
        match node {
            // The traceback names the line of the cell's own frame, not one of a function that it calls.
            AnyNodeRef::StmtFunctionDef(_)
            | AnyNodeRef::StmtClassDef(_)
            | AnyNodeRef::ExprLambda(_) => return TraversalSignal::Skip,
            AnyNodeRef::StmtTry(each) => {
                let inside = each.body.iter().any(|stmt| range(stmt).covers(self.line));
                self.caught |= inside && catches(each, self.ename);
            }
            AnyNodeRef::StmtWith(with) => {
                let inside = with.body.iter().any(|stmt| range(stmt).covers(self.line));
                self.caught |= inside && suppresses(with);
            }
            _ => {}
        }
        TraversalSignal::Traverse
    }
}

/// Whether an exception of this name ends in a handler for all exceptions, none of which raises.
fn catches(each: &StmtTry, ename: &str) -> bool {
    // What has to run in any case may fail, too.
    if !each.finalbody.is_empty() {
        return false;
    }
    for handler in &each.handlers {
        // Raising bugs again is what a handler for them is there for.
        if is_for_bugs(handler) && !BUGS.contains(&ename) {
            continue;
        }
        if raises(handler_body(handler)) {
            return false;
        }
        if is_for_all(handler) {
            return true;
        }
    }
    false
}

fn is_for_all(handler: &ExceptHandler) -> bool {
    let ExceptHandler::ExceptHandler(handler) = handler;
    match handler.type_.as_deref() {
        Some(Expr::Tuple(types)) => types.elts.iter().any(is_everything),
        Some(one) => is_everything(one),
        None => true,
    }
}

fn is_everything(expr: &Expr) -> bool {
    dotted(expr)
        .is_some_and(|(_, parts)| matches!(parts.as_slice(), ["Exception" | "BaseException"]))
}

/// `suppress(Exception)`, and the helper that fixes write.
fn suppresses(with: &StmtWith) -> bool {
    with.items.iter().any(|item| {
        let Expr::Call(call) = &item.context_expr else {
            return false;
        };
        let called = dotted(&*call.func).and_then(|(_, parts)| parts.last().copied());
        match called {
            Some("suppress") => call.arguments.args.iter().any(is_everything),
            called => called == Some("optional_service"),
        }
    })
}

/// Whether a `raise` or an exit stands anywhere among the statements.
fn raises(body: &[Stmt]) -> bool {
    let mut finder = Raises(false);
    finder.visit_body(body);
    finder.0
}

struct Raises(bool);

impl<'a> SourceOrderVisitor<'a> for Raises {
    fn enter_node(&mut self, node: AnyNodeRef<'a>) -> TraversalSignal {
        self.0 |= match node {
            AnyNodeRef::StmtRaise(_) | AnyNodeRef::StmtAssert(_) => true,
            AnyNodeRef::StmtExpr(expr) => is_exit(&expr.value),
            _ => false,
        };
        TraversalSignal::Traverse
    }
}
