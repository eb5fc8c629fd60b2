//! The files of a project, and which one a module name means.

use std::collections::BTreeMap;

use nbfix_python::Module;
use nbfix_text::TextRange;

/// A stretch of a file: all of it, or what one cell of a notebook writes to it.
#[derive(Clone, Copy, Debug)]
pub struct Part<'a> {
    /// What the caller calls the text that the part stands in (a cell's position).
    pub key: usize,
    /// That text, to which all ranges belong.
    pub source: &'a str,
    /// Its tree.
    pub module: &'a Module,
    /// The stretch of it that is written to the file.
    pub code: TextRange,
}

/// One Python file.
#[derive(Clone, Debug)]
pub struct File<'a> {
    /// The path below the project's root, with forward slashes.
    pub path: String,
    /// Its parts, in order.
    pub parts: Vec<Part<'a>>,
}

/// A place in a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    /// The part's key.
    pub key: usize,
    /// Bytes of the text that the part stands in.
    pub range: TextRange,
}

impl File<'_> {
    /// The line of the file (from 1) on which `place` starts.
    pub fn line(&self, place: Place) -> usize {
        let mut before = 0;
        for part in &self.parts {
            let start = part.code.start();
            if part.key == place.key {
                let text = part.source.get(start..place.range.start());
                return before + text.unwrap_or_default().matches('\n').count() + 1;
            }
            let text = part.code.of(part.source);
            before += text.matches('\n').count() + usize::from(!text.ends_with('\n'));
        }
        1
    }
}

/// A function app: the files below the folder of its `host.json`.
#[derive(Clone, Debug, Default)]
pub struct Project<'a> {
    files: BTreeMap<String, File<'a>>,
    /// Whether these are all the files; else an import may find others.
    pub complete: bool,
}

/// What a module name means.
pub(crate) enum Found {
    /// A file, by path; `package` if it is an `__init__.py`.
    File { path: String, package: bool },
    /// A folder without `__init__.py`.
    Folder,
}

impl<'a> Project<'a> {
    /// The name of the file that the worker imports.
    pub const ENTRY: &'static str = "function_app.py";

    /// A project of these files. Of two files of one path the later stays.
    pub fn new(files: impl IntoIterator<Item = File<'a>>, complete: bool) -> Self {
        let files = files.into_iter().map(|file| (file.path.clone(), file));
        Self {
            files: files.collect(),
            complete,
        }
    }

    /// The files, by path.
    pub fn files(&self) -> impl Iterator<Item = &File<'a>> {
        self.files.values()
    }

    /// The file at a path.
    pub fn file(&self, path: &str) -> Option<&File<'a>> {
        self.files.get(path)
    }

    /// The file that holds a part.
    pub fn file_of(&self, key: usize) -> Option<&File<'a>> {
        self.files()
            .find(|file| file.parts.iter().any(|part| part.key == key))
    }

    /// The part of this key.
    pub fn part(&self, key: usize) -> Option<&Part<'a>> {
        let mut parts = self.files().flat_map(|file| &file.parts);
        parts.find(|part| part.key == key)
    }

    /// The file or folder of a dotted module name.
    pub(crate) fn find(&self, module: &str) -> Option<Found> {
        let path = module.replace('.', "/");
        let package = format!("{path}/__init__.py");
        if self.files.contains_key(&package) {
            let path = package;
            return Some(Found::File {
                path,
                package: true,
            });
        }
        let file = format!("{path}.py");
        if self.files.contains_key(&file) {
            return Some(Found::File {
                path: file,
                package: false,
            });
        }
        let folder = format!("{path}/");
        let mut inside = self.files.range(folder.clone()..);
        inside
            .next()
            .is_some_and(|(path, _)| path.starts_with(&folder))
            .then_some(Found::Folder)
    }

    /// The dotted name by which a file is imported: `pkg/a.py` is `pkg.a`.
    pub fn module_name(path: &str) -> String {
        let path = path.strip_suffix(".py").unwrap_or(path);
        let path = path.strip_suffix("/__init__").unwrap_or(path);
        path.replace('/', ".")
    }
}
