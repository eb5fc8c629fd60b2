//! `nbfix fix`.

use std::fs;

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::{APP, FLAGGED, Folder, notebook};

/// What the fixes make of [`FLAGGED`].
const MENDED: &str = "import asyncio\nawait main()";

#[test]
fn what_was_done_is_told() {
    let folder = Folder::new();
    folder
        .write("a.ipynb", notebook(&[FLAGGED, "x = 1", FLAGGED]))
        .write("app/function_app.py", APP)
        .write("clean.ipynb", notebook(&["x = 1"]));
    let line = "fix --select asyncio-run,auth-level-case";
    assert_snapshot!("safe", folder.nbfix(line));
    assert_eq!(
        folder.read("a.ipynb"),
        notebook(&[FLAGGED, "x = 1", FLAGGED]).as_bytes()
    );
    assert_snapshot!("unsafe", folder.nbfix(&format!("{line} --unsafe")));
    assert_eq!(
        folder.read("a.ipynb"),
        notebook(&[MENDED, "x = 1", MENDED]).as_bytes()
    );
    assert_snapshot!("again", folder.nbfix(&format!("{line} --unsafe")));
}

#[test]
fn nothing_is_written_where_nothing_changes() {
    let folder = Folder::new();
    folder.write("a.ipynb", notebook(&[FLAGGED]));
    let times = || {
        fs::metadata(folder.path("a.ipynb"))
            .unwrap()
            .modified()
            .unwrap()
    };
    let before = times();
    folder.nbfix("fix --select asyncio-run");
    assert_eq!(times(), before);
    folder.nbfix("fix --select asyncio-run --unsafe");
    let mended = times();
    assert_ne!(mended, before);
    folder.nbfix("fix --select asyncio-run --unsafe");
    assert_eq!(times(), mended);
    // Nothing is left beside it.
    assert_eq!(fs::read_dir(folder.path("")).unwrap().count(), 1);
}

#[test]
fn from_stdin_to_stdout() {
    let folder = Folder::new();
    let ran = folder.nbfix_with("fix --select asyncio-run --unsafe -", notebook(&[FLAGGED]));
    assert_eq!(ran.out(), notebook(&[MENDED]));
    assert_snapshot!(ran.err);
    assert_eq!(ran.code, Some(0));
}

#[test]
fn what_is_no_notebook_comes_back_from_stdin_as_it_was() {
    let folder = Folder::new();
    let ran = folder.nbfix_with("fix --select asyncio-run -", b"\xff no notebook");
    assert_eq!(ran.out, b"\xff no notebook");
    assert!(
        ran.err.starts_with("warning: <stdin>: not mended: "),
        "{}",
        ran.err
    );
}

#[cfg(unix)]
#[test]
fn links_and_permissions_stay() {
    use std::os::unix::fs::{PermissionsExt, symlink};

    let folder = Folder::new();
    folder.write("real/a.ipynb", notebook(&[FLAGGED]));
    let real = folder.path("real/a.ipynb");
    fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).unwrap();
    symlink("real/a.ipynb", folder.path("link.ipynb")).unwrap();
    let ran = folder.nbfix("fix --select asyncio-run --unsafe link.ipynb");
    assert_eq!(ran.code, Some(0), "{ran}");
    assert!(
        fs::symlink_metadata(folder.path("link.ipynb"))
            .unwrap()
            .is_symlink()
    );
    assert_eq!(
        fs::metadata(&real).unwrap().permissions().mode() & 0o777,
        0o640
    );
    assert_eq!(folder.read("real/a.ipynb"), notebook(&[MENDED]).as_bytes());
}

#[cfg(unix)]
#[test]
fn a_read_only_file_is_left_alone_and_the_rest_goes_on() {
    use std::os::unix::fs::PermissionsExt;

    let folder = Folder::new();
    folder
        .write("a.ipynb", notebook(&[FLAGGED]))
        .write("b.ipynb", notebook(&[FLAGGED]));
    fs::set_permissions(folder.path("a.ipynb"), fs::Permissions::from_mode(0o444)).unwrap();
    assert_snapshot!(folder.nbfix("fix --select asyncio-run --unsafe"));
    assert_eq!(folder.read("a.ipynb"), notebook(&[FLAGGED]).as_bytes());
    assert_eq!(folder.read("b.ipynb"), notebook(&[MENDED]).as_bytes());
}

#[cfg(unix)]
#[test]
fn a_read_only_folder_is_told_and_the_rest_goes_on() {
    use std::os::unix::fs::PermissionsExt;

    let folder = Folder::new();
    folder
        .write("a/a.ipynb", notebook(&[FLAGGED]))
        .write("b.ipynb", notebook(&[FLAGGED]));
    let mode = |mode| fs::set_permissions(folder.path("a"), fs::Permissions::from_mode(mode));
    mode(0o555).unwrap();
    // Permissions mean nothing to root.
    if fs::write(folder.path("a/probe"), "").is_err() {
        let ran = folder.nbfix("fix --select asyncio-run --unsafe");
        assert_eq!(ran.code, Some(2), "{ran}");
        assert!(
            ran.err.starts_with("error: a/a.ipynb: not written: "),
            "{ran}"
        );
        assert!(ran.err.contains("permission denied"), "{ran}");
        assert_eq!(folder.read("a/a.ipynb"), notebook(&[FLAGGED]).as_bytes());
        assert_eq!(folder.read("b.ipynb"), notebook(&[MENDED]).as_bytes());
    }
    mode(0o755).unwrap();
}

