//! `unguarded-env`: `os.environ["X"]`, and nothing in the notebook that sets it or asks for it.

use nbfix_ipynb::CellKind;
use nbfix_lint::{Check, Findings, Level, Report};
use nbfix_semantic::Semantic;

use crate::degrade::Plan;
use crate::env_reads::{Variable, sources, variables};
use crate::environment::aliases;

pub(crate) const CHECK: Check = Check::Notebook(check);

fn check<'a>(semantic: &Semantic<'a>, findings: &mut Findings<'_>) {
    let mut plan: Option<Plan> = None;
    for variable in variables(semantic) {
        let Some(mut report) = report(semantic, &variable) else {
            continue;
        };
        if !sources(semantic, &variable).is_empty() {
            let plan = plan.get_or_insert_with(|| Plan::of(semantic, findings));
            report = plan.add_to(semantic, report);
        }
        findings.push(report);
    }
}

fn report(semantic: &Semantic<'_>, variable: &Variable<'_>) -> Option<Report> {
    let name = variable.name.as_str();
    let (first, others) = variable.reads.split_first()?;
    let aliases: Vec<&str> = aliases(name).collect();
    let mut report = Report::at(first.cell, first.range)
        .with("name", name)
        .with("aliases", quoted(&aliases));
    for other in others {
        report = report.label(other.cell, other.range, "read here too");
    }
    // The notebook has it, under another name.
    if let Some((alias, event)) = &variable.set {
        report = report.says("alias").with("alias", alias.as_str()).label(
            event.cell,
            event.range,
            format!("`{alias}` is set here"),
        );
    } else if !aliases.is_empty() {
        report = report.says("aliases");
    }
    if is_documented(semantic, name) || variable.loaded && variable.set.is_none() {
        report = report.level(Level::Note);
    }
    Some(report)
}

/// Whether the text of the notebook speaks of the variable, so that its reader has been told.
fn is_documented(semantic: &Semantic<'_>, name: &str) -> bool {
    let texts = semantic.notebook().cells().iter();
    let texts = texts.filter(|cell| cell.kind == CellKind::Markdown);
    let in_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    texts
        .flat_map(|cell| cell.source.split(|c| !in_name(c)))
        .any(|word| word == name)
}

fn quoted(names: &[&str]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}
