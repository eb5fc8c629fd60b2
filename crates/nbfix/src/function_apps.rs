//! The projects that the inputs of a run belong to: each is looked at once, as a whole, and tells about its files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use nbfix_fix::Mended;
use nbfix_ipynb::{CellId, Notebook, Span};
use nbfix_lint::{Crash, Finding, Label, Place, RuleSet, Scope, lint};
use nbfix_semantic::{Semantic, Sources};
use nbfix_text::{Patch, TextRange};
use rustc_hash::FxHashMap;

use crate::app_folder::{AppFile, AppFolder, ENTRY};
use crate::inputs::{Input, shown};
use crate::journal::Journal;
use crate::write::replace_all;

/// The function apps of a run, by root.
pub(crate) struct FunctionApps {
    of_file: FxHashMap<PathBuf, PathBuf>,
    roots: BTreeMap<PathBuf, Whole>,
}

/// One project, read when its first file is.
struct Whole {
    project: OnceLock<Option<AppFolder>>,
    found: OnceLock<(Vec<Finding>, Vec<Crash>)>,
    mended: OnceLock<Option<Rewritten>>,
    /// The rules of its first file.
    rules: RuleSet,
    /// The files that the run was asked for.
    asked: Vec<PathBuf>,
}

/// A project after its fixes.
pub(crate) struct Rewritten {
    pub(crate) mended: Mended,
    /// New bytes, by path.
    pub(crate) changes: BTreeMap<PathBuf, Vec<u8>>,
    /// Why nothing is changed, if something would be.
    pub(crate) refused: Option<String>,
}

impl FunctionApps {
    /// The projects of these inputs. A Python file belongs to the nearest folder above it that holds a `host.json` and
    /// a `function_app.py`.
    pub(crate) fn among(inputs: &[Input]) -> Self {
        let mut this = Self {
            of_file: FxHashMap::default(),
            roots: BTreeMap::new(),
        };
        let mut known: FxHashMap<PathBuf, Option<PathBuf>> = FxHashMap::default();
        for input in inputs {
            let Some(path) = input.path() else { continue };
            if path.extension().is_none_or(|extension| extension != "py") {
                continue;
            }
            let folder = path.parent().unwrap_or(Path::new(""));
            let root = known
                .entry(folder.to_owned())
                .or_insert_with(|| root_of(folder));
            if let Some(root) = root {
                let whole = this.roots.entry(root.clone()).or_insert_with(|| Whole {
                    project: OnceLock::new(),
                    found: OnceLock::new(),
                    mended: OnceLock::new(),
                    rules: input.rules().within(Scope::Projects),
                    asked: Vec::new(),
                });
                whole.asked.push(path.to_owned());
                this.of_file.insert(path.to_owned(), root.clone());
            }
        }
        this
    }

    /// The rules that look at an input by itself: those of projects are not among them, if it belongs to one.
    pub(crate) fn rules_for(&self, input: &Input) -> RuleSet {
        input.rules().within(match self.whole(input) {
            Some(_) => Scope::Files,
            None => Scope::All,
        })
    }

    fn whole(&self, input: &Input) -> Option<(&Path, &Whole)> {
        let root = self.of_file.get(input.path()?)?;
        let whole = self.roots.get(root)?;
        // A file that the project could not take in is a document of its own.
        let project = whole.project(root)?;
        project.cell_of(input.path()?)?;
        Some((root, whole))
    }

    /// What the rules of projects find in a file, as findings of the file.
    pub(crate) fn findings(&self, input: &Input) -> (Vec<Finding>, Vec<Crash>) {
        let nothing = (Vec::new(), Vec::new());
        let Some((root, whole)) = self.whole(input) else {
            return nothing;
        };
        let (Some(project), Some(path)) = (whole.project(root), input.path()) else {
            return nothing;
        };
        let (found, crashes) = whole.found.get_or_init(|| {
            let sources = Sources::parse(&project.notebook, project.name.as_str());
            let linted = lint(&Semantic::new(&project.notebook, &sources), &whole.rules);
            (linted.findings, linted.crashes)
        });
        let own = project
            .cell_of(path)
            .map(|cell| in_file(project, cell, found));
        // A panic is told once, with the file that the host begins with.
        let crashes = match path.file_name().is_some_and(|name| name == ENTRY) {
            true => crashes.clone(),
            false => Vec::new(),
        };
        (own.unwrap_or_default(), crashes)
    }

    /// The project of a file with the fixes that `how` applies; with a journal to `write`, they are on disk then.
    pub(crate) fn rewritten(
        &self,
        input: &Input,
        how: impl FnOnce(Notebook, &str, &RuleSet) -> Mended,
        write: Option<&Journal>,
    ) -> Option<(&AppFolder, CellId, &Rewritten)> {
        let (root, whole) = self.whole(input)?;
        let project = whole.project(root)?;
        let rewritten = whole.mended.get_or_init(|| {
            let mended = how(project.notebook.clone(), &project.name, &whole.rules);
            Some(whole.apply(project, mended, write))
        });
        Some((
            project,
            project.cell_of(input.path()?)?,
            rewritten.as_ref()?,
        ))
    }
}

