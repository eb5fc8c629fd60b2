//! One line for each finding.

use std::io::{self, Write};

use nbfix_lint::{Crash, Level, Safety};

use crate::paint::{BOLD, of_level};
use crate::texts::Texts;
use crate::visible::one_line;
use crate::{Document, Style};

/// Writes each finding as one line, `PATH:cell 3:2:7: error[RULE] message`. The line ends with ` [*]` if there is a
/// safe fix, with ` [!]` if there is an unsafe one.
///
/// # Errors
/// If `out` fails.
pub fn concise(out: &mut impl Write, document: &Document, style: &Style) -> io::Result<()> {
    let texts = Texts::new(document);
    for finding in document.findings {
        let start = texts.of(&finding.at).1.start;
        let place = texts.title(&finding.at, start, false);
        let fix = match finding.fix.as_ref().map(|fix| fix.safety) {
            Some(Safety::Safe) => " [*]",
            Some(Safety::Unsafe) => " [!]",
            Some(Safety::Display) | None => "",
        };
        let message = one_line(&finding.message);
        let level = level(style, finding.level, finding.rule.name);
        writeln!(out, "{}: {level} {message}{fix}", style.paint(BOLD, place))?;
    }
    for crash in document.crashes {
        let path = style.paint(BOLD, one_line(document.path));
        let level = level(style, Level::Error, INTERNAL);
        writeln!(out, "{path}: {level} {}", crash_message(crash))?;
    }
    Ok(())
}

/// The name under which a panic is told; no rule has it.
pub(crate) const INTERNAL: &str = "internal";

/// `error[RULE]`, in the colour of the level.
pub(crate) fn level(style: &Style, level: Level, rule: &str) -> String {
    style.paint(of_level(level), format_args!("{}[{rule}]", level.as_str()))
}

/// What a crash is told as, in one line.
pub(crate) fn crash_message(crash: &Crash) -> String {
    format!(
        "rule `{}` panicked: {} (a bug of nbfix, please report it)",
        crash.rule,
        one_line(&crash.message)
    )
}
