//! The names of a file that hold apps and blueprints.

use nbfix_python::ast::{Expr, ExprCall};
use nbfix_python::{is_stdlib, range};
use nbfix_semantic::{Binding, BindingKind, Unit};
use nbfix_text::TextRange;

use super::reads::{Use, origin};
use super::{File, Runs, Step, assignment, is_trigger};

pub(super) const APPS: &[&str] = &[
    "azure.functions.FunctionApp",
    "azure.functions.AsgiFunctionApp",
    "azure.functions.WsgiFunctionApp",
    "azure.functions.ExternalHttpFunctionApp",
    "azure.durable_functions.DFApp",
];
const BLUEPRINTS: &[&str] = &[
    "azure.functions.Blueprint",
    "azure.durable_functions.Blueprint",
];
/// Builtins whose result is surely no app; `getattr` and `next` are not among them.
const PLAIN_BUILTINS: &[&str] = &[
    "bool",
    "bytes",
    "dict",
    "float",
    "frozenset",
    "int",
    "len",
    "list",
    "object",
    "open",
    "range",
    "set",
    "sorted",
    "str",
    "tuple",
];
/// The app object that a file's decorators can use.
pub(crate) struct App<'s, 'a> {
    pub(crate) name: &'a str,
    pub(crate) step: Step<'s, 'a>,
}

/// A name that gets a new object by a plain assignment.
#[derive(Clone, Copy)]
pub(crate) struct Made<'s, 'a> {
    pub(crate) name: &'a str,
    pub(crate) call: &'a ExprCall,
    pub(crate) step: Step<'s, 'a>,
}

/// A blueprint that the file makes or imports.
pub(crate) struct Blueprint<'s, 'a> {
    pub(crate) name: &'a str,
    /// The call that makes it, or its name in the import.
    pub(crate) place: TextRange,
    pub(crate) step: Step<'s, 'a>,
    pub(crate) is_imported: bool,
}

impl<'s, 'a> File<'s, 'a> {
    /// Whether some name may hold an app object once the file is imported.
    pub(crate) fn may_hold_app(&self) -> bool {
        let whole = |unit: &&'s Unit<'a>| TextRange::new(0, unit.source.len());
        let units = self.units.iter();
        units
            .flat_map(|unit| self.semantic.bound_within(unit, whole(unit)))
            .any(|name| {
                self.live(name)
                    .iter()
                    .any(|binding| self.may_be_app(name, binding))
            })
    }

    fn may_be_app(&self, name: &str, binding: &Binding<'a>) -> bool {
        let Some(unit) = self.unit(binding.unit) else {
            return true;
        };
        match &binding.kind {
            BindingKind::Function(_) | BindingKind::Class(_) | BindingKind::Caught => false,
            // A path without a dot is a module.
            BindingKind::Import(path) => {
                path.contains('.') && !is_foreign(path) && !self.is_used_as_other(name)
            }
            BindingKind::Value(value) => match self.value_may_be_app(unit, value) {
                Some(answer) => answer,
                None => !self.is_used_as_other(name),
            },
            BindingKind::With(_) | BindingKind::Other => !self.is_used_as_other(name),
        }
    }

    /// Whether a value is an app; `None` if the file does not tell.
    fn value_may_be_app(&self, unit: &Unit<'a>, value: &'a Expr) -> Option<bool> {
        match value {
            Expr::Call(call) if self.is_app(unit, call) => Some(true),
            Expr::Call(_) | Expr::Attribute(_) | Expr::Subscript(_) => {
                let path = self.semantic.qualified(unit, origin(value)?)?;
                is_foreign(&path).then_some(false)
            }
            Expr::BoolOp(choice) => self.any_may_be_app(unit, choice.values.iter()),
            Expr::If(choice) => self.any_may_be_app(unit, [&*choice.body, &*choice.orelse]),
            Expr::Name(_) | Expr::Named(_) | Expr::Await(_) => None,
            _ => Some(false),
        }
    }

    fn any_may_be_app(
        &self,
        unit: &Unit<'a>,
        values: impl IntoIterator<Item = &'a Expr>,
    ) -> Option<bool> {
        let surely_none = |value: &'a Expr| self.value_may_be_app(unit, value) == Some(false);
        values.into_iter().all(surely_none).then_some(false)
    }

    /// Whether a name is used as no app is: called, asked for other members, or written as classes and constants are.
    fn is_used_as_other(&self, name: &str) -> bool {
        let shouted = name.starts_with(char::is_uppercase) && !name.to_lowercase().contains("app");
        shouted
            || self.reads_of(name).any(|read| match read.of {
                Use::Called => true,
                Use::Member(member) | Use::Decorates(member) => !is_app_member(member),
                _ => false,
            })
    }

