//! The parameters of a function against its bindings, as the worker compares them.
//!
//! After the app is imported, the worker looks at each function: every parameter must be bound, every binding must
//! have its parameter, and the annotations must be ones that the binding takes. One that is not ends the index of the
//! whole app.

use nbfix_python::ast::{Expr, Operator, StmtFunctionDef};
use nbfix_python::{Module, is_builtin, is_stdlib, range, string_value};
use nbfix_text::TextRange;

use crate::Place;
use crate::interpreter::Interpreter;
use crate::value::{Bound, Builder, Def, EnvId, Shape, Value};

/// What the worker does not take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Complaints {
    /// Parameters that no binding names.
    Unbound(Vec<String>),
    /// Bindings that no parameter has.
    Unknown(Vec<String>),
    /// The annotation of an input.
    Input,
    /// An output whose annotation is not `func.Out[...]`, or is one that holds no type.
    Output,
    /// The annotation of what is returned.
    Answer,
    /// `context` that is no `func.Context`.
    Context,
}

/// One function that the worker does not take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    /// What is wrong.
    pub what: Complaints,
    /// The function's name.
    pub function: String,
    /// The parameter, if it is about one.
    pub parameter: String,
    /// The type of the binding, or of the trigger.
    pub binding: String,
    /// The annotation as written, if it is about one.
    pub annotation: String,
    /// The annotation; else the binding, or the parameter.
    pub place: Place,
    /// Whether the annotation is one that a plain class says as well (`dict[str, Any]`), and which.
    pub plain: Option<&'static str>,
    /// The parameter or binding that is one slip away.
    pub meant: Option<String>,
    /// Whether the function surely comes to the app.
    pub sure: bool,
}

impl Complaint {
    /// What the worker says, or nearly so.
    pub fn message(&self) -> String {
        let list = |names: &[String]| names.join("', '");
        match &self.what {
            Complaints::Unbound(names) => format!(
                "the following parameters are declared in Python but not in the function definition: {{'{}'}}",
                list(names)
            ),
            Complaints::Unknown(names) => format!(
                "the following parameters are declared as bindings but are not present in Python: {{'{}'}}",
                list(names)
            ),
            Complaints::Input => format!(
                "type of {} binding \"{}\" does not match its Python annotation \"{}\"",
                self.parameter, self.binding, self.annotation
            ),
            Complaints::Output => format!(
                "binding {} has the \"out\" direction, but its annotation \"{}\" is not azure.functions.Out of a type",
                self.parameter, self.annotation
            ),
            Complaints::Answer => format!(
                "Python return annotation \"{}\" does not match binding type \"{}\"",
                self.annotation, self.binding
            ),
            Complaints::Context => format!(
                "the \"context\" parameter is expected to be of type azure.functions.Context, got \"{}\"",
                self.annotation
            ),
        }
    }
}

/// Whether an annotation is one that a binding takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TypeFit {
    /// It is.
    Fits,
    /// It is not.
    Fails,
    /// Nobody knows.
    Unclear,
}

