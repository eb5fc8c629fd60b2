//! `removed-dataframe-append`: `append` of a frame or series of pandas.

use nbfix_lint::{Check, Context, Findings, Safety};
use nbfix_python::ast::{Expr, ExprCall, ExprName};
use nbfix_python::{AnyNodeRef, NodeKind, range, string_value};
use nbfix_semantic::{Binding, BindingKind, ScopeKind, Semantic, Unit};
use nbfix_text::Edit;

use crate::Settings;
use crate::pins::standing;

pub(crate) const CHECK: Check = Check::Node(&[NodeKind::ExprCall], check);

/// How many names, methods and columns in a row are followed.
const MAX_STEPS: usize = 12;

/// What `append` is asked of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Frame,
    Series,
}

/// Functions of pandas that give a frame, whatever they are given. `read_html` gives a list, `read_pickle` anything.
const FRAMES: &[&str] = &[
    "DataFrame",
    "DataFrame.from_dict",
    "DataFrame.from_records",
    "get_dummies",
    "json_normalize",
    "merge",
    "pivot_table",
    "read_clipboard",
    "read_csv",
    "read_feather",
    "read_fwf",
    "read_gbq",
    "read_json",
    "read_orc",
    "read_parquet",
    "read_sas",
    "read_sql",
    "read_sql_query",
    "read_sql_table",
    "read_stata",
    "read_table",
    "read_xml",
];

/// Methods that give what they were called on, as far as its kind goes.
const SAME: &[&str] = &[
    "append",
    "astype",
    "copy",
    "drop",
    "drop_duplicates",
    "dropna",
    "fillna",
    "head",
    "nlargest",
    "nsmallest",
    "reindex",
    "rename",
    "replace",
    "round",
    "sample",
    "sort_index",
    "sort_values",
    "tail",
];

/// Methods that frames alone have, and that give a frame.
const FRAME_ONLY: &[&str] = &[
    "assign",
    "join",
    "merge",
    "query",
    "reset_index",
    "set_index",
    "transpose",
];

/// What `concat` takes as `append` did.
const KEYWORDS: &[&str] = &["ignore_index", "sort", "verify_integrity"];

fn check<'a>(context: &Context<'_, 'a>, node: AnyNodeRef<'a>, findings: &mut Findings<'_>) {
    let AnyNodeRef::ExprCall(call) = node else {
        return;
    };
    let Expr::Attribute(method) = &*call.func else {
        return;
    };
    if method.attr.as_str() != "append" || call.arguments.is_empty() {
        return;
    }
    let flow = Flow {
        semantic: context.semantic,
    };
    let Some(kind) = flow.kind(context.unit, &method.value, MAX_STEPS) else {
        return;
    };
    let settings = Settings::of(findings);
    let Some(lowered) = standing(context.semantic, settings, "pandas", "2.0") else {
        return;
    };
    if has_thought_of_both(context) {
        return;
    }
    let name = match kind {
        Kind::Frame => "DataFrame.append",
        Kind::Series => "Series.append",
    };
    let mut report = context.report(call).with("name", name);
    if let Some(level) = lowered {
        report = report.level(level);
    }
    if let Some((text, safety)) = mended(context, &flow, kind, call, &method.value) {
        let edit = Edit::replace(range(call), text);
        report = report.edit(context.unit.cell, edit).safety(safety);
    }
    findings.push(report);
}

/// Whether a handler around it is for this very failure.
fn has_thought_of_both(context: &Context<'_, '_>) -> bool {
    context.ancestors.iter().any(|node| match node {
        AnyNodeRef::StmtTry(each) => each.handlers.iter().any(|handler| {
            let handler = context.text(handler);
            handler.contains("AttributeError") || handler.contains("concat(")
        }),
        AnyNodeRef::StmtIf(branch) => {
            let test = context.text(&*branch.test);
            test.contains("version") || test.contains("hasattr")
        }
        _ => false,
    })
}

/// `pd.concat([frame, other], ...)`, if it is known what the other is.
fn mended<'a>(
    context: &Context<'_, 'a>,
    flow: &Flow<'_, 'a>,
    kind: Kind,
    call: &'a ExprCall,
    receiver: &'a Expr,
) -> Option<(String, Safety)> {
    let [other] = &*call.arguments.args else {
        return None;
    };
    let keywords = &call.arguments.keywords;
    let known = |name: &str| KEYWORDS.contains(&name);
    let simple = keywords
        .iter()
        .all(|keyword| keyword.arg.as_ref().is_some_and(|name| known(name)));
    // A comment between the arguments would be lost.
    if !simple || context.text(call).contains('#') {
        return None;
    }
    let pandas = local_name(context, range(call).start())?;
    let (parts, safety) = parts(context, flow, kind, other, pandas)?;
    let mut arguments = format!("[{}, {parts}]", context.text(receiver));
    for keyword in keywords {
        arguments.push_str(", ");
        arguments.push_str(context.text(keyword));
    }
    Some((format!("{pandas}.concat({arguments})"), safety))
}

