//! The files that `fix` writes besides notebooks: a patch, and a report.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use nbfix_fix::{Mended, Refusal, Step};
use nbfix_ipynb::{CellId, DocumentKind};
use serde::Serialize;
use serde_json::{Value, json};
use tempfile::NamedTempFile;

use crate::function_apps::Rewritten;
use crate::outcome::Tally;
use crate::terminal::reason;

/// A file that comes into being as a whole, at the end.
struct Growing {
    path: PathBuf,
    file: BufWriter<NamedTempFile>,
    /// The first failure; after it nothing is written.
    failed: io::Result<()>,
}

impl Growing {
    fn new(path: &Path) -> anyhow::Result<Self> {
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let mut builder = tempfile::Builder::new();
        builder.prefix(".nbfix-").suffix(".tmp");
        // Files that others may read, unless this user's files are not for others.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let file = builder
            .tempfile_in(folder)
            .with_context(|| format!("{}: cannot be written", path.display()))?;
        Ok(Self {
            path: path.to_owned(),
            file: BufWriter::new(file),
            failed: Ok(()),
        })
    }

    fn add(&mut self, bytes: &[u8]) {
        if self.failed.is_ok() {
            self.failed = self.file.write_all(bytes);
        }
    }

    fn end(self) -> anyhow::Result<()> {
        let shown = self.path.display();
        let done = self.failed.and_then(|()| {
            let file = self.file.into_inner().map_err(|error| error.into_error())?;
            file.persist(&self.path).map_err(|error| error.error)
        });
        match done {
            Ok(_) => Ok(()),
            Err(error) => anyhow::bail!("{shown}: not written: {}", reason(&error)),
        }
    }
}

/// What is written besides notebooks.
pub(super) struct Sinks {
    patch: Option<Growing>,
    report: Option<Growing>,
    records: usize,
}

impl Sinks {
    /// # Errors
    /// If a file cannot be made.
    pub(super) fn new(patch: Option<&Path>, report: Option<&Path>) -> anyhow::Result<Self> {
        let mut sinks = Self {
            patch: patch.map(Growing::new).transpose()?,
            report: report.map(Growing::new).transpose()?,
            records: 0,
        };
        if let Some(report) = &mut sinks.report {
            let version = env!("CARGO_PKG_VERSION");
            report.add(format!("{{\n\"nbfix\": \"{version}\",\n\"files\": [\n").as_bytes());
        }
        Ok(sinks)
    }

    /// Takes what one file gives.
    pub(super) fn add(&mut self, patch: &[u8], record: &str) {
        if let Some(sink) = &mut self.patch {
            sink.add(patch);
        }
        if let Some(sink) = &mut self.report
            && !record.is_empty()
        {
            if self.records > 0 {
                sink.add(b",\n");
            }
            sink.add(record.as_bytes());
            self.records += 1;
        }
    }

    /// Closes the files. Without a tally the run did not come to its end: then there is no patch, which would be a part
    /// of one, and the report says so.
    ///
    /// # Errors
    /// If something could not be written.
    pub(super) fn end(mut self, tally: Option<&Tally>) -> anyhow::Result<()> {
        let records = self.records;
        if let Some(report) = &mut self.report {
            let summary = tally.map(|tally| {
                json!({
                    "files": records,
                    "changed": tally.changed,
                    "applied": tally.applied,
                    "remaining": {
                        "errors": tally.summary.errors,
                        "warnings": tally.summary.warnings,
                        "notes": tally.summary.notes,
                    },
                })
            });
            let end = if self.records > 0 { "\n" } else { "" };
            let summary = summary.unwrap_or(Value::Null);
            report.add(format!("{end}],\n\"summary\": {summary}\n}}\n").as_bytes());
        }
        let patch = match tally {
            Some(_) => self.patch.map_or(Ok(()), Growing::end),
            None => Ok(()),
        };
        self.report.map_or(Ok(()), Growing::end).and(patch)
    }
}

