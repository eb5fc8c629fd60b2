//! Whether code that did not run could have changed the app.

use nbfix_python::SourceOrderVisitor;
use nbfix_python::ast::visitor::source_order as walk;
use nbfix_python::ast::{Expr, Stmt};

use crate::decorators::{DecoratorKind, decorator};
use crate::interpreter::{Interpreter, Spot};
use crate::value::Value;

impl<'a> Interpreter<'_, 'a> {
    /// Whether these statements speak of apps or blueprints, or import modules of the project's own.
    pub(crate) fn is_relevant(&self, spot: Spot<'a>, body: &'a [Stmt]) -> bool {
        let mut visitor = Relevance {
            interpreter: self,
            spot,
            found: false,
        };
        visitor.visit_body(body);
        visitor.found
    }

    pub(crate) fn is_relevant_expr(&self, spot: Spot<'a>, expr: &'a Expr) -> bool {
        let mut visitor = Relevance {
            interpreter: self,
            spot,
            found: false,
        };
        visitor.visit_expr(expr);
        visitor.found
    }

    fn is_app_like(&self, value: &Value) -> bool {
        match value {
            Value::Object(_) | Value::Builder(_) | Value::Decoration(_) | Value::Method(..) => true,
            Value::List(list) => self.list(*list).iter().any(|it| self.is_app_like(it)),
            Value::Dict(pairs) => pairs.iter().any(|(_, it)| self.is_app_like(it)),
            Value::Instance(id) => self.instance(*id).is_some_and(|(_, members)| {
                members.values().any(|it| matches!(it, Value::Object(_)))
            }),
            Value::External(path) => {
                let last = path.rsplit('.').next().unwrap_or_default();
                path.starts_with("azure.")
                    && (last.ends_with("FunctionApp")
                        || last.ends_with("Blueprint")
                        || last == "DFApp")
            }
            _ => false,
        }
    }
}

struct Relevance<'i, 'p, 'a> {
    interpreter: &'i Interpreter<'p, 'a>,
    spot: Spot<'a>,
    found: bool,
}

impl<'a> SourceOrderVisitor<'a> for Relevance<'_, '_, 'a> {
    fn visit_stmt(&mut self, stmt: &'a Stmt) {
        match stmt {
            Stmt::Import(import) => {
                let own = |name: &str| {
                    let root = name.split('.').next().unwrap_or(name);
                    self.interpreter.project.is_own(root)
                };
                self.found |= import.names.iter().any(|alias| own(alias.name.as_str()));
            }
            Stmt::ImportFrom(import) => {
                let root = import.module.as_ref().map_or("", |module| module.as_str());
                let root = root.split('.').next().unwrap_or(root);
                self.found |= import.level > 0 || self.interpreter.project.is_own(root);
            }
            _ => walk::walk_stmt(self, stmt),
        }
    }

    fn visit_expr(&mut self, expr: &'a Expr) {
        match expr {
            Expr::Name(name) => {
                let value = self.interpreter.lookup(self.spot.env, name.id.as_str());
                self.found |= value.is_some_and(|value| self.interpreter.is_app_like(&value));
                self.found |= name.ctx.is_store() && name.id == "app";
            }
            Expr::Attribute(attribute) => {
                let name = attribute.attr.as_str();
                let trigger = decorator(name).is_some_and(|it| it.kind == DecoratorKind::Trigger);
                self.found |= trigger && name != "schedule" && name != "route"
                    || name.starts_with("register_");
                walk::walk_expr(self, expr);
            }
            _ => walk::walk_expr(self, expr),
        }
    }
}
