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

/// A project whose one function stands in another file: the fix concerns both.
fn project() -> Folder {
    let folder = Folder::new();
    let entry =
        "import azure.functions as func\nfrom jobs import nightly\n\napp = func.FunctionApp()\n";
    let jobs = "import azure.functions as func\n\n\ndef nightly(timer: func.TimerRequest) -> None:\n    print(1)\n";
    folder
        .write("api/host.json", "{}")
        .write("api/function_app.py", entry)
        .write("api/jobs.py", jobs);
    folder
}

#[test]
fn projects_are_mended_in_patches_and_reports_and_taken_back() {
    let (fixed, patched) = (project(), project());
    let before = fixed.tree();
    let line = "fix --unsafe --select undecorated-function api";
    let ran = patched.nbfix(&format!("{line} --patch out.patch --report report.json"));
    assert_snapshot!("project_patch", ran);
    let report: Value = serde_json::from_slice(&patched.read("report.json")).unwrap();
    let status = |at: usize| report["files"][at]["status"].as_str().unwrap();
    assert_eq!((status(0), status(1)), ("mended", "unchanged"), "{report}");
    assert_eq!(
        report["files"][1]["applied"][0]["rule"], "undecorated-function",
        "{report}"
    );
    let patch = patched.read("out.patch");
    for name in ["out.patch", "report.json"] {
        std::fs::remove_file(patched.path(name)).unwrap();
    }
    assert_eq!(patched.tree(), before);
    assert_eq!(patched.git("apply -", patch).code, Some(0));
    fixed.nbfix(line);
    assert_ne!(fixed.tree(), before);
    assert_eq!(patched.tree(), fixed.tree());
    assert_eq!(fixed.nbfix("undo").code, Some(0));
    assert_eq!(fixed.tree(), before);
}

#[test]
fn projects_are_asked_about() {
    let line = "fix --interactive --unsafe --select undecorated-function api";
    let folder = project();
    let before = folder.tree();
    folder.nbfix_with(line, "n\n");
    assert_eq!(folder.tree(), before);
    assert_snapshot!("project_interactive", folder.nbfix_with(line, "y\n"));
    assert_ne!(folder.tree(), before);
}
