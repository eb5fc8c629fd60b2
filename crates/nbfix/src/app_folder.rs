//! Function apps on disk, as documents.
//!
//! A project is a notebook in memory whose cells write its files. So the rules see one thing, whether a notebook
//! writes a function app or a folder holds it; a finding is in a file, since it is in a cell; and a fix of two files
//! is a fix of two cells, which is all or nothing.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use ignore::WalkBuilder;
use nbfix_ipynb::{CellId, LoadError, Notebook};

use crate::inputs::shown;
use crate::project::EXCLUDED;

/// The file that the Functions host reads first; its folder is the root of a project.
const HOST: &str = "host.json";
/// The file that the worker imports.
pub(crate) const ENTRY: &str = "function_app.py";
/// More files than any function app has; a root that holds as many is a mistake.
const MOST_FILES: usize = 4_000;

/// One file of a project.
#[derive(Debug)]
pub(crate) struct AppFile {
    /// Where it lies.
    pub(crate) path: PathBuf,
    /// The bytes that were read.
    pub(crate) bytes: Vec<u8>,
    /// The bytes of the cell that stand before the file's text: the line with the magic.
    pub(crate) head: usize,
}

/// A function app on disk.
#[derive(Debug)]
pub(crate) struct AppFolder {
    /// The root, as people shall see it.
    pub(crate) name: String,
    /// The document.
    pub(crate) notebook: Notebook,
    files: Vec<AppFile>,
}

impl AppFolder {
    /// Reads the Python files below `root`. Files that are no UTF-8, or that no import can name, are left out.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub(crate) fn read(root: &Path) -> io::Result<Self> {
        let mut paths = Vec::new();
        let here = root.as_os_str().is_empty();
        let folder = if here { Path::new(".") } else { root };
        collect(folder, folder, &mut paths)?;
        if here {
            // As the inputs are spelled.
            for (_, path) in &mut paths {
                *path = path.strip_prefix(".").unwrap_or(path).to_owned();
            }
        }
        paths.sort();
        let mut files = Vec::new();
        let mut cells = Vec::new();
        for (relative, path) in paths {
            let Ok(bytes) = fs::read(&path) else { continue };
            let Ok(text) = std::str::from_utf8(&bytes) else {
                continue;
            };
            let head = format!("%%writefile {relative}\n");
            let source = format!("{head}{}", text.strip_prefix(BOM).unwrap_or(text));
            cells.push(source);
            let head = head.len();
            files.push(AppFile { path, bytes, head });
        }
        let notebook = Notebook::of_code(&cells)
            .map_err(|error: LoadError| io::Error::other(error.to_string()))?;
        Ok(Self {
            name: shown(root),
            notebook,
            files,
        })
    }

    /// The file that a cell stands for.
    pub(crate) fn file(&self, cell: CellId) -> Option<&AppFile> {
        self.files.get(cell.index())
    }

    /// The files, with the cells that stand for them.
    pub(crate) fn files(&self) -> impl Iterator<Item = (CellId, &AppFile)> {
        let files = self.files.iter().enumerate();
        files.map(|(index, file)| (CellId(index), file))
    }

    /// The files that a mended document changes, with their new bytes.
    pub(crate) fn changes(&self, mended: &Notebook) -> Vec<(&AppFile, Vec<u8>)> {
        let files = self.files.iter().zip(mended.cells());
        let changed = files.filter_map(|(file, cell)| {
            let bom = file.bytes.starts_with(BOM.as_bytes());
            let text = cell.source.get(file.head..)?;
            let mut bytes = if bom {
                BOM.as_bytes().to_vec()
            } else {
                Vec::new()
            };
            bytes.extend_from_slice(text.as_bytes());
            (bytes != file.bytes).then_some((file, bytes))
        });
        changed.collect()
    }
}

const BOM: &str = "\u{feff}";

/// The Python files of a project, with their paths below the root. A folder below it with a `host.json` is another
/// project.
fn collect(root: &Path, folder: &Path, found: &mut Vec<(String, PathBuf)>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        let name = entry.file_name();
        let Some(name) = name.to_str() else { continue };
        if path.is_dir() {
            let other = is_skipped(name) || name.starts_with('.') || path.join(HOST).exists();
            if !other && !entry.file_type()?.is_symlink() {
                collect(root, &path, found)?;
            }
            continue;
        }
        let is_host = folder == root && name == HOST;
        let is_python = path.extension() == Some(OsStr::new("py"));
        let relative = path.strip_prefix(root).ok().and_then(Path::to_str);
        let named = relative.filter(|path| !path.contains(char::is_whitespace));
        if let (true, Some(relative)) = (is_host || is_python, named)
            && found.len() < MOST_FILES
        {
            found.push((relative.replace('\\', "/"), path));
        }
    }
    Ok(())
}

/// What a search for function apps finds.
#[derive(Debug, Default)]
pub(crate) struct Roots {
    /// Folders that hold `host.json` and `function_app.py`.
    pub(crate) apps: BTreeSet<PathBuf>,
    /// Folders with a `host.json` and neither an app nor functions of the older model.
    pub(crate) bare: BTreeSet<PathBuf>,
    /// Notebooks that may write an app.
    pub(crate) notebooks: BTreeSet<PathBuf>,
}

/// The function apps in and below a folder.
pub(crate) fn find(folder: &Path) -> Roots {
    let mut roots = Roots::default();
    let walk = WalkBuilder::new(folder)
        .require_git(false)
        .filter_entry(|entry| {
            let folder = entry.file_type().is_some_and(|kind| kind.is_dir());
            entry.depth() == 0 || !folder || !entry.file_name().to_str().is_some_and(is_skipped)
        })
        .build();
    for entry in walk.flatten() {
        let path = entry.path();
        if path.extension() == Some(OsStr::new("ipynb")) {
            roots.notebooks.insert(path.to_owned());
        }
        if entry.file_name() != OsStr::new(HOST) {
            continue;
        }
        let Some(root) = path.parent() else { continue };
        if root.join(ENTRY).is_file() {
            roots.apps.insert(root.to_owned());
        } else if !has_older_model(root) {
            roots.bare.insert(root.to_owned());
        }
    }
    roots
}

/// Whether the functions of a project are folders with a `function.json`, or no Python at all.
fn has_older_model(root: &Path) -> bool {
    let other = ["package.json", "pom.xml", "profile.ps1"];
    if other.iter().any(|name| root.join(name).exists()) {
        return true;
    }
    let Ok(entries) = fs::read_dir(root) else {
        return true;
    };
    let mut python = false;
    for entry in entries.flatten() {
        let path = entry.path();
        if path.join("function.json").exists() {
            return true;
        }
        match path.extension().and_then(OsStr::to_str) {
            Some("csproj" | "fsproj") => return true,
            Some("py") => python = true,
            _ => {}
        }
    }
    !python
}

/// Whether a folder of this name holds what others wrote, or copies.
fn is_skipped(name: &str) -> bool {
    EXCLUDED
        .iter()
        .any(|folder| folder.trim_end_matches('/') == name)
}
