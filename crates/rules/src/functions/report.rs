//! The index of a function app, or why it is empty, for people who ask.

use nbfix_ipynb::CellId;
use nbfix_project::{Complaints, IndexError, Place, Project, Run, Trouble, run};
use nbfix_semantic::Semantic;

use super::projects::projects;

/// One function app and what the worker would find in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppIndex {
    /// The folder of `function_app.py` with a slash at its end, as the document writes it; empty if there is none.
    pub root: String,
    /// The functions, in the order of their decorators.
    pub functions: Vec<IndexedFunction>,
    /// Why there are none.
    pub error: Option<IndexFailure>,
    /// What could not be known, for people, and where; the index is a guess then.
    pub doubts: Vec<(Option<FilePlace>, String)>,
}

/// One function that the worker would find.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexedFunction {
    /// Its name.
    pub name: String,
    /// The type of its trigger: `httpTrigger`.
    pub trigger: String,
    /// Where its `def` stands.
    pub at: FilePlace,
}

/// Why the index is empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexFailure {
    /// The rule that tells more.
    pub rule: &'static str,
    /// The class of the exception that the worker gets; `None` if there is none and no function either.
    pub class: Option<String>,
    /// What is wrong.
    pub message: String,
    /// Where.
    pub at: Option<FilePlace>,
}

/// A place in a file of a project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilePlace {
    /// The path below the project's root.
    pub file: String,
    /// The line of that file, from 1.
    pub line: usize,
    /// The cell that the line stands in.
    pub cell: CellId,
}

/// The function apps of a document, as the Functions worker would index them.
pub fn app_indexes(semantic: &Semantic<'_>) -> Vec<AppIndex> {
    let all = projects(semantic).into_iter();
    all.map(|written| {
        let project = &written.project;
        let ran = run(project);
        let at = |place: Place| file_place(project, place);
        let (functions, error) = match &ran.index {
            Ok(functions) => {
                let functions: Vec<IndexedFunction> = functions
                    .iter()
                    .filter_map(|function| {
                        Some(IndexedFunction {
                            name: function.name.clone(),
                            trigger: function.trigger.clone(),
                            at: at(function.place)?,
                        })
                    })
                    .collect();
                let error = functions.is_empty().then(|| emptiness(project, &ran));
                (functions, error)
            }
            Err(error) => {
                let failure = IndexFailure {
                    rule: match error.trouble {
                        Trouble::NoApp if !ran.caught.is_empty() => "hidden-import-failure",
                        _ => rule_of(project, error),
                    },
                    class: Some(error.class.clone()),
                    message: told(error),
                    at: error.place.and_then(at),
                };
                (Vec::new(), Some(failure))
            }
        };
        let doubts = ran
            .doubts
            .iter()
            .map(|doubt| (doubt.place.and_then(at), doubt.why.clone()));
        AppIndex {
            root: written.root.clone(),
            functions,
            error,
            doubts: doubts.collect(),
        }
    })
    .collect()
}

fn file_place(project: &Project<'_>, place: Place) -> Option<FilePlace> {
    let file = project.file_of(place.key)?;
    Some(FilePlace {
        file: file.path.clone(),
        line: file.line(place),
        cell: CellId(place.key),
    })
}

fn told(error: &IndexError) -> String {
    if error.message.is_empty() {
        return format!("{} at import", error.class);
    }
    format!("{}: {}", error.class, error.message)
}

/// The rule whose page tells about an error.
pub(crate) fn rule_of(project: &Project<'_>, error: &IndexError) -> &'static str {
    match &error.trouble {
        Trouble::Syntax => {
            let part = error.place.and_then(|place| project.part(place.key));
            let conflict = part.is_some_and(|part| {
                let mut lines = part.source.lines();
                lines.any(|line| line.starts_with("<<<<<<< "))
            });
            if conflict {
                "conflict-marker"
            } else {
                "syntax-error"
            }
        }
        Trouble::Import | Trouble::Raised => "failing-import",
        Trouble::Bare | Trouble::Arguments | Trouble::UnknownDecorator { .. } => "bare-decorator",
        Trouble::AuthLevel => "auth-level-case",
        Trouble::RegistersApp | Trouble::OtherApp | Trouble::SecondApp => "second-app",
        Trouble::TwoTriggers { .. } | Trouble::NoTrigger { .. } => "one-trigger",
        Trouble::NoApp => "missing-app",
        Trouble::Duplicate { same: true, .. } => "unregistered-blueprint",
        Trouble::Duplicate { same: false, .. } => "duplicate-function",
        Trouble::Function(complaint) => match complaint.what {
            Complaints::Unbound(_) | Complaints::Unknown(_) => "binding-name",
            _ => "binding-annotation",
        },
    }
}

/// Why an app has no function, although nothing fails.
fn emptiness(project: &Project<'_>, run: &Run<'_>) -> IndexFailure {
    let failure = |rule, message: String, place: Option<Place>| IndexFailure {
        rule,
        class: None,
        message,
        at: place.and_then(|place| file_place(project, place)),
    };
    let made = run
        .app
        .and_then(|app| run.objects.get(app))
        .map(|app| app.made);
    if let Some(bare) = run.bare.first() {
        let message = format!(
            "0 functions: `@{}` without parentheses registers nothing",
            bare.method
        );
        return failure("bare-decorator", message, Some(bare.place));
    }
    let lost = run
        .objects
        .iter()
        .find(|app| !app.kind.is_app() && !app.builders.is_empty());
    if let Some(blueprint) = lost {
        let message =
            "0 functions: the app is never given this blueprint, or before it has its functions";
        return failure(
            "unregistered-blueprint",
            message.to_owned(),
            Some(blueprint.made),
        );
    }
    let other =
        run.objects.iter().enumerate().find(|(id, app)| {
            Some(*id) != run.app && app.kind.is_app() && !app.builders.is_empty()
        });
    if let Some((_, other)) = other {
        let message = "0 functions: the functions belong to another app object, which is lost";
        return failure("second-app", message.to_owned(), Some(other.made));
    }
    if let Some(place) = super::unimported::modules(project, run)
        .first()
        .map(|it| it.place)
    {
        let message = "0 functions: no import leads to the module that decorates them";
        return failure("unimported-functions", message.to_owned(), Some(place));
    }
    let message = "0 functions: nothing is decorated with this app";
    failure("undecorated-function", message.to_owned(), made)
}