/// What an annotation means.
#[derive(Clone, Debug, PartialEq)]
enum Hint {
    Unclear,
    /// A class by its dotted path.
    Class(String),
    /// A class of the project that is of no other library's.
    Own,
    Any,
    NoneType,
    /// `Optional`, `Union`, `X | Y`, `Tuple`, `Callable`: no class and no generic class.
    NoType,
    /// `dict[str, Any]`.
    Builtin(&'static str),
    /// `typing.List[...]` and the like.
    Generic(String, Vec<Hint>),
    Out(Option<Box<Hint>>),
}

/// What the worker does not take of a function, in the order in which it looks.
pub(crate) fn check(run: &Interpreter<'_, '_>, builder: &Builder) -> Vec<Complaint> {
    let Some(trigger) = builder.trigger() else {
        return Vec::new();
    };
    if !builder.known || builder.shape == Shape::Opaque {
        return Vec::new();
    }
    let Some(def) = builder.function.and_then(|id| signature(run, id)) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    let complaint = |what, place| Complaint {
        what,
        function: builder.function_name().to_owned(),
        parameter: String::new(),
        binding: trigger.binding.clone(),
        annotation: String::new(),
        place,
        plain: None,
        meant: None,
        sure: builder.sure,
    };
    let bound: Vec<&Bound> = builder
        .bindings
        .iter()
        .filter(|bound| bound.parameter.as_deref() != Some("$return"))
        .collect();
    let is_bound = |name: &str| bound.iter().any(|it| it.parameter.as_deref() == Some(name));
    let parameters = match builder.shape {
        Shape::Context => vec![("context".to_owned(), None, range(&def.stmt.name))],
        _ => parameters(def.stmt),
    };
    let at = |range: TextRange| Place {
        key: def.part,
        range,
    };
    let hint = |annotation: &Expr| hint(run, def.env, annotation, 0);
    let text = |annotation: &Expr| text(run, def.part, range(annotation));

    let context = parameters.iter().find(|(name, ..)| name == "context");
    if let Some((_, Some(annotation), _)) = context.filter(|_| !is_bound("context")) {
        let fits = match hint(annotation) {
            Hint::Class(path) => path.rsplit('.').next() == Some("Context"),
            Hint::Unclear | Hint::Own => true,
            _ => false,
        };
        if !fits {
            let mut complaint = complaint(Complaints::Context, at(range(*annotation)));
            complaint.annotation = text(annotation);
            "context".clone_into(&mut complaint.parameter);
            found.push(complaint);
        }
    }
    let free: Vec<_> = parameters
        .iter()
        .filter(|(name, ..)| !is_bound(name) && name != "context")
        .collect();
    // One parameter more may be the client that settles messages.
    let settles = run.has_extensions && free.len() == 1;
    let unknown: Vec<&&Bound> = bound
        .iter()
        .filter(|it| {
            let name = it.parameter.as_deref();
            !parameters
                .iter()
                .any(|(known, ..)| Some(known.as_str()) == name)
        })
        .collect();
    let meant = match (free.as_slice(), unknown.as_slice()) {
        ([(free, ..)], [unknown]) => Some((free.clone(), unknown.parameter.clone())),
        _ => None,
    };
    if let Some((_, _, place)) = free.first().filter(|_| !settles) {
        let names = free.iter().map(|(name, ..)| name.clone()).collect();
        let place = match builder.shape {
            Shape::Context => trigger.place,
            _ => at(*place),
        };
        let mut complaint = complaint(Complaints::Unbound(names), place);
        complaint.meant = meant.clone().and_then(|(_, binding)| binding);
        found.push(complaint);
    } else if let Some(first) = unknown.first() {
        let names = unknown
            .iter()
            .filter_map(|it| it.parameter.clone())
            .collect();
        let mut complaint = complaint(Complaints::Unknown(names), first.place);
        complaint.binding = first.binding.clone();
        complaint.parameter = first.method.clone();
        if builder.shape == Shape::Context {
            complaint.meant = Some("context".to_owned());
        }
        found.push(complaint);
    }
    if builder.shape == Shape::Context {
        return found;
    }
    for (name, annotation, _) in &parameters {
        let Some(annotation) = annotation else {
            continue;
        };
        let Some(binding) = bound
            .iter()
            .find(|it| it.parameter.as_deref() == Some(name))
        else {
            continue;
        };
        if builder.clients.contains(name) {
            continue;
        }
        let meaning = hint(annotation);
        let (what, fit) = if binding.is_out {
            (Complaints::Output, output(&meaning))
        } else {
            (Complaints::Input, input(run, &binding.binding, &meaning))
        };
        if fit != TypeFit::Fails {
            continue;
        }
        let mut complaint = complaint(what, at(range(*annotation)));
        complaint.parameter = name.clone();
        complaint.annotation = text(annotation);
        complaint.binding = binding.binding.clone();
        complaint.plain = match meaning {
            Hint::Builtin(class) => Some(class),
            _ => None,
        };
        found.push(complaint);
    }
    let answers = builder
        .bindings
        .iter()
        .find(|bound| bound.parameter.as_deref() == Some("$return") && bound.binding == "http");
    if let (Some(answer), Some(returns)) = (answers, def.stmt.returns.as_deref())
        && !run.has_extensions
    {
        let fits = match hint(returns) {
            Hint::Class(path) => {
                path == "builtins.str" || is_azure(&path, &["HttpResponse"]) || is_elsewhere(&path)
            }
            Hint::Unclear => true,
            _ => false,
        };
        if !fits {
            let mut complaint = complaint(Complaints::Answer, at(range(returns)));
            complaint.annotation = text(returns);
            complaint.binding = answer.binding.clone();
            found.push(complaint);
        }
    }
    found
}

/// The `def` whose parameters Python shows: through `functools.wraps`. `None` if another library's decorator may have
/// made others.
fn signature<'r, 'a>(run: &'r Interpreter<'_, 'a>, id: usize) -> Option<&'r Def<'a>> {
    let mut def = run.defs.get(id)?;
    for _ in 0..8 {
        if def.is_foreign {
            return None;
        }
        match def.wrapped {
            Some(wrapped) => def = run.defs.get(wrapped)?,
            None => return Some(def),
        }
    }
    None
}

type Parameter<'a> = (String, Option<&'a Expr>, TextRange);

