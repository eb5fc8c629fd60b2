//! `nbfix explain`.

use std::fmt::Write as _;

use anyhow::{Context, anyhow};
use nbfix_lint::Page;
use nbfix_rules::group_name;

use crate::arguments::ExplainArguments;
use crate::inputs::shown;
use crate::outcome::Exit;
use crate::rulebook::{Entry, Rulebook};
use crate::terminal::{HEADING, NAME, Terminal, visible};

/// Prints the page of a rule.
pub(crate) fn explain(arguments: &ExplainArguments, terminal: &Terminal) -> anyhow::Result<Exit> {
    let name = arguments.rule.as_str();
    let book = Rulebook::here(&arguments.pages)?;
    let entry = book
        .find(name)
        .ok_or_else(|| anyhow!(book.unknown(name, std::iter::empty())))?;
    let page = Page::parse(entry.rule.page).with_context(|| format!("the page of `{name}`"))?;
    terminal.print(text(entry, &page, terminal).as_bytes())?;
    Ok(Exit::Clean)
}

fn text(entry: &Entry, page: &Page, terminal: &Terminal) -> String {
    let rule = entry.rule;
    let mut out = String::new();
    let name = terminal.paint(NAME, rule.name);
    let _ = writeln!(out, "{name}: {}\n", rule.summary);
    let default = if rule.default {
        "on"
    } else {
        "off, unless it is selected"
    };
    let group = group_name(rule.group);
    let _ = writeln!(out, "  group    {group} (level: {})", rule.level().as_str());
    let _ = writeln!(out, "  default  {default}");
    let _ = writeln!(out, "  for      {}", rule.documents_in_words());
    if let Some(path) = &entry.path {
        let _ = writeln!(out, "  page     {}", visible(&shown(path)));
    }

    let mut section = |title: &str, body: &str| {
        let title = terminal.paint(HEADING, title);
        let _ = write!(out, "\n{title}\n\n{}", indented(body, "  "));
    };
    section("Why", &page.why);
    let finds = page.matches.shown();
    if !finds.is_empty() {
        section("Finds", &finds.join("\n"));
    }
    if let Some(help) = &page.help {
        section("Help", help);
    }
    if let Some(fix) = &page.fix {
        let mut body = format!("{}.\n", fix.title.trim_end_matches('.'));
        if let Some(replace) = &fix.replace {
            let _ = writeln!(body, "\n  {}\n", replace.replace('\n', "\n  "));
        }
        if let Some(caution) = &fix.caution {
            let _ = writeln!(body, "Caution: {caution}");
        }
        section(&format!("Fix ({})", fix.safety), &body);
    }
    let mut examples = String::new();
    for example in &page.examples {
        let texts = [
            ("flagged", &example.before),
            ("mended", &example.after),
            ("left alone", &example.clean),
        ];
        for (verdict, text) in texts {
            let Some(text) = text else { continue };
            let of = match verdict {
                "mended" => String::new(),
                _ => format!(": {}", example.name),
            };
            let gap = if examples.is_empty() { "" } else { "\n" };
            let _ = write!(examples, "{gap}{verdict}{of}\n\n{}", indented(text, "    "));
        }
    }
    section("Examples", &examples);
    out
}

/// The lines of `text`, moved to the right, without empty ones around them.
fn indented(text: &str, by: &str) -> String {
    let mut out = String::new();
    for line in text.trim_matches('\n').lines() {
        let _ = match line.trim_end() {
            "" => writeln!(out),
            line => writeln!(out, "{by}{line}"),
        };
    }
    out
}
