//! What the names of a file are read for.

use nbfix_python::SourceOrderVisitor;
use nbfix_python::ast::visitor::source_order as walk;
use nbfix_python::ast::{Decorator, Expr, ExprCall, ExprName};
use nbfix_semantic::Unit;

/// What a name is read for.
#[derive(Clone, Copy)]
pub(crate) enum Use<'a> {
    /// `@name.member` or `@name.member(...)`.
    Decorates(&'a str),
    /// `name.member`, called or not.
    Member(&'a str),
    /// `name(...)`.
    Called,
    /// `app.register_functions(name)`.
    Registered(&'a ExprCall),
    /// Anything else.
    Other,
}

/// One read of a name, in any scope.
#[derive(Clone, Copy)]
pub(crate) struct Read<'s, 'a> {
    pub(crate) unit: &'s Unit<'a>,
    pub(crate) name: &'a ExprName,
    pub(crate) of: Use<'a>,
}

/// The name that a chain of members, calls and subscripts starts from.
pub(super) fn origin(mut expr: &Expr) -> Option<&Expr> {
    loop {
        expr = match expr {
            Expr::Call(call) => &call.func,
            Expr::Attribute(attribute) => &attribute.value,
            Expr::Subscript(subscript) => &subscript.value,
            Expr::Name(_) => return Some(expr),
            _ => return None,
        };
    }
}

pub(super) fn without_call(expr: &Expr) -> &Expr {
    match expr {
        Expr::Call(call) => &call.func,
        other => other,
    }
}

pub(super) struct Reader<'r, 's, 'a> {
    pub(super) unit: &'s Unit<'a>,
    pub(super) reads: &'r mut Vec<Read<'s, 'a>>,
    pub(super) calls: &'r mut Vec<(&'s Unit<'a>, &'a ExprCall)>,
}

impl<'a> Reader<'_, '_, 'a> {
    fn add(&mut self, name: &'a ExprName, of: Use<'a>) {
        if !name.ctx.is_store() {
            self.reads.push(Read {
                unit: self.unit,
                name,
                of,
            });
        }
    }

    fn arguments(&mut self, call: &'a ExprCall) {
        let registers = match &*call.func {
            Expr::Attribute(attribute) => {
                matches!(
                    attribute.attr.as_str(),
                    "register_functions" | "register_blueprint"
                )
            }
            _ => false,
        };
        let keywords = call.arguments.keywords.iter().map(|keyword| &keyword.value);
        for value in call.arguments.args.iter().chain(keywords) {
            match value {
                Expr::Name(name) if registers => self.add(name, Use::Registered(call)),
                value => self.visit_expr(value),
            }
        }
    }
}

impl<'a> SourceOrderVisitor<'a> for Reader<'_, '_, 'a> {
    fn visit_decorator(&mut self, decorator: &'a Decorator) {
        let target = without_call(&decorator.expression);
        match target
            .as_attribute_expr()
            .map(|attribute| (&*attribute.value, attribute))
        {
            Some((Expr::Name(name), attribute)) => {
                self.add(name, Use::Decorates(attribute.attr.as_str()));
                if let Expr::Call(call) = &decorator.expression {
                    self.arguments(call);
                }
            }
            _ => walk::walk_decorator(self, decorator),
        }
    }

    fn visit_expr(&mut self, expr: &'a Expr) {
        match expr {
            Expr::Name(name) => self.add(name, Use::Other),
            Expr::Attribute(attribute) => match &*attribute.value {
                Expr::Name(name) => self.add(name, Use::Member(attribute.attr.as_str())),
                other => self.visit_expr(other),
            },
            Expr::Call(call) => {
                self.calls.push((self.unit, call));
                match &*call.func {
                    Expr::Name(name) => self.add(name, Use::Called),
                    other => self.visit_expr(other),
                }
                self.arguments(call);
            }
            _ => walk::walk_expr(self, expr),
        }
    }
}
