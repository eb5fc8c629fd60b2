//! Formats for servers and browsers, with texts that would break them.

#![allow(clippy::unwrap_used)]

mod common;

use common::*;
use insta::assert_snapshot;
use nbfix_ipynb::{CellId, NewCell, Notebook};
use nbfix_lint::{Crash, Finding, Level, Place, Safety};
use nbfix_report::{
    Document, JUNIT_CLOSE, JUNIT_OPEN, SARIF_OPEN, Totals, github, gitlab, html, html_close,
    html_open, junit, markdown, markdown_close, markdown_open, sarif, sarif_close,
};
use serde_json::Value;

type Format = fn(&mut Vec<u8>, &Document) -> std::io::Result<()>;

fn written(format: Format, document: &Document) -> String {
    let mut out = Vec::new();
    format(&mut out, document).unwrap();
    String::from_utf8(out).unwrap()
}

/// What somebody may write who wants to steer a reader.
const HOSTILE: &str =
    "<script>alert(1)</script> ]]> \"quoted\" & 100%\n::error::no \u{1b}[31m \u{202e} @you #1 |`x";

/// A document in which every text is hostile.
fn hostile() -> (Notebook, Vec<Finding>, Vec<Crash>) {
    let source = format!("x = 1\n# {HOSTILE}\nkey = 'k'\n");
    let notebook = notebook(&[&source, "use(key)"]);
    let mut first = finding(&SECRET, span(&notebook, 1, "'k'"), HOSTILE);
    first.labels = vec![label(span(&notebook, 2, "key"), HOSTILE)];
    first.help = Some(HOSTILE.to_owned());
    let mut repair = fix(
        Safety::Unsafe,
        HOSTILE,
        &[(span(&notebook, 1, "'k'"), HOSTILE)],
    );
    repair.caution = Some(HOSTILE.to_owned());
    repair.cells = vec![NewCell {
        before: 1,
        source: HOSTILE.to_owned(),
    }];
    repair.clears = vec![CellId(1)];
    first.fix = Some(repair);
    let mut second = finding(&INVALID, span(&notebook, 1, "x"), "the `format` is old");
    second.level = Level::Note;
    second.at = Place::File {
        range: 2..9,
        cell: None,
    };
    let third = finding(
        &SECRET,
        span(&notebook, 1, &format!("x = 1\n# {HOSTILE}")),
        "many lines",
    );
    let crashes = vec![Crash {
        rule: "personal-path",
        message: HOSTILE.to_owned(),
    }];
    (notebook, vec![second, first, third], crashes)
}

const PATH: &str = "./a b,c:d%/é \"<x>&.ipynb";

