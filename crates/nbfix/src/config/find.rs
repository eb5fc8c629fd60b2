//! The file that counts for a folder.

use std::collections::HashMap;
use std::fs;
use std::path::{Component, Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Its name in a project.
const NAME: &str = "nbfix.toml";
/// The file that Python projects have anyway.
const PYPROJECT: &str = "pyproject.toml";

/// Finds the configuration of folders, and remembers it.
#[derive(Debug, Default)]
pub(crate) struct Finder {
    /// By folder, absolute and plain.
    known: HashMap<PathBuf, Option<PathBuf>>,
}

impl Finder {
    /// The file of this folder, or of the nearest one above it, absolute.
    pub(crate) fn of(&mut self, folder: &Path) -> Option<PathBuf> {
        let folder = plain_path(folder);
        let mut passed = Vec::new();
        let mut found = None;
        for above in folder.ancestors() {
            if let Some(known) = self.known.get(above) {
                found.clone_from(known);
                break;
            }
            passed.push(above.to_owned());
            found = file_of(above);
            if found.is_some() {
                break;
            }
        }
        for folder in passed {
            self.known.insert(folder, found.clone());
        }
        found
    }
}

/// The configuration in this very folder.
fn file_of(folder: &Path) -> Option<PathBuf> {
    let own = folder.join(NAME);
    if own.is_file() {
        return Some(own);
    }
    let pyproject = folder.join(PYPROJECT);
    let text = fs::read_to_string(&pyproject).ok()?;
    // Of other tools' files even the mistakes are no business of ours.
    let ours = text.contains("nbfix")
        && match DeTable::parse(&text) {
            Ok(table) => section(&table).is_some(),
            Err(_) => text.contains("[tool.nbfix"),
        };
    ours.then_some(pyproject)
}

pub(super) fn is_pyproject(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == PYPROJECT)
}

/// `[tool.nbfix]`.
pub(super) fn section<'t, 'v>(table: &'t Spanned<DeTable<'v>>) -> Option<&'t Spanned<DeValue<'v>>> {
    table.get_ref().get("tool")?.get_ref().get("nbfix")
}

/// The path from the root, without `.` and `..`; links are not followed.
pub(crate) fn plain_path(path: &Path) -> PathBuf {
    // No path is the folder itself, which the system does not know by this name.
    let named = match path.as_os_str().is_empty() {
        true => Path::new("."),
        false => path,
    };
    let full = std::path::absolute(named).unwrap_or_else(|_| path.to_owned());
    let mut plain = PathBuf::new();
    for part in full.components() {
        match part {
            Component::ParentDir => {
                plain.pop();
            }
            part => plain.push(part),
        }
    }
    plain
}

/// A plain path as people in this folder would write it: with `..` for what lies above.
pub(crate) fn seen_from_here(path: &Path) -> PathBuf {
    let Ok(here) = std::env::current_dir() else {
        return path.to_owned();
    };
    let mut up = PathBuf::new();
    for folder in here.ancestors() {
        // All paths have the root in common, and nobody wants to read so many dots.
        if folder.parent().is_none() {
            break;
        }
        if let Ok(rest) = path.strip_prefix(folder) {
            return up.join(rest);
        }
        up.push("..");
    }
    path.to_owned()
}
