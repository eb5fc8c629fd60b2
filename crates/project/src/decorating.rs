//! Decorators: what they make of a function.

use nbfix_python::ast::Expr;
use nbfix_python::range;

use crate::Place;
use crate::decorators::{DecoratorKind, decorator, unknown_trigger};
use crate::index::Trouble;
use crate::interpreter::{Bare, Interpreter, Outcome, Spot};
use crate::value::{Arguments, Bound, Builder, BuilderId, Decoration, ObjectId, Shape, Value};

impl<'a> Interpreter<'_, 'a> {
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
    fn apply(&mut self, decoration: &Decoration, value: Value, here: Place) -> Outcome<Value> {
        let method = decoration.method.as_str();
        if method == "mcp_tool_property" {
            return Ok(value);
        }
        let object = decoration.object;
        let durable = self
            .objects
            .get(object)
            .is_some_and(|app| app.kind.is_durable());
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
        if let Some(name) = &decoration.name {
            builder.named.get_or_insert_with(|| name.clone());
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
        if matches!(
            kind,
            DecoratorKind::Trigger | DecoratorKind::Input | DecoratorKind::Output
        ) {
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
                let last = self
                    .objects
                    .get_mut(object)
                    .and_then(|app| app.builders.pop());
                let Some(last) = last else {
                    let message = "pop from empty list";
                    self.fail("IndexError", Trouble::OtherApp, message, Some(here))?;
                    return Ok(None);
                };
                last
            }
            Value::None
            | Value::Bool(_)
            | Value::Int(_)
            | Value::Str(_)
            | Value::List(_)
            | Value::Dict(_) => {
                let message = "Unsupported type for function app decorator found.";
                self.fail("ValueError", Trouble::Raised, message, Some(here))?;
                return Ok(None);
            }
            Value::Instance(_) | Value::Partial(_) => {
                let class = match value {
                    Value::Instance(id) => {
                        self.instance(*id).map(|(class, _)| self.class_name(*class))
                    }
                    _ => Some("functools.partial".to_owned()),
                };
                let class = class.unwrap_or_default();
                let message = format!("'{class}' object has no attribute '__name__'");
                self.fail("AttributeError", Trouble::Raised, message, Some(here))?;
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
                    (None, Value::Class(class)) => self.class_name(*class),
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

/// Decorators of Python that leave a function as it is for the worker.
fn is_transparent(path: &str) -> bool {
    matches!(
        path,
        "builtins.staticmethod"
            | "builtins.classmethod"
            | "functools.cache"
            | "functools.lru_cache"
            | "typing.no_type_check"
    )
}
