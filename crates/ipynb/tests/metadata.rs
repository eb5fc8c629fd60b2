//! Lists in metadata: what is put in is there, what is taken out is gone, and nothing else has changed.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use common::{HIGH, LOW, cell, render, style};
use nbfix_ipynb::{CellId, Changes, ListChange, MetadataEdit, Notebook};
use proptest::prelude::*;
use serde_json::{Value, json};

const TAGS: &[&str] = &["tags"];
const ALLOW: &[&str] = &["nbfix", "allow"];

fn edit(cell: usize, path: &[&str], change: ListChange) -> MetadataEdit {
    MetadataEdit {
        cell: CellId(cell),
        path: path.iter().map(|key| (*key).to_owned()).collect(),
        change,
    }
}

fn add(text: &str) -> ListChange {
    ListChange::Add(text.to_owned())
}

fn remove(text: &str) -> ListChange {
    ListChange::Remove(text.to_owned())
}

fn spliced(notebook: &Notebook, metadata: &[MetadataEdit]) -> String {
    let changes = Changes {
        metadata,
        ..Changes::default()
    };
    String::from_utf8(notebook.splice_all(changes)).unwrap()
}

/// Metadata as people's tools write it.
fn metadata() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "{}",
        "{ }",
        "{\n   }",
        "{\"tags\": []}",
        "{\"tags\":[\"a\"]}",
        "{\"tags\": [ \"a\" , \"b\" ,\"c\"]}",
        "{\n    \"tags\": [\n     \"a\",\n     \"b\",\n     \"c\"\n    ]\n   }",
        "{\n    \"collapsed\": false,\n    \"tags\": [\n    ]\n   }",
        "{\r\n    \"collapsed\": false,\r\n    \"zoom\": {\"x\": [1, 2]}\r\n   }",
        "{\"zoom\": 1, \"collapsed\": true}",
        "{\"nbfix\": {\"allow\": [\"a\", \"b\"], \"x\": 1}}",
        "{\"nbfix\": {}, \"tags\": [\"\\u0061\", 1, \"b\"]}",
        "{\n    \"nbfix\": {\n     \"allow\": [\"a\"]\n    }\n   }",
    ])
}

fn changes() -> impl Strategy<Value = Vec<(bool, bool, &'static str)>> {
    let word = prop::sample::select(vec!["a", "b", "c", "nbfix:allow=x", "é\"\\"]);
    prop::collection::vec((any::<bool>(), any::<bool>(), word), 1..5)
}

