//! Findings that are known and not told again: what a project had when it began to be checked.
//!
//! A finding is known by its rule, its cell (the id, or what the cell holds if it has none) and the text that it is
//! about, never by a line. So it stays known when cells move, come, go or run again.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, anyhow, bail};
use nbfix_ipynb::Notebook;
use nbfix_lint::{Finding, Place, RuleSet};
use serde::{Deserialize, Serialize};

use crate::config::{plain_path, seen_from_here};
use crate::inputs::{Input, shown};
use crate::journal::Journal;
use crate::project::Project;
use crate::terminal::reason;
use crate::write::replace;

/// Its name in a project.
const NAME: &str = "nbfix-baseline.json";
/// The form of the file; another one is none of ours.
const VERSION: u32 = 1;

/// The file.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Content {
    version: u32,
    /// By path, relative to the file's folder, with forward slashes.
    files: BTreeMap<String, Vec<Entry>>,
}

/// One finding, or several that are alike.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    #[serde(flatten)]
    key: Key,
    #[serde(default = "one", skip_serializing_if = "is_one")]
    count: usize,
}

/// What a finding is known by.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    rule: String,
    /// `id:` and the cell's id, or `content:` and a hash; nothing for what concerns the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cell: Option<String>,
    /// A hash of the text that it is about: what a baseline is for may be nothing to publish.
    text: String,
}

fn one() -> usize {
    1
}

fn is_one(count: &usize) -> bool {
    *count == 1
}

/// The findings that are known, of one file.
#[derive(Debug)]
pub(crate) struct Baseline {
    path: PathBuf,
    bytes: Vec<u8>,
    files: BTreeMap<String, Vec<Entry>>,
}

/// What a baseline says about the findings of one document.
#[derive(Debug, Default)]
pub(crate) struct Compared {
    /// How many are known.
    pub(crate) known: usize,
    /// How many it has that are not found any more.
    pub(crate) gone: usize,
}

impl Baseline {
    /// Where the baseline of a project is, or would be.
    pub(crate) fn path_of(project: &Project, named: Option<&Path>) -> PathBuf {
        let said = project.config.baseline.as_ref();
        if let Some(path) = named.or(said.map(|said| said.value.as_path())) {
            return plain_path(path);
        }
        for folder in project.root.ancestors() {
            if folder.join(NAME).is_file() {
                return folder.join(NAME);
            }
            if folder.join(".git").exists() {
                break;
            }
        }
        project.root.join(NAME)
    }

