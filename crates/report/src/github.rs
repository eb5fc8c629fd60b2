//! Commands that make GitHub Actions annotate the lines of a pull request.

use std::io::{self, Write};

use nbfix_lint::Level;

use crate::Document;
use crate::concise::{INTERNAL, crash_message};
use crate::mask::masked;
use crate::spot::{Spot, slashed};
use crate::texts::Texts;
use crate::visible::{one_line, visible};

/// Writes each finding as one line, `::error title=...,file=...,line=...::MESSAGE`. Line and column are those of the
/// file; the message begins with the place in the cell, and what to do stands in further lines of it.
///
/// # Errors
/// If `out` fails.
pub fn github(out: &mut impl Write, document: &Document) -> io::Result<()> {
    let texts = Texts::new(document);
    let path = property(&slashed(document.path));
    for finding in document.findings {
        let spot = Spot::of(&finding.at, document, &texts);
        let at = spot.physical.at;
        let title = property(&format!("nbfix: {}", finding.rule.name));
        // A column of another line would not be one of the first.
        let columns = match at.start.line == at.end.line {
            true => format!(",col={},endColumn={}", at.start.column, at.end.column),
            false => format!(",col={}", at.start.column),
        };
        let mut message = spot.said(&one_line(&finding.message));
        for text in [
            finding.help.as_deref(),
            finding.fix.as_ref().map(|fix| &*fix.title),
        ]
        .into_iter()
        .flatten()
        {
            message.push('\n');
            message.push_str(&visible(&masked(text)));
        }
        writeln!(
            out,
            "::{} title={title},file={path},line={},endLine={}{columns}::{}",
            command(finding.level),
            at.start.line,
            at.end.line,
            data(&message)
        )?;
    }
    for crash in document.crashes {
        let message = data(&crash_message(crash));
        let title = property(&format!("nbfix: {INTERNAL}"));
        writeln!(out, "::error title={title},file={path}::{message}")?;
    }
    Ok(())
}

fn command(level: Level) -> &'static str {
    match level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Note => "notice",
    }
}

/// What follows the second `::`.
fn data(text: &str) -> String {
    masked(text)
        .replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// The value of a property.
fn property(text: &str) -> String {
    data(&visible(text)).replace(':', "%3A").replace(',', "%2C")
}
