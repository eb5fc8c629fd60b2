//! Whether two trees of the user's say the same.

use nbfix_python::ast::Arguments;
use nbfix_python::{AnyNodeRef, range};

use crate::binding::Bound;
use crate::parts::{Part, parts, same_leaf};

/// Arguments as they are written.
pub(crate) fn in_order(arguments: &Arguments) -> Vec<AnyNodeRef<'_>> {
    let mut all: Vec<_> = arguments.args.iter().map(AnyNodeRef::from).collect();
    all.extend(arguments.keywords.iter().map(AnyNodeRef::Keyword));
    all.sort_by_key(|each| range(*each));
    all
}

/// Whether two holes of one name matched the same: the same text, or trees that are alike.
pub(crate) fn same(a: &Bound<'_>, b: &Bound<'_>) -> bool {
    if a.text == b.text {
        return true;
    }
    matches!((a.node, b.node), (Some(a), Some(b)) if alike(a, b))
}

fn alike(a: AnyNodeRef<'_>, b: AnyNodeRef<'_>) -> bool {
    if a.kind() != b.kind() {
        return false;
    }
    let (Some(a_parts), Some(b_parts)) = (parts(a), parts(b)) else {
        return same_leaf(a, b).unwrap_or(false);
    };
    let both = |a: &[AnyNodeRef<'_>], b: &[AnyNodeRef<'_>]| {
        a.len() == b.len() && a.iter().zip(b).all(|(a, b)| alike(*a, *b))
    };
    a_parts.len() == b_parts.len()
        && a_parts.iter().zip(&b_parts).all(|(a, b)| match (a, b) {
            (Part::Word(a), Part::Word(b)) => a == b,
            (Part::One(a), Part::One(b)) => alike(*a, *b),
            (Part::Maybe(a), Part::Maybe(b)) | (Part::Asked(a), Part::Asked(b)) => match (a, b) {
                (Some(a), Some(b)) => alike(*a, *b),
                (None, None) => true,
                _ => false,
            },
            (Part::Run(a), Part::Run(b)) => both(&a.nodes, &b.nodes),
            (Part::Some(a), Part::Some(b)) => both(a, b),
            (Part::Arguments(a), Part::Arguments(b)) => match (a, b) {
                (Some(a), Some(b)) => both(&in_order(a), &in_order(b)),
                (None, None) => true,
                _ => false,
            },
            _ => false,
        })
}
