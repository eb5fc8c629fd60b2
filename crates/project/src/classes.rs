//! Classes and their instances.

use nbfix_python::ast::{Expr, StmtClassDef};
use rustc_hash::FxHashMap;

use crate::interpreter::{Interpreter, Outcome, Spot};
use crate::value::{AppKind, Arguments, Class, ClassId, Value};

impl<'a> Interpreter<'_, 'a> {
    pub(crate) fn class(&mut self, spot: Spot<'a>, class: &'a StmtClassDef) -> Outcome<()> {
        let mut decorators = Vec::new();
        for decorator in &class.decorator_list {
            let value = self.eval(spot, &decorator.expression)?;
            decorators.push((value, &decorator.expression));
        }
        let mut bases = Vec::new();
        if let Some(arguments) = &class.arguments {
            for base in &arguments.args {
                bases.push(self.eval(spot, base)?);
            }
        }
        let env = self.new_env(Some(spot.env), spot.module);
        if let Some(env) = self.envs.get_mut(env) {
            env.is_class = true;
        }
        self.body(Spot { env, ..spot }, &class.body)?;
        self.classes.push(Class {
            env,
            bases,
            name: class.name.as_str(),
        });
        let mut value = Value::Class(self.classes.len() - 1);
        for (decorator, expr) in decorators.into_iter().rev() {
            // What other libraries make of a class (`@dataclass`) is a class again.
            if let Value::Decoration(_) | Value::Function(_) = decorator {
                value = self.decorate(spot, decorator, value, expr)?;
            }
        }
        let place = self.place(spot, &class.name);
        self.bind(spot, class.name.as_str(), value, place);
        Ok(())
    }

    /// What a class of the project makes an instance of, if the Functions library has it.
    pub(crate) fn app_kind_of(&self, class: ClassId) -> Option<AppKind> {
        let class = self.classes.get(class)?;
        class.bases.iter().find_map(|base| match base {
            Value::External(path) => app_kind(path),
            Value::Class(base) => self.app_kind_of(*base),
            _ => None,
        })
    }

    /// Whether nobody knows what else a class is.
    pub(crate) fn has_unknown_base(&self, class: ClassId) -> bool {
        let Some(class) = self.classes.get(class) else {
            return true;
        };
        class.bases.iter().any(|base| match base {
            Value::Class(base) => self.has_unknown_base(*base),
            Value::External(path) => !path.starts_with("builtins.") && !path.starts_with("enum."),
            _ => true,
        })
    }

    /// Makes an instance, and runs its `__init__`.
    pub(crate) fn instantiate(
        &mut self,
        spot: Spot<'a>,
        class: ClassId,
        arguments: Arguments,
        expr: &'a Expr,
    ) -> Outcome<Value> {
        let place = self.place(spot, expr);
        if let Some(kind) = self.app_kind_of(class) {
            let object = self.make(kind, place);
            let has_init = self.method(class, "__init__").is_some();
            if has_init {
                self.doubt(Some(place), "a class of one's own that is an app");
            }
            return Ok(Value::Object(object));
        }
        self.instances.push((class, FxHashMap::default()));
        let id = self.instances.len() - 1;
        if let Some(init) = self.method(class, "__init__") {
            let mut arguments = arguments;
            arguments.positional.insert(0, Value::Instance(id));
            self.call_def(spot, init, arguments, expr)?;
        } else {
            let values: Vec<Value> = arguments.all().cloned().collect();
            self.escape(values.iter(), place, "a class gets the app");
        }
        Ok(Value::Instance(id))
    }

    /// The method of a class, or of one above it.
    pub(crate) fn method(&self, class: ClassId, name: &str) -> Option<usize> {
        let found = self.classes.get(class)?;
        let slot = self.envs.get(found.env)?.names.get(name);
        if let Some(Value::Function(def)) = slot.map(|slot| &slot.value) {
            return Some(*def);
        }
        found.bases.iter().find_map(|base| match base {
            Value::Class(base) => self.method(*base, name),
            _ => None,
        })
    }

    /// A member of a class that is no method.
    pub(crate) fn class_member(&self, class: ClassId, name: &str) -> Option<Value> {
        let found = self.classes.get(class)?;
        let slot = self.envs.get(found.env)?.names.get(name);
        slot.map(|slot| slot.value.clone()).or_else(|| {
            found.bases.iter().find_map(|base| match base {
                Value::Class(base) => self.class_member(*base, name),
                _ => None,
            })
        })
    }

    /// The name of a class.
    pub(crate) fn class_name(&self, class: ClassId) -> String {
        let class = self.classes.get(class);
        class.map_or_else(String::new, |class| class.name.to_owned())
    }
}

/// What the Functions libraries' class of this path makes.
pub(crate) fn app_kind(path: &str) -> Option<AppKind> {
    let (package, class) = path.rsplit_once('.')?;
    let durable =
        package == "azure.durable_functions" || package.starts_with("azure.durable_functions.");
    let plain = package == "azure.functions" || package.starts_with("azure.functions.");
    match class {
        "FunctionApp" if plain => Some(AppKind::App),
        "AsgiFunctionApp" | "WsgiFunctionApp" if plain => Some(AppKind::WebApp),
        "ExternalHttpFunctionApp" | "FunctionRegister" if plain => Some(AppKind::App),
        "Blueprint" if plain => Some(AppKind::Blueprint),
        "DFApp" if durable => Some(AppKind::DurableApp),
        "Blueprint" if durable => Some(AppKind::DurableBlueprint),
        _ => None,
    }
}
