//! New cells, written as the file writes its own.
//!
//! A new cell looks like the nearest code cell: the order of its keys, what stands between them, the form of its
//! source. Where there is no cell to look at, it looks like the notebook's outermost object, only deeper.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::ops::Range;

use crate::cell::{Cell, CellId, CellKind};
use crate::error::bom_length;
use crate::layout::{Layout, file_step};
use crate::literal;
use crate::node::Node;
use crate::notebook::Notebook;
use crate::rope::PhysicalEdit;
use crate::source::Form;

/// A code cell to put into a notebook: it has not run, and has no outputs.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NewCell {
    /// The position of the cell that it is put before; the number of cells for the end.
    pub before: usize,
    /// Its source.
    pub source: String,
}

/// What a code cell must have, in the order in which Jupyter sorts it. The `id` is only for formats that know it.
const KEYS: [&str; 6] = [
    "cell_type",
    "execution_count",
    "id",
    "metadata",
    "outputs",
    "source",
];

/// What puts `cells` into the file, one edit for each position, sorted. `list` is the array of cells, and all
/// positions lie in it; with `ascii`, non-ASCII characters are escaped.
pub(crate) fn insertions(
    notebook: &Notebook,
    list: &Range<usize>,
    cells: &[NewCell],
    ascii: bool,
) -> Vec<PhysicalEdit> {
    let mut by_position: BTreeMap<usize, Vec<&NewCell>> = BTreeMap::new();
    for cell in cells {
        by_position.entry(cell.before).or_default().push(cell);
    }
    let old = notebook.cells();
    let mut ids = notebook.wants_ids().then(|| {
        let ids = old.iter().filter_map(|cell| cell.id.clone());
        ids.collect::<HashSet<String>>()
    });
    let edits = by_position.into_iter().map(|(position, cells)| {
        let looks = Looks::at(notebook, list, position);
        let cells: Vec<String> = cells
            .into_iter()
            .map(|cell| looks.write(cell, ids.as_mut().map(|ids| new_id(cell, ids)), ascii))
            .collect();
        let cells = cells.join(&looks.list.separator);
        let separator = &looks.list.separator;
        match (old.get(position), old.last()) {
            (Some(next), _) => PhysicalEdit {
                range: next.span.start..next.span.start,
                text: cells + separator,
            },
            (None, Some(last)) => PhysicalEdit {
                range: last.span.end..last.span.end,
                text: format!("{separator}{cells}"),
            },
            (None, None) => PhysicalEdit {
                range: list.start + 1..list.end - 1,
                text: format!("{}{cells}{}", looks.list.lead, looks.list.tail),
            },
        }
    });
    edits.collect()
}

/// How a new cell is written.
struct Looks<'n> {
    keys: Vec<&'static str>,
    /// The spacing of the array of cells.
    list: Layout<'n>,
    /// The spacing of the cell's members.
    members: Layout<'n>,
    /// Between a key and its value.
    colon: &'n str,
    /// The spacing of the lines of its source; `None` if sources are one string each.
    lines: Option<Layout<'n>>,
}

impl<'n> Looks<'n> {
    fn at(notebook: &'n Notebook, list: &Range<usize>, position: usize) -> Self {
        let file = notebook.text();
        let near = nearest(notebook, position);
        let is_code = |(_, cell): &&(CellId, &Cell)| cell.kind == CellKind::Code;
        let model = near.iter().filter(is_code).chain(&near);
        let model = model.map(|(id, cell)| (*id, opened(file, cell.span())));
        let model = model
            .into_iter()
            .find_map(|(id, node)| Some((id, spacing(file, node.as_ref()?)?, node?)));
        let keys = keys(file, model.as_ref().map(|(_, _, node)| node));
        let (id, (members, colon)) = match model {
            Some((id, spacing, _)) => (Some(id), spacing),
            None => {
                let top = opened(file, bom_length(file)..file.len());
                let (top, colon) = top.and_then(|top| spacing(file, &top)).unwrap_or_default();
                (None, (deeper(file, &deeper(file, &top)), colon))
            }
        };
        let list = spacing_of_list(notebook, list, position, &members);
        let is_array = |id: &CellId| {
            let cell = notebook.cell(*id);
            cell.is_some_and(|cell| cell.place.form == Form::Array)
        };
        let mut ids = id.into_iter().chain(near.iter().map(|(id, _)| *id));
        let lines = match ids.find(is_array) {
            Some(id) => Some(Layout::of(notebook, id)),
            None if near.iter().any(|(_, cell)| cell.has_source()) => None,
            None => Some(deeper(file, &members)),
        };
        Self {
            keys,
            list,
            members,
            colon,
            lines,
        }
    }

    fn write(&self, cell: &NewCell, id: Option<String>, ascii: bool) -> String {
        let members = self.keys.iter().filter_map(|key| {
            let value = match *key {
                "cell_type" => "\"code\"".to_owned(),
                "execution_count" => "null".to_owned(),
                "id" => format!("\"{}\"", id.as_deref()?),
                "metadata" => "{}".to_owned(),
                "outputs" => "[]".to_owned(),
                _ => self.source(&cell.source, ascii),
            };
            Some(format!("\"{key}\"{}{value}", self.colon))
        });
        format!("{{{}}}", around(&self.members, members))
    }

    fn source(&self, source: &str, ascii: bool) -> String {
        let literal = |text: &str| {
            let mut literal = String::from("\"");
            literal::encode_into(text, ascii, &mut literal);
            literal + "\""
        };
        match &self.lines {
            None => literal(source),
            Some(_) if source.is_empty() => "[]".to_owned(),
            Some(lines) => {
                let literals = source.split_inclusive('\n').map(literal);
                format!("[{}]", around(lines, literals))
            }
        }
    }
}

