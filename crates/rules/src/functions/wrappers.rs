//! What registers functions that nothing registers: decorators, wrappers in the entry, or blueprints.

use std::collections::BTreeMap;

use nbfix_ipynb::CellId;
use nbfix_project::{Place, Project};
use nbfix_python::ast::{Stmt, StmtFunctionDef};
use nbfix_python::range;
use nbfix_semantic::{Semantic, Unit};
use nbfix_text::{Edit, TextRange};

use super::{FunctionApp, Trigger, library_name, newline};
use crate::settings::FunctionStyle;

/// A function in a module of the project that the entry imports, and that nothing decorates.
pub(crate) struct Undecorated<'s, 'a> {
    /// Its name in the entry.
    pub(crate) bound: String,
    pub(crate) unit: &'s Unit<'a>,
    pub(crate) def: &'a StmtFunctionDef,
    pub(crate) trigger: Trigger<'a>,
}

impl Undecorated<'_, '_> {
    fn place(&self) -> Place {
        Place {
            key: self.unit.cell.index(),
            range: range(&self.def.name),
        }
    }

    /// What stands behind `@app.`, for a trigger whose arguments can be told.
    pub(crate) fn call(&self) -> Option<String> {
        let (name, parameter) = (self.def.name.as_str(), self.trigger.parameter);
        if self.def.parameters.len() != 1 {
            return None;
        }
        match self.trigger.decorator {
            "route" if parameter == "req" => Some(format!("route(route=\"{name}\")")),
            "route" => Some(format!(
                "route(route=\"{name}\", trigger_arg_name=\"{parameter}\")"
            )),
            "timer_trigger" => Some(format!(
                "timer_trigger(schedule=\"0 */5 * * * *\", arg_name=\"{parameter}\")"
            )),
            // The durable library calls both with one `context`, whatever the parameter is called; and an orchestrator
            // is never `async`.
            "orchestration_trigger" | "entity_trigger" if !self.def.is_async => Some(format!(
                "{}(context_name=\"context\")",
                self.trigger.decorator
            )),
            _ => None,
        }
    }

    fn is_durable(&self) -> bool {
        self.trigger.is_durable()
    }
}

/// The edits that register all of these functions, and what they do in words; `None` if one of them cannot be.
pub(crate) fn register<'a>(
    semantic: &Semantic<'a>,
    app: &FunctionApp<'a>,
    functions: &[Undecorated<'_, 'a>],
    style: FunctionStyle,
) -> Option<(Vec<(CellId, Edit)>, &'static str)> {
    match style {
        FunctionStyle::Blueprint => blueprints(semantic, app, functions).map(|edits| {
            (
                edits,
                "Give the module a blueprint, and register it in `function_app.py`",
            )
        }),
        FunctionStyle::Decorator => decorators(semantic, app, functions)
            .map(|edits| (edits, "Decorate it with the app that another module makes"))
            .or_else(|| with_wrappers(app, functions)),
        FunctionStyle::Wrapper => with_wrappers(app, functions),
    }
}

fn with_wrappers(
    app: &FunctionApp<'_>,
    functions: &[Undecorated<'_, '_>],
) -> Option<(Vec<(CellId, Edit)>, &'static str)> {
    let edits = wrappers(app, functions)?;
    Some((
        edits,
        "Write a function in `function_app.py` that is decorated and calls it",
    ))
}

/// A text for the end of the entry.
fn at_end(app: &FunctionApp<'_>, text: &str) -> Option<(CellId, Edit)> {
    let (cell, end) = app.end_of_entry()?;
    let line = newline(app.source(Place {
        key: cell.index(),
        range: TextRange::empty(0),
    }));
    Some((cell, Edit::insert(end, text.replace('\n', line))))
}

