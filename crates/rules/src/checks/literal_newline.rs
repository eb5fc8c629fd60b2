//! `literal-newline`: the two characters `\n` in code, where a line was to end.

use nbfix_lint::{Check, Findings, Report};
use nbfix_python::ast::{Expr, Stmt};
use nbfix_python::{Module, range};
use nbfix_semantic::{ProgramId, Semantic, Unit};
use nbfix_text::{Edit, TextRange};

pub(crate) const CHECK: Check = Check::Notebook(check);

fn check<'a>(semantic: &Semantic<'a>, findings: &mut Findings<'_>) {
    for unit in semantic.units_of(ProgramId::DOCUMENT) {
        let Some((first, all)) = literal_newlines(unit) else {
            continue;
        };
        let mut report = Report::at(unit.cell, first).with("count", all.len().to_string());
        if all.len() > 1 {
            report = report.says("many");
        }
        for range in all {
            report = report.edit(unit.cell, Edit::replace(range, "\n"));
        }
        findings.push(report);
    }
}

/// Whether the cell's line breaks were written as two characters.
pub(super) fn has_literal_newlines(unit: &Unit<'_>) -> bool {
    literal_newlines(unit).is_some()
}

/// The places where a line was to end, and the first of them, if the text becomes Python by it.
fn literal_newlines(unit: &Unit<'_>) -> Option<(TextRange, Vec<TextRange>)> {
    if !unit.source.contains("\\n") {
        return None;
    }
    let found = if unit.module.errors().is_empty() {
        in_comments(unit)
    } else {
        Scan::of(unit.source, unit.code).found
    };
    let first = *found.first()?;
    let mut text = String::with_capacity(unit.source.len());
    let mut at = 0;
    for place in &found {
        text.push_str(unit.source.get(at..place.start())?);
        text.push('\n');
        at = place.end();
    }
    text.push_str(unit.source.get(at..)?);
    // Every break is one character shorter than what stood for it.
    let code = TextRange::new(unit.code.start(), unit.code.end() - found.len());
    let module = Module::cell(&text, code);
    let is_code = module.body().iter().any(|stmt| !is_word(stmt));
    (module.errors().is_empty() && is_code).then_some((first, found))
}

/// Comments of a cell that is Python already: only where what follows the first `\n` is code beyond doubt.
fn in_comments(unit: &Unit<'_>) -> Vec<TextRange> {
    let mut found = Vec::new();
    for comment in unit.module.comments() {
        let text = comment.of(unit.source);
        let Some(at) = text.find("\\n") else {
            continue;
        };
        let scan = Scan::of(unit.source, comment);
        let rest: Vec<&str> = {
            let mut pieces = Vec::new();
            let mut start = comment.start() + at + 2;
            for place in scan.found.iter().skip(1) {
                pieces.extend(unit.source.get(start..place.start()));
                start = place.end();
            }
            pieces.extend(unit.source.get(start..comment.end()));
            pieces
        };
        let rest = rest.join("\n");
        let module = Module::cell(&rest, TextRange::new(0, rest.len()));
        let statements = module.body();
        let is_code = module.errors().is_empty()
            && !statements.is_empty()
            && statements
                .iter()
                .all(|stmt| is_surely_code(stmt, &rest, scan.found.len()));
        // Code that hides in a comment of its own line belongs there.
        let alone = unit.source[..comment.start()]
            .rsplit('\n')
            .next()
            .is_some_and(|before| before.trim().is_empty());
        if is_code && alone {
            found.extend(scan.found);
        }
    }
    found
}

/// Whether nobody would write this as a part of a sentence. A lone call may be one (`# prints a\nf()`).
fn is_surely_code(stmt: &Stmt, text: &str, breaks: usize) -> bool {
    match stmt {
        Stmt::Expr(expr) => {
            let is_call = matches!(&*expr.value, Expr::Call(_) | Expr::Await(_));
            is_call && breaks > 1 && range(stmt).of(text).ends_with(')')
        }
        Stmt::AnnAssign(assign) => assign.value.is_some(),
        Stmt::IpyEscapeCommand(_) => breaks > 1,
        _ => true,
    }
}

/// Whether a statement is a word or a string, and so may be prose.
fn is_word(stmt: &Stmt) -> bool {
    let Stmt::Expr(expr) = stmt else { return false };
    matches!(
        &*expr.value,
        Expr::Name(_) | Expr::Attribute(_) | Expr::StringLiteral(_)
    )
}

/// Finds `\n` outside of strings. Each ends the line, and so the comment or the magic that it stands in.
struct Scan {
    found: Vec<TextRange>,
}

impl Scan {
    fn of(source: &str, within: TextRange) -> Self {
        let bytes = source.as_bytes();
        let mut found = Vec::new();
        let mut at = within.start();
        let mut line_starts = true;
        let mut was_broken = false;
        while at < within.end() {
            let rest = &bytes[at..within.end()];
            match rest {
                [b'\\', b'n', ..] => {
                    found.push(TextRange::new(at, at + 2));
                    (line_starts, was_broken) = (true, true);
                    at += 2;
                }
                [b'\\', _, ..] => at += 2,
                [b'\n', ..] => {
                    (line_starts, was_broken) = (true, false);
                    at += 1;
                }
                // A magic's or a shell's own line, with whatever escapes these have.
                [b'!' | b'%', ..] if line_starts && !was_broken => {
                    at += rest
                        .iter()
                        .position(|byte| *byte == b'\n')
                        .unwrap_or(rest.len());
                }
                [b'#', ..] => {
                    let end = rest
                        .iter()
                        .zip(rest.iter().skip(1).chain([&0]))
                        .position(|(a, b)| *a == b'\n' || (*a == b'\\' && *b == b'n'));
                    at += end.unwrap_or(rest.len());
                }
                [quote @ (b'"' | b'\''), ..] => at += string_length(rest, *quote),
                [byte, ..] => {
                    line_starts &= byte.is_ascii_whitespace();
                    at += 1;
                }
                [] => break,
            }
        }
        Self { found }
    }
}

/// The bytes of a string that starts here, with both quotes; one that never ends goes up to the end of its line.
fn string_length(rest: &[u8], quote: u8) -> usize {
    let triple = rest.get(1) == Some(&quote) && rest.get(2) == Some(&quote);
    let mut at = if triple { 3 } else { 1 };
    while let Some(byte) = rest.get(at) {
        match byte {
            b'\\' => at += 1,
            b'\n' if !triple => return at,
            byte if *byte == quote => {
                let ends =
                    !triple || rest.get(at + 1) == Some(&quote) && rest.get(at + 2) == Some(&quote);
                if ends {
                    return at + if triple { 3 } else { 1 };
                }
            }
            _ => {}
        }
        at += 1;
    }
    rest.len()
}