/// The other parts, as elements of a list.
fn parts<'a>(
    context: &Context<'_, 'a>,
    flow: &Flow<'_, 'a>,
    kind: Kind,
    other: &'a Expr,
    pandas: &str,
) -> Option<(String, Safety)> {
    let text = context.text(other);
    let kind_of = |expr: &'a Expr| flow.kind(context.unit, expr, MAX_STEPS);
    match (kind, kind_of(other)) {
        (_, Some(known)) if known == kind => return Some((text.to_owned(), Safety::Safe)),
        (Kind::Frame, Some(Kind::Series)) => {
            return Some((format!("{text}.to_frame().T"), Safety::Unsafe));
        }
        _ => {}
    }
    if let Expr::List(list) = other {
        let (first, last) = (list.elts.first()?, list.elts.last()?);
        if list.elts.iter().all(|part| kind_of(part) == Some(kind)) {
            let inner = nbfix_text::TextRange::new(range(first).start(), range(last).end());
            return Some((inner.of(context.unit.source).to_owned(), Safety::Safe));
        }
        let rows = list.elts.iter().all(Expr::is_dict_expr);
        return (rows && kind == Kind::Frame)
            .then(|| (format!("{pandas}.DataFrame({text})"), Safety::Unsafe));
    }
    let (_, value) = context.semantic.value_of(context.unit, other);
    (value.is_dict_expr() && kind == Kind::Frame)
        .then(|| (format!("{pandas}.DataFrame([{text}])"), Safety::Unsafe))
}

/// What the notebook calls the module pandas at this place.
fn local_name<'a>(context: &Context<'_, 'a>, at: usize) -> Option<&'a str> {
    let is_pandas = |binding: &Binding<'_>| matches!(&binding.kind, BindingKind::Import(path) if path == "pandas");
    let names = context.semantic.names(context.unit.program);
    let imported = names.filter(|(_, bindings)| bindings.iter().any(is_pandas));
    let here = imported.map(|(name, _)| name).filter(|name| {
        let binding = context.semantic.binding(context.unit, name, at);
        binding.is_some_and(is_pandas)
    });
    here.min_by_key(|name| (name.len(), *name))
}

/// What values are known to be.
struct Flow<'s, 'a> {
    semantic: &'s Semantic<'a>,
}

impl<'s, 'a> Flow<'s, 'a> {
    fn kind(&self, unit: &Unit<'a>, expr: &'a Expr, steps: usize) -> Option<Kind> {
        let steps = steps.checked_sub(1)?;
        match expr {
            Expr::Name(name) => self.name(unit, name, steps),
            Expr::Call(call) => self.call(unit, call, steps),
            Expr::Subscript(subscript) => {
                let whole = self.kind(unit, &subscript.value, steps)?;
                match (whole, &*subscript.slice) {
                    (Kind::Frame, Expr::List(_)) => Some(Kind::Frame),
                    (Kind::Frame, column) => string_value(column).map(|_| Kind::Series),
                    _ => None,
                }
            }
            Expr::Attribute(attribute) if attribute.attr.as_str() == "T" => {
                self.kind(unit, &attribute.value, steps)
            }
            _ => None,
        }
    }

    fn call(&self, unit: &Unit<'a>, call: &'a ExprCall, steps: usize) -> Option<Kind> {
        if let Some(path) = self.semantic.qualified(unit, &*call.func) {
            let function = path.strip_prefix("pandas.")?;
            let sheets = || call.arguments.find_keyword("sheet_name").is_some();
            return match function {
                "Series" => Some(Kind::Series),
                // Of several sheets it makes a dictionary.
                "read_excel" => (!sheets()).then_some(Kind::Frame),
                "concat" => self.joined(unit, call, steps),
                _ => FRAMES.contains(&function).then_some(Kind::Frame),
            };
        }
        let Expr::Attribute(method) = &*call.func else {
            return None;
        };
        let name = method.attr.as_str();
        let same = SAME.contains(&name);
        if !same && !FRAME_ONLY.contains(&name) {
            return None;
        }
        let whole = self.kind(unit, &method.value, steps)?;
        (same || whole == Kind::Frame).then_some(whole)
    }

    /// What `concat` makes: what the first of its parts is.
    fn joined(&self, unit: &Unit<'a>, call: &'a ExprCall, steps: usize) -> Option<Kind> {
        match call.arguments.args.first()? {
            Expr::List(list) => list
                .elts
                .iter()
                .find_map(|part| self.kind(unit, part, steps)),
            _ => None,
        }
    }

    fn name(&self, unit: &Unit<'a>, name: &'a ExprName, steps: usize) -> Option<Kind> {
        let unit = self.semantic.unit(unit.index)?;
        let (word, at) = (name.id.as_str(), range(name).start());
        // In a function the order of what runs is not known: all that is bound to the name must be of one kind.
        let local = unit.scopes().iter().rev().find_map(|scope| {
            let own = scope.kind == ScopeKind::Function && scope.range.contains(at);
            scope.names.get(word).filter(|_| own)
        });
        if let Some(bindings) = local {
            let others = bindings
                .iter()
                .filter(|binding| !is_of_itself(binding, word));
            let kinds: Option<Vec<Kind>> = others.map(|each| self.bound(each, steps)).collect();
            let kinds = kinds?;
            let first = *kinds.first()?;
            return kinds.iter().all(|kind| *kind == first).then_some(first);
        }
        self.bound(self.semantic.binding(unit, word, at)?, steps)
    }

    fn bound(&self, binding: &Binding<'a>, steps: usize) -> Option<Kind> {
        match &binding.kind {
            BindingKind::Value(value) => self.kind(self.semantic.unit(binding.unit)?, value, steps),
            _ => None,
        }
    }
}

/// Whether the name is given something that is made of what it had: `df = df.append(row)`.
fn is_of_itself(binding: &Binding<'_>, name: &str) -> bool {
    let BindingKind::Value(mut value) = binding.kind else {
        return false;
    };
    loop {
        value = match value {
            Expr::Call(call) => match &*call.func {
                Expr::Attribute(method)
                    if SAME.contains(&method.attr.as_str())
                        || FRAME_ONLY.contains(&method.attr.as_str()) =>
                {
                    &method.value
                }
                _ => return false,
            },
            Expr::Name(own) => return own.id.as_str() == name,
            _ => return false,
        };
    }
}
