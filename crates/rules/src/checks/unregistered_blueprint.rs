//! `unregistered-blueprint`: a blueprint that no app is given, or is given twice, or too early.

use nbfix_lint::{Check, Findings, Report};
use nbfix_python::ast::{ExprCall, Stmt};
use nbfix_python::range;
use nbfix_semantic::Semantic;
use nbfix_text::Edit;

use crate::functions::whole_blueprints as whole;
use crate::functions::{
    Blueprint, File, Read, Runs, Step, Use, apps, function_apps, is_trigger_decorator, is_whole,
    line_below, whole_line,
};

pub(crate) const CHECK: Check = Check::Project(check);

fn check<'a>(semantic: &Semantic<'a>, findings: &mut Findings<'_>) {
    let apps = apps(semantic);
    for app in apps.iter().filter(|app| app.project.complete) {
        whole::check(semantic, app, findings);
    }
    for file in function_apps(semantic) {
        if file.is_dynamic() || file.has_star() || is_whole(&apps, &file) {
            continue;
        }
        for blueprint in file.blueprints() {
            if let Some(report) = judge(&file, &blueprint) {
                findings.push(report);
            }
        }
    }
}

fn judge(file: &File<'_, '_>, blueprint: &Blueprint<'_, '_>) -> Option<Report> {
    let sure = blueprint.step.runs == Runs::Always && file.bindings(blueprint.name).len() == 1;
    if !sure || is_listed(file, blueprint.name) {
        return None;
    }
    let reads: Vec<_> = file.reads_of(blueprint.name).collect();
    let mut registrations: Vec<Registration<'_, '_>> = Vec::new();
    for read in &reads {
        match read.of {
            Use::Decorates(_) => {}
            Use::Registered(call) => registrations.push(registration(file, read, call)?),
            _ => return None,
        }
    }
    match registrations.as_slice() {
        [] => unregistered(file, blueprint, reads.is_empty()),
        [only] => early(file, blueprint, only),
        [first, second, ..] => twice(blueprint, first, second),
    }
}

/// Whether `__all__` names it: then another file may register it.
fn is_listed(file: &File<'_, '_>, name: &str) -> bool {
    let quoted = [format!("\"{name}\""), format!("'{name}'")];
    file.steps.iter().any(|step| {
        let text = range(step.stmt).of(step.unit.source);
        text.starts_with("__all__") && quoted.iter().any(|quoted| text.contains(quoted))
    })
}

/// `app.register_functions(bp)` as a statement of its own that surely runs.
#[derive(Clone, Copy)]
struct Registration<'s, 'a> {
    step: Step<'s, 'a>,
    app: &'a str,
}

fn registration<'s, 'a>(
    file: &File<'s, 'a>,
    read: &Read<'s, 'a>,
    call: &'a ExprCall,
) -> Option<Registration<'s, 'a>> {
    let is_it = |step: &&Step<'_, '_>| {
        step.unit.index == read.unit.index && range(step.stmt) == range(call)
    };
    let step = file
        .steps
        .iter()
        .find(is_it)
        .filter(|step| step.runs == Runs::Always)?;
    let app = call.func.as_attribute_expr()?.value.as_name_expr()?;
    Some(Registration {
        step: *step,
        app: app.id.as_str(),
    })
}

