//! Two findings of one cause, told as one.

use std::collections::BTreeMap;

use nbfix_ipynb::{Notebook, Span};
use nbfix_text::TextRange;

use crate::{Finding, Label, Place};

/// Asks that a finding be told as a part of the one that states its cause: that one gets a label, and this one is
/// not told by itself. Where no such finding is, or its rule was not selected, this one stands for itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Join {
    /// The rules that may state the cause, the likeliest first. Findings of these in the same cell are looked at, and
    /// those that have a label there.
    pub rules: Vec<String>,
    /// What the label says.
    pub text: String,
    /// Whether the other finding, or a label of it, must stand in the same lines.
    pub same_line: bool,
    /// Whether this finding says nothing by itself, and is dropped if nothing states its cause.
    pub only: bool,
    /// A word for the cause: of the findings that stand for themselves the first of one rule and word takes in the
    /// others.
    pub same: Option<String>,
    /// What the message of that one says besides; `{count}` is how many others it has taken in.
    pub more: String,
}

/// Folds the findings that ask for it (by position) into those that state their cause.
pub(crate) fn join(
    found: Vec<Finding>,
    mut joins: BTreeMap<usize, Join>,
    notebook: &Notebook,
) -> Vec<Finding> {
    if joins.is_empty() {
        return found;
    }
    let mut told = Vec::with_capacity(found.len());
    let mut asking = Vec::new();
    for (index, finding) in found.into_iter().enumerate() {
        match joins.remove(&index) {
            Some(join) => asking.push((finding, join)),
            None => told.push(finding),
        }
    }
    let mut alone: Vec<(Finding, Join)> = Vec::new();
    for (finding, join) in asking {
        let causes = told.iter().enumerate().filter_map(|(index, cause)| {
            Some((closeness(cause, &finding, &join, notebook)?, index))
        });
        let cause = causes.min().map(|(_, index)| index);
        match cause.and_then(|index| told.get_mut(index)) {
            Some(cause) => fold(cause, finding, join),
            None if join.only => {}
            None => alone.push((finding, join)),
        }
    }
    told.extend(one_of_each(alone));
    told
}

/// Folds findings of one rule and cause into the first of them.
fn one_of_each(mut alone: Vec<(Finding, Join)>) -> Vec<Finding> {
    alone.sort_by_cached_key(|(finding, _)| finding.order());
    let mut first: Vec<(Finding, Join)> = Vec::new();
    for (finding, join) in alone {
        let same = |(other, its): &&mut (Finding, Join)| {
            other.rule.name == finding.rule.name && join.same.is_some() && its.same == join.same
        };
        match first.iter_mut().find(same) {
            Some((cause, _)) => fold(cause, finding, join),
            None => first.push((finding, join)),
        }
    }
    let said = first.into_iter().map(|(mut finding, join)| {
        let count = finding.joined.len();
        if count > 0 {
            let more = join.more.replace("{count}", &count.to_string());
            finding.message.push_str(&more);
        }
        finding
    });
    said.collect()
}

/// How near a finding is to being the cause of another, less is nearer: the same lines before the same cell, then the
/// order of the rules. `None` if it is not.
fn closeness(
    cause: &Finding,
    finding: &Finding,
    join: &Join,
    notebook: &Notebook,
) -> Option<(bool, usize, bool)> {
    let rule = join.rules.iter().position(|it| it == cause.rule.name)?;
    let Place::Cell(at) = &finding.at else {
        return None;
    };
    let own = match &cause.at {
        Place::Cell(span) => Some(*span),
        Place::File { .. } => None,
    };
    let spans = own.into_iter().chain(cause.labels.iter().map(|it| it.span));
    let here: Vec<Span> = spans.filter(|span| span.cell == at.cell).collect();
    if here.is_empty() {
        return None;
    }
    let source = &notebook.cell(at.cell)?.source;
    let lines = |range: TextRange| {
        let line = |offset: usize| {
            source
                .get(..offset)
                .map_or(0, |it| it.matches('\n').count())
        };
        (line(range.start()), line(range.end()))
    };
    let (first, last) = lines(at.range);
    let same_line = here.iter().any(|span| {
        let (start, end) = lines(span.range);
        start <= last && first <= end
    });
    let elsewhere = own.is_none_or(|own| own.cell != at.cell);
    (same_line || !join.same_line).then_some((!same_line, rule, elsewhere))
}

fn fold(cause: &mut Finding, mut finding: Finding, join: Join) {
    if let Place::Cell(span) = finding.at {
        let text = join.text;
        cause.labels.push(Label { span, text });
    }
    cause.labels.append(&mut finding.labels);
    // What to do about it, where the cause's rule knows nothing better.
    if cause.help.is_none() {
        cause.help = finding.help.clone();
    }
    // What has failed already is no lesser matter for being told in other words.
    if !join.only {
        cause.level = cause.level.max(finding.level);
    }
    cause.joined.push(finding);
}
