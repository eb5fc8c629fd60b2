//! `missing-app`: a `function_app.py` that leaves no app object at its top level.

use nbfix_ipynb::CellId;
use nbfix_lint::{Check, Findings, Report};
use nbfix_project::{Project, Trouble};
use nbfix_python::range;
use nbfix_semantic::{Binding, BindingKind, Semantic};
use nbfix_text::Edit;

use crate::functions::{
    File, FunctionApp, Made, Runs, Step, apps, assignment, function_apps, is_trigger_decorator,
    is_whole, trigger_of, whole_line,
};

pub(crate) const CHECK: Check = Check::Project(check);

fn check<'a>(semantic: &Semantic<'a>, findings: &mut Findings<'_>) {
    let apps = apps(semantic);
    for app in apps.iter().filter(|app| app.project.complete) {
        findings.extend(whole(semantic, app));
    }
    for file in function_apps(semantic) {
        if is_whole(&apps, &file) {
            continue;
        }
        if file.has_star() || file.is_dynamic() || file.may_hold_app() {
            continue;
        }
        let report = rebound(&file)
            .or_else(|| unreached(&file))
            .or_else(|| never_made(&file));
        if let Some(report) = report {
            findings.push(report);
        }
    }
}

/// What a project that is there as a whole lacks.
fn whole<'a>(semantic: &Semantic<'a>, app: &FunctionApp<'a>) -> Option<Report> {
    let no_app = matches!(
        app.failure().map(|error| &error.trouble),
        Some(Trouble::NoApp)
    );
    // An exception that is hidden is told where it is raised.
    if !no_app || !app.is_certain() || app.run.caught.iter().any(|error| error.sure) {
        return None;
    }
    let lost = app
        .run
        .rebound
        .iter()
        .rev()
        .find(|it| it.file == Project::ENTRY && it.sure);
    if let Some(lost) = lost {
        let made = app.run.objects.get(lost.object)?.made;
        let label = "the app that is lost";
        let report = app
            .report_at(lost.place)
            .with("name", lost.name.as_str())
            .label(CellId(made.key), made.range, label);
        let alone = app
            .statement(lost.place)
            .is_some_and(|stmt| range(stmt) == lost.place.range);
        let line = whole_line(app.source(lost.place), lost.place.range).filter(|_| alone);
        return Some(match line {
            Some(line) => report.edit(CellId(lost.place.key), Edit::delete(line)),
            None => report,
        });
    }
    let mut entries = function_apps(semantic).into_iter();
    let entry = entries.find(|file| {
        let key = file.units.first().map(|unit| unit.cell.index());
        key.is_some_and(|key| {
            let file = app.project.file_of(key);
            file.is_some_and(|file| file.path == Project::ENTRY)
        })
    })?;
    unreached(&entry)
        .or_else(|| never_made(&entry))
        .or_else(|| {
            let first = entry.steps.first()?;
            let place = range(first.stmt);
            Some(Report::at(first.unit.cell, place).says("nothing"))
        })
}

/// `app = None` below the app.
fn rebound(file: &File<'_, '_>) -> Option<Report> {
    let last = file.steps.iter().rev().find_map(|step| {
        let (name, value) = assignment(step.stmt)?;
        let app = app_above(file, step, name.id.as_str())?;
        (step.runs == Runs::Always && value.is_literal_expr()).then_some((step, name, app))
    });
    let (step, name, app) = last?;
    let report = Report::at(step.unit.cell, range(step.stmt))
        .with("name", name.id.as_str())
        .label(app.unit.cell, range(app.stmt), "the app that is lost");
    let line = whole_line(step.unit.source, range(step.stmt)).filter(|_| step.is_outermost());
    Some(match line {
        Some(line) => report.edit(step.unit.cell, Edit::delete(line)),
        None => report,
    })
}

/// The statement above `below` that gives `name` its app.
fn app_above<'s, 'a>(
    file: &File<'s, 'a>,
    below: &Step<'_, '_>,
    name: &str,
) -> Option<Step<'s, 'a>> {
    let is_above = |step: &Step<'_, '_>| step.position() < below.position();
    let made = file
        .made_apps()
        .into_iter()
        .find(|made| made.name == name && is_above(&made.step));
    made.map(|made| made.step).or_else(|| {
        let bindings = file.bindings(name);
        let import = bindings
            .into_iter()
            .find(|binding| is_imported_app(name, binding))?;
        file.step_of(import).copied().filter(is_above)
    })
}

fn is_imported_app(name: &str, binding: &Binding<'_>) -> bool {
    let named = name
        .to_lowercase()
        .split('_')
        .any(|word| matches!(word, "app" | "application"));
    named && matches!(&binding.kind, BindingKind::Import(path) if path.contains('.'))
}

/// The app is made, but only where the worker does not come.
fn unreached(file: &File<'_, '_>) -> Option<Report> {
    let made = file.made_apps();
    let (Made { name, call, step }, condition) =
        made.iter().find_map(|made| match made.step.runs {
            Runs::Never(condition) => Some((made, condition)),
            _ => None,
        })?;
    let report = Report::at(step.unit.cell, range(*call))
        .says("unreached")
        .with("name", *name)
        .with("condition", condition.of(step.unit.source))
        .label(
            step.unit.cell,
            condition,
            "false while the worker imports the file",
        );
    Some(report.help(format!(
        "Make `{name}` at the top level, outside of any `if`, above the functions."
    )))
}

/// Functions with triggers, and no app anywhere.
fn never_made(file: &File<'_, '_>) -> Option<Report> {
    if file.makes_app_anywhere() {
        return None;
    }
    let (step, function) = file.functions().find(|(step, function)| {
        let decorated = function.decorator_list.iter().any(is_trigger_decorator);
        let reached = !matches!(step.runs, Runs::Never(_));
        reached
            && (decorated && file.mentions_functions()
                || trigger_of(file, step, function).is_some())
    })?;
    let report = Report::at(step.unit.cell, range(&function.name)).says("none");
    Some(report.with("function", function.name.as_str()))
}
