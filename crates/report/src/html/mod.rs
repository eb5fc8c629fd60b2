//! One page for a batch: numbers, rules, notebooks, and in each the cells with what was found and what the fixes make
//! of them. It needs no network and no script; with scripts it can be searched and walked through by keys.

mod cell;

use std::fmt::Write as _;
use std::io::{self, Write};

use nbfix_ipynb::{CellId, NewCell};
use nbfix_lint::{Finding, Fix, Level, Place, Safety};

use crate::concise::crash_message;
use crate::fingerprint::in_file;
use crate::mask::masked;
use crate::shared::{Shared, is_same};
use crate::spot::{Spot, slashed};
use crate::texts::Texts;
use crate::visible::visible;
use crate::{Document, Totals, group};

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// What stands before the documents.
pub fn html_open(totals: &Totals) -> String {
    let summary = &totals.summary;
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'\">\n\
         <title>nbfix: what was found</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n\
         <a class=\"skip\" href=\"#files\">To the notebooks</a>\n\
         <header><h1>nbfix</h1>\n<p>{}</p>\n<ul class=\"numbers\">\n",
        inline(&summary.to_string())
    );
    let numbers = [
        (summary.files, "files checked", ""),
        (summary.affected, "with findings", ""),
        (summary.errors, "errors", "error"),
        (summary.warnings, "warnings", "warning"),
        (summary.notes, "notes", "note"),
        (summary.safe, "safe fixes", "come"),
        (summary.not_safe, "unsafe fixes", "come"),
    ];
    for (number, word, class) in numbers {
        let _ = writeln!(out, "<li class=\"{class}\"><b>{number}</b> {word}</li>");
    }
    out.push_str("</ul></header>\n");
    if totals.rules.is_empty() {
        out.push_str("<main id=\"files\">\n");
        return out;
    }
    rules(&mut out, totals);
    files(&mut out, totals);
    out.push_str("<main id=\"files\"><h2>Findings</h2>\n");
    out
}

fn rules(out: &mut String, totals: &Totals) {
    out.push_str(
        "<section><h2>Rules</h2>\n<div class=\"wide\"><table><thead><tr><th>rule</th><th>level</th><th class=\"number\">findings</th>\
         <th class=\"number\">files</th><th>what it finds</th></tr></thead>\n<tbody>\n",
    );
    for total in totals.ranked() {
        let rule = total.rule;
        let _ = writeln!(
            out,
            "<tr id=\"rule-{name}\"><td><code>{name}</code></td><td><span class=\"tag {level}\">{level}</span></td>\
             <td class=\"number\">{}</td><td class=\"number\">{}</td><td>{} <small>{}</small></td></tr>",
            total.findings,
            total.files,
            inline(rule.summary),
            group(rule.group),
            name = escaped(rule.name),
            level = total.level.as_str(),
        );
    }
    out.push_str("</tbody></table></div></section>\n");
}

fn files(out: &mut String, totals: &Totals) {
    if totals.files.len() < 2 {
        return;
    }
    let _ = write!(
        out,
        "<section><h2>Notebooks</h2>\n<div class=\"tools\"><label>Show those that have \
         <input type=\"search\" id=\"search\" placeholder=\"a part of the path, a rule\"></label>\
         <span id=\"shown\" role=\"status\"></span></div>\n\
         <details class=\"index\"{}><summary>{} files with findings</summary>\n<ol class=\"index\">\n",
        if totals.files.len() <= 40 {
            " open"
        } else {
            ""
        },
        totals.files.len()
    );
    for file in &totals.files {
        let path = slashed(&file.path);
        let _ = writeln!(
            out,
            "<li><a href=\"#{}\">{}</a> {}</li>",
            id_of(&path),
            escaped(&path),
            badges(file.levels)
        );
    }
    out.push_str("</ol></details></section>\n");
}

/// Writes one document: nothing, if nothing was found in it.
///
/// # Errors
/// If `out` fails.
pub fn html(out: &mut impl Write, document: &Document) -> io::Result<()> {
    if document.findings.is_empty() && document.crashes.is_empty() {
        return Ok(());
    }
    let texts = Texts::new(document);
    let path = slashed(document.path);
    let id = id_of(&path);
    let count = |level: Level| {
        document
            .findings
            .iter()
            .filter(|it| it.level == level)
            .count()
    };
    let mut rules: Vec<&str> = document.findings.iter().map(|it| it.rule.name).collect();
    rules.sort_unstable();
    rules.dedup();
    writeln!(
        out,
        "<details class=\"file\" id=\"{id}\" data-words=\"{} {}\"><summary><h3>{}</h3> {}</summary>",
        escaped(&path.to_lowercase()),
        escaped(&rules.join(" ")),
        escaped(&path),
        badges([
            count(Level::Error),
            count(Level::Warning),
            count(Level::Note)
        ])
    )?;
    let fixes = Shared::of(document.findings);
    let view = View {
        document,
        texts: &texts,
        id: &id,
        fixes: &fixes,
    };
    for crash in document.crashes {
        writeln!(
            out,
            "<p class=\"error\">{}</p>",
            inline(&crash_message(crash))
        )?;
    }
    let whole: Vec<&Finding> = document
        .findings
        .iter()
        .filter(|finding| view.home(finding).is_none())
        .collect();
    if !whole.is_empty() {
        writeln!(out, "<article><h4>The file</h4>")?;
        for finding in whole {
            view.finding(out, finding)?;
        }
        writeln!(out, "</article>")?;
    }
    let cells = document
        .notebook
        .map_or(0, |notebook| notebook.cells().len());
    for index in 0..=cells {
        view.new_cells(out, index)?;
        if index < cells {
            view.cell(out, CellId(index))?;
        }
    }
    writeln!(out, "</details>")
}

