//! What edits really change: what they put back as it was is none of it.

use std::ops::Range;

use nbfix_text::{Edit, TextRange};

/// One replacement that changes something.
pub(crate) struct Change<'p> {
    pub(crate) range: TextRange,
    pub(crate) insert: &'p str,
}

/// The changes that `edits`, a patch's, make in `source`. Like [`nbfix_text::Patch::apply`], leaves out edits that do
/// not lie in it.
pub(crate) fn changes<'p>(source: &str, edits: &'p [Edit]) -> Vec<Change<'p>> {
    let mut changes = Vec::with_capacity(edits.len());
    let mut at = 0;
    for edit in edits {
        let (start, end) = (edit.range.start(), edit.range.end());
        if source.get(at..start).is_none() || !source.is_char_boundary(end) {
            continue;
        }
        at = end;
        let (old, new) = (edit.range.of(source), edit.insert.as_str());
        for (before, after) in hunks(old, new) {
            let (before, after) = trimmed(old, new, before, after);
            if !before.is_empty() || !after.is_empty() {
                changes.push(Change {
                    range: TextRange::new(start + before.start, start + before.end),
                    insert: new.get(after).unwrap_or_default(),
                });
            }
        }
    }
    changes
}

type Hunk = (Range<usize>, Range<usize>);

/// The largest table of lines against lines that is worth its time; a larger replacement is one hunk.
const TABLE_LIMIT: usize = 1 << 18;

/// The stretches of whole lines in which `old` and `new` differ: what lies between the lines of a longest common
/// subsequence.
fn hunks(old: &str, new: &str) -> Vec<Hunk> {
    let olds: Vec<&str> = old.split_inclusive('\n').collect();
    let news: Vec<&str> = new.split_inclusive('\n').collect();
    let width = news.len() + 1;
    let mut hunks: Vec<Hunk> = vec![(0..0, 0..0)];
    let small = (olds.len() + 1).saturating_mul(width) <= TABLE_LIMIT;
    if small && olds.len() > 1 && news.len() > 1 {
        // Length of the longest common subsequence of the lines from each pair of lines on.
        let mut table = vec![0_u32; (olds.len() + 1) * width];
        for (row, old) in olds.iter().enumerate().rev() {
            for (column, new) in news.iter().enumerate().rev() {
                let at = row * width + column;
                table[at] = if old == new {
                    table[at + width + 1] + 1
                } else {
                    table[at + width].max(table[at + 1])
                };
            }
        }
        let (mut row, mut column) = (0, 0);
        while let (Some(old), Some(new)) = (olds.get(row), news.get(column))
            && let Some((before, after)) = hunks.last_mut()
        {
            let at = row * width + column;
            if old == new {
                let (before, after) = (before.end + old.len(), after.end + new.len());
                hunks.push((before..before, after..after));
                (row, column) = (row + 1, column + 1);
            } else if table[at + width] >= table[at + 1] {
                before.end += old.len();
                row += 1;
            } else {
                after.end += new.len();
                column += 1;
            }
        }
    }
    if let Some((before, after)) = hunks.last_mut() {
        before.end = old.len();
        after.end = new.len();
    }
    hunks
}

/// The hunk without the characters that both sides begin or end with.
fn trimmed(old: &str, new: &str, before: Range<usize>, after: Range<usize>) -> Hunk {
    let left = old.get(before.clone()).unwrap_or_default();
    let right = new.get(after.clone()).unwrap_or_default();
    let same = |(left, right): &(char, char)| left == right;
    let length = |(char, _): (char, char)| char.len_utf8();
    let head: usize = left
        .chars()
        .zip(right.chars())
        .take_while(same)
        .map(length)
        .sum();
    let left = left.get(head..).unwrap_or_default();
    let right = right.get(head..).unwrap_or_default();
    let backwards = left.chars().rev().zip(right.chars().rev());
    let tail: usize = backwards.take_while(same).map(length).sum();
    (
        before.start + head..before.end - tail,
        after.start + head..after.end - tail,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_back_is_no_change() {
        let source = "head\na = 1\nb = 2\nc = 3\ntail";
        let all = TextRange::new(5, source.len() - 4);
        let edits = [Edit::replace(all, "a = 10\nb = 2\nnew\nc = 3\nend\n")];
        let seen: Vec<_> = changes(source, &edits)
            .iter()
            .map(|change| (change.range.of(source), change.insert))
            .collect();
        assert_eq!(seen, [("", "0"), ("", "new\n"), ("", "end\n")]);
        assert!(changes(source, &[Edit::replace(all, all.of(source))]).is_empty());
    }

    #[test]
    fn a_huge_replacement_is_still_a_change() {
        let source = "x\n".repeat(5000);
        let edits = [Edit::replace(
            TextRange::new(0, source.len()),
            "y\nx\n".repeat(5000),
        )];
        assert_eq!(changes(&source, &edits).len(), 1);
    }
}
