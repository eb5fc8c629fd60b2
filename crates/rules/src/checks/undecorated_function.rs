//! `undecorated-function`: a function for a trigger that no decorator tells the worker of.

use nbfix_lint::{Check, Findings, Report};
use nbfix_project::Project;
use nbfix_python::ast::{Expr, Stmt, StmtFunctionDef};
use nbfix_python::{is_stdlib, range};
use nbfix_semantic::Semantic;
use nbfix_text::Edit;

use crate::functions::wrappers::{Undecorated, register};
use crate::functions::{
    File, FunctionApp, Made, Runs, Step, Trigger, annotation_path, apps, files, function_apps,
    is_whole, newline, trigger_of, unimported,
};
use crate::settings::Settings;

pub(crate) const CHECK: Check = Check::Project(check);

fn check<'a>(semantic: &Semantic<'a>, findings: &mut Findings<'_>) {
    let apps = apps(semantic);
    for app in apps.iter().filter(|app| app.project.complete) {
        whole(semantic, app, findings);
    }
    for file in function_apps(semantic) {
        if is_whole(&apps, &file) {
            continue;
        }
        // Without any app, that is what is to be told.
        if file.is_dynamic() || !file.has_star() && !file.may_hold_app() {
            continue;
        }
        let mut found = false;
        for (step, function) in file.functions() {
            if let Some(trigger) = undecorated(&file, step, function) {
                findings.push(report(&file, step, function, &trigger));
                found = true;
            }
        }
        if let Some(made) = empty(&file).filter(|_| !found) {
            let report = Report::at(made.step.unit.cell, range(made.call)).says("index-empty");
            findings.push(report.with("app", made.name).help(
                "Decorate a function with this app, register a blueprint, or import the module that does, below it.",
            ));
        }
    }
}

/// The functions of a project that is there as a whole: those of the entry, and those that it imports by name.
fn whole<'a>(semantic: &Semantic<'a>, app: &FunctionApp<'a>, findings: &mut Findings<'_>) {
    // Without any app, that is what is to be told.
    if app.run.app.is_none() {
        return;
    }
    let all = files(semantic);
    let file_at = |key: usize| {
        all.iter()
            .find(|file| file.units.iter().any(|unit| unit.cell.index() == key))
    };
    let entry = app.project.file(Project::ENTRY);
    let Some(entry) = entry.and_then(|entry| file_at(entry.parts.first()?.key)) else {
        return;
    };
    let mut found = false;
    let mut elsewhere: Vec<Undecorated<'_, 'a>> = Vec::new();
    for (bound, place) in &app.run.functions {
        let Some(file) = file_at(place.key).filter(|_| !app.run.is_decorated(*place)) else {
            continue;
        };
        let mut here = file.functions();
        let Some((step, function)) = here.find(|(step, function)| {
            step.unit.cell.index() == place.key && range(&function.name) == place.range
        }) else {
            continue;
        };
        let Some(trigger) = undecorated(file, step, function) else {
            continue;
        };
        found = true;
        if app.is_in_entry(*place) {
            findings.push(report(file, step, function, &trigger));
        } else if entry.reads_of(bound).next().is_none() {
            elsewhere.push(Undecorated {
                bound: bound.clone(),
                unit: step.unit,
                def: function,
                trigger,
            });
        }
    }
    let style = Settings::of(findings).functions.style;
    // One fix registers all of them; what its author allows is told to the allowance only.
    let (allowed, elsewhere): (Vec<_>, Vec<_>) = elsewhere.into_iter().partition(is_allowed);
    let mends = register(semantic, app, &elsewhere, style).filter(|_| !elsewhere.is_empty());
    let mendable = elsewhere.iter().map(|function| (function, mends.as_ref()));
    let all = mendable.chain(allowed.iter().map(|function| (function, None)));
    for (function, mends) in all {
        let holder = app.name().unwrap_or("app");
        let name = function.def.name.as_str();
        let decorator = decorator(holder, name, &function.trigger);
        let mut report = Report::at(function.unit.cell, range(&function.def.name))
            .says("elsewhere")
            .with("function", name)
            .with("decorator", decorator.as_str());
        if let Some((edits, remedy)) = mends {
            report = report
                .with("remedy", *remedy)
                .with("caution", caution(name, &function.trigger));
            for (cell, edit) in edits {
                report = report.edit(*cell, edit.clone());
            }
        }
        findings.push(report);
    }
    let nothing = matches!(&app.run.index, Ok(functions) if functions.is_empty());
    if found || !nothing || !app.is_certain() {
        return;
    }
    // What else explains it is told by its own rule.
    let other = !app.run.bare.is_empty()
        || app.run.objects.iter().any(|it| !it.builders.is_empty())
        || !unimported::modules(&app.project, &app.run).is_empty()
        || app.project.files().any(|file| {
            let reached = app.run.imported.contains(&file.path);
            reached
                && file
                    .parts
                    .iter()
                    .any(|part| is_switched_off_somewhere(part.source))
        });
    let made = app.run.app.and_then(|id| app.run.objects.get(id));
    if let (Some(made), Some(name), false) = (made, app.name(), other) {
        let report = app
            .report_at(made.made)
            .says("index-empty")
            .with("app", name);
        findings.push(report.help(
            "Decorate a function with this app, register a blueprint, or import the module that does, below it.",
        ));
    }
}