    /// Reads the file. If there is none, nothing is known.
    ///
    /// # Errors
    /// If it cannot be read, or is no baseline.
    pub(crate) fn read(path: &Path) -> anyhow::Result<Self> {
        let name = shown(&seen_from_here(path));
        let bytes = match fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
            Err(error) => bail!("{name}: {}", reason(&error)),
        };
        let mut files = BTreeMap::new();
        if !bytes.is_empty() {
            let content: Content = serde_json::from_slice(&bytes)
                .map_err(|error| anyhow!("{name}: this is no baseline of nbfix: {error}"))?;
            if content.version != VERSION {
                bail!(
                    "{name}: version {} is not known; `nbfix baseline write` writes version {VERSION}",
                    content.version
                );
            }
            files = content.files;
        }
        Ok(Self {
            path: path.to_owned(),
            bytes,
            files,
        })
    }

    /// Whether there is a file.
    pub(crate) fn exists(&self) -> bool {
        !self.bytes.is_empty()
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// What a document is called in it.
    fn name(&self, path: &Path) -> String {
        let folder = self.path.parent().unwrap_or(Path::new(""));
        let path = plain_path(path);
        let mut up = String::new();
        for folder in folder.ancestors() {
            if let Ok(inside) = path.strip_prefix(folder) {
                let parts = inside.components();
                let parts: Vec<_> = parts.map(|it| it.as_os_str().to_string_lossy()).collect();
                return up + &parts.join("/");
            }
            up.push_str("../");
        }
        path.to_string_lossy().into_owned()
    }

    /// Takes out of `findings` what is known of this document.
    pub(crate) fn part(
        &self,
        input: &Input,
        notebook: Option<&Notebook>,
        rules: &RuleSet,
        findings: &mut Vec<Finding>,
    ) -> Compared {
        let path = Path::new(&input.name);
        let Some(entries) = self.files.get(&self.name(path)) else {
            return Compared::default();
        };
        let mut left: Vec<Entry> = entries.clone();
        let mut keys: Vec<Option<Key>> = findings
            .iter()
            .map(|finding| Some(key(finding, notebook)))
            .collect();
        // First what is in its old cell, so that of two alike the one that has come is the new one.
        for in_its_cell in [true, false] {
            for slot in &mut keys {
                let Some(key) = slot else { continue };
                let fits = |entry: &&mut Entry| {
                    entry.count > 0
                        && entry.key.rule == key.rule
                        && entry.key.text == key.text
                        && (!in_its_cell || entry.key.cell == key.cell)
                };
                if let Some(entry) = left.iter_mut().find(fits) {
                    entry.count -= 1;
                    *slot = None;
                }
            }
        }
        let before = findings.len();
        let mut keys = keys.into_iter();
        findings.retain(|_| keys.next().flatten().is_some());
        // Of a rule that has not run nobody knows, and a file that cannot be read shows nothing.
        let judged = |entry: &&Entry| notebook.is_some() && rules.get(&entry.key.rule).is_some();
        Compared {
            known: before - findings.len(),
            gone: left.iter().filter(judged).map(|entry| entry.count).sum(),
        }
    }

    /// The findings of documents that are not there any more.
    pub(crate) fn lost(&self) -> usize {
        let lost = self.files.iter().filter(|(name, _)| !self.is_there(name));
        lost.flat_map(|(_, entries)| entries)
            .map(|entry| entry.count)
            .sum()
    }

    fn is_there(&self, name: &str) -> bool {
        let folder = self.path.parent().unwrap_or(Path::new(""));
        folder.join(name).exists()
    }

    /// The entries for the findings of a document. Those of rules that have not run stay.
    pub(crate) fn entries(
        &self,
        input: &Input,
        notebook: Option<&Notebook>,
        rules: &RuleSet,
        findings: &[Finding],
    ) -> Entries {
        let name = self.name(Path::new(&input.name));
        let mut counts: BTreeMap<Key, usize> = BTreeMap::new();
        for finding in findings {
            *counts.entry(key(finding, notebook)).or_default() += 1;
        }
        for entry in self.files.get(&name).into_iter().flatten() {
            if rules.get(&entry.key.rule).is_none() {
                *counts.entry(entry.key.clone()).or_default() += entry.count;
            }
        }
        let entries = counts.into_iter().map(|(key, count)| Entry { key, count });
        Entries {
            name,
            entries: entries.collect(),
        }
    }

    /// Writes the file with these entries in place of those that the documents had. Documents that were not looked at
    /// keep theirs, unless they are gone.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(crate) fn write(&self, documents: Vec<Entries>) -> anyhow::Result<Written> {
        let mut files = self.files.clone();
        files.retain(|name, _| self.is_there(name));
        for document in documents {
            files.insert(document.name, document.entries);
        }
        files.retain(|_, entries| !entries.is_empty());
        let counts = |files: &BTreeMap<String, Vec<Entry>>| {
            let mut counts: BTreeMap<(String, Key), usize> = BTreeMap::new();
            for (name, entries) in files {
                for entry in entries {
                    *counts.entry((name.clone(), entry.key.clone())).or_default() += entry.count;
                }
            }
            counts
        };
        let more = |some: &BTreeMap<(String, Key), usize>,
                    others: &BTreeMap<(String, Key), usize>| {
            let more = some.iter();
            let more =
                more.map(|(key, count)| count.saturating_sub(*others.get(key).unwrap_or(&0)));
            more.sum()
        };
        let (old, new) = (counts(&self.files), counts(&files));
        let written = Written {
            findings: new.values().sum(),
            files: files.len(),
            added: more(&new, &old),
            dropped: more(&old, &new),
        };
        let content = Content {
            version: VERSION,
            files,
        };
        let mut bytes = serde_json::to_vec_pretty(&content)?;
        bytes.push(b'\n');
        let name = shown(&seen_from_here(&self.path));
        if !self.exists() {
            fs::write(&self.path, bytes).map_err(|error| anyhow!("{name}: {}", reason(&error)))?;
        } else if bytes != self.bytes {
            replace(&self.path, &self.bytes, &bytes, &Journal::off()).with_context(|| name)?;
        }
        Ok(written)
    }
}

