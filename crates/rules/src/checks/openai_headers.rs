//! `openai-headers`: what belongs to the HTTP response, read on an answer that is parsed already.

use std::collections::BTreeSet;

use nbfix_ipynb::CellId;
use nbfix_lint::{Check, Findings, Report};
use nbfix_python::ast::{AnyNodeRef, Expr, ExprAttribute, ExprCall, ExprContext, ExprName, Stmt};
use nbfix_python::{SourceOrderVisitor, TraversalSignal, range};
use nbfix_semantic::values::Body;
use nbfix_semantic::{Binding, BindingKind, ProgramId, ScopeKind, Semantic, Unit};
use nbfix_text::{Edit, TextRange};

pub(crate) const CHECK: Check = Check::Notebook(check);

/// Classes of clients; the module itself is one, too.
const CLIENTS: &[&str] = &[
    "openai.OpenAI",
    "openai.AsyncOpenAI",
    "openai.AzureOpenAI",
    "openai.AsyncAzureOpenAI",
    "openai.Client",
    "openai.AsyncClient",
];

/// Calls that give a parsed answer, by what stands behind the client.
const CALLS: &[&str] = &[
    "chat.completions.create",
    "completions.create",
    "responses.create",
    "embeddings.create",
    "moderations.create",
    "images.generate",
    "images.edit",
    "images.create_variation",
    "audio.transcriptions.create",
    "audio.translations.create",
];

/// What only the response has: how it is read on a parsed answer, and on a raw one.
const READS: &[(&str, &str)] = &[
    ("headers", "headers"),
    ("status_code", "status_code"),
    ("elapsed", "elapsed"),
    ("http_response", "http_response"),
    ("response", "http_response"),
    ("_response", "http_response"),
    ("raw_response", "http_response"),
    ("_raw_response", "http_response"),
];

fn raw_name(attribute: &str) -> Option<&'static str> {
    let found = READS.iter().find(|(name, _)| *name == attribute);
    found.map(|(_, raw)| *raw)
}

/// The call that made the answer, and the name that holds it, if one does.
#[derive(Clone, Copy)]
struct Answer<'s, 'a> {
    unit: usize,
    call: &'a ExprCall,
    binding: Option<&'s Binding<'a>>,
    /// The answer is a stream, which has its response.
    streams: bool,
    /// A function of the document gives it, to whoever calls that.
    handed_on: bool,
}

/// A read of what the answer does not have.
struct Read<'s, 'a> {
    unit: usize,
    attribute: &'a ExprAttribute,
    answer: Answer<'s, 'a>,
}

fn check<'a>(semantic: &Semantic<'a>, findings: &mut Findings<'_>) {
    let speaks = |unit: &Unit<'a>| READS.iter().any(|(name, _)| unit.source.contains(name));
    let mut reads: Vec<Read<'_, 'a>> = Vec::new();
    if !semantic
        .units_of(ProgramId::DOCUMENT)
        .any(|unit| CALLS.iter().any(|call| unit.source.contains(call)))
    {
        return;
    }
    for unit in semantic.units_of(ProgramId::DOCUMENT) {
        if speaks(unit) {
            let mut finder = Finder {
                semantic,
                unit,
                ancestors: Vec::new(),
                found: Vec::new(),
            };
            finder.visit_body(unit.module.body());
            reads.append(&mut finder.found);
        }
    }
    for read in &reads {
        let Some(unit) = semantic.unit(read.unit) else {
            continue;
        };
        if findings.is_allowed(unit.cell, range(read.attribute)) {
            continue;
        }
        let called = semantic.unit(read.answer.unit);
        let name = read.attribute.attr.as_str();
        let call = called.map_or("", |home| range(&*read.answer.call.func).of(home.source));
        let mut report = Report::at(unit.cell, range(read.attribute))
            .with("call", call)
            .with("attribute", name);
        if let Some(home) = called.filter(|_| read.answer.binding.is_some()) {
            let place = range(&*read.answer.call.func);
            report = report.label(home.cell, place, "it is parsed here");
        }
        for (cell, edit) in mended(semantic, read, &reads).unwrap_or_default() {
            report = report.edit(cell, edit);
        }
        findings.push(report);
    }
}

