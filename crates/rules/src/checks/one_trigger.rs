//! `one-trigger`: a function with two triggers, or with none.

use nbfix_lint::{Check, Findings};
use nbfix_project::Trouble;
use nbfix_semantic::Semantic;

use crate::functions::apps;

pub(crate) const CHECK: Check = Check::Project(check);

fn check<'a>(semantic: &Semantic<'a>, findings: &mut Findings<'_>) {
    for app in apps(semantic) {
        let Some(error) = app.failure() else { continue };
        let (key, function) = match &error.trouble {
            Trouble::TwoTriggers { function } => ("two", function),
            Trouble::NoTrigger { function } => ("none", function),
            _ => continue,
        };
        if let Some(report) = app.report_error(error) {
            findings.push(report.says(key).with("function", function.as_str()));
        }
    }
}
