//! What the outputs of a notebook remember: which cells ended with an error, what it means, and which of these errors
//! only follow from others.

mod stale;
mod traceback;

use nbfix_ipynb::{Cell, CellId, CellKind, Output, plain};
use nbfix_semantic::{ProgramId, Semantic};
use rustc_hash::FxHashMap;

use crate::signatures::{Explained, may_have_stream, of_error, of_stream};
pub(crate) use stale::{Stale, stale};
pub(crate) use traceback::{Known, Line, first_line};
use traceback::{causes, line_of, waited};

/// Larger outputs are data or progress bars, and not searched for printed messages.
const MAX_STREAM_OUTPUTS: usize = 200_000;
/// How much of an exception's text is shown, in characters.
const SHOWN: usize = 100;

/// What one cell has stored.
pub(crate) struct Recorded {
    pub(crate) cell: CellId,
    /// The exception, or the printed line, as far as it is shown.
    pub(crate) text: String,
    /// The exception's name; empty for what was printed.
    pub(crate) ename: String,
    /// All that it says.
    evalue: String,
    pub(crate) explained: Option<Explained>,
    /// The name that a `NameError` misses.
    pub(crate) missing: Option<String>,
    pub(crate) line: Line,
}

impl Recorded {
    /// A word for its cause: errors of one word are told once.
    pub(crate) fn cause(&self) -> String {
        let known = self
            .explained
            .as_ref()
            .and_then(|explained| explained.cause);
        known.map_or_else(|| format!("{}: {}", self.ename, self.evalue), str::to_owned)
    }

    /// Whether it was printed, and not raised.
    pub(crate) fn is_printed(&self) -> bool {
        self.ename.is_empty()
    }
}

/// The errors of a notebook, and how they hang together.
pub(crate) struct Story {
    /// In the order of the cells, one a cell.
    pub(crate) all: Vec<Recorded>,
    /// For each the one that it goes back to: itself, or an earlier one, without which it would not have come.
    roots: Vec<usize>,
}

impl Story {
    pub(crate) fn of(semantic: &Semantic<'_>) -> Self {
        let cells = semantic.notebook().ids();
        let all: Vec<Recorded> = cells
            .filter_map(|(id, cell)| recorded(semantic, id, cell))
            .collect();
        let roots = roots(semantic, &all);
        Self { all, roots }
    }

    /// Whether the error at `index` goes back to no other.
    pub(crate) fn is_root(&self, index: usize) -> bool {
        self.roots.get(index) == Some(&index)
    }

    /// The errors that follow from the one at `index`.
    pub(crate) fn followers(&self, index: usize) -> impl Iterator<Item = &Recorded> {
        let others = self.all.iter().zip(&self.roots).enumerate();
        others.filter_map(move |(at, (one, root))| (*root == index && at != index).then_some(one))
    }
}

/// For each cell the one that its error goes back to: itself, or through `NameError`s an earlier one that would have
/// bound the name, and failed.
fn roots(semantic: &Semantic<'_>, all: &[Recorded]) -> Vec<usize> {
    let mut earlier: FxHashMap<CellId, (usize, &Recorded)> = FxHashMap::default();
    let mut roots: Vec<usize> = Vec::with_capacity(all.len());
    for (index, one) in all.iter().enumerate() {
        let missing = one.missing.as_deref();
        let cause = missing.and_then(|name| cause(semantic, &earlier, name));
        let root = cause.and_then(|cause| roots.get(cause).copied());
        roots.push(root.unwrap_or(index));
        if !one.is_printed() {
            earlier.insert(one.cell, (index, one));
        }
    }
    roots
}

/// Which of the `earlier` cells failed before it could bind `name`. The execution counts do not matter: a cell that
/// fails is often run again, when those below it have failed already.
fn cause(
    semantic: &Semantic<'_>,
    earlier: &FxHashMap<CellId, (usize, &Recorded)>,
    name: &str,
) -> Option<usize> {
    let bindings = semantic.bindings(ProgramId::DOCUMENT, name).iter();
    let failed = bindings.filter_map(|binding| {
        let (index, other) = earlier.get(&semantic.units().get(binding.unit)?.cell)?;
        let above = binding.range.end() <= other.line.range.start();
        let named = other.line.known == Known::Named;
        let reached = named && above && !binding.conditional;
        (!reached).then_some(*index)
    });
    failed.max()
}

