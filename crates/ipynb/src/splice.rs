//! From edits of sources to edits of the file.
//!
//! The new source is laid out as a list of array elements, each made of segments: old ones, whose bytes in the file
//! stay as they are, and new ones, which are encoded. An old boundary between two elements stays, unless the line
//! break before it goes. New text becomes one element per line. Whatever stays is kept byte by byte: quotes,
//! separators and brackets too.

use std::collections::BTreeMap;

use nbfix_text::{Patch, TextRange};

use crate::cell::{Cell, CellId};
use crate::change::{Change, changes};
use crate::insert::NewCell;
use crate::layout::Layout;
use crate::literal;
use crate::notebook::Notebook;
use crate::rope::{PhysicalEdit, Rope};
use crate::source::{Form, Source};

/// Whether what is new has to be escaped, so that the file stays as ASCII as it is.
pub(crate) fn escapes(notebook: &Notebook, edits: &[(CellId, Patch)], cells: &[NewCell]) -> bool {
    let edits = edits.iter().flat_map(|(_, patch)| patch.edits());
    let edits = edits.map(|edit| &edit.insert);
    let mut new = edits.chain(cells.iter().map(|cell| &cell.source));
    !new.all(|text| text.is_ascii()) && literal::escapes_non_ascii(notebook.text())
}

/// What `edits` change in the file, sorted and disjoint; with `ascii`, non-ASCII characters are escaped.
pub(crate) fn physical_edits(
    notebook: &Notebook,
    edits: &[(CellId, Patch)],
    ascii: bool,
) -> Vec<PhysicalEdit> {
    let mut patches: BTreeMap<CellId, Patch> = BTreeMap::new();
    for (id, patch) in edits {
        // A patch that overlaps an earlier one is handed back, and left out.
        let _ = patches.entry(*id).or_default().union(patch.clone());
    }
    let mut all = Vec::new();
    for (id, patch) in &patches {
        let Some(cell) = notebook.cell(*id).filter(|cell| cell.has_source()) else {
            continue;
        };
        let changes = changes(&cell.source, patch.edits());
        if !changes.is_empty() {
            all.extend(Splice::new(notebook, *id, cell, ascii).edits(&changes));
        }
    }
    all.sort_by_key(|edit| edit.range.start);
    all
}

/// A part of the new source.
#[derive(Clone, Copy)]
enum Segment<'p> {
    /// This range of the old source, which lies in this piece.
    Old(usize, TextRange),
    New(&'p str),
}

/// An element of the new array.
#[derive(Default)]
struct Element<'p> {
    /// The piece whose opening quote it keeps.
    open: Option<usize>,
    /// The piece whose closing quote it keeps.
    close: Option<usize>,
    segments: Vec<Segment<'p>>,
}

struct Splice<'n> {
    notebook: &'n Notebook,
    id: CellId,
    file: &'n str,
    source: &'n str,
    place: &'n Source,
    ascii: bool,
}

impl<'n> Splice<'n> {
    fn new(notebook: &'n Notebook, id: CellId, cell: &'n Cell, ascii: bool) -> Self {
        Self {
            notebook,
            id,
            file: notebook.text(),
            source: &cell.source,
            place: &cell.place,
            ascii,
        }
    }

    fn edits(&self, changes: &[Change]) -> Vec<PhysicalEdit> {
        let span = self.place.span.clone();
        let segments = self.segments(changes);
        let mut rope = Rope::new(span.start);
        if self.place.form == Form::Array {
            self.array(&mut rope, &self.elements(segments));
        } else {
            let quote = usize::from(self.place.form == Form::String);
            rope.keep(span.start..span.start + quote);
            self.literal(&mut rope, &segments.concat());
            rope.keep(span.end - quote..span.end);
        }
        rope.finish(span.end)
    }

