//! Expressions.

use std::rc::Rc;

use nbfix_python::ast::{BoolOp, CmpOp, Comprehension, Expr, ExprCall, Operator, UnaryOp};
use nbfix_python::{FStringPiece, fstring_pieces, is_builtin, range, string_value};

use crate::interpreter::{Interpreter, Outcome, Spot};
use crate::value::{Arguments, Value};

impl<'a> Interpreter<'_, 'a> {
    pub(crate) fn eval(&mut self, spot: Spot<'a>, expr: &'a Expr) -> Outcome<Value> {
        let here = self.place(spot, expr);
        if !self.step(here) {
            return Ok(Value::Unknown);
        }
        Ok(match expr {
            Expr::NoneLiteral(_) => Value::None,
            Expr::BooleanLiteral(literal) => Value::Bool(literal.value),
            Expr::NumberLiteral(number) => {
                let int = number.value.as_int().and_then(|int| int.as_i64());
                int.map_or(Value::Foreign, Value::Int)
            }
            Expr::StringLiteral(_) => Value::Str(string_value(expr).unwrap_or_default().into()),
            Expr::FString(_) => self.text(spot, expr)?,
            Expr::Name(name) => self.name(spot, name.id.as_str()),
            Expr::Attribute(attribute) => {
                let owner = self.eval(spot, &attribute.value)?;
                self.attribute(spot, owner, attribute.attr.as_str(), expr)?
            }
            Expr::Call(call) => self.eval_call(spot, expr, call)?,
            Expr::List(list) => self.items(spot, &list.elts)?,
            Expr::Tuple(tuple) => self.items(spot, &tuple.elts)?,
            Expr::Set(set) => self.items(spot, &set.elts)?,
            Expr::Dict(dict) => {
                let mut pairs = Vec::new();
                for item in &dict.items {
                    let key = match &item.key {
                        Some(key) => self.eval(spot, key)?,
                        None => Value::Unknown,
                    };
                    pairs.push((key, self.eval(spot, &item.value)?));
                }
                Value::Dict(Rc::new(pairs))
            }
            Expr::BoolOp(operation) => {
                let mut last = Value::None;
                let mut assumed = false;
                for (index, value) in operation.values.iter().enumerate() {
                    last = self.eval(spot, value)?;
                    let (truth, sure) = truth(&last);
                    assumed |= !sure;
                    let stops = truth == Some(operation.op == BoolOp::Or);
                    if truth.is_none() && index + 1 < operation.values.len() {
                        return Ok(match last {
                            Value::Foreign => Value::Foreign,
                            _ => Value::Unknown,
                        });
                    }
                    if stops {
                        break;
                    }
                }
                if assumed { assume(last) } else { last }
            }
            Expr::UnaryOp(operation) if operation.op == UnaryOp::Not => {
                let (truth, sure) = self.condition(spot, &operation.operand)?;
                match truth {
                    Some(truth) if sure => Value::Bool(!truth),
                    Some(truth) => assume(Value::Bool(!truth)),
                    None => Value::Foreign,
                }
            }
            Expr::UnaryOp(operation) => {
                self.eval(spot, &operation.operand)?;
                Value::Foreign
            }
            Expr::Compare(compare) => self.compare(spot, compare)?,
            Expr::If(choice) => {
                let (truth, sure) = self.condition(spot, &choice.test)?;
                let (taken, other) = match truth.unwrap_or(true) {
                    true => (&choice.body, &choice.orelse),
                    false => (&choice.orelse, &choice.body),
                };
                if !sure
                    && (self.is_relevant_expr(spot, other) || self.is_relevant_expr(spot, taken))
                {
                    self.doubt(Some(here), "a condition that only the deployment decides");
                }
                self.unsure += usize::from(!sure);
                let value = self.eval(spot, taken);
                self.unsure -= usize::from(!sure);
                let value = value?;
                if sure { value } else { assume(value) }
            }
            Expr::Named(named) => {
                let value = self.eval(spot, &named.value)?;
                self.assign(spot, &named.target, value.clone(), here)?;
                value
            }
            Expr::BinOp(operation) => {
                let left = self.eval(spot, &operation.left)?;
                let right = self.eval(spot, &operation.right)?;
                match (left, right, operation.op) {
                    (Value::Str(left), Value::Str(right), Operator::Add) => {
                        Value::Str(format!("{left}{right}").into())
                    }
                    (Value::List(left), Value::List(right), Operator::Add) => {
                        let mut both = self.list(left);
                        both.extend(self.list(right));
                        self.new_list(both)
                    }
                    (left, right, _) => {
                        self.escape([&left, &right], here, "an operator gets the app");
                        Value::Foreign
                    }
                }
            }
            Expr::Subscript(subscript) => {
                let owner = self.eval(spot, &subscript.value)?;
                let key = self.eval(spot, &subscript.slice)?;
                self.item(&owner, &key)
            }
            Expr::ListComp(comprehension) => {
                self.comprehension(spot, &comprehension.elt, &comprehension.generators)?
            }
            Expr::SetComp(comprehension) => {
                self.comprehension(spot, &comprehension.elt, &comprehension.generators)?
            }
            Expr::Generator(comprehension) => {
                self.comprehension(spot, &comprehension.elt, &comprehension.generators)?
            }
            // It has a name, and may be decorated.
            Expr::Lambda(_) => Value::External("<lambda>".into()),
            Expr::Starred(starred) => self.eval(spot, &starred.value)?,
            Expr::Await(awaited) => {
                self.eval(spot, &awaited.value)?;
                Value::Unknown
            }
            Expr::Slice(_)
            | Expr::DictComp(_)
            | Expr::Yield(_)
            | Expr::YieldFrom(_)
            | Expr::TString(_)
            | Expr::BytesLiteral(_)
            | Expr::EllipsisLiteral(_)
            | Expr::IpyEscapeCommand(_) => Value::Foreign,
        })
    }

    fn name(&mut self, spot: Spot<'a>, name: &str) -> Value {
        if let Some(value) = self.lookup(spot.env, name) {
            return value;
        }
        if is_builtin(name) {
            if matches!(
                name,
                "globals" | "locals" | "vars" | "exec" | "eval" | "setattr"
            ) && let Some(module) = self.modules.get_mut(spot.module)
            {
                // Names may come and go without a statement that says so.
                module.open = true;
            }
            return Value::External(format!("builtins.{name}").into());
        }
        Value::Unknown
    }

    fn items(&mut self, spot: Spot<'a>, elements: &'a [Expr]) -> Outcome<Value> {
        let mut values = Vec::new();
        for element in elements {
            let value = self.eval(spot, element)?;
            match (element, value) {
                (Expr::Starred(_), Value::List(list)) => values.extend(self.list(list)),
                (_, value) => values.push(value),
            }
        }
        Ok(self.new_list(values))
    }

    fn text(&mut self, spot: Spot<'a>, expr: &'a Expr) -> Outcome<Value> {
        let Expr::FString(fstring) = expr else {
            return Ok(Value::Foreign);
        };
        let mut text = String::new();
        let mut assumed = false;
        for piece in fstring_pieces(fstring) {
            match piece {
                FStringPiece::Text(constant) => text.push_str(constant),
                FStringPiece::Hole(hole) => {
                    let mut value = self.eval(spot, &hole.expression)?;
                    if let Value::Assumed(inner) = value {
                        assumed = true;
                        value = *inner;
                    }
                    match value {
                        Value::Str(value) => text.push_str(&value),
                        Value::Int(value) => text.push_str(&value.to_string()),
                        _ => return Ok(Value::Foreign),
                    }
                }
            }
        }
        let text = Value::Str(text.into());
        Ok(if assumed { assume(text) } else { text })
    }

    fn comprehension(
        &mut self,
        spot: Spot<'a>,
        element: &'a Expr,
        generators: &'a [Comprehension],
    ) -> Outcome<Value> {
        let env = self.new_env(Some(spot.env), spot.module);
        let inner = Spot { env, ..spot };
        let [generator] = generators else {
            if self.is_relevant_expr(spot, element) {
                let place = self.place(spot, element);
                self.doubt(Some(place), "a loop that nobody can follow");
            }
            return Ok(Value::Unknown);
        };
        let place = self.place(spot, &generator.target);
        let Value::List(list) = self.eval(spot, &generator.iter)? else {
            if self.is_relevant_expr(spot, element) {
                self.doubt(Some(place), "a loop that nobody can follow");
            }
            return Ok(Value::Unknown);
        };
        let mut values = Vec::new();
        for value in self.list(list) {
            self.assign(inner, &generator.target, value, place)?;
            let mut kept = true;
            for test in &generator.ifs {
                kept &= self.condition(inner, test)?.0.unwrap_or(true);
            }
            if kept {
                values.push(self.eval(inner, element)?);
            }
        }
        Ok(self.new_list(values))
    }

    fn item(&self, owner: &Value, key: &Value) -> Value {
        match (owner, key) {
            (Value::List(list), Value::Int(index)) => {
                let values = self.list(*list);
                let index = usize::try_from(*index).ok();
                let value = index.and_then(|index| values.get(index).cloned());
                value.unwrap_or(Value::Unknown)
            }
            (Value::Dict(pairs), Value::Str(key)) => {
                let same = |(known, _): &&(Value, Value)| matches!(known, Value::Str(known) if known == key);
                let value = pairs
                    .iter()
                    .rev()
                    .find(same)
                    .map(|(_, value)| value.clone());
                value.unwrap_or(Value::Unknown)
            }
            // `List[str]` and the like.
            (Value::External(path), _) if !path.starts_with("os.environ") => {
                Value::External(path.clone())
            }
            (Value::Foreign | Value::External(_), _) => Value::Foreign,
            _ => Value::Unknown,
        }
    }

    fn compare(
        &mut self,
        spot: Spot<'a>,
        compare: &'a nbfix_python::ast::ExprCompare,
    ) -> Outcome<Value> {
        let left = self.eval(spot, &compare.left)?;
        let mut rights = Vec::new();
        for right in &compare.comparators {
            rights.push(self.eval(spot, right)?);
        }
        let ([op], [right]) = (&*compare.ops, rights.as_slice()) else {
            return Ok(Value::Foreign);
        };
        if let Value::External(path) = &left
            && path.starts_with("sys.version_info")
        {
            // The worker's Python is newer than what code asks for, and not newer than what it is written for.
            return Ok(match op {
                CmpOp::Gt | CmpOp::GtE => assume(Value::Bool(true)),
                CmpOp::Lt | CmpOp::LtE => assume(Value::Bool(false)),
                _ => Value::Foreign,
            });
        }
        let assumed = matches!(left, Value::Assumed(_)) || matches!(right, Value::Assumed(_));
        let result = self.same(&plain(&left), &plain(right));
        let result = match (op, result) {
            (CmpOp::Eq | CmpOp::Is, Some(same)) => Value::Bool(same),
            (CmpOp::NotEq | CmpOp::IsNot, Some(same)) => Value::Bool(!same),
            (CmpOp::In | CmpOp::NotIn, _) => match plain(right) {
                Value::List(list) => {
                    let left = plain(&left);
                    let all = self.list(list);
                    let found: Vec<Option<bool>> =
                        all.iter().map(|it| self.same(&left, it)).collect();
                    if found.contains(&Some(true)) {
                        Value::Bool(*op == CmpOp::In)
                    } else if found.contains(&None) {
                        Value::Foreign
                    } else {
                        Value::Bool(*op == CmpOp::NotIn)
                    }
                }
                _ => Value::Foreign,
            },
            _ => Value::Foreign,
        };
        Ok(match result {
            Value::Bool(_) if assumed => assume(result),
            other => other,
        })
    }

    /// Whether two values are the same, if that is known.
    fn same(&self, left: &Value, right: &Value) -> Option<bool> {
        match (left, right) {
            (Value::Unknown | Value::Foreign | Value::External(_), Value::None)
            | (Value::None, Value::Unknown | Value::Foreign | Value::External(_)) => None,
            (Value::None, Value::None) => Some(true),
            (Value::None, _) | (_, Value::None) => Some(false),
            (Value::Str(left), Value::Str(right)) => Some(left == right),
            (Value::Int(left), Value::Int(right)) => Some(left == right),
            (Value::Bool(left), Value::Bool(right)) => Some(left == right),
            (Value::Object(left), Value::Object(right)) => Some(left == right),
            _ => None,
        }
    }

    /// What a condition is while the worker imports the module; the flag says whether that is sure in every
    /// deployment.
    pub(crate) fn condition(
        &mut self,
        spot: Spot<'a>,
        test: &'a Expr,
    ) -> Outcome<(Option<bool>, bool)> {
        let value = self.eval(spot, test)?;
        Ok(truth(&value))
    }

    pub(crate) fn eval_arguments(
        &mut self,
        spot: Spot<'a>,
        call: &'a ExprCall,
    ) -> Outcome<Arguments> {
        let mut arguments = Arguments::default();
        for argument in &call.arguments.args {
            let value = self.eval(spot, argument)?;
            match (argument, value) {
                (Expr::Starred(_), Value::List(list)) => {
                    arguments.positional.extend(self.list(list));
                }
                (Expr::Starred(_), _) => arguments.open = true,
                (_, value) => arguments.positional.push(value),
            }
        }
        for keyword in &call.arguments.keywords {
            let value = self.eval(spot, &keyword.value)?;
            match (&keyword.arg, value) {
                (Some(name), value) => {
                    arguments.keywords.push((Some(name.to_string()), value));
                }
                (None, Value::Dict(pairs)) => {
                    for (key, value) in pairs.iter() {
                        match key {
                            Value::Str(key) => {
                                arguments
                                    .keywords
                                    .push((Some(key.to_string()), value.clone()));
                            }
                            _ => arguments.open = true,
                        }
                    }
                }
                (None, value) => {
                    arguments.open = true;
                    arguments.keywords.push((None, value));
                }
            }
        }
        Ok(arguments)
    }

    /// The text of an expression, for messages.
    pub(crate) fn source_of(&self, spot: Spot<'a>, expr: &Expr) -> &'a str {
        range(expr).of(spot.source)
    }
}