    /// Whether the call makes an app object.
    pub(crate) fn is_app(&self, unit: &Unit<'a>, call: &ExprCall) -> bool {
        let path = self.semantic.qualified(unit, &*call.func);
        path.is_some_and(|path| APPS.contains(&path.as_str()))
    }

    fn is_blueprint(&self, unit: &Unit<'a>, call: &ExprCall) -> bool {
        let path = self.semantic.qualified(unit, &*call.func);
        path.is_some_and(|path| BLUEPRINTS.contains(&path.as_str()))
    }

    /// Whether any call in the file, in a function or not, makes an app.
    pub(crate) fn makes_app_anywhere(&self) -> bool {
        self.calls
            .iter()
            .any(|(unit, call)| self.is_app(unit, call))
    }

    /// The names that get an app of their own: `app = func.FunctionApp()`.
    pub(crate) fn made_apps(&self) -> Vec<Made<'s, 'a>> {
        self.made(Self::is_app)
    }

    /// The blueprints of the file: its own, and imported names that are spelled like one.
    pub(crate) fn blueprints(&self) -> Vec<Blueprint<'s, 'a>> {
        let made = self.made(Self::is_blueprint).into_iter();
        let made = made.map(|made| Blueprint {
            name: made.name,
            place: range(made.call),
            step: made.step,
            is_imported: false,
        });
        let imported = self.steps.iter().flat_map(|step| {
            let names = step
                .stmt
                .as_import_from_stmt()
                .map_or(&[][..], |import| &import.names);
            names.iter().filter_map(|alias| {
                let bound = alias.asname.as_ref().unwrap_or(&alias.name);
                is_blueprint_name(bound.as_str()).then(|| Blueprint {
                    name: bound.as_str(),
                    place: range(bound),
                    step: *step,
                    is_imported: true,
                })
            })
        });
        made.chain(imported).collect()
    }

    fn made(&self, is: impl Fn(&Self, &Unit<'a>, &ExprCall) -> bool) -> Vec<Made<'s, 'a>> {
        let made = |step: &Step<'s, 'a>| {
            let (name, value) = assignment(step.stmt)?;
            let call = value
                .as_call_expr()
                .filter(|call| is(self, step.unit, call))?;
            Some(Made {
                name: name.id.as_str(),
                call,
                step: *step,
            })
        };
        self.steps.iter().filter_map(made).collect()
    }

    /// The one app that is surely there, and bound once.
    pub(crate) fn only_app(&self) -> Option<App<'s, 'a>> {
        let apps = match self.made_apps().as_slice() {
            [] => self.imported_apps(),
            made => made
                .iter()
                .map(|made| App {
                    name: made.name,
                    step: made.step,
                })
                .collect(),
        };
        let mut apps = apps.into_iter();
        let only = apps.next().filter(|_| apps.next().is_none())?;
        let once = self.bindings(only.name).len() == 1;
        (once && only.step.runs == Runs::Always).then_some(only)
    }

    /// The imported names that decorate a trigger.
    fn imported_apps(&self) -> Vec<App<'s, 'a>> {
        let mut apps: Vec<App<'s, 'a>> = Vec::new();
        for read in &self.reads {
            let Use::Decorates(member) = read.of else {
                continue;
            };
            let name = read.name.id.as_str();
            if !is_trigger(member) || apps.iter().any(|app| app.name == name) {
                continue;
            }
            let bindings = self.bindings(name);
            let imported = bindings
                .iter()
                .find(|b| matches!(b.kind, BindingKind::Import(_)));
            if let Some(step) = imported.and_then(|binding| self.step_of(binding)) {
                apps.push(App { name, step: *step });
            }
        }
        apps
    }
}

fn is_blueprint_name(name: &str) -> bool {
    let name = name.to_lowercase();
    name == "bp"
        || name.ends_with("_bp")
        || name.starts_with("blueprint")
        || name.ends_with("_blueprint")
}

/// Whether what has this path is surely no app: Python's own, Microsoft's, or a plain builtin.
fn is_foreign(path: &str) -> bool {
    let root = path.split('.').next().unwrap_or(path);
    root == "azure" || !root.is_empty() && is_stdlib(root) || PLAIN_BUILTINS.contains(&path)
}

/// Whether apps and blueprints have a member of this name that files use.
fn is_app_member(member: &str) -> bool {
    is_trigger(member)
        || ["_input", "_output", "_binding"]
            .iter()
            .any(|end| member.ends_with(end))
        || matches!(
            member,
            "function_name"
                | "register_functions"
                | "register_blueprint"
                | "get_functions"
                | "retry"
        )
}
