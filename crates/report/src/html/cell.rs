//! The source of a cell: the lines around what was found, and the difference that a fix makes.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::ops::Range;

use similar::{Algorithm, DiffOp, capture_diff_slices, group_diff_ops};

use super::escaped;
use crate::lines::Lines;
use crate::mask::Detector;

/// Lines around a finding.
const AROUND: usize = 2;
/// Lines of one finding that are shown, of those that it covers.
const COVERED: usize = 6;
/// Characters of a line that are shown.
const WIDTH: usize = 400;

/// The lines around these places, with their numbers; the places are marked.
pub(super) fn excerpt(lines: &Lines, spans: &[Range<usize>]) -> String {
    let mut shown: BTreeSet<usize> = BTreeSet::new();
    let mut marks: Vec<Range<usize>> = Vec::new();
    for span in spans {
        let span = lines.clamp(span.clone());
        let first = lines.line_of(span.start);
        let last = lines.line_of(span.end.max(span.start + 1) - 1);
        let last_shown = last.min(first + COVERED - 1);
        let end = (last_shown + AROUND).min(lines.count_lines());
        shown.extend(first.saturating_sub(AROUND).max(1)..=end);
        marks.push(span.start..span.end.min(lines.line(last_shown).end));
    }
    let mut out = String::from("<pre class=\"code\" tabindex=\"0\">");
    let mut before = None;
    for number in shown {
        if before.is_some_and(|before| before + 1 != number) {
            out.push_str("<span class=\"gap\">⋯</span>\n");
        }
        before = Some(number);
        let line = lines.line(number);
        let mut covered: Vec<Range<usize>> = marks
            .iter()
            .map(|mark| mark.start.max(line.start)..mark.end.min(line.end))
            .filter(|mark| mark.start < mark.end)
            .collect();
        covered.sort_by_key(|mark| (mark.start, mark.end));
        let class = match covered.is_empty() {
            true => "line",
            false => "line hit",
        };
        let _ = write!(out, "<span class=\"{class}\"><i>{number}</i>");
        let end = lines.ahead(line.start, WIDTH, line.end);
        let mut at = line.start;
        for mark in covered {
            let (start, stop) = (mark.start.max(at).min(end), mark.end.min(end));
            if start >= stop {
                continue;
            }
            out.push_str(&text(lines.slice(at..start)));
            let _ = write!(out, "<mark>{}</mark>", text(lines.slice(start..stop)));
            at = stop;
        }
        out.push_str(&text(lines.slice(at..end)));
        if end < line.end {
            out.push('…');
        }
        out.push_str("</span>\n");
    }
    out.push_str("</pre>\n");
    out
}

fn text(bytes: &[u8]) -> String {
    escaped(&String::from_utf8_lossy(bytes))
}

/// What makes `after` of `before`, secrets masked, with three lines around each change.
pub(super) fn difference(before: &str, after: &str, secrets: &Detector) -> String {
    let split = |text| str::lines(text).collect::<Vec<&str>>();
    let ops = capture_diff_slices(Algorithm::Myers, &split(before), &split(after));
    // A mask keeps line breaks.
    let (before, after) = (secrets.masked(before), secrets.masked(after));
    let (old, new) = (split(&before), split(&after));
    let mut out = String::from("<pre class=\"diff\" tabindex=\"0\">");
    for (index, group) in group_diff_ops(ops, 3).into_iter().enumerate() {
        if index > 0 {
            out.push_str("<span class=\"gap\">⋯</span>\n");
        }
        for op in group {
            let is_equal = matches!(op, DiffOp::Equal { .. });
            let (gone, come) = (op.old_range(), op.new_range());
            let lines = |all: &[&str], range: Range<usize>, sign: char, class: &str| {
                let lines = all.get(range).unwrap_or_default().iter();
                lines
                    .map(|line| {
                        let short: String = line.chars().take(WIDTH).collect();
                        let more = if short.len() < line.len() { "…" } else { "" };
                        format!(
                            "<span class=\"line {class}\"><i>{sign}</i>{}{more}</span>\n",
                            escaped(&short)
                        )
                    })
                    .collect::<String>()
            };
            if is_equal {
                out.push_str(&lines(&old, gone, ' ', ""));
            } else {
                out.push_str(&lines(&old, gone, '-', "gone"));
                out.push_str(&lines(&new, come, '+', "come"));
            }
        }
    }
    out.push_str("</pre>\n");
    out
}
