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
            assert!(
                nbfix_rules::find(rule).is_some(),
                "there is no rule `{rule}`"
            );
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
        fs::write(
            project.join("function_app.py"),
            format!("{first}{head}{body}"),
        )
        .unwrap();
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
            wrong.push(format!(
                "{}\n  real: {real:?}\n  ours: {error}",
                path.display()
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_table_of_decorators_is_what_the_libraries_say() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/functions/table.py");
    let output = Command::new(python()).arg(script).output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
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
        assert_eq!(
            ours["required"].as_integer(),
            real["required"].as_i64(),
            "{name}"
        );
        let open = ours.get("open").and_then(toml::Value::as_bool);
        assert_eq!(
            open.unwrap_or(false),
            real["open"].as_bool().unwrap(),
            "{name}"
        );
    }
}

const RULES: &str = "undecorated-function,missing-app,second-app,hidden-import-failure,unregistered-blueprint,\
                     unimported-functions,duplicate-function,binding-annotation,binding-name,bare-decorator,\
                     auth-level-case,async-orchestrator,one-trigger,failing-import";

/// A copy of a folder, below another.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}

/// The functions that a project's author meant, as the first line of the fixture says.
fn meant(project: &Path) -> Option<Vec<String>> {
    let text = fs::read_to_string(project.join("function_app.py")).unwrap();
    let line = text.lines().next()?.strip_prefix("# Meant: ")?;
    Some(line.split(' ').map(str::to_owned).collect())
}

fn fix(folder: &Path, more: &[&str]) {
    let output = Command::new(env!("CARGO_BIN_EXE_nbfix"))
        .args(["fix", "--no-journal", "--unsafe", "--select", RULES])
        .args(more)
        .arg(".")
        .current_dir(folder)
        .output()
        .unwrap();
    assert_ne!(
        output.status.code(),
        Some(2),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

fn mended_functions(folders: &[PathBuf]) {
    let mut wrong = Vec::new();
    for (path, real) in worker(folders) {
        let mut names: Vec<String> = real
            .functions
            .iter()
            .map(|(name, _)| name.clone())
            .collect();
        names.sort();
        let mut wanted = meant(&path).unwrap();
        wanted.sort();
        if real.error.is_some() || names != wanted {
            wrong.push(format!(
                "{}\n  wanted: {wanted:?}\n  real: {real:?}",
                path.display()
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn mended_shapes_have_the_functions_that_their_authors_meant() {
    let root = tempfile::tempdir().unwrap();
    let root = root.path().canonicalize().unwrap();
    let mut copies = Vec::new();
    for shape in folders(&fixtures().join("shapes")) {
        if meant(&shape).is_some() {
            let to = root.join(shape.file_name().unwrap());
            copy(&shape, &to);
            copies.push(to);
        }
    }
    assert!(copies.len() >= 15);
    fix(&root, &["--isolated"]);
    mended_functions(&copies);
}

/// The files of a project that matter, with their paths below it.
fn files(project: &Path, folder: &Path, found: &mut Vec<(String, String)>) {
    for path in folders(folder) {
        if path.is_dir() {
            files(project, &path, found);
            continue;
        }
        let name = path
            .strip_prefix(project)
            .unwrap()
            .to_str()
            .unwrap()
            .replace('\\', "/");
        if name.ends_with(".py") || name == "host.json" {
            found.push((name, fs::read_to_string(&path).unwrap()));
        }
    }
}

#[test]
fn a_notebook_that_writes_a_shape_is_the_same_as_the_shape() {
    let folders = folders(&fixtures().join("shapes"));
    let real = worker(&folders);
    let root = tempfile::tempdir().unwrap();
    let mut wrong = Vec::new();
    for (path, real) in &real {
        let mut all = Vec::new();
        files(path, path, &mut all);
        let cells: Vec<Value> = all
            .iter()
            .map(|(name, text)| {
                serde_json::json!({"cell_type": "code", "execution_count": null, "metadata": {}, "outputs": [],
                                   "source": format!("%%writefile {name}\n{text}")})
            })
            .collect();
        let notebook =
            serde_json::json!({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 4});
        let file = root.path().join("app.ipynb");
        fs::write(&file, notebook.to_string()).unwrap();
        let ours = ours(&file).into_values().next().unwrap();
        let ours = answer(&ours);
        if ours != (real.functions.clone(), real.error.clone()) {
            wrong.push(format!(
                "{}\n  real: {real:?}\n  ours: {ours:?}",
                path.display()
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The examples of the pages that write a whole project: mended or clean, the worker takes them.
#[test]
fn the_projects_of_the_pages_are_taken_by_the_worker() {
    let root = tempfile::tempdir().unwrap();
    let root = root.path().canonicalize().unwrap();
    let mut projects = Vec::new();
    for rule in RULES.split(',') {
        let page = nbfix_lint::Page::parse(nbfix_rules::find(rule.trim()).unwrap().page).unwrap();
        for (index, example) in page.examples.iter().enumerate() {
            let text = example.after.as_ref().or(example.clean.as_ref());
            let Some(text) = text.filter(|text| text.contains("%%writefile host.json")) else {
                continue;
            };
            let project = root.join(format!("{}-{index}", rule.trim()));
            for cell in nbfix_rules::example_cells(text) {
                let name = cell.lines[0].strip_prefix("%%writefile ").unwrap();
                let file = project.join(name);
                fs::create_dir_all(file.parent().unwrap()).unwrap();
                fs::write(file, cell.lines[1..].join("\n") + "\n").unwrap();
            }
            projects.push(project);
        }
    }
    assert!(projects.len() >= 6);
    for (path, real) in worker(&projects) {
        let told = format!("{}: {real:?}", path.display());
        // What another library would bring is not installed here.
        if !real.message.contains("flask") {
            assert!(real.error.is_none() && !real.functions.is_empty(), "{told}");
        }
    }
}

#[test]
fn every_style_registers_what_stands_elsewhere() {
    let root = tempfile::tempdir().unwrap();
    let root = root.path().canonicalize().unwrap();
    let mut copies = Vec::new();
    for style in ["decorator", "wrapper", "blueprint"] {
        let project = root.join(style);
        copy(&fixtures().join("shapes/undecorated-elsewhere"), &project);
        let text = format!("[functions]\nstyle = \"{style}\"\n");
        fs::write(project.join("nbfix.toml"), text).unwrap();
        fix(&project, &[]);
        copies.push(project);
    }
    mended_functions(&copies);
    let read = |path: &str| fs::read_to_string(root.join(path)).unwrap();
    assert!(read("wrapper/function_app.py").contains("return await implementation(req)"));
    assert!(read("blueprint/pages.py").contains("@bp.route(route=\"slow\")\nasync def slow"));
    assert!(read("blueprint/function_app.py").contains("app.register_functions(jobs_bp)"));
}