/// Whether a comment beside the `def` allows what is found there.
fn is_allowed(function: &Undecorated<'_, '_>) -> bool {
    let source = function.unit.source;
    let line = source
        .get(range(&function.def.name).start()..)
        .and_then(|rest| rest.lines().next());
    line.is_some_and(|line| line.contains("nbfix: allow"))
}

/// Whether a decorator stands in some comment.
fn is_switched_off_somewhere(source: &str) -> bool {
    let mut lines = source.lines().map(str::trim_start);
    lines.any(|line| {
        line.starts_with('#')
            && (line.contains("# @") || line.contains("#@") || line.contains("register_"))
    })
}

/// The trigger of a function that nothing decorates, calls, names or lists.
fn undecorated<'a>(
    file: &File<'_, 'a>,
    step: &Step<'_, 'a>,
    function: &'a StmtFunctionDef,
) -> Option<Trigger<'a>> {
    let name = function.name.as_str();
    // A leading underscore says: a helper, used or not.
    let silent = !function.decorator_list.is_empty()
        || matches!(step.runs, Runs::Never(_))
        || name.starts_with('_')
        || is_named(file, step, function)
        || is_switched_off(step, function);
    let trigger = trigger_of(file, step, function).filter(|_| !silent)?;
    let asgi = trigger.decorator == "route" && file.has_web_app();
    (!asgi && has_handler_shape(file, step, function, &trigger)).then_some(trigger)
}

/// Whether the function's name is read anywhere but in its own body.
fn is_named(file: &File<'_, '_>, step: &Step<'_, '_>, function: &StmtFunctionDef) -> bool {
    file.reads_of(function.name.as_str())
        .any(|read| read.unit.index != step.unit.index || !range(function).covers(range(read.name)))
}

/// Whether a decorator stands above it as a comment: somebody switched it off.
fn is_switched_off(step: &Step<'_, '_>, function: &StmtFunctionDef) -> bool {
    let above = step
        .unit
        .source
        .get(..range(function).start())
        .unwrap_or_default();
    let lines = above
        .lines()
        .rev()
        .map(str::trim)
        .skip_while(|line| line.is_empty());
    lines
        .take_while(|line| line.starts_with('#'))
        .any(|line| line.contains('@'))
}

/// Whether the worker could call it: its other parameters are of the Functions library, and it gives what a function
/// may give. A helper that takes a request and a number, or gives a `dict`, is none.
fn has_handler_shape<'a>(
    file: &File<'_, 'a>,
    step: &Step<'_, 'a>,
    function: &'a StmtFunctionDef,
    trigger: &Trigger<'_>,
) -> bool {
    let of_azure = |annotation: &'a Expr| {
        // `func.Out[str]` is of the library, whatever it takes.
        let named = annotation
            .as_subscript_expr()
            .map_or(annotation, |subscript| &subscript.value);
        annotation_path(file, step, named).is_some_and(|path| path.starts_with("azure."))
    };
    let bound = function.parameters.iter().all(|parameter| {
        let name = parameter.name().as_str();
        name == trigger.parameter
            || name == "context"
            || parameter.annotation().is_some_and(of_azure)
    });
    let returns = function
        .returns
        .as_deref()
        .is_none_or(|returns| match trigger.decorator {
            "route" => of_azure(returns),
            _ => returns.is_none_literal_expr() || trigger.is_durable(),
        });
    bound && returns
}