/// The same changes to a value.
fn model(metadata: &mut Value, path: &[&str], changes: &[&ListChange]) {
    let mut holder = metadata;
    let adds = changes.iter().any(|it| matches!(it, ListChange::Add(_)));
    for (depth, key) in path.iter().enumerate() {
        let missing = holder.get(key).is_none();
        if missing && !adds {
            return;
        }
        if missing {
            let last = depth + 1 == path.len();
            holder[*key] = if last { json!([]) } else { json!({}) };
        }
        holder = &mut holder[*key];
    }
    let list = holder.as_array_mut().unwrap();
    for change in changes {
        if let ListChange::Remove(text) = change {
            list.retain(|it| it.as_str() != Some(text));
        }
    }
    for change in changes {
        if let ListChange::Add(text) = change
            && !list.iter().any(|it| it.as_str() == Some(text))
        {
            list.push(json!(text));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 1500,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn only_the_lists_change(
        style in style(),
        cells in prop::collection::vec(cell(), 1..4),
        texts in prop::collection::vec(metadata(), 4),
        wishes in prop::collection::vec(changes(), 4),
    ) {
        // The other reader refuses halves of surrogate pairs.
        let mut cells = cells;
        for cell in &mut cells {
            cell.text = cell.text.replace([HIGH, LOW], "");
        }
        let plain = Notebook::load(render(&style, &cells)).unwrap();
        let mut file = plain.text().to_owned();
        for (id, cell) in plain.ids().collect::<Vec<_>>().into_iter().rev() {
            file.replace_range(cell.metadata_range().unwrap(), texts[id.index()]);
        }
        let before = Notebook::load(file.into_bytes()).unwrap();
        let mut edits = Vec::new();
        for (id, _) in before.ids() {
            for (tags, adds, word) in &wishes[id.index()] {
                let change = if *adds { add(word) } else { remove(word) };
                edits.push(edit(id.index(), if *tags { TAGS } else { ALLOW }, change));
            }
        }
        let changes = Changes { metadata: &edits, ..Changes::default() };
        let physical = before.physical_edits_all(changes);
        if !before.can_edit_metadata(&edits) {
            // Two new lists in one place.
            prop_assert!(physical.is_empty());
            return Ok(());
        }
        for pair in physical.windows(2) {
            prop_assert!(pair[0].range.end <= pair[1].range.start, "{:?}", pair);
        }
        for edit in &physical {
            let inside = |cell: &nbfix_ipynb::Cell| {
                let range = cell.metadata_range().unwrap();
                range.start <= edit.range.start && edit.range.end <= range.end
            };
            prop_assert!(before.cells().iter().any(inside), "{:?}", edit);
        }
        let bytes = before.splice_all(changes);
        let mut slow = before.bytes().to_vec();
        for edit in physical.iter().rev() {
            slow.splice(edit.range.clone(), edit.text.bytes());
        }
        prop_assert_eq!(&bytes, &slow);

        let text = |notebook: &Notebook| notebook.text().trim_start_matches('\u{feff}').to_owned();
        let mut value: Value = serde_json::from_str(&text(&before)).unwrap();
        for (id, _) in before.ids() {
            for path in [TAGS, ALLOW] {
                let own = edits.iter().filter(|it| it.cell == id && it.path == path);
                let own: Vec<&ListChange> = own.map(|it| &it.change).collect();
                if !own.is_empty() {
                    model(&mut value["cells"][id.index()]["metadata"], path, &own);
                }
            }
        }
        let after = Notebook::load(bytes).unwrap();
        prop_assert_eq!(serde_json::from_str::<Value>(&text(&after)).unwrap(), value);
        prop_assert!(after.problems().is_empty());
    }
}

fn one(metadata: &str) -> Notebook {
    let file = format!(
        "{{\n \"cells\": [\n  {{\n   \"cell_type\": \"markdown\",\n   \"metadata\": {metadata},\n   \"source\": []\n  }}\n ],\n \
         \"metadata\": {{}},\n \"nbformat\": 4,\n \"nbformat_minor\": 4\n}}\n"
    );
    Notebook::load(file.into_bytes()).unwrap()
}

/// The metadata afterwards.
fn after(metadata: &str, path: &[&str], change: ListChange) -> String {
    let notebook = one(metadata);
    let text = spliced(&notebook, &[edit(0, path, change)]);
    let again = Notebook::load(text.clone().into_bytes()).unwrap();
    text[again.cells()[0].metadata_range().unwrap()].to_owned()
}

#[test]
fn it_looks_as_jupyter_would_write_it() {
    let tag = || add("t");
    assert_eq!(
        after("{}", TAGS, tag()),
        "{\n    \"tags\": [\n     \"t\"\n    ]\n   }"
    );
    assert_eq!(
        after(
            "{\n    \"collapsed\": true,\n    \"x\": 1\n   }",
            TAGS,
            tag()
        ),
        "{\n    \"collapsed\": true,\n    \"tags\": [\n     \"t\"\n    ],\n    \"x\": 1\n   }"
    );
    assert_eq!(
        after("{\n    \"tags\": [\n     \"a\"\n    ]\n   }", TAGS, tag()),
        "{\n    \"tags\": [\n     \"a\",\n     \"t\"\n    ]\n   }"
    );
    assert_eq!(
        after("{\"x\": 1}", TAGS, tag()),
        "{\"tags\": [\"t\"], \"x\": 1}"
    );
    assert_eq!(
        after("{\"tags\": [\"a\", \"t\", \"b\"]}", TAGS, remove("t")),
        "{\"tags\": [\"a\", \"b\"]}"
    );
    assert_eq!(
        after("{\"tags\": [\"t\"]}", TAGS, remove("t")),
        "{\"tags\": []}"
    );
    assert_eq!(
        after("{}", ALLOW, tag()),
        "{\n    \"nbfix\": {\n     \"allow\": [\n      \"t\"\n     ]\n    }\n   }"
    );
}

#[test]
fn strings_have_their_places() {
    let notebook = one("{\"tags\": [\"a\", 1, \"\\u00e9\"]}");
    let strings = notebook.metadata_strings(CellId(0), TAGS);
    let shown: Vec<(&str, &str)> = strings
        .iter()
        .map(|(text, range)| (text.as_str(), &notebook.text()[range.clone()]))
        .collect();
    assert_eq!(shown, [("a", "\"a\""), ("é", "\"\\u00e9\"")]);
    assert!(notebook.metadata_strings(CellId(0), ALLOW).is_empty());
}

#[test]
fn what_is_in_the_way_stays() {
    for metadata in ["{\"tags\": \"t\"}", "[]", "null", "{\"tags\": null}"] {
        let notebook = one(metadata);
        let edits = [edit(0, TAGS, add("t"))];
        assert!(!notebook.can_edit_metadata(&edits), "{metadata}");
        assert_eq!(spliced(&notebook, &edits), notebook.text());
    }
}
