//! New cells: the two laws over notebooks of every style, and that they look like what stands around them.
#![allow(clippy::unwrap_used)]

mod common;

use common::{cell, drafts, patch, render, style};
use nbfix_ipynb::{CellId, CellKind, NewCell, Notebook, PhysicalEdit};
use nbfix_text::{Edit, Patch};
use proptest::prelude::*;
use serde_json::{Value, json};

fn load(bytes: &[u8]) -> Notebook {
    Notebook::load(bytes.to_vec()).unwrap()
}

fn new(before: usize, source: &str) -> NewCell {
    let source = source.to_owned();
    NewCell { before, source }
}

/// The file with new cells and no edits.
fn with(file: &str, cells: &[NewCell]) -> String {
    String::from_utf8(load(file.as_bytes()).splice_with(&[], cells)).unwrap()
}

/// The edits applied from the last to the first.
fn applied(bytes: &[u8], edits: &[PhysicalEdit]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for edit in edits.iter().rev() {
        bytes.splice(edit.range.clone(), edit.text.bytes());
    }
    bytes
}

/// What another reader of JSON makes of a file.
fn value(bytes: &[u8]) -> Option<Value> {
    let text = std::str::from_utf8(bytes).unwrap();
    serde_json::from_str(text.trim_start_matches('\u{feff}')).ok()
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 1000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn new_cells_come_and_nothing_else_changes(
        style in style(),
        cells in prop::collection::vec(cell(), 0..5),
        wishes in prop::collection::vec((any::<prop::sample::Index>(), drafts()), 0..3),
        sources in prop::collection::vec((any::<prop::sample::Index>(), "[a-c\"\\\\é😀\t\r\n\u{1}]{0,12}"), 1..4),
    ) {
        let bytes = render(&style, &cells);
        let notebook = load(&bytes);
        let mut patches = vec![Patch::default(); cells.len()];
        for (index, drafts) in wishes.iter().filter(|_| !cells.is_empty()) {
            let at = index.index(cells.len());
            patches[at] = patch(&notebook.cells()[at].source, drafts);
        }
        let edits: Vec<_> = patches.iter().cloned().enumerate().map(|(at, patch)| (CellId(at), patch)).collect();
        let mut news: Vec<_> = sources.iter().map(|(at, source)| new(at.index(cells.len() + 1), source)).collect();

        let result = notebook.splice_with(&edits, &news);
        let physical = notebook.physical_edits_with(&edits, &news);
        prop_assert_eq!(&result, &applied(&bytes, &physical));
        for pair in physical.windows(2) {
            prop_assert!(pair[0].range.end <= pair[1].range.start, "{:?}", pair);
        }
        // Everything but the new cells is what it would be without them.
        let edited = load(&notebook.splice(&edits));
        let again = load(&result);
        prop_assert_eq!(again.problems().len(), edited.problems().len());
        news.sort_by_key(|new| new.before);
        let (mut new, mut old) = (news.iter().peekable(), edited.ids().peekable());
        let mut ids = Vec::new();
        for (at, cell) in again.ids() {
            ids.push(cell.id.clone().unwrap());
            let here = old.peek().map_or(cells.len(), |(id, _)| id.index());
            if let Some(new) = new.next_if(|new| new.before == here) {
                prop_assert_eq!(&cell.source, &new.source);
                prop_assert_eq!((cell.kind, cell.execution_count), (CellKind::Code, None));
                prop_assert_eq!(&again.text()[cell.outputs_range().unwrap()], "[]");
                prop_assert_eq!(&again.text()[cell.metadata_range().unwrap()], "{}");
            } else {
                let (_, old) = old.next().unwrap();
                prop_assert_eq!(&edited.text()[old.span()], &again.text()[cell.span()], "{:?}", at);
            }
        }
        prop_assert!(new.next().is_none() && old.next().is_none());
        ids.sort();
        ids.dedup();
        prop_assert_eq!(ids.len(), again.cells().len());

        if let Some(before) = value(&bytes) {
            let mut after = value(&result).unwrap();
            for key in ["metadata", "nbformat", "nbformat_minor"] {
                prop_assert_eq!(&before[key], &after[key]);
            }
            let text = std::str::from_utf8(&result).unwrap().trim_start_matches('\u{feff}');
            let parsed = nbformat::parse_notebook(text);
            prop_assert!(matches!(parsed, Ok(nbformat::Notebook::V4(_))));
            let count = after["cells"].as_array_mut().unwrap().len();
            prop_assert_eq!(count, cells.len() + news.len());
        }
    }

    #[test]
    fn a_new_cell_is_what_a_writer_would_write(
        sources in prop::collection::vec("[a-b\"\\\\é\n]{0,9}", 0..4),
        at in any::<prop::sample::Index>(),
        source in "[a-b\"\\\\é\n]{0,9}",
        indent in prop_oneof![Just(Some(" ")), Just(Some("  ")), Just(Some("    ")), Just(Some("\t")), Just(None)],
        text in any::<bool>(),
        minor in 4..=5,
        crlf in any::<bool>(),
    ) {
        let code = |id: String, source: &str| {
            let lines: Vec<&str> = source.split_inclusive('\n').collect();
            let mut cell = json!({
                "cell_type": "code", "execution_count": null, "metadata": {}, "outputs": [],
                "source": if text { json!(source) } else { json!(lines) },
            });
            if minor == 5 {
                cell["id"] = id.into();
            }
            cell
        };
        let mut tree = json!({
            "cells": sources.iter().enumerate().map(|(at, source)| code(format!("id{at}"), source)).collect::<Vec<_>>(),
            "metadata": {"kernelspec": {"name": "python3"}}, "nbformat": 4, "nbformat_minor": minor,
        });
        let write = |tree: &Value| {
            let mut out = Vec::new();
            let Some(indent) = indent else { return serde_json::to_string(tree).unwrap() };
            let format = serde_json::ser::PrettyFormatter::with_indent(indent.as_bytes());
            let mut writer = serde_json::Serializer::with_formatter(&mut out, format);
            serde::Serialize::serialize(tree, &mut writer).unwrap();
            let out = String::from_utf8(out).unwrap() + "\n";
            if crlf { out.replace('\n', "\r\n") } else { out }
        };
        // Without a cell nobody can tell that sources are to be strings.
        prop_assume!(!text || !sources.is_empty());
        let before = write(&tree);
        let at = at.index(sources.len() + 1);
        let after = with(&before, &[new(at, &source)]);
        let id = load(after.as_bytes()).cells()[at].id.clone().unwrap_or_default();
        tree["cells"].as_array_mut().unwrap().insert(at, code(id, &source));
        prop_assert_eq!(after, write(&tree));
    }
}

