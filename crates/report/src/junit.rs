//! Test results, as Jenkins and most other servers read them: a notebook is a suite, a finding a test that failed.

use std::io::{self, Write};

use nbfix_lint::{Finding, Level};

use crate::Document;
use crate::concise::{INTERNAL, crash_message};
use crate::mask::masked;
use crate::spot::{Spot, slashed};
use crate::texts::Texts;
use crate::visible::visible;

/// What stands before all suites.
pub const JUNIT_OPEN: &str =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"nbfix\">\n";
/// What stands behind them.
pub const JUNIT_CLOSE: &str = "</testsuites>\n";

/// Writes one document as a suite. Errors and warnings are failures; a note is a test that was skipped, so that it is
/// seen, and fails nothing. A document without findings is one test that passed. The texts say the place in the cell and
/// in the file.
///
/// # Errors
/// If `out` fails.
pub fn junit(out: &mut impl Write, document: &Document) -> io::Result<()> {
    let texts = Texts::new(document);
    let path = slashed(document.path);
    let notes = document
        .findings
        .iter()
        .filter(|it| it.level == Level::Note);
    let (notes, found, crashes) = (
        notes.count(),
        document.findings.len(),
        document.crashes.len(),
    );
    writeln!(
        out,
        " <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{crashes}\" skipped=\"{notes}\" time=\"0\">",
        attribute(&path),
        (found + crashes).max(1),
        found - notes,
    )?;
    let class = attribute(&path);
    if found + crashes == 0 {
        writeln!(
            out,
            "  <testcase name=\"nothing found\" classname=\"{class}\" time=\"0\"/>"
        )?;
    }
    for finding in document.findings {
        let spot = Spot::of(&finding.at, document, &texts);
        let at = spot.physical.at.start;
        let place = spot.words();
        let place = place.unwrap_or_else(|| format!("line {}, column {}", at.line, at.column));
        let name = attribute(&format!("{} ({place})", finding.rule.name));
        let message = attribute(&finding.message);
        let text = element(&told(
            finding,
            &format!("{path}:{}:{}", at.line, at.column),
            &place,
        ));
        writeln!(
            out,
            "  <testcase name=\"{name}\" classname=\"{class}\" time=\"0\">"
        )?;
        match finding.level {
            Level::Note => writeln!(out, "   <skipped message=\"{message}\">{text}</skipped>")?,
            level => writeln!(
                out,
                "   <failure type=\"{}\" message=\"{message}\">{text}</failure>",
                level.as_str()
            )?,
        }
        writeln!(out, "  </testcase>")?;
    }
    for crash in document.crashes {
        let message = attribute(&crash_message(crash));
        writeln!(
            out,
            "  <testcase name=\"{INTERNAL}: {}\" classname=\"{class}\" time=\"0\">\n   <error type=\"{INTERNAL}\" message=\"{message}\"/>\n  </testcase>",
            crash.rule
        )?;
    }
    writeln!(out, " </testsuite>")
}

/// What a person reads of a finding.
fn told(finding: &Finding, physical: &str, place: &str) -> String {
    let mut text = format!(
        "{}[{}]: {}\nat {physical} ({place})",
        finding.level.as_str(),
        finding.rule.name,
        finding.message
    );
    if let Some(help) = &finding.help {
        text.push_str(&format!("\nhelp: {help}"));
    }
    if let Some(fix) = &finding.fix {
        text.push_str(&format!("\nfix ({}): {}", fix.safety.as_str(), fix.title));
    }
    text
}

/// Text between tags, its secrets masked. What XML cannot hold is escaped as everywhere.
fn element(text: &str) -> String {
    let text = visible(&masked(text)).replace('&', "&amp;");
    let text = text.replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}");
    text.replace('<', "&lt;").replace('>', "&gt;")
}

fn attribute(text: &str) -> String {
    element(text)
        .replace('"', "&quot;")
        .replace('\n', "&#10;")
        .replace('\t', "&#9;")
}
