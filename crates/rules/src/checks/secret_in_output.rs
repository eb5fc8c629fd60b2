//! `secret-in-output`: a secret that a cell printed, and that was saved with it.

use nbfix_lint::{Check, Findings, Place, Report};
use nbfix_secrets::{find_shapes, may_hold};
use nbfix_semantic::Semantic;

use nbfix_ipynb::plain;

use crate::secrets::told;

pub(crate) const CHECK: Check = Check::Notebook(check);

fn check<'a>(semantic: &Semantic<'a>, findings: &mut Findings<'_>) {
    let notebook = semantic.notebook();
    for (id, cell) in notebook.ids() {
        // The bytes are looked at as they are: most outputs hold nothing, and are never read.
        let raw = cell
            .outputs_range()
            .and_then(|range| notebook.bytes().get(range));
        if !raw.is_some_and(may_hold) {
            continue;
        }
        let mut known: Vec<String> = Vec::new();
        for output in notebook.output_texts(id) {
            if !may_hold(output.text.as_bytes()) {
                continue;
            }
            let text = plain(&output.text);
            for secret in find_shapes(&text) {
                let value = &text[secret.range.clone()];
                // A value is shown in several forms, and printed again and again.
                if known.iter().any(|told| told == value) {
                    continue;
                }
                known.push(value.to_owned());
                let within = notebook
                    .text()
                    .get(output.range.clone())
                    .unwrap_or_default();
                let range = match within.find(value) {
                    Some(at) => output.range.start + at..output.range.start + at + value.len(),
                    None => output.range.clone(),
                };
                let place = Place::File {
                    range,
                    cell: Some(id),
                };
                findings.push(told(Report::in_place(place), &secret.what, value));
            }
        }
    }
}
