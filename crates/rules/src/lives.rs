//! What a name holds, from one place that binds it to the next.

pub(crate) mod rename;

use nbfix_lint::guards::is_caught;
use nbfix_python::ast::{Expr, ExprCall, ExprContext};
use nbfix_python::{AnyNodeRef, SourceOrderVisitor, TraversalSignal, dotted, range};
use nbfix_semantic::{Binding, BindingKind, ProgramId, Semantic, Unit};
use nbfix_text::TextRange;

/// What a name holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The module or member of this dotted path.
    Import(String),
    /// An instance of the class of this dotted path.
    Instance(String),
    /// A text, a number, a container, what JSON gave: nothing with a life of its own.
    Data,
    /// A function of the notebook.
    Function,
    /// A loop's variable or a part of an unpacked value.
    Part,
    /// What some call gave, or anything else.
    Other,
}

/// A read of the name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Read<'a> {
    /// Position of the unit.
    pub(crate) unit: usize,
    /// The name itself.
    pub(crate) range: TextRange,
    /// The attribute that is read of it, and the place of both.
    pub(crate) attribute: Option<(&'a str, TextRange)>,
    /// Whether a function or lambda reads it, and so at another time.
    pub(crate) deep: bool,
    /// The name of the function of the top level that reads it, if that is what does.
    pub(crate) function: Option<&'a str>,
    /// Whether it is called itself: `name(...)`.
    pub(crate) called: bool,
    /// Whether it is called as a class of the name is: `name.Class(...)`, `name.part.Class(...)`.
    pub(crate) makes: bool,
    /// Whether a handler catches what goes wrong there.
    pub(crate) caught: bool,
    /// Whether it is deleted here.
    pub(crate) deleted: bool,
}

impl<'a> Read<'a> {
    /// The attribute's name; empty if none is read.
    pub(crate) fn attr(&self) -> &'a str {
        self.attribute.map_or("", |(attr, _)| attr)
    }

    /// Its place in the order of the document.
    pub(crate) fn place(&self) -> (usize, usize) {
        (self.unit, self.range.start())
    }
}

/// The name from one place that binds it to the next that gives it something else.
#[derive(Debug)]
pub(crate) struct Life<'s, 'a> {
    /// `None` where it cannot be told.
    pub(crate) kind: Option<Kind>,
    /// The places that bind it; the first began this life.
    pub(crate) bindings: Vec<&'s Binding<'a>>,
    /// The reads at that time, in order.
    pub(crate) reads: Vec<Read<'a>>,
}

impl Life<'_, '_> {
    /// The place that begins it.
    pub(crate) fn begins(&self) -> Option<(usize, usize)> {
        let first = self.bindings.first()?;
        Some((first.unit, first.since))
    }
}

