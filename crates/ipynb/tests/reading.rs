//! What is read of a notebook, and what is said of one that is not quite one.
#![allow(clippy::unwrap_used)]

use nbfix_ipynb::{
    CellId, CellKind, DocumentKind, LoadError, LoadErrorKind, Notebook, Output, Problem,
    ProblemKind,
};

fn load(file: &str) -> Notebook {
    let notebook = Notebook::load(file.into()).unwrap();
    assert_eq!(notebook.splice(&[]), file.as_bytes());
    notebook
}

/// A notebook of 4.5 with these cells and nothing wrong outside them.
fn with_cells(cells: &str) -> Notebook {
    load(&format!(
        r#"{{"cells": [{cells}], "metadata": {{}}, "nbformat": 4, "nbformat_minor": 5}}"#
    ))
}

fn with_metadata(metadata: &str) -> Notebook {
    load(&format!(
        r#"{{"cells": [], "metadata": {metadata}, "nbformat": 4, "nbformat_minor": 2}}"#
    ))
}

/// Kind, message and place of each problem.
fn problems(notebook: &Notebook) -> Vec<(ProblemKind, &str, &str)> {
    let show = |problem: &'_ Problem| problem.range.clone();
    let all = notebook.problems().iter();
    all.map(|problem| {
        (
            problem.kind,
            problem.message.as_str(),
            &notebook.text()[show(problem)],
        )
    })
    .collect()
}

fn one(cell: &str) -> (ProblemKind, String, String) {
    let notebook = with_cells(cell);
    let [(kind, message, place)] = problems(&notebook)[..] else {
        panic!("{:?}", notebook.problems());
    };
    assert_eq!(
        notebook.problems()[0].cell.map(CellId::number),
        Some(notebook.cells().len())
    );
    (kind, message.to_owned(), place.to_owned())
}

fn said(kind: ProblemKind, message: &str, place: &str) -> (ProblemKind, String, String) {
    (kind, message.to_owned(), place.to_owned())
}

fn fail(bytes: impl Into<Vec<u8>>) -> LoadError {
    Notebook::load(bytes.into()).unwrap_err()
}

fn place(error: &LoadError) -> (LoadErrorKind, usize, usize, usize) {
    (error.kind, error.offset, error.line, error.column)
}

#[test]
fn a_whole_notebook() {
    let file = r##"{
 "cells": [
  {"cell_type": "markdown", "id": "m", "metadata": {"tags": ["intro", 3, "x"]}, "source": ["# Té\n", "xt"]},
  {"cell_type": "code", "execution_count": 7, "id": "c", "metadata": {"vscode": {"languageId": "PowerShell"}},
   "outputs": [
    {"name": "stdout", "output_type": "stream", "text": ["a\n", "b"]},
    {"data": {"image/png": "AAAA", "text/plain": ["<x\n", ">"]}, "metadata": {}, "output_type": "display_data"},
    {"data": {"image/png": "AAAA"}, "execution_count": null, "metadata": {}, "output_type": "execute_result"},
    {"output_type": "novelty"}, 5,
    {"ename": "E", "evalue": "v", "output_type": "error", "traceback": ["t", "u"]}
   ], "source": "x"}
 ],
 "metadata": {"kernelspec": {"display_name": "P", "name": "python3"}, "language_info": {"name": "Python"}},
 "nbformat": 4, "nbformat_minor": 5, "unknown": {"cells": 1}
}"##;
    let notebook = load(file);
    assert_eq!(problems(&notebook), []);
    assert_eq!(notebook.kind(), DocumentKind::Notebook);
    assert_eq!(notebook.nbformat(), Some((4, 5)));
    assert_eq!(notebook.language(), Some("python"));
    assert_eq!(notebook.read_only(), None);
    let [text, code] = notebook.cells() else {
        panic!()
    };
    assert_eq!((text.kind, code.kind), (CellKind::Markdown, CellKind::Code));
    assert_eq!(
        (text.source.as_str(), code.source.as_str()),
        ("# Té\nxt", "x")
    );
    assert_eq!(
        (text.execution_count, code.execution_count),
        (None, Some(7))
    );
    assert!(
        file[text.span()].starts_with(r#"{"cell_type": "markdown""#)
            && file[text.span()].ends_with("\"xt\"]}")
    );
    assert!(
        file[code.outputs_range().unwrap()].starts_with("[\n    {\"name\"")
            && text.outputs_range().is_none()
    );
    assert_eq!(
        &file[text.metadata_range().unwrap()],
        r#"{"tags": ["intro", 3, "x"]}"#
    );
    assert_eq!(notebook.cell_tags(CellId(0)), ["intro", "x"]);
    assert_eq!(notebook.cell_language(CellId(0)), None);
    assert_eq!(
        notebook.cell_language(CellId(1)).as_deref(),
        Some("powershell")
    );
    assert!(notebook.has_error_output(CellId(1)) && !notebook.has_error_output(CellId(0)));
    assert_eq!(notebook.outputs(CellId(9)), []);
    assert_eq!(
        notebook.outputs(CellId(1)),
        [
            Output::Stream {
                name: "stdout".into(),
                text: "a\nb".into()
            },
            Output::Data {
                text: Some("<x\n>".into())
            },
            Output::Data { text: None },
            Output::Error {
                ename: "E".into(),
                evalue: "v".into(),
                traceback: vec!["t".into(), "u".into()]
            },
        ]
    );
}

