//! What a check may ask about the node it is given.

use nbfix_pattern::Resolve;
use nbfix_python::ast::{Expr, ExprName, ExprRef, StmtFunctionDef};
use nbfix_python::{AnyNodeRef, NodeKind, Ranged, range};
use nbfix_semantic::{Binding, BindingKind, Program, Semantic, Unit};
use nbfix_text::TextRange;

use crate::Report;

/// A node's surroundings: its text, its ancestors, and the whole document.
#[derive(Clone, Copy)]
pub struct Context<'s, 'a> {
    /// The document.
    pub semantic: &'s Semantic<'a>,
    /// The text that the node stands in.
    pub unit: &'s Unit<'a>,
    /// The nodes around it, outermost first; the node itself is not among them.
    pub ancestors: &'s [AnyNodeRef<'a>],
}

impl<'s, 'a> Context<'s, 'a> {
    /// The dotted path that `expr` means here, through imports and aliases.
    pub fn qualified<'e>(&self, expr: impl Into<ExprRef<'e>>) -> Option<String> {
        self.semantic.qualified(self.unit, expr)
    }

    /// The string that `expr` is: a literal, or a name bound to one.
    pub fn constant(&self, expr: ExprRef<'_>) -> Option<String> {
        match expr {
            ExprRef::StringLiteral(literal) => Some(literal.value.to_str().to_owned()),
            ExprRef::Name(name) => {
                let (home, value) = self.value(name)?;
                self.semantic.string(home, value).map(str::to_owned)
            }
            _ => None,
        }
    }

    /// The dotted path of the callable whose call made `expr` (see [`Semantic::made_by`]).
    pub fn made_by(&self, expr: ExprRef<'_>) -> Option<String> {
        match expr {
            ExprRef::Name(name) => {
                let (home, value) = self.value(name)?;
                self.semantic.made_by(home, value)
            }
            ExprRef::Await(awaited) => self.made_by(ExprRef::from(&*awaited.value)),
            ExprRef::Call(call) => self.qualified(&*call.func).or_else(|| match &*call.func {
                Expr::Attribute(method) => self.made_by(ExprRef::from(&*method.value)),
                _ => None,
            }),
            _ => None,
        }
    }

    /// What a name was last bound to, and where that stands.
    fn value(&self, name: &ExprName) -> Option<(&'s Unit<'a>, &'a Expr)> {
        let binding = self
            .semantic
            .binding(self.unit, name.id.as_str(), range(name).start())?;
        match &binding.kind {
            BindingKind::Value(value) | BindingKind::With(value) => {
                Some((self.semantic.units().get(binding.unit)?, value))
            }
            _ => None,
        }
    }

    /// The namespace that the node belongs to.
    pub fn program(&self) -> &'s Program {
        self.semantic.program(self.unit.program)
    }

    /// A report at `node`.
    pub fn report(&self, node: impl Ranged) -> Report {
        Report::at(self.unit.cell, range(node))
    }

    /// The text of `node`.
    pub fn text(&self, node: impl Ranged) -> &'a str {
        range(node).of(self.unit.source)
    }

    /// Whether the node runs when its cell runs: it stands in no function, lambda or class.
    pub fn is_top_level(&self) -> bool {
        !self.ancestors.iter().any(|node| {
            matches!(
                node.kind(),
                NodeKind::StmtFunctionDef | NodeKind::StmtClassDef | NodeKind::ExprLambda
            )
        })
    }

    /// The innermost function around the node.
    pub fn function(&self) -> Option<&'a StmtFunctionDef> {
        self.ancestors.iter().rev().find_map(|node| match node {
            AnyNodeRef::StmtFunctionDef(function) => Some(*function),
            _ => None,
        })
    }

    /// The direct parent.
    pub fn parent(&self) -> Option<AnyNodeRef<'a>> {
        self.ancestors.last().copied()
    }

    /// The statement at the top level of the text that holds the node, which is at `inside`.
    pub fn top_level_statement(&self, inside: TextRange) -> Option<TextRange> {
        self.unit
            .module
            .body()
            .iter()
            .map(range)
            .find(|statement| statement.covers(inside))
    }
}

impl Resolve for Context<'_, '_> {
    fn qualified(&self, expr: ExprRef<'_>) -> Option<String> {
        self.semantic.qualified(self.unit, expr)
    }

    fn constant(&self, expr: ExprRef<'_>) -> Option<String> {
        Context::constant(self, expr)
    }

    fn spelled(&self, path: &str, at: usize) -> Option<String> {
        let root = path.split('.').next().unwrap_or(path);
        let is_bound = |name: &str, to: &str| {
            self.semantic.binding(self.unit, name, at).is_some_and(
                |binding| matches!(&binding.kind, BindingKind::Import(path) if path == to),
            )
        };
        if is_bound(root, root) {
            return None;
        }
        let local = |name: &str, bindings: &[Binding<'_>]| {
            bindings.iter().find_map(|binding| match &binding.kind {
                BindingKind::Import(to) => {
                    let rest = path.strip_prefix(to.as_str())?;
                    let whole = rest.is_empty() || rest.starts_with('.');
                    (whole && is_bound(name, to)).then(|| (to.len(), format!("{name}{rest}")))
                }
                _ => None,
            })
        };
        // A module's own name before that of a member; of two names the first in the alphabet.
        self.semantic
            .names(self.unit.program)
            .filter_map(|(name, bindings)| local(name, bindings))
            .min()
            .map(|(_, spelled)| spelled)
            .filter(|spelled| spelled != path)
    }
}