#[test]
fn what_remains_decides_the_exit_code() {
    let folder = Folder::new();
    folder.write("a.ipynb", notebook(&[FLAGGED]));
    assert_eq!(folder.nbfix("fix --select asyncio-run").code, Some(1));
    assert_eq!(
        folder.nbfix("fix --select asyncio-run --exit-zero").code,
        Some(0)
    );
    assert_eq!(
        folder.nbfix("fix --select asyncio-run --unsafe").code,
        Some(0)
    );
    assert_eq!(folder.nbfix("fix missing.ipynb").code, Some(2));
}

/// A notebook in which two cells to be mended, and one that is not, have run.
fn ran() -> String {
    let output = |text: &str| json!({"name": "stdout", "output_type": "stream", "text": [text]});
    let cell = |source: &str, outputs: Vec<Value>, count: Option<u8>| {
        json!({"cell_type": "code", "execution_count": count, "metadata": {}, "outputs": outputs,
            "source": source.split_inclusive('\n').collect::<Vec<_>>()})
    };
    let cells = [
        cell("async def main():\n    print(1)", vec![], Some(1)),
        cell(FLAGGED, vec![output("1\n"), output("é\n")], Some(2)),
        cell("print(\"kept\")", vec![output("kept\n")], Some(3)),
        cell(FLAGGED, vec![output("1\n")], None),
    ];
    let notebook = json!({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 4});
    serde_json::to_string_pretty(&notebook).unwrap() + "\n"
}

#[test]
fn outputs_of_mended_cells_stay_unless_they_are_to_go() {
    let folder = Folder::new();
    folder.write("a.ipynb", ran());
    let line = "fix --select asyncio-run --unsafe a.ipynb";
    assert_snapshot!("outputs_stay", folder.nbfix(line));
    let kept: Value = serde_json::from_slice(&folder.read("a.ipynb")).unwrap();
    let before: Value = serde_json::from_str(&ran()).unwrap();
    for index in 0..4 {
        assert_eq!(
            kept["cells"][index]["outputs"],
            before["cells"][index]["outputs"]
        );
    }

    folder.write("a.ipynb", ran());
    let diff = "diff --select asyncio-run --unsafe --clear-outputs changed a.ipynb";
    assert_snapshot!("outputs_cleared_diff", folder.nbfix(diff));
    assert_snapshot!(
        "outputs_cleared_cells",
        folder.nbfix(&format!("{diff} --cells"))
    );
    assert_snapshot!(
        "outputs_cleared",
        folder.nbfix(&format!("{line} --clear-outputs changed"))
    );
    let after = folder.read("a.ipynb");
    let cleared: Value = serde_json::from_slice(&after).unwrap();
    let stored = |index: usize| &cleared["cells"][index];
    for index in [1, 3] {
        assert_eq!(stored(index)["outputs"], json!([]));
        assert_eq!(stored(index)["execution_count"], Value::Null);
    }
    for index in [0, 2] {
        assert_eq!(stored(index), &before["cells"][index]);
    }
    // It is at rest.
    folder.nbfix(&format!("{line} --clear-outputs changed"));
    assert_eq!(folder.read("a.ipynb"), after);
}

#[test]
fn an_output_that_is_out_of_date_is_cleared_on_request() {
    let folder = Folder::new();
    let error = json!({"output_type": "error", "ename": "ModuleNotFoundError",
        "evalue": "No module named 'sensors'", "traceback": ["Cell In[2], line 1", "----> 1 import sensors"]});
    let mut value: Value =
        serde_json::from_str(&notebook(&["x = 1", "import sensors_next"])).unwrap();
    value["cells"][1]["outputs"] = json!([error]);
    value["cells"][1]["execution_count"] = json!(2);
    let text = serde_json::to_string_pretty(&value).unwrap();
    folder.write("a.ipynb", &text);
    // By itself it is told by another rule, and left alone.
    assert_snapshot!(
        "stale_by_default",
        folder.nbfix("check --output-format concise a.ipynb")
    );
    folder.nbfix("fix --unsafe a.ipynb");
    assert_eq!(folder.read("a.ipynb"), text.as_bytes());
    let line = "--extend-select stale-output a.ipynb";
    assert_snapshot!(
        "stale_selected",
        folder.nbfix(&format!("check --output-format concise {line}"))
    );
    assert_snapshot!("stale_cleared", folder.nbfix(&format!("fix {line}")));
    value["cells"][1]["outputs"] = json!([]);
    value["cells"][1]["execution_count"] = Value::Null;
    assert_eq!(
        folder.read("a.ipynb"),
        serde_json::to_string_pretty(&value).unwrap().as_bytes()
    );
}
