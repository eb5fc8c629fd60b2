//! `shell-env`: variables that are set in a shell, and forgotten with it.

use std::cell::OnceCell;

use nbfix_ipynb::CellId;
use nbfix_lint::{Check, Findings, Level, Report, Safety};
use nbfix_python::ast::visitor::source_order as walk;
use nbfix_python::ast::{IpyEscapeKind, Stmt, StmtIpyEscapeCommand};
use nbfix_python::shell::{Command, commands};
use nbfix_python::{SourceOrderVisitor, range};
use nbfix_semantic::{ProgramId, Semantic, Source};
use nbfix_text::{Edit, TextRange};

use crate::environment::{Event, What, events};

pub(crate) const CHECK: Check = Check::Notebook(check);

fn check<'a>(semantic: &Semantic<'a>, findings: &mut Findings<'_>) {
    let known = Known::new(semantic);
    for unit in semantic.units_of(ProgramId::DOCUMENT) {
        if !unit.source.contains('!') {
            continue;
        }
        let mut escapes = Escapes(Vec::new());
        escapes.visit_body(unit.module.body());
        for escape in escapes.0 {
            let place = range(escape);
            let text = place.of(unit.source);
            let signs = text.len() - text.trim_start_matches('!').len();
            let code = TextRange::new(place.start() + signs, place.end());
            if let Some(report) = of_line(&known, unit.cell, unit.source, place, code) {
                findings.push(report);
            }
        }
    }
    for (id, cell) in semantic.notebook().ids() {
        if let Source::Shell { code } = semantic.source(id)
            && let Some(report) = of_cell(&known, id, &cell.source, *code)
        {
            findings.push(report);
        }
    }
}

/// What the notebook's Python sets in the environment, where it surely does. It is asked for only once a shell sets something.
struct Known<'s, 'a> {
    semantic: &'s Semantic<'a>,
    events: OnceCell<Vec<Event<'a>>>,
}

impl<'s, 'a> Known<'s, 'a> {
    fn new(semantic: &'s Semantic<'a>) -> Self {
        Self {
            semantic,
            events: OnceCell::new(),
        }
    }

    /// Where this cell, or one above it, sets the first of these variables, if such cells set all of them.
    fn setting(&self, cell: CellId, set: &[Assignment]) -> Option<&Event<'a>> {
        let events = self.events.get_or_init(|| events(self.semantic));
        let setting = |one: &Assignment| {
            events.iter().find(|event| {
                event.cell <= cell
                    && event.is_certain()
                    && matches!(&event.what, What::Set(Some(name)) if *name == one.name)
            })
        };
        let mut settings = set.iter().map(setting);
        let first = settings.next()??;
        settings.all(|one| one.is_some()).then_some(first)
    }
}

/// The note on a line that sets what Python has set for every shell.
fn idle(report: Report, setting: &Event<'_>) -> Report {
    report
        .says("idle")
        .level(Level::Note)
        .help("take it out: every shell that the notebook starts has the variable")
        .label(setting.cell, setting.range, "set here")
}

struct Escapes<'a>(Vec<&'a StmtIpyEscapeCommand>);

impl<'a> SourceOrderVisitor<'a> for Escapes<'a> {
    fn visit_stmt(&mut self, stmt: &'a Stmt) {
        match stmt {
            Stmt::IpyEscapeCommand(escape)
                if matches!(escape.kind, IpyEscapeKind::Shell | IpyEscapeKind::ShCap) =>
            {
                self.0.push(escape);
            }
            _ => walk::walk_stmt(self, stmt),
        }
    }
}

