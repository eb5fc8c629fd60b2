//! What makes an `az` command safe to try, where it stays: a limit of time, and an answer without warnings in it.

use nbfix_python::ast::{Expr, ExprCall};
use nbfix_python::{range, string_value};
use nbfix_semantic::{Semantic, Unit};
use nbfix_text::{Edit, TextRange};

/// Commands that only read: they are done within seconds, or hang.
const READS: &[&str] = &[
    "show",
    "list",
    "exists",
    "get-access-token",
    "version",
    "list-keys",
];

/// Functions that run a list of words and take a `timeout`.
const RUNNERS: &[&str] = &[
    "subprocess.run",
    "subprocess.check_output",
    "subprocess.check_call",
    "subprocess.call",
];

/// The edits of a call whose words stand in it as a list; none if that is not the form, or the command changes something.
pub(crate) fn edits<'a>(semantic: &Semantic<'a>, unit: &Unit<'a>, call: &'a ExprCall) -> Vec<Edit> {
    let path = semantic.qualified(unit, &*call.func);
    let [Expr::List(list)] = &*call.arguments.args else {
        return Vec::new();
    };
    if !path.is_some_and(|path| RUNNERS.contains(&path.as_str())) {
        return Vec::new();
    }
    let words: Vec<Option<&str>> = list
        .elts
        .iter()
        .map(|element| string_value(element))
        .collect();
    let mut command = words
        .iter()
        .skip(1)
        .map_while(|word| word.filter(|text| !text.starts_with('-')));
    let (Some(last), true) = (list.elts.last(), command.any(|word| READS.contains(&word))) else {
        return Vec::new();
    };
    // Of options that are not known one may be `--`, or the same.
    if list.elts.iter().any(Expr::is_starred_expr) {
        return Vec::new();
    }
    let mut edits = Vec::new();
    if !words.contains(&Some("--only-show-errors")) {
        let quote = match range(last).of(unit.source).chars().next_back() {
            Some('\'') => '\'',
            _ => '"',
        };
        let text = format!(", {quote}--only-show-errors{quote}");
        edits.push(Edit::insert(range(last).end(), text));
    }
    let keywords = &call.arguments.keywords;
    let has_timeout = keywords
        .iter()
        .any(|each| each.arg.as_ref().is_none_or(|name| name == "timeout"));
    let last = keywords.iter().map(range).map(TextRange::end).max();
    let end = last.unwrap_or(range(list).end());
    if !has_timeout && range(call).of(unit.source).ends_with(')') {
        edits.push(Edit::insert(end, ", timeout=60"));
    }
    edits
}