fn parameters(def: &StmtFunctionDef) -> Vec<Parameter<'_>> {
    let all = def.parameters.iter();
    all.map(|parameter| {
        let name = parameter.name();
        (name.to_string(), parameter.annotation(), range(name))
    })
    .collect()
}

fn text(run: &Interpreter<'_, '_>, part: usize, range: TextRange) -> String {
    let part = run.project.part(part);
    let text = part.map_or("", |part| range.of(part.source));
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What an annotation means in its module.
fn hint(run: &Interpreter<'_, '_>, env: EnvId, annotation: &Expr, depth: usize) -> Hint {
    if depth > 6 {
        return Hint::Unclear;
    }
    match annotation {
        Expr::NoneLiteral(_) => Hint::NoneType,
        Expr::StringLiteral(_) => {
            let text = string_value(annotation).unwrap_or_default();
            let module = Module::file(text, TextRange::new(0, text.len()));
            match module.body() {
                [nbfix_python::ast::Stmt::Expr(expr)] if module.errors().is_empty() => {
                    hint(run, env, &expr.value, depth + 1)
                }
                _ => Hint::Unclear,
            }
        }
        Expr::BinOp(operation) if operation.op == Operator::BitOr => Hint::NoType,
        Expr::Name(_) | Expr::Attribute(_) => match path(run, env, annotation) {
            Some(Named::Path(path)) => of_path(&path),
            Some(Named::Own(class)) if !run.has_unknown_base(class) => Hint::Own,
            _ => Hint::Unclear,
        },
        Expr::Subscript(subscript) => {
            let Some(Named::Path(base)) = path(run, env, &subscript.value) else {
                return Hint::Unclear;
            };
            let arguments: Vec<&Expr> = match &*subscript.slice {
                Expr::Tuple(tuple) => tuple.elts.iter().collect(),
                one => vec![one],
            };
            let inner = |expr: &Expr| hint(run, env, expr, depth + 1);
            match base.as_str() {
                "typing.Optional" => Hint::NoType,
                "typing.Union" => match arguments.as_slice() {
                    [only] => inner(only),
                    _ => Hint::NoType,
                },
                "typing.Annotated" | "typing_extensions.Annotated" => arguments
                    .first()
                    .map_or(Hint::Unclear, |first| inner(first)),
                "typing.Tuple" | "typing.Callable" | "typing.ClassVar" => Hint::NoType,
                "builtins.dict" => Hint::Builtin("dict"),
                "builtins.list" => Hint::Builtin("list"),
                "builtins.tuple" => Hint::Builtin("tuple"),
                "builtins.set" => Hint::Builtin("set"),
                "builtins.frozenset" => Hint::Builtin("frozenset"),
                "builtins.type" => Hint::Builtin("type"),
                _ if base.starts_with("collections.") => Hint::NoType,
                _ if is_azure(&base, &["Out"]) => {
                    Hint::Out(arguments.first().map(|first| Box::new(inner(first))))
                }
                _ if base.starts_with("typing.") => {
                    Hint::Generic(base, arguments.iter().map(|it| inner(it)).collect())
                }
                _ => Hint::Unclear,
            }
        }
        _ => Hint::Unclear,
    }
}

fn of_path(path: &str) -> Hint {
    const GENERIC: &[&str] = &[
        "Dict",
        "List",
        "Set",
        "FrozenSet",
        "Mapping",
        "MutableMapping",
        "Sequence",
        "Iterable",
        "DefaultDict",
        "Type",
        "Collection",
        "OrderedDict",
    ];
    match path {
        "typing.Any" => Hint::Any,
        "typing.Optional" | "typing.Union" | "typing.Tuple" | "typing.Callable" => Hint::NoType,
        "types.NoneType" => Hint::NoneType,
        _ if is_azure(path, &["Out"]) => Hint::Out(None),
        _ => match path.strip_prefix("typing.") {
            Some(name) if GENERIC.contains(&name) => Hint::Generic(path.to_owned(), Vec::new()),
            Some(_) => Hint::Unclear,
            None => Hint::Class(path.to_owned()),
        },
    }
}

enum Named {
    Path(String),
    Own(usize),
}

/// What a dotted name of an annotation means.
fn path(run: &Interpreter<'_, '_>, env: EnvId, expr: &Expr) -> Option<Named> {
    let (name, parts) = nbfix_python::dotted(expr)?;
    let root = name.id.as_str();
    let mut value = match run.lookup(env, root) {
        Some(value) => value,
        None if is_builtin(root) => Value::External(format!("builtins.{root}").into()),
        None => return None,
    };
    for part in parts.get(1..)? {
        value = match value {
            Value::External(path) => Value::External(format!("{path}.{part}").into()),
            Value::Module(module) => run.attribute_of_module(module, part)?,
            _ => return None,
        };
    }
    match value {
        Value::External(path) => Some(Named::Path(path.to_string())),
        Value::Class(class) => Some(Named::Own(class)),
        _ => None,
    }
}

/// Whether a path is one of these classes of the Functions library.
fn is_azure(path: &str, classes: &[&str]) -> bool {
    let last = path.rsplit('.').next().unwrap_or(path);
    path.starts_with("azure.functions.") && classes.contains(&last)
}

/// Whether a class is of a library that may have made it one of the Functions library.
fn is_elsewhere(path: &str) -> bool {
    let root = path.split('.').next().unwrap_or(path);
    !(path.starts_with("builtins.")
        || path.starts_with("azure.functions.")
        || root != "azure" && is_stdlib(root))
}

/// The classes that a binding takes besides `str` and `bytes`; whether it takes lists of them; `None` for bindings
/// that take everything.
fn classes(binding: &str) -> Option<(&'static [&'static str], bool)> {
    Some(match binding {
        "activityTrigger" => return None,
        "timerTrigger" => (&["TimerRequest"], false),
        "httpTrigger" => (&["HttpRequest"], false),
        "queueTrigger" => (&["QueueMessage"], false),
        "serviceBusTrigger" => (&["ServiceBusMessage"], true),
        "eventHubTrigger" => (&["EventHubEvent"], true),
        "kafkaTrigger" => (&["KafkaEvent"], true),
        "eventGridTrigger" => (&["EventGridEvent", "CloudEvent"], false),
        "blobTrigger" | "blob" => (&["InputStream"], false),
        "cosmosDBTrigger" | "cosmosDB" => (&["DocumentList"], false),
        "sql" => (&["SqlRowList", "BaseSqlRowList"], false),
        "mysql" => (&["MySqlRowList", "BaseMySqlRowList"], false),
        "warmupTrigger" => (&["WarmUpContext"], false),
        "mcpToolTrigger" => (&["MCPToolContext", "dict"], false),
        "mcpPromptTrigger" => (&["PromptInvocationContext", "dict"], false),
        "mcpResourceTrigger" | "connectorTrigger" => (&["dict"], false),
        _ => (&[], false),
    })
}

