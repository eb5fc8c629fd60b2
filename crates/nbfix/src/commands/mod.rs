//! What the command can do.

mod allow;
mod baseline;
mod check;
mod completions;
mod config;
mod diff;
mod docs;
mod explain;
mod fix;
mod functions;
mod interactive;
mod new_rule;
mod rules;
mod schema;
mod search;
mod sinks;
mod test;
mod undo;

pub(crate) use allow::allow;
pub(crate) use baseline::baseline;
pub(crate) use check::check;
pub(crate) use completions::{completions, man};
pub(crate) use config::config;
pub(crate) use diff::diff;
pub(crate) use docs::docs;
pub(crate) use explain::explain;
use fix::applied;
pub(crate) use fix::fix;
pub(crate) use functions::functions;
pub(crate) use new_rule::new_rule;
pub(crate) use rules::rules;
pub(crate) use schema::schema;
pub(crate) use search::search;
pub(crate) use test::test;
pub(crate) use undo::undo;

use nbfix_ipynb::{LoadError, Notebook};
use nbfix_lint::{Crash, Finding, Linted};
use nbfix_report::Document;
use nbfix_rules::unreadable;

use crate::function_apps::FunctionApps;
use crate::inputs::Input;
use crate::journal::Journal;
use crate::outcome::{Message, Outcome};
use crate::terminal::{Terminal, reason};

/// Reads and loads a document. What cannot be read is told in the outcome; what cannot be loaded is handed back.
fn open(input: &Input, outcome: &mut Outcome) -> Option<Result<Notebook, LoadError>> {
    match input.read() {
        Ok(bytes) => Some(input.load(bytes)),
        Err(error) => {
            outcome.trouble(format!("{}: {}", input.name, reason(&error)));
            None
        }
    }
}

/// Counts a document that was not mended because it does not load, and says so.
fn not_mended(input: &Input, error: &LoadError, outcome: &mut Outcome) {
    let findings = unreadable(error, &input.rules());
    if !findings.is_empty() {
        let document = Document {
            path: &input.name,
            notebook: None,
            bytes: &[],
            findings: &findings,
            crashes: &[],
            secrets: &input.secrets(),
        };
        outcome.tally.count(&document, input.fail_on());
    }
    let message = format!("{}: not mended: {error}", input.name);
    outcome.messages.push(Message::Warning(message));
}

/// Counts what is left in a document after mending, and tells the rules that panicked.
fn count_remaining(input: &Input, notebook: &Notebook, remaining: &Linted, outcome: &mut Outcome) {
    let document = Document {
        path: &input.name,
        notebook: Some(notebook),
        bytes: notebook.bytes(),
        findings: &remaining.findings,
        crashes: &remaining.crashes,
        secrets: &input.secrets(),
    };
    outcome.tally.count(&document, input.fail_on());
    for crash in &remaining.crashes {
        outcome.messages.push(crash_message(input, crash));
    }
}

/// What was found in a file, with what its project tells of it.
fn with_project(mut linted: Linted, apps: &FunctionApps, input: &Input) -> Linted {
    let (findings, crashes) = apps.findings(input);
    if !findings.is_empty() {
        linted.findings.extend(findings);
        linted.findings.sort_by_cached_key(Finding::order);
    }
    linted.crashes.extend(crashes);
    linted
}

/// That a document was left as it is because of a bug.
fn left_alone(input: &Input, crash: &Crash) -> Outcome {
    let mut outcome = Outcome::default();
    outcome.messages.push(crash_message(input, crash));
    outcome.tally.trouble = true;
    outcome
}

fn crash_message(input: &Input, crash: &Crash) -> Message {
    let Crash { rule, message } = crash;
    Message::Error(format!(
        "{}: rule `{rule}` panicked: {message} (a bug of nbfix, please report it)",
        input.name
    ))
}

/// Ends the journal of a run that came to its end, and tells what should be known of it.
fn end(journal: Journal, terminal: &Terminal) {
    let ended = journal.end();
    if ended.resumed {
        terminal
            .note(b"This went on with a run that was interrupted; `nbfix undo` takes back both.\n");
    }
    if let Some(why) = ended.failed {
        terminal.warning(&format!(
            "no journal was kept, so `nbfix undo` does not know this run: {why}"
        ));
    }
}