/// Whether a name's bindings may be of interest: one of them is an import, or the call of something like a class.
pub(crate) fn is_candidate(bindings: &[Binding<'_>]) -> bool {
    bindings.len() > 1
        && bindings.iter().any(|binding| match &binding.kind {
            BindingKind::Import(_) => true,
            BindingKind::Value(value) | BindingKind::With(value) => {
                call_of(value).is_some_and(|call| class_like(call).is_some())
            }
            _ => false,
        })
}

fn call_of(value: &Expr) -> Option<&ExprCall> {
    match value {
        Expr::Call(call) => Some(call),
        Expr::Await(awaited) => call_of(&awaited.value),
        _ => None,
    }
}

fn is_class_name(name: &str) -> bool {
    let name = name.trim_start_matches('_');
    name.starts_with(|c: char| c.is_ascii_uppercase())
        && name.chars().any(|c| c.is_ascii_lowercase())
}

/// The class that `Class(...)` or `Class.from_x(...)` makes one of, as written.
fn class_like(call: &ExprCall) -> Option<&Expr> {
    let (_, parts) = dotted(&*call.func)?;
    match parts.as_slice() {
        [.., last] if is_class_name(last) => Some(&call.func),
        [.., class, last] if is_class_name(class) && last.starts_with("from_") => {
            match &*call.func {
                Expr::Attribute(attribute) => Some(&attribute.value),
                _ => None,
            }
        }
        _ => None,
    }
}

/// What `binding` gives the name; `None` if that says nothing.
fn kind_of(semantic: &Semantic<'_>, name: &str, binding: &Binding<'_>) -> Option<Kind> {
    match &binding.kind {
        BindingKind::Import(path) => Some(Kind::Import(path.clone())),
        BindingKind::Function(function) => {
            function.decorator_list.is_empty().then_some(Kind::Function)
        }
        BindingKind::Value(value) | BindingKind::With(value) => {
            let unit = semantic.unit(binding.unit)?;
            value_kind(semantic, unit, name, value)
        }
        BindingKind::Other => Some(Kind::Part),
        BindingKind::Class(_) | BindingKind::Caught => None,
    }
}

fn value_kind(semantic: &Semantic<'_>, unit: &Unit<'_>, name: &str, value: &Expr) -> Option<Kind> {
    match value {
        Expr::StringLiteral(_)
        | Expr::FString(_)
        | Expr::BytesLiteral(_)
        | Expr::NumberLiteral(_)
        | Expr::BooleanLiteral(_)
        | Expr::List(_)
        | Expr::Dict(_)
        | Expr::Set(_)
        | Expr::Tuple(_)
        | Expr::ListComp(_)
        | Expr::DictComp(_)
        | Expr::SetComp(_)
        | Expr::Compare(_) => Some(Kind::Data),
        Expr::Await(awaited) => value_kind(semantic, unit, name, &awaited.value),
        Expr::Call(call) => {
            if let Some(class) = class_like(call)
                && let Some(path) = semantic.qualified(unit, class)
                && path.contains('.')
            {
                return Some(Kind::Instance(path));
            }
            let path = semantic.qualified(unit, &*call.func);
            let data = ["json.loads", "json.load", "json.dumps", "time.time", "open"];
            if path.is_some_and(|path| data.contains(&path.as_str())) {
                return Some(Kind::Data);
            }
            if let Expr::Attribute(method) = &*call.func
                && matches!(
                    method.attr.as_str(),
                    "json" | "strip" | "split" | "format" | "join"
                )
            {
                return Some(Kind::Data);
            }
            // `client = wrap(client)` and `utils = reload(utils)` give what was there in another coat.
            (!mentions(value, name)).then_some(Kind::Other)
        }
        // `tf = tf.compat.v1`, `client = None`, `client = other`
        _ => None,
    }
}

fn mentions(value: &Expr, name: &str) -> bool {
    let mut search = Mentions { name, found: false };
    search.visit_expr(value);
    search.found
}

struct Mentions<'n> {
    name: &'n str,
    found: bool,
}

impl<'a> SourceOrderVisitor<'a> for Mentions<'_> {
    fn enter_node(&mut self, node: AnyNodeRef<'a>) -> TraversalSignal {
        if let AnyNodeRef::ExprName(name) = node {
            self.found |= name.id.as_str() == self.name;
        }
        TraversalSignal::Traverse
    }
}

/// The reads of `names` in the document's own texts, by the position of the name.
pub(crate) fn reads<'a>(semantic: &Semantic<'a>, names: &[&str]) -> Vec<Vec<Read<'a>>> {
    let mut reader = Reader {
        names,
        unit: None,
        ancestors: Vec::new(),
        found: vec![Vec::new(); names.len()],
    };
    for unit in semantic.units_of(ProgramId::DOCUMENT) {
        if unit.index < semantic.units().len()
            && names.iter().any(|name| unit.source.contains(name))
        {
            reader.unit = Some(unit);
            reader.visit_body(unit.module.body());
        }
    }
    reader.found
}

struct Reader<'n, 's, 'a> {
    names: &'n [&'n str],
    unit: Option<&'s Unit<'a>>,
    ancestors: Vec<AnyNodeRef<'a>>,
    found: Vec<Vec<Read<'a>>>,
}