/// What became of a file.
#[derive(Clone, Copy)]
pub(super) enum Status<'a> {
    /// It was written, or its difference was.
    Mended,
    /// There was nothing to mend, or nothing that may be.
    Unchanged,
    /// It could not be read or written, for this reason.
    Failed(&'a str),
    /// Somebody ended the run before it.
    Skipped,
}

/// What the report says of a file. The keys are a contract.
#[derive(Serialize)]
struct Record<'a> {
    path: &'a str,
    status: &'static str,
    why: Option<&'a str>,
    applied: &'a [Item<'a>],
    deferred: &'a [Item<'a>],
    refused: &'a [Item<'a>],
    /// Findings that are left; `None` where nobody knows.
    remaining: Option<usize>,
}

/// One fix.
#[derive(Serialize)]
struct Item<'a> {
    rule: &'a str,
    /// From 1; `None` for the file as a whole, and in scripts.
    cell: Option<usize>,
    title: &'a str,
    safety: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<&'a str>,
}

/// What became of the fixes for a file.
pub(super) struct Account<'a> {
    applied: Vec<Item<'a>>,
    deferred: Vec<Item<'a>>,
    refused: Vec<Item<'a>>,
    remaining: usize,
}

impl<'a> Account<'a> {
    /// That of the file by itself.
    pub(super) fn of(mended: &'a Mended) -> Self {
        let cells = mended.notebook.kind() == DocumentKind::Notebook;
        let refusals = |all: &'a [Refusal]| {
            let all = all.iter();
            all.map(|it| item(&it.step, cells, Some(&it.why))).collect()
        };
        let applied = mended.applied.iter();
        Self {
            applied: applied.map(|it| item(it, cells, None)).collect(),
            deferred: refusals(&mended.deferred),
            refused: refusals(&mended.refused),
            remaining: mended.remaining.findings.len(),
        }
    }

    /// With what became of the fixes of its project in it: the project knows it as `cell`, and finds so much more.
    pub(super) fn add_project(&mut self, cell: CellId, whole: &'a Rewritten, remaining: usize) {
        let here = |step: &&Step| step.cell == Some(cell);
        let applied = whole.mended.applied.iter().filter(here);
        let why = whole.refused.as_deref();
        let applied = applied.map(|step| item(step, false, why));
        match why {
            None => self.applied.extend(applied),
            Some(_) => self.refused.extend(applied),
        }
        for (from, to) in [
            (&whole.mended.deferred, &mut self.deferred),
            (&whole.mended.refused, &mut self.refused),
        ] {
            let from = from.iter().filter(|it| here(&&it.step));
            to.extend(from.map(|it| item(&it.step, false, Some(&it.why))));
        }
        self.remaining += remaining;
    }
}

/// The record of a file; what was meant for one that could not be written was not applied, so it has no account.
pub(super) fn record(path: &str, status: Status<'_>, account: Option<&Account<'_>>) -> String {
    let (status, why) = match status {
        Status::Mended => ("mended", None),
        Status::Unchanged => ("unchanged", None),
        Status::Failed(why) => ("failed", Some(why)),
        Status::Skipped => ("skipped", None),
    };
    let record = Record {
        path,
        status,
        why,
        applied: account.map_or(&[], |account| &account.applied),
        deferred: account.map_or(&[], |account| &account.deferred),
        refused: account.map_or(&[], |account| &account.refused),
        remaining: account.map(|account| account.remaining),
    };
    // Texts and numbers can always be written.
    serde_json::to_string(&record).unwrap_or_default()
}

fn item<'a>(step: &'a Step, cells: bool, why: Option<&'a str>) -> Item<'a> {
    Item {
        rule: step.rule,
        cell: step.cell.filter(|_| cells).map(|cell| cell.number()),
        title: &step.title,
        safety: step.safety.as_str(),
        why,
    }
}
