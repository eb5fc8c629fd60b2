//! Replacing a file as a whole, or not at all.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

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
    beside
        .persist(&target)
        .map_err(|error| plain(error.error))?;
    sync_folder(folder);
    Ok(())
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
