//! What a document imports, wherever in it.

use std::collections::BTreeSet;

use nbfix_python::ast::Stmt;
use nbfix_python::{AnyNodeRef, SourceOrderVisitor, TraversalSignal};
use nbfix_semantic::{ProgramId, Semantic};

/// The dotted paths that each namespace of a document imports.
#[derive(Debug, Default)]
pub(crate) struct Imports {
    paths: Vec<BTreeSet<String>>,
}

impl Imports {
    pub(crate) fn of(semantic: &Semantic<'_>) -> Self {
        let paths = semantic
            .programs()
            .map(|(program, _)| {
                let mut collector = Collector::default();
                for unit in semantic.units_of(program) {
                    if unit.source.contains("import") {
                        collector.visit_body(unit.module.body());
                    }
                }
                collector.paths
            })
            .collect();
        Self { paths }
    }

    /// Whether the namespace imports `path`, or something of it.
    pub(crate) fn has(&self, semantic: &Semantic<'_>, program: ProgramId, path: &str) -> bool {
        let index = semantic.programs().position(|(id, _)| id == program);
        let paths = index.and_then(|index| self.paths.get(index));
        paths.is_some_and(|paths| {
            let below = |other: &String| {
                other
                    .strip_prefix(path)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            };
            paths.iter().any(below)
        })
    }
}

#[derive(Default)]
struct Collector {
    paths: BTreeSet<String>,
}

impl<'a> SourceOrderVisitor<'a> for Collector {
    fn enter_node(&mut self, node: AnyNodeRef<'a>) -> TraversalSignal {
        if node.as_expr_ref().is_some() {
            return TraversalSignal::Skip;
        }
        TraversalSignal::Traverse
    }

    fn visit_stmt(&mut self, stmt: &'a Stmt) {
        match stmt {
            Stmt::Import(import) => {
                let names = import.names.iter().map(|alias| alias.name.to_string());
                self.paths.extend(names);
            }
            Stmt::ImportFrom(import) => {
                let module = import.module.as_ref().map_or("", |module| module.as_str());
                let names = import.names.iter();
                self.paths
                    .extend(names.map(|alias| format!("{module}.{}", alias.name)));
            }
            _ => nbfix_python::ast::visitor::source_order::walk_stmt(self, stmt),
        }
    }
}
