//! `nbfix fix`.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use anyhow::ensure;
use nbfix_fix::{Mended, Options, Proposal, Refusal, Step, mend_asking, mend_with};
use nbfix_ipynb::{CellId, DocumentKind, Notebook};
use nbfix_lint::{Finding, Linted, RuleSet, Safety};
use nbfix_report::{Secrets, Style, Summary, unified_diff};
use nbfix_semantic::Origin;

use super::diff::from_here;
use super::interactive::Asker;
use super::sinks::{Account, Sinks, Status, record};
use super::{count_remaining, end, left_alone, not_mended, open};
use crate::app_folder::AppFolder;
use crate::arguments::{DiffArguments, FixArguments};
use crate::function_apps::{FunctionApps, Rewritten, in_file};
use crate::inputs::Input;
use crate::journal::Journal;
use crate::outcome::{Exit, Message, Outcome, Tally, count};
use crate::project::Projects;
use crate::runner::{Frame, Pace, Run};
use crate::terminal::{Terminal, visible};
use crate::write::replace;

/// What is done with each document.
struct Task<'a> {
    options: Options,
    /// Whether the difference is wanted, and not the deed.
    patch: bool,
    report: bool,
    journal: Journal,
    /// Who is asked about each fix.
    asker: Option<Mutex<Asker<'a>>>,
}

impl Task<'_> {
    /// What became of the fixes that were taken.
    fn word(&self) -> &'static str {
        if self.patch {
            "in the patch"
        } else {
            "applied"
        }
    }
}