/// `!export A=1`, alone in its line: whatever else stands there may use the variable.
fn of_line(
    known: &Known<'_, '_>,
    cell: CellId,
    source: &str,
    place: TextRange,
    code: TextRange,
) -> Option<Report> {
    let set = only_assignments(source, code)?;
    let first = set.first()?;
    let report = Report::at(cell, place)
        .with("verb", first.verb.as_str())
        .with("name", first.name.as_str());
    if let Some(setting) = known.setting(cell, &set) {
        return Some(idle(report, setting));
    }
    let line = source[..place.start()].rfind('\n').map_or(0, |at| at + 1);
    let indent = &source[line..place.start()];
    let comment = source[place.start()..place.end()]
        .rsplit_once(" #")
        .filter(|_| !indent.contains(|c: char| !c.is_whitespace()))
        .map(|(_, comment)| format!("#{comment}\n{indent}"));
    let comment = comment.filter(|_| set.iter().all(|one| !one.value.contains('#')));
    // A comment would become a part of the value.
    let has_comment = set.iter().all(|one| one.end < place.end())
        && source[place.start()..place.end()].contains('#');
    if has_comment && comment.is_none() {
        return Some(report);
    }
    Some(mended(
        report,
        cell,
        place,
        &set,
        comment.unwrap_or_default(),
        indent,
    ))
}

/// A `%%bash` cell that does nothing else.
fn of_cell(known: &Known<'_, '_>, cell: CellId, source: &str, code: TextRange) -> Option<Report> {
    let text = code.of(source);
    if !text.contains("export") {
        return None;
    }
    let set = only_assignments(source, code)?;
    let first = set.first()?;
    let place = first.place;
    let report = Report::at(cell, place)
        .says("cell")
        .with("verb", first.verb.as_str())
        .with("name", first.name.as_str());
    if let Some(setting) = known.setting(cell, &set) {
        return Some(idle(report, setting));
    }
    let is_plain = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .all(|line| line.starts_with("export ") && !line.contains('#'));
    if !is_plain {
        return Some(report);
    }
    let whole = TextRange::new(0, code.start() + text.trim_end().len());
    Some(mended(report, cell, whole, &set, String::new(), ""))
}

fn mended(
    report: Report,
    cell: CellId,
    place: TextRange,
    set: &[Assignment],
    before: String,
    indent: &str,
) -> Report {
    if !set.iter().all(|one| one.literal) {
        return report;
    }
    let lines: Vec<String> = set
        .iter()
        .map(|one| format!("%env {}={}", one.name, one.value))
        .collect();
    let text = before + &lines.join(&format!("\n{indent}"));
    let report = report.edit(cell, Edit::replace(place, text));
    if set.iter().any(|one| is_placeholder(&one.value)) {
        // It would hide the value that the environment has already.
        return report.safety(Safety::Display);
    }
    report
}

/// One variable that a shell sets.
struct Assignment {
    verb: String,
    name: String,
    value: String,
    /// Whether `%env` takes the value as it is.
    literal: bool,
    /// The whole command.
    place: TextRange,
    end: usize,
}

/// What the shell text sets, if it does nothing else.
fn only_assignments(source: &str, code: TextRange) -> Option<Vec<Assignment>> {
    let mut set = Vec::new();
    for command in commands(source, code) {
        set.extend(assignments(source, &command)?);
    }
    Some(set)
}

fn assignments(source: &str, command: &Command) -> Option<Vec<Assignment>> {
    let (verb, words) = command.words.split_first()?;
    if !matches!(verb.text.as_str(), "export" | "set") || words.is_empty() {
        return None;
    }
    words
        .iter()
        .map(|word| {
            let (name, value) = word.text.split_once('=')?;
            let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
                && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            let raw = word.range.of(source);
            let strange = ['$', '`', '{', '}', '\\', '<', '>', '(', '\n', '*', '~', '%'];
            is_name.then(|| Assignment {
                verb: verb.text.clone(),
                name: name.to_owned(),
                value: value.to_owned(),
                literal: !value.is_empty()
                    && value.trim() == value
                    && !raw.contains(strange)
                    && raw.matches(['"', '\'']).count() % 2 == 0,
                place: command.range(),
                end: word.range.end(),
            })
        })
        .collect()
}

/// Whether a value only stands for one.
fn is_placeholder(value: &str) -> bool {
    const WORDS: &[&str] = &[
        "your",
        "xxx",
        "...",
        "\u{2026}",
        "insert",
        "replace",
        "changeme",
        "change_me",
        "todo",
        "placeholder",
        "dummy",
        "enter",
        "here",
        "path/to",
    ];
    let value = value.to_lowercase();
    WORDS.iter().any(|word| value.contains(word))
}