/// What stands behind the documents.
pub fn html_close(version: &str) -> String {
    format!(
        "</main>\n<footer><p>Made by nbfix {}. <span class=\"keys\">Keys: <kbd>j</kbd> and <kbd>k</kbd> go to the next and the last finding, \
         <kbd>/</kbd> to the search.</span></p></footer>\n<script>\n{SCRIPT}</script>\n</body>\n</html>\n",
        escaped(version)
    )
}

/// One document, while it is written.
struct View<'v, 'a> {
    document: &'v Document<'a>,
    texts: &'v Texts<'a>,
    id: &'v str,
    fixes: &'v Shared<'a>,
}

impl View<'_, '_> {
    /// The cell under which a finding is told.
    fn home(&self, finding: &Finding) -> Option<CellId> {
        let cell = finding.at.cell()?;
        self.document.notebook?.cell(cell).map(|_| cell)
    }

    /// The fixes that change a cell, with their numbers.
    fn touching(&self, id: CellId) -> impl Iterator<Item = (usize, &Fix)> {
        self.fixes.numbered().filter(move |(_, fix)| {
            let metadata = fix.metadata.iter().any(|edit| edit.cell == id);
            fix.edits.contains_key(&id) || metadata || fix.clears.contains(&id)
        })
    }

    /// Whether something was found in a cell, or a fix changes it.
    fn is_shown(&self, id: CellId) -> bool {
        let mut findings = self.document.findings.iter();
        findings.any(|it| self.home(it) == Some(id)) || self.touching(id).next().is_some()
    }

    /// A cell in which something was found, or which a fix changes.
    fn cell(&self, out: &mut impl Write, id: CellId) -> io::Result<()> {
        let Some(cell) = self.document.notebook.and_then(|it| it.cell(id)) else {
            return Ok(());
        };
        let findings = self.document.findings.iter();
        let findings: Vec<&Finding> = findings.filter(|it| self.home(it) == Some(id)).collect();
        let fixes: Vec<(usize, &Fix)> = self.touching(id).collect();
        if findings.is_empty() && fixes.is_empty() {
            return Ok(());
        }
        let name = self.texts.cell_name(id, false);
        let name = name.unwrap_or_else(|| "The script".to_owned());
        let note = match self.texts.id(id) {
            Some(id) => format!(" <small>id {}</small>", escaped(id)),
            None => String::new(),
        };
        writeln!(
            out,
            "<article id=\"{}-{}\"><h4>{}{note}</h4>",
            self.id,
            id.number(),
            escaped(&name)
        )?;
        let spans: Vec<_> = findings
            .iter()
            .filter_map(|finding| match finding.at {
                Place::Cell(span) => Some(span.range.into()),
                Place::File { .. } => None,
            })
            .collect();
        if let Some(lines) = self.texts.cell(id)
            && !spans.is_empty()
        {
            out.write_all(cell::excerpt(lines, &spans).as_bytes())?;
        }
        for finding in findings {
            self.finding(out, finding)?;
        }
        for (number, fix) in fixes {
            self.fix(out, number, fix, Some(id))?;
            if let Some(patch) = fix.edits.get(&id) {
                let after = patch.apply(&cell.source);
                out.write_all(
                    cell::difference(&cell.source, &after, self.document.secrets).as_bytes(),
                )?;
            }
            if fix.clears.contains(&id) {
                writeln!(out, "<p class=\"gone\">Its outputs are cleared.</p>")?;
            }
            if fix.metadata.iter().any(|edit| edit.cell == id) {
                writeln!(out, "<p>Its metadata change.</p>")?;
            }
            writeln!(out, "</details>")?;
        }
        writeln!(out, "</article>")
    }

    /// The cells that fixes put in before the cell at `index`.
    fn new_cells(&self, out: &mut impl Write, index: usize) -> io::Result<()> {
        for (number, fix) in self.fixes.numbered() {
            let new: Vec<&NewCell> = fix.cells.iter().filter(|it| it.before == index).collect();
            if new.is_empty() {
                continue;
            }
            writeln!(
                out,
                "<article><h4>A new cell, before cell {}</h4>",
                index + 1
            )?;
            self.fix(out, number, fix, None)?;
            for one in new {
                out.write_all(cell::difference("", &one.source, self.document.secrets).as_bytes())?;
            }
            writeln!(out, "</details></article>")?;
        }
        Ok(())
    }

