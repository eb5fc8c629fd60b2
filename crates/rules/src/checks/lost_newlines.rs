//! `lost-newlines`: a source array whose elements lost the line breaks at their ends.

use nbfix_ipynb::{Cell, CellId, CellKind};
use nbfix_lint::{Check, Findings, Report};
use nbfix_python::{Body, Module, split};
use nbfix_semantic::{Semantic, Source};
use nbfix_text::{Edit, Patch, TextRange};

pub(crate) const CHECK: Check = Check::Notebook(check);

/// No person writes a longer comment line; lines that were joined are longer.
const LONG_LINE: usize = 500;
/// What a comment of that length holds if it was code.
const SIGNS_OF_CODE: &[&str] = &["import ", "print(", " = ", "def ", "return "];

fn check<'a>(semantic: &Semantic<'a>, findings: &mut Findings<'_>) {
    for (id, cell) in semantic.notebook().ids() {
        if cell.kind != CellKind::Code || matches!(semantic.source(id), Source::NotPython) {
            continue;
        }
        if let Some(lost) = lost(cell) {
            findings.push(lost.report(id, cell));
        } else if let Some(line) = one_long_comment(semantic, id, cell) {
            let length = line.of(&cell.source).chars().count();
            let report = Report::at(id, line).says("one-line");
            findings.push(report.with("length", length.to_string()));
        }
    }
}

/// Whether the cell's lines run together, so that its syntax errors only follow from that.
pub(super) fn has_lost_newlines(cell: &Cell) -> bool {
    lost(cell).is_some()
}

/// A source array that lacks line breaks.
struct Lost {
    /// How many elements lack theirs.
    lacking: usize,
    /// How many elements there are.
    elements: usize,
    /// The first line that runs into the next one.
    first: TextRange,
    edits: Vec<Edit>,
}

impl Lost {
    fn report(self, id: CellId, cell: &Cell) -> Report {
        let line = self.first.of(&cell.source).trim_end();
        let place = TextRange::new(self.first.start(), self.first.start() + line.len());
        let report = Report::at(id, place)
            .with("lacking", self.lacking.to_string())
            .with("elements", self.elements.to_string());
        self.edits
            .into_iter()
            .fold(report, |report, edit| report.edit(id, edit))
    }
}

/// What `cell` lacks, if most of its elements lack their line break and the program is another one without them.
fn lost(cell: &Cell) -> Option<Lost> {
    let elements: Vec<TextRange> = cell.elements().collect();
    let (_, inner) = elements.split_last()?;
    let text = cell.source.as_str();
    let lacking: Vec<TextRange> = inner
        .iter()
        .copied()
        .filter(|element| !ends_line(element.of(text)))
        .collect();
    let by_character = || {
        elements
            .iter()
            .all(|element| element.of(text).chars().nth(1).is_none())
    };
    if inner.len() < 2 || lacking.len() * 2 <= inner.len() || by_character() {
        return None;
    }
    let edits = line_breaks(&lacking);
    let restored = Patch::new(edits.clone()).ok()?.apply(text);
    is_another_program(text, &restored).then(|| Lost {
        lacking: lacking.len(),
        elements: elements.len(),
        first: lacking
            .iter()
            .copied()
            .find(|element| !element.is_empty())
            .unwrap_or_default(),
        edits,
    })
}

/// Whether Jupyter would end an array's element here; it splits like Python's `str.splitlines`.
fn ends_line(element: &str) -> bool {
    element.ends_with([
        '\n', '\r', '\u{b}', '\u{c}', '\u{1c}', '\u{1d}', '\u{1e}', '\u{85}', '\u{2028}',
        '\u{2029}',
    ])
}

/// A line break at the end of each of these elements. Empty elements stand where the one before them ends, and what
/// is put in at one place is one edit.
fn line_breaks(elements: &[TextRange]) -> Vec<Edit> {
    elements
        .chunk_by(|before, next| before.end() == next.end())
        .filter_map(|group| Some(Edit::insert(group.first()?.end(), "\n".repeat(group.len()))))
        .collect()
}

/// Whether the line breaks make a program of the text, and one that does more.
fn is_another_program(joined: &str, restored: &str) -> bool {
    match split(restored) {
        Body::Python { .. } => {
            let restored = statements(restored);
            restored.is_some_and(|count| statements(joined).is_none_or(|joined| joined < count))
        }
        // A cell magic that has swallowed its body.
        _ => !joined.contains('\n') && joined.starts_with("%%"),
    }
}

/// How many statements stand at the top level; `None` if the text is no Python.
fn statements(text: &str) -> Option<usize> {
    let Body::Python { code, .. } = split(text) else {
        return None;
    };
    let module = Module::cell(text, code);
    module.errors().is_empty().then(|| module.body().len())
}

/// The first line, if it is a very long comment that holds code, and the cell does nothing.
fn one_long_comment(semantic: &Semantic<'_>, id: CellId, cell: &Cell) -> Option<TextRange> {
    let Source::Python { module, .. } = semantic.source(id) else {
        return None;
    };
    let line = cell.source.split('\n').next()?;
    let signs = SIGNS_OF_CODE
        .iter()
        .filter(|sign| line.contains(**sign))
        .count();
    let hidden = line.starts_with('#') && line.len() > LONG_LINE && signs >= 2;
    (hidden && module.body().is_empty() && module.errors().is_empty())
        .then(|| TextRange::new(0, line.len()))
}
