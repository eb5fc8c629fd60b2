//! `bare-decorator`: a decorator without parentheses or arguments, or one that the library does not have.

use nbfix_ipynb::CellId;
use nbfix_lint::{Check, Findings};
use nbfix_project::{IndexError, Trouble, decorator};
use nbfix_semantic::Semantic;
use nbfix_text::{Edit, TextRange};

use crate::functions::{FunctionApp, apps};

pub(crate) const CHECK: Check = Check::Project(check);

fn check<'a>(semantic: &Semantic<'a>, findings: &mut Findings<'_>) {
    for app in apps(semantic) {
        for bare in app.run.bare.iter().filter(|bare| bare.sure) {
            let report = app
                .report_at(bare.place)
                .with("decorator", app.text(bare.place));
            let alone = decorator(&bare.method).is_some_and(|known| known.required == 0);
            findings.push(match alone {
                true => {
                    let call = format!("{}()", app.text(bare.place));
                    report
                        .with("remedy", format!("Write `@{call}`"))
                        .with("caution", "The function becomes live.")
                        .edit(
                            CellId(bare.place.key),
                            Edit::insert(bare.place.range.end(), "()"),
                        )
                }
                false => report.says("arguments"),
            });
        }
        for error in app.failures() {
            unknown(&app, error, findings);
        }
    }
}

/// What the library does not have, or not in this way.
fn unknown(app: &FunctionApp<'_>, error: &IndexError, findings: &mut Findings<'_>) {
    let (Some(report), Some(place)) = (app.report_error(error), error.place) else {
        return;
    };
    let written = app.text(place);
    match &error.trouble {
        Trouble::UnknownDecorator { meant } => {
            let name = written.rsplit('.').next().unwrap_or(written);
            let end = place.range.end();
            let range = TextRange::new(end - name.len(), end);
            let report = report
                .says("unknown")
                .with("decorator", written)
                .with("meant", meant.as_str())
                .with("remedy", format!("Write `{meant}`"))
                .with("caution", "The function becomes live.");
            findings.push(report.edit(CellId(place.key), Edit::replace(range, meant.as_str())));
        }
        Trouble::Arguments => {
            let decorator = written.split('(').next().unwrap_or(written);
            let report = report.says("missing").with("decorator", decorator);
            findings.push(report.with("error", error.message.as_str()));
        }
        _ => {}
    }
}
