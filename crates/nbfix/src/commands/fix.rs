//! `nbfix fix`.

use std::fmt::Write as _;

use nbfix_fix::{Mended, Options, Refusal, Step, mend_with};
use nbfix_ipynb::{CellId, DocumentKind};
use nbfix_lint::{Finding, Linted, Safety};
use nbfix_report::Summary;

use super::{count_remaining, left_alone, not_mended, open};
use crate::app_folder::AppFolder;
use crate::arguments::FixArguments;
use crate::function_apps::{FunctionApps, Rewritten, in_file};
use crate::inputs::Input;
use crate::outcome::{Exit, Message, Outcome, Tally, count};
use crate::project::Projects;
use crate::runner::{Frame, Run};
use crate::terminal::{Terminal, visible};
use crate::write::replace;

/// Mends what can be mended.
pub(crate) fn fix(arguments: &FixArguments, terminal: &Terminal) -> anyhow::Result<Exit> {
    let projects = Projects::new(&arguments.rules, Some(&arguments.failing))?;
    let options = arguments.clear.options(&arguments.safety);
    let least = options.safety;
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
    let tally = run.each_of(
        found,
        |input| fix_one(input, &apps, options),
        |input, crash| {
            let mut outcome = left_alone(input, &crash);
            outcome.out = passed_through(input);
            outcome
        },
        |_| Ok(()),
    )?;
    if !arguments.telling.quiet && tally.summary.files > 0 {
        let text = summary(&tally, least);
        if arguments.files.is_stdin() {
            terminal.note(text.as_bytes());
        } else {
            terminal.print(text.as_bytes())?;
        }
    }
    let mended = arguments.exit_non_zero_on_fix && tally.applied > 0;
    Ok(match tally.exit(&arguments.failing) {
        Exit::Clean if mended => Exit::Findings,
        exit => exit,
    })
}

fn fix_one(input: &Input, apps: &FunctionApps, options: Options) -> Outcome {
    let least = options.safety;
    let mut outcome = Outcome::default();
    // The project's own fixes come first, of all its files at once; what is read then is what they have left.
    let whole = apps.rewritten(input, least, true);
    let before = match open(input, &mut outcome) {
        None => return outcome,
        Some(Ok(notebook)) => notebook,
        Some(Err(error)) => {
            not_mended(input, &error, &mut outcome);
            outcome.out = passed_through(input);
            return outcome;
        }
    };
    let bytes = before.bytes().to_vec();
    let folder = input.folder();
    let mended = mend_with(
        before,
        input.origin(&folder),
        &apps.rules_for(input),
        options,
    );
    let after = mended.notebook.bytes();
    let changed = after != bytes;
    if let Some(path) = input.path()
        && changed
        && let Err(error) = replace(path, &bytes, after)
    {
        outcome.trouble(format!("{}: not written: {error:#}", input.name));
        return outcome;
    }
    let (own, told_of) = of_project(input, whole, least);
    let remaining = with_findings(&mended.remaining, own.remaining);
    count_remaining(input, &mended.notebook, &remaining, &mut outcome);
    outcome.messages.extend(own.warning.map(Message::Warning));
    outcome.tally.changed = usize::from(changed || own.changed);
    outcome.tally.applied = mended.applied.len() + own.applied;
    outcome.tally.outdated = mended.outputs.outdated_cells;
    let told = (told_of + &told(&input.name, &mended, least)).into_bytes();
    match input.path() {
        Some(_) => outcome.out = told,
        None => {
            outcome.messages.push(Message::Note(told));
            outcome.out = mended.notebook.into_bytes();
        }
    }
    outcome
}

/// What the fixes of a project have done to one of its files.
#[derive(Default)]
pub(super) struct Share {
    pub(super) changed: bool,
    pub(super) applied: usize,
    pub(super) remaining: Vec<Finding>,
    pub(super) warning: Option<String>,
}

/// What a project's fixes did to a file, and how that is told.
pub(super) fn of_project(
    input: &Input,
    whole: Option<(&AppFolder, CellId, &Rewritten)>,
    least: Safety,
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
        let _ = writeln!(out, "{name}: {fixes} applied");
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
    let fixes = count(steps.len(), "fix", "fixes");
    let mut out = format!("{}: {fixes} applied\n", visible(name));
    for step in steps {
        let _ = writeln!(out, "  {}", one(step, cells));
    }
    out
}

/// What was done to one document, and what was not. Fixes that only promise too little are left to the summary.
fn told(name: &str, mended: &Mended, least: Safety) -> String {
    let name = visible(name);
    let cells = mended.notebook.kind() == DocumentKind::Notebook;
    let mut out = String::new();
    if !mended.applied.is_empty() {
        out = applied(&name, &mended.applied, cells);
    }
    if mended.outputs.cleared > 0 {
        let outputs = count(mended.outputs.cleared, "output", "outputs");
        let _ = writeln!(out, "{name}: {outputs} cleared");
    }
    let late = mended.deferred.iter().filter(|it| it.step.safety >= least);
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
fn summary(tally: &Tally, least: Safety) -> String {
    let mut out = String::new();
    let files = count(tally.summary.files, "file", "files");
    if tally.applied == 0 {
        let _ = writeln!(out, "Nothing was mended in {files}.");
    } else {
        let fixes = count(tally.applied, "fix", "fixes");
        let _ = writeln!(out, "Applied {fixes} in {}.", tally.changed_files());
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
        let (findings, verb) = match left {
            1 => ("finding", "remains"),
            _ => ("findings", "remain"),
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
        _ if least <= Safety::Unsafe => {}
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
