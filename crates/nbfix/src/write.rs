//! Replacing a file as a whole, or not at all.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use crate::journal::Journal;
use crate::terminal::reason;

/// Makes `after` the content of the file at `path`, which was `before` when it was read.
///
/// The new content is written to a file beside it, which then takes its name: whoever reads the file at any moment
/// finds the one or the other. The permissions stay; of a symlink the target is replaced, and the link stays. Before
/// anything is done it is written down in the journal.
///
/// # Errors
/// If the file is read-only, has changed since it was read, or cannot be written, or the journal cannot be; then it is
/// as it was.
pub(crate) fn replace(
    path: &Path,
    before: &[u8],
    after: &[u8],
    journal: &Journal,
) -> anyhow::Result<()> {
    prepare(path, before, after, journal)?.commit()
}

/// Replaces several files, all or none: every new file is made before the first takes its name, and if one cannot take
/// it, those before it get their old content back.
///
/// # Errors
/// Those of [`replace`], with the path; then every file is as it was, or the error says which is not.
pub(crate) fn replace_all(
    files: &[(&Path, &[u8], &[u8])],
    journal: &Journal,
) -> anyhow::Result<()> {
    let mut ready = Vec::new();
    for (path, before, after) in files {
        let prepared = prepare(path, before, after, journal);
        ready.push(prepared.with_context(|| path.display().to_string())?);
    }
    for (index, prepared) in ready.into_iter().enumerate() {
        let Err(error) = prepared.commit() else {
            continue;
        };
        for (path, before, after) in files.iter().take(index) {
            replace(path, after, before, journal).with_context(|| {
                format!("{} was changed and could not be restored", path.display())
            })?;
        }
        let path = files
            .get(index)
            .map(|(path, ..)| path.display().to_string());
        return Err(error.context(path.unwrap_or_default()));
    }
    Ok(())
}

/// A new content beside the file whose name it will take.
struct Prepared<'b> {
    beside: tempfile::NamedTempFile,
    target: PathBuf,
    before: &'b [u8],
}

fn prepare<'b>(
    path: &Path,
    before: &'b [u8],
    after: &[u8],
    journal: &Journal,
) -> anyhow::Result<Prepared<'b>> {
    let target = path.canonicalize().map_err(plain)?;
    let folder = target.parent().context("it lies in no folder")?;
    let metadata = fs::metadata(&target).map_err(plain)?;
    if metadata.permissions().readonly() {
        bail!("the file is read-only");
    }
    let mut builder = tempfile::Builder::new();
    // The journal names the file, so that it can be removed if this process cannot do so.
    let name = journal.intend(&target, before, after)?;
    match &name {
        Some(name) => builder.prefix(name).rand_bytes(0),
        None => builder.prefix(".nbfix-").suffix(".tmp"),
    };
    let mut beside = builder
        .tempfile_in(folder)
        // The error names a file that nobody has heard of; its kind says enough.
        .map_err(|error| anyhow::anyhow!("no file can be made in its folder: {}", error.kind()))?;
    beside.write_all(after).map_err(plain)?;
    keep_owner(beside.as_file(), &metadata);
    beside
        .as_file()
        .set_permissions(metadata.permissions())
        .map_err(plain)?;
    beside.as_file().sync_all().map_err(plain)?;
    if fs::read(&target).map_err(plain)? != before {
        bail!("something else has changed the file meanwhile; run nbfix again");
    }
    Ok(Prepared {
        beside,
        target,
        before,
    })
}

impl Prepared<'_> {
    fn commit(self) -> anyhow::Result<()> {
        if fs::read(&self.target).map_err(plain)? != self.before {
            bail!("something else has changed the file meanwhile; run nbfix again");
        }
        self.beside
            .persist(&self.target)
            .map_err(|error| plain(error.error))?;
        if let Some(folder) = self.target.parent() {
            sync_folder(folder);
        }
        Ok(())
    }
}

fn plain(error: std::io::Error) -> anyhow::Error {
    anyhow::anyhow!("{}", reason(&error))
}

/// Gives the new file the owner of the old one. Only root can give files away; for others they are the same, or the
/// file becomes theirs, as it does with every editor that replaces files.
#[cfg(unix)]
fn keep_owner(file: &File, metadata: &fs::Metadata) {
    use std::os::unix::fs::{MetadataExt, fchown};
    let _ = fchown(file, Some(metadata.uid()), Some(metadata.gid()));
}

#[cfg(not(unix))]
fn keep_owner(_: &File, _: &fs::Metadata) {}

/// Makes sure that the new name survives a power failure. The file is in its place already, and some file systems
/// know no such request, so a failure changes nothing.
#[cfg(unix)]
fn sync_folder(folder: &Path) {
    let _ = File::open(folder).and_then(|folder| folder.sync_all());
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_files_are_replaced_or_none() {
        let Ok(folder) = tempfile::tempdir() else {
            return;
        };
        let (one, two) = (folder.path().join("one"), folder.path().join("two"));
        let read = |path: &Path| fs::read(path).unwrap_or_default();
        assert!(fs::write(&one, "1").is_ok() && fs::write(&two, "2").is_ok());
        let both: [(&Path, &[u8], &[u8]); 2] = [(&one, b"1", b"uno"), (&two, b"2", b"due")];
        assert!(replace_all(&both, &Journal::off()).is_ok());
        assert_eq!((read(&one), read(&two)), (b"uno".to_vec(), b"due".to_vec()));
        // The second is not what it is said to have been: nothing is begun.
        let stale: [(&Path, &[u8], &[u8]); 2] = [(&one, b"uno", b"ein"), (&two, b"2", b"zwei")];
        assert!(replace_all(&stale, &Journal::off()).is_err());
        assert_eq!((read(&one), read(&two)), (b"uno".to_vec(), b"due".to_vec()));
        // The second fails when the first is done: the first is restored.
        let twice: [(&Path, &[u8], &[u8]); 2] = [(&one, b"uno", b"a"), (&one, b"uno", b"b")];
        assert!(replace_all(&twice, &Journal::off()).is_err());
        assert_eq!(read(&one), b"uno");
    }
}
