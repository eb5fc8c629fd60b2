//! `secret-in-output`: a secret that a cell printed, and that was saved with it.

use memchr::{memchr, memmem};
use nbfix_lint::{Check, Findings, Place, Report};
use nbfix_secrets::Detector;
use nbfix_semantic::Semantic;

use nbfix_ipynb::plain;

use crate::secrets::{detector, told};

pub(crate) const CHECK: Check = Check::Notebook(check);

/// Whether outputs, as they stand in the file, may hold a secret. Most of their bytes are pictures, and those are
/// passed over.
fn may_be_told(raw: &[u8], detector: &Detector) -> bool {
    let may_hold = |part: &[u8]| detector.may_hold(part);
    let mut from = 0;
    for at in memmem::find_iter(raw, b"\"image/") {
        if at < from {
            continue;
        }
        // The end of the key, the start of its value, the end of that; a value in lines is read line by line.
        let quote = |at: usize| Some(at + memchr(b'"', raw.get(at..)?)? + 1);
        let Some(value) = quote(at + 1).and_then(quote) else {
            break;
        };
        if raw.get(from..value).is_some_and(may_hold) {
            return true;
        }
        let Some(end) = quote(value) else {
            return false;
        };
        from = end;
    }
    raw.get(from..).is_some_and(may_hold)
}

fn check<'a>(semantic: &Semantic<'a>, findings: &mut Findings<'_>) {
    let detector = detector(findings);
    let notebook = semantic.notebook();
    for (id, cell) in notebook.ids() {
        // The bytes are looked at as they are: most outputs hold nothing, and are never read.
        let raw = cell
            .outputs_range()
            .and_then(|range| notebook.bytes().get(range));
        if !raw.is_some_and(|raw| may_be_told(raw, &detector)) {
            continue;
        }
        let mut known: Vec<String> = Vec::new();
        for output in notebook.output_texts(id) {
            if !detector.may_hold(output.text.as_bytes()) {
                continue;
            }
            let text = plain(&output.text);
            for secret in detector.find_shapes(&text) {
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
                let report = told(Report::in_place(place), &secret.what, value);
                findings.push(report.clear_outputs(id));
            }
        }
    }
}