/// What a baseline will say about one document.
#[derive(Debug)]
pub(crate) struct Entries {
    name: String,
    entries: Vec<Entry>,
}

/// What was written.
#[derive(Debug)]
pub(crate) struct Written {
    pub(crate) findings: usize,
    pub(crate) files: usize,
    pub(crate) added: usize,
    pub(crate) dropped: usize,
}

fn key(finding: &Finding, notebook: Option<&Notebook>) -> Key {
    let id = finding.at.cell();
    let cell = id.and_then(|id| notebook?.cell(id));
    let text = match (&finding.at, cell) {
        // The rest of a longer text may change without being another finding.
        (Place::Cell(span), Some(cell)) => {
            let text = span.range.of(&cell.source).trim();
            let line = text.lines().next().unwrap_or_default();
            line.split_whitespace().collect::<Vec<_>>().join(" ")
        }
        // Messages about a file count cells, which move.
        _ => without_numbers(&finding.message),
    };
    Key {
        rule: finding.rule.name.to_owned(),
        cell: cell.map(|cell| match &cell.id {
            Some(id) => format!("id:{id}"),
            None => format!("content:{}", hash(&cell.source)),
        }),
        text: hash(&text),
    }
}

fn without_numbers(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for char in text.chars() {
        match char.is_ascii_digit() {
            true if out.ends_with('#') => {}
            true => out.push('#'),
            false => out.push(char),
        }
    }
    out
}

/// FNV-1a, in hexadecimal digits: the file outlives releases of Rust and of crates.
fn hash(text: &str) -> String {
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
    });
    format!("{hash:016x}")
}

/// The baselines of a run, each read once.
#[derive(Debug, Default)]
pub(crate) struct Baselines {
    by_path: BTreeMap<PathBuf, Arc<Baseline>>,
    /// A run has few projects.
    by_project: Vec<(Arc<Project>, Arc<Baseline>)>,
}

impl Baselines {
    /// Reads those of all inputs.
    ///
    /// # Errors
    /// If one cannot be used; a file that was named has to be there if `must_exist`.
    pub(crate) fn read(
        inputs: &[Input],
        named: Option<&Path>,
        must_exist: bool,
    ) -> anyhow::Result<Self> {
        let mut all = Self::default();
        for input in inputs {
            if all.of(input).is_some() {
                continue;
            }
            let path = Baseline::path_of(&input.project, named);
            let baseline = match all.by_path.get(&path) {
                Some(baseline) => Arc::clone(baseline),
                None => Arc::new(Baseline::read(&path)?),
            };
            let asked = named.is_some() || input.project.config.baseline.is_some();
            if must_exist && asked && !baseline.exists() {
                let name = shown(&seen_from_here(&path));
                bail!("there is no baseline {name}; `nbfix baseline write` makes one");
            }
            let project = Arc::clone(&input.project);
            all.by_project.push((project, Arc::clone(&baseline)));
            all.by_path.insert(path, baseline);
        }
        Ok(all)
    }

    /// That of a document.
    pub(crate) fn of(&self, input: &Input) -> Option<Arc<Baseline>> {
        let mut projects = self.by_project.iter();
        let own = projects.find(|(project, _)| Arc::ptr_eq(project, &input.project));
        own.map(|(_, baseline)| Arc::clone(baseline))
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<Baseline>> {
        self.by_path.values()
    }
}
