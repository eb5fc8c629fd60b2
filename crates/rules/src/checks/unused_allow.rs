//! `unused-allow`: comments, tags and metadata that allow what is not there.

use nbfix_ipynb::Span;
use nbfix_lint::{Allow, By, Check, Findings, Judged, Report, without};
use nbfix_text::{Edit, TextRange};

use crate::{all, nearest};

pub(crate) const CHECK: Check = Check::Allows(check);

fn check(judged: &Judged<'_, '_>, findings: &mut Findings<'_>) {
    for allow in judged.allows.list() {
        if !is_known(judged, &allow.rule) {
            findings.push(unknown(judged, allow));
        } else if is_unused(judged, allow) {
            findings.push(unused(judged, allow));
        }
    }
}

fn is_known(judged: &Judged<'_, '_>, rule: &str) -> bool {
    let built_in = all().iter().any(|known| known.name == rule);
    built_in || judged.known().contains(&rule)
}

/// Whether it was not needed. Of a rule that did not run nobody knows; and whoever allows what this rule finds has
/// decided about it already.
fn is_unused(judged: &Judged<'_, '_>, allow: &Allow) -> bool {
    !allow.is_used() && allow.rule != "unused-allow" && judged.has_run(&allow.rule)
}

fn unknown(judged: &Judged<'_, '_>, allow: &Allow) -> Report {
    let names = all().iter().map(|rule| rule.name);
    let names = names.chain(judged.known().iter().copied());
    let help = match nearest(&allow.rule, names) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => "`nbfix rules` lists the rules".to_owned(),
    };
    let report = Report::in_place(allow.at.clone()).says("unknown");
    report.with("rule", allow.rule.as_str()).help(help)
}

fn unused(judged: &Judged<'_, '_>, allow: &Allow) -> Report {
    let report = Report::in_place(allow.at.clone()).with("rule", allow.rule.as_str());
    match &allow.by {
        By::Metadata(removal) => report.edit_metadata(removal.clone()),
        By::Comment(comment) => match removal(judged, *comment) {
            Some(edit) => report.edit(comment.cell, edit),
            None => report,
        },
    }
}

/// Takes all that is not needed out of a comment at once, so that the fixes of its findings are one.
fn removal(judged: &Judged<'_, '_>, comment: Span) -> Option<Edit> {
    let source = &judged.semantic.notebook().cell(comment.cell)?.source;
    let here = judged.allows.list().iter();
    let here = here.filter(|allow| allow.by == By::Comment(comment));
    let names: Vec<(TextRange, bool)> = here
        .filter_map(|allow| {
            let nbfix_lint::Place::Cell(span) = &allow.at else {
                return None;
            };
            let stays = !is_known(judged, &allow.rule) || !is_unused(judged, allow);
            Some((span.range, stays))
        })
        .collect();
    Some(without(source, comment.range, &names))
}
