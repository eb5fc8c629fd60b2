//! `missing-install`: imports of packages that nothing installs.

use std::sync::LazyLock;

use nbfix_ipynb::CellId;
use nbfix_lint::{Check, Findings, Report};
use nbfix_python::ast::Stmt;
use nbfix_python::ast::visitor::source_order::walk_stmt;
use nbfix_python::{SourceOrderVisitor, is_stdlib, range};
use nbfix_semantic::{ProgramId, ProgramKind, Semantic};
use nbfix_text::TextRange;
use regex::Regex;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::Settings;
use crate::names::name_list;
use crate::packages::{brings, distribution};

pub(crate) const CHECK: Check = Check::Notebook(check);

/// Whatever installs something, or tells the reader to.
static INSTALLS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r#"(?i)\b(pip3?|conda|mamba|uv|poetry|micropip|pipenv|easy_install|apt|apt-get)\b["',.()\s]*(install|add|sync|main)\b|library\.install|requirements[\w-]*\.txt|environment\.ya?ml"#,
    )
    .ok()
});

/// Modules that every Jupyter kernel for Python has.
const BASE: &[&str] = &[
    "IPython",
    "ipykernel",
    "traitlets",
    "jupyter_client",
    "jupyter_core",
    "pip",
    "setuptools",
    "pkg_resources",
];

fn check<'a>(semantic: &Semantic<'a>, findings: &mut Findings<'_>) {
    let is_notebook = semantic.program(ProgramId::DOCUMENT).kind == ProgramKind::Notebook;
    if !is_notebook || semantic.requirements().is_some() || installs(semantic) {
        return;
    }
    let packages = &Settings::of(findings).packages;
    let kernel = kernel(semantic.notebook().text());
    let mut wanted: Vec<(String, CellId, TextRange)> = Vec::new();
    for unit in semantic.units_of(ProgramId::DOCUMENT) {
        let mut imports = Imports(Vec::new());
        imports.visit_body(unit.module.body());
        for (module, at) in imports.0 {
            let root = module.split('.').next().unwrap_or_default();
            let known = is_stdlib(root)
                || BASE.contains(&root)
                || semantic.module(root).is_some()
                || kernel.is_some_and(|kernel| brings(kernel, &module));
            if known || findings.is_allowed(unit.cell, at) {
                continue;
            }
            if let Some(name) = distribution(&packages.names, &module)
                && !packages.ignores(&name)
                && !wanted.iter().any(|(known, ..)| *known == name)
            {
                wanted.push((name, unit.cell, at));
            }
        }
    }
    let Some(((_, cell, at), others)) = wanted.split_first().map(|(a, b)| (a.clone(), b)) else {
        return;
    };
    let names: Vec<&str> = wanted.iter().map(|(name, ..)| name.as_str()).collect();
    let mut report = Report::at(cell, at).with("packages", name_list(&names));
    for (name, cell, at) in others {
        report = report.label(*cell, *at, format!("comes with `{name}`"));
    }
    let line = format!("%pip install -q {}", names.join(" "));
    findings.push(report.insert_cell(cell.index(), line));
}

fn installs(semantic: &Semantic<'_>) -> bool {
    let Some(pattern) = INSTALLS.as_ref() else {
        return true;
    };
    let mut cells = semantic.notebook().cells().iter();
    cells.any(|cell| pattern.is_match(&cell.source))
}

/// The place that the notebook was made at, by its metadata, as the table of packages names it.
fn kernel(notebook: &str) -> Option<&'static str> {
    #[derive(Deserialize)]
    struct Document {
        #[serde(default)]
        metadata: Map<String, Value>,
    }
    let metadata = serde_json::from_str::<Document>(notebook).ok()?.metadata;
    let has = |key: &str| metadata.contains_key(key);
    let spec = metadata
        .get("kernelspec")
        .map(Value::to_string)
        .unwrap_or_default()
        .to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| spec.contains(word));
    if has("colab") {
        Some("colab")
    } else if has("application/vnd.databricks.v1+notebook") || says(&["databricks"]) {
        Some("databricks")
    } else if has("kaggle") {
        Some("kaggle")
    } else if says(&["synapse", "spark pool"]) || has("synapse_widget") || has("trident") {
        Some("synapse")
    } else if says(&["azureml", "azure ml"]) || has("kernel_info") && has("microsoft") {
        Some("azureml")
    } else if has("instance_type") || has("availableInstances") || says(&["conda_", "sagemaker"]) {
        Some("sagemaker")
    } else {
        None
    }
}

/// The modules that a text imports for sure, with their statements.
struct Imports(Vec<(String, TextRange)>);

impl<'a> SourceOrderVisitor<'a> for Imports {
    fn visit_stmt(&mut self, stmt: &'a Stmt) {
        match stmt {
            Stmt::Import(import) => {
                let names = import.names.iter().map(|alias| alias.name.to_string());
                self.0.extend(names.map(|name| (name, range(stmt))));
            }
            Stmt::ImportFrom(import) if import.level == 0 => {
                let Some(module) = &import.module else { return };
                for alias in &import.names {
                    let name = format!("{module}.{}", alias.name);
                    self.0.push((name, range(stmt)));
                }
            }
            // What is tried or chosen may be missing.
            Stmt::Try(_) | Stmt::If(_) => {}
            _ => walk_stmt(self, stmt),
        }
    }
}
