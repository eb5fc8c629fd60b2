//! What the rules on secrets share.

use nbfix_lint::{Findings, Report};
use nbfix_python::ast::{Expr, StringLiteral};
use nbfix_python::{range, single_literal};
use nbfix_secrets::{Detector, What, short};
use nbfix_semantic::{Binding, BindingKind, Semantic, Unit};
use nbfix_text::{Edit, TextRange};

use crate::Settings;

pub(crate) mod defaults;
pub(crate) mod links;
mod settings;

pub use settings::SecretSettings;

/// What counts as a secret in the project of these findings.
pub(crate) fn detector(findings: &Findings<'_>) -> std::sync::Arc<Detector> {
    Settings::of(findings).secrets.detector()
}

/// A report of a secret with the words for it; the secret itself is in none of them.
pub(crate) fn told(report: Report, what: &What<'_>, value: &str) -> Report {
    report
        .with("what", what.noun())
        .with("shown", short(value))
        .with("where", what.revoke().unwrap_or("where it was made"))
}

/// What stands between the quotes of a literal in one piece.
pub(crate) fn content(source: &str, expr: &Expr) -> Option<TextRange> {
    let literal: &StringLiteral = single_literal(expr)?;
    let whole = range(literal);
    let text = whole.of(source);
    let open = text.find(['"', '\''])?;
    let quote = text.get(open..=open)?;
    let quotes = match text.get(open..open + 3) {
        Some(three) if three == quote.repeat(3) => 3,
        _ => 1,
    };
    (text.len() >= open + 2 * quotes)
        .then(|| TextRange::new(whole.start() + open + quotes, whole.end() - quotes))
}

/// A name as environments write them: `api-key` and `apiKey` become `API_KEY`.
pub(crate) fn variable(name: &str) -> String {
    let mut out = String::new();
    let mut small = false;
    for c in name.chars() {
        if c.is_ascii_uppercase() && small {
            out.push('_');
        }
        small = c.is_ascii_lowercase() || c.is_ascii_digit();
        out.push(match c {
            c if c.is_ascii_alphanumeric() => c.to_ascii_uppercase(),
            _ => '_',
        });
    }
    out.trim_matches('_').to_owned()
}

/// What makes `os` known at `at` of a unit.
pub(crate) enum Os {
    /// It is imported above.
    Known,
    /// This edit imports it.
    Import(Edit),
}

/// How `os` comes to be known; `None` if the program calls something else `os`, or there is no place for an import.
pub(crate) fn os(semantic: &Semantic<'_>, unit: &Unit<'_>, at: usize) -> Option<Os> {
    let bindings = semantic.bindings(unit.program, "os");
    let is_os =
        |binding: &Binding<'_>| matches!(&binding.kind, BindingKind::Import(path) if path == "os");
    if !bindings.iter().all(is_os) {
        return None;
    }
    let above = |binding: &Binding<'_>| {
        !binding.conditional && (binding.unit, binding.since) <= (unit.index, at)
    };
    if bindings.iter().any(above) {
        return Some(Os::Known);
    }
    // Behind the docstring and what has to come first.
    let first = unit.module.body().iter().find(|stmt| {
        let is_docstring = stmt
            .as_expr_stmt()
            .is_some_and(|stmt| stmt.value.is_string_literal_expr());
        let is_future = stmt
            .as_import_from_stmt()
            .is_some_and(|import| import.module.as_deref() == Some("__future__"));
        !is_docstring && !is_future
    })?;
    let start = range(first).start();
    let line = unit.source[..start].rfind('\n').map_or(0, |at| at + 1);
    let is_line = unit.source[line.max(unit.code.start())..start]
        .trim()
        .is_empty();
    is_line.then(|| Os::Import(Edit::insert(start, "import os\n")))
}
