//! Telling holes and plain paths apart in a pattern's tree.

use nbfix_python::ast::{Expr, ExprRef};
use nbfix_python::{AnyNodeRef, dotted};

use crate::spell::{MANY, ONE, identifier};

/// A hole of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hole<'a> {
    pub(crate) name: &'a str,
    pub(crate) many: bool,
}

impl<'a> Hole<'a> {
    /// The hole that a name as a whole stands for.
    pub(crate) fn named(name: &'a str) -> Option<Self> {
        let (name, many) = match name.strip_prefix(MANY) {
            Some(name) => (name, true),
            None => (name.strip_prefix(ONE)?, false),
        };
        (identifier(name) == name).then_some(Self { name, many })
    }
}

/// The hole that stands for one node.
pub(crate) fn hole_of(pattern: AnyNodeRef<'_>) -> Option<Hole<'_>> {
    match pattern {
        AnyNodeRef::ExprName(name) => Hole::named(name.id.as_str()),
        AnyNodeRef::Identifier(name) => Hole::named(name.as_str()),
        _ => None,
    }
}

/// The name of the hole that stands for a run of such nodes.
pub(crate) fn many_of(pattern: AnyNodeRef<'_>) -> Option<&str> {
    let hole = match pattern {
        AnyNodeRef::ExprName(name) => Hole::named(name.id.as_str()),
        AnyNodeRef::Identifier(name) => Hole::named(name.as_str()),
        AnyNodeRef::StmtExpr(statement) => return Some(expr_hole(&statement.value)?.name),
        AnyNodeRef::Alias(alias) if alias.asname.is_none() => Hole::named(alias.name.as_str()),
        AnyNodeRef::Decorator(decorator) => return Some(expr_hole(&decorator.expression)?.name),
        AnyNodeRef::WithItem(item) if item.optional_vars.is_none() => {
            return Some(expr_hole(&item.context_expr)?.name);
        }
        AnyNodeRef::Parameter(parameter) => Hole::named(parameter.name.as_str()),
        AnyNodeRef::ParameterWithDefault(parameter) if parameter.default.is_none() => {
            Hole::named(parameter.parameter.name.as_str())
        }
        // `except ...:` takes a run of handlers.
        AnyNodeRef::ExceptHandlerExceptHandler(handler) if handler.name.is_none() => {
            return Some(expr_hole(handler.type_.as_deref()?)?.name);
        }
        _ => None,
    };
    hole.filter(|hole| hole.many).map(|hole| hole.name)
}

fn expr_hole(expr: &Expr) -> Option<Hole<'_>> {
    match expr {
        Expr::Name(name) => Hole::named(name.id.as_str()).filter(|hole| hole.many),
        _ => None,
    }
}

/// The parts of a dotted path in a pattern that starts from a name and no hole; later parts may be holes.
pub(crate) fn path_of(pattern: AnyNodeRef<'_>) -> Option<Vec<&str>> {
    let expr: ExprRef<'_> = pattern.as_expr_ref()?;
    let (root, parts) = dotted(expr)?;
    Hole::named(root.id.as_str()).is_none().then_some(parts)
}
