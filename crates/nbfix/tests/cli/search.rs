//! `nbfix match`.

use insta::assert_snapshot;

use crate::support::{Folder, notebook};

fn folder() -> Folder {
    let folder = Folder::new();
    folder.write(
        "a.ipynb",
        notebook(&[
            "from time import sleep as nap\nnap(1)",
            "import time\ntime.sleep(2)\nx = [time.sleep(3)]",
        ]),
    );
    folder.write("b.ipynb", notebook(&["print(1)"]));
    folder
}

#[test]
fn matches_are_shown() {
    assert_snapshot!("match_full", folder().nbfix("match time.sleep($s)"));
    assert_snapshot!(
        "match_concise",
        folder().nbfix("match time.sleep($s) a.ipynb --output-format concise")
    );
    let json = folder().nbfix("match time.sleep($s) --output-format json");
    let found: Vec<serde_json::Value> = serde_json::from_slice(&json.out).unwrap();
    assert_eq!(found.len(), 3);
    assert_eq!((json.code, json.err.as_str()), (Some(0), ""));
    let nothing = folder().nbfix("match time.time()");
    assert_eq!(nothing.code, Some(1), "{nothing}");
}

#[test]
fn what_it_would_rewrite_is_shown() {
    let folder = folder();
    assert_snapshot!(
        "replace",
        folder.nbfix("match time.sleep($s) --replace pause($s)")
    );
    let patch = folder.nbfix("match time.sleep($s) --replace pause($s) --patch");
    let applied = folder.git("apply --unsafe-paths", &patch.out);
    assert_eq!(applied.code, Some(0), "{applied}");
    let again = folder.nbfix("match pause($s) --output-format concise");
    assert_eq!(again.out().lines().count(), 3, "{again}");
}

#[test]
fn it_rewrites_once() {
    let folder = folder();
    let ran = folder.nbfix("match time.sleep($s) --replace time.sleep($s+1) --write");
    assert_snapshot!("write", ran);
    let text = String::from_utf8(folder.read("a.ipynb")).unwrap();
    assert!(
        text.contains("time.sleep(2+1)") && text.contains("[time.sleep(3+1)]"),
        "{text}"
    );
}

#[test]
fn what_would_be_no_python_is_refused() {
    let folder = folder();
    let before = folder.read("a.ipynb");
    let ran = folder.nbfix("match time.sleep($s) --replace )$s( --write");
    assert_eq!(ran.code, Some(2), "{ran}");
    assert_eq!(folder.read("a.ipynb"), before);
}

#[test]
fn a_wrong_pattern_is_pointed_at() {
    assert_snapshot!("bad_pattern", folder().nbfix("match time.sleep("));
    assert_snapshot!(
        "bad_template",
        folder().nbfix("match time.sleep($s) --replace pause($t)")
    );
    assert_eq!(folder().nbfix("match f($x) --write").code, Some(2));
}

#[test]
fn a_notebook_on_stdin() {
    let folder = folder();
    let stdin = folder.read("a.ipynb");
    let ran = folder.nbfix_with("match time.sleep($s) - --replace pause($s) --write", stdin);
    assert_eq!(ran.code, Some(0));
    assert_eq!(ran.out().matches("pause(").count(), 3, "{ran}");
}
