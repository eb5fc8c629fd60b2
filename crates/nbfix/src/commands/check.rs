//! `nbfix check`.

use nbfix_fix::mend;
use nbfix_ipynb::{DocumentKind, Notebook};
use nbfix_lint::{Crash, Finding, Linted, RuleSet, Safety, lint};
use nbfix_report::{Document, Style, Totals, masked_findings};
use nbfix_rules::unreadable;
use nbfix_semantic::{Semantic, Sources};

use super::fix::{of_project, with_findings};
use super::{applied, end, open, with_project};
use crate::arguments::{CheckArguments, ClearArguments, ClearOutputs, DiffArguments, ReportFormat};
use crate::baseline::{Baselines, Compared};
use crate::changed::Changed;
use crate::function_apps::FunctionApps;
use crate::inputs::Input;
use crate::journal::Journal;
use crate::outcome::{Exit, Message, Outcome, Tally, count};
use crate::project::Projects;
use crate::reports::{Reports, render};
use crate::runner::{Frame, Pace, Run};
use crate::statistics;
use crate::terminal::Terminal;
use crate::write::replace;

/// Columns of a text in a file.
const FILE_WIDTH: usize = 100;

/// What is done with each document.
struct Task<'a> {
    /// The format of stdout, if nothing has to stand around the documents.
    plain: Option<ReportFormat>,
    /// The formats of frames and files.
    framed: Vec<ReportFormat>,
    style: &'a Style,
    /// The lowest promise of the fixes that are applied first.
    fixing: Option<Safety>,
    show_fixes: bool,
    baselines: Option<Baselines>,
    changed: Option<Changed>,
    journal: Journal,
    apps: FunctionApps,
}

/// Tells what is wrong.
pub(crate) fn check(arguments: &CheckArguments, terminal: &Terminal) -> anyhow::Result<Exit> {
    if arguments.mending.diff {
        return super::diff(&as_diff(arguments), terminal);
    }
    let projects = Projects::new(&arguments.rules, Some(&arguments.failing))?;
    let format = arguments.report.output_format;
    let json = format == ReportFormat::Json;
    let only_count = arguments.statistics;
    // Whoever pipes a document through gets it back on stdout.
    let piped = arguments.mending.fix && arguments.files.is_stdin();
    let plain = matches!(
        format,
        ReportFormat::Full | ReportFormat::Concise | ReportFormat::Github | ReportFormat::Jsonl
    );
    let run = Run {
        files: &arguments.files,
        projects: &projects,
        telling: &arguments.telling,
        terminal,
        frame: Frame::PLAIN,
        persistent: arguments.mending.fix || !arguments.report.output.is_empty(),
    };
    let found = run.find()?;
    if arguments.show_files {
        let names = found.inputs.iter().map(|input| format!("{}\n", input.name));
        terminal.print(names.collect::<String>().as_bytes())?;
        found.errors.iter().for_each(|error| terminal.error(error));
        return Ok(match found.errors.is_empty() {
            true => Exit::Clean,
            false => Exit::Trouble,
        });
    }
    let filter = &arguments.filter;
    let baselines = match filter.no_baseline {
        true => None,
        false => Some(Baselines::read(
            &found.inputs,
            filter.baseline.as_deref(),
            true,
        )?),
    };
    let changed = filter.changed_since.as_deref();
    let changed = changed.map(|revision| Changed::since(revision, &found.inputs));
    let lost = baselines.iter().flat_map(Baselines::all);
    let lost: usize = lost.map(|baseline| baseline.lost()).sum();
    let to_stdout = !plain && !only_count;
    let mut reports = Reports::open(&arguments.report, to_stdout, piped, terminal)?;
    let task = Task {
        plain: (plain && !only_count).then_some(format),
        framed: reports.formats(),
        style: &terminal.style,
        fixing: arguments.mending.fix.then(|| arguments.safety.least()),
        show_fixes: arguments.mending.show_fixes,
        baselines,
        changed: changed.transpose()?,
        journal: Journal::of_this_run(arguments.mending.journal.wanted()),
        apps: FunctionApps::among(&found.inputs),
    };
    let mut lost_output = None;
    let mut tally = run.each_at(
        Pace::Parallel,
        found,
        |input| check_one(input, &task),
        |input, crash| told(input, None, &[], &[crash], &task),
        |outcome| {
            if lost_output.is_none() {
                lost_output = reports.add(&outcome.reports, outcome.totals.as_ref()).err();
            }
        },
    )?;
    match lost_output {
        Some(error) => return Err(error.into()),
        None => reports.finish()?,
    }
    tally.gone += lost;
    if only_count {
        let text = match json {
            true => statistics::json(&tally)?,
            false => statistics::text(&tally, terminal),
        };
        terminal.print(text.as_bytes())?;
    }
    if !arguments.telling.quiet && (tally.summary.files > 0 || task.changed.is_some()) {
        let text = summary(&tally, arguments);
        if format.is_for_programs() || piped {
            // Stdout is for programs. The numbers that only people need are left out there.
            if arguments.mending.fix {
                terminal.note(text.as_bytes());
            }
        } else {
            terminal.print(text.as_bytes())?;
        }
    }
    end(task.journal, terminal);
    let mended = arguments.mending.exit_non_zero_on_fix && tally.applied > 0;
    Ok(match tally.exit(&arguments.failing) {
        Exit::Clean if mended => Exit::Findings,
        exit => exit,
    })
}

