//! `hidden-import-failure`: `except Exception: app = None` around the imports of the app.

use nbfix_lint::{Check, Findings, Report};
use nbfix_python::ast::visitor::source_order as walk;
use nbfix_python::ast::{ExceptHandler, ExceptHandlerExceptHandler, Expr, Stmt, StmtTry};
use nbfix_python::{SourceOrderVisitor, dotted, range};
use nbfix_semantic::Semantic;
use nbfix_text::{Edit, TextRange};

use crate::functions::{File, FunctionApp, Runs, Step, Use, apps, assignment, files, is_trigger};

pub(crate) const CHECK: Check = Check::Project(check);

fn check<'a>(semantic: &Semantic<'a>, findings: &mut Findings<'_>) {
    let apps = apps(semantic);
    for mut file in files(semantic) {
        file.is_imported = is_imported(&apps, &file);
        for step in &file.steps {
            let Stmt::Try(attempt) = step.stmt else {
                continue;
            };
            for ExceptHandler::ExceptHandler(handler) in &attempt.handlers {
                if let Some(report) = hides(&file, step, attempt, handler) {
                    findings.push(report);
                }
            }
        }
    }
}

/// Whether the entry of a project that is there as a whole imports the file.
fn is_imported(apps: &[FunctionApp<'_>], file: &File<'_, '_>) -> bool {
    let key = file.units.first().map(|unit| unit.cell.index());
    apps.iter().filter(|app| app.project.complete).any(|app| {
        let file = key.and_then(|key| app.project.file_of(key));
        file.is_some_and(|file| app.run.imported.contains(&file.path))
    })
}

fn hides<'a>(
    file: &File<'_, 'a>,
    step: &Step<'_, 'a>,
    attempt: &'a StmtTry,
    handler: &'a ExceptHandlerExceptHandler,
) -> Option<Report> {
    if matches!(step.runs, Runs::Never(_))
        || !catches_all(file, step, handler)
        || stops(&handler.body)
    {
        return None;
    }
    let bound = bound_by(&attempt.body);
    let hidden = hiding(handler, &bound);
    let (first, last) = (*hidden.first()?, *hidden.last()?);
    let is_lost =
        |name: &str| first.is_pass_stmt() || hidden.iter().any(|stmt| sets_none(stmt, name));
    let (name, import) = *bound.iter().find(|(name, _)| {
        is_lost(name) && is_app(file, name) && !is_rescued(file, step, name, hidden.len())
    })?;
    let here = hidden
        .iter()
        .find(|stmt| sets_none(stmt, name))
        .unwrap_or(&first);
    let report = Report::at(step.unit.cell, range(*here))
        .says(if first.is_pass_stmt() {
            "passed"
        } else {
            "bound"
        })
        .with("name", name)
        .label(
            step.unit.cell,
            import,
            "what goes wrong in here is never told",
        );
    if !can_be_one(step, handler, &hidden) {
        return Some(report);
    }
    let place = range(first).cover(range(last));
    Some(report.edit(step.unit.cell, Edit::replace(place, "raise")))
}

/// Whether one `raise` can take the place of these statements: nothing stands between them that would go with them,
/// and nothing follows that would no longer run.
fn can_be_one(step: &Step<'_, '_>, handler: &ExceptHandlerExceptHandler, hidden: &[&Stmt]) -> bool {
    let ends = handler.body.last().map(range) == hidden.last().map(|last| range(*last));
    ends && hidden
        .iter()
        .zip(hidden.iter().skip(1))
        .all(|(above, below)| {
            let between = TextRange::new(range(*above).end(), range(*below).start());
            between
                .of(step.unit.source)
                .chars()
                .all(|c| c.is_whitespace() || c == ';')
        })
}

/// Whether the handler takes every exception.
fn catches_all(
    file: &File<'_, '_>,
    step: &Step<'_, '_>,
    handler: &ExceptHandlerExceptHandler,
) -> bool {
    let all = |kind: &Expr| {
        let path = file.semantic.qualified(step.unit, kind);
        path.is_some_and(|path| matches!(path.as_str(), "Exception" | "BaseException"))
    };
    match handler.type_.as_deref() {
        None => true,
        Some(Expr::Tuple(kinds)) => kinds.elts.iter().any(all),
        Some(kind) => all(kind),
    }
}

