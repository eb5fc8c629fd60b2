//! Finding the files that were asked for.

use std::ffi::OsStr;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{self, Sender};

use ignore::{DirEntry, WalkBuilder, WalkState};
use nbfix_ipynb::{LoadError, Notebook};
use nbfix_lint::RuleSet;
use nbfix_report::Detector;
use nbfix_semantic::Origin;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::arguments::{FailOn, FileArguments};
use crate::beside::Folder;
use crate::project::{Project, Projects};
use crate::terminal::reason;

/// One document to work on.
#[derive(Debug)]
pub(crate) struct Input {
    /// Its path, as people shall see it.
    pub(crate) name: String,
    /// What is in force for it.
    pub(crate) project: Arc<Project>,
    place: Place,
}

#[derive(Debug)]
enum Place {
    File(PathBuf),
    /// All that stood on stdin.
    Stdin(Vec<u8>),
}

impl Input {
    /// The bytes of the document.
    pub(crate) fn read(&self) -> io::Result<Vec<u8>> {
        match &self.place {
            Place::File(path) => fs::read(path),
            Place::Stdin(bytes) => Ok(bytes.clone()),
        }
    }

    /// What `bytes` hold, by the document's name: a Python file, or else a notebook.
    pub(crate) fn load(&self, bytes: Vec<u8>) -> Result<Notebook, LoadError> {
        if has_extension(Path::new(&self.name), "py") {
            Notebook::script(bytes)
        } else {
            Notebook::load(bytes)
        }
    }

    /// The folder of the document; for stdin that of the name that was given for it.
    pub(crate) fn folder(&self) -> Folder {
        match &self.place {
            Place::File(path) => Folder::of(path),
            Place::Stdin(_) => Folder::of(Path::new(&self.name)),
        }
    }

    /// Where the document comes from, with what lies beside it.
    pub(crate) fn origin<'o>(&'o self, folder: &'o Folder) -> Origin<'o> {
        Origin {
            path: &self.name,
            beside: Some(folder),
        }
    }

    /// The rules that run over it.
    pub(crate) fn rules(&self) -> Arc<RuleSet> {
        self.project.rules_for(Path::new(&self.name))
    }

    /// What finds secrets in it, and masks them.
    pub(crate) fn secrets(&self) -> Arc<Detector> {
        self.project.secrets()
    }

    /// What makes a run fail that finds it in this document.
    pub(crate) fn fail_on(&self) -> FailOn {
        self.project.fail_on.value
    }

    /// The file; `None` for stdin.
    pub(crate) fn path(&self) -> Option<&Path> {
        match &self.place {
            Place::File(path) => Some(path),
            Place::Stdin(_) => None,
        }
    }
}

/// What the paths led to.
#[derive(Debug, Default)]
pub(crate) struct Inputs {
    /// Sorted by path, each file once.
    pub(crate) inputs: Vec<Input>,
    /// Paths that could not be followed, and why.
    pub(crate) errors: Vec<String>,
}

/// Finds what `arguments` ask for.
///
/// # Errors
/// If the arguments make no sense, or a configuration on the way cannot be used.
pub(crate) fn find(arguments: &FileArguments, projects: &Projects<'_>) -> anyhow::Result<Inputs> {
    if arguments.is_stdin() {
        anyhow::ensure!(
            arguments.paths.len() == 1,
            "`-` stands for stdin, and cannot be combined with other paths"
        );
        return Ok(Inputs {
            inputs: stdin(arguments, projects)?.into_iter().collect(),
            errors: Vec::new(),
        });
    }
    anyhow::ensure!(
        arguments.stdin_filename.is_none(),
        "`--stdin-filename` names what stands on stdin: give `-` as the path"
    );
    let mut found = Found::default();
    for path in &arguments.paths {
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => {
                // Even if nothing is found there, its configuration is to make sense.
                projects.of(path);
                found.walk(path, !arguments.no_respect_gitignore, projects);
            }
            Ok(_) => found.add(path.clone(), path.canonicalize()),
            Err(error) => found.error(path, &error),
        }
    }
    let inputs = found.sorted(arguments, projects);
    projects.check()?;
    Ok(inputs)
}

/// What stands on stdin. Whoever sends it wants it looked at, whatever it is called.
fn stdin(arguments: &FileArguments, projects: &Projects<'_>) -> anyhow::Result<Option<Input>> {
    let name = arguments.stdin_filename.as_deref();
    let folder = name.and_then(Path::parent).unwrap_or(Path::new(""));
    let project = projects.of(folder);
    projects.check()?;
    let mut bytes = Vec::new();
    io::stdin().lock().read_to_end(&mut bytes)?;
    let input = project.map(|project| Input {
        name: name.map_or_else(|| "<stdin>".to_owned(), shown),
        project,
        place: Place::Stdin(bytes),
    });
    Ok(input)
}

/// What is in force for a file.
fn project_of(path: &Path, projects: &Projects<'_>) -> Option<Arc<Project>> {
    projects.of(path.parent().unwrap_or(Path::new("")))
}

#[derive(Default)]
struct Found {
    /// By what the file really is, so that none comes twice.
    files: FxHashMap<PathBuf, PathBuf>,
    errors: Vec<String>,
}

