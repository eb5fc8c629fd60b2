//! `removed-api`: a call that the library no longer has.

use nbfix_lint::{Check, Findings, Level, Report};
use nbfix_semantic::Semantic;

use crate::migrate::{Migration, migrations};
use crate::openai::migration;
use crate::pins::asks_for_older;
use crate::removed::uses;

pub(crate) const CHECK: Check = Check::Notebook(check);

/// A version that nothing has.
const LATEST: &str = "9999";

fn check<'a>(semantic: &Semantic<'a>, findings: &mut Findings<'_>) {
    let allowed = |cell, at| findings.is_allowed(cell, at);
    let migrations = migrations(semantic, &allowed);
    for (cell, at, path, row) in uses(semantic) {
        if !asks_for_older(semantic, &row.package, &row.since) {
            let report = Report::at(cell, at)
                .says("gone")
                .with("name", path)
                .with("package", row.package.as_str())
                .with("since", row.since.as_str());
            let report = report.help(format!("use {}", row.instead));
            let mended = migrations
                .iter()
                .find(|migration| migration.words.package == row.package);
            findings.push(match mended {
                Some(migration) => with_fix(report, migration),
                None => report,
            });
        }
    }
    for migration in &migrations {
        // Whoever asks for a version of what is left behind knows what he has.
        if asks_for_older(semantic, migration.words.package, LATEST) {
            continue;
        }
        for (cell, at, old, new) in &migration.told {
            let report = Report::at(*cell, *at)
                .says("left")
                .level(Level::Note)
                .with("name", *old)
                .with("instead", *new);
            findings.push(with_fix(report, migration));
        }
    }
    openai(semantic, findings);
}

/// The fix of the whole notebook, or why there is none.
fn with_fix(report: Report, migration: &Migration) -> Report {
    let words = migration.words;
    let mut report = report
        .with("new", words.new)
        .with("needs", words.needs)
        .with("caution", words.caution);
    match &migration.edits {
        Ok(edits) => {
            for (cell, edit) in edits {
                report = report.edit(*cell, edit.clone());
            }
            report.help(words.advice)
        }
        Err(why) => {
            let advice = words.advice;
            report.help(format!(
                "{advice}; it is not mended by itself because {why}"
            ))
        }
    }
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
        let mut report = Report::at(each.cell, each.at)
            .with("name", each.name.as_str())
            .with("new", "a client of openai 1, and read its answers as objects")
            .with("needs", "openai 1 or later")
            .with(
                "caution",
                "What is printed of a whole answer looks different, and the client wants its key when it is made.",
            );
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
