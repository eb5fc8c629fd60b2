//! What of a line that is long, and of a place that is tall, is shown.

use std::ops::Range;

use crate::Style;
use crate::lines::Lines;
use crate::visible::visible_bytes;

/// A line of more characters is cut to a window around what is marked in it.
const LONG: usize = 200;
/// Characters that a window shows before the mark.
const LEAD: usize = 30;
/// A mark on more lines is narrowed to its first one.
const TALL: usize = 6;
/// A mark shows at most so many lines.
const SHOWN: usize = 3;

/// What of `range` is marked: its first lines, if it has many, and the line it ends on, if that is not shown.
pub(crate) fn narrow(lines: &Lines, range: &Range<usize>) -> (Range<usize>, Option<usize>) {
    let first = lines.line_of(range.start);
    // A range that ends with a line break ends on the line before.
    let last = lines.line_of(range.end.saturating_sub(1).max(range.start));
    let tall = last - first + 1;
    if tall <= SHOWN {
        let end = lines.line(last).end.max(range.start);
        return (range.start..range.end.min(end), None);
    }
    let shown = if tall > TALL { 1 } else { SHOWN };
    let end = lines.line(first + shown - 1).end.max(range.start);
    (range.start..end, Some(last))
}

/// The part of a line that is shown. An ellipsis stands for what is missing before and after it.
#[derive(Debug)]
pub(crate) struct Window {
    range: Range<usize>,
    line: Range<usize>,
}

impl Window {
    /// The part of `line` around `focus`.
    pub(crate) fn new(lines: &Lines, line: usize, focus: Option<usize>, style: &Style) -> Self {
        let line = lines.line(line);
        if lines.width(line.clone()) <= LONG {
            return Self {
                range: line.clone(),
                line,
            };
        }
        // Beside the line there stand its number and the frame.
        let width = style.width.saturating_sub(16).clamp(60, LONG);
        let focus = focus.unwrap_or(line.start).clamp(line.start, line.end);
        let latest = lines.back(line.end, width, line.start);
        let start = lines.back(focus, LEAD, line.start).min(latest);
        let end = lines.ahead(start, width, line.end);
        let range = start..end;
        Self { range, line }
    }

    /// The text of the window.
    pub(crate) fn text(&self, lines: &Lines) -> String {
        let mut text = self.until(lines, self.range.end);
        if self.range.end < self.line.end {
            text.push('…');
        }
        text
    }

    /// The text of the window before `offset`.
    pub(crate) fn until(&self, lines: &Lines, offset: usize) -> String {
        let mut text = String::new();
        if self.line.start < self.range.start && self.range.start <= offset {
            text.push('…');
        }
        let end = offset.clamp(self.range.start, self.range.end);
        text.push_str(&visible_bytes(lines.slice(self.range.start..end)));
        text
    }
}
