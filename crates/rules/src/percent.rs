//! Documents in percent form: how the examples of a page are written.
//!
//! `# %%` starts a cell. After it may stand `[markdown]` or `[raw]`, `tags=a,b`, `run=7`. A line
//! `# %% error NAME: TEXT` gives the cell above a stored error; the comment lines below it are its traceback.
//! A comment line of carets marks the line above it: `#   ^^^ text`. At the very start of a line the `#` stands
//! for the first caret: `#^^`.

use nbfix_ipynb::{LoadError, Notebook};
use serde_json::{Value, json};

/// A marked place: what an example promises.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Marker {
    /// The cell, from 0.
    pub(crate) cell: usize,
    /// The line in the cell, from 1.
    pub(crate) line: usize,
    /// The first marked column, in characters from 1.
    pub(crate) column: usize,
    /// How many characters are marked.
    pub(crate) width: usize,
    /// A part of the message; may be empty.
    pub(crate) text: String,
}

/// An example's document, its markers taken out.
pub(crate) struct Percent {
    cells: Vec<Cell>,
    pub(crate) markers: Vec<Marker>,
}

#[derive(Default)]
struct Cell {
    kind: &'static str,
    lines: Vec<String>,
    tags: Vec<String>,
    run: Option<i64>,
    outputs: Vec<Value>,
}

impl Percent {
    pub(crate) fn parse(text: &str) -> Self {
        let mut this = Self {
            cells: Vec::new(),
            markers: Vec::new(),
        };
        let mut traceback: Option<Vec<Value>> = None;
        let text = text.strip_prefix('\n').unwrap_or(text);
        for line in text.lines() {
            if let Some(header) = line.strip_prefix("# %%") {
                this.end_traceback(&mut traceback);
                if let Some(error) = header.trim().strip_prefix("error ") {
                    let (name, value) = error.split_once(": ").unwrap_or((error, ""));
                    let output = json!({"output_type": "error", "ename": name, "evalue": value, "traceback": []});
                    this.last().outputs.push(output);
                    traceback = Some(Vec::new());
                } else if let Some(stream) = header.trim().strip_prefix("stderr ") {
                    let output =
                        json!({"output_type": "stream", "name": "stderr", "text": [stream]});
                    this.last().outputs.push(output);
                } else {
                    this.cells.push(header_cell(header));
                }
                continue;
            }
            if let Some(lines) = &mut traceback {
                lines.push(json!(line.trim_start_matches('#').trim_start()));
                continue;
            }
            let cell = this.cells.len().max(1) - 1;
            let target = this.last().lines.len();
            match marker(line) {
                Some((column, width, text)) if target > 0 => {
                    this.markers.push(Marker {
                        cell,
                        line: target,
                        column,
                        width,
                        text,
                    });
                }
                _ => this.last().lines.push(line.to_owned()),
            }
        }
        this.end_traceback(&mut traceback);
        for cell in &mut this.cells {
            while cell.lines.last().is_some_and(String::is_empty) {
                cell.lines.pop();
            }
        }
        this
    }

    fn last(&mut self) -> &mut Cell {
        if self.cells.is_empty() {
            self.cells.push(header_cell(""));
        }
        let last = self.cells.len() - 1;
        &mut self.cells[last]
    }

    fn end_traceback(&mut self, traceback: &mut Option<Vec<Value>>) {
        if let Some(lines) = traceback.take()
            && let Some(output) = self.last().outputs.last_mut()
        {
            output["traceback"] = Value::Array(lines);
        }
    }

    /// The document as a notebook of format 4.4, or as a script if `path` names one.
    pub(crate) fn notebook(&self, path: &str) -> Result<Notebook, LoadError> {
        if path.ends_with(".py") {
            let lines: Vec<&str> = self
                .cells
                .iter()
                .flat_map(|cell| &cell.lines)
                .map(String::as_str)
                .collect();
            return Notebook::script((lines.join("\n") + "\n").into_bytes());
        }
        let cells: Vec<Value> = self.cells.iter().map(Cell::json).collect();
        let notebook = json!({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 4});
        Notebook::load(notebook.to_string().into_bytes())
    }
}

impl Cell {
    fn json(&self) -> Value {
        let count = self.lines.len();
        let source: Vec<String> = self
            .lines
            .iter()
            .enumerate()
            .map(|(index, line)| {
                if index + 1 < count {
                    format!("{line}\n")
                } else {
                    line.clone()
                }
            })
            .collect();
        let mut metadata = json!({});
        if !self.tags.is_empty() {
            metadata["tags"] = json!(self.tags);
        }
        match self.kind {
            "code" => {
                json!({"cell_type": "code", "execution_count": self.run, "metadata": metadata,
                "outputs": self.outputs, "source": source})
            }
            kind => json!({"cell_type": kind, "metadata": metadata, "source": source}),
        }
    }
}

fn header_cell(header: &str) -> Cell {
    let mut cell = Cell {
        kind: "code",
        ..Cell::default()
    };
    for word in header.split_whitespace() {
        match word {
            "[markdown]" => cell.kind = "markdown",
            "[raw]" => cell.kind = "raw",
            _ => {
                if let Some(tags) = word.strip_prefix("tags=") {
                    cell.tags = tags.split(',').map(str::to_owned).collect();
                } else if let Some(run) = word.strip_prefix("run=") {
                    cell.run = run.parse().ok();
                }
            }
        }
    }
    cell
}

/// Column (from 1), width and text of a marker line.
fn marker(line: &str) -> Option<(usize, usize, String)> {
    let hash = line.find('#')?;
    if !line[..hash].trim().is_empty() {
        return None;
    }
    let caret = line.find('^')?;
    if !line[hash + 1..caret].trim().is_empty() {
        return None;
    }
    let carets = line[caret..].chars().take_while(|c| *c == '^').count();
    let text = line[caret + carets..].trim().to_owned();
    let first = line[..caret].chars().count();
    // `#^^` at the start of a line: the `#` stands on the first marked character itself.
    if hash == 0 && caret == 1 {
        return Some((1, carets + 1, text));
    }
    Some((first + 1, carets, text))
}
