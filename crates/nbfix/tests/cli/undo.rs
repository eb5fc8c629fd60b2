//! `nbfix undo`, and runs that were interrupted.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::support::{APP, FLAGGED, Folder, Ran, notebook, run};

const FIX: &str = "fix --select asyncio-run,auth-level-case --unsafe";

/// Files of all sorts, with something to mend in each.
fn sorts() -> Folder {
    let plain = notebook(&["x = 1", FLAGGED, "y = '\u{e4}\u{1f600}'", FLAGGED]);
    let folder = Folder::new();
    folder
        .write("plain.ipynb", &plain)
        .write("sub folder/two words.ipynb", &plain)
        .write("\u{e4}\"\u{1f600}.ipynb", &plain)
        .write("crlf.ipynb", plain.replace('\n', "\r\n"))
        .write("bom.ipynb", format!("\u{feff}{plain}"))
        .write("no-final-newline.ipynb", plain.trim_end())
        .write(
            "one-line.ipynb",
            plain.replace("\n ", " ").replace('\n', ""),
        )
        .write("app/function_app.py", APP)
        .write("clean.ipynb", notebook(&["x = 1"]));
    folder
}

/// The journals.
fn journals(folder: &Folder) -> Vec<String> {
    let files = fs::read_dir(folder.state().join("runs"));
    let files = files.into_iter().flatten();
    let mut names: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    names.sort();
    let read = |path: &PathBuf| fs::read_to_string(path).unwrap();
    names.iter().map(read).collect()
}

/// What does not depend on the time and the machine.
fn stable(ran: &Ran, folder: &Folder) -> String {
    let real = folder.path("").canonicalize().unwrap();
    let real = real.display().to_string();
    ran.to_string()
        .replace(real.trim_end_matches('/'), "FOLDER")
}

#[test]
fn a_run_is_taken_back_byte_for_byte() {
    let folder = sorts();
    let before = folder.tree();
    let fix = folder.nbfix(FIX);
    assert_eq!(fix.code, Some(0), "{fix}");
    let fixed = folder.tree();
    assert_ne!(fixed, before);
    insta::assert_snapshot!("list", stable(&folder.nbfix("undo --list"), &folder));
    insta::assert_snapshot!("undo", stable(&folder.nbfix("undo"), &folder));
    assert_eq!(folder.tree(), before);
    insta::assert_snapshot!("nothing_to_undo", folder.nbfix("undo"));
    // And once more from the beginning.
    folder.nbfix(FIX);
    assert_eq!(folder.tree(), fixed);
}

#[test]
fn the_last_run_first() {
    let folder = Folder::new();
    folder
        .write("a.ipynb", notebook(&[FLAGGED]))
        .write("b.ipynb", notebook(&[FLAGGED]));
    let before = folder.tree();
    folder.nbfix("fix --select asyncio-run --unsafe a.ipynb");
    let between = folder.tree();
    std::thread::sleep(Duration::from_millis(2));
    let allow = folder.nbfix("allow asyncio-run b.ipynb");
    assert_eq!(allow.code, Some(0), "{allow}");
    assert_ne!(folder.tree(), between);
    assert_eq!(folder.nbfix("undo").code, Some(0));
    assert_eq!(folder.tree(), between);
    assert_eq!(folder.nbfix("undo").code, Some(0));
    assert_eq!(folder.tree(), before);
}

#[test]
fn every_command_that_changes_notebooks_can_be_taken_back() {
    for line in [
        "check --fix --select asyncio-run --unsafe",
        "match asyncio.run($x) --replace print($x) --write",
        "allow asyncio-run",
    ] {
        let folder = Folder::new();
        folder.write("a.ipynb", notebook(&[FLAGGED]));
        let before = folder.tree();
        let ran = folder.nbfix(line);
        assert_ne!(folder.tree(), before, "{line}: {ran}");
        let undo = folder.nbfix("undo");
        assert_eq!(undo.code, Some(0), "{line}: {undo}");
        assert_eq!(folder.tree(), before, "{line}");
    }
}

