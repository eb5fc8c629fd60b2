//! Findings for programs.

use std::borrow::Cow;
use std::io::{self, Write};
use std::ops::Range;

use nbfix_ipynb::{CellId, Span};
use nbfix_lint::{Crash, Finding, Fix, Level, Place};
use nbfix_text::LineColumn;
use serde::Serialize;

use crate::concise::{INTERNAL, crash_message};
use crate::lines::Lines;
use crate::mask::{holds_secret, masked};
use crate::spot::physical_edits;
use crate::texts::Texts;
use crate::{Document, group};

/// Writes the findings of many documents as one JSON array, one object a line.
///
/// The keys of an object, always all and in this order:
/// - `rule`, `group` (`broken`, `leak`, `fragile` or `tidy`), `level` (`error`, `warning` or `note`), `message`, `path`;
/// - `cell` (from 1 over all cells; `null` for what concerns the file as a whole) and `cell_id`;
/// - `start` and `end` in the cell's source, `null` for what does not lie in one: `{"line", "column"}`, both from 1,
///   columns in characters, `end` behind the last character;
/// - `physical`: `{"start", "end"}` in the file;
/// - `labels`: related places, with `cell`, `cell_id`, `start`, `end`, `physical` and `text`;
/// - `help`;
/// - `fix`: `null`, or `title`, `safety` (`safe`, `unsafe` or `display`), `caution` and `edits`: the bytes
///   `start..end` of the file become `text`. Applied from the last to the first they make the mended file; a new cell
///   is an edit like any other. There are no edits where one of them would repeat a secret of the file: `nbfix fix`
///   makes them.
///
/// A rule that panicked is an object with the rule `internal`, the level `error` and no group.
#[derive(Debug)]
pub struct JsonArray<W: Write> {
    out: W,
    empty: bool,
}

impl<W: Write> JsonArray<W> {
    /// An array that is written to `out`.
    pub fn new(out: W) -> Self {
        Self { out, empty: true }
    }

    /// Writes the findings of one document.
    ///
    /// # Errors
    /// If the output fails.
    pub fn add(&mut self, document: &Document) -> io::Result<()> {
        let texts = Texts::new(document);
        for finding in document.findings {
            self.object(&JsonFinding::new(finding, document, &texts))?;
        }
        for crash in document.crashes {
            self.object(&JsonFinding::crash(crash, document))?;
        }
        Ok(())
    }

    /// Closes the array, and gives the output back.
    ///
    /// # Errors
    /// If the output fails.
    pub fn finish(mut self) -> io::Result<W> {
        let end = if self.empty { "[]\n" } else { "\n]\n" };
        self.out.write_all(end.as_bytes())?;
        Ok(self.out)
    }

    fn object(&mut self, finding: &JsonFinding) -> io::Result<()> {
        let before = if self.empty { "[\n" } else { ",\n" };
        self.empty = false;
        self.out.write_all(before.as_bytes())?;
        serde_json::to_writer(&mut self.out, finding)?;
        Ok(())
    }
}

/// Writes each finding of a document as one object, as [`JsonArray`] does, each in a line of its own with nothing around
/// it.
///
/// # Errors
/// If `out` fails.
pub fn json_lines(out: &mut impl Write, document: &Document) -> io::Result<()> {
    let texts = Texts::new(document);
    let findings = document.findings.iter();
    let findings = findings.map(|finding| JsonFinding::new(finding, document, &texts));
    let crashes = document.crashes.iter();
    for object in findings.chain(crashes.map(|crash| JsonFinding::crash(crash, document))) {
        serde_json::to_writer(&mut *out, &object)?;
        out.write_all(b"\n")?;
    }
    Ok(())
}

#[derive(Serialize)]
struct JsonFinding<'a> {
    rule: &'a str,
    group: Option<&'static str>,
    level: &'static str,
    message: String,
    path: &'a str,
    cell: Option<usize>,
    cell_id: Option<&'a str>,
    start: Option<Position>,
    end: Option<Position>,
    physical: Option<Extent>,
    labels: Vec<JsonLabel<'a>>,
    help: Option<Cow<'a, str>>,
    fix: Option<JsonFix<'a>>,
}

