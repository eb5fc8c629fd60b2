//! Uses of what libraries no longer have: the rows `removed` of `rules/data/renames.toml`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use nbfix_ipynb::CellId;
use nbfix_lint::Level;
use nbfix_python::ast::visitor::source_order::{walk_expr, walk_stmt};
use nbfix_python::ast::{Expr, ExprAttribute, ExprCall, Stmt};
use nbfix_python::{SourceOrderVisitor, range};
use nbfix_semantic::{BindingKind, ProgramId, Semantic, Unit};
use nbfix_text::TextRange;
use regex::Regex;
use serde::Deserialize;

use crate::renames::of_name;

/// Something that is gone.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Removed {
    /// The distribution that had it; `python` for Python's own library.
    pub(crate) package: String,
    /// The first version without it. What is only `retired` has none.
    #[serde(default)]
    pub(crate) since: String,
    /// Whether it still works, and nobody keeps it up.
    #[serde(default)]
    pub(crate) retired: bool,
    /// What is imported, dotted; what lies below a path is gone with it.
    #[serde(default)]
    paths: Vec<String>,
    /// Callables, dotted, whose objects have lost `members`, or which take `keywords` no longer.
    #[serde(default)]
    of: Vec<String>,
    #[serde(default)]
    members: Vec<String>,
    #[serde(default)]
    keywords: Vec<String>,
    /// What takes its place, in words; `{member}` is the last part of what is gone.
    #[serde(rename = "use")]
    instead: String,
    /// Other distributions that had it, each with its first version without.
    #[serde(default)]
    pub(crate) also: BTreeMap<String, String>,
    /// Distributions that bring it back, under its old name.
    #[serde(default)]
    pub(crate) backports: Vec<String>,
    /// Whether it fails for some readers only.
    #[serde(default)]
    partly: bool,
    /// The versions that were looked at.
    #[serde(rename = "checked")]
    _checked: String,
    #[serde(rename = "source")]
    _source: String,
    #[serde(rename = "as_of")]
    _as_of: String,
}

impl Removed {
    /// The level of the row, if it is not the rule's own.
    pub(crate) fn level(&self) -> Option<Level> {
        match (self.retired, self.partly) {
            (true, _) => Some(Level::Note),
            (_, true) => Some(Level::Warning),
            _ => None,
        }
    }

    /// What the rule calls the package.
    pub(crate) fn title(&self) -> &str {
        match self.package.as_str() {
            "python" => "Python",
            name => name,
        }
    }
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

/// The words of which a cell must hold one to be looked at.
static WORDS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let last = |path: &'static String| path.rsplit('.').next().unwrap_or_default();
    let rows = REMOVED.iter();
    let words = rows.flat_map(|row| {
        let others = row.members.iter().chain(&row.keywords);
        row.paths.iter().map(last).chain(others.map(String::as_str))
    });
    let words: Vec<String> = words.map(regex::escape).collect();
    Regex::new(&format!(r"\b(?:{})\b", words.join("|"))).ok()
});

/// A use of something that is gone.
pub(crate) struct Use {
    pub(crate) cell: CellId,
    pub(crate) at: TextRange,
    /// What is gone, as the reader would call it.
    pub(crate) name: String,
    pub(crate) row: &'static Removed,
}

impl Use {
    /// What takes its place, in words.
    pub(crate) fn instead(&self) -> String {
        let member = self.name.rsplit('.').next().unwrap_or(&self.name);
        self.row.instead.replace("{member}", member)
    }
}