#[test]
fn what_has_changed_since_is_left_and_named() {
    let folder = sorts();
    let before = folder.tree();
    folder.nbfix(FIX);
    let mine = notebook(&["print('mine')"]);
    folder.write("crlf.ipynb", &mine);
    fs::remove_file(folder.path("bom.ipynb")).unwrap();
    insta::assert_snapshot!("changed_since", stable(&folder.nbfix("undo"), &folder));
    let mut expected = before;
    expected.remove(Path::new("bom.ipynb"));
    expected.insert("crlf.ipynb".into(), mine.into_bytes());
    assert_eq!(folder.tree(), expected);
    // Again it is refused, until somebody says that it may stay.
    assert_eq!(folder.nbfix("undo -q").code, Some(2));
    assert_eq!(folder.tree(), expected);
    assert_eq!(folder.nbfix("undo --forget").code, Some(0));
    assert_eq!(folder.nbfix("undo").code, Some(1));
    assert_eq!(folder.tree(), expected);
}

#[test]
fn only_runs_that_changed_something_here_are_meant() {
    let folder = Folder::new();
    folder
        .write("one/a.ipynb", notebook(&[FLAGGED]))
        .write("two/a.ipynb", notebook(&[FLAGGED]));
    let before = folder.tree();
    folder.nbfix(&format!("{FIX} one"));
    let ran = folder.nbfix_from("two", "undo", b"");
    assert_eq!(ran.code, Some(1), "{ran}");
    let ran = folder.nbfix_from("two", "undo ../one", b"");
    assert_eq!(ran.code, Some(0), "{ran}");
    assert_eq!(folder.tree(), before);
}

#[test]
fn without_a_journal_there_is_nothing_to_take_back() {
    let folder = sorts();
    folder.nbfix(&format!("{FIX} --no-journal"));
    assert_eq!(folder.nbfix("undo").code, Some(1));
    // A run that changes nothing leaves no trace.
    folder.nbfix(FIX);
    assert_eq!(journals(&folder).len(), 0);
}

#[test]
fn where_no_journal_can_be_kept_the_run_goes_on_and_says_so() {
    let folder = sorts();
    folder.write("file", "");
    let state = folder.path("file").display().to_string();
    let ran = folder.nbfix_in(&[("NBFIX_STATE_DIR", &state)], FIX);
    assert_eq!(ran.code, Some(0), "{ran}");
    assert!(
        ran.err
            .contains("warning: no journal was kept, so `nbfix undo` does not know this run: "),
        "{ran}"
    );
}

#[cfg(unix)]
#[test]
fn journals_are_for_their_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let folder = sorts();
    folder.nbfix(FIX);
    let runs = folder.state().join("runs");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&runs), 0o700);
    for file in fs::read_dir(&runs).unwrap() {
        assert_eq!(mode(&file.unwrap().path()), 0o600);
    }
}

/// A thousand notebooks with something to mend.
fn thousand() -> Folder {
    let folder = Folder::new();
    for number in 0..1000 {
        let cell = format!("x = {number}");
        let name = format!("{}/{number}.ipynb", number % 10);
        folder.write(&name, notebook(&[&cell, FLAGGED]));
    }
    folder
}

/// Begins a run over `folder`, and ends it by `end` when its journal tells of `after` files.
fn interrupted(folder: &Folder, after: usize, end: impl Fn(&mut std::process::Child)) {
    let mut child = folder
        .command(FIX)
        .current_dir(folder.path(""))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    let lines = || {
        journals(folder)
            .iter()
            .map(|it| it.lines().count())
            .sum::<usize>()
    };
    while lines() < after && begun.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(1));
    }
    end(&mut child);
    child.wait().unwrap();
}

