//! The formats of `nbfix check`, on the fixtures: every place points at the offending text, in the file and in the cell.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use insta::assert_snapshot;
use serde_json::Value;
use tempfile::TempDir;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures")
}

/// What goes to stdout and stderr, and the exit code.
fn run(line: &str) -> (String, String, Option<i32>) {
    let output = Command::new(env!("CARGO_BIN_EXE_nbfix"))
        .args(["check", "--isolated"])
        .args(line.split_whitespace())
        .current_dir(fixtures())
        .env("NO_COLOR", "1")
        .output()
        .unwrap();
    (
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap(),
        output.status.code(),
    )
}

/// Stdout, with a word in place of the version.
fn out(line: &str) -> String {
    let version = concat!("nbfix ", env!("CARGO_PKG_VERSION"));
    let quoted = concat!("\"semanticVersion\":\"", env!("CARGO_PKG_VERSION"));
    run(line)
        .0
        .replace(version, "nbfix VERSION")
        .replace(quoted, "\"semanticVersion\":\"VERSION")
}

fn parsed(line: &str) -> Value {
    serde_json::from_str(&run(line).0).unwrap()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn number(value: &Value) -> usize {
    usize::try_from(value.as_u64().unwrap()).unwrap()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

/// The byte of a line and column, both from 1, columns in characters; a byte order mark is no character.
fn byte_at(file: &[u8], line: usize, column: usize) -> usize {
    let bom = if file.starts_with(b"\xef\xbb\xbf") {
        3
    } else {
        0
    };
    let lines = file[bom..].split_inclusive(|byte| *byte == b'\n');
    let start: usize = bom + lines.take(line - 1).map(<[u8]>::len).sum::<usize>();
    let rest = String::from_utf8_lossy(&file[start..]);
    let before: usize = rest.chars().take(column - 1).map(char::len_utf8).sum();
    start + before
}

/// The bytes of a region, found by line and column; the bytes that it names are the same.
fn region(file: &[u8], region: &Value) -> std::ops::Range<usize> {
    let at =
        |line: &str, column: &str| byte_at(file, number(&region[line]), number(&region[column]));
    let range = at("startLine", "startColumn")..at("endLine", "endColumn");
    let start = number(&region["byteOffset"]);
    assert_eq!(
        range,
        start..start + number(&region["byteLength"]),
        "{region}"
    );
    range
}

/// What stands in a stretch of a notebook's file that begins and ends within strings of one source.
fn said(raw: &str) -> String {
    let mut inside = true;
    let mut literal = String::from("\"");
    let mut chars = raw.chars();
    while let Some(char) = chars.next() {
        match (char, inside) {
            ('"', _) => inside = !inside,
            ('\\', true) => {
                literal.push(char);
                literal.extend(chars.next());
            }
            (char, true) => literal.push(char),
            _ => {}
        }
    }
    literal.push('"');
    serde_json::from_str(&literal).unwrap_or_else(|error| panic!("{error}: {raw}"))
}

/// The sources of the cells; `None` if this reader cannot read the file.
fn sources(file: &[u8]) -> Option<Vec<String>> {
    let file = file.strip_prefix(b"\xef\xbb\xbf").unwrap_or(file);
    let notebook: Value = serde_json::from_slice(file).ok()?;
    let cells = notebook["cells"].as_array()?.iter();
    let source = |cell: &Value| match &cell["source"] {
        Value::String(text) => text.clone(),
        lines => list(lines).iter().map(text).collect(),
    };
    Some(cells.map(source).collect())
}

/// The text of a cell from one place to another.
fn in_cell(source: &str, place: &Value) -> String {
    let at = |line: &str, column: &str| {
        byte_at(
            source.as_bytes(),
            number(&place[line]),
            number(&place[column]),
        )
    };
    source[at("startLine", "startColumn")..at("endLine", "endColumn")].to_owned()
}

#[test]
fn every_region_shows_the_offending_text() {
    let sarif = parsed("cloud odd names --select ALL --output-format sarif");
    let mut read: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    let (mut compared, mut all) = (0, 0);
    for result in list(&sarif["runs"][0]["results"]) {
        let related = list(&result["relatedLocations"]).iter();
        for location in list(&result["locations"]).iter().chain(related) {
            let physical = &location["physicalLocation"];
            let path = text(&physical["artifactLocation"]["uri"]);
            let file = read
                .entry(path.to_owned())
                .or_insert_with(|| fs::read(fixtures().join(path)).unwrap());
            let range = region(file, &physical["region"]);
            all += 1;
            let place = &location["logicalLocations"][0]["properties"];
            let (Some(sources), Some(_)) = (sources(file), place["startLine"].as_u64()) else {
                continue;
            };
            let source = &sources[number(&place["cell"]) - 1];
            let raw = std::str::from_utf8(&file[range]).unwrap();
            assert_eq!(said(raw), in_cell(source, place), "{path}: {result}");
            compared += 1;
        }
    }
    assert!(compared > 150, "{compared} of {all}");
}

#[test]
fn the_fixes_are_those_of_the_other_formats() {
    let sarif = parsed("cloud --select ALL --output-format sarif");
    let json = parsed("cloud --select ALL --output-format json");
    let results = list(&sarif["runs"][0]["results"]);
    assert_eq!(results.len(), list(&json).len());
    let (mut fixes, mut shared) = (0, 0);
    for (result, finding) in results.iter().zip(list(&json)) {
        assert_eq!(result["ruleId"], finding["rule"]);
        // What mends several findings stands at the first of them.
        let first = match result["properties"]["fixedBy"].as_str() {
            None => result,
            Some(print) => {
                let uri = |it: &Value| {
                    it["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].clone()
                };
                let is_first = |it: &&Value| {
                    it["partialFingerprints"]["nbfix/v1"] == print && uri(it) == uri(result)
                };
                shared += 1;
                results.iter().find(is_first).unwrap()
            }
        };
        let fix = &first["fixes"][0];
        // A fix of a project may change other files only.
        let is_elsewhere = finding["fix"].is_null() || list(&finding["fix"]["edits"]).is_empty();
        assert_eq!(fix.is_null(), is_elsewhere, "{finding}");
        if fix.is_null() {
            continue;
        }
        fixes += 1;
        assert_eq!(fix["properties"]["safety"], finding["fix"]["safety"]);
        let change = &fix["artifactChanges"][0];
        let path = text(&change["artifactLocation"]["uri"]);
        let file = fs::read(fixtures().join(path)).unwrap();
        let (mut one, mut other) = (file.clone(), file.clone());
        for replacement in list(&change["replacements"]).iter().rev() {
            let range = region(&file, &replacement["deletedRegion"]);
            one.splice(range, text(&replacement["insertedContent"]["text"]).bytes());
        }
        for edit in list(&finding["fix"]["edits"]).iter().rev() {
            let range = number(&edit["start"])..number(&edit["end"]);
            other.splice(range, text(&edit["text"]).bytes());
        }
        assert_eq!(one, other, "{finding}");
        assert_ne!(one, file);
    }
    assert!(fixes > 30 && shared > 10, "{fixes}, {shared}");
}

#[test]
fn the_other_formats_name_the_same_lines() {
    let line = "cloud odd --select ALL --output-format";
    let json = parsed(&format!("{line} json"));
    let gitlab = parsed(&format!("{line} gitlab"));
    let jsonl = run(&format!("{line} jsonl")).0;
    let github = run(&format!("{line} github")).0;
    let github: Vec<&str> = github
        .lines()
        .filter(|line| line.starts_with("::"))
        .collect();
    let jsonl: Vec<Value> = jsonl
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(list(&json), jsonl);
    assert_eq!(github.len(), jsonl.len());
    assert_eq!(list(&gitlab).len(), jsonl.len());
    for ((finding, issue), annotation) in list(&json).iter().zip(list(&gitlab)).zip(github) {
        let (start, end) = (&finding["physical"]["start"], &finding["physical"]["end"]);
        if start.is_null() {
            continue;
        }
        assert_eq!(&issue["location"]["positions"]["begin"], start);
        assert_eq!(&issue["location"]["positions"]["end"], end);
        assert_eq!(issue["location"]["path"], finding["path"]);
        let place = format!(
            ",line={},endLine={},col={}",
            start["line"], end["line"], start["column"]
        );
        assert!(annotation.contains(&place), "{annotation}: {place}");
        if let (Some(cell), Some(at)) = (finding["cell"].as_u64(), finding["start"].as_object()) {
            let words = format!(
                "cell {cell}, line {}, column {}: ",
                at["line"], at["column"]
            );
            if !text(&finding["path"]).ends_with(".py") {
                assert!(annotation.contains(&words), "{annotation}");
                assert!(text(&issue["description"]).starts_with(&words), "{issue}");
            }
        }
    }
}

/// What the formats' own documentation asks for. `NBFIX_SCHEMAS` has the schemas themselves tried.
#[test]
fn the_forms_are_kept() {
    let sarif = parsed("cloud odd --select ALL --output-format sarif");
    assert_eq!(sarif["version"], "2.1.0");
    let run_ = &sarif["runs"][0];
    assert_eq!(run_["columnKind"], "unicodeCodePoints");
    assert_eq!(run_["tool"]["driver"]["name"], "nbfix");
    let rules = list(&run_["tool"]["driver"]["rules"]).iter();
    let rules: HashSet<&str> = rules.map(|rule| text(&rule["id"])).collect();
    let mut prints = HashSet::new();
    for result in list(&run_["results"]) {
        assert!(rules.contains(text(&result["ruleId"])), "{result}");
        assert!(["error", "warning", "note"].contains(&text(&result["level"])));
        assert!(!text(&result["message"]["text"]).is_empty());
        let uri = text(&result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]);
        let print = text(&result["partialFingerprints"]["nbfix/v1"]);
        assert!(
            prints.insert((uri.to_owned(), print.to_owned())),
            "{result}"
        );
    }

    let gitlab = parsed("cloud odd --select ALL --output-format gitlab");
    let mut prints = HashSet::new();
    for issue in list(&gitlab) {
        let keys: Vec<&str> = issue
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        assert_eq!(
            keys,
            [
                "check_name",
                "description",
                "fingerprint",
                "location",
                "severity"
            ]
        );
        assert!(
            prints.insert(text(&issue["fingerprint"]).to_owned()),
            "{issue}"
        );
        let severities = ["info", "minor", "major", "critical", "blocker"];
        assert!(severities.contains(&text(&issue["severity"])));
        assert!(!text(&issue["location"]["path"]).starts_with("./"));
    }

    let junit = run("cloud odd --select ALL --output-format junit").0;
    let count = |text: &str, word: &str| text.matches(word).count();
    for suite in junit.split("<testsuite ").skip(1) {
        let said = |name: &str| {
            let rest = suite.split(&format!(" {name}=\"")).nth(1).unwrap();
            rest.split('"').next().unwrap().parse::<usize>().unwrap()
        };
        assert_eq!(said("tests"), count(suite, "<testcase "));
        assert_eq!(said("failures"), count(suite, "<failure "));
        assert_eq!(said("skipped"), count(suite, "<skipped "));
        assert_eq!(said("errors"), count(suite, "<error "));
    }
    assert!(
        junit
            .chars()
            .all(|char| matches!(char, '\n' | '\t' | ' '..))
    );

    if let Ok(folder) = std::env::var("NBFIX_SCHEMAS") {
        against_the_schemas(Path::new(&folder));
    }
}

/// A folder with `sarif.json` (the OASIS schema), `junit.xsd`, and a Python at `python` that has `jsonschema` and `lxml`.
fn against_the_schemas(folder: &Path) {
    let validate = "\
import json, sys
import jsonschema
from lxml import etree
folder, sarif, junit = sys.argv[1:]
schema = json.load(open(folder + '/sarif.json'))
validator = jsonschema.validators.validator_for(schema)
wrong = [f'{list(e.path)}: {e.message}' for e in validator(schema).iter_errors(json.load(open(sarif)))]
xsd = etree.XMLSchema(etree.parse(folder + '/junit.xsd'))
xsd.validate(etree.parse(junit))
wrong += [str(e) for e in xsd.error_log]
sys.exit('\\n'.join(wrong[:9]) or 0)
";
    let reports = TempDir::new().unwrap();
    let (sarif, junit) = (reports.path().join("o.sarif"), reports.path().join("o.xml"));
    let line = format!(
        "cloud odd names --select ALL -q --output sarif={} --output junit={}",
        sarif.display(),
        junit.display()
    );
    run(&line);
    let output = Command::new(folder.join("python"))
        .args(["-c", validate])
        .args([folder, &sarif, &junit])
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn what_is_told_of_the_cloud() {
    for format in ["github", "gitlab", "junit", "markdown"] {
        assert_snapshot!(format, out(&format!("cloud --output-format {format}")));
    }
}

/// Of these the whole folder would be a megabyte.
#[test]
fn what_is_told_of_a_quickstart_and_an_app() {
    for format in ["sarif", "html", "jsonl"] {
        let line = format!("cloud/quickstart.ipynb cloud/functions --output-format {format}");
        assert_snapshot!(format, out(&line));
    }
}

#[test]
fn nothing_found_is_a_report_too() {
    for (format, expected) in [
        ("json", "[]\n"),
        ("gitlab", "[]\n"),
        ("jsonl", ""),
        ("markdown", "### nbfix\n\nFound nothing in 1 file.\n\n"),
    ] {
        let (told, _, code) = run(&format!("cloud/clean.ipynb --output-format {format}"));
        assert_eq!((told.as_str(), code), (expected, Some(0)), "{format}");
    }
    let sarif = parsed("cloud/clean.ipynb --output-format sarif");
    assert_eq!(sarif["runs"][0]["results"], Value::Array(Vec::new()));
    let html = run("cloud/clean.ipynb --output-format html").0;
    assert!(html.contains("Found nothing in 1 file.") && html.ends_with("</html>\n"));
    let junit = run("cloud/clean.ipynb --output-format junit").0;
    assert!(junit.contains("tests=\"1\" failures=\"0\""), "{junit}");
}

#[test]
fn several_at_once_are_what_each_is_alone() {
    let formats = [
        "full", "concise", "json", "jsonl", "github", "gitlab", "sarif", "junit", "markdown",
        "html",
    ];
    let folder = TempDir::new().unwrap();
    let at = |format: &str| folder.path().join(format);
    // What stands there already is replaced.
    fs::write(at("html"), "old").unwrap();
    let outputs = formats.map(|format| format!("--output {format}={}", at(format).display()));
    let (told, _, code) = run(&format!("cloud odd --select ALL {}", outputs.join(" ")));
    assert_eq!(code, Some(1));
    assert_eq!(told, run("cloud odd --select ALL").0);
    for format in formats {
        let alone = run(&format!(
            "cloud odd --select ALL -q --output-format {format}"
        ))
        .0;
        let file = fs::read_to_string(at(format)).unwrap();
        assert!(file == alone, "{format}");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), formats.len());
}

#[test]
fn what_cannot_be_written_is_told_before_anything_else() {
    for (output, why) in [
        (
            "sarif=no/such/folder/o.sarif",
            "no/such/folder/o.sarif cannot be written",
        ),
        ("serif=o.sarif", "there is no format `serif`"),
        ("o.sarif", "a format and a file are needed"),
        ("sarif=", "names no file"),
    ] {
        let (told, error, code) = run(&format!("cloud --output {output}"));
        assert_eq!((told.as_str(), code), ("", Some(2)));
        assert!(error.contains(why), "{error}");
    }
}

#[test]
fn the_page_needs_no_network() {
    let html = run("cloud odd --select ALL --output-format html").0;
    for attribute in ["src=", "href=\"http", "url(", "@import", "<link"] {
        let head_and_tags = html.split('<').filter(|tag| !tag.starts_with("span"));
        let found = head_and_tags.filter_map(|tag| tag.split('>').next());
        assert!(
            !found.into_iter().any(|tag| tag.contains(attribute)),
            "{attribute}"
        );
    }
    assert!(html.contains("default-src 'none'"));
    let html = html.split("<script>").next().unwrap();
    let ids: Vec<&str> = html
        .split(" id=\"")
        .skip(1)
        .filter_map(|it| it.split('"').next())
        .collect();
    let unique: HashSet<&&str> = ids.iter().collect();
    assert_eq!(ids.len(), unique.len());
    // Every link leads somewhere.
    for link in html
        .split("href=\"#")
        .skip(1)
        .filter_map(|it| it.split('"').next())
    {
        assert!(unique.contains(&link), "{link}");
    }
}
