//! From `google.generativeai` to `google.genai`.
//!
//! A `GenerativeModel` becomes its name: the variable that held the model holds a text, and goes wherever the model went.
//! What the model was set up with goes into a variable beside it, `model_config`.

mod kinds;
mod library;
mod methods;
mod reader;
mod settings;
mod values;

use std::collections::BTreeMap;

use nbfix_ipynb::CellId;
use nbfix_python::ast::visitor::source_order::{walk_expr, walk_stmt};
use nbfix_python::ast::{Expr, ExprCall, Stmt, StmtAssign, StmtFunctionDef};
use nbfix_python::{SourceOrderVisitor, range};
use nbfix_semantic::{BindingKind, ProgramId, Semantic, Unit};
use nbfix_text::{Edit, TextRange};

use super::places::{Edits, behind, free_name, is_alone, joined, newline, unit_of};
use super::trace::Tracer;
use super::{Migration, Words, install, mentions};
use crate::degrade::line_end;
use kinds::Google;

const WORDS: Words = Words {
    package: "google-generativeai",
    new: "a client of `google.genai`",
    needs: "the package google-genai",
    caution: "Parts of an answer that are printed whole look different, an answer without text gives `None` where it raised an error, and errors have other classes.",
    advice: "make a client, `client = genai.Client(api_key=...)` of `from google import genai`, and call `client.models.generate_content(model=..., contents=...)`",
};

const MODULE: &str = "google.generativeai";

/// Names of `google.generativeai.types` that `google.genai.types` has as well.
const SAME_TYPES: &[&str] = &["HarmCategory", "HarmBlockThreshold"];

/// A model that is made.
struct Model<'a> {
    unit: usize,
    call: &'a ExprCall,
    /// The statement that binds it, and what it binds: a name, or an attribute of `self`.
    bound: Option<(&'a StmtAssign, &'a Expr)>,
}

impl Model<'_> {
    /// Whether it is made of more than a name.
    fn is_set_up(&self) -> bool {
        let arguments = &self.call.arguments;
        let named = usize::from(arguments.find_keyword("model_name").is_some());
        arguments.len() > named.max(usize::from(!arguments.args.is_empty()))
    }
}

/// How the notebook imports the library.
struct Import {
    unit: usize,
    at: TextRange,
}

struct Finder<'s, 'a> {
    semantic: &'s Semantic<'a>,
    unit: &'s Unit<'a>,
    imports: Vec<Import>,
    alias: Option<String>,
    edits: Edits,
    calls: Vec<(usize, &'a ExprCall, String)>,
    models: Vec<Model<'a>>,
    /// Whether an embedding is of many texts, where that can be told.
    many: BTreeMap<(usize, TextRange), bool>,
    /// The functions around, innermost last.
    functions: Vec<&'a StmtFunctionDef>,
    blocked: Option<String>,
}

/// Looks at a notebook; `allowed` are places that are meant to stay.
pub(super) fn migration<'a>(
    semantic: &Semantic<'a>,
    allowed: &dyn Fn(CellId, TextRange) -> bool,
) -> Option<Migration> {
    if !mentions(semantic.units_of(ProgramId::DOCUMENT), "generativeai") {
        return None;
    }
    let mut found = Finder {
        semantic,
        unit: semantic.units().first()?,
        imports: Vec::new(),
        alias: None,
        edits: Edits::new(),
        calls: Vec::new(),
        models: Vec::new(),
        many: BTreeMap::new(),
        functions: Vec::new(),
        blocked: None,
    };
    for unit in semantic.units_of(ProgramId::DOCUMENT) {
        found.unit = unit;
        found.visit_body(unit.module.body());
    }
    if found.imports.is_empty() {
        return None;
    }
    let stays = found.imports.iter().any(|import| {
        let unit = semantic.units().get(import.unit);
        unit.is_some_and(|unit| allowed(unit.cell, import.at))
    });
    let files = semantic
        .units()
        .iter()
        .filter(|unit| unit.program != ProgramId::DOCUMENT);
    let elsewhere = mentions(files, "generativeai");
    let edits = if stays {
        Err("a part of it is meant to stay".to_owned())
    } else if elsewhere {
        Err("a file that a cell writes uses it, too".to_owned())
    } else {
        found.plan()
    };
    Some(Migration {
        words: &WORDS,
        edits,
    })
}

impl<'s, 'a> Finder<'s, 'a> {
    fn block(&mut self, why: impl Into<String>) {
        self.blocked.get_or_insert(why.into());
    }

