//! `nbfix diff`.

use std::path::{Component, Path};

use nbfix_fix::{Options, mend, mend_with};
use nbfix_report::{Detector, Secrets, Style, cell_diff, unified_diff};

use super::fix::{of_project, with_findings};
use super::{count_remaining, left_alone, not_mended, open};
use crate::arguments::DiffArguments;
use crate::config::plain_path;
use crate::function_apps::FunctionApps;
use crate::inputs::Input;
use crate::outcome::{Exit, Message, Outcome, Tally, count};
use crate::project::Projects;
use crate::runner::{Frame, Run};
use crate::terminal::Terminal;

/// How a difference is shown.
struct Looks<'a> {
    cells: bool,
    show_secrets: bool,
    style: &'a Style,
    options: Options,
}

/// Shows what `fix` would do.
pub(crate) fn diff(arguments: &DiffArguments, terminal: &Terminal) -> anyhow::Result<Exit> {
    let projects = Projects::new(&arguments.rules, None)?;
    let looks = Looks {
        cells: arguments.cells,
        show_secrets: arguments.show_secrets,
        style: &terminal.style,
        options: arguments.clear.options(&arguments.safety),
    };
    let run = Run {
        files: &arguments.files,
        projects: &projects,
        telling: &arguments.telling,
        terminal,
        frame: Frame::PLAIN,
        persistent: false,
    };
    let found = run.find()?;
    let apps = FunctionApps::among(&found.inputs);
    let tally = run.each_of(
        found,
        |input| diff_one(input, &apps, &looks),
        |input, crash| left_alone(input, &crash),
    )?;
    if !arguments.telling.quiet && tally.summary.files > 0 {
        let text = match tally.applied {
            0 => {
                let files = count(tally.summary.files, "file", "files");
                format!("Nothing would be mended in {files}.\n")
            }
            fixes => {
                let fixes = count(fixes, "fix", "fixes");
                format!("Would apply {fixes} in {}.\n", tally.changed_files())
            }
        };
        // Stdout is for whoever applies the diff.
        terminal.note(text.as_bytes());
    }
    tell_masked(&tally, terminal);
    Ok(if tally.trouble {
        Exit::Trouble
    } else if tally.changed > 0 && !arguments.exit_zero {
        Exit::Findings
    } else {
        Exit::Clean
    })
}

fn diff_one(input: &Input, apps: &FunctionApps, looks: &Looks<'_>) -> Outcome {
    let mut outcome = Outcome::default();
    let before = match open(input, &mut outcome) {
        None => return outcome,
        Some(Ok(notebook)) => notebook,
        Some(Err(error)) => {
            not_mended(input, &error, &mut outcome);
            return outcome;
        }
    };
    let whole = apps.rewritten(
        input,
        |project, name, rules| mend(project, name, rules, looks.options.safety),
        None,
    );
    // What the project's own fixes leave is what the file's are applied to.
    let changed = whole.and_then(|(_, _, rewritten)| rewritten.changes.get(input.path()?));
    let start = match changed.map(|bytes| input.load(bytes.clone())) {
        Some(Ok(notebook)) => notebook,
        _ => before.clone(),
    };
    let folder = input.folder();
    let mended = mend_with(
        start,
        input.origin(&folder),
        &apps.rules_for(input),
        looks.options,
    );
    let (own, _) = of_project(input, whole, looks.options.safety, "applied");
    let after = mended.notebook;
    let detector = input.secrets();
    let secrets = secrets(looks.show_secrets, &detector);
    let out = &mut outcome.out;
    // Writing to memory does not fail.
    let difference = if looks.cells {
        cell_diff(out, &input.name, &before, &after, looks.style, secrets)
    } else {
        let path = input.path().map_or_else(|| input.name.clone(), from_here);
        unified_diff(
            out,
            &path,
            before.bytes(),
            after.bytes(),
            looks.style,
            secrets,
        )
    };
    let remaining = with_findings(&mended.remaining, own.remaining);
    count_remaining(input, &after, &remaining, &mut outcome);
    outcome.messages.extend(own.warning.map(Message::Warning));
    let difference = difference.unwrap_or_default();
    outcome.tally.changed = usize::from(difference.differs);
    outcome.tally.masked = difference.masked;
    outcome.tally.applied = mended.applied.len() + own.applied;
    outcome
}

/// What `--show-secrets` says.
pub(super) fn secrets(show: bool, detector: &Detector) -> Secrets<'_> {
    match show {
        true => Secrets::Shown,
        false => Secrets::Masked(detector),
    }
}

/// Says that a diff is not what it would have to be to apply.
pub(super) fn tell_masked(tally: &Tally, terminal: &Terminal) {
    if tally.masked > 0 {
        let lines = count(tally.masked, "line", "lines");
        terminal.warning(&format!(
            "secrets are masked in {lines}, so the diff does not apply; `--show-secrets` writes them as they are"
        ));
    }
}

/// The path as `git apply` in the current folder takes it. What lies outside of that folder is named from the root;
/// git does not follow `..`.
pub(super) fn from_here(path: &Path) -> String {
    let plain = plain_path(path);
    let here = std::env::current_dir().unwrap_or_default();
    let named: Vec<String> = plain
        .strip_prefix(here)
        .unwrap_or(&plain)
        .components()
        .filter_map(|part| match part {
            Component::Normal(name) => Some(name.to_string_lossy().into_owned()),
            _ => None,
        })
        .collect();
    named.join("/")
}
