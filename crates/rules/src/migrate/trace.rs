//! What expressions of a notebook are, where they come of a library: followed through names, loops, attributes of `self`,
//! and the notebook's own functions.
//!
//! A library says by [`Kinds`] what its calls give and what can be read of that. [`Tracer`] follows, and [`goes`] tells
//! whether what stands around an expression keeps it in sight.

use std::cell::Cell;
use std::collections::BTreeMap;

use nbfix_python::ast::visitor::source_order::{walk_comprehension, walk_expr, walk_stmt};
use nbfix_python::ast::{AnyNodeRef, Comprehension, Expr, ExprCall, ExprName, Parameters, Stmt};
use nbfix_python::{SourceOrderVisitor, is_builtin, range};
use nbfix_semantic::{BindingKind, ProgramId, Semantic, Unit};
use nbfix_text::TextRange;

/// How many names and functions in a row are followed.
const MAX_STEPS: usize = 12;

/// Functions that take anything and keep nothing.
const HARMLESS: &[&str] = &[
    "print",
    "display",
    "len",
    "str",
    "repr",
    "type",
    "pprint",
    "bool",
    "isinstance",
];

/// What a library's calls give, and what can be read of it.
pub(crate) trait Kinds<'a> {
    /// What something is.
    type Kind: Copy + PartialEq;

    /// What an expression is by itself, before anything is followed: a call of the library.
    fn known(
        &self,
        tracer: &Tracer<'_, 'a, Self>,
        unit: &Unit<'a>,
        expr: &'a Expr,
    ) -> Option<Self::Kind>
    where
        Self: Sized;

    /// What `.name` is.
    fn member(&self, of: Self::Kind, name: &str) -> Option<Self::Kind>;

    /// What `[slice]` is.
    fn item(&self, of: Self::Kind, slice: &Expr) -> Option<Self::Kind>;

    /// What `.name(...)` is.
    fn method(&self, of: Self::Kind, name: &str, call: &'a ExprCall) -> Option<Self::Kind>;

    /// What a loop over it gives.
    fn element(&self, of: Self::Kind) -> Option<Self::Kind>;
}

/// Follows expressions to what they are.
pub(crate) struct Tracer<'s, 'a, K> {
    pub(crate) semantic: &'s Semantic<'a>,
    pub(crate) kinds: K,
    notes: Notes<'a>,
    steps: Cell<usize>,
}