/// The elements, with what stands around them inside of the brackets.
fn around(layout: &Layout, elements: impl Iterator<Item = String>) -> String {
    let elements = elements.collect::<Vec<_>>().join(&layout.separator);
    format!("{}{elements}{}", layout.lead, layout.tail)
}

/// All cells, the ones nearest to `position` first; of two, the one before it.
fn nearest(notebook: &Notebook, position: usize) -> Vec<(CellId, &Cell)> {
    let mut cells: Vec<_> = notebook.ids().collect();
    cells.sort_by_key(|(id, _)| match position.checked_sub(id.index() + 1) {
        Some(distance) => distance,
        None => id.index() - position,
    });
    cells
}

/// The object in these bytes, with its members.
fn opened(file: &str, within: Range<usize>) -> Option<Node> {
    Node::parse(file, within, |depth, _| depth == 0).ok()
}

/// The keys that a new cell may have: in the order of the `model`, and what it lacks where Jupyter sorts it.
fn keys(file: &str, model: Option<&Node>) -> Vec<&'static str> {
    let mut keys: Vec<&'static str> = Vec::with_capacity(KEYS.len());
    for member in model.and_then(Node::members).unwrap_or_default() {
        let name = member.name(file);
        let known = KEYS.iter().find(|key| **key == name);
        keys.extend(known.filter(|key| !keys.contains(key)));
    }
    for key in KEYS {
        if !keys.contains(&key) {
            let later = keys.iter().position(|other| *other > key);
            keys.insert(later.unwrap_or(keys.len()), key);
        }
    }
    keys
}

/// The spacing of an object, and what stands between its first key and the value; `None` without members.
fn spacing<'f>(file: &'f str, object: &Node) -> Option<(Layout<'f>, &'f str)> {
    let members = object.members()?;
    let (first, last) = (members.first()?, members.last()?);
    let lead = file.get(object.span.start + 1..first.key.start)?;
    let separator = match members.get(1) {
        Some(second) => file.get(first.value.span.end..second.key.start)?.into(),
        None => format!(",{lead}").into(),
    };
    let tail = file.get(last.value.span.end..object.span.end - 1)?;
    let layout = Layout {
        lead: lead.into(),
        separator,
        tail: tail.into(),
    };
    Some((layout, file.get(first.key.end..first.value.span.start)?))
}

/// The spacing of the array of cells, at this position.
fn spacing_of_list<'n>(
    notebook: &'n Notebook,
    list: &Range<usize>,
    position: usize,
    members: &Layout<'n>,
) -> Layout<'n> {
    let file = notebook.text();
    let cells = notebook.cells();
    let Some(first) = cells.first() else {
        return shallower(file, members);
    };
    let lead = file.get(list.start + 1..first.span.start);
    let lead = lead.unwrap_or_default();
    // Between the cells that the new one comes between, or else the two nearest ones.
    let right = position.clamp(1, (cells.len() - 1).max(1));
    let shown = cells.get(right - 1).zip(cells.get(right));
    let shown = shown.and_then(|(left, right)| file.get(left.span.end..right.span.start));
    let separator = match shown {
        Some(separator) => separator.into(),
        None if lead.contains('\n') => format!(",{lead}").into(),
        None if !members.separator.contains('\n') => members.separator.clone(),
        None => ", ".into(),
    };
    Layout {
        lead: lead.into(),
        separator,
        // The array has its end.
        tail: "".into(),
    }
}

/// The spacing of what stands in an object or array that is spaced like `layout`: one step further in.
fn deeper<'f>(file: &'f str, layout: &Layout<'f>) -> Layout<'f> {
    if !layout.lead.contains('\n') {
        return layout.clone();
    }
    let lead = format!("{}{}", layout.lead, file_step(file));
    Layout {
        separator: format!(",{lead}").into(),
        lead: lead.into(),
        tail: layout.lead.clone(),
    }
}

/// The spacing of the array that holds an object that is spaced like `layout`.
fn shallower<'f>(file: &'f str, layout: &Layout<'f>) -> Layout<'f> {
    if !layout.lead.contains('\n') {
        return layout.clone();
    }
    let lead = layout.tail.clone();
    let tail = lead.strip_suffix(file_step(file)).unwrap_or(&lead);
    Layout {
        separator: format!(",{lead}").into(),
        tail: Cow::Owned(tail.to_owned()),
        lead,
    }
}

/// An `id` that is not in `ids` yet, and is then: eight hexadecimal digits, as Jupyter makes them, but the same ones
/// whenever the same cell is put into the same notebook.
fn new_id(cell: &NewCell, ids: &mut HashSet<String>) -> String {
    let mut attempt = 0_u64;
    loop {
        // FNV-1a: any hash would do that no release of Rust or of a crate can change.
        let numbers = [cell.before as u64, attempt];
        let numbers = numbers.into_iter().flat_map(u64::to_le_bytes);
        let hash = numbers
            .chain(cell.source.bytes())
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
            });
        let id = format!("{:08x}", (hash ^ (hash >> 32)) & 0xffff_ffff);
        if ids.insert(id.clone()) {
            return id;
        }
        attempt += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_the_same_each_time_and_never_twice() {
        let cell = NewCell {
            before: 1,
            source: "x = 1".to_owned(),
        };
        let mut ids = HashSet::new();
        let first = new_id(&cell, &mut ids);
        assert_eq!(first, new_id(&cell, &mut HashSet::new()));
        assert_ne!(first, new_id(&cell, &mut ids));
        assert!(first.len() == 8 && first.bytes().all(|byte| byte.is_ascii_hexdigit()));
    }
}
