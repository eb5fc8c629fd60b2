//! The function apps of a document, run.

use nbfix_ipynb::CellId;
use nbfix_lint::Report;
use nbfix_project::{IndexError, Place, Project, Run, run_on};
use nbfix_python::ast::Stmt;
use nbfix_python::range;
use nbfix_semantic::Semantic;
use nbfix_text::TextRange;

use super::File;
use super::projects::projects;

/// One function app, and what importing it leaves behind.
pub(crate) struct FunctionApp<'a> {
    pub(crate) project: Project<'a>,
    pub(crate) run: Run<'a>,
}

/// The function apps of a document, by path and version.
pub(crate) fn apps<'a>(semantic: &Semantic<'a>) -> Vec<FunctionApp<'a>> {
    let all = projects(semantic).into_iter();
    all.map(|written| FunctionApp {
        run: run_on(&written.project),
        project: written.project,
    })
    .collect()
}

impl<'a> FunctionApp<'a> {
    /// Everything that the worker would fail with, one after the other is mended, if it does so in every deployment.
    pub(crate) fn failures(&self) -> impl Iterator<Item = &IndexError> {
        let all = self
            .run
            .failures
            .iter()
            .chain(self.run.index.as_ref().err());
        all.filter(|error| error.sure)
    }

    /// What the worker fails with in the end, if it does so in every deployment.
    pub(crate) fn failure(&self) -> Option<&IndexError> {
        self.run.index.as_ref().err().filter(|error| error.sure)
    }

    /// Whether what is absent is absent: nothing was left to guess.
    pub(crate) fn is_certain(&self) -> bool {
        self.run.doubts.is_empty()
    }

    /// A report at a place; of a decorator its `@` is part.
    pub(crate) fn report_at(&self, place: Place) -> Report {
        let start = place.range.start();
        let before = self.source(place).get(..start).unwrap_or_default();
        let start = start - usize::from(before.ends_with('@'));
        Report::at(CellId(place.key), TextRange::new(start, place.range.end()))
    }

    /// A report at the place of an error, with its labels.
    pub(crate) fn report_error(&self, error: &IndexError) -> Option<Report> {
        let mut report = self.report_at(error.place?);
        for (place, text) in &error.related {
            report = report.label(CellId(place.key), place.range, text.as_str());
        }
        Some(report)
    }

    /// The statement at the top level that holds a place.
    pub(crate) fn statement(&self, place: Place) -> Option<&'a Stmt> {
        let part = self.project.part(place.key)?;
        part.module
            .body()
            .iter()
            .find(|stmt| range(*stmt).covers(place.range))
    }

    /// The name of the app in the entry, if it has exactly one.
    pub(crate) fn name(&self) -> Option<&str> {
        match self.run.names.as_slice() {
            [(name, ..)] => Some(name),
            _ => None,
        }
    }

    /// Whether a place stands in the entry.
    pub(crate) fn is_in_entry(&self, place: Place) -> bool {
        let file = self.project.file_of(place.key);
        file.is_some_and(|file| file.path == Project::ENTRY)
    }

    /// The text of a place.
    pub(crate) fn text(&self, place: Place) -> &'a str {
        let part = self.project.part(place.key);
        part.map_or("", |part| place.range.of(part.source))
    }

    /// The whole text that a place stands in.
    pub(crate) fn source(&self, place: Place) -> &'a str {
        self.project.part(place.key).map_or("", |part| part.source)
    }

    /// The dotted name of the module that a place stands in.
    pub(crate) fn module(&self, place: Place) -> String {
        let file = self.project.file_of(place.key);
        file.map(|file| Project::module_name(&file.path))
            .unwrap_or_default()
    }

    /// The place behind the last character of the entry that is no blank, and what its lines end with.
    pub(crate) fn end_of_entry(&self) -> Option<(CellId, usize)> {
        let part = self.project.file(Project::ENTRY)?.parts.last()?;
        let text = part.source.trim_end();
        Some((CellId(part.key), text.len().max(part.code.start())))
    }

    /// Whether a name is bound at the top level of the entry.
    pub(crate) fn is_bound_in_entry(&self, semantic: &Semantic<'a>, name: &str) -> bool {
        let parts = self
            .project
            .file(Project::ENTRY)
            .map(|file| file.parts.as_slice());
        let keys: Vec<usize> = parts
            .unwrap_or_default()
            .iter()
            .map(|part| part.key)
            .collect();
        semantic
            .units()
            .iter()
            .filter(|unit| keys.contains(&unit.cell.index()))
            .any(|unit| !semantic.bindings(unit.program, name).is_empty())
    }
}

/// Whether a file belongs to a project that the document holds as a whole.
pub(crate) fn is_whole(apps: &[FunctionApp<'_>], file: &File<'_, '_>) -> bool {
    let key = file.units.first().map(|unit| unit.cell.index());
    let holds = |app: &FunctionApp<'_>| key.is_some_and(|key| app.project.file_of(key).is_some());
    apps.iter().any(|app| app.project.complete && holds(app))
}

/// How a class of `azure.functions` is written in a text: by the name that the text gives the library. `None` if it
/// does not import it.
pub(crate) fn library_name(body: &[Stmt], class: &str) -> Option<String> {
    body.iter().find_map(|stmt| match stmt {
        Stmt::Import(import) => import.names.iter().find_map(|alias| {
            let named = alias.name.as_str() == "azure.functions";
            let name = alias
                .asname
                .as_ref()
                .map_or("azure.functions", |name| name.as_str());
            named.then(|| format!("{name}.{class}"))
        }),
        Stmt::ImportFrom(import) if import.level == 0 => {
            let module = import.module.as_ref()?.as_str();
            import.names.iter().find_map(|alias| {
                let bound = alias.asname.as_ref().unwrap_or(&alias.name).as_str();
                match (module, alias.name.as_str()) {
                    ("azure", "functions") => Some(format!("{bound}.{class}")),
                    ("azure.functions", name) if name == class => Some(bound.to_owned()),
                    _ => None,
                }
            })
        }
        _ => None,
    })
}