impl<'s, 'a, K: Kinds<'a>> Tracer<'s, 'a, K> {
    /// Looks at the whole document once.
    pub(crate) fn new(semantic: &'s Semantic<'a>, kinds: K) -> Self {
        let mut notes = Notes::default();
        for unit in semantic.units_of(ProgramId::DOCUMENT) {
            let mut walk = Walk {
                semantic,
                unit,
                notes: &mut notes,
            };
            walk.visit_body(unit.module.body());
        }
        Self {
            semantic,
            kinds,
            notes,
            steps: Cell::new(0),
        }
    }

    /// What an expression is, if it comes of the library.
    pub(crate) fn of(&self, unit: &Unit<'a>, expr: &'a Expr) -> Option<K::Kind> {
        if self.steps.get() >= MAX_STEPS {
            return None;
        }
        self.steps.set(self.steps.get() + 1);
        let kind = self.find(unit, expr);
        self.steps.set(self.steps.get() - 1);
        kind
    }

    fn find(&self, unit: &Unit<'a>, expr: &'a Expr) -> Option<K::Kind> {
        if let Some(kind) = self.kinds.known(self, unit, expr) {
            return Some(kind);
        }
        match expr {
            Expr::Await(awaited) => self.of(unit, &awaited.value),
            Expr::Named(named) => self.of(unit, &named.value),
            Expr::Name(name) => self.name(unit, name),
            Expr::Call(call) => self.call(unit, call),
            Expr::Attribute(attribute) => match self.of(unit, &attribute.value) {
                Some(of) => self.kinds.member(of, attribute.attr.as_str()),
                None => self.of(unit, self.semantic.attribute_value(unit, expr)?),
            },
            Expr::Subscript(subscript) => {
                let of = self.of(unit, &subscript.value)?;
                self.kinds.item(of, &subscript.slice)
            }
            _ => None,
        }
    }

    fn name(&self, unit: &Unit<'a>, name: &ExprName) -> Option<K::Kind> {
        let binding = self
            .semantic
            .binding(unit, name.id.as_str(), range(name).start())?;
        let home = self.semantic.units().get(binding.unit)?;
        match &binding.kind {
            BindingKind::Value(value) | BindingKind::With(value) => self.of(home, value),
            BindingKind::Other => {
                let place = (binding.unit, binding.range);
                match self.notes.loops.get(&place) {
                    Some(iterated) => self.kinds.element(self.of(home, iterated)?),
                    None => self.parameter(place),
                }
            }
            _ => None,
        }
    }

    /// What all calls of its function give a parameter, if they agree.
    fn parameter(&self, place: (usize, TextRange)) -> Option<K::Kind> {
        let parameter = self.notes.parameters.get(&place)?;
        let uses = self.notes.functions.get(&parameter.function)?;
        if uses.passed {
            return None;
        }
        let mut kinds = uses.calls.iter().map(|(index, call)| {
            let arguments = &call.arguments;
            let spread = arguments.args.iter().any(Expr::is_starred_expr)
                || arguments.keywords.iter().any(|it| it.arg.is_none());
            let given = arguments
                .find_keyword(parameter.name)
                .map(|it| &it.value)
                .or_else(|| arguments.args.get(parameter.position))
                .filter(|_| !spread)?;
            self.of(self.semantic.units().get(*index)?, given)
        });
        let first = kinds.next()??;
        kinds.all(|kind| kind == Some(first)).then_some(first)
    }

    fn call(&self, unit: &Unit<'a>, call: &'a ExprCall) -> Option<K::Kind> {
        match &*call.func {
            Expr::Attribute(method) => {
                let of = self.of(unit, &method.value)?;
                self.kinds.method(of, method.attr.as_str(), call)
            }
            Expr::Name(name) => {
                let (home, returned) = self.returns(unit, name)?;
                // Whoever returns something else in another place is found by the reader.
                self.of(home, returned.first()?)
            }
            _ => None,
        }
    }

    /// What a function of the notebook returns, and where.
    fn returns(&self, unit: &Unit<'a>, name: &ExprName) -> Option<(&Unit<'a>, Vec<&'a Expr>)> {
        let binding = self
            .semantic
            .binding(unit, name.id.as_str(), range(name).start())?;
        let BindingKind::Function(function) = &binding.kind else {
            return None;
        };
        Some((
            self.semantic.units().get(binding.unit)?,
            returned(&function.body),
        ))
    }

    /// Whether this argument of a call becomes a parameter that is followed.
    fn is_followed(&self, unit: &Unit<'a>, call: &'a ExprCall, argument: &Expr) -> bool {
        let Expr::Name(name) = &*call.func else {
            return false;
        };
        let binding = self
            .semantic
            .binding(unit, name.id.as_str(), range(name).start());
        let Some(function) = binding.filter(|it| matches!(it.kind, BindingKind::Function(_)))
        else {
            return false;
        };
        let at = range(argument);
        let arguments = &call.arguments;
        let named = arguments.keywords.iter().find(|it| range(&it.value) == at);
        let position = arguments.args.iter().position(|it| range(it) == at);
        let place = self.notes.parameters.iter().find(|(_, parameter)| {
            parameter.function == (function.unit, function.range)
                && match named {
                    Some(keyword) => keyword
                        .arg
                        .as_ref()
                        .is_some_and(|arg| arg.as_str() == parameter.name),
                    None => position == Some(parameter.position),
                }
        });
        place.is_some_and(|(place, _)| self.parameter(*place).is_some())
    }
}

/// What happens to an expression where it stands.
pub(crate) enum Goes<'a> {
    /// It is read, or bound to what is followed.
    Followed,
    /// A loop runs over it.
    Iterated,
    /// It is printed, formatted or tested.
    Shown,
    /// It is an argument of this call.
    Given(&'a ExprCall),
    /// Nobody knows.
    Away,
}

/// Where an expression goes; `ancestors` are the nodes around it, innermost last.
pub(crate) fn goes<'a, K: Kinds<'a>>(
    tracer: &Tracer<'_, 'a, K>,
    unit: &Unit<'a>,
    ancestors: &[AnyNodeRef<'a>],
    expr: &'a Expr,
) -> Goes<'a> {
    let at = range(expr);
    let mut around = ancestors.iter().rev();
    let Some(parent) = around.next() else {
        return Goes::Away;
    };
    let if_so = |followed: bool| match followed {
        true => Goes::Followed,
        false => Goes::Away,
    };
    match parent {
        AnyNodeRef::ExprAttribute(_)
        | AnyNodeRef::ExprAwait(_)
        | AnyNodeRef::StmtExpr(_)
        | AnyNodeRef::ExprNamed(_) => Goes::Followed,
        AnyNodeRef::ExprSubscript(subscript) => if_so(range(&*subscript.value) == at),
        AnyNodeRef::StmtAssign(assign) => if_so(assign.targets.iter().all(|target| {
            target.is_name_expr() || tracer.semantic.attribute_value(unit, target).is_some()
        })),
        AnyNodeRef::StmtFor(each) if each.target.is_name_expr() => Goes::Iterated,
        AnyNodeRef::Comprehension(each)
            if each.target.is_name_expr() && range(&each.iter) == at =>
        {
            Goes::Iterated
        }
        AnyNodeRef::StmtReturn(_) => if_so(returns_one(ancestors)),
        AnyNodeRef::InterpolatedElement(_)
        | AnyNodeRef::ExprFString(_)
        | AnyNodeRef::StmtIf(_)
        | AnyNodeRef::ExprUnaryOp(_)
        | AnyNodeRef::StmtWhile(_) => Goes::Shown,
        AnyNodeRef::Arguments(_) | AnyNodeRef::Keyword(_) => {
            let call = around.find_map(|node| match node {
                AnyNodeRef::ExprCall(call) => Some(*call),
                _ => None,
            });
            let Some(call) = call else {
                return Goes::Away;
            };
            if let Expr::Name(name) = &*call.func {
                let name = name.id.as_str();
                let own = tracer.semantic.is_bound(ProgramId::DOCUMENT, name);
                if HARMLESS.contains(&name) && !(own && is_builtin(name)) {
                    return Goes::Shown;
                }
            }
            match tracer.is_followed(unit, call, expr) {
                true => Goes::Followed,
                false => Goes::Given(call),
            }
        }
        _ => Goes::Away,
    }
}

