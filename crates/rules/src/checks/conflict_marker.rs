//! `conflict-marker`: what a git merge could not decide, still in a cell.

use nbfix_ipynb::{Cell, CellId, CellKind};
use nbfix_lint::{Check, Findings, Report};
use nbfix_semantic::{Semantic, Source, Unit};
use nbfix_text::TextRange;

pub(crate) const CHECK: Check = Check::Notebook(check);

/// How long git's markers are; a merge of merges makes longer ones.
const LENGTH: usize = 7;
/// Words after the markers of edit blocks, as language models are asked to write them.
const EDIT_BLOCKS: &[&str] = &["SEARCH", "REPLACE", "ORIGINAL", "UPDATED"];
/// Cell magics whose body is prose or markup, where markers are shown rather than left.
const MARKUP: &[&str] = &["markdown", "md", "html", "latex", "svg"];

fn check<'a>(semantic: &Semantic<'a>, findings: &mut Findings<'_>) {
    for (id, cell) in semantic.notebook().ids() {
        for conflict in unresolved(semantic, id, cell) {
            let [ours, theirs] = [&conflict.ours, &conflict.theirs];
            let report = Report::at(id, conflict.opening)
                .with("ours", ours.name.as_str())
                .with("theirs", theirs.name.as_str())
                .label(id, ours.range, format!("`{}` has this", ours.name))
                .label(id, theirs.range, format!("`{}` has this", theirs.name));
            findings.push(report);
        }
    }
}

/// Whether the text has a conflict, so that its syntax errors only follow from it.
pub(super) fn has_conflict(unit: &Unit<'_>) -> bool {
    !in_unit(unit).is_empty()
}

fn unresolved(semantic: &Semantic<'_>, id: CellId, cell: &Cell) -> Vec<Conflict> {
    if cell.kind != CellKind::Code {
        return Vec::new();
    }
    match semantic.source(id) {
        Source::Opaque { magic, .. } if MARKUP.contains(&magic.as_str()) => Vec::new(),
        Source::Python { .. } | Source::File { .. } => {
            let unit = semantic.units().iter().find(|unit| unit.cell == id);
            unit.map_or_else(Vec::new, in_unit)
        }
        _ => conflicts(&cell.source),
    }
}

/// The conflicts in a Python text. Markers in a string are text, and then the parser has nothing to say about them;
/// once it stumbles over one of them, it can no longer be trusted to know what is a string.
fn in_unit(unit: &Unit<'_>) -> Vec<Conflict> {
    let errors = unit.module.errors();
    if errors.is_empty() {
        return Vec::new();
    }
    let found = conflicts(unit.source);
    let stumbles = |conflict: &Conflict| {
        let touches = |range: TextRange| {
            range.start() <= conflict.whole.end() && conflict.whole.start() <= range.end()
        };
        errors.iter().any(|error| touches(error.range))
    };
    if found.iter().any(stumbles) {
        found
    } else {
        Vec::new()
    }
}

/// One conflict in a text.
struct Conflict {
    /// The `<<<<<<<` line.
    opening: TextRange,
    /// From the first marker to the last.
    whole: TextRange,
    ours: Side,
    theirs: Side,
}

/// One side of a conflict: the name that git gave it, and its lines.
struct Side {
    name: String,
    range: TextRange,
}

/// A conflict whose `>>>>>>>` has not come yet.
struct Open<'t> {
    length: usize,
    opening: TextRange,
    name: &'t str,
    /// Where our side ends: at `|||||||` or `=======`.
    ours_end: Option<usize>,
    /// Where their side starts: after `=======`.
    theirs_start: Option<usize>,
}

/// The conflicts in `text`: complete runs of markers at the starts of lines. One may stand inside a side of another.
fn conflicts(text: &str) -> Vec<Conflict> {
    let mut open: Vec<Open<'_>> = Vec::new();
    let mut found = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let (start, end) = (at, at + line.len());
        at = end;
        let Some((sign, length, name)) = marker(line) else {
            continue;
        };
        if sign == '<' {
            let opening = TextRange::new(start, start + line.trim_end().len());
            let (ours_end, theirs_start) = (None, None);
            open.push(Open {
                length,
                opening,
                name,
                ours_end,
                theirs_start,
            });
            continue;
        }
        let Some(top) = open.last_mut().filter(|top| top.length == length) else {
            continue;
        };
        match sign {
            '|' => top.ours_end = Some(start),
            '=' if name.is_empty() && top.theirs_start.is_none() => {
                top.ours_end = top.ours_end.or(Some(start));
                top.theirs_start = Some(end);
            }
            '>' => {
                let closing = TextRange::new(start, start + line.trim_end().len());
                found.extend(open.pop().and_then(|open| open.close(closing, name)));
            }
            _ => {}
        }
    }
    found.sort_by_key(|conflict| conflict.opening);
    found
}

impl Open<'_> {
    /// The finished conflict; `None` if it has no `=======`, or is an edit block and no conflict.
    fn close(self, closing: TextRange, name: &str) -> Option<Conflict> {
        let (ours_end, theirs_start) = (self.ours_end?, self.theirs_start?);
        let is_edit = |name: &str| {
            EDIT_BLOCKS
                .iter()
                .any(|word| name.eq_ignore_ascii_case(word))
        };
        if is_edit(self.name) || is_edit(name) {
            return None;
        }
        let side = |name: &str, start: usize, end: usize| Side {
            name: if name.is_empty() { "one side" } else { name }.to_owned(),
            range: TextRange::new(start, end),
        };
        Some(Conflict {
            opening: self.opening,
            whole: self.opening.cover(closing),
            ours: side(self.name, self.opening.end() + 1, ours_end),
            theirs: side(name, theirs_start, closing.start()),
        })
    }
}

/// The sign of a marker line, how often it stands there, and the name after it.
fn marker(line: &str) -> Option<(char, usize, &str)> {
    let sign = line.chars().next().filter(|sign| "<|=>".contains(*sign))?;
    let rest = line.trim_start_matches(sign);
    let length = line.len() - rest.len();
    let parted = rest.trim_end().is_empty() || rest.starts_with(' ');
    (length >= LENGTH && parted).then(|| (sign, length, rest.trim()))
}
