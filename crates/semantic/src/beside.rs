//! The modules that lie beside a document and that it imports.
//!
//! This crate reads no files: whoever knows where the document lies hands them over.

use std::fmt;

use nbfix_python::ast::{Expr, Stmt};
use nbfix_python::{
    AnyNodeRef, Module, SourceOrderVisitor, TraversalSignal, dotted, is_stdlib, string_value,
};
use nbfix_text::TextRange;

use crate::Source;

/// A document that imports half a project is understood from its nearest modules.
const MAX_MODULES: usize = 24;
/// A larger module is data, or generated.
const MAX_LENGTH: usize = 400_000;
/// How many data files are looked for, and how long one may be.
const MAX_FILES: usize = 8;
const MAX_DATA: usize = 100_000;

/// Where a document comes from.
#[derive(Clone, Copy)]
pub struct Origin<'o> {
    /// Its path, or any name for it; rules that ask for a file by name look at its last part.
    pub path: &'o str,
    /// What lies beside it; `None` if nothing is known of that.
    pub beside: Option<&'o dyn Beside>,
}

impl fmt::Debug for Origin<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Origin")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

impl<'o> From<&'o str> for Origin<'o> {
    fn from(path: &'o str) -> Self {
        Self { path, beside: None }
    }
}

/// Finds modules beside a document.
pub trait Beside {
    /// The Python file that `import name` reads in the document; `name` is dotted and absolute. `folders` are put on
    /// the path by the document itself (`sys.path.append("../shared")`), as they are written there.
    fn module(&self, name: &str, folders: &[String]) -> Option<ModuleFile>;

    /// The packages that files near the document ask for (`requirements.txt`, `pyproject.toml`, `environment.yml`), as
    /// lines of a requirements file; `None` if there is no such file.
    fn requirements(&self) -> Option<Vec<String>> {
        None
    }

    /// The text of a file by its path as the document writes it, relative to the document's folder; `None` if there is
    /// none, or if it leads out of the project.
    fn data(&self, path: &str) -> Option<String> {
        let _ = path;
        None
    }
}

/// A Python file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModuleFile {
    /// Its path, as one would tell it to the reader.
    pub path: String,
    /// Its text.
    pub text: String,
    /// Whether it is the `__init__.py` of a package.
    pub package: bool,
    /// Of a package, what else lies in its folder and may be imported from it: names of modules and of folders.
    pub members: Vec<String>,
}

/// A module beside the document, parsed.
#[derive(Debug)]
pub(crate) struct BesideModule {
    /// Dotted and absolute.
    pub(crate) name: String,
    pub(crate) file: ModuleFile,
    pub(crate) module: Module,
}

impl BesideModule {
    /// The package that its relative imports start from.
    pub(crate) fn package(&self) -> Vec<String> {
        package_of(&self.name, self.file.package)
    }
}

fn package_of(module: &str, package: bool) -> Vec<String> {
    let mut parts: Vec<String> = module.split('.').map(str::to_owned).collect();
    if !package {
        parts.pop();
    }
    parts
}

/// The modules that the cells import, and those that these import in turn.
pub(crate) fn modules_of(cells: &[Source], beside: &dyn Beside) -> Vec<BesideModule> {
    let mut imports = Imports::default();
    for cell in cells {
        if let Source::Python { module, .. } = cell {
            imports.visit_body(module.body());
        }
    }
    let folders = std::mem::take(&mut imports.folders);
    let mut found: Vec<BesideModule> = Vec::new();
    let mut waiting = imports.names;
    let mut asked: Vec<String> = Vec::new();
    while let Some(name) = waiting.pop() {
        let root = name.split('.').next().unwrap_or(&name);
        if asked.contains(&name) || is_stdlib(root) || found.len() >= MAX_MODULES {
            continue;
        }
        let file = beside
            .module(&name, &folders)
            .filter(|file| file.text.len() <= MAX_LENGTH);
        asked.push(name.clone());
        let Some(file) = file else { continue };
        let module = Module::file(&file.text, TextRange::new(0, file.text.len()));
        let mut imports = Imports::within(&name, file.package);
        imports.visit_body(module.body());
        waiting.append(&mut imports.names);
        found.push(BesideModule { name, file, module });
    }
    found
}

/// The files that tell which MCP servers there are, as far as the cells name them: by path as written, with their texts.
pub(crate) fn data_files_of(cells: &[Source], beside: &dyn Beside) -> Vec<(String, String)> {
    let mut texts = FileNames(Vec::new());
    for cell in cells {
        if let Source::Python { module, .. } = cell {
            texts.visit_body(module.body());
        }
    }
    let read = |path: String| {
        let text = beside.data(&path).filter(|text| text.len() <= MAX_DATA)?;
        Some((path, text))
    };
    texts
        .0
        .into_iter()
        .take(MAX_FILES)
        .filter_map(read)
        .collect()
}

