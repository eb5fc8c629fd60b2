//! `unimported-functions`: decorated functions in a module that `function_app.py` never imports.

use nbfix_lint::{Check, Findings, Report};
use nbfix_project::Project;
use nbfix_python::ast::{Expr, Stmt};
use nbfix_semantic::Semantic;
use nbfix_text::Edit;

use crate::functions::unimported::{Unimported, modules};
use crate::functions::{FunctionApp, apps, newline};

pub(crate) const CHECK: Check = Check::Project(check);

/// Where the name that decorates comes from.
enum Source {
    /// Another module of the project, which the entry imports, or the entry itself.
    Imported,
    /// A blueprint of the module's own.
    Blueprint,
}

fn check<'a>(semantic: &Semantic<'a>, findings: &mut Findings<'_>) {
    for app in apps(semantic) {
        // Only a project that is there as a whole has modules that nothing imports.
        if !app.project.complete || !app.is_certain() || app.run.app.is_none() {
            continue;
        }
        for module in modules(&app.project, &app.run) {
            let Some(source) = source(&app, &module) else {
                continue;
            };
            let functions: Vec<String> = module
                .functions
                .iter()
                .map(|it| format!("`{it}`"))
                .collect();
            let report = app
                .report_at(module.place)
                .with("module", Project::module_name(&module.path))
                .with("functions", functions.join(", "));
            findings.push(mend(semantic, &app, &module, &source, report));
        }
    }
}

fn source(app: &FunctionApp<'_>, module: &Unimported) -> Option<Source> {
    let file = app.project.file(&module.path)?;
    let body = file.parts.iter().flat_map(|part| part.module.body());
    body.into_iter().find_map(|stmt| match stmt {
        Stmt::ImportFrom(import) => {
            let named = import
                .names
                .iter()
                .any(|alias| alias.asname.as_ref().unwrap_or(&alias.name).as_str() == module.app);
            if !named {
                return None;
            }
            // The module that the app comes from is one that the entry has reached.
            let from = import.module.as_ref().map_or("", |from| from.as_str());
            let own = |path: &String| {
                let name = Project::module_name(path);
                name == from || import.level > 0 && name.ends_with(from)
            };
            app.run.imported.iter().any(own).then_some(Source::Imported)
        }
        Stmt::Assign(assign) => {
            let [Expr::Name(name)] = assign.targets.as_slice() else {
                return None;
            };
            let Expr::Call(call) = &*assign.value else {
                return None;
            };
            let class =
                nbfix_python::dotted(&*call.func).and_then(|(_, parts)| parts.last().copied());
            (name.id == module.app && class == Some("Blueprint")).then_some(Source::Blueprint)
        }
        _ => None,
    })
}

fn mend<'a>(
    semantic: &Semantic<'a>,
    app: &FunctionApp<'a>,
    module: &Unimported,
    source: &Source,
    report: Report,
) -> Report {
    let name = Project::module_name(&module.path);
    let (Some((cell, end)), [(holder, ..)]) = (app.end_of_entry(), app.run.names.as_slice()) else {
        return report;
    };
    let text = semantic
        .notebook()
        .cell(cell)
        .map_or("", |cell| cell.source.as_str());
    let line = newline(text);
    let root = name.split('.').next().unwrap_or(&name);
    let added = match source {
        // The name of a module must not take that of something else.
        Source::Imported if app.is_bound_in_entry(semantic, root) && !name.contains('.') => {
            return report;
        }
        Source::Imported => match name.rsplit_once('.') {
            None => format!("import {name}  # noqa: E402, F401"),
            Some((package, short)) => {
                if app.is_bound_in_entry(semantic, short) {
                    return report;
                }
                format!("from {package} import {short}  # noqa: E402, F401")
            }
        },
        Source::Blueprint => {
            let short = name.rsplit('.').next().unwrap_or(&name);
            let bound = format!("{short}_{}", module.app);
            if app.is_bound_in_entry(semantic, &bound) {
                return report;
            }
            format!(
                "from {name} import {} as {bound}  # noqa: E402{line}{line}{holder}.register_functions({bound})",
                module.app
            )
        }
    };
    let remedy = match source {
        Source::Imported => "Import the module in `function_app.py`",
        Source::Blueprint => "Import the blueprint in `function_app.py`, and register it",
    };
    report
        .with("remedy", remedy)
        .edit(cell, Edit::insert(end, format!("{line}{line}{added}")))
}
