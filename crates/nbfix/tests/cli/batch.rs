//! `nbfix fix` over many files: the patch and the report.

use insta::assert_snapshot;
use serde_json::Value;

use crate::support::{APP, FLAGGED, Folder, notebook};

const SELECT: &str = "--select asyncio-run,auth-level-case,syntax-error";

/// Something safe, something unsafe, something that cannot be mended, and something that is no notebook.
fn course() -> Folder {
    let folder = Folder::new();
    folder
        .write("a.ipynb", notebook(&[FLAGGED, "x = 1"]))
        .write("app/function_app.py", APP)
        .write("broken.ipynb", "{\"cells\": [}")
        .write("clean.ipynb", notebook(&["x = 1"]))
        .write("two words/b.ipynb", notebook(&["x = 1", FLAGGED]));
    folder
}

#[test]
fn a_report_tells_of_every_file() {
    let folder = course();
    let ran = folder.nbfix(&format!("fix {SELECT} --report report.json"));
    assert_eq!(ran.code, Some(1), "{ran}");
    let report = folder.read("report.json");
    assert_snapshot!("report", String::from_utf8(report.clone()).unwrap());
    let report: Value = serde_json::from_slice(&report).unwrap();
    assert_eq!(report["files"].as_array().unwrap().len(), 5);
    assert_eq!(report["summary"]["applied"], 1);
    // It is the same however many work on it.
    for jobs in [1, 7] {
        let other = course();
        other.nbfix(&format!("fix {SELECT} --report report.json --jobs {jobs}"));
        assert_eq!(other.read("report.json"), folder.read("report.json"));
    }
}

#[test]
fn a_report_without_files() {
    let folder = Folder::new();
    folder.nbfix("fix --report report.json");
    let report: Value = serde_json::from_slice(&folder.read("report.json")).unwrap();
    assert_eq!(report["files"], Value::Array(Vec::new()));
}

#[test]
fn a_patch_is_what_git_applies() {
    let (patched, fixed) = (course(), course());
    let before = patched.tree();
    let ran = patched.nbfix(&format!("fix {SELECT} --unsafe --patch out.patch"));
    assert_snapshot!("patch", ran);
    let patch = patched.read("out.patch");
    std::fs::remove_file(patched.path("out.patch")).unwrap();
    assert_eq!(patched.tree(), before, "the files are as they were");
    let undo = patched.nbfix("undo");
    assert_eq!(undo.code, Some(1), "{undo}");
    let applied = patched.git("apply -", &patch);
    assert_eq!(applied.code, Some(0), "{applied}");
    fixed.nbfix(&format!("fix {SELECT} --unsafe"));
    assert_eq!(patched.tree(), fixed.tree());
}

#[test]
fn a_patch_that_cannot_be_written_is_told() {
    let ran = course().nbfix(&format!("fix {SELECT} --patch missing/out.patch"));
    assert_eq!(ran.code, Some(2), "{ran}");
    assert!(ran.err.contains("missing/out.patch"), "{ran}");
    let ran = course().nbfix_with("fix --patch out.patch -", notebook(&[FLAGGED]));
    assert_eq!(ran.code, Some(2), "{ran}");
}
