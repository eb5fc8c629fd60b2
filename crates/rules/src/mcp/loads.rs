//! What a notebook asks of the files that name servers, and what is wrong with these.

use nbfix_ipynb::CellId;
use nbfix_lint::Report;
use nbfix_python::ast::{AnyNodeRef, Expr, ExprContext, ExprSubscript};
use nbfix_python::{SourceOrderVisitor, TraversalSignal, range, string_value};
use nbfix_semantic::{BindingKind, ProgramId, Semantic, Unit};
use nbfix_text::TextRange;

use super::files::{self, McpFile};
use super::{Transport, crossed, help, misplaced, without_query};

/// What is wrong with the files that the notebook loads, and with what it asks of them.
pub(crate) fn loaded(semantic: &Semantic<'_>) -> Vec<(CellId, TextRange, Report)> {
    let mut reports = Vec::new();
    for (path, text) in semantic.data_files() {
        let Some(file) = files::read(text) else {
            continue;
        };
        let mut finder = Loads {
            semantic,
            path,
            file: &file,
            unit: None,
            places: Vec::new(),
            asked: Vec::new(),
        };
        for unit in semantic.units_of(ProgramId::DOCUMENT) {
            finder.cell(unit);
        }
        // A file that the notebook itself writes is another one when it runs.
        if finder.places.iter().any(|(_, _, reads)| !reads) {
            continue;
        }
        let Some((cell, at, _)) = finder.places.first().copied() else {
            continue;
        };
        let wrong = file.urls.iter().find_map(|(name, url, transport)| {
            let transport = transport.as_deref().and_then(Transport::of_word);
            let says = misplaced(url).or_else(|| {
                let crossed = transport.is_some_and(|it| crossed(url, it));
                crossed.then_some("crossed")
            })?;
            Some((name, url, says, transport))
        });
        if let Some((name, url, says, transport)) = wrong {
            let mut report = Report::at(cell, at)
                .with("url", without_query(url))
                .with("file", path)
                .with("name", name)
                .with("transport", transport.map_or("", Transport::label))
                .help(format!("`{name}` in `{path}`: {}", help(says)));
            if says != "instance-tls" {
                report = report.says(says);
            }
            reports.push((cell, at, report));
        }
        for (asking, place, name) in finder.asked {
            let known = file.names.join("`, `");
            let report = Report::at(asking, place)
                .with("name", name)
                .with("file", path)
                .says("missing")
                .label(cell, at, format!("it has `{known}`"))
                .help(help("missing"));
            reports.push((asking, place, report));
        }
    }
    reports
}

/// Where a file is named, and what is asked of it.
struct Loads<'s, 'a, 'f> {
    semantic: &'s Semantic<'a>,
    path: &'f str,
    file: &'f McpFile,
    unit: Option<&'s Unit<'a>>,
    /// Where its name stands, and whether it is read there.
    places: Vec<(CellId, TextRange, bool)>,
    asked: Vec<(CellId, TextRange, String)>,
}