    fn replace(&mut self, at: TextRange, text: impl Into<String>) {
        self.edits.push((self.unit.cell, Edit::replace(at, text)));
    }

    fn import(&mut self, stmt: &'a Stmt) {
        let at = range(stmt);
        match stmt {
            Stmt::Import(import) => {
                for alias in &import.names {
                    let name = alias.name.as_str();
                    if name.starts_with("google.genai") {
                        self.block("the notebook uses both libraries");
                    }
                    if name != MODULE && !name.starts_with("google.generativeai.") {
                        continue;
                    }
                    self.imports.push(Import {
                        unit: self.unit.index,
                        at,
                    });
                    match (&alias.asname, import.names.len()) {
                        (Some(bound), 1) if name == MODULE => {
                            self.imported(bound.as_str());
                            self.replace(at, as_name("from google import genai", "genai", bound));
                        }
                        _ => self.block(format!("`{name}` is imported without a name of its own")),
                    }
                }
            }
            Stmt::ImportFrom(import) if import.level == 0 => {
                let module = import.module.as_ref().map_or("", |module| module.as_str());
                let names: Vec<&str> = import.names.iter().map(|it| it.name.as_str()).collect();
                if module.starts_with("google.genai") || module == "google" && names == ["genai"] {
                    self.block("the notebook uses both libraries");
                }
                if module.starts_with("google.api_core") || module.starts_with("google.ai") {
                    self.block(format!("`{module}` belongs to the old library"));
                }
                let whole = module == "google" && names.contains(&"generativeai");
                if !whole && module != MODULE && !module.starts_with("google.generativeai.") {
                    return;
                }
                self.imports.push(Import {
                    unit: self.unit.index,
                    at,
                });
                match import.names.as_slice() {
                    [alias] if whole => {
                        let bound = alias.asname.as_ref().unwrap_or(&alias.name).as_str();
                        self.imported(bound);
                        self.replace(at, as_name("from google import genai", "genai", bound));
                    }
                    [alias] if module == MODULE && alias.name.as_str() == "types" => {
                        let bound = alias.asname.as_ref().unwrap_or(&alias.name).as_str();
                        let text = as_name("from google.genai import types", "types", bound);
                        self.replace(at, text);
                    }
                    _ if module == "google.generativeai.types"
                        && names.iter().all(|name| SAME_TYPES.contains(name)) =>
                    {
                        if let Some(name) = &import.module {
                            self.replace(range(name), "google.genai.types");
                        }
                    }
                    _ => self.block(format!("`{}` are imported by name", names.join("`, `"))),
                }
            }
            _ => {}
        }
    }

    fn imported(&mut self, bound: &str) {
        if self.alias.as_deref().is_some_and(|alias| alias != bound) {
            self.block("the library is imported under two names");
        }
        self.alias.get_or_insert(bound.to_owned());
    }

