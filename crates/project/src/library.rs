//! Calls of other libraries, and of Python's own.

use std::rc::Rc;

use nbfix_python::ast::Expr;
use nbfix_python::is_stdlib;

use crate::classes::app_kind;
use crate::expressions::{assume, plain};
use crate::index::Trouble;
use crate::interpreter::{Interpreter, Outcome, Spot};
use crate::value::{Arguments, Value};

impl<'a> Interpreter<'_, 'a> {
    /// Calls something of another library, or of Python.
    pub(crate) fn call_library(
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
                    found
                        .or_else(|| default.first().cloned())
                        .unwrap_or(Value::Unknown)
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
            "builtins.map" => match arguments.positional.as_slice() {
                // Whoever writes it this way goes through the result.
                [
                    callee @ (Value::Method(..) | Value::Function(_)),
                    Value::List(list),
                ] => {
                    let mut results = Vec::new();
                    for value in self.list(*list) {
                        let arguments = Arguments {
                            positional: vec![value],
                            ..Arguments::default()
                        };
                        results.push(self.call(spot, callee.clone(), arguments, expr)?);
                    }
                    self.new_list(results)
                }
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
}

/// Whether a function of another library may give an app, by its name.
fn may_make_app(path: &str) -> bool {
    let last = path.rsplit('.').next().unwrap_or(path);
    let words = [
        "app",
        "blueprint",
        "make",
        "create",
        "build",
        "factory",
        "setup",
    ];
    let lower = last.to_lowercase();
    if last.starts_with(char::is_uppercase) {
        return last.contains("App") && !lower.contains("application");
    }
    words.iter().any(|word| lower.contains(word)) || lower == "bp" || lower.ends_with("_bp")
}
