//! `binding-name`: parameters that no binding names, and bindings that no parameter has.

use nbfix_lint::{Check, Findings};
use nbfix_project::Complaints;
use nbfix_semantic::Semantic;

use crate::functions::apps;

pub(crate) const CHECK: Check = Check::Project(check);

fn check<'a>(semantic: &Semantic<'a>, findings: &mut Findings<'_>) {
    for app in apps(semantic) {
        for complaint in app.run.complaints.iter().filter(|it| it.sure) {
            let list = |names: &[String]| {
                let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
                names.join(", ")
            };
            let (key, names) = match &complaint.what {
                Complaints::Unbound(names) => ("unbound", list(names)),
                Complaints::Unknown(names) => ("unknown", list(names)),
                _ => continue,
            };
            let report = app
                .report_at(complaint.place)
                .says(key)
                .with("function", complaint.function.as_str())
                .with("names", names);
            findings.push(match &complaint.meant {
                Some(meant) => report.help(format!(
                    "One of them is called `{meant}`, the other is not: give both the same name."
                )),
                None => report,
            });
        }
    }
}
