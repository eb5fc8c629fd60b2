//! How findings look.

#![allow(clippy::unwrap_used)]

mod common;

use std::fmt::Write;

use common::*;
use insta::assert_snapshot;
use nbfix_ipynb::{CellId, Notebook, Span};
use nbfix_lint::{Crash, Finding, Place, Safety};
use nbfix_report::{Document, Style};
use nbfix_text::TextRange;

/// The findings, in full and concise.
fn both(path: &str, notebook: &Notebook, findings: &[Finding]) -> String {
    let document = document(path, notebook, findings, &[]);
    full(&document, &PLAIN) + &concise(&document, &PLAIN)
}

fn model() -> (Notebook, Vec<Finding>) {
    let notebook = notebook(&[
        "import openai\n\nMODEL = \"gpt-4-32k\"  # groß\n",
        "talk = [\"hello\"]",
        "# Ünïcödé 日本\nantwort = \"日本\"; answer = client.create(model=MODEL, messages=talk)\nprint(answer)\n",
    ]);
    let at = span(&notebook, 3, "client.create(model=MODEL, messages=talk)");
    let name = span(&notebook, 1, "\"gpt-4-32k\"");
    let mut finding = finding(
        &RETIRED,
        at,
        "the model `gpt-4-32k` was retired on 2025-06-06",
    );
    finding.labels = vec![
        label(span(&notebook, 3, "MODEL"), "names it"),
        label(name, "is defined here"),
    ];
    finding.help = Some(
        "choose a model that is still served, for instance `gpt-4.1`; the page of the service lists all models \
         with the day on which each of them retires:\n    https://example.org/models"
            .to_owned(),
    );
    let mut fix = fix(
        Safety::Unsafe,
        "Name the model that replaces it",
        &[(name, "\"gpt-4.1\"")],
    );
    fix.caution = Some("Its answers differ, and so does its price.".to_owned());
    finding.fix = Some(fix);
    (notebook, vec![finding])
}

#[test]
fn a_finding_with_everything() {
    let (notebook, findings) = model();
    assert_snapshot!(both("demo/héllo wörld.ipynb", &notebook, &findings));
}

#[test]
fn colours() {
    let (notebook, findings) = model();
    let document = document("demo.ipynb", &notebook, &findings, &[]);
    let text = full(&document, &COLOR) + &concise(&document, &COLOR);
    assert!(!text.contains("\u{1b}]"), "no links");
    assert_snapshot!(text.replace('\u{1b}', "ESC"));
}

#[test]
fn many_labels() {
    let mut source = "use(x)\n".to_owned();
    for line in 2..40 {
        writeln!(source, "line{line} = x").unwrap();
    }
    let cells: Vec<String> = (0..8)
        .map(|cell| format!("def f{cell}():\n    return x\n"))
        .collect();
    let mut sources = vec![source.as_str()];
    sources.extend(cells.iter().map(String::as_str));
    let notebook = notebook(&sources);
    let mut finding = finding(
        &ORDER,
        span(&notebook, 1, "x"),
        "`x` is used before any cell defines it",
    );
    for line in [2, 3, 12, 14, 17, 30, 35, 36] {
        let place = span(&notebook, 1, &format!("line{line} "));
        finding.labels.push(label(place, "used again"));
    }
    for cell in 2..=9 {
        finding
            .labels
            .push(label(span(&notebook, cell, "x"), "and here"));
    }
    finding.fix = Some(fix(
        Safety::Display,
        "Move the cell that defines `x` up",
        &[],
    ));
    assert_snapshot!(both("many.ipynb", &notebook, &[finding]));
}

#[test]
fn overlapping_marks() {
    let line = "answer = client.create(model=MODEL, n=2)";
    let notebook = notebook(&[line]);
    let at = |what: &str| span(&notebook, 1, what);
    let marked = |what: &str, labels: &[&str]| {
        let mut finding = finding(&RETIRED, at(what), what);
        finding.labels = labels.iter().map(|what| label(at(what), what)).collect();
        finding
    };
    let findings = [
        marked(line, &["client", "MODEL", "2"]),
        marked("MODEL", &["model=MODEL", "n=2"]),
        marked("client.create", &["client.create", "create(model"]),
        marked("client", &["client.create"]),
        marked("client.create", &["client", ".create"]),
    ];
    let document = document("marks.ipynb", &notebook, &findings, &[]);
    assert_snapshot!(full(&document, &PLAIN));
}

#[test]
fn spans_of_many_lines() {
    let body: String = (1..20).map(|line| format!("    step({line})\n")).collect();
    let notebook = notebook(&[&format!("import os\n\ndef f():\n{body}\nf()\n")]);
    let from_to = |from: &str, to: &str| {
        let (from, to) = (span(&notebook, 1, from), span(&notebook, 1, to));
        Span {
            cell: CellId(0),
            range: from.range.cover(to.range),
        }
    };
    let findings = [
        finding(&ORDER, from_to("import", "os\n"), "one line and its break"),
        finding(&ORDER, from_to("f()", "(2)"), "three lines"),
        finding(&ORDER, from_to("f()", "(4)"), "five lines"),
        finding(&ORDER, from_to("f()", "(18)"), "nineteen lines"),
    ];
    let mut findings = findings;
    findings[1].labels = vec![
        label(from_to("step(1)", "step(1)"), "inside"),
        label(from_to("os", "os"), "before"),
        label(from_to("step(6)", "step(17)"), "tall itself"),
        label(from_to("step(6)", "step(17)"), "and told twice"),
    ];
    assert_snapshot!(both("tall.ipynb", &notebook, &findings));
}

