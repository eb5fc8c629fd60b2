//! Writing a journal.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, bail};

use super::delta::{delta, fingerprint, undone};
use super::past::{Past, related, runs};
use super::{Begin, ENDING, Entry, Line, Place, folder};
use crate::terminal::reason;

/// Who has not wanted a run back for so long does not want it any more.
const KEPT: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// The journal of this run. Its file comes with the first entry: a run that changes nothing leaves no trace.
pub(crate) struct Journal(Mutex<State>);

enum State {
    /// None is kept.
    Off,
    /// Nothing has been changed.
    Due,
    Open(Open),
    /// It could not be begun, and the run goes on without it.
    Failed(String),
}

struct Open {
    file: File,
    /// Where the next line goes.
    length: u64,
    /// What names of temporary files begin with.
    name: String,
    entries: usize,
    /// Whether it was begun by a run that was interrupted.
    resumed: bool,
}

impl Journal {
    /// None is kept.
    pub(crate) fn off() -> Self {
        Self(Mutex::new(State::Off))
    }

    /// That of this run, unless it is not `wanted`.
    pub(crate) fn of_this_run(wanted: bool) -> Self {
        Self(Mutex::new(if wanted { State::Due } else { State::Off }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Whoever panicked here has written a line or none.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes down that `file`, a full path, is about to be changed. Gives the name of the file that is to take its
    /// place, or `None` if no journal is kept.
    ///
    /// # Errors
    /// If it cannot be written down. Then the file must stay as it is.
    pub(crate) fn intend(
        &self,
        file: &Path,
        before: &[u8],
        after: &[u8],
    ) -> anyhow::Result<Option<String>> {
        if matches!(*self.state(), State::Off | State::Failed(_)) {
            return Ok(None);
        }
        let undo = delta(after, before);
        // What is promised is tried.
        if undone(after, &undo).as_deref() != Some(before) {
            bail!("it could not be taken back (a bug of nbfix, please report it)");
        }
        let mut entry = Entry {
            file: Place::of(file)?,
            temporary: String::new(),
            before: fingerprint(before),
            after: fingerprint(after),
            undo,
        };
        let (name, handle) = {
            let mut state = self.state();
            if matches!(*state, State::Due) {
                *state = match Open::new() {
                    Ok(open) => State::Open(open),
                    Err(error) => State::Failed(format!("{error:#}")),
                };
            }
            let State::Open(open) = &mut *state else {
                return Ok(None);
            };
            open.entries += 1;
            entry.temporary = format!(".nbfix-{}-{}.tmp", open.name, open.entries);
            open.append(&Line::Entry(entry.clone()))?;
            let handle = open.file.try_clone();
            (entry.temporary, handle.map_err(no_journal)?)
        };
        // Outside of the lock, so that the workers wait for the disk together.
        handle.sync_data().map_err(no_journal)?;
        Ok(Some(name))
    }

    /// Writes down that the run came to its end. Says what should be known of the journal.
    pub(crate) fn end(self) -> Ended {
        let state = self.0.into_inner();
        match state.unwrap_or_else(PoisonError::into_inner) {
            State::Off | State::Due => Ended::default(),
            State::Failed(why) => Ended {
                failed: Some(why),
                ..Ended::default()
            },
            State::Open(mut open) => {
                // Without this line the run counts as interrupted, and can be taken back all the same.
                let _ = open.append(&Line::End { ended: true });
                Ended {
                    resumed: open.resumed,
                    failed: None,
                }
            }
        }
    }
}

/// What should be known of a journal at the end of a run.
#[derive(Debug, Default)]
pub(crate) struct Ended {
    /// Whether it was begun by a run that was interrupted.
    pub(crate) resumed: bool,
    /// Why it could not be kept.
    pub(crate) failed: Option<String>,
}

impl Open {
    fn new() -> anyhow::Result<Self> {
        let folder = folder()?;
        make(&folder).with_context(|| folder.display().to_string())?;
        let here = std::env::current_dir()?;
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let begin = Begin {
            nbfix: env!("CARGO_PKG_VERSION").to_owned(),
            began: now.as_secs(),
            folder: Place::of(&here)?,
            arguments: std::env::args_os()
                .skip(1)
                .map(|word| word.to_string_lossy().into_owned())
                .collect(),
        };
        if let Some(open) = Self::again(&folder, &begin, &here) {
            return Ok(open);
        }
        forget_old(&folder);
        let name = format!("{:013}-{}", now.as_millis(), std::process::id());
        let path = folder.join(format!("{name}.{ENDING}"));
        let file = options()
            .create_new(true)
            .open(&path)
            .with_context(|| path.display().to_string())?;
        let mut open = Self {
            file,
            length: 0,
            name,
            entries: 0,
            resumed: false,
        };
        let begun = open.lock().and_then(|()| open.append(&Line::Begin(begin)));
        if begun.is_err() {
            // Nothing stands in it.
            let _ = fs::remove_file(&path);
        }
        begun?;
        // The name of the journal has to survive a power failure, too.
        #[cfg(unix)]
        let _ = File::open(&folder).and_then(|folder| folder.sync_all());
        Ok(open)
    }

    /// The journal of the last run here, if that was the same command and was interrupted. What it left beside files
    /// is removed, whatever it was.
    fn again(folder: &Path, begin: &Begin, here: &Path) -> Option<Self> {
        let last = runs(folder)
            .into_iter()
            .filter_map(|path| Past::read(&path));
        let mut last = last.filter(|past| related(&past.begin.folder.path(), here));
        let last = last.next()?;
        if last.ended {
            return None;
        }
        let file = options().open(&last.path).ok()?;
        let mut open = Self {
            file,
            length: last.length,
            name: stem(&last.path)?,
            entries: last.entries.len(),
            resumed: true,
        };
        // It may be going on.
        open.lock().ok()?;
        last.entries.iter().for_each(Entry::clean);
        let same = last.begin.folder == begin.folder && last.begin.arguments == begin.arguments;
        // Its last line may be a part of one.
        (same && open.file.set_len(open.length).is_ok()).then_some(open)
    }

    fn lock(&mut self) -> anyhow::Result<()> {
        match self.file.try_lock() {
            Ok(()) => Ok(()),
            Err(TryLockError::WouldBlock) => bail!("another run writes it"),
            // Some network file systems know no locks.
            Err(TryLockError::Error(_)) => Ok(()),
        }
    }

    /// Writes a line: all of it or, as far as the journal can tell, nothing.
    fn append(&mut self, line: &Line) -> anyhow::Result<()> {
        let mut text = serde_json::to_string(line)?;
        text.push('\n');
        let at = SeekFrom::Start(self.length);
        let done = self
            .file
            .seek(at)
            .and_then(|_| self.file.write_all(text.as_bytes()));
        match done {
            Ok(()) => {
                self.length += text.len() as u64;
                Ok(())
            }
            Err(error) => {
                // The next line is written over what is left of this one, even if this fails.
                let _ = self.file.set_len(self.length);
                Err(no_journal(error))
            }
        }
    }
}

fn no_journal(error: std::io::Error) -> anyhow::Error {
    anyhow::anyhow!(
        "the journal cannot be written: {}; `--no-journal` goes without",
        reason(&error)
    )
}

fn stem(path: &Path) -> Option<String> {
    Some(path.file_stem()?.to_str()?.to_owned())
}

/// Journals hold parts of notebooks, which may be nobody else's business.
fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn make(folder: &Path) -> std::io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Removes the journals that nobody will ask for any more.
fn forget_old(folder: &Path) {
    let old = |path: &PathBuf| {
        let metadata = fs::metadata(path).and_then(|metadata| metadata.modified());
        metadata.is_ok_and(|time| time.elapsed().is_ok_and(|age| age > KEPT))
    };
    for path in runs(folder).into_iter().filter(old) {
        // It is there the next time, too.
        let _ = fs::remove_file(path);
    }
}
