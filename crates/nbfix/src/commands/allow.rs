//! `nbfix allow`: writes down that findings are meant to stay.

use std::path::Path;

use anyhow::{anyhow, bail, ensure};
use nbfix_ipynb::{CellId, CellKind, Changes, DocumentKind, ListChange, MetadataEdit, Notebook};
use nbfix_lint::{Allows, By, Finding, Place, RuleSet, TAG, TAGS, lint};
use nbfix_semantic::{Semantic, Source, Sources};
use nbfix_text::{Edit, Patch};

use super::{end, left_alone, open};
use crate::arguments::{AllowArguments, AllowAs};
use crate::inputs::Input;
use crate::journal::Journal;
use crate::outcome::{Exit, Message, Outcome, count};
use crate::project::Projects;
use crate::runner::{Frame, Run};
use crate::selection::Selector;
use crate::terminal::Terminal;
use crate::write::replace;

/// How many findings of one rule in one file are allowed, at most: whoever has more ignores the rule there.
const MOST: usize = 1000;

/// What is to be allowed, and how.
struct Task<'a> {
    rule: &'a str,
    cell: Option<CellId>,
    how: AllowAs,
    /// With a blank before it.
    reason: String,
    journal: Journal,
}

/// Allows what a rule finds.
pub(crate) fn allow(arguments: &AllowArguments, terminal: &Terminal) -> anyhow::Result<Exit> {
    let projects = Projects::of_pages(&arguments.pages)?;
    let reason = arguments.reason.as_deref().unwrap_or_default().trim();
    ensure!(
        !reason.contains(['\n', '\r']) && !reason.contains("-->"),
        "`--reason`: it is to be one line, and no end of a comment"
    );
    let task = Task {
        rule: &arguments.rule,
        cell: arguments.cell.map(|number| CellId(number.get() - 1)),
        how: arguments.how,
        reason: match reason {
            "" => String::new(),
            reason => format!(" {reason}"),
        },
        journal: Journal::of_this_run(arguments.journal.wanted()),
    };
    if let Some(project) = projects.of(Path::new("")) {
        known(&task, &project.book)?;
    }
    projects.check()?;
    let run = Run {
        files: &arguments.files,
        projects: &projects,
        telling: &arguments.telling,
        terminal,
        frame: Frame::PLAIN,
        persistent: true,
    };
    let tally = run.each(
        |input| allow_one(input, &task),
        |input, crash| left_alone(input, &crash),
    )?;
    if !arguments.telling.quiet {
        let text = match tally.applied {
            0 if tally.trouble => String::new(),
            0 => format!("Nothing to allow: `{}` finds nothing there.\n", task.rule),
            number => format!(
                "Allowed {} of `{}` in {}.\n",
                count(number, "finding", "findings"),
                task.rule,
                count(tally.changed, "file", "files")
            ),
        };
        // With `-`, stdout is for the notebook.
        terminal.note(text.as_bytes());
    }
    end(task.journal, terminal);
    Ok(match tally.trouble {
        true => Exit::Trouble,
        false => Exit::Clean,
    })
}

/// # Errors
/// If there is no such rule.
fn known(task: &Task<'_>, book: &crate::rulebook::Rulebook) -> anyhow::Result<()> {
    match Selector::parse(task.rule, book) {
        Ok(Selector::Rule(_)) => Ok(()),
        Ok(_) => bail!("`{}` is no rule: rules are allowed one by one", task.rule),
        Err(why) => Err(anyhow!(why)),
    }
}

