//! Values that the library takes in another form now: contents, safety settings, kinds of embeddings.

use nbfix_python::ast::{Expr, ExprDict, StmtFunctionDef};
use nbfix_python::{range, string_value};
use nbfix_semantic::values::Value;
use nbfix_semantic::{Semantic, Unit};
use nbfix_text::Edit;

use super::kinds::Kind;
use super::reader::Plan;
use crate::migrate::places::Edits;

/// What the old library took for a category of harm, in small letters and without `harm_category_`.
const CATEGORIES: &[(&str, &str)] = &[
    ("harassment", "HARM_CATEGORY_HARASSMENT"),
    ("hate", "HARM_CATEGORY_HATE_SPEECH"),
    ("hate_speech", "HARM_CATEGORY_HATE_SPEECH"),
    ("sex", "HARM_CATEGORY_SEXUALLY_EXPLICIT"),
    ("sexual", "HARM_CATEGORY_SEXUALLY_EXPLICIT"),
    ("sexually_explicit", "HARM_CATEGORY_SEXUALLY_EXPLICIT"),
    ("danger", "HARM_CATEGORY_DANGEROUS_CONTENT"),
    ("dangerous", "HARM_CATEGORY_DANGEROUS_CONTENT"),
    ("dangerous_content", "HARM_CATEGORY_DANGEROUS_CONTENT"),
];

/// What it took for a threshold.
const THRESHOLDS: &[(&str, &str)] = &[
    ("block_low_and_above", "BLOCK_LOW_AND_ABOVE"),
    ("low", "BLOCK_LOW_AND_ABOVE"),
    ("block_medium_and_above", "BLOCK_MEDIUM_AND_ABOVE"),
    ("medium", "BLOCK_MEDIUM_AND_ABOVE"),
    ("med", "BLOCK_MEDIUM_AND_ABOVE"),
    ("block_only_high", "BLOCK_ONLY_HIGH"),
    ("high", "BLOCK_ONLY_HIGH"),
    ("block_none", "BLOCK_NONE"),
];

/// What it took for a kind of embedding besides the names of today in small letters.
const TASKS: &[(&str, &str)] = &[
    ("query", "RETRIEVAL_QUERY"),
    ("retrieval_query", "RETRIEVAL_QUERY"),
    ("document", "RETRIEVAL_DOCUMENT"),
    ("retrieval_document", "RETRIEVAL_DOCUMENT"),
    ("similarity", "SEMANTIC_SIMILARITY"),
    ("semantic_similarity", "SEMANTIC_SIMILARITY"),
    ("classification", "CLASSIFICATION"),
    ("clustering", "CLUSTERING"),
    ("qa", "QUESTION_ANSWERING"),
    ("question_answering", "QUESTION_ANSWERING"),
    ("verification", "FACT_VERIFICATION"),
    ("fact_verification", "FACT_VERIFICATION"),
];

