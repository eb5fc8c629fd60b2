//! `late-dotenv`: the environment is read before the `.env` file is.

use nbfix_lint::{Check, Findings, Report};
use nbfix_semantic::Semantic;

use crate::environment::{Step, What, as_run, events, is_provided, mentions};

pub(crate) const CHECK: Check = Check::Notebook(check);

/// One finding a notebook, at the first read that comes too early.
fn check<'a>(semantic: &Semantic<'a>, findings: &mut Findings<'_>) {
    if !mentions(semantic, &["environ", "getenv"]) {
        return;
    }
    let all = events(semantic);
    if !all.iter().any(|event| matches!(event.what, What::Load)) {
        return;
    }
    let steps = as_run(&all);
    let Some(load) = steps
        .iter()
        .position(|step| matches!(step.event.what, What::Load))
    else {
        return;
    };
    let (before, after) = steps.split_at(load);
    // Whoever loads under a condition, or in a handler, has thought of something else.
    let Some(loads) = after.first().filter(|step| !step.call.conditional) else {
        return;
    };
    let mut known: Vec<&str> = Vec::new();
    let mut late: Vec<(&Step<'_, 'a>, &str)> = Vec::new();
    for step in before {
        match &step.event.what {
            What::Set(None) => return,
            What::Set(Some(name)) | What::Test(Some(name)) => known.push(name),
            What::Read { name, .. } => {
                let excused = known.contains(&name.as_str())
                    || is_provided(name)
                    || step.event.guarded
                    || is_read(after, name)
                    || late.iter().any(|(_, other)| other == name);
                if !excused {
                    late.push((step, name));
                }
            }
            _ => {}
        }
    }
    let Some(((first, name), others)) = late.split_first() else {
        return;
    };
    let mut report = Report::at(first.call.cell, first.call.range)
        .with("name", *name)
        .with("cell", loads.call.cell.number().to_string())
        .label(
            loads.call.cell,
            loads.call.range,
            "the `.env` file is read here",
        );
    if !std::ptr::eq(first.call, first.event) {
        report = report.says("call").label(
            first.event.cell,
            first.event.range,
            format!("`{name}` is read here"),
        );
    }
    for (step, name) in others {
        let text = format!("`{name}` is read too early, too");
        report = report.label(step.event.cell, step.event.range, text);
    }
    findings.push(report);
}

/// Whether the variable is read again, in time.
fn is_read(steps: &[Step<'_, '_>], name: &str) -> bool {
    steps
        .iter()
        .any(|step| matches!(&step.event.what, What::Read { name: read, .. } if read == name))
}
