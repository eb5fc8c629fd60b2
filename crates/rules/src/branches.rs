//! Reads in a branch of an `if`, and where the name is bound around them.

use nbfix_python::ast::{Stmt, StmtIf};
use nbfix_python::{AnyNodeRef, SourceOrderVisitor, TraversalSignal, range};
use nbfix_semantic::{Semantic, Unit};
use nbfix_text::TextRange;

/// What an `if` around a read has to do with where the name is bound.
pub(crate) enum Branch {
    /// Another branch binds it.
    Other {
        /// The name that is bound there.
        bound: TextRange,
        /// Whether the read stands in a `raise`, which then fails with another error than the one it is for.
        in_raise: bool,
    },
    /// The loop around the `if` binds it outside of the branch: a turn before the read may have done so.
    Loop,
}

/// What the branches that the read of `name` at `at` stands in have to do with where the name is bound.
pub(crate) fn branch(
    semantic: &Semantic<'_>,
    unit: &Unit<'_>,
    at: TextRange,
    name: &str,
) -> Option<Branch> {
    let mut around = Around {
        at,
        others: Vec::new(),
        outermost: None,
        in_loop: Vec::new(),
        in_raise: false,
    };
    around.visit_body(unit.module.body());
    let bindings = semantic.bindings(unit.program, name).iter();
    let places = bindings.filter(|binding| binding.unit == unit.index);
    let places: Vec<TextRange> = places.map(|binding| binding.range).collect();
    let turns = |place: &TextRange| {
        let mut own = around.in_loop.iter();
        around.outermost.is_some_and(|each| each.covers(*place))
            && own.any(|own| !own.covers(*place))
    };
    if places.iter().any(turns) {
        return Some(Branch::Loop);
    }
    let is_other = |place: &&TextRange| around.others.iter().any(|other| other.covers(**place));
    Some(Branch::Other {
        bound: *places.iter().find(is_other)?,
        in_raise: around.in_raise,
    })
}

struct Around {
    at: TextRange,
    /// The branches beside those that the read stands in.
    others: Vec<TextRange>,
    /// The outermost loop around it.
    outermost: Option<TextRange>,
    /// The branches in that loop that it stands in.
    in_loop: Vec<TextRange>,
    in_raise: bool,
}

impl<'a> SourceOrderVisitor<'a> for Around {
    fn enter_node(&mut self, node: AnyNodeRef<'a>) -> TraversalSignal {
        if !range(node).covers(self.at) {
            return TraversalSignal::Skip;
        }
        match node {
            AnyNodeRef::StmtFor(_) | AnyNodeRef::StmtWhile(_) if self.outermost.is_none() => {
                self.outermost = Some(range(node));
            }
            AnyNodeRef::StmtIf(branch) => {
                let (own, others): (Vec<_>, Vec<_>) = suites(branch)
                    .into_iter()
                    .partition(|suite| suite.covers(self.at));
                if !own.is_empty() {
                    self.others.extend(others);
                }
                if self.outermost.is_some() {
                    self.in_loop.extend(own);
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
