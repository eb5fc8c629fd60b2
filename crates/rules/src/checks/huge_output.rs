//! `huge-output`: outputs that make up most of a file.

use nbfix_lint::{Check, Findings, Report};
use nbfix_semantic::Semantic;

use crate::recorded::first_line;

pub(crate) const CHECK: Check = Check::Notebook(check);

/// More bytes of the file than any table or picture of a lesson needs.
const MAX_BYTES: usize = 1_000_000;

fn check<'a>(semantic: &Semantic<'a>, findings: &mut Findings<'_>) {
    for (id, cell) in semantic.notebook().ids() {
        let bytes = cell.outputs_range().map_or(0, |range| range.len());
        if bytes > MAX_BYTES {
            // One decimal, rounded.
            let tenths = (bytes + 50_000) / 100_000;
            let size = format!("{}.{} MB", tenths / 10, tenths % 10);
            findings.push(Report::at(id, first_line(&cell.source)).with("size", size));
        }
    }
}
