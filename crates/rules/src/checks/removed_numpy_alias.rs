//! `removed-numpy-alias`: another name of numpy's for a type of Python's own.

use nbfix_lint::{Check, Context, Findings};
use nbfix_python::{AnyNodeRef, NodeKind};
use nbfix_text::Edit;

use crate::numpy_names::{gone, is_builtin};

pub(crate) const CHECK: Check = Check::Node(&[NodeKind::ExprAttribute, NodeKind::ExprName], check);

/// The names, which are those of the types, too.
const TYPES: &[&str] = &["int", "float", "object", "str", "complex"];

fn check<'a>(context: &Context<'_, 'a>, node: AnyNodeRef<'a>, findings: &mut Findings<'_>) {
    let known = |name: &str| TYPES.contains(&name);
    let Some(gone) = gone(context, node, findings, "1.24", known) else {
        return;
    };
    let mut report = gone.report(context).with("type", gone.name);
    if is_builtin(context, gone.name, &gone) {
        let edit = Edit::replace(gone.at, gone.name);
        report = report.edit(context.unit.cell, edit);
    }
    findings.push(report);
}
