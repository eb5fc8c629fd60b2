//! Diffs: `git apply` takes those of files, people read those of cells.

#![allow(clippy::unwrap_used)]

mod common;

use std::process::Command;

use common::*;
use insta::assert_snapshot;
use nbfix_ipynb::{NewCell, Notebook};
use nbfix_report::{Detector, Secrets, cell_diff, unified_diff};
use nbfix_text::{Edit, Patch};

fn diff(path: &str, before: &[u8], after: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let differs = unified_diff(
        &mut out,
        path,
        before,
        after,
        &PLAIN,
        Secrets::Masked(Detector::built_in()),
    )
    .unwrap()
    .differs;
    assert_eq!(differs, before != after);
    assert_eq!(out.is_empty(), before == after);
    out
}

/// Lets git apply the diff, and reads what came of it.
fn applied(path: &str, before: &[u8], after: &[u8]) {
    all_applied(&[(path, before, after)]);
}

/// [`applied`] for many files in one patch.
fn all_applied(files: &[(&str, &[u8], &[u8])]) {
    let folder = tempfile::tempdir().unwrap();
    let mut patch = Vec::new();
    for (path, before, after) in files {
        let file = folder.path().join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, before).unwrap();
        patch.extend(diff(path, before, after));
    }
    std::fs::write(folder.path().join("patch"), patch).unwrap();
    let mut git = Command::new("git");
    // Settings of whoever runs the tests shall not matter, nor a repository around the folder.
    git.env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CEILING_DIRECTORIES", folder.path().parent().unwrap())
        .current_dir(folder.path())
        .args(["apply", "--whitespace=nowarn", "patch"]);
    let run = git.output().unwrap();
    let said = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "{}: {said}", files[0].0);
    for (path, _, after) in files {
        let file = folder.path().join(path);
        assert_eq!(std::fs::read(&file).unwrap(), *after, "{path}");
    }
}

#[test]
fn git_applies_any_change() {
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = |below: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        usize::try_from(seed % 1_000_003).unwrap() % below
    };
    let lines: [&[u8]; 8] = [
        b"a\n", b"b\n", b"\n", b"\r\n", b"- c\n", b"\xff\n", b"\\ d\n", b"e",
    ];
    let mut files = Vec::new();
    for number in 0..400 {
        let before: Vec<&[u8]> = (0..random(40)).map(|_| lines[random(8)]).collect();
        let mut after = before.clone();
        for _ in 0..=random(4) {
            let at = random(after.len() + 1);
            let end = (at + random(3)).min(after.len());
            let new: Vec<&[u8]> = (0..random(3)).map(|_| lines[random(8)]).collect();
            after.splice(at..end, new);
        }
        let (before, after) = (before.concat(), after.concat());
        if before != after {
            files.push((format!("file {number}"), before, after));
        }
    }
    let files: Vec<(&str, &[u8], &[u8])> = files
        .iter()
        .map(|(path, before, after)| (path.as_str(), before.as_slice(), after.as_slice()))
        .collect();
    all_applied(&files);
}

#[test]
fn git_applies_it() {
    let numbers = |change: &[(usize, &str)], end: &str| -> Vec<u8> {
        let line = |at: usize| {
            change
                .iter()
                .find(|(line, _)| *line == at)
                .map(|(_, text)| *text)
        };
        let lines = (0..60).map(|at| line(at).map_or(format!("{at}{end}"), str::to_owned));
        lines.collect::<String>().into_bytes()
    };
    let plain = numbers(&[], "\n");
    let crlf = numbers(&[], "\r\n");
    let cases: &[(&str, &[u8], &[u8])] = &[
        (
            "plain.ipynb",
            &plain,
            &numbers(&[(0, "x\n"), (30, ""), (59, "y\nz\n")], "\n"),
        ),
        (
            "near.ipynb",
            &plain,
            &numbers(&[(10, ""), (17, "a\nb\n"), (25, "c\n")], "\n"),
        ),
        (
            "crlf.ipynb",
            &crlf,
            &numbers(&[(30, "x\r\n"), (40, "y\n")], "\r\n"),
        ),
        ("end.ipynb", b"a\nb", b"a\nc"),
        ("end gone.ipynb", b"a\nb\n", b"a\nb"),
        ("end come.ipynb", b"a\nb", b"a\nb\n"),
        ("end kept.ipynb", b"a\nb\nc", b"x\nb\nc"),
        ("bom.ipynb", b"\xef\xbb\xbf{\n}\n", b"\xef\xbb\xbf{\n \n}\n"),
        ("one line.ipynb", b"{\"cells\": []}", b"{\"cells\": [1]}"),
        ("empty.py", b"a\nb\nc\n", b""),
        ("filled.py", b"", b"a\nb\n"),
        ("latin.py", b"x = '\xe9'\nb\n", b"x = '\xe8\xff'\nb\n"),
        ("ctrl.py", b"x\x00\x1b\rz\nb\n", b"x\x00\x1b\rz\n\x0c\nb\n"),
        ("caf\u{e9}/\u{65e5} \u{672c}.ipynb", b"a\n", b"b\n"),
        ("two  spaces in it.ipynb", b"a\n", b"b\n"),
        ("quote\"back\\slash\ttab.ipynb", b"a\n", b"b\n"),
        ("deep/folder/x.ipynb", b"a\n", b"b\n"),
        ("./here.ipynb", b"a\n", b"b\n"),
        ("-- a.ipynb", b"-- a\n", b"++ a\n-- b\n"),
        ("same.ipynb", b"a\n", b"a\n\n"),
    ];
    for (path, before, after) in cases {
        applied(path, before, after);
        applied(path, after, before);
    }
    assert!(diff("same", b"a", b"a").is_empty());
}

