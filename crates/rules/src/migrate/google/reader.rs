//! The edits of one cell, or why it cannot be mended.

use std::collections::BTreeMap;

use nbfix_python::ast::visitor::source_order::walk_expr;
use nbfix_python::ast::{AnyNodeRef, Expr, ExprAttribute, ExprCall};
use nbfix_python::{SourceOrderVisitor, TraversalSignal, dotted, range, string_value};
use nbfix_semantic::Unit;
use nbfix_text::{Edit, TextRange};

use super::kinds::{Google, Kind};
use super::{MODULE, Model, is_import, values};
use crate::migrate::arguments::Arguments;
use crate::migrate::places::Edits;
use crate::migrate::trace::{Goes, Kinds, Tracer, goes};

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

/// Walks one cell.
pub(super) struct Reader<'r, 'a> {
    pub(super) plan: &'r Plan<'r, 'a>,
    pub(super) unit: &'r Unit<'a>,
    pub(super) ancestors: Vec<AnyNodeRef<'a>>,
    /// Places whose text went into another edit.
    pub(super) taken: Vec<TextRange>,
    pub(super) read: Read,
    blocked: Option<String>,
}

/// Done, or why it cannot be.
pub(super) type Done = Result<(), String>;

impl<'a> Reader<'_, 'a> {
    pub(super) fn text(&self, expr: &Expr) -> &'a str {
        range(expr).of(self.unit.source)
    }

    pub(super) fn replace(&mut self, at: TextRange, text: impl Into<String>) {
        self.read
            .edits
            .push((self.unit.cell, Edit::replace(at, text)));
    }

    pub(super) fn finish(&mut self, arguments: Arguments<'_, 'a>) {
        let cell = self.unit.cell;
        let edits = arguments.finish().into_iter();
        self.read.edits.extend(edits.map(|edit| (cell, edit)));
    }

    pub(super) fn in_function(&self) -> bool {
        self.ancestors.iter().any(|node| {
            matches!(
                node,
                AnyNodeRef::StmtFunctionDef(_) | AnyNodeRef::ExprLambda(_)
            )
        })
    }

    /// Puts one argument in the place of several.
    pub(super) fn join(
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

    /// Notes that the top level calls the library here.
    pub(super) fn calls(&mut self, call: &ExprCall) {
        if !self.in_function() {
            self.read.first_call.get_or_insert(range(call).start());
        }
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
            if path.is_some_and(|path| !is_type(path)) {
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
