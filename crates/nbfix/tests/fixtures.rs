//! The fixtures that ship with nbfix: what is found in them, and that mending keeps every promise about bytes.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures")
}

fn nbfix(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_nbfix"))
        .env("NBFIX_TODAY", "2026-11-21")
        .args(arguments)
        .current_dir(folder)
        .env("NO_COLOR", "1")
        .output()
        .unwrap()
}

fn git(folder: &Path, arguments: &[&str]) {
    let identity = [
        "-c",
        "user.name=test",
        "-c",
        "user.email=test@example.com",
        "-c",
        "core.autocrlf=false",
    ];
    let output = Command::new("git")
        .args(identity)
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Every file of a folder with its bytes, hidden ones left out.
fn tree(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            let hidden = path.file_name().unwrap().to_string_lossy().starts_with('.');
            if path.is_dir() && !hidden {
                open.push(path);
            } else if path.is_file() && (!hidden || path.ends_with(".gitattributes")) {
                files.insert(
                    path.strip_prefix(folder).unwrap().to_owned(),
                    fs::read(&path).unwrap(),
                );
            }
        }
    }
    files
}

/// A copy of the fixtures that are documents, as a repository with one commit.
fn copy() -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    for (path, bytes) in tree(&fixtures()) {
        if path.starts_with("odd") || path.starts_with("cloud") || path.ends_with(".gitattributes")
        {
            let target = copy.path().join(path);
            fs::create_dir_all(target.parent().unwrap()).unwrap();
            fs::write(target, bytes).unwrap();
        }
    }
    git(copy.path(), &["init", "-q"]);
    git(copy.path(), &["add", "-A"]);
    git(copy.path(), &["commit", "-q", "-m", "as they are"]);
    copy
}

fn found(folder: &str) -> String {
    let output = nbfix(
        &fixtures().join(folder),
        &["check", "--output-format", "concise"],
    );
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn what_is_found_in_the_odd_ones() {
    insta::assert_snapshot!(found("odd"));
}

#[test]
fn what_is_found_in_the_cloud() {
    insta::assert_snapshot!(found("cloud"));
}

#[test]
fn the_right_way_is_left_alone() {
    for path in ["clean.ipynb", "functions-ok"] {
        let output = nbfix(&fixtures().join("cloud"), &["check", path]);
        assert_eq!(
            output.status.code(),
            Some(0),
            "{}",
            String::from_utf8_lossy(&output.stdout)
        );
    }
}

#[test]
fn fix_does_what_diff_shows_once_and_touches_nothing_else() {
    let fixed = copy();
    let applied = copy();
    let before = tree(fixed.path());
    // `missing-install` puts a cell in, and what takes outputs away is tried by itself.
    let ignored = "missing-install,stale-output";
    let all = ["--unsafe", "--select", "ALL", "--ignore", ignored];

    let diff = nbfix(fixed.path(), &[&["diff"][..], &all].concat());
    let patch = applied.path().join(".patch");
    fs::write(&patch, &diff.stdout).unwrap();
    git(applied.path(), &["apply", ".patch"]);
    nbfix(fixed.path(), &[&["fix", "--no-journal"][..], &all].concat());
    let after = tree(fixed.path());
    assert_eq!(
        after,
        tree(applied.path()),
        "`git apply` gives byte for byte what `fix` writes"
    );
    assert_ne!(after, before);

    nbfix(fixed.path(), &[&["fix", "--no-journal"][..], &all].concat());
    assert_eq!(tree(fixed.path()), after, "the second run changes nothing");

    for (path, old) in &before {
        let new = &after[path];
        if path
            .extension()
            .is_some_and(|extension| extension == "ipynb")
            && old != new
        {
            same_but_for_sources(path, old, new);
        }
    }
}

#[test]
fn outputs_are_cleared_as_the_diff_shows() {
    let fixed = copy();
    let applied = copy();
    let before = tree(fixed.path());
    let all = ["--unsafe", "--select", "ALL", "--clear-outputs", "changed"];
    let diff = nbfix(fixed.path(), &[&["diff"][..], &all].concat());
    fs::write(applied.path().join(".patch"), &diff.stdout).unwrap();
    git(applied.path(), &["apply", ".patch"]);
    nbfix(fixed.path(), &[&["fix"][..], &all].concat());
    let after = tree(fixed.path());
    assert_eq!(after, tree(applied.path()));
    nbfix(fixed.path(), &[&["fix"][..], &all].concat());
    assert_eq!(tree(fixed.path()), after, "the second run changes nothing");

    let gateway = Path::new("cloud/gateway.ipynb");
    let cells = |files: &BTreeMap<PathBuf, Vec<u8>>| -> Vec<serde_json::Value> {
        let notebook: serde_json::Value = serde_json::from_slice(&files[gateway]).unwrap();
        notebook["cells"].as_array().unwrap().clone()
    };
    let (old, new) = (cells(&before), cells(&after));
    let mut changed = 0;
    for cell in new.iter().filter(|cell| cell["cell_type"] == "code") {
        let was = old.iter().find(|was| was["id"] == cell["id"]);
        match was.filter(|was| was["source"] == cell["source"]) {
            Some(was) if cell["outputs"] != serde_json::json!([]) => assert_eq!(was, cell),
            Some(_) => {}
            None => {
                changed += 1;
                assert_eq!(cell["outputs"], serde_json::json!([]));
                assert_eq!(cell["execution_count"], serde_json::Value::Null);
            }
        }
    }
    assert!(changed > 30, "{changed}");
}

/// Everything but the sources of cells is equal: keys, outputs, metadata, the order of all of it. New cells may stand
/// between the old ones.
fn same_but_for_sources(path: &Path, old: &[u8], new: &[u8]) {
    let (old, new) = (without_sources(old), without_sources(new));
    let mut rest = new.iter();
    for piece in &old {
        let found = rest.any(|other| other == piece);
        let piece = String::from_utf8_lossy(piece);
        assert!(found, "{}: {piece}", path.display());
    }
}

/// The pieces of a file, in order: what stands around the cells, and each cell without its source.
fn without_sources(bytes: &[u8]) -> Vec<Vec<u8>> {
    let notebook = nbfix_ipynb::Notebook::load(bytes.to_vec()).unwrap();
    let mut pieces = Vec::new();
    let mut at = 0;
    for cell in notebook.cells() {
        let span = cell.span();
        pieces.push(bytes[at..span.start].to_vec());
        let text = &bytes[span.clone()];
        // What stands before the source and behind it, in the cell's own bytes.
        let key = find(text, b"\"source\"")
            .or_else(|| find(text, b"\"input\""))
            .unwrap_or(text.len());
        let mut own = text[..key].to_vec();
        for range in [cell.outputs_range(), cell.metadata_range()]
            .into_iter()
            .flatten()
        {
            own.extend_from_slice(&bytes[range]);
        }
        pieces.push(own);
        at = span.end;
    }
    pieces.push(bytes[at..].to_vec());
    pieces
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|window| window == what)
}