fn report<'a>(
    file: &File<'_, 'a>,
    step: &Step<'_, 'a>,
    function: &'a StmtFunctionDef,
    trigger: &Trigger<'_>,
) -> Report {
    let name = function.name.as_str();
    let app = file.only_app();
    let decorator = decorator(app.as_ref().map_or("app", |app| app.name), name, trigger);
    let report = Report::at(step.unit.cell, range(&function.name))
        .with("function", name)
        .with("remedy", format!("Decorate it: `{decorator}`"))
        .with("decorator", decorator.as_str());
    let alone = function.parameters.len() == 1;
    let mends = matches!(trigger.decorator, "route" | "timer_trigger") && alone;
    if !mends || app.is_none_or(|app| app.step.position() > step.position()) {
        return report;
    }
    let start = range(function).start();
    let above = step.unit.source.get(..start).unwrap_or_default();
    let indent = above.rsplit('\n').next().unwrap_or_default();
    if !indent.trim().is_empty() {
        return report;
    }
    let line = format!("{decorator}{}{indent}", newline(step.unit.source));
    report
        .with("caution", caution(name, trigger))
        .edit(step.unit.cell, Edit::insert(start, line))
}

/// The decorator that the trigger's type asks for.
fn decorator(app: &str, function: &str, trigger: &Trigger<'_>) -> String {
    let parameter = trigger.parameter;
    let arguments = match trigger.decorator {
        "route" if parameter == "req" => format!("route=\"{function}\""),
        "route" => format!("route=\"{function}\", trigger_arg_name=\"{parameter}\""),
        "timer_trigger" => format!("schedule=\"0 */5 * * * *\", arg_name=\"{parameter}\""),
        "orchestration_trigger" | "entity_trigger" => format!("context_name=\"{parameter}\""),
        _ => format!("arg_name=\"{parameter}\", ..."),
    };
    format!("@{app}.{}({arguments})", trigger.decorator)
}

fn caution(function: &str, trigger: &Trigger<'_>) -> String {
    if trigger.decorator == "route" {
        return format!(
            "The function becomes live at /api/{function}, with the app's own auth level."
        );
    }
    "The function becomes live; every 5 minutes is a guess: set the schedule.".to_owned()
}

/// The app of a file that gives it nothing to find: no other statement names it, and nothing is imported below it
/// that could. What is imported above it cannot know it.
fn empty<'s, 'a>(file: &File<'s, 'a>) -> Option<Made<'s, 'a>> {
    let made = file.made_apps();
    let [only] = made.as_slice() else { return None };
    let silent = file.has_star()
        || file.has_web_app()
        || only.step.runs != Runs::Always
        || file.bindings(only.name).len() != 1
        || file.reads_of(only.name).next().is_some()
        || !file.blueprints().is_empty()
        || file.has_comment(&[only.name, "register_"])
        || file.has_comment(&["@", only.name])
        || file
            .steps
            .iter()
            .any(|step| step.position() > only.step.position() && imports_unknown(step));
    (!silent).then_some(*only)
}

/// Whether the statement imports a module that may be the project's own.
fn imports_unknown(step: &Step<'_, '_>) -> bool {
    let unknown = |path: &str| {
        let root = path.split('.').next().unwrap_or(path);
        root != "azure" && !is_stdlib(root)
    };
    match step.stmt {
        Stmt::Import(import) => import
            .names
            .iter()
            .any(|alias| unknown(alias.name.as_str())),
        Stmt::ImportFrom(import) => {
            import.level > 0
                || import
                    .module
                    .as_ref()
                    .is_none_or(|module| unknown(module.as_str()))
        }
        _ => false,
    }
}