fn row(table: &[(&str, &'static str)], name: &str) -> Option<&'static str> {
    let name = name.to_lowercase();
    let row = table.iter().find(|(old, _)| *old == name);
    row.map(|(_, new)| *new)
}

/// The argument `task_type`.
pub(super) fn task<'a>(
    semantic: &Semantic<'a>,
    unit: &Unit<'a>,
    value: &'a Expr,
) -> Result<String, String> {
    let text = range(value).of(unit.source);
    let known = semantic.value(unit, value);
    let name = known
        .exact()
        .and_then(|name| Some((name, row(TASKS, name)?)));
    match (name, value) {
        (Some((_, new)), Expr::StringLiteral(_)) => Ok(format!("\"{new}\"")),
        (Some((old, new)), _) if old == new => Ok(text.to_owned()),
        (Some((old, new)), _) if old.to_uppercase() == new => Ok(format!("{text}.upper()")),
        _ => Err(format!(
            "nobody can tell which kind of embedding `{text}` is"
        )),
    }
}

/// Whether an argument `content` is a list of texts, and not one text; `functions` are those around it, innermost last.
pub(super) fn is_many<'a>(
    semantic: &Semantic<'a>,
    unit: &Unit<'a>,
    content: &'a Expr,
    functions: &[&'a StmtFunctionDef],
) -> Option<bool> {
    match content {
        Expr::StringLiteral(_) | Expr::FString(_) => return Some(false),
        Expr::List(_) | Expr::Tuple(_) | Expr::ListComp(_) => return Some(true),
        Expr::Name(name) => {
            let parameters = functions.iter().rev().find_map(|function| {
                let mut parameters = function.parameters.iter_non_variadic_params();
                parameters.find(|it| it.parameter.name.as_str() == name.id.as_str())
            });
            if let Some(parameter) = parameters {
                let annotation = parameter.parameter.annotation.as_deref()?;
                let annotation = range(annotation).of(unit.source);
                return match annotation {
                    "str" => Some(false),
                    _ if ["list[", "List[", "Documents", "Iterable["]
                        .iter()
                        .any(|it| annotation.starts_with(it)) =>
                    {
                        Some(true)
                    }
                    _ => None,
                };
            }
        }
        _ => {}
    }
    match semantic.value(unit, content) {
        Value::Text(_) => Some(false),
        Value::List(_) | Value::Tuple(_) => Some(true),
        Value::Either(choices) => choices
            .iter()
            .all(|choice| matches!(choice, Value::Text(_)))
            .then_some(false),
        _ => None,
    }
}

/// The argument `safety_settings` as a list, and the edits of what it is made of.
pub(super) fn safety<'a>(
    plan: &Plan<'_, 'a>,
    unit: &Unit<'a>,
    value: &'a Expr,
) -> Result<(String, Edits), String> {
    let text = range(value).of(unit.source);
    let unclear = || format!("nobody can tell what `{text}` allows");
    let (home, made) = plan.tracer.semantic.value_of(unit, value);
    let here = home.index == unit.index && range(made) == range(value);
    let own = |expr: &Expr| range(expr).of(home.source).to_owned();
    let category = |expr: &Expr| match string_value(expr) {
        Some(name) => {
            let name = name.to_lowercase();
            let name = name.strip_prefix("harm_category_").unwrap_or(&name);
            row(CATEGORIES, name).map(|new| format!("\"{new}\""))
        }
        None => own(expr).contains("HARM_CATEGORY_").then(|| own(expr)),
    };
    let threshold = |expr: &Expr| match string_value(expr) {
        Some(name) => row(THRESHOLDS, name).map(|new| format!("\"{new}\"")),
        None => own(expr).contains("BLOCK_").then(|| own(expr)),
    };
    let mut entries = Vec::new();
    match made {
        Expr::Dict(dict) => {
            for item in &dict.items {
                let key = item.key.as_ref().and_then(category).ok_or_else(unclear)?;
                entries.push((key, threshold(&item.value).ok_or_else(unclear)?));
            }
        }
        Expr::List(list) => {
            let mut is_same = true;
            for element in &list.elts {
                let Expr::Dict(dict) = element else {
                    return Err(unclear());
                };
                let find = |name: &str| {
                    let mut items = dict.items.iter();
                    let item =
                        items.find(|it| it.key.as_ref().and_then(string_value) == Some(name));
                    item.map(|it| &it.value)
                };
                let (Some(of), Some(at), 2) =
                    (find("category"), find("threshold"), dict.items.len())
                else {
                    return Err(unclear());
                };
                let entry = (
                    category(of).ok_or_else(unclear)?,
                    threshold(at).ok_or_else(unclear)?,
                );
                let plain = |expr: &Expr| {
                    string_value(expr).map_or_else(|| own(expr), |it| format!("\"{it}\""))
                };
                is_same &= entry == (plain(of), plain(at));
                entries.push(entry);
            }
            // What both libraries take stays as it is written.
            if is_same {
                return Ok((text.to_owned(), Edits::new()));
            }
        }
        _ => return Err(unclear()),
    }
    let entries = entries.iter();
    let entries: Vec<String> = entries
        .map(|(category, threshold)| {
            format!("{{\"category\": {category}, \"threshold\": {threshold}}}")
        })
        .collect();
    let list = match here || entries.len() < 2 {
        true => format!("[{}]", entries.join(", ")),
        false => format!("[\n    {},\n]", entries.join(",\n    ")),
    };
    match here {
        true => Ok((list, Edits::new())),
        false => {
            let edit = Edit::replace(range(made), list);
            Ok((text.to_owned(), vec![(home.cell, edit)]))
        }
    }
}

/// The edits of a dictionary that is a content, a part of one, or none of both.
pub(super) fn content<'a>(
    plan: &Plan<'_, 'a>,
    unit: &Unit<'a>,
    dict: &'a ExprDict,
) -> Result<Vec<Edit>, String> {
    let keys: Option<Vec<&str>> = dict
        .items
        .iter()
        .map(|item| item.key.as_ref().and_then(string_value))
        .collect();
    let mut keys = keys.unwrap_or_default();
    keys.sort_unstable();
    let value = |name: &str| {
        let mut items = dict.items.iter();
        items
            .find(|item| item.key.as_ref().and_then(string_value) == Some(name))
            .map(|item| &item.value)
    };
    match keys.as_slice() {
        ["parts"] | ["parts", "role"] => match value("parts") {
            Some(Expr::List(list)) => {
                let mut edits = Vec::new();
                for part in &list.elts {
                    if part.is_dict_expr() {
                        continue;
                    }
                    if !is_text(plan, unit, part) {
                        let text = range(part).of(unit.source);
                        return Err(format!(
                            "nobody can tell whether the part `{text}` is a text"
                        ));
                    }
                    edits.push(Edit::insert(range(part).start(), "{\"text\": "));
                    edits.push(Edit::insert(range(part).end(), "}"));
                }
                Ok(edits)
            }
            Some(part) if is_text(plan, unit, part) => Ok(vec![
                Edit::insert(range(part).start(), "[{\"text\": "),
                Edit::insert(range(part).end(), "}]"),
            ]),
            Some(part) => {
                let text = range(part).of(unit.source);
                Err(format!(
                    "nobody can tell whether the parts `{text}` are a text"
                ))
            }
            None => Ok(Vec::new()),
        },
        ["data", "mime_type"] => {
            let (Some(data), Some(mime)) = (value("data"), value("mime_type")) else {
                return Ok(Vec::new());
            };
            let (_, made) = plan.tracer.semantic.value_of(unit, data);
            let is_bytes = match made {
                Expr::Call(call) => match &*call.func {
                    Expr::Attribute(method) => {
                        matches!(method.attr.as_str(), "read_bytes" | "read" | "getvalue")
                    }
                    _ => false,
                },
                Expr::BytesLiteral(_) => true,
                _ => false,
            };
            let text = |expr: &Expr| range(expr).of(unit.source).to_owned();
            if !is_bytes {
                return Err(format!("nobody can tell whether `{}` is bytes", text(data)));
            }
            let alias = plan.alias;
            let new = format!(
                "{alias}.types.Part.from_bytes(data={}, mime_type={})",
                text(data),
                text(mime)
            );
            Ok(vec![Edit::replace(range(dict), new)])
        }
        _ => Ok(Vec::new()),
    }
}

/// Whether an expression is surely a text.
fn is_text<'a>(plan: &Plan<'_, 'a>, unit: &Unit<'a>, expr: &'a Expr) -> bool {
    match expr {
        Expr::StringLiteral(_) | Expr::FString(_) => true,
        Expr::Attribute(attribute) if attribute.attr.as_str() == "text" => {
            plan.tracer.of(unit, &attribute.value) == Some(Kind::Answer)
        }
        Expr::Call(call) => match &*call.func {
            Expr::Name(name) => matches!(name.id.as_str(), "str" | "input" | "repr"),
            Expr::Attribute(method) => {
                matches!(
                    method.attr.as_str(),
                    "format" | "join" | "strip" | "read_text"
                )
            }
            _ => false,
        },
        _ => matches!(plan.tracer.semantic.value(unit, expr), Value::Text(_)),
    }
}
