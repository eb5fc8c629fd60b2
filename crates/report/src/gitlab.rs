//! Code Quality reports of GitLab.

use std::io::{self, Write};

use nbfix_lint::Level;
use nbfix_text::LineColumn;
use serde_json::{Value, json};

use crate::Document;
use crate::concise::{INTERNAL, crash_message};
use crate::fingerprint::{fingerprints, in_file};
use crate::spot::{Spot, slashed};
use crate::texts::Texts;

/// Writes each finding as one object of an array, one a line, parted by commas and without the brackets of
/// the array. The keys are those of GitLab's documentation: `description`, `check_name`, `fingerprint`, `severity` and
/// `location`, whose `positions` are those of the file. The description begins with the place in the cell.
///
/// # Errors
/// If `out` fails.
pub fn gitlab(out: &mut impl Write, document: &Document) -> io::Result<()> {
    let texts = Texts::new(document);
    let path = slashed(document.path);
    let fingerprints = fingerprints(document, &texts);
    let mut objects = Vec::new();
    for (finding, fingerprint) in document.findings.iter().zip(&fingerprints) {
        let spot = Spot::of(&finding.at, document, &texts);
        let at = spot.physical.at;
        objects.push(json!({
            "description": spot.said(&finding.message),
            "check_name": finding.rule.name,
            "fingerprint": in_file(&path, fingerprint),
            "severity": severity(finding.level),
            "location": {
                "path": path,
                "positions": {"begin": position(at.start), "end": position(at.end)},
            },
        }));
    }
    for crash in document.crashes {
        let start = LineColumn { line: 1, column: 1 };
        objects.push(json!({
            "description": crash_message(crash),
            "check_name": INTERNAL,
            "fingerprint": in_file(&path, crash.rule),
            "severity": "critical",
            "location": {
                "path": path,
                "positions": {"begin": position(start), "end": position(start)},
            },
        }));
    }
    for (index, object) in objects.iter().enumerate() {
        if index > 0 {
            out.write_all(b",\n")?;
        }
        serde_json::to_writer(&mut *out, object)?;
    }
    Ok(())
}

fn position(at: LineColumn) -> Value {
    json!({"line": at.line, "column": at.column})
}

fn severity(level: Level) -> &'static str {
    match level {
        Level::Error => "major",
        Level::Warning => "minor",
        Level::Note => "info",
    }
}
