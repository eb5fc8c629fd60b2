//! Makes the rulebook of the pages in `rules/` and the checks in `src/checks/`.
//!
//! The folders are the registry: a page that asks for a check must have one, and a check must have a page, or this
//! does not build.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, process};

#[path = "../lint/src/grammar.rs"]
#[allow(dead_code, missing_docs, unreachable_pub)]
mod grammar;
#[path = "../lint/src/page.rs"]
#[allow(dead_code, missing_docs, unreachable_pub)]
mod page;

use page::{Document, Group, Page};

fn main() {
    if let Err(message) = run() {
        eprintln!("{message}");
        process::exit(1);
    }
}

fn run() -> Result<(), String> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR").map_err(|error| error.to_string())?);
    let pages = files(&root.join("../../rules"), "toml")?;
    let mut checks = files(&root.join("src/checks"), "rs")?;
    checks.remove("mod");
    let mut code = String::new();
    for (name, path) in &checks {
        if !has_check(path)? {
            return Err(format!(
                "{}: a check needs `pub(crate) const CHECK: Check`",
                path.display()
            ));
        }
        let _ = writeln!(code, "#[path = {path:?}]\nmod {name};");
    }
    let _ = writeln!(code, "pub(crate) static RULES: &[Rule] = &[");
    for (name, path) in &pages {
        let text =
            fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
        let page = Page::parse(&text).map_err(|error| format!("{}:\n{error}", path.display()))?;
        let module = name.replace('-', "_");
        let check = match page.matches.check {
            Some(_) if checks.remove(&module).is_some() => format!("{module}::CHECK"),
            Some(_) => {
                return Err(format!(
                    "{}: no check in src/checks/{module}.rs",
                    path.display()
                ));
            }
            None => pattern_check(&text)?,
        };
        let _ = writeln!(code, "{},", rule(name, &page, &check, path));
    }
    let _ = writeln!(code, "];");
    if let Some((name, _)) = checks.first_key_value() {
        return Err(format!(
            "src/checks/{name}.rs: no page rules/{}.toml",
            name.replace('_', "-")
        ));
    }
    let out = PathBuf::from(env::var("OUT_DIR").map_err(|error| error.to_string())?);
    fs::write(out.join("rulebook.rs"), code).map_err(|error| error.to_string())
}

/// The files of a folder by stem, and a request to be run again when one comes or goes.
fn files(folder: &Path, extension: &str) -> Result<BTreeMap<String, PathBuf>, String> {
    println!("cargo::rerun-if-changed={}", folder.display());
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut found = BTreeMap::new();
    for entry in entries {
        let path = entry.map_err(|error| error.to_string())?.path();
        if path.extension().is_some_and(|ext| ext == extension) {
            let stem = path
                .file_stem()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            found.insert(
                stem,
                path.canonicalize().map_err(|error| error.to_string())?,
            );
        }
    }
    Ok(found)
}

fn has_check(path: &Path) -> Result<bool, String> {
    println!("cargo::rerun-if-changed={}", path.display());
    let text = fs::read_to_string(path).map_err(|error| error.to_string())?;
    let file = syn::parse_file(&text).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(file
        .items
        .iter()
        .any(|item| matches!(item, syn::Item::Const(constant) if constant.ident == "CHECK")))
}

/// The part of a page that a run needs, as TOML of its own: the words and examples cost nothing at the start.
fn pattern_check(text: &str) -> Result<String, String> {
    let page: toml::Table = toml::from_str(text).map_err(|error| error.to_string())?;
    let engine: toml::Table = page
        .into_iter()
        .filter(|(key, _)| matches!(key.as_str(), "match" | "fix" | "tables"))
        .collect();
    let engine = toml::to_string(&engine).map_err(|error| error.to_string())?;
    Ok(format!("Check::Pattern({engine:?})"))
}

fn rule(name: &str, page: &Page, check: &str, path: &Path) -> String {
    let group = match page.group {
        Group::Broken => "Broken",
        Group::Leak => "Leak",
        Group::Fragile => "Fragile",
        Group::Tidy => "Tidy",
    };
    let documents: Vec<&str> = page
        .documents
        .iter()
        .map(|document| match document {
            Document::Notebook => "Document::Notebook",
            Document::Script => "Document::Script",
            Document::CellFile => "Document::CellFile",
        })
        .collect();
    let messages: Vec<(&String, &String)> = page.messages.iter().collect();
    let fix = page.fix.as_ref().map_or_else(
        || "None".to_owned(),
        |fix| {
            let safety = match fix.safety.as_str() {
                "safe" => "Safe",
                "unsafe" => "Unsafe",
                _ => "Display",
            };
            format!(
                "Some(FixText {{ title: {:?}, safety: Safety::{safety}, caution: {:?} }})",
                fix.title, fix.caution
            )
        },
    );
    format!(
        "Rule {{ name: {name:?}, summary: {:?}, message: {:?}, messages: &{messages:?}, help: {:?}, \
         group: Group::{group}, default: {}, documents: &[{}], python_3_only: {}, fix: {fix}, check: {check}, \
         page: include_str!({path:?}) }}",
        page.summary,
        page.message,
        page.help,
        page.is_default(),
        documents.join(", "),
        page.python_3_only,
    )
}
