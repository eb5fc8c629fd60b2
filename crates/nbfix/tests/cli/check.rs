//! `nbfix check`.

use std::io::Read;
use std::process::{Command, Stdio};

use insta::assert_snapshot;
use serde_json::Value;

use crate::support::{APP, FLAGGED, Folder, notebook};

fn two() -> Folder {
    let folder = Folder::new();
    folder
        .write("b/late.ipynb", notebook(&["x = 1", FLAGGED]))
        .write("a.ipynb", notebook(&["print(1)"]));
    folder
}

#[test]
fn findings_are_shown_with_their_source() {
    assert_snapshot!(two().nbfix("check --select asyncio-run"));
}

#[test]
fn findings_in_a_line_each() {
    assert_snapshot!(two().nbfix("check --select asyncio-run --output-format concise"));
}

#[test]
fn colours_are_used_when_they_are_asked_for() {
    let folder = two();
    let line = "check --select asyncio-run --output-format concise";
    let colours = |ran: crate::support::Ran| ran.out().contains('\u{1b}');
    assert!(!colours(folder.nbfix(line)));
    assert!(colours(folder.nbfix(&format!("{line} --color always"))));
}

#[test]
fn exit_codes() {
    let folder = two();
    let code = |line: &str| folder.nbfix(line).code;
    assert_eq!(code("check --select asyncio-run"), Some(1));
    assert_eq!(code("check --select asyncio-run a.ipynb"), Some(0));
    assert_eq!(code("check --select asyncio-run --fail-on error"), Some(1));
    assert_eq!(code("check --select asyncio-run --fail-on never"), Some(0));
    assert_eq!(code("check --select asyncio-run --exit-zero"), Some(0));
    assert_eq!(code("check --select ALL --ignore asyncio-run,ALL"), Some(0));
    assert_eq!(code("check --no-such-thing"), Some(2));
    assert_eq!(code("check --exit-zero missing.ipynb"), Some(2));
}

#[test]
fn json_is_one_array_whatever_there_is() {
    let folder = two();
    folder.write("c.ipynb", notebook(&[FLAGGED, FLAGGED]));
    let ran = folder.nbfix("check --select asyncio-run --output-format json");
    let found: Vec<Value> = serde_json::from_slice(&ran.out).unwrap();
    let places: Vec<(&str, u64)> = found
        .iter()
        .map(|it| (it["path"].as_str().unwrap(), it["cell"].as_u64().unwrap()))
        .collect();
    assert_eq!(
        places,
        [("b/late.ipynb", 2), ("c.ipynb", 1), ("c.ipynb", 2)]
    );
    let ran = folder.nbfix("check --select asyncio-run --output-format json a.ipynb");
    assert_eq!(ran.out(), "[]\n");
}

#[test]
fn quiet_leaves_out_the_summary() {
    let ran = two().nbfix("check --select asyncio-run --output-format concise -q");
    assert_eq!(ran.out().lines().count(), 1);
    let ran = two().nbfix("check --select asyncio-run -q a.ipynb");
    assert_eq!((ran.out().as_str(), ran.err.as_str()), ("", ""));
}

#[test]
fn a_notebook_on_stdin() {
    let folder = Folder::new();
    let line = "check --select asyncio-run --output-format concise -";
    assert_snapshot!(folder.nbfix_with(line, notebook(&[FLAGGED])));
}

#[test]
fn stdin_is_what_its_name_says() {
    let folder = Folder::new();
    let line = "check --select ALL --output-format concise - --stdin-filename app/function_app.py";
    let ran = folder.nbfix_with(line, APP);
    assert_eq!(ran.code, Some(1));
    assert!(ran.out().starts_with("app/function_app.py:2:"), "{ran}");
}

#[test]
fn stdin_stands_alone() {
    let ran = Folder::new().nbfix("check - a.ipynb");
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.contains("stdin"), "{ran}");
    let ran = Folder::new().nbfix("check --stdin-filename a.ipynb");
    assert_eq!(ran.code, Some(2));
}

#[test]
fn what_cannot_be_read_is_told_and_the_rest_goes_on() {
    let folder = two();
    folder.write("broken.ipynb", "{\"cells\": [}");
    folder.write("empty.ipynb", "");
    assert_snapshot!(
        folder.nbfix("check --select asyncio-run --output-format concise . missing.ipynb")
    );
}

#[test]
fn an_unknown_rule_is_a_wrong_argument() {
    assert_snapshot!(two().nbfix("check --select asyncoi-run"));
}

#[test]
fn whoever_has_seen_enough_may_leave() {
    let folder = Folder::new();
    let cells = vec![FLAGGED; 2000];
    for index in 0..4 {
        folder.write(&format!("{index}.ipynb"), notebook(&cells));
    }
    let mut child = Command::new(env!("CARGO_BIN_EXE_nbfix"))
        .args(["check", "--select", "asyncio-run"])
        .current_dir(folder.path(""))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = [0; 100];
    child.stdout.take().unwrap().read_exact(&mut first).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn a_deep_cell_ends_nothing() {
    let folder = two();
    let depth = 20_000;
    let deep = format!("x = {}{}", "[".repeat(depth), "]".repeat(depth));
    let chain = format!("x = a{}", ".b()".repeat(depth));
    folder.write("deep.ipynb", notebook(&[&deep, &chain]));
    let ran = folder.nbfix("check --select asyncio-run --output-format concise");
    assert_eq!(ran.code, Some(1), "{ran}");
    assert!(ran.out().contains("b/late.ipynb"), "{ran}");
}
