//! `removed-api`: a call that the library no longer has.

use nbfix_lint::{Check, Findings, Report};
use nbfix_semantic::Semantic;

use crate::Settings;
use crate::migrate::{Migration, migrations};
use crate::openai::migration;
use crate::pins::{asks_for_older, names, standing};
use crate::removed::{Use, uses};

pub(crate) const CHECK: Check = Check::Notebook(check);

/// A version that nothing has.
const LATEST: &str = "9999";

fn check<'a>(semantic: &Semantic<'a>, findings: &mut Findings<'_>) {
    let migrations = {
        let allowed = |cell, at| findings.is_allowed(cell, at);
        migrations(semantic, &allowed)
    };
    for found in uses(semantic) {
        if let Some(report) = report(semantic, Settings::of(findings), &found) {
            let mut migrations = migrations.iter();
            let migration = migrations.find(|each| each.words.package == found.row.package);
            findings.push(match migration {
                Some(migration) => with_fix(report, migration),
                None => report,
            });
        }
    }
    if Settings::of(findings).packages.ignores("openai") {
        return;
    }
    openai(semantic, findings);
}

fn report(semantic: &Semantic<'_>, settings: &Settings, found: &Use) -> Option<Report> {
    let row = found.row;
    // Whoever asks for a version of what is left behind knows what he has.
    let since = if row.retired { LATEST } else { &row.since };
    let lowered = standing(semantic, settings, &row.package, since)?;
    let mut others = row.also.iter();
    let is_older = others.any(|(package, since)| asks_for_older(semantic, package, since));
    let is_back = row.backports.iter().any(|package| names(semantic, package));
    if is_older || is_back || row.package == "python" && is_shadowed(semantic, &found.name) {
        return None;
    }
    let mut report = Report::at(found.cell, found.at)
        .says(if row.retired { "left" } else { "gone" })
        .with("name", found.name.as_str())
        .with("package", row.title())
        .with("since", row.since.as_str())
        .help(format!("use {}", found.instead()));
    // Of two reasons to lower it the stronger counts.
    if let Some(level) = lowered.into_iter().chain(row.level()).min() {
        report = report.level(level);
    }
    Some(report)
}

/// Whether a module of Python's own library may be one of the author's here: `import chunk`, in a notebook that looks for
/// modules elsewhere or writes `chunk.py`.
fn is_shadowed(semantic: &Semantic<'_>, name: &str) -> bool {
    if name.contains('.') {
        return false;
    }
    let file = format!("{name}.py");
    let mut cells = semantic.notebook().cells().iter();
    cells.any(|cell| {
        let holds = |words: &str| cell.source.contains(words);
        holds("sys.path") || holds("%cd ") || holds("os.chdir") || holds(&file)
    })
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