#[test]
fn edges() {
    let notebook = notebook(&[
        "",
        "a = 1\n",
        "b = 2",
        "\n\n\nc\n\n\n",
        "\tif x:\ty = 'q'\r\nz\r\n",
    ]);
    let empty = |cell: usize, offset| Span {
        cell: CellId(cell - 1),
        range: TextRange::new(offset, offset),
    };
    let findings = [
        finding(&ORDER, empty(1, 0), "an empty cell"),
        finding(&ORDER, empty(2, 6), "after the last line break"),
        finding(&ORDER, empty(3, 5), "after the last character"),
        finding(&ORDER, empty(3, 999), "out of the text"),
        finding(&ORDER, empty(99, 9), "out of the notebook"),
        finding(&ORDER, span(&notebook, 4, "c"), "between empty lines"),
        finding(&ORDER, span(&notebook, 5, "y"), "after tabs"),
        finding(&ORDER, span(&notebook, 5, "\r\n"), "a line break"),
        finding(&ORDER, empty(3, 0), "an empty place"),
    ];
    assert_snapshot!(both("edges.ipynb", &notebook, &findings));
}

#[test]
fn control_characters() {
    let notebook = notebook(&[
        "x = '\u{1b}[2J\u{7}\u{8}\r' # \u{202e}drow\nkey = 'k'",
        "y = '\u{1b}]0;'",
    ]);
    let mut finding = finding(
        &SECRET,
        span(&notebook, 1, "# "),
        "bad\u{1b}[31m\r\nmessage",
    );
    finding.labels = vec![
        label(span(&notebook, 1, "key"), "l\u{1b}\nm"),
        label(span(&notebook, 2, "y"), "\u{9b}2J"),
    ];
    finding.help = Some("a\u{7}b".to_owned());
    finding.fix = Some(fix(Safety::Safe, "t\u{1b}", &[]));
    let text = both("p\u{1b}\n.ipynb", &notebook, &[finding]);
    assert!(text.chars().all(|char| char == '\n' || !char.is_control()));
    assert_snapshot!(text);
}

#[test]
fn scripts() {
    let source = "\u{feff}import os\nos.system('az login')\n";
    let notebook = Notebook::script(source.as_bytes().to_vec()).unwrap();
    let findings = [
        finding(&ORDER, span(&notebook, 1, "os\n"), "first line"),
        finding(&ORDER, span(&notebook, 1, "os.system"), "second line"),
    ];
    assert_snapshot!(both("function_app.py", &notebook, &findings));
}

#[test]
fn in_the_file_itself() {
    let small = notebook(&["a", "b"]);
    let place = |notebook: &Notebook, what: &str, cell| {
        let start = notebook.text().find(what).unwrap();
        let range = start..start + what.len();
        Place::File { range, cell }
    };
    let mut in_cell = finding(&INVALID, span(&small, 1, "a"), "the cell has a strange id");
    in_cell.at = place(&small, "\"id-0\"", Some(CellId(0)));
    let mut in_file = finding(&INVALID, span(&small, 1, "a"), "the format is old");
    in_file.at = place(&small, "\"nbformat\": 4", None);
    in_file.labels = vec![label(span(&small, 2, "b"), "a cell")];
    let small = both("small.ipynb", &small, &[in_cell, in_file]);

    let long = format!("x = '{}'", "é日".repeat(100_000));
    let huge = notebook(&[&long, "c = 1", &long]);
    let line: serde_json::Value = serde_json::from_slice(huge.bytes()).unwrap();
    let huge = Notebook::load(line.to_string().into_bytes()).unwrap();
    assert!(huge.bytes().len() > 1_000_000 && !huge.text().contains('\n'));
    let mut middle = finding(
        &INVALID,
        span(&huge, 2, "c"),
        "a line of megabytes, its middle",
    );
    middle.at = place(&huge, "\"c = 1\"", None);
    let mut end = finding(&INVALID, span(&huge, 2, "c"), "its end");
    end.at = Place::File {
        range: huge.bytes().len()..huge.bytes().len(),
        cell: None,
    };
    let mut whole = finding(&INVALID, span(&huge, 2, "c"), "all of it");
    whole.at = Place::File {
        range: 0..huge.bytes().len(),
        cell: None,
    };
    let mut in_source = finding(&INVALID, span(&huge, 3, "日é"), "a long line of a cell");
    in_source.labels = vec![label(span(&huge, 1, "x"), "another one")];
    let huge = both("huge.ipynb", &huge, &[middle, end, whole, in_source]);
    assert!(huge.len() < 10_000);
    assert_snapshot!(small + &huge);
}

