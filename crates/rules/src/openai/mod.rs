//! From the module functions of openai below 1 to the client of today, for a whole notebook at once.
//!
//! All edits stand together: a call that is mended gives another kind of answer, so every read of it must be mended too, and
//! the client must be made before the first call. What cannot be followed leaves the notebook as it is, and says why.

mod answers;
mod client;

use nbfix_ipynb::CellId;
use nbfix_python::ast::visitor::source_order::{walk_expr, walk_stmt};
use nbfix_python::ast::{Expr, ExprCall, Stmt, StmtAssign};
use nbfix_python::{SourceOrderVisitor, dotted, range};
use nbfix_semantic::{ProgramId, Semantic, Unit};
use nbfix_text::{Edit, TextRange};

/// Classes of the module that went with 1.0.
pub(crate) const GONE: &[&str] = &[
    "ChatCompletion",
    "Completion",
    "Embedding",
    "Image",
    "Audio",
    "File",
    "FineTune",
    "FineTuningJob",
    "Model",
    "Edit",
    "Moderation",
    "Engine",
    "Deployment",
];

/// Calls that have a counterpart with the same arguments.
const CALLS: &[(&str, &str)] = &[
    ("ChatCompletion.create", "chat.completions.create"),
    ("Completion.create", "completions.create"),
    ("Embedding.create", "embeddings.create"),
    ("Image.create", "images.generate"),
    ("Image.create_edit", "images.edit"),
    ("Image.create_variation", "images.create_variation"),
    ("Moderation.create", "moderations.create"),
    ("Audio.transcribe", "audio.transcriptions.create"),
    ("Audio.translate", "audio.translations.create"),
    ("File.create", "files.create"),
    ("File.list", "files.list"),
    ("FineTuningJob.create", "fine_tuning.jobs.create"),
    ("FineTuningJob.list_events", "fine_tuning.jobs.list_events"),
    ("FineTuningJob.retrieve", "fine_tuning.jobs.retrieve"),
    ("Model.list", "models.list"),
];

/// What the errors are called now.
const ERRORS: &[(&str, &str)] = &[
    ("APIConnectionError", "APIConnectionError"),
    ("APIError", "APIError"),
    ("AuthenticationError", "AuthenticationError"),
    ("InvalidRequestError", "BadRequestError"),
    ("OpenAIError", "OpenAIError"),
    ("PermissionError", "PermissionDeniedError"),
    ("RateLimitError", "RateLimitError"),
    ("ServiceUnavailableError", "InternalServerError"),
    ("Timeout", "APITimeoutError"),
];

/// Settings of the module that a client takes.
const SETTINGS: &[&str] = &[
    "api_key",
    "api_base",
    "api_type",
    "api_version",
    "organization",
];

/// One use of what is gone.
pub(crate) struct Use {
    pub(crate) cell: CellId,
    pub(crate) at: TextRange,
    /// What is gone, without `openai.`.
    pub(crate) name: String,
}

/// The uses of a notebook, and how they are mended together.
pub(crate) struct Migration {
    pub(crate) uses: Vec<Use>,
    /// Or why they are not.
    pub(crate) edits: Result<Vec<(CellId, Edit)>, String>,
}

/// A call that is mended.
struct Called<'a> {
    unit: usize,
    call: &'a ExprCall,
    target: &'static str,
    asynchronous: bool,
}

/// `openai.api_key = value` at the top level.
struct Setting<'a> {
    unit: usize,
    stmt: &'a StmtAssign,
    name: &'static str,
}

struct Finder<'s, 'a> {
    semantic: &'s Semantic<'a>,
    unit: &'s Unit<'a>,
    /// Whether the walk is in a statement of the top level, and in no block.
    depth: usize,
    uses: Vec<Use>,
    calls: Vec<Called<'a>>,
    settings: Vec<Setting<'a>>,
    edits: Vec<(CellId, Edit)>,
    blocked: Option<String>,
}

