//! Documents in percent form: how the examples of a page are written.
//!
//! `# %%` starts a cell. After it may stand `[markdown]` or `[raw]`, `tags=a,b`, `run=7`. A line
//! `# %% error NAME: TEXT` gives the cell above a stored error; the comment lines below it are its traceback.
//! `# %% stderr TEXT` gives it a printed line, `# %% output BYTES` a displayed value of that size.
//! A comment line of carets marks the line above it: `#   ^^^ text`. At the very start of a line the `#` stands
//! for the first caret: `#^^`.
//!
//! What can be read can be printed: [`Percent::marked`] draws the carets where something was found, and
//! [`print`] writes a mended document as an example's `after`.

use std::fmt::Write as _;

use nbfix_ipynb::{CellKind, DocumentKind, LoadError, Notebook};
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
    /// All lines but the markers, and where they stand in the sources: cell from 0, line from 1.
    lines: Vec<(String, Option<(usize, usize)>)>,
}

#[derive(Default)]
struct Cell {
    kind: &'static str,
    lines: Vec<String>,
    tags: Vec<String>,
    run: Option<i64>,
    outputs: Vec<Value>,
}

/// One cell of an example, for showing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExampleCell {
    /// `code`, `markdown` or `raw`.
    pub kind: &'static str,
    /// Its source, without the carets.
    pub lines: Vec<String>,
    /// What the carets mark.
    pub marks: Vec<Mark>,
    /// Names and texts of the errors that it stores.
    pub errors: Vec<String>,
}

/// Marked characters of one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The line, from 0.
    pub line: usize,
    /// The first character, from 0.
    pub start: usize,
    /// How many characters.
    pub width: usize,
    /// A part of the message; may be empty.
    pub text: String,
}

/// The cells of an example in percent form.
pub fn example_cells(text: &str) -> Vec<ExampleCell> {
    let percent = Percent::parse(text);
    let cells = percent.cells.into_iter().enumerate();
    let shown = cells.map(|(index, cell)| {
        let here = percent.markers.iter().filter(|it| it.cell == index);
        let mark = |marker: &Marker| Mark {
            line: marker.line - 1,
            start: marker.column - 1,
            width: marker.width,
            text: marker.text.clone(),
        };
        let error = |output: &Value| {
            let text = |key: &str| output.get(key)?.as_str();
            match (text("ename"), output["text"][0].as_str()) {
                (Some(name), _) => format!("{name}: {}", text("evalue").unwrap_or_default()),
                (None, Some(printed)) => printed.to_owned(),
                (None, None) => {
                    let bytes = output["data"]["text/html"][0].as_str().map_or(0, str::len);
                    format!("an output of {bytes} bytes")
                }
            }
        };
        ExampleCell {
            kind: cell.kind,
            marks: here.map(mark).collect(),
            errors: cell.outputs.iter().map(error).collect(),
            lines: cell.lines,
        }
    });
    shown.collect()
}

impl Percent {
    pub(crate) fn parse(text: &str) -> Self {
        let mut this = Self {
            cells: Vec::new(),
            markers: Vec::new(),
            lines: Vec::new(),
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
                } else if let Some(bytes) = header.trim().strip_prefix("output ") {
                    let text = "x".repeat(bytes.parse().unwrap_or_default());
                    let output = json!({"output_type": "display_data", "data": {"text/html": [text]},
                        "metadata": {}});
                    this.last().outputs.push(output);
                } else {
                    this.cells.push(header_cell(header));
                }
                this.lines.push((line.to_owned(), None));
                continue;
            }
            if let Some(lines) = &mut traceback {
                this.lines.push((line.to_owned(), None));
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
                _ => {
                    this.last().lines.push(line.to_owned());
                    this.lines.push((line.to_owned(), Some((cell, target + 1))));
                }
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

    /// The text with these markers in place of its own. If one of them cannot be drawn, none is: an example marks all
    /// of its places, or leaves them open.
    pub(crate) fn marked(&self, markers: &[Marker]) -> String {
        let all = markers.iter().all(|marker| marker.drawn().is_some());
        let mut out = String::new();
        for (line, place) in &self.lines {
            let _ = writeln!(out, "{line}");
            let here = |marker: &&Marker| all && *place == Some((marker.cell, marker.line));
            for drawn in markers.iter().filter(here).filter_map(Marker::drawn) {
                let _ = writeln!(out, "{drawn}");
            }
        }
        out
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

impl Marker {
    /// Whether both mark the same characters.
    pub(crate) fn stands_at(&self, other: &Marker) -> bool {
        let place = |it: &Marker| (it.cell, it.line, it.column, it.width);
        place(self) == place(other)
    }

    /// The line of carets; `None` for the few places that no caret behind a `#` can reach.
    fn drawn(&self) -> Option<String> {
        let carets = match (self.column, self.width) {
            (1, width @ 2..) => format!("#{}", "^".repeat(width - 1)),
            (column @ 3.., width @ 1..) => {
                format!("#{}{}", " ".repeat(column - 2), "^".repeat(width))
            }
            _ => return None,
        };
        Some(format!("{carets} {}", self.text).trim_end().to_owned())
    }
}

/// A notebook or script in percent form. `header` says whether the first cell has a line `# %%` even if that line
/// would say nothing. Outputs are left out: a fix does not touch them.
pub(crate) fn print(notebook: &Notebook, header: bool) -> String {
    let mut out = String::new();
    for (id, cell) in notebook.ids() {
        let mut words = String::new();
        match cell.kind {
            CellKind::Markdown => words.push_str(" [markdown]"),
            CellKind::Raw => words.push_str(" [raw]"),
            CellKind::Code | CellKind::Other => {}
        }
        let tags = notebook.cell_tags(id);
        if !tags.is_empty() {
            let _ = write!(words, " tags={}", tags.join(","));
        }
        if let Some(run) = cell.execution_count {
            let _ = write!(words, " run={run}");
        }
        let script = notebook.kind() == DocumentKind::Script;
        if !script && (header || id.index() > 0 || !words.is_empty()) {
            let _ = writeln!(out, "# %%{words}");
        }
        for line in cell.source.lines() {
            let _ = writeln!(out, "{line}");
        }
    }
    out
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
