//! `retired-model`: a model that its provider has shut down, or is about to.

use std::collections::BTreeMap;

use nbfix_lint::{Check, Findings, Level, Report, Safety};
use nbfix_python::range;
use nbfix_semantic::Semantic;
use nbfix_text::Edit;

use crate::model_constants::{Constants, NEW_MODELS, Place, Wanted};
use crate::model_discovery::Discovery;
use crate::model_names::kind;
use crate::model_uses::{Use, inner, uses};
use crate::retirement::{Date, End, Provider, end_of};
use crate::settings::{Models, Settings};

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
    let discovered = discovered(semantic, &groups, &models);
    for (end, places) in groups {
        if let Some(report) = report(semantic, end, &places, today, findings, discovered.as_ref()) {
            findings.push(report);
        }
    }
}

/// The models without a successor whose service can be asked for another one, and the constants that hold what it says.
struct Discovered<'a> {
    models: Vec<&'a str>,
    constants: Constants,
}

/// `None` if nobody wants that, or nobody can be asked.
fn discovered<'a>(
    semantic: &Semantic<'a>,
    groups: &[(End<'_>, Vec<Use<'a>>)],
    said: &Models,
) -> Option<Discovered<'a>> {
    let discovery = Discovery::of(semantic).filter(|_| said.discover)?;
    let mut wanted: Vec<(&'a str, Vec<Place>)> = Vec::new();
    for (end, places) in groups {
        let model = places.first()?.model;
        // What takes the place of such a model takes other arguments.
        let is_special = end.pictures || end.completes;
        let has_none = end.successor.is_none() && !said.replace.contains_key(model);
        let is_plain = places.iter().all(|each| inner(each.literal).is_some());
        if !has_none || is_special || !is_plain || !discovery.covers(model, kind(model)) {
            continue;
        }
        let places = places.iter().map(|each| Place {
            unit: each.unit,
            at: range(each.literal),
        });
        match wanted.iter_mut().find(|(known, _)| *known == model) {
            Some((_, known)) => known.extend(places),
            None => wanted.push((model, places.collect())),
        }
    }
    if wanted.is_empty() {
        return None;
    }
    let all: Vec<Wanted<'_>> = wanted
        .iter()
        .map(|(model, places)| Wanted {
            text: model,
            kind: kind(model),
            places,
        })
        .collect();
    let constants = Constants::plan(
        semantic,
        &all,
        &BTreeMap::new(),
        &NEW_MODELS,
        Some(discovery),
    );
    Some(Discovered {
        models: wanted.into_iter().map(|(model, _)| model).collect(),
        constants,
    })
}

fn report(
    semantic: &Semantic<'_>,
    end: End<'_>,
    places: &[Use<'_>],
    today: Date,
    findings: &Findings<'_>,
    discovered: Option<&Discovered<'_>>,
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
    report = report.with(
        "instead",
        match successor {
            Some(name) => format!("`{name}`"),
            None => "what the service has in its place".to_owned(),
        },
    );
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
    } else if let Some(discovered) = discovered.filter(|it| it.models.contains(&first.model)) {
        // All of them share one fix: their constants stand together, behind one function.
        for (cell, edit) in discovered.constants.edits() {
            report = report.edit(*cell, edit.clone());
        }
        report = report.safety(Safety::Unsafe);
    }
    Some(report)
}
