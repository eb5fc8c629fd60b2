//! Apps and blueprints: making them, their methods, and what is registered with them.

use std::rc::Rc;

use crate::Place;
use crate::decorators::{DecoratorKind, decorator, guessed_type, misspelt, unknown_trigger};
use crate::expressions::plain;
use crate::index::Trouble;
use crate::interpreter::{Interpreter, Outcome, Registration};
use crate::value::{
    AppKind, Arguments, Bound, Builder, BuilderId, Decoration, ObjectId, Shape, Value,
};

impl Interpreter<'_, '_> {
    pub(crate) fn make_app(
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
            let message =
                format!("{class}.__init__() missing 1 required positional argument: 'app'");
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

    pub(crate) fn member_of_app(
        &mut self,
        object: ObjectId,
        name: &str,
        here: Place,
    ) -> Outcome<Value> {
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
            "auth_level" | "app_script_file" | "functions_bindings" | "middleware" => {
                Value::Foreign
            }
            _ => Value::Method(object, name.into()),
        })
    }

    /// Calls a method of an app or blueprint.
    pub(crate) fn call_app(
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
            self.doubt(
                Some(here),
                format!("`{name}` is no method that nbfix knows"),
            );
            return Ok(Value::Unknown);
        };
        let given = |parameter: &String| {
            let position = known.parameters.iter().position(|it| it == parameter);
            arguments
                .get(parameter, position.unwrap_or(usize::MAX))
                .is_some()
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
            (text_or(by, "req"), text_or(answer, "$return"))
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
        let names = matches!(
            known.kind,
            DecoratorKind::Trigger | DecoratorKind::Input | DecoratorKind::Output
        );
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

    fn register(&mut self, app: ObjectId, arguments: &Arguments, here: Place) -> Outcome<()> {
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
