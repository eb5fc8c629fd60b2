//! `nbfix fix`.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use anyhow::ensure;
use nbfix_fix::{Mended, Proposal, Refusal, Step, mend, mend_asking};
use nbfix_ipynb::DocumentKind;
use nbfix_lint::Safety;
use nbfix_report::{Style, Summary, unified_diff};

use super::diff::from_here;
use super::interactive::Asker;
use super::sinks::{Sinks, Status, record};
use super::{count_remaining, end, left_alone, not_mended, open};
use crate::arguments::FixArguments;
use crate::inputs::Input;
use crate::journal::Journal;
use crate::outcome::{Exit, Message, Outcome, Tally, count};
use crate::project::Projects;
use crate::runner::{Frame, Pace, Run};
use crate::terminal::{Terminal, visible};
use crate::write::replace;

/// What is done with each document.
struct Task<'a> {
    least: Safety,
    /// Whether the difference is wanted, and not the deed.
    patch: bool,
    report: bool,
    journal: Journal,
    /// Who is asked about each fix.
    asker: Option<Mutex<Asker<'a>>>,
}

/// Mends what can be mended.
pub(crate) fn fix(arguments: &FixArguments, terminal: &Terminal) -> anyhow::Result<Exit> {
    let batch = &arguments.batch;
    let is_stdin = arguments.files.is_stdin();
    ensure!(
        !is_stdin || !batch.interactive && batch.patch.is_none(),
        "`-` goes through to stdout as a whole: neither `--interactive` nor `--patch` fit that"
    );
    let projects = Projects::new(&arguments.rules, Some(&arguments.failing))?;
    let task = Task {
        least: arguments.safety.least(),
        patch: batch.patch.is_some(),
        report: batch.report.is_some(),
        journal: Journal::of_this_run(batch.journal.wanted()),
        asker: batch.interactive.then(|| Mutex::new(Asker::new(terminal))),
    };
    let run = Run {
        files: &arguments.files,
        projects: &projects,
        telling: &arguments.telling,
        terminal,
        frame: Frame::PLAIN,
        persistent: true,
    };
    let found = run.find()?;
    let pace = match task.asker {
        Some(_) => Pace::OneByOne,
        None => Pace::Parallel,
    };
    let mut sinks = Sinks::new(batch.patch.as_deref(), batch.report.as_deref())?;
    let ran = run.each_at(
        pace,
        found,
        |input| fix_one(input, &task),
        |input, crash| {
            let mut outcome = left_alone(input, &crash);
            outcome.out = passed_through(input);
            outcome.record = record(&input.name, Status::Failed("a bug of nbfix"), None);
            outcome
        },
        |outcome| sinks.add(&outcome.patch, &outcome.record),
    );
    let written = sinks.end(ran.as_ref().ok());
    let mut tally = ran?;
    if let Err(error) = written {
        terminal.error(&format!("{error:#}"));
        tally.trouble = true;
    }
    if !arguments.telling.quiet && tally.summary.files > 0 {
        let text = summary(&tally, &task, batch.patch.as_deref());
        if is_stdin {
            terminal.note(text.as_bytes());
        } else {
            terminal.print(text.as_bytes())?;
        }
    }
    end(task.journal, terminal);
    let mended = arguments.exit_non_zero_on_fix && tally.applied > 0;
    Ok(match tally.exit(&arguments.failing) {
        Exit::Clean if mended => Exit::Findings,
        exit => exit,
    })
}

fn fix_one(input: &Input, task: &Task<'_>) -> Outcome {
    let mut outcome = Outcome::default();
    let mut asker = task.asker.as_ref().map(|asker| {
        // Whoever panicked here was asked, and has answered.
        asker.lock().unwrap_or_else(PoisonError::into_inner)
    });
    if asker.as_mut().is_some_and(|asker| !asker.begin()) {
        if task.report {
            outcome.record = record(&input.name, Status::Skipped, None);
        }
        return outcome;
    }
    let before = match open(input, &mut outcome) {
        None => {
            note_failure(input, task, &mut outcome);
            return outcome;
        }
        Some(Ok(notebook)) => notebook,
        Some(Err(error)) => {
            not_mended(input, &error, &mut outcome);
            note_failure(input, task, &mut outcome);
            outcome.out = passed_through(input);
            return outcome;
        }
    };
    let bytes = before.bytes().to_vec();
    let folder = input.folder();
    let (origin, rules) = (input.origin(&folder), input.rules());
    let mended = match &mut asker {
        None => mend(before, origin, &rules, task.least),
        Some(asker) => {
            let ask = |proposal: Proposal<'_>| asker.ask(&input.name, proposal);
            mend_asking(before, origin, &rules, task.least, ask)
        }
    };
    let after = mended.notebook.bytes();
    let changed = after != bytes;
    match input.path() {
        Some(path) if changed && task.patch => {
            // Writing to memory does not fail.
            let _ = unified_diff(&mut outcome.patch, &from_here(path), &bytes, after, &EXACT);
        }
        Some(path) if changed => {
            if let Err(error) = replace(path, &bytes, after, &task.journal) {
                outcome.trouble(format!("{}: not written: {error:#}", input.name));
                note_failure(input, task, &mut outcome);
                return outcome;
            }
        }
        _ => {}
    }
    count_remaining(input, &mended.notebook, &mended.remaining, &mut outcome);
    outcome.tally.changed = usize::from(changed);
    outcome.tally.applied = mended.applied.len();
    if task.report {
        let status = if changed {
            Status::Mended
        } else {
            Status::Unchanged
        };
        outcome.record = record(&input.name, status, Some(&mended));
    }
    let told = told(&input.name, &mended, task).into_bytes();
    match input.path() {
        Some(_) => outcome.out = told,
        None => {
            outcome.messages.push(Message::Note(told));
            outcome.out = mended.notebook.into_bytes();
        }
    }
    outcome
}

