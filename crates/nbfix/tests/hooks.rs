//! The hooks that pre-commit finds in `.pre-commit-hooks.yaml`, run by pre-commit itself in a scratch repository; and what
//! else tells other programs how to run nbfix, held against their schemas.
//!
//! What pre-commit would build is the program that is tested here: `hooks.sh` has it build nbfix.

#![allow(clippy::unwrap_used)]

#[path = "common/environment.rs"]
mod environment;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};
use tempfile::TempDir;

fn programs() -> PathBuf {
    environment::programs("hooks", &["pre-commit==4.7.0", "check-jsonschema==0.39.0"])
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A scratch repository whose hooks are those of ours, with the program that is there.
struct Scratch(TempDir);

impl Scratch {
    fn new(ids: &[&str]) -> Self {
        let scratch = Self(TempDir::new().unwrap());
        let hooks = fs::read_to_string(root().join(".pre-commit-hooks.yaml")).unwrap();
        let mut config = "repos:\n- repo: local\n  hooks:\n".to_owned();
        let mut wanted = false;
        for line in hooks.lines().filter(|line| !line.starts_with('#')) {
            if let Some(id) = line.strip_prefix("- id: ") {
                wanted = ids.contains(&id);
            }
            if !wanted {
                continue;
            }
            let bin = env!("CARGO_BIN_EXE_nbfix");
            let line = match line.trim().split_once(": ") {
                Some(("language", _)) => "  language: system".to_owned(),
                Some(("entry", entry)) => {
                    let (program, rest) = entry.split_once(' ').unwrap();
                    assert!(["nbfix", "nbfix-hook"].contains(&program), "{entry}");
                    format!("  entry: {bin} {rest}")
                }
                _ => line.to_owned(),
            };
            config.push_str(&format!("  {line}\n"));
        }
        fs::create_dir(scratch.path("project")).unwrap();
        scratch.write(".pre-commit-config.yaml", &config);
        scratch.ok("git", &["init", "--quiet"]);
        let pre_commit = programs().join("pre-commit");
        scratch.ok(&pre_commit.display().to_string(), &["install"]);
        scratch
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path("project").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn run(&self, program: &str, arguments: &[&str]) -> Output {
        Command::new(program)
            .args(arguments)
            .current_dir(self.path("project"))
            .env("PRE_COMMIT_HOME", self.path("cache"))
            .env("NBFIX_STATE_DIR", self.path("state"))
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .envs([("GIT_AUTHOR_NAME", "a"), ("GIT_COMMITTER_NAME", "a")])
            .envs([("GIT_AUTHOR_EMAIL", "a@a.invalid")])
            .envs([("GIT_COMMITTER_EMAIL", "a@a.invalid")])
            // Of whoever runs the tests from a hook.
            .env_remove("GIT_DIR")
            .env_remove("GIT_INDEX_FILE")
            .env_remove("GIT_WORK_TREE")
            .output()
            .unwrap()
    }

    fn ok(&self, program: &str, arguments: &[&str]) -> String {
        let output = self.run(program, arguments);
        assert!(output.status.success(), "{program}: {}", told(&output));
        told(&output)
    }

    /// Tries to commit all; says whether it could, and what was told.
    fn commit(&self) -> (bool, String) {
        self.ok("git", &["add", "."]);
        let output = self.run("git", &["commit", "-m", "A change"]);
        (output.status.success(), told(&output))
    }
}

fn told(output: &Output) -> String {
    let out = String::from_utf8_lossy(&output.stdout);
    format!("{out}{}", String::from_utf8_lossy(&output.stderr))
}

fn notebook(cells: &[&str]) -> String {
    let cell = |source: &&str| {
        let lines: Vec<&str> = source.split_inclusive('\n').collect();
        json!({"cell_type": "code", "execution_count": null, "metadata": {}, "outputs": [], "source": lines})
    };
    let cells: Vec<Value> = cells.iter().map(cell).collect();
    let notebook = json!({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 4});
    serde_json::to_string_pretty(&notebook).unwrap() + "\n"
}

const FLAGGED: &str = "import asyncio\nasyncio.run(main())";
const APP: &str = "import azure.functions as func\napp = func.FunctionApp(http_auth_level=\"anonymous\")\n\n\
     @app.route(route=\"hi\")\ndef hi(req: func.HttpRequest) -> func.HttpResponse:\n    \
     return func.HttpResponse(\"hi\")\n";

#[test]
fn a_commit_with_a_finding_is_stopped() {
    for ids in [["nbfix-check"], ["nbfix-check-wheel"]] {
        let scratch = Scratch::new(&ids);
        scratch.write("demo.ipynb", &notebook(&["x = 1"]));
        scratch.write("other.py", "import asyncio\n");
        let (done, told) = scratch.commit();
        assert!(done, "{told}");
        assert!(told.contains("nbfix check"), "{told}");
        scratch.write("sub folder/demo.ipynb", &notebook(&[FLAGGED]));
        let (done, told) = scratch.commit();
        assert!(!done, "{told}");
        assert!(told.contains("asyncio-run"), "{told}");
        assert!(told.contains("sub folder/demo.ipynb:cell 1"), "{told}");
        // What the configuration excludes is left out, though the hook names it.
        scratch.write("nbfix.toml", "extend-exclude = [\"sub folder/\"]\n");
        let (done, told) = scratch.commit();
        assert!(done, "{told}");
    }
}

#[test]
fn a_fix_is_left_in_the_work_tree() {
    for ids in [
        ["nbfix-fix", "nbfix-check"],
        ["nbfix-fix-wheel", "nbfix-check-wheel"],
    ] {
        let scratch = Scratch::new(&ids);
        scratch.write("app/function_app.py", APP);
        let (done, told) = scratch.commit();
        assert!(!done, "{told}");
        assert!(told.contains("files were modified by this hook"), "{told}");
        let left = scratch.ok("git", &["diff"]);
        assert!(left.contains("+app = func.FunctionApp"), "{left}");
        assert!(left.contains("ANONYMOUS"), "{left}");
        // It is to be looked at, and added.
        let (done, told) = scratch.commit();
        assert!(done, "{told}");
    }
}

#[test]
fn what_others_read_is_in_their_form() {
    let check = |schema: &[&str], files: &[&str]| {
        let files = files.iter().map(|name| root().join(name));
        let output = Command::new(programs().join("check-jsonschema"))
            .args(schema)
            .args(files)
            .output()
            .unwrap();
        assert!(output.status.success(), "{schema:?}: {}", told(&output));
    };
    check(
        &["--builtin-schema", "vendor.github-actions"],
        &["action.yml"],
    );
    let output = Command::new(programs().join("pre-commit"))
        .arg("validate-manifest")
        .arg(root().join(".pre-commit-hooks.yaml"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", told(&output));
    // The snippets of the README.
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let folder = TempDir::new().unwrap();
    for (mark, schema) in [
        ("<!-- workflow:", "vendor.github-workflows"),
        ("<!-- gitlab:", "vendor.gitlab-ci"),
    ] {
        let text = readme.split_once(mark).unwrap().1;
        let text = text.split_once("```yaml\n").unwrap().1;
        let file = folder.path().join("snippet.yml");
        fs::write(&file, text.split_once("```").unwrap().0).unwrap();
        check(
            &["--builtin-schema", schema],
            &[&file.display().to_string()],
        );
    }
}
