//! Each finding with the source around it.

use std::io::{self, Write};

use nbfix_lint::{Finding, Label, Level, Place, Safety};

use crate::concise::{INTERNAL, crash_message, level};
use crate::excerpt::{Excerpt, Mark};
use crate::paint::{BOLD, CYAN, GREEN, RED};
use crate::texts::Texts;
use crate::visible::{one_line, wrapped};
use crate::window::{Window, narrow};
use crate::{Document, Style};

/// Related places that are shown in the frame.
const IN_FRAME: usize = 6;
/// Related places in other cells that are told below it.
const ELSEWHERE: usize = 5;

/// Writes each finding with the source around it, its related places, what to do, and the fix; an empty line follows
/// each.
///
/// # Errors
/// If `out` fails.
pub fn full(out: &mut impl Write, document: &Document, style: &Style) -> io::Result<()> {
    let texts = Texts::new(document);
    for finding in document.findings {
        let message = style.paint(BOLD, format_args!(": {}", one_line(&finding.message)));
        writeln!(
            out,
            "{}{message}",
            level(style, finding.level, finding.rule.name)
        )?;
        places(out, finding, &texts, style)?;
        advice(out, finding, style)?;
        writeln!(out)?;
    }
    for crash in document.crashes {
        let message = style.paint(BOLD, format_args!(": {}", crash_message(crash)));
        writeln!(out, "{}{message}", level(style, Level::Error, INTERNAL))?;
        note(out, &format!("in {}", one_line(document.path)), style)?;
        writeln!(out)?;
    }
    Ok(())
}

/// Shows where the finding is.
fn places(out: &mut impl Write, finding: &Finding, texts: &Texts, style: &Style) -> io::Result<()> {
    let (lines, range) = texts.shown(&finding.at);
    let (primary, until) = narrow(lines, &range);
    let mut marks = vec![Mark {
        range: primary,
        text: until.map(|line| format!("up to line {line}")),
        primary: true,
    }];
    let cell = match finding.at {
        Place::Cell(span) => Some(span.cell),
        Place::File { .. } => None,
    };
    let (here, elsewhere): (Vec<&Label>, Vec<&Label>) = finding
        .labels
        .iter()
        .partition(|label| Some(label.span.cell) == cell);
    for label in here.iter().take(IN_FRAME) {
        let range = lines.clamp(label.span.range.into());
        let line = lines.line(lines.line_of(range.start));
        let end = range.end.min(line.end).max(range.start);
        marks.push(Mark {
            range: range.start..end,
            text: Some(one_line(&label.text)),
            primary: false,
        });
    }
    let title = |offset| {
        let title = texts.title(&finding.at, offset, true);
        // Of what lies in the file itself, the title would not tell the cell.
        let cell = finding.at.cell().filter(|_| cell.is_none());
        match cell.and_then(|cell| texts.cell_name(cell, true)) {
            Some(name) => format!("{title} in {name}"),
            None => title,
        }
    };
    let excerpt = Excerpt::new(lines, &marks, style, title);
    out.write_all(excerpt.render(finding.level, style).as_bytes())?;
    for label in elsewhere.iter().take(ELSEWHERE) {
        related(out, label, texts, style)?;
    }
    let more = here.len().saturating_sub(IN_FRAME) + elsewhere.len().saturating_sub(ELSEWHERE);
    match more {
        0 => Ok(()),
        1 => note(out, "and 1 more place", style),
        _ => note(out, &format!("and {more} more places"), style),
    }
}

/// Tells a place in another cell, with its line.
fn related(out: &mut impl Write, label: &Label, texts: &Texts, style: &Style) -> io::Result<()> {
    let Some(lines) = texts.cell(label.span.cell) else {
        return Ok(());
    };
    let range = lines.clamp(label.span.range.into());
    let at = lines.line_column(range.start);
    let name = texts.cell_name(label.span.cell, false);
    let name = name.map_or(String::new(), |name| format!("{name}:"));
    let text = one_line(&label.text);
    note(
        out,
        &format!("{name}{}:{}: {text}", at.line, at.column),
        style,
    )?;
    let window = Window::new(lines, at.line, Some(range.start), style);
    let quote = window.text(lines).replace('\t', "    ");
    let quote = quote.trim();
    if quote.is_empty() {
        return Ok(());
    }
    writeln!(out, "    {}{quote}", style.paint(CYAN, "│ "))
}

/// Writes what to do, and what the fix is.
fn advice(out: &mut impl Write, finding: &Finding, style: &Style) -> io::Result<()> {
    if let Some(help) = &finding.help {
        paragraph(out, "help", CYAN, help, style)?;
    }
    let Some(fix) = &finding.fix else {
        return Ok(());
    };
    let (name, ink) = match fix.safety {
        Safety::Safe => ("fix (safe)", GREEN),
        Safety::Unsafe => ("fix (unsafe)", GREEN),
        Safety::Display => ("suggestion", CYAN),
    };
    paragraph(out, name, ink, &fix.title, style)?;
    match &fix.caution {
        Some(caution) => paragraph(out, "caution", RED, caution, style),
        None => Ok(()),
    }
}

fn note(out: &mut impl Write, text: &str, style: &Style) -> io::Result<()> {
    writeln!(out, "  {} {text}", style.paint(CYAN, "="))
}

/// Writes `  name: text`; its further lines stand below the text.
fn paragraph(
    out: &mut impl Write,
    name: &str,
    ink: anstyle::Style,
    text: &str,
    style: &Style,
) -> io::Result<()> {
    let indent = name.len() + 4;
    let width = style.width.saturating_sub(indent).max(40);
    let name = style.paint(ink.bold(), format_args!("{name}:"));
    for (index, line) in wrapped(text, width).iter().enumerate() {
        if index == 0 {
            writeln!(out, "  {name} {line}")?;
        } else {
            writeln!(out, "{}", format!("{:indent$}{line}", "").trim_end())?;
        }
    }
    Ok(())
}