fn unregistered(
    file: &File<'_, '_>,
    blueprint: &Blueprint<'_, '_>,
    unread: bool,
) -> Option<Report> {
    if file.has_comment(&["register_", blueprint.name]) {
        return None;
    }
    let app = file.only_app().filter(|_| !file.made_apps().is_empty())?;
    // An import that somebody marked as meant stays.
    if blueprint.is_imported && (!unread || line_of(blueprint.step).contains("noqa")) {
        return None;
    }
    let last = functions(file, blueprint).last().copied();
    let last = match blueprint.is_imported {
        true => blueprint.step,
        false => last?,
    };
    let below = if last.position() > app.step.position() {
        last
    } else {
        app.step
    };
    let report = Report::at(blueprint.step.unit.cell, blueprint.place)
        .with("blueprint", blueprint.name)
        .with("app", app.name)
        .with(
            "remedy",
            format!(
                "Register it: `{}.register_functions({})`",
                app.name, blueprint.name
            ),
        )
        .with(
            "caution",
            "Its functions become live, under their own names and routes.",
        );
    let outermost = top_of(file, &below)?;
    let blank = if matches!(below.stmt, Stmt::FunctionDef(_)) {
        2
    } else {
        0
    };
    let line = format!("{}.register_functions({})", app.name, blueprint.name);
    let edit = line_below(below.unit.source, range(outermost.stmt), blank, &line);
    Some(report.edit(below.unit.cell, edit))
}

/// The functions whose triggers the blueprint takes, in order.
fn functions<'s, 'a>(file: &File<'s, 'a>, blueprint: &Blueprint<'_, '_>) -> Vec<Step<'s, 'a>> {
    let by_blueprint = |read: &&Read<'_, '_>| matches!(read.of, Use::Decorates(_));
    let reads: Vec<_> = file.reads_of(blueprint.name).filter(by_blueprint).collect();
    let decorated = file.functions().filter(|(step, function)| {
        function.decorator_list.iter().any(|decorator| {
            is_trigger_decorator(decorator)
                && reads.iter().any(|read| {
                    read.unit.index == step.unit.index && range(decorator).covers(range(read.name))
                })
        })
    });
    decorated.map(|(step, _)| *step).collect()
}

fn early(
    file: &File<'_, '_>,
    blueprint: &Blueprint<'_, '_>,
    registration: &Registration<'_, '_>,
) -> Option<Report> {
    let lost = functions(file, blueprint);
    let lost = lost
        .iter()
        .find(|step| step.position() > registration.step.position())?;
    let Stmt::FunctionDef(function) = lost.stmt else {
        return None;
    };
    let report = Report::at(registration.step.unit.cell, range(registration.step.stmt))
        .says("early")
        .with("blueprint", blueprint.name)
        .with("function", function.name.as_str())
        .label(lost.unit.cell, range(&function.name), "decorated too late");
    Some(report.help("Move the registration below the last function of the blueprint."))
}

fn twice(
    blueprint: &Blueprint<'_, '_>,
    first: &Registration<'_, '_>,
    second: &Registration<'_, '_>,
) -> Option<Report> {
    if first.app != second.app {
        return None;
    }
    let report = Report::at(second.step.unit.cell, range(second.step.stmt))
        .says("twice")
        .with("blueprint", blueprint.name)
        .with("remedy", "Remove the second registration")
        .with(
            "caution",
            "The functions that are decorated between the two are then registered no more.",
        )
        .label(
            first.step.unit.cell,
            range(first.step.stmt),
            "registered here already",
        );
    let line = whole_line(second.step.unit.source, range(second.step.stmt));
    Some(match line.filter(|_| second.step.is_outermost()) {
        Some(line) => report.edit(second.step.unit.cell, Edit::delete(line)),
        None => report,
    })
}

/// The statement of the top level that holds `step`.
fn top_of<'s, 'a>(file: &File<'s, 'a>, step: &Step<'s, 'a>) -> Option<Step<'s, 'a>> {
    let holds = |outer: &&Step<'_, '_>| {
        outer.unit.index == step.unit.index && range(outer.stmt).covers(range(step.stmt))
    };
    file.steps.iter().find(holds).copied()
}

fn line_of<'a>(step: Step<'_, 'a>) -> &'a str {
    let rest = step
        .unit
        .source
        .get(range(step.stmt).start()..)
        .unwrap_or_default();
    let end = range(step.stmt).len();
    let tail = rest
        .get(end..)
        .unwrap_or_default()
        .lines()
        .next()
        .map_or(0, str::len);
    rest.get(..end + tail).unwrap_or_default()
}
