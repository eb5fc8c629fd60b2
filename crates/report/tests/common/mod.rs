//! Notebooks and findings to report on.

#![allow(clippy::unwrap_used, dead_code, unreachable_pub, missing_docs)]

use std::collections::BTreeMap;

use nbfix_ipynb::{CellId, Notebook, Span};
use nbfix_lint::{Check, Crash, Document as Kind, Finding, Fix, Group, Label, Place, Rule, Safety};
use nbfix_report::{Document, Style};
use nbfix_text::{Edit, Patch, TextRange};

pub const PLAIN: Style = Style {
    color: false,
    width: 100,
};
pub const COLOR: Style = Style {
    color: true,
    width: 100,
};

const fn rule(name: &'static str, group: Group) -> Rule {
    Rule {
        name,
        summary: "",
        message: "",
        messages: &[],
        help: None,
        group,
        default: true,
        documents: &[Kind::Notebook],
        python_3_only: false,
        fix: None,
        check: Check::Notebook(|_, _| ()),
        page: "",
    }
}

pub static RETIRED: Rule = rule("retired-model", Group::Broken);
pub static SECRET: Rule = rule("secret-in-source", Group::Leak);
pub static ORDER: Rule = rule("used-before-defined", Group::Fragile);
pub static INVALID: Rule = rule("invalid-notebook", Group::Tidy);

/// A notebook of code cells; every second one has no id.
pub fn notebook(sources: &[&str]) -> Notebook {
    let cells = sources.iter().enumerate().map(|(index, source)| {
        let mut cell = serde_json::json!({
            "cell_type": "code",
            "execution_count": null,
            "metadata": {},
            "outputs": [],
            "source": source.split_inclusive('\n').collect::<Vec<_>>(),
        });
        if index % 2 == 0 {
            cell["id"] = format!("id-{index}").into();
        }
        cell
    });
    let notebook = serde_json::json!({
        "cells": cells.collect::<Vec<_>>(),
        "metadata": {},
        "nbformat": 4,
        "nbformat_minor": 5,
    });
    Notebook::load(serde_json::to_vec_pretty(&notebook).unwrap()).unwrap()
}

/// The first place of `what` in the cell with this number (from 1).
pub fn span(notebook: &Notebook, cell: usize, what: &str) -> Span {
    let cell = CellId(cell - 1);
    let source = &notebook.cell(cell).unwrap().source;
    let start = source.find(what).unwrap();
    let range = TextRange::new(start, start + what.len());
    Span { cell, range }
}

pub fn finding(rule: &'static Rule, at: Span, message: &str) -> Finding {
    Finding {
        rule,
        level: rule.level(),
        at: Place::Cell(at),
        message: message.to_owned(),
        help: None,
        labels: Vec::new(),
        fix: None,
        joined: Vec::new(),
    }
}

pub fn label(span: Span, text: &str) -> Label {
    Label {
        span,
        text: text.to_owned(),
    }
}

pub fn fix(safety: Safety, title: &str, edits: &[(Span, &str)]) -> Fix {
    let mut by_cell: BTreeMap<CellId, Vec<Edit>> = BTreeMap::new();
    for (span, insert) in edits {
        let edits = by_cell.entry(span.cell).or_default();
        edits.push(Edit::replace(span.range, *insert));
    }
    Fix {
        metadata: Vec::new(),
        clears: Vec::new(),
        title: title.to_owned(),
        safety,
        caution: None,
        edits: by_cell
            .into_iter()
            .map(|(cell, edits)| (cell, Patch::new(edits).unwrap()))
            .collect(),
        cells: Vec::new(),
    }
}

pub fn document<'a>(
    path: &'a str,
    notebook: &'a Notebook,
    findings: &'a [Finding],
    crashes: &'a [Crash],
) -> Document<'a> {
    Document {
        path,
        notebook: Some(notebook),
        bytes: notebook.bytes(),
        findings,
        crashes,
        secrets: nbfix_report::Detector::built_in(),
    }
}

pub fn full(document: &Document, style: &Style) -> String {
    let mut out = Vec::new();
    nbfix_report::full(&mut out, document, style).unwrap();
    let out = String::from_utf8(out).unwrap();
    assert!(!out.contains("Failed to read"), "{out}");
    assert!(out.lines().all(|line| line == line.trim_end()), "{out}");
    out
}

pub fn concise(document: &Document, style: &Style) -> String {
    let mut out = Vec::new();
    nbfix_report::concise(&mut out, document, style).unwrap();
    let out = String::from_utf8(out).unwrap();
    let told = document.findings.len() + document.crashes.len();
    assert_eq!(out.lines().count(), told, "{out}");
    out
}

pub fn json(documents: &[&Document]) -> String {
    let mut array = nbfix_report::JsonArray::new(Vec::new());
    for document in documents {
        array.add(document).unwrap();
    }
    String::from_utf8(array.finish().unwrap()).unwrap()
}
