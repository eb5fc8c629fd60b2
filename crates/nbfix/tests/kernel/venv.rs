//! A Python environment with a Jupyter kernel, made once and kept with the build.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;
use serde_json::json;

use crate::environment;

/// The packages that run notebooks.
pub(crate) const PACKAGES: [&str; 2] = ["ipykernel==7.4.0", "nbclient==0.11.0"];

/// How long a cell may take before it is interrupted, in seconds.
const CELL_SECONDS: u32 = 30;

/// What one code cell gave.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub(crate) struct Ran {
    /// The exception's name, if one ended the cell.
    pub(crate) ename: Option<String>,
    /// The exception's text.
    pub(crate) evalue: Option<String>,
    /// All that it printed and showed.
    pub(crate) text: String,
}

/// A notebook to be run.
pub(crate) struct Job {
    /// The file.
    pub(crate) path: PathBuf,
    /// The folder in which it runs.
    pub(crate) folder: PathBuf,
    /// The whole environment of the kernel.
    pub(crate) environment: BTreeMap<String, String>,
}

/// The interpreter of the environment that runs notebooks.
pub(crate) fn python() -> PathBuf {
    environment("kernel", &PACKAGES)
}

/// The interpreter of an environment with these packages; it is made when nobody has made it before.
pub(crate) fn environment(name: &str, packages: &[&str]) -> PathBuf {
    environment::programs(name, packages).join("python")
}

/// An environment in which nothing is configured and nothing is found, except what Python itself needs.
pub(crate) fn bare(home: &Path) -> BTreeMap<String, String> {
    let home = home.display().to_string();
    let mut bare: BTreeMap<String, String> = BTreeMap::new();
    for name in [
        "HOME",
        "USERPROFILE",
        "IPYTHONDIR",
        "JUPYTER_CONFIG_DIR",
        "JUPYTER_RUNTIME_DIR",
    ] {
        bare.insert(name.to_owned(), home.clone());
    }
    bare.insert("PATH".to_owned(), "/nowhere".to_owned());
    bare.insert("PYTHONDONTWRITEBYTECODE".to_owned(), "1".to_owned());
    bare.insert("PYDEVD_DISABLE_FILE_VALIDATION".to_owned(), "1".to_owned());
    bare
}

/// Runs the notebooks, each on a kernel of its own; for each, what its cells gave.
pub(crate) fn execute(jobs: &[Job]) -> Vec<Vec<Option<Ran>>> {
    execute_on(&python(), jobs, 1)
}

/// The same, in another environment that has what runs notebooks.
pub(crate) fn execute_with(python: &Path, jobs: &[Job]) -> Vec<Vec<Option<Ran>>> {
    execute_on(python, jobs, 1)
}

/// The same, where so many notebooks of one environment may share a kernel, which is emptied in between.
pub(crate) fn execute_shared(jobs: &[Job], share: usize) -> Vec<Vec<Option<Ran>>> {
    execute_on(&python(), jobs, share)
}

fn execute_on(python: &Path, jobs: &[Job], share: usize) -> Vec<Vec<Option<Ran>>> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kernel/execute.py");
    let input: Vec<_> = jobs
        .iter()
        .map(|job| json!({"path": job.path, "cwd": job.folder, "env": job.environment, "timeout": CELL_SECONDS}))
        .collect();
    let home = tempfile::tempdir().unwrap();
    let mut child = Command::new(python)
        .arg(script)
        .env_clear()
        .envs(bare(home.path()))
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let text = serde_json::to_vec(&json!({"jobs": input, "share": share})).unwrap();
    child.stdin.take().unwrap().write_all(&text).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    serde_json::from_slice(&output.stdout).unwrap()
}
