//! `retired-model`: a model that its provider has shut down, or is about to.

use nbfix_lint::{Check, Findings, Level, Report, Safety};
use nbfix_python::range;
use nbfix_semantic::Semantic;
use nbfix_text::Edit;

use crate::model_uses::{Use, inner, uses};
use crate::retirement::{Date, End, Provider, end_of};
use crate::settings::Settings;

pub(crate) const CHECK: Check = Check::Notebook(check);

/// How many days ahead an end is told.
const AHEAD: u32 = 90;

fn check<'a>(semantic: &Semantic<'a>, findings: &mut Findings<'_>) {
    // Nobody can tell what is over without knowing what day it is.
    let Some(today) = Settings::of(findings).today else {
        return;
    };
    let models = Settings::of(findings).models.clone();
    let mut groups: Vec<(End<'_>, Vec<Use<'a>>)> = Vec::new();
    for each in uses(semantic) {
        if models.allows(each.model) {
            continue;
        }
        let Some(end) = end_of(&models.extra, each.provider, each.model) else {
            continue;
        };
        if end.shutdown.days() > today.days() + AHEAD {
            continue;
        }
        let same = |(_, others): &(End<'_>, Vec<Use<'a>>)| {
            others
                .first()
                .is_some_and(|first| (first.model, first.provider) == (each.model, each.provider))
        };
        match groups.iter().position(same) {
            Some(at) => groups[at].1.push(each),
            None => groups.push((end, vec![each])),
        }
    }
    for (end, places) in groups {
        if let Some(report) = report(semantic, end, &places, today, findings) {
            findings.push(report);
        }
    }
}

fn report(
    semantic: &Semantic<'_>,
    end: End<'_>,
    places: &[Use<'_>],
    today: Date,
    findings: &Findings<'_>,
) -> Option<Report> {
    let (first, others) = places.split_first()?;
    let cell = |each: &Use<'_>| semantic.units().get(each.unit).map(|unit| unit.cell);
    let over = end.shutdown <= today;
    let chosen = Settings::of(findings)
        .models
        .replace
        .get(first.model)
        .map(String::as_str);
    let successor = chosen.or(end.successor);
    let mut report = Report::at(cell(first)?, range(first.literal))
        .with("model", first.model)
        .with("provider", first.provider.label())
        .with("date", end.shutdown.to_string())
        .with("as_of", end.as_of)
        .with("successor", successor.unwrap_or_default());
    report = match (first.provider, over) {
        // The text is the name that somebody gave a deployment, which may be of any model.
        (Provider::Azure, _) => report.says("azure").level(Level::Note),
        // What Google announces for Vertex AI and the Gemini API is the earliest day, and this source copies that.
        (Provider::Vertex | Provider::Gemini, _) if end.source.starts_with("litellm") => {
            report.says("announced").level(Level::Warning)
        }
        (_, true) => report,
        (_, false) => report.says("soon").level(Level::Warning),
    };
    let source = match end.as_of {
        "" => end.source.to_owned(),
        as_of => format!("as of {as_of}: {}", end.source),
    };
    report = report.help(match successor {
        Some(name) => format!("`{name}` takes its place ({source})"),
        None => format!("nbfix knows of no successor ({source})"),
    });
    for other in others {
        report = report.label(cell(other)?, range(other.literal), "and here");
    }
    // What takes the place of a model for pictures takes other arguments and answers in another form.
    let replaced = successor
        .filter(|_| first.provider != Provider::Azure && (!end.pictures || chosen.is_some()));
    let edits: Option<Vec<_>> = places
        .iter()
        .map(|each| Some((cell(each)?, inner(each.literal)?)))
        .collect();
    if let (Some(name), Some(edits)) = (replaced, edits) {
        for (cell, at) in edits {
            report = report.edit(cell, Edit::replace(at, name));
        }
        report = report.safety(Safety::Unsafe);
    }
    Some(report)
}
