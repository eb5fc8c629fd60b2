//! Uses of what libraries no longer have: the rows `removed` of `rules/data/renames.toml`.

use std::sync::LazyLock;

use nbfix_ipynb::CellId;
use nbfix_python::ast::visitor::source_order::{walk_expr, walk_stmt};
use nbfix_python::ast::{Expr, Stmt};
use nbfix_python::{SourceOrderVisitor, range};
use nbfix_semantic::{BindingKind, ProgramId, Semantic, Unit};
use nbfix_text::TextRange;
use serde::Deserialize;

/// Something that is gone.
#[derive(Debug, Deserialize)]
pub(crate) struct Removed {
    /// The distribution that had it.
    pub(crate) package: String,
    /// The first version without it.
    pub(crate) since: String,
    paths: Vec<String>,
    /// What takes its place, in words.
    #[serde(rename = "use")]
    pub(crate) instead: String,
}

#[derive(Deserialize)]
struct Table {
    removed: Vec<Removed>,
}

static REMOVED: LazyLock<Vec<Removed>> = LazyLock::new(|| {
    // A test reads the table; a broken one means that nothing is gone.
    toml::from_str::<Table>(include_str!("../../../rules/data/renames.toml"))
        .map(|table| table.removed)
        .unwrap_or_default()
});

/// A use: its cell, its place, the path of what is gone, and its row.
pub(crate) type Found = (CellId, TextRange, &'static str, &'static Removed);

/// The uses of a document, in its order.
pub(crate) fn uses(semantic: &Semantic<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for unit in semantic.units_of(ProgramId::DOCUMENT) {
        let last = |path: &str| {
            path.rsplit('.')
                .next()
                .is_some_and(|it| unit.source.contains(it))
        };
        if !REMOVED
            .iter()
            .flat_map(|row| &row.paths)
            .any(|path| last(path))
        {
            continue;
        }
        let mut finder = Finder {
            semantic,
            unit,
            found: Vec::new(),
        };
        finder.visit_body(unit.module.body());
        found.extend(finder.found);
    }
    found
}

/// The row of a path, or of what it is below.
fn row(path: &str) -> Option<(&'static str, &'static Removed)> {
    REMOVED.iter().find_map(|row| {
        let is = |known: &&String| {
            let rest = path.strip_prefix(known.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        Some((row.paths.iter().find(is)?.as_str(), row))
    })
}

struct Finder<'s, 'a> {
    semantic: &'s Semantic<'a>,
    unit: &'s Unit<'a>,
    found: Vec<Found>,
}

impl Finder<'_, '_> {
    fn take(&mut self, at: TextRange, path: &str) {
        if let Some((path, row)) = row(path) {
            self.found.push((self.unit.cell, at, path, row));
        }
    }
}

impl<'a> SourceOrderVisitor<'a> for Finder<'_, 'a> {
    fn visit_stmt(&mut self, stmt: &'a Stmt) {
        match stmt {
            // Whoever tries, or asks for the version, has thought of both.
            Stmt::Try(_) => {}
            Stmt::If(branch) => {
                let test = range(&*branch.test).of(self.unit.source);
                if !test.contains("version") && !test.contains("hasattr") {
                    walk_stmt(self, stmt);
                }
            }
            Stmt::ImportFrom(import) if import.level == 0 => {
                let module = import.module.as_ref().map_or("", |module| module.as_str());
                for alias in &import.names {
                    self.take(range(stmt), &format!("{module}.{}", alias.name));
                }
            }
            Stmt::Import(import) => {
                for alias in &import.names {
                    self.take(range(stmt), alias.name.as_str());
                }
            }
            _ => walk_stmt(self, stmt),
        }
    }

    fn visit_expr(&mut self, expr: &'a Expr) {
        // A bare name was imported as such, and the import is told.
        if let Expr::Attribute(_) = expr
            && let Some((name, _)) = nbfix_python::dotted(expr)
            && let Some(binding) =
                self.semantic
                    .binding(self.unit, name.id.as_str(), range(name).start())
            && matches!(binding.kind, BindingKind::Import(_))
        {
            if let Some(path) = self.semantic.qualified(self.unit, expr)
                && let BindingKind::Import(imported) = &binding.kind
                && row(imported).is_none()
            {
                self.take(range(expr), &path);
            }
            return;
        }
        walk_expr(self, expr);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_whole() {
        assert!(REMOVED.len() >= 15);
        assert!(row("tensorflow.contrib.slim").is_some());
        assert!(row("pinecone.initialize").is_none());
    }
}
