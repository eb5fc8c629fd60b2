//! The lines of a text around some places, cut so that they fit, and framed by miette.
//!
//! miette is given a text that is made for it: only the lines to show, with control characters escaped, and every
//! mark at least one character wide. So it cannot fail to read a place, and costs nothing where the text is large.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;

use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError,
    MietteSpanContents, SourceCode, SourceSpan, SpanContents,
};
use nbfix_lint::Level;

use crate::Style;
use crate::lines::Lines;
use crate::window::Window;

/// A place to show.
#[derive(Clone, Debug)]
pub(crate) struct Mark {
    /// Its bytes, in the text.
    pub(crate) range: Range<usize>,
    /// What is there.
    pub(crate) text: Option<String>,
    /// Whether it is the place of the finding itself.
    pub(crate) primary: bool,
}

/// One line of the text in the excerpt.
struct Row {
    number: usize,
    window: Window,
    /// Where it starts in the excerpt.
    at: usize,
}

/// Lines that follow each other.
#[derive(Debug)]
struct Block {
    title: String,
    /// Number of the first line, from 1.
    first: usize,
    count: usize,
    /// Its bytes, in the excerpt.
    range: Range<usize>,
}

/// A text made for miette.
#[derive(Debug)]
pub(crate) struct Excerpt {
    text: String,
    blocks: Vec<Block>,
    marks: Vec<Mark>,
}

impl Excerpt {
    /// The lines of `marks`, and one line around each. Of a long line that part is shown where the first of them
    /// is that starts there. `title` names a place.
    pub(crate) fn new(
        lines: &Lines,
        marks: &[Mark],
        style: &Style,
        title: impl Fn(usize) -> String,
    ) -> Self {
        let mut excerpt = Self {
            text: String::new(),
            blocks: Vec::new(),
            marks: Vec::new(),
        };
        let mut rows: Vec<Row> = Vec::new();
        for number in shown(lines, marks) {
            let mut starts = marks.iter().map(|mark| mark.range.start);
            let focus = starts.find(|start| lines.line_of(*start) == number);
            let window = Window::new(lines, number, focus, style);
            let at = excerpt.text.len();
            excerpt.text.push_str(&window.text(lines));
            // The space is there to be marked, where a mark is at the end of the line.
            excerpt.text.push_str(" \n");
            match excerpt.blocks.last_mut() {
                Some(block) if block.first + block.count == number => {
                    block.count += 1;
                    block.range.end = excerpt.text.len();
                }
                _ => excerpt.blocks.push(Block {
                    title: String::new(),
                    first: number,
                    count: 1,
                    range: at..excerpt.text.len(),
                }),
            }
            rows.push(Row { number, window, at });
        }
        let place = |offset: usize, line: usize| {
            let row = rows.iter().find(|row| row.number == line)?;
            Some(row.at + row.window.until(lines, offset).len())
        };
        for mark in marks {
            let first = lines.line_of(mark.range.start);
            let last = lines.line_of(mark.range.end.saturating_sub(1).max(mark.range.start));
            let Some(start) = place(mark.range.start, first) else {
                continue;
            };
            let next = excerpt.text[start..].chars().next();
            let least = start + next.map_or(0, char::len_utf8);
            let end = place(mark.range.end, last).map_or(least, |end| end.max(least));
            excerpt.marks.push(Mark {
                range: start..end,
                ..mark.clone()
            });
            let block = excerpt
                .blocks
                .iter_mut()
                .find(|block| block.range.contains(&start));
            if let Some(block) = block
                && (mark.primary || block.title.is_empty())
            {
                block.title = title(mark.range.start);
            }
        }
        excerpt.part();
        excerpt
    }

    /// Parts marks that overlap on a line, because miette draws one beside the other.
    fn part(&mut self) {
        self.sort();
        let Some(index) = self.marks.iter().position(|mark| mark.primary) else {
            return;
        };
        let mut primary = self.marks.remove(index);
        let Range { start, end } = primary.range;
        let is_line = !self.text[start..end].contains('\n');
        let mut labels: Vec<Mark> = Vec::new();
        for mut label in std::mem::take(&mut self.marks) {
            if label.range == primary.range {
                primary.text = joined(primary.text.take(), label.text);
                continue;
            }
            // Of the wider one that is left which the narrower one does not mark.
            if label.range.start < start && end <= label.range.end {
                label.range.end = start;
            } else if label.range.start == start && is_line && end < label.range.end {
                label.range.start = end;
            }
            match labels.last_mut() {
                Some(before) if label.range.end <= before.range.end => {
                    before.text = joined(before.text.take(), label.text);
                }
                Some(before) if label.range.start < before.range.end => {
                    label.range.start = before.range.end;
                    labels.push(label);
                }
                _ => labels.push(label),
            }
        }
        self.marks = labels;
        if is_line {
            self.add_around_labels(primary);
        } else {
            self.marks.push(primary);
        }
        self.sort();
    }

