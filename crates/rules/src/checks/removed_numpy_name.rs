//! `removed-numpy-name`: a second name for something, which numpy 2 took away.

use nbfix_lint::{Check, Context, Findings};
use nbfix_python::{AnyNodeRef, NodeKind};
use nbfix_text::Edit;

use crate::numpy_names::{gone, spelled};

pub(crate) const CHECK: Check = Check::Node(&[NodeKind::ExprAttribute, NodeKind::ExprName], check);

/// The second names, each with the one that stays.
const NAMES: &[(&str, &str)] = &[
    ("NaN", "nan"),
    ("NAN", "nan"),
    ("Inf", "inf"),
    ("Infinity", "inf"),
    ("infty", "inf"),
    ("PINF", "inf"),
    ("float_", "float64"),
    ("complex_", "complex128"),
    ("cfloat", "complex128"),
    ("singlecomplex", "complex64"),
    ("longfloat", "longdouble"),
    ("longcomplex", "clongdouble"),
    ("clongfloat", "clongdouble"),
    ("unicode_", "str_"),
    ("string_", "bytes_"),
    ("product", "prod"),
    ("cumproduct", "cumprod"),
    ("alltrue", "all"),
    ("sometrue", "any"),
    ("round_", "round"),
];

fn check<'a>(context: &Context<'_, 'a>, node: AnyNodeRef<'a>, findings: &mut Findings<'_>) {
    let stays = |name: &str| NAMES.iter().find(|(old, _)| *old == name);
    let known = |name: &str| stays(name).is_some();
    let Some(gone) = gone(context, node, findings, "2.0", known) else {
        return;
    };
    let Some((_, new)) = stays(gone.name) else {
        return;
    };
    let mut report = gone.report(context).with("new", *new);
    let edit = match gone.attribute {
        Some(attribute) => Some(Edit::replace(attribute, *new)),
        // The import of the old name goes on failing; that of the module does not.
        None => spelled(context, new, &gone).map(|text| Edit::replace(gone.at, text)),
    };
    if let Some(edit) = edit {
        report = report.edit(context.unit.cell, edit);
    }
    findings.push(report);
}