/// The edits that ask for the raw answer, and parse it wherever it is read; `None` if not every read can be followed.
/// All reads of one answer share them.
fn mended<'a>(
    semantic: &Semantic<'a>,
    read: &Read<'_, 'a>,
    all: &[Read<'_, 'a>],
) -> Option<Vec<(CellId, Edit)>> {
    let answer = read.answer;
    // Every caller of the function would have to parse what it gives.
    if answer.handed_on {
        return None;
    }
    let home = semantic.unit(answer.unit)?;
    let Expr::Attribute(method) = &*answer.call.func else {
        return None;
    };
    let at = range(&method.attr).start();
    let mut edits = vec![(home.cell, Edit::insert(at, "with_raw_response."))];
    let is_same = |other: &&Read<'_, 'a>| {
        other.answer.unit == answer.unit && range(other.answer.call) == range(answer.call)
    };
    let mut kept: BTreeSet<(usize, usize)> = BTreeSet::new();
    for other in all.iter().filter(is_same) {
        let place = semantic.unit(other.unit)?;
        let attribute = &other.attribute.attr;
        let raw = raw_name(attribute.as_str())?;
        if raw != attribute.as_str() {
            edits.push((place.cell, Edit::replace(range(attribute), raw)));
        }
        kept.insert((other.unit, range(&*other.attribute.value).start()));
    }
    let Some(binding) = answer.binding else {
        return Some(edits);
    };
    // Where the name may hold another answer at the same read, that one would have to be raw, too.
    if binding.conditional && !is_only(semantic, binding) {
        return None;
    }
    for unit in semantic.units_of(ProgramId::DOCUMENT) {
        let mut uses = Uses {
            semantic,
            unit,
            binding,
            loads: Vec::new(),
            unclear: false,
        };
        uses.visit_body(unit.module.body());
        if uses.unclear {
            return None;
        }
        for name in uses.loads {
            if !kept.contains(&(unit.index, name.start())) {
                edits.push((unit.cell, Edit::insert(name.end(), ".parse()")));
            }
        }
    }
    Some(edits)
}

/// Whether the read stands in a function that the binding is outside of: then it sees what the name holds when the
/// function is called, which may be what a later line binds.
fn is_seen_later(unit: &Unit<'_>, at: TextRange, binding: &Binding<'_>) -> bool {
    unit.scopes().iter().any(|scope| {
        scope.kind == ScopeKind::Function
            && scope.range.covers(at)
            && (binding.unit != unit.index || !scope.range.covers(binding.range))
    })
}

/// Whether the name is bound nowhere else.
fn is_only(semantic: &Semantic<'_>, binding: &Binding<'_>) -> bool {
    let Some(unit) = semantic.unit(binding.unit) else {
        return false;
    };
    let name = binding.range.of(unit.source);
    let mut inner = unit
        .scopes()
        .iter()
        .filter(|scope| scope.range.covers(binding.range));
    let own = inner.next_back().and_then(|scope| scope.names.get(name));
    let bindings = match own {
        Some(bindings) => bindings.as_slice(),
        None => semantic.bindings(unit.program, name),
    };
    bindings.len() == 1
}

struct Finder<'s, 'a> {
    semantic: &'s Semantic<'a>,
    unit: &'s Unit<'a>,
    ancestors: Vec<AnyNodeRef<'a>>,
    found: Vec<Read<'s, 'a>>,
}

