//! The edits of one cell, or why it cannot be mended.

use std::collections::BTreeMap;

use nbfix_python::ast::visitor::source_order::walk_expr;
use nbfix_python::ast::{AnyNodeRef, Expr, ExprAttribute, ExprCall};
use nbfix_python::{SourceOrderVisitor, TraversalSignal, dotted, range, string_value};
use nbfix_semantic::{ProgramId, Unit};
use nbfix_text::{Edit, TextRange};

use super::kinds::{Google, Kind, streams};
use super::settings::{ARGUMENTS, Settings};
use super::{MODULE, Model, is_import, values};
use crate::degrade::line_end;
use crate::migrate::arguments::Arguments;
use crate::migrate::places::{Edits, newline, own_indent};
use crate::migrate::trace::{Goes, Kinds, Tracer, goes};

/// The model of a call that names none.
const DEFAULT_MODEL: &str = "\"gemini-1.5-flash-002\"";

/// Methods that hardly anything but this library has; who calls one on what cannot be followed may call the library.
const TELLING: &[&str] = &[
    "generate_content",
    "generate_content_async",
    "start_chat",
    "count_tokens",
    "send_message",
    "send_message_async",
    "supported_generation_methods",
];

/// What all cells share.
pub(super) struct Plan<'p, 'a> {
    /// What the notebook calls the module.
    pub(super) alias: &'p str,
    /// The name of the client.
    pub(super) client: &'p str,
    pub(super) models: &'p [Model<'a>],
    /// What the calls of the library call.
    pub(super) paths: &'p BTreeMap<(usize, TextRange), &'p str>,
    /// Whether an embedding is of many texts, where that can be told.
    pub(super) many: &'p BTreeMap<(usize, TextRange), bool>,
    pub(super) tracer: &'p Tracer<'p, 'a, Google>,
}

/// What was read of one cell.
pub(super) struct Read {
    pub(super) edits: Edits,
    /// Where the top level calls the library first.
    pub(super) first_call: Option<usize>,
    /// Where it sets the key first.
    pub(super) configured: Option<usize>,
}

/// The edits of a cell.
pub(super) fn read<'a>(plan: &Plan<'_, 'a>, unit: &Unit<'a>) -> Result<Read, String> {
    let mut reader = Reader {
        plan,
        unit,
        ancestors: Vec::new(),
        taken: Vec::new(),
        read: Read {
            edits: Edits::new(),
            first_call: None,
            configured: None,
        },
        blocked: None,
    };
    reader.visit_body(unit.module.body());
    match reader.blocked {
        Some(why) => Err(format!("{why} (cell {})", unit.cell.number())),
        None => Ok(reader.read),
    }
}

struct Reader<'r, 'a> {
    plan: &'r Plan<'r, 'a>,
    unit: &'r Unit<'a>,
    ancestors: Vec<AnyNodeRef<'a>>,
    /// Places whose text went into another edit.
    taken: Vec<TextRange>,
    read: Read,
    blocked: Option<String>,
}

type Done = Result<(), String>;

