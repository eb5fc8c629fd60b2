//! The modules that lie beside a document.

use std::cell::OnceCell;
use std::fs;
use std::path::{Component, Path, PathBuf};

use nbfix_semantic::{Beside, ModuleFile};

use crate::inputs::shown;

/// What marks the root of a project; modules above it are not the document's own.
const ROOT_MARKS: [&str; 4] = [".git", "nbfix.toml", "pyproject.toml", "setup.py"];

/// The folder of a document.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    root: OnceCell<Option<PathBuf>>,
}

impl Folder {
    /// The folder of the document at `path`.
    pub(crate) fn of(path: &Path) -> Self {
        Self {
            path: path.parent().unwrap_or(Path::new("")).to_owned(),
            root: OnceCell::new(),
        }
    }

    /// The root of the project that the folder belongs to; the folder itself, if nothing marks one.
    fn root(&self) -> Option<&Path> {
        let find = || {
            let real = fs::canonicalize(if self.path.as_os_str().is_empty() {
                Path::new(".")
            } else {
                &self.path
            });
            let real = real.ok()?;
            let marked = |folder: &&Path| ROOT_MARKS.iter().any(|mark| folder.join(mark).exists());
            let root = real.ancestors().find(marked).unwrap_or(&real);
            Some(root.to_owned())
        };
        self.root.get_or_init(find).as_deref()
    }

    /// Another folder, by a path as the document writes it; `None` if it leads out of the project.
    fn other(&self, folder: &str) -> Option<PathBuf> {
        let written = Path::new(folder);
        let plain = written
            .components()
            .all(|part| !matches!(part, Component::RootDir | Component::Prefix(_)));
        if !plain {
            return None;
        }
        let path = self.path.join(written);
        let real = fs::canonicalize(&path).ok()?;
        real.starts_with(self.root()?).then_some(path)
    }
}

impl Beside for Folder {
    fn module(&self, name: &str, folders: &[String]) -> Option<ModuleFile> {
        let is_name =
            |part: &str| !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || c == '_');
        if !name.split('.').all(is_name) {
            return None;
        }
        let parts: PathBuf = name.split('.').collect();
        let find = |folder: &Path| {
            let place = folder.join(&parts);
            let files = [
                (place.with_extension("py"), false),
                (place.join("__init__.py"), true),
            ];
            files.into_iter().find_map(|(path, package)| {
                let text = fs::read_to_string(&path).ok()?;
                let members = if package { members(&place) } else { Vec::new() };
                let path = shown(&path);
                Some(ModuleFile {
                    path,
                    text,
                    package,
                    members,
                })
            })
        };
        find(&self.path).or_else(|| {
            folders
                .iter()
                .filter_map(|folder| self.other(folder))
                .find_map(|folder| find(&folder))
        })
    }

    fn requirements(&self) -> Option<Vec<String>> {
        let root = self.root()?;
        let own = match self.path.as_os_str().is_empty() {
            true => Path::new("."),
            false => &self.path,
        };
        let own = fs::canonicalize(own).ok()?;
        let folders = own
            .ancestors()
            .take_while(|folder| folder.starts_with(root));
        let lines: Vec<String> = folders.flat_map(requirements).collect();
        (!lines.is_empty()).then_some(lines)
    }

    fn data(&self, path: &str) -> Option<String> {
        let written = Path::new(path);
        let name = written.file_name()?;
        let folder = match written.parent().and_then(Path::to_str) {
            None | Some("" | ".") => self.path.clone(),
            Some(other) => self.other(other)?,
        };
        let file = folder.join(name);
        // Nobody writes down megabytes of servers; what is no plain file is not waited for.
        let data = fs::metadata(&file).ok()?;
        let is_small = data.is_file() && data.len() <= 100_000;
        is_small.then(|| fs::read_to_string(&file).ok()).flatten()
    }
}

