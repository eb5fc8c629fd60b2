//! Differences of notebooks, for people.

use std::io::{self, Write};

use nbfix_ipynb::{Cell, DocumentKind, Notebook};

use crate::Style;
use crate::diff::{Form, write_hunks};
use crate::paint::BOLD;
use crate::visible::one_line;

/// Writes what makes the sources of `after` of those of `before`, cell by cell; cells are matched by position. Says
/// whether there was a difference; without one nothing is written.
///
/// # Errors
/// If `out` fails.
pub fn cell_diff(
    out: &mut impl Write,
    path: &str,
    before: &Notebook,
    after: &Notebook,
    style: &Style,
) -> io::Result<bool> {
    let (old, new) = (before.cells(), after.cells());
    let mut differs = false;
    for index in 0..old.len().max(new.len()) {
        let (gone, come) = (old.get(index), new.get(index));
        let (was, is) = (lines(gone), lines(come));
        let what = match (gone, come) {
            (Some(_), Some(_)) if was == is => continue,
            (None, _) => ", new",
            (_, None) => ", removed",
            _ => "",
        };
        let mut title = one_line(path);
        if after.kind() == DocumentKind::Notebook {
            title.push_str(&format!(":cell {}", index + 1));
            let id = come.or(gone).and_then(|cell| cell.id.as_deref());
            if let Some(id) = id.filter(|id| !id.is_empty()) {
                title.push_str(&format!(" ({})", one_line(id)));
            }
        }
        if differs {
            writeln!(out)?;
        }
        differs = true;
        writeln!(out, "{}{what}", style.paint(BOLD, title))?;
        write_hunks(out, &was, &is, style, Form::Readable)?;
    }
    Ok(differs)
}

fn lines(cell: Option<&Cell>) -> Vec<&[u8]> {
    let source = cell.map_or("", |cell| cell.source.as_str());
    source.lines().map(str::as_bytes).collect()
}