    /// The edits of the whole notebook.
    fn plan(mut self) -> Result<Edits, String> {
        if let Some(why) = self.blocked {
            return Err(why);
        }
        let semantic = self.semantic;
        let alias = self
            .alias
            .clone()
            .ok_or("the library is imported in another way")?;
        let only_key = self.calls.iter().all(|(_, _, path)| path == "configure");
        let others = |unit: &Unit<'_>| {
            unit.source.contains("langchain") || unit.source.contains("llama_index")
        };
        if only_key && semantic.units().iter().any(others) {
            return Err("only the key is set, and perhaps for another library".to_owned());
        }
        let client = free_name(semantic, &["client", "genai_client", "gemini_client"])?;
        let mut known = BTreeMap::new();
        for (unit, call, path) in &self.calls {
            let many = self.many.get(&(*unit, range(*call)));
            let many = many.copied().unwrap_or_default();
            if let Some(kind) = kinds::of_call(path, &self.models, *unit, call, many) {
                known.insert((*unit, range(*call)), kind);
            }
        }
        let paths: BTreeMap<(usize, TextRange), &str> = self
            .calls
            .iter()
            .map(|(unit, call, path)| ((*unit, range(*call)), path.as_str()))
            .collect();
        let tracer = Tracer::new(semantic, Google::new(known));
        let plan = reader::Plan {
            alias: &alias,
            client,
            models: &self.models,
            paths: &paths,
            many: &self.many,
            tracer: &tracer,
        };
        let mut edits = std::mem::take(&mut self.edits);
        let mut first_call: Option<(usize, usize)> = None;
        let mut configured: Option<(usize, usize)> = None;
        for unit in semantic.units_of(ProgramId::DOCUMENT) {
            let read = reader::read(&plan, unit)?;
            let place = |at: usize| (unit.index, at);
            first_call = first_call.or(read.first_call.map(place));
            configured = configured.or(read.configured.map(place));
            edits.extend(read.edits);
        }
        match (configured, first_call) {
            (Some(configured), Some(call)) if call < configured => {
                return Err("the library is called before its key is set".to_owned());
            }
            (None, Some(call)) => edits.push(self.client(&alias, client, call)?),
            _ => {}
        }
        edits.extend(install::renamed(
            semantic,
            "google-generativeai",
            "google-genai",
        ));
        Ok(joined(edits))
    }

    /// The client of a notebook that leaves the key to the environment, behind the import.
    fn client(
        &self,
        alias: &str,
        client: &str,
        call: (usize, usize),
    ) -> Result<(CellId, Edit), String> {
        let import = self.imports.first().ok_or("the library is not imported")?;
        let keys = ["GOOGLE_API_KEY", "GEMINI_API_KEY"];
        let (unit, at) = behind(self.semantic, (import.unit, import.at), call, &keys)?;
        let unit = unit_of(self.semantic, unit)?;
        if !is_alone(unit, at) {
            return Err("the import shares its line with another statement".to_owned());
        }
        let text = format!("{}{client} = {alias}.Client()", newline(unit));
        let end = line_end(unit.source, at.end());
        Ok((unit.cell, Edit::insert(end, text)))
    }
}

/// `statement`, or `statement as bound` where that is another name.
fn as_name(statement: &str, name: &str, bound: &str) -> String {
    match name == bound {
        true => statement.to_owned(),
        false => format!("{statement} as {bound}"),
    }
}

impl<'a> SourceOrderVisitor<'a> for Finder<'_, 'a> {
    fn visit_stmt(&mut self, stmt: &'a Stmt) {
        self.import(stmt);
        if let Stmt::Assign(assign) = stmt
            && let Expr::Call(call) = &*assign.value
            && let [target] = assign.targets.as_slice()
            && self.path(call).as_deref() == Some("GenerativeModel")
        {
            let is_kept =
                target.is_name_expr() || self.semantic.attribute_value(self.unit, target).is_some();
            self.models.push(Model {
                unit: self.unit.index,
                call,
                bound: is_kept.then_some((assign, target)),
            });
        }
        let function = match stmt {
            Stmt::FunctionDef(function) => Some(function),
            _ => None,
        };
        self.functions.extend(function);
        walk_stmt(self, stmt);
        if function.is_some() {
            self.functions.pop();
        }
    }

    fn visit_expr(&mut self, expr: &'a Expr) {
        if let Expr::Call(call) = expr
            && let Some(path) = self.path(call)
        {
            let known = self
                .models
                .iter()
                .any(|it| range(it.call) == range(call) && it.unit == self.unit.index);
            if path == "GenerativeModel" && !known {
                self.models.push(Model {
                    unit: self.unit.index,
                    call,
                    bound: None,
                });
            }
            if path == "embed_content" {
                let arguments = &call.arguments;
                let content = arguments.find_argument_value("content", 1);
                let many = content.and_then(|content| {
                    values::is_many(self.semantic, self.unit, content, &self.functions)
                });
                // Only one text has a title.
                let many = many.or(arguments.find_keyword("title").map(|_| false));
                let place = (self.unit.index, range(call));
                self.many.extend(many.map(|many| (place, many)));
            }
            self.calls.push((self.unit.index, call, path));
        }
        walk_expr(self, expr);
    }
}

impl<'a> Finder<'_, 'a> {
    /// What of the library is called.
    fn path(&self, call: &'a ExprCall) -> Option<String> {
        let path = self.semantic.qualified(self.unit, &*call.func)?;
        let path = path.strip_prefix("google.generativeai.")?;
        Some(path.to_owned())
    }
}

/// Whether the name that a chain starts from is bound by an import.
fn is_import(semantic: &Semantic<'_>, unit: &Unit<'_>, name: &nbfix_python::ast::ExprName) -> bool {
    let binding = semantic.binding(unit, name.id.as_str(), range(name).start());
    binding.is_some_and(|it| matches!(it.kind, BindingKind::Import(_)))
}
