//! Names that only other branches of an `if` bind.

use nbfix_python::ast::{Stmt, StmtIf};
use nbfix_python::{AnyNodeRef, SourceOrderVisitor, TraversalSignal, range};
use nbfix_semantic::{Semantic, Unit};
use nbfix_text::TextRange;

/// Where another branch binds what is read.
pub(crate) struct Elsewhere {
    /// The name that is bound there.
    pub(crate) bound: TextRange,
    /// Whether the read stands in a `raise`, which then fails with another error than the one it is for.
    pub(crate) in_raise: bool,
}

/// Where an `if` around the read of `name` at `at` binds the name in another branch than in the one of the read.
pub(crate) fn elsewhere(
    semantic: &Semantic<'_>,
    unit: &Unit<'_>,
    at: TextRange,
    name: &str,
) -> Option<Elsewhere> {
    let mut around = Around {
        at,
        others: Vec::new(),
        in_raise: false,
    };
    around.visit_body(unit.module.body());
    let bindings = semantic.bindings(unit.program, name).iter();
    let mut bindings = bindings.filter(|binding| binding.unit == unit.index);
    let bound = bindings.find(|binding| {
        let mut others = around.others.iter();
        others.any(|other| other.covers(binding.range))
    })?;
    Some(Elsewhere {
        bound: bound.range,
        in_raise: around.in_raise,
    })
}

struct Around {
    at: TextRange,
    /// The branches beside those that the read stands in.
    others: Vec<TextRange>,
    in_raise: bool,
}

impl<'a> SourceOrderVisitor<'a> for Around {
    fn enter_node(&mut self, node: AnyNodeRef<'a>) -> TraversalSignal {
        if !range(node).covers(self.at) {
            return TraversalSignal::Skip;
        }
        match node {
            AnyNodeRef::StmtIf(branch) => {
                let suites = suites(branch);
                if suites.iter().any(|suite| suite.covers(self.at)) {
                    let others = suites.into_iter().filter(|suite| !suite.covers(self.at));
                    self.others.extend(others);
                }
            }
            AnyNodeRef::StmtRaise(_) => self.in_raise = true,
            _ => {}
        }
        TraversalSignal::Traverse
    }
}

/// The branches, each from its first statement to its last.
fn suites(branch: &StmtIf) -> Vec<TextRange> {
    let span = |body: &[Stmt]| {
        let (first, last) = (body.first()?, body.last()?);
        Some(TextRange::new(range(first).start(), range(last).end()))
    };
    let clauses = branch.elif_else_clauses.iter();
    std::iter::once(span(&branch.body))
        .chain(clauses.map(|clause| span(&clause.body)))
        .flatten()
        .collect()
}
