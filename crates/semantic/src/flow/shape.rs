//! What can be read off a tree without knowing any name.

use nbfix_python::ast::{self, Expr, Stmt, TypeParams};
use nbfix_python::{SourceOrderVisitor, dotted, string_value};
use nbfix_text::TextRange;

use super::ops::{Catches, Runs};
use crate::{Scope, ScopeKind};

/// How often a loop over `iter` runs.
pub(crate) fn how_often(iter: &Expr) -> Runs {
    let by_length = |length: usize| {
        if length == 0 {
            Runs::Never
        } else {
            Runs::Surely
        }
    };
    let all_plain = |elements: &[Expr]| elements.iter().all(|each| !each.is_starred_expr());
    match iter {
        Expr::List(list) if all_plain(&list.elts) => by_length(list.elts.len()),
        Expr::Tuple(tuple) if all_plain(&tuple.elts) => by_length(tuple.elts.len()),
        Expr::Set(set) if all_plain(&set.elts) => by_length(set.elts.len()),
        Expr::StringLiteral(text) => by_length(text.value.len()),
        Expr::Call(call) => match (&*call.func, call.arguments.args.as_ref()) {
            (Expr::Name(name), [Expr::NumberLiteral(number)]) if name.id.as_str() == "range" => {
                match &number.value {
                    ast::Number::Int(int) => {
                        by_length(int.as_u64().map_or(1, |count| usize::from(count > 0)))
                    }
                    _ => Runs::Perhaps,
                }
            }
            (Expr::Name(name), [inner]) if name.id.as_str() == "enumerate" => how_often(inner),
            _ => Runs::Perhaps,
        },
        _ => Runs::Perhaps,
    }
}

pub(super) fn type_names(parameters: Option<&TypeParams>) -> Vec<&str> {
    let names = parameters.map(|parameters| parameters.iter().map(|each| each.name().as_str()));
    names.into_iter().flatten().collect()
}

/// The last part of an exception's name.
pub(super) fn exception_name(exception: &Expr) -> &str {
    let class = match exception {
        Expr::Call(call) => &*call.func,
        other => other,
    };
    dotted(class)
        .and_then(|(_, parts)| parts.last().copied())
        .unwrap_or_default()
}

pub(super) fn catches(kind: Option<&Expr>) -> Catches<'_> {
    let Some(kind) = kind else {
        return Catches::Everything;
    };
    let kinds: Vec<&Expr> = match kind {
        Expr::Tuple(tuple) => tuple.elts.iter().collect(),
        other => vec![other],
    };
    of_names(&kinds)
}

fn of_names<'a>(kinds: &[&'a Expr]) -> Catches<'a> {
    let names: Vec<&str> = kinds.iter().map(|kind| exception_name(kind)).collect();
    if names.contains(&"BaseException") {
        Catches::Everything
    } else if names.contains(&"Exception") {
        Catches::Exceptions
    } else {
        // A variable may hold any exception: `except RETRIED as e`.
        let is_class =
            |name: &&str| name.starts_with(char::is_uppercase) && name.contains(char::is_lowercase);
        let unsure = !names.iter().all(is_class);
        Catches::These(names, unsure)
    }
}

/// What `with suppress(...)` takes.
pub(super) fn suppresses(context: &Expr) -> Option<Catches<'_>> {
    let Expr::Call(call) = context else {
        return None;
    };
    let (_, parts) = dotted(&*call.func)?;
    matches!(
        parts.last(),
        Some(&"suppress" | &"raises" | &"assertRaises")
    )
    .then(|| {
        let kinds: Vec<&Expr> = call.arguments.args.iter().collect();
        of_names(&kinds)
    })
}

pub(super) fn is_generator(body: &[Stmt]) -> bool {
    struct Yields(bool);
    impl<'a> SourceOrderVisitor<'a> for Yields {
        fn visit_stmt(&mut self, stmt: &'a Stmt) {
            if !matches!(stmt, Stmt::FunctionDef(_) | Stmt::ClassDef(_)) {
                ast::visitor::source_order::walk_stmt(self, stmt);
            }
        }

        fn visit_expr(&mut self, expr: &'a Expr) {
            match expr {
                Expr::Yield(_) | Expr::YieldFrom(_) => self.0 = true,
                Expr::Lambda(_) => {}
                _ => ast::visitor::source_order::walk_expr(self, expr),
            }
        }
    }
    let mut search = Yields(false);
    search.visit_body(body);
    search.0
}

/// The test that an expression is, as far as names decide it.
pub(crate) fn constant_test(expr: &Expr) -> Option<bool> {
    match expr {
        Expr::BooleanLiteral(literal) => Some(literal.value),
        Expr::NoneLiteral(_) => Some(false),
        Expr::NumberLiteral(number) => match &number.value {
            ast::Number::Int(int) => Some(int.as_u64() != Some(0)),
            _ => None,
        },
        Expr::StringLiteral(text) => Some(!text.value.is_empty()),
        Expr::Compare(compare) => {
            let [right] = compare.comparators.as_ref() else {
                return None;
            };
            let is_main = |left: &Expr, right: &Expr| {
                matches!(left, Expr::Name(name) if name.id.as_str() == "__name__")
                    && string_value(right) == Some("__main__")
            };
            let equal = compare.ops.as_ref() == [ast::CmpOp::Eq];
            (equal && (is_main(&compare.left, right) || is_main(right, &compare.left)))
                .then_some(true)
        }
        _ => None,
    }
}

/// The scopes of the functions of a part, that the binder has not seen with its unit.
pub(crate) fn scope_of<'s, 'a>(
    scopes: &'s [Scope<'a>],
    kind: ScopeKind,
    range: TextRange,
) -> Option<&'s Scope<'a>> {
    scopes
        .iter()
        .find(|scope| scope.range == range && scope.kind == kind)
}
