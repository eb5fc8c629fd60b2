//! `auth-level-case`: `FunctionApp(http_auth_level="anonymous")`.

use nbfix_lint::{Check, Context, Findings};
use nbfix_python::ast::AnyNodeRef;
use nbfix_python::{NodeKind, range, single_literal};
use nbfix_text::Edit;

pub(crate) const CHECK: Check = Check::Node(&[NodeKind::ExprCall], check);

const APPS: &[&str] = &[
    "azure.functions.FunctionApp",
    "azure.functions.AsgiFunctionApp",
    "azure.functions.WsgiFunctionApp",
    "azure.durable_functions.DFApp",
];

fn check<'a>(context: &Context<'_, 'a>, node: AnyNodeRef<'a>, findings: &mut Findings<'_>) {
    let AnyNodeRef::ExprCall(call) = node else {
        return;
    };
    let Some(keyword) = call.arguments.find_keyword("http_auth_level") else {
        return;
    };
    let Some(literal) = single_literal(&keyword.value) else {
        return;
    };
    let level = literal.as_str();
    let upper = level.to_uppercase();
    if level == upper || !matches!(upper.as_str(), "FUNCTION" | "ANONYMOUS" | "ADMIN") {
        return;
    }
    let path = context.qualified(&*call.func).unwrap_or_default();
    if !APPS.contains(&path.as_str()) {
        return;
    }
    let text = context.text(literal).replace(level, &upper);
    let edit = Edit::replace(range(literal), text);
    findings.push(
        context
            .report(literal)
            .with("level", level)
            .edit(context.unit.cell, edit),
    );
}
