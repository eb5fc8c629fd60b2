//! `async-orchestrator`: an orchestrator that is no generator.

use nbfix_lint::{Check, Findings};
use nbfix_semantic::Semantic;

use crate::functions::apps;

pub(crate) const CHECK: Check = Check::Project(check);

fn check<'a>(semantic: &Semantic<'a>, findings: &mut Findings<'_>) {
    for app in apps(semantic) {
        for place in app.run.async_orchestrators() {
            findings.push(app.report_at(place).with("function", app.text(place)));
        }
    }
}