/// Thin functions in the entry. The import is late: a module that cannot be imported fails its own function, not the
/// index of the app.
fn wrappers(
    app: &FunctionApp<'_>,
    functions: &[Undecorated<'_, '_>],
) -> Option<Vec<(CellId, Edit)>> {
    let holder = app.name()?;
    let part = app.project.file(Project::ENTRY)?.parts.first()?;
    let body = part.module.body();
    let mut text = String::new();
    for function in functions {
        let call = function.call()?;
        let name = function.def.name.as_str();
        let durable = function.is_durable();
        let parameter = if durable {
            "context"
        } else {
            function.trigger.parameter
        };
        let module = app.module(function.place());
        let (class, answer) = match function.trigger.decorator {
            "route" => ("HttpRequest", Some("HttpResponse")),
            _ => ("TimerRequest", None),
        };
        let class = library_name(body, class).filter(|_| !durable);
        let taken = class.map_or_else(String::new, |class| format!(": {class}"));
        let given = match answer {
            None if durable => String::new(),
            Some(class) => {
                library_name(body, class).map_or_else(String::new, |it| format!(" -> {it}"))
            }
            None => " -> None".to_owned(),
        };
        let (asynchronous, awaits) = match function.def.is_async {
            true => ("async ", "await "),
            false => ("", ""),
        };
        let returns = if answer.is_some() || durable {
            "return "
        } else {
            ""
        };
        text.push_str(&format!(
            "\n\n\n@{holder}.{call}\n{asynchronous}def {bound}({parameter}{taken}){given}:\n    from {module} import \
             {name} as implementation\n\n    {returns}{awaits}implementation({parameter})",
            bound = function.bound
        ));
    }
    Some(vec![at_end(app, &text)?])
}

/// The end of the last import at the top of a module, or of what stands before its code.
fn below_imports(unit: &Unit<'_>) -> Option<usize> {
    let imports = unit.module.body().iter().take_while(|stmt| match stmt {
        Stmt::Import(_) | Stmt::ImportFrom(_) => true,
        // The module's text.
        Stmt::Expr(expr) => expr.value.is_string_literal_expr(),
        _ => false,
    });
    imports.last().map(|stmt| range(stmt).end())
}

/// The decorators, where the functions stand, by a name of each module.
fn decorate(
    functions: &[Undecorated<'_, '_>],
    name: impl Fn(&Undecorated<'_, '_>) -> Option<String>,
) -> Option<Vec<(CellId, Edit)>> {
    let mut edits = Vec::new();
    for function in functions {
        let (call, name) = (function.call()?, name(function)?);
        let start = range(function.def).start();
        let source = function.unit.source;
        let above = source.get(..start)?;
        if !above.ends_with('\n') {
            return None;
        }
        let line = format!("@{name}.{call}{}", newline(source));
        edits.push((function.unit.cell, Edit::insert(start, line)));
    }
    Some(edits)
}

fn decorators<'a>(
    semantic: &Semantic<'a>,
    app: &FunctionApp<'a>,
    functions: &[Undecorated<'_, 'a>],
) -> Option<Vec<(CellId, Edit)>> {
    let made = app.run.app.and_then(|id| app.run.objects.get(id))?;
    // The entry cannot be imported by what it imports.
    let own = made
        .name
        .as_deref()
        .filter(|_| !app.is_in_entry(made.made))?;
    let home = app.module(made.made);
    let mut edits = decorate(functions, |_| Some(own.to_owned()))?;
    for function in functions {
        if app.module(function.place()) == home {
            continue;
        }
        if !semantic.bindings(function.unit.program, own).is_empty() {
            return None;
        }
        let end = below_imports(function.unit)?;
        let line = format!("{}from {home} import {own}", newline(function.unit.source));
        edits.push((function.unit.cell, Edit::insert(end, line)));
    }
    edits.sort_by(|left, right| (left.0, &left.1).cmp(&(right.0, &right.1)));
    edits.dedup();
    Some(edits)
}

fn blueprints<'a>(
    semantic: &Semantic<'a>,
    app: &FunctionApp<'a>,
    functions: &[Undecorated<'_, 'a>],
) -> Option<Vec<(CellId, Edit)>> {
    let holder = app.name()?;
    let mut edits = decorate(functions, |_| Some("bp".to_owned()))?;
    let mut modules: BTreeMap<String, &Undecorated<'_, 'a>> = BTreeMap::new();
    for function in functions {
        modules
            .entry(app.module(function.place()))
            .or_insert(function);
    }
    let mut text = String::new();
    for (module, function) in modules {
        let unit = function.unit;
        let class = library_name(unit.module.body(), "Blueprint")?;
        let alias = format!("{}_bp", module.rsplit('.').next().unwrap_or(&module));
        let taken = !semantic.bindings(unit.program, "bp").is_empty();
        if taken || app.is_bound_in_entry(semantic, &alias) {
            return None;
        }
        let end = below_imports(unit)?;
        let line = newline(unit.source);
        edits.push((
            unit.cell,
            Edit::insert(end, format!("{line}{line}bp = {class}()")),
        ));
        text.push_str(&format!(
            "\n\nfrom {module} import bp as {alias}  # noqa: E402\n\n{holder}.register_functions({alias})"
        ));
    }
    edits.push(at_end(app, &text)?);
    Some(edits)
}
