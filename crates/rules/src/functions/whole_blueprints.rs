//! The blueprints of a project that is there as a whole.

use nbfix_ipynb::CellId;
use nbfix_lint::{Findings, Report};
use nbfix_project::{App, Place, Project, Registration};
use nbfix_python::ast::Stmt;
use nbfix_python::range;
use nbfix_semantic::Semantic;
use nbfix_text::{Edit, TextRange};

use super::{FunctionApp, newline, whole_line};

/// Tells blueprints that are never registered, twice, or too early.
pub(crate) fn check<'a>(
    semantic: &Semantic<'a>,
    app: &FunctionApp<'a>,
    findings: &mut Findings<'_>,
) {
    let Some(name) = app.name().filter(|_| app.is_certain()) else {
        return;
    };
    for (id, blueprint) in app.run.objects.iter().enumerate() {
        let looked_at = !blueprint.kind.is_app() && blueprint.sure && !blueprint.escaped;
        if !looked_at || blueprint.builders.is_empty() {
            continue;
        }
        let to_app = |it: &&Registration| it.blueprint == id;
        let registrations: Vec<&Registration> =
            app.run.registrations.iter().filter(to_app).collect();
        let bound = blueprint.name.as_deref().unwrap_or("the blueprint");
        let report = match registrations.as_slice() {
            [] => unregistered(semantic, app, blueprint, name),
            [only] if only.sure && only.count < blueprint.builders.len() => {
                let lost = app.run.collected(id).into_iter().nth(only.count);
                lost.map(|(function, place)| early(app, only, bound, &function, place))
            }
            [first, second, ..] if first.app == second.app && first.sure && second.sure => {
                Some(twice(app, first, second, bound))
            }
            _ => None,
        };
        findings.extend(report);
    }
}

fn unregistered<'a>(
    semantic: &Semantic<'a>,
    app: &FunctionApp<'a>,
    blueprint: &App,
    holder: &str,
) -> Option<Report> {
    let own = blueprint.name.as_deref()?;
    let imported = imported(app, blueprint.made, own);
    let (place, bound) = match &imported {
        _ if app.is_in_entry(blueprint.made) => (blueprint.made, own.to_owned()),
        Some((place, bound)) => (*place, bound.clone()),
        None => (blueprint.made, own.to_owned()),
    };
    // What somebody switched off by hand, or marked as meant, stays.
    let off = app
        .project
        .files()
        .flat_map(|file| &file.parts)
        .any(|part| {
            part.module.comments().any(|comment| {
                let text = comment.of(part.source);
                text.contains("register_") && text.contains(&bound)
            })
        });
    let line = app
        .source(place)
        .get(place.range.start()..)?
        .lines()
        .next()?;
    if off || imported.is_some() && line.contains("noqa") {
        return None;
    }
    let report = app
        .report_at(place)
        .with("blueprint", bound.as_str())
        .with("app", holder)
        .with(
            "remedy",
            format!("Register it: `{holder}.register_functions({bound})`"),
        )
        .with(
            "caution",
            "Its functions become live, under their own names and routes.",
        );
    let Some((cell, end)) = app.end_of_entry() else {
        return Some(report);
    };
    let line = newline(app.source(Place {
        key: cell.index(),
        range: TextRange::empty(0),
    }));
    let there = app.is_in_entry(blueprint.made) || imported.is_some();
    let text = if there {
        format!("{line}{line}{holder}.register_functions({bound})")
    } else {
        let module = app.module(blueprint.made);
        let short = module.rsplit('.').next().unwrap_or(&module);
        let alias = format!("{short}_{own}");
        if app.is_bound_in_entry(semantic, &alias) {
            return Some(report);
        }
        format!(
            "{line}{line}from {module} import {own} as {alias}  # noqa: E402{line}{line}\
             {holder}.register_functions({alias})"
        )
    };
    Some(report.edit(cell, Edit::insert(end, text)))
}

/// Where the entry imports a blueprint by its name, and under which.
fn imported(app: &FunctionApp<'_>, made: Place, own: &str) -> Option<(Place, String)> {
    let module = app.module(made);
    let entry = app.project.file(Project::ENTRY)?;
    entry.parts.iter().find_map(|part| {
        part.module.body().iter().find_map(|stmt| {
            let Stmt::ImportFrom(import) = stmt else {
                return None;
            };
            if import.module.as_ref().map(|it| it.as_str()) != Some(module.as_str()) {
                return None;
            }
            let alias = import
                .names
                .iter()
                .find(|alias| alias.name.as_str() == own)?;
            let bound = alias.asname.as_ref().unwrap_or(&alias.name);
            let place = Place {
                key: part.key,
                range: range(bound),
            };
            Some((place, bound.to_string()))
        })
    })
}

/// The line of a registration, if it stands alone at the top level.
fn line_of(app: &FunctionApp<'_>, place: Place) -> Option<TextRange> {
    let stmt = app.statement(place)?;
    (range(stmt) == place.range).then(|| whole_line(app.source(place), place.range))?
}

fn early(
    app: &FunctionApp<'_>,
    registration: &Registration,
    bound: &str,
    function: &str,
    lost: Place,
) -> Report {
    let report = app
        .report_at(registration.place)
        .says("early")
        .with("blueprint", bound)
        .with("function", function)
        .with("remedy", "Move the registration to the end of the file")
        .with("caution", "The functions below it become live.")
        .label(CellId(lost.key), lost.range, "decorated too late");
    let line = line_of(app, registration.place).filter(|_| app.is_in_entry(registration.place));
    let (Some(line), Some((cell, end))) = (line, app.end_of_entry()) else {
        return report.help("Move the registration below the last function of the blueprint.");
    };
    let newline = newline(app.source(registration.place));
    let call = app.text(registration.place);
    report
        .edit(CellId(registration.place.key), Edit::delete(line))
        .edit(
            cell,
            Edit::insert(end, format!("{newline}{newline}{newline}{call}")),
        )
}

fn twice(
    app: &FunctionApp<'_>,
    first: &Registration,
    second: &Registration,
    bound: &str,
) -> Report {
    let report = app
        .report_at(second.place)
        .says("twice")
        .with("blueprint", bound)
        .with("remedy", "Remove the second registration")
        .with(
            "caution",
            "The functions that are decorated between the two are then registered no more.",
        )
        .label(
            CellId(first.place.key),
            first.place.range,
            "registered here already",
        );
    match line_of(app, second.place) {
        Some(line) => report.edit(CellId(second.place.key), Edit::delete(line)),
        None => report,
    }
}