    /// Writes the elements of an array.
    fn array(&self, rope: &mut Rope, elements: &[Element]) {
        let span = self.place.span.clone();
        let layout = Layout::of(self.notebook, self.id);
        let old = self.place.lead().zip(self.place.tail());
        let (lead, tail) =
            old.unwrap_or((span.start + 1..span.start + 1, span.end - 1..span.end - 1));
        rope.keep(span.start..span.start + 1);
        if elements.is_empty() {
            rope.keep(span.end - 1..span.end);
            return;
        }
        rope.keep(lead.clone());
        if self.place.pieces.is_empty() {
            rope.new_text().push_str(&layout.lead);
        }
        // The piece that the writing has come to: what is put in looks like its surroundings.
        let mut near = 0;
        for (index, element) in elements.iter().enumerate() {
            if index > 0 {
                let after = elements.get(index - 1).and_then(|element| element.close);
                match after.and_then(|piece| self.place.separator(piece)) {
                    Some(separator) => rope.keep(separator),
                    None => {
                        // The last piece has a separator before it only.
                        let beside = self.place.separator(near);
                        let beside = beside.or_else(|| self.place.separator(near.checked_sub(1)?));
                        let beside = beside.and_then(|range| self.file.get(range));
                        let separator = beside.unwrap_or(&layout.separator);
                        rope.new_text().push_str(separator);
                    }
                }
            }
            let quoted = |piece: Option<usize>| Some(self.place.pieces.get(piece?)?.quoted());
            match quoted(element.open) {
                Some(range) => rope.keep(range.start..range.start + 1),
                None => rope.new_text().push('"'),
            }
            self.literal(rope, &element.segments);
            match quoted(element.close) {
                Some(range) => rope.keep(range.end - 1..range.end),
                None => rope.new_text().push('"'),
            }
            near = element.close.or(element.open).unwrap_or(near);
        }
        if self.place.pieces.is_empty() {
            rope.new_text().push_str(&layout.tail);
        }
        rope.keep(tail.start..span.end);
    }

    /// Writes the inside of one literal.
    fn literal(&self, rope: &mut Rope, segments: &[Segment]) {
        let mut before = "";
        for segment in segments {
            match *segment {
                Segment::New(text) if self.place.form == Form::Plain => {
                    rope.new_text().push_str(text);
                }
                Segment::New(text) => {
                    literal::encode_into(text, self.ascii, rope.new_text());
                    before = "";
                }
                Segment::Old(piece, range) => {
                    let Some(piece) = self.place.pieces.get(piece) else {
                        continue;
                    };
                    let mut raw = piece.raw_range(self.file, range);
                    let text = self.file.get(raw.clone()).unwrap_or_default();
                    // Two lone surrogates that stood apart would become one character.
                    if literal::would_pair(before, text) {
                        rope.new_text().push_str("\\ufffd");
                        raw.start += 6;
                    }
                    rope.keep(raw);
                    before = text;
                }
            }
        }
    }

