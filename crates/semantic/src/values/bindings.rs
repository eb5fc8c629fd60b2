//! Which bindings a read may see, and how names get values other than by plain assignment.

use nbfix_python::ast::{self, Expr, Operator};
use nbfix_python::{AnyNodeRef, SourceOrderVisitor, TraversalSignal, range};
use nbfix_text::TextRange;

use crate::{Binding, ScopeKind, Semantic, Unit};

/// The bindings of `name` that a read at `offset` may see, in the order of the document: from the last certain one above it
/// on. In a function a global's later bindings count, too, as nobody knows when it is called.
pub(super) fn seen<'s, 'a>(
    semantic: &'s Semantic<'a>,
    unit: &'s Unit<'a>,
    name: &str,
    offset: usize,
) -> Vec<&'s Binding<'a>> {
    let mut inside_function = false;
    for scope in unit.scopes().iter().rev() {
        if !scope.range.contains(offset) {
            continue;
        }
        let visible = scope.kind != ScopeKind::Class || !inside_function;
        let found = scope.names.get(name).filter(|_| visible);
        if let Some(bindings) = found {
            let before = above(bindings, (unit.index, offset));
            // A comprehension's target stands behind its use, and an outer function may bind a name later.
            return if before.is_empty() {
                bindings.iter().collect()
            } else {
                before
            };
        }
        inside_function |= scope.kind == ScopeKind::Function;
    }
    let bindings = semantic.bindings(unit.program, name);
    let before = above(bindings, (unit.index, offset));
    if !before.is_empty() && !inside_function {
        return before;
    }
    let later = bindings
        .iter()
        .filter(|binding| (binding.unit, binding.since) > (unit.index, offset));
    before.into_iter().chain(later).collect()
}

/// Those above the place, from the last one on that is bound in any case.
fn above<'s, 'a>(bindings: &'s [Binding<'a>], place: (usize, usize)) -> Vec<&'s Binding<'a>> {
    let mut found: Vec<&Binding<'a>> = Vec::new();
    for binding in bindings {
        if (binding.unit, binding.since) > place {
            continue;
        }
        if !binding.conditional {
            found.clear();
        }
        found.push(binding);
    }
    found
}

/// How a name got its value, where that is no plain assignment.
pub(super) enum Set<'a> {
    /// `name += value`
    Added(&'a Expr, &'a Expr),
    /// `..., name, ... = value`, and the position among the targets.
    Unpacked(&'a Expr, usize),
    /// `for name in values`
    Each(&'a Expr),
}

/// Finds the statement that sets the name at `target`.
pub(super) struct Setter<'a> {
    pub(super) target: TextRange,
    pub(super) found: Option<Set<'a>>,
}

impl<'a> Setter<'a> {
    fn is_target(&self, expr: &Expr) -> bool {
        matches!(expr, Expr::Name(_)) && range(expr) == self.target
    }

    fn unpacked(&mut self, target: &'a Expr, value: &'a Expr) {
        let (Expr::Tuple(ast::ExprTuple { elts, .. }) | Expr::List(ast::ExprList { elts, .. })) =
            target
        else {
            return;
        };
        let starred = elts.iter().any(|each| matches!(each, Expr::Starred(_)));
        if let Some(position) = elts.iter().position(|each| self.is_target(each))
            && !starred
        {
            self.found = Some(Set::Unpacked(value, position));
        }
    }
}

impl<'a> SourceOrderVisitor<'a> for Setter<'a> {
    fn enter_node(&mut self, node: AnyNodeRef<'a>) -> TraversalSignal {
        if self.found.is_some() || !range(node).covers(self.target) {
            return TraversalSignal::Skip;
        }
        match node {
            AnyNodeRef::StmtAugAssign(add)
                if add.op == Operator::Add && self.is_target(&add.target) =>
            {
                self.found = Some(Set::Added(&add.target, &add.value));
            }
            AnyNodeRef::StmtAssign(assign) => {
                for target in &assign.targets {
                    self.unpacked(target, &assign.value);
                }
            }
            AnyNodeRef::StmtFor(each) if self.is_target(&each.target) => {
                self.found = Some(Set::Each(&each.iter));
            }
            AnyNodeRef::Comprehension(each) if self.is_target(&each.target) => {
                self.found = Some(Set::Each(&each.iter));
            }
            _ => {}
        }
        TraversalSignal::Traverse
    }
}
