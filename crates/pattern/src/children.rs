//! The direct children of a node, in the order of the source.

use nbfix_python::{AnyNodeRef, SourceOrderVisitor, TraversalSignal};

pub(crate) fn children(node: AnyNodeRef<'_>) -> Vec<AnyNodeRef<'_>> {
    let mut collector = Collector { found: Vec::new() };
    node.visit_source_order(&mut collector);
    collector.found
}

struct Collector<'a> {
    found: Vec<AnyNodeRef<'a>>,
}

impl<'a> SourceOrderVisitor<'a> for Collector<'a> {
    fn enter_node(&mut self, node: AnyNodeRef<'a>) -> TraversalSignal {
        self.found.push(node);
        TraversalSignal::Skip
    }
}
