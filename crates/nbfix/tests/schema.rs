//! The schema of pages says what pages are.
#![allow(clippy::unwrap_used, missing_docs)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use nbfix_lint::Page;
use serde_json::Value;

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

fn schema() -> Value {
    let text = fs::read_to_string(root().join("rules/page.schema.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn pages(folder: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join(folder)).unwrap();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|it| it == "toml"));
    paths.sort();
    paths
}

#[test]
fn it_is_printed() {
    let output = Command::new(env!("CARGO_BIN_EXE_nbfix"))
        .arg("schema")
        .output()
        .unwrap();
    assert_eq!(
        serde_json::from_slice::<Value>(&output.stdout).unwrap(),
        schema()
    );
}

#[test]
fn every_page_is_valid() {
    let schema = schema();
    let mut paths = [pages("rules"), pages("fixtures/user-rules")].concat();
    paths.push(root().join("crates/nbfix/src/commands/new_rule.toml"));
    for path in paths {
        let page: Value = toml::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        let mut wrong = Vec::new();
        check(&page, &schema, &schema, "", &mut wrong);
        assert!(wrong.is_empty(), "{}: {wrong:#?}", path.display());
    }
}

#[test]
fn mistakes_are_seen() {
    let schema = schema();
    let seen = [
        "unknown-key",
        "unknown-match-key",
        "missing-summary",
        "unknown-group",
        "two-matchers",
        "no-matcher",
        "before-and-clean",
        "wrong-type",
        "unknown-cell-place",
        "edit-in-two-ways",
        "missing-title",
    ];
    for name in seen {
        let path = root().join(format!("fixtures/bad-pages/{name}.toml"));
        let page: Value = toml::from_str(&fs::read_to_string(path).unwrap()).unwrap();
        let mut wrong = Vec::new();
        check(&page, &schema, &schema, "", &mut wrong);
        assert!(!wrong.is_empty(), "{name}");
    }
}

/// What the code reads and what the schema names are the same keys: asked for a key that is not there, the code
/// lists all that are.
#[test]
fn it_has_the_keys_that_pages_have() {
    let page = include_str!("../src/commands/new_rule.toml");
    let schema = schema();
    let tables = [
        ("[match]", "match"),
        ("[match.where.x]", "condition"),
        ("[match.text]", "text"),
        ("[match.output]", "output"),
        ("[fix]", "fix"),
        ("[[fix.edits]]", "edit"),
        ("[fix.cell]", "cell"),
        ("[[example]]", "example"),
    ];
    let mut cases = vec![(format!("unheard = 1\n{page}"), &schema["properties"])];
    for (header, definition) in tables {
        let text = match page.contains(header) {
            true => page.replacen(header, &format!("{header}\nunheard = 1"), 1),
            false => format!("{page}\n{header}\nunheard = 1\n"),
        };
        cases.push((text, &schema["definitions"][definition]["properties"]));
    }
    for (text, properties) in cases {
        let error = Page::parse(&text).map(|_| ()).unwrap_err().to_string();
        let (_, list) = error
            .split_once("expected")
            .unwrap_or_else(|| panic!("{error}"));
        let mut keys: Vec<&str> = list.split('`').skip(1).step_by(2).collect();
        keys.sort_unstable();
        let mut named: Vec<&str> = properties
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        named.sort_unstable();
        assert_eq!(named, keys);
    }
    let within = schema["definitions"]["matcher"]["properties"]
        .as_object()
        .unwrap();
    let own = schema["definitions"]["match"]["properties"]
        .as_object()
        .unwrap();
    let more: Vec<&String> = own
        .keys()
        .filter(|key| !within.contains_key(*key))
        .collect();
    assert_eq!(more, ["at", "check"]);
}

/// As much of JSON schema as this schema uses.
fn check(value: &Value, schema: &Value, whole: &Value, at: &str, wrong: &mut Vec<String>) {
    if let Some(name) = schema["$ref"].as_str() {
        let definition = whole.pointer(name.trim_start_matches('#')).unwrap();
        return check(value, definition, whole, at, wrong);
    }
    let matching = |alternatives: &Value| {
        let holds = |schema: &&Value| {
            let mut wrong = Vec::new();
            check(value, schema, whole, at, &mut wrong);
            wrong.is_empty()
        };
        alternatives
            .as_array()
            .unwrap()
            .iter()
            .filter(holds)
            .count()
    };
    if !schema["anyOf"].is_null() && matching(&schema["anyOf"]) == 0 {
        wrong.push(format!("{at}: none of the forms"));
    }
    if !schema["oneOf"].is_null() && matching(&schema["oneOf"]) != 1 {
        wrong.push(format!("{at}: not one of the forms"));
    }
    let is = match schema["type"].as_str() {
        Some("string") => value.is_string(),
        Some("boolean") => value.is_boolean(),
        Some("array") => value.is_array(),
        Some("object") => value.is_object(),
        None => true,
        Some(other) => panic!("the type {other}"),
    };
    if !is {
        return wrong.push(format!("{at}: not of the type {}", schema["type"]));
    }
    if schema["enum"]
        .as_array()
        .is_some_and(|words| !words.contains(value))
    {
        wrong.push(format!("{at}: {value} is not among {}", schema["enum"]));
    }
    for key in schema["required"].as_array().into_iter().flatten() {
        if value.get(key.as_str().unwrap()).is_none() {
            wrong.push(format!("{at}: {key} is missing"));
        }
    }
    for (key, inner) in value.as_object().into_iter().flatten() {
        let at = format!("{at}/{key}");
        match (
            schema["properties"].get(key),
            &schema["additionalProperties"],
        ) {
            (Some(schema), _) => check(inner, schema, whole, &at, wrong),
            (None, Value::Bool(false)) => wrong.push(format!("{at}: there is no such key")),
            (None, Value::Object(_)) => {
                check(inner, &schema["additionalProperties"], whole, &at, wrong)
            }
            (None, _) => {}
        }
    }
    for (index, inner) in value.as_array().into_iter().flatten().enumerate() {
        if schema["items"].is_object() {
            check(
                inner,
                &schema["items"],
                whole,
                &format!("{at}/{index}"),
                wrong,
            );
        }
    }
    let least = schema["minItems"].as_u64().unwrap_or(0);
    if value
        .as_array()
        .is_some_and(|items| (items.len() as u64) < least)
    {
        wrong.push(format!("{at}: fewer than {least}"));
    }
}
