//! Which lines of the file an edit changes: no others than it must.
#![allow(clippy::unwrap_used)]

use nbfix_ipynb::{CellId, Notebook, Span};
use nbfix_text::{Edit, Patch, TextRange};

const NOTEBOOK: &str = r#"{
 "cells": [
  {
   "cell_type": "code",
   "execution_count": null,
   "id": "a",
   "metadata": {},
   "outputs": [],
   "source": [
    "caf\u00e9 = 'é'\n",
    "path = 'a\/b'\n",
    "print(caf\u00E9)"
   ]
  },
  {
   "cell_type": "markdown",
   "id": "b",
   "metadata": {},
   "source": []
  },
  {
   "cell_type": "raw",
   "id": "c",
   "metadata": {},
   "source": "one\ntwo"
  }
 ],
 "metadata": {},
 "nbformat": 4,
 "nbformat_minor": 5
}
"#;

/// The lines that go and come when `edit` is made in a cell, as a diff shows them.
fn diff(file: &str, cell: usize, edits: Vec<Edit>) -> Vec<String> {
    let notebook = Notebook::load(file.as_bytes().to_vec()).unwrap();
    let patch = Patch::new(edits).unwrap();
    let wanted = patch.apply(&notebook.cells()[cell].source);
    let after = notebook.splice(&[(CellId(cell), patch)]);
    let after = Notebook::load(after).unwrap();
    assert_eq!(after.cells()[cell].source, wanted);
    let old: Vec<&str> = file.lines().collect();
    let new: Vec<&str> = after.text().lines().collect();
    let head = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let (old, new) = (&old[head..], &new[head..]);
    let tail = old
        .iter()
        .rev()
        .zip(new.iter().rev())
        .take_while(|(a, b)| a == b)
        .count();
    let gone = old[..old.len() - tail]
        .iter()
        .map(|line| format!("-{}", line.trim()));
    let come = new[..new.len() - tail]
        .iter()
        .map(|line| format!("+{}", line.trim()));
    gone.chain(come).collect()
}

/// The range of `part` in a cell's source.
fn find(cell: usize, part: &str) -> TextRange {
    let notebook = Notebook::load(NOTEBOOK.into()).unwrap();
    let start = notebook.cells()[cell].source.find(part).unwrap();
    TextRange::new(start, start + part.len())
}

