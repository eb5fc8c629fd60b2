//! The pages of all rules as a site: plain files, to be browsed without a server.

mod example;
mod html;
mod rule;

use std::fmt::Write as _;

use nbfix_lint::Page;
use nbfix_rules::group_name;
use serde_json::{Value, json};

use crate::rulebook::{Entry, Rulebook};
use html::{escaped, inline, whole};

const STYLE: &str = include_str!("style.css");
const SEARCH: &str = include_str!("search.js");

/// The files of the site, by name.
pub(crate) fn build(book: &Rulebook) -> anyhow::Result<Vec<(String, String)>> {
    let mut pages = Vec::new();
    for entry in book.entries() {
        pages.push((entry, Page::parse(entry.rule.page)?));
    }
    let mut files = vec![
        ("index.html".to_owned(), index(&pages)?),
        ("style.css".to_owned(), STYLE.to_owned()),
    ];
    for (at, (entry, page)) in pages.iter().enumerate() {
        let name = |(entry, _): &(&Entry, Page)| entry.rule.name;
        let before = at.checked_sub(1).and_then(|at| pages.get(at)).map(name);
        let next = pages.get(at + 1).map(name);
        let text = rule::page(entry, page, before, next);
        files.push((format!("rules/{}.html", entry.rule.name), text));
    }
    Ok(files)
}

/// The table of all rules, and a field that searches what their pages say.
fn index(pages: &[(&Entry, Page)]) -> anyhow::Result<String> {
    let mut body = format!(
        "<header><h1>nbfix: the rules</h1>\n\
         <p>What breaks a notebook on somebody else's machine, and how it is mended. {} rules.</p></header>\n\
         <input type=\"search\" id=\"search\" placeholder=\"Search: a call, an error, a word\" aria-label=\"Search the rules\" autofocus>\n\
         <table><thead><tr><th>rule</th><th>group</th><th>fix</th><th>what it finds</th></tr></thead>\n<tbody>\n",
        pages.len()
    );
    let mut list: Vec<Value> = Vec::new();
    for (entry, page) in pages {
        let rule = entry.rule;
        let off = if rule.default {
            ""
        } else {
            " <small>(off)</small>"
        };
        let own = if entry.path.is_some() {
            " <small>(yours)</small>"
        } else {
            ""
        };
        let _ = writeln!(
            body,
            "<tr id=\"{name}\"><td><a href=\"rules/{name}.html\">{name}</a>{off}{own}</td>\
             <td><span class=\"tag {level}\">{group}</span></td><td>{fix}</td><td>{summary}</td></tr>",
            name = escaped(rule.name),
            level = rule.level().as_str(),
            group = group_name(rule.group),
            fix = rule.fix.map_or("", |fix| fix.safety.as_str()),
            summary = inline(rule.summary),
        );
        let messages = page.messages.values().cloned();
        let patterns = page.matches.shown();
        let words: Vec<String> = [rule.name, rule.summary, rule.message, page.why.as_str()]
            .into_iter()
            .map(str::to_owned)
            .chain(messages)
            .chain(patterns)
            .collect();
        list.push(json!({"name": rule.name, "text": words.join(" ").to_lowercase()}));
    }
    // In a script `</` would end it; in JSON the slash may be escaped.
    let list = serde_json::to_string(&list)?.replace("</", "<\\/");
    let _ = write!(
        body,
        "</tbody></table>\n<p id=\"none\" hidden>No rule says that.</p>\n\
         <script type=\"application/json\" id=\"rules\">{list}</script>\n<script>\n{SEARCH}</script>\n"
    );
    Ok(whole("nbfix: the rules", "", &body))
}
