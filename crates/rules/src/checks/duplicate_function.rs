//! `duplicate-function`: two functions of one name in one app.

use nbfix_lint::{Check, Findings};
use nbfix_project::Trouble;
use nbfix_semantic::Semantic;

use crate::functions::apps;

pub(crate) const CHECK: Check = Check::Project(check);

fn check<'a>(semantic: &Semantic<'a>, findings: &mut Findings<'_>) {
    for app in apps(semantic) {
        let Some(error) = app.failure() else { continue };
        let Trouble::Duplicate {
            function,
            same: false,
        } = &error.trouble
        else {
            continue;
        };
        let Some(report) = app.report_error(error) else {
            continue;
        };
        let written = error.place.map(|place| app.text(place)).unwrap_or_default();
        let report = report.with("function", function.as_str());
        // The name of a wrapper is not the name that anybody wrote.
        let inner = error
            .related
            .first()
            .is_some_and(|(place, _)| Some(*place) == error.place);
        findings.push(match inner && written == function {
            true => report.says("wrapper"),
            false => report,
        });
    }
}
