//! Calls: of apps and their decorators, of the project's own functions, and of what nobody can follow.

use std::rc::Rc;

use nbfix_python::ast::{Expr, ExprCall, StmtFunctionDef};
use nbfix_python::{SourceOrderVisitor, is_stdlib, range};

use crate::Place;
use crate::classes::app_kind;
use crate::decorators::{DecoratorKind, decorator, guessed_type, misspelt, unknown_trigger};
use crate::expressions::{assume, plain};
use crate::index::Trouble;
use crate::interpreter::{Bare, DEPTH, Interpreter, Outcome, Registration, Spot};
use crate::statements::Flow;
use crate::value::{
    AppKind, Arguments, Bound, Builder, BuilderId, Decoration, FunctionId, ObjectId, Shape, Value,
};

/// Methods of loggers, which do nothing to what they are given.
const LOGS: &[&str] = &["critical", "debug", "error", "exception", "info", "log", "warning"];

impl<'a> Interpreter<'_, 'a> {
    /// Notes that an app is where nobody can follow it: functions may come to it there.
    pub(crate) fn escape<'v>(
        &mut self,
        values: impl IntoIterator<Item = &'v Value>,
        place: Place,
        why: &str,
    ) {
        for value in values {
            match value {
                Value::Object(object) => {
                    if let Some(app) = self.objects.get_mut(*object) {
                        app.escaped = true;
                    }
                    self.doubt(Some(place), why);
                }
                Value::List(list) => {
                    let inner = self.list(*list);
                    let holds = |it: &Value| matches!(it, Value::Object(_));
                    if inner.iter().any(holds) {
                        self.escape(inner.iter(), place, why);
                    }
                }
                _ => {}
            }
        }
    }

    pub(crate) fn attribute(
        &mut self,
        spot: Spot<'a>,
        owner: Value,
        name: &str,
        expr: &'a Expr,
    ) -> Outcome<Value> {
        let here = self.place(spot, expr);
        Ok(match owner {
            Value::Module(module) => {
                if let Some(value) = self.attribute_of_module(module, name) {
                    return Ok(value);
                }
                let (whole, is_file) = match self.modules.get(module) {
                    Some(module) => (format!("{}.{name}", module.name), module.path.is_some()),
                    None => return Ok(Value::Unknown),
                };
                if !is_file || !self.project.complete || self.project.is_own(&whole) {
                    return Ok(Value::Unknown);
                }
                let from = whole.rsplit_once('.').map_or("", |(from, _)| from);
                let message = format!("module '{from}' has no attribute '{name}'");
                self.fail("AttributeError", Trouble::Import, message, Some(here))?;
                Value::Unknown
            }
            Value::External(path) => Value::External(format!("{path}.{name}").into()),
            Value::Object(object) => return self.member_of_app(object, name, here),
            Value::Instance(id) => {
                let found = self
                    .instance(id)
                    .map(|(class, members)| (*class, members.get(name).cloned()));
                let Some((class, member)) = found else {
                    return Ok(Value::Unknown);
                };
                match (member, self.method(class, name)) {
                    (Some(value), _) => value,
                    (None, Some(method)) => Value::Bound(id, method),
                    (None, None) => self.class_member(class, name).unwrap_or(Value::Unknown),
                }
            }
            Value::Class(class) => self.class_member(class, name).unwrap_or(Value::Unknown),
            Value::List(list) => Value::ListMethod(list, name.into()),
            Value::Unknown => Value::Unknown,
            _ => Value::Foreign,
        })
    }

    fn member_of_app(&mut self, object: ObjectId, name: &str, here: Place) -> Outcome<Value> {
        let kind = self.objects.get(object).map(|app| app.kind);
        let is_app = kind.is_some_and(AppKind::is_app);
        let registers = matches!(name, "register_functions" | "register_blueprint");
        if registers && !is_app {
            let message = format!("'Blueprint' object has no attribute '{name}'");
            self.fail("AttributeError", Trouble::Raised, message, Some(here))?;
            return Ok(Value::Foreign);
        }
        if let Some(meant) = misspelt(name) {
            let class = match kind {
                Some(AppKind::DurableApp) => "DFApp",
                Some(AppKind::Blueprint | AppKind::DurableBlueprint) => "Blueprint",
                _ => "FunctionApp",
            };
            let message = format!("'{class}' object has no attribute '{name}'");
            let trouble = Trouble::UnknownDecorator {
                meant: meant.to_owned(),
            };
            self.fail("AttributeError", trouble, message, Some(here))?;
            return Ok(Value::Method(object, meant.into()));
        }
        Ok(match name {
            "auth_level" | "app_script_file" | "functions_bindings" | "middleware" => Value::Foreign,
            _ => Value::Method(object, name.into()),
        })
    }

    pub(crate) fn eval_call(
        &mut self,
        spot: Spot<'a>,
        expr: &'a Expr,
        call: &'a ExprCall,
    ) -> Outcome<Value> {
        if let Expr::Attribute(attribute) = &*call.func
            && matches!(attribute.attr.as_str(), "values" | "items" | "keys" | "get")
        {
            let owner = self.eval(spot, &attribute.value)?;
            if let Value::Dict(pairs) = &owner {
                let arguments = self.eval_arguments(spot, call)?;
                return Ok(self.of_dict(pairs, attribute.attr.as_str(), &arguments));
            }
            let callee = self.attribute(spot, owner, attribute.attr.as_str(), &call.func)?;
            let arguments = self.eval_arguments(spot, call)?;
            return self.call(spot, callee, arguments, expr);
        }
        let callee = self.eval(spot, &call.func)?;
        let arguments = self.eval_arguments(spot, call)?;
        if let (Value::Foreign, Expr::Attribute(method)) = (&callee, &*call.func)
            && LOGS.contains(&method.attr.as_str())
        {
            return Ok(Value::Foreign);
        }
        self.call(spot, callee, arguments, expr)
    }

    fn of_dict(
        &mut self,
        pairs: &Rc<Vec<(Value, Value)>>,
        method: &str,
        arguments: &Arguments,
    ) -> Value {
        let values = match method {
            "values" => pairs.iter().map(|(_, value)| value.clone()).collect(),
            "keys" => pairs.iter().map(|(key, _)| key.clone()).collect(),
            "items" => {
                let mut items = Vec::new();
                for (key, value) in pairs.iter() {
                    items.push(self.new_list(vec![key.clone(), value.clone()]));
                }
                items
            }
            _ => {
                let key = arguments.positional.first();
                let found = pairs.iter().rev().find(|(known, _)| {
                    matches!((known, key), (Value::Str(known), Some(Value::Str(key))) if known == key)
                });
                return found.map_or(Value::Unknown, |(_, value)| value.clone());
            }
        };
        self.new_list(values)
    }

    pub(crate) fn call(
        &mut self,
        spot: Spot<'a>,
        callee: Value,
        arguments: Arguments,
        expr: &'a Expr,
    ) -> Outcome<Value> {
        let here = self.place(spot, expr);
        match callee {
            Value::External(path) => self.call_library(spot, &path, arguments, expr),
            Value::Function(def) => self.call_def(spot, def, arguments, expr),
            Value::Class(class) => {
                if self.is_plain_class(class) {
                    self.instantiate(spot, class, arguments, expr)
                } else {
                    Ok(Value::Foreign)
                }
            }
            Value::Bound(instance, def) => {
                let mut arguments = arguments;
                arguments.positional.insert(0, Value::Instance(instance));
                self.call_def(spot, def, arguments, expr)
            }
            Value::Method(object, name) => self.call_app(object, &name, &arguments, here),
            Value::Decoration(_) | Value::Wraps(_) => {
                let value = arguments.positional.first().cloned();
                self.decorate(spot, callee, value.unwrap_or(Value::Unknown), expr)
            }
            Value::Partial(partial) => {
                let (callee, given) = &*partial;
                let mut arguments = arguments;
                arguments.positional.splice(0..0, given.iter().cloned());
                self.call(spot, callee.clone(), arguments, expr)
            }
            Value::ListMethod(list, name) => {
                let mut added: Vec<Value> = Vec::new();
                match (&*name, arguments.positional.as_slice()) {
                    ("append" | "add", [value]) | ("insert", [_, value]) => {
                        added.push(value.clone());
                    }
                    ("extend" | "update", [Value::List(more)]) => added = self.list(*more),
                    ("extend" | "update" | "append" | "insert" | "add", _) => {
                        added.push(Value::Unknown);
                    }
                    _ => return Ok(Value::Unknown),
                }
                if let Some(values) = self.lists.get_mut(list) {
                    values.extend(added);
                }
                Ok(Value::None)
            }
            Value::Unknown => {
                let values: Vec<Value> = arguments.all().cloned().collect();
                self.escape(values.iter(), here, "a call that nobody can follow gets the app");
                Ok(Value::Unknown)
            }
            _ => {
                let values: Vec<Value> = arguments.all().cloned().collect();
                self.escape(values.iter(), here, "another library gets the app");
                Ok(Value::Foreign)
            }
        }
    }

    /// Calls something of another library, or of Python.
    fn call_library(
        &mut self,
        spot: Spot<'a>,
        path: &str,
        arguments: Arguments,
        expr: &'a Expr,
    ) -> Outcome<Value> {
        let here = self.place(spot, expr);
        if let Some(kind) = app_kind(path) {
            return self.make_app(kind, path, &arguments, here);
        }
        let first = arguments.positional.first();
        let values: Vec<Value> = arguments.all().cloned().collect();
        Ok(match path {
            "functools.wraps" => Value::Wraps(match first {
                Some(Value::Function(def)) => Some(*def),
                Some(Value::Builder(builder)) => {
                    self.builders.get(*builder).and_then(|it| it.function)
                }
                _ => None,
            }),
            "functools.partial" => match first {
                Some(callee) => {
                    let rest = arguments.positional.get(1..).unwrap_or_default().to_vec();
                    Value::Partial(Rc::new((callee.clone(), rest)))
                }
                None => Value::Foreign,
            },
            "importlib.import_module" | "builtins.__import__" => {
                match self.import_by_name(spot, first, expr)? {
                    Some(value) => value,
                    None => {
                        self.doubt(Some(here), "a module whose name is made at import");
                        Value::Unknown
                    }
                }
            }
            "builtins.getattr" => match arguments.positional.as_slice() {
                [owner, Value::Str(name), default @ ..] => {
                    let found = match owner {
                        Value::Module(module) => self.attribute_of_module(*module, name),
                        other => Some(self.attribute(spot, other.clone(), name, expr)?),
                    };
                    found.or_else(|| default.first().cloned()).unwrap_or(Value::Unknown)
                }
                _ => Value::Unknown,
            },
            "builtins.list" | "builtins.tuple" | "builtins.set" | "builtins.sorted"
            | "builtins.reversed" => match first {
                Some(Value::List(list)) => {
                    let mut values = self.list(*list);
                    if path == "builtins.reversed" {
                        values.reverse();
                    }
                    self.new_list(values)
                }
                None => self.new_list(Vec::new()),
                _ => Value::Unknown,
            },
            "builtins.enumerate" => match first {
                Some(Value::List(list)) => {
                    let mut pairs = Vec::new();
                    for value in self.list(*list) {
                        pairs.push(self.new_list(vec![Value::Foreign, value]));
                    }
                    self.new_list(pairs)
                }
                _ => Value::Unknown,
            },
            "os.environ.get" | "os.getenv" => {
                let default = arguments.get("default", 1).map(plain);
                assume(default.unwrap_or(Value::None))
            }
            "sys.exit" | "builtins.exit" | "builtins.quit" | "os._exit" => {
                return self.raise("SystemExit", Trouble::Raised, "", Some(here));
            }
            "builtins.exec" | "builtins.eval" => {
                self.doubt(Some(here), "code that is made at import");
                Value::Unknown
            }
            "builtins.globals" | "builtins.locals" | "builtins.vars" => {
                self.doubt(Some(here), "names that are made at import");
                Value::Unknown
            }
            "builtins.setattr" => {
                self.doubt(Some(here), "names that are made at import");
                Value::Foreign
            }
            _ if path.starts_with("builtins.") || path.starts_with("logging.") => Value::Foreign,
            _ => {
                let why = "another library gets the app";
                let had = values.iter().any(|value| matches!(value, Value::Object(_)));
                self.escape(values.iter(), here, why);
                let root = path.split('.').next().unwrap_or(path);
                if is_stdlib(root) || root == "azure" || !(had || may_make_app(path)) {
                    Value::Foreign
                } else {
                    Value::Unknown
                }
            }
        })
    }

    fn make_app(
        &mut self,
        kind: AppKind,
        path: &str,
        arguments: &Arguments,
        here: Place,
    ) -> Outcome<Value> {
        let web = kind == AppKind::WebApp;
        let level = arguments.get("http_auth_level", usize::from(web));
        if let (Some(Value::Str(level)), true) = (level, kind.is_app())
            && !matches!(&**level, "FUNCTION" | "ANONYMOUS" | "ADMIN")
        {
            let message = format!("'{level}'");
            let trouble = Trouble::AuthLevel;
            self.fail("KeyError", trouble, message, Some(here))?;
        }
        let class = path.rsplit('.').next().unwrap_or_default();
        if web && arguments.get("app", 0).is_none() && !arguments.open {
            let message = format!("{class}.__init__() missing 1 required positional argument: 'app'");
            self.fail("TypeError", Trouble::Arguments, message, Some(here))?;
        }
        let object = self.make(kind, here);
        if web {
            let named = match arguments.get("function_name", 2) {
                None => Some("http_app_func".to_owned()),
                Some(Value::Str(name)) => Some(name.to_string()),
                Some(_) => None,
            };
            let bound = Bound {
                binding: "httpTrigger".to_owned(),
                parameter: Some("req".to_owned()),
                is_trigger: true,
                is_out: false,
                place: here,
                method: class.to_owned(),
            };
            let sure = self.is_sure();
            self.builders.push(Builder {
                name: "http_app_func".to_owned(),
                known: named.is_some(),
                named,
                bindings: vec![bound],
                function: None,
                shape: Shape::Opaque,
                clients: Vec::new(),
                place: here,
                sure,
            });
            let builder = self.builders.len() - 1;
            if let Some(app) = self.objects.get_mut(object) {
                app.builders.push(builder);
            }
        }
        Ok(Value::Object(object))
    }

    /// Calls a method of an app or blueprint.
    fn call_app(
        &mut self,
        object: ObjectId,
        name: &str,
        arguments: &Arguments,
        here: Place,
    ) -> Outcome<Value> {
        match name {
            "register_functions" | "register_blueprint" => {
                self.register(object, arguments, here)?;
                return Ok(Value::None);
            }
            "get_functions" | "validate_function_names" => return Ok(Value::Foreign),
            _ => {}
        }
        let Some(known) = decorator(name) else {
            if unknown_trigger(name) {
                let parameter = arguments.get("arg_name", 0).map(plain);
                return Ok(Value::Decoration(Rc::new(Decoration {
                    object,
                    method: name.to_owned(),
                    binding: guessed_type(name),
                    parameter: as_text(parameter.as_ref()),
                    answer: None,
                    name: None,
                    known: false,
                    place: here,
                })));
            }
            self.doubt(Some(here), format!("`{name}` is no method that nbfix knows"));
            return Ok(Value::Unknown);
        };
        let given = |parameter: &String| {
            let position = known.parameters.iter().position(|it| it == parameter);
            arguments.get(parameter, position.unwrap_or(usize::MAX)).is_some()
        };
        let required = known.parameters.get(..known.required).unwrap_or_default();
        let missing: Vec<String> = required
            .iter()
            .filter(|parameter| !given(parameter))
            .map(|parameter| format!("'{parameter}'"))
            .collect();
        if !missing.is_empty() && !arguments.open {
            let plural = if missing.len() == 1 { "" } else { "s" };
            let message = format!(
                "{name}() missing {} required positional argument{plural}: {}",
                missing.len(),
                missing.join(" and ")
            );
            self.fail("TypeError", Trouble::Arguments, message, Some(here))?;
        }
        let by = known.parameters.iter().position(|it| *it == known.by);
        let by = by.and_then(|position| arguments.get(&known.by, position));
        let (parameter, answer) = if name == "route" {
            let answer = arguments.get("binding_arg_name", 2);
            (
                text_or(by, "req"),
                text_or(answer, "$return"),
            )
        } else {
            (as_text(by), None)
        };
        let mut binding = known.binding.clone();
        if binding.is_empty() && name.starts_with("generic_") {
            binding = as_text(arguments.get("type", 1)).unwrap_or_default();
        }
        let named = match name {
            "function_name" => as_text(arguments.get("name", 0)),
            _ => None,
        };
        let names = matches!(known.kind, DecoratorKind::Trigger | DecoratorKind::Input | DecoratorKind::Output);
        let is_known = !arguments.open
            && (!names || name == "mcp_tool" || parameter.is_some() && !binding.is_empty())
            && (name != "function_name" || named.is_some())
            && (name != "route" || answer.is_some());
        Ok(Value::Decoration(Rc::new(Decoration {
            object,
            method: name.to_owned(),
            binding,
            parameter,
            answer,
            name: named,
            known: is_known,
            place: here,
        })))
    }

    fn register(
        &mut self,
        app: ObjectId,
        arguments: &Arguments,
        here: Place,
    ) -> Outcome<()> {
        let Some(value) = arguments.get("function_container", 0) else {
            if !arguments.open {
                let message = match arguments.keywords.first() {
                    Some((Some(name), _)) => {
                        format!("register_functions() got an unexpected keyword argument '{name}'")
                    }
                    _ => "register_functions() missing 1 required positional argument: \
                          'function_container'"
                        .to_owned(),
                };
                self.fail("TypeError", Trouble::Arguments, message, Some(here))?;
            }
            return Ok(());
        };
        let blueprint = match value {
            Value::Object(object) => *object,
            Value::None => {
                let message = "'NoneType' object has no attribute '_function_builders'";
                self.fail("AttributeError", Trouble::Raised, message, Some(here))?;
                return Ok(());
            }
            _ => {
                self.doubt(Some(here), "a blueprint that nobody can follow");
                return Ok(());
            }
        };
        let kind = self.objects.get(blueprint).map(|it| it.kind);
        if kind.is_some_and(AppKind::is_app) {
            let message = "functions can not be type of FunctionRegister!";
            self.fail("TypeError", Trouble::RegistersApp, message, Some(here))?;
            return Ok(());
        }
        let builders: Vec<BuilderId> = self
            .objects
            .get(blueprint)
            .map(|it| it.builders.clone())
            .unwrap_or_default();
        self.registrations.push(Registration {
            app,
            blueprint,
            count: builders.len(),
            place: here,
            sure: self.unsure == 0,
        });
        if let Some(app) = self.objects.get_mut(app) {
            app.builders.extend(builders);
        }
        Ok(())
    }

    /// Calls a function of the project.
    pub(crate) fn call_def(
        &mut self,
        spot: Spot<'a>,
        id: FunctionId,
        arguments: Arguments,
        expr: &'a Expr,
    ) -> Outcome<Value> {
        let here = self.place(spot, expr);
        let Some(def) = self.defs.get(id).cloned() else {
            return Ok(Value::Unknown);
        };
        let key = std::ptr::from_ref(def.stmt).cast::<()>();
        let again = self.calls.iter().filter(|known| **known == key).count();
        let later = def.stmt.is_async || has_yield(def.stmt);
        if later || self.calls.len() >= DEPTH || again > 1 || def.is_foreign {
            let values: Vec<Value> = arguments.all().cloned().collect();
            self.escape(values.iter(), here, "a function that runs later gets the app");
            return Ok(if later { Value::Foreign } else { Value::Unknown });
        }
        let Some(source) = self.project.part(def.part).map(|part| part.source) else {
            return Ok(Value::Unknown);
        };
        let env = self.new_env(Some(def.env), def.module);
        let inner = Spot {
            module: def.module,
            env,
            part: def.part,
            source,
        };
        self.bind_parameters(inner, def.stmt, &arguments)?;
        self.calls.push(key);
        let done = self.body(inner, &def.stmt.body);
        self.calls.pop();
        Ok(match done? {
            Flow::Return(value) => value,
            _ => Value::None,
        })
    }

    fn bind_parameters(
        &mut self,
        inner: Spot<'a>,
        def: &'a StmtFunctionDef,
        arguments: &Arguments,
    ) -> Outcome<()> {
        let parameters = &def.parameters;
        let mut position = 0;
        for parameter in parameters.posonlyargs.iter().chain(&parameters.args) {
            let name = parameter.name().as_str();
            let value = match arguments.get(name, position) {
                Some(value) => value.clone(),
                None => match parameter.default() {
                    Some(default) if !arguments.open => self.eval(inner, default)?,
                    _ => Value::Unknown,
                },
            };
            position += 1;
            let place = self.place(inner, parameter.name());
            self.bind(inner, name, value, place);
        }
        if let Some(rest) = &parameters.vararg {
            let values = arguments.positional.get(position..).unwrap_or_default();
            let value = self.new_list(values.to_vec());
            let place = self.place(inner, &rest.name);
            self.bind(inner, rest.name.as_str(), value, place);
        }
        for parameter in &parameters.kwonlyargs {
            let name = parameter.name().as_str();
            let value = match arguments.keyword(name) {
                Some(value) => value.clone(),
                None => match parameter.default() {
                    Some(default) if !arguments.open => self.eval(inner, default)?,
                    _ => Value::Unknown,
                },
            };
            let place = self.place(inner, parameter.name());
            self.bind(inner, name, value, place);
        }
        if let Some(rest) = &parameters.kwarg {
            let named = arguments.keywords.iter().filter_map(|(name, value)| {
                let name = name.as_deref()?;
                let bound = parameters.iter_non_variadic_params();
                let taken = bound.into_iter().any(|it| it.name().as_str() == name);
                (!taken).then(|| (Value::Str(name.into()), value.clone()))
            });
            let value = Value::Dict(Rc::new(named.collect()));
            let place = self.place(inner, &rest.name);
            self.bind(inner, rest.name.as_str(), value, place);
        }
        Ok(())
    }

    /// What a decorator makes of a value. `expr` is the decorator as written.
    pub(crate) fn decorate(
        &mut self,
        spot: Spot<'a>,
        decorator_value: Value,
        value: Value,
        expr: &'a Expr,
    ) -> Outcome<Value> {
        let here = self.place(spot, expr);
        Ok(match decorator_value {
            Value::Decoration(decoration) => return self.apply(&decoration, value, here),
            Value::Method(object, name) if decorator(&name).is_some() => {
                return self.bare(object, &name, &value, here);
            }
            Value::Wraps(wrapped) => {
                if let Value::Function(id) = value {
                    let name = wrapped.and_then(|id| self.defs.get(id));
                    let name = name.map(|def| def.name.clone());
                    if let Some(def) = self.defs.get_mut(id) {
                        def.is_foreign |= wrapped.is_none();
                        def.wrapped = wrapped;
                        if let Some(name) = name {
                            def.name = name;
                        }
                    }
                }
                value
            }
            Value::Function(def) => {
                let arguments = Arguments {
                    positional: vec![value.clone()],
                    ..Arguments::default()
                };
                match self.call_def(spot, def, arguments, expr)? {
                    Value::Unknown => self.foreign(value),
                    other => other,
                }
            }
            Value::External(path) if is_transparent(&path) => value,
            Value::External(_) | Value::Unknown => {
                let called = match expr {
                    Expr::Call(call) => &call.func,
                    other => other,
                };
                if let Expr::Attribute(attribute) = called {
                    let name = attribute.attr.as_str();
                    let known = decorator(name);
                    let takes = known.is_some_and(|it| it.kind == DecoratorKind::Trigger)
                        || unknown_trigger(name);
                    if takes {
                        let of = self.source_of(spot, &attribute.value).to_owned();
                        self.doubt(Some(here), format!("`{of}` comes from elsewhere"));
                        self.unknown_apps.push((of, here));
                    }
                }
                self.foreign(value)
            }
            _ => self.foreign(value),
        })
    }

    /// A function that another library's decorator has got; as good decorators do, it keeps name and parameters.
    fn foreign(&mut self, value: Value) -> Value {
        if let Value::Function(id) = value
            && let Some(def) = self.defs.get_mut(id)
        {
            def.is_foreign = true;
        }
        value
    }

    fn bare(
        &mut self,
        object: ObjectId,
        method: &str,
        value: &Value,
        here: Place,
    ) -> Outcome<Value> {
        if let Value::Function(function) = value {
            self.bare.push(Bare {
                object,
                method: method.to_owned(),
                function: *function,
                place: here,
                sure: self.unsure == 0,
            });
        }
        let known = decorator(method);
        if let Some(known) = known.filter(|known| known.required > 1) {
            let missing: Vec<String> = known
                .parameters
                .iter()
                .take(known.required)
                .skip(1)
                .map(|parameter| format!("'{parameter}'"))
                .collect();
            let message = format!(
                "{method}() missing {} required positional arguments: {}",
                missing.len(),
                missing.join(" and ")
            );
            self.fail("TypeError", Trouble::Bare, message, Some(here))?;
            return Ok(Value::Foreign);
        }
        let arguments = Arguments {
            positional: vec![value.clone()],
            ..Arguments::default()
        };
        self.call_app(object, method, &arguments, here)
    }

    /// Gives a function the trigger, binding or setting.
    fn apply(
        &mut self,
        decoration: &Decoration,
        value: Value,
        here: Place,
    ) -> Outcome<Value> {
        let method = decoration.method.as_str();
        if method == "mcp_tool_property" {
            return Ok(value);
        }
        let object = decoration.object;
        let durable = self.objects.get(object).is_some_and(|app| app.kind.is_durable());
        let wraps = matches!(method, "orchestration_trigger" | "entity_trigger");
        if let (Value::Builder(_), true, true) = (&value, durable, wraps) {
            let message = "'FunctionBuilder' object has no attribute '__name__'";
            self.fail("AttributeError", Trouble::Raised, message, Some(here))?;
        }
        let id = match self.builder_of(object, &value, here)? {
            Some(id) => id,
            None => return Ok(Value::Unknown),
        };
        let is_durable = wraps || matches!(method, "activity_trigger" | "durable_client_input");
        if is_durable && !durable {
            // The plain library hands the bare function to the durable one, which begins anew.
            if let Some(builder) = self.builders.get_mut(id) {
                builder.named = None;
                builder.bindings.clear();
            }
        }
        let known = decorator(method);
        let kind = known.map_or(DecoratorKind::Trigger, |known| known.kind);
        let Some(builder) = self.builders.get_mut(id) else {
            return Ok(Value::Unknown);
        };
        builder.known &= decoration.known;
        let is_trigger = kind == DecoratorKind::Trigger;
        if is_trigger && builder.trigger().is_some() {
            let name = builder.function_name().to_owned();
            let first = builder.trigger().map(|trigger| trigger.place);
            let message = format!(
                "A trigger was already registered to this function. `{name}` has two triggers"
            );
            let trouble = Trouble::TwoTriggers { function: name };
            let count = self.failures.len();
            let related = first.map(|first| (first, "the first trigger".to_owned()));
            let failed = self.fail("ValueError", trouble, message, Some(here));
            if let Some(noted) = self.failures.get_mut(count) {
                noted.related.extend(related.clone());
            }
            return match failed {
                Ok(()) => Ok(Value::Builder(id)),
                Err(mut raised) => {
                    raised.error.related.extend(related);
                    Err(raised)
                }
            };
        }
        if method == "function_name" {
            if let Some(name) = &decoration.name {
                builder.named.get_or_insert_with(|| name.clone());
            }
        }
        if wraps {
            builder.shape = Shape::Context;
        }
        if method == "mcp_tool" {
            builder.shape = Shape::Opaque;
        }
        if method == "durable_client_input"
            && let Some(client) = &decoration.parameter
        {
            builder.clients.push(client.clone());
        }
        if matches!(kind, DecoratorKind::Trigger | DecoratorKind::Input | DecoratorKind::Output) {
            builder.bindings.push(Bound {
                binding: decoration.binding.clone(),
                parameter: decoration.parameter.clone(),
                is_trigger,
                is_out: kind == DecoratorKind::Output,
                place: decoration.place,
                method: method.to_owned(),
            });
        }
        if method == "route" {
            builder.bindings.push(Bound {
                binding: "http".to_owned(),
                parameter: decoration.answer.clone(),
                is_trigger: false,
                is_out: true,
                place: decoration.place,
                method: method.to_owned(),
            });
        }
        Ok(Value::Builder(id))
    }

    /// The builder that a decorator of `object` works on.
    fn builder_of(
        &mut self,
        object: ObjectId,
        value: &Value,
        here: Place,
    ) -> Outcome<Option<BuilderId>> {
        let made = match value {
            Value::Builder(_) => {
                // The library takes the last function of this very object, whichever it was given.
                let last = self.objects.get_mut(object).and_then(|app| app.builders.pop());
                let Some(last) = last else {
                    let message = "pop from empty list";
                    self.fail("IndexError", Trouble::OtherApp, message, Some(here))?;
                    return Ok(None);
                };
                last
            }
            Value::None | Value::Bool(_) | Value::Int(_) | Value::Str(_) | Value::List(_) | Value::Dict(_) => {
                let message = "Unsupported type for function app decorator found.";
                self.fail("ValueError", Trouble::Raised, message, Some(here))?;
                return Ok(None);
            }
            other => {
                let function = match other {
                    Value::Function(id) => Some(*id),
                    Value::Bound(_, id) => Some(*id),
                    _ => None,
                };
                let def = function.and_then(|id| self.defs.get(id));
                let sure = self.is_sure() && def.is_none_or(|def| def.sure);
                let name = match (def, other) {
                    (Some(def), _) => def.name.clone(),
                    (None, Value::External(path)) => {
                        path.rsplit('.').next().unwrap_or_default().to_owned()
                    }
                    (None, Value::Decoration(_)) => "decorator".to_owned(),
                    _ => String::new(),
                };
                let place = def.map_or(here, |def| Place {
                    key: def.part,
                    range: range(&def.stmt.name),
                });
                let known = def.is_some() && !matches!(other, Value::Bound(..));
                if name.is_empty() {
                    self.doubt(Some(here), "a function that nobody can follow");
                }
                self.builders.push(Builder {
                    name,
                    named: None,
                    bindings: Vec::new(),
                    function,
                    shape: if known { Shape::Plain } else { Shape::Opaque },
                    clients: Vec::new(),
                    place,
                    sure,
                    known,
                });
                self.builders.len() - 1
            }
        };
        if let Some(app) = self.objects.get_mut(object) {
            app.builders.push(made);
        }
        Ok(Some(made))
    }
}

