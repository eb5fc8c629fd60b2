//! The comment of a pull request.

use std::fmt::Write as _;
use std::io::{self, Write};

use nbfix_lint::{Level, Safety};

use crate::concise::crash_message;
use crate::mask::masked;
use crate::spot::{Spot, slashed};
use crate::texts::Texts;
use crate::visible::one_line;
use crate::{Document, Totals};

/// How many bytes the documents may take together: GitHub takes comments of 65,536 characters, and the table of rules
/// has to stand there, too.
pub const MARKDOWN_LIMIT: usize = 48_000;

/// Rules in the table.
const RULES: usize = 20;

/// What stands before the documents: the numbers, and the rules.
pub fn markdown_open(totals: &Totals) -> String {
    let mut out = format!("### nbfix\n\n{}\n\n", text(&totals.summary.to_string()));
    let ranked = totals.ranked();
    if ranked.is_empty() {
        return out;
    }
    out.push_str("| rule | level | findings | what it is |\n|---|---|--:|---|\n");
    for rule in ranked.iter().take(RULES) {
        let _ = writeln!(
            out,
            "| `{}` | {} | {} | {} |",
            rule.rule.name,
            rule.level.as_str(),
            rule.findings,
            in_table(&text(rule.rule.summary))
        );
    }
    if let more @ 1.. = ranked.len().saturating_sub(RULES) {
        let _ = writeln!(out, "| and {more} more | | | |");
    }
    out.push('\n');
    out
}

/// Writes one document: nothing, if nothing was found in it. Its findings are folded up under its path, each with the
/// place in the cell and the line of the file.
///
/// # Errors
/// If `out` fails.
pub fn markdown(out: &mut impl Write, document: &Document) -> io::Result<()> {
    let count = document.findings.len() + document.crashes.len();
    if count == 0 {
        return Ok(());
    }
    let texts = Texts::new(document);
    let path = slashed(document.path);
    let word = if count == 1 { "finding" } else { "findings" };
    writeln!(
        out,
        "<details><summary><code>{}</code>: {count} {word}</summary>\n",
        html(&path)
    )?;
    for finding in document.findings {
        let spot = Spot::of(&finding.at, document, &texts);
        let line = format!("line {} of the file", spot.physical.at.start.line);
        let place = match spot.words() {
            Some(words) => format!("{words} ({line})"),
            None => line,
        };
        let fix = match finding.fix.as_ref().map(|fix| fix.safety) {
            Some(Safety::Safe) => " (can be fixed)",
            Some(Safety::Unsafe) => " (can be fixed with `--unsafe`)",
            Some(Safety::Display) | None => "",
        };
        writeln!(
            out,
            "- {} **{}** {place}: {} `{}`{fix}",
            sign(finding.level),
            finding.level.as_str(),
            text(&finding.message),
            finding.rule.name,
        )?;
        if let Some(help) = &finding.help {
            writeln!(out, "  <br>{}", text(help))?;
        }
    }
    for crash in document.crashes {
        writeln!(out, "- {}", text(&crash_message(crash)))?;
    }
    writeln!(out, "\n</details>\n")
}

/// What stands behind the documents; `left_out` are those for which there was no room.
pub fn markdown_close(left_out: usize) -> String {
    match left_out {
        0 => String::new(),
        1 => "1 more file has findings, for which there is no room here.\n".to_owned(),
        many => format!("{many} more files have findings, for which there is no room here.\n"),
    }
}

fn sign(level: Level) -> &'static str {
    match level {
        Level::Error => "🔴",
        Level::Warning => "🟡",
        Level::Note => "🔵",
    }
}

fn html(text: &str) -> String {
    one_line(text)
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

fn in_table(text: &str) -> String {
    text.replace('|', "\\|")
}

/// A text of ours in one line of Markdown: what stands in backticks is code, and nothing else means anything.
fn text(text: &str) -> String {
    let text = one_line(&masked(text));
    let parts: Vec<&str> = text.split('`').collect();
    // The last of an odd number of backticks opens nothing.
    let closed = parts.len() - usize::from(parts.len().is_multiple_of(2));
    let mut out = String::with_capacity(text.len() + 16);
    for (index, part) in parts.iter().enumerate() {
        if index % 2 == 1 && index < closed {
            let _ = write!(out, "`{part}`");
            continue;
        }
        if index > 0 && index >= closed {
            out.push_str("\\`");
        }
        for char in part.chars() {
            match char {
                '<' => out.push_str("&lt;"),
                '>' => out.push_str("&gt;"),
                '&' => out.push_str("&amp;"),
                // Nobody is to be called by what a notebook says.
                '@' => out.push_str("&#64;"),
                '#' => out.push_str("&#35;"),
                '\\' | '*' | '_' | '[' | ']' | '~' | '|' => out.extend(['\\', char]),
                char => out.push(char),
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_code_means_anything() {
        assert_eq!(text("use `a_b*c` not a_b*c"), "use `a_b*c` not a\\_b\\*c");
        assert_eq!(text("a `lone_b"), "a \\`lone\\_b");
        assert_eq!(text("`a` and `b"), "`a` and \\`b");
        assert_eq!(text("<b>@me\n#1"), "&lt;b&gt;&#64;me &#35;1");
    }
}
