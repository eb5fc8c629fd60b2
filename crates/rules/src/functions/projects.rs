//! The function apps of a document: those that the cells of a notebook write, and a script called `function_app.py`.

use std::collections::BTreeMap;

use nbfix_project::{File, Part, Project};
use nbfix_semantic::{ProgramKind, Semantic, Source, Unit};

use super::appends;

/// One function app of a document, before it is run.
pub(crate) struct Written<'a> {
    /// The folder of `function_app.py`, as the cells write it, with a slash at its end; empty if there is none.
    pub(crate) root: String,
    /// Its files.
    pub(crate) project: Project<'a>,
}

/// One version of a file: what one cell writes, and what later cells append.
struct Version<'s, 'a> {
    cell: usize,
    units: Vec<&'s Unit<'a>>,
}

/// The function apps of a document. A notebook that writes `function_app.py` anew in a later cell has one for each,
/// with the other files as they are by then.
pub(crate) fn projects<'a>(semantic: &Semantic<'a>) -> Vec<Written<'a>> {
    // Nearly every document has none, and pays for no more than this.
    let mut programs = semantic.programs();
    if !programs.any(|(_, program)| program.file_name() == Project::ENTRY) {
        return Vec::new();
    }
    let mut files: BTreeMap<String, Vec<Version<'_, 'a>>> = BTreeMap::new();
    for (id, program) in semantic.programs() {
        let path = match program.kind {
            ProgramKind::CellFile => plain(&program.path),
            ProgramKind::Script => program.file_name().to_owned(),
            ProgramKind::Notebook | ProgramKind::Module => continue,
        };
        let versions = files.entry(path).or_default();
        for unit in semantic.units_of(id) {
            match versions.last_mut() {
                // `%%writefile` overwrites what an earlier cell wrote; with `-a` it goes on.
                Some(version) if appends(unit) => version.units.push(unit),
                _ => versions.push(Version {
                    cell: unit.cell.index(),
                    units: vec![unit],
                }),
            }
        }
    }
    let entries: Vec<String> = files
        .keys()
        .filter(|path| path.rsplit('/').next() == Some(Project::ENTRY))
        .cloned()
        .collect();
    let mut found = Vec::new();
    for entry in entries {
        let root = entry
            .strip_suffix(Project::ENTRY)
            .unwrap_or_default()
            .to_owned();
        let Some(versions) = files.get(&entry) else {
            continue;
        };
        for (index, version) in versions.iter().enumerate() {
            let until = versions.get(index + 1).map_or(usize::MAX, |next| next.cell);
            let others = files.iter().filter(|(path, _)| **path != entry);
            let others = others.filter_map(|(path, versions)| {
                let path = path.strip_prefix(&root)?;
                let last = versions.iter().rev().find(|version| version.cell < until)?;
                Some(file(path, &last.units))
            });
            let this = file(Project::ENTRY, &version.units);
            let complete = has_host(semantic, &root);
            let project = Project::new(others.chain([this]), complete);
            let root = root.clone();
            found.push(Written { root, project });
        }
    }
    found
}

fn file<'a>(path: &str, units: &[&Unit<'a>]) -> File<'a> {
    let parts = units.iter().map(|unit| Part {
        key: unit.cell.index(),
        source: unit.source,
        module: unit.module,
        code: unit.code,
    });
    File {
        path: path.to_owned(),
        parts: parts.collect(),
    }
}

/// Whether some cell writes the `host.json` beside the entry: then the document holds the whole project.
fn has_host(semantic: &Semantic<'_>, root: &str) -> bool {
    semantic
        .notebook()
        .ids()
        .any(|(id, _)| match semantic.source(id) {
            Source::OtherFile { path, .. } => plain(path).strip_prefix(root) == Some("host.json"),
            _ => false,
        })
}

/// A path with forward slashes, without `./` before it.
fn plain(path: &str) -> String {
    let path = path.replace('\\', "/");
    path.strip_prefix("./").unwrap_or(&path).to_owned()
}
