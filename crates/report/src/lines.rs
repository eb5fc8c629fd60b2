//! The lines of one text, which may be huge, and no UTF-8.

use std::borrow::Cow;
use std::ops::Range;

use nbfix_text::LineColumn;

/// Characters are counted once for each stretch of this many bytes, so that a column in a line of megabytes is cheap.
const STRIDE: usize = 1024;

/// One text with its lines. A byte order mark belongs to no line.
#[derive(Debug)]
pub(crate) struct Lines<'a> {
    bytes: Cow<'a, [u8]>,
    /// Where lines start.
    starts: Vec<usize>,
    /// Characters before each stride.
    counts: Vec<usize>,
}

impl<'a> Lines<'a> {
    pub(crate) fn new(bytes: impl Into<Cow<'a, [u8]>>) -> Self {
        let bytes = bytes.into();
        let bom = if bytes.starts_with(b"\xef\xbb\xbf") {
            3
        } else {
            0
        };
        let mut starts = vec![bom];
        let breaks = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
        starts.extend(breaks.map(|(at, _)| at + 1));
        let counts = bytes.chunks(STRIDE).scan(0, |count, chunk| {
            let before = *count;
            *count += characters(chunk);
            Some(before)
        });
        let counts = counts.collect();
        Self {
            bytes,
            starts,
            counts,
        }
    }

    /// The bytes of `range`, as far as there are any.
    pub(crate) fn slice(&self, range: Range<usize>) -> &[u8] {
        let end = range.end.min(self.bytes.len());
        self.bytes.get(range.start..end).unwrap_or_default()
    }

    /// `range`, moved into the text and onto whole characters.
    pub(crate) fn clamp(&self, range: Range<usize>) -> Range<usize> {
        let start = self.floor(range.start);
        let mut end = range.end.clamp(start, self.bytes.len());
        while end < self.bytes.len() && is_inside(self.bytes[end]) {
            end += 1;
        }
        start..end
    }

    /// The line of a place, from 1.
    pub(crate) fn line_of(&self, offset: usize) -> usize {
        self.starts.partition_point(|start| *start <= offset).max(1)
    }

    /// Line and column of a place, for people.
    pub(crate) fn line_column(&self, offset: usize) -> LineColumn {
        let offset = self.floor(offset);
        let line = self.line_of(offset);
        let start = self.start(line);
        let column = self.count(offset).saturating_sub(self.count(start)) + 1;
        LineColumn { line, column }
    }

    /// The number of lines.
    pub(crate) fn count_lines(&self) -> usize {
        self.starts.len()
    }

    /// The bytes of a line (from 1), without its line break.
    pub(crate) fn line(&self, line: usize) -> Range<usize> {
        let start = self.start(line);
        let next = self.starts.get(line).copied();
        let mut end = next.map_or(self.bytes.len(), |next| next - 1).max(start);
        if next.is_some() && self.slice(start..end).ends_with(b"\r") {
            end -= 1;
        }
        start..end
    }

    /// Number of characters in `range`.
    pub(crate) fn width(&self, range: Range<usize>) -> usize {
        self.count(range.end)
            .saturating_sub(self.count(range.start))
    }

    /// The place `characters` before `offset`, or `least` if that is nearer.
    pub(crate) fn back(&self, offset: usize, characters: usize, least: usize) -> usize {
        let mut at = offset;
        for _ in 0..characters {
            if at <= least {
                return least;
            }
            at = self.floor(at - 1);
        }
        at.max(least)
    }

    /// The place `characters` after `offset`, or `most` if that is nearer.
    pub(crate) fn ahead(&self, offset: usize, characters: usize, most: usize) -> usize {
        let rest = self.slice(offset..most);
        let starts = rest
            .iter()
            .enumerate()
            .filter(|(_, byte)| !is_inside(**byte));
        starts
            .map(|(at, _)| offset + at)
            .nth(characters)
            .unwrap_or(most)
    }

    fn start(&self, line: usize) -> usize {
        let last = self.starts.len() - 1;
        self.starts[line.saturating_sub(1).min(last)]
    }

    /// The start of the character at `offset`.
    fn floor(&self, offset: usize) -> usize {
        let mut at = offset.clamp(self.starts[0], self.bytes.len());
        // A character has at most four bytes; more than that in a row is no UTF-8.
        for _ in 0..3 {
            if at > self.starts[0] && at < self.bytes.len() && is_inside(self.bytes[at]) {
                at -= 1;
            }
        }
        at
    }

    /// Number of characters before `offset`.
    fn count(&self, offset: usize) -> usize {
        let stride = (offset / STRIDE).min(self.counts.len().saturating_sub(1));
        let before = self.counts.get(stride).copied().unwrap_or_default();
        before + characters(self.slice(stride * STRIDE..offset))
    }
}

/// Whether the byte goes on with a character of UTF-8.
fn is_inside(byte: u8) -> bool {
    byte & 0xc0 == 0x80
}

fn characters(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| !is_inside(**byte)).count()
}

#[cfg(test)]
mod tests {
    use nbfix_text::LineIndex;

    use super::*;

    #[test]
    fn agrees_with_the_line_index() {
        let long = "é日x\n".repeat(700) + &"日本".repeat(2000);
        for text in ["", "\n", "a", "a\r\né日x\r\nlast\n", &long] {
            let (lines, index) = (Lines::new(text.as_bytes()), LineIndex::new(text));
            for offset in 0..text.len() + 3 {
                assert_eq!(
                    lines.line_column(offset),
                    index.line_column(text, offset),
                    "{offset}"
                );
            }
        }
    }

    #[test]
    fn a_byte_order_mark_has_no_column() {
        let lines = Lines::new(&b"\xef\xbb\xbf{\n}"[..]);
        let at = |offset| lines.line_column(offset);
        assert_eq!(at(0), LineColumn { line: 1, column: 1 });
        assert_eq!(at(3), LineColumn { line: 1, column: 1 });
        assert_eq!(at(4), LineColumn { line: 1, column: 2 });
        assert_eq!(lines.line(1), 3..4);
        assert_eq!(Lines::new(&b"\xef\xbb\xbf"[..]).line(1), 3..3);
    }

    #[test]
    fn steps_are_characters() {
        let lines = Lines::new("é日x".as_bytes());
        assert_eq!(lines.ahead(0, 2, 6), 5);
        assert_eq!(lines.ahead(0, 9, 6), 6);
        assert_eq!(lines.back(6, 2, 0), 2);
        assert_eq!(lines.back(6, 9, 2), 2);
        assert_eq!(lines.clamp(1..3), 0..5);
    }
}