fn allow_one(input: &Input, task: &Task<'_>) -> Outcome {
    let mut outcome = Outcome::default();
    let mut notebook = match open(input, &mut outcome) {
        None => return outcome,
        Some(Ok(notebook)) => notebook,
        Some(Err(error)) => {
            let message = format!("{}: nothing is allowed in it: {error}", input.name);
            outcome.messages.push(Message::Warning(message));
            return outcome;
        }
    };
    let Some(rules) = input.project.only(task.rule) else {
        return outcome;
    };
    let before = notebook.bytes().to_vec();
    let mut refused = Vec::new();
    for _ in 0..MOST {
        let found = found(input, &notebook, &rules);
        let meant = |finding: &&Finding| {
            finding.rule.name == task.rule
                && (task.cell.is_none() || finding.at.cell() == task.cell)
                && !refused.contains(&finding.at)
        };
        let Some(finding) = found.iter().find(meant) else {
            break;
        };
        let next = attempts(input, &notebook, finding, task)
            .into_iter()
            .find_map(|bytes| proved(input, &notebook, bytes, &rules, finding));
        match next {
            Some((next, allowed)) => {
                notebook = next;
                outcome.tally.applied += allowed;
            }
            None => {
                let cell = finding.at.cell();
                let place = cell.map_or_else(String::new, |it| format!("cell {}: ", it.number()));
                let why = notebook.read_only().unwrap_or("no place for it was found");
                outcome.trouble(format!("{}: {place}not allowed: {why}", input.name));
                refused.push(finding.at.clone());
            }
        }
    }
    let changed = notebook.bytes() != before;
    match input.path() {
        Some(path) if changed => {
            if let Err(error) = replace(path, &before, notebook.bytes(), &task.journal) {
                outcome.trouble(format!("{}: not written: {error:#}", input.name));
                return outcome;
            }
        }
        Some(_) => {}
        None => outcome.out = notebook.into_bytes(),
    }
    outcome.tally.changed = usize::from(changed);
    outcome
}

fn found(input: &Input, notebook: &Notebook, rules: &RuleSet) -> Vec<Finding> {
    let folder = input.folder();
    let sources = Sources::parse(notebook, input.origin(&folder));
    lint(&Semantic::new(notebook, &sources), rules).findings
}

/// The notebook of these bytes, and how many findings less it has: if the finding is gone, and every cell that was
/// Python still is.
fn proved(
    input: &Input,
    before: &Notebook,
    bytes: Vec<u8>,
    rules: &RuleSet,
    finding: &Finding,
) -> Option<(Notebook, usize)> {
    let after = match before.kind() {
        DocumentKind::Notebook => Notebook::load(bytes).ok()?,
        DocumentKind::Script => Notebook::script(bytes).ok()?,
    };
    let broken = |notebook: &Notebook| {
        let sources = Sources::parse(notebook, input.name.as_str());
        let semantic = Semantic::new(notebook, &sources);
        let units = semantic.units().iter();
        units
            .filter(|unit| !unit.module.errors().is_empty())
            .count()
    };
    let (all_was, all_is) = (found(input, before, rules), found(input, &after, rules));
    let of = |all: Vec<Finding>| -> (Vec<Finding>, Vec<Finding>) {
        let (own, others) = all
            .into_iter()
            .partition(|it| it.rule.name == finding.rule.name);
        (own, others)
    };
    let ((was, unused_was), (is, unused_is)) = (of(all_was), of(all_is));
    // A finding may be about several places, of which one is allowed: then there is another one. But something is
    // allowed that was not, and nothing is allowed in vain that was not.
    let allows = |notebook: &Notebook| {
        let sources = Sources::parse(notebook, input.name.as_str());
        Allows::of(&Semantic::new(notebook, &sources)).list().len()
    };
    let more = allows(&after) > allows(before) && unused_is.len() <= unused_was.len();
    let proved = more && is.len() <= was.len() && broken(&after) <= broken(before);
    proved.then(|| (after, (was.len().saturating_sub(is.len())).max(1)))
}

/// The files that may allow the finding, the plainest first.
fn attempts(
    input: &Input,
    notebook: &Notebook,
    finding: &Finding,
    task: &Task<'_>,
) -> Vec<Vec<u8>> {
    if notebook.read_only().is_some() {
        return Vec::new();
    }
    let sources = Sources::parse(notebook, input.name.as_str());
    let semantic = Semantic::new(notebook, &sources);
    let Some(cell) = finding.at.cell() else {
        return for_the_file(&semantic, task);
    };
    let tag = || {
        let edit = MetadataEdit {
            cell,
            path: TAGS.iter().map(|key| (*key).to_owned()).collect(),
            change: ListChange::Add(format!("{TAG}{}", task.rule)),
        };
        notebook.splice_all(Changes {
            metadata: &[edit],
            ..Changes::default()
        })
    };
    if task.how == AllowAs::Tag {
        return vec![tag()];
    }
    let with = |edit: Edit| notebook.splice(&[(cell, Patch::single(edit))]);
    let top = top(&semantic, cell, task);
    let mut attempts = Vec::new();
    if let Place::Cell(span) = finding.at
        && task.cell.is_none()
        && !is_text(&semantic, cell)
    {
        let edits = beside(&semantic, cell, span.range.start(), task);
        attempts.extend(edits.into_iter().map(with));
    }
    attempts.push(with(top));
    attempts
}

