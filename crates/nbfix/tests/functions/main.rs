//! What `nbfix functions` says is what the Functions worker does: every shape is indexed by the real libraries and the
//! real worker, too.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod real;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use real::{Indexed, fixtures, folders, python, worker};
use serde_json::Value;

/// What `nbfix functions` says of each project below a folder, by path.
fn ours(folder: &Path) -> BTreeMap<PathBuf, Value> {
    let output = Command::new(env!("CARGO_BIN_EXE_nbfix"))
        .args(["functions", "--output-format", "json"])
        .arg(folder)
        .output()
        .unwrap();
    let all: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    let by_path = |it: Value| (PathBuf::from(it["project"].as_str().unwrap()), it);
    all.into_iter().map(by_path).collect()
}

/// Name and trigger of each function, and the class of the exception.
fn answer(project: &Value) -> (Vec<(String, String)>, Option<String>) {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let functions = project["functions"].as_array().unwrap();
    let functions = functions
        .iter()
        .map(|it| (text(&it["name"]), text(&it["trigger"])))
        .collect();
    let class = project["error"]["message"]
        .as_str()
        .filter(|message| !message.starts_with("0 functions"))
        .map(|message| message.split([':', ' ']).next().unwrap().to_owned());
    (functions, class)
}

fn differences(real: &BTreeMap<PathBuf, Indexed>, ours: &BTreeMap<PathBuf, Value>) -> Vec<String> {
    let differs = |(path, real): (&PathBuf, &Indexed)| {
        let ours = ours.get(path).map(answer).unwrap_or_default();
        (ours != (real.functions.clone(), real.error.clone())).then(|| {
            let real = (&real.functions, &real.error, &real.message);
            format!("{}\n  real: {real:?}\n  ours: {ours:?}", path.display())
        })
    };
    real.iter().filter_map(differs).collect()
}

#[test]
fn every_shape_is_indexed_as_the_worker_indexes_it() {
    let shapes = fixtures().join("shapes");
    let folders = folders(&shapes);
    assert!(folders.len() >= 60);
    let wrong = differences(&worker(&folders), &ours(&shapes));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn an_empty_index_is_always_explained() {
    for (path, project) in ours(&fixtures().join("shapes")) {
        let empty = project["functions"].as_array().unwrap().is_empty();
        assert_eq!(empty, !project["error"].is_null(), "{}", path.display());
        if empty {
            let rule = project["error"]["rule"].as_str().unwrap();
            assert!(nbfix_rules::find(rule).is_some(), "there is no rule `{rule}`");
        }
    }
}

/// Each annotation under each trigger is an app of its own, made of the head and one section of the fixture.
#[test]
fn annotations_are_judged_as_the_worker_judges_them() {
    let folder = fixtures().join("annotations");
    let head = fs::read_to_string(folder.join("head.py")).unwrap();
    let text = fs::read_to_string(folder.join("functions.py")).unwrap();
    let root = tempfile::tempdir().unwrap();
    let root = root.path().canonicalize().unwrap();
    for section in text.split("# shape: ").skip(1) {
        let (name, body) = section.split_once('\n').unwrap();
        let project = root.join(name);
        fs::create_dir_all(&project).unwrap();
        fs::write(project.join("host.json"), "{}").unwrap();
        let first = match name {
            "future" => "from __future__ import annotations\n\n",
            _ => "",
        };
        fs::write(project.join("function_app.py"), format!("{first}{head}{body}")).unwrap();
    }
    let folders = folders(&root);
    assert!(folders.len() >= 300);
    let (real, ours) = (worker(&folders), ours(&root));
    let mut wrong = Vec::new();
    for (path, real) in &real {
        let error = &ours[path]["error"];
        let names = ["parameters are declared", "Extra parameters"];
        let message = &real.message;
        let wanted = real.error.as_ref().map(|_| {
            if names.iter().any(|name| message.contains(name)) {
                "binding-name"
            } else {
                "binding-annotation"
            }
        });
        if error["rule"].as_str() != wanted {
            wrong.push(format!("{}\n  real: {real:?}\n  ours: {error}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_table_of_decorators_is_what_the_libraries_say() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/functions/table.py");
    let output = Command::new(python()).arg(script).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let real: BTreeMap<String, Value> = serde_json::from_slice(&output.stdout).unwrap();
    let table = fixtures().join("../../rules/data/decorators.toml");
    let table: toml::Table = toml::from_str(&fs::read_to_string(table).unwrap()).unwrap();
    let names: Vec<&String> = table.keys().collect();
    assert_eq!(names, real.keys().collect::<Vec<_>>());
    for (name, real) in &real {
        let ours = &table[name];
        for key in ["kind", "type", "by"] {
            let text = ours.get(key).and_then(toml::Value::as_str);
            // What `mcp_tool` binds is told by the function itself.
            if name != "mcp_tool" || key == "kind" {
                assert_eq!(text.unwrap_or_default(), real[key], "{name}: {key}");
            }
        }
        let parameters: Vec<&str> = ours["parameters"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(toml::Value::as_str)
            .collect();
        assert_eq!(Value::from(parameters), real["parameters"], "{name}");
        assert_eq!(ours["required"].as_integer(), real["required"].as_i64(), "{name}");
        let open = ours.get("open").and_then(toml::Value::as_bool);
        assert_eq!(open.unwrap_or(false), real["open"].as_bool().unwrap(), "{name}");
    }
}
