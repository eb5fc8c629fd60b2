//! Calls: of the project's own functions, and of what nobody can follow.

use std::rc::Rc;

use nbfix_python::SourceOrderVisitor;
use nbfix_python::ast::{Expr, ExprCall, StmtFunctionDef};

use crate::Place;
use crate::index::Trouble;
use crate::interpreter::{DEPTH, Interpreter, Outcome, Spot};
use crate::statements::Flow;
use crate::value::{Arguments, FunctionId, Value};

/// Methods of loggers, which do nothing to what they are given.
const LOGS: &[&str] = &[
    "critical",
    "debug",
    "error",
    "exception",
    "info",
    "log",
    "warning",
];

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
                Value::Object(object) | Value::Method(object, _) => {
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
                if !is_file || !self.project.complete {
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
            Value::Class(class) => self.instantiate(spot, class, arguments, expr),
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
                self.escape(
                    values.iter(),
                    here,
                    "a call that nobody can follow gets the app",
                );
                Ok(Value::Unknown)
            }
            _ => {
                let values: Vec<Value> = arguments.all().cloned().collect();
                self.escape(values.iter(), here, "another library gets the app");
                Ok(Value::Foreign)
            }
        }
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
            self.escape(
                values.iter(),
                here,
                "a function that runs later gets the app",
            );
            return Ok(if later {
                Value::Foreign
            } else {
                Value::Unknown
            });
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
