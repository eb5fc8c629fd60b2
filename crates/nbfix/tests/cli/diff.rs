//! `nbfix diff`.

use insta::assert_snapshot;

use crate::support::{APP, FLAGGED, Folder, notebook};

#[test]
fn a_difference_is_shown() {
    let folder = Folder::new();
    folder
        .write("a.ipynb", notebook(&["x = 1", FLAGGED]))
        .write("clean.ipynb", notebook(&["x = 1"]));
    assert_snapshot!("file", folder.nbfix("diff --select asyncio-run --unsafe"));
    assert_snapshot!(
        "cells",
        folder.nbfix("diff --select asyncio-run --unsafe --cells")
    );
    assert_snapshot!("nothing", folder.nbfix("diff --select asyncio-run"));
    let ran = folder.nbfix("diff --select asyncio-run --unsafe --exit-zero -q");
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
}

/// Who looks for it under `fix` or `check` gets it there.
#[test]
fn other_commands_show_it_too() {
    let folder = Folder::new();
    let text = notebook(&["x = 1", FLAGGED]);
    folder.write("a.ipynb", &text);
    let options = "--select asyncio-run --unsafe";
    let diff = folder.nbfix(&format!("diff {options}"));
    for command in ["fix", "check"] {
        let ran = folder.nbfix(&format!("{command} --diff {options}"));
        assert_eq!(
            (ran.code, ran.out, ran.err),
            (diff.code, diff.out.clone(), diff.err.clone())
        );
    }
    assert_eq!(folder.read("a.ipynb"), text.into_bytes());
    assert_eq!(folder.nbfix("fix --diff --interactive").code, Some(2));
}

/// Files of all sorts, with something to mend in each.
fn sorts() -> Folder {
    let plain = notebook(&["x = 1", FLAGGED, "y = '\u{e4}\u{1f600}'"]);
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
        .write("tabs.ipynb", plain.replace("  ", "\t"))
        .write("function_app.py", APP);
    folder
}

#[test]
fn git_applies_it_to_what_fix_writes() {
    let names = [
        "plain.ipynb",
        "sub folder/two words.ipynb",
        "\u{e4}\"\u{1f600}.ipynb",
        "crlf.ipynb",
        "bom.ipynb",
        "no-final-newline.ipynb",
        "one-line.ipynb",
        "tabs.ipynb",
        "function_app.py",
    ];
    let select = "--select asyncio-run,auth-level-case --unsafe";
    let (fixed, patched) = (sorts(), sorts());
    let before: Vec<Vec<u8>> = names.iter().map(|name| fixed.read(name)).collect();
    let diff = patched.nbfix(&format!("diff {select}"));
    let fix = fixed.nbfix(&format!("fix {select}"));
    assert_eq!((diff.code, fix.code), (Some(1), Some(0)), "{diff}{fix}");
    let applied = patched.git("apply -", &diff.out);
    assert_eq!(applied.code, Some(0), "{applied}");
    for (name, before) in names.iter().zip(before) {
        assert_ne!(fixed.read(name), before, "{name}");
        assert_eq!(fixed.read(name), patched.read(name), "{name}");
    }
    let again = patched.nbfix(&format!("diff {select}"));
    assert_eq!((again.code, again.out().as_str()), (Some(0), ""));
}

#[test]
fn paths_are_relative_to_the_current_folder() {
    let folder = Folder::new();
    folder.write("sub/a.ipynb", notebook(&[FLAGGED]));
    let full = folder.path("sub/../sub/a.ipynb");
    let ran = folder.nbfix(&format!(
        "diff --select asyncio-run --unsafe {}",
        full.display()
    ));
    assert!(
        ran.out()
            .starts_with("diff --git a/sub/a.ipynb b/sub/a.ipynb\n"),
        "{ran}"
    );
}

#[test]
fn of_stdin() {
    let folder = Folder::new();
    let line = "diff --select asyncio-run --unsafe - --stdin-filename sub/a.ipynb";
    let ran = folder.nbfix_with(line, notebook(&[FLAGGED]));
    assert_eq!(ran.code, Some(1));
    assert!(
        ran.out()
            .starts_with("diff --git a/sub/a.ipynb b/sub/a.ipynb\n"),
        "{ran}"
    );
}
