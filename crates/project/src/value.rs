//! What names hold while the modules are imported.

use std::rc::Rc;

use nbfix_python::ast::StmtFunctionDef;

use crate::Place;

/// One app object or blueprint of a run.
pub type ObjectId = usize;
/// One function of an app, as its decorators build it.
pub type BuilderId = usize;
/// One `def` that was reached; the same `def` reached twice is two.
pub type FunctionId = usize;
pub(crate) type ModuleId = usize;
pub(crate) type EnvId = usize;
pub(crate) type ListId = usize;
pub(crate) type ClassId = usize;
pub(crate) type InstanceId = usize;

#[derive(Clone, Debug)]
pub(crate) enum Value {
    /// Nobody knows; it may be an app.
    Unknown,
    /// Something of another library or of Python, surely no app.
    Foreign,
    /// A dotted name of another library, not yet called.
    External(Rc<str>),
    None,
    Bool(bool),
    Int(i64),
    Str(Rc<str>),
    /// A value that a deployment may change.
    Assumed(Box<Value>),
    Module(ModuleId),
    Object(ObjectId),
    Builder(BuilderId),
    Function(FunctionId),
    Class(ClassId),
    Instance(InstanceId),
    /// A list, tuple or set.
    List(ListId),
    Dict(Rc<Vec<(Value, Value)>>),
    /// A method of an app or blueprint.
    Method(ObjectId, Rc<str>),
    /// A method of an instance.
    Bound(InstanceId, FunctionId),
    ListMethod(ListId, Rc<str>),
    Decoration(Rc<Decoration>),
    /// `functools.wraps(function)`.
    Wraps(Option<FunctionId>),
    /// `functools.partial(function, ...)`.
    Partial(Rc<(Value, Vec<Value>)>),
}

/// A call of a decorator method: `app.route(...)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoration {
    /// The app or blueprint.
    pub object: ObjectId,
    /// The method.
    pub method: String,
    /// The type of the binding; empty if there is none, or nobody knows.
    pub binding: String,
    /// The parameter that the binding names; `None` if there is none, or nobody knows.
    pub parameter: Option<String>,
    /// The parameter of a second binding, for the answer of a route.
    pub answer: Option<String>,
    /// The name that `function_name` sets.
    pub name: Option<String>,
    /// Whether every argument that matters here is known.
    pub known: bool,
    /// The call.
    pub place: Place,
}

/// What sort of object collects functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AppKind {
    /// `azure.functions.FunctionApp`, and classes of it.
    App,
    /// `azure.durable_functions.DFApp`.
    DurableApp,
    /// `AsgiFunctionApp` and `WsgiFunctionApp`, which have one function from the start.
    WebApp,
    /// `azure.functions.Blueprint`.
    Blueprint,
    /// `azure.durable_functions.Blueprint`.
    DurableBlueprint,
}

impl AppKind {
    /// Whether the worker takes it for the app: a `FunctionRegister`.
    pub fn is_app(self) -> bool {
        matches!(self, Self::App | Self::DurableApp | Self::WebApp)
    }

    pub(crate) fn is_durable(self) -> bool {
        matches!(self, Self::DurableApp | Self::DurableBlueprint)
    }
}

/// An app object or a blueprint.
#[derive(Clone, Debug)]
pub struct App {
    /// What sort.
    pub kind: AppKind,
    /// The call that made it.
    pub made: Place,
    /// The name that it was first bound to, if any.
    pub name: Option<String>,
    /// What it has collected.
    pub builders: Vec<BuilderId>,
    /// Whether it was handed to code that nobody can follow.
    pub escaped: bool,
    /// Whether it was surely made.
    pub sure: bool,
}

/// A function as the decorators have built it so far.
#[derive(Clone, Debug)]
pub(crate) struct Builder {
    /// `__name__` of the function.
    pub(crate) name: String,
    /// What `function_name` said first.
    pub(crate) named: Option<String>,
    /// The bindings in order, the trigger among them.
    pub(crate) bindings: Vec<Bound>,
    pub(crate) function: Option<FunctionId>,
    /// How the function is called: itself, or through what the durable library makes of it.
    pub(crate) shape: Shape,
    /// Parameters that the durable library has given the type `str`.
    pub(crate) clients: Vec<String>,
    pub(crate) place: Place,
    pub(crate) sure: bool,
    /// Whether everything about it is known.
    pub(crate) known: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Plain,
    /// A function of one parameter `context`.
    Context,
    /// Nobody knows its parameters.
    Opaque,
}

#[derive(Clone, Debug)]
pub(crate) struct Bound {
    pub(crate) binding: String,
    pub(crate) parameter: Option<String>,
    pub(crate) is_trigger: bool,
    pub(crate) is_out: bool,
    pub(crate) place: Place,
    pub(crate) method: String,
}

impl Builder {
    pub(crate) fn trigger(&self) -> Option<&Bound> {
        self.bindings.iter().find(|bound| bound.is_trigger)
    }

    pub(crate) fn function_name(&self) -> &str {
        self.named.as_deref().unwrap_or(&self.name)
    }
}

/// A `def` that was reached.
#[derive(Clone, Debug)]
pub(crate) struct Def<'a> {
    pub(crate) stmt: &'a StmtFunctionDef,
    pub(crate) env: EnvId,
    pub(crate) module: ModuleId,
    pub(crate) part: usize,
    pub(crate) name: String,
    /// What `functools.wraps` says it stands for.
    pub(crate) wrapped: Option<FunctionId>,
    /// Whether a decorator of another library made something else of it.
    pub(crate) is_foreign: bool,
    pub(crate) sure: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Class<'a> {
    pub(crate) env: EnvId,
    pub(crate) bases: Vec<Value>,
    pub(crate) name: &'a str,
}

/// The arguments of a call.
#[derive(Clone, Debug, Default)]
pub(crate) struct Arguments {
    pub(crate) positional: Vec<Value>,
    pub(crate) keywords: Vec<(Option<String>, Value)>,
    /// Whether a star may have brought others.
    pub(crate) open: bool,
}

impl Arguments {
    pub(crate) fn keyword(&self, name: &str) -> Option<&Value> {
        let found = |(known, _): &&(Option<String>, Value)| known.as_deref() == Some(name);
        self.keywords.iter().find(found).map(|(_, value)| value)
    }

    /// The argument of this name, given by keyword or at this position.
    pub(crate) fn get(&self, name: &str, position: usize) -> Option<&Value> {
        self.keyword(name).or_else(|| self.positional.get(position))
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Value> {
        let keywords = self.keywords.iter().map(|(_, value)| value);
        self.positional.iter().chain(keywords)
    }
}
