//! Reading journals.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use super::{Begin, ENDING, Entry, Line};

/// A run as its journal tells it.
#[derive(Debug)]
pub(crate) struct Past {
    /// The journal.
    pub(crate) path: PathBuf,
    pub(crate) begin: Begin,
    /// In the order in which they were written.
    pub(crate) entries: Vec<Entry>,
    /// Whether it came to its end.
    pub(crate) ended: bool,
    /// The bytes of its whole lines.
    pub(super) length: u64,
}

impl Past {
    /// Reads a journal up to its end, or to the line that was being written when the run was interrupted. `None` if it
    /// is none.
    pub(crate) fn read(path: &Path) -> Option<Self> {
        let mut lines = BufReader::new(File::open(path).ok()?);
        let mut past = None;
        let mut line = Vec::new();
        loop {
            line.clear();
            let size = lines.read_until(b'\n', &mut line).ok()?;
            if line.last() != Some(&b'\n') {
                return past;
            }
            match (serde_json::from_slice(&line), &mut past) {
                (Ok(Line::Begin(begin)), None) => {
                    past = Some(Self {
                        path: path.to_owned(),
                        begin,
                        entries: Vec::new(),
                        ended: false,
                        length: 0,
                    });
                }
                (Ok(Line::Entry(entry)), Some(past)) => past.entries.push(entry),
                (Ok(Line::End { ended }), Some(past)) => past.ended = ended,
                _ => return past,
            }
            if let Some(past) = &mut past {
                past.length += size as u64;
            }
        }
    }

    /// Whether the run changed a file in or below one of these folders, or one of these files.
    pub(crate) fn touches(&self, paths: &[PathBuf]) -> bool {
        let mut files = self.entries.iter().map(|entry| entry.file.path());
        files.any(|file| paths.iter().any(|path| file.starts_with(path)))
    }
}

/// The journals, the newest first: their names begin with the time.
pub(crate) fn runs(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let paths = entries.map(|entry| entry.path());
    let mut paths: Vec<PathBuf> = paths
        .filter(|path| path.extension().is_some_and(|ending| ending == ENDING))
        .collect();
    paths.sort_by(|left, right| right.cmp(left));
    paths
}

/// Whether one folder lies in the other.
pub(crate) fn related(one: &Path, other: &Path) -> bool {
    one.starts_with(other) || other.starts_with(one)
}
