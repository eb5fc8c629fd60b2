//! One cell parsed.

use std::borrow::Cow;

use nbfix_text::TextRange;
use ruff_python_ast::token::{TokenKind, Tokens};
use ruff_python_ast::{ModModule, PySourceType, PythonVersion, Stmt};
use ruff_python_parser::{ParseOptions, Parsed, parse_unchecked, parse_unchecked_source};

use crate::nesting;

/// What the parser did not understand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// The parser's words, lower-case first, without a final stop.
    pub message: String,
    /// Where, in bytes of the cell; may be empty.
    pub range: TextRange,
}

/// One text parsed as Python: always a tree, and the errors beside it.
///
/// All ranges are those of the text that was given, also where only a part of it is Python.
#[derive(Debug)]
pub struct Module {
    parsed: Parsed<ModModule>,
    errors: Vec<SyntaxError>,
}

impl Module {
    /// Parses a cell. `code` is the part that is Python (see [`crate::split`]).
    pub fn cell(source: &str, code: TextRange) -> Self {
        Self::parse(source, code, PySourceType::Ipynb)
    }

    /// Parses a file, or the part of a cell that writes one: no magics there.
    pub fn file(source: &str, code: TextRange) -> Self {
        Self::parse(source, code, PySourceType::Python)
    }

    /// Parses a part of a cell's line, as the statement behind `%time`.
    pub fn part(source: &str, code: TextRange) -> Self {
        Self::parse(
            source.get(..code.end()).unwrap_or(source),
            code,
            PySourceType::Python,
        )
    }

    fn parse(source: &str, code: TextRange, kind: PySourceType) -> Self {
        if let Some((at, what)) = nesting::too_deep(code.of(source)) {
            let at = code.start() + at;
            return Self {
                parsed: parse_unchecked_source("", kind),
                errors: vec![SyntaxError {
                    message: what.to_owned(),
                    range: TextRange::new(at, at + 1),
                }],
            };
        }
        let parsed = parse_unchecked_source(&blanked(source, code), kind);
        let errors = parsed
            .errors()
            .iter()
            .map(|error| SyntaxError {
                message: error.error.to_string(),
                range: crate::range(error),
            })
            .collect();
        Self { parsed, errors }
    }

    /// The statements at the top level.
    pub fn body(&self) -> &[Stmt] {
        &self.parsed.syntax().body
    }

    /// The whole tree.
    pub fn tree(&self) -> &ModModule {
        self.parsed.syntax()
    }

    /// What the parser did not understand. Only the first is worth telling: the others follow from it.
    pub fn errors(&self) -> &[SyntaxError] {
        &self.errors
    }

    /// The ranges of strings that span lines, f-strings whole. No edit may indent lines inside them.
    pub fn multiline_strings(&self, source: &str) -> Vec<TextRange> {
        strings(self.parsed.tokens())
            .filter(|range| range.of(source).contains('\n'))
            .collect()
    }

    /// The ranges of all strings and comments, f-strings whole, in order.
    pub fn strings_and_comments(&self) -> Vec<TextRange> {
        let mut all: Vec<_> = strings(self.parsed.tokens()).collect();
        all.extend(self.comments());
        all.sort();
        all
    }

    /// The ranges of the comments.
    pub fn comments(&self) -> impl Iterator<Item = TextRange> {
        self.parsed
            .tokens()
            .iter()
            .filter(|token| token.kind() == TokenKind::Comment)
            .map(crate::range)
    }
}

/// The text, with empty lines in place of what stands before the code, so that every range stays true and nothing is
/// indented.
fn blanked(source: &str, code: TextRange) -> Cow<'_, str> {
    if code.start() == 0 {
        return source.into();
    }
    let mut blanked = "\n".repeat(code.start());
    blanked.push_str(&source[code.start()..]);
    blanked.into()
}

/// The first thing in a text that Python 3.`minor` cannot read although newer ones can. The text is one that parses:
/// see [`Module::errors`].
pub fn newer_syntax(source: &str, code: TextRange, minor: u8) -> Option<SyntaxError> {
    let version = PythonVersion { major: 3, minor };
    let options = ParseOptions::from(PySourceType::Ipynb).with_target_version(version);
    let parsed = parse_unchecked(&blanked(source, code), options);
    let errors = parsed.unsupported_syntax_errors().iter();
    let first = errors.min_by_key(|error| error.range.start())?;
    Some(SyntaxError {
        message: first.to_string(),
        range: crate::range(first),
    })
}

/// String tokens; an f-string or t-string counts from its start to its end, nested ones included.
fn strings(tokens: &Tokens) -> impl Iterator<Item = TextRange> {
    let mut open: Vec<usize> = Vec::new();
    tokens.iter().filter_map(move |token| {
        let range = crate::range(token);
        match token.kind() {
            TokenKind::String if open.is_empty() => Some(range),
            TokenKind::FStringStart | TokenKind::TStringStart => {
                open.push(range.start());
                None
            }
            TokenKind::FStringEnd | TokenKind::TStringEnd => {
                let start = open.pop()?;
                open.is_empty().then(|| TextRange::new(start, range.end()))
            }
            _ => None,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(source: &str) -> Module {
        Module::cell(source, TextRange::new(0, source.len()))
    }

    #[test]
    fn magics_and_top_level_await_are_python() {
        let module = cell("%pip install x\n!ls\nfiles = !ls\nx?\nr = await f()\ny = %time 1\n");
        assert_eq!(module.errors(), []);
        assert_eq!(module.body().len(), 6);
    }

    #[test]
    fn a_broken_cell_still_gives_a_tree() {
        let module = cell("x = 1\ndef f(:\n    pass\n");
        assert!(!module.errors().is_empty());
        assert!(!module.body().is_empty());
    }

    #[test]
    fn ranges_stay_true_behind_a_cell_magic() {
        let source = "%%time\nx = 1";
        let module = Module::cell(source, TextRange::new(7, source.len()));
        assert_eq!(module.errors(), []);
        assert_eq!(crate::range(&module.body()[0]).of(source), "x = 1");
    }

    #[test]
    fn newer_syntax_is_told_for_older_pythons() {
        let source = "%%time\nif (n := f()) > 1:\n    print(f\"{d[\"k\"]}\")\n";
        let code = TextRange::new(7, source.len());
        let found = |minor| newer_syntax(source, code, minor).map(|it| it.range.of(source));
        assert_eq!(found(7), Some("n := f()"));
        assert_eq!(found(11), Some("\""));
        assert_eq!(found(12), None);
    }

    #[test]
    fn hostile_nesting_is_an_error_and_no_abort() {
        let source = "[".repeat(100_000);
        assert_eq!(cell(&source).errors().len(), 1);
    }

    #[test]
    fn multiline_strings_are_found() {
        let source = "a = '''x\ny'''\nb = 'z'\nc = f\"\"\"{a}\n{f'{b}'}\"\"\"\n";
        let module = cell(source);
        let found: Vec<_> = module
            .multiline_strings(source)
            .iter()
            .map(|r| r.of(source))
            .collect();
        assert_eq!(found, ["'''x\ny'''", "f\"\"\"{a}\n{f'{b}'}\"\"\""]);
    }
}