    /// Adds a mark in one line, as far as labels do not mark it already.
    fn add_around_labels(&mut self, mut primary: Mark) {
        let line = self.line_around(primary.range.start);
        let is_beside = |label: &Mark| line.contains(&label.range.start);
        if primary.text.is_none() && self.marks.iter().any(is_beside) {
            // A mark without a text beside one that has a text would look as if its text were missing.
            primary.text = Some("here".to_owned());
        }
        let gaps = self.gaps(&primary.range);
        if let [first, .., last] = gaps.as_slice() {
            let (range, first) = (last.clone(), first.clone());
            self.marks.push(Mark {
                range,
                text: None,
                primary: true,
            });
            primary.range = first;
        } else if let Some(only) = gaps.first() {
            primary.range = only.clone();
        } else {
            // The labels mark all of it.
            return;
        }
        self.marks.push(primary);
    }

    fn sort(&mut self) {
        self.marks
            .sort_by_key(|mark| (mark.range.start, mark.range.end));
    }

    /// What of `range` is not marked.
    fn gaps(&self, range: &Range<usize>) -> Vec<Range<usize>> {
        let mut gaps = Vec::new();
        let mut at = range.start;
        for mark in &self.marks {
            let end = mark.range.start.min(range.end);
            if at < end {
                gaps.push(at..end);
            }
            at = at.max(mark.range.end);
        }
        if at < range.end {
            gaps.push(at..range.end);
        }
        gaps
    }

    fn line_around(&self, offset: usize) -> Range<usize> {
        let start = self.text[..offset].rfind('\n').map_or(0, |at| at + 1);
        let end = self.text[offset..]
            .find('\n')
            .map_or(self.text.len(), |at| offset + at);
        start..end
    }

    /// The frames, in which a finding of `level` is marked.
    pub(crate) fn render(&self, level: Level, style: &Style) -> String {
        let mut theme = if style.color {
            GraphicalTheme::unicode()
        } else {
            GraphicalTheme::unicode_nocolor()
        };
        let primary = match level {
            Level::Error => theme.styles.error,
            Level::Warning => theme.styles.warning,
            Level::Note => theme.styles.advice,
        };
        let other = theme.styles.help;
        let inks = self.marks.iter();
        theme.styles.highlights = inks
            .map(|mark| if mark.primary { primary } else { other })
            .collect();
        let handler = GraphicalReportHandler::new_themed(theme)
            .with_links(false)
            .with_width(style.width)
            .without_primary_span_start()
            .without_syntax_highlighting();
        let mut rendered = String::new();
        if handler.render_report(&mut rendered, self).is_err() {
            return String::new();
        }
        // The first line is for a message, and we have told that already.
        let frames = rendered.lines().skip(1);
        frames
            .map(|line| format!("{}\n", line.trim_end()))
            .collect()
    }
}

/// The numbers of the lines to show.
fn shown(lines: &Lines, marks: &[Mark]) -> BTreeSet<usize> {
    let mut shown = BTreeSet::new();
    let mut around = BTreeSet::new();
    for mark in marks {
        let first = lines.line_of(mark.range.start);
        let last = lines.line_of(mark.range.end.saturating_sub(1).max(mark.range.start));
        shown.extend(first..=last);
        around.extend([
            first.saturating_sub(1).max(1),
            (last + 1).min(lines.count_lines()),
        ]);
    }
    // Empty lines tell nothing, unless they part others.
    let is_blank = |line: usize| lines.slice(lines.line(line)).trim_ascii().is_empty();
    let told: Vec<usize> = around
        .iter()
        .copied()
        .filter(|line| !is_blank(*line))
        .collect();
    shown.extend(told);
    let parted: Vec<usize> = shown
        .iter()
        .map(|line| line + 1)
        .filter(|line| shown.contains(&(line + 1)))
        .collect();
    shown.extend(parted);
    shown
}

fn joined(first: Option<String>, second: Option<String>) -> Option<String> {
    match (first, second) {
        (Some(first), Some(second)) => Some(format!("{first}; {second}")),
        (first, second) => first.or(second),
    }
}

impl fmt::Display for Excerpt {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }
}

impl std::error::Error for Excerpt {}

impl Diagnostic for Excerpt {
    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(self)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let labels = self.marks.iter().map(|mark| {
            let (start, length) = (mark.range.start, mark.range.len());
            LabeledSpan::new(mark.text.clone(), start, length)
        });
        Some(Box::new(labels))
    }
}

impl SourceCode for Excerpt {
    /// The whole block of the place: its context has been chosen already.
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        _: usize,
        _: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let mut blocks = self.blocks.iter();
        let block = blocks
            .find(|block| block.range.contains(&span.offset()))
            .ok_or(MietteError::OutOfBounds)?;
        Ok(Box::new(MietteSpanContents::new_named(
            block.title.clone(),
            &self.text.as_bytes()[block.range.clone()],
            (block.range.start, block.range.len()).into(),
            block.first - 1,
            0,
            block.count,
        )))
    }
}
