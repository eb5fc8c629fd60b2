//! `nbfix undo`.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::Context;

use crate::arguments::UndoArguments;
use crate::config::{plain_path, seen_from_here};
use crate::inputs::shown;
use crate::journal::{self, Entry, Journal, Past, Place, fingerprint, runs};
use crate::outcome::{Exit, count};
use crate::terminal::{Terminal, reason, visible};
use crate::write::replace;

/// Takes back what the last run changed.
pub(crate) fn undo(arguments: &UndoArguments, terminal: &Terminal) -> anyhow::Result<Exit> {
    let folder = journal::folder()?;
    let real = |path: &PathBuf| path.canonicalize().unwrap_or_else(|_| plain_path(path));
    let paths: Vec<PathBuf> = arguments.paths.iter().map(real).collect();
    let here = |past: &Past| past.touches(&paths);
    let mut found = runs(&folder)
        .into_iter()
        .filter_map(|path| Past::read(&path))
        .filter(here);
    if arguments.list {
        let mut any = false;
        for past in found {
            any = true;
            terminal.print(format!("{}\n", told(&past)).as_bytes())?;
        }
        return Ok(if any { Exit::Clean } else { Exit::Findings });
    }
    let Some(past) = found.next() else {
        let named = |path: &PathBuf| match shown(path).as_str() {
            "" => "this folder".to_owned(),
            name => name.to_owned(),
        };
        let places: Vec<String> = arguments.paths.iter().map(named).collect();
        terminal.warning(&format!(
            "no run is known that changed anything in {}",
            places.join(", ")
        ));
        return Ok(Exit::Findings);
    };
    let lock = File::open(&past.path).with_context(|| past.path.display().to_string())?;
    anyhow::ensure!(
        !matches!(lock.try_lock(), Err(fs::TryLockError::WouldBlock)),
        "the run is still going on: {}",
        told(&past)
    );
    if arguments.forget {
        fs::remove_file(&past.path).with_context(|| past.path.display().to_string())?;
        if !arguments.telling.quiet {
            terminal.print(format!("Forgotten: {}\n", told(&past)).as_bytes())?;
        }
        return Ok(Exit::Clean);
    }
    let mut files: BTreeMap<&Place, Vec<&Entry>> = BTreeMap::new();
    for entry in &past.entries {
        files.entry(&entry.file).or_default().push(entry);
    }
    let (mut back, mut left) = (0, 0);
    for (place, entries) in files {
        let path = place.path();
        let name = shown(&seen_from_here(&path));
        match take_back(&path, &entries) {
            Ok(Taken::Back) => {
                back += 1;
                if !arguments.telling.quiet {
                    terminal.print(format!("{}: as it was\n", visible(&name)).as_bytes())?;
                }
            }
            Ok(Taken::WasBack) => {}
            Err(error) => {
                left += 1;
                terminal.error(&format!("{name}: left as it is: {error:#}"));
            }
        }
    }
    if left == 0 {
        fs::remove_file(&past.path).with_context(|| past.path.display().to_string())?;
    }
    if !arguments.telling.quiet {
        let mut text = format!(
            "Took {} back: {}\n",
            count(back, "file", "files"),
            told(&past)
        );
        if left > 0 {
            text.push_str(&format!(
                "{}; the run stays in the list until `nbfix undo --forget`.\n",
                match left {
                    1 => "1 file is left as it is".to_owned(),
                    _ => format!("{left} files are left as they are"),
                }
            ));
        }
        terminal.print(text.as_bytes())?;
    }
    Ok(if left == 0 {
        Exit::Clean
    } else {
        Exit::Trouble
    })
}

/// What became of one file.
enum Taken {
    Back,
    /// The run never came to it, or somebody has taken it back before.
    WasBack,
}

/// Takes one file back through all that a run did to it.
fn take_back(path: &Path, entries: &[&Entry]) -> anyhow::Result<Taken> {
    for entry in entries {
        entry.clean();
    }
    let now = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) => anyhow::bail!("{}", reason(&error)),
    };
    let (mut bytes, mut print) = (now.clone(), fingerprint(&now));
    let mut rest = entries;
    while let Some(at) = rest.iter().rposition(|entry| entry.after == print) {
        bytes = rest[at]
            .undone(&bytes)
            .context("the journal does not tell what it was")?;
        print.clone_from(&rest[at].before);
        rest = &rest[..at];
    }
    let first = entries.first().map(|entry| &entry.before);
    if first != Some(&print) {
        anyhow::bail!("it has changed since");
    }
    if bytes == now {
        return Ok(Taken::WasBack);
    }
    replace(path, &now, &bytes, &Journal::off())?;
    Ok(Taken::Back)
}

/// A run in a line.
fn told(past: &Past) -> String {
    let files: std::collections::BTreeSet<_> = past.entries.iter().map(|it| &it.file).collect();
    let began = SystemTime::UNIX_EPOCH + Duration::from_secs(past.begin.began);
    let ago = began.elapsed().unwrap_or_default().as_secs();
    let ago = match ago {
        0..60 => "just now".to_owned(),
        60..3600 => format!("{} ago", count((ago / 60) as usize, "minute", "minutes")),
        3600..86400 => format!("{} ago", count((ago / 3600) as usize, "hour", "hours")),
        _ => format!("{} ago", count((ago / 86400) as usize, "day", "days")),
    };
    let end = if past.ended { "" } else { ", interrupted" };
    visible(&format!(
        "`nbfix {}` in {} ({}, {ago}{end})",
        past.begin.arguments.join(" "),
        past.begin.folder.path().display(),
        count(files.len(), "file", "files")
    ))
}
