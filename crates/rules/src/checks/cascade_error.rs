//! `cascade-error`: `NameError`s that only follow from an earlier error.

use nbfix_lint::{Check, Findings, Report};
use nbfix_semantic::Semantic;

use crate::recorded::{Recorded, Story, cells_in_words};

pub(crate) const CHECK: Check = Check::Notebook(check);

/// Errors of one cause, and those that follow from them.
#[derive(Default)]
struct Cascade<'s> {
    causes: Vec<&'s Recorded>,
    followers: Vec<&'s Recorded>,
}

/// One finding for each cause, at the first error that follows from it.
fn check<'a>(semantic: &Semantic<'a>, findings: &mut Findings<'_>) {
    let story = Story::of(semantic);
    let mut cascades: Vec<(String, Cascade<'_>)> = Vec::new();
    for (index, cause) in story.all.iter().enumerate() {
        let mut followers = story.followers(index).peekable();
        if followers.peek().is_none() {
            continue;
        }
        let word = cause.cause();
        let known = cascades.iter().position(|(known, _)| *known == word);
        let at = known.unwrap_or_else(|| {
            cascades.push((word, Cascade::default()));
            cascades.len() - 1
        });
        if let Some((_, cascade)) = cascades.get_mut(at) {
            cascade.causes.push(cause);
            cascade.followers.extend(followers);
        }
    }
    for (_, cascade) in &mut cascades {
        cascade.followers.sort_by_key(|one| one.cell);
        if let Some(report) = report(cascade) {
            findings.push(report);
        }
    }
}

fn report(cascade: &Cascade<'_>) -> Option<Report> {
    let (first, rest) = cascade.followers.split_first()?;
    let cause = cascade.causes.first()?;
    let cells: Vec<_> = cascade.causes.iter().map(|one| one.cell).collect();
    let mut report = Report::at(first.cell, first.line.range)
        .with("count", cascade.followers.len().to_string())
        .with("cells", cells_in_words(&cells))
        .with("cause", cause.text.as_str())
        .with("error", first.text.as_str());
    if rest.is_empty() {
        report = report.says("one");
    }
    for cause in &cascade.causes {
        let text = format!("`{}` ended this cell first", cause.text);
        report = report.label(cause.cell, cause.line.range, text);
    }
    for other in rest {
        report = report.label(other.cell, other.line.range, format!("`{}`", other.text));
    }
    Some(report)
}