    /// The new source: for every piece, what it becomes.
    fn segments<'p>(&self, changes: &[Change<'p>]) -> Vec<Vec<Segment<'p>>> {
        // An empty array has no piece that could become something.
        let mut all = vec![Vec::new(); self.place.pieces.len().max(1)];
        let mut at = 0;
        for (index, change) in changes.iter().enumerate() {
            self.keep(&mut all, TextRange::new(at, change.range.start()));
            let before = index.checked_sub(1).and_then(|before| changes.get(before));
            let touched = before.is_some_and(|before| before.range.end() == change.range.start())
                || (changes.get(index + 1))
                    .is_some_and(|after| after.range.start() == change.range.end());
            self.put(&mut all, change, touched);
            at = change.range.end();
        }
        self.keep(&mut all, TextRange::new(at, self.source.len()));
        all
    }

    /// Puts new text into the piece that it belongs to. Empty pieces at its place are lines that lack their line
    /// break: each takes one line of the text, and the last one takes the rest. Not so where another change touches
    /// this one: spread over the same pieces, their texts would mix.
    fn put<'p>(&self, all: &mut [Vec<Segment<'p>>], change: &Change<'p>, touched: bool) {
        let mut home = self.home(change.range);
        if touched {
            if let Some(piece) = all.get_mut(home).filter(|_| !change.insert.is_empty()) {
                piece.push(Segment::New(change.insert));
            }
            return;
        }
        let here = change.range.start()..change.range.end();
        let empty = self.place.pieces.iter().skip(home + 1);
        let last = home + empty.take_while(|piece| piece.text == here).count();
        let old = self.place.pieces.get(home);
        let old = old.and_then(|piece| self.source.get(piece.text.clone()));
        if last > home && old.is_some_and(|old| old.ends_with('\n')) {
            home += 1;
        }
        let mut rest = change.insert;
        for index in home..=last {
            let line = match rest.find('\n') {
                Some(end) if index < last => end + 1,
                _ => rest.len(),
            };
            let (text, after) = rest.split_at(line);
            if let Some(piece) = all.get_mut(index).filter(|_| !text.is_empty()) {
                piece.push(Segment::New(text));
            }
            rest = after;
        }
    }

    /// Keeps `range` of the old source, in the pieces that it lies in.
    fn keep(&self, all: &mut [Vec<Segment>], range: TextRange) {
        let first = self.place.piece_of(range.start()).unwrap_or(all.len());
        let pieces = self.place.pieces.iter().zip(all).enumerate().skip(first);
        for (index, (piece, segments)) in pieces {
            let start = range.start().max(piece.text.start);
            let end = range.end().min(piece.text.end);
            if start < end {
                segments.push(Segment::Old(index, TextRange::new(start, end)));
            } else if range.end() <= piece.text.start {
                break;
            }
        }
    }

    /// The piece that text in place of `range` goes to: the one that `range` begins in, or if nothing is replaced,
    /// the one that ends or goes on there.
    fn home(&self, range: TextRange) -> usize {
        let start = range.start();
        if range.end() == 0 {
            return 0;
        }
        let at = start - usize::from(range.is_empty() && start > 0);
        let last = self.place.pieces.len().saturating_sub(1);
        self.place.piece_of(at).unwrap_or(last)
    }

    /// The elements of the new array, from what each piece becomes.
    fn elements<'p>(&self, segments: Vec<Vec<Segment<'p>>>) -> Vec<Element<'p>> {
        let mut elements = Vec::new();
        // The pieces that become one, since the line break between them goes.
        let mut joined: Option<(usize, Vec<Segment<'p>>)> = None;
        let last = self.place.pieces.len();
        for (index, new) in segments.into_iter().enumerate() {
            let old = self.place.pieces.get(index);
            let old = old.map_or("", |piece| &self.source[piece.text.clone()]);
            if new.is_empty() && !old.is_empty() {
                continue;
            }
            let lost = old.ends_with('\n') && !self.ends_line(&new);
            let (first, mut all) = joined.take().unwrap_or((index, Vec::new()));
            all.extend(new);
            if lost {
                joined = Some((first, all));
            } else {
                self.split(first, index, all, &mut elements);
            }
        }
        if let Some((first, all)) = joined {
            self.split(first, last.saturating_sub(1), all, &mut elements);
        }
        elements
    }

    fn ends_line(&self, segments: &[Segment]) -> bool {
        segments.last().is_some_and(|segment| match segment {
            Segment::Old(_, range) => range.of(self.source).ends_with('\n'),
            Segment::New(text) => text.ends_with('\n'),
        })
    }

    /// Splits what the pieces `first..=last` become into elements: after each line break of new text, and before new
    /// text that starts a line.
    fn split<'p>(
        &self,
        first: usize,
        last: usize,
        segments: Vec<Segment<'p>>,
        out: &mut Vec<Element<'p>>,
    ) {
        let mut parts = vec![Element::default()];
        let lines = segments.into_iter().flat_map(|segment| match segment {
            Segment::Old(..) => vec![segment],
            Segment::New(text) => text.split_inclusive('\n').map(Segment::New).collect(),
        });
        for segment in lines {
            let Some(part) = parts.last_mut() else { return };
            let seam = matches!(segment, Segment::New(_))
                || matches!(part.segments.last(), Some(Segment::New(_)));
            if seam && self.ends_line(&part.segments) {
                parts.push(Element {
                    segments: vec![segment],
                    ..Element::default()
                });
            } else {
                part.segments.push(segment);
            }
        }
        if first < self.place.pieces.len() {
            keep_quotes(&mut parts, first, last);
        }
        out.append(&mut parts);
    }
}

/// Gives the old quotes around the pieces `first..=last` to the `parts` that hold the old text beside them; if none
/// does, to the outer ones.
fn keep_quotes(parts: &mut [Element], first: usize, last: usize) {
    let is_old = |segment: &Segment| matches!(segment, Segment::Old(..));
    let holds_old = |part: &Element| part.segments.iter().any(is_old);
    let opening = parts.iter().position(holds_old).unwrap_or(0);
    let closing = parts.iter().rposition(holds_old);
    let closing = closing.unwrap_or(parts.len().saturating_sub(1));
    if let Some(part) = parts.get_mut(opening) {
        part.open = Some(first);
    }
    if let Some(part) = parts.get_mut(closing) {
        part.close = Some(last);
    }
}