impl<'s, 'a> Finder<'s, 'a> {
    fn read(&mut self, attribute: &'a ExprAttribute) {
        let name = attribute.attr.as_str();
        if raw_name(name).is_none() || attribute.ctx != ExprContext::Load || self.is_guarded(name) {
            return;
        }
        let Some(answer) = answer(self.semantic, self.unit, &attribute.value) else {
            return;
        };
        if answer.streams && name == "response" {
            return;
        }
        self.found.push(Read {
            unit: self.unit.index,
            attribute,
            answer,
        });
    }

    /// Whether the author reckons with an answer that does not have it: `hasattr(...)` in a condition, or a handler of
    /// `AttributeError`.
    fn is_guarded(&self, name: &str) -> bool {
        self.ancestors.iter().any(|node| match node {
            AnyNodeRef::StmtTry(each) => each.handlers.iter().any(|handler| {
                let nbfix_python::ast::ExceptHandler::ExceptHandler(handler) = handler;
                let text = handler
                    .type_
                    .as_deref()
                    .map(|of| range(of).of(self.unit.source));
                text.is_some_and(|text| text.contains("AttributeError"))
            }),
            AnyNodeRef::StmtIf(each) => asks(range(&*each.test).of(self.unit.source), name),
            AnyNodeRef::ExprIf(each) => asks(range(&*each.test).of(self.unit.source), name),
            AnyNodeRef::ExprBoolOp(each) => asks(range(*each).of(self.unit.source), name),
            _ => false,
        })
    }
}

fn asks(test: &str, name: &str) -> bool {
    test.contains("hasattr") && test.contains(name)
}

/// The answer that an expression is: the call itself, or a name that was last bound to one.
fn answer<'s, 'a>(
    semantic: &'s Semantic<'a>,
    unit: &'s Unit<'a>,
    expr: &'a Expr,
) -> Option<Answer<'s, 'a>> {
    let (home, value, binding) = match expr {
        Expr::Name(name) => {
            let binding = semantic.binding(unit, name.id.as_str(), range(name).start())?;
            let (BindingKind::Value(value) | BindingKind::With(value)) = binding.kind else {
                return None;
            };
            if is_seen_later(unit, range(name), binding) && !is_only(semantic, binding) {
                return None;
            }
            (semantic.unit(binding.unit)?, value, Some(binding))
        }
        other => (unit, other, None),
    };
    let value = match value {
        Expr::Await(awaited) => &*awaited.value,
        other => other,
    };
    let Expr::Call(call) = value else { return None };
    if let Some(streams) = is_parsed(semantic, home, value, call) {
        return Some(Answer {
            unit: home.index,
            call,
            binding,
            streams,
            handed_on: false,
        });
    }
    // `ask(...)`, a function that gives the answer and nothing else.
    let callable = semantic.callable(home, &call.func)?;
    let Body::Def(def) = callable.body else {
        return None;
    };
    let mut returned = Returned(Vec::new());
    returned.visit_body(&def.body);
    let [Some(value)] = returned.0.as_slice() else {
        return None;
    };
    let inside = semantic.unit(callable.unit)?;
    let (home, value) = semantic.value_of(inside, value);
    let value = match value {
        Expr::Await(awaited) => &*awaited.value,
        other => other,
    };
    let Expr::Call(call) = value else { return None };
    Some(Answer {
        unit: home.index,
        call,
        binding,
        streams: is_parsed(semantic, home, value, call)?,
        handed_on: true,
    })
}

/// What a function returns, itself and no function inside it.
struct Returned<'a>(Vec<Option<&'a Expr>>);

impl<'a> SourceOrderVisitor<'a> for Returned<'a> {
    fn visit_stmt(&mut self, stmt: &'a Stmt) {
        match stmt {
            Stmt::Return(each) => self.0.push(each.value.as_deref()),
            Stmt::FunctionDef(_) | Stmt::ClassDef(_) => {}
            _ => nbfix_python::ast::visitor::source_order::walk_stmt(self, stmt),
        }
    }
}