#[test]
fn a_file_of_megabytes_costs_what_changed() {
    let before: String = (0..200_000)
        .map(|line| format!("    \"line {line}\",\n"))
        .collect();
    let after = before
        .replace("line 100000\"", "changed\"")
        .replace("line 100005\"", "too\"");
    let out = diff("big.ipynb", before.as_bytes(), after.as_bytes());
    assert_eq!(String::from_utf8(out).unwrap().lines().count(), 3 + 1 + 14);
}

#[test]
fn how_it_looks() {
    let text = diff(
        "a b/caf\u{e9}.ipynb",
        b"1\n2\n3\n4\n5\n6",
        b"1\n2\n3\n4\nV\n6\n7",
    );
    let mut color = Vec::new();
    unified_diff(
        &mut color,
        "a.py",
        b"1\n\x1b\n3",
        b"1\n2\n3",
        &COLOR,
        Secrets::Masked(Detector::built_in()),
    )
    .unwrap();
    let color = String::from_utf8(color).unwrap().replace('\u{1b}', "ESC");
    assert_snapshot!(String::from_utf8(text).unwrap() + &color);
}

fn cells_of(before: &Notebook, after: &Notebook) -> String {
    let mut out = Vec::new();
    let differs = cell_diff(
        &mut out,
        "demo.ipynb",
        before,
        after,
        &PLAIN,
        Secrets::Masked(Detector::built_in()),
    )
    .unwrap()
    .differs;
    assert_eq!(differs, !out.is_empty());
    String::from_utf8(out).unwrap()
}

#[test]
fn of_cells() {
    let long: String = (1..30).map(|line| format!("step({line})\n")).collect();
    let changed = long
        .replace("step(3)", "step(3, '\u{1b}')")
        .replace("step(25)\n", "");
    let before = notebook(&[&long, "same", "os.system('az')", "a\n\nb\n"]);
    let after = notebook(&[
        &changed,
        "same",
        "import subprocess\nsubprocess.run(['az'])\n",
        "a\n\nc",
    ]);
    let more = notebook(&[
        &changed,
        "same",
        "import subprocess\nsubprocess.run(['az'])\n",
        "a\n\nc",
        "new = 1\nnewer = 2",
    ]);
    assert_eq!(cells_of(&before, &before), "");
    assert_snapshot!(format!(
        "{}\n===\n\n{}\n===\n\n{}",
        cells_of(&before, &after),
        cells_of(&after, &more),
        cells_of(&more, &after)
    ));
}

/// The diff of putting these sources before the cells at these positions, and of some edits by hand.
fn inserted(before: &Notebook, cells: &[(usize, &str)], edits: &[(usize, &str, &str)]) -> String {
    let edits: Vec<_> = edits
        .iter()
        .map(|(number, old, new)| {
            let span = span(before, *number, old);
            let edit = Edit::replace(span.range, *new);
            (span.cell, Patch::single(edit))
        })
        .collect();
    let cells: Vec<_> = cells
        .iter()
        .map(|(before, source)| NewCell {
            before: *before,
            source: (*source).to_owned(),
        })
        .collect();
    let after = before.splice_with(&edits, &cells);
    cells_of(before, &Notebook::load(after).unwrap())
}

#[test]
fn of_new_cells() {
    // Every second cell has no id, and is known by its source only.
    let before = notebook(&["import os", "a = 1\nb = 2\nc = 3", "use(a)", "end()\nbye()"]);
    let first = inserted(&before, &[(0, "%pip install x\nimport os")], &[]);
    let many = inserted(
        &before,
        &[(1, "z = 0"), (3, "y = 0\n"), (4, "")],
        &[(2, "c = 3", "c = 4"), (3, "a", "b"), (4, "bye", "good_bye")],
    );
    let same = inserted(&before, &[(2, "use(a)"), (4, "end()\nbye()")], &[]);
    assert_snapshot!(format!("{first}\n===\n\n{many}\n===\n\n{same}"));
}

#[test]
fn of_many_cells() {
    let sources: Vec<String> = (0..4000).map(|at| format!("step({at})\n")).collect();
    let sources: Vec<&str> = sources.iter().map(String::as_str).collect();
    let before = notebook(&sources);
    let text = inserted(
        &before,
        &[(1, "new"), (3999, "newer")],
        &[(2, "step", "leap"), (3999, "step", "leap")],
    );
    assert_eq!(
        text.lines()
            .filter(|line| line.starts_with("demo.ipynb"))
            .collect::<Vec<_>>(),
        [
            "demo.ipynb:cell 2 (new)",
            "demo.ipynb:cell 3",
            "demo.ipynb:cell 4000 (id-3998)",
            "demo.ipynb:cell 4001 (new)"
        ],
    );
}

#[test]
fn of_a_script() {
    let script = |text: &str| Notebook::script(text.as_bytes().to_vec()).unwrap();
    assert_snapshot!(cells_of(&script("a\nb\n"), &script("a\nc\n")));
}
