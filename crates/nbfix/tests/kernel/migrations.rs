//! Notebooks for a library of old say the same when they are mended and run with the library of today.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::venv::{Job, PACKAGES, Ran, bare, environment, execute_with, python};

/// The library of today.
const OPENAI: &str = "openai==3.54.0";

/// The stub server; it ends with the test.
struct Stub(Child, String);

impl Stub {
    fn start() -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kernel/stub.py");
        let mut child = Command::new(python())
            .arg(script)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut url = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut url)
            .unwrap();
        Self(child, url.trim().to_owned())
    }
}

impl Drop for Stub {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn with(package: &str) -> PathBuf {
    let mut packages = PACKAGES.to_vec();
    packages.push(package);
    environment(&package.replace("==", "-"), &packages)
}

#[test]
#[ignore = "installs two versions of openai: just verify-migrations"]
fn mended_notebooks_of_openai_say_what_the_originals_said() {
    say_the_same("openai", "openai==0.28.1", OPENAI, 12);
}

#[test]
#[ignore = "installs both libraries of Gemini: just verify-migrations"]
fn mended_notebooks_of_gemini_say_what_the_originals_said() {
    say_the_same(
        "gemini",
        "google-generativeai==0.8.6",
        "google-genai==3.4.0",
        9,
    );
}

#[test]
#[ignore = "installs two versions of pinecone: just verify-migrations"]
fn mended_notebooks_of_pinecone_say_what_the_originals_said() {
    say_the_same("pinecone", "pinecone-client==2.2.4", "pinecone==10.2.0", 3);
}

#[test]
#[ignore = "installs two versions of azure-search-documents: just verify-migrations"]
fn mended_notebooks_of_azure_search_say_what_the_originals_said() {
    say_the_same(
        "azure-search",
        "azure-search-documents==11.4.0b8",
        "azure-search-documents==12.0.0",
        2,
    );
}

/// Runs the notebooks of `fixtures/FOLDER`, of which there are so many at least, as they are with the package `before`, and
/// mended with the package `today`.
fn say_the_same(folder: &str, before: &str, today: &str, least: usize) {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../fixtures")
        .join(folder);
    let home = tempfile::tempdir().unwrap();
    let stub = Stub::start();
    let mut originals: Vec<PathBuf> = fs::read_dir(fixtures)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    originals.sort();
    assert!(originals.len() >= least);
    let fix = |path: &Path| {
        let output = Command::new(env!("CARGO_BIN_EXE_nbfix"))
            .args(["fix", "--isolated", "--unsafe", "--select", "removed-api"])
            .arg(path)
            .output()
            .unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let mended: Vec<PathBuf> = originals
        .iter()
        .map(|original| {
            let path = home.path().join(original.file_name().unwrap());
            fs::copy(original, &path).unwrap();
            let said = fix(&path);
            let text = fs::read(&path).unwrap();
            assert_ne!(text, fs::read(original).unwrap(), "{original:?}: {said}");
            fix(&path);
            assert_eq!(text, fs::read(&path).unwrap(), "{original:?}: not at rest");
            path
        })
        .collect();
    let run = |package: &str, paths: &[PathBuf]| {
        let jobs: Vec<Job> = paths
            .iter()
            .map(|path| {
                let mut environment = bare(home.path());
                let license = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../LICENSE");
                let host = stub.1.trim_start_matches("http://").to_owned();
                environment.insert("STUB_URL".to_owned(), stub.1.clone());
                environment.insert("STUB_HOST".to_owned(), host);
                // What the old libraries say of themselves is no output of the notebook.
                environment.insert("PYTHONWARNINGS".to_owned(), "ignore".to_owned());
                environment.insert("PINECONE_CONTROLLER_HOST".to_owned(), stub.1.clone());
                let hosts = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kernel/hosts");
                environment.insert("PYTHONPATH".to_owned(), hosts.display().to_string());
                environment.insert("STUB_FILE".to_owned(), license.display().to_string());
                environment.insert("GOOGLE_API_KEY".to_owned(), "a-key".to_owned());
                Job {
                    path: path.clone(),
                    folder: home.path().to_owned(),
                    environment,
                }
            })
            .collect();
        execute_with(&with(package), &jobs)
    };
    let before = run(before, &originals);
    let after = run(today, &mended);
    let mut wrong = Vec::new();
    for ((path, before), after) in originals.iter().zip(&before).zip(&after) {
        let failed =
            |cells: &[Option<Ran>]| cells.iter().flatten().any(|cell| cell.ename.is_some());
        let said: usize = before.iter().flatten().map(|cell| cell.text.len()).sum();
        if before != after || failed(before) || said == 0 {
            wrong.push(format!("{path:?}\n  {before:?}\n  {after:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
#[ignore = "installs openai: just verify-migrations"]
fn a_mended_notebook_reads_the_headers() {
    let original =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/openai-headers/headers.ipynb");
    let home = tempfile::tempdir().unwrap();
    let stub = Stub::start();
    let mended = home.path().join("headers.ipynb");
    fs::copy(&original, &mended).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_nbfix"))
        .args([
            "fix",
            "--isolated",
            "--unsafe",
            "--select",
            "openai-headers",
        ])
        .arg(&mended)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let jobs: Vec<Job> = [&original, &mended]
        .map(|path| {
            let mut environment = bare(home.path());
            environment.insert("STUB_URL".to_owned(), stub.1.clone());
            Job {
                path: path.clone(),
                folder: home.path().to_owned(),
                environment,
            }
        })
        .into();
    let ran = execute_with(&with(OPENAI), &jobs);
    let broken = |cell: &Ran| cell.ename.as_deref() == Some("AttributeError");
    assert!(broken(ran[0][1].as_ref().unwrap()), "{:?}", ran[0]);
    let said: String = ran[1]
        .iter()
        .flatten()
        .map(|cell| format!("{:?} {}", cell.evalue, cell.text))
        .collect();
    insta::assert_snapshot!(said);
}
