//! The promise of the degrade fix, on kernels: without its services a notebook stops; mended it runs to its last cell,
//! and with the services there it does what it did before.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use nbfix_fix::mend;
use nbfix_ipynb::Notebook;
use nbfix_lint::{RuleSet, Safety};
use nbfix_rules::{DegradeStyle, FixSettings, Settings, find};
use serde::Deserialize;

use crate::venv::{Job, Ran, bare, execute_shared};

/// The rules of the family that run unless a user says otherwise.
const BY_DEFAULT: [&str; 3] = ["raise-on-missing-service", "subprocess-az", "unguarded-env"];

/// Kernels take longer to start than these notebooks to run.
const NOTEBOOKS_OF_A_KERNEL: usize = 10;

/// What a fixture says of itself. Cells are counted from 1 over all cells.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    /// The cells that raise where nothing is there and nothing was mended.
    stops: BTreeSet<usize>,
    /// The cells that the fix edits.
    mended: BTreeSet<usize>,
    /// Variables that are set where everything is there.
    #[serde(default)]
    env: Vec<String>,
    /// Rules that are run besides those of the default.
    #[serde(default)]
    select: Vec<String>,
    /// `inline`, or `both`: in the form of a helper, too.
    style: String,
}

/// A fixture, and what became of it in one style.
struct Case {
    name: String,
    wanted: Wanted,
    /// Its cells' ids.
    ids: Vec<String>,
    /// As it is, without the services and with fakes of them: jobs by position.
    plain: (usize, usize),
    mended: Vec<Version>,
}

/// The notebook mended in one style.
struct Version {
    style: DegradeStyle,
    ids: Vec<String>,
    edited: BTreeSet<usize>,
    /// Without the services, and with fakes of them: jobs by position.
    jobs: (usize, usize),
    /// With fakes of the packages, and without anything that they need.
    packages: usize,
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn notebooks() -> Vec<PathBuf> {
    let entries = fs::read_dir(folder("../../fixtures/cloud/degrade")).unwrap();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|it| it == "ipynb"));
    paths.sort();
    paths
}

fn wanted(path: &Path) -> Wanted {
    let whole: serde_json::Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    serde_json::from_value(whole["metadata"]["nbfix-test"].clone()).unwrap()
}

fn rules(wanted: &Wanted, style: DegradeStyle) -> RuleSet {
    let names = BY_DEFAULT
        .into_iter()
        .chain(wanted.select.iter().map(String::as_str));
    let settings = Settings {
        fix: FixSettings { style },
        ..Settings::default()
    };
    RuleSet::new(names.map(|name| find(name).unwrap())).with_settings(settings)
}

/// The sources of the cells, by id, in order.
fn sources(bytes: &[u8]) -> Vec<(String, String)> {
    let whole: serde_json::Value = serde_json::from_slice(bytes).unwrap();
    let source = |cell: &serde_json::Value| match &cell["source"] {
        serde_json::Value::Array(lines) => lines.iter().map(|it| it.as_str().unwrap()).collect(),
        text => text.as_str().unwrap().to_owned(),
    };
    let cells = whole["cells"].as_array().unwrap();
    cells
        .iter()
        .map(|cell| (cell["id"].as_str().unwrap().to_owned(), source(cell)))
        .collect()
}

/// An environment without services, variables and the Azure CLI. There is a shell, as there is on any machine.
fn lacking(home: &Path) -> BTreeMap<String, String> {
    let mut environment = bare(home);
    let tools = home.join("tools");
    if !tools.exists() {
        fs::create_dir(&tools).unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink("/bin/sh", tools.join("sh")).unwrap();
    }
    environment.insert("PATH".to_owned(), tools.display().to_string());
    environment
}

/// The folder of the fakes.
fn fakes() -> String {
    folder("tests/kernel/fakes").display().to_string()
}

/// An environment in which every service is there, as a fake.
fn provided(home: &Path, variables: &BTreeSet<String>) -> BTreeMap<String, String> {
    let mut environment = bare(home);
    let fakes = fakes();
    environment.insert("PATH".to_owned(), format!("{fakes}/bin:/usr/bin:/bin"));
    environment.insert("PYTHONPATH".to_owned(), fakes);
    for name in variables {
        environment.insert(name.clone(), format!("{}.invalid", name.to_lowercase()));
    }
    environment
}

/// The lines that `%%time` writes differ from run to run.
fn said(ran: &Ran) -> String {
    let lines = ran.text.lines().filter(|line| {
        !["CPU times:", "Wall time:"]
            .iter()
            .any(|start| line.starts_with(start))
    });
    lines.flat_map(|line| [line, "\n"]).collect()
}

fn by_id<'r>(ids: &'r [String], ran: &'r [Option<Ran>]) -> BTreeMap<&'r str, &'r Ran> {
    ids.iter()
        .zip(ran)
        .filter_map(|(id, ran)| Some((id.as_str(), ran.as_ref()?)))
        .collect()
}

/// The cells (from 1) that raised.
fn raised(ran: &[Option<Ran>]) -> BTreeSet<usize> {
    let cells = ran.iter().enumerate();
    cells
        .filter(|(_, ran)| ran.as_ref().is_some_and(|ran| ran.ename.is_some()))
        .map(|(index, _)| index + 1)
        .collect()
}

