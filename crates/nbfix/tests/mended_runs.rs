//! The promise of the degrade fix, by running Python: without the services the example stops, mended it goes on.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::io::Write;
use std::process::{Command, Stdio};

/// The interpreter's own path: the examples run with a PATH on which nothing is found.
fn python() -> String {
    let output = Command::new("python3")
        .args(["-c", "import sys; print(sys.executable)"])
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Runs the cells of an example in one namespace, with no variable set and no package but Python's own.
fn run(document: &str) -> (bool, String) {
    let cells: Vec<&str> = document.split("# %%").collect();
    let code = format!(
        "def display(*values):\n    print(*values)\n{}",
        cells.join("\n")
    );
    let mut child = Command::new(python())
        .args(["-I", "-S", "-"])
        .env_clear()
        .env("PATH", "/nowhere")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(code.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    (output.status.success(), said)
}

/// The before and after texts of a page's examples that are plain Python.
fn mended_examples(rule: &str) -> Vec<(String, String)> {
    let page = nbfix_rules::find(rule).unwrap().page;
    let page = nbfix_lint::Page::parse(page).unwrap();
    let pairs = page
        .examples
        .into_iter()
        .filter_map(|example| Some((example.before?, example.after?)))
        // What the author allows is meant to stop.
        .filter(|(before, _)| !before.contains("nbfix: allow"));
    pairs.collect()
}

#[test]
fn a_mended_notebook_goes_on_without_the_service() {
    let mut ran = 0;
    for rule in ["raise-on-missing-service", "subprocess-az"] {
        for (before, after) in mended_examples(rule) {
            let (went_on, said) = run(&before);
            assert!(
                !went_on,
                "the example should stop as it is:\n{before}\n{said}"
            );
            let (went_on, said) = run(&after);
            assert!(went_on, "the mended example stops:\n{after}\n{said}");
            assert!(
                said.contains("[WARN]") && said.contains("Impact:"),
                "{said}"
            );
            ran += 1;
        }
    }
    assert!(ran >= 4);
}
