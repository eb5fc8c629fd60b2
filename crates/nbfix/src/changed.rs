//! What has changed since a revision, as git tells it.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail};
use nbfix_ipynb::{CellId, CellKind, Notebook};
use nbfix_lint::Finding;

use crate::inputs::Input;

/// The files that differ from a revision.
#[derive(Debug)]
pub(crate) struct Changed {
    /// By the real path of the file.
    files: HashMap<PathBuf, Change>,
}

/// How a file differs.
#[derive(Debug)]
enum Change {
    /// It was not there.
    New,
    /// The repository, and the object that it was.
    Was { top: PathBuf, object: String },
}

/// The part of a document that has changed.
#[derive(Debug)]
pub(crate) enum Part {
    All,
    /// These cells, sorted.
    Cells(Vec<CellId>),
}

impl Changed {
    /// Asks git about the repositories of the inputs.
    ///
    /// # Errors
    /// If git cannot be run, a file lies in no repository, or the revision is none.
    pub(crate) fn since(revision: &str, inputs: &[Input]) -> anyhow::Result<Self> {
        let mut tops: HashMap<PathBuf, PathBuf> = HashMap::new();
        let mut asked: Vec<PathBuf> = Vec::new();
        let mut files = HashMap::new();
        for input in inputs {
            let Some(path) = input.path() else {
                bail!("`--changed-since` needs files: what stands on stdin has no history");
            };
            let real = path.canonicalize().with_context(|| input.name.clone())?;
            let folder = real.parent().unwrap_or(Path::new("/"));
            if tops.contains_key(folder) {
                continue;
            }
            let top = git(folder, &["rev-parse", "--show-toplevel"])
                .with_context(|| format!("`--changed-since`: {}", input.name))?;
            let top = PathBuf::from(text(&top).trim_end_matches(['\n', '\r']));
            tops.insert(folder.to_owned(), top.clone());
            if !asked.contains(&top) {
                ask(&top, revision, &mut files)?;
                asked.push(top);
            }
        }
        Ok(Self { files })
    }

    /// What of a document has changed; `None` for nothing.
    pub(crate) fn part(&self, input: &Input, notebook: Option<&Notebook>) -> Option<Part> {
        let real = input.path()?.canonicalize().ok()?;
        let (top, object) = match self.files.get(&real)? {
            Change::New => return Some(Part::All),
            Change::Was { top, object } => (top, object),
        };
        // What cannot be compared counts as changed.
        let Some(notebook) = notebook else {
            return Some(Part::All);
        };
        let old = git(top, &["cat-file", "blob", object]);
        let old = old.ok().and_then(|bytes| input.load(bytes).ok());
        let Some(old) = old else {
            return Some(Part::All);
        };
        let mut there: HashMap<(CellKind, &str), usize> = HashMap::new();
        for cell in old.cells() {
            *there.entry((cell.kind, &cell.source)).or_default() += 1;
        }
        let mut changed = Vec::new();
        for (id, cell) in notebook.ids() {
            match there.get_mut(&(cell.kind, cell.source.as_str())) {
                Some(left) if *left > 0 => *left -= 1,
                _ => changed.push(id),
            }
        }
        Some(Part::Cells(changed))
    }
}

impl Part {
    /// Whether a finding concerns it: its place, or one of the places that it points at. What concerns the file as a
    /// whole concerns every part.
    pub(crate) fn holds(&self, finding: &Finding) -> bool {
        let Part::Cells(cells) = self else {
            return true;
        };
        let changed = |cell: CellId| cells.binary_search(&cell).is_ok();
        finding.at.cell().is_none_or(changed)
            || finding.labels.iter().any(|label| changed(label.span.cell))
    }
}

fn ask(top: &Path, revision: &str, files: &mut HashMap<PathBuf, Change>) -> anyhow::Result<()> {
    let commit = format!("{revision}^{{commit}}");
    let wanted = [
        "rev-parse",
        "--verify",
        "--quiet",
        "--end-of-options",
        &commit,
    ];
    let Ok(commit) = git(top, &wanted) else {
        bail!(
            "`--changed-since`: git knows no revision `{revision}` in {}",
            top.display()
        );
    };
    let commit = text(&commit).trim().to_owned();
    let differences = git(
        top,
        &[
            "diff",
            "--no-ext-diff",
            "--name-status",
            "-M",
            "-z",
            &commit,
            "--",
        ],
    )?;
    let differences = text(&differences);
    let mut parts = differences.split('\0');
    while let Some(status) = parts.next().filter(|status| !status.is_empty()) {
        let Some(path) = parts.next() else { break };
        let (old, new) = match status.as_bytes().first() {
            Some(b'R' | b'C') => (path, parts.next().unwrap_or(path)),
            _ => (path, path),
        };
        let change = match status.as_bytes().first() {
            Some(b'A') => Change::New,
            Some(b'D') => continue,
            _ => Change::Was {
                top: top.to_owned(),
                object: format!("{commit}:{old}"),
            },
        };
        files.insert(top.join(new), change);
    }
    let untracked = git(top, &["ls-files", "-z", "--others", "--exclude-standard"])?;
    for path in text(&untracked).split('\0').filter(|path| !path.is_empty()) {
        files.insert(top.join(path), Change::New);
    }
    Ok(())
}

/// What git prints, run in this folder.
fn git(folder: &Path, arguments: &[&str]) -> anyhow::Result<Vec<u8>> {
    let output = Command::new("git")
        .arg("-C")
        .arg(folder)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .context("git cannot be run")?;
    if !output.status.success() {
        let said = text(&output.stderr);
        let said = said.lines().next().unwrap_or("it failed").to_owned();
        bail!("git says: {}", said.trim_start_matches("fatal: "));
    }
    Ok(output.stdout)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