impl<'a> Reader<'_, 'a> {
    fn text(&self, expr: &Expr) -> &'a str {
        range(expr).of(self.unit.source)
    }

    fn replace(&mut self, at: TextRange, text: impl Into<String>) {
        self.read
            .edits
            .push((self.unit.cell, Edit::replace(at, text)));
    }

    fn finish(&mut self, arguments: Arguments<'_, 'a>) {
        let cell = self.unit.cell;
        let edits = arguments.finish().into_iter();
        self.read.edits.extend(edits.map(|edit| (cell, edit)));
    }

    fn in_function(&self) -> bool {
        self.ancestors.iter().any(|node| {
            matches!(
                node,
                AnyNodeRef::StmtFunctionDef(_) | AnyNodeRef::ExprLambda(_)
            )
        })
    }

    fn calls(&mut self, call: &ExprCall) {
        if !self.in_function() {
            self.read.first_call.get_or_insert(range(call).start());
        }
    }

    /// A call of a function or class of the library.
    fn library(&mut self, call: &'a ExprCall, path: &str) -> Done {
        let (alias, client) = (self.plan.alias, self.plan.client);
        let unit = self.unit;
        let gone = || Err(format!("`{path}` has no counterpart that takes the same"));
        let mut arguments = Arguments::of(unit, call)?;
        let only = |names: &[&str], arguments: &Arguments<'_, 'a>| {
            arguments.positional() <= names.len()
                && arguments.keywords().all(|(name, _)| names.contains(&name))
        };
        match path {
            "configure" => return self.configure(call, arguments),
            "GenerativeModel" => return self.model(call),
            "GenerationConfig" | "types.GenerationConfig" => {
                if arguments.positional() > 0 {
                    return gone();
                }
                arguments.calls(format!("{alias}.types.GenerateContentConfig"));
            }
            "list_models" | "list_files" if only(&[], &arguments) => {
                let of = path.trim_start_matches("list_");
                arguments.calls(format!("{client}.{of}.list"));
            }
            "get_model" if only(&["name"], &arguments) => {
                let Some(name) = arguments.get("name", Some(0)) else {
                    return gone();
                };
                arguments.rename(name, "model");
                arguments.calls(format!("{client}.models.get"));
            }
            "get_file" | "delete_file" if only(&["name"], &arguments) => {
                let Some(name) = arguments.get("name", Some(0)) else {
                    return gone();
                };
                match self.plan.tracer.of(unit, name) {
                    Some(Kind::File) => {
                        arguments.replace(name, format!("name={}.name", self.text(name)))
                    }
                    _ => arguments.rename(name, "name"),
                }
                let method = path.trim_end_matches("_file");
                arguments.calls(format!("{client}.files.{method}"));
            }
            "upload_file" if only(&["path", "mime_type", "name", "display_name"], &arguments) => {
                let Some(path) = arguments.get("path", Some(0)) else {
                    return gone();
                };
                if arguments.positional() > 1 {
                    return gone();
                }
                arguments.rename(path, "file");
                let fields: Vec<(&str, &'a Expr)> = arguments
                    .keywords()
                    .filter(|(name, _)| *name != "path")
                    .map(|(name, keyword)| (name, &keyword.value))
                    .collect();
                let texts = fields
                    .iter()
                    .map(|(name, value)| format!("\"{name}\": {}", self.text(value)));
                let text = format!("config={{{}}}", texts.collect::<Vec<_>>().join(", "));
                self.join(&mut arguments, &fields, text);
                arguments.calls(format!("{client}.files.upload"));
            }
            "embed_content" => return self.embed(call, arguments),
            _ => return gone(),
        }
        if !path.ends_with("GenerationConfig") {
            self.calls(call);
        }
        self.finish(arguments);
        Ok(())
    }

    /// Puts one argument in the place of several.
    fn join(
        &mut self,
        arguments: &mut Arguments<'_, 'a>,
        fields: &[(&str, &'a Expr)],
        text: String,
    ) {
        for (index, (_, value)) in fields.iter().enumerate() {
            self.taken.push(range(*value));
            match index {
                0 => arguments.replace(value, text.clone()),
                _ => arguments.remove(value),
            }
        }
    }

    /// `genai.configure(api_key=...)`.
    fn configure(&mut self, call: &'a ExprCall, mut arguments: Arguments<'_, 'a>) -> Done {
        let is_statement = matches!(self.ancestors.last(), Some(AnyNodeRef::StmtExpr(_)));
        if !is_statement || self.in_function() {
            return Err("the key is set in a function".to_owned());
        }
        if arguments.positional() > 0 {
            return Err("the library is set up in a way that cannot be told".to_owned());
        }
        let alias = self.plan.alias;
        let keywords: Vec<(&str, &'a Expr)> = arguments
            .keywords()
            .map(|(name, keyword)| (name, &keyword.value))
            .collect();
        for (name, value) in keywords {
            match name {
                "api_key" => {}
                // The new library knows one way only.
                "transport" => arguments.remove(value),
                "client_options" => {
                    let url = endpoint(value).ok_or("nobody can tell which server is asked")?;
                    let known = self.plan.tracer.semantic.value(self.unit, url);
                    let begins = known.likely().unwrap_or_default();
                    if !begins.starts_with("http://") && !begins.starts_with("https://") {
                        return Err("the server is named without its protocol".to_owned());
                    }
                    let text = format!(
                        "http_options={alias}.types.HttpOptions(base_url={})",
                        self.text(url)
                    );
                    self.taken.push(range(value));
                    arguments.replace(value, text);
                }
                _ => return Err(format!("the library is set up with `{name}`")),
            }
        }
        arguments.calls(format!("{} = {alias}.Client", self.plan.client));
        self.read.configured.get_or_insert(range(call).start());
        self.finish(arguments);
        Ok(())
    }

    /// The name of a model that is made, and its settings.
    fn parts(&mut self, call: &'a ExprCall) -> Result<(String, Settings), String> {
        let arguments = Arguments::of(self.unit, call)?;
        if arguments.positional() > 1 {
            return Err("a model is made with arguments without names".to_owned());
        }
        let mut settings = Settings::default();
        for (name, keyword) in arguments.keywords() {
            if ARGUMENTS.contains(&name) {
                settings.add(self.plan, self.unit, name, &keyword.value)?;
            } else if name != "model_name" {
                return Err(format!("a model is made with `{name}`"));
            }
        }
        let name = match arguments.get("model_name", Some(0)) {
            Some(name) if self.text(name).contains('\n') => format!("({})", self.text(name)),
            Some(name) => self.text(name).to_owned(),
            None => DEFAULT_MODEL.to_owned(),
        };
        self.read.edits.append(&mut settings.edits);
        Ok((name, settings))
    }

    /// `genai.GenerativeModel(...)` by itself.
    fn model(&mut self, call: &'a ExprCall) -> Done {
        let (name, settings) = self.parts(call)?;
        let here =
            |model: &&Model<'_>| model.unit == self.unit.index && range(model.call) == range(call);
        let model = self.plan.models.iter().find(here);
        let bound = model.and_then(|model| model.bound);
        if let Some((stmt, target)) = bound {
            let Some(indent) = own_indent(self.unit, range(stmt)) else {
                return Err("a model shares its line with another statement".to_owned());
            };
            let beside = format!("{}_config", self.text(target));
            let newline = newline(self.unit);
            if let Some(text) = settings.statement(self.plan.alias, &beside, indent, newline)? {
                if self
                    .plan
                    .tracer
                    .semantic
                    .is_bound(ProgramId::DOCUMENT, &beside)
                {
                    return Err(format!("`{beside}` has another meaning here"));
                }
                let at = line_end(self.unit.source, range(stmt).end());
                let text = format!("{newline}{text}");
                self.read
                    .edits
                    .push((self.unit.cell, Edit::insert(at, text)));
            }
        } else if settings.text(self.plan.alias, None)?.is_some() {
            return Err("a model with settings is not bound to a name".to_owned());
        }
        self.taken.push(range(call));
        self.replace(range(call), name);
        Ok(())
    }

    /// The model's name and its settings, where a method of it is called.
    fn receiver(
        &mut self,
        receiver: &'a Expr,
        id: Option<usize>,
    ) -> Result<(String, Option<String>, bool), String> {
        if let Expr::Call(call) = receiver
            && self.plan.paths.get(&(self.unit.index, range(call))) == Some(&"GenerativeModel")
        {
            let (name, settings) = self.parts(call)?;
            self.taken.push(range(call));
            let base = settings.text(self.plan.alias, None)?;
            return Ok((name, base, settings.has_instruction));
        }
        let name = self.text(receiver).to_owned();
        let Some(model) = id.and_then(|id| self.plan.models.get(id)) else {
            return Ok((name, None, false));
        };
        let home = self.plan.tracer.semantic.units().get(model.unit);
        let is_its_own = model
            .bound
            .zip(home)
            .is_some_and(|((_, target), home)| range(target).of(home.source) == name);
        if !is_its_own {
            return Err(format!("the settings of `{name}` cannot be followed"));
        }
        let instruction = model.call.arguments.find_keyword("system_instruction");
        Ok((
            name.clone(),
            Some(format!("{name}_config")),
            instruction.is_some(),
        ))
    }

    /// A method of a model.
    fn of_model(
        &mut self,
        call: &'a ExprCall,
        method: &'a ExprAttribute,
        id: Option<usize>,
    ) -> Done {
        let client = self.plan.client;
        let name = method.attr.as_str();
        let mut arguments = Arguments::of(self.unit, call)?;
        let (model, base, has_instruction) = self.receiver(&method.value, id)?;
        if arguments.positional() > 1 {
            return Err(format!("`{name}` has arguments without names"));
        }
        let aio = if name.ends_with("_async") { ".aio" } else { "" };
        let mut given = Vec::new();
        let mut settings = Settings::default();
        let keywords: Vec<(&str, &'a Expr)> = arguments
            .keywords()
            .map(|(name, keyword)| (name, &keyword.value))
            .collect();
        for (name, value) in keywords {
            match name {
                "contents" | "history" => {}
                "stream" if value.is_boolean_literal_expr() => arguments.remove(value),
                "enable_automatic_function_calling" => arguments.remove(value),
                _ if ARGUMENTS.contains(&name) && name != "system_instruction" => {
                    settings.add(self.plan, self.unit, name, value)?;
                    given.push((name, value));
                }
                _ => return Err(format!("a call of the model has `{name}`")),
            }
        }
        match name.trim_end_matches("_async") {
            "generate_content" => {
                let contents = arguments
                    .get("contents", Some(0))
                    .ok_or("a call of the model says nothing")?;
                self.sendable(contents)?;
                arguments.rename(contents, "contents");
                let stream = if streams(call) { "_stream" } else { "" };
                arguments.calls(format!("{client}{aio}.models.generate_content{stream}"));
            }
            "count_tokens" => {
                let contents = arguments
                    .get("contents", Some(0))
                    .ok_or("a call of the model says nothing")?;
                if has_instruction {
                    return Err("tokens of the system instruction are no longer counted".to_owned());
                }
                if !given.is_empty() {
                    return Err("tokens are counted with settings".to_owned());
                }
                self.sendable(contents)?;
                arguments.rename(contents, "contents");
                arguments.calls(format!("{client}{aio}.models.count_tokens"));
                arguments.first(format!("model={model}"));
                self.calls(call);
                self.finish(arguments);
                return Ok(());
            }
            _ => {
                if let Some(history) = arguments.get("history", Some(0)) {
                    match history {
                        Expr::List(list) if list.elts.is_empty() => arguments.remove(history),
                        _ => arguments.rename(history, "history"),
                    }
                }
                arguments.calls(format!("{client}.chats.create"));
            }
        }
        arguments.first(format!("model={model}"));
        if let Some(text) = settings.text(self.plan.alias, base.as_deref())? {
            let text = format!("config={text}");
            match given.is_empty() {
                true => arguments.last(text),
                false => self.join(&mut arguments, &given, text),
            }
        } else {
            for (_, value) in &given {
                arguments.remove(value);
            }
        }
        self.read.edits.append(&mut settings.edits);
        self.calls(call);
        self.finish(arguments);
        Ok(())
    }

    /// A method of a chat.
    fn of_chat(
        &mut self,
        call: &'a ExprCall,
        method: &'a ExprAttribute,
        has_settings: bool,
    ) -> Done {
        if method.attr.as_str() != "send_message" {
            return Err(format!("a chat has no `{}` any more", method.attr));
        }
        let mut arguments = Arguments::of(self.unit, call)?;
        let content = arguments
            .get("content", Some(0))
            .filter(|_| arguments.positional() <= 1)
            .ok_or("a message says nothing")?;
        self.sendable(content)?;
        if arguments.positional() == 0 {
            arguments.rename(content, "message");
        }
        let mut settings = Settings::default();
        let mut given = Vec::new();
        let keywords: Vec<(&str, &'a Expr)> = arguments
            .keywords()
            .map(|(name, keyword)| (name, &keyword.value))
            .collect();
        for (name, value) in keywords {
            match name {
                "content" => {}
                "stream" if value.is_boolean_literal_expr() => arguments.remove(value),
                _ if ARGUMENTS.contains(&name) && !has_settings => {
                    settings.add(self.plan, self.unit, name, value)?;
                    given.push((name, value));
                }
                _ => return Err(format!("a message has `{name}`")),
            }
        }
        if let Some(text) = settings.text(self.plan.alias, None)? {
            self.join(&mut arguments, &given, format!("config={text}"));
        }
        if streams(call) {
            self.replace(range(&method.attr), "send_message_stream");
        }
        self.read.edits.append(&mut settings.edits);
        self.finish(arguments);
        Ok(())
    }

    /// Whether both libraries take what is sent.
    fn sendable(&self, contents: &'a Expr) -> Done {
        let single = std::slice::from_ref(contents);
        let parts = match contents {
            Expr::List(list) => list.elts.as_slice(),
            _ => single,
        };
        for part in parts {
            let made = self.plan.tracer.semantic.made_by(self.unit, part);
            if made.is_some_and(|made| made.starts_with("IPython.")) {
                let text = self.text(part);
                return Err(format!("`{text}` is a picture that is no longer taken"));
            }
        }
        Ok(())
    }

    /// `genai.embed_content(...)`.
    fn embed(&mut self, call: &'a ExprCall, mut arguments: Arguments<'_, 'a>) -> Done {
        let (alias, client) = (self.plan.alias, self.plan.client);
        let model = arguments.get("model", Some(0));
        let content = arguments.get("content", Some(1));
        let (Some(model), Some(content), true) = (model, content, arguments.positional() <= 2)
        else {
            return Err("an embedding is made of arguments without names".to_owned());
        };
        if !self.plan.many.contains_key(&(self.unit.index, range(call))) {
            let text = self.text(content);
            return Err(format!(
                "nobody can tell whether `{text}` is one text or a list of them"
            ));
        }
        arguments.rename(model, "model");
        arguments.rename(content, "contents");
        let mut fields = Vec::new();
        let mut texts = Vec::new();
        for (name, keyword) in arguments.keywords() {
            let value = &keyword.value;
            let text = match name {
                "model" | "content" => continue,
                "task_type" => values::task(self.plan.tracer.semantic, self.unit, value)?,
                "title" | "output_dimensionality" => self.text(value).to_owned(),
                _ => return Err(format!("an embedding is made with `{name}`")),
            };
            texts.push(format!("{name}={text}"));
            fields.push((name, value));
        }
        if !fields.is_empty() {
            let text = format!(
                "config={alias}.types.EmbedContentConfig({})",
                texts.join(", ")
            );
            self.join(&mut arguments, &fields, text);
        }
        arguments.calls(format!("{client}.models.embed_content"));
        self.calls(call);
        self.finish(arguments);
        Ok(())
    }

    /// `.name` of something of the library.
    fn member(&mut self, attribute: &'a ExprAttribute, of: Kind) -> Done {
        let name = attribute.attr.as_str();
        let is_called = match self.ancestors.last() {
            Some(AnyNodeRef::ExprCall(call)) => range(&*call.func) == range(attribute),
            _ => false,
        };
        match of {
            // The call was looked at already.
            Kind::Model(_) | Kind::Chat(_) if is_called => Ok(()),
            Kind::Chat(_) if name == "history" && attribute.ctx.is_load() => {
                self.replace(range(&attribute.attr), "get_history()");
                Ok(())
            }
            _ => match of.reads(name).filter(|_| attribute.ctx.is_load()) {
                Some(new) if new == name => Ok(()),
                Some(new) => {
                    let new = new.to_owned();
                    self.replace(range(&attribute.attr), new);
                    Ok(())
                }
                None => Err(format!("{} has no `{name}` any more", of.what())),
            },
        }
    }

    fn expr(&mut self, expr: &'a Expr) -> Done {
        let tracer = self.plan.tracer;
        match expr {
            Expr::Call(call) => {
                if let Some(path) = self.plan.paths.get(&(self.unit.index, range(call))) {
                    self.library(call, path)?;
                } else if let Expr::Attribute(method) = &*call.func {
                    match tracer.of(self.unit, &method.value) {
                        Some(Kind::Model(id)) => {
                            match tracer
                                .kinds
                                .method(Kind::Model(id), method.attr.as_str(), call)
                            {
                                Some(_) => self.of_model(call, method, id)?,
                                None => {
                                    return Err(format!(
                                        "a model has no `{}` any more",
                                        method.attr
                                    ));
                                }
                            }
                        }
                        Some(Kind::Chat(settings)) => self.of_chat(call, method, settings)?,
                        _ => {}
                    }
                }
            }
            Expr::Attribute(attribute) => match tracer.of(self.unit, &attribute.value) {
                Some(of) => self.member(attribute, of)?,
                None if TELLING.contains(&attribute.attr.as_str()) => {
                    let text = self.text(expr).lines().next().unwrap_or_default();
                    return Err(format!(
                        "`{text}` may belong to the library, and cannot be followed"
                    ));
                }
                None => {}
            },
            Expr::Subscript(subscript) => match tracer.of(self.unit, &subscript.value) {
                Some(Kind::Embedded(many))
                    if string_value(&subscript.slice) == Some("embedding") =>
                {
                    let at = TextRange::new(range(&*subscript.value).end(), range(expr).end());
                    if many {
                        let start = range(expr).start();
                        let text = "[each.values for each in ";
                        self.read
                            .edits
                            .push((self.unit.cell, Edit::insert(start, text)));
                        self.replace(at, ".embeddings]");
                    } else {
                        self.replace(at, ".embeddings[0].values");
                    }
                }
                Some(Kind::Candidates | Kind::History | Kind::Files | Kind::Infos) => {}
                Some(of) => {
                    let text = self.text(expr).lines().next().unwrap_or_default();
                    return Err(format!("{} is read as `{text}`", of.what()));
                }
                None if string_value(&subscript.slice) == Some("embedding")
                    && !self.plan.many.is_empty() =>
                {
                    let text = self.text(expr).lines().next().unwrap_or_default();
                    return Err(format!(
                        "`{text}` may be an embedding, and cannot be followed"
                    ));
                }
                None => {}
            },
            Expr::Dict(dict) => {
                let edits = values::content(self.plan, self.unit, dict)?;
                let cell = self.unit.cell;
                if edits.iter().any(|edit| edit.range == range(dict)) {
                    self.taken.push(range(dict));
                }
                self.read
                    .edits
                    .extend(edits.into_iter().map(|edit| (cell, edit)));
            }
            _ => {}
        }
        self.chain(expr)?;
        self.escape(expr)
    }

    /// A name of the library that is not called.
    fn chain(&self, expr: &'a Expr) -> Done {
        let inner = match self.ancestors.last() {
            Some(AnyNodeRef::ExprAttribute(_)) => true,
            Some(AnyNodeRef::ExprCall(call)) => range(&*call.func) == range(expr),
            _ => false,
        };
        let Some((name, _)) = dotted(expr).filter(|_| !inner) else {
            return Ok(());
        };
        let path = self.plan.tracer.semantic.qualified(self.unit, expr);
        let Some(rest) = path.as_deref().and_then(|path| path.strip_prefix(MODULE)) else {
            return Ok(());
        };
        let rest = rest.trim_start_matches('.');
        let is_same = ["types.HarmCategory", "types.HarmBlockThreshold"];
        if is_import(self.plan.tracer.semantic, self.unit, name)
            && (is_same.iter().any(|same| rest.starts_with(same)) || rest == "__version__")
        {
            return Ok(());
        }
        Err(format!("`{}` has no counterpart", self.text(expr)))
    }

    /// Whether something of the library goes out of sight.
    fn escape(&self, expr: &'a Expr) -> Done {
        if matches!(expr, Expr::Name(name) if !name.ctx.is_load()) {
            return Ok(());
        }
        let Some(kind) = self.plan.tracer.of(self.unit, expr) else {
            return Ok(());
        };
        // These are taken where they were taken before.
        if matches!(
            kind,
            Kind::File | Kind::History | Kind::Candidates | Kind::Candidate
        ) {
            return Ok(());
        }
        let is_fine = match goes(self.plan.tracer, self.unit, &self.ancestors, expr) {
            Goes::Followed => true,
            Goes::Shown => true,
            Goes::Iterated => self.plan.tracer.kinds.element(kind).is_some(),
            Goes::Given(_) => kind == Kind::Settings || kind == Kind::FinishReason,
            Goes::Away => false,
        };
        match is_fine {
            true => Ok(()),
            false => {
                let text = self.text(expr).lines().next().unwrap_or_default();
                Err(format!(
                    "{} `{text}` goes where it cannot be followed",
                    kind.what()
                ))
            }
        }
    }

    /// What went into another edit as it is written: nothing of the library may be in it.
    fn taken(&self, expr: &'a Expr) -> Done {
        let is_type =
            |path: &&str| path.ends_with("GenerationConfig") || *path == "GenerativeModel";
        if let Expr::Call(call) = expr {
            let path = self.plan.paths.get(&(self.unit.index, range(call)));
            if path.is_some_and(|path| !is_type(&path)) {
                return Err(format!(
                    "`{}` stands in a place of its own",
                    self.text(expr)
                ));
            }
            if let Expr::Attribute(method) = &*call.func
                && TELLING.contains(&method.attr.as_str())
                && path.is_none()
                && !matches!(&*method.value, Expr::Call(_))
            {
                return Err(format!(
                    "`{}` stands in a place of its own",
                    self.text(expr)
                ));
            }
        }
        Ok(())
    }
}

/// The server of `{"api_endpoint": server}`.
fn endpoint(options: &Expr) -> Option<&Expr> {
    let Expr::Dict(dict) = options else {
        return None;
    };
    let [item] = dict.items.as_slice() else {
        return None;
    };
    let key = item.key.as_ref().and_then(string_value);
    (key == Some("api_endpoint")).then_some(&item.value)
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
        let at = range(expr);
        let done = match self.taken.iter().any(|taken| taken.covers(at)) {
            true => self.taken(expr),
            false => self.expr(expr),
        };
        if let Err(why) = done {
            self.blocked = Some(why);
            return;
        }
        walk_expr(self, expr);
    }
}