#[test]
fn the_language_is_told_by_the_first_that_knows_it() {
    let language = |metadata: &str| with_metadata(metadata).language().map(str::to_owned);
    assert_eq!(language("{}"), None);
    assert_eq!(language(r#"{"kernelspec": {"name": "conda-env"}}"#), None);
    assert_eq!(
        language(r#"{"kernelspec": {"name": "Python3"}}"#),
        Some("python".into())
    );
    assert_eq!(
        language(r#"{"kernelspec": {"name": "python3", "language": "R"}}"#),
        Some("r".into())
    );
    assert_eq!(
        language(r#"{"kernelspec": {"language": "R"}, "language_info": {"name": "\u0043#"}}"#),
        Some("c#".into())
    );
    assert_eq!(
        Notebook::script("x".into()).unwrap().language(),
        Some("python")
    );
}

#[test]
fn who_is_for_python_2() {
    let old = |metadata: &str| with_metadata(metadata).is_python_2();
    for metadata in [
        r#"{"kernelspec": {"name": "python2"}}"#,
        r#"{"kernelspec": {"name": "Python2", "language": "python"}, "language_info": {"name": "python", "version": "2.7.12"}}"#,
        r#"{"kernelspec": {"name": "conda-root-py", "language": "python"}, "language_info": {"version": "2.7.6"}}"#,
    ] {
        assert!(old(metadata), "{metadata}");
    }
    for metadata in [
        "{}",
        r#"{"kernelspec": {"name": "python3", "language": "python"}}"#,
        // Somebody has moved it to Python 3, or means to.
        r#"{"kernelspec": {"name": "python2", "language": "python"}, "language_info": {"name": "python", "version": "3.6.1"}}"#,
        r#"{"kernelspec": {"name": "python3", "language": "python"}, "language_info": {"name": "python", "version": "2.7.12"}}"#,
        r#"{"kernelspec": {"name": "ir", "language": "R"}, "language_info": {"name": "R", "version": "2.15.1"}}"#,
    ] {
        assert!(!old(metadata), "{metadata}");
    }
}

#[test]
fn what_a_cell_lacks() {
    use ProblemKind::{MissingCellId, MissingKey, MissingOutputs};
    let whole = r#"{"cell_type": "code", "execution_count": 1, "id": "i", "metadata": {}, "outputs": [], "source": []}"#;
    assert_eq!(problems(&with_cells(whole)), []);
    for (part, key, kind) in [
        (r#""cell_type": "code", "#, "cell_type", MissingKey),
        (
            r#""execution_count": 1, "#,
            "execution_count",
            MissingOutputs,
        ),
        (r#""metadata": {}, "#, "metadata", MissingKey),
        (r#""outputs": [], "#, "outputs", MissingOutputs),
    ] {
        assert_eq!(
            one(&whole.replace(part, "")),
            said(kind, &format!("cell 1 has no `{key}`"), "{")
        );
    }
    let without = whole.replace(r#", "source": []"#, "");
    assert_eq!(
        one(&without),
        said(MissingKey, "cell 1 has no `source`", "{")
    );
    assert!(!with_cells(&without).cells()[0].has_source());
    let message = "cell 1 has no `id`, which nbformat 4.5 requires";
    assert_eq!(
        one(&whole.replace(r#""id": "i", "#, "")),
        said(MissingCellId, message, "{")
    );
}

#[test]
fn what_a_cell_has_wrong() {
    use ProblemKind::{
        DuplicateCellId, DuplicateKey, InvalidCellId, LoneSurrogate, UnknownCellType, WrongType,
    };
    let raw = |id: &str, source: &str| {
        format!(r#"{{"cell_type": "raw", "id": {id}, "metadata": {{}}, "source": {source}}}"#)
    };
    let first = raw("\"same\"", "[]");
    let wrong_source = "the `source` of cell 2 is neither a string nor an array of strings";
    for source in [
        "null",
        "3",
        "{\"a\": []}",
        "[\"a\", 3]",
        "[[\"a\"]]",
        "true",
    ] {
        let cells = format!("{first}, {}", raw("\"b\"", source));
        assert_eq!(one(&cells), said(WrongType, wrong_source, source));
        let notebook = with_cells(&cells);
        assert_eq!(
            (
                notebook.cells()[1].has_source(),
                notebook.cells()[1].source.as_str()
            ),
            (false, "")
        );
    }
    for cell in ["3", "\"\\ud83d\"", "null", "1e999", "[{}]"] {
        assert_eq!(
            one(&format!("{first}, {cell}")),
            said(WrongType, "cell 2 is no object", cell)
        );
    }
    assert_eq!(
        one(&format!("{first}, {}", raw("\"same\"", "[]"))),
        said(DuplicateCellId, "cell 2 has the `id` of cell 1", "\"same\"")
    );
    let ids = "the `id` of cell 1 is not made of 1 to 64 ASCII letters, digits, `-` and `_`";
    let long = format!("\"{}\"", "x".repeat(65));
    for id in ["\"\"", "\"a b\"", "\"é\"", long.as_str()] {
        assert_eq!(one(&raw(id, "[]")), said(InvalidCellId, ids, id));
    }
    assert_eq!(problems(&with_cells(&raw("\"A-z_09\"", "[]"))), []);
    assert_eq!(
        one(&raw("5", "[]")),
        said(WrongType, "the `id` of cell 1 is no string", "5")
    );
    assert_eq!(
        one(&raw("\"i\"", r#"["a\ud83d", "\ude00"]"#)),
        said(
            LoneSurrogate,
            r"the source of cell 1 holds `\ud83d`, half of a surrogate pair",
            r"\ud83d"
        )
    );
    assert_eq!(
        one(&first.replace("\"raw\"", "\"heading\"")),
        said(
            UnknownCellType,
            "cell 1 has the unknown `cell_type` `heading`",
            "\"heading\""
        )
    );
    assert_eq!(
        one(&first.replace("\"raw\"", "7")),
        said(WrongType, "the `cell_type` of cell 1 is no string", "7")
    );
    assert_eq!(
        one(&first.replace("{}", "[]")),
        said(WrongType, "the `metadata` of cell 1 is no object", "[]")
    );
    let doubled =
        r#"{"cell_type": "raw", "source": "a", "id": "i", "metadata": {}, "sourc\u0065": "b"}"#;
    let message = "cell 1 has the key `source` twice; the last one counts";
    assert_eq!(
        one(doubled),
        said(DuplicateKey, message, r#""sourc\u0065""#)
    );
    assert_eq!(with_cells(doubled).cells()[0].source, "b");
    let code = r#"{"cell_type": "code", "execution_count": "1", "id": "i", "metadata": {}, "outputs": {}, "source": []}"#;
    let huge = code.replace("\"1\"", "123456789012345678901234567890");
    let huge = huge.replace("\"outputs\": {}", "\"outputs\": []");
    let notebook = with_cells(&huge);
    assert_eq!(
        (problems(&notebook), notebook.cells()[0].execution_count),
        (vec![], None)
    );
    let notebook = with_cells(code);
    assert_eq!(
        problems(&notebook),
        [
            (
                WrongType,
                "`execution_count` of cell 1 is neither an integer nor null",
                "\"1\""
            ),
            (WrongType, "the `outputs` of cell 1 is no array", "{}"),
        ]
    );
}

#[test]
fn what_the_notebook_has_wrong() {
    use ProblemKind::{DuplicateKey, MissingKey, WrongType};
    let notebook = load(r#"{"cells": [], "cells": [ ]}"#);
    assert_eq!(
        problems(&notebook),
        [
            (MissingKey, "the notebook has no `nbformat`", "{"),
            (MissingKey, "the notebook has no `nbformat_minor`", "{"),
            (MissingKey, "the notebook has no `metadata`", "{"),
            (
                DuplicateKey,
                "the notebook has the key `cells` twice; the last one counts",
                "\"cells\""
            ),
        ]
    );
    assert_eq!(notebook.nbformat(), None);
    let notebook = load(r#"{"cells": [], "metadata": [], "nbformat": "4", "nbformat_minor": 4.5}"#);
    assert_eq!(
        problems(&notebook),
        [
            (WrongType, "`metadata` is no object", "[]"),
            (WrongType, "`nbformat` is no integer", "\"4\""),
            (WrongType, "`nbformat_minor` is no integer", "4.5"),
        ]
    );
    let notebook =
        with_metadata(r#"{"kernelspec": "python3", "language_info": {"name": "python"}}"#);
    assert_eq!(
        problems(&notebook),
        [(WrongType, "`kernelspec` is no object", "\"python3\"")]
    );
    assert_eq!(notebook.language(), Some("python"));
}

#[test]
fn ids_are_asked_for_from_4_5_on() {
    let cells = r#"{"cell_type": "raw", "metadata": {}, "source": []}"#;
    let file = |minor: u8| {
        format!(
            r#"{{"cells": [{cells}], "metadata": {{}}, "nbformat": 4, "nbformat_minor": {minor}}}"#
        )
    };
    assert_eq!(problems(&load(&file(4))), []);
    assert_eq!(problems(&load(&file(5))).len(), 1);
}

#[test]
fn old_formats_are_read_and_not_written() {
    let file = r#"{"metadata": {"name": ""}, "nbformat": 3, "nbformat_minor": 0, "worksheets": [
 {"cells": [
  {"cell_type": "heading", "level": 1, "metadata": {}, "source": ["Title"]},
  {"cell_type": "code", "collapsed": false, "input": ["a\n", "b"], "language": "python", "metadata": {},
   "outputs": [{"output_type": "pyerr", "ename": "E", "evalue": "", "traceback": []},
    {"output_type": "pyout", "prompt_number": 2, "text": ["4", "2"]},
    {"output_type": "stream", "stream": "stderr", "text": "w"}], "prompt_number": 2}]},
 {"cells": [{"cell_type": "html", "metadata": {}, "source": "<p>"}]},
 {}
]}"#;
    for (major, file) in [
        (3, file.to_owned()),
        (2, file.replace("\"nbformat\": 3", "\"nbformat\": 2")),
    ] {
        let notebook = load(&file);
        assert_eq!(notebook.nbformat(), Some((major, 0)));
        assert!(notebook.read_only().is_some());
        let sources: Vec<_> = notebook
            .cells()
            .iter()
            .map(|cell| (cell.kind, cell.source.as_str()))
            .collect();
        let (text, code) = (CellKind::Markdown, CellKind::Code);
        assert_eq!(sources, [(text, "Title"), (code, "a\nb"), (text, "<p>")]);
        assert_eq!(notebook.cells()[1].execution_count, Some(2));
        assert!(notebook.has_error_output(CellId(1)));
        assert_eq!(
            notebook.outputs(CellId(1)),
            [
                Output::Error {
                    ename: "E".into(),
                    evalue: String::new(),
                    traceback: vec![]
                },
                Output::Data {
                    text: Some("42".into())
                },
                Output::Stream {
                    name: "stderr".into(),
                    text: "w".into()
                },
            ]
        );
        let message = format!(
            "nbformat {major} is of before 2015, and VS Code does not open it; upgrade the file with `jupyter nbconvert --to notebook --inplace FILE`"
        );
        assert_eq!(
            problems(&notebook),
            [
                (
                    ProblemKind::OldFormat,
                    message.as_str(),
                    &*major.to_string()
                ),
                (ProblemKind::MissingKey, "a worksheet has no `cells`", "{"),
            ]
        );
    }
}

#[test]
fn nesting_has_no_end() {
    let deep = "[".repeat(100_000) + &"]".repeat(100_000);
    let cell = format!(
        r#"{{"cell_type": "code", "execution_count": null, "id": "i", "metadata": {{"tags": {deep}}}, "outputs": {deep}, "source": "x"}}"#
    );
    let notebook = with_cells(&cell);
    assert_eq!(problems(&notebook), []);
    assert_eq!(notebook.outputs(CellId(0)), []);
    assert_eq!(notebook.cell_tags(CellId(0)), [""; 0]);
    let notebook = load(&format!(r#"{{"cells": {deep}}}"#));
    assert_eq!(notebook.cells().len(), 1);
}

#[test]
fn places_count_characters_and_no_byte_order_mark() {
    let file = "\u{feff}{\"cells\": [{\"source\": [\"é=1\\n\",\n\"\u{1f600}x\"]}]}";
    let notebook = load(file);
    let at = |text: &str| {
        let place = notebook.line_column(file.find(text).unwrap());
        (place.line, place.column)
    };
    assert_eq!(at("{\"cells"), (1, 1));
    assert_eq!(at("=1"), (1, 26));
    assert_eq!(at("x\"]"), (2, 3));
}

#[test]
fn nothing_at_all() {
    for file in ["", " ", "\n", "\u{feff}", "\r\n\t "] {
        assert_eq!(place(&fail(file)), (LoadErrorKind::Empty, 0, 1, 1));
    }
    assert_eq!(place(&fail("{")), (LoadErrorKind::Json, 1, 1, 2));
    assert_eq!(place(&fail("x")), (LoadErrorKind::Json, 0, 1, 1));
}

#[test]
fn bytes_that_are_no_text() {
    let error = fail(b"{\n \"\xc3\xa9\xff\": 1}".to_vec());
    assert_eq!(place(&error), (LoadErrorKind::NotUtf8, 6, 2, 4));
    assert_eq!(error.message, "the byte 0xff is no UTF-8");
    let error = fail(b"\xff\xfe{\0}\0".to_vec());
    assert_eq!(place(&error), (LoadErrorKind::NotUtf8, 0, 1, 1));
    assert!(error.help.contains("UTF-16"));
    assert_eq!(
        Notebook::script(b"\xe9".to_vec()).unwrap_err().kind,
        LoadErrorKind::NotUtf8
    );
}

#[test]
fn text_that_is_no_json() {
    for (file, offset, line, column, message) in [
        (
            "{\n \"é\": 1\n \"b\": 2\n}",
            12,
            3,
            2,
            "expected `,` or `}`",
        ),
        (
            "{\"é\": \"a\nb\"}",
            9,
            1,
            9,
            "control character (\\u0000-\\u001F) found while parsing a string",
        ),
        ("{\"cells\": []} x", 14, 1, 15, "trailing characters"),
        ("{\"cells\": []}\n{}", 14, 2, 1, "trailing characters"),
        ("{\"cells\": [}", 11, 1, 12, "expected value"),
        ("{\"cells\": [1,]}", 13, 1, 14, "trailing comma"),
        ("{\"cells\": []", 12, 1, 13, "EOF while parsing an object"),
        ("\u{feff}{\"é\": x}", 10, 1, 7, "expected value"),
        (
            "{\"cells\": [{\"source\": [\"\\x\"]}]}",
            25,
            1,
            26,
            "invalid escape",
        ),
    ] {
        let error = fail(file);
        assert_eq!(error.kind, LoadErrorKind::Json, "{file}");
        assert_eq!(
            (
                error.offset,
                error.line,
                error.column,
                error.message.as_str()
            ),
            (offset, line, column, message),
            "{file:?}"
        );
        assert!(!error.help.is_empty() && error.conflicts.is_empty());
    }
}

#[test]
fn json_that_is_no_notebook() {
    for (file, offset, message) in [
        ("[]", 0, "the file holds no JSON object"),
        (" 3", 1, "the file holds no JSON object"),
        (
            "{\"a\": 1}",
            0,
            "the file has neither `cells` nor `worksheets`",
        ),
        ("{\"cells\": {}}", 10, "`cells` is no array"),
        (
            "{\"cells\": null, \"worksheets\": []}",
            10,
            "`cells` is no array",
        ),
        ("{\"worksheets\": 1}", 15, "`worksheets` is no array"),
    ] {
        let error = fail(file);
        assert_eq!(
            place(&error),
            (LoadErrorKind::NotANotebook, offset, 1, offset + 1)
        );
        assert_eq!(error.message, message);
    }
}

#[test]
fn a_merge_that_left_its_marks() {
    let conflict = |end: &str| {
        [
            "<<<<<<< HEAD",
            "  1",
            "||||||| base",
            "  0",
            "=======",
            "  2",
            ">>>>>>> theirs",
        ]
        .join(end)
    };
    for end in ["\n", "\r\n"] {
        let marks = conflict(end);
        let file = format!("{{\"é\": [{end}{marks}{end}], \"b\":{end}{marks}");
        let error = fail(file.as_str());
        let first = file.find("<<<").unwrap();
        let second = file.rfind("<<<<<<<").unwrap();
        assert_eq!(place(&error), (LoadErrorKind::Conflict, first, 2, 1));
        assert_eq!(error.message, "a merge has left 2 conflicts");
        assert_eq!(
            error.conflicts,
            [first..first + marks.len(), second..second + marks.len()]
        );
        assert_eq!(
            error.to_string(),
            "a merge has left 2 conflicts at line 2, column 1"
        );
    }
    // Marks out of order, or inside strings, are no conflict.
    assert_eq!(
        fail("{\n>>>>>>>\n=======\n<<<<<<<\n").kind,
        LoadErrorKind::Json
    );
    assert_eq!(
        fail("{\"<<<<<<< ======= >>>>>>>\"\n").kind,
        LoadErrorKind::Json
    );
}