/// Looks at a notebook; `allowed` are places that are meant to stay.
pub(crate) fn migration<'a>(
    semantic: &Semantic<'a>,
    allowed: impl Fn(CellId, TextRange) -> bool,
) -> Option<Migration> {
    let mentions =
        |unit: &&Unit<'a>| memchr::memmem::find(unit.source.as_bytes(), b"openai").is_some();
    if !semantic
        .units_of(ProgramId::DOCUMENT)
        .any(|unit| mentions(&unit))
    {
        return None;
    }
    let mut uses = Vec::new();
    let mut calls = Vec::new();
    let mut settings = Vec::new();
    let mut edits = Vec::new();
    let mut blocked = None;
    for unit in semantic.units_of(ProgramId::DOCUMENT) {
        let mut finder = Finder {
            semantic,
            unit,
            depth: 0,
            uses: Vec::new(),
            calls: Vec::new(),
            settings: Vec::new(),
            edits: Vec::new(),
            blocked: None,
        };
        finder.visit_body(unit.module.body());
        uses.extend(finder.uses);
        calls.extend(finder.calls);
        settings.extend(finder.settings);
        edits.extend(finder.edits);
        blocked = blocked.or(finder.blocked);
    }
    if uses.is_empty() {
        return None;
    }
    if uses.iter().any(|each| allowed(each.cell, each.at)) {
        blocked = blocked.or(Some("a part of it is meant to stay".to_owned()));
    }
    let planned = match blocked {
        Some(why) => Err(why),
        None if calls.is_empty() => Ok(edits),
        None => client::edits(semantic, &calls, &settings).and_then(|client| {
            edits.extend(client);
            edits.extend(answers::edits(semantic, &calls)?);
            Ok(edits)
        }),
    };
    Some(Migration {
        uses,
        edits: planned,
    })
}

impl<'a> Finder<'_, 'a> {
    fn found(&mut self, at: TextRange, name: &str) {
        self.uses.push(Use {
            cell: self.unit.cell,
            at,
            name: name.to_owned(),
        });
    }

    fn block(&mut self, why: impl Into<String>) {
        self.blocked.get_or_insert(why.into());
    }

    fn replace(&mut self, at: TextRange, text: impl Into<String>) {
        self.edits.push((self.unit.cell, Edit::replace(at, text)));
    }

    /// `openai.X...`, the longest chain of names.
    fn chain(&mut self, expr: &'a Expr, path: &str, call: Option<&'a ExprCall>) {
        let mut parts = path.split('.');
        let name = parts.next().unwrap_or_default();
        if name == "error" || name == "embeddings_utils" {
            self.found(range(expr), name);
            let class = path.strip_prefix("error.").unwrap_or_default();
            let known = ERRORS.iter().find(|(old, _)| *old == class);
            let root = dotted(expr).map(|(name, parts)| (range(name), parts.len()));
            match (known, root) {
                // `oai.error.Timeout` becomes `oai.APITimeoutError`.
                (Some((_, new)), Some((root, 3))) => {
                    self.replace(
                        TextRange::new(root.end(), range(expr).end()),
                        format!(".{new}"),
                    );
                }
                // A name that an import statement brings: that is mended.
                (Some(_), Some((_, 1))) => {}
                _ => self.block(format!("`openai.{path}` has no counterpart")),
            }
        } else if GONE.contains(&name) {
            let at = call.map_or(range(expr), range);
            self.found(at, name);
            let (plain, asynchronous) = match path.strip_suffix(".acreate") {
                Some(class) => (format!("{class}.create"), true),
                None => (path.to_owned(), false),
            };
            let target = CALLS.iter().find(|(old, _)| *old == plain);
            // `openai.ChatCompletion.create`, or the same of a class that was imported by its name.
            let direct = dotted(expr).is_some_and(|(root, parts)| {
                let by_name = self.imported(root).is_some_and(|path| {
                    path.strip_prefix("openai.")
                        .is_some_and(|it| GONE.contains(&it))
                });
                parts.len() == if by_name { 2 } else { 3 }
            });
            match (call, target) {
                (Some(call), Some((_, target))) if direct => self.calls.push(Called {
                    unit: self.unit.index,
                    call,
                    target,
                    asynchronous,
                }),
                _ => self.block(format!(
                    "`openai.{path}` has no counterpart that takes the same"
                )),
            }
        } else if SETTINGS.contains(&name) && path == name {
            self.block(format!(
                "`openai.{name}` is read or set in a place of its own"
            ));
        }
    }
}

