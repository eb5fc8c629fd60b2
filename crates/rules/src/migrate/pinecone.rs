//! From the module functions of pinecone below 3 to the client of today.

use std::collections::BTreeMap;

use nbfix_ipynb::CellId;
use nbfix_python::ast::visitor::source_order::walk_expr;
use nbfix_python::ast::{AnyNodeRef, Expr, ExprAttribute, ExprCall, Stmt};
use nbfix_python::{SourceOrderVisitor, TraversalSignal, range, string_value};
use nbfix_semantic::values::Value;
use nbfix_semantic::{ProgramId, Semantic, Unit};
use nbfix_text::{Edit, TextRange};

use super::arguments::Arguments;
use super::places::{Edits, free_name, is_plain, joined};
use super::trace::{Goes, Kinds, Tracer, goes};
use super::{Migration, Words, install, mentions};

const WORDS: Words = Words {
    package: "pinecone-client",
    new: "a client of pinecone",
    needs: "the package pinecone, 3 or later",
    caution: "An index is made in the cloud and region that its environment named, or as pods where that has no serverless indexes; a new account has no pods.",
    advice: "make a client, `pc = pinecone.Pinecone(api_key=...)`, and call it: `pc.Index(name)`, `pc.create_index(..., spec=pinecone.ServerlessSpec(cloud=..., region=...))`",
};

/// Environments in whose place there are serverless indexes: the cloud, and its region.
const SERVERLESS: &[(&str, &str, &str)] = &[
    ("gcp-starter", "aws", "us-east-1"),
    ("us-east-1-aws", "aws", "us-east-1"),
    ("us-west-2-aws", "aws", "us-west-2"),
    ("eu-west-1-aws", "aws", "eu-west-1"),
    ("us-central1-gcp", "gcp", "us-central1"),
    ("eu-west4-gcp", "gcp", "europe-west4"),
    ("eastus2-azure", "azure", "eastus2"),
];

/// How the names of environments end.
const CLOUDS: &[&str] = &["-aws", "-gcp", "-azure"];

/// Whether a value comes from outside of the notebook.
fn is_given(value: &Value<'_>) -> bool {
    matches!(value, Value::Env { .. } | Value::Unknown(_))
}

/// Arguments of `create_index` that speak of pods.
const PODS: &[&str] = &["pod_type", "pods", "replicas", "shards"];

/// Arguments of an index's methods that both versions take.
const SAME: &[(&str, &[&str])] = &[
    (
        "query",
        &[
            "vector",
            "id",
            "top_k",
            "namespace",
            "filter",
            "include_values",
            "include_metadata",
            "sparse_vector",
        ],
    ),
    (
        "upsert",
        &["vectors", "namespace", "batch_size", "show_progress"],
    ),
    ("fetch", &["ids", "namespace"]),
    ("delete", &["ids", "delete_all", "namespace", "filter"]),
    ("describe_index_stats", &["filter"]),
    (
        "update",
        &["id", "values", "set_metadata", "namespace", "sparse_values"],
    ),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Index,
    Description,
}

struct Pinecone(BTreeMap<(usize, TextRange), Kind>);

impl<'a> Kinds<'a> for Pinecone {
    type Kind = Kind;

    fn known(&self, _: &Tracer<'_, 'a, Self>, unit: &Unit<'a>, expr: &'a Expr) -> Option<Kind> {
        self.0.get(&(unit.index, range(expr))).copied()
    }

    fn member(&self, _: Kind, _: &str) -> Option<Kind> {
        None
    }

    fn item(&self, _: Kind, _: &Expr) -> Option<Kind> {
        None
    }

    fn method(&self, _: Kind, _: &str, _: &'a ExprCall) -> Option<Kind> {
        None
    }

    fn element(&self, _: Kind) -> Option<Kind> {
        None
    }
}

