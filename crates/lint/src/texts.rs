//! Regular expressions over what need not be Python: sources, outputs, stored errors.

use nbfix_ipynb::{Cell, CellId, CellKind, Output, plain};
use nbfix_pattern::{Bound, Match};
use nbfix_text::TextRange;
use regex::{Captures, Regex};

use crate::grammar::TextKind;
use crate::matcher::{Env, Lazy};

/// A regular expression over texts.
#[derive(Debug)]
pub(crate) struct TextPattern {
    pub(crate) regex: Lazy,
    pub(crate) within: Vec<TextKind>,
}

/// Regular expressions over a stored error.
#[derive(Debug)]
pub(crate) struct OutputPattern {
    pub(crate) ename: Option<Lazy>,
    pub(crate) evalue: Option<Lazy>,
    pub(crate) traceback: Option<Lazy>,
}

impl TextPattern {
    pub(crate) fn each<'r>(
        &'r self,
        env: &Env<'r>,
        id: CellId,
        done: &mut dyn FnMut(Match<'r>) -> bool,
    ) -> bool {
        let notebook = env.semantic.notebook();
        let (Some(cell), Some(regex)) = (notebook.cell(id), self.regex.get()) else {
            return false;
        };
        let kind = match cell.kind {
            CellKind::Code => TextKind::Code,
            CellKind::Markdown => TextKind::Markdown,
            _ => TextKind::Raw,
        };
        let source = cell.source.as_str();
        if self.within.contains(&kind) {
            for captures in regex.captures_iter(source) {
                let bound = holes(regex, &captures, Some(source), TextRange::default());
                let place = captures.get(0).map_or(TextRange::default(), |whole| {
                    TextRange::new(whole.start(), whole.end())
                });
                if done(Match::new(source, place, None, bound)) {
                    return true;
                }
            }
        }
        if !self.within.contains(&TextKind::Output) || cell.outputs_range().is_none() {
            return false;
        }
        let place = first_line(cell);
        notebook.outputs(id).iter().any(|output| {
            let texts: Vec<&str> = match output {
                Output::Stream { text, .. } => vec![text],
                Output::Data { text } => text.iter().map(String::as_str).collect(),
                Output::Error {
                    ename,
                    evalue,
                    traceback,
                } => [ename.as_str(), evalue.as_str()]
                    .into_iter()
                    .chain(traceback.iter().map(String::as_str))
                    .collect(),
            };
            texts.into_iter().any(|text| {
                regex.captures(text).is_some_and(|captures| {
                    let bound = holes(regex, &captures, None, place);
                    done(Match::new(source, place, None, bound))
                })
            })
        })
    }
}

impl OutputPattern {
    pub(crate) fn each<'r>(
        &'r self,
        env: &Env<'r>,
        id: CellId,
        done: &mut dyn FnMut(Match<'r>) -> bool,
    ) -> bool {
        let notebook = env.semantic.notebook();
        let Some(cell) = notebook.cell(id) else {
            return false;
        };
        if !notebook.has_error_output(id) {
            return false;
        }
        let place = first_line(cell);
        notebook.outputs(id).iter().any(|output| {
            let Output::Error {
                ename,
                evalue,
                traceback,
            } = output
            else {
                return false;
            };
            let traceback = plain(&traceback.join("\n"));
            let parts = [
                (&self.ename, ename),
                (&self.evalue, evalue),
                (&self.traceback, &traceback),
            ];
            let mut bound = Vec::new();
            for (pattern, text) in parts {
                let Some(pattern) = pattern else { continue };
                let Some(regex) = pattern.get() else {
                    return false;
                };
                let Some(captures) = regex.captures(text) else {
                    return false;
                };
                bound.extend(holes(regex, &captures, None, place));
            }
            done(Match::new(&cell.source, place, None, bound))
        })
    }
}

/// The named groups. In a source they have places of their own.
fn holes<'r>(
    regex: &'r Regex,
    captures: &Captures<'_>,
    source: Option<&'r str>,
    place: TextRange,
) -> Vec<Bound<'r>> {
    regex
        .capture_names()
        .flatten()
        .map(|name| match (captures.name(name), source) {
            (Some(group), Some(source)) => {
                let own = TextRange::new(group.start(), group.end());
                Bound::of_text(name, own.of(source), own, true)
            }
            (Some(group), None) => Bound::of_text(name, group.as_str().to_owned(), place, false),
            (None, _) => Bound::of_text(name, "", place, false),
        })
        .collect()
}

/// The first line that is not blank: what is wrong with outputs is shown there.
fn first_line(cell: &Cell) -> TextRange {
    let source = &cell.source;
    let start = source.len() - source.trim_start().len();
    let line = source
        .get(start..)
        .and_then(|rest| rest.lines().next())
        .unwrap_or_default();
    TextRange::new(start, start + line.trim_end().len())
}