impl Reader<'_, '_, '_> {
    /// Whether what stands at `place` is the callee of the node around it.
    fn is_called(&self, place: TextRange) -> bool {
        matches!(self.ancestors.last(), Some(AnyNodeRef::ExprCall(call)) if range(&*call.func) == place)
    }

    /// Whether the attributes around end in the call of a class.
    fn makes(&self) -> bool {
        let mut nodes = self.ancestors.iter().rev();
        let mut last = None;
        for node in &mut nodes {
            match (node, last) {
                (AnyNodeRef::ExprAttribute(attribute), _) => last = Some(*attribute),
                (AnyNodeRef::ExprCall(call), Some(attribute)) => {
                    return range(&*call.func) == range(attribute)
                        && is_class_name(attribute.attr.as_str());
                }
                _ => return false,
            }
        }
        false
    }
}

impl<'a> SourceOrderVisitor<'a> for Reader<'_, '_, 'a> {
    fn enter_node(&mut self, node: AnyNodeRef<'a>) -> TraversalSignal {
        if let AnyNodeRef::ExprName(name) = node
            && name.ctx != ExprContext::Store
            && let Some(index) = self
                .names
                .iter()
                .position(|known| *known == name.id.as_str())
            && let Some(unit) = self.unit
        {
            let place = range(name);
            let local = unit.scopes().iter().any(|scope| {
                scope.range.covers(place) && scope.names.contains_key(name.id.as_str())
            });
            if !local {
                let attribute = match self.ancestors.last() {
                    Some(AnyNodeRef::ExprAttribute(attribute)) => {
                        Some((attribute.attr.as_str(), range(*attribute)))
                    }
                    _ => None,
                };
                let opened = self.ancestors.iter().find_map(|node| match node {
                    AnyNodeRef::StmtFunctionDef(function) => Some(Some(function.name.as_str())),
                    AnyNodeRef::StmtClassDef(_) | AnyNodeRef::ExprLambda(_) => Some(None),
                    _ => None,
                });
                let read = Read {
                    unit: unit.index,
                    range: place,
                    attribute,
                    deep: opened.is_some(),
                    function: opened.flatten(),
                    called: self.is_called(place),
                    makes: self.makes(),
                    caught: is_caught(&self.ancestors, place),
                    deleted: name.ctx == ExprContext::Del,
                };
                if let Some(found) = self.found.get_mut(index) {
                    found.push(read);
                }
            }
        }
        self.ancestors.push(node);
        TraversalSignal::Traverse
    }

    fn leave_node(&mut self, _: AnyNodeRef<'a>) {
        self.ancestors.pop();
    }
}

/// The lives of `name`, in the order of the document; `None` if a function binds it, too.
pub(crate) fn lives<'s, 'a>(
    semantic: &'s Semantic<'a>,
    name: &str,
    reads: &[Read<'a>],
) -> Option<Vec<Life<'s, 'a>>> {
    let bindings = semantic.bindings(ProgramId::DOCUMENT, name);
    let mut lives: Vec<Life<'s, 'a>> = Vec::new();
    let mut reads = reads.iter().copied().peekable();
    let mut until = |end: Option<(usize, usize)>, lives: &mut Vec<Life<'s, 'a>>| {
        while let Some(read) = reads.next_if(|read| end.is_none_or(|end| read.place() < end)) {
            if read.deleted {
                lives.push(Life {
                    kind: None,
                    bindings: Vec::new(),
                    reads: Vec::new(),
                });
            } else if let Some(life) = lives.last_mut() {
                life.reads.push(read);
            }
        }
    };
    for binding in bindings {
        let unit = semantic.units().get(binding.unit)?;
        let in_function = unit.scopes().iter().any(|scope| {
            scope.range.covers(binding.range)
                && scope.kind != nbfix_semantic::ScopeKind::Comprehension
        });
        if in_function {
            return None;
        }
        until(Some((binding.unit, binding.since)), &mut lives);
        let kind = kind_of(semantic, name, binding);
        match lives.last_mut() {
            Some(life) if kind.is_some() && life.kind == kind => life.bindings.push(binding),
            _ => {
                // What may be skipped leaves open what the name holds afterwards. In its own branch it is clear, but
                // then the author knows it, too.
                let first = lives.is_empty();
                let kind = kind.filter(|_| first || !binding.conditional);
                lives.push(Life {
                    kind,
                    bindings: vec![binding],
                    reads: Vec::new(),
                });
            }
        }
    }
    until(None, &mut lives);
    Some(lives)
}
