//! What operators and methods make of values.

use super::{Text, Value};

/// What is done to each alternative.
pub(super) fn each_choice<'a>(
    value: Value<'a>,
    source: &'a str,
    mut change: impl FnMut(Value<'a>) -> Value<'a>,
) -> Value<'a> {
    match value {
        Value::Either(choices) => Value::either(choices.into_iter().map(change).collect(), source),
        one => change(one),
    }
}

/// `left + right`; the sources are those of the left side, the right side and the sum.
pub(super) fn add<'a>(
    left: Value<'a>,
    right: Value<'a>,
    sources: (&'a str, &'a str, &'a str),
) -> Value<'a> {
    let (of_left, of_right, source) = sources;
    match (left, right) {
        (Value::Either(choices), right) => {
            let sums = choices
                .into_iter()
                .map(|left| add(left, right.clone(), sources));
            Value::either(sums.collect(), source)
        }
        (left, Value::Either(choices)) => {
            let sums = choices
                .into_iter()
                .map(|right| add(left.clone(), right, sources));
            Value::either(sums.collect(), source)
        }
        (Value::List(mut left), right) => {
            match right {
                Value::List(right) | Value::Tuple(right) => left.extend(right),
                _ => left.push(Value::Several(of_right)),
            }
            Value::List(left)
        }
        (left, Value::List(mut right)) => {
            match left {
                Value::Tuple(mut left) => {
                    left.append(&mut right);
                    right = left;
                }
                _ => right.insert(0, Value::Several(of_left)),
            }
            Value::List(right)
        }
        (Value::Tuple(mut left), Value::Tuple(right)) => {
            left.extend(right);
            Value::Tuple(left)
        }
        (Value::Tuple(mut left), _) => {
            left.push(Value::Several(of_right));
            Value::Tuple(left)
        }
        (left @ Value::Text(_), right) | (left, right @ Value::Text(_)) => {
            let mut text = left.into_text(of_left);
            text.push(right.into_text(of_right));
            Value::Text(text)
        }
        _ => Value::Unknown(source),
    }
}

pub(super) fn join<'a>(separator: &str, parts: &Value<'a>, source: &'a str) -> Value<'a> {
    let Some(parts) = parts.elements() else {
        return match parts {
            Value::Either(choices) => {
                let joined = choices.iter().map(|parts| join(separator, parts, source));
                Value::either(joined.collect(), source)
            }
            _ => Value::Unknown(source),
        };
    };
    let mut text = Text::default();
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            text.push_str(separator);
        }
        let of_part = match part {
            Value::Unknown(source) | Value::Several(source) => source,
            _ => source,
        };
        text.push(part.clone().into_text(of_part));
    }
    Value::Text(text)
}

pub(super) fn is_several(value: &Value<'_>) -> bool {
    matches!(value, Value::Several(_))
}

/// The entry of this key, unless a later one may have the same.
pub(super) fn entry<'a>(entries: &[(Value<'a>, Value<'a>)], wanted: &str) -> Option<Value<'a>> {
    for (key, value) in entries.iter().rev() {
        match (key, key.exact()) {
            (_, Some(key)) if key == wanted => return Some(value.clone()),
            (_, Some(_)) | (Value::Number(_) | Value::Bool(_) | Value::None, _) => {}
            _ => return None,
        }
    }
    None
}

/// The element at this position, counted from the end if it is negative.
pub(super) fn at<'a>(elements: &[Value<'a>], position: &str) -> Option<Value<'a>> {
    let position: isize = position.parse().ok()?;
    let index = if position < 0 {
        elements.len().checked_add_signed(position)?
    } else {
        usize::try_from(position).ok()?
    };
    let passed = if position < 0 {
        elements.get(index..)
    } else {
        elements.get(..=index)
    };
    let known = passed.is_some_and(|passed| !passed.iter().any(is_several));
    elements.get(index).filter(|_| known).cloned()
}
