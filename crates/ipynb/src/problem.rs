//! What is wrong with a notebook, and did not keep it from being read.

use std::ops::Range;

use crate::CellId;

/// One departure from the notebook format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Which sort of departure.
    pub kind: ProblemKind,
    /// What is wrong, for people, without the place.
    pub message: String,
    /// The bytes of the file that show it.
    pub range: Range<usize>,
    /// The cell it belongs to; `None` for the notebook as a whole.
    pub cell: Option<CellId>,
}

/// The sorts of departure from the notebook format (<https://nbformat.readthedocs.io>).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProblemKind {
    /// An object holds one key twice; the last one counts.
    DuplicateKey,
    /// A key that the format requires is not there.
    MissingKey,
    /// A code cell has no `outputs` or no `execution_count`. The format requires them, and every reader does without.
    MissingOutputs,
    /// A value has a type that the format does not allow at its place.
    WrongType,
    /// A cell of a 4.5 notebook has no `id`.
    MissingCellId,
    /// Two cells of a 4.5 notebook have one `id`.
    DuplicateCellId,
    /// The `id` is empty, longer than 64 characters, or holds other characters than `A-Z a-z 0-9 - _`.
    InvalidCellId,
    /// The `cell_type` is none of the format's.
    UnknownCellType,
    /// The notebook has a format before 4: it is read, and not written.
    OldFormat,
    /// A source holds half of a surrogate pair, which no UTF-8 text can hold.
    LoneSurrogate,
}
