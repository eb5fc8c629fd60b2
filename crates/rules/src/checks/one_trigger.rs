//! `one-trigger`: a function with two triggers, or with none.

use nbfix_lint::{Check, Findings};
use nbfix_project::Trouble;
use nbfix_semantic::Semantic;

use crate::functions::apps;

pub(crate) const CHECK: Check = Check::Project(check);

fn check<'a>(semantic: &Semantic<'a>, findings: &mut Findings<'_>) {
    for app in apps(semantic) {
        for error in app.failures() {
            let (key, function) = match &error.trouble {
                Trouble::TwoTriggers { function } => ("two", function),
                Trouble::NoTrigger { function } => ("none", function),
                _ => continue,
            };
            let report = app.report_error(error);
            findings.extend(report.map(|it| it.says(key).with("function", function.as_str())));
        }
    }
}