/// A value that another deployment may change.
pub(crate) fn assume(value: Value) -> Value {
    match value {
        Value::Assumed(_) | Value::Unknown | Value::Foreign | Value::Object(_) => value,
        other => Value::Assumed(Box::new(other)),
    }
}

/// The value as this deployment has it.
pub(crate) fn plain(value: &Value) -> Value {
    match value {
        Value::Assumed(inner) => (**inner).clone(),
        other => other.clone(),
    }
}

/// Whether a value is true, if that is known, and whether it is in every deployment.
pub(crate) fn truth(value: &Value) -> (Option<bool>, bool) {
    match value {
        Value::Assumed(inner) => (truth(inner).0, false),
        Value::None => (Some(false), true),
        Value::Bool(value) => (Some(*value), true),
        Value::Int(value) => (Some(*value != 0), true),
        Value::Str(value) => (Some(!value.is_empty()), true),
        Value::Object(_)
        | Value::Builder(_)
        | Value::Function(_)
        | Value::Class(_)
        | Value::Module(_)
        | Value::Decoration(_)
        | Value::Method(..)
        | Value::Bound(..)
        | Value::ListMethod(..)
        | Value::Wraps(_)
        | Value::Partial(_) => (Some(true), true),
        Value::External(path) => match &**path {
            "typing.TYPE_CHECKING" | "typing_extensions.TYPE_CHECKING" => (Some(false), true),
            "builtins.__debug__" => (Some(true), true),
            _ => (None, false),
        },
        Value::Dict(pairs) => (Some(!pairs.is_empty()), true),
        Value::Unknown | Value::Foreign | Value::Instance(_) | Value::List(_) => (None, false),
    }
}