/// What a walk through the notebook finds.
struct Finder<'s, 'a> {
    semantic: &'s Semantic<'a>,
    unit: &'s Unit<'a>,
    calls: BTreeMap<(usize, TextRange), String>,
    kinds: BTreeMap<(usize, TextRange), Kind>,
    /// The arguments `environment` of `pinecone.init`.
    environments: Vec<(usize, &'a Expr)>,
    inits: Vec<(CellId, TextRange)>,
    alias: Option<String>,
    blocked: Option<String>,
}

/// Looks at a notebook; `allowed` are places that are meant to stay.
pub(super) fn migration<'a>(
    semantic: &Semantic<'a>,
    allowed: &dyn Fn(CellId, TextRange) -> bool,
) -> Option<Migration> {
    if !mentions(semantic.units_of(ProgramId::DOCUMENT), "pinecone") {
        return None;
    }
    let mut found = Finder {
        semantic,
        unit: semantic.units().first()?,
        calls: BTreeMap::new(),
        kinds: BTreeMap::new(),
        environments: Vec::new(),
        inits: Vec::new(),
        alias: None,
        blocked: None,
    };
    for unit in semantic.units_of(ProgramId::DOCUMENT) {
        found.unit = unit;
        found.visit_body(unit.module.body());
    }
    if found.inits.is_empty() {
        return None;
    }
    let stays = found.inits.iter().any(|(cell, at)| allowed(*cell, *at));
    let edits = match stays {
        true => Err("a part of it is meant to stay".to_owned()),
        false => found.plan(),
    };
    Some(Migration {
        words: &WORDS,
        edits,
    })
}

impl<'a> Finder<'_, 'a> {
    fn plan(self) -> Result<Edits, String> {
        if let Some(why) = self.blocked {
            return Err(why);
        }
        let semantic = self.semantic;
        let alias = self
            .alias
            .as_deref()
            .ok_or("the library is imported in another way")?;
        let client = free_name(semantic, &["pc", "pinecone_client"])?;
        let tracer = Tracer::new(semantic, Pinecone(self.kinds));
        let mut edits = Edits::new();
        let mut made: Option<(usize, usize)> = None;
        let mut first: Option<(usize, usize)> = None;
        for unit in semantic.units_of(ProgramId::DOCUMENT) {
            let mut reader = Reader {
                alias,
                client,
                calls: &self.calls,
                environments: &self.environments,
                tracer: &tracer,
                unit,
                ancestors: Vec::new(),
                edits: Vec::new(),
                made: None,
                first: None,
                blocked: None,
            };
            reader.visit_body(unit.module.body());
            if let Some(why) = reader.blocked {
                return Err(format!("{why} (cell {})", unit.cell.number()));
            }
            made = made.or(reader.made.map(|at| (unit.index, at)));
            first = first.or(reader.first.map(|at| (unit.index, at)));
            edits.extend(reader.edits.into_iter().map(|edit| (unit.cell, edit)));
        }
        if first.is_some_and(|first| made.is_none_or(|made| first < made)) {
            return Err("the library is called before `pinecone.init`".to_owned());
        }
        edits.extend(install::renamed(semantic, "pinecone-client", "pinecone"));
        Ok(joined(edits))
    }
}

impl<'a> SourceOrderVisitor<'a> for Finder<'_, 'a> {
    fn visit_stmt(&mut self, stmt: &'a Stmt) {
        match stmt {
            Stmt::Import(import) => {
                for alias in &import.names {
                    let name = alias.name.as_str();
                    if name == "pinecone" {
                        let bound = alias.asname.as_ref().unwrap_or(&alias.name).as_str();
                        if self.alias.as_deref().is_some_and(|known| known != bound) {
                            self.blocked
                                .get_or_insert("the library has two names".to_owned());
                        }
                        self.alias = Some(bound.to_owned());
                    } else if name.starts_with("pinecone.") {
                        self.blocked
                            .get_or_insert(format!("`{name}` has no counterpart"));
                    }
                }
            }
            Stmt::ImportFrom(import) if import.level == 0 => {
                let module = import.module.as_ref().map_or("", |module| module.as_str());
                let names: Vec<&str> = import.names.iter().map(|it| it.name.as_str()).collect();
                if module == "pinecone" || module.starts_with("pinecone.") {
                    let names = names.join("`, `");
                    self.blocked
                        .get_or_insert(format!("`{names}` are imported by name"));
                } else if names.iter().any(|name| name.contains("Pinecone"))
                    || module.split('.').skip(1).any(|part| part == "pinecone")
                {
                    let why = format!("`{module}` uses the old client, too");
                    self.blocked.get_or_insert(why);
                }
            }
            _ => {}
        }
        nbfix_python::ast::visitor::source_order::walk_stmt(self, stmt);
    }