#[test]
fn kill_in_the_middle_of_a_thousand_files() {
    let (folder, whole) = (thousand(), thousand());
    let before = folder.tree();
    whole.nbfix(FIX);
    let after = whole.tree();
    // A run that was killed again and again goes on each time.
    for files in [100, 300] {
        interrupted(&folder, files, |child| child.kill().unwrap());
        let tree = folder.tree();
        let mended = tree
            .iter()
            .filter(|(path, is)| after.get(*path) == Some(*is));
        let mended = mended.count();
        assert!((1..1000).contains(&mended), "{mended} of 1000");
        for (path, content) in &tree {
            let known = before.get(path) == Some(content) || after.get(path) == Some(content);
            let temporary = path.extension().is_some_and(|ending| ending == "tmp");
            assert!(known || temporary, "{}", path.display());
        }
    }
    let list = folder.nbfix("undo --list").out();
    assert!(list.ends_with(", interrupted)\n"), "{list}");
    // Here it is taken back,
    let undo = folder.nbfix("undo");
    assert_eq!(undo.code, Some(0), "{undo}");
    assert!(folder.tree() == before, "the tree is what it was");
    // and here it goes on, and both parts are taken back.
    interrupted(&folder, 200, |child| child.kill().unwrap());
    let again = folder.nbfix(FIX);
    assert_eq!(again.code, Some(0), "{}", again.err);
    assert!(
        again
            .err
            .contains("went on with a run that was interrupted"),
        "{}",
        again.err
    );
    assert!(folder.tree() == after, "the tree is as after one run");
    assert_eq!(journals(&folder).len(), 1);
    assert_eq!(folder.nbfix("undo").code, Some(0));
    assert!(folder.tree() == before, "the tree is what it was");
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_what_was_begun() {
    let folder = thousand();
    let before = folder.tree();
    interrupted(&folder, 100, |child| {
        let id = child.id().to_string();
        let sent = std::process::Command::new("kill")
            .args(["-INT", &id])
            .status();
        assert!(sent.unwrap().success());
        assert_eq!(child.wait().unwrap().code(), Some(130));
    });
    let tree = folder.tree();
    assert_eq!(tree.len(), before.len(), "nothing is left beside the files");
    assert_ne!(tree, before);
    assert_eq!(folder.nbfix("undo").code, Some(0));
    assert!(folder.tree() == before);
}

/// Runs the command where no file can grow beyond so many blocks of 512 bytes, as on a disk that is full.
#[cfg(unix)]
fn limited(folder: &Folder, blocks: usize) -> Ran {
    let nbfix = folder.command("");
    let mut command = std::process::Command::new("bash");
    let script = format!("trap '' XFSZ; ulimit -f {}; exec \"$@\"", blocks / 2);
    command
        .args(["-c", &script, "bash"])
        .arg(nbfix.get_program())
        .args(FIX.split_whitespace())
        .args(["--jobs", "1"])
        .env("NBFIX_STATE_DIR", folder.state());
    run(&mut command, &folder.path(""), b"")
}

#[cfg(unix)]
#[test]
fn a_full_disk_loses_nothing() {
    let folder = Folder::new();
    let big = format!("x = '{}'", "x".repeat(20_000));
    folder
        .write("a.ipynb", notebook(&[FLAGGED]))
        .write("b.ipynb", notebook(&[FLAGGED, &big]))
        .write("c.ipynb", notebook(&[FLAGGED]));
    let before = folder.tree();
    let ran = limited(&folder, 32);
    assert_eq!(ran.code, Some(2), "{ran}");
    assert!(
        ran.err.starts_with("error: b.ipynb: not written: "),
        "{ran}"
    );
    let tree = folder.tree();
    let changed = |name: &str| tree[Path::new(name)] != before[Path::new(name)];
    assert!(changed("a.ipynb") && !changed("b.ipynb") && changed("c.ipynb"));
    assert_eq!(tree.len(), 3, "nothing is left beside them");
    // The same command goes on when there is room again.
    let again = folder.nbfix(&format!("{FIX} --jobs 1"));
    assert_eq!(again.code, Some(0), "{again}");
    assert_eq!(folder.nbfix("undo").code, Some(0));
    assert_eq!(folder.nbfix("undo").code, Some(0));
    assert_eq!(folder.tree(), before);
}

#[cfg(unix)]
#[test]
fn what_cannot_be_written_down_is_not_done() {
    let folder = Folder::new();
    for number in 0..40 {
        folder.write(&format!("{number:02}.ipynb"), notebook(&[FLAGGED]));
    }
    let before = folder.tree();
    // The journal is the file that grows.
    let ran = limited(&folder, 8);
    assert_eq!(ran.code, Some(2), "{ran}");
    assert!(ran.err.contains("the journal cannot be written: "), "{ran}");
    let tree = folder.tree();
    let changed = tree
        .iter()
        .filter(|(path, is)| before[*path] != **is)
        .count();
    assert!((1..40).contains(&changed), "{changed}");
    assert_eq!(folder.nbfix("undo").code, Some(0));
    assert_eq!(folder.tree(), before);
}
