//! The two byte laws, and what follows from them, over notebooks of every style.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use common::{Form, cell, decoded, drafts, patch, render, style};
use nbfix_ipynb::{CellId, Notebook, PhysicalEdit, Span};
use nbfix_text::{Patch, TextRange};
use proptest::prelude::*;

/// The edits applied the slow way: from the last to the first.
fn applied(bytes: &[u8], edits: &[PhysicalEdit]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for edit in edits.iter().rev() {
        bytes.splice(edit.range.clone(), edit.text.bytes());
    }
    bytes
}

/// Whether an edit of `patch` touches `range`, be it only at an end.
fn touches(patch: &Patch, range: TextRange) -> bool {
    let meets = |edit: &nbfix_text::Edit| {
        edit.range.start() <= range.end() && range.start() <= edit.range.end()
    };
    patch.edits().iter().any(meets)
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 1000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn reading_gives_every_source_and_no_edit_gives_every_byte(
        style in style(),
        cells in prop::collection::vec(cell(), 0..6),
    ) {
        let bytes = render(&style, &cells);
        let notebook = Notebook::load(bytes.clone()).unwrap();
        prop_assert_eq!(notebook.cells().len(), cells.len());
        for (index, (read, written)) in notebook.cells().iter().zip(&cells).enumerate() {
            prop_assert_eq!(&read.source, &written.source());
            prop_assert_eq!(read.id.clone(), Some(format!("cell-{index}")));
        }
        prop_assert_eq!(&notebook.splice(&[]), &bytes);
        prop_assert_eq!(&notebook.splice(&[(CellId(0), Patch::default())]), &bytes);
        prop_assert_eq!(notebook.into_bytes(), bytes);
    }

    #[test]
    fn other_readers_agree(style in style(), cells in prop::collection::vec(cell(), 0..6)) {
        let bytes = render(&style, &cells);
        let notebook = Notebook::load(bytes.clone()).unwrap();
        let sources: Vec<&str> = notebook.cells().iter().map(|cell| cell.source.as_str()).collect();
        let text = std::str::from_utf8(&bytes).unwrap().trim_start_matches('\u{feff}');
        let lone = cells.iter().any(|cell| cell.source().contains('\u{fffd}'));
        let value = serde_json::from_str::<serde_json::Value>(text);
        prop_assert_eq!(value.is_err(), lone);
        prop_assert_eq!(notebook.problems().is_empty(), !lone);
        if let Ok(value) = value {
            for (cell, source) in value["cells"].as_array().unwrap().iter().zip(&sources) {
                let joined: String = match &cell["source"] {
                    serde_json::Value::String(text) => text.clone(),
                    lines => lines.as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect(),
                };
                prop_assert_eq!(&joined, source);
            }
            let parsed = nbformat::parse_notebook(text);
            let Ok(nbformat::Notebook::V4(parsed)) = parsed else {
                panic!("a complete notebook of 4.5 is one for nbformat too");
            };
            let theirs: Vec<String> = parsed.cells.iter().map(|cell| cell.source().concat()).collect();
            prop_assert_eq!(theirs, sources);
        }
    }

    #[test]
    fn edits_change_their_sources_and_nothing_else(
        style in style(),
        cells in prop::collection::vec(cell(), 1..5),
        wishes in prop::collection::vec((any::<prop::sample::Index>(), drafts()), 1..4),
    ) {
        let bytes = render(&style, &cells);
        let notebook = Notebook::load(bytes.clone()).unwrap();
        let mut patches = vec![Patch::default(); cells.len()];
        for (index, drafts) in &wishes {
            let at = index.index(cells.len());
            patches[at] = patch(&notebook.cells()[at].source, drafts);
        }
        let edits: Vec<_> = patches.iter().enumerate().map(|(at, patch)| (CellId(at), patch.clone())).collect();
        let physical = notebook.physical_edits(&edits);
        for pair in physical.windows(2) {
            prop_assert!(pair[0].range.end <= pair[1].range.start, "{:?}", pair);
        }
        let result = notebook.splice(&edits);
        prop_assert_eq!(&result, &applied(&bytes, &physical));

        let again = Notebook::load(result).unwrap();
        for (at, (old, new)) in notebook.cells().iter().zip(again.cells()).enumerate() {
            let patch = &patches[at];
            prop_assert_eq!(&new.source, &patch.apply(&old.source), "cell {} after {:?}", at, patch);
            prop_assert_eq!((old.kind, &old.id, old.execution_count), (new.kind, &new.id, new.execution_count));
            let outputs = |notebook: &Notebook, range: Option<std::ops::Range<usize>>| {
                range.map(|range| notebook.text()[range].to_owned())
            };
            prop_assert_eq!(outputs(&notebook, old.outputs_range()), outputs(&again, new.outputs_range()));
            if old.source == new.source {
                prop_assert_eq!(&notebook.text()[old.span()], &again.text()[new.span()]);
            }
            // Elements that no edit touches keep their bytes.
            for range in old.elements().filter(|range| !touches(patch, *range)) {
                let raw = notebook.physical(Span { cell: CellId(at), range });
                let Some(raw) = raw.filter(|_| !range.is_empty()) else { continue };
                for edit in &physical {
                    let apart = edit.range.end <= raw.start || raw.end <= edit.range.start;
                    prop_assert!(apart, "{:?} touches {:?}", edit, &notebook.text()[raw.clone()]);
                }
            }
            // An array of lines stays one.
            if cells[at].form == Form::Lines {
                let elements: Vec<&str> = new.elements().map(|range| range.of(&new.source)).collect();
                let lines: Vec<&str> = new.source.split_inclusive('\n').collect();
                prop_assert_eq!(elements, lines, "after {:?}", patch);
            }
        }
    }

    #[test]
    fn a_place_has_the_bytes_that_say_it(
        style in style(),
        cells in prop::collection::vec(cell(), 1..4),
        ends in prop::collection::vec((any::<u16>(), any::<u16>()), 1..8),
    ) {
        let notebook = Notebook::load(render(&style, &cells)).unwrap();
        for (id, cell) in notebook.ids() {
            for (start, length) in &ends {
                let start = cell.source.floor_char_boundary(usize::from(*start) % (cell.source.len() + 1));
                let end = cell.source.len().min(start + usize::from(*length) % 9);
                let range = TextRange::new(start, cell.source.floor_char_boundary(end));
                let physical = notebook.physical(Span { cell: id, range }).unwrap();
                let raw = &notebook.text()[physical.clone()];
                if range.is_empty() {
                    prop_assert!(raw.is_empty());
                    prop_assert!(cell.span().contains(&physical.start));
                } else {
                    prop_assert_eq!(&decoded(raw), range.of(&cell.source));
                    prop_assert!(!raw.starts_with(",") || range.of(&cell.source).starts_with(','));
                }
            }
        }
    }

    #[test]
    fn no_bytes_make_it_panic(
        style in style(),
        cells in prop::collection::vec(cell(), 0..3),
        damage in prop::collection::vec((any::<u16>(), any::<u8>(), any::<bool>()), 0..4),
    ) {
        let mut bytes = render(&style, &cells);
        for (at, byte, remove) in damage {
            let at = usize::from(at) % bytes.len();
            if remove { bytes.truncate(at.max(1)); } else { bytes[at] = byte; }
        }
        match Notebook::load(bytes.clone()) {
            Ok(notebook) => {
                prop_assert_eq!(notebook.splice(&[]), bytes);
                for (id, _) in notebook.ids() {
                    let _ = (notebook.outputs(id), notebook.cell_tags(id), notebook.cell_language(id));
                }
            }
            Err(error) => {
                prop_assert!(error.offset <= bytes.len());
                prop_assert!(error.line >= 1 && error.column >= 1);
                if error.kind == nbfix_ipynb::LoadErrorKind::Json {
                    let text = std::str::from_utf8(&bytes).unwrap().trim_start_matches('\u{feff}');
                    prop_assert!(serde_json::from_str::<serde::de::IgnoredAny>(text).is_err());
                }
            }
        }
    }
}
