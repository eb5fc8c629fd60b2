//! Whole lines, for fixes that add or take one.

use nbfix_text::{Edit, TextRange};

/// `range` with the rest of its line, if nothing but a comment stands beside it.
pub(crate) fn whole_line(source: &str, place: TextRange) -> Option<TextRange> {
    let before = source.get(..place.start())?;
    let start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let after = source.get(place.end()..)?;
    let end = after
        .find('\n')
        .map_or(source.len(), |newline| place.end() + newline + 1);
    let rest = source.get(place.end()..end)?.trim();
    let alone = source.get(start..place.start())?.trim().is_empty();
    // The last line of a text that ends without a newline takes the one above it along.
    let start = match before
        .get(..start)
        .map(|above| above.trim_end_matches(['\n', '\r']).len())
    {
        Some(above) if end == source.len() && !source.ends_with('\n') => {
            let kept = source.get(above..start).unwrap_or_default();
            start - kept.len().min(newline(source).len())
        }
        _ => start,
    };
    (alone && (rest.is_empty() || rest.starts_with('#'))).then(|| TextRange::new(start, end))
}

/// Puts `line` on a line of its own below the statement at `place`, `blank` lines apart.
pub(crate) fn line_below(source: &str, place: TextRange, blank: usize, line: &str) -> Edit {
    let rest = source.get(place.end()..).unwrap_or_default();
    let end = place.end() + rest.lines().next().map_or(0, str::len);
    Edit::insert(end, newline(source).repeat(blank + 1) + line)
}

/// How the text ends its lines.
pub(crate) fn newline(source: &str) -> &'static str {
    if source.contains("\r\n") {
        "\r\n"
    } else {
        "\n"
    }
}
