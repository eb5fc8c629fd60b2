//! What the model says of names is what a kernel does.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use nbfix_ipynb::Notebook;
use nbfix_semantic::{Semantic, Sources};

use crate::venv::{Job, bare, execute};

/// The notebooks under `fixtures/names`.
fn notebooks() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/names");
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|it| it == "ipynb"))
        .collect();
    paths.sort();
    paths
}

/// The cells (from 1) that a name or a call ends, with the exception.
fn predicted(path: &Path) -> BTreeMap<usize, String> {
    let notebook = Notebook::load(fs::read(path).unwrap()).unwrap();
    let sources = Sources::parse(&notebook, "a.ipynb");
    let semantic = Semantic::new(&notebook, &sources);
    let predictions = semantic.predict().into_iter();
    let relevant = predictions.filter(|one| is_relevant(&one.exception));
    relevant
        .map(|one| {
            let name = one.name.map_or_else(String::new, |name| format!(" {name}"));
            (one.cell.number(), format!("{}{name}", one.exception))
        })
        .collect()
}

fn is_relevant(exception: &str) -> bool {
    matches!(exception, "NameError" | "TypeError")
}

#[test]
fn exactly_the_cells_raise_that_the_model_names() {
    let paths = notebooks();
    assert!(paths.len() >= 40);
    let home = tempfile::tempdir().unwrap();
    let job = |path: &PathBuf| Job {
        path: path.clone(),
        folder: home.path().to_owned(),
        environment: bare(home.path()),
    };
    let jobs: Vec<Job> = paths.iter().map(job).collect();
    let ran = execute(&jobs);
    let (mut wrong, mut raised) = (String::new(), 0);
    for (path, cells) in paths.iter().zip(ran) {
        let name = path.file_stem().unwrap().to_string_lossy();
        let mut truth = BTreeMap::new();
        for (index, cell) in cells.into_iter().enumerate() {
            let Some((exception, text)) = cell.and_then(|cell| cell.ename.zip(cell.evalue)) else {
                continue;
            };
            if is_relevant(&exception) {
                let missing = text
                    .strip_prefix("name '")
                    .and_then(|rest| rest.split('\'').next());
                let missing = missing.map_or_else(String::new, |name| format!(" {name}"));
                truth.insert(index + 1, format!("{exception}{missing}"));
                raised += 1;
            }
        }
        let predicted = predicted(path);
        if predicted != truth {
            wrong.push_str(&format!(
                "{name}: predicted {predicted:?}\n  the kernel raised {truth:?}\n"
            ));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    // The fixtures would prove nothing if they did not fail.
    assert!(raised > 60, "{raised}");
}