/// What a walk meets.
enum Met {
    Notebook {
        path: PathBuf,
        link: bool,
    },
    Script {
        path: PathBuf,
        link: bool,
    },
    /// The root of a function app.
    App(PathBuf),
    Error(String),
}

impl Found {
    fn error(&mut self, path: &Path, error: &io::Error) {
        self.errors
            .push(format!("{}: {}", shown(path), reason(error)));
    }

    fn add(&mut self, path: PathBuf, real: io::Result<PathBuf>) {
        match real {
            Ok(real) => {
                let known = self.files.entry(real).or_insert_with(|| path.clone());
                // Of several names the plainest is shown.
                let plain = |path: &Path| (path.components().count(), path.to_owned());
                if plain(&path) < plain(known) {
                    *known = path;
                }
            }
            Err(error) => self.error(&path, &error),
        }
    }

    /// Adds the notebooks in and below `root`, and the scripts of function apps.
    fn walk(&mut self, root: &Path, respect: bool, projects: &Projects<'_>) {
        let (sender, receiver) = mpsc::channel();
        WalkBuilder::new(root)
            .require_git(false)
            .parents(respect)
            .ignore(respect)
            .git_ignore(respect)
            .git_global(respect)
            .git_exclude(respect)
            .build_parallel()
            .run(|| {
                let sender = sender.clone();
                Box::new(move |entry| {
                    if entry
                        .as_ref()
                        .is_ok_and(|entry| is_left_out(entry, projects))
                    {
                        return WalkState::Skip;
                    }
                    meet(entry, &sender);
                    WalkState::Continue
                })
            });
        drop(sender);
        let base = match root.canonicalize() {
            Ok(base) => base,
            Err(error) => return self.error(root, &error),
        };
        let real = |path: &Path, link: bool| match path.strip_prefix(root) {
            Ok(rest) if !link => Ok(base.join(rest)),
            _ => path.canonicalize(),
        };
        let mut apps = FxHashSet::default();
        let mut scripts = Vec::new();
        for met in receiver {
            match met {
                Met::Notebook { path, link } => {
                    let real = real(&path, link);
                    self.add(path, real);
                }
                Met::Script { path, link } => scripts.push((path, link)),
                Met::App(folder) => {
                    apps.insert(folder);
                }
                Met::Error(message) => self.errors.push(message),
            }
        }
        for (path, link) in scripts {
            let entry = path.file_name() == Some(OsStr::new("function_app.py"));
            if entry || path.ancestors().skip(1).any(|folder| apps.contains(folder)) {
                let real = real(&path, link);
                self.add(path, real);
            }
        }
    }

    fn sorted(self, arguments: &FileArguments, projects: &Projects<'_>) -> Inputs {
        let mut paths: Vec<PathBuf> = self.files.into_values().collect();
        let plain = |path: &PathBuf| path.strip_prefix(".").unwrap_or(path).to_owned();
        paths.sort_by_cached_key(plain);
        let input = |path: PathBuf| {
            let project = project_of(&path, projects)?;
            let forced = project.config.force_exclude.as_ref();
            let forced = arguments.force_exclude || forced.is_some_and(|said| said.value);
            if forced && project.forbids(&path) {
                return None;
            }
            Some(Input {
                name: shown(&path),
                project,
                place: Place::File(path),
            })
        };
        let mut errors = self.errors;
        errors.sort();
        Inputs {
            inputs: paths.into_iter().filter_map(input).collect(),
            errors,
        }
    }
}

/// Whether the configuration of the folder around it excludes a file or a folder. What was named stays.
fn is_left_out(entry: &DirEntry, projects: &Projects<'_>) -> bool {
    let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
    let matters = || {
        let path = entry.path();
        is_folder || has_extension(path, "ipynb") || has_extension(path, "py")
    };
    entry.depth() > 0
        && matters()
        && project_of(entry.path(), projects)
            .is_some_and(|project| project.leaves_out(entry.path(), is_folder))
}

/// Tells what a walk meets, if it matters.
fn meet(entry: Result<DirEntry, ignore::Error>, sender: &Sender<Met>) {
    let met = match entry {
        Err(error) => Met::Error(error.to_string()),
        Ok(entry) => {
            let link = entry.path_is_symlink();
            if entry.file_type().is_some_and(|kind| kind.is_dir()) {
                return;
            }
            let notebook = has_extension(entry.path(), "ipynb");
            let script = has_extension(entry.path(), "py");
            let app = entry.file_name() == OsStr::new("host.json");
            // A link to a folder may be called anything; it is not followed.
            if !(notebook || script || app) || link && entry.path().is_dir() {
                return;
            }
            let path = entry.into_path();
            match path.parent() {
                Some(folder) if app => Met::App(folder.to_owned()),
                _ if notebook => Met::Notebook { path, link },
                _ => Met::Script { path, link },
            }
        }
    };
    // The receiver outlives the walk.
    let _ = sender.send(met);
}

fn has_extension(path: &Path, extension: &str) -> bool {
    path.extension()
        .is_some_and(|found| found.eq_ignore_ascii_case(extension))
}

/// A path as people write it: without a `./` before it.
pub(crate) fn shown(path: &Path) -> String {
    path.strip_prefix(".").unwrap_or(path).display().to_string()
}
