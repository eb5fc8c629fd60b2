//! The notebook's own functions: which one a call means, and with what it is called.

use nbfix_python::ast::{Decorator, Expr, ExprCall, ExprLambda, Parameters, Stmt, StmtClassDef};
use nbfix_python::ast::{ParameterWithDefault, StmtFunctionDef};
use nbfix_python::{dotted, range};
use nbfix_text::TextRange;

use super::eval::Evaluator;
use super::{MAX_DEPTH, Value};
use crate::{Binding, BindingKind, Semantic, Unit};

/// A function of the document.
#[derive(Clone, Copy, Debug)]
pub struct Callable<'a> {
    /// Position of the unit that it stands in (see [`Unit::index`]).
    pub unit: usize,
    /// What is called.
    pub body: Body<'a>,
    /// Whether the first parameter is filled already: a method of an object.
    bound: bool,
}

/// The code of a function.
#[derive(Clone, Copy, Debug)]
pub enum Body<'a> {
    /// `def`.
    Def(&'a StmtFunctionDef),
    /// `lambda`.
    Lambda(&'a ExprLambda),
}

impl<'a> Callable<'a> {
    /// Where the whole function stands in its unit.
    pub fn range(&self) -> TextRange {
        match self.body {
            Body::Def(def) => range(def),
            Body::Lambda(lambda) => range(lambda),
        }
    }

    /// Where its name stands; for a lambda the lambda itself.
    pub fn name_range(&self) -> TextRange {
        match self.body {
            Body::Def(def) => range(&def.name),
            Body::Lambda(lambda) => range(lambda),
        }
    }

    pub(super) fn parameters(&self) -> Option<&'a Parameters> {
        match self.body {
            Body::Def(def) => Some(&def.parameters),
            Body::Lambda(lambda) => lambda.parameters.as_deref(),
        }
    }

    /// The one expression that it gives, if the only `return` is its last statement and nothing before it branches.
    pub(super) fn result(&self) -> Option<&'a Expr> {
        match self.body {
            Body::Lambda(lambda) => Some(&lambda.body),
            Body::Def(def) => {
                let (last, before) = def.body.split_last()?;
                let Stmt::Return(last) = last else {
                    return None;
                };
                let is_plain = |stmt: &Stmt| {
                    matches!(
                        stmt,
                        Stmt::Assign(_)
                            | Stmt::AnnAssign(_)
                            | Stmt::Expr(_)
                            | Stmt::Import(_)
                            | Stmt::ImportFrom(_)
                    )
                };
                let is_sync = !def.is_async && before.iter().all(is_plain);
                last.value.as_deref().filter(|_| is_sync)
            }
        }
    }
}

/// The values of parameters, while a function is looked into. Those of the functions around are kept: a closure sees them.
#[derive(Clone, Debug, Default)]
pub struct Arguments<'a>(Vec<(usize, TextRange, Value<'a>)>);

impl<'a> Arguments<'a> {
    pub(super) fn get(&self, unit: usize, parameter: TextRange) -> Option<&Value<'a>> {
        let found = self
            .0
            .iter()
            .rev()
            .find(|(of, range, _)| (*of, *range) == (unit, parameter));
        found.map(|(_, _, value)| value)
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn truncate(&mut self, len: usize) {
        self.0.truncate(len);
    }

    pub(super) fn push(&mut self, unit: usize, parameter: TextRange, value: Value<'a>) {
        self.0.push((unit, parameter, value));
    }
}

