//! A folder to run the command in.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

/// A cell that `asyncio-run` flags, with an unsafe fix.
pub(crate) const FLAGGED: &str = "import asyncio\nasyncio.run(main())";

/// A script that `auth-level-case` flags, with a safe fix.
pub(crate) const APP: &str =
    "import azure.functions as func\napp = func.FunctionApp(http_auth_level=\"anonymous\")\n";

/// A notebook with these code cells.
pub(crate) fn notebook(cells: &[&str]) -> String {
    let cell = |source: &&str| {
        let lines: Vec<&str> = source.split_inclusive('\n').collect();
        json!({"cell_type": "code", "execution_count": null, "metadata": {}, "outputs": [], "source": lines})
    };
    let cells: Vec<Value> = cells.iter().map(cell).collect();
    let notebook = json!({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 4});
    serde_json::to_string_pretty(&notebook).unwrap() + "\n"
}

/// A folder that goes away with the test, and another one for the state that the command keeps.
pub(crate) struct Folder(TempDir, TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(TempDir::new().unwrap(), TempDir::new().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> &Self {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
        self
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }

    /// The folder for the state of the command.
    pub(crate) fn state(&self) -> &Path {
        self.1.path()
    }

    /// The command, about to be run with the words of `line`.
    pub(crate) fn command(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_nbfix"));
        command.args(line.split_whitespace());
        command.env("NBFIX_STATE_DIR", self.state());
        command.env("NBFIX_TODAY", "2026-11-21");
        command
    }

    /// Every file in and below this folder, and what it holds.
    pub(crate) fn tree(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut files = BTreeMap::new();
        let mut folders = vec![self.0.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let content = fs::read(&path).unwrap();
                    files.insert(path.strip_prefix(&self.0).unwrap().to_owned(), content);
                }
            }
        }
        files
    }

    /// Runs the command in this folder, with the words of `line`.
    pub(crate) fn nbfix(&self, line: &str) -> Ran {
        self.nbfix_with(line, "")
    }

    /// The same, with something on stdin.
    pub(crate) fn nbfix_with(&self, line: &str, stdin: impl AsRef<[u8]>) -> Ran {
        run(&mut self.command(line), self.0.path(), stdin.as_ref())
    }

    /// Runs the command with something in its environment.
    pub(crate) fn nbfix_in(&self, environment: &[(&str, &str)], line: &str) -> Ran {
        let mut command = self.command(line);
        command.envs(environment.iter().copied());
        run(&mut command, self.0.path(), &[])
    }

    /// Runs the command in a folder of this folder.
    pub(crate) fn nbfix_from(&self, folder: &str, line: &str, stdin: &[u8]) -> Ran {
        run(&mut self.command(line), &self.path(folder), stdin)
    }

    /// Runs `git` in this folder, as if nobody had configured it.
    pub(crate) fn git(&self, line: &str, stdin: impl AsRef<[u8]>) -> Ran {
        let mut command = Command::new("git");
        command
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1");
        run(
            command.args(line.split_whitespace()),
            self.0.path(),
            stdin.as_ref(),
        )
    }
}

/// Runs a command to its end in a folder, as if nobody had configured nbfix.
pub(crate) fn run(command: &mut Command, folder: &Path, stdin: &[u8]) -> Ran {
    // What a test sets itself comes back behind this.
    let set: Vec<_> = command
        .get_envs()
        .filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())))
        .collect();
    for name in [
        "NO_COLOR",
        "CLICOLOR",
        "CLICOLOR_FORCE",
        "COLUMNS",
        "RUST_BACKTRACE",
    ] {
        command.env_remove(name);
    }
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("NBFIX_") {
            command.env_remove(name);
        }
    }
    command.envs(set);
    let mut child = command
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that does not read it closes it.
    let _ = child.stdin.take().unwrap().write_all(stdin);
    let output = child.wait_with_output().unwrap();
    Ran {
        code: output.status.code(),
        out: output.stdout,
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// What a command did.
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) out: Vec<u8>,
    pub(crate) err: String,
}

impl Ran {
    pub(crate) fn out(&self) -> String {
        String::from_utf8(self.out.clone()).unwrap()
    }
}

impl fmt::Display for Ran {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = self.code.unwrap_or(-1);
        write!(
            f,
            "exit code {code}\n--- stdout\n{}--- stderr\n{}",
            self.out(),
            self.err
        )
    }
}