/// A comment for the whole document, at the top of the first cell that can hold one.
fn for_the_file(semantic: &Semantic<'_>, task: &Task<'_>) -> Vec<Vec<u8>> {
    let notebook = semantic.notebook();
    let is_code = |(id, _): &(CellId, &nbfix_ipynb::Cell)| {
        matches!(semantic.source(*id), Source::Python { .. })
    };
    let first = notebook.ids().find(is_code);
    let edit = first.map(|(id, cell)| {
        let at = match cell.source.starts_with("%%") {
            true => next_line(&cell.source, 0),
            false => 0,
        };
        let comment = format!("# nbfix: allow-file {}{}\n", task.rule, task.reason);
        (id, Patch::single(Edit::insert(at, comment)))
    });
    edit.map(|edit| notebook.splice(&[edit]))
        .into_iter()
        .collect()
}

/// Whether comments are those of Markdown and HTML there.
fn is_text(semantic: &Semantic<'_>, cell: CellId) -> bool {
    let kind = semantic.notebook().cell(cell).map(|cell| cell.kind);
    match semantic.source(cell) {
        Source::NotPython => kind != Some(CellKind::Code),
        Source::Opaque { magic, .. } => {
            matches!(magic.as_str(), "html" | "HTML" | "markdown" | "svg" | "md")
        }
        _ => false,
    }
}

/// The comment at the top of the cell, which holds for all of it.
fn top(semantic: &Semantic<'_>, cell: CellId, task: &Task<'_>) -> Edit {
    let source = semantic.notebook().cell(cell);
    let source = source.map_or("", |cell| cell.source.as_str());
    let at = match source.starts_with("%%") {
        true => next_line(source, 0),
        false => 0,
    };
    // A magic in the last line has no line end.
    let before = match at > 0 && !source.get(..at).is_some_and(|it| it.ends_with('\n')) {
        true => "\n",
        false => "",
    };
    let (rule, reason) = (task.rule, &task.reason);
    let comment = match is_text(semantic, cell) {
        true => format!("<!-- nbfix: allow {rule}{reason} -->"),
        false => format!("# nbfix: allow {rule}{reason}"),
    };
    let after = match source.get(at..) {
        None | Some("") => "",
        Some(_) => line_end(source),
    };
    Edit::insert(at, format!("{before}{comment}{after}"))
}

/// Comments in or above the line at `at`: one more name in the comment that is there, a comment behind the line, a
/// comment above it.
fn beside(semantic: &Semantic<'_>, cell: CellId, at: usize, task: &Task<'_>) -> Vec<Edit> {
    let source = semantic.notebook().cell(cell);
    let source = source.map_or("", |cell| cell.source.as_str());
    let head = source.get(..at).unwrap_or_default();
    let start = head.rfind('\n').map_or(0, |at| at + 1);
    let end = source.get(at..).and_then(|rest| rest.find('\n'));
    let end = end.map_or(source.len(), |length| at + length);
    let line = source.get(start..end).unwrap_or_default();
    let mut edits = Vec::new();
    let allows = Allows::of(semantic);
    let there = allows.list().iter().rev().find_map(|allow| {
        let (By::Comment(comment), Place::Cell(name)) = (&allow.by, &allow.at) else {
            return None;
        };
        let inside = start <= comment.range.start() && comment.range.end() <= end;
        (comment.cell == cell && inside).then_some(name.range.end())
    });
    if let Some(end) = there {
        edits.push(Edit::insert(end, format!(", {}", task.rule)));
    }
    let comment = format!("# nbfix: allow {}{}", task.rule, task.reason);
    let text = line.trim_end();
    let indent = text.len() - text.trim_start().len();
    // What stands behind a magic or a shell command may be an argument of it.
    let is_magic = text.trim_start().starts_with(['!', '%']);
    let behind = Edit::insert(start + text.len(), format!("  {comment}"));
    let indent = text.get(..indent).unwrap_or_default();
    let above = Edit::insert(start, format!("{indent}{comment}{}", line_end(source)));
    match is_magic {
        true => edits.push(above),
        false => edits.extend([behind, above]),
    }
    edits
}

/// The line end that the cell uses.
fn line_end(source: &str) -> &'static str {
    match source.contains("\r\n") {
        true => "\r\n",
        false => "\n",
    }
}

/// Where the next line begins.
fn next_line(source: &str, at: usize) -> usize {
    let rest = source.get(at..).unwrap_or_default();
    rest.find('\n').map_or(source.len(), |end| at + end + 1)
}
