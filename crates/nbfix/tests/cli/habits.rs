//! What fingers know from other linters.

use insta::assert_snapshot;
use serde_json::Value;

use crate::support::{APP, FLAGGED, Folder, notebook};

/// A safe fix in the script, an unsafe one in the notebook.
fn folder() -> Folder {
    let folder = Folder::new();
    folder
        .write("host.json", "{}")
        .write("function_app.py", APP)
        .write("a.ipynb", notebook(&[FLAGGED]));
    folder
}

const ONLY: &str = "--select asyncio-run,auth-level-case";

#[test]
fn check_mends() {
    let folder = folder();
    let line = format!("check --fix --show-fixes --output-format concise {ONLY}");
    assert_snapshot!("check_fix", folder.nbfix(&line));
    let text = String::from_utf8(folder.read("function_app.py")).unwrap();
    assert!(text.contains("ANONYMOUS"), "{text}");
    let ran = folder.nbfix(&format!("check --fix --unsafe-fixes {ONLY}"));
    assert_eq!(ran.code, Some(0), "{ran}");
    assert!(
        !String::from_utf8(folder.read("a.ipynb"))
            .unwrap()
            .contains("asyncio.run")
    );
}

#[test]
fn check_shows_the_difference() {
    let folder = folder();
    let diff = folder.nbfix(&format!("check --diff {ONLY}"));
    assert_eq!(diff.code, Some(1));
    assert_eq!(diff.out(), folder.nbfix(&format!("diff {ONLY}")).out());
    assert_eq!(folder.read("function_app.py"), APP.as_bytes());
}

#[test]
fn mending_may_fail_a_run() {
    let line = "--select auth-level-case --exit-non-zero-on-fix";
    for command in ["check --fix", "fix"] {
        let folder = folder();
        assert_eq!(folder.nbfix(&format!("{command} {line}")).code, Some(1));
        assert_eq!(folder.nbfix(&format!("{command} {line}")).code, Some(0));
    }
}

#[test]
fn findings_are_counted() {
    let folder = folder();
    folder.write("b.ipynb", notebook(&[FLAGGED, FLAGGED]));
    assert_snapshot!(
        "statistics",
        folder.nbfix(&format!("check --statistics {ONLY}"))
    );
    let json = folder.nbfix(&format!("check --statistics --output-format json {ONLY}"));
    let json: Value = serde_json::from_slice(&json.out).unwrap();
    assert_eq!(json[0]["rule"], "asyncio-run");
    assert_eq!(json[0]["findings"], 3);
}

#[test]
fn files_are_listed() {
    let folder = folder();
    folder
        .write("c/d.ipynb", "no JSON")
        .write("c/e.py", "x = 1");
    let ran = folder.nbfix("check --show-files");
    assert_eq!(ran.out(), "a.ipynb\nc/d.ipynb\nc/e.py\nfunction_app.py\n");
    assert_eq!(ran.code, Some(0));
}

#[test]
fn what_is_piped_through_is_mended() {
    let folder = Folder::new();
    let line =
        format!("check --fix --output-format concise {ONLY} - --stdin-filename function_app.py");
    let ran = folder.nbfix_with(&line, APP);
    assert_eq!(ran.code, Some(0), "{ran}");
    assert!(
        ran.out().contains("ANONYMOUS") && !ran.out().contains("Found"),
        "{ran}"
    );
    assert!(ran.err.contains("Applied 1 fix"), "{ran}");
    let broken = folder.nbfix_with("check --fix -", "no JSON");
    assert_eq!(broken.out(), "no JSON");
}

#[test]
fn explain_is_called_rule_too() {
    let folder = Folder::new();
    assert_eq!(
        folder.nbfix("rule asyncio-run").out(),
        folder.nbfix("explain asyncio-run").out()
    );
}

#[test]
fn slips_get_a_suggestion() {
    let folder = Folder::new();
    for (line, meant) in [
        ("chek", "'check'"),
        ("check --selct ALL", "'--select'"),
        ("check --statistic", "'--statistics'"),
        ("check --output-format jsn", "'json'"),
        ("check --select asyncoi-run", "`asyncio-run`"),
        ("baseline wirte", "'write'"),
        ("rule asyncio-rum", "`asyncio-run`"),
    ] {
        let ran = folder.nbfix(line);
        assert_eq!(ran.code, Some(2), "{line}: {ran}");
        assert!(ran.err.contains(meant), "{line}: {ran}");
    }
}
