//! The evaluator: one question, bounded.

use nbfix_python::ast::{self, Expr, ExprCall, Operator, Stmt, UnaryOp};
use nbfix_python::{FStringPiece, SourceOrderVisitor, fstring_pieces, range, string_value};

use super::bindings::{Set, Setter, seen};
use super::ops::{add, at, each_choice, entry, is_several, join};
use super::text::{Field, format, percent};
use super::{Arguments, MAX_CHOICES, MAX_DEPTH, MAX_STEPS, MAX_TEXT, Text, Value};
use crate::{Binding, BindingKind, Semantic, Unit};

/// More elements than this are not kept of a list.
const MAX_ELEMENTS: usize = 256;

pub(super) struct Evaluator<'s, 'a> {
    semantic: &'s Semantic<'a>,
    arguments: Arguments<'a>,
    steps: usize,
    depth: usize,
}

impl<'s, 'a> Evaluator<'s, 'a> {
    pub(super) fn new(semantic: &'s Semantic<'a>, arguments: &Arguments<'a>) -> Self {
        Self {
            semantic,
            arguments: arguments.clone(),
            steps: MAX_STEPS,
            depth: MAX_DEPTH,
        }
    }

    pub(super) fn into_arguments(self) -> Arguments<'a> {
        self.arguments
    }

    pub(super) fn arguments_mut(&mut self) -> &mut Arguments<'a> {
        &mut self.arguments
    }

    fn unit(&self, index: usize) -> Option<&'s Unit<'a>> {
        self.semantic.unit(index)
    }

    pub(super) fn source(&self, unit: usize, expr: &Expr) -> &'a str {
        self.unit(unit)
            .map_or("", |unit| range(expr).of(unit.source))
    }

    pub(super) fn value(&mut self, unit: usize, expr: &'a Expr) -> Value<'a> {
        let source = self.source(unit, expr);
        if self.steps == 0 || self.depth == 0 {
            return Value::Unknown(source);
        }
        self.steps -= 1;
        self.depth -= 1;
        let value = self.look(unit, expr, source);
        self.depth += 1;
        match value {
            Value::Text(text) if text.is_long() => Value::Unknown(source),
            Value::List(elements) | Value::Tuple(elements) if elements.len() > MAX_ELEMENTS => {
                Value::Unknown(source)
            }
            value => value,
        }
    }

    fn look(&mut self, unit: usize, expr: &'a Expr, source: &'a str) -> Value<'a> {
        match expr {
            Expr::StringLiteral(literal) if literal.value.len() <= MAX_TEXT => {
                Value::Text(Text::known(literal.value.to_str()))
            }
            Expr::FString(fstring) => Value::Text(self.fstring(unit, fstring)),
            Expr::NumberLiteral(_) => Value::Number(source),
            Expr::UnaryOp(minus) if minus.op == UnaryOp::USub => match &*minus.operand {
                Expr::NumberLiteral(_) => Value::Number(source),
                _ => Value::Unknown(source),
            },
            Expr::BooleanLiteral(literal) => Value::Bool(literal.value),
            Expr::NoneLiteral(_) => Value::None,
            Expr::List(list) => Value::List(self.elements(unit, &list.elts)),
            Expr::Set(set) => Value::List(self.elements(unit, &set.elts)),
            Expr::Tuple(tuple) => Value::Tuple(self.elements(unit, &tuple.elts)),
            Expr::Dict(dict) => self.dict(unit, dict),
            Expr::Named(named) => self.value(unit, &named.value),
            Expr::BoolOp(either) if either.op == ast::BoolOp::Or => self.or(unit, either, source),
            Expr::If(choice) => {
                let choices = vec![
                    self.value(unit, &choice.body),
                    self.value(unit, &choice.orelse),
                ];
                Value::either(choices, source)
            }
            Expr::BinOp(sum) if sum.op == Operator::Add => {
                let left = self.value(unit, &sum.left);
                let right = self.value(unit, &sum.right);
                let sources = (
                    self.source(unit, &sum.left),
                    self.source(unit, &sum.right),
                    source,
                );
                add(left, right, sources)
            }
            Expr::BinOp(sum) if sum.op == Operator::Mod => self.percent(unit, sum, source),
            Expr::Name(name) => self.name(unit, name, source),
            Expr::Attribute(attribute) => self.attribute(unit, expr, attribute, source),
            Expr::Subscript(subscript) => self.subscript(unit, subscript, source),
            Expr::Call(call) => self.call(unit, call, source),
            _ => Value::Unknown(source),
        }
    }

    fn fstring(&mut self, unit: usize, fstring: &'a ast::ExprFString) -> Text<'a> {
        let mut text = Text::default();
        for piece in fstring_pieces(fstring) {
            match piece {
                FStringPiece::Text(constant) => text.push_str(constant),
                FStringPiece::Hole(hole) => {
                    let source = self.source(unit, &hole.expression);
                    let is_plain = hole.format_spec.is_none()
                        && hole.conversion == ast::ConversionFlag::None
                        && hole.debug_text.is_none();
                    let piece = if is_plain {
                        self.value(unit, &hole.expression).into_text(source)
                    } else {
                        Text::unknown(source, None)
                    };
                    text.push(piece);
                }
            }
        }
        text
    }

    fn elements(&mut self, unit: usize, elements: &'a [Expr]) -> Vec<Value<'a>> {
        let mut values = Vec::new();
        for element in elements.iter().take(MAX_ELEMENTS + 1) {
            match element {
                Expr::Starred(starred) => {
                    let value = self.value(unit, &starred.value);
                    match value {
                        Value::List(inner) | Value::Tuple(inner) => values.extend(inner),
                        _ => values.push(Value::Several(self.source(unit, &starred.value))),
                    }
                }
                element => values.push(self.value(unit, element)),
            }
        }
        values
    }

    fn dict(&mut self, unit: usize, dict: &'a ast::ExprDict) -> Value<'a> {
        let mut entries = Vec::new();
        for item in dict.items.iter().take(MAX_ELEMENTS) {
            let value = self.value(unit, &item.value);
            match (&item.key, value) {
                (Some(key), value) => entries.push((self.value(unit, key), value)),
                (None, Value::Dict(inner)) => entries.extend(inner),
                (None, _) => {
                    let source = self.source(unit, &item.value);
                    entries.push((Value::Several(source), Value::Several(source)));
                }
            }
        }
        Value::Dict(entries)
    }

    fn or(&mut self, unit: usize, either: &'a ast::ExprBoolOp, source: &'a str) -> Value<'a> {
        let mut choices = Vec::new();
        let last = either.values.len().saturating_sub(1);
        for (index, each) in either.values.iter().enumerate() {
            let value = self.value(unit, each);
            match value.truth() {
                Some(false) if index < last => {}
                Some(true) => {
                    choices.push(value);
                    break;
                }
                _ => choices.push(value),
            }
        }
        Value::either(choices, source)
    }

    fn percent(&mut self, unit: usize, sum: &'a ast::ExprBinOp, source: &'a str) -> Value<'a> {
        let template = self.value(unit, &sum.left);
        let Some(template) = template.exact().map(str::to_owned) else {
            return Value::Unknown(source);
        };
        let right_source = self.source(unit, &sum.right);
        let right = self.value(unit, &sum.right);
        let mut next = 0;
        let text = percent(&template, |field| match (field, &right) {
            (Field::Name(name), Value::Dict(entries)) => entry(entries, name).map_or_else(
                || Text::unknown(right_source, None),
                |v| v.into_text(right_source),
            ),
            (Field::Position(_), Value::Tuple(values)) => {
                next += 1;
                let value = values.get(next - 1).cloned();
                value.map_or_else(
                    || Text::unknown(right_source, None),
                    |v| v.into_text(right_source),
                )
            }
            (Field::Position(_), value) => value.clone().into_text(right_source),
            _ => Text::unknown(right_source, None),
        });
        text.map_or(Value::Unknown(source), Value::Text)
    }

    fn name(&mut self, unit: usize, name: &'a ast::ExprName, source: &'a str) -> Value<'a> {
        let Some(home) = self.unit(unit) else {
            return Value::Unknown(source);
        };
        let at = range(name);
        let mut bindings: Vec<&'s Binding<'a>> =
            seen(self.semantic, home, name.id.as_str(), at.start());
        // A binding in whose own value the name stands is not what it means there.
        bindings.retain(|binding| {
            let inside = match &binding.kind {
                BindingKind::Value(value) => range(*value).covers(at) && binding.unit == unit,
                _ => false,
            };
            !inside
        });
        if bindings.is_empty() || bindings.len() > MAX_CHOICES {
            return Value::Unknown(source);
        }
        let choices = bindings
            .into_iter()
            .rev()
            .map(|binding| self.binding(binding, source))
            .collect();
        Value::either(choices, source)
    }

    fn binding(&mut self, binding: &'s Binding<'a>, source: &'a str) -> Value<'a> {
        match &binding.kind {
            BindingKind::Value(value) => self.value(binding.unit, value),
            BindingKind::Import(path) => match self.semantic.member(path) {
                [.., last] if self.depth > 1 => {
                    self.depth -= 1;
                    let value = self.binding(last, source);
                    self.depth += 1;
                    value
                }
                _ => Value::Unknown(source),
            },
            BindingKind::Other => match self.arguments.get(binding.unit, binding.range) {
                Some(value) => value.clone(),
                None => self.part(binding, source),
            },
            _ => Value::Unknown(source),
        }
    }

    /// What a name gets from `x += ...`, `a, b = ...`, or as the target of a loop.
    fn part(&mut self, binding: &'s Binding<'a>, source: &'a str) -> Value<'a> {
        let Some(unit) = self.unit(binding.unit) else {
            return Value::Unknown(source);
        };
        let mut finder = Setter {
            target: binding.range,
            found: None,
        };
        finder.visit_body(unit.module.body());
        match finder.found {
            Some(Set::Added(target, value)) => {
                // The target is read before it is set; at its own place only what stands above is seen.
                let before = self.value(unit.index, target);
                let more = self.value(unit.index, value);
                let sources = (source, self.source(unit.index, value), source);
                add(before, more, sources)
            }
            Some(Set::Unpacked(value, position)) => {
                let value = self.value(unit.index, value);
                let elements = value.elements().unwrap_or_default();
                let before = elements.get(..=position).unwrap_or_default();
                match before.last() {
                    Some(value) if !before.iter().any(is_several) => value.clone(),
                    _ => Value::Unknown(source),
                }
            }
            Some(Set::Each(values)) => match self.value(unit.index, values) {
                Value::List(elements) | Value::Tuple(elements)
                    if !elements.is_empty() && !elements.iter().any(is_several) =>
                {
                    Value::either(elements, source)
                }
                _ => Value::Unknown(source),
            },
            None => Value::Unknown(source),
        }
    }

    fn attribute(
        &mut self,
        unit: usize,
        expr: &'a Expr,
        attribute: &'a ast::ExprAttribute,
        source: &'a str,
    ) -> Value<'a> {
        let Some(home) = self.unit(unit) else {
            return Value::Unknown(source);
        };
        let name = attribute.attr.as_str();
        if let Some(path) = self.semantic.qualified(home, expr)
            && let [.., last] = self.semantic.member(&path)
        {
            return self.binding(last, source);
        }
        let is_self = matches!(&*attribute.value, Expr::Name(of) if of.id.as_str() == "self");
        if is_self
            && let Some(value) = self
                .semantic
                .own_attribute(home, range(attribute).start(), name)
        {
            return self.value(unit, value);
        }
        // `Config(az="az").az`, `SimpleNamespace(az="az").az`
        let (made_in, made) = self.semantic.value_of(home, &attribute.value);
        if let Expr::Call(call) = made
            && let Some(keyword) = call.arguments.find_keyword(name)
        {
            return self.value(made_in.index, &keyword.value);
        }
        let class = self
            .semantic
            .class_of(home, &attribute.value, self.depth.min(8));
        let Some((class_unit, class)) = class else {
            return Value::Unknown(source);
        };
        let value = class.body.iter().rev().find_map(|stmt| match stmt {
            Stmt::Assign(assign) => assign
                .targets
                .iter()
                .any(|target| matches!(target, Expr::Name(of) if of.id.as_str() == name))
                .then_some(&*assign.value),
            Stmt::AnnAssign(assign) => {
                let is_it = matches!(&*assign.target, Expr::Name(of) if of.id.as_str() == name);
                assign.value.as_deref().filter(|_| is_it)
            }
            _ => None,
        });
        if let Some(value) = value {
            return self.value(class_unit, value);
        }
        // `self.az = ...`, set by a method.
        let Some(class_home) = self.unit(class_unit) else {
            return Value::Unknown(source);
        };
        let inside = range(&class.name).start();
        match self.semantic.own_attribute(class_home, inside, name) {
            Some(value) => self.value(class_unit, value),
            None => Value::Unknown(source),
        }
    }

    fn subscript(
        &mut self,
        unit: usize,
        subscript: &'a ast::ExprSubscript,
        source: &'a str,
    ) -> Value<'a> {
        let Some(home) = self.unit(unit) else {
            return Value::Unknown(source);
        };
        let is_environ =
            self.semantic.qualified(home, &*subscript.value).as_deref() == Some("os.environ");
        let key = self.value(unit, &subscript.slice);
        if is_environ {
            return match key.exact() {
                Some(name) => Value::Env {
                    name: name.to_owned(),
                    default: None,
                },
                None => Value::Unknown(source),
            };
        }
        let value = self.value(unit, &subscript.value);
        let found = match (&value, &key) {
            (Value::Dict(entries), key) => key.exact().and_then(|key| entry(entries, key)),
            (Value::List(elements) | Value::Tuple(elements), Value::Number(position)) => {
                at(elements, position)
            }
            _ => None,
        };
        found.unwrap_or(Value::Unknown(source))
    }

    fn call(&mut self, unit: usize, call: &'a ExprCall, source: &'a str) -> Value<'a> {
        let Some(home) = self.unit(unit) else {
            return Value::Unknown(source);
        };
        let arguments = &call.arguments.args;
        let first = arguments.first();
        let path = self.semantic.qualified(home, &*call.func);
        match (path.as_deref(), first) {
            (
                Some("os.getenv" | "os.environ.get" | "os.environ.setdefault" | "os.environ.pop"),
                Some(name),
            ) => {
                let default = arguments
                    .get(1)
                    .or_else(|| Some(&call.arguments.find_keyword("default")?.value));
                let name = self.value(unit, name);
                let default = default.map(|default| Box::new(self.value(unit, default)));
                return match name.exact() {
                    Some(name) => Value::Env {
                        name: name.to_owned(),
                        default,
                    },
                    None => Value::Unknown(source),
                };
            }
            (Some("shutil.which"), Some(name)) => {
                return Value::Which(Box::new(self.value(unit, name)));
            }
            (Some("shlex.split"), Some(text)) => {
                let value = self.value(unit, text);
                return each_choice(value, source, |value| match value {
                    Value::Text(text) => Value::List(text.words(true)),
                    _ => Value::Unknown(source),
                });
            }
            (Some("shlex.join"), Some(words)) => {
                let words = self.value(unit, words);
                return join(" ", &words, source);
            }
            (
                Some("str" | "list" | "tuple" | "shlex.quote" | "os.fspath" | "os.path.expandvars"),
                Some(one),
            ) if arguments.len() == 1 => {
                return self.value(unit, one);
            }
            (Some("dict"), None) => {
                let entries = call.arguments.keywords.iter().map(|keyword| {
                    let value = self.value(unit, &keyword.value);
                    match &keyword.arg {
                        Some(name) => (Value::Text(Text::known(name.as_str())), value),
                        None => (Value::Several(source), Value::Several(source)),
                    }
                });
                return Value::Dict(entries.collect());
            }
            _ => {}
        }
        if let Some(callable) = self.semantic.callable(home, &call.func) {
            let Some(result) = callable.result() else {
                return Value::Unknown(source);
            };
            let before = self.arguments.len();
            self.bind(unit, call, &callable);
            let value = self.value(callable.unit, result);
            self.arguments.truncate(before);
            return value;
        }
        match &*call.func {
            Expr::Attribute(method) if path.is_none() || string_value(&method.value).is_some() => {
                self.method(unit, call, method, source)
            }
            _ => Value::Unknown(source),
        }
    }

    /// A method of a text or dictionary.
    fn method(
        &mut self,
        unit: usize,
        call: &'a ExprCall,
        method: &'a ast::ExprAttribute,
        source: &'a str,
    ) -> Value<'a> {
        let receiver = self.value(unit, &method.value);
        let arguments = &call.arguments;
        let first = arguments.args.first().map(|first| self.value(unit, first));
        let name = method.attr.as_str();
        each_choice(receiver, source, |receiver| match (receiver, name) {
            (Value::Text(template), "format") => {
                let Some(template) = template.exact() else {
                    return Value::Text(template);
                };
                let mut next = 0;
                let text = format(template, |field| {
                    let named;
                    let given = match field {
                        Field::Position(position) => {
                            let position = position.unwrap_or(next);
                            next += 1;
                            arguments.args.get(position)
                        }
                        Field::Name(name) => {
                            named = arguments.find_keyword(name);
                            named.map(|keyword| &keyword.value)
                        }
                        Field::Other => None,
                    };
                    match given {
                        Some(Expr::Starred(_)) | None => Text::unknown(source, None),
                        Some(given) => {
                            let source = self.source(unit, given);
                            self.value(unit, given).into_text(source)
                        }
                    }
                });
                text.map_or(Value::Unknown(source), Value::Text)
            }
            (Value::Text(text), "strip" | "lstrip" | "rstrip") if first.is_none() => {
                Value::Text(text.trimmed(name != "rstrip", name != "lstrip"))
            }
            (Value::Text(text), "split") if first.is_none() => Value::List(text.words(false)),
            (Value::Text(text), "split") if first.as_ref().and_then(Value::exact) == Some(" ") => {
                Value::List(text.words(false))
            }
            (Value::Text(text), "lower" | "upper") => match text.exact() {
                Some(text) if name == "lower" => Value::Text(Text::known(&text.to_lowercase())),
                Some(text) => Value::Text(Text::known(&text.to_uppercase())),
                None => Value::Unknown(source),
            },
            (Value::Text(separator), "join") => match (separator.exact(), &first) {
                (Some(separator), Some(parts)) => join(separator, parts, source),
                _ => Value::Unknown(source),
            },
            (list @ Value::List(_), "copy") => list,
            (Value::Dict(entries), "get") => {
                let default = arguments.args.get(1);
                let default = default.map_or(Value::None, |default| self.value(unit, default));
                let closed = !entries.iter().any(|(key, _)| key.exact().is_none());
                match first.as_ref().and_then(Value::exact) {
                    Some(key) => entry(&entries, key)
                        .or(closed.then_some(default))
                        .unwrap_or(Value::Unknown(source)),
                    None => Value::Unknown(source),
                }
            }
            _ => Value::Unknown(source),
        })
    }
}