impl Whole {
    fn project(&self, root: &Path) -> Option<&AppFolder> {
        self.project
            .get_or_init(|| AppFolder::read(root).ok())
            .as_ref()
    }

    fn apply(&self, project: &AppFolder, mended: Mended, write: Option<&Journal>) -> Rewritten {
        let changes = project.changes(&mended.notebook);
        let other = changes
            .iter()
            .find(|(file, _)| !self.asked.contains(&file.path));
        let refused = other.map(|(file, _)| {
            let file = shown(&file.path);
            format!("it would change {file}, too, which was not asked for; name the folder instead")
        });
        if refused.is_some() {
            return Rewritten {
                mended,
                changes: BTreeMap::new(),
                refused,
            };
        }
        let files: Vec<(&Path, &[u8], &[u8])> = changes
            .iter()
            .map(|(file, bytes)| (file.path.as_path(), file.bytes.as_slice(), bytes.as_slice()))
            .collect();
        let done = write.map_or(Ok(()), |journal| replace_all(&files, journal));
        let refused = done.err().map(|error| format!("{error:#}"));
        let kept = refused.is_none();
        let changes = changes.into_iter().filter(|_| kept);
        let changes = changes.map(|(file, bytes): (&AppFile, Vec<u8>)| (file.path.clone(), bytes));
        Rewritten {
            changes: changes.collect(),
            mended,
            refused,
        }
    }
}

/// The findings in one file, as findings of a document that is that file. What is elsewhere is told in words; a fix
/// that changes another file is told, and is for `fix` to apply.
pub(crate) fn in_file(project: &AppFolder, cell: CellId, found: &[Finding]) -> Vec<Finding> {
    let Some(file) = project.file(cell) else {
        return Vec::new();
    };
    let moved = |range: TextRange| {
        let start = range.start().saturating_sub(file.head);
        TextRange::new(start, range.end().saturating_sub(file.head))
    };
    let own = found
        .iter()
        .filter(|finding| finding.at.cell() == Some(cell));
    own.map(|finding| {
        let mut finding = finding.clone();
        if let Place::Cell(span) = finding.at {
            let range = moved(span.range);
            finding.at = Place::Cell(Span {
                cell: CellId(0),
                range,
            });
        }
        let (here, elsewhere): (Vec<Label>, Vec<Label>) = finding
            .labels
            .drain(..)
            .partition(|label| label.span.cell == cell);
        finding.labels = here
            .into_iter()
            .map(|label| Label {
                span: Span {
                    cell: CellId(0),
                    range: moved(label.span.range),
                },
                text: label.text,
            })
            .collect();
        let notes = elsewhere.iter().filter_map(|label| {
            let place = line_of(project, label.span)?;
            Some(format!("{place}: {}", label.text))
        });
        let mut help: Vec<String> = finding.help.take().into_iter().collect();
        help.extend(notes);
        if let Some(fix) = &mut finding.fix {
            let whole = fix.edits.keys().all(|edited| *edited == cell);
            let edits = std::mem::take(&mut fix.edits);
            if whole {
                let patches = edits.into_values().filter_map(|patch| {
                    let edits = patch.edits().iter().cloned().map(|mut edit| {
                        edit.range = moved(edit.range);
                        edit
                    });
                    Patch::new(edits.collect()).ok()
                });
                fix.edits = patches.map(|patch| (CellId(0), patch)).collect();
            }
        }
        finding.help = (!help.is_empty()).then(|| help.join(" "));
        finding
    })
    .collect()
}

/// A place in another file of the project, for people.
fn line_of(project: &AppFolder, span: Span) -> Option<String> {
    let file = project.file(span.cell)?;
    let text: &str = &project.notebook.cell(span.cell)?.source;
    let before = text.get(file.head..span.range.start())?;
    let line = before.matches('\n').count() + 1;
    Some(format!("{}:{line}", shown(&file.path)))
}

impl AppFolder {
    /// The cell that stands for a file.
    pub(crate) fn cell_of(&self, path: &Path) -> Option<CellId> {
        let same = |(_, file): &(CellId, &AppFile)| file.path == path;
        self.files().find(same).map(|(cell, _)| cell)
    }
}

/// The root of the project that a folder belongs to.
fn root_of(folder: &Path) -> Option<PathBuf> {
    let mut at = folder.to_owned();
    // A relative path ends at the current folder; what is above it belongs to the project as well.
    let mut above = 0;
    loop {
        let shown = if at.as_os_str().is_empty() {
            Path::new(".")
        } else {
            &at
        };
        if shown.join("host.json").is_file() {
            return shown.join(ENTRY).is_file().then(|| at.clone());
        }
        if !at.pop() || above > 32 {
            return None;
        }
        above += 1;
    }
}
