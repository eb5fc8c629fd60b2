//! What a run changes, written down before it is changed, so that it can be taken back.
//!
//! A journal is a file of lines in the state folder of the user, one journal a run. The first line says what ran and
//! where. Each further line names a file, the fingerprints of what it was and what it becomes, and what makes the one
//! of the other again; it is on disk before the file is touched. The last line says that the run came to its end.
//!
//! So after whatever ended a run, every file of it is found to be the old one or the new one by its fingerprint, and
//! nothing else has to be known. While a run goes on it holds a lock on its journal; one that is neither locked nor
//! ended was interrupted.

mod delta;
mod past;
mod write;

use std::path::{Path, PathBuf};
use std::{env, io};

use serde::{Deserialize, Serialize};

pub(crate) use delta::{fingerprint, undone};
pub(crate) use past::{Past, runs};
pub(crate) use write::Journal;

use delta::Piece;

/// The ending of the names of journals.
const ENDING: &str = "jsonl";

/// One line of a journal.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum Line {
    Begin(Begin),
    Entry(Entry),
    End { ended: bool },
}

/// What ran.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Begin {
    /// The version of nbfix.
    pub(crate) nbfix: String,
    /// Seconds since 1970.
    pub(crate) began: u64,
    /// The folder in which it ran.
    pub(crate) folder: Place,
    /// Its command line, without the name of the program.
    pub(crate) arguments: Vec<String>,
}

/// One file that was about to be changed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Entry {
    pub(crate) file: Place,
    /// The name of the file beside it that was to take its place.
    pub(crate) temporary: String,
    /// The fingerprint of what it was.
    pub(crate) before: String,
    /// The fingerprint of what it becomes.
    pub(crate) after: String,
    /// What makes `before` of `after`.
    undo: Vec<Piece>,
}

impl Entry {
    /// What the file was, if `after` is what it has become.
    pub(crate) fn undone(&self, after: &[u8]) -> Option<Vec<u8>> {
        undone(after, &self.undo).filter(|before| fingerprint(before) == self.before)
    }

    /// Removes what a run that was interrupted may have left beside the file.
    pub(crate) fn clean(&self) {
        if let Some(folder) = self.file.path().parent() {
            // Nearly always there is nothing.
            let _ = std::fs::remove_file(folder.join(&self.temporary));
        }
    }
}

/// A full path, in a form that JSON can hold.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Place {
    Text(String),
    /// Where the system allows names that are no UTF-8.
    Bytes(Vec<u8>),
}

impl Place {
    /// # Errors
    /// If the system allows names that cannot be written down.
    pub(crate) fn of(path: &Path) -> io::Result<Self> {
        if let Some(text) = path.to_str() {
            return Ok(Place::Text(text.to_owned()));
        }
        #[cfg(unix)]
        {
            use std::os::unix::ffi::OsStrExt;
            Ok(Place::Bytes(path.as_os_str().as_bytes().to_vec()))
        }
        #[cfg(not(unix))]
        Err(io::Error::other("its name is no Unicode"))
    }

    pub(crate) fn path(&self) -> PathBuf {
        match self {
            Place::Text(text) => PathBuf::from(text),
            #[cfg(unix)]
            Place::Bytes(bytes) => {
                use std::os::unix::ffi::OsStrExt;
                PathBuf::from(std::ffi::OsStr::from_bytes(bytes))
            }
            #[cfg(not(unix))]
            Place::Bytes(bytes) => PathBuf::from(String::from_utf8_lossy(bytes).into_owned()),
        }
    }
}

/// Where journals lie: `NBFIX_STATE_DIR`, or a folder of nbfix where programs of this user keep such things.
///
/// # Errors
/// If the environment names none.
pub(crate) fn folder() -> anyhow::Result<PathBuf> {
    let named = |name| env::var_os(name).filter(|value| !value.is_empty());
    let full = |name| named(name).map(PathBuf::from).filter(|it| it.is_absolute());
    let state = if let Some(folder) = named("NBFIX_STATE_DIR") {
        std::path::absolute(folder)?
    } else if let Some(state) = full("XDG_STATE_HOME") {
        state.join("nbfix")
    } else if let Some(local) = full("LOCALAPPDATA").filter(|_| cfg!(windows)) {
        local.join("nbfix")
    } else if let Some(home) = full("HOME") {
        home.join(".local").join("state").join("nbfix")
    } else {
        anyhow::bail!("the environment names no folder for it (NBFIX_STATE_DIR would)");
    };
    Ok(state.join("runs"))
}
