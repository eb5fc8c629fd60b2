//! Statements and the lines that they stand in.

use nbfix_python::ast::{ExceptHandler, Stmt};
use nbfix_python::{AnyNodeRef, range};
use nbfix_text::{Edit, TextRange};

/// Where the line of `offset` starts.
pub(crate) fn line_start(source: &str, offset: usize) -> usize {
    let before = source.get(..offset).unwrap_or_default();
    before.rfind('\n').map_or(0, |at| at + 1)
}

/// Where the line of `offset` ends, its line end not included.
pub(crate) fn line_end(source: &str, offset: usize) -> usize {
    let rest = source.get(offset..).unwrap_or_default();
    let line = rest.split('\n').next().unwrap_or_default();
    offset + line.strip_suffix('\r').unwrap_or(line).len()
}

/// The blanks that the line of `offset` starts with.
pub(crate) fn line_indent(source: &str, offset: usize) -> &str {
    let line = TextRange::new(line_start(source, offset), offset).of(source);
    line.get(..line.len() - line.trim_start().len())
        .unwrap_or_default()
}

/// Whether nothing but blanks stands before `offset` in its line.
pub(crate) fn starts_line(source: &str, offset: usize) -> bool {
    TextRange::new(line_start(source, offset), offset)
        .of(source)
        .trim()
        .is_empty()
}

/// The edit that takes a statement out, with its line if it has one of its own. The last statement of a block
/// becomes `pass`. `ancestors` are the nodes around it, perhaps with its own expression statement.
pub(crate) fn delete_statement(
    source: &str,
    place: TextRange,
    ancestors: &[AnyNodeRef<'_>],
) -> Option<Edit> {
    let around = ancestors.iter().rev().find(|node| range(**node) != place);
    if around.is_some_and(|node| is_alone(*node, place)) {
        return Some(Edit::replace(place, "pass"));
    }
    let end = line_end(source, place.end());
    let behind = TextRange::new(place.end(), end).of(source).trim();
    if starts_line(source, place.start()) && (behind.is_empty() || behind.starts_with('#')) {
        let start = line_start(source, place.start());
        let newline = match source.get(end..) {
            Some(rest) if rest.starts_with("\r\n") => 2,
            Some(rest) if rest.starts_with('\n') => 1,
            _ => 0,
        };
        // The last line goes with the line end before it.
        let before = source.get(..start).unwrap_or_default();
        let kept = before.strip_suffix('\n').unwrap_or(before);
        let kept = kept.strip_suffix('\r').unwrap_or(kept);
        return Some(Edit::delete(match newline {
            0 => TextRange::new(kept.len(), end),
            newline => TextRange::new(start, end + newline),
        }));
    }
    // `a; b`
    if let Some(rest) = source.get(place.end()..)?.trim_start().strip_prefix(';') {
        let rest = rest.trim_start_matches(' ');
        return Some(Edit::delete(TextRange::new(
            place.start(),
            source.len() - rest.len(),
        )));
    }
    let before = source.get(..place.start())?.trim_end();
    let kept = before.strip_suffix(';')?;
    Some(Edit::delete(TextRange::new(kept.len(), place.end())))
}

/// Whether the statement is the only one of its block in `node`.
fn is_alone(node: AnyNodeRef<'_>, place: TextRange) -> bool {
    use AnyNodeRef as N;
    let blocks: Vec<&[Stmt]> = match node {
        N::StmtFunctionDef(s) => vec![&s.body],
        N::StmtClassDef(s) => vec![&s.body],
        N::StmtFor(s) => vec![&s.body, &s.orelse],
        N::StmtWhile(s) => vec![&s.body, &s.orelse],
        N::StmtIf(s) => vec![&s.body],
        N::ElifElseClause(s) => vec![&s.body],
        N::StmtWith(s) => vec![&s.body],
        N::StmtTry(s) => {
            let handlers = s.handlers.iter().map(|handler| {
                let ExceptHandler::ExceptHandler(handler) = handler;
                &handler.body[..]
            });
            let own: [&[Stmt]; 3] = [&s.body, &s.orelse, &s.finalbody];
            own.into_iter().chain(handlers).collect()
        }
        N::ExceptHandlerExceptHandler(s) => vec![&s.body],
        N::MatchCase(s) => vec![&s.body],
        _ => Vec::new(),
    };
    blocks
        .iter()
        .any(|block| matches!(block, [only] if range(only) == place))
}