/// Whether the function around has one return only, and is none of a class, so that its calls are followed.
fn returns_one(ancestors: &[AnyNodeRef<'_>]) -> bool {
    let mut around = ancestors.iter().rev();
    let function = around.find_map(|node| match node {
        AnyNodeRef::StmtFunctionDef(function) => Some(function),
        _ => None,
    });
    let inside = around.any(|node| {
        matches!(
            node,
            AnyNodeRef::StmtClassDef(_) | AnyNodeRef::StmtFunctionDef(_)
        )
    });
    function.is_some_and(|function| !inside && returned(&function.body).len() == 1)
}

/// The values that a function returns, itself and no function inside it.
fn returned(body: &[Stmt]) -> Vec<&Expr> {
    struct Returned<'a>(Vec<&'a Expr>);
    impl<'a> SourceOrderVisitor<'a> for Returned<'a> {
        fn visit_stmt(&mut self, stmt: &'a Stmt) {
            match stmt {
                Stmt::Return(each) => self.0.extend(each.value.as_deref()),
                Stmt::FunctionDef(_) | Stmt::ClassDef(_) => {}
                _ => walk_stmt(self, stmt),
            }
        }
    }
    let mut found = Returned(Vec::new());
    found.visit_body(body);
    found.0
}

/// A parameter of a function of the notebook.
struct Parameter<'a> {
    function: (usize, TextRange),
    position: usize,
    name: &'a str,
}

/// How a function of the notebook is used.
#[derive(Default)]
struct Uses<'a> {
    calls: Vec<(usize, &'a ExprCall)>,
    /// Whether it is handed on, so that others call it.
    passed: bool,
}

/// What a walk through the document notes down.
#[derive(Default)]
struct Notes<'a> {
    /// The names that loops bind, with what they run over.
    loops: BTreeMap<(usize, TextRange), &'a Expr>,
    parameters: BTreeMap<(usize, TextRange), Parameter<'a>>,
    functions: BTreeMap<(usize, TextRange), Uses<'a>>,
}

struct Walk<'w, 's, 'a> {
    semantic: &'s Semantic<'a>,
    unit: &'s Unit<'a>,
    notes: &'w mut Notes<'a>,
}

impl<'a> Walk<'_, '_, 'a> {
    fn function(&self, name: &ExprName) -> Option<(usize, TextRange)> {
        let at = range(name).start();
        let binding = self.semantic.binding(self.unit, name.id.as_str(), at)?;
        matches!(binding.kind, BindingKind::Function(_)).then_some((binding.unit, binding.range))
    }

    fn parameters(&mut self, function: TextRange, parameters: &'a Parameters) {
        for (position, parameter) in parameters.iter_non_variadic_params().enumerate() {
            let name = &parameter.parameter.name;
            let row = Parameter {
                function: (self.unit.index, function),
                position,
                name: name.as_str(),
            };
            let place = (self.unit.index, range(name));
            self.notes.parameters.insert(place, row);
        }
    }
}

impl<'a> SourceOrderVisitor<'a> for Walk<'_, '_, 'a> {
    fn visit_stmt(&mut self, stmt: &'a Stmt) {
        match stmt {
            Stmt::For(each) => {
                let place = (self.unit.index, range(&*each.target));
                self.notes.loops.insert(place, &each.iter);
            }
            Stmt::FunctionDef(function) => {
                self.parameters(range(&function.name), &function.parameters);
            }
            _ => {}
        }
        walk_stmt(self, stmt);
    }

    fn visit_expr(&mut self, expr: &'a Expr) {
        match expr {
            Expr::Call(call) => {
                if let Expr::Name(name) = &*call.func
                    && let Some(function) = self.function(name)
                {
                    let uses = self.notes.functions.entry(function).or_default();
                    uses.calls.push((self.unit.index, call));
                    self.visit_arguments(&call.arguments);
                    return;
                }
            }
            Expr::Name(name) if name.ctx.is_load() => {
                if let Some(function) = self.function(name) {
                    self.notes.functions.entry(function).or_default().passed = true;
                }
            }
            _ => {}
        }
        walk_expr(self, expr);
    }

    fn visit_comprehension(&mut self, each: &'a Comprehension) {
        let place = (self.unit.index, range(&each.target));
        self.notes.loops.insert(place, &each.iter);
        walk_comprehension(self, each);
    }
}
