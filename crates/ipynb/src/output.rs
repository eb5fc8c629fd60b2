//! Outputs, read only when somebody asks.

use crate::node::Node;

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