/// `check --diff` is `diff`.
fn as_diff(arguments: &CheckArguments) -> DiffArguments {
    DiffArguments {
        files: arguments.files.clone(),
        rules: arguments.rules.clone(),
        safety: arguments.safety.clone(),
        clear: ClearArguments {
            clear_outputs: ClearOutputs::None,
        },
        cells: false,
        show_secrets: arguments.mending.show_secrets,
        exit_zero: arguments.failing.exit_zero,
        telling: arguments.telling.clone(),
    }
}

fn summary(tally: &Tally, arguments: &CheckArguments) -> String {
    let mut out = String::new();
    if tally.applied > 0 {
        let fixes = count(tally.applied, "fix", "fixes");
        out.push_str(&format!("Applied {fixes} in {}.\n", tally.changed_files()));
    }
    if let Some(revision) = &arguments.filter.changed_since
        && tally.summary.files == 0
    {
        out.push_str(&format!("No notebook has changed since {revision}.\n"));
        return out;
    }
    out.push_str(&format!("{}\n", tally.summary));
    if tally.known > 0 {
        let findings = count(tally.known, "more finding", "more findings");
        out.push_str(&format!("{findings} in the baseline.\n"));
    }
    if tally.gone > 0 {
        let (findings, verb) = match tally.gone {
            1 => ("finding", "is"),
            _ => ("findings", "are"),
        };
        out.push_str(&format!(
            "{} {findings} of the baseline {verb} gone; `nbfix baseline write` drops what is gone.\n",
            tally.gone
        ));
    }
    out
}