const NOTEBOOK: &str = r#"{
  "nbformat": 4,
  "nbformat_minor": 0,
  "cells": [
    {
      "cell_type": "markdown",
      "source": [
        "caf\u00e9"
      ],
      "metadata": {
        "id": "x"
      }
    },
    {
      "cell_type": "code",
      "source": ["a = 1\n", "b"],
      "metadata": {},
      "execution_count": 7,
      "outputs": []
    }
  ]
}"#;

/// The lines that are new, and that all old ones stay where they are.
fn come(before: &str, after: &str) -> Vec<String> {
    let mut old = before.lines().peekable();
    let new = after
        .lines()
        .filter(|line| old.next_if_eq(line).is_none())
        .map(|line| line.trim().to_owned())
        .collect();
    assert_eq!(old.next(), None, "{after}");
    new
}

#[test]
fn keys_and_spacing_are_those_of_the_nearest_code_cell() {
    let cell = [
        "{",
        r#""cell_type": "code","#,
        r#""source": ["x = '\u00e9'\n", "y"],"#,
        r#""metadata": {},"#,
        r#""execution_count": null,"#,
        r#""outputs": []"#,
        "},",
    ];
    for at in 0..3 {
        let after = with(NOTEBOOK, &[new(at, "x = 'é'\ny")]);
        let mut lines = come(NOTEBOOK, &after);
        // Which of two equal lines is the new one, nobody can say.
        lines.sort();
        let mut wanted = cell.map(str::to_owned).to_vec();
        wanted.sort();
        assert_eq!(lines, wanted);
    }
}

#[test]
fn a_space_between_brackets_is_no_cell() {
    for space in ["", " ", "\n  ", "\n\n"] {
        let file = format!("{{\n  \"cells\": [{space}],\n  \"nbformat\": 4\n}}");
        let after = with(&file, &[new(0, "a\nb"), new(0, "")]);
        let cell = |source: &str| {
            format!(
                "    {{\n      \"cell_type\": \"code\",\n      \"execution_count\": null,\n      \
                 \"metadata\": {{}},\n      \"outputs\": [],\n      \"source\": {source}\n    }}"
            )
        };
        let first = cell("[\n        \"a\\n\",\n        \"b\"\n      ]");
        let cells = format!("{first},\n{}", cell("[]"));
        assert_eq!(
            after,
            format!("{{\n  \"cells\": [\n{cells}\n  ],\n  \"nbformat\": 4\n}}")
        );
    }
}

