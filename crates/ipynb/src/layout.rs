//! How an array is spaced: what stands before, between and after its elements.

use std::borrow::Cow;

use crate::cell::{Cell, CellId};
use crate::notebook::Notebook;
use crate::source::{Form, Source};

/// The bytes around the elements of one array or object.
#[derive(Clone, Default)]
pub(crate) struct Layout<'f> {
    /// Between `[` and the first element.
    pub(crate) lead: Cow<'f, str>,
    /// Between two elements: a comma and white space.
    pub(crate) separator: Cow<'f, str>,
    /// Between the last element and `]`.
    pub(crate) tail: Cow<'f, str>,
}

impl<'f> Layout<'f> {
    /// The spacing of a cell's source: its own as far as it shows, else that of the nearest cell that shows one,
    /// else one made up from the file's indent.
    pub(crate) fn of(notebook: &'f Notebook, id: CellId) -> Self {
        let own = notebook
            .cell(id)
            .and_then(|cell| Self::shown(notebook, cell));
        let before = notebook.cells().iter().take(id.index()).rev();
        let after = notebook.cells().iter().skip(id.index() + 1);
        own.or_else(|| {
            let mut others = before.chain(after);
            others.find_map(|cell| Self::shown(notebook, cell))
        })
        .unwrap_or_else(|| Self::made_up(notebook, id))
    }

    /// The spacing that an array with at least one element shows.
    fn shown(notebook: &'f Notebook, cell: &'f Cell) -> Option<Self> {
        let place = array(cell)?;
        let text = |range| notebook.text().get(range);
        let lead = text(place.lead()?)?;
        let separator = match place.separator(0) {
            Some(range) => Cow::Borrowed(text(range)?),
            None if lead.contains('\n') => Cow::Owned(format!(",{lead}")),
            None => inline_separator(notebook, place),
        };
        Some(Self {
            lead: lead.into(),
            separator,
            tail: text(place.tail()?)?.into(),
        })
    }

    /// One element per line, one step further in than the line of the `[`; or all in one line, if the file is.
    fn made_up(notebook: &'f Notebook, id: CellId) -> Self {
        let file = notebook.text();
        let place = notebook.cell(id).and_then(array);
        let (Some(place), Some(first_end)) = (place, file.trim_end().find('\n')) else {
            return Self {
                lead: "".into(),
                separator: place.map_or(", ".into(), |place| inline_separator(notebook, place)),
                tail: "".into(),
            };
        };
        let line_end = match file.get(..first_end) {
            Some(first) if first.ends_with('\r') => "\r\n",
            _ => "\n",
        };
        let before = file.get(..place.span.start).unwrap_or_default();
        let base = indent(before.rsplit('\n').next().unwrap_or_default());
        let lead = format!("{line_end}{base}{}", file_step(file));
        Self {
            separator: format!(",{lead}").into(),
            lead: lead.into(),
            tail: format!("{line_end}{base}").into(),
        }
    }
}

fn array(cell: &Cell) -> Option<&Source> {
    Some(&cell.place).filter(|place| place.form == Form::Array)
}

/// The separator of arrays in one line: another array's, else one as tight as the colon before this array.
fn inline_separator<'f>(notebook: &'f Notebook, place: &Source) -> Cow<'f, str> {
    let file = notebook.text();
    let shown = notebook.cells().iter().filter_map(array).find_map(|other| {
        let lead = file.get(other.lead()?)?;
        let separator = file.get(other.separator(0)?)?;
        let inline = !lead.contains('\n') && !separator.contains('\n');
        inline.then_some(separator)
    });
    let before = file.get(..place.span.start).unwrap_or_default();
    let tight = if before.ends_with(':') { "," } else { ", " };
    shown.unwrap_or(tight).into()
}

/// What the file indents by: the white space before its first line that has any.
pub(crate) fn file_step(file: &str) -> &str {
    let mut indents = file.split('\n').map(indent);
    indents
        .find(|indent| !indent.is_empty())
        .unwrap_or_default()
}

/// The white space at the start of a line.
fn indent(line: &str) -> &str {
    let text = line.trim_start_matches([' ', '\t']);
    line.get(..line.len() - text.len()).unwrap_or_default()
}
