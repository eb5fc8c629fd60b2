//! `wrong-arguments`: a call that the notebook's own function cannot take.

use nbfix_lint::{Check, Findings, Report};
use nbfix_semantic::Semantic;

use crate::names::cell_of;

pub(crate) const CHECK: Check = Check::Notebook(check);

fn check<'a>(semantic: &Semantic<'a>, findings: &mut Findings<'_>) {
    for one in &semantic.flow().bad_calls {
        let (Some(cell), Some(home)) = (cell_of(semantic, one.at), cell_of(semantic, one.defined))
        else {
            continue;
        };
        let report = Report::at(cell, one.at.range)
            .with("function", one.function.as_str())
            .with("mismatch", one.mismatch.to_string())
            .with("defined", home.number().to_string())
            .label(home, one.defined.range, "defined here");
        findings.push(report);
    }
}