fn check_one(input: &Input, task: &Task<'_>) -> Outcome {
    let mut outcome = Outcome::default();
    // A function app is mended as a whole before its files are.
    let fixing = task.fixing;
    let whole = fixing.and_then(|least| {
        let how = |project, name: &str, rules: &RuleSet| mend(project, name, rules, least);
        task.apps.rewritten(input, how, Some(&task.journal))
    });
    let rules = task.apps.rules_for(input);
    let loaded = match open(input, &mut outcome) {
        None => return outcome,
        Some(loaded) => loaded,
    };
    let (notebook, mut linted) = match loaded {
        Ok(notebook) => {
            let folder = input.folder();
            let origin = input.origin(&folder);
            let (notebook, linted) = match task.fixing {
                None => {
                    let sources = Sources::parse(&notebook, origin);
                    let linted = lint(&Semantic::new(&notebook, &sources), &rules);
                    (notebook, with_project(linted, &task.apps, input))
                }
                Some(least) => {
                    let before = notebook.bytes().to_vec();
                    let mended = mend(notebook, origin, &rules, least);
                    let after = mended.notebook.bytes();
                    let changed = after != before;
                    if let Some(path) = input.path()
                        && changed
                        && let Err(error) = replace(path, &before, after, &task.journal)
                    {
                        outcome.trouble(format!("{}: not written: {error:#}", input.name));
                        return outcome;
                    }
                    let (own, told_of) = of_project(input, whole, least, "applied");
                    outcome.tally.changed = usize::from(changed || own.changed);
                    outcome.tally.applied = mended.applied.len() + own.applied;
                    outcome.messages.extend(own.warning.map(Message::Warning));
                    if task.show_fixes && !told_of.is_empty() {
                        outcome.messages.push(Message::Note(told_of.into_bytes()));
                    }
                    if task.show_fixes && !mended.applied.is_empty() {
                        let is_notebook = mended.notebook.kind() == DocumentKind::Notebook;
                        let text = applied(&input.name, &mended.applied, is_notebook);
                        outcome.messages.push(Message::Note(text.into_bytes()));
                    }
                    let remaining = with_findings(&mended.remaining, own.remaining);
                    (mended.notebook, remaining)
                }
            };
            (Some(notebook), linted)
        }
        Err(error) => {
            let findings = unreadable(&error, &rules);
            if findings.is_empty() {
                let message = format!("{}: not checked: {error}", input.name);
                outcome.messages.push(Message::Warning(message));
                return outcome;
            }
            let linted = Linted {
                findings,
                ..Linted::default()
            };
            (None, linted)
        }
    };
    if let Some(changed) = &task.changed {
        match changed.part(input, notebook.as_ref()) {
            None => return outcome,
            Some(part) => linted.findings.retain(|finding| part.holds(finding)),
        }
    }
    let baseline = task.baselines.as_ref().and_then(|all| all.of(input));
    let compared = match baseline {
        Some(baseline) => baseline.part(input, notebook.as_ref(), &rules, &mut linted.findings),
        None => Compared::default(),
    };
    let told = told(
        input,
        notebook.as_ref(),
        &linted.findings,
        &linted.crashes,
        task,
    );
    outcome.tally.add(told.tally);
    outcome.tally.known = compared.known;
    // Of a part of the cells nobody knows what is gone.
    outcome.tally.gone = match task.changed {
        None => compared.gone,
        Some(_) => 0,
    };
    outcome.out = told.out;
    outcome.reports = told.reports;
    outcome.totals = told.totals;
    // Whoever pipes a document through gets it back; what is told goes to stderr then.
    if input.path().is_none() && task.fixing.is_some() {
        outcome.messages.push(Message::Note(outcome.out));
        outcome.out = match notebook {
            Some(notebook) => notebook.into_bytes(),
            None => input.read().unwrap_or_default(),
        };
    }
    outcome
}

/// What was found in one document, as it is printed. Of one that did not load the bytes are read again: the notebook
/// that was not to be has taken them with it.
fn told(
    input: &Input,
    notebook: Option<&Notebook>,
    findings: &[Finding],
    crashes: &[Crash],
    task: &Task<'_>,
) -> Outcome {
    let again = match notebook {
        Some(_) => Vec::new(),
        None => input.read().unwrap_or_default(),
    };
    let document = Document {
        path: &input.name,
        notebook,
        bytes: notebook.map_or(&again, Notebook::bytes),
        findings: &masked_findings(findings, &input.secrets()),
        crashes,
        secrets: &input.secrets(),
    };
    let mut outcome = Outcome::default();
    outcome.tally.count(&document, input.fail_on());
    if let Some(format) = task.plain {
        outcome.out = render(&document, format, task.style);
    }
    if !task.framed.is_empty() {
        let plain = Style {
            color: false,
            width: FILE_WIDTH,
        };
        let formats = task.framed.iter();
        outcome.reports = formats
            .map(|format| render(&document, *format, &plain))
            .collect();
        outcome.totals = Some(Totals::of(&document));
    }
    outcome
}
