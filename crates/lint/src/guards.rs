//! Whether a piece of code is guarded already, so that its failure does not stop the notebook.

use nbfix_python::ast::{ElifElseClause, ExceptHandler, Expr, Stmt, StmtTry, StmtWith};
use nbfix_python::{AnyNodeRef, dotted, range};
use nbfix_text::TextRange;

/// Exceptions that tell of a bug in the code. A handler that raises them again hides nothing and stops nothing else.
const CODE_BUGS: &[&str] = &[
    "NameError",
    "TypeError",
    "AttributeError",
    "AssertionError",
    "SyntaxError",
    "KeyboardInterrupt",
    "SystemExit",
];

/// Whether a `try` around `inside` catches what goes wrong there and goes on.
pub fn is_caught(ancestors: &[AnyNodeRef<'_>], inside: TextRange) -> bool {
    ancestors.iter().any(|node| match node {
        AnyNodeRef::StmtTry(each) => in_body(each, inside) && goes_on(each),
        AnyNodeRef::StmtWith(with) => suppresses(with),
        _ => false,
    })
}

/// Whether an `if` around `inside`, a conditional expression or an exception decides whether it runs at all.
pub fn is_conditional(ancestors: &[AnyNodeRef<'_>], inside: TextRange) -> bool {
    ancestors.iter().any(|node| match node {
        AnyNodeRef::StmtIf(branch) => !range(&*branch.test).covers(inside),
        AnyNodeRef::ExprIf(choice) => !range(&*choice.test).covers(inside),
        AnyNodeRef::ExceptHandlerExceptHandler(_) => true,
        _ => false,
    })
}

fn in_body(each: &StmtTry, inside: TextRange) -> bool {
    each.body.iter().any(|stmt| range(stmt).covers(inside))
}

/// Whether a `with` goes on behind what fails in it.
pub fn suppresses(with: &StmtWith) -> bool {
    with.items
        .iter()
        .any(|item| is_suppress(&item.context_expr))
}

fn is_suppress(expr: &Expr) -> bool {
    let Expr::Call(call) = expr else { return false };
    // The second is what fixes write in the form of a helper.
    let suppresses = |name: &&str| matches!(*name, "suppress" | "optional_service");
    dotted(&*call.func).is_some_and(|(_, parts)| parts.last().is_some_and(suppresses))
}

/// Whether some handler for more than a bug ends without raising.
fn goes_on(each: &StmtTry) -> bool {
    each.handlers
        .iter()
        .any(|handler| !is_for_bugs(handler) && !stops(handler_body(handler)))
}

/// The statements of a handler.
pub fn handler_body(handler: &ExceptHandler) -> &[Stmt] {
    let ExceptHandler::ExceptHandler(handler) = handler;
    &handler.body
}

/// Whether a handler catches bugs of the code alone.
pub fn is_for_bugs(handler: &ExceptHandler) -> bool {
    let ExceptHandler::ExceptHandler(handler) = handler;
    let is_bug = |expr: &Expr| {
        dotted(expr)
            .is_some_and(|(_, parts)| parts.last().is_some_and(|name| CODE_BUGS.contains(name)))
    };
    match handler.type_.as_deref() {
        Some(Expr::Tuple(types)) => !types.elts.is_empty() && types.elts.iter().all(is_bug),
        Some(one) => is_bug(one),
        None => false,
    }
}

/// Whether statements end the cell: a `raise` or an exit among them, or in every branch of a last `if`.
pub fn stops(body: &[Stmt]) -> bool {
    stop(body).is_some()
}

/// The statement that ends the cell, if one does.
pub fn stop(body: &[Stmt]) -> Option<&Stmt> {
    body.iter().find(|stmt| match stmt {
        Stmt::Raise(_) => true,
        Stmt::Expr(expr) => is_exit(&expr.value),
        Stmt::If(branch) => {
            let has_else = branch
                .elif_else_clauses
                .last()
                .is_some_and(|clause| clause.test.is_none());
            has_else
                && stops(&branch.body)
                && branch
                    .elif_else_clauses
                    .iter()
                    .all(|clause| stops(&clause.body))
        }
        _ => false,
    })
}

/// `sys.exit(...)`, `exit()`, `quit()`, `os._exit(...)`, as they are usually spelled.
pub fn is_exit(expr: &Expr) -> bool {
    let Expr::Call(call) = expr else { return false };
    dotted(&*call.func).is_some_and(|(_, parts)| {
        matches!(
            parts.as_slice(),
            ["sys", "exit"] | ["exit"] | ["quit"] | ["os", "_exit"]
        )
    })
}

/// The branches of an `if`: each with its test (`None` for `else`) and its statements.
pub fn branches<'a>(
    branch: &'a nbfix_python::ast::StmtIf,
) -> impl Iterator<Item = (Option<&'a Expr>, &'a [Stmt])> {
    let first = (Some(&*branch.test), &branch.body[..]);
    let others = branch
        .elif_else_clauses
        .iter()
        .map(|clause: &'a ElifElseClause| (clause.test.as_ref(), &clause.body[..]));
    std::iter::once(first).chain(others)
}
