//! What a check may ask about the node it is given.

use nbfix_pattern::Resolve;
use nbfix_python::ast::{ExprRef, StmtFunctionDef};
use nbfix_python::{AnyNodeRef, NodeKind, Ranged, range};
use nbfix_semantic::{Program, Semantic, Unit};
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
}