/// Mends what can be mended.
pub(crate) fn fix(arguments: &FixArguments, terminal: &Terminal) -> anyhow::Result<Exit> {
    if arguments.diff {
        return super::diff(&as_diff(arguments), terminal);
    }
    let batch = &arguments.batch;
    let is_stdin = arguments.files.is_stdin();
    ensure!(
        !is_stdin || !batch.interactive && batch.patch.is_none(),
        "`-` goes through to stdout as a whole: neither `--interactive` nor `--patch` fit that"
    );
    let projects = Projects::new(&arguments.rules, Some(&arguments.failing))?;
    let task = Task {
        options: arguments.clear.options(&arguments.safety),
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
    let apps = FunctionApps::among(&found.inputs);
    let pace = match task.asker {
        Some(_) => Pace::OneByOne,
        None => Pace::Parallel,
    };
    let mut sinks = Sinks::new(batch.patch.as_deref(), batch.report.as_deref())?;
    let ran = run.each_at(
        pace,
        found,
        |input| fix_one(input, &apps, &task),
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

/// `fix --diff` is `diff`.
fn as_diff(arguments: &FixArguments) -> DiffArguments {
    DiffArguments {
        files: arguments.files.clone(),
        rules: arguments.rules.clone(),
        safety: arguments.safety.clone(),
        clear: arguments.clear.clone(),
        cells: false,
        show_secrets: arguments.show_secrets,
        exit_zero: arguments.failing.exit_zero,
        telling: arguments.telling.clone(),
    }
}

fn fix_one(input: &Input, apps: &FunctionApps, task: &Task<'_>) -> Outcome {
    let mut outcome = Outcome::default();
    let mut asker = task.asker.as_ref().map(|asker| {
        // Whoever panicked here was asked, and has answered.
        asker.lock().unwrap_or_else(PoisonError::into_inner)
    });
    if asker
        .as_mut()
        .is_some_and(|asker| !asker.begin(input.secrets()))
    {
        if task.report {
            outcome.record = record(&input.name, Status::Skipped, None);
        }
        return outcome;
    }
    // The project's own fixes come first, of all its files at once; what is read then is what they have left.
    let write = (!task.patch).then_some(&task.journal);
    let all = |project: Notebook, name: &str, rules: &RuleSet| {
        with_answers(
            project,
            name,
            name,
            rules,
            task.options,
            asker.as_deref_mut(),
        )
    };
    let whole = apps.rewritten(input, all, write);
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
    // Where nothing is written, what the project's fixes would have left is only known.
    let changes = whole.map(|(_, _, rewritten)| &rewritten.changes);
    let left = changes.and_then(|changes| changes.get(input.path()?));
    let start = match left
        .filter(|_| task.patch)
        .map(|bytes| input.load(bytes.clone()))
    {
        Some(Ok(notebook)) => notebook,
        _ => before,
    };
    let mended = with_answers(
        start,
        &input.name,
        input.origin(&folder),
        &apps.rules_for(input),
        task.options,
        asker.as_deref_mut(),
    );
    let after = mended.notebook.bytes();
    let changed = after != bytes;
    match input.path() {
        Some(path) if changed && task.patch => {
            // Writing to memory does not fail.
            let _ = unified_diff(
                &mut outcome.patch,
                &from_here(path),
                &bytes,
                after,
                &EXACT,
                // A patch is there to be applied.
                Secrets::Shown,
            );
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
    let secrets = input.secrets();
    let (own, told_of) = of_project(input, whole, task.options.safety, task.word());
    if task.report {
        let status = match changed || own.changed {
            true => Status::Mended,
            false => Status::Unchanged,
        };
        let mut account = Account::of(&mended);
        if let Some((_, cell, rewritten)) = whole {
            account.add_project(cell, rewritten, own.remaining.len());
        }
        let record = record(&input.name, status, Some(&account));
        outcome.record = secrets.masked(&record).into_owned();
    }
    let remaining = with_findings(&mended.remaining, own.remaining);
    count_remaining(input, &mended.notebook, &remaining, &mut outcome);
    outcome.messages.extend(own.warning.map(Message::Warning));
    outcome.tally.changed = usize::from(changed || own.changed);
    outcome.tally.applied = mended.applied.len() + own.applied;
    outcome.tally.outdated = mended.outputs.outdated_cells;
    let told = told_of + &told(&input.name, &mended, task);
    let told = secrets.masked(&told).into_owned().into_bytes();
    match input.path() {
        Some(_) => outcome.out = told,
        None => {
            outcome.messages.push(Message::Note(told));
            outcome.out = mended.notebook.into_bytes();
        }
    }
    outcome
}

/// The document with all fixes that promise enough, or with those that somebody accepts.
fn with_answers<'o>(
    document: Notebook,
    name: &str,
    origin: impl Into<Origin<'o>>,
    rules: &RuleSet,
    options: Options,
    asker: Option<&mut Asker<'_>>,
) -> Mended {
    match asker {
        None => mend_with(document, origin, rules, options),
        Some(asker) => {
            let ask = |proposal: Proposal<'_>| asker.ask(name, proposal);
            mend_asking(document, origin, rules, options, ask)
        }
    }
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

/// What the fixes of a project have done to one of its files.
#[derive(Default)]
pub(super) struct Share {
    pub(super) changed: bool,
    pub(super) applied: usize,
    pub(super) remaining: Vec<Finding>,
    pub(super) warning: Option<String>,
}

/// What a project's fixes did to a file, and how that is told: `word` says what became of them.
pub(super) fn of_project(
    input: &Input,
    whole: Option<(&AppFolder, CellId, &Rewritten)>,
    least: Safety,
    word: &str,
) -> (Share, String) {
    let Some((project, cell, rewritten)) = whole else {
        return (Share::default(), String::new());
    };
    let Rewritten {
        mended,
        changes,
        refused,
    } = rewritten;
    let here = |step: &&Step| step.cell == Some(cell);
    let steps: Vec<&Step> = mended.applied.iter().filter(here).collect();
    let name = visible(&input.name);
    if let Some(why) = refused {
        let warning = (!steps.is_empty()).then(|| format!("{name}: not mended: {why}"));
        let share = Share {
            warning,
            ..Share::default()
        };
        return (share, String::new());
    }
    let mut out = String::new();
    if !steps.is_empty() {
        let fixes = count(steps.len(), "fix", "fixes");
        // Writing to a text does not fail.
        let _ = writeln!(out, "{name}: {fixes} {word}");
        for step in &steps {
            let _ = writeln!(out, "  {}", one(step, false));
        }
    }
    let failed = mended.refused.iter();
    let late = mended.deferred.iter().filter(|it| it.step.safety >= least);
    for refusal in failed.chain(late).filter(|it| here(&&it.step)) {
        let _ = writeln!(out, "{name}: 1 fix refused");
        let _ = writeln!(out, "  {}", one(&refusal.step, false));
        let _ = writeln!(out, "    {}", visible(&refusal.why).replace('\n', "\n    "));
    }
    let share = Share {
        changed: input.path().is_some_and(|path| changes.contains_key(path)),
        applied: steps.len(),
        remaining: in_file(project, cell, &mended.remaining.findings),
        warning: None,
    };
    (share, out)
}

/// Findings with others beside them.
pub(super) fn with_findings(linted: &Linted, more: Vec<Finding>) -> Linted {
    let mut findings = linted.findings.clone();
    findings.extend(more);
    Linted {
        findings,
        allowed: linted.allowed.clone(),
        crashes: linted.crashes.clone(),
    }
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
    if mended.outputs.cleared > 0 {
        let outputs = count(mended.outputs.cleared, "output", "outputs");
        let word = if task.patch {
            "cleared in the patch"
        } else {
            "cleared"
        };
        let _ = writeln!(out, "{name}: {outputs} {word}");
    }
    // What somebody has just declined need not be told to them.
    let late = mended
        .deferred
        .iter()
        .filter(|it| it.step.safety >= task.options.safety && task.asker.is_none());
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
    if tally.outdated > 0 {
        let (cells, verb) = match tally.outdated {
            1 => ("mended cell", "keeps"),
            _ => ("mended cells", "keep"),
        };
        let _ = writeln!(
            out,
            "{} {cells} {verb} the outputs of the old text; `--clear-outputs changed` clears such outputs with the mending.",
            tally.outdated
        );
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
        _ if task.options.safety <= Safety::Unsafe => {}
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
