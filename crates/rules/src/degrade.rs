//! The degrade fix: a cell that needs a service goes on without it, and says so once.
//!
//! The statements that need the service move into a `try`. Where it fails, the reader is told what is missing and how
//! to mend it, a flag says so to later cells, and every name that the statements would have bound exists.
//! Bugs in the code still raise.

use std::collections::BTreeMap;

use nbfix_python::ast::{Expr, ExprRef, Stmt};
use nbfix_python::{dotted, is_stdlib, range};
use nbfix_semantic::{Semantic, Unit};
use nbfix_text::{Edit, TextRange};

use crate::outage::Outage;

/// What `str.splitlines` takes for a line break besides `\n` and `\r`.
const OTHER_LINE_BREAKS: &[char] = &[
    '\u{b}', '\u{c}', '\u{1c}', '\u{1d}', '\u{1e}', '\u{85}', '\u{2028}', '\u{2029}', '\0',
];

/// The edits that wrap the statements `from..=to` of the unit's top level. `replacements` are edits inside them.
/// `None` if they cannot be wrapped without changing what they mean.
pub(crate) fn wrap(
    semantic: &Semantic<'_>,
    unit: &Unit<'_>,
    from: usize,
    to: usize,
    outage: &Outage,
    replacements: Vec<Edit>,
) -> Option<Vec<Edit>> {
    // Of a cell that does not parse, the tree is a guess. And IPython breaks lines where Python does not.
    if !unit.module.errors().is_empty() || unit.source.contains(OTHER_LINE_BREAKS) {
        return None;
    }
    let body = unit.module.body();
    let statements = body.get(from..=to)?;
    let region = range(statements.first()?).cover(range(statements.last()?));
    let start = line_start(unit.source, region.start());
    let end = line_end(unit.source, region.end());
    if !stands_alone(unit.source, body, from, to) || statements.iter().any(cannot_be_indented) {
        return None;
    }
    let mut inserts: BTreeMap<usize, String> = BTreeMap::new();
    let strings = unit.module.multiline_strings(unit.source);
    let untouched = |at: usize| {
        let inside = |range: TextRange| range.start() < at && at < range.end();
        strings
            .iter()
            .any(|string| inside(*string) || string.contains(at) && string.start() < at)
            || replacements.iter().any(|edit| inside(edit.range))
    };
    for line in line_starts(unit.source, TextRange::new(start, end)) {
        let is_blank = unit.source[line..]
            .lines()
            .next()
            .unwrap_or_default()
            .trim()
            .is_empty();
        if !is_blank && !untouched(line) {
            inserts.insert(line, "    ".to_owned());
        }
    }
    let mut opening = "try:\n    ".to_owned();
    for line in &outage.first {
        opening.push_str(line);
        opening.push_str("\n    ");
    }
    inserts.insert(start, opening);
    let mut closing = String::new();
    if to + 1 == body.len() {
        show_last(
            semantic,
            unit,
            statements.last()?,
            end,
            &mut inserts,
            &mut closing,
        );
    }
    closing.push_str(&handler(semantic, unit, statements, region, outage));
    inserts.entry(end).or_default().push_str(&closing);

    let crlf = unit.source.contains("\r\n");
    let finish = |text: String| {
        if crlf {
            text.replace('\n', "\r\n")
        } else {
            text
        }
    };
    let mut edits: Vec<Edit> = inserts
        .into_iter()
        .map(|(at, text)| Edit::insert(at, finish(text)))
        .collect();
    edits.extend(
        replacements
            .into_iter()
            .map(|edit| Edit::replace(edit.range, finish(edit.insert))),
    );
    Some(edits)
}

/// Whether the region's first and last lines hold no other statement.
fn stands_alone(source: &str, body: &[Stmt], from: usize, to: usize) -> bool {
    let alone = |earlier: usize, later: usize| match (body.get(earlier), body.get(later)) {
        (Some(earlier), Some(later)) => TextRange::new(range(earlier).end(), range(later).start())
            .of(source)
            .contains('\n'),
        _ => true,
    };
    (from == 0 || alone(from - 1, from)) && alone(to, to + 1)
}

/// What only works at the very start of a line, or must come first in its cell.
fn cannot_be_indented(stmt: &Stmt) -> bool {
    match stmt {
        Stmt::ImportFrom(import) => import
            .module
            .as_ref()
            .is_some_and(|module| module == "__future__"),
        Stmt::IpyEscapeCommand(escape) => escape.kind.is_help(),
        _ => false,
    }
}

/// A cell shows the value of its last expression. Indented, it would not: so it is shown by hand.
fn show_last(
    semantic: &Semantic<'_>,
    unit: &Unit<'_>,
    last: &Stmt,
    line_end: usize,
    inserts: &mut BTreeMap<usize, String>,
    closing: &mut String,
) {
    let Stmt::Expr(statement) = last else { return };
    let value = &*statement.value;
    let at = range(statement);
    let silenced = TextRange::new(at.end(), line_end)
        .of(unit.source)
        .trim_start()
        .starts_with(';');
    if silenced || shows_itself(semantic, unit, value) {
        return;
    }
    if matches!(value, Expr::Call(_) | Expr::Await(_)) {
        // A call may give None, which a cell does not show.
        inserts.entry(at.start()).or_default().push_str("_shown = ");
        closing.push_str("\n    if _shown is not None:\n        display(_shown)");
    } else {
        inserts.entry(at.start()).or_default().push_str("display(");
        let mut close = ")".to_owned();
        close.push_str(&inserts.remove(&at.end()).unwrap_or_default());
        inserts.insert(at.end(), close);
    }
}