/// The uses of a document, in its order.
pub(crate) fn uses(semantic: &Semantic<'_>) -> Vec<Use> {
    let mut found = Vec::new();
    for unit in semantic.units_of(ProgramId::DOCUMENT) {
        let words = WORDS.as_ref();
        if !words.is_some_and(|words| words.is_match(unit.source)) {
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
    // That a library is left behind is worth one line, however many of its modules are imported.
    let mut left: Vec<&str> = Vec::new();
    found.retain(|each| {
        let package = each.row.package.as_str();
        let again = each.row.retired && left.contains(&package);
        if each.row.retired && !again {
            left.push(package);
        }
        !again
    });
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
    found: Vec<Use>,
}

impl<'a> Finder<'_, 'a> {
    fn take(&mut self, at: TextRange, path: &str) {
        if let Some((path, row)) = row(path) {
            self.push(at, path.to_owned(), row);
        }
    }

    fn push(&mut self, at: TextRange, name: String, row: &'static Removed) {
        let cell = self.unit.cell;
        self.found.push(Use {
            cell,
            at,
            name,
            row,
        });
    }

    /// Whether the module lies beside the document.
    fn is_own(&self, module: &str) -> bool {
        let root = module.split('.').next().unwrap_or(module);
        self.semantic.module(root).is_some()
    }

    /// `client.member`, where the client was made by something that gives it no such member any more.
    fn member(&mut self, attribute: &'a ExprAttribute) {
        let name = attribute.attr.as_str();
        let mut rows = REMOVED.iter();
        if !rows.any(|row| row.members.iter().any(|member| member == name)) {
            return;
        }
        let (home, value) = self.semantic.value_of(self.unit, &attribute.value);
        let Expr::Call(call) = value else { return };
        let Some(maker) = self.semantic.qualified(home, &*call.func) else {
            return;
        };
        let fits = |row: &&Removed| row.of.contains(&maker) && has(&row.members, name);
        if let Some(row) = REMOVED.iter().find(fits) {
            let class = row.of.first().map_or(maker.as_str(), String::as_str);
            let class = class.rsplit('.').next().unwrap_or(class);
            self.push(range(attribute), format!("{class}.{name}"), row);
        }
    }

    /// A call with a keyword that it takes no longer.
    fn call(&mut self, call: &'a ExprCall) {
        for keyword in &call.arguments.keywords {
            let Some(name) = keyword.arg.as_ref().map(|name| name.as_str()) else {
                continue;
            };
            let mut rows = REMOVED.iter().filter(|row| has(&row.keywords, name));
            let Some(first) = rows.next() else { continue };
            let Some(path) = self.semantic.qualified(self.unit, &*call.func) else {
                continue;
            };
            let row = std::iter::once(first)
                .chain(rows)
                .find(|row| row.of.contains(&path));
            if let Some(row) = row {
                let function = path.rsplit('.').next().unwrap_or(&path);
                self.push(range(keyword), format!("{function}({name}=...)"), row);
            }
        }
    }
}

fn has(list: &[String], name: &str) -> bool {
    list.iter().any(|known| known == name)
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
                let names: Vec<&str> = import.names.iter().map(|it| it.name.as_str()).collect();
                let mut told: Vec<&'static str> = Vec::new();
                for name in &names {
                    let path = format!("{module}.{name}");
                    let Some((gone, found)) = row(&path) else {
                        continue;
                    };
                    // What has a new place is told by `moved-import`; names of one row are told once.
                    let known = found.paths.first().map_or(gone, String::as_str);
                    if of_name(module, name, &names).is_none()
                        && !self.is_own(module)
                        && !told.contains(&known)
                    {
                        told.push(known);
                        self.push(range(stmt), gone.to_owned(), found);
                    }
                }
            }
            Stmt::Import(import) => {
                for alias in &import.names {
                    if !self.is_own(alias.name.as_str()) {
                        self.take(range(stmt), alias.name.as_str());
                    }
                }
            }
            _ => walk_stmt(self, stmt),
        }
    }

    fn visit_expr(&mut self, expr: &'a Expr) {
        if let Expr::Attribute(attribute) = expr {
            self.member(attribute);
        }
        if let Expr::Call(call) = expr {
            self.call(call);
        }
        // A bare name was imported as such, and the import is told.
        if let Expr::Attribute(_) = expr
            && let Some((name, _)) = nbfix_python::dotted(expr)
            && let Some(binding) =
                self.semantic
                    .binding(self.unit, name.id.as_str(), range(name).start())
            && let BindingKind::Import(imported) = &binding.kind
        {
            if let Some(path) = self.semantic.qualified(self.unit, expr)
                && row(imported).is_none()
                && !self.is_own(imported)
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
        assert!(REMOVED.len() >= 60 && WORDS.is_some());
        assert!(row("tensorflow.contrib.slim").is_some());
        assert!(row("pinecone.initialize").is_none());
    }

    #[test]
    fn every_row_finds_something_and_says_what_to_do() {
        for row in REMOVED.iter() {
            let of = !row.of.is_empty();
            let objects = !row.members.is_empty() || !row.keywords.is_empty();
            assert!(!row.paths.is_empty() || of, "{row:?}");
            assert_eq!(of, objects, "{row:?}");
            assert!(!row.instead.is_empty(), "{row:?}");
            assert_eq!(row.since.is_empty(), row.retired, "{row:?}");
        }
    }

    #[test]
    fn what_takes_its_place_is_named() {
        let name = "tensorflow.get_variable";
        let instead = row(name).map(|(path, row)| {
            let used = Use {
                cell: CellId(0),
                at: TextRange::new(0, 1),
                name: path.to_owned(),
                row,
            };
            used.instead()
        });
        let expected = "eager execution, or `tensorflow.compat.v1.get_variable`";
        assert_eq!(instead.as_deref(), Some(expected));
    }

    #[test]
    fn no_row_hides_another() {
        let mut paths: Vec<&String> = REMOVED.iter().flat_map(|row| &row.paths).collect();
        paths.sort_unstable();
        for pair in paths.windows(2) {
            assert!(
                pair[0] != pair[1] && !pair[1].starts_with(&format!("{}.", pair[0])),
                "{pair:?}"
            );
        }
    }
}