impl<'a> Semantic<'a> {
    /// The function of the document that `func` means: through aliases, lambdas with a name, imports of files that belong
    /// to the document, and methods of objects that a class of the document made. `None` if it is none of these, or if
    /// a decorator may have made something else of it.
    pub fn callable(&self, unit: &Unit<'a>, func: &'a Expr) -> Option<Callable<'a>> {
        self.callable_within(self.unit(unit.index)?, func, MAX_DEPTH)
    }

    fn callable_within(
        &self,
        unit: &Unit<'a>,
        func: &'a Expr,
        steps: usize,
    ) -> Option<Callable<'a>> {
        let steps = steps.checked_sub(1)?;
        match func {
            Expr::Lambda(lambda) => Some(Callable {
                unit: unit.index,
                body: Body::Lambda(lambda),
                bound: false,
            }),
            Expr::Name(name) => {
                let binding = self.binding(unit, name.id.as_str(), range(name).start())?;
                self.bound_callable(binding, steps)
            }
            Expr::Attribute(attribute) => {
                if let Some(path) = self.qualified(unit, func)
                    && let [.., last] = self.member(&path)
                {
                    return self.bound_callable(last, steps);
                }
                let (home, class) = self.class_of(unit, &attribute.value, steps)?;
                let method = class.body.iter().find_map(|stmt| match stmt {
                    Stmt::FunctionDef(def) if def.name.as_str() == attribute.attr.as_str() => {
                        Some(def)
                    }
                    _ => None,
                })?;
                let is_static = decorated(&method.decorator_list, "staticmethod");
                usable(&method.decorator_list).then_some(Callable {
                    unit: home,
                    body: Body::Def(method),
                    bound: !is_static,
                })
            }
            _ => None,
        }
    }

    fn bound_callable(&self, binding: &Binding<'a>, steps: usize) -> Option<Callable<'a>> {
        match &binding.kind {
            BindingKind::Function(def) => usable(&def.decorator_list).then_some(Callable {
                unit: binding.unit,
                body: Body::Def(def),
                bound: false,
            }),
            BindingKind::Value(value) => {
                let home = self.unit(binding.unit)?;
                self.callable_within(home, value, steps)
            }
            BindingKind::Import(path) => {
                let last = self.member(path).last()?;
                self.bound_callable(last, steps.checked_sub(1)?)
            }
            _ => None,
        }
    }

    /// The class of the document that `expr` is, or is an object of: `self` in its methods, a name bound to `Class(...)`.
    pub(super) fn class_of(
        &self,
        unit: &Unit<'a>,
        expr: &'a Expr,
        steps: usize,
    ) -> Option<(usize, &'a StmtClassDef)> {
        let steps = steps.checked_sub(1)?;
        match expr {
            Expr::Call(call) => self.class_of(unit, &call.func, steps),
            Expr::Name(name) => {
                let at = range(name).start();
                if matches!(name.id.as_str(), "self" | "cls") {
                    return self.class_around(unit, at);
                }
                let binding = self.binding(unit, name.id.as_str(), at)?;
                self.class_of_binding(binding, steps)
            }
            Expr::Attribute(_) => {
                let (_, parts) = dotted(expr)?;
                if let ["self", name] = parts.as_slice() {
                    let value = self.own_attribute(unit, range(expr).start(), name)?;
                    return self.class_of(unit, value, steps);
                }
                let path = self.qualified(unit, expr)?;
                self.class_of_binding(self.member(&path).last()?, steps)
            }
            _ => None,
        }
    }

    fn class_of_binding(
        &self,
        binding: &Binding<'a>,
        steps: usize,
    ) -> Option<(usize, &'a StmtClassDef)> {
        match &binding.kind {
            BindingKind::Class(class) => Some((binding.unit, class)),
            BindingKind::Value(value) | BindingKind::With(value) => {
                self.class_of(self.unit(binding.unit)?, value, steps)
            }
            BindingKind::Import(path) => {
                self.class_of_binding(self.member(path).last()?, steps.checked_sub(1)?)
            }
            _ => None,
        }
    }

    /// The innermost class of the top level around `at`.
    fn class_around(&self, unit: &Unit<'a>, at: usize) -> Option<(usize, &'a StmtClassDef)> {
        self.names(unit.program)
            .flat_map(|(_, bindings)| bindings)
            .find_map(|binding| match &binding.kind {
                BindingKind::Class(class)
                    if binding.unit == unit.index && range(*class).contains(at) =>
                {
                    Some((binding.unit, *class))
                }
                _ => None,
            })
    }

    /// The value of `self.name` for code at `at`, if its class sets that attribute in one place only.
    pub(super) fn own_attribute(&self, unit: &Unit<'a>, at: usize, name: &str) -> Option<&'a Expr> {
        let of_class = |class: TextRange| class.contains(at);
        let class = unit
            .attributes
            .iter()
            .map(|attribute| attribute.class)
            .filter(|class| of_class(*class))
            .min_by_key(|class| class.len())?;
        let mut set = unit
            .attributes
            .iter()
            .filter(|attribute| attribute.class == class && attribute.name == name);
        let first = set.next()?;
        set.next().is_none().then_some(first.value)
    }

    /// The values that `call` hands to the parameters of `callable`, on top of those that hold around the call.
    pub fn arguments(
        &self,
        unit: &Unit<'a>,
        call: &'a ExprCall,
        callable: &Callable<'a>,
        around: &Arguments<'a>,
    ) -> Arguments<'a> {
        let mut evaluator = Evaluator::new(self, around);
        evaluator.bind(unit.index, call, callable);
        evaluator.into_arguments()
    }
}

