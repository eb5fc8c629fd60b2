//! `recorded-error`: an error that the notebook has stored, explained.

use std::sync::LazyLock;

use nbfix_ipynb::{Cell, CellId, CellKind, Output};
use nbfix_lint::{Check, Findings, Level, Report};
use nbfix_semantic::{ProgramId, Semantic};
use nbfix_text::TextRange;
use regex::Regex;
use rustc_hash::FxHashMap;

use crate::signatures::{Explained, may_have_stream, of_error, of_stream};

pub(crate) const CHECK: Check = Check::Notebook(check);

/// Larger outputs are data or progress bars, and not searched for printed messages.
const MAX_STREAM_OUTPUTS: usize = 200_000;
/// How much of an exception's text is shown, in characters.
const SHOWN: usize = 100;

/// What one cell has stored.
struct Recorded {
    cell: CellId,
    /// The exception, or the printed line.
    text: String,
    /// Whether it was printed, and not raised.
    printed: bool,
    explained: Option<Explained>,
    /// The name that a `NameError` misses.
    missing: Option<String>,
    line: Line,
}

/// The line of a cell that an error came from.
struct Line {
    range: TextRange,
    /// Whether the traceback says so.
    certain: bool,
}

fn check<'a>(semantic: &Semantic<'a>, findings: &mut Findings<'_>) {
    let cells = semantic.notebook().ids();
    let all: Vec<Recorded> = cells
        .filter_map(|(id, cell)| recorded(semantic, id, cell))
        .collect();
    let roots = roots(semantic, &all);
    for (index, head) in all.iter().enumerate() {
        let Some(explained) = &head.explained else {
            continue;
        };
        let root = roots.get(index).copied().unwrap_or(index);
        if !speaks(&all, &roots, index, root) {
            continue;
        }
        if is_stale(semantic, head) {
            let report = Report::at(head.cell, head.line.range).says("stale");
            findings.push(report.with("error", head.text.as_str()));
            continue;
        }
        let mut report = report(head, explained);
        if root != index
            && let Some(cause) = all.get(root)
        {
            let text = format!("`{}` kept this cell from its end", cause.text);
            report = report.label(cause.cell, cause.line.range, text);
        }
        for (follower, _) in all
            .iter()
            .zip(&roots)
            .skip(index + 1)
            .filter(|(_, of)| **of == root)
        {
            let text = format!("`{}` follows from it", follower.text);
            report = report.label(follower.cell, follower.line.range, text);
        }
        findings.push(report);
    }
}

/// Whether the name that was missing stands nowhere any more.
fn is_stale(semantic: &Semantic<'_>, head: &Recorded) -> bool {
    let cells = semantic.notebook().cells();
    let stands = |name: &String| cells.iter().any(|cell| cell.source.contains(name.as_str()));
    head.missing.as_ref().is_some_and(|name| !stands(name))
}

/// Whether the cell at `index` has a finding of its own: it is the root of its cascade, or, where nothing explains
/// the root, the first that follows from it.
fn speaks(all: &[Recorded], roots: &[usize], index: usize, root: usize) -> bool {
    if root == index {
        return true;
    }
    let is_explained = |at: usize| all.get(at).is_some_and(|one| one.explained.is_some());
    let first = roots
        .iter()
        .enumerate()
        .find(|(at, of)| **of == root && is_explained(*at));
    first.is_some_and(|(first, _)| first == index)
}

fn report(head: &Recorded, explained: &Explained) -> Report {
    let (category, severity) = (explained.category, explained.severity);
    let help = format!(
        "{} (category: {category}, severity: {severity})",
        explained.remedy
    );
    let report = Report::at(head.cell, head.line.range)
        .with("error", head.text.as_str())
        .with("diagnosis", explained.diagnosis.as_str())
        .help(help);
    let report = if severity == "low" {
        report.level(Level::Note)
    } else {
        report
    };
    if head.printed {
        report.says("printed")
    } else {
        report
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
        if !one.printed {
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
        let reached = other.line.certain && above && !binding.conditional;
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
        printed: false,
        explained: of_error(&ename, &evalue, &traceback),
        missing: missing_name(&ename, &evalue),
        line: named_line(&cell.source, &traceback).unwrap_or_else(|| first_line(&cell.source)),
    })
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
        printed: true,
        explained: Some(explained),
        missing: None,
        line: first_line(&cell.source),
    })
}

