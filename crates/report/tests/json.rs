//! Findings for programs.

#![allow(clippy::unwrap_used)]

mod common;

use common::*;
use insta::assert_snapshot;
use nbfix_ipynb::{CellId, NewCell, Notebook};
use nbfix_lint::{Place, Safety};
use serde_json::Value;

#[test]
fn an_object_a_line() {
    let notebook = notebook(&["é = \"a\\b\"\nkey = 'k'\n", "use(key)"]);
    let mut first = finding(
        &SECRET,
        span(&notebook, 1, "'k'"),
        "a \"key\" is\nin the source",
    );
    first.labels = vec![label(span(&notebook, 2, "key"), "used here")];
    first.help = Some("take it from the environment".to_owned());
    let mut repair = fix(
        Safety::Unsafe,
        "Read it from the environment",
        &[
            (span(&notebook, 1, "'k'"), "os.environ[\"KEY\"]"),
            (span(&notebook, 1, "é"), "import os\né"),
        ],
    );
    repair.caution = Some("set it first".to_owned());
    first.fix = Some(repair);
    let mut second = finding(&INVALID, span(&notebook, 1, "k"), "the format is old");
    second.at = Place::File {
        range: 2..9,
        cell: None,
    };
    let mut third = finding(&INVALID, span(&notebook, 1, "k"), "the id is strange");
    third.at = Place::File {
        range: 2..9,
        cell: Some(CellId(0)),
    };
    let mut fourth = finding(&SECRET, span(&notebook, 2, "key"), "a cell is missing");
    let mut repair = fix(Safety::Safe, "Put it in", &[]);
    repair.cells = vec![NewCell {
        before: 1,
        source: "import os\nkey = 1".to_owned(),
    }];
    fourth.fix = Some(repair);
    let findings = [first, second, third, fourth];
    let (one, two) = (
        document("a.ipynb", &notebook, &findings, &[]),
        document("b.ipynb", &notebook, &findings[1..2], &[]),
    );
    let text = json(&[&one, &two]);
    let parsed: Vec<Value> = serde_json::from_str(&text).unwrap();
    assert_eq!(parsed.len(), 5);
    assert_eq!(text.lines().count(), 7);
    assert_snapshot!(text);
}

#[test]
fn nothing_is_an_empty_array() {
    let notebook = notebook(&["a"]);
    let document = document("a.ipynb", &notebook, &[], &[]);
    assert_eq!(json(&[&document]), "[]\n");
    assert_eq!(json(&[]), "[]\n");
}

#[test]
fn the_edits_make_what_splice_makes() {
    let notebook = notebook(&["é = \"a\\b\"\nkey = 'k'\nrest()\n", "use(key)", ""]);
    let as_one_line: Value = serde_json::from_slice(notebook.bytes()).unwrap();
    let script =
        Notebook::script(b"\xef\xbb\xbf\xc3\xa9 = \"a\\b\"\r\nkey = 'k'\r\n".to_vec()).unwrap();
    let one_line = Notebook::load(as_one_line.to_string().into_bytes()).unwrap();
    for notebook in [&notebook, &one_line, &script] {
        let mut edits = vec![
            (span(notebook, 1, "'k'"), "os.environ[\"KEY\"]\nprint('日')"),
            (span(notebook, 1, "é"), "import os\né"),
        ];
        if notebook.cells().len() > 1 {
            edits.push((span(notebook, 2, "use("), "f("));
            edits.push((span(notebook, 1, "rest()\n"), ""));
            edits.push((span(notebook, 3, ""), "new = 1\n"));
        }
        let mut finding = finding(&SECRET, span(notebook, 1, "k"), "a key");
        let mut repair = fix(Safety::Safe, "title", &edits);
        let patches: Vec<_> = repair.edits.clone().into_iter().collect();
        if notebook.can_insert_cells() {
            let cell = |before, source: &str| NewCell {
                before,
                source: source.to_owned(),
            };
            repair.cells = vec![cell(3, "last"), cell(1, "a = 'é'\n"), cell(1, "b\nc")];
        }
        let cells = repair.cells.clone();
        finding.fix = Some(repair);
        let findings = [finding];
        let text = json(&[&document("a.ipynb", notebook, &findings, &[])]);
        let parsed: Value = serde_json::from_str(&text).unwrap();
        let mut bytes = notebook.bytes().to_vec();
        for edit in parsed[0]["fix"]["edits"].as_array().unwrap().iter().rev() {
            let offset = |key: &str| usize::try_from(edit[key].as_u64().unwrap()).unwrap();
            let new = edit["text"].as_str().unwrap().bytes();
            bytes.splice(offset("start")..offset("end"), new);
        }
        assert_ne!(bytes, notebook.bytes());
        assert_eq!(bytes, notebook.splice_with(&patches, &cells));
    }
}
