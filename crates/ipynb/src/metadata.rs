//! Lists of strings in the metadata of cells: reading them, adding to them, taking from them.
//!
//! Tags are such a list. Like edits of sources, these changes are spliced into the file's own text.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::cell::CellId;
use crate::layout::file_step;
use crate::literal;
use crate::node::Node;
use crate::notebook::Notebook;
use crate::rope::PhysicalEdit;

/// One string put into, or taken out of, a list in a cell's metadata.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MetadataEdit {
    /// The cell.
    pub cell: CellId,
    /// The keys that lead from the metadata to the list: `["tags"]`. What is not there is made.
    pub path: Vec<String>,
    /// What happens to the list.
    pub change: ListChange,
}

/// What happens to a list.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ListChange {
    /// The string comes to its end, unless it is there.
    Add(String),
    /// The string goes, wherever it stands.
    Remove(String),
}

/// A string in a list, and the bytes of the file that hold it, quotes included.
pub(crate) type Found = (String, Range<usize>);

/// The metadata of a cell with whatever lies on the way to a list.
fn opened(notebook: &Notebook, cell: CellId) -> Option<Node> {
    let range = notebook.cell(cell)?.metadata_range()?;
    // Nobody nests lists of strings deeper; the rest stays raw.
    Node::parse(notebook.text(), range, |depth, _| depth < 4).ok()
}

/// The strings of the list at `path`; none if there is no such list.
pub(crate) fn strings(notebook: &Notebook, cell: CellId, path: &[&str]) -> Vec<Found> {
    let file = notebook.text();
    let Some(metadata) = opened(notebook, cell) else {
        return Vec::new();
    };
    let list = metadata.at(file, path).and_then(Node::elements);
    let strings = list.unwrap_or_default().iter();
    let strings = strings.filter_map(|it| Some((it.string(file)?.into_owned(), it.span.clone())));
    strings.collect()
}

/// What the edits change in the file, sorted. `None` if one of them cannot be made: the cell has no metadata, or
/// something else stands where the list would be.
pub(crate) fn physical_edits(
    notebook: &Notebook,
    edits: &[MetadataEdit],
) -> Option<Vec<PhysicalEdit>> {
    let mut by_list: BTreeMap<(CellId, &[String]), Vec<&ListChange>> = BTreeMap::new();
    for edit in edits {
        let changes = by_list.entry((edit.cell, &edit.path)).or_default();
        changes.push(&edit.change);
    }
    let mut all = Vec::new();
    for ((cell, path), changes) in by_list {
        let metadata = opened(notebook, cell)?;
        all.extend(of_list(notebook.text(), &metadata, path, &changes)?);
    }
    all.sort_by_key(|edit: &PhysicalEdit| edit.range.start);
    // Two lists of one cell that are both new would be put into one place, in an order that nobody could tell.
    let apart = |pair: &[PhysicalEdit]| pair[0].range.end < pair[1].range.start;
    all.windows(2).all(apart).then_some(all)
}

fn of_list(
    file: &str,
    metadata: &Node,
    path: &[String],
    changes: &[&ListChange],
) -> Option<Vec<PhysicalEdit>> {
    let mut holder = metadata;
    for (depth, key) in path.iter().enumerate() {
        holder.members()?;
        match holder.get(file, key) {
            Some(inner) => holder = inner,
            None => {
                let new = added(changes, &[]);
                let rest = path.get(depth..)?;
                let edit = (!new.is_empty()).then(|| new_member(file, holder, rest, &new));
                return Some(edit.into_iter().collect());
            }
        }
    }
    let elements = holder.elements()?;
    let mut edits = removed(file, elements, changes);
    let kept: Vec<&Node> = elements
        .iter()
        .filter(|it| !edits.iter().any(|edit| covers(&edit.range, &it.span)))
        .collect();
    let there: Vec<String> = kept
        .iter()
        .filter_map(|it| Some(it.string(file)?.into_owned()))
        .collect();
    let new = added(changes, &there);
    if new.is_empty() {
        return Some(edits);
    }
    if let [.., last] = kept.as_slice() {
        let separator = separator(file, holder, elements);
        let at = last.span.end;
        let text: String = new.iter().map(|it| separator.clone() + it).collect();
        // What goes behind the last one that stays begins where the new ones come.
        match edits.iter_mut().find(|edit| edit.range.start == at) {
            Some(edit) => edit.text = text,
            None => edits.push(PhysicalEdit {
                range: at..at,
                text,
            }),
        }
    } else {
        let text = array(file, &around(file, holder.span.start), &new);
        edits = vec![PhysicalEdit {
            range: holder.span.clone(),
            text,
        }];
    }
    edits.sort_by_key(|edit| edit.range.start);
    Some(edits)
}

fn covers(outer: &Range<usize>, inner: &Range<usize>) -> bool {
    outer.start <= inner.start && inner.end <= outer.end
}

/// The literals that come, each once.
fn added(changes: &[&ListChange], there: &[String]) -> Vec<String> {
    let mut new: Vec<&String> = Vec::new();
    for change in changes {
        if let ListChange::Add(text) = change
            && !there.contains(text)
            && !new.contains(&text)
        {
            new.push(text);
        }
    }
    new.into_iter().map(|text| quoted(text)).collect()
}