#[test]
fn mended_notebooks_run_to_their_last_cell() {
    let paths = notebooks();
    assert!(paths.len() >= 25);
    let (home, files) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (mut jobs, mut cases): (Vec<Job>, Vec<Case>) = (Vec::new(), Vec::new());
    let mut wrong = String::new();
    let variables: BTreeSet<String> = paths.iter().flat_map(|path| wanted(path).env).collect();
    for path in &paths {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let bytes = fs::read(path).unwrap();
        let wanted = wanted(path);
        let job = |jobs: &mut Vec<Job>, path: PathBuf| {
            let job = |environment| Job {
                path: path.clone(),
                folder: home.path().to_owned(),
                environment,
            };
            jobs.push(job(lacking(home.path())));
            jobs.push(job(provided(home.path(), &variables)));
            (jobs.len() - 2, jobs.len() - 1)
        };
        let plain = job(&mut jobs, path.clone());
        let old = sources(&bytes);
        let mut styles = vec![DegradeStyle::Inline];
        if wanted.style == "both" {
            styles.push(DegradeStyle::Helper);
        }
        let mut mended = Vec::new();
        for style in styles {
            let rules = rules(&wanted, style);
            let once = mend(
                Notebook::load(bytes.clone()).unwrap(),
                "a.ipynb",
                &rules,
                Safety::Unsafe,
            );
            for refusal in once.refused.iter().chain(&once.deferred) {
                writeln!(wrong, "{name}, {style:?}: not mended: {}", refusal.why).unwrap();
            }
            let text = once.notebook.bytes().to_vec();
            let again = mend(
                Notebook::load(text.clone()).unwrap(),
                "a.ipynb",
                &rules,
                Safety::Unsafe,
            );
            if again.notebook.bytes() != text {
                writeln!(wrong, "{name}, {style:?}: a second fix changes it").unwrap();
            }
            let file = files.path().join(format!("{name}-{style:?}.ipynb"));
            fs::write(&file, &text).unwrap();
            let new: BTreeMap<String, String> = sources(&text).into_iter().collect();
            let edited = old.iter().enumerate();
            let edited: BTreeSet<usize> = edited
                .filter(|(_, (id, source))| new.get(id) != Some(source))
                .map(|(index, _)| index + 1)
                .collect();
            if edited != wanted.mended {
                writeln!(
                    wrong,
                    "{name}, {style:?}: edited {edited:?}, wanted {:?}",
                    wanted.mended
                )
                .unwrap();
            }
            mended.push(Version {
                style,
                ids: sources(&text).into_iter().map(|(id, _)| id).collect(),
                edited,
                packages: 0,
                jobs: job(&mut jobs, file.clone()),
            });
            let mut environment = lacking(home.path());
            environment.insert("PYTHONPATH".to_owned(), fakes());
            let version = mended.last_mut().unwrap();
            version.packages = jobs.len();
            jobs.push(Job {
                path: file,
                folder: home.path().to_owned(),
                environment,
            });
        }
        let ids = old.into_iter().map(|(id, _)| id).collect();
        cases.push(Case {
            name,
            wanted,
            ids,
            plain,
            mended,
        });
    }
    let ran = execute_shared(&jobs, NOTEBOOKS_OF_A_KERNEL);
    let mut told = String::new();
    for case in &cases {
        compare(case, &ran, &mut wrong, &mut told);
    }
    assert!(wrong.is_empty(), "{wrong}");
    insta::assert_snapshot!("degrade", told);
}

/// Holds a fixture against what the kernels gave.
fn compare(case: &Case, ran: &[Vec<Option<Ran>>], wrong: &mut String, told: &mut String) {
    let Case {
        name,
        wanted,
        ids,
        plain,
        ..
    } = case;
    let (before, with_fakes) = (&ran[plain.0], &ran[plain.1]);
    let stops = raised(before);
    if stops != wanted.stops {
        writeln!(
            wrong,
            "{name}: raises in {stops:?}, wanted {:?}",
            wanted.stops
        )
        .unwrap();
    }
    for (id, ran) in by_id(ids, with_fakes) {
        if let Some(exception) = &ran.ename {
            let why = ran.evalue.as_deref().unwrap_or_default();
            writeln!(wrong, "{name}, {id}: raises with fakes: {exception}: {why}").unwrap();
        }
    }
    for version in &case.mended {
        let what = format!("{name}, {:?}", version.style);
        let (after, fakes) = (&ran[version.jobs.0], &ran[version.jobs.1]);
        let (after, fakes) = (by_id(&version.ids, after), by_id(&version.ids, fakes));
        let packages = by_id(&version.ids, &ran[version.packages]);
        for (id, ran) in after.iter().chain(&packages) {
            if let Some(exception) = &ran.ename {
                let why = ran.evalue.as_deref().unwrap_or_default();
                writeln!(wrong, "{what}, {id}: still raises {exception}: {why}").unwrap();
            }
        }
        let plain = by_id(ids, with_fakes);
        for (id, was) in &plain {
            let is = fakes.get(id).map(|ran| said(ran));
            if is.as_ref() != Some(&said(was)) {
                writeln!(
                    wrong,
                    "{what}, {id}: with fakes it says {is:?}, it said {:?}",
                    was.text
                )
                .unwrap();
            }
        }
        let before = by_id(ids, before);
        writeln!(
            told,
            "\n{what}: {} of {} cells raised, {} are mended",
            stops.len(),
            ids.len(),
            version.edited.len()
        )
        .unwrap();
        for (index, id) in ids.iter().enumerate() {
            let (Some(was), Some(is)) = (before.get(id.as_str()), after.get(id.as_str())) else {
                continue;
            };
            let (was, is) = (said(was), said(is));
            if !version.edited.contains(&(index + 1)) {
                if was != is && !stops.contains(&(index + 1)) {
                    writeln!(wrong, "{what}, {id}: says {is:?}, it said {was:?}").unwrap();
                }
                continue;
            }
            writeln!(told, "  [{}]", index + 1).unwrap();
            for line in is.lines() {
                writeln!(told, "    {line}").unwrap();
            }
        }
    }
}
