//! Cells, and places in them.

use std::ops::Range;

use nbfix_text::TextRange;

use crate::source::Source;

/// A cell's position in its notebook, from 0. People see [`CellId::number`], from 1 over all cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CellId(pub usize);

impl CellId {
    /// The position, from 0.
    pub fn index(self) -> usize {
        self.0
    }

    /// The position as people count, from 1.
    pub fn number(self) -> usize {
        self.0 + 1
    }
}

/// A place in a notebook: bytes of one cell's source. There is no place across cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// The cell.
    pub cell: CellId,
    /// The bytes of its source.
    pub range: TextRange,
}

/// What a cell is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CellKind {
    /// Runs on the kernel.
    Code,
    /// Is shown as text; also the `heading` and `html` cells of formats before 4.
    Markdown,
    /// Is passed through to converters.
    Raw,
    /// Has a type that we do not know, or none.
    Other,
}

/// One cell: its decoded source, and where everything of it lies in the file.
#[derive(Clone, Debug)]
pub struct Cell {
    /// What the cell is for.
    pub kind: CellKind,
    /// The source, joined and decoded. Empty if the file has none that can be read: see [`Cell::has_source`].
    pub source: String,
    /// The `id`, if there is one; not always unique.
    pub id: Option<String>,
    /// The execution count (`In [3]`), if the cell has run and the number is below 2^63.
    pub execution_count: Option<i64>,
    pub(crate) span: Range<usize>,
    pub(crate) place: Source,
    pub(crate) outputs: Option<Range<usize>>,
    pub(crate) count: Option<Range<usize>>,
    pub(crate) metadata: Option<Range<usize>>,
}

impl Cell {
    /// The bytes of the file that hold the cell's `outputs`, brackets included.
    pub fn outputs_range(&self) -> Option<Range<usize>> {
        self.outputs.clone()
    }

    /// The bytes of the file that hold the value of the cell's `execution_count`, be it a number or not.
    pub fn execution_count_range(&self) -> Option<Range<usize>> {
        self.count.clone()
    }

    /// The bytes of the file that hold the cell's `metadata`, braces included.
    pub fn metadata_range(&self) -> Option<Range<usize>> {
        self.metadata.clone()
    }

    /// The bytes of the file that hold the whole cell.
    pub fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// Whether the file has a source for this cell, of a type that can be read. Only then it can be edited.
    pub fn has_source(&self) -> bool {
        self.place.exists()
    }

    /// The stretches of the source that are one string of the file each, in order: the elements of an array (mostly
    /// lines, each with its `\n`), or the one string that holds everything.
    pub fn elements(&self) -> impl Iterator<Item = TextRange> {
        self.place
            .pieces
            .iter()
            .map(|piece| TextRange::from(piece.text.clone()))
    }
}
