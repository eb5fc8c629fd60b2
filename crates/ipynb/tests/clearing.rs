//! Outputs that are cleared: they are gone, and nothing else has changed.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use common::{HIGH, LOW, cell, drafts, patch, render, style};
use nbfix_ipynb::{Cell, CellId, CellKind, Changes, NewCell, Notebook};
use nbfix_text::Patch;
use proptest::prelude::*;
use serde_json::{Value, json};

/// Outputs as people's tools write them, and how many they are.
fn outputs() -> impl Strategy<Value = (&'static str, usize)> {
    prop::sample::select(vec![
        ("[]", 0),
        ("[ ]", 0),
        ("[\n   ]", 0),
        ("[\r\n\t]", 0),
        (
            "[{\"output_type\":\"stream\",\"name\":\"stdout\",\"text\":\"]}\\\"\"}]",
            1,
        ),
        (
            "[\n    {\n     \"name\": \"stderr\",\n     \"output_type\": \"stream\",\n     \"text\": [\n      \"[1, 2]\\n\"\n     ]\n    }\n   ]",
            1,
        ),
        (
            "[ {\"output_type\": \"error\", \"ename\": \"E\", \"evalue\": \"\", \"traceback\": []} , {\"x\": 1.50e+3} ]",
            2,
        ),
        ("[1, \"two\", null]", 3),
    ])
}

fn count() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["null", "1", "27", "123456789012345678901234567890"])
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 1500,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn only_outputs_and_counts_and_edited_sources_change(
        style in style(),
        cells in prop::collection::vec(cell(), 1..5),
        stored in prop::collection::vec((outputs(), count()), 5),
        clears in prop::collection::vec(0..6_usize, 0..5),
        wish in (any::<prop::sample::Index>(), drafts()),
        new in proptest::option::of(any::<prop::sample::Index>()),
    ) {
        // The other reader refuses halves of surrogate pairs.
        let mut cells = cells;
        for cell in &mut cells {
            cell.text = cell.text.replace([HIGH, LOW], "");
        }
        let plain = Notebook::load(render(&style, &cells)).unwrap();
        let mut file = plain.text().to_owned();
        for (id, cell) in plain.ids().collect::<Vec<_>>().into_iter().rev() {
            let ((outputs, _), count) = stored[id.index()];
            let mut ranges = [
                (cell.outputs_range(), outputs),
                (cell.execution_count_range(), count),
            ];
            ranges.sort_by_key(|(range, _)| range.clone().map(|range| range.start));
            for (range, text) in ranges.into_iter().rev() {
                if let Some(range) = range {
                    file.replace_range(range, text);
                }
            }
        }
        let before = Notebook::load(file.into_bytes()).unwrap();
        for (id, cell) in before.ids().filter(|(_, cell)| cell.kind == CellKind::Code) {
            let ((_, many), count) = stored[id.index()];
            prop_assert_eq!(before.count_outputs(id), many);
            prop_assert_eq!(&before.text()[cell.execution_count_range().unwrap()], count);
        }

        let clears: Vec<CellId> = clears.into_iter().map(CellId).collect();
        let (at, drafts) = wish;
        let at = CellId(at.index(before.cells().len()));
        let edits: Vec<(CellId, Patch)> = vec![(at, patch(&before.cells()[at.index()].source, &drafts))];
        let new: Vec<NewCell> = new
            .map(|at| NewCell { before: at.index(before.cells().len() + 1), source: "new = 1".to_owned() })
            .into_iter()
            .collect();
        let changes = Changes { edits: &edits, cells: &new, clears: &clears, ..Changes::default() };
        let alone = Changes { clears: &clears, ..Changes::default() };

        // Nothing but these ranges, and what the rest changes by itself.
        let rest = before.physical_edits_with(&edits, &new);
        let mut expected = rest.clone();
        let cleared = before.physical_edits_all(alone);
        for edit in &cleared {
            let is_own = |cell: &Cell| {
                let outputs = cell.outputs_range().is_some_and(|range| range == edit.range && edit.text == "[]");
                let count = cell.execution_count_range().is_some_and(|range| range == edit.range && edit.text == "null");
                outputs || count
            };
            let asked = clears.iter().filter_map(|id| before.cell(*id));
            prop_assert!(asked.into_iter().any(is_own), "{:?}", edit);
            expected.push(edit.clone());
        }
        expected.sort_by_key(|edit| edit.range.start);
        let physical = before.physical_edits_all(changes);
        prop_assert_eq!(&physical, &expected);
        for pair in physical.windows(2) {
            prop_assert!(pair[0].range.end <= pair[1].range.start, "{:?}", pair);
        }
        let bytes = before.splice_all(changes);
        let mut slow = before.bytes().to_vec();
        for edit in physical.iter().rev() {
            slow.splice(edit.range.clone(), edit.text.bytes());
        }
        prop_assert_eq!(&bytes, &slow);

        // What another reader sees.
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap().trim_start_matches('\u{feff}').to_owned();
        let mut value: Value = serde_json::from_str(&text(before.bytes())).unwrap();
        for id in &clears {
            if before.cell(*id).is_some_and(|cell| cell.kind == CellKind::Code) {
                value["cells"][id.index()]["outputs"] = json!([]);
                value["cells"][id.index()]["execution_count"] = Value::Null;
            }
        }
        let lone = before.splice_all(alone);
        prop_assert_eq!(serde_json::from_str::<Value>(&text(&lone)).unwrap(), value);
        let after = Notebook::load(bytes).unwrap();
        prop_assert!(after.problems().is_empty());
        prop_assert_eq!(after.cells().len(), before.cells().len() + new.len());

        // Cleared once is cleared.
        let again = Notebook::load(lone.clone()).unwrap();
        prop_assert_eq!(again.splice_all(alone), lone);
    }
}

#[test]
fn a_cell_without_them_and_a_format_that_is_not_written_stay() {
    let bare = "{\"cells\": [{\"cell_type\": \"code\", \"metadata\": {}, \"source\": []}, \
         {\"cell_type\": \"code\", \"execution_count\": \"x\", \"metadata\": {}, \"outputs\": {}, \"source\": []}], \
         \"metadata\": {}, \"nbformat\": 4, \"nbformat_minor\": 4}";
    let clear = |text: &str| {
        let notebook = Notebook::load(text.as_bytes().to_vec()).unwrap();
        let clears = [CellId(0), CellId(1), CellId(7)];
        let changes = Changes {
            clears: &clears,
            ..Changes::default()
        };
        String::from_utf8(notebook.splice_all(changes)).unwrap()
    };
    assert_eq!(clear(bare), bare.replace("\"x\"", "null"));
    let old = "{\"worksheets\": [{\"cells\": [{\"cell_type\": \"code\", \"input\": \"1\", \"prompt_number\": 3, \
         \"metadata\": {}, \"outputs\": [{}]}]}], \"metadata\": {}, \"nbformat\": 3, \"nbformat_minor\": 0}";
    assert_eq!(clear(old), old);
}
