//! `nbfix check`.

use nbfix_ipynb::Notebook;
use nbfix_lint::{Crash, Finding, Linted, RuleSet, lint};
use nbfix_report::{Document, JsonArray, Style, concise, full};
use nbfix_rules::unreadable;
use nbfix_semantic::{Semantic, Sources};

use super::{open, selected, with_project};
use crate::arguments::{CheckArguments, OutputFormat};
use crate::function_apps::FunctionApps;
use crate::inputs::{Input, find};
use crate::outcome::{Exit, Message, Outcome};
use crate::runner::{Frame, Run};
use crate::terminal::Terminal;

/// The arrays of the files as one.
pub(super) const ARRAY: Frame = Frame {
    open: "[\n",
    between: ",\n",
    close: "\n]\n",
    empty: "[]\n",
};

/// Tells what is wrong.
pub(crate) fn check(arguments: &CheckArguments, terminal: &Terminal) -> anyhow::Result<Exit> {
    let rules = selected(&arguments.rules, terminal)?;
    let format = arguments.output_format;
    let json = format == OutputFormat::Json;
    let run = Run {
        files: &arguments.files,
        telling: &arguments.telling,
        terminal,
        frame: if json { ARRAY } else { Frame::PLAIN },
        persistent: false,
    };
    let style = &terminal.style;
    let found = find(&arguments.files)?;
    let apps = FunctionApps::among(&found.inputs, &rules);
    let tally = run.each(
        found,
        |input| check_one(input, &rules, &apps, format, style),
        |input, crash| told(input, None, &[], &[crash], format, style),
    )?;
    if !json && !arguments.telling.quiet && tally.summary.files > 0 {
        terminal.print(format!("{}\n", tally.summary).as_bytes())?;
    }
    Ok(tally.exit(&arguments.failing))
}

fn check_one(
    input: &Input,
    rules: &RuleSet,
    apps: &FunctionApps,
    format: OutputFormat,
    style: &Style,
) -> Outcome {
    let mut outcome = Outcome::default();
    match open(input, &mut outcome) {
        None => outcome,
        Some(Ok(notebook)) => {
            let folder = input.folder();
            let sources = Sources::parse(&notebook, input.origin(&folder));
            let rules = apps.rules_for(input, rules);
            let linted = lint(&Semantic::new(&notebook, &sources), rules);
            let Linted { findings, crashes } = with_project(linted, apps, input);
            told(input, Some(&notebook), &findings, &crashes, format, style)
        }
        Some(Err(error)) => {
            let findings = unreadable(&error, rules);
            if findings.is_empty() {
                let message = format!("{}: not checked: {error}", input.name);
                outcome.messages.push(Message::Warning(message));
                return outcome;
            }
            told(input, None, &findings, &[], format, style)
        }
    }
}

/// What was found in one document, as it is printed. Of one that did not load the bytes are read again: the notebook
/// that was not to be has taken them with it.
fn told(
    input: &Input,
    notebook: Option<&Notebook>,
    findings: &[Finding],
    crashes: &[Crash],
    format: OutputFormat,
    style: &Style,
) -> Outcome {
    let again = match notebook {
        Some(_) => Vec::new(),
        None => input.read().unwrap_or_default(),
    };
    let document = Document {
        path: &input.name,
        notebook,
        bytes: notebook.map_or(&again, Notebook::bytes),
        findings,
        crashes,
    };
    let mut outcome = Outcome::default();
    outcome.tally.count(&document);
    outcome.out = rendered(&document, format, style);
    outcome
}

/// One document in the format that was asked for.
pub(super) fn rendered(document: &Document<'_>, format: OutputFormat, style: &Style) -> Vec<u8> {
    let mut out = Vec::new();
    // Writing to memory does not fail.
    let _ = match format {
        OutputFormat::Full => full(&mut out, document, style),
        OutputFormat::Concise => concise(&mut out, document, style),
        OutputFormat::Json => {
            let mut array = JsonArray::new(&mut out);
            let _ = array.add(document);
            array.finish().map(|_| ())
        }
    };
    if format == OutputFormat::Json {
        let inner = out.strip_prefix(ARRAY.open.as_bytes());
        let inner = inner.and_then(|rest| rest.strip_suffix(ARRAY.close.as_bytes()));
        return inner.map_or_else(Vec::new, <[u8]>::to_vec);
    }
    out
}
