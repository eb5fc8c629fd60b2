//! The real libraries and the real worker, in a virtual environment that is kept between runs.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value;

const PACKAGES: [&str; 2] = ["azure-functions==1.26.0", "azure-functions-durable==1.7.0"];
/// The worker's own code. It asks for a newer Python than it needs.
const WORKER: &str = "azure-functions-runtime==1.3.0";

/// What the worker makes of a project.
#[derive(Debug)]
pub(crate) struct Indexed {
    /// Names and triggers.
    pub(crate) functions: Vec<(String, String)>,
    /// The class of the exception.
    pub(crate) error: Option<String>,
    pub(crate) message: String,
}

pub(crate) fn fixtures() -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/functions");
    path.canonicalize().unwrap()
}

/// The folders in a folder.
pub(crate) fn folders(root: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(root).unwrap();
    let mut all: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    all.sort();
    all
}

fn run(command: &mut Command) {
    let output = command.output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}\n{told}");
}

/// The interpreter of the environment; made if it is not there.
pub(crate) fn python() -> &'static Path {
    static PYTHON: OnceLock<PathBuf> = OnceLock::new();
    PYTHON.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("functions-venv");
        let python = folder.join(if cfg!(windows) {
            "Scripts/python.exe"
        } else {
            "bin/python"
        });
        let wanted = format!("{} {WORKER}", PACKAGES.join(" "));
        let mark = folder.join("packages.txt");
        if fs::read_to_string(&mark).is_ok_and(|made| made == wanted) {
            return python;
        }
        let _ = fs::remove_dir_all(&folder);
        run(Command::new("python3").args(["-m", "venv"]).arg(&folder));
        let pip = || {
            let mut pip = Command::new(&python);
            pip.args([
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
            ]);
            pip
        };
        run(pip().args(PACKAGES));
        run(pip().args(["--no-deps", "--ignore-requires-python", WORKER]));
        fs::write(mark, wanted).unwrap();
        python
    })
}

/// Indexes the projects as the worker does.
pub(crate) fn worker(folders: &[PathBuf]) -> BTreeMap<PathBuf, Indexed> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/functions/worker.py");
    let output = Command::new(python())
        .arg(script)
        .args(folders)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env_remove("PYTHONPATH")
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let all: BTreeMap<PathBuf, Value> = serde_json::from_slice(&output.stdout).unwrap();
    let indexed = |it: Value| Indexed {
        functions: serde_json::from_value(it["functions"].clone()).unwrap(),
        error: it["error"].as_str().map(str::to_owned),
        message: it["message"].as_str().unwrap_or_default().to_owned(),
    };
    all.into_iter()
        .map(|(path, it)| (path, indexed(it)))
        .collect()
}
