//! Differences of notebooks, for people.

use std::borrow::Cow;
use std::collections::HashSet;
use std::io::{self, Write};
use std::ops::Range;

use nbfix_ipynb::{Cell, DocumentKind, Notebook};

use crate::Style;
use crate::diff::{Difference, Form, Side, write_hunks};
use crate::mask::Secrets;
use crate::paint::{BOLD, RED};
use crate::visible::one_line;

/// Writes what makes the sources of `after` of those of `before`, cell by cell, and which cells lose their outputs.
/// Where both have as many cells these are matched by position; else by their ids, or if they lack those, by their
/// sources. Without a difference nothing is written.
///
/// # Errors
/// If `out` fails.
pub fn cell_diff(
    out: &mut impl Write,
    path: &str,
    before: &Notebook,
    after: &Notebook,
    style: &Style,
    secrets: Secrets<'_>,
) -> io::Result<Difference> {
    let mut difference = Difference::default();
    for (gone, come) in pairs(before.cells(), after.cells()) {
        let old = gone.and_then(|at| before.cells().get(at));
        let new = come.and_then(|at| after.cells().get(at));
        let cleared = loses_outputs(old, new);
        let texts = [old, new].map(|cell| cell.map_or("", |cell| cell.source.as_str()));
        let is_same = texts[0].lines().eq(texts[1].lines());
        if old.is_some() && new.is_some() && is_same && !cleared {
            continue;
        }
        let masks = texts.map(|text| match secrets {
            Secrets::Masked(detector) => detector.masked(text),
            Secrets::Shown => Cow::Borrowed(text),
        });
        let lines = |text| str::lines(text).map(str::as_bytes).collect();
        let [was, is] = [0, 1].map(|at| Side {
            lines: lines(texts[at]),
            shown: lines(&masks[at]),
        });
        let mut title = one_line(path);
        if after.kind() == DocumentKind::Notebook {
            let number = come.or(gone).unwrap_or_default() + 1;
            title.push_str(&format!(":cell {number}"));
            let id = old.or(new).and_then(|cell| cell.id.as_deref());
            let note = match (old, new) {
                (None, _) => Some("new".to_owned()),
                (_, None) => Some("removed".to_owned()),
                _ => id.filter(|id| !id.is_empty()).map(one_line),
            };
            if let Some(note) = note {
                title.push_str(&format!(" ({note})"));
            }
        }
        if difference.differs {
            writeln!(out)?;
        }
        difference.differs = true;
        writeln!(out, "{}", style.paint(BOLD, title))?;
        difference.masked += write_hunks(out, &was, &is, style, Form::Readable)?;
        if cleared {
            writeln!(out, "{}", style.paint(RED, "its outputs are cleared"))?;
        }
    }
    Ok(difference)
}

/// Whether a cell had outputs, and has none now: nothing else happens to outputs.
fn loses_outputs(old: Option<&Cell>, new: Option<&Cell>) -> bool {
    let size = |cell: &Cell| cell.outputs_range().map(|range| range.len());
    old.zip(new).is_some_and(|(old, new)| size(old) > size(new))
}

/// The position of a cell before and after, as far as it was and is there.
type Pair = (Option<usize>, Option<usize>);

/// Which cell became which, in the order of the cells.
fn pairs(old: &[Cell], new: &[Cell]) -> Vec<Pair> {
    if old.len() == new.len() {
        return (0..old.len()).map(|at| (Some(at), Some(at))).collect();
    }
    let mut pairs = Vec::with_capacity(old.len().max(new.len()));
    let (mut left, mut right) = (0, 0);
    let end = (old.len(), new.len());
    for (was, is) in same(old, new).into_iter().chain([end]) {
        between(old, new, left..was, right..is, &mut pairs);
        if (was, is) != end {
            pairs.push((Some(was), Some(is)));
        }
        (left, right) = (was + 1, is + 1);
    }
    pairs
}

/// The largest table of cells against cells that is worth its time; in a larger one nothing is the same.
const TABLE_LIMIT: usize = 1 << 22;

/// The cells that are surely the same, in order: a longest common subsequence.
fn same(old: &[Cell], new: &[Cell]) -> Vec<(usize, usize)> {
    let is_same = |(old, new): &(&Cell, &Cell)| match (old.id.as_deref(), new.id.as_deref()) {
        (Some(old), Some(new)) if !old.is_empty() => old == new,
        _ => old.source == new.source,
    };
    let head = old.iter().zip(new).take_while(is_same).count();
    let rest = old[head..].iter().rev().zip(new[head..].iter().rev());
    let tail = rest.take_while(is_same).count();
    let (olds, news) = (&old[head..old.len() - tail], &new[head..new.len() - tail]);

    let mut found: Vec<(usize, usize)> = (0..head).map(|at| (at, at)).collect();
    let width = news.len() + 1;
    if (olds.len() + 1).saturating_mul(width) <= TABLE_LIMIT {
        // Length of the longest common subsequence from each pair of cells on.
        let mut table = vec![0_u32; (olds.len() + 1) * width];
        for (row, old) in olds.iter().enumerate().rev() {
            for (column, new) in news.iter().enumerate().rev() {
                let at = row * width + column;
                table[at] = if is_same(&(old, new)) {
                    table[at + width + 1] + 1
                } else {
                    table[at + width].max(table[at + 1])
                };
            }
        }
        let (mut row, mut column) = (0, 0);
        while let (Some(old), Some(new)) = (olds.get(row), news.get(column)) {
            let at = row * width + column;
            if is_same(&(old, new)) {
                found.push((head + row, head + column));
                (row, column) = (row + 1, column + 1);
            } else if table[at + width] >= table[at + 1] {
                row += 1;
            } else {
                column += 1;
            }
        }
    }
    let tail = (0..tail).rev();
    found.extend(tail.map(|back| (old.len() - 1 - back, new.len() - 1 - back)));
    found
}

/// Which of the `left` cells became which of the `right` ones, where none is the same: each of the fewer takes the
/// one that has most lines in common with it, and leaves enough for those after it.
fn between(
    old: &[Cell],
    new: &[Cell],
    left: Range<usize>,
    right: Range<usize>,
    pairs: &mut Vec<Pair>,
) {
    let fewer_old = left.len() <= right.len();
    let (few, many) = if fewer_old {
        (left, right)
    } else {
        (right, left)
    };
    let (few_cells, many_cells) = if fewer_old { (old, new) } else { (new, old) };
    let pair = |few, many| if fewer_old { (few, many) } else { (many, few) };
    let mut next = many.start;
    for at in few.clone() {
        let here: HashSet<&str> = few_cells[at].source.lines().collect();
        let has_id = few_cells[at].id.is_some();
        let alike = |other: &usize| {
            let other = &many_cells[*other];
            let lines = other.source.lines();
            let common = lines.filter(|line| here.contains(line)).count();
            (common, other.id.is_some() == has_id)
        };
        let last = many.end - (few.end - at);
        // Of equals the last one is the greatest, and the first one is wanted.
        let best = (next..=last).rev().max_by_key(alike).unwrap_or(last);
        pairs.extend((next..best).map(|other| pair(None, Some(other))));
        pairs.push(pair(Some(at), Some(best)));
        next = best + 1;
    }
    pairs.extend((next..many.end).map(|other| pair(None, Some(other))));
}