fn missing_name(ename: &str, evalue: &str) -> Option<String> {
    let name = evalue.strip_prefix("name '")?.split('\'').next()?;
    (ename == "NameError").then(|| name.to_owned())
}

/// The text without terminal colours and other control characters.
fn plain(text: &str) -> String {
    static ESCAPES: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(
            r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|[\x00-\x08\x0b-\x1f\x7f]",
        )
        .ok()
    });
    let escapes = ESCAPES.as_ref();
    escapes.map_or_else(
        || text.to_owned(),
        |escapes| escapes.replace_all(text, "").into_owned(),
    )
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

/// The line that the traceback names in the frame of the cell itself.
fn named_line(source: &str, traceback: &str) -> Option<Line> {
    // The exception that ended the cell stands last, after those that it was raised from.
    const CHAINED: [&str; 2] = [
        "During handling of the above exception, another exception occurred:",
        "The above exception was the direct cause of the following exception:",
    ];
    let last = CHAINED
        .iter()
        .filter_map(|words| traceback.rfind(words))
        .max();
    let last = last.and_then(|at| traceback.get(at..));
    let (number, code) = last.and_then(own_frame).or_else(|| own_frame(traceback))?;
    let lines = || source.split('\n').map(str::trim).enumerate();
    let is_same =
        |(_, line): &(usize, &str)| code.is_some_and(|code| !code.is_empty() && *line == code);
    let there = lines().nth(number.checked_sub(1)?);
    if let Some((index, _)) = there.filter(is_same).or_else(|| lines().find(is_same)) {
        return Some(Line {
            range: line_range(source, index)?,
            certain: true,
        });
    }
    // A magic's line stands in the traceback as the call that IPython makes of it; any other difference means that
    // the cell has changed since.
    let is_magic = code.is_none_or(|code| code.contains("get_ipython()"));
    let index = there.filter(|(_, line)| is_magic && !line.is_empty())?.0;
    Some(Line {
        range: line_range(source, index)?,
        certain: false,
    })
}

/// The line number in the cell's own frame, and the code that stood there.
fn own_frame(traceback: &str) -> Option<(usize, Option<&str>)> {
    static HEAD: LazyLock<Option<Regex>> = LazyLock::new(|| {
        let cell = r#"(?:Cell In ?\[\d+\]|Input In \[\d+\]|"?<ipython-input-[^>\n]*>"?|\S*ipykernel_\d+[\\/]\d+\.py"?|\S*ipython-input-\S*\.py"?|"[^"\n]*\.ipynb[^"\n]*")"#;
        let place = r"(?:, line (\d+)|:(\d+))?";
        let frame = r"(?:,? in (?:<module>|<cell line: \d+>|async-def-wrapper)\S*)?";
        Regex::new(&format!(r"(?m)^\s*(?:File )?{cell}{place}{frame}\s*$")).ok()
    });
    static ARROW: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"(?m)^-+> ?(\d+)(?: (.*))?$").ok());
    let head = HEAD.as_ref()?.captures(traceback)?;
    let rest = traceback
        .get(head.get(0)?.end()..)?
        .trim_start_matches('\n');
    let frame = rest.split("\n\n").next().unwrap_or(rest);
    if let Some(arrow) = ARROW.as_ref()?.captures(frame) {
        let code = arrow.get(2).map_or("", |code| code.as_str());
        return Some((arrow.get(1)?.as_str().parse().ok()?, Some(code.trim())));
    }
    let number = head.get(1).or_else(|| head.get(2))?;
    Some((number.as_str().parse().ok()?, None))
}

/// The first line that is no comment.
fn first_line(source: &str) -> Line {
    let is_code = |line: &str| !line.trim().is_empty() && !line.trim_start().starts_with('#');
    let index = source.split('\n').position(is_code).unwrap_or(0);
    Line {
        range: line_range(source, index).unwrap_or_default(),
        certain: false,
    }
}

/// The line at `index`, from 0, without the white space around it.
fn line_range(source: &str, index: usize) -> Option<TextRange> {
    let line = source.split('\n').nth(index)?;
    let start = source
        .split('\n')
        .take(index)
        .map(|line| line.len() + 1)
        .sum::<usize>();
    let text = line.trim_start();
    let start = start + line.len() - text.len();
    Some(TextRange::new(start, start + text.trim_end().len()))
}