/// What the cell has stored, if it is an error, or a message that a signature knows.
fn recorded(semantic: &Semantic<'_>, id: CellId, cell: &Cell) -> Option<Recorded> {
    let notebook = semantic.notebook();
    let raw = notebook.text().get(cell.outputs_range()?)?;
    let may_print = raw.len() < MAX_STREAM_OUTPUTS && may_have_stream(raw);
    if cell.kind != CellKind::Code || !(notebook.has_error_output(id) || may_print) {
        return None;
    }
    let outputs = notebook.outputs(id);
    let found = outputs
        .iter()
        .find_map(|output| raised(id, cell, output))
        .or_else(|| {
            outputs
                .iter()
                .filter(|_| may_print)
                .find_map(|output| printed(id, cell, output))
        })?;
    let is_meant = notebook
        .cell_tags(id)
        .iter()
        .any(|tag| tag == "raises-exception");
    (!is_meant).then_some(found)
}

fn raised(id: CellId, cell: &Cell, output: &Output) -> Option<Recorded> {
    let Output::Error {
        ename,
        evalue,
        traceback,
    } = output
    else {
        return None;
    };
    let traceback = plain(&traceback.join("\n"));
    let (ename, evalue) = (plain(ename), plain(evalue));
    Some(Recorded {
        cell: id,
        text: shown(&if evalue.is_empty() {
            ename.clone()
        } else {
            format!("{ename}: {evalue}")
        }),
        explained: explained(&ename, &evalue, &traceback),
        missing: missing_name(&ename, &evalue),
        line: line_of(&cell.source, &traceback),
        evalue,
        ename,
    })
}

/// What the error means: by itself where that says something of its own, else by what led to it, the innermost first.
fn explained(ename: &str, evalue: &str, traceback: &str) -> Option<Explained> {
    if ename == "KeyboardInterrupt" && !waited(traceback) {
        return None;
    }
    let own = of_error(ename, evalue, traceback);
    if own.as_ref().is_some_and(|own| !own.wraps) {
        return own;
    }
    let inner = causes(traceback)
        .into_iter()
        .filter_map(|(ename, evalue)| of_error(ename, evalue, traceback))
        .find(|inner| !inner.wraps);
    inner.or(own)
}

fn printed(id: CellId, cell: &Cell, output: &Output) -> Option<Recorded> {
    let Output::Stream { text, .. } = output else {
        return None;
    };
    let text = plain(text);
    let (explained, line) = of_stream(&text)?;
    Some(Recorded {
        cell: id,
        text: shown(line),
        ename: String::new(),
        evalue: line.to_owned(),
        explained: Some(explained),
        missing: None,
        line: Line {
            range: first_line(&cell.source),
            known: Known::Unknown,
        },
    })
}

fn missing_name(ename: &str, evalue: &str) -> Option<String> {
    let name = evalue.strip_prefix("name '")?.split('\'').next()?;
    (ename == "NameError").then(|| name.to_owned())
}

/// The start of a text, on one line.
fn shown(text: &str) -> String {
    let mut rest = text
        .split_whitespace()
        .flat_map(|word| word.chars().chain([' ']));
    let mut start: String = rest.by_ref().take(SHOWN).collect();
    start.truncate(start.trim_end().len());
    if rest.next().is_some() {
        start.push_str("...");
    }
    start
}

/// `cell 3`, or `cells 3, 5 and 7`.
pub(crate) fn cells_in_words(cells: &[CellId]) -> String {
    let numbers: Vec<String> = cells.iter().map(|it| it.number().to_string()).collect();
    match numbers.as_slice() {
        [one] => format!("cell {one}"),
        [many @ .., last] => format!("cells {} and {last}", many.join(", ")),
        [] => String::new(),
    }
}