    fn visit_expr(&mut self, expr: &'a Expr) {
        if let Expr::Call(call) = expr
            && let Some(path) = self.semantic.qualified(self.unit, &*call.func)
            && let Some(path) = path.strip_prefix("pinecone.")
        {
            let place = (self.unit.index, range(call));
            self.calls.insert(place, path.to_owned());
            match path {
                "init" => {
                    self.inits.push((self.unit.cell, range(&*call.func)));
                    let environment = call.arguments.find_keyword("environment");
                    self.environments
                        .extend(environment.map(|it| (self.unit.index, &it.value)));
                }
                "Index" | "GRPCIndex" => {
                    self.kinds.insert(place, Kind::Index);
                }
                "describe_index" => {
                    self.kinds.insert(place, Kind::Description);
                }
                _ => {}
            }
        }
        walk_expr(self, expr);
    }
}

struct Reader<'r, 'a> {
    alias: &'r str,
    client: &'r str,
    calls: &'r BTreeMap<(usize, TextRange), String>,
    environments: &'r [(usize, &'a Expr)],
    tracer: &'r Tracer<'r, 'a, Pinecone>,
    unit: &'r Unit<'a>,
    ancestors: Vec<AnyNodeRef<'a>>,
    edits: Vec<Edit>,
    /// Where the top level makes the client first, and where it calls it first.
    made: Option<usize>,
    first: Option<usize>,
    blocked: Option<String>,
}

