//! A text with carets under what is wrong in it.

use std::fmt::Write as _;
use std::ops::Range;

/// A place in a text, as people count: line and column from 1, in characters.
pub(crate) fn line_column(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    let line = before.matches('\n').count() + 1;
    (line, before[start..].chars().count() + 1)
}

/// The line that holds the start of `range`, and carets below what of `range` stands in it.
pub(crate) fn excerpt(text: &str, range: Range<usize>) -> String {
    let (line, column) = line_column(text, range.start);
    let shown = text.lines().nth(line - 1).unwrap_or_default();
    let end = line_column(text, range.end);
    let last = if end.0 == line {
        end.1
    } else {
        shown.chars().count() + 1
    };
    // A tab is as wide as the terminal likes; what stands below it has to be one, too.
    let gap: String = shown
        .chars()
        .chain(std::iter::repeat(' '))
        .take(column - 1)
        .map(|char| if char == '\t' { '\t' } else { ' ' })
        .collect();
    let carets = "^".repeat(last.saturating_sub(column).max(1));
    let number = line.to_string();
    let blank = " ".repeat(number.len());
    let mut out = String::new();
    let _ = writeln!(out, "{blank} |");
    let _ = writeln!(out, "{number} | {shown}");
    let _ = write!(out, "{blank} | {gap}{carets}");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn carets_stand_under_the_place() {
        let text = "a = 1\nbé = ü(2)\n";
        let start = text.find('ü').unwrap_or_default();
        assert_eq!(line_column(text, start), (2, 6));
        assert_eq!(
            excerpt(text, start..start + 2),
            "  |\n2 | bé = ü(2)\n  |      ^"
        );
        assert_eq!(excerpt("f(", 2..2), "  |\n1 | f(\n  |   ^");
        assert_eq!(excerpt("ab\nc", 1..4), "  |\n1 | ab\n  |  ^");
    }
}
