//! What the statements of a loop do: where they leave it, what they bind, read and call.

use nbfix_python::ast::{ExceptHandlerExceptHandler, Expr, ExprCall, Number, Stmt};
use nbfix_python::{AnyNodeRef, SourceOrderVisitor, TraversalSignal, dotted};
use nbfix_semantic::{Semantic, Unit};

const SLEEPS: &[&str] = &["time.sleep", "asyncio.sleep"];

/// Whether a statement may end the loop: a `break`, `return` or `raise` in it.
pub(crate) fn exits(stmt: &Stmt) -> bool {
    let mut finder = Exits(false);
    finder.visit_stmt(stmt);
    finder.0
}

struct Exits(bool);

impl<'a> SourceOrderVisitor<'a> for Exits {
    fn enter_node(&mut self, node: AnyNodeRef<'a>) -> TraversalSignal {
        match node {
            AnyNodeRef::StmtFunctionDef(_) | AnyNodeRef::StmtFor(_) | AnyNodeRef::StmtWhile(_) => {
                TraversalSignal::Skip
            }
            AnyNodeRef::StmtBreak(_) | AnyNodeRef::StmtReturn(_) | AnyNodeRef::StmtRaise(_) => {
                self.0 = true;
                TraversalSignal::Skip
            }
            _ => TraversalSignal::Traverse,
        }
    }
}

pub(crate) struct SleepFinder<'s, 'a> {
    pub(crate) semantic: &'s Semantic<'a>,
    pub(crate) unit: &'s Unit<'a>,
    pub(crate) found: Option<&'a ExprCall>,
}

impl<'a> SourceOrderVisitor<'a> for SleepFinder<'_, 'a> {
    fn enter_node(&mut self, node: AnyNodeRef<'a>) -> TraversalSignal {
        match node {
            AnyNodeRef::StmtFunctionDef(_)
            | AnyNodeRef::StmtFor(_)
            | AnyNodeRef::StmtWhile(_)
            | AnyNodeRef::ExprLambda(_) => return TraversalSignal::Skip,
            AnyNodeRef::ExprCall(call) => {
                let path = self.semantic.qualified(self.unit, &*call.func);
                if self.found.is_none() && path.is_some_and(|path| SLEEPS.contains(&path.as_str()))
                {
                    self.found = Some(call);
                }
            }
            _ => {}
        }
        TraversalSignal::Traverse
    }
}

/// The names that are bound.
pub(crate) struct Changes<'a> {
    pub(crate) names: Vec<&'a str>,
}

impl<'a> SourceOrderVisitor<'a> for Changes<'a> {
    fn enter_node(&mut self, node: AnyNodeRef<'a>) -> TraversalSignal {
        if let AnyNodeRef::ExprName(name) = node
            && !name.ctx.is_load()
        {
            self.names.push(name.id.as_str());
        }
        TraversalSignal::Traverse
    }
}

/// The names that are read, and whether anything is called.
pub(crate) struct Parts<'a> {
    pub(crate) names: Vec<&'a str>,
    pub(crate) calls: bool,
}

impl<'a> SourceOrderVisitor<'a> for Parts<'a> {
    fn enter_node(&mut self, node: AnyNodeRef<'a>) -> TraversalSignal {
        match node {
            AnyNodeRef::ExprName(name) if name.ctx.is_load() => self.names.push(name.id.as_str()),
            AnyNodeRef::ExprCall(_) => self.calls = true,
            _ => {}
        }
        TraversalSignal::Traverse
    }
}

pub(crate) struct Calls<'a> {
    pub(crate) found: Vec<&'a ExprCall>,
}

impl<'a> SourceOrderVisitor<'a> for Calls<'a> {
    fn enter_node(&mut self, node: AnyNodeRef<'a>) -> TraversalSignal {
        if let AnyNodeRef::ExprCall(call) = node {
            self.found.push(call);
        }
        TraversalSignal::Traverse
    }
}

pub(crate) fn uses(stmt: &Stmt, name: &str) -> bool {
    let mut parts = Parts {
        names: Vec::new(),
        calls: false,
    };
    parts.visit_stmt(stmt);
    // What is only printed is no part of the attempt.
    let is_print = matches!(stmt, Stmt::Expr(each)
        if matches!(&*each.value, Expr::Call(call) if is_print(&call.func)));
    !is_print && parts.names.contains(&name)
}

pub(crate) fn is_print(func: &Expr) -> bool {
    matches!(func, Expr::Name(name) if name.id.as_str() == "print")
}

/// From how many seconds on a pause gives a service the time to come up.
const LONG_WAIT: f64 = 10.0;

/// Whether a handler tells the error that it has caught, and what waits after it is told outright to wait for long: that is
/// how people wait for something to be ready, and each round is seen.
pub(crate) fn waits_long(handler: &ExceptHandlerExceptHandler, wait: &Expr) -> bool {
    let seconds = match wait {
        Expr::NumberLiteral(number) => match &number.value {
            Number::Int(whole) => whole.as_u16().map_or(f64::INFINITY, f64::from),
            Number::Float(seconds) => *seconds,
            Number::Complex { .. } => return false,
        },
        _ => return false,
    };
    let Some(error) = &handler.name else {
        return false;
    };
    let mut calls = Calls { found: Vec::new() };
    calls.visit_body(&handler.body);
    let tells = |call: &&ExprCall| {
        let name = dotted(&*call.func).and_then(|(_, parts)| parts.last().copied());
        let says = matches!(
            name,
            Some("print" | "info" | "warning" | "warn" | "error" | "exception" | "debug")
        );
        says && call
            .arguments
            .args
            .iter()
            .any(|text| uses_expr(text, error.as_str()))
    };
    seconds >= LONG_WAIT && calls.found.iter().any(tells)
}

pub(crate) fn uses_expr(expr: &Expr, name: &str) -> bool {
    let mut parts = Parts {
        names: Vec::new(),
        calls: false,
    };
    parts.visit_expr(expr);
    parts.names.contains(&name)
}

/// Whether an expression means something else in a lambda.
pub(crate) fn cannot_be_deferred(expr: &Expr) -> bool {
    struct Finder(bool);
    impl<'a> SourceOrderVisitor<'a> for Finder {
        fn enter_node(&mut self, node: AnyNodeRef<'a>) -> TraversalSignal {
            self.0 |= matches!(
                node,
                AnyNodeRef::ExprAwait(_)
                    | AnyNodeRef::ExprYield(_)
                    | AnyNodeRef::ExprYieldFrom(_)
                    | AnyNodeRef::ExprNamed(_)
                    | AnyNodeRef::ExprIpyEscapeCommand(_)
            );
            TraversalSignal::Traverse
        }
    }
    let mut finder = Finder(false);
    finder.visit_expr(expr);
    finder.0
}