/// The diff is for `git apply`: no colours.
const EXACT: Style = Style {
    color: false,
    width: 0,
};

/// Records what was told of a file that could not be mended.
fn note_failure(input: &Input, task: &Task<'_>, outcome: &mut Outcome) {
    if !task.report {
        return;
    }
    let why = outcome.messages.last().map(|message| match message {
        Message::Error(text) | Message::Warning(text) => text.as_str(),
        Message::Note(_) => "",
    });
    let why = why.unwrap_or_default();
    let prefix = format!("{}: ", input.name);
    let why = why.strip_prefix(&prefix).unwrap_or(why);
    outcome.record = record(&input.name, Status::Failed(why), None);
}

/// Whoever pipes a document through gets it back, whatever it is.
fn passed_through(input: &Input) -> Vec<u8> {
    match input.path() {
        Some(_) => Vec::new(),
        None => input.read().unwrap_or_default(),
    }
}

/// The fixes that were applied to one document.
pub(super) fn applied(name: &str, steps: &[Step], cells: bool) -> String {
    listed(name, steps, cells, "applied")
}

fn listed(name: &str, steps: &[Step], cells: bool, word: &str) -> String {
    let fixes = count(steps.len(), "fix", "fixes");
    let mut out = format!("{}: {fixes} {word}\n", visible(name));
    for step in steps {
        let _ = writeln!(out, "  {}", one(step, cells));
    }
    out
}

/// What was done to one document, and what was not. Fixes that only promise too little are left to the summary.
fn told(name: &str, mended: &Mended, task: &Task<'_>) -> String {
    let name = visible(name);
    let cells = mended.notebook.kind() == DocumentKind::Notebook;
    let mut out = String::new();
    if !mended.applied.is_empty() {
        let word = if task.patch {
            "in the patch"
        } else {
            "applied"
        };
        out = listed(&name, &mended.applied, cells, word);
    }
    // What somebody has just declined need not be told to them.
    let late = mended
        .deferred
        .iter()
        .filter(|it| it.step.safety >= task.least && task.asker.is_none());
    let late: Vec<&Refusal> = late.collect();
    let refused: Vec<&Refusal> = mended.refused.iter().collect();
    for (refusals, word) in [(refused, "refused"), (late, "deferred")] {
        if refusals.is_empty() {
            continue;
        }
        let fixes = count(refusals.len(), "fix", "fixes");
        let _ = writeln!(out, "{name}: {fixes} {word}");
        for refusal in refusals {
            let _ = writeln!(out, "  {}", one(&refusal.step, cells));
            let _ = writeln!(out, "    {}", visible(&refusal.why).replace('\n', "\n    "));
        }
    }
    out
}

/// One fix in a line.
fn one(step: &Step, cells: bool) -> String {
    let cell = step.cell.filter(|_| cells);
    let cell = cell.map_or_else(String::new, |cell| format!("cell {}: ", cell.number()));
    let title = visible(&step.title);
    format!("{cell}{} ({}): {title}", step.rule, step.safety.as_str())
}

/// What was done to all, and what is left to do.
fn summary(tally: &Tally, task: &Task<'_>, patch: Option<&Path>) -> String {
    let mut out = String::new();
    let files = count(tally.summary.files, "file", "files");
    if tally.applied == 0 {
        let _ = writeln!(out, "Nothing was mended in {files}.");
    } else {
        let fixes = count(tally.applied, "fix", "fixes");
        let files = tally.changed_files();
        let _ = match patch {
            None => writeln!(out, "Applied {fixes} in {files}."),
            Some(path) => writeln!(out, "Wrote {fixes} in {files} to {}.", path.display()),
        };
    }
    let Summary {
        errors,
        warnings,
        notes,
        not_safe,
        affected,
        ..
    } = tally.summary;
    let left = errors + warnings + notes;
    if left > 0 {
        let (findings, verb) = match (left, patch) {
            (1, None) => ("finding", "remains"),
            (_, None) => ("findings", "remain"),
            (1, Some(_)) => ("finding", "would remain"),
            (_, Some(_)) => ("findings", "would remain"),
        };
        let files = count(affected, "file", "files");
        let _ = writeln!(
            out,
            "{left} {findings} {verb} in {files}; `nbfix check` shows them."
        );
    }
    match not_safe {
        0 => {}
        // What is left although it was asked for was refused, and told above.
        _ if task.least <= Safety::Unsafe => {}
        1 => out.push_str("1 more fix is unsafe; `nbfix fix --unsafe` applies it.\n"),
        many => {
            let _ = writeln!(
                out,
                "{many} more fixes are unsafe; `nbfix fix --unsafe` applies them."
            );
        }
    }
    out
}