#[test]
fn files_that_cannot_be_read() {
    let at = |range: std::ops::Range<usize>, message: &str| Finding {
        at: Place::File { range, cell: None },
        ..finding(
            &SECRET,
            Span {
                cell: CellId(0),
                range: TextRange::default(),
            },
            message,
        )
    };
    let told = |bytes: &[u8], findings: &[Finding]| {
        let document = Document {
            path: "bad.ipynb",
            notebook: None,
            bytes,
            findings,
            crashes: &[],
            secrets: nbfix_report::Detector::built_in(),
        };
        full(&document, &PLAIN) + &concise(&document, &PLAIN)
    };
    let text = told(b"", &[at(0..0, "the file is empty")])
        + &told(
            b"\xef\xbb\xbf",
            &[at(0..0, "a byte order mark and nothing else")],
        )
        + &told(
            b"{\n \"cells\": [\n",
            &[at(14..14, "the JSON ends too early")],
        )
        + &told(
            b"{\"a\": \"\xe9\xff\xc3\"}\n",
            &[at(8..9, "the byte 0xff is no UTF-8")],
        )
        + &told(b"\x80\x80\x80\x80\x80", &[at(4..9, "no UTF-8 at all")]);
    assert_snapshot!(text);
}

#[test]
fn crashes() {
    let notebook = notebook(&["a"]);
    let crashes = [Crash {
        rule: "retired-model",
        message: "index out of bounds:\nthe len is 0".to_owned(),
    }];
    let document = document("demo.ipynb", &notebook, &[], &crashes);
    assert_snapshot!(full(&document, &PLAIN) + &concise(&document, &PLAIN) + &json(&[&document]));
}

#[test]
fn nothing_costs_the_whole_file_for_each_finding() {
    let line: String = (0..2_000)
        .map(|at| format!("x{at} = '{}'; ", "é".repeat(300)))
        .collect();
    let notebook = Notebook::load(
        serde_json::json!({
            "cells": [{"cell_type": "code", "metadata": {}, "outputs": [], "source": line}],
            "metadata": {}, "nbformat": 4, "nbformat_minor": 4,
        })
        .to_string()
        .into_bytes(),
    )
    .unwrap();
    let findings: Vec<Finding> = (0..2_000)
        .map(|at| finding(&ORDER, span(&notebook, 1, &format!("x{at} ")), "here"))
        .collect();
    let document = document("one-line.ipynb", &notebook, &findings, &[]);
    let start = std::time::Instant::now();
    full(&document, &PLAIN);
    concise(&document, &PLAIN);
    let lines = json(&[&document]).lines().count();
    assert_eq!(lines, 2_002);
    // Counting the characters of 1.2 MB before each finding would take half a minute without optimisation.
    assert!(start.elapsed().as_secs() < 10, "{:?}", start.elapsed());
}

#[test]
fn no_text_and_no_place_is_too_strange() {
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = |below: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        usize::try_from(seed % 1_000_003).unwrap() % below
    };
    let long = "x日".repeat(120);
    let parts = [
        "a",
        "b c",
        "\n",
        "\r\n",
        "\t",
        "é",
        "日本",
        "\r",
        "\u{1b}[2J",
        "\u{301}",
        "👩‍👩‍👧",
        "",
        &long,
    ];
    for _ in 0..300 {
        let sources: Vec<String> = (0..3)
            .map(|_| {
                (0..random(30))
                    .map(|_| parts[random(parts.len())])
                    .collect()
            })
            .collect();
        let sources: Vec<&str> = sources.iter().map(String::as_str).collect();
        let notebook = notebook(&sources);
        let mut place = || {
            let start = random(60);
            let range = TextRange::new(start, start + random(40));
            Span {
                cell: CellId(random(3)),
                range,
            }
        };
        let mut findings: Vec<Finding> = (0..4)
            .map(|_| finding(&ORDER, place(), "message"))
            .collect();
        for finding in &mut findings {
            finding.labels = (0..4).map(|_| label(place(), "label")).collect();
        }
        findings[0].at = Place::File {
            range: random(900)..random(900),
            cell: None,
        };
        let mut bytes = notebook.bytes().to_vec();
        let readable = document("x.ipynb", &notebook, &findings, &[]);
        for _ in 0..90 {
            let at = random(bytes.len());
            bytes[at] = u8::try_from(128 + random(128)).unwrap();
        }
        let broken = Document {
            notebook: None,
            bytes: &bytes,
            ..readable
        };
        for document in [readable, broken] {
            let text = full(&document, &PLAIN);
            assert!(
                text.chars().all(|char| char == '\n' || !char.is_control()),
                "{text}"
            );
            full(
                &document,
                &Style {
                    color: true,
                    width: 0,
                },
            );
            concise(&document, &PLAIN);
            serde_json::from_str::<serde_json::Value>(&json(&[&document])).unwrap();
        }
    }
}