/// What the files of a folder ask for, as lines of a requirements file.
fn requirements(folder: &Path) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let read = |name: &str| fs::read_to_string(folder.join(name)).ok();
    let is_package = |line: &&str| line.starts_with(|c: char| c.is_ascii_alphanumeric());
    for name in [
        "requirements.txt",
        "requirements-dev.txt",
        "dev-requirements.txt",
    ] {
        let text = read(name).unwrap_or_default();
        let packages = text.lines().map(str::trim).filter(is_package);
        lines.extend(packages.map(str::to_owned));
    }
    for name in [
        "environment.yml",
        "environment.yaml",
        "conda.yml",
        "conda.yaml",
    ] {
        let text = read(name).unwrap_or_default();
        // `- pandas=2.1` of conda, `- pandas==2.1` below `pip:`.
        let items = text
            .lines()
            .filter_map(|line| line.trim().strip_prefix("- "));
        let packages = items.map(str::trim).filter(|line| !line.ends_with(':'));
        lines.extend(packages.filter(is_package).map(str::to_owned));
    }
    if let Some(table) = read("pyproject.toml").and_then(|text| text.parse::<toml::Table>().ok()) {
        let project = table.get("project").and_then(|it| it.get("dependencies"));
        let listed = project
            .and_then(toml::Value::as_array)
            .into_iter()
            .flatten();
        lines.extend(listed.filter_map(toml::Value::as_str).map(str::to_owned));
        let poetry = table.get("tool").and_then(|it| it.get("poetry"));
        let named = poetry.and_then(|it| it.get("dependencies"));
        let named = named.and_then(toml::Value::as_table).into_iter().flatten();
        let packages = named.filter(|(name, _)| *name != "python");
        lines.extend(packages.map(|(name, version)| match version.as_str() {
            Some(version) if version.starts_with(|c: char| c.is_ascii_digit()) => {
                format!("{name}=={version}")
            }
            Some(version) if version.starts_with(['=', '<', '>', '~']) => {
                format!("{name}{version}")
            }
            _ => name.clone(),
        }));
    }
    lines
}

/// What may be imported from the package in this folder, besides what its `__init__.py` binds: modules, compiled ones too
/// (`_core.cpython-312-x86_64-linux-gnu.so`), and folders.
fn members(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut members: Vec<String> = names
        .filter_map(|name| Some(name.split('.').next()?.to_owned()))
        .filter(|name| !name.is_empty() && name != "__init__" && name != "__pycache__")
        .collect();
    members.sort_unstable();
    members.dedup();
    members
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_are_found_in_the_folder_and_in_those_of_the_project() {
        let Ok(root) = tempfile::tempdir() else {
            return;
        };
        let write = |path: &str, text: &str| {
            let path = root.path().join(path);
            let made = path.parent().map(fs::create_dir_all);
            assert!(matches!(made, Some(Ok(()))));
            assert!(fs::write(path, text).is_ok());
        };
        write("project/nbfix.toml", "");
        write("project/labs/a/helper.py", "x = 1");
        write("project/labs/a/pack/__init__.py", "y = 2");
        write("project/labs/a/pack/part.py", "");
        write("project/labs/a/pack/inner/x.py", "");
        write("project/shared/utils.py", "z = 3");
        write("outside/secret.py", "s = 4");
        let folder = Folder::of(&root.path().join("project/labs/a/note.ipynb"));
        let text = |name: &str, folders: &[&str]| {
            let folders: Vec<String> = folders.iter().map(|it| (*it).to_owned()).collect();
            folder
                .module(name, &folders)
                .map(|file| (file.text, file.package))
        };
        assert_eq!(text("helper", &[]), Some(("x = 1".to_owned(), false)));
        assert_eq!(text("pack", &[]), Some(("y = 2".to_owned(), true)));
        let pack = folder.module("pack", &[]).map(|file| file.members);
        assert_eq!(pack, Some(vec!["inner".to_owned(), "part".to_owned()]));
        assert_eq!(text("utils", &[]), None);
        assert_eq!(
            text("utils", &["../../shared"]),
            Some(("z = 3".to_owned(), false))
        );
        assert_eq!(text("secret", &["../../../outside"]), None);
        assert_eq!(text("../helper", &[]), None);
        assert_eq!(folder.requirements(), None);
        write("project/labs/a/.vscode/mcp.json", "{}");
        write("project/labs/.mcp-servers-config", "A=1");
        assert_eq!(folder.data(".vscode/mcp.json"), Some("{}".to_owned()));
        assert_eq!(
            folder.data("../.mcp-servers-config"),
            Some("A=1".to_owned())
        );
        assert_eq!(folder.data("mcp.json"), None);
        assert_eq!(folder.data("../../../outside/secret.py"), None);
        write(
            "project/pyproject.toml",
            "[project]\ndependencies = [\"openai<1\"]",
        );
        write(
            "project/labs/requirements.txt",
            "# all\npandas==2.1\n-r more.txt\n",
        );
        write(
            "project/environment.yml",
            "dependencies:\n  - pip:\n    - rich==13\n",
        );
        write("requirements.txt", "outside");
        let wanted = ["pandas==2.1", "rich==13", "openai<1"].map(str::to_owned);
        assert_eq!(folder.requirements(), Some(wanted.to_vec()));
    }
}