#[test]
fn a_line_at_the_top_is_one_line() {
    let edit = Edit::insert(0, "import os\n");
    assert_eq!(diff(NOTEBOOK, 0, vec![edit]), [r#"+"import os\n","#]);
}

#[test]
fn a_line_in_between_is_one_line() {
    let at = find(0, "path").start();
    let edit = Edit::insert(at, "a = \"\\\"\n");
    assert_eq!(diff(NOTEBOOK, 0, vec![edit]), [r#"+"a = \"\\\"\n","#]);
}

#[test]
fn a_line_after_a_last_line_without_line_break_changes_that_line_too() {
    let end = find(0, "print(café)").end();
    let edit = Edit::insert(end, "\ndone()");
    assert_eq!(
        diff(NOTEBOOK, 0, vec![edit]),
        [
            r#"-"print(caf\u00E9)""#,
            r#"+"print(caf\u00E9)\n","#,
            r#"+"done()""#
        ]
    );
}

#[test]
fn a_whole_line_goes_alone() {
    let edit = Edit::delete(find(0, "path = 'a/b'\n"));
    assert_eq!(diff(NOTEBOOK, 0, vec![edit]), [r#"-"path = 'a\/b'\n","#]);
    let edit = Edit::delete(find(0, "café = 'é'\n"));
    assert_eq!(diff(NOTEBOOK, 0, vec![edit]), [r#"-"caf\u00e9 = 'é'\n","#]);
}

#[test]
fn the_last_line_takes_the_comma_before_it() {
    let edit = Edit::delete(find(0, "print(café)"));
    assert_eq!(
        diff(NOTEBOOK, 0, vec![edit]),
        [
            r#"-"path = 'a\/b'\n","#,
            r#"-"print(caf\u00E9)""#,
            r#"+"path = 'a\/b'\n""#
        ]
    );
}

#[test]
fn a_word_changes_no_more_than_the_word() {
    let notebook = Notebook::load(NOTEBOOK.into()).unwrap();
    let edit = Edit::replace(find(0, "a/b"), "a/ü");
    let edits = notebook.physical_edits(&[(CellId(0), Patch::single(edit))]);
    assert_eq!(edits.len(), 1);
    assert_eq!(
        (&notebook.text()[edits[0].range.clone()], &*edits[0].text),
        ("b", "ü")
    );
}

#[test]
fn a_replacement_that_repeats_lines_leaves_them() {
    let edit = Edit::replace(
        find(0, "café = 'é'\npath = 'a/b'\n"),
        "café = 'é'\nnew\npath = 'a/b'\n",
    );
    assert_eq!(diff(NOTEBOOK, 0, vec![edit]), [r#"+"new\n","#]);
}

#[test]
fn a_line_break_that_goes_joins_two_lines() {
    let at = find(0, "'é'\n").end();
    let edit = Edit::replace(TextRange::new(at - 1, at), "; ");
    assert_eq!(
        diff(NOTEBOOK, 0, vec![edit]),
        [
            r#"-"caf\u00e9 = 'é'\n","#,
            r#"-"path = 'a\/b'\n","#,
            r#"+"caf\u00e9 = 'é'; path = 'a\/b'\n","#
        ]
    );
}

#[test]
fn several_edits_of_one_cell_keep_the_line_between_them() {
    let edits = vec![
        Edit::insert(0, "top\n"),
        Edit::replace(find(0, "print"), "show"),
    ];
    assert_eq!(
        diff(NOTEBOOK, 0, edits),
        [
            r#"-"caf\u00e9 = 'é'\n","#,
            r#"-"path = 'a\/b'\n","#,
            r#"-"print(caf\u00E9)""#,
            r#"+"top\n","#,
            r#"+"caf\u00e9 = 'é'\n","#,
            r#"+"path = 'a\/b'\n","#,
            r#"+"show(caf\u00E9)""#,
        ]
    );
}

#[test]
fn an_emptied_source_is_an_empty_array_or_string() {
    let all = |length| vec![Edit::delete(TextRange::new(0, length))];
    let after = |cell: usize| {
        let notebook = Notebook::load(NOTEBOOK.into()).unwrap();
        let length = notebook.cells()[cell].source.len();
        diff(NOTEBOOK, cell, all(length)).pop().unwrap()
    };
    assert_eq!(after(0), r#"+"source": []"#);
    assert_eq!(after(2), r#"+"source": """#);
}

#[test]
fn an_empty_array_is_filled_as_its_neighbours_are() {
    let edit = || vec![Edit::insert(0, "one\ntwo")];
    let file = NOTEBOOK.replace('\n', "\r\n");
    for file in [NOTEBOOK, &file] {
        let notebook = Notebook::load(file.as_bytes().to_vec()).unwrap();
        let patch = Patch::new(edit()).unwrap();
        let edits = notebook.physical_edits(&[(CellId(1), patch)]);
        let end = if file.contains('\r') { "\r\n" } else { "\n" };
        let text = format!("{end}    \"one\\n\",{end}    \"two\"{end}   ");
        assert_eq!((edits.len(), &edits[0].text), (1, &text));
    }
}

/// What an empty array in `file` becomes when two lines are put into its first cell.
fn filled(file: &str) -> String {
    let notebook = Notebook::load(file.as_bytes().to_vec()).unwrap();
    let patch = Patch::single(Edit::insert(0, "a\nb"));
    String::from_utf8(notebook.splice(&[(CellId(0), patch)])).unwrap()
}

#[test]
fn an_empty_array_without_neighbours_follows_the_file() {
    assert_eq!(
        filled("{\n\t\"cells\": [\n\t\t{\n\t\t\t\"source\": []\n\t\t}\n\t]\n}"),
        "{\n\t\"cells\": [\n\t\t{\n\t\t\t\"source\": [\n\t\t\t\t\"a\\n\",\n\t\t\t\t\"b\"\n\t\t\t]\n\t\t}\n\t]\n}"
    );
    assert_eq!(
        filled(r#"{"cells": [{"source": [ ]}]}"#),
        r#"{"cells": [{"source": ["a\n", "b"]}]}"#
    );
    assert_eq!(
        filled("{\"cells\":[{\"source\":[]}]}\n"),
        "{\"cells\":[{\"source\":[\"a\\n\",\"b\"]}]}\n"
    );
}

#[test]
fn one_element_shows_how_to_space_more() {
    assert_eq!(
        filled("{\"cells\": [{\"source\": [\n   \"x\"\n ]}]}"),
        "{\"cells\": [{\"source\": [\n   \"a\\n\",\n   \"bx\"\n ]}]}"
    );
    assert_eq!(
        filled(r#"{"cells":[{"source":["x"]}]}"#),
        r#"{"cells":[{"source":["a\n","bx"]}]}"#
    );
    assert_eq!(
        filled(r#"{"cells":[{"source":["x"]},{"source":["y" ,  "z"]}]}"#),
        r#"{"cells":[{"source":["a\n" ,  "bx"]},{"source":["y" ,  "z"]}]}"#
    );
}

#[test]
fn a_new_element_is_spaced_as_those_beside_it() {
    let file = "{\"cells\":[{\"source\":[\"a\\n\", \"b\\n\",\n  \"c\\n\"]}]}";
    let notebook = Notebook::load(file.into()).unwrap();
    let patch = Patch::single(Edit::insert(6, "d"));
    let after = notebook.splice(&[(CellId(0), patch)]);
    assert_eq!(
        after,
        b"{\"cells\":[{\"source\":[\"a\\n\", \"b\\n\",\n  \"c\\n\",\n  \"d\"]}]}"
    );
}

#[test]
fn odd_forms_stay_where_nothing_touches_them() {
    // Letter by letter, as some tool wrote it; the changed letter changes alone.
    let file = r#"{"cells": [{"source": ["i","","m","p","o\nr\n","t"]}]}"#;
    let notebook = Notebook::load(file.into()).unwrap();
    let patch = Patch::single(Edit::replace(TextRange::new(2, 3), "P"));
    let after = notebook.splice(&[(CellId(0), patch)]);
    assert_eq!(
        String::from_utf8(after).unwrap(),
        file.replace("\"p\"", "\"P\"")
    );
}

#[test]
fn an_element_of_several_lines_stays_one() {
    let file = r#"{"cells": [{"source": ["a\nb\nc"]}]}"#;
    let notebook = Notebook::load(file.into()).unwrap();
    let patch = Patch::single(Edit::delete(TextRange::new(2, 4)));
    let after = notebook.splice(&[(CellId(0), patch)]);
    assert_eq!(String::from_utf8(after).unwrap(), file.replace("b\\n", ""));
}

#[test]
fn lost_line_breaks_can_be_put_back() {
    let file = r##"{"cells": [{"source": ["# a","import b","c()"]}]}"##;
    let notebook = Notebook::load(file.into()).unwrap();
    let ends = notebook.cells()[0].elements().map(|range| range.end());
    let edits: Vec<Edit> = ends.take(2).map(|end| Edit::insert(end, "\n")).collect();
    let after = notebook.splice(&[(CellId(0), Patch::new(edits).unwrap())]);
    assert_eq!(
        String::from_utf8(after).unwrap(),
        r##"{"cells": [{"source": ["# a\n","import b\n","c()"]}]}"##
    );
}

#[test]
fn new_text_is_escaped_where_the_file_escapes() {
    let insert = |file: &str| {
        let notebook = Notebook::load(file.as_bytes().to_vec()).unwrap();
        let patch = Patch::single(Edit::insert(0, "ü😀"));
        String::from_utf8(notebook.splice(&[(CellId(0), patch)])).unwrap()
    };
    assert_eq!(
        insert(r#"{"cells": [{"source": "\u00e9"}]}"#),
        r#"{"cells": [{"source": "\u00fc\ud83d\ude00\u00e9"}]}"#
    );
    assert_eq!(
        insert(r#"{"cells": [{"source": "x"}]}"#),
        r#"{"cells": [{"source": "ü😀x"}]}"#
    );
}

#[test]
fn lone_surrogates_keep_their_bytes_and_never_meet() {
    let file = r#"{"cells": [{"source": "\ud83dxx\uDE00 end"}]}"#;
    let notebook = Notebook::load(file.into()).unwrap();
    assert_eq!(notebook.cells()[0].source, "\u{fffd}xx\u{fffd} end");
    let splice =
        |edit| String::from_utf8(notebook.splice(&[(CellId(0), Patch::single(edit))])).unwrap();
    assert_eq!(
        splice(Edit::replace(TextRange::new(3, 4), "y")),
        file.replace("xx", "yx")
    );
    assert_eq!(
        splice(Edit::delete(TextRange::new(3, 5))),
        file.replace(r"xx\uDE00", r"\ufffd")
    );
}

#[test]
fn edits_without_a_place_are_left_out() {
    let file = r#"{"cells": [{"cell_type": "code"}, {"source": 1}, {"source": "x"}]}"#;
    let notebook = Notebook::load(file.into()).unwrap();
    let insert = |cell, at, text| (CellId(cell), Patch::single(Edit::insert(at, text)));
    let edits = [
        insert(0, 0, "a"),
        insert(1, 0, "b"),
        insert(2, 9, "c"),
        insert(7, 0, "d"),
    ];
    assert_eq!(notebook.splice(&edits), file.as_bytes());
    assert_eq!(
        notebook.splice(&[insert(2, 0, "a"), insert(2, 0, "b")]),
        file.replace("\"x\"", "\"ax\"").as_bytes()
    );
    let span = |cell, start, end| Span {
        cell: CellId(cell),
        range: TextRange::new(start, end),
    };
    let at = file.find("x\"").unwrap();
    assert_eq!(notebook.physical(span(0, 0, 0)), None);
    assert_eq!(notebook.physical(span(2, 0, 2)), None);
    assert_eq!(notebook.physical(span(2, 0, 1)), Some(at..at + 1));
    assert_eq!(notebook.physical(span(2, 1, 1)), Some(at + 1..at + 1));
}

#[test]
fn scripts_are_plain_bytes() {
    let bytes = "\u{feff}x = 'é'\r\ny = \"\\n\"\n".as_bytes().to_vec();
    let script = Notebook::script(bytes.clone()).unwrap();
    let source = &script.cells()[0].source;
    assert!(source.starts_with("x = "));
    assert_eq!(script.splice(&[]), bytes);
    let at = source.find("y =").unwrap();
    let patch = Patch::single(Edit::replace(TextRange::new(at, at + 1), "ü\"\n"));
    let after = script.splice(&[(CellId(0), patch)]);
    assert_eq!(after, "\u{feff}x = 'é'\r\nü\"\n = \"\\n\"\n".as_bytes());
    let range = TextRange::new(at, at + 1);
    let physical = script
        .physical(Span {
            cell: CellId(0),
            range,
        })
        .unwrap();
    assert_eq!(physical, at + 3..at + 4);
    let place = script.line_column(physical.start);
    assert_eq!((place.line, place.column), (2, 1));
    assert_eq!(script.line_column(3).column, 1);
}

#[test]
fn texts_at_one_place_keep_their_order_beside_an_empty_element() {
    let file = r#"{"cells": [{"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": null,
        "source": ["\\", ""]}], "metadata": {}, "nbformat": 4, "nbformat_minor": 4}"#;
    let notebook = Notebook::load(file.as_bytes().to_vec()).unwrap();
    let patch = Patch::new(vec![
        Edit::replace(TextRange::new(0, 1), "\\print('a')\n\n"),
        Edit::insert(1, "x = 1"),
    ])
    .unwrap();
    let wanted = patch.apply("\\");
    let spliced = Notebook::load(notebook.splice(&[(CellId(0), patch)])).unwrap();
    assert_eq!(spliced.cells()[0].source, wanted);
}