#[test]
fn nothing_steers_the_reader() {
    let (notebook, findings, crashes) = hostile();
    let document = document(PATH, &notebook, &findings, &crashes);
    let totals = Totals::of(&document);

    let text = written(github, &document);
    assert_eq!(text.lines().count(), 4);
    assert!(text.lines().all(|line| line.starts_with("::")), "{text}");
    assert_snapshot!("github", text);

    let text = written(gitlab, &document);
    let issues: Vec<Value> = serde_json::from_str(&format!("[{text}]")).unwrap();
    assert_eq!(issues.len(), 4);

    let text = written(junit, &document);
    assert!(
        !text.contains("<script>") && !text.contains("]]>"),
        "{text}"
    );
    assert_snapshot!("junit", JUNIT_OPEN.to_owned() + &text + JUNIT_CLOSE);

    let text = written(markdown, &document);
    assert!(
        !text.contains("<script>") && !text.contains(" @you"),
        "{text}"
    );
    let all = markdown_open(&totals) + &text + &markdown_close(2);
    assert_snapshot!("markdown", all);

    let text = written(html, &document);
    assert!(!text.contains("<script>"), "{text}");
    assert_snapshot!("html", text);
    let page = html_open(&totals) + &text + &html_close("1.2.3");
    assert_eq!(page.matches("<script>").count(), 1);

    let text = written(sarif, &document);
    let all = SARIF_OPEN.to_owned() + &text + &sarif_close(&totals, "1.2.3", |_| None);
    let parsed: Value = serde_json::from_str(&all).unwrap();
    let results = parsed["runs"][0]["results"].as_array().unwrap();
    assert_eq!(results.len(), 3);
    let uri = &results[0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
    assert_eq!(uri, "a%20b%2Cc%3Ad%25/%C3%A9%20%22%3Cx%3E%26.ipynb");
    assert_eq!(
        parsed["runs"][0]["invocations"][0]["executionSuccessful"],
        false
    );
    assert_snapshot!("sarif", all);
}

/// The words that tell findings from each other, wherever they move to.
fn fingerprints(notebook: &Notebook, findings: &[Finding]) -> Vec<String> {
    let document = document("a.ipynb", notebook, findings, &[]);
    let text = written(sarif, &document);
    let results: Vec<Value> = serde_json::from_str(&format!("[{text}]")).unwrap();
    let print = |result: &Value| {
        let print = &result["partialFingerprints"]["nbfix/v1"];
        print.as_str().unwrap().to_owned()
    };
    results.iter().map(print).collect()
}

#[test]
fn fingerprints_move_with_their_cells() {
    let before = notebook(&["key = 'k'\nother = 'k'\n", "use(key)"]);
    let findings = |notebook: &Notebook, cell: usize| {
        let source = notebook.cells()[cell - 1].source.clone();
        let places = source.match_indices("'k'");
        let one = |(at, text): (usize, &str)| {
            let mut finding = finding(&SECRET, span(notebook, cell, "'k'"), "a key");
            if let Place::Cell(span) = &mut finding.at {
                span.range = nbfix_text::TextRange::new(at, at + text.len());
            }
            finding
        };
        places.map(one).collect::<Vec<_>>()
    };
    let first = fingerprints(&before, &findings(&before, 1));
    assert_ne!(first[0], first[1]);
    // The ids of the helper are those of positions, so this looks at a notebook without any.
    let plain = |cells: &[&str]| {
        let text = std::str::from_utf8(notebook(cells).bytes())
            .unwrap()
            .to_owned();
        let mut value: Value = serde_json::from_str(&text).unwrap();
        for cell in value["cells"].as_array_mut().unwrap() {
            cell.as_object_mut().unwrap().remove("id");
        }
        value["nbformat_minor"] = 4.into();
        Notebook::load(value.to_string().into_bytes()).unwrap()
    };
    let (old, new) = (
        plain(&["key = 'k'", "x"]),
        plain(&["new", "x", "key = 'k'"]),
    );
    let (old, new) = (
        fingerprints(&old, &findings(&old, 1)),
        fingerprints(&new, &findings(&new, 3)),
    );
    assert_eq!(old, new);
}

#[test]
fn totals_add_up() {
    let (notebook, findings, crashes) = hostile();
    let one = document("a.ipynb", &notebook, &findings, &crashes);
    let two = document("b.ipynb", &notebook, &findings[..1], &[]);
    let clean = document("c.ipynb", &notebook, &[], &[]);
    let mut totals = Totals::of(&one);
    totals.add(Totals::of(&two));
    totals.add(Totals::of(&clean));
    assert_eq!((totals.summary.files, totals.summary.affected), (3, 2));
    let rule = &totals.rules[INVALID.name];
    assert_eq!((rule.findings, rule.files), (2, 2));
    assert_eq!(totals.rules[SECRET.name].not_safe, 1);
    let paths: Vec<&str> = totals.files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(paths, ["a.ipynb", "b.ipynb"]);
    assert_eq!(totals.crashes.len(), 1);
}

#[test]
fn what_did_not_load_has_its_place_in_the_file() {
    let bytes = b"{\n \"cells\": [\n <<<<<<< HEAD\n";
    let notebook = notebook(&["x"]);
    let mut broken = finding(&INVALID, span(&notebook, 1, "x"), "no notebook");
    broken.at = Place::File {
        range: 15..16,
        cell: None,
    };
    let findings = [broken];
    let document = Document {
        path: "a.ipynb",
        notebook: None,
        bytes,
        findings: &findings,
        crashes: &[],
        secrets: nbfix_report::Detector::built_in(),
    };
    let text = written(github, &document);
    assert!(text.contains(",line=3,endLine=3,col=2,"), "{text}");
    let text = written(sarif, &document);
    let result: Value = serde_json::from_str(&text).unwrap();
    let location = &result["locations"][0];
    assert_eq!(location["physicalLocation"]["region"]["startLine"], 3);
    assert!(location["logicalLocations"].is_null());
    for format in [html as Format, markdown, junit, gitlab] {
        assert!(written(format, &document).contains("no notebook"));
    }
}