/// Bindings of which nothing more is known than their name.
fn is_unclear(binding: &str) -> bool {
    matches!(
        binding,
        "mysqlTrigger" | "orchestrationTrigger" | "entityTrigger" | "durableClient"
    )
}

fn input(run: &Interpreter<'_, '_>, binding: &str, hint: &Hint) -> TypeFit {
    if is_unclear(binding) {
        return TypeFit::Unclear;
    }
    let classes = classes(binding);
    let fits = |fits: bool| if fits { TypeFit::Fits } else { TypeFit::Fails };
    match hint {
        Hint::Unclear => TypeFit::Unclear,
        Hint::NoType | Hint::Builtin(_) | Hint::Out(_) => TypeFit::Fails,
        Hint::Any | Hint::NoneType | Hint::Own => fits(classes.is_none()),
        Hint::Generic(origin, arguments) => {
            let Some((classes, lists)) = classes else {
                return TypeFit::Fits;
            };
            let iterable = matches!(
                origin.as_str(),
                "typing.List"
                    | "typing.Sequence"
                    | "typing.Iterable"
                    | "typing.Collection"
                    | "typing.Set"
            );
            if !lists || !iterable {
                return TypeFit::Fails;
            }
            match arguments.first() {
                Some(Hint::Class(path)) if is_azure(path, classes) => TypeFit::Fits,
                Some(Hint::Class(path)) if !is_elsewhere(path) => TypeFit::Fails,
                None => TypeFit::Fails,
                _ => TypeFit::Unclear,
            }
        }
        Hint::Class(path) => {
            let Some((classes, _)) = classes else {
                return TypeFit::Fits;
            };
            match path.strip_prefix("builtins.") {
                Some("str" | "bytes") => TypeFit::Fits,
                Some(name) => fits(classes.contains(&name)),
                None if is_azure(path, classes) => TypeFit::Fits,
                None if path.starts_with("azure.functions.") => {
                    // A class that is newer than this table may be one of them.
                    fits(!KNOWN.contains(&path.rsplit('.').next().unwrap_or(path)))
                }
                None if is_elsewhere(path) || run.has_extensions => TypeFit::Unclear,
                None => TypeFit::Fails,
            }
        }
    }
}

/// The classes of the Functions library that are no base of another.
const KNOWN: &[&str] = &[
    "TimerRequest",
    "HttpRequest",
    "HttpResponse",
    "QueueMessage",
    "ServiceBusMessage",
    "EventHubEvent",
    "KafkaEvent",
    "EventGridEvent",
    "CloudEvent",
    "InputStream",
    "DocumentList",
    "Document",
    "SqlRowList",
    "SqlRow",
    "MySqlRowList",
    "MySqlRow",
    "WarmUpContext",
    "MCPToolContext",
    "PromptInvocationContext",
    "Context",
    "EventGridOutputEvent",
    "OrchestrationContext",
    "EntityContext",
];

fn output(hint: &Hint) -> TypeFit {
    match hint {
        Hint::Out(Some(inner)) => match **inner {
            Hint::NoType | Hint::Builtin(_) => TypeFit::Fails,
            Hint::Class(ref path) if path == "builtins.str" || path == "builtins.bytes" => {
                TypeFit::Fits
            }
            _ => TypeFit::Unclear,
        },
        Hint::Unclear => TypeFit::Unclear,
        _ => TypeFit::Fails,
    }
}
