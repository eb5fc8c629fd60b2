//! Where the pieces of a cell's source lie in the file.

use std::ops::Range;

use nbfix_text::TextRange;

use crate::literal;

/// The place of a source: its form, the bytes of the whole value, and its strings.
#[derive(Clone, Debug, Default)]
pub(crate) struct Source {
    pub(crate) form: Form,
    pub(crate) span: Range<usize>,
    /// In order and without gaps: each starts in the source where the one before it ends.
    pub(crate) pieces: Vec<Piece>,
}

/// How a source is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Form {
    /// Not at all, or in a way that cannot be read.
    #[default]
    Absent,
    /// As it is: a script.
    Plain,
    /// As one JSON string.
    String,
    /// As an array of JSON strings.
    Array,
}

/// One string.
#[derive(Clone, Debug)]
pub(crate) struct Piece {
    /// Its bytes in the file, without the quotes.
    pub(crate) raw: Range<usize>,
    /// Its bytes in the source.
    pub(crate) text: Range<usize>,
}

impl Piece {
    /// The offset in the file of the character at `offset` of the source.
    fn raw_at(&self, file: &str, offset: usize) -> usize {
        let inside = offset.saturating_sub(self.text.start);
        // Every escape is longer than what it stands for, so equal lengths mean that there is none.
        if self.raw.len() == self.text.len() {
            return self.raw.start + inside;
        }
        let literal = file.get(self.raw.clone()).unwrap_or_default();
        self.raw.start + literal::raw_offset(literal, inside)
    }

    /// The bytes of the file that hold `range` of the source, which must lie in this piece.
    pub(crate) fn raw_range(&self, file: &str, range: TextRange) -> Range<usize> {
        self.raw_at(file, range.start())..self.raw_at(file, range.end())
    }

    /// The literal with its quotes.
    pub(crate) fn quoted(&self) -> Range<usize> {
        self.raw.start - 1..self.raw.end + 1
    }
}

impl Source {
    /// Whether there is a source that can be read and edited.
    pub(crate) fn exists(&self) -> bool {
        self.form != Form::Absent
    }

    /// The piece that holds the byte at `offset`; `None` at the end.
    pub(crate) fn piece_of(&self, offset: usize) -> Option<usize> {
        let index = self
            .pieces
            .partition_point(|piece| piece.text.end <= offset);
        (index < self.pieces.len()).then_some(index)
    }

    /// The bytes of the file that hold `range` of the source, which must lie in it.
    pub(crate) fn physical(&self, file: &str, range: TextRange) -> Option<Range<usize>> {
        if !self.exists() {
            return None;
        }
        let Some(last) = self.pieces.last() else {
            let inside = self.span.start + 1;
            return Some(inside..inside);
        };
        let piece_at = |offset| self.piece_of(offset).and_then(|at| self.pieces.get(at));
        let start = piece_at(range.start())
            .unwrap_or(last)
            .raw_at(file, range.start());
        if range.is_empty() {
            return Some(start..start);
        }
        let end = piece_at(range.end() - 1)?.raw_at(file, range.end());
        Some(start..end)
    }

    /// The bytes between the element at `index` and the next one: a comma and the space around it.
    pub(crate) fn separator(&self, index: usize) -> Option<Range<usize>> {
        let here = self.pieces.get(index)?.quoted().end;
        let next = self.pieces.get(index + 1)?.quoted().start;
        Some(here..next)
    }

    /// The bytes between the `[` and the first element.
    pub(crate) fn lead(&self) -> Option<Range<usize>> {
        let first = self.pieces.first()?;
        Some(self.span.start + 1..first.quoted().start)
    }

    /// The bytes between the last element and the `]`.
    pub(crate) fn tail(&self) -> Option<Range<usize>> {
        let last = self.pieces.last()?;
        Some(last.quoted().end..self.span.end - 1)
    }
}
