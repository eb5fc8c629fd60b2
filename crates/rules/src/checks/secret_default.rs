//! `secret-default`: a secret that is taken where the environment says nothing.

use nbfix_lint::{Check, Findings, Report};
use nbfix_python::ast::Expr;
use nbfix_python::{AnyNodeRef, NodeKind, range};
use nbfix_semantic::{ProgramKind, Semantic, Unit};
use nbfix_text::Edit;

use crate::secrets::defaults::{Default, of};
use crate::secrets::{detector, told};

pub(crate) const CHECK: Check = Check::Notebook(check);

fn check<'a>(semantic: &Semantic<'a>, findings: &mut Findings<'_>) {
    let detector = detector(findings);
    for unit in semantic.units() {
        for default in of(semantic, unit, &detector) {
            let value = default.value.of(unit.source);
            let mut report = told(Report::at(unit.cell, default.value), &default.what, value);
            for edit in mended(semantic, unit, &default) {
                report = report.edit(unit.cell, edit);
            }
            findings.push(report);
        }
    }
}

/// The edits that drop the default; none if nothing would be left to read.
fn mended(semantic: &Semantic<'_>, unit: &Unit<'_>, default: &Default<'_, '_>) -> Vec<Edit> {
    let kept = default.kept.of(unit.source);
    if kept.contains("setdefault") {
        return Vec::new();
    }
    let read = format!("{kept}{}", default.tail);
    let kind = semantic.program(unit.program).kind;
    let is_module = matches!(kind, ProgramKind::Script | ProgramKind::CellFile);
    let early = default
        .variable
        .as_ref()
        .filter(|_| is_module)
        .and_then(|variable| early(semantic, unit, default, variable, &read));
    early.unwrap_or_else(|| vec![Edit::replace(default.whole, read)])
}

/// In a module nobody reads a warning: the first line that needs the variable says that it is missing.
fn early(
    semantic: &Semantic<'_>,
    unit: &Unit<'_>,
    default: &Default<'_, '_>,
    variable: &str,
    read: &str,
) -> Option<Vec<Edit>> {
    // The expression runs exactly when its statement runs.
    let (statement, inside) =
        default
            .ancestors
            .iter()
            .enumerate()
            .rev()
            .find_map(|(at, node)| {
                let is_statement = node.is_statement();
                is_statement.then(|| (*node, &default.ancestors[at + 1..]))
            })?;
    let is_apart = |node: &AnyNodeRef<'_>| {
        matches!(
            node.kind(),
            NodeKind::ExprLambda
                | NodeKind::ExprIf
                | NodeKind::ExprBoolOp
                | NodeKind::ExprListComp
                | NodeKind::ExprSetComp
                | NodeKind::ExprDictComp
                | NodeKind::ExprGenerator
        )
    };
    if inside.iter().any(is_apart) {
        return None;
    }
    let place = range(statement);
    let line = unit.source[..place.start()]
        .rfind('\n')
        .map_or(0, |at| at + 1);
    let indent = unit
        .source
        .get(line.max(unit.code.start())..place.start())?;
    let rest = unit
        .source
        .get(place.end()..)?
        .lines()
        .next()
        .unwrap_or_default();
    if !indent.trim().is_empty() || rest.contains(';') {
        return None;
    }
    let guard = |name: &str| {
        format!(
            "if not {name}:\n{indent}    raise ValueError(\"{variable} is required: set it in the environment\")"
        )
    };
    let target = match statement {
        AnyNodeRef::StmtAssign(assign) => match (&assign.targets[..], range(&*assign.value)) {
            ([Expr::Name(name)], value) if value == default.whole => Some(name.id.as_str()),
            _ => None,
        },
        _ => None,
    };
    if let Some(name) = target {
        let end = place.end() + rest.len();
        return Some(vec![
            Edit::replace(default.whole, read),
            Edit::insert(end, format!("\n{indent}{}", guard(name))),
        ]);
    }
    let is_simple = matches!(
        statement.kind(),
        NodeKind::StmtAssign | NodeKind::StmtAnnAssign | NodeKind::StmtExpr | NodeKind::StmtReturn
    );
    let name = variable.to_ascii_lowercase();
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let is_free = is_name && !semantic.is_bound(unit.program, &name);
    // A class would get it as an attribute.
    let in_class = default
        .ancestors
        .iter()
        .any(|node| node.kind() == NodeKind::StmtClassDef);
    (is_simple && is_free && !in_class).then(|| {
        let before = format!("{name} = {read}\n{indent}{}\n{indent}", guard(&name));
        vec![
            Edit::insert(place.start(), before),
            Edit::replace(default.whole, name),
        ]
    })
}
