//! Modules that decorate functions, and that nothing imports.

use nbfix_project::{DecoratorKind, Place, Project, Run, decorator, unknown_trigger};
use nbfix_python::ast::{Decorator, Expr, Stmt};
use nbfix_python::range;

/// A module of the project that no import leads to.
pub(crate) struct Unimported {
    /// Its path below the root.
    pub(crate) path: String,
    /// The names of the functions that it decorates.
    pub(crate) functions: Vec<String>,
    /// The name that decorates the first of them.
    pub(crate) app: String,
    /// The name of the first, where it is defined.
    pub(crate) place: Place,
}

/// Folders that hold what is run by hand.
const ASIDE: &[&str] = &[
    "test", "tests", "example", "examples", "sample", "samples", "docs", "scripts", "tools",
    "backup", "old", "archive",
];

/// The modules of the project with decorated functions that the entry does not reach, by path.
pub(crate) fn modules(project: &Project<'_>, run: &Run<'_>) -> Vec<Unimported> {
    let mut found = Vec::new();
    for file in project.files() {
        let mut folders = file.path.split('/');
        let aside = folders.any(|folder| {
            ASIDE.contains(&folder) || folder.starts_with("test_") || folder.ends_with("_test.py")
        });
        let entry = file.path.rsplit('/').next() == Some(Project::ENTRY);
        if aside || entry || run.imported.contains(&file.path) {
            continue;
        }
        let mut functions = Vec::new();
        let mut first = None;
        for part in &file.parts {
            if !part.module.errors().is_empty() {
                continue;
            }
            for stmt in part.module.body() {
                let Stmt::FunctionDef(def) = stmt else {
                    continue;
                };
                if let Some(app) = def.decorator_list.iter().find_map(app_of) {
                    functions.push(def.name.to_string());
                    let place = Place {
                        key: part.key,
                        range: range(&def.name),
                    };
                    first.get_or_insert((app.to_owned(), place));
                }
            }
        }
        if let Some((app, place)) = first {
            found.push(Unimported {
                path: file.path.clone(),
                functions,
                app,
                place,
            });
        }
    }
    found
}

/// The name that `@name.trigger(...)` asks.
fn app_of(decorator: &Decorator) -> Option<&str> {
    let Expr::Call(call) = &decorator.expression else {
        return None;
    };
    let Expr::Attribute(attribute) = &*call.func else {
        return None;
    };
    let name = attribute.attr.as_str();
    let known = self::decorator(name).is_some_and(|it| it.kind == DecoratorKind::Trigger);
    let app = attribute.value.as_name_expr()?;
    (known || unknown_trigger(name)).then_some(app.id.as_str())
}