#[derive(Serialize)]
struct JsonLabel<'a> {
    cell: usize,
    cell_id: Option<&'a str>,
    start: Option<Position>,
    end: Option<Position>,
    physical: Option<Extent>,
    text: Cow<'a, str>,
}

#[derive(Serialize)]
struct JsonFix<'a> {
    title: Cow<'a, str>,
    safety: &'static str,
    caution: Option<Cow<'a, str>>,
    edits: Vec<JsonEdit>,
}

#[derive(Serialize)]
struct JsonEdit {
    start: usize,
    end: usize,
    text: String,
}

#[derive(Serialize)]
struct Extent {
    start: Position,
    end: Position,
}

#[derive(Serialize)]
struct Position {
    line: usize,
    column: usize,
}

impl From<LineColumn> for Position {
    fn from(LineColumn { line, column }: LineColumn) -> Self {
        Self { line, column }
    }
}

impl Extent {
    fn new(lines: &Lines, range: Range<usize>) -> Self {
        Self {
            start: lines.line_column(range.start).into(),
            end: lines.line_column(range.end).into(),
        }
    }
}

impl<'a> JsonFinding<'a> {
    fn new(finding: &'a Finding, document: &Document<'a>, texts: &Texts<'a>) -> Self {
        let cell = finding.at.cell();
        let (inside, physical) = match &finding.at {
            Place::Cell(span) => extents(*span, document, texts),
            Place::File { range, .. } => (None, Some(Extent::new(texts.file(), range.clone()))),
        };
        let (start, end) = inside.map(|extent| (extent.start, extent.end)).unzip();
        let labels = finding.labels.iter().map(|label| {
            let (inside, physical) = extents(label.span, document, texts);
            let (start, end) = inside.map(|extent| (extent.start, extent.end)).unzip();
            JsonLabel {
                cell: label.span.cell.number(),
                cell_id: texts.id(label.span.cell),
                start,
                end,
                physical,
                text: masked(&label.text),
            }
        });
        Self {
            rule: finding.rule.name,
            group: Some(group(finding.rule.group)),
            level: finding.level.as_str(),
            message: masked(&finding.message).into_owned(),
            path: document.path,
            cell: cell.map(CellId::number),
            cell_id: cell.and_then(|cell| texts.id(cell)),
            start,
            end,
            physical,
            labels: labels.collect(),
            help: finding.help.as_deref().map(masked),
            fix: finding.fix.as_ref().map(|fix| JsonFix::new(fix, document)),
        }
    }

    fn crash(crash: &Crash, document: &Document<'a>) -> Self {
        Self {
            rule: INTERNAL,
            group: None,
            level: Level::Error.as_str(),
            message: crash_message(crash),
            path: document.path,
            cell: None,
            cell_id: None,
            start: None,
            end: None,
            physical: None,
            labels: Vec::new(),
            help: None,
            fix: None,
        }
    }
}

impl<'a> JsonFix<'a> {
    fn new(fix: &'a Fix, document: &Document) -> Self {
        let edits = physical_edits(fix, document);
        let repeats = edits
            .iter()
            .any(|edit| holds_secret(&edit.text, document.secrets));
        let edits = edits.into_iter().filter(|_| !repeats);
        let edits = edits.map(|edit| JsonEdit {
            start: edit.range.start,
            end: edit.range.end,
            text: edit.text,
        });
        Self {
            title: masked(&fix.title),
            safety: fix.safety.as_str(),
            caution: fix.caution.as_deref().map(masked),
            edits: edits.collect(),
        }
    }
}

/// Where a span lies in its cell, and in the file.
fn extents(span: Span, document: &Document, texts: &Texts) -> (Option<Extent>, Option<Extent>) {
    let inside = texts
        .cell(span.cell)
        .map(|lines| Extent::new(lines, span.range.into()));
    let physical = document
        .notebook
        .and_then(|notebook| notebook.physical(span))
        .map(|range| Extent::new(texts.file(), range));
    (inside, physical)
}