/// Whether a call gives a parsed answer; if so, whether that is a stream.
fn is_parsed<'a>(
    semantic: &Semantic<'a>,
    unit: &Unit<'a>,
    expr: &'a Expr,
    call: &'a ExprCall,
) -> Option<bool> {
    // What stands between the client and the call: `client`, `self.client`, `client.with_options(...)`.
    let mut parts: Vec<&str> = Vec::new();
    let mut receiver = &*call.func;
    while let Expr::Attribute(member) = receiver {
        parts.push(member.attr.as_str());
        receiver = &member.value;
    }
    parts.reverse();
    let path = parts.join(".");
    let names = CALLS.iter().any(|known| {
        path.strip_suffix(known)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    });
    let is_raw = parts
        .iter()
        .any(|part| matches!(*part, "with_raw_response" | "with_streaming_response"));
    if !names || is_raw {
        return None;
    }
    let made = semantic.made_by(unit, expr)?;
    let of_module = made
        .strip_prefix("openai.")
        .is_some_and(|rest| CALLS.contains(&rest));
    if !of_module && !CLIENTS.contains(&made.as_str()) {
        return None;
    }
    let keywords = &call.arguments.keywords;
    // A header may ask for the raw answer: that is how `with_raw_response` does it.
    let text = range(&call.arguments).of(unit.source);
    if text.contains("X-Stainless-Raw-Response") {
        return None;
    }
    let stream = keywords
        .iter()
        .find(|each| each.arg.as_ref().is_some_and(|arg| arg == "stream"));
    Some(stream.is_some_and(|each| !matches!(&each.value, Expr::BooleanLiteral(no) if !no.value)))
}

impl<'a> SourceOrderVisitor<'a> for Finder<'_, 'a> {
    fn enter_node(&mut self, node: AnyNodeRef<'a>) -> TraversalSignal {
        if let AnyNodeRef::ExprAttribute(attribute) = node {
            self.read(attribute);
        }
        self.ancestors.push(node);
        TraversalSignal::Traverse
    }

    fn leave_node(&mut self, _: AnyNodeRef<'a>) {
        self.ancestors.pop();
    }
}

/// Where a name is read and this binding is what it holds.
struct Uses<'s, 'a> {
    semantic: &'s Semantic<'a>,
    unit: &'s Unit<'a>,
    binding: &'s Binding<'a>,
    loads: Vec<TextRange>,
    /// The name is read where it may hold this or something else, or is changed in place.
    unclear: bool,
}

impl<'a> Uses<'_, 'a> {
    fn name(&mut self, name: &'a ExprName) {
        let at = range(name);
        let own = self
            .semantic
            .unit(self.binding.unit)
            .map_or("", |home| self.binding.range.of(home.source));
        if name.id.as_str() != own {
            return;
        }
        if name.ctx != ExprContext::Load {
            return;
        }
        match self.semantic.binding(self.unit, own, at.start()) {
            Some(found) if (found.unit, found.range) == (self.binding.unit, self.binding.range) => {
                self.loads.push(at);
                self.unclear |= is_seen_later(self.unit, at, self.binding)
                    && !is_only(self.semantic, self.binding);
            }
            Some(_) => {}
            // Whether a read in another scope sees this one nobody can tell.
            None => self.unclear = true,
        }
    }
}

impl<'a> SourceOrderVisitor<'a> for Uses<'_, 'a> {
    fn visit_stmt(&mut self, stmt: &'a Stmt) {
        if let Stmt::AugAssign(each) = stmt
            && let Expr::Name(name) = &*each.target
        {
            let own = self.semantic.unit(self.binding.unit);
            let own = own.map_or("", |home| self.binding.range.of(home.source));
            self.unclear |= name.id.as_str() == own;
        }
        nbfix_python::ast::visitor::source_order::walk_stmt(self, stmt);
    }

    fn enter_node(&mut self, node: AnyNodeRef<'a>) -> TraversalSignal {
        if let AnyNodeRef::ExprName(name) = node {
            self.name(name);
        }
        TraversalSignal::Traverse
    }
}
