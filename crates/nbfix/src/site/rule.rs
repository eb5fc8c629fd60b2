//! The page of one rule.

use std::fmt::Write as _;

use nbfix_lint::{FixPage, Page, Rule};
use nbfix_rules::group_name;

use super::example::example;
use super::html::{escaped, inline, markdown, whole};
use crate::rulebook::Entry;

/// The page of a rule, between its neighbours.
pub(super) fn page(entry: &Entry, page: &Page, before: Option<&str>, next: Option<&str>) -> String {
    let rule = entry.rule;
    let mut body = navigation(before, next);
    let _ = write!(
        body,
        "<h1>{}</h1>\n<p>{}</p>\n<p>{}</p>\n",
        escaped(rule.name),
        inline(rule.summary),
        facts(rule),
    );
    body.push_str("<h2>What it says</h2>\n");
    let messages = std::iter::once(rule.message).chain(rule.messages.iter().map(|(_, text)| *text));
    for message in messages {
        let _ = writeln!(body, "<p class=\"message\">{}</p>", inline(message));
    }
    if let Some(help) = &page.help {
        let _ = writeln!(body, "<p class=\"quiet\">{}</p>", inline(help));
    }
    let _ = write!(
        body,
        "<h2>Why</h2>\n<div class=\"prose\">\n{}</div>\n",
        markdown(&page.why)
    );
    let patterns = page.matches.shown();
    if !patterns.is_empty() {
        body.push_str("<h2>What it finds</h2>\n");
        for pattern in &patterns {
            let _ = writeln!(
                body,
                "<div class=\"cell\"><pre>{}</pre></div>",
                escaped(pattern)
            );
        }
    }
    if let Some(fix) = &page.fix {
        let _ = write!(
            body,
            "<h2>Fix</h2>\n<p>{} <span class=\"tag\">{}</span></p>\n",
            inline(&fix.title),
            escaped(&fix.safety)
        );
        for text in written(fix) {
            let _ = writeln!(
                body,
                "<div class=\"cell\"><pre>{}</pre></div>",
                escaped(&text)
            );
        }
        if let Some(caution) = &fix.caution {
            let _ = writeln!(body, "<p class=\"caution\">{}</p>", inline(caution));
        }
    }
    for (name, rows) in &page.tables {
        let _ = write!(body, "<h2>Table: {}</h2>\n<table>\n", escaped(name));
        for (key, value) in rows {
            let (key, value) = (escaped(key), escaped(value));
            let _ = writeln!(
                body,
                "<tr><td><code>{key}</code></td><td><code>{value}</code></td></tr>"
            );
        }
        body.push_str("</table>\n");
    }
    body.push_str("<h2>Examples</h2>\n");
    for one in &page.examples {
        body.push_str(&example(one));
    }
    whole(&format!("{}: nbfix", rule.name), "../", &body)
}

/// What a fix writes: in the match's place, at its holes, and where it needs more.
fn written(fix: &FixPage) -> Vec<String> {
    let cell = fix.cell.as_ref().map(|cell| cell.source.clone());
    let edits = fix.edits.iter().flat_map(|edit| {
        let texts = [&edit.replace, &edit.before, &edit.after];
        let texts = texts.into_iter().flatten();
        texts
            .map(|text| format!("at {}: {text}", edit.at))
            .collect::<Vec<_>>()
    });
    let needs = (!fix.needs.is_empty()).then(|| fix.needs.join("\n"));
    let texts = needs.into_iter().chain(fix.replace.clone());
    texts.chain(edits).chain(cell).collect()
}

fn navigation(before: Option<&str>, next: Option<&str>) -> String {
    let mut out = String::from("<nav><a href=\"../index.html\">all rules</a>");
    let links = [
        ("prev", "\u{2190} ", before, ""),
        ("next", "", next, " \u{2192}"),
    ];
    for (rel, left, name, right) in links {
        if let Some(name) = name.map(escaped) {
            let _ = write!(
                out,
                "<a class=\"{rel}\" rel=\"{rel}\" href=\"{name}.html\">{left}{name}{right}</a>"
            );
        }
    }
    out.push_str("</nav>\n");
    out
}

/// Level, group, whether it is on, and what it is for.
fn facts(rule: &Rule) -> String {
    let level = rule.level().as_str();
    let default = if rule.default {
        "on by default"
    } else {
        "off unless selected"
    };
    format!(
        "<span class=\"tag {level}\">{level}</span> <span class=\"tag\">{}</span> \
         <span class=\"quiet\">{default}; for {}</span>",
        group_name(rule.group),
        rule.documents_in_words()
    )
}