fn shows_itself(semantic: &Semantic<'_>, unit: &Unit<'_>, value: &Expr) -> bool {
    match value {
        Expr::Call(call) => {
            let path = semantic.qualified(unit, &*call.func).or_else(|| {
                let (_, parts) = dotted(ExprRef::from(&*call.func))?;
                Some(parts.join("."))
            });
            path.is_some_and(|path| {
                let last = path.rsplit('.').next().unwrap_or_default();
                matches!(
                    last,
                    "print" | "display" | "show" | "pprint" | "append" | "extend" | "close"
                )
            })
        }
        Expr::NoneLiteral(_) | Expr::EllipsisLiteral(_) => true,
        _ => false,
    }
}

fn handler(
    semantic: &Semantic<'_>,
    unit: &Unit<'_>,
    statements: &[Stmt],
    region: TextRange,
    outage: &Outage,
) -> String {
    let flag = &outage.flag;
    let mut lines = vec![
        String::new(),
        format!("    {flag} = True"),
        "except (NameError, TypeError, AttributeError, AssertionError):".to_owned(),
        "    raise  # a bug in the code, not a missing service".to_owned(),
        "except Exception as _exc:".to_owned(),
        format!(
            "    print({} % (type(_exc).__name__, (str(_exc).splitlines() or [''])[0][:300]))",
            quoted(&format!(
                "[WARN] {} unavailable - %s: %s",
                outage.label.replace('%', "%%")
            ))
        ),
    ];
    let mut section = |title: &str, steps: &[String]| {
        if !steps.is_empty() {
            lines.push(format!("    print({})", quoted(&format!("  {title}:"))));
            lines.extend(
                steps
                    .iter()
                    .map(|step| format!("    print({})", quoted(&format!("    {step}")))),
            );
        }
    };
    section("TO FIX VIA CLI", &outage.cli);
    section("TO FIX VIA PORTAL", &outage.portal);
    lines.push(format!(
        "    print({})",
        quoted(&format!("  Impact: {}", outage.impact))
    ));
    lines.push(format!("    {flag} = False"));

    let kept: Vec<&Stmt> = statements
        .iter()
        .filter(|stmt| is_stdlib_import(stmt))
        .collect();
    // A module of the standard library is there in any case; later cells may count on it.
    lines.extend(
        kept.iter()
            .map(|stmt| format!("    {}", range(*stmt).of(unit.source))),
    );
    let names: Vec<&str> = semantic
        .bound_within(unit, region)
        .into_iter()
        .filter(|name| {
            *name != flag.as_str()
                && !kept
                    .iter()
                    .any(|stmt| semantic.bound_within(unit, range(*stmt)).contains(name))
        })
        .collect();
    lines.extend(
        names
            .chunks(6)
            .map(|chunk| format!("    {} = None", chunk.join(" = "))),
    );
    lines.join("\n")
}

/// An import of modules that Python itself brings.
pub(crate) fn is_stdlib_import(stmt: &Stmt) -> bool {
    match stmt {
        Stmt::Import(import) => import
            .names
            .iter()
            .all(|alias| is_stdlib(alias.name.as_str())),
        Stmt::ImportFrom(import) => {
            import.level == 0
                && import
                    .module
                    .as_ref()
                    .is_some_and(|module| is_stdlib(module.as_str()) && module != "__future__")
        }
        _ => false,
    }
}

/// A Python string literal. Templates are pure ASCII, whatever the table holds.
pub(crate) fn quoted(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') {
        '"'
    } else {
        '\''
    };
    let mut out = String::from(quote);
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            c if c == quote => {
                out.push('\\');
                out.push(c);
            }
            '\n' => out.push_str("\\n"),
            c if c.is_ascii() && !c.is_ascii_control() => out.push(c),
            c => out.push_str(&format!("\\U{:08x}", c as u32)),
        }
    }
    out.push(quote);
    out
}

/// The start of the line that holds `at`.
pub(crate) fn line_start(source: &str, at: usize) -> usize {
    source
        .get(..at)
        .and_then(|before| before.rfind('\n'))
        .map_or(0, |newline| newline + 1)
}

/// The end of the line that holds `at`, before its line break.
pub(crate) fn line_end(source: &str, at: usize) -> usize {
    let rest = source.get(at..).unwrap_or_default();
    let line = rest.find('\n').map_or(rest, |newline| &rest[..newline]);
    at + line.trim_end_matches('\r').len()
}

/// The starts of the lines that begin in `range`, its first line included.
fn line_starts(source: &str, range: TextRange) -> impl Iterator<Item = usize> {
    let text = range.of(source);
    let breaks = text
        .match_indices('\n')
        .map(move |(at, _)| range.start() + at + 1);
    std::iter::once(range.start()).chain(breaks)
}