fn as_text(value: Option<&Value>) -> Option<String> {
    match value.map(plain) {
        Some(Value::Str(text)) => Some(text.to_string()),
        _ => None,
    }
}

/// The text of an argument, or what it is without one; `None` if nobody knows.
fn text_or(value: Option<&Value>, default: &str) -> Option<String> {
    match value {
        None => Some(default.to_owned()),
        some => as_text(some),
    }
}

/// Decorators of Python that leave a function as it is for the worker.
fn is_transparent(path: &str) -> bool {
    matches!(
        path,
        "builtins.staticmethod" | "builtins.classmethod" | "functools.cache" | "functools.lru_cache" | "typing.no_type_check"
    )
}

/// Whether a function of another library may give an app, by its name.
fn may_make_app(path: &str) -> bool {
    let last = path.rsplit('.').next().unwrap_or(path);
    let words = ["app", "blueprint", "make", "create", "build", "factory", "setup"];
    let lower = last.to_lowercase();
    if last.starts_with(char::is_uppercase) {
        return last.contains("App") && !lower.contains("application");
    }
    words.iter().any(|word| lower.contains(word)) || lower == "bp" || lower.ends_with("_bp")
}

/// Whether a function is a generator.
fn has_yield(def: &StmtFunctionDef) -> bool {
    struct Yields(bool);
    impl<'a> SourceOrderVisitor<'a> for Yields {
        fn visit_stmt(&mut self, stmt: &'a nbfix_python::ast::Stmt) {
            use nbfix_python::ast::Stmt;
            if !matches!(stmt, Stmt::FunctionDef(_) | Stmt::ClassDef(_)) {
                nbfix_python::ast::visitor::source_order::walk_stmt(self, stmt);
            }
        }

        fn visit_expr(&mut self, expr: &'a Expr) {
            match expr {
                Expr::Yield(_) | Expr::YieldFrom(_) => self.0 = true,
                Expr::Lambda(_) => {}
                _ => nbfix_python::ast::visitor::source_order::walk_expr(self, expr),
            }
        }
    }
    let mut visitor = Yields(false);
    visitor.visit_body(&def.body);
    visitor.0
}