impl<'a> Reader<'_, 'a> {
    fn text(&self, expr: &Expr) -> &'a str {
        range(expr).of(self.unit.source)
    }

    fn in_function(&self) -> bool {
        self.ancestors.iter().any(|node| {
            matches!(
                node,
                AnyNodeRef::StmtFunctionDef(_) | AnyNodeRef::ExprLambda(_)
            )
        })
    }

    /// A call of a function of the module.
    fn library(&mut self, call: &'a ExprCall, path: &str) -> Result<(), String> {
        let client = self.client;
        let mut arguments = Arguments::of(self.unit, call)?;
        let keywords: Vec<(&str, &'a Expr)> = arguments
            .keywords()
            .map(|(name, keyword)| (name, &keyword.value))
            .collect();
        let only = |names: &[&str]| keywords.iter().all(|(name, _)| names.contains(name));
        match path {
            "init" => {
                let is_statement = matches!(self.ancestors.last(), Some(AnyNodeRef::StmtExpr(_)));
                if !is_statement || self.in_function() {
                    return Err("`pinecone.init` is called in a function".to_owned());
                }
                if arguments.positional() > 1 || !only(&["api_key", "environment"]) {
                    return Err("`pinecone.init` says more than a key".to_owned());
                }
                for (name, value) in &keywords {
                    if *name == "environment" {
                        arguments.remove(value);
                    }
                }
                arguments.calls(format!("{client} = {}.Pinecone", self.alias));
                self.made.get_or_insert(range(call).start());
                self.edits.extend(arguments.finish());
                return Ok(());
            }
            "list_indexes" if call.arguments.is_empty() => {
                let named = match self.ancestors.last() {
                    Some(AnyNodeRef::ExprAttribute(after)) => after.attr.as_str() == "names",
                    _ => false,
                };
                arguments.calls(format!("{client}.list_indexes"));
                if !named {
                    self.edits.push(Edit::insert(range(call).end(), ".names()"));
                }
            }
            "delete_index" if only(&["name", "timeout"]) && arguments.positional() <= 2 => {
                arguments.calls(format!("{client}.delete_index"));
            }
            "describe_index" if only(&["name"]) && arguments.positional() <= 1 => {
                arguments.calls(format!("{client}.describe_index"));
            }
            "Index" | "GRPCIndex" => {
                let name = arguments
                    .get("index_name", Some(0))
                    .filter(|_| only(&["index_name"]) && call.arguments.len() == 1)
                    .ok_or("an index is opened in a way that cannot be told")?;
                if call.arguments.args.is_empty() {
                    arguments.rename(name, "name");
                }
                arguments.calls(format!("{client}.Index"));
            }
            "create_index" => {
                let known = ["name", "dimension", "metric", "timeout"];
                if arguments.positional() > 2
                    || !keywords
                        .iter()
                        .all(|(name, _)| known.contains(name) || PODS.contains(name))
                {
                    return Err(
                        "an index is made with settings that have no counterpart".to_owned()
                    );
                }
                if let Some(dimension) = call.arguments.args.get(1) {
                    arguments.rename(dimension, "dimension");
                }
                if let Some(name) = call.arguments.args.first() {
                    arguments.rename(name, "name");
                }
                let pods: Vec<(&str, &'a Expr)> = keywords
                    .iter()
                    .filter(|(name, _)| PODS.contains(name))
                    .copied()
                    .collect();
                let spec = format!("spec={}", self.spec(&pods)?);
                for (index, (_, value)) in pods.iter().enumerate() {
                    match index {
                        0 => arguments.replace(value, spec.clone()),
                        _ => arguments.remove(value),
                    }
                }
                if pods.is_empty() {
                    arguments.last(spec);
                }
                arguments.calls(format!("{client}.create_index"));
            }
            _ => {
                return Err(format!(
                    "`pinecone.{path}` has no counterpart that takes the same"
                ));
            }
        }
        if !self.in_function() {
            self.first.get_or_insert(range(call).start());
        }
        self.edits.extend(arguments.finish());
        Ok(())
    }

    /// Where an index is made.
    fn spec(&self, pods: &[(&str, &'a Expr)]) -> Result<String, String> {
        let [(unit, environment)] = self.environments else {
            return Err("nobody can tell in which environment an index is made".to_owned());
        };
        let semantic = self.tracer.semantic;
        let home = semantic
            .units()
            .get(*unit)
            .ok_or("a cell cannot be found")?;
        let alias = self.alias;
        let known = semantic.value(home, environment).likely();
        let row = SERVERLESS
            .iter()
            .find(|(name, ..)| known.as_deref() == Some(*name))
            .filter(|_| pods.is_empty());
        if let Some((_, cloud, region)) = row {
            return Ok(format!(
                "{alias}.ServerlessSpec(cloud=\"{cloud}\", region=\"{region}\")"
            ));
        }
        // A text that names no environment is there to be filled in, and today nobody has anything to fill in.
        let is_placeholder = environment.is_string_literal_expr()
            || !semantic
                .value(home, environment)
                .choices()
                .iter()
                .any(is_given);
        let names_one = known
            .as_deref()
            .is_some_and(|name| CLOUDS.iter().any(|cloud| name.ends_with(cloud)));
        if is_placeholder && !names_one || !is_plain(environment) {
            return Err("nobody can tell in which cloud and region an index is made".to_owned());
        }
        let text = range(*environment).of(home.source);
        // Today the number of pods is that of the replicas, times that of the shards.
        if pods
            .iter()
            .any(|(name, value)| *name == "pods" && self.text(value) != "1")
        {
            return Err("an index is made of several pods".to_owned());
        }
        let pods = pods.iter().filter(|(name, _)| *name != "pods");
        let pods = pods.map(|(name, value)| format!(", {name}={}", self.text(value)));
        Ok(format!(
            "{alias}.PodSpec(environment={text}{})",
            pods.collect::<String>()
        ))
    }

    /// A method of an index.
    fn method(&mut self, call: &'a ExprCall, method: &'a ExprAttribute) -> Result<(), String> {
        let name = method.attr.as_str();
        let Some((_, same)) = SAME.iter().find(|(known, _)| *known == name) else {
            return match name {
                "upsert_from_dataframe" | "close" => Ok(()),
                _ => Err(format!("an index has no `{name}` any more")),
            };
        };
        let mut arguments = match name {
            // Hybrid queries are often put together in a dictionary.
            "query" if call.arguments.keywords.iter().any(|it| it.arg.is_none()) => return Ok(()),
            _ => Arguments::of(self.unit, call)?,
        };
        if arguments.positional() > 1 {
            return Err(format!("`{name}` has arguments without names"));
        }
        if let Some(Expr::List(list)) = call.arguments.args.first()
            && name == "query"
            && list.elts.len() == 1
        {
            return Err("a query has a list of vectors".to_owned());
        }
        if let (Some(first), Some(new)) = (call.arguments.args.first(), same.first()) {
            arguments.rename(first, new);
        }
        let keywords: Vec<(&str, &'a Expr)> = arguments
            .keywords()
            .map(|(name, keyword)| (name, &keyword.value))
            .collect();
        for (given, value) in keywords {
            match given {
                "includeMetadata" => arguments.rename(value, "include_metadata"),
                "includeValues" => arguments.rename(value, "include_values"),
                "topK" => arguments.rename(value, "top_k"),
                _ if same.contains(&given) => {}
                _ => return Err(format!("`{name}` takes no `{given}` any more")),
            }
        }
        self.edits.extend(arguments.finish());
        Ok(())
    }

    fn expr(&mut self, expr: &'a Expr) -> Result<(), String> {
        if let Expr::Call(call) = expr {
            let calls = self.calls;
            if let Some(path) = calls.get(&(self.unit.index, range(call))) {
                self.library(call, path)?;
            } else if let Expr::Attribute(method) = &*call.func
                && self.tracer.of(self.unit, &method.value) == Some(Kind::Index)
            {
                self.method(call, method)?;
            }
        } else if let Expr::Attribute(_) = expr {
            let is_called = match self.ancestors.last() {
                Some(AnyNodeRef::ExprCall(call)) => range(&*call.func) == range(expr),
                _ => false,
            };
            let path = self.tracer.semantic.qualified(self.unit, expr);
            let path = path
                .as_deref()
                .and_then(|path| path.strip_prefix("pinecone."));
            if let Some(path) = path.filter(|path| !is_called && !path.starts_with("__")) {
                return Err(format!("`pinecone.{path}` has no counterpart"));
            }
        }
        self.escape(expr)
    }

    fn escape(&self, expr: &'a Expr) -> Result<(), String> {
        if matches!(expr, Expr::Name(name) if !name.ctx.is_load()) {
            return Ok(());
        }
        let Some(kind) = self.tracer.of(self.unit, expr) else {
            return Ok(());
        };
        let text = self.text(expr).lines().next().unwrap_or_default();
        match goes(self.tracer, self.unit, &self.ancestors, expr) {
            Goes::Followed | Goes::Shown => {}
            _ => return Err(format!("`{text}` goes where it cannot be followed")),
        }
        match (self.ancestors.last(), kind) {
            (Some(AnyNodeRef::ExprAttribute(read)), Kind::Description)
                if !["status", "dimension", "metric", "name"].contains(&read.attr.as_str()) =>
            {
                Err(format!(
                    "the description of an index has no `{}` any more",
                    read.attr
                ))
            }
            (Some(AnyNodeRef::ExprSubscript(read)), _) if string_value(&read.slice).is_some() => {
                Err(format!("`{text}` is read as a dictionary"))
            }
            _ => Ok(()),
        }
    }
}

impl<'a> SourceOrderVisitor<'a> for Reader<'_, 'a> {
    fn enter_node(&mut self, node: AnyNodeRef<'a>) -> TraversalSignal {
        self.ancestors.push(node);
        TraversalSignal::Traverse
    }

    fn leave_node(&mut self, _: AnyNodeRef<'a>) {
        self.ancestors.pop();
    }

    fn visit_expr(&mut self, expr: &'a Expr) {
        if self.blocked.is_some() {
            return;
        }
        match self.expr(expr) {
            Ok(()) => walk_expr(self, expr),
            Err(why) => self.blocked = Some(why),
        }
    }
}