fn quoted(text: &str) -> String {
    let mut literal = String::from("\"");
    // ASCII is right in every file.
    literal::encode_into(text, true, &mut literal);
    literal + "\""
}

/// What goes, each stretch with the separator that is too many then.
fn removed(file: &str, elements: &[Node], changes: &[&ListChange]) -> Vec<PhysicalEdit> {
    let goes = |node: &Node| {
        let text = node.string(file);
        changes.iter().any(|change| match change {
            ListChange::Remove(gone) => text.as_deref() == Some(gone),
            ListChange::Add(_) => false,
        })
    };
    let delete = |range| PhysicalEdit {
        range,
        text: String::new(),
    };
    let (Some(first), Some(last)) = (elements.first(), elements.last()) else {
        return Vec::new();
    };
    let Some(last_kept) = elements.iter().rposition(|node| !goes(node)) else {
        return vec![delete(first.span.start..last.span.end)];
    };
    let mut edits: Vec<PhysicalEdit> = Vec::new();
    for pair in elements.get(..=last_kept).unwrap_or_default().windows(2) {
        if let [node, next] = pair
            && goes(node)
        {
            match edits.last_mut() {
                Some(edit) if edit.range.end == node.span.start => {
                    edit.range.end = next.span.start;
                }
                _ => edits.push(delete(node.span.start..next.span.start)),
            }
        }
    }
    if let Some(kept) = elements.get(last_kept)
        && kept.span.end < last.span.end
    {
        edits.push(delete(kept.span.end..last.span.end));
    }
    edits
}

/// What stands between two elements.
fn separator(file: &str, list: &Node, elements: &[Node]) -> String {
    let between = match elements {
        [first, second, ..] => file.get(first.span.end..second.span.start),
        _ => None,
    };
    if let Some(between) = between {
        return between.to_owned();
    }
    let first = elements.first().map_or(list.span.end, |it| it.span.start);
    match file.get(list.span.start + 1..first) {
        Some(lead) if lead.contains('\n') => format!(",{lead}"),
        _ => ", ".to_owned(),
    }
}

/// The line break and indent of the line that a byte stands in; nothing if the file has only one line.
fn around(file: &str, at: usize) -> String {
    let before = file.get(..at).unwrap_or_default();
    let Some(line_feed) = before.rfind('\n') else {
        return String::new();
    };
    let start = if before.get(..line_feed).is_some_and(|it| it.ends_with('\r')) {
        line_feed - 1
    } else {
        line_feed
    };
    let line = before.get(line_feed + 1..).unwrap_or_default();
    let indent = line.len() - line.trim_start_matches([' ', '\t']).len();
    before
        .get(start..line_feed + 1 + indent)
        .unwrap_or_default()
        .to_owned()
}

/// A list whose brackets belong to a line that starts like `around`.
fn array(file: &str, around: &str, literals: &[String]) -> String {
    if around.is_empty() {
        return format!("[{}]", literals.join(", "));
    }
    let inner = format!("{around}{}", file_step(file));
    let elements = literals.join(&format!(",{inner}"));
    format!("[{inner}{elements}{around}]")
}

/// The list in as many new objects as the path asks for.
fn nested(file: &str, around: &str, colon: &str, path: &[String], literals: &[String]) -> String {
    let Some((key, rest)) = path.split_first() else {
        return array(file, around, literals);
    };
    let key = quoted(key);
    if around.is_empty() {
        let value = nested(file, around, colon, rest, literals);
        return format!("{{{key}{colon}{value}}}");
    }
    let inner = format!("{around}{}", file_step(file));
    let value = nested(file, &inner, colon, rest, literals);
    format!("{{{inner}{key}{colon}{value}{around}}}")
}

/// What puts the list under a new key into an object: where Jupyter would sort it, if the keys are sorted.
fn new_member(file: &str, object: &Node, path: &[String], literals: &[String]) -> PhysicalEdit {
    let members = object.members().unwrap_or_default();
    let (Some(first), Some((key, rest))) = (members.first(), path.split_first()) else {
        let around = around(file, object.span.start);
        return PhysicalEdit {
            range: object.span.clone(),
            text: nested(file, &around, ": ", path, literals),
        };
    };
    let slice = |range: Range<usize>| file.get(range).unwrap_or_default();
    let lead = slice(object.span.start + 1..first.key.start);
    let colon = slice(first.key.end..first.value.span.start);
    let separator = match members.get(1) {
        Some(second) => slice(first.value.span.end..second.key.start).to_owned(),
        None if lead.contains('\n') => format!(",{lead}"),
        None => ", ".to_owned(),
    };
    let around = match lead.contains('\n') {
        true => around(file, first.key.start),
        false => String::new(),
    };
    let value = nested(file, &around, colon, rest, literals);
    let member = format!("{}{colon}{value}", quoted(key));
    let names: Vec<_> = members.iter().map(|member| member.name(file)).collect();
    let later = names.iter().position(|name| name.as_ref() > key.as_str());
    let sorted = names.is_sorted();
    match later.filter(|_| sorted).and_then(|at| members.get(at)) {
        Some(next) => PhysicalEdit {
            range: next.key.start..next.key.start,
            text: member + &separator,
        },
        None => {
            let end = members
                .last()
                .map_or(object.span.end, |it| it.value.span.end);
            PhysicalEdit {
                range: end..end,
                text: separator + &member,
            }
        }
    }
}