/// Texts that name such a file.
struct FileNames(Vec<String>);

impl<'a> SourceOrderVisitor<'a> for FileNames {
    fn enter_node(&mut self, node: AnyNodeRef<'a>) -> TraversalSignal {
        if let AnyNodeRef::ExprStringLiteral(literal) = node {
            let text = literal.value.to_str();
            let last = text.rsplit('/').next().unwrap_or(text);
            let is_path = text.len() < 200
                && !text.contains("://")
                && !text.contains(|c: char| c.is_whitespace() || c.is_control());
            let is_file = last.contains("mcp") && (last.contains('.') || last.ends_with("config"));
            if is_path && is_file && !self.0.iter().any(|known| known == text) {
                self.0.push(text.to_owned());
            }
        }
        TraversalSignal::Traverse
    }
}

/// The modules that a text imports, by absolute names, and the folders that it puts on the path.
#[derive(Default)]
struct Imports {
    /// The package that relative imports start from; empty for a notebook.
    package: Vec<String>,
    names: Vec<String>,
    folders: Vec<String>,
}

impl Imports {
    fn within(module: &str, package: bool) -> Self {
        Self {
            package: package_of(module, package),
            ..Self::default()
        }
    }

    fn add(&mut self, name: &str) {
        // `import a.b` runs `a` first.
        let ends = name
            .match_indices('.')
            .map(|(at, _)| at)
            .chain([name.len()]);
        for end in ends {
            if let Some(part) = name.get(..end).filter(|part| !part.is_empty())
                && !self.names.iter().any(|known| known == part)
            {
                self.names.push(part.to_owned());
            }
        }
    }
}

/// The absolute name of `module` behind `level` dots, in a package; `None` if the dots lead out of it.
pub(crate) fn absolute(package: &[String], level: usize, module: &str) -> Option<String> {
    if level == 0 {
        return Some(module.to_owned());
    }
    let kept = package.len().checked_sub(level - 1)?;
    let mut parts: Vec<&str> = package.get(..kept)?.iter().map(String::as_str).collect();
    if !module.is_empty() {
        parts.push(module);
    }
    Some(parts.join("."))
}

impl<'a> SourceOrderVisitor<'a> for Imports {
    fn enter_node(&mut self, node: AnyNodeRef<'a>) -> TraversalSignal {
        match node {
            AnyNodeRef::StmtImport(import) => {
                for alias in &import.names {
                    self.add(alias.name.as_str());
                }
            }
            AnyNodeRef::StmtImportFrom(import) => {
                let module = import.module.as_ref().map_or("", |module| module.as_str());
                if let Some(name) = absolute(&self.package, import.level as usize, module) {
                    self.add(&name);
                    // A member may be a module of the package.
                    for alias in import
                        .names
                        .iter()
                        .filter(|alias| alias.name.as_str() != "*")
                    {
                        self.add(format!("{name}.{}", alias.name).trim_start_matches('.'));
                    }
                }
            }
            AnyNodeRef::ExprCall(call) => {
                let path = dotted(&*call.func).map(|(_, parts)| parts.join("."));
                if matches!(
                    path.as_deref(),
                    Some("sys.path.append" | "sys.path.insert" | "path.append" | "path.insert")
                ) {
                    let texts = call.arguments.args.iter().filter_map(folder);
                    self.folders.extend(texts.map(str::to_owned));
                }
            }
            _ => {}
        }
        TraversalSignal::Traverse
    }
}

/// The folder that an expression names: a text, or one inside `os.path.abspath(...)`, `str(Path(...))` and the like.
fn folder(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Call(call) => call.arguments.args.iter().find_map(folder),
        Expr::Attribute(attribute) => folder(&attribute.value),
        other => string_value(other),
    }
}

/// Whether a module's names cannot all be known: it makes some as it runs.
pub(crate) fn is_dynamic(module: &Module) -> bool {
    let mut search = Dynamic(false);
    search.visit_body(module.body());
    search.0 || !module.errors().is_empty()
}

struct Dynamic(bool);

impl<'a> SourceOrderVisitor<'a> for Dynamic {
    fn visit_stmt(&mut self, stmt: &'a Stmt) {
        match stmt {
            Stmt::FunctionDef(function) if function.name.as_str() == "__getattr__" => self.0 = true,
            _ => nbfix_python::ast::visitor::source_order::walk_stmt(self, stmt),
        }
    }

    fn enter_node(&mut self, node: AnyNodeRef<'a>) -> TraversalSignal {
        if let AnyNodeRef::ExprName(name) = node
            && matches!(
                name.id.as_str(),
                "globals" | "exec" | "vars" | "setattr" | "__import__"
            )
        {
            self.0 = true;
        }
        TraversalSignal::Traverse
    }
}
