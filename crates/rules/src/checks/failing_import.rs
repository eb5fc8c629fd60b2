//! `failing-import`: importing `function_app.py` raises, whatever the deployment.

use nbfix_lint::{Check, Findings};
use nbfix_project::{IndexError, Trouble};
use nbfix_semantic::Semantic;

use crate::functions::apps;

pub(crate) const CHECK: Check = Check::Project(check);

fn check<'a>(semantic: &Semantic<'a>, findings: &mut Findings<'_>) {
    for app in apps(semantic) {
        let tells = |error: &&IndexError| {
            error.sure && matches!(error.trouble, Trouble::Import | Trouble::Raised)
        };
        for error in app.failures().filter(tells) {
            let told = match error.message.as_str() {
                "" => error.class.clone(),
                message => format!("{}: {message}", error.class),
            };
            findings.extend(
                app.report_error(error)
                    .map(|report| report.with("error", told)),
            );
        }
        // A handler hides it, and the app with it.
        let no_app = matches!(
            app.failure().map(|error| &error.trouble),
            Some(Trouble::NoApp)
        );
        if let Some(error) = app
            .run
            .caught
            .iter()
            .find(tells)
            .filter(|_| no_app && app.is_certain())
        {
            let told = format!("{}: {}", error.class, error.message);
            let report = app.report_error(error);
            findings.extend(report.map(|report| report.says("hidden").with("error", told)));
        }
    }
}
