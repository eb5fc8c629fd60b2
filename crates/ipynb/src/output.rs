//! Outputs, read only when somebody asks.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::cell::CellId;
use crate::node::Node;
use crate::notebook::Notebook;
use crate::rope::PhysicalEdit;

/// One output of a cell, as far as we look at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// What the cell printed.
    Stream {
        /// `stdout` or `stderr`.
        name: String,
        /// The printed text.
        text: String,
    },
    /// The exception that ended the cell.
    Error {
        /// The exception's name.
        ename: String,
        /// What it says.
        evalue: String,
        /// The traceback, with its terminal colours.
        traceback: Vec<String>,
    },
    /// A displayed value.
    Data {
        /// Its `text/plain`, if it has one.
        text: Option<String>,
    },
}

fn opened(depth: usize, key: &str) -> bool {
    match depth {
        0 => true,
        1 => key.is_empty(),
        2 => matches!(key, "text" | "traceback" | "data"),
        3 => key == "text/plain",
        _ => false,
    }
}

/// Reads the array of outputs at `within`. What cannot be typed is left out.
pub(crate) fn read(file: &str, within: std::ops::Range<usize>) -> Vec<Output> {
    let Ok(outputs) = Node::parse(file, within, opened) else {
        return Vec::new();
    };
    let outputs = outputs.elements().unwrap_or_default();
    outputs
        .iter()
        .filter_map(|node| output(file, node))
        .collect()
}

/// One output. Formats before 4 have other names for some things.
fn output(file: &str, node: &Node) -> Option<Output> {
    let lines = |key: &str| node.get(file, key)?.lines(file);
    let kind = node.get(file, "output_type")?.string(file)?;
    match &*kind {
        "stream" => Some(Output::Stream {
            name: lines("name").or_else(|| lines("stream"))?,
            text: lines("text")?,
        }),
        "error" | "pyerr" => Some(Output::Error {
            ename: lines("ename")?,
            evalue: lines("evalue")?,
            traceback: node
                .get(file, "traceback")?
                .elements()?
                .iter()
                .filter_map(|line| line.lines(file))
                .collect(),
        }),
        "execute_result" | "display_data" | "pyout" => {
            let text = node
                .at(file, &["data", "text/plain"])
                .or_else(|| node.get(file, "text"));
            Some(Output::Data {
                text: text.and_then(|text| text.lines(file)),
            })
        }
        _ => None,
    }
}

/// A text of an output without terminal colours and control characters; tabs and line feeds stay.
pub fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(is_control) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        rest = after_escape(rest).unwrap_or(&rest[1..]);
    }
    out.push_str(rest);
    out
}

fn is_control(c: char) -> bool {
    c.is_ascii_control() && !matches!(c, '\t' | '\n')
}

/// What stands behind a whole escape sequence at the start of `text`: `ESC [ .. letter`, or `ESC ] .. BEL`.
fn after_escape(text: &str) -> Option<&str> {
    let rest = text.strip_prefix('\u{1b}')?;
    if let Some(rest) = rest.strip_prefix('[') {
        let rest = rest.trim_start_matches(|c| ('0'..='?').contains(&c));
        let rest = rest.trim_start_matches(|c| (' '..='/').contains(&c));
        return rest.strip_prefix(|c| ('@'..='~').contains(&c));
    }
    let rest = rest.strip_prefix(']')?;
    let end = rest.find(['\u{7}', '\u{1b}'])?;
    let rest = &rest[end..];
    rest.strip_prefix('\u{7}')
        .or_else(|| rest.strip_prefix("\u{1b}\\"))
}

/// How many elements an array of outputs has.
pub(crate) fn count(file: &str, within: Range<usize>) -> usize {
    let outputs = Node::parse(file, within, |depth, _| depth == 0);
    let elements = |node: &Node| node.elements().map(<[Node]>::len);
    outputs.ok().as_ref().and_then(elements).unwrap_or_default()
}

/// What takes the outputs and the execution counts from these cells. What is empty already stays as it is written.
pub(crate) fn clearing(notebook: &Notebook, cells: &[CellId]) -> Vec<PhysicalEdit> {
    let file = notebook.text();
    let cells: BTreeSet<CellId> = cells.iter().copied().collect();
    let mut edits = Vec::new();
    for cell in cells.into_iter().filter_map(|id| notebook.cell(id)) {
        let inner = |range: &Range<usize>| file.get(range.start + 1..range.end - 1);
        let outputs = cell.outputs_range();
        let full = |range: &Range<usize>| inner(range).is_some_and(|it| !it.trim().is_empty());
        edits.extend(outputs.filter(full).map(|range| PhysicalEdit {
            range,
            text: "[]".to_owned(),
        }));
        let ran = |range: &Range<usize>| file.get(range.clone()) != Some("null");
        let count = cell.execution_count_range();
        edits.extend(count.filter(ran).map(|range| PhysicalEdit {
            range,
            text: "null".to_owned(),
        }));
    }
    edits
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn colours_and_control_characters_go() {
        let plained = [
            ("\u{1b}[0;31mKeyError\u{1b}[0m: 'a'", "KeyError: 'a'"),
            (
                "\u{1b}]8;;https://example.com\u{7}link\u{1b}]8;;\u{1b}\\!",
                "link!",
            ),
            ("a\tb\r\n\u{8}c\u{7f}", "a\tb\nc"),
            ("\u{1b}[38;5;241m\u{e9}\u{1b}", "\u{e9}"),
            ("\u{1b}[", "["),
        ];
        for (text, wanted) in plained {
            assert_eq!(plain(text), wanted);
        }
    }
}