impl<'s, 'a> Loads<'s, 'a, '_> {
    fn cell(&mut self, unit: &'s Unit<'a>) {
        self.unit = Some(unit);
        self.visit_body(unit.module.body());
    }

    /// `servers["docs"]`, where `servers` is what the file holds.
    fn subscript(&mut self, subscript: &'a ExprSubscript) {
        let Some(unit) = self.unit else { return };
        let Some(name) = string_value(&subscript.slice) else {
            return;
        };
        if subscript.ctx != ExprContext::Load || self.file.has(name) || is_guarded(unit, name) {
            return;
        }
        let is_section = self.file.section.as_deref() == Some(name);
        if self.holds(unit, &subscript.value, 0)
            || (!is_section && self.is_made_of_lines(&subscript.value, name))
        {
            let at = range(subscript);
            self.asked.push((unit.cell, at, name.to_owned()));
        }
    }

    /// Whether an expression is a table of servers that the notebook fills from the lines of the file, none of which
    /// speaks of this one: `MCP_SERVERS["docs"]`, where no line is `DOCS_MCP_URL=...`.
    fn is_made_of_lines(&self, expr: &'a Expr, name: &str) -> bool {
        let Expr::Name(table) = expr else {
            return false;
        };
        let table = table.id.as_str();
        let lower = table.to_ascii_lowercase();
        if !self.file.lines || !lower.contains("mcp") || !lower.contains("server") {
            return false;
        }
        let plain = |text: &str| text.to_ascii_lowercase().replace(['-', '_', ' '], "");
        if self
            .file
            .names
            .iter()
            .any(|line| plain(line).contains(&plain(name)))
        {
            return false;
        }
        // A table whose entries are written down, or set one by one, has what it has.
        let bindings = self.semantic.bindings(ProgramId::DOCUMENT, table);
        let fills = |binding: &nbfix_semantic::Binding<'_>| match binding.kind {
            BindingKind::Value(Expr::Dict(dict)) => dict.items.is_empty(),
            BindingKind::Value(value) => matches!(value, Expr::DictComp(_) | Expr::Call(_)),
            _ => false,
        };
        let sets = [
            format!("{table}[\"{name}\"] ="),
            format!("{table}['{name}'] ="),
        ];
        let mut units = self.semantic.units_of(ProgramId::DOCUMENT);
        bindings.len() == 1
            && bindings.iter().all(fills)
            && !units.any(|unit| sets.iter().any(|set| unit.source.contains(set.as_str())))
    }

    /// Whether an expression is the table of servers of the file.
    fn holds(&self, unit: &Unit<'a>, expr: &'a Expr, depth: usize) -> bool {
        if depth > 6 {
            return false;
        }
        match expr {
            Expr::Name(name) => {
                let at = range(name).start();
                let Some(binding) = self.semantic.binding(unit, name.id.as_str(), at) else {
                    return false;
                };
                let Some(home) = self.semantic.unit(binding.unit) else {
                    return false;
                };
                match binding.kind {
                    BindingKind::Value(value) => self.holds(home, value, depth + 1),
                    _ => false,
                }
            }
            Expr::Subscript(inner) => {
                let key = string_value(&inner.slice);
                self.file.section.is_some()
                    && key == self.file.section.as_deref()
                    && self.is_file(unit, &inner.value, depth + 1)
            }
            Expr::Call(call) => {
                // `config.get("mcpServers", {})`.
                if let Expr::Attribute(method) = &*call.func
                    && method.attr.as_str() == "get"
                    && self.file.section.is_some()
                    && call.arguments.args.first().and_then(string_value)
                        == self.file.section.as_deref()
                {
                    return self.is_file(unit, &method.value, depth + 1);
                }
                self.file.section.is_none() && self.is_file(unit, expr, depth)
            }
            _ => false,
        }
    }

    /// Whether an expression is what the whole file holds: `json.load(...)` of it, or a name for that.
    fn is_file(&self, unit: &Unit<'a>, expr: &'a Expr, depth: usize) -> bool {
        if depth > 6 {
            return false;
        }
        match expr {
            Expr::Name(name) => {
                let at = range(name).start();
                let Some(binding) = self.semantic.binding(unit, name.id.as_str(), at) else {
                    return false;
                };
                match (binding.kind.clone(), self.semantic.unit(binding.unit)) {
                    (BindingKind::Value(value) | BindingKind::With(value), Some(home)) => {
                        self.is_file(home, value, depth + 1)
                    }
                    _ => false,
                }
            }
            Expr::Call(call) => {
                let path = self.semantic.qualified(unit, &*call.func);
                if matches!(
                    path.as_deref(),
                    Some("json.load" | "json.loads" | "open" | "pathlib.Path")
                ) {
                    let first = call.arguments.args.first();
                    return first.is_some_and(|first| self.is_file(unit, first, depth + 1));
                }
                match (&*call.func, path.as_deref()) {
                    (_, Some("dotenv.dotenv_values")) => call
                        .arguments
                        .args
                        .first()
                        .is_some_and(|first| self.is_file(unit, first, depth + 1)),
                    (Expr::Attribute(method), _)
                        if matches!(
                            method.attr.as_str(),
                            "read" | "read_text" | "open" | "read_bytes"
                        ) =>
                    {
                        self.is_file(unit, &method.value, depth + 1)
                    }
                    _ => false,
                }
            }
            other => string_value(other) == Some(self.path),
        }
    }
}

/// Whether the cell asks first whether the name is there.
fn is_guarded(unit: &Unit<'_>, name: &str) -> bool {
    let quoted = [format!("\"{name}\" in "), format!("'{name}' in ")];
    quoted
        .iter()
        .any(|text| unit.source.contains(text.as_str()))
        || unit.source.contains("KeyError")
}

impl<'a> SourceOrderVisitor<'a> for Loads<'_, 'a, '_> {
    fn enter_node(&mut self, node: AnyNodeRef<'a>) -> TraversalSignal {
        let Some(unit) = self.unit else {
            return TraversalSignal::Skip;
        };
        match node {
            AnyNodeRef::ExprSubscript(subscript) => self.subscript(subscript),
            AnyNodeRef::ExprCall(call) => {
                // `open(path, "w")` makes another file.
                let text = range(call).of(unit.source);
                let writes = ["\"w\"", "'w'", "\"a\"", "'a'", ".write_text("]
                    .iter()
                    .any(|word| text.contains(word));
                if writes && text.contains(self.path) {
                    self.places.push((unit.cell, range(call), false));
                }
            }
            AnyNodeRef::ExprStringLiteral(literal) if literal.value.to_str() == self.path => {
                self.places.push((unit.cell, range(literal), true));
            }
            _ => {}
        }
        TraversalSignal::Traverse
    }
}
