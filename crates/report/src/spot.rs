//! Where a finding is, in the cell and in the file, for formats that tell both.

use std::ops::Range;

use nbfix_ipynb::{CellId, Changes, DocumentKind, PhysicalEdit, Span};
use nbfix_lint::{Fix, Place};
use nbfix_text::LineColumn;

use crate::Document;
use crate::lines::Lines;
use crate::mask::masked;
use crate::texts::Texts;

/// From the first character to behind the last one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Extent {
    pub(crate) start: LineColumn,
    pub(crate) end: LineColumn,
}

/// Bytes of the file, and where they lie.
#[derive(Clone, Debug)]
pub(crate) struct Physical {
    pub(crate) range: Range<usize>,
    pub(crate) at: Extent,
}

/// One place.
#[derive(Clone, Debug)]
pub(crate) struct Spot<'a> {
    /// The cell; `None` in a script, and for what concerns the file as a whole.
    pub(crate) cell: Option<CellId>,
    pub(crate) cell_id: Option<&'a str>,
    /// In the cell's source, if it lies in one.
    pub(crate) inside: Option<Extent>,
    /// In the file; the file's start, if nothing else is known.
    pub(crate) physical: Physical,
}

impl Extent {
    fn of(lines: &Lines, range: Range<usize>) -> Self {
        Self {
            start: lines.line_column(range.start),
            end: lines.line_column(range.end),
        }
    }
}

impl Physical {
    pub(crate) fn of(lines: &Lines, range: Range<usize>) -> Self {
        let range = lines.clamp(range);
        Self {
            at: Extent::of(lines, range.clone()),
            range,
        }
    }
}

impl<'a> Spot<'a> {
    pub(crate) fn of(place: &Place, document: &Document<'a>, texts: &Texts<'a>) -> Self {
        match place {
            Place::Cell(span) => Self::of_span(*span, document, texts),
            Place::File { range, cell } => Self {
                cell: *cell,
                cell_id: cell.and_then(|cell| texts.id(cell)),
                inside: None,
                physical: Physical::of(texts.file(), range.clone()),
            },
        }
    }

    pub(crate) fn of_span(span: Span, document: &Document<'a>, texts: &Texts<'a>) -> Self {
        let notebook = document.notebook;
        let is_script = notebook.is_some_and(|it| it.kind() == DocumentKind::Script);
        let inside = texts
            .cell(span.cell)
            .map(|lines| Extent::of(lines, span.range.into()));
        let physical = notebook.and_then(|notebook| notebook.physical(span));
        // A cell without a source has nothing but itself.
        let physical = physical.or_else(|| {
            let cell = notebook?.cell(span.cell)?.span();
            Some(cell.start..cell.start)
        });
        Self {
            cell: Some(span.cell).filter(|_| !is_script),
            cell_id: texts.id(span.cell).filter(|_| !is_script),
            inside: inside.filter(|_| !is_script),
            physical: Physical::of(texts.file(), physical.unwrap_or(0..0)),
        }
    }

    /// `cell 3, line 2, column 7`, as far as there is any of it.
    pub(crate) fn words(&self) -> Option<String> {
        let cell = self.cell?.number();
        Some(match self.inside {
            Some(Extent { start, .. }) => {
                format!("cell {cell}, line {}, column {}", start.line, start.column)
            }
            None => format!("cell {cell}"),
        })
    }

    /// The message, its secrets masked, with the place in the cell before it: the file's own lines are all that most readers of a format
    /// show.
    pub(crate) fn said(&self, message: &str) -> String {
        let message = masked(message);
        match self.words() {
            Some(words) => format!("{words}: {message}"),
            None => message.into_owned(),
        }
    }
}

/// What a fix changes in the file, sorted and disjoint.
pub(crate) fn physical_edits(fix: &Fix, document: &Document) -> Vec<PhysicalEdit> {
    let patches: Vec<_> = fix.edits.clone().into_iter().collect();
    document.notebook.map_or_else(Vec::new, |notebook| {
        notebook.physical_edits_all(Changes {
            edits: &patches,
            cells: &fix.cells,
            metadata: &fix.metadata,
            clears: &fix.clears,
        })
    })
}

/// The path with forward slashes.
pub(crate) fn slashed(path: &str) -> String {
    let path = match std::path::MAIN_SEPARATOR {
        '/' => path.to_owned(),
        separator => path.replace(separator, "/"),
    };
    path.strip_prefix("./").map_or(path.clone(), str::to_owned)
}