/// Whether the function is still itself under its decorators, as far as their names tell.
fn usable(decorators: &[Decorator]) -> bool {
    const KEPT: &[&str] = &[
        "staticmethod",
        "classmethod",
        "cache",
        "lru_cache",
        "retry",
        "timer",
        "timed",
        "wraps",
        "no_type_check",
    ];
    decorators
        .iter()
        .all(|decorator| KEPT.iter().any(|name| is_named(decorator, name)))
}

fn decorated(decorators: &[Decorator], name: &str) -> bool {
    decorators.iter().any(|decorator| is_named(decorator, name))
}

fn is_named(decorator: &Decorator, name: &str) -> bool {
    let callee = match &decorator.expression {
        Expr::Call(call) => &*call.func,
        other => other,
    };
    dotted(callee).is_some_and(|(_, parts)| parts.last() == Some(&name))
}

impl<'a> Evaluator<'_, 'a> {
    /// Binds the parameters of `callable` to what `call`, in `unit`, hands over.
    pub(super) fn bind(&mut self, unit: usize, call: &'a ExprCall, callable: &Callable<'a>) {
        let Some(parameters) = callable.parameters() else {
            return;
        };
        let mut given: Vec<Value<'a>> = Vec::new();
        // Behind a `*` of unknown length no position is known.
        let mut open: Option<&'a str> = None;
        for argument in &call.arguments.args {
            match argument {
                Expr::Starred(starred) => {
                    let value = self.value(unit, &starred.value);
                    match value.elements() {
                        Some(elements) => given.extend_from_slice(elements),
                        None => open = open.or(Some(self.source(unit, &starred.value))),
                    }
                }
                one if open.is_none() => given.push(self.value(unit, one)),
                _ => {}
            }
        }
        let mut given = given.into_iter();
        let mut bound: Vec<(TextRange, Value<'a>)> = Vec::new();
        let positional = parameters.posonlyargs.iter().chain(&parameters.args);
        let positional = positional.skip(usize::from(callable.bound));
        let keyword = |this: &mut Self, parameter: &'a ParameterWithDefault, filled: bool| {
            let named = call
                .arguments
                .find_keyword(parameter.parameter.name.as_str());
            let name = parameter.parameter.name.as_str();
            match (named, &parameter.default) {
                (Some(keyword), _) => this.value(unit, &keyword.value),
                (None, Some(default)) if !filled => this.value(callable.unit, default),
                _ => Value::Unknown(name),
            }
        };
        for parameter in positional {
            let value = match given.next() {
                Some(value) => value,
                None => keyword(self, parameter, open.is_some()),
            };
            bound.push((range(&parameter.parameter.name), value));
        }
        for parameter in &parameters.kwonlyargs {
            let value = keyword(self, parameter, false);
            bound.push((range(&parameter.parameter.name), value));
        }
        if let Some(rest) = &parameters.vararg {
            let mut rest_given: Vec<Value<'a>> = given.collect();
            rest_given.extend(open.map(Value::Several));
            bound.push((range(&rest.name), Value::Tuple(rest_given)));
        }
        for (parameter, value) in bound {
            self.arguments_mut().push(callable.unit, parameter, value);
        }
    }
}