#[test]
fn in_one_line_it_is_one_line() {
    let empty = r#"{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 4}"#;
    let cell = |source: &str| {
        format!(
            r#"{{"cell_type": "code", "execution_count": null, "metadata": {{}}, "outputs": [], "source": {source}}}"#
        )
    };
    let one = with(empty, &[new(0, "a\nb")]);
    let lines = cell(r#"["a\n", "b"]"#);
    assert_eq!(one, empty.replace("[]", &format!("[{lines}]")));
    let two = with(&one, &[new(1, "c")]);
    let both = format!("[{lines}, {}]", cell(r#"["c"]"#));
    assert_eq!(two, empty.replace("[]", &both));
    let three = with(&one, &[new(0, "c")]);
    let both = format!("[{}, {lines}]", cell(r#"["c"]"#));
    assert_eq!(three, empty.replace("[]", &both));
}

#[test]
fn sources_are_strings_only_where_all_are() {
    let cell = |source: &str| format!(r#"{{"cell_type":"code","source":{source}}}"#);
    let file = |cells: &[String]| format!(r#"{{"cells":[{}]}}"#, cells.join(","));
    let (string, array) = (cell(r#""a\nb""#), cell(r#"["a\n","b"]"#));
    let rest = r#""execution_count":null,"metadata":{},"outputs":[],"source":"#;
    let made = |source: &str| format!(r#"{{"cell_type":"code",{rest}{source}}}"#);
    let all = file(&[string.clone(), string.clone()]);
    let wanted = file(&[string.clone(), made(r#""a\nb""#), string.clone()]);
    assert_eq!(with(&all, &[new(1, "a\nb")]), wanted);
    let some = file(&[array.clone(), string.clone()]);
    let wanted = file(&[array, string, made(r#"["a\n","b"]"#)]);
    assert_eq!(with(&some, &[new(2, "a\nb")]), wanted);
}

#[test]
fn cells_of_one_place_keep_their_order_and_odd_neighbours_do_no_harm() {
    for file in [
        r#"{"cells": [{}, null, 3, {"cell_type": "code"}], "nbformat": 4, "nbformat_minor": 5}"#,
        r#"{"cells": [ null ]}"#,
        r#"{"cells": [{"source": 1, "source": 2}, {"cell_type": "code", "cell_type": "code"}]}"#,
        "{\"cells\": [{\n}]}",
    ] {
        let notebook = load(file.as_bytes());
        let count = notebook.cells().len();
        for at in 0..=count {
            let news = [new(at, "a"), new(at, "b\n\"c\""), new(at, "a")];
            let after = with(file, &news);
            let after = load(after.as_bytes());
            assert_eq!(after.cells().len(), count + 3);
            for (cell, new) in after.cells()[at..].iter().zip(&news) {
                assert_eq!(cell.source, new.source);
                assert_eq!(cell.id.is_some(), notebook.nbformat() == Some((4, 5)));
            }
            assert_eq!(after.problems().len(), notebook.problems().len());
        }
    }
}

#[test]
fn what_cannot_come_takes_its_edits_along() {
    let script = Notebook::script(b"x = 1\n".to_vec()).unwrap();
    let old = r#"{"worksheets": [{"cells": [{"cell_type": "code", "input": "a", "outputs": []}]}], "nbformat": 3}"#;
    let odd = r#"{"cells": [{"cell_type": "code", "input": "a", "outputs": []}], "nbformat": 3}"#;
    let edits = [(CellId(0), Patch::single(Edit::insert(0, "y")))];
    for notebook in [script, load(old.as_bytes()), load(odd.as_bytes())] {
        assert!(!notebook.can_insert_cells());
        let after = notebook.splice_with(&edits, &[new(0, "z")]);
        assert_eq!(after, notebook.bytes());
    }
    let notebook = load(NOTEBOOK.as_bytes());
    assert!(notebook.can_insert_cells());
    assert_eq!(
        notebook.splice_with(&edits, &[new(3, "z")]),
        notebook.bytes()
    );
    assert_ne!(
        notebook.splice_with(&edits, &[new(2, "z")]),
        notebook.bytes()
    );
}
