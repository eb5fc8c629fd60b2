//! A stretch of the file, written anew from pieces that stay and pieces that are new.

use std::ops::Range;

/// One replacement in the file: the bytes of `range` become `text`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PhysicalEdit {
    /// What goes, in bytes of the file.
    pub range: Range<usize>,
    /// What comes in its place, escaped and quoted as the file needs it.
    pub text: String,
}

/// What a stretch of the file becomes. Bytes that stay are named in order; what is not named goes.
pub(crate) struct Rope {
    /// The end of the last bytes that stay.
    at: usize,
    /// New text since then.
    pending: String,
    edits: Vec<PhysicalEdit>,
}

impl Rope {
    /// A rope for a stretch that starts at `at`.
    pub(crate) fn new(at: usize) -> Self {
        Self {
            at,
            pending: String::new(),
            edits: Vec::new(),
        }
    }

    /// The bytes of `range` stay; those between it and what stayed before go.
    pub(crate) fn keep(&mut self, range: Range<usize>) {
        if self.at < range.start || !self.pending.is_empty() {
            self.edits.push(PhysicalEdit {
                range: self.at..range.start,
                text: std::mem::take(&mut self.pending),
            });
        }
        self.at = range.end;
    }

    /// Where new text goes.
    pub(crate) fn new_text(&mut self) -> &mut String {
        &mut self.pending
    }

    /// The edits; the stretch ends at `end`.
    pub(crate) fn finish(mut self, end: usize) -> Vec<PhysicalEdit> {
        self.keep(end..end);
        self.edits
    }
}

/// `bytes` with `edits`, which are sorted and disjoint.
pub(crate) fn apply(bytes: &[u8], edits: &[PhysicalEdit]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    for edit in edits {
        out.extend_from_slice(bytes.get(at..edit.range.start).unwrap_or_default());
        out.extend_from_slice(edit.text.as_bytes());
        at = edit.range.end;
    }
    out.extend_from_slice(bytes.get(at..).unwrap_or_default());
    out
}
