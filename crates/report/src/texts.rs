//! The texts of one document, and where things lie in them.

use std::cell::OnceCell;
use std::ops::Range;

use nbfix_ipynb::{Cell, CellId, DocumentKind};
use nbfix_lint::Place;

use crate::Document;
use crate::lines::Lines;
use crate::mask::masked_bytes;
use crate::visible::one_line;

/// The file and its cells; the lines of each are found once, when they are asked for.
pub(crate) struct Texts<'a> {
    document: &'a Document<'a>,
    file: OnceCell<Lines<'a>>,
    masked_file: OnceCell<Lines<'a>>,
    cells: Vec<OnceCell<Lines<'a>>>,
}

impl<'a> Texts<'a> {
    pub(crate) fn new(document: &'a Document<'a>) -> Self {
        let cells = document
            .notebook
            .map_or(0, |notebook| notebook.cells().len());
        Self {
            document,
            file: OnceCell::new(),
            masked_file: OnceCell::new(),
            cells: (0..cells).map(|_| OnceCell::new()).collect(),
        }
    }

    /// The file, for positions. Its text may hold secrets.
    pub(crate) fn file(&self) -> &Lines<'a> {
        self.file.get_or_init(|| Lines::new(self.document.bytes))
    }

    /// The source of a cell, its secrets masked.
    pub(crate) fn cell(&self, id: CellId) -> Option<&Lines<'a>> {
        let cell = self.document.notebook?.cell(id)?;
        let lines = self.cells.get(id.index())?;
        Some(lines.get_or_init(|| {
            Lines::new(masked_bytes(cell.source.as_bytes(), self.document.secrets))
        }))
    }

    /// The text of a place, and the place in it. What lies in a cell that is not there lies at the file's start.
    pub(crate) fn of(&self, place: &Place) -> (&Lines<'a>, Range<usize>) {
        let (lines, range) = match place {
            Place::Cell(span) => match self.cell(span.cell) {
                Some(lines) => (lines, span.range.into()),
                None => (self.file(), 0..0),
            },
            Place::File { range, .. } => (self.file(), range.clone()),
        };
        (lines, lines.clamp(range))
    }

    /// [`Texts::of`] with a text that may be shown.
    pub(crate) fn shown(&self, place: &Place) -> (&Lines<'a>, Range<usize>) {
        match self.of(place) {
            (lines, range) if std::ptr::eq(lines, self.file()) => {
                let bytes = self.document.bytes;
                let masked = self
                    .masked_file
                    .get_or_init(|| Lines::new(masked_bytes(bytes, self.document.secrets)));
                (masked, range)
            }
            found => found,
        }
    }

    /// The id of a cell, if it has one.
    pub(crate) fn id(&self, cell: CellId) -> Option<&'a str> {
        self.document.notebook?.cell(cell).and_then(cell_id)
    }

    /// Where `offset` of the text of `place` lies: `PATH:cell 3:2:7`; without a cell in a script and in the file
    /// itself. The path is made visible.
    pub(crate) fn title(&self, place: &Place, offset: usize, with_id: bool) -> String {
        let at = self.of(place).0.line_column(offset);
        let path = one_line(self.document.path);
        let cell = match place {
            Place::Cell(span) => self.cell_name(span.cell, with_id),
            Place::File { .. } => None,
        };
        let cell = cell.map_or(String::new(), |name| format!("{name}:"));
        format!("{path}:{cell}{}:{}", at.line, at.column)
    }

    /// `cell 3` or `cell 3 (id abc)`; `None` in a script, whose one cell has no name.
    pub(crate) fn cell_name(&self, cell: CellId, with_id: bool) -> Option<String> {
        let notebook = self.document.notebook?;
        if notebook.kind() == DocumentKind::Script {
            return None;
        }
        Some(match self.id(cell).filter(|_| with_id) {
            Some(id) => format!("cell {} (id {})", cell.number(), one_line(id)),
            None => format!("cell {}", cell.number()),
        })
    }
}

fn cell_id(cell: &Cell) -> Option<&str> {
    cell.id.as_deref().filter(|id| !id.is_empty())
}
