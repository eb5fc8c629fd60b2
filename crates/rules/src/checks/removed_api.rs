//! `removed-api`: a call that the library no longer has.

use nbfix_lint::{Check, Findings, Report};
use nbfix_semantic::Semantic;

use crate::openai::migration;
use crate::pins::asks_for_older;
use crate::removed::uses;

pub(crate) const CHECK: Check = Check::Notebook(check);

fn check<'a>(semantic: &Semantic<'a>, findings: &mut Findings<'_>) {
    for (cell, at, path, row) in uses(semantic) {
        if !asks_for_older(semantic, &row.package, &row.since) {
            let report = Report::at(cell, at)
                .says("gone")
                .with("name", path)
                .with("package", row.package.as_str())
                .with("since", row.since.as_str());
            findings.push(report.help(format!("use {}", row.instead)));
        }
    }
    openai(semantic, findings);
}

fn openai<'a>(semantic: &Semantic<'a>, findings: &mut Findings<'_>) {
    let allowed = |cell, at| findings.is_allowed(cell, at);
    let Some(migration) = migration(semantic, allowed) else {
        return;
    };
    if asks_for_older(semantic, "openai", "1.0") {
        return;
    }
    for each in &migration.uses {
        let mut report = Report::at(each.cell, each.at).with("name", each.name.as_str());
        match &migration.edits {
            // All findings of a notebook share one fix: a call and the reads of its answer change together.
            Ok(edits) => {
                for (cell, edit) in edits {
                    report = report.edit(*cell, edit.clone());
                }
            }
            Err(why) => {
                report = report.help(format!(
                    "make a client, `client = OpenAI()`, and call it: `client.chat.completions.create(...)`; \
                     it is not mended by itself because {why}"
                ));
            }
        }
        findings.push(report);
    }
}