impl<'a> SourceOrderVisitor<'a> for Finder<'_, 'a> {
    fn visit_stmt(&mut self, stmt: &'a Stmt) {
        match stmt {
            Stmt::Assign(assign) if self.depth == 0 => {
                if let [target] = assign.targets.as_slice()
                    && let Some(path) = self.semantic.qualified(self.unit, target)
                    && let Some(name) = path.strip_prefix("openai.")
                    && let Some(name) = SETTINGS.iter().find(|known| **known == name)
                {
                    self.settings.push(Setting {
                        unit: self.unit.index,
                        stmt: assign,
                        name,
                    });
                    self.visit_expr(&assign.value);
                    return;
                }
            }
            Stmt::ImportFrom(import) if import.level == 0 => {
                let module = import.module.as_ref().map_or("", |module| module.as_str());
                if module == "openai.error" {
                    self.found(range(import), "error");
                    let names: Option<Vec<String>> = import
                        .names
                        .iter()
                        .map(|alias| {
                            let old = alias.name.as_str();
                            let (_, new) = ERRORS.iter().find(|(known, _)| *known == old)?;
                            let bound = alias.asname.as_ref().unwrap_or(&alias.name).as_str();
                            Some(match bound == *new {
                                true => bound.to_owned(),
                                false => format!("{new} as {bound}"),
                            })
                        })
                        .collect();
                    match names {
                        Some(names) => {
                            let text = format!("from openai import {}", names.join(", "));
                            self.replace(range(import), text);
                        }
                        None => {
                            self.block("one of the errors that are imported has no counterpart")
                        }
                    }
                } else if module == "openai" {
                    let gone = |name: &str| GONE.contains(&name);
                    let names = || import.names.iter().map(|it| it.name.as_str());
                    if let Some(name) = names().find(|name| gone(name)) {
                        self.found(range(import), name);
                        match names().all(gone) {
                            true => self.replace(range(import), "import openai"),
                            false => self.block("a class is imported beside others that stay"),
                        }
                    }
                } else if module == "openai.embeddings_utils" {
                    self.found(range(import), "embeddings_utils");
                    self.block("`openai.embeddings_utils` has no counterpart");
                }
            }
            Stmt::Import(import) => {
                for alias in &import.names {
                    let name = alias.name.as_str();
                    if matches!(name, "openai.error" | "openai.embeddings_utils") {
                        self.found(range(import), name.trim_start_matches("openai."));
                        match (name, &alias.asname) {
                            ("openai.error", None) => self.replace(range(&alias.name), "openai"),
                            _ => self.block(format!("`{name}` has no counterpart")),
                        }
                    }
                }
            }
            _ => {}
        }
        self.depth += 1;
        walk_stmt(self, stmt);
        self.depth -= 1;
    }

    fn visit_expr(&mut self, expr: &'a Expr) {
        let (chain, call) = match expr {
            Expr::Call(call) => (&*call.func, Some(call)),
            other => (other, None),
        };
        let path = match chain {
            Expr::Attribute(_) | Expr::Name(_) => self.semantic.qualified(self.unit, chain),
            _ => None,
        };
        // A name that is bound to another value means what that means; its own place was seen before.
        let path = path.filter(|_| !matches!(chain, Expr::Name(name) if !self.is_import(name)));
        match path
            .as_deref()
            .and_then(|path| path.strip_prefix("openai."))
        {
            Some(path) => {
                self.chain(chain, path, call);
                if let Some(call) = call {
                    self.visit_arguments(&call.arguments);
                }
            }
            None => walk_expr(self, expr),
        }
    }
}

impl Finder<'_, '_> {
    fn is_import(&self, name: &nbfix_python::ast::ExprName) -> bool {
        self.imported(name).is_some()
    }

    /// What an import binds the name to.
    fn imported(&self, name: &nbfix_python::ast::ExprName) -> Option<&str> {
        let at = range(name).start();
        let binding = self.semantic.binding(self.unit, name.id.as_str(), at)?;
        match &binding.kind {
            nbfix_semantic::BindingKind::Import(path) => Some(path),
            _ => None,
        }
    }
}