    /// The head of what a fix does; it is left open.
    fn fix(
        &self,
        out: &mut impl Write,
        number: usize,
        fix: &Fix,
        here: Option<CellId>,
    ) -> io::Result<()> {
        // The same change may have another title in each cell.
        let mut titles: Vec<&str> = Vec::new();
        for finding in self.document.findings {
            let own = finding.fix.as_ref().filter(|own| is_same(own, fix));
            if let Some(own) = own.filter(|_| self.home(finding) == here)
                && !titles.contains(&own.title.as_str())
            {
                titles.push(&own.title);
            }
        }
        let title = match titles.is_empty() {
            true => format!("{}, continued", fix.title.trim_end_matches('.')),
            false => titles.join("; "),
        };
        let word = match fix.safety {
            Safety::Display => "suggestion",
            safety => safety.as_str(),
        };
        write!(
            out,
            "<details class=\"fix\" open><summary>Fix {number}: {} <span class=\"tag {word}\">{word}</span></summary>",
            inline(&title)
        )?;
        match &fix.caution {
            Some(caution) => writeln!(out, "<p class=\"caution\">{}</p>", inline(caution)),
            None => writeln!(out),
        }
    }

    fn finding(&self, out: &mut impl Write, finding: &Finding) -> io::Result<()> {
        let spot = Spot::of(&finding.at, self.document, self.texts);
        let at = spot.physical.at.start;
        let place = match spot.inside {
            Some(inside) => format!(
                "line {}, column {} · ",
                inside.start.line, inside.start.column
            ),
            None => String::new(),
        };
        let level = finding.level.as_str();
        let name = escaped(finding.rule.name);
        writeln!(
            out,
            "<div class=\"finding {level}\" tabindex=\"-1\"><p><span class=\"tag {level}\">{level}</span> {}</p>\n\
             <p class=\"quiet\"><a href=\"#rule-{name}\"><code>{name}</code></a> · {place}{}:{}:{}</p>",
            inline(&finding.message),
            escaped(&slashed(self.document.path)),
            at.line,
            at.column
        )?;
        if let Some(help) = &finding.help {
            writeln!(
                out,
                "<p><span class=\"quiet\">What to do:</span> {}</p>",
                inline(help)
            )?;
        }
        if !finding.labels.is_empty() {
            writeln!(out, "<ul class=\"labels\">")?;
            for label in &finding.labels {
                let spot = Spot::of_span(label.span, self.document, self.texts);
                let line = spot.physical.at.start.line;
                let words = spot.words().unwrap_or_else(|| format!("line {line}"));
                let place = match self.is_shown(label.span.cell) {
                    true => format!(
                        "<a href=\"#{}-{}\">{words}</a>",
                        self.id,
                        label.span.cell.number()
                    ),
                    false => words,
                };
                writeln!(out, "<li>{place}: {}</li>", inline(&label.text))?;
            }
            writeln!(out, "</ul>")?;
        }
        if let Some(fix) = &finding.fix {
            let number = match self.fixes.find(fix) {
                Some((number, _)) => format!(" {number}"),
                None => String::new(),
            };
            writeln!(
                out,
                "<p class=\"quiet\">Fix{number} ({}): {}</p>",
                fix.safety.as_str(),
                inline(&fix.title)
            )?;
        }
        writeln!(out, "</div>")
    }
}

fn badges([errors, warnings, notes]: [usize; 3]) -> String {
    let badges = [(errors, "error"), (warnings, "warning"), (notes, "note")];
    let badges = badges.iter().filter(|(number, _)| *number > 0);
    let badge = |(number, word): &(usize, &str)| {
        let plural = if *number == 1 { "" } else { "s" };
        format!("<span class=\"tag {word}\">{number} {word}{plural}</span>")
    };
    badges.map(badge).collect::<Vec<_>>().join(" ")
}

/// The anchor of a file.
fn id_of(path: &str) -> String {
    format!("f{}", in_file(path, ""))
}

/// `text` as HTML shows it, with what hides made visible.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for char in visible(&masked(text)).chars() {
        match char {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            char => out.push(char),
        }
    }
    out
}

/// A text of ours, its secrets masked: what stands in backticks is code.
fn inline(text: &str) -> String {
    let text = escaped(&masked(text));
    let parts: Vec<&str> = text.split('`').collect();
    let mut out = String::with_capacity(text.len() + 16);
    for (index, part) in parts.iter().enumerate() {
        let is_code = index % 2 == 1;
        if is_code && index + 1 < parts.len() {
            let _ = write!(out, "<code>{part}</code>");
        } else if is_code {
            let _ = write!(out, "`{part}");
        } else {
            out.push_str(part);
        }
    }
    out
}