/// The names that the body binds, with their places; none if it imports nothing.
fn bound_by(body: &[Stmt]) -> Vec<(&str, TextRange)> {
    let mut bound = Vec::new();
    let mut imports = false;
    for stmt in body {
        let aliases = match stmt {
            Stmt::Import(import) => &import.names,
            Stmt::ImportFrom(import) => &import.names,
            _ => {
                let assigned = assignment(stmt).filter(|(_, value)| !value.is_literal_expr());
                bound.extend(assigned.map(|(name, _)| (name.id.as_str(), range(name))));
                continue;
            }
        };
        imports = true;
        for alias in aliases {
            let name = alias.asname.as_ref().unwrap_or(&alias.name);
            bound.push((name.as_str(), range(name)));
        }
    }
    bound.retain(|_| imports);
    bound
}

/// The handler's statements that hide the failure: `name = None` for what the body binds, or a lone `pass`.
fn hiding<'a>(
    handler: &'a ExceptHandlerExceptHandler,
    bound: &[(&str, TextRange)],
) -> Vec<&'a Stmt> {
    let none = |stmt: &&Stmt| bound.iter().any(|(name, _)| sets_none(stmt, name));
    let hidden: Vec<_> = handler.body.iter().filter(none).collect();
    if !hidden.is_empty() {
        return hidden;
    }
    // Log lines aside.
    let others: Vec<_> = handler
        .body
        .iter()
        .filter(|stmt| !stmt.is_expr_stmt())
        .collect();
    match others.as_slice() {
        [pass] if pass.is_pass_stmt() => others,
        _ => Vec::new(),
    }
}

/// Whether the statement is `name = None`, alone or with other names.
fn sets_none(stmt: &Stmt, name: &str) -> bool {
    let is_it = |target: &Expr| {
        target
            .as_name_expr()
            .is_some_and(|target| target.id == name)
    };
    match stmt {
        Stmt::Assign(assign) => {
            assign.value.is_none_literal_expr() && assign.targets.iter().any(is_it)
        }
        Stmt::AnnAssign(assign) => {
            assign
                .value
                .as_deref()
                .is_some_and(Expr::is_none_literal_expr)
                && is_it(&assign.target)
        }
        _ => false,
    }
}

/// Whether the name is the project's app: it takes triggers here, or it is called so in a file that the worker, or
/// `function_app.py`, imports it from.
fn is_app(file: &File<'_, '_>, name: &str) -> bool {
    let decorates = file
        .reads_of(name)
        .any(|read| matches!(read.of, Use::Decorates(member) if is_trigger(member)));
    let made = file.made_apps();
    let makes_it = made.iter().any(|made| made.name == name);
    let others = made
        .iter()
        .any(|made| made.name != name && !matches!(made.step.runs, Runs::Never(_)));
    let named = matches!(name, "app" | "application" | "func_app" | "function_app");
    let exported = file.is_function_app()
        || file.is_imported
        || file.name == "__init__.py" && file.mentions_functions();
    !others && (makes_it || exported && named || decorates && file.mentions_functions())
}

/// Whether something else gives the name its app after all, or tells that there is none.
fn is_rescued(file: &File<'_, '_>, attempt: &Step<'_, '_>, name: &str, hidden: usize) -> bool {
    let place = range(attempt.stmt);
    let (inside, outside): (Vec<_>, Vec<_>) = file
        .bindings(name)
        .into_iter()
        .partition(|binding| binding.unit == attempt.unit.index && place.covers(binding.range));
    let told = file.steps.iter().any(|step| {
        let asks = |test: &Expr| {
            file.reads_of(name)
                .any(|read| range(test).covers(range(read.name)))
        };
        match step.stmt {
            Stmt::If(branch) => asks(&branch.test) && stops(std::slice::from_ref(step.stmt)),
            Stmt::Assert(assert) => asks(&assert.test),
            _ => false,
        }
    });
    told || !outside.is_empty() || inside.len() > hidden + 1
}

/// Whether the statements end the import somewhere: `raise`, `sys.exit()`.
fn stops(body: &[Stmt]) -> bool {
    let mut finder = Stops(false);
    finder.visit_body(body);
    finder.0
}

struct Stops(bool);

impl<'a> SourceOrderVisitor<'a> for Stops {
    fn visit_stmt(&mut self, stmt: &'a Stmt) {
        self.0 |= stmt.is_raise_stmt();
        if !matches!(stmt, Stmt::FunctionDef(_) | Stmt::ClassDef(_)) {
            walk::walk_stmt(self, stmt);
        }
    }

    fn visit_expr(&mut self, expr: &'a Expr) {
        if let Expr::Call(call) = expr {
            let exits = dotted(&*call.func).is_some_and(|(_, parts)| {
                matches!(parts.last(), Some(&("exit" | "_exit" | "quit" | "abort")))
            });
            self.0 |= exits;
        }
        walk::walk_expr(self, expr);
    }
}
